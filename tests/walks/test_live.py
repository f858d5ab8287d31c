"""The live page: who takes part, what has arrived, whom to wait for; for whoever leads the walk, and as long as they do."""

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy.event import listen
from sqlmodel import col, delete, select

from app.access import people, signin
from app.db import Database
from app.models import Membership, User, UserSession, Walk
from app.server import GRACE_S
from app.walks import following
from app.walks.live import look, signature
from tests.access.conftest import Browser, add, hurry, signed_in, visitor
from tests.cast import Clock, Stage
from tests.phone import Phone, Picture, jpeg
from tests.postgres import Cluster
from tests.running import Server

__all__ = ["add", "hurry", "signed_in", "visitor"]

SignedIn = Callable[..., Browser]
OURS = "Aalborg Kommune"


def words(markup: str) -> str:
    """What a person reads of it."""
    plain = re.sub(r"<(style|noscript).*?</\1>", "", markup, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", plain))).replace(" ,", ",").strip()


@pytest.fixture
def desk(signed_in: SignedIn) -> Browser:
    return signed_in("coordinator", OURS)


def page(stage: Stage, browser: Browser, path: str = "live") -> str:
    reply = browser.get(f"/walks/{stage.walk.id}/{path}")
    assert reply.status_code == 200, reply.text
    return words(reply.text)


def says(stage: Stage, phone: Phone, notes: int, photos: int) -> None:
    path = f"/api/v1/participants/{phone.id}/outbox"
    assert stage.http.put(path, json={"notes": notes, "photos": photos}, headers=phone.key).status_code == 200


@pytest.mark.usefixtures("every_database")
def test_the_page_counts_phones_by_role_and_team_and_notes_by_stop(stage: Stage, desk: Browser) -> None:
    first, second = stage.phone(team="Nord"), stage.phone(role="police", name="Karen")
    picture = Picture(jpeg())
    first.put(first.note(picture, valence="safe", stop_id=stage.stops[0].id))
    first.put(first.note(valence="unsafe", stop_id=stage.stops[0].id))
    second.put(second.note(valence="mixed"))
    said = page(stage, desk)
    assert "telefoner er med 2" in said
    assert "noter er nået frem 3" in said
    assert "billede er på vej 1" in said
    assert "Tryg 1 Både-og 1 Utryg 1" in said
    assert re.search(r"1 Kilden Tryg 1 Utryg 1 2 noter", said)
    assert "Uden stop" in said
    assert "Hold Nord: 1 · uden hold: 1" in said
    assert "Telefon 2 Politi · Karen" in said
    assert re.search(r"Telefon 1 Beboer Nord lige nu 2", said)
    first.put_picture(picture.id)
    assert "billede er nået frem 1" in page(stage, desk)


@pytest.mark.usefixtures("every_database")
def test_the_map_has_the_places_of_notes_and_nothing_that_tells_of_a_person(stage: Stage, desk: Browser) -> None:
    phone = stage.phone(team="Nord", name="Karen")
    at = {"lat": 57.05, "lon": 9.93}
    notes = [
        phone.note(valence="safe", note="Målt", fix=at | {"accuracy_m": 8}),
        phone.note(note="Rettet", pin=at | {"lat": 57.06}),
        phone.note(note="Ved stoppet", fix=None, stop_id=stage.stops[0].id),
        phone.note(note="Uden sted", fix=None),
        phone.note(note="Slettet", deleted=True),
    ]
    for note in notes:
        assert phone.put(note).status_code in (200, 201)
    reply = desk.get(f"/walks/{stage.walk.id}/live.geojson")
    assert reply.headers["cache-control"] == "no-store"
    found = {one["properties"]["note"]: one for one in reply.json()["features"]}
    assert {note: one["geometry"]["coordinates"] for note, one in found.items()} == {
        "Målt": [9.93, 57.05], "Rettet": [9.93, 57.06], "Ved stoppet": [9.98, 57.04],
    }  # fmt: skip
    assert all(set(one) == {"type", "geometry", "properties"} for one in found.values())
    assert all(set(one["properties"]) == {"valence", "note"} for one in found.values())
    for telling in ("Nord", "Karen", phone.id, *notes, "2026", "19:3"):
        assert telling not in reply.text
    news = desk.get(f"/walks/{stage.walk.id}/live.json").json()["map"]
    assert f'src="{news}"' in desk.get(f"/walks/{stage.walk.id}/live").text
    phone.put(phone.note(note="Endnu en"))
    assert desk.get(f"/walks/{stage.walk.id}/live.json").json()["map"] != news


def test_the_places_are_read_once_for_all_who_look_and_only_what_the_map_shows(
    stage: Stage, desk: Browser, signed_in: SignedIn
) -> None:
    read: list[str] = []
    listen(stage.db.engine, "before_cursor_execute", lambda *given: read.append(given[2]))
    phone = stage.phone()
    phone.put(phone.note(valence="safe", note="Lyst", fix={"lat": 57.05, "lon": 9.93, "accuracy_m": 8}))
    address = f"/walks/{stage.walk.id}/live.geojson"
    read.clear()
    replies = [desk.get(address) for _look in range(3)]
    assert len({reply.text for reply in replies}) == 1
    told = [statement for statement in read if "FROM observation" in statement]
    assert len(told) == 1
    assert "participant_id" not in told[0]
    read.clear()
    again = desk.get(address, headers={"If-None-Match": replies[0].headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert not [statement for statement in read if "FROM observation" in statement]
    other = signed_in("organiser", OURS).get(address, headers={"If-None-Match": replies[0].headers["etag"]})
    assert other.status_code == 200, "who may read less has another answer"
    phone.put(phone.note(valence="unsafe", note="Mørkt", fix={"lat": 57.06, "lon": 9.93, "accuracy_m": 8}))
    fresh = desk.get(address, headers={"If-None-Match": replies[0].headers["etag"]})
    assert [one["properties"]["note"] for one in fresh.json()["features"]] == ["Lyst", "Mørkt"]


@pytest.mark.usefixtures("every_database")
def test_it_says_what_a_phone_holds_and_when_it_was_heard(stage: Stage, desk: Browser, clock: Clock) -> None:
    phone, silent = stage.phone(team="B"), stage.phone()
    says(stage, phone, 2, 1)
    says(stage, silent, 0, 0)
    clock.advance(minutes=4)
    assert "Telefon 1 Beboer B for 4 min. siden 0 2 noter og 1 billede eller optagelse venter" in page(stage, desk)
    clock.advance(minutes=20)
    said = page(stage, desk)
    assert re.search(r"Telefon 2 Beboer – for 24 min\. siden 0 Ikke hørt fra", said)
    says(stage, phone, 0, 0)
    assert "lige nu 0 Alt er nået frem" in page(stage, desk)


@pytest.mark.usefixtures("every_database")
def test_after_the_end_it_says_who_is_missing_and_what_to_call_out(stage: Stage, desk: Browser, clock: Clock) -> None:
    done, unsent, gone, named = (
        stage.phone(),
        stage.phone(team="B"),
        stage.phone(role="police"),
        stage.phone(name="Ida"),
    )
    says(stage, unsent, 3, 0)
    assert "Hvem mangler?" not in page(stage, desk)
    clock.advance(minutes=5)
    says(stage, done, 0, 0)
    clock.advance(seconds=30)
    stage.close_walk()
    said = page(stage, desk)
    assert "Vi venter på: Beboer, hold B; Politi; Ida." in said  # not the one that was heard a moment ago
    clock.advance(minutes=2)
    says(stage, done, 0, 0)
    says(stage, named, 0, 2)
    said = page(stage, desk)
    assert "hold den åben, til der står sendt. Vi venter på: Beboer, hold B; Ida; Politi." in said
    assert re.search(r"Beboer, hold B Telefon 2 3 noter er ikke sendt · sidst hørt kl\. \d\d\.\d\d", said)
    assert said.index("Hvem mangler?") < said.index("telefoner er med")
    assert said.index("Telefon 2") < said.index("Telefon 1")
    for phone in (unsent, gone, named):
        says(stage, phone, 0, 0)
    assert "Ingen. Vi har hørt fra alle telefoner siden, og alt er sendt." in page(stage, desk)


def test_just_after_the_end_it_does_not_claim_that_all_were_heard(stage: Stage, desk: Browser, clock: Clock) -> None:
    phone = stage.phone()
    clock.advance(seconds=30)
    stage.close_walk()
    assert "Vent et øjeblik" in page(stage, desk)
    clock.advance(seconds=30)
    says(stage, phone, 0, 0)
    assert "Ingen. Vi har hørt fra alle telefoner siden" in page(stage, desk)


@pytest.mark.usefixtures("every_database")
def test_sensitive_notes_are_counted_only_for_who_may_read_them(stage: Stage, signed_in: SignedIn) -> None:
    phone = stage.phone()
    phone.put(phone.note(factors=["behaviour.harassment"]))
    assert "note er nået frem 1" in page(stage, signed_in("coordinator", OURS))
    assert "noter er nået frem 0" in page(stage, signed_in("organiser", OURS))


def test_a_name_is_shown_as_it_was_typed_and_does_nothing(stage: Stage, desk: Browser) -> None:
    stage.phone(name="<img src=x onerror=alert(1)>", team="</td><b>")
    for path in ("live", "live.json"):
        said = desk.get(f"/walks/{stage.walk.id}/{path}").text
        assert "&lt;img src=x onerror=alert(1)&gt;" in said
        assert "<img src=x" not in said
        assert "</td><b>" not in said


def test_it_never_says_where_anybody_is(stage: Stage, desk: Browser) -> None:
    phone = stage.phone()
    phone.put(phone.note(note="Lampen ved tunnelen"))
    for path in ("live", "live.json"):
        said = desk.get(f"/walks/{stage.walk.id}/{path}").text
        assert "57.0488" not in said
        assert "9.9217" not in said
        assert "Lampen" not in said
        assert phone.id not in said


@pytest.mark.usefixtures("every_database")
def test_it_is_opened_paused_and_closed_from_there(stage: Stage, desk: Browser) -> None:
    def press(what: str, **fields: str) -> str:
        reply = desk.post(f"/walks/{stage.walk.id}/{what}", data=fields)
        assert (reply.status_code, reply.headers["location"]) == (303, f"/walks/{stage.walk.id}/live")
        return page(stage, desk)

    assert "Pause siden" in press("pause", paused="yes")
    assert "I gang" in press("pause", paused="no")
    assert "Deltagerne ser hinandens noter: nej" in press("sharing", sharing="no")
    assert "Deltagerne ser hinandens noter: ja, uden navne" in press("sharing", sharing="yes")
    assert "Lukket kl." in press("closure", **{"from": "live"})
    assert "I gang" in press("opening", **{"from": "live"})
    assert desk.post(f"/walks/{stage.walk.id}/opening").headers["location"].endswith("/plan")


def test_a_form_of_another_site_changes_nothing(stage: Stage, desk: Browser) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for what, field in (("pause", "paused"), ("sharing", "sharing"), ("tracks", "tracks")):
        reply = desk.post(f"/walks/{stage.walk.id}/{what}", data={field: "yes"}, headers=foreign)
        assert reply.status_code == 403
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).paused_at is None
        assert tx.get_one(Walk, stage.walk.id).tracks is False


@pytest.mark.usefixtures("every_database")
def test_the_signature_differs_as_soon_as_the_page_does(stage: Stage, clock: Clock) -> None:
    phone = stage.phone()

    def state() -> tuple[Any, Any]:
        with stage.db.read() as tx:
            return signature(tx, stage.walk.id), look(tx, stage.walk, sensitive=True)

    seen = [state()]
    deeds: list[Callable[[], Any]] = [
        lambda: phone.put(phone.note()), lambda: says(stage, phone, 1, 0), lambda: stage.phone(), stage.close_walk,
        lambda: clock.advance(minutes=1),
    ]  # fmt: skip
    for deed in deeds:
        clock.advance(seconds=1)
        deed()
        seen.append(state())
        assert seen[-1][0] != seen[-2][0]
    assert state()[0] == seen[-1][0]


# As events, from a real server


class Desk:
    """Somebody who is signed in at a real server, and follows a walk there."""

    def __init__(self, server: Server, email: str = "ida@kommune.example", database: str = "") -> None:
        self.server, self.email = server, email
        made = server.tryg("walk", "create", "--title", "Aftenvandring")
        self.walk_id, self.code = made["walk_id"], made["code"]
        self.db = Database(database or server.database)
        with self.db.write() as tx:
            link = signin.new_link(tx, people.add(tx, email, "coordinator"), server.url)
        self.http = httpx.Client(base_url=server.url, timeout=30)
        ours = {"Sec-Fetch-Site": "same-origin", "Origin": server.url}
        self.http.post("/sign-in/link", data={"key": link.partition("key=")[2]}, headers=ours)

    @contextmanager
    def follow(self, language: str = "da") -> Iterator[Iterator[dict[str, Any]]]:
        with self.http.stream(
            "GET", f"/walks/{self.walk_id}/live/events", headers={"Accept-Language": language}
        ) as reply:
            assert reply.status_code == 200, reply.read()
            assert reply.headers["content-type"].startswith("text/event-stream")
            yield events(reply)

    def close(self) -> None:
        self.http.close()
        self.db.close()


def events(reply: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in reply.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


@pytest.fixture
def leader(server: Server) -> Iterator[Desk]:
    made = Desk(server)
    yield made
    made.close()


def until_it_says(news: Iterator[dict[str, Any]], part: str, text: str) -> str:
    for event in news:
        if text in words(event["parts"][part]):
            return words(event["parts"][part])
    raise AssertionError(f"the stream ended before {part} said {text!r}")


def test_whoever_follows_hears_of_each_note_and_each_phone(leader: Desk) -> None:
    with leader.follow() as news, httpx.Client(base_url=leader.server.url, timeout=30) as line:
        assert "telefoner er med 0" in words(next(news)["parts"]["figures"])
        phone = Phone(line, leader.code).join()
        until_it_says(news, "figures", "telefon er med 1")
        phone.put(phone.note())
        until_it_says(news, "figures", "note er nået frem 1")
        line.put(f"/api/v1/participants/{phone.id}/outbox", json={"notes": 4, "photos": 0}, headers=phone.key)
        until_it_says(news, "phones", "4 noter venter")


def test_what_another_process_took_in_is_heard_of_too(
    postgres: Cluster, migrated_postgres: str, start_server: Callable[..., Server]
) -> None:
    with postgres.database(migrated_postgres) as url:
        here, there = (start_server(TRYG_DATABASE_URL=url) for _process in range(2))
        leader = Desk(here, database=url)
        with leader.follow() as news, httpx.Client(base_url=there.url, timeout=30) as line:
            next(news)
            phone = Phone(line, leader.code).join()
            phone.put(phone.note())
            until_it_says(news, "figures", "note er nået frem 1")
        leader.close()
        assert (here.stop(), there.stop()) == (0, 0)


def test_two_who_follow_in_two_languages_each_hear_it_in_theirs(leader: Desk) -> None:
    line = httpx.Client(base_url=leader.server.url, timeout=30)
    with leader.follow("en") as english, leader.follow("da") as danish, line:
        until_it_says(english, "figures", "phones take part 0")
        until_it_says(danish, "figures", "telefoner er med 0")
        Phone(line, leader.code).join()
        assert "telefon" not in until_it_says(english, "figures", "phone takes part 1")
        assert "phone" not in until_it_says(danish, "figures", "telefon er med 1")


def test_a_role_that_is_taken_away_or_a_session_that_ends_ends_the_stream_within_a_minute(leader: Desk) -> None:
    other = Desk(leader.server, "ole@kommune.example")
    with leader.follow() as news, other.follow() as others:
        next(news)
        next(others)
        began = time.monotonic()
        with leader.db.write() as tx:
            of = {user.email: user.id for user in tx.exec(select(User)).all()}
            tx.exec(delete(Membership).where(col(Membership.user_id) == of[leader.email]))
            tx.exec(delete(UserSession).where(col(UserSession.user_id) == of[other.email]))
        assert all(event["parts"] for stream in (news, others) for event in stream)  # until they end
        assert time.monotonic() - began < 60
    again = [desk.http.get(f"/walks/{desk.walk_id}/live/events").status_code for desk in (leader, other)]
    assert again == [404, 401]
    other.close()


def test_a_server_told_to_end_does_not_wait_for_those_who_follow(leader: Desk) -> None:
    with leader.follow() as first, leader.follow() as second:
        next(first)
        next(second)
        began = time.monotonic()
        assert leader.server.stop() == 0
        took = time.monotonic() - began
        assert list(first) == list(second) == []  # both ended whole, not broken off
    assert took < GRACE_S, f"{took:.1f} s"
    assert "Cancel" not in leader.server.said()


def test_too_many_are_asked_to_poll(stage: Stage, desk: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "OF_A_WALK", 0)
    full = desk.get(f"/walks/{stage.walk.id}/live/events")
    assert (full.status_code, full.headers["retry-after"]) == (503, "5")
    assert desk.get(f"/walks/{stage.walk.id}/live.json").status_code == 200
