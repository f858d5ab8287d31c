"""The report as a PDF: everything that is in it can be read, heard, seen in grey, and is what its reader may see."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from PIL import ImageChops

from app.access import people
from app.models import Ground, Measure, Observation, Partner, Photo, Review, Stop, Telling, Walk
from tests.cast import Stage
from tests.phone import Picture, jpeg, new_id
from tests.photos.pictures import noise, saved, until
from tests.report.conftest import Desk
from tests.report.printed import poppler, printed

MARKUP = '#eval("1+1") $x^2$ \\ [hej] "citat" *fed* _skrå_ `kode` @henvisning <mærke> // note /* note */ = - + ~'


def told_of(stage: Stage) -> dict[str, str]:
    """A walk with good and bad places, two notes of the same thing, a measure, one that is refused, and words of its own."""
    phone = stage.phone(team="Hold 1")
    ids = {name: phone.note(**about) for name, about in {
        "dark": {"valence": "unsafe", "feeling": 0, "factors": ["lighting.outage"], "note": "Lampen er slukket.\nMan ser intet.",
                 "suggestion": "Sæt en ny op.", "stop_id": stage.stops[0].id},
        "same": {"valence": "unsafe", "factors": ["lighting.outage"], "note": "Mørkt ved kilden.", "stop_id": stage.stops[0].id},
        "good": {"valence": "safe", "factors": ["people.meeting_place"], "note": "Her hilser folk på hinanden.", "stop_id": stage.stops[0].id},
        "between": {"valence": "mixed", "note": "Blandet på vejen hjem.", "fix": None},
    }.items()}  # fmt: skip
    for note_id in ids.values():
        phone.put(note_id)
    with stage.db.write() as tx:
        person = people.add(tx, "tovholder@example.dk", "coordinator", "Aalborg Kommune")
        partner = Partner(owner="vej", name="Vej og belysning")
        tx.add(partner)
        tx.flush()
        same = tx.get_one(Observation, ids["same"])
        tx.add(Review(observation_id=same.id, walk_id=same.walk_id, version=1, state="merged", of_rev=same.rev, merged_into=ids["dark"],
                      decided_by=person.id))  # fmt: skip
        plan: list[dict[str, Any]] = [
            {"place": "Kilden", "problem": "Mørkt", "measure": "Lampen skiftes", "status": "doing", "deadline": date(2026, 12, 10),
             "answer": "Vi skifter den i uge 50."},
            {"place": "Tunnelen", "problem": "Kun én vej", "measure": "En stibro", "kind": "impossible", "status": "refused",
             "reason": "Der er ikke afsat penge."},
        ]  # fmt: skip
        for number, about in enumerate(plan, 1):
            made = Measure(walk_id=same.walk_id, number=number, partner_id=partner.id, created_by=person.id, **about)
            tx.add(made)
            tx.flush()
            tx.add(Ground(measure_id=made.id, observation_id=ids["dark"]))
        texts = {
            "summary": "Tunnelen omgås.",
            "weather": "let regn",
            "journal": "2026-041877",
            "followup_on": "2027-02-04",
            "contact": "Ida",
        }
        tx.add(Telling(walk_id=same.walk_id, texts=texts | {"places": []}, written_by=person.id))
        tx.get_one(Walk, same.walk_id).light = "dark"
    return ids


def test_every_section_stands_in_it_the_good_places_first(stage: Stage, desk: Desk) -> None:
    told_of(stage)
    text = printed(desk).words
    for said in (
        "Rapport fra en tryghedsvandring Aftenvandring i Aalborg Øst", "1 har gået med. De skrev 4 noter", "Journal 2026-041877",
        "Let regn.", "Aalborg Kommune", "Ikke læst igennem til offentliggørelse.", "Indhold", "Sådan skal det læses", "Beboer 1", "1 Kilden",
        "»Her hilser folk på hinanden.«", "Tunnelen omgås.", "Belysning 0 0 2 2", "Utryg (meget utrygt) Lampen er slukket. Man ser intet.",
        "Forslag: Sæt en ny op.", "Lampe virker ikke", "»Mørkt ved kilden.«", "Vi så forskelligt på det: 1 tryg, 2 utryg.",
        "Tiltag 1, 2", "ingen noter", "Mellem stoppene", "Blandet på vejen hjem.", "Lampen skiftes", "Vej og belysning", "10. dec. 2026",
        "Vi skifter den i uge 50.", "Der er ikke afsat penge.", "Vi følger op den 4. februar 2027.", "Ida", "57.0488, 9.9217",
    ):  # fmt: skip
        assert said in text, said
    order = [text.rindex(said) for said in ("Her føles det trygt", "Steder at begynde", "Hvad det handler om", "Stop for stop",
                                            "Det bliver der gjort", "Det kan ikke lade sig gøre", "Hvad sker der nu", "Alle steder som tekst")]  # fmt: skip
    assert order == sorted(order)
    assert "Hold 1" not in text, "a team may be a family"


def test_it_can_be_read_aloud_and_kept(stage: Stage, desk: Desk) -> None:
    told_of(stage)
    phone, picture = stage.phone(), Picture(jpeg(640, 480))
    phone.put(phone.note(picture, note="Tunnelens udgang.", stop_id=stage.stops[1].id))
    phone.put_picture(picture.id)
    until(lambda: "ready" in desk.get(".geojson").text)
    paper = printed(desk)
    assert (paper.told["Tagged"], paper.told["Title"]) == ("yes", "Aftenvandring i Aalborg Øst")
    assert "<pdfuaid:part>1</pdfuaid:part>" in paper.meta
    assert "<pdfaid:part>2</pdfaid:part>" in paper.meta
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in paper.meta
    assert "<rdf:li>da</rdf:li>" in paper.meta
    assert {"H1", "H2", "H3", "P", "Table", "TH", "TD", "TOC", "Figure"} <= {
        line.split()[0].rstrip(":") for line in paper.tags.splitlines() if line.strip()
    }
    assert b"Billede fra Tunnelen" in paper.content or "Billede fra Tunnelen: Tunnelens udgang." in paper.tags, (
        "what a photo shows, for who does not see it"
    )
    headings = [line.split()[0] for line in paper.tags.splitlines() if line.strip()[:2] in {"H1", "H2", "H3", "H4"}]
    assert headings[0] == "H1"
    assert all(int(after[1]) - int(before[1]) <= 1 for before, after in pairwise(headings)), headings


def test_it_speaks_english_to_whoever_reads_english(stage: Stage, desk: Desk) -> None:
    told_of(stage)
    paper = printed(desk, "en")
    assert "Here it feels safe" in paper.words
    assert "Unsafe (very unsafe)" in paper.words
    assert "<rdf:li>en</rdf:li>" in paper.meta


def test_long_danish_words_are_parted_where_danish_parts_them(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    phone.put(
        phone.note(
            note="Kommunalbestyrelsesmedlemmerne og beboerforeningsformanden talte om trafiksikkerhedsforanstaltningerne. "
            * 4
        )
    )
    lines = poppler("pdftotext", printed(desk).content, "-raw", "-", "-").decode().splitlines()
    ends = [line.split()[-1].rstrip("\u00ad") for line in lines if line.endswith("\u00ad")]
    # As the Danish patterns of TeX part them.
    words = (
        "Kom-mu-nal-be-sty-rel-ses-med-lem-mer-ne",
        "be-bo-er-for-e-nings-for-man-den",
        "tra-fik-sik-ker-heds-for-an-stalt-nin-ger-ne",
    )
    legal = {"".join(word.split("-")[:at]) for word in words for at in range(1, word.count("-") + 1)}
    parted = [end for end in ends if any(word.replace("-", "").startswith(end) for word in words)]
    assert len(parted) > 2
    assert set(parted) <= legal


def test_its_pages_can_be_told_apart_in_grey(stage: Stage, desk: Desk) -> None:
    told_of(stage)
    paper = printed(desk)
    cover = paper.page(1)
    assert {(0x0A, 0x18, 0x20), (0xFF, 0xD6, 0x78)} <= {
        colour for _count, colour in cover.convert("RGB").getcolors(1 << 24) or []
    }
    for number in range(1, int(paper.told["Pages"]) + 1):
        grey = paper.page(number, "-gray").convert("L")
        dark = sum(grey.histogram()[:90]) / (grey.width * grey.height)
        assert dark > 0.001, f"page {number} is empty"
        low, high = grey.getextrema()
        assert high - low > 180, number  # type: ignore[operator]


def test_what_people_typed_is_text_and_never_an_instruction(stage: Stage, desk: Desk) -> None:
    phone = stage.phone()
    phone.put(phone.note(note=MARKUP, suggestion=MARKUP, stop_id=stage.stops[0].id))
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).title = MARKUP
        tx.get_one(Stop, stage.stops[0].id).name = MARKUP
    paper = printed(desk)
    assert paper.told["Title"] == MARKUP
    squeezed = paper.words.replace(" ", "").replace("-", "")
    assert squeezed.count(MARKUP.replace(" ", "").replace("-", "")) >= 4


@pytest.mark.parametrize(
    "typed",
    ["散步 안녕하세요", "Площадь, Πλατεία, ساحة", "😀👨‍👩‍👧‍👦🌙", "\u202eomvendt\u200f\x07\x00\ufffe", "W" * 2000, ""],
)
def test_nothing_that_can_be_typed_keeps_it_from_being_printed(stage: Stage, desk: Desk, typed: str) -> None:
    phone = stage.phone()
    phone.put(phone.note(note=typed, suggestion=typed, factors=[typed[:40]], valence="safe"))
    with stage.db.write() as tx:
        title = typed[:200] if stage.db.sqlite else typed[:200].replace("\0", "")  # PostgreSQL holds none
        tx.get_one(Walk, stage.walk.id).title = title
    assert int(printed(desk).told["Pages"]) >= 3


def test_an_empty_walk_has_a_report_that_says_so(stage: Stage, desk: Desk) -> None:
    with stage.db.write() as tx:
        for stop in stage.stops:
            tx.delete(tx.get_one(Stop, stop.id))
    assert "Der er ikke aftalt noget tiltag endnu." in printed(desk).words


def test_sensitive_notes_are_printed_for_the_cleared_alone(stage: Stage, desk: Desk, desk_of: Any) -> None:
    phone = stage.phone()
    phone.put(phone.note(factors=["behaviour.substances"], note="Bænken bag garagerne."))
    assert "Bænken bag garagerne." in printed(desk).words
    assert "Bænken bag garagerne." not in printed(desk_of("organiser")).words
    assert "Bænken bag garagerne." in printed(desk_of("organiser", cleared=True)).words


def with_photos(stage: Stage, photos: int, notes: int, size: tuple[int, int] = (1600, 1200)) -> None:
    """Notes and clean photos, put straight where a phone's evening would bring them."""
    phone = stage.phone()
    first, base = phone.note(stop_id=stage.stops[0].id), noise(*size)
    phone.put(first)
    with stage.db.write() as tx:
        held = tx.get_one(Observation, first)
        like = held.model_dump()
        held.deleted = True
        made = [Observation(**like | {"id": new_id(), "note": f"Note {number} om lyset. " * 6, "photo_ids": [new_id()] if number < photos else []})
                for number in range(notes)]  # fmt: skip
        tx.add_all(made)
        tx.flush()
        for number, seen in enumerate(made):
            for photo_id in seen.photo_ids:
                looks = saved(ImageChops.offset(base, 7 * number, 3 * number), quality=40)  # no two are the same
                stage.vault.keep_clean(photo_id, looks, looks[:100])
                tx.add(
                    Photo(
                        id=photo_id,
                        observation_id=seen.id,
                        sha256="",
                        bytes=len(looks),
                        type="image/jpeg",
                        state="ready",
                        width=size[0],
                        height=size[1],
                    )
                )


def test_sixty_notes_with_photos_fit_into_a_letter(stage: Stage, desk: Desk) -> None:
    with_photos(stage, 60, 60)
    paper = printed(desk)
    assert len(paper.content) < 6_000_000
    assert len(paper.photos) == 60
    assert max(int(one["width"]) for one in paper.photos) <= 800
    assert min(int(one["width"]) for one in paper.photos) >= 240
    assert paper.words.count("om lyset. Note") >= 60 * 5


def test_four_hundred_notes_with_photos_do_not_fall_over(stage: Stage, desk: Desk) -> None:
    with_photos(stage, 300, 400, (640, 480))
    paper = printed(desk)
    assert len(paper.content) < 8_000_000
    assert len(paper.photos) == 240
    assert "60 billeder er ikke med her; alle er i ZIP-filen." in paper.words


def test_a_photo_that_is_gone_or_broken_is_left_out_and_nothing_else_is(stage: Stage, desk: Desk) -> None:
    with_photos(stage, 3, 3, (320, 240))
    one, two, _three = sorted(name for name in stage.vault.files() if not name.endswith(".thumbnail.jpg"))
    stage.vault._remove(one)
    stage.vault._keep((b"\xff\xd8\xff broken", two))
    paper = printed(desk)
    assert len(paper.photos) == 1
    assert all(f"Note {number} om lyset." in paper.words for number in range(3))
