"""Across walks: who sees what, what is counted, what is filtered, and that it stays quick."""

import csv
import io
import json
import re
import subprocess
import threading
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from app.access.guards import Person
from app.measures.measures import today_of
from app.models import Leading, Measure, Membership, Observation, Organisation, Stop, User, Walk, now
from app.overview.asked import Asked
from app.overview.overview import age, look
from app.walks import walks
from tests.cast import Stage
from tests.measures.conftest import HOME, Plan
from tests.measures.pages import Paper
from tests.overview.organisation import fill

FEW_SECONDS = 0.5  # of the processor, for the whole page


@pytest.fixture
def plan(stage: Stage) -> Plan:
    return Plan(stage, stage.phone())


@pytest.fixture
def desk(plan: Plan) -> Paper:
    return plan.signed_in("coordinator")


def again(plan: Plan, title: str = "Vandringen før", organisation: str = HOME, **more: Any) -> Walk:
    """Another walk of an organisation, at the same two stops."""
    with plan.stage.db.write() as tx:
        place = tx.exec(select(Organisation).where(Organisation.name == organisation)).first()
        if place is None:
            place = Organisation(name=organisation)
            tx.add(place)
            tx.flush()
        stops = [
            Stop(walk_id="", number=1, name="Kilden", lat=57.04, lon=9.98),
            Stop(walk_id="", number=2, name="Tunnelen"),
        ]
        return walks.create(tx, title, organisation_id=place.id, stops=stops, **more)


@pytest.mark.usefixtures("every_database")
def test_a_walk_without_places_for_its_stops_is_where_its_route_begins(plan: Plan, desk: Paper) -> None:
    nowhere = again(plan).id
    with plan.stage.db.write() as tx:
        stop = tx.exec(select(Stop).where(Stop.walk_id == nowhere, Stop.number == 1)).one()
        stop.lat = stop.lon = None
    assert where(plan)[nowhere] == (None, None)
    with plan.stage.db.write() as tx:
        route = {"type": "LineString", "coordinates": [[9.9217, 57.0488], [9.93, 57.05]]}
        tx.get_one(Walk, nowhere).route = route
    assert where(plan)[nowhere] == (57.0488, 9.9217)
    assert nowhere in desk.open("/overview").page


def where(plan: Plan) -> dict[str, tuple[float | None, float | None]]:
    with plan.stage.db.read() as tx:
        user = tx.exec(select(User).where(User.email == plan.emails[0])).one()
        roles = tx.exec(select(Membership).where(Membership.user_id == user.id)).all()
        seen = look(tx, Person(user, tuple(roles)), Asked(), now())
    return {walk.id: (walk.lat, walk.lon) for walk in seen.walks}


def note(plan: Plan, walk: Walk, number: int = 1, **content: Any) -> str:
    """A note at a stop of that walk."""
    with plan.stage.db.read() as tx:
        at = tx.exec(select(Stop).where(Stop.walk_id == walk.id, Stop.number == number)).one()
    phone = plan.stage.phone(walk)
    note_id = phone.note(stop_id=at.id, **content)
    assert phone.put(note_id).status_code == 201
    return note_id


def rows(paper: Paper, path: str) -> list[dict[str, str]]:
    reply = paper.http.get(path)
    assert reply.status_code == 200, reply.text
    return list(csv.DictReader(io.StringIO(reply.text.removeprefix("\ufeff"))))


@pytest.mark.usefixtures("every_database")
def test_a_place_of_two_walks_stands_once_with_its_dates_and_few_are_told_in_words(plan: Plan, desk: Paper) -> None:
    before = again(plan, starts_at=now() - timedelta(days=200))
    note(plan, before, valence="unsafe")
    note(plan, before, valence="unsafe")
    for _number in range(5):
        note(plan, plan.stage.walk, valence="safe")
    page = desk.open("/overview")
    assert page.status == 200
    told = page.words.partition("Places named on several walks")[2].partition("What was done")[0]
    assert told.count("Kilden") == 1
    assert "two unsafe" in told
    assert "5 safe" in told
    assert {(row["place"], row["walk"], row["unsafe"], row["safe"]) for row in rows(desk, "/overview/places.csv")} == {
        ("Kilden", "Vandringen før", "2", "0"), ("Kilden", "Aftenvandring i Aalborg Øst", "0", "5")}  # fmt: skip


@pytest.mark.usefixtures("every_database")
def test_hidden_and_sensitive_notes_are_counted_for_nobody_who_may_not_read_them(plan: Plan, desk: Paper) -> None:
    before = again(plan)
    note(plan, before)
    seen, hidden, sensitive = (note(plan, plan.stage.walk) for _number in range(3))
    with plan.stage.db.write() as tx:
        tx.get_one(Observation, hidden).hidden = True
        tx.get_one(Observation, sensitive).sensitive = True
        moved = tx.get_one(Observation, seen)
        moved.shown = {"rev": moved.rev, "pin": {"lat": 57.0401, "lon": 9.98}, "stop_id": plan.stage.stops[0].id}
    volunteer = plan.signed_in("organiser")
    for who, number in ((desk, 2), (volunteer, 1), (plan.signed_in("organiser", cleared=True), 2)):
        [row] = [one for one in rows(who, "/overview/places.csv") if one["walk"] == plan.stage.walk.title]
        assert sum(int(row[name]) for name in ("unsafe", "mixed", "safe", "not_said")) == number
        report = json.loads(who.http.get(f"/walks/{plan.stage.walk.id}/report.geojson").text)
        assert len(report["features"]) == number, "as many as in the report"
    assert "Notes on sensitive subjects are not counted here." in volunteer.open("/overview").words
    assert "Notes on sensitive subjects" not in desk.open("/overview").words


@pytest.mark.usefixtures("every_database")
def test_organisers_have_their_own_walks_coordinators_the_organisations_and_partners_none(
    plan: Plan, desk: Paper
) -> None:
    again(plan, "Naboens", "En anden kommune")
    led = again(plan, "Annas egen")
    with plan.stage.db.write() as tx:
        anna = tx.exec(select(User)).first()
        assert anna
        tx.add(Leading(walk_id=led.id, user_id=anna.id))
    mine = plan.stage.walk.title
    for who, there in (
        (desk, {mine, "Annas egen"}),
        (plan.signed_in("organiser"), {mine}),
        (plan.signed_in("coordinator", "En anden kommune"), {"Naboens"}),
    ):
        page = who.open("/overview")
        assert {title for title in (mine, "Annas egen", "Naboens") if title in page.page} == there
        on_map = json.loads(who.http.get("/overview/walks.geojson").text)["features"]
        assert len(on_map) == len(there)
    vej = plan.partner()
    partner = plan.signed_in("partner", partner=vej.id)
    assert partner.open("/overview").status == 403
    assert 'href="/overview"' not in partner.open("/partner").page
    assert 'href="/overview"' in desk.open("/").page
    assert plan.browser().http.get("/overview", follow_redirects=False).status_code == 303


def made(plan: Plan, desk: Paper, count: int = 1, **columns: Any) -> None:
    """Measures of the stage's walk."""
    for _number in range(count):
        told = plan.make(desk)
        with plan.stage.db.write() as tx:
            held = tx.get_one(Measure, told.id)
            for name, value in columns.items():
                setattr(held, name, value)


def test_open_measures_stand_by_who_answers_and_by_age(plan: Plan, desk: Paper) -> None:
    vej, park = plan.partner("Vej"), plan.partner("Anlæg", "park")
    today = today_of(plan.stage.walk, now())
    for days, partner in ((-2, vej), (3, vej), (40, vej), (None, park)):
        made(plan, desk, partner_id=partner.id, deadline=today + timedelta(days=days) if days is not None else None)
    made(plan, desk, partner_id=None, deadline=today)
    made(plan, desk, partner_id=vej.id, status="done", done_at=now())
    page = desk.open("/overview")
    told = page.words.partition("Open measures, by who answers for them")[2].partition("Places named")[0]
    assert re.search(r"All Anlæg 0 0 0 1 1 Vej 1 1 1 0 3 Nobody yet 0 1 0 0 1", told), told
    waits = page.words.partition("Measures that wait")[2].partition("Open measures")[0]
    assert waits.index("2 days over") < waits.index("today") < waits.index("in 3 days") < waits.index("No deadline")
    assert [row["age"] for row in rows(desk, "/overview/measures.csv?status=open")] == [
        "late",
        "soon",
        "soon",
        "later",
        "none",
    ]


def test_a_deadline_is_soon_for_two_weeks() -> None:
    today = date(2026, 11, 26)
    ages = [age(today + timedelta(days=days), today) for days in (-1, 0, 14, 15)]
    assert (ages, age(None, today)) == (["late", "soon", "soon", "later"], "none")


def test_how_long_things_took_is_told_only_with_how_many_it_rests_on(plan: Plan, desk: Paper) -> None:
    noon = now().replace(hour=12)  # on the same day in summer time and winter time
    with plan.stage.db.write() as tx:
        tx.get_one(Walk, plan.stage.walk.id).starts_at = noon - timedelta(days=100)
    for days in (10, 20, 30, 41):
        made(plan, desk, kind="upkeep", status="done", done_at=noon - timedelta(days=100 - days))
    four = (
        desk.open("/overview")
        .words.partition("What was done, and in how many days")[2]
        .partition("Take it with you")[0]
    )
    assert four.count("Four so far: too few to say how long it takes") == 2
    assert not re.search(r"\d+ days", four), "no number that few could be taken for a measure"
    made(plan, desk, kind="project", status="done", done_at=noon - timedelta(days=10))
    five = desk.open("/overview").words.partition("What was done, and in how many days")[2]
    assert "All kinds 5 30 days 10 to 90 days" in five
    assert "Upkeep, now Four so far" in five
    assert "Larger project One so far" in five


def test_filters_hold_for_the_page_and_its_files_alike(plan: Plan, desk: Paper) -> None:
    vej = plan.partner("Vej")
    made(plan, desk, partner_id=vej.id)
    made(plan, desk, 2, partner_id=None, status="refused", reason="Det er en privat vej.")
    again(plan, "I Gug", area="Gug", starts_at=now() - timedelta(days=800))
    assert "2 walks, 3 measures." in desk.open("/overview").words
    for query, told, number in (
        ("area=Gug", "1 walk, 0 measures.", 0),
        (f"year={now().year}", "1 walk, 3 measures.", 3),
        (f"partner={vej.id}", "2 walks, 1 measure.", 1),
        ("partner=nobody", "2 walks, 2 measures.", 2),
        ("status=refused", "2 walks, 2 measures.", 2),
        ("partner=nobody&status=open", "2 walks, 0 measures.", 0),
        ("year=to&status=%00&area=", "2 walks, 3 measures.", 3),
        ("area=Ingen", "0 walks, 0 measures.", 0),
    ):
        page = desk.open(f"/overview?{query}")
        assert page.status == 200
        assert told in page.words, query
        assert len(rows(desk, f"/overview/measures.csv?{query}")) == number, query
        assert f"/overview/measures.csv?{query}".replace("&", "&amp;") in page.page or query.startswith("year=to")


def test_nothing_is_ranked_and_the_small_print_says_so(plan: Plan, desk: Paper) -> None:
    before = again(plan, "A-vej", starts_at=now() - timedelta(days=9))
    for _number in range(6):
        note(plan, before, valence="unsafe")
    page = desk.open("/overview").words
    assert "No area gets a score, and none is ranked" in page
    assert page.index(plan.stage.walk.title) < page.index("A-vej"), "the newest first, whatever was felt"
    for order in ("sort", "order", "rank"):
        assert f"{order}=" not in desk.page


def test_what_people_typed_runs_as_no_formula_and_as_no_page(plan: Plan, desk: Paper) -> None:
    made(plan, desk, place="=HYPERLINK(1)", problem="<script>alert(1)</script>")
    [row] = rows(desk, "/overview/measures.csv")
    assert row["place"] == "'=HYPERLINK(1)"
    assert "<script>alert" not in desk.open("/overview").page


@pytest.mark.parametrize("crs", ["4326", "25832"])
def test_gdal_opens_the_measures_where_they_are(plan: Plan, desk: Paper, tmp_path: Path, crs: str) -> None:
    made(plan, desk, lat=57.0488, lon=9.9217, place="Tunnelen")
    made(plan, desk, lat=None, lon=None, stop_id=None)
    reply = desk.http.get(f"/overview/measures.geojson?crs={crs}")
    assert reply.headers["content-type"] == "application/geo+json"
    file = tmp_path / "tiltag.geojson"
    file.write_bytes(reply.content)
    told = subprocess.run(["ogrinfo", "-al", "-so", str(file)], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stderr) == (0, "")
    assert "Feature Count: 2" in told.stdout
    assert f'ID["EPSG",{crs}]]' in told.stdout
    again_ = subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", "-t_srs", "EPSG:4326", "/vsistdout/", str(file)], capture_output=True, text=True, timeout=60
    )  # fmt: skip
    [placed, nowhere] = json.loads(again_.stdout)["features"]
    assert placed["geometry"]["coordinates"] == pytest.approx([9.9217, 57.0488], abs=1e-6)
    assert (placed["properties"]["place"], nowhere["geometry"]) == ("Tunnelen", None)


@pytest.mark.usefixtures("every_database")
def test_it_asks_as_many_questions_of_two_walks_as_of_forty(plan: Plan, desk: Paper) -> None:
    """Counted on this thread: what works in the background asks too."""
    asked: list[str] = []
    here = threading.get_ident()
    listen = lambda *told: asked.append(told[2]) if threading.get_ident() == here else None  # noqa: E731
    event.listen(plan.stage.db.engine, "before_cursor_execute", listen)
    counted = []
    for after, more in ((0, 2), (2, 38)):
        with plan.stage.db.write() as tx:
            home = tx.exec(select(Organisation).where(Organisation.name == HOME)).one()
            user = tx.exec(select(User).where(User.email == plan.emails[0])).one()
            fill(tx, home.id, user, walks=more, notes=10 * more, measures=8 * more, after=after)
        with plan.stage.db.read() as tx:
            roles = tx.exec(select(Membership).where(Membership.user_id == user.id)).all()
            asked.clear()
            found = look(tx, Person(user, tuple(roles)), Asked(), now())
            counted.append(list(asked))
        assert len(found.walks) == 1 + after + more
    assert counted[0] == counted[1]
    assert len(counted[0]) <= 9


def test_the_overview_of_200_walks_10000_notes_and_1000_measures_takes_half_a_second(plan: Plan, desk: Paper) -> None:
    with plan.stage.db.write() as tx:
        home = tx.exec(select(Organisation).where(Organisation.name == HOME)).one()
        by = tx.exec(select(User)).first()
        assert by
        fill(tx, home.id, by, walks=200, notes=10_000, measures=1_000)
    desk.open("/overview")
    taken = []
    for _time in range(3):
        began = time.process_time()
        assert desk.open("/overview").status == 200
        taken.append(time.process_time() - began)
    assert "201 walks, 1000 measures." in desk.words
    print(
        f"the overview of 200 walks, 10,000 notes, 1,000 measures: {min(taken):.3f} s of the processor, {len(desk.page)} characters"
    )
    assert min(taken) < FEW_SECONDS


def test_on_paper_every_row_stands_and_a_page_that_holds_the_first_ones_says_so(plan: Plan, desk: Paper) -> None:
    assert "data-whole" not in desk.open("/overview").page, "all there is stands on it"
    with plan.stage.db.write() as tx:
        home = tx.exec(select(Organisation).where(Organisation.name == HOME)).one()
        by = tx.exec(select(User)).first()
        assert by
        fill(tx, home.id, by, walks=30, notes=60, measures=60)
    page = desk.open("/overview?status=open").page
    assert 'data-whole="/overview?status=open&amp;whole=all#print"' in page
    assert "The first 20 of 31. “Print” on the page prints all of them." in desk.words
    assert page.count('aria-label="Read the report:') == 20
    whole = desk.open("/overview?status=open&whole=all").page
    assert whole.count('aria-label="Read the report:') == 31
    assert "data-whole" not in whole
    assert "The first" not in desk.words
