"""The public page: what is released and nothing else, with what is done about it as it is today."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest

from app.models import Measure, Observation, Photo, Review, Walk, now
from tests.access.mailbox import Mailbox, mail_server
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.evening import Evening
from tests.running import free_port

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)


def measure(evening: Evening, *notes: str, **more: Any) -> Any:
    told = evening.plan.make(evening.anna, *notes)
    with evening.stage.db.write() as tx:
        held = tx.get_one(Measure, told.id)
        for name, value in {
            "place": "Tunnelen",
            "problem": "Mørkt",
            "measure": "Lampen skiftes",
            "kind": "upkeep",
            **more,
        }.items():
            setattr(held, name, value)
    return told


def change(evening: Evening, measure_id: str, **fields: Any) -> None:
    with evening.stage.db.write() as tx:
        held = tx.get_one(Measure, measure_id)
        held.version += 1
        for name, value in fields.items():
            setattr(held, name, value)


def test_it_tells_every_section_and_needs_no_script(evening: Evening) -> None:
    evening.note(valence="safe", note="Her kender vi hinanden.", stop=1, factors=["people.playground"])
    dark = evening.note(note="Lampen er slukket.", factors=["lighting.outage"], suggestion="Skift den.")
    measure(evening, dark, deadline=date(2026, 12, 10), answer="Vi skifter den.")
    path = f"{evening.at}/report/write"
    evening.anna.open(path).press(
        path, themes="Lyset går igen.", impossible="En bro er for dyr.", contact="Samrådet, 12 34 56 78"
    )
    evening.published()
    page = evening.reader.open(evening.public)
    for said in ("Here it feels safe", "to begin with", "What it is about", "Tunnelen", "Across the stops", "Lyset går igen.", "What is done about it",
                 "Lampen skiftes", "10 December 2026", "Vi skifter den.", "What is not possible, and why", "En bro er for dyr.", "All places as text",
                 "How it was made", "What happens next", "Samrådet, 12 34 56 78", "Her kender vi hinanden.", "Skift den."):  # fmt: skip
        assert said in page.words, said
    assert "<script" not in page.page
    assert "style=" not in page.page


def test_a_chart_says_what_its_table_says(evening: Evening) -> None:
    for _more in range(3):
        evening.note(factors=["lighting.level"])
    evening.note(valence="safe", factors=["lighting.level"])
    evening.published()
    row = re.search(r"<tr><th scope=\"row\">Lighting.*?</tr>", evening.reader.open(evening.public).page, re.S)
    assert row
    assert re.findall(r'<td class="num"[^>]*>(\d+)</td>', row[0]) == ["1", "0", "3"]
    assert [float(wide) for wide in re.findall(r'<rect x="[\d.]+" y="0" width="([\d.]+)"', row[0])] == [25, 75]


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("hidden", {"hidden": True}), ("deleted", {"deleted": True}), ("sensitive", {"sensitive": True}),
     ("struck", {"shown": {"rev": 1, "note": "Lampen […] er slukket."}}), ("rewritten", {"rev": 2, "note": "Lampen er slukket."})],
)  # fmt: skip
def test_what_is_taken_out_after_the_release_is_gone_from_every_answer_at_once(
    evening: Evening, kind: str, columns: dict[str, Any]
) -> None:
    note, other = evening.note(note="Lampen hos naboen er slukket."), evening.note(note="Her er graffiti.")
    edition = evening.published()
    before = evening.reader.http.get(evening.public)
    evening.set(note, **columns)
    after = evening.reader.http.get(evening.public, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    for text in (after.text, evening.reader.http.get(evening.public + "/edition.json").text):
        assert "naboen" not in text, kind
        assert "Her er graffiti." in text, other
    assert "1 note or photo has been taken out since." in after.text
    assert "taken back, hidden or changed since" in evening.anna.open(f"{evening.at}/release").words
    assert "naboen" in str(evening.editions()[0].frozen), edition.id  # the edition itself is as it was


def test_where_the_note_that_leads_is_gone_another_voice_speaks(evening: Evening, stage: Stage) -> None:
    lead, other = evening.note(note="Den der leder"), evening.note(note="Den der følger")
    with stage.db.write() as tx:
        tx.get_one(Review, other).merged_into = lead
    evening.published()
    assert "Den der følger" in evening.reader.open(evening.public).words
    evening.set(lead, deleted=True)
    words = evening.reader.open(evening.public).words
    assert "Den der følger" in words
    assert "Den der leder" not in words


def test_a_note_that_nobody_has_released_or_that_is_sensitive_is_never_there(evening: Evening) -> None:
    evening.note(note="Den frigivne")
    evening.plan.note(released=False, note="Den ventende")
    evening.note(note="Den følsomme", factors=["behaviour.substances"])
    evening.published()
    text = evening.reader.open(evening.public).page
    assert "Den frigivne" in text
    assert "Den ventende" not in text
    assert "Den følsomme" not in text


def test_a_measures_state_and_answer_are_todays(evening: Evening) -> None:
    told = measure(evening, evening.note())
    evening.published()
    first = evening.reader.http.get(evening.public)
    assert "No answer yet" in first.text
    change(evening, told.id, status="done", answer="Lampen er skiftet.", answered_at=now(), done_at=now())
    again = evening.reader.http.get(evening.public, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert "Lampen er skiftet." in again.text
    change(evening, told.id, removed_at=now())
    gone = evening.reader.open(evening.public).words
    assert "Taken out of the plan" in gone


def test_what_the_browser_has_already_keeps_the_policy_it_came_with(evening: Evening) -> None:
    evening.note()
    evening.published()
    first = evening.reader.http.get(evening.public)
    again = evening.reader.http.get(evening.public, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "style-src 'self'" in first.headers["content-security-policy"]
    assert "content-security-policy" not in again.headers  # a browser would put it in the place of the first
    assert again.headers["cache-control"] == first.headers["cache-control"]


def test_a_measure_made_after_the_release_waits_for_the_next_edition(evening: Evening) -> None:
    note = evening.note()
    evening.published()
    measure(evening, note, measure="En ny bænk")
    assert "En ny bænk" not in evening.reader.open(evening.public).page
    evening.published()
    assert "En ny bænk" in evening.reader.open(evening.public).page


def test_what_is_refused_stands_with_its_reason(evening: Evening) -> None:
    measure(evening, evening.note(), kind="impossible", measure="Ny stibro", reason="Der er ikke afsat penge.")
    evening.published()
    words = evening.reader.open(evening.public).words
    assert "Der er ikke afsat penge." in words[words.index("What is not possible") :]


def test_it_is_kept_by_browsers_and_asked_for_again(evening: Evening) -> None:
    evening.note()
    evening.published()
    reply = evening.reader.http.get(evening.public)
    assert reply.headers["cache-control"] == "public, no-cache"
    again = {"If-None-Match": reply.headers["etag"]}
    assert evening.reader.http.get(evening.public, headers=again).status_code == 304
    danish = evening.reader.http.get(evening.public, headers=again | {"Accept-Language": "da"})
    assert danish.status_code == 200
    for ending in ("/edition.json", "/answers.atom"):
        etag = evening.reader.http.get(evening.public + ending).headers["etag"]
        assert evening.reader.http.get(evening.public + ending, headers={"If-None-Match": etag}).status_code == 304
    assert evening.reader.http.head(evening.public).status_code == 200


def test_nobody_is_named_on_it_who_is_signed_in(evening: Evening) -> None:
    evening.note()
    evening.published()
    assert "@kommune.example" not in evening.bo.open(evening.public).page


def test_a_guess_answers_as_a_walk_that_is_not_released(evening: Evening, stage: Stage) -> None:
    evening.note()
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).slug = "hemmelig"
    for ending in ("", "/edition.json", "/answers.atom", "/takedown", "/photos/1.1-1.jpg", "/map-wide.svg"):
        here, nowhere = (evening.reader.http.get(f"/r/{slug}{ending}") for slug in ("hemmelig", "findes-ikke"))
        assert here.status_code == nowhere.status_code == 404, ending
        assert here.text.replace("hemmelig", "findes-ikke") == nowhere.text


def test_two_walks_of_one_name_and_day_have_addresses_of_their_own(evening: Evening, stage: Stage) -> None:
    evening.note()
    with stage.db.write() as tx:
        tx.add(Walk(code="AAAABBBB", title="x", slug="aftenvandring-i-aalborg-oest-2026-11-24"))
    evening.published()
    assert evening.public == "/r/aftenvandring-i-aalborg-oest-2026-11-24-2"


def ready(evening: Evening, **content: Any) -> tuple[str, Picture]:
    """A note with a photo that has been cleaned and approved."""
    picture = Picture(jpeg(640, 480))
    note = evening.phone.note(picture, stop_id=evening.stage.stops[1].id, **content)
    evening.phone.sync()

    def state() -> str:
        with evening.stage.db.read() as tx:
            return tx.get_one(Photo, picture.id).state

    until(lambda: state() == "ready")
    evening.plan.photo(note, review="approved")
    evening.plan.release(note)
    return note, picture


def test_approved_photos_are_shown_through_the_edition_and_refused_ones_are_gone(
    evening: Evening, stage: Stage
) -> None:
    note, picture = ready(evening)
    evening.published()
    page = evening.reader.open(evening.public).page
    assert picture.id not in page
    assert note not in page
    [source] = set(re.findall(r'src="(/r/[^"]+\.jpg)"', page))
    reply = evening.reader.http.get(source)
    assert (reply.status_code, reply.headers["content-type"], reply.content[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert evening.reader.http.get(f"/api/v1/photos/{picture.id}").status_code == 401
    with stage.db.read() as tx:
        assert tx.get_one(Photo, picture.id).review == "public"
    evening.plan.photo(note, review="refused")
    assert evening.reader.http.get(source).status_code == 404
    assert source not in evening.reader.open(evening.public).page
    evening.plan.photo(note, review="public")
    evening.set(note, hidden=True)
    assert evening.reader.http.get(source).status_code == 404


def test_photos_are_public_no_longer_once_their_edition_is_withdrawn(evening: Evening, stage: Stage) -> None:
    _note, picture = ready(evening)
    evening.published()
    evening.bo.post(f"{evening.at}/release/1/withdrawal", {"because": "Et ansigt"})
    with stage.db.read() as tx:
        assert tx.get_one(Photo, picture.id).review == "approved"


def test_the_map_shows_the_route_without_a_script_and_no_measured_place(evening: Evening, stage: Stage) -> None:
    evening.note()
    evening.published()
    for shape in ("wide", "tall"):
        reply = evening.reader.http.get(f"{evening.public}/map-{shape}.svg")
        assert reply.headers["content-type"] == "image/svg+xml"
        assert reply.text.startswith("<svg")
        assert ">1<" in reply.text
        assert "<polygon" not in reply.text.partition(">N<")[0].partition('stroke-width="6.0"/>')[0]
    assert evening.reader.http.get(f"{evening.public}/map-round.svg").status_code == 422


def test_answers_can_be_followed_as_a_feed(evening: Evening) -> None:
    told = measure(
        evening, evening.note(), status="doing", answer="Vi <b>skifter</b> & ser\x0b\uffff.", answered_at=now()
    )
    evening.published()
    feed = ElementTree.fromstring(evening.reader.http.get(evening.public + "/answers.atom").content)
    [entry] = feed.findall("a:entry", ATOM)
    assert entry.findtext("a:id", "", ATOM).endswith(f"{evening.public}#m{told.number}")
    assert "Vi <b>skifter</b> & ser." in entry.findtext("a:content", "", ATOM)
    assert entry.findtext("a:title", "", ATOM) == "1. Tunnelen: I gang"
    assert feed.findtext("a:updated", "", ATOM) >= entry.findtext("a:updated", "", ATOM)


def test_the_walk_before_is_told_where_its_own_report_can_be_read(evening: Evening, stage: Stage) -> None:
    note = evening.note()
    told = measure(evening, note)
    evening.published()
    change(evening, told.id, status="done", done_at=now())
    earlier, stops = stage.walk, stage.stops
    with stage.db.write() as tx:
        later = Walk(
            code="CCCCDDDD",
            title="Returvandring",
            organisation_id=earlier.organisation_id,
            follows_id=earlier.id,
            follows_as="return",
        )
        tx.add(later)
    stage.walk = later
    evening.plan.phone = stage.phone()
    evening.plan.note()
    evening.published()
    words = evening.reader.open(evening.public).words
    assert "Since last time" in words
    assert "1 of 1 measures of the walk before is done." in words
    assert stops


class TestAskingForSomethingToBeTakenDown:
    @pytest.fixture
    def mailbox(self, mail_port: int) -> Iterator[Mailbox]:
        with mail_server(mail_port) as box:
            yield box

    @pytest.fixture
    def mail_port(self) -> int:
        return free_port()

    @pytest.fixture
    def stage_settings(self, mail_port: int) -> dict[str, Any]:
        return {"smtp_url": f"smtp://127.0.0.1:{mail_port}", "mail_from": "tryg@kommune.example"}

    def test_it_is_kept_told_and_answered(self, evening: Evening, mailbox: Mailbox) -> None:
        evening.note()
        evening.published()
        path = f"{evening.public}/takedown"
        page = evening.reader.open(path).press(path, text="Det er mit hus på billedet.", contact="mette@example.dk")
        assert "We have it." in page.words
        [asked] = evening.takedowns()
        assert (asked.text, asked.contact, asked.edition) == ("Det er mit hus på billedet.", "mette@example.dk", 1)
        letter = mailbox.wait()
        assert letter is not None
        assert evening.at in letter.get_content()
        assert "mit hus" not in letter.get_content()
        desk = evening.bo.open(f"{evening.at}/release")
        assert "Det er mit hus på billedet." in desk.words
        desk.press(f"{evening.at}/takedowns/{asked.id}", outcome="Billedet er taget ud")
        assert "Billedet er taget ud" in desk.words

    def test_an_empty_one_comes_back(self, evening: Evening) -> None:
        evening.note()
        evening.published()
        path = f"{evening.public}/takedown"
        page = evening.reader.open(path).press(path, contact="mette@example.dk")
        assert page.status == 422
        assert page.form(path)["contact"] == ["mette@example.dk"]

    def test_it_is_kept_where_no_mail_can_be_sent(self, evening: Evening) -> None:
        evening.note()
        evening.published()
        path = f"{evening.public}/takedown"
        assert evening.reader.open(path).press(path, text="Et navn").status == 200
        assert len(evening.takedowns()) == 1

    def test_too_many_from_one_address_wait(self, evening: Evening) -> None:
        evening.note()
        evening.published()
        path = f"{evening.public}/takedown"
        tried = [evening.reader.post(path, {"text": f"nr. {number}"}).status for number in range(11)]
        assert set(tried[:10]) == {200}
        assert tried[10] == 429
        assert len(evening.takedowns()) == 10

    def test_another_site_cannot_ask(self, evening: Evening) -> None:
        evening.note()
        evening.published()
        reply = evening.reader.http.post(
            f"{evening.public}/takedown", data={"text": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert (reply.status_code, evening.takedowns()) == (403, [])


def test_the_other_versions_are_for_those_who_write_and_a_partners_has_what_is_theirs(evening: Evening) -> None:
    mine, other = evening.note(note="Til Vej og Park"), evening.note(note="Til ingen")
    partner = evening.plan.partner()
    told = measure(evening, mine, partner_id=partner.id)
    inside = evening.anna.http.get(f"{evening.at}/report/internal.json").json()
    assert {one["note"] for one in inside["notes"]} == {"Til Vej og Park", "Til ingen"}, other
    assert {one["id"] for one in inside["notes"]} >= {mine}
    extract = evening.anna.http.get(f"{evening.at}/report/partners/{partner.id}.json").json()
    assert [(one["note"], one["lat"]) for one in extract["notes"]] == [("Til Vej og Park", 57.0488)]
    assert [one["number"] for one in extract["measures"]] == [told.number]
    for who in (evening.reader, evening.plan.signed_in("organiser", "Randers Kommune")):
        for path in ("internal", f"partners/{partner.id}"):
            assert who.http.get(f"{evening.at}/report/{path}.json", headers={"Accept": "*/*"}).status_code in (401, 404)


def test_a_thousand_notes_are_one_page_in_a_few_queries(evening: Evening, stage: Stage) -> None:
    first = evening.note()
    with stage.db.write() as tx:
        row = tx.get_one(Observation, first)
        by = tx.get_one(Review, first)
        for number in range(1000):
            twin = Observation(**row.model_dump() | {"id": f"n{number}", "note": f"Note {number}", "seq": number + 10})
            tx.add(twin)
            tx.flush()
            tx.add(Review(**by.model_dump() | {"observation_id": twin.id}))
    evening.published()
    page = evening.reader.open(evening.public)
    assert page.status == 200
    assert "Note 999" in page.words
