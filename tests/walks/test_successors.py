"""A walk made from an earlier one takes over its plan; a walk back asks where it was unsafe, and gives nobody away."""

from typing import Any

import pytest
from sqlmodel import select

from app.measures import changing
from app.measures.changing import By
from app.models import Ground, Measure, Observation, Stop, Team, User, Walk, new_id
from tests.access.conftest import Browser, add, hurry, signed_in, visitor
from tests.cast import Stage
from tests.measures.conftest import Plan
from tests.phone import Phone
from tests.walks.test_plan import SignedIn, desk, form, save

__all__ = ["add", "desk", "hurry", "signed_in", "visitor"]
pytestmark = pytest.mark.usefixtures("every_database")

ROUTE = {"type": "LineString", "coordinates": [[9.98, 57.04], [9.99, 57.05]]}


def made(stage: Stage, browser: Browser, kind: str, earlier: str = "") -> Walk:
    reply = browser.post(f"/walks/{earlier or stage.walk.id}/successors", data={"kind": kind})
    assert reply.status_code == 303, reply.text
    with stage.db.read() as tx:
        return tx.get_one(Walk, reply.headers["location"].split("/")[2])  # type: ignore[no-any-return]


def stops_of(stage: Stage, walk: Walk) -> list[Stop]:
    with stage.db.read() as tx:
        return list(tx.exec(select(Stop).where(Stop.walk_id == walk.id).order_by(Stop.number)).all())


def unsafe(phone: Phone, lat: float | None = None, lon: float = 9.98, **content: Any) -> None:
    """An unsafe note of the phone at a place."""
    fix = {"lat": lat, "lon": lon, "accuracy_m": 8.0, "source": "gps", "fixed_at": "2026-11-24T19:32:00+01:00"}
    note = phone.note(valence="unsafe", note="Anna fra nr. 4 er bange.", **({"fix": fix if lat else None} | content))
    assert phone.put(note).status_code in (200, 201)


@pytest.fixture
def whole(stage: Stage) -> Stage:
    """The stage's walk with all that a plan can hold."""
    with stage.db.write() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
        walk.route, walk.purpose, walk.meeting_point, walk.contacts = ROUTE, "Lys og stier", "Kilden", "Ida 12 34 56 78"
        walk.light, walk.invited = "dark", ["resident"]
        tx.add(
            Team(
                walk_id=walk.id,
                name="Hold 1",
                stop_ids=[stage.stops[1].id, stage.stops[0].id],
                duties={"leader": "Ida"},
            )
        )
    return stage


@pytest.mark.parametrize("kind", ["template", "return", "pair"])
def test_words_route_stops_and_teams_are_taken_over_and_no_date(whole: Stage, desk: Browser, kind: str) -> None:
    save(desk, whole.walk.id, form(whole, desk) | {"day": "2026-11-26", "begins": "19:00"})
    walk = made(whole, desk, kind)
    assert (walk.state, walk.starts_at, walk.route, walk.purpose) == ("planned", None, ROUTE, "Lys og stier")
    assert (walk.meeting_point, walk.contacts, walk.invited) == ("Kilden", "Ida 12 34 56 78", ["resident"])
    assert (walk.organisation_id, walk.code != whole.walk.code) == (whole.walk.organisation_id, True)
    stops = stops_of(whole, walk)
    assert [(stop.number, stop.name, stop.prompt, stop.lat) for stop in stops] == [
        (1, "Kilden", "", 57.04), (2, "Tunnelen", "Er der en anden vej?", None)]  # fmt: skip
    assert not {stop.id for stop in stops} & {stop.id for stop in whole.stops}
    with whole.db.read() as tx:
        [team] = tx.exec(select(Team).where(Team.walk_id == walk.id)).all()
    assert (team.name, team.stop_ids, team.duties) == ("Hold 1", [stops[1].id, stops[0].id], {})
    follows = (None, None) if kind == "template" else (whole.walk.id, kind)
    assert (walk.follows_id, walk.follows_as) == follows
    with whole.db.read() as tx:
        earlier = tx.get_one(Walk, whole.walk.id)
    assert (earlier.state, earlier.title) == ("open", "Aftenvandring i Aalborg Øst")


def test_a_pair_is_walked_in_the_other_light_and_its_plan_leads_to_the_first(whole: Stage, desk: Browser) -> None:
    walk = made(whole, desk, "pair")
    assert (walk.light, walk.title) == ("daylight", "Aftenvandring i Aalborg Øst – i dagslys")
    page = desk.get(f"/walks/{walk.id}/plan").text
    assert "Denne vandring går samme rute i et andet lys." in page
    assert f'<a href="/walks/{whole.walk.id}/report">Aftenvandring i Aalborg Øst' in page
    assert made(whole, desk, "pair", walk.id).light == "dark"
    assert form(whole, desk, walk.id)["light"] == "daylight"  # a day for it changes nothing about that


def test_a_walk_back_asks_at_each_stop_where_it_was_unsafe(whole: Stage, desk: Browser) -> None:
    phone = whole.phone()
    for _ in range(3):
        unsafe(phone, stop_id=whole.stops[1].id)
    unsafe(phone, 57.0401)  # 11 m from Kilden
    phone.put(phone.note(valence="safe", stop_id=whole.stops[0].id))
    walk = made(whole, desk, "return")
    kilden, tunnel = stops_of(whole, walk)
    assert kilden.prompt == "Sidst: 1 note om utryghed. Er det blevet bedre?"
    assert tunnel.prompt == "Sidst: 3 noter om utryghed. Er det blevet bedre? Er der en anden vej?"
    assert "Denne vandring går tilbage til en tidligere." in desk.get(f"/walks/{walk.id}/plan").text
    assert "Anna" not in desk.get(f"/walks/{walk.id}/plan").text
    with whole.db.write() as tx:
        tx.get_one(Walk, walk.id).state = "open"
    unsafe(whole.phone(walk), stop_id=kilden.id)
    again, _tunnel = stops_of(whole, made(whole, desk, "return", walk.id))
    assert again.prompt == "Sidst: 1 note om utryghed. Er det blevet bedre?"  # not asked twice


def test_places_that_were_unsafe_and_had_no_stop_become_stops_beside_the_nearest(whole: Stage, desk: Browser) -> None:
    phone = whole.phone()
    with whole.db.write() as tx:
        tunnel = tx.get_one(Stop, whole.stops[1].id)
        tunnel.lat, tunnel.lon = 57.05, 9.98
    for lat in (57.0410, 57.04105, 57.0411):  # three within some ten metres, 110 m from Kilden
        unsafe(phone, lat)
    unsafe(phone, 57.0510, pin={"lat": 57.0520, "lon": 9.98})  # where a hand put it
    unsafe(phone, 57.0460, fix={"lat": 57.046, "lon": 9.98, "accuracy_m": 900.0, "source": "gps",
                                "fixed_at": "2026-11-24T19:32:00+01:00"})  # fmt: skip
    stops = stops_of(whole, made(whole, desk, "return"))
    assert [(stop.number, stop.name) for stop in stops] == [
        (1, "Kilden"), (2, "Utrygt sidst 1"), (3, "Tunnelen"), (4, "Utrygt sidst 2")]  # fmt: skip
    assert stops[1].lat == pytest.approx(57.04105)
    assert stops[1].prompt == "Sidst: 3 noter om utryghed. Er det blevet bedre?"
    assert stops[3].lat == pytest.approx(57.0520)


def test_sensitive_and_deleted_notes_leave_no_trace_in_the_next_plan(whole: Stage, desk: Browser) -> None:
    phone = whole.phone()
    unsafe(phone, stop_id=whole.stops[0].id, factors=["behaviour.harassment"])
    unsafe(phone, 57.06, factors=["behaviour.harassment"])
    gone = phone.note(valence="unsafe", stop_id=whole.stops[0].id)
    phone.put(gone)
    phone.edit(gone, deleted=True)
    phone.put(gone)
    stops = stops_of(whole, made(whole, desk, "return"))
    assert [stop.prompt for stop in stops] == ["", "Er der en anden vej?"]


def test_no_more_than_twenty_places_become_stops_the_most_often_noted_first(whole: Stage, desk: Browser) -> None:
    phone = whole.phone()
    for n in range(22):
        for _ in range(1 if n < 2 else 2):
            unsafe(phone, 57.05 + n / 1000)
    stops = stops_of(whole, made(whole, desk, "return"))
    assert len(stops) == 22
    assert all("2 noter" in stop.prompt for stop in stops if stop.name.startswith("Utrygt sidst"))


def test_a_new_walk_begins_with_an_earlier_one_from_the_page_for_new_walks(whole: Stage, desk: Browser) -> None:
    page = desk.get("/walks/new").text
    assert f'<option value="{whole.walk.id}">Aftenvandring i Aalborg Øst' in page
    reply = desk.post("/walks/new", data={"from": whole.walk.id, "kind": "template", "title": "Forår"})
    with whole.db.read() as tx:
        walk = tx.get_one(Walk, reply.headers["location"].split("/")[2])
    assert (walk.title, walk.route) == ("Forår", ROUTE)


def test_only_those_who_plan_the_earlier_walk_make_another_from_it(
    whole: Stage, visitor: Browser, signed_in: SignedIn, desk: Browser
) -> None:
    path = f"/walks/{whole.walk.id}/successors"
    assert visitor.post(path, data={"kind": "return"}).status_code == 401
    stranger = signed_in("coordinator", "Randers Kommune", email="r@example.org")
    assert stranger.post(path, data={"kind": "return"}).status_code == 404
    assert stranger.post("/walks/new", data={"from": whole.walk.id, "kind": "return"}).status_code == 404
    assert whole.walk.id not in stranger.get("/walks/new").text
    partner = signed_in("partner", "Aalborg Kommune", email="p@example.org")
    assert partner.post(path, data={"kind": "return"}).status_code == 403
    assert desk.post(path, data={"kind": "return"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert desk.post(path, data={"kind": "wish"}).status_code == 422
    with whole.db.write() as tx:
        tx.get_one(Walk, whole.walk.id).state = "archived"
    assert desk.post(path, data={"kind": "return"}).status_code == 410


class TestMeasures:
    """What was promised after the earlier walk is asked about on the way back."""

    @pytest.fixture
    def plan(self, whole: Stage) -> Plan:
        return Plan(whole, whole.phone())

    def promised(
        self, plan: Plan, *, released: bool = True, stop: int | None = 2, content: Any = None, **fields: Any
    ) -> str:
        """A measure on one note, with no place but its stop's."""
        given = {"valence": "safe", "stop_id": plan.stage.stops[stop - 1].id if stop else None} | (content or {})
        note_id = plan.note(released=released, **given)
        with plan.stage.db.write() as tx:
            user = tx.exec(select(User)).first()
            assert user
            stop_id = plan.stage.stops[stop - 1].id if stop else None
            wanted = {
                "place": "Tunnelen",
                "problem": "Mørkt",
                "measure": "Lampen skiftes",
                "kind": "upkeep",
                "stop_id": stop_id,
            }
            walk = tx.get_one(Walk, plan.stage.walk.id)
            made = changing.make(tx, walk, new_id(), [note_id], wanted | fields, By(user.id))
            return str(made.id)

    def test_each_is_asked_about_at_its_stop_with_what_was_promised_and_the_answer(
        self, plan: Plan, desk: Browser
    ) -> None:
        self.promised(plan, status="done", answer="Ny lampe 8. december.")
        unsafe(plan.phone, stop_id=plan.stage.stops[1].id)
        self.promised(plan, stop=1, measure="Hækken klippes")
        kilden, tunnel = stops_of(plan.stage, made(plan.stage, desk, "return"))
        assert kilden.prompt == "Sidst: Tiltag 2: Hækken klippes. Foreslået. Er det blevet bedre?"
        assert tunnel.prompt == (
            "Sidst: 1 note om utryghed. Tiltag 1: Lampen skiftes. Udført. »Ny lampe 8. december.« "
            "Er det blevet bedre? Er der en anden vej?"
        )

    def test_one_that_has_no_stop_becomes_a_stop_where_it_is(self, plan: Plan, desk: Browser) -> None:
        self.promised(plan, stop=None, lat=57.06, lon=9.98, place="Bænken ved åen")
        self.promised(plan, stop=None, lat=57.0401, lon=9.98)  # 11 m from Kilden
        self.promised(plan, stop=None, place="Ved skolen")
        unsafe(plan.phone, 57.0601)
        stops = stops_of(plan.stage, made(plan.stage, desk, "return"))
        assert [(stop.name, stop.lat) for stop in stops] == [
            ("Kilden", 57.04), ("Bænken ved åen", pytest.approx(57.06005)), ("Tunnelen", None), ("Ved skolen", None)]  # fmt: skip
        assert stops[0].prompt.startswith("Sidst: Tiltag 2: Lampen skiftes.")
        assert stops[1].prompt.startswith("Sidst: 1 note om utryghed. Tiltag 1: Lampen skiftes.")

    def test_where_its_stop_was_taken_away_or_moved_its_own_place_or_the_stop_counts(
        self, plan: Plan, desk: Browser
    ) -> None:
        self.promised(plan, lat=57.06, lon=9.98)
        with plan.stage.db.write() as tx:
            stop = tx.get_one(Stop, plan.stage.stops[1].id)
            stop.name, stop.lat, stop.lon = "Undergangen", 57.09, 9.98
        assert stops_of(plan.stage, made(plan.stage, desk, "return"))[1].prompt.startswith("Sidst: Tiltag 1")
        with plan.stage.db.write() as tx:
            tx.delete(tx.get_one(Stop, plan.stage.stops[1].id))
        _kilden, own = stops_of(plan.stage, made(plan.stage, desk, "return"))
        assert (own.name, own.lat) == ("Tunnelen", 57.06)

    @pytest.mark.parametrize(
        "note",
        [
            {"factors": ["behaviour.harassment"]},
            {"note": "Ring til Per på 20 30 40 50."},
            {"deleted": True},
            {"hidden": True},
        ],
    )
    def test_what_rests_on_nothing_that_may_be_told_leaves_no_trace(
        self, plan: Plan, desk: Browser, note: dict[str, Any]
    ) -> None:
        words = {name: value for name, value in note.items() if name not in ("deleted", "hidden")}
        measure_id = self.promised(plan, stop=None, lat=57.06, lon=9.98, content=words)
        with plan.stage.db.write() as tx:
            [note_id] = tx.exec(select(Ground.observation_id).where(Ground.measure_id == measure_id)).all()
            seen = tx.get_one(Observation, note_id)
            seen.deleted, seen.hidden = "deleted" in note, "hidden" in note
        stops = stops_of(plan.stage, made(plan.stage, desk, "return"))
        assert [stop.prompt for stop in stops] == ["", "Er der en anden vej?"]

    def test_words_that_nobody_has_released_or_that_name_somebody_stay_behind(self, plan: Plan, desk: Browser) -> None:
        self.promised(plan, released=False, measure="Tal med ham på hjørnet", answer="Er gjort")
        self.promised(
            plan, stop=1, measure="Ring til Ida på 20 30 40 50", answer="Anna bor på Birkevej 12", status="doing"
        )
        kilden, tunnel = stops_of(plan.stage, made(plan.stage, desk, "return"))
        assert kilden.prompt == "Sidst: Tiltag 2: I gang. Er det blevet bedre?"
        assert tunnel.prompt == "Sidst: Tiltag 1: Foreslået. Er det blevet bedre? Er der en anden vej?"

    def test_what_a_note_no_longer_says_is_in_no_question_of_the_walk_back(self, plan: Plan, desk: Browser) -> None:
        said = "Bed ham i det røde hus om at flytte bilen."
        self.promised(plan, measure=said, content={"suggestion": said})
        with plan.stage.db.write() as tx:
            note = tx.exec(select(Observation)).one()
            note.shown = {"rev": 1, "suggestion": "Bed […] om at flytte bilen."}
        prompt = stops_of(plan.stage, made(plan.stage, desk, "return"))[1].prompt
        assert prompt == "Sidst: Tiltag 1: Foreslået. Er det blevet bedre? Er der en anden vej?"

    def test_what_is_removed_unmarked_or_not_possible_is_not_asked_about_unless_it_is_marked(
        self, plan: Plan, desk: Browser
    ) -> None:
        gone = self.promised(plan)
        self.promised(plan, revisit=False)
        impossible = self.promised(plan, kind="impossible", reason="Et fortidsminde")
        refused = self.promised(plan)
        with plan.stage.db.write() as tx:
            by = By(tx.exec(select(User.id)).first())
            changing.remove(tx, tx.get_one(Measure, gone), by)
            changing.change(tx, tx.get_one(Measure, refused), 1, {"status": "refused", "reason": "For dyrt"}, by)
        assert stops_of(plan.stage, made(plan.stage, desk, "return"))[1].prompt == "Er der en anden vej?"
        with plan.stage.db.write() as tx:
            held = tx.get_one(Measure, impossible)
            changing.change(tx, held, held.version, {"revisit": True}, by)
            changing.change(tx, tx.get_one(Measure, refused), 2, {"status": "doing"}, by)
        prompt = stops_of(plan.stage, made(plan.stage, desk, "return"))[1].prompt
        assert "Tiltag 3: Lampen skiftes. Ikke muligt. »Et fortidsminde«" in prompt
        assert "Tiltag 4: Lampen skiftes. I gang." in prompt
        assert "Tiltag 1" not in prompt
        assert "Tiltag 2" not in prompt

    def test_a_question_stays_short_enough_to_be_kept_and_names_what_it_leaves_out(
        self, plan: Plan, desk: Browser
    ) -> None:
        for _ in range(12):
            self.promised(plan, measure="Lampen skiftes af nogen fra vejvæsenet " * 5, answer="Vi kommer snart. " * 100)
        walk = made(plan.stage, desk, "return")
        prompt = stops_of(plan.stage, walk)[1].prompt
        assert len(prompt) <= 500
        assert "Og tiltag 2, 3, 4, 5, 6 … Er det blevet bedre?" in prompt
        reply = save(desk, walk.id, form(plan.stage, desk, walk.id))
        assert reply.status_code in (200, 303), reply.text

    def test_a_walk_back_from_a_walk_back_asks_anew_and_only_about_that_one(self, plan: Plan, desk: Browser) -> None:
        self.promised(plan)
        unsafe(plan.phone, 57.06)
        first = made(plan.stage, desk, "return")
        assert [stop.name for stop in stops_of(plan.stage, first)] == ["Kilden", "Utrygt sidst 1", "Tunnelen"]
        with plan.stage.db.write() as tx:
            tx.get_one(Walk, first.id).state = "open"
        unsafe(plan.stage.phone(first), 57.08)
        again = stops_of(plan.stage, made(plan.stage, desk, "return", first.id))
        assert [(stop.name, stop.prompt) for stop in again] == [
            ("Kilden", ""), ("Utrygt sidst 1", ""), ("Utrygt sidst 2", "Sidst: 1 note om utryghed. Er det blevet bedre?"),
            ("Tunnelen", "Er der en anden vej?")]  # fmt: skip

    def test_places_with_a_promise_come_before_places_without_where_there_are_too_many(
        self, plan: Plan, desk: Browser
    ) -> None:
        for n in range(22):
            unsafe(plan.phone, 57.05 + n / 1000)
        self.promised(plan, stop=None, lat=57.2, lon=9.98, place="Langt væk")
        stops = stops_of(plan.stage, made(plan.stage, desk, "return"))
        assert len(stops) == 22
        assert "Langt væk" in [stop.name for stop in stops]
