"""Two maps side by side: like beside like, one scale, few voices in words, and only walks that belong together."""

from collections.abc import Callable
from typing import Any

import pytest

from app.models import Organisation, Stop, Walk
from app.report import comparison
from app.report.report import build
from tests.cast import Stage
from tests.report.conftest import Desk
from tests.report.test_page import text_of


def compare(desk: Desk, query: str = "") -> Any:
    return desk.get(f"/comparison{query}", headers={"Accept-Language": "da"})


def told(desk: Desk, query: str = "") -> str:
    answer = compare(desk, query)
    assert answer.status_code == 200, answer.text
    return text_of(answer.text)


@pytest.fixture
def again(stage: Stage) -> Callable[..., Walk]:
    """A walk that follows the stage's, with the first of its stops."""

    def do(kind: str = "pair", **given: Any) -> Walk:
        with stage.db.write() as tx:
            home = tx.get_one(Walk, stage.walk.id).organisation_id
        given = {"organisation_id": home, "follows_id": stage.walk.id, "follows_as": kind} | given
        walk = stage.another_walk(**given)
        with stage.db.write() as tx:
            tx.add(Stop(walk_id=walk.id, number=1, name="Kilden", lat=57.04, lon=9.98))
        return walk

    return do


def noted(stage: Stage, number: int, valence: str, walk: Walk | None = None, **content: Any) -> None:
    phone = stage.phone(walk)
    for _ in range(number):
        assert phone.put(phone.note(valence=valence, **content)).status_code == 201


@pytest.mark.usefixtures("every_database")
def test_safe_stands_beside_unsafe_and_few_voices_are_words(stage: Stage, desk: Desk) -> None:
    noted(stage, 6, "safe", stop_id=stage.stops[0].id)
    noted(stage, 2, "unsafe", stop_id=stage.stops[1].id)
    page = told(desk)
    assert "Tryg 6 noter med et sted." in page
    assert "Utryg Færre end fem noter: Hver af dem er vist, og vi tæller dem ikke." in page
    assert "1 Kilden 6 0" in page
    assert "2 Tunnelen Få stemmer Få stemmer" in page
    assert "Mellem stoppene ingen noter" in page
    markup = compare(desk).text
    assert markup.count("<tryg-map") == 2
    assert 'valence="safe" full="6"' in markup, "six notes at one place are the darkest"
    assert 'valence="unsafe" src=' in markup, "few notes are no colour"


@pytest.mark.usefixtures("every_database")
def test_two_walks_that_belong_together_stand_side_by_side_the_earlier_first(
    stage: Stage, desk: Desk, again: Callable[..., Walk]
) -> None:
    later = again(title="Et år efter", kind="return")
    kilden = {"stop_id": stage.stops[0].id}
    noted(stage, 5, "unsafe", **kilden)
    noted(stage, 4, "unsafe", later)
    assert "Med: Et år efter" in told(desk)
    page = told(desk, f"?with={later.id}")
    assert page.index("Første gang Aftenvandring i Aalborg Øst") < page.index("Anden gang Et år efter")
    assert "5 noter med et sted." in page
    assert "Færre end fem noter" in page
    assert "1 Kilden Tryg 0 Både-og 0 Utryg 5 ingen noter" in page
    assert "Tunnelen ingen noter Ikke med på denne vandring" in page
    assert "Ingen noter med et sted." in told(desk, f"?with={later.id}&valence=safe")
    assert "Første gang Aftenvandring" in told(
        Desk(Stage(stage.app, stage.http, later, []), desk.headers), f"?with={stage.walk.id}"
    )


def test_where_the_light_differed_it_is_said(stage: Stage, desk: Desk, again: Callable[..., Walk]) -> None:
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).light = "dark"
    by_day, in_the_dark = again(light="daylight"), again(light="dark", kind="return")
    page = told(desk, f"?with={by_day.id}")
    assert "Forskellen her kan være lyset alene." in page
    assert page.index("I mørke") < page.index("I dagslys")
    assert "lyset alene" not in told(desk, f"?with={in_the_dark.id}")


def test_only_walks_that_belong_together_and_are_for_the_reader_are_there(
    stage: Stage, desk: Desk, desk_of: Callable[..., Desk], again: Callable[..., Walk]
) -> None:
    with stage.db.write() as tx:
        tx.add(foreign := Organisation(name="Odense Kommune"))
        tx.flush()
        foreign_id = foreign.id
    unrelated, elsewhere = (
        stage.another_walk(title="Noget andet"),
        again(title="Odense i mørke", organisation_id=foreign_id),
    )
    assert "Odense i mørke" not in told(desk)
    for walk_id in (unrelated.id, elsewhere.id, stage.walk.id, "x", "%00"):
        assert compare(desk, f"?with={walk_id}").status_code == 404, walk_id
    assert compare(desk, "?valence=mixed").status_code == 422
    assert compare(desk_of("partner")).status_code == 403
    assert compare(desk_of("coordinator", "Odense Kommune")).status_code == 404
    assert stage.http.get(f"/walks/{stage.walk.id}/report/comparison", follow_redirects=False).status_code in (303, 401)


def test_sensitive_notes_are_not_even_counted_for_who_may_not_read_them(
    stage: Stage, desk_of: Callable[..., Desk]
) -> None:
    noted(stage, 6, "unsafe", factors=["behaviour.groups"])
    assert "6 noter med et sted" in told(desk_of("coordinator"))
    assert "6 noter" not in told(desk_of("organiser"))


def test_both_maps_are_as_dark_as_the_fullest_place_on_either(stage: Stage, again: Callable[..., Walk]) -> None:
    later = again()
    near = {"lat": 57.04, "lon": 9.98, "accuracy_m": 5}
    noted(stage, 9, "unsafe", fix=near)
    for n in range(3):
        noted(stage, 1, "unsafe", later, fix=near | {"lat": 57.05 + n / 1000})
    with stage.db.read() as tx:
        reports = [build(tx, walk.id, sensitive=True, base_url="") for walk in (stage.walk, later)]
    assert comparison.of_two(*reports, "unsafe").full == 9
    assert comparison.of_two(*reports, "safe").full == 5, "never darker for fewer than five"


def test_two_stops_of_one_name_are_told_apart_by_where_they_are(
    stage: Stage, desk: Desk, again: Callable[..., Walk]
) -> None:
    """Of the later walk's two tunnels the first is the earlier walk's second one."""
    later = again()
    with stage.db.write() as tx:
        old = [
            Stop(walk_id=stage.walk.id, number=n, name="Ved tunnelen", lat=57.05 + n / 100, lon=9.98) for n in (3, 4)
        ]
        new = [Stop(walk_id=later.id, number=n, name="Ved tunnelen", lat=57.12 - n / 100, lon=9.98) for n in (2, 3, 4)]
        tx.add_all([*old, *new])
    noted(stage, 5, "unsafe", stop_id=old[0].id)
    noted(stage, 6, "unsafe", stop_id=old[1].id)
    noted(stage, 7, "unsafe", later, stop_id=new[2].id)
    with stage.db.read() as tx:
        earlier, since = (build(tx, walk.id, sensitive=True, base_url="") for walk in (stage.walk, later))
    rows = {
        row.number: row.notes for row in comparison.of_two(earlier, since, "unsafe").rows if row.name == "Ved tunnelen"
    }
    counted = {number: [None if side is None else side["unsafe"] for side in notes] for number, notes in rows.items()}
    assert counted == {2: [None, 0], 3: [6, 0], 4: [5, 7]}


def test_where_no_place_is_known_the_order_tells_two_stops_of_one_name_apart(
    stage: Stage, again: Callable[..., Walk]
) -> None:
    later = again()
    with stage.db.write() as tx:
        for walk_id in (stage.walk.id, later.id):
            tx.add_all([Stop(walk_id=walk_id, number=n, name="Ved tunnelen") for n in (3, 4)])
    with stage.db.read() as tx:
        reports = [build(tx, walk.id, sensitive=True, base_url="") for walk in (stage.walk, later)]
        stops = {stop.number: stop.id for stop in reports[0].stops}
    noted(stage, 5, "unsafe", stop_id=stops[3])
    with stage.db.read() as tx:
        reports = [build(tx, walk.id, sensitive=True, base_url="") for walk in (stage.walk, later)]
    rows = {
        row.number: row.notes[0] for row in comparison.of_two(*reports, "unsafe").rows if row.name == "Ved tunnelen"
    }
    assert {number: notes["unsafe"] for number, notes in rows.items() if notes is not None} == {3: 5, 4: 0}
