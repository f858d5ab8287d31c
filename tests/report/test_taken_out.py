"""What was taken out since the release is gone from everything that is made of an edition, not only from its list of notes."""

from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from sqlmodel import select

from app.models import Leading, Measure, Membership, Photo, Review, Stop, now
from app.report import takedown
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.evening import Evening
from tests.report.test_public import measure, ready

OWN = "Han i det røde hus står ved lampen hver aften og råber."


@pytest.fixture
def evening(stage: Stage) -> Evening:
    return Evening(stage)


def everywhere(evening: Evening) -> str:
    """All that somebody without an account can read of it."""
    ways = ("", "/edition.json", "/answers.atom")
    return "\n".join(evening.reader.http.get(evening.public + way).text for way in ways)


def test_a_photo_goes_when_its_author_takes_it_out_of_the_note(evening: Evening) -> None:
    note, _picture = ready(evening, note="Lampen er slukket.")
    evening.published()
    source = f"{evening.public}/photos/2.1-1.jpg"
    assert evening.reader.http.get(source).status_code == 200
    evening.phone.edit(note, photos=[])
    evening.phone.sync()
    assert evening.reader.http.get(source).status_code == 404
    assert source not in everywhere(evening)
    assert "Lampen er slukket." in everywhere(evening)


@pytest.mark.parametrize("columns", [{"hidden": True}, {"deleted": True}, {"sensitive": True}])
def test_a_photo_of_a_merged_note_goes_with_that_note_and_not_with_the_one_that_leads_it(
    evening: Evening, stage: Stage, columns: dict[str, bool]
) -> None:
    lead, _first = ready(evening, note="Den der leder")
    other = Picture(jpeg(320, 240, colour=(9, 9, 9)))
    voice = evening.phone.note(other, stop_id=stage.stops[1].id, note="Den der følger")
    evening.phone.sync()
    until(lambda: photo(stage, other.id).state == "ready")
    evening.plan.photo(voice, review="approved")
    evening.plan.release(voice, merged_into=lead)
    evening.published()
    sources = [f"{evening.public}/photos/2.1-{number}.jpg" for number in (1, 2)]
    assert [evening.reader.http.get(one).status_code for one in sources] == [200, 200]
    evening.set(voice, **columns)
    assert [evening.reader.http.get(one).status_code for one in sources] == [200, 404]
    assert sources[1] not in everywhere(evening)
    evening.set(voice, hidden=False, deleted=False, sensitive=None)
    evening.set(lead, **columns)
    assert [evening.reader.http.get(one).status_code for one in sources] == [404, 200]


@pytest.mark.parametrize("goes", ["deleted", "hidden", "sensitive", "written anew"])
def test_merged_voices_are_in_the_next_edition_though_the_note_that_led_them_is_gone(
    evening: Evening, goes: str, every_database: str
) -> None:
    lead, voice, last = (evening.note(note=f"Den {nth}") for nth in ("første", "anden", "tredje"))
    for one in (voice, last):
        evening.plan.release(one, merged_into=lead)
    vej = evening.plan.partner()
    evening.plan.make(evening.anna, lead, voice, partner=vej.id, problem="Mørkt.")
    if goes in ("deleted", "written anew"):
        evening.phone.edit(lead, **({"deleted": True} if goes == "deleted" else {"note": "Noget andet."}))
        evening.phone.sync()
    else:
        evening.set(lead, **{goes: True})
    evening.published()
    partners = evening.anna.http.get(f"{evening.at}/report/partners/{vej.id}.json").text
    for told in (everywhere(evening), partners):
        assert [nth in told for nth in ("Den første", "Den anden", "Den tredje")] == [False, True, True]
    [note] = evening.editions()[0].frozen["public"]["notes"]
    assert (note["number"], note["note"], [one["note"] for one in note["voices"]]) == (
        "2.1",
        "Den anden",
        ["Den tredje"],
    )


def photo(stage: Stage, photo_id: str) -> Photo:
    with stage.db.read() as tx:
        return tx.get_one(Photo, photo_id)


def test_no_browser_shows_a_photo_or_a_map_again_without_asking_whether_it_may(evening: Evening) -> None:
    note, _picture = ready(evening)
    evening.published()
    for ending in ("/photos/2.1-1.jpg", "/map-wide.svg"):
        first = evening.reader.http.get(evening.public + ending)
        assert first.headers["cache-control"] == "public, no-cache", ending
        again = {"If-None-Match": first.headers["etag"]}
        assert evening.reader.http.get(evening.public + ending, headers=again).status_code == 304
    held = {"If-None-Match": evening.reader.http.get(f"{evening.public}/photos/2.1-1.jpg").headers["etag"]}
    evening.plan.photo(note, blurs=[[0.0, 0.0, 0.1, 0.1]])
    assert evening.reader.http.get(f"{evening.public}/photos/2.1-1.jpg", headers=held).status_code == 200
    evening.plan.photo(note, review="refused")
    assert evening.reader.http.get(f"{evening.public}/photos/2.1-1.jpg", headers=held).status_code == 404


def test_the_proof_of_a_measure_goes_with_the_measure(evening: Evening, stage: Stage) -> None:
    told = measure(evening, evening.note(), status="done")
    evening.published()
    place = f"{evening.at}/measures/{told.number}/proof"
    evening.anna.post(place, {}, {"photo": ("x.jpg", jpeg(200, 150), "image/jpeg")})
    assert evening.anna.status == 200, evening.anna.words
    source = f"{evening.public}/photos/m{told.number}.jpg"
    until(lambda: evening.reader.http.get(source).status_code == 200)
    evening.anna.post(f"{evening.at}/measures/{told.number}/removal", {})
    assert evening.reader.http.get(source).status_code == 404


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("deleted", {"deleted": True}),
        ("hidden", {"hidden": True}),
        ("struck", {"shown": {"rev": 1, "note": "[…] råber."}}),
    ],
)
def test_a_measure_does_not_go_on_telling_what_a_note_that_is_gone_said(
    evening: Evening, stage: Stage, kind: str, columns: dict[str, object]
) -> None:
    note, other = evening.note(note=OWN, suggestion="Tal med ham der bor der."), evening.note(note="Her er mørkt.")
    told = evening.plan.make(evening.anna, note, other, place="Tunnelen", answer="Vi ser på det.")
    assert "røde hus" in told.problem  # made in two taps, it begins with the note's own words
    evening.published()
    assert "røde hus" in everywhere(evening)
    evening.set(note, **columns)
    left = everywhere(evening)
    assert "røde hus" not in left, kind
    assert "ham der bor" not in left, kind
    assert "Vi ser på det." in left
    assert "have been taken out" in left
    evening.published()  # and the next edition has it neither, nor is it read out to whoever releases that
    assert "røde hus" not in everywhere(evening)
    with stage.db.read() as tx:
        assert "røde hus" in tx.get_one(Measure, told.id).problem  # whoever plans the walk writes it anew


def test_a_place_that_a_reviewer_moves_after_the_release_is_not_shown_where_it_was(evening: Evening) -> None:
    note = evening.note(note="Ved hækken.")
    evening.set(note, shown={"rev": 1, "pin": {"lat": 57.011111, "lon": 9.922222}})
    evening.published()
    assert "57.011111" in everywhere(evening)
    evening.set(note, shown={"rev": 1, "pin": None})
    assert "57.011111" not in everywhere(evening)
    assert "Ved hækken." in everywhere(evening)


def test_words_that_were_struck_since_are_not_read_in_what_changed_between_two_editions(
    evening: Evening, stage: Stage
) -> None:
    struck, gone = evening.note(note=OWN), evening.note(note="Min nabo hedder noget andet end mig.")
    evening.published()
    evening.set(struck, shown={"rev": 1, "note": "[…] står ved lampen hver aften og råber."})
    evening.set(gone, deleted=True)
    evening.note(note="En ny note.")
    evening.ask()
    for number in (1, 2):
        words = evening.anna.open(f"{evening.at}/release/{number}").words
        assert "røde hus" not in words, number
        assert "Min nabo" not in words, number
    assert "En ny note." in words
    assert evening.release(2).status == 200
    assert "står ved lampen" in everywhere(evening)


def test_a_measure_begins_with_no_word_that_nobody_has_released(evening: Evening, stage: Stage) -> None:
    waiting = evening.plan.note(
        released=False, note=OWN, suggestion="Tal med ham der bor der.", factors=["lighting.outage"]
    )
    told = evening.plan.make(evening.anna, waiting)
    assert (told.problem, told.measure) == ("Lamp not working", "")
    with stage.db.read() as tx:
        assert tx.get(Review, waiting) is None


def test_a_partner_reads_no_words_of_a_note_that_was_struck_or_taken_back(evening: Evening) -> None:
    vej = evening.plan.partner()
    desk = evening.plan.signed_in("partner", partner=vej.id)
    note = evening.note(note=OWN)
    told = evening.plan.make(evening.anna, note, partner=vej.id)
    ways: tuple[Callable[[], str], ...] = (
        lambda: desk.open(f"/partner/measures/{told.id}").page,
        lambda: desk.http.get("/partner/measures.csv").text,
        lambda: desk.http.get("/partner/measures.geojson").text,
        lambda: desk.http.get("/partner/deadlines.ics").text,
        lambda: evening.anna.http.get(f"{evening.at}/report/partners/{vej.id}.json").text,
        lambda: evening.anna.http.get(f"{evening.at}/report/internal.json").text,  # she is not cleared
    )
    assert "røde hus" in ways[0]()
    evening.set(note, shown={"rev": 1, "note": "[…] står ved lampen hver aften og råber."})
    for way in ways:
        assert "røde hus" not in way()
    evening.set(note, shown=None, deleted=True)
    for way in ways:
        assert "røde hus" not in way()


@pytest.mark.parametrize("sent", [{}, {"note": "", "valence": None, "fix": None}])
def test_a_measure_tells_nothing_that_a_notes_author_changed_before_taking_it_back(
    evening: Evening, sent: dict[str, object], every_database: str
) -> None:
    vej = evening.plan.partner()
    desk = evening.plan.signed_in("partner", partner=vej.id)
    note, other = evening.note(note=OWN), evening.note(note="Her er mørkt.")
    evening.plan.make(evening.anna, note, other, partner=vej.id)
    for content in ({"note": "Utrygt her."}, {"deleted": True, **sent}):
        assert "røde hus" in desk.http.get("/partner/measures.csv").text or content.get("deleted")
        evening.phone.edit(note, **content)
        evening.phone.sync()
        assert "røde hus" not in desk.http.get("/partner/measures.csv").text, content
    evening.published()
    assert "røde hus" not in everywhere(evening)


def test_what_an_author_adds_to_a_note_takes_nothing_out_of_its_measure(evening: Evening) -> None:
    note = evening.note(note="Lampen i tunnelen er slukket hver aften.")
    evening.plan.make(evening.anna, note)
    evening.phone.edit(note, note="Lampen i tunnelen er slukket hver aften. Og døren står åben.")
    evening.phone.sync()
    [told] = evening.anna.http.get(f"{evening.at}/report/internal.json").json()["measures"]
    assert "er slukket hver aften" in told["problem"]


def test_a_measure_that_began_with_what_a_reviewer_left_of_a_note_tells_nothing_once_that_is_gone(
    evening: Evening,
) -> None:
    said, struck = "Manden i det gule hus slår sin hund.", "i det gule hus"
    note, other = evening.note(note=said), evening.note(note="Her er mørkt.")
    at = said.index(struck)
    evening.bo.post(f"{evening.at}/review/decisions", {
        "note": note, "version": "1", "rev": "1", "do": "strike-release", "words": f"note:{at}-{at + len(struck)}", "lane": "",
    })  # fmt: skip
    told = evening.plan.make(evening.anna, note, other)
    assert "Manden […] slår sin hund." in told.problem
    evening.set(note, deleted=True)
    evening.published()
    assert "sin hund" not in everywhere(evening)


@pytest.mark.parametrize("undone", ["release", "merge"])
def test_what_its_reviewer_lets_wait_again_is_not_public_meanwhile(evening: Evening, stage: Stage, undone: str) -> None:
    lead, voice = evening.note(note="Den der leder"), evening.note(note="Den der følger")
    evening.plan.release(voice, merged_into=lead)
    evening.published()
    assert "Den der følger" in everywhere(evening)
    with stage.db.write() as tx:
        made = tx.get_one(Review, lead if undone == "release" else voice)
        made.state, made.merged_into = "waiting", None
    left = everywhere(evening)
    assert ("Den der leder" in left, "Den der følger" in left) == (undone == "merge", undone == "release")


def test_a_feed_can_be_read_whatever_was_typed_into_an_answer(evening: Evening) -> None:
    measure(evening, evening.note(), answer="Vi\uffff ser\ufffe på\x0b det.", answered_at=now())
    evening.published()
    feed = ElementTree.fromstring(evening.reader.http.get(evening.public + "/answers.atom").content)
    assert "Vi ser på det." in "".join(feed.itertext())


def test_a_measure_has_no_measured_place_in_its_name(evening: Evening, stage: Stage) -> None:
    with stage.db.write() as tx:
        for stop in tx.exec(select(Stop).where(Stop.walk_id == stage.walk.id)).all():
            stop.lat = stop.lon = None
    told = evening.plan.make(evening.anna, evening.plan.note(note="Her er mørkt."))
    assert (told.place, told.lat) == ("Between the stops", 57.0488)
    evening.published()
    assert "57.04" not in everywhere(evening)


def test_who_leads_a_walk_no_longer_is_not_told_what_somebody_wants_taken_down(evening: Evening, stage: Stage) -> None:
    anna = evening.user(evening.emails()[0])
    with stage.db.write() as tx:
        tx.add(Leading(walk_id=stage.walk.id, user_id=anna.id))
        tx.flush()
        assert [user.id for user in takedown.readers(tx, stage.walk)] == [anna.id]
        for role in tx.exec(select(Membership).where(Membership.user_id == anna.id)).all():
            tx.delete(role)
        tx.flush()
        assert [user.email for user in takedown.readers(tx, stage.walk)] == evening.emails()[1:3]
