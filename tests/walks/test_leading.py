"""Whose walk it is: who leads one reads and plans it, and other organisers do not even see that it exists."""

from typing import Any

import pytest
from sqlalchemy import event

from app.access import people, signin
from app.models import Leading, User, Walk
from app.walks import leaders
from tests.access.conftest import Browser
from tests.cast import Stage

OURS = "Aalborg Kommune"


@pytest.fixture
def organiser(stage: Stage) -> Any:
    """Makes organisers of the walk's organisation, signed in: `organiser("ida")`."""

    def do(name: str, role: str = "organiser", organisation: str = OURS) -> Browser:
        browser = Browser(stage)
        with stage.db.write() as tx:
            user = people.add(tx, f"{name}@samraad.example", role, organisation)
            link = signin.new_link(tx, user, "http://testserver")
        browser.open_link(link)
        return browser

    return do


def user(stage: Stage, name: str) -> User:
    with stage.db.read() as tx:
        found = people.by_email(tx, f"{name}@samraad.example")
    assert found
    return found


def lead(stage: Stage, name: str, walk: Walk | None = None) -> None:
    with stage.db.write() as tx:
        leaders.add(tx, walk or stage.walk, user(stage, name))


def test_a_walk_that_nobody_leads_is_every_organisers(stage: Stage, organiser: Any) -> None:
    for name in ("ida", "bo"):
        assert organiser(name).get(f"/walks/{stage.walk.id}/plan").status_code == 200


def test_other_organisers_do_not_see_a_walk_that_somebody_leads(stage: Stage, organiser: Any) -> None:
    ida, bo = organiser("ida"), organiser("bo")
    lead(stage, "ida")
    for path in ("plan", "report", "report.csv", "leaders"):
        assert ida.get(f"/walks/{stage.walk.id}/{path}").status_code == 200, path
        assert bo.get(f"/walks/{stage.walk.id}/{path}").status_code == 404, path
    assert stage.walk.title in ida.get("/").text
    assert stage.walk.title not in bo.get("/").text


@pytest.mark.parametrize("role", ["coordinator", "admin"])
def test_coordinators_and_admins_keep_every_walk(stage: Stage, organiser: Any, role: str) -> None:
    organiser("ida")
    lead(stage, "ida")
    assert organiser("tove", role).get(f"/walks/{stage.walk.id}/plan").status_code == 200


def test_leading_is_worth_nothing_without_a_role_there(stage: Stage, organiser: Any) -> None:
    stranger = organiser("sven", organisation="Randers Kommune")
    lead(stage, "sven")
    assert stranger.get(f"/walks/{stage.walk.id}/plan").status_code == 404


def test_whoever_makes_a_walk_leads_it(stage: Stage, organiser: Any) -> None:
    ida, bo = organiser("ida"), organiser("bo")
    made = ida.post("/walks/new", data={"title": "Idas vandring"}).headers["location"]
    assert ida.get(made).status_code == 200
    assert bo.get(made).status_code == 404
    assert "Idas vandring" not in bo.get("/").text


def test_a_leader_adds_another_who_then_plans_it_too(stage: Stage, organiser: Any) -> None:
    ida, bo = organiser("ida"), organiser("bo")
    lead(stage, "ida")
    reply = ida.post(f"/walks/{stage.walk.id}/leaders", data={"email": " Bo@Samraad.example "})
    assert reply.status_code == 303
    assert "bo@samraad.example" in ida.get(reply.headers["location"]).text
    assert bo.get(f"/walks/{stage.walk.id}/plan").status_code == 200


def test_adding_somebody_twice_does_it_once(stage: Stage, organiser: Any) -> None:
    ida = organiser("ida")
    organiser("bo")
    for _time in range(2):
        reply = ida.post(f"/walks/{stage.walk.id}/leaders", data={"email": "bo@samraad.example"})
        assert reply.status_code == 303
    with stage.db.read() as tx:
        assert [one.email.partition("@")[0] for one in leaders.of(tx, stage.walk)] == ["bo", "ida"]


def test_naming_somebody_on_everybodys_walk_does_not_shut_oneself_out(stage: Stage, organiser: Any) -> None:
    ida, eva, tove = organiser("ida"), organiser("eva"), organiser("tove", "coordinator")
    organiser("bo")
    ida.post(f"/walks/{stage.walk.id}/leaders", data={"email": "bo@samraad.example"})
    assert ida.get(f"/walks/{stage.walk.id}/plan").status_code == 200
    assert eva.get(f"/walks/{stage.walk.id}/plan").status_code == 404
    another = stage.another_walk(organisation_id=stage.walk.organisation_id)
    tove.post(f"/walks/{another.id}/leaders", data={"email": "bo@samraad.example"})
    with stage.db.read() as tx:  # a coordinator needs no place there
        assert [one.email for one in leaders.of(tx, another)] == ["bo@samraad.example"]


@pytest.mark.parametrize("email", ["nobody@samraad.example", "sven@samraad.example", "pia@samraad.example", "x", ""])
def test_who_does_not_plan_walks_here_cannot_be_added_and_all_are_told_alike(
    stage: Stage, organiser: Any, email: str
) -> None:
    ida = organiser("ida")
    organiser("sven", organisation="Randers Kommune")
    organiser("pia", role="partner")
    reply = ida.post(f"/walks/{stage.walk.id}/leaders", data={"email": email})
    assert reply.status_code == 422
    assert "Ingen med den adresse planlægger vandringer her." in reply.text


def test_the_last_leader_does_not_give_the_walk_away_by_going(stage: Stage, organiser: Any) -> None:
    ida = organiser("ida")
    lead(stage, "ida")
    gone = f"/walks/{stage.walk.id}/leaders/{user(stage, 'ida').id}/removal"
    reply = ida.post(gone)
    assert reply.status_code == 422
    assert "Du er den sidste" in reply.text
    organiser("bo")
    lead(stage, "bo")
    left = ida.post(gone)
    assert (left.status_code, left.headers["location"]) == (303, "/")
    assert ida.get(f"/walks/{stage.walk.id}/plan").status_code == 404


def test_a_coordinator_may_take_the_last_leader_off(stage: Stage, organiser: Any) -> None:
    ida, tove = organiser("ida"), organiser("tove", "coordinator")
    lead(stage, "ida")
    for _time in range(2):
        reply = tove.post(f"/walks/{stage.walk.id}/leaders/{user(stage, 'ida').id}/removal")
        assert reply.headers["location"] == f"/walks/{stage.walk.id}/leaders"
    assert "Ingen er valgt endnu." in tove.get(reply.headers["location"]).text
    assert ida.get(f"/walks/{stage.walk.id}/plan").status_code == 200


def test_a_strange_sites_form_changes_nobody(stage: Stage, organiser: Any) -> None:
    ida = organiser("ida")
    lead(stage, "ida")
    there = f"/walks/{stage.walk.id}/leaders"
    for path in (there, f"{there}/{user(stage, 'ida').id}/removal"):
        assert ida.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    with stage.db.read() as tx:
        assert len(leaders.of(tx, stage.walk)) == 1


def test_the_list_of_walks_asks_once_however_many_there_are(stage: Stage, organiser: Any) -> None:
    ida = organiser("ida")
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    def queries(walks: int) -> int:
        for number in range(walks):
            walk = stage.another_walk(title=f"Vandring {number}", organisation_id=stage.walk.organisation_id)
            lead(stage, "ida", walk)
        asked.clear()
        assert ida.get("/").status_code == 200
        return len([statement for statement in asked if "leading" in statement])

    event.listen(stage.db.engine, "before_cursor_execute", count)
    assert queries(3) == queries(120) == 1
    with stage.db.read() as tx:
        assert len(tx.exec(Leading.__table__.select()).all()) == 123  # type: ignore[attr-defined]
