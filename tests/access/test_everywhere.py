"""Every route, with every name of a walk, tried by everybody who must not get at it: nothing is told, and no row changes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import col, delete, select, update

from app.access import people, signin
from app.access.guards import secret_hash
from app.measures import partners
from app.models import Membership, Partner, PartnerLink, User, UserSession, now
from app.models.columns import new_id
from tests.access.conftest import OURS
from tests.access.permissions import EVERYBODY, doors
from tests.access.worlds import World, bodies, kept, made
from tests.cast import Stage

REFUSED = {400, 401, 403, 404, 405, 410, 413, 415, 422}
# The one that signs somebody out everywhere comes last.
ROUTES = sorted(doors(), key=lambda one: one[1] == "/account/sessions/removal")
# Nobody needs a right for these, and their words are for whoever has the code: tests/walks/test_marks.py.
BY_CODE = {
    "/marks/{code}",
    "/marks/{code}/marks.geojson",
    "/marks/{code}/basemap.pmtiles",
    "/marks/{code}/tiles/{z}/{x}/{y}.mvt",
}


# Taking away what is not there is done already.
DONE_ALREADY = {"/walks/{walk_id}/leaders/{user_id}/removal"}


@dataclass
class Somebody:
    """`headers`: how they come; `home`: whose world they belong to, if any; `phone`: they are a walker there."""

    who: str
    headers: dict[str, str] = field(default_factory=dict)
    home: World | None = None


@dataclass
class Tried:
    requests: int = 0
    wrong: list[tuple[str, str, str, int]] = field(default_factory=list)


@pytest.fixture
def worlds(stage: Stage) -> tuple[World, World]:
    """Ours, which everybody wants to get at, and another."""
    return made(stage, "HEMMELIG-A", "Aalborg Kommune", 10), made(stage, "HEMMELIG-B", "Randers Kommune", 20)


Way = Callable[..., dict[str, str]]


@pytest.fixture
def signed(stage: Stage) -> Way:
    """The cookies of a person who signs in, as a header: `signed("coordinator", "Aalborg Kommune")`."""

    def way(role: str, organisation: str, email: str = "", partner: str | None = None) -> dict[str, str]:
        email = email or f"{role}-{new_id()[-6:]}@gaest.example"
        with stage.db.write() as tx:
            user = people.add(tx, email, role, organisation)
            tx.flush()
            for held in tx.exec(select(Membership).where(Membership.user_id == user.id)).all():
                held.partner_id = partner
            link = signin.new_link(tx, user, "http://testserver")
        browser = stage.browser(headers=OURS, follow_redirects=False, raise_server_exceptions=True)
        reply = browser.post("/sign-in/link", data={"key": parse_qs(urlsplit(link).query)["key"][0]})
        assert reply.status_code == 303
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}

    return way


def everybody(stage: Stage, ours: World, theirs: World, signed: Way) -> list[Somebody]:
    """Who must not get at our world."""
    with stage.db.write() as tx:
        script = people.add(tx, "script@gaest.example", "coordinator", ours.organisation)
        tx.flush()
        key = people.new_key(tx, script)
        people.revoke_keys(tx, script)
        idle, ended = (tx.exec(select(Partner).where(Partner.organisation_id == ours.walk.organisation_id, one)).first()
                       for one in (col(Partner.name) == "Uden opgaver", col(Partner.ended_at).is_not(None)))  # fmt: skip
        assert idle
        assert ended
    out = signed("coordinator", ours.organisation, "ude@gaest.example")
    assert stage.http.post("/sign-out", headers=out | OURS, follow_redirects=False).status_code == 303
    late = signed("coordinator", ours.organisation, "sent@gaest.example")
    dismissed = signed("coordinator", ours.organisation, "fyret@gaest.example")
    with stage.db.write() as tx:
        tx.exec(update(UserSession).where(col(UserSession.user_id) == _id(tx, "sent@gaest.example"))
                .values(expires_at=now() - timedelta(hours=1)))  # fmt: skip
        tx.exec(delete(Membership).where(col(Membership.user_id) == _id(tx, "fyret@gaest.example")))
    return [
        Somebody("nobody"),
        Somebody("a walker of another walk", theirs.phone.key, theirs),
        Somebody("a walker's secret with another's name", {"Authorization": f"Bearer {ours.phone.id}.{theirs.phone.secret}"}),
        Somebody("an organiser who does not lead", signed("organiser", ours.organisation)),
        *(Somebody(f"another organisation's {role}", signed(role, theirs.organisation), theirs)
          for role in ("organiser", "coordinator", "admin")),
        Somebody("a partner with nothing to do", signed("partner", ours.organisation, partner=idle.id)),
        Somebody("a partner that was ended", signed("partner", ours.organisation, partner=ended.id)),
        Somebody("another organisation's partner", signed("partner", theirs.organisation, partner=theirs.names["partner_id"]), theirs),
        Somebody("an expired link", _by_link(stage, ours, expires_at=now() - timedelta(hours=1))),
        Somebody("a withdrawn link", _by_link(stage, ours, revoked_at=now())),
        Somebody("another organisation's link", {"Cookie": _link_cookie(stage, theirs.link)}, theirs),
        Somebody("a session that was signed out", out),
        Somebody("a session that has ended", late),
        Somebody("a coordinator whose role was taken away", dismissed),
        Somebody("a revoked key", {"Authorization": f"Bearer {key}"}),
    ]  # fmt: skip


def _id(tx: object, email: str) -> str:
    return tx.exec(select(User.id).where(User.email == email)).one()  # type: ignore[attr-defined,no-any-return]


def _link_cookie(stage: Stage, secret: str) -> str:
    browser = stage.browser(follow_redirects=False, raise_server_exceptions=True)
    assert browser.get(f"/p/{secret}").status_code == 303
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def _by_link(stage: Stage, world: World, **then: object) -> dict[str, str]:
    """What a browser holds that has come by a link which ends afterwards."""
    with stage.db.write() as tx:
        partner, by = tx.get_one(Partner, world.names["partner_id"]), tx.get_one(User, world.names["user_id"])
        link, secret = partners.new_link(tx, partner, by, 30, stage.app.state.settings.signing_key())
    cookie = _link_cookie(stage, secret)
    with stage.db.write() as tx:
        for name, value in then.items():
            setattr(tx.get_one(PartnerLink, link.id), name, value)
    return {"Cookie": cookie}


def tried(
    stage: Stage, who: Somebody, ours: World, names: dict[str, str], routes: list[tuple[str, str, object]]
) -> Tried:
    """Every one of `routes` with these names, as `who`: told nothing of our world."""
    found = Tried()
    form, wire = bodies(ours.names)
    for method, path, _door in routes:
        address = path.replace(":path}", "}").format(**names)
        sent = {"json": wire} if path.startswith("/api/") else {"data": form}
        body = sent if method in {"POST", "PUT"} else {}
        reply = stage.http.request(
            method, address, headers=who.headers | OURS | {"Accept": "*/*"}, follow_redirects=False, **body
        )
        found.requests += 1
        stage.http.cookies.clear()
        aims_at_us = any(
            ours.names[name] == names[name] and ours.names[name] in ours.ids for name in re.findall(r"{(\w+)", path)
        )
        refused = reply.status_code in REFUSED or (reply.status_code == 303 and "/sign-in" in reply.headers["location"])
        told = ours.mark.encode() in reply.content or ours.mark in str(reply.headers)
        if told or reply.status_code >= 500 or (aims_at_us and not refused):
            found.wrong.append((who.who, method, path, reply.status_code))
    return found


def test_nobody_gets_at_a_walk_by_any_route(stage: Stage, worlds: tuple[World, World], signed: Way) -> None:
    ours, theirs = worlds
    guarded = [route for route in ROUTES if route[2] is not EVERYBODY]
    people_ = everybody(stage, ours, theirs, signed)
    before, requests = kept(stage, ours), 0
    assert len(before) > 20
    for who in people_:
        found = tried(stage, who, ours, ours.names, guarded)
        requests += found.requests
        assert not found.wrong
        assert kept(stage, ours) == before, who.who
    print(f"{len(people_)} people, {len(guarded)} routes, {requests} requests: 0 leaks")


def test_a_place_of_ones_own_leads_to_nobody_elses(stage: Stage, worlds: tuple[World, World], signed: Way) -> None:
    """The address names one's own walk, and everything else in it, and in the form, is another's."""
    ours, theirs = worlds
    mixed = theirs.names | {name: value for name, value in ours.names.items() if name not in {"walk_id", "code"}}
    routes = [
        route for route in ROUTES if route[2] is not EVERYBODY and "{walk_id}" in route[1] and "events" not in route[1]
    ]
    at_home = [who for who in everybody(stage, ours, theirs, signed) if who.home]
    before, requests = kept(stage, ours), 0
    for who in at_home:
        found = tried(stage, who, ours, mixed, routes)
        requests += found.requests
        assert not [wrong for wrong in found.wrong if wrong[2] not in DONE_ALREADY]
        assert kept(stage, ours) == before, who.who
    print(f"{requests} requests with mixed names: 0 leaks")


@pytest.mark.parametrize("role", ["coordinator", "admin", "partner"])
def test_a_scripts_key_reads_what_its_person_may_and_writes_nothing(
    stage: Stage, worlds: tuple[World, World], role: str
) -> None:
    ours, _theirs = worlds
    with stage.db.write() as tx:
        person = people.add(tx, f"script-{role}@kommune.example", role, ours.organisation)
        tx.flush()
        held = tx.exec(select(Membership).where(Membership.user_id == person.id)).one()
        held.partner_id = ours.names["partner_id"] if role == "partner" else None
        key = {"Authorization": f"Bearer {people.new_key(tx, person)}", "Accept-Language": "en"}
    before, (form, wire) = kept(stage, ours), bodies(ours.names)
    of_people = [(method, path) for method, path, door in ROUTES if door is not EVERYBODY and not door.phones]
    for method, path in of_people:
        if method != "GET":
            sent = {"json": wire} if path.startswith("/api/") else {"data": form}
            reply = stage.http.request(method, path.format(**ours.names), headers=key, follow_redirects=False, **sent)
            told = (reply.status_code, reply.json()["type"])
            assert told == (403, "/problems/not-allowed"), (method, path, told)
    assert "A key reads and takes out files" in reply.json()["detail"]
    assert kept(stage, ours) == before
    page = "/partner/measures.csv" if role == "partner" else f"/walks/{ours.walk.id}/report.csv"
    assert stage.http.get(page, headers=key).status_code == 200


def test_what_is_for_everybody_tells_nothing_of_a_walk(stage: Stage, worlds: tuple[World, World]) -> None:
    ours, _theirs = worlds
    before = kept(stage, ours)
    routes = [(method, path, door) for method, path, door in ROUTES if door is EVERYBODY and path not in BY_CODE]
    form, wire = bodies(ours.names)
    for method, path, _door in routes:
        sent = {"json": wire} if path.startswith("/api/") else {"data": form}
        address = path.replace(":path}", "}").format(**ours.names)
        reply = stage.http.request(method, address, headers=OURS | {"Accept": "*/*"}, follow_redirects=False,
                                   **(sent if method in {"POST", "PUT"} else {}))  # fmt: skip
        assert ours.mark not in reply.text, path
        assert reply.status_code < 500, path
    assert kept(stage, ours) == before


def test_an_outsider_with_a_join_code_does_nothing_but_what_a_walker_does(
    stage: Stage, worlds: tuple[World, World]
) -> None:
    ours, _theirs = worlds
    outsider = Somebody("an outsider with a join code", stage.phone(ours.walk).key)
    desk = [route for route in ROUTES if route[2] is not EVERYBODY and not route[1].startswith("/api/")]
    wire = [route for route in ROUTES if route[1].startswith("/api/")]
    before = kept(stage, ours)
    assert not tried(stage, outsider, ours, ours.names, desk).wrong
    stage.http.cookies.clear()
    tried(stage, outsider, ours, ours.names, wire)
    gone = before - kept(stage, ours)
    assert not gone  # what is new is their own; nothing of anybody's was changed
    assert secret_hash(ours.phone.secret) in str(before)


def test_each_route_names_what_the_worlds_hold(worlds: tuple[World, World]) -> None:
    """A route with a name that is not there yet is tried by nobody: put the name into tests/access/worlds.py."""
    ours, _theirs = worlds
    unknown = {name for _method, path, _door in ROUTES for name in re.findall(r"{(\w+)", path)} - set(ours.names)
    assert not unknown
