"""A partner reads what is routed to them and answers: by an account, a key or a link. And nothing else, and nobody else."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from app.access import people
from app.earth import UTM32, Projection, grid
from app.measures import routing
from app.models import FailedTry, Measure, Observation, Partner, PartnerLink, User, Walk
from tests.cast import Clock
from tests.measures.conftest import HOME, Plan
from tests.measures.pages import Paper
from tests.phone import Picture


@pytest.fixture
def vej(plan: Plan) -> Partner:
    return plan.partner("Vej og Park")


@pytest.fixture
def answering(plan: Plan, vej: Partner) -> Paper:
    """The browser of somebody who came by the partner's link."""
    return plan.browser().open(plan.link(vej))


def measure_page(plan: Plan, number: int = 1) -> str:
    return f"/partner/measures/{plan.told()[number - 1].id}"


def test_a_link_leads_to_the_partners_page_and_stands_in_no_further_address(
    plan: Plan, vej: Partner, desk: Paper
) -> None:
    plan.make(desk, partner=vej.id, place="Tunnelen")
    paper, link = plan.browser(), plan.link(vej)
    first = paper.http.get(link, follow_redirects=False)
    assert (first.status_code, first.headers["location"], first.headers["referrer-policy"]) == (
        303,
        "/partner",
        "no-referrer",
    )
    assert "HttpOnly" in first.headers["set-cookie"]
    paper.open(link)
    assert paper.address == "/partner"
    assert "Measures for Vej og Park" in paper.words
    assert "Tunnelen" in paper.words
    assert link.rpartition("/")[2] not in paper.page


def test_only_what_is_routed_to_them_is_there(plan: Plan, vej: Partner, desk: Paper, answering: Paper) -> None:
    politi = plan.partner("Nordjyllands Politi", "politi")
    plan.make(desk, partner=vej.id, place="Tunnelen")
    plan.make(desk, partner=politi.id, place="Torvet")
    words = answering.open("/partner?show=all").words
    assert "Tunnelen" in words
    assert "Torvet" not in words
    assert answering.open(measure_page(plan, 2)).status == 404
    assert answering.open(f"{plan.at}/1").address == "/sign-in"  # and nothing else of the house
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1/removal")
    assert "Tunnelen" not in answering.open("/partner?show=all").words


def test_words_and_photos_are_shown_once_they_are_released_and_never_names_or_sensitive_ones(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper, picture: Callable[[], Picture]
) -> None:
    shot, secret = picture(), picture()
    plan.phone.join(name="Birthe Nielsen")
    released = plan.note(shot, note="Mast 4471 er mørk.")
    waiting = plan.note(note="Naboen hedder Ole.", released=False)
    sensitive = plan.note(secret, note="De sælger ved bænken.", factors=["behaviour.substances"])
    edited = plan.note(note="Først var det her.")
    plan.phone.edit(edited, note="Så skrev jeg Oles nummer.")
    plan.phone.sync()
    plan.photo(released, state="ready", review="approved")
    plan.photo(sensitive, state="ready", review="approved")
    plan.make(desk, released, waiting, sensitive, edited, partner=vej.id, problem="Lampen er slukket.")

    page = answering.open(measure_page(plan)).page
    assert "Mast 4471 er mørk." in page
    assert shot.id in page
    for hidden in ("Ole", "sælger", "Birthe", "Resident", secret.id, plan.phone.id):
        assert hidden not in page
    assert "4 voices" not in answering.words  # one person wrote all four
    assert answering.open(f"/partner/photos/{secret.id}").status == 404

    with plan.stage.db.write() as tx:  # a reviewer strikes words out: the walker's own are gone from here
        note = tx.get_one(Observation, released)
        note.shown = {"rev": 1, "note": "Masten er mørk."}
    assert "Masten er mørk." in answering.open(measure_page(plan)).words
    assert "4471" not in answering.words
    plan.photo(released, review="refused")
    assert shot.id not in answering.open(measure_page(plan)).page
    with plan.stage.db.write() as tx:
        tx.get_one(Observation, released).hidden = True
    assert "Masten er mørk." not in answering.open(measure_page(plan)).words


def test_a_photo_that_nobody_has_looked_at_is_not_shown(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper, picture: Callable[[], Picture]
) -> None:
    shot = picture()
    plan.photo(note := plan.note(shot), state="ready")
    plan.make(desk, note, partner=vej.id)
    assert shot.id not in answering.open(measure_page(plan)).page
    assert answering.open(f"/partner/photos/{shot.id}").status == 404


def test_the_partner_answers_and_the_history_says_that_it_came_by_their_link(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper
) -> None:
    plan.make(desk, partner=vej.id)
    at = measure_page(plan)
    answering.open(at).press(
        at, status="accepted", answer="Vi skifter lampen inden 10. december.", ticket="VB-2026-3310", kind="upkeep"
    )
    assert "Your answer is saved." in answering.words
    told = plan.told()[0]
    assert (told.status, told.ticket, told.answer) == (
        "accepted",
        "VB-2026-3310",
        "Vi skifter lampen inden 10. december.",
    )
    assert told.answered_at is not None
    assert (told.steps[-1].by, told.steps[-1].by_link) == ("Vej og Park", True)
    assert "Vej og Park, by their link" in desk.open(f"{plan.at}/1").words

    account = plan.signed_in("partner", partner=vej.id)
    account.open(at).press(at, status="done")
    told = plan.told()[0]
    assert told.done_at is not None
    assert (told.steps[-1].by, told.steps[-1].by_link) == (plan.emails[-1], False)


def test_a_partner_changes_nothing_but_their_answer(plan: Plan, vej: Partner, desk: Paper, answering: Paper) -> None:
    plan.make(desk, partner=vej.id, place="Tunnelen", priority="1")
    at = measure_page(plan)
    form = answering.open(at).form(at)
    answering.post(
        at, form | {"place": "Et andet sted", "priority": "3", "partner": "", "problem": "Intet", "status": "doing"}
    )
    told = plan.told()[0]
    assert (told.status, told.place, told.priority, told.partner_id) == ("doing", "Tunnelen", 1, vej.id)


def test_a_partner_and_the_coordinator_who_answer_at_once_are_both_kept(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper, every_database: str
) -> None:
    plan.make(desk, partner=vej.id)
    at = measure_page(plan)
    answering.open(at)
    desk.open(f"{plan.at}/1").press(f"{plan.at}/1", answer="Vi kommer tirsdag.")
    answering.press(at, answer="Vi kommer onsdag.")
    assert answering.status == 409
    assert "coordinator0@kommune.example has changed this meanwhile." in answering.words
    told = plan.told()[0]
    assert told.answer == "Vi kommer tirsdag."
    assert told.steps[-1].changes["beside"]["answer"][1] == "Vi kommer onsdag."
    assert told.steps[-1].by_link


def test_not_ours_goes_back_with_a_word_or_to_another_partner(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper
) -> None:
    bolig = plan.partner("Himmerland Boligforening", "bolig")
    plan.make(desk, partner=vej.id)
    plan.make(desk, partner=vej.id)
    at = measure_page(plan)
    answering.open(at).press(at + "/passing", word=" ")
    assert answering.status == 422
    assert "Write in a few words why it is not yours" in answering.words
    answering.press(at + "/passing", word="Stien er privat fællesvej.")
    assert answering.address == "/partner"
    assert "Number 1 is passed on." in answering.words
    told = plan.told()[0]
    assert (told.partner_id, told.status, told.adrift) == (None, "other_owner", True)
    words = desk.open(f"{plan.at}/1").words
    assert "It came back with the words: “Stien er privat fællesvej.”" in words
    assert "Needs somebody" in desk.open(f"{plan.at}?show=adrift").words

    at = measure_page(plan, 2)
    answering.open(at).press(at + "/passing", word="Boligforeningens grund.", to=bolig.id)
    assert (plan.told()[1].partner, plan.told()[1].status) == ("Himmerland Boligforening", "proposed")
    assert answering.open(at).status == 404


def test_a_link_ends_when_it_says_or_when_it_is_withdrawn_or_its_partner_is_ended(
    plan: Plan, vej: Partner, desk: Paper, clock: Clock
) -> None:
    short, long = plan.link(vej, 30), plan.link(vej, 365)
    browser = plan.browser().open(short)
    assert browser.address == "/partner"
    clock.advance(days=31)
    assert browser.open("/partner").status == 403
    assert "This link opens nothing." in browser.words
    assert browser.open(short).status == 404
    browser.open(long)
    assert browser.address == "/partner"
    desk = plan.signed_in("coordinator")  # the other session has ended
    desk.open("/partners")
    withdrawal = re.search(rf"/partners/{vej.id}/links/[0-9a-f-]+/removal", desk.page)
    assert withdrawal
    desk.press(withdrawal[0])
    assert browser.open("/partner").status == 403
    assert browser.open(long).status == 404

    another = plan.browser().open(plan.link(vej))
    desk.open("/partners").press(f"/partners/{vej.id}/ending")
    assert another.open("/partner").status == 403
    desk.press(f"/partners/{vej.id}/ending", back="yes")
    assert another.open("/partner").status == 200


def test_a_guessed_link_opens_nothing_and_guessing_is_limited(plan: Plan, vej: Partner) -> None:
    link = plan.link(vej)
    paper = plan.browser()
    for wrong in ("", "x", link[3:-1] + ("a" if link[-1] != "a" else "b"), "a" * 5000):
        assert paper.open(f"/p/{wrong}").status == 404, wrong
    for _number in range(40):
        paper.open("/p/" + "x" * 43)
    assert paper.status == 429
    assert paper.open(link).status == 429  # from here; elsewhere it still holds
    with plan.stage.db.write() as tx:
        for row in tx.exec(select(FailedTry)).all():
            tx.delete(row)
    assert paper.open(link).address == "/partner"


def test_the_table_keeps_no_secret(plan: Plan, vej: Partner) -> None:
    secret = plan.link(vej).rpartition("/")[2]
    assert len(secret) == 43  # 256 bits
    with plan.stage.db.read() as tx:
        row = tx.exec(select(PartnerLink)).one()
    assert secret not in str(row.model_dump())


def test_a_partner_who_is_ended_keeps_their_measures_which_need_somebody(plan: Plan, vej: Partner, desk: Paper) -> None:
    plan.make(desk, partner=vej.id)
    desk.open("/partners").press(f"/partners/{vej.id}/ending")
    assert "Their measures stay, and need somebody." in desk.words
    assert "1 open measure: need somebody" in desk.words
    told = plan.told()[0]
    assert (told.partner, told.adrift) == ("Vej og Park", True)
    assert "Vej og Park is no partner any longer." in desk.open(f"{plan.at}/1").words
    desk.press(f"{plan.at}/1", unit="Drift")  # it can be changed all the same
    assert plan.told()[0].unit == "Drift"
    assert plan.make(desk).partner_id != vej.id  # and nothing new goes to them


def test_a_partner_is_named_once_and_their_address_is_checked(plan: Plan, vej: Partner, desk: Paper) -> None:
    desk.open("/partners").press("/partners", name="vej og  PARK", owner="vej")
    assert "There is a partner with this name already." in desk.words
    desk.press("/partners", name="Beredskabet", owner="beredskab", email="ikke en adresse")
    assert "This is not an e-mail address." in desk.words
    desk.press("/partners", name="Beredskabet", owner="beredskab", email="Vagt@NB.example")
    assert "vagt@nb.example" in desk.page
    desk.press(f"/partners/{vej.id}", name="Vej, Park og Lys", email="vej@kommune.example")
    with plan.stage.db.read() as tx:
        assert tx.get_one(Partner, vej.id).name == "Vej, Park og Lys"
    assert plan.signed_in("coordinator", "Randers Kommune").open("/partners").page.count("Vej, Park og Lys") == 0


def test_the_files_have_what_the_page_has_in_degrees_and_on_the_grid(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper
) -> None:
    plan.make(
        desk, plan.note(note="=SUM(A1)"), partner=vej.id, problem="=cmd", point="57.050412, 9.997917", place="Tunnelen"
    )
    plan.make(desk, partner=plan.partner("Politi", "politi").id, place="Torvet")
    reply = answering.http.get("/partner/measures.csv")
    assert reply.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [row["place"] for row in rows] == ["Tunnelen"]
    assert (rows[0]["easting"], rows[0]["northing"]) == ("560538.1", "6323439.98")
    assert rows[0]["problem"] == "'=cmd"
    assert rows[0]["words"] == "'=SUM(A1)"

    degrees = json.loads(answering.http.get("/partner/measures.geojson").content)
    assert degrees["features"][0]["geometry"]["coordinates"] == [9.997917, 57.050412]
    assert "crs" not in degrees
    metres = json.loads(answering.http.get("/partner/measures.geojson?crs=25832").content)
    assert metres["features"][0]["geometry"]["coordinates"] == [560538.1, 6323439.98]
    assert metres["crs"]["properties"]["name"].endswith("25832")
    assert metres["features"][0]["properties"]["number"] == 1


@pytest.mark.parametrize("crs", ["4326", "25832"])
def test_gdal_opens_the_partners_geojson_where_the_measures_are(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper, tmp_path: Path, crs: str
) -> None:
    plan.make(desk, partner=vej.id, point="57.050412, 9.997917", place="Tunnelen", deadline="2027-03-01")
    nowhere = plan.make(
        desk, plan.note(fix=None), partner=vej.id, point="", stop="", place="Et sted", deadline="2027-04-01"
    )
    assert nowhere.lat is None
    file = tmp_path / "tiltag.geojson"
    file.write_bytes(answering.http.get(f"/partner/measures.geojson?crs={crs}").content)
    told = gdal("ogrinfo", "-al", "-so", str(file))
    assert "Feature Count: 2" in told
    assert f'ID["EPSG",{crs}]]' in told
    again = json.loads(gdal("ogr2ogr", "-f", "GeoJSON", "-t_srs", "EPSG:4326", "/vsistdout/", str(file)))
    assert again["features"][0]["geometry"]["coordinates"] == pytest.approx([9.997917, 57.050412], abs=1e-6)
    assert [one["properties"]["place"] for one in again["features"]] == ["Tunnelen", "Et sted"]
    assert again["features"][1]["geometry"] is None


def gdal(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_partners_key_reads_only_what_is_routed_to_it(plan: Plan, vej: Partner, desk: Paper) -> None:
    plan.make(desk, partner=vej.id, place="Tunnelen")
    plan.make(desk, place="Torvet")
    plan.signed_in("partner", partner=vej.id)
    with plan.stage.db.write() as tx:
        user = people.by_email(tx, plan.emails[-1])
        assert user
        key = people.new_key(tx, user)
    reply = plan.stage.http.get("/partner/measures.csv", headers={"Authorization": f"Bearer {key}"})
    assert "Tunnelen" in reply.text
    assert "Torvet" not in reply.text
    reply = plan.stage.http.get("/partner/measures.csv", headers={"Authorization": "Bearer tryg_" + "a" * 43})
    assert reply.status_code == 401


def test_a_walks_place_on_the_municipalities_grid_is_right_to_a_millimetre() -> None:
    # By the coordinate converter of twcc.fr, for a place in Aalborg Øst.
    assert grid(57.050412, 9.997917) == pytest.approx((560538.097, 6323439.984), abs=0.001)
    # The pole lies a quarter of a meridian from the equator: 10 001 965.729 m on GRS 80.
    assert grid(90, 9)[1] == pytest.approx(0.9996 * 10_001_965.729, abs=0.001)
    assert grid(0, 9) == pytest.approx((UTM32.false_east, 0))
    # IOGP Guidance Note 7-2: the example of the British grid, on the Airy ellipsoid; the series differ by a centimetre.
    british = Projection(6_377_563.396, 1 / 299.3249646, 49, -2, 0.9996012717, 400_000, -100_000)
    assert grid(50.5, 0.5, british) == pytest.approx((577_274.99, 69_740.50), abs=0.011)


def test_somebody_signed_in_who_is_no_partner_is_told_so(plan: Plan, desk: Paper) -> None:
    assert desk.open("/partner").status == 403
    lost = plan.signed_in("partner", HOME)
    assert "Nothing has been passed on to you yet." in lost.open("/partner").words
    with plan.stage.db.read() as tx:
        assert tx.exec(select(User)).all()
        assert not tx.exec(select(Measure)).all()


def test_a_partners_account_finds_their_page_from_home(plan: Plan, vej: Partner, desk: Paper) -> None:
    plan.make(desk, partner=vej.id, place="Tunnelen")
    account = plan.signed_in("partner", partner=vej.id)
    assert 'href="/partner"' in account.open("/").page
    assert "Tunnelen" in account.open("/partner").words


def test_a_link_stays_what_it_is_for_its_days(plan: Plan, vej: Partner, desk: Paper) -> None:
    desk.open("/partners").press(f"/partners/{vej.id}/links", days="30")
    with plan.stage.db.read() as tx:
        link = tx.exec(select(PartnerLink)).one()
    assert link.expires_at - link.created_at == pytest.approx(timedelta(days=30), abs=timedelta(minutes=1))
    shown = re.search(r"http://testserver(/p/[\w-]{43})", desk.page)
    assert shown
    assert plan.browser().open(shown[1]).address == "/partner"


def test_nothing_of_an_archived_walk_is_a_partners_any_longer(
    plan: Plan, vej: Partner, desk: Paper, answering: Paper, picture: Callable[[], Picture]
) -> None:
    shot = picture()
    plan.photo(note := plan.note(shot), state="ready", review="approved")
    plan.make(desk, note, partner=vej.id)
    at = measure_page(plan)
    assert answering.open(at).status == 200
    with plan.stage.db.write() as tx:
        assert routing.sees_photo(tx, [vej.id], shot.id)
        tx.get_one(Walk, plan.stage.walk.id).state = "archived"
        assert not routing.sees_photo(tx, [vej.id], shot.id)
    assert answering.open(at).status == 404
    assert answering.post(at, {"answer": "For sent", "version": "1"}).status == 404
