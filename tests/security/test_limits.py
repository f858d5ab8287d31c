"""How often is too often: each limit is told with a sentence and a time, holds for whoever reaches it, and for nobody else."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx import Response
from starlette.requests import Request

from app.access import guards, limits
from app.access.limits import Limit, Tally
from app.db import Database
from app.models import Walk
from app.problems import Problem
from tests.access.conftest import Browser
from tests.cast import Clock, Stage, make_settings
from tests.phone import Phone, Picture, jpeg, new_id
from tests.photos.pictures import until
from tests.postgres import Cluster
from tests.running import Server


def lowered(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> Limit:
    """The limit with this name is `most` for this test: what holds of few holds of many."""
    known: Limit = getattr(limits, name)
    low = Limit(known.purpose, most, known.seconds, known.sentence)
    monkeypatch.setattr(limits, name, low)
    return low


def refused(reply: Response, sentence: str) -> bool:
    """Whether this says in a sentence that it was too often, and when to come back."""
    assert reply.status_code == 429, reply.text
    assert 0 < int(reply.headers["retry-after"]) <= 86_400
    return sentence in reply.text


def joining(stage: Stage, walk: Walk | None = None, address: str = "") -> Response:
    phone = Phone(stage.http, (walk or stage.walk).code)
    body = {"code": phone.code, "secret": phone.secret, "role": "resident", "language": "da"}
    headers = {"X-Forwarded-For": address} if address else {}
    return stage.http.put(f"/api/v1/participants/{phone.id}", json=body, headers=headers)


def test_a_school_behind_one_address_joins_and_a_flood_from_there_does_not(stage: Stage, clock: Clock) -> None:
    assert limits.JOINS.most >= 300, "a whole school behind one address"
    assert limits.PHONES.most >= 2 * limits.JOINS.most


def test_phones_from_one_address_are_limited_for_each_walk(
    every_database: str, stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered(monkeypatch, "JOINS", 3)
    assert [joining(stage).status_code for _phone in range(3)] == [201] * 3
    assert refused(joining(stage), "Der er kommet mange telefoner med herfra.")
    assert joining(stage, stage.another_walk()).status_code == 201
    clock.advance(hours=1, seconds=1)
    assert joining(stage).status_code == 201


def test_who_takes_part_comes_back_however_many_have_joined(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = stage.phone()
    lowered(monkeypatch, "JOINS", 1)
    assert joining(stage).status_code == 429
    assert phone.join()


def test_a_leaked_code_brings_no_thousands(
    every_database: str, stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered(monkeypatch, "PHONES", 3)
    assert [joining(stage).status_code for _phone in range(4)] == [201, 201, 201, 429]
    clock.advance(hours=1, seconds=1)
    assert joining(stage).status_code == 201


def test_an_address_that_somebody_makes_up_is_not_believed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered(monkeypatch, "JOINS", 2)
    assert [joining(stage, address=f"198.51.100.{last}").status_code for last in range(3)] == [201, 201, 429]


def test_an_ipv4_address_is_one_household_however_a_proxy_writes_it() -> None:
    def told(host: str) -> str:
        return guards.address_of(Request({"type": "http", "client": (host, 1), "headers": []}))

    assert told("::ffff:198.51.100.7") == told("198.51.100.7") == "198.51.100.7"
    assert told("::ffff:203.0.113.9") != told("::ffff:198.51.100.7")
    assert told("2001:db8:1:2:3::4") == told("2001:db8:1:2:5::6") != told("2001:db8:1:3::4")


def test_photos_of_one_phone_are_limited_and_no_other_phones(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered(monkeypatch, "PHOTOS", 2)
    greedy, other = stage.phone(), stage.phone()
    pictures = [Picture(jpeg()) for _each in range(3)]
    assert greedy.put(greedy.note(*pictures)).status_code == 201
    assert [greedy.put_picture(picture.id).status_code for picture in pictures[:2]] == [201, 201]
    assert refused(greedy.put_picture(pictures[2].id), "Der er kommet mange billeder fra denne telefon.")
    mine = Picture(jpeg())
    assert other.put(other.note(mine)).status_code == 201
    assert other.put_picture(mine.id).status_code == 201


def test_notes_of_one_phone_are_limited_and_come_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered(monkeypatch, "NOTES", 2)
    phone = stage.phone()
    notes = [phone.note() for _each in range(3)]
    assert [phone.put(note).status_code for note in notes] == [201, 201, 429]


def test_files_of_one_person_are_limited_and_nobody_elses(
    stage: Stage, key_of: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered(monkeypatch, "FILES", 3)
    key, other = key_of("coordinator", "Aalborg Kommune"), key_of("organiser", "Aalborg Kommune")
    path = f"/walks/{stage.walk.id}/report"
    assert [stage.http.get(path + kind, headers=key).status_code for kind in (".csv", ".json", ".zip")] == [200] * 3
    assert refused(stage.http.get(f"{path}.csv", headers=key), "Du har hentet mange filer.")
    assert stage.http.get(path, headers=key).status_code == 200  # the page itself is no file
    assert stage.http.get(f"{path}.csv", headers=other).status_code == 200


def test_printed_files_and_a_phones_own_are_limited_for_who_fetches_them_and_not_for_a_whole_town_hall(
    stage: Stage, key_of: Callable[..., dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered(monkeypatch, "FILES", 1)
    path = f"/walks/{stage.walk.id}/report.pdf"
    keys = [key_of("coordinator", "Aalborg Kommune"), key_of("organiser", "Aalborg Kommune")]
    until(lambda: all(stage.http.get(path, headers=key).status_code in (200, 429) for key in keys), within_s=60)
    assert [stage.http.get(path, headers=key).status_code for key in keys] == [429, 429]
    phone, other = stage.phone(), stage.phone()
    assert [phone.get(f"/participants/{phone.id}/data.zip").status_code for _time in range(2)] == [200, 429]
    assert other.get(f"/participants/{other.id}/data.zip").status_code == 200


def test_letters_of_one_person_are_limited(
    every_database: str, stage: Stage, signed_in: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered(monkeypatch, "LETTERS", 2)
    browser = signed_in("admin")

    def invite(name: str) -> Response:
        given = {"role": "organiser", "email": f"{name}@x.example", "organisation": stage.walk.organisation_id}
        return browser.post("/people/invitations", data=given)

    assert [invite(name).status_code for name in ("a", "b")] == [303, 303]
    assert refused(invite("c"), "Du har sendt mange breve.")


def test_ways_in_that_ask_somebody_else_are_limited(visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    lowered(monkeypatch, "WAYS_IN", 2)
    tried = [visitor.post("/sign-in/passkey/challenge").status_code for _each in range(3)]
    assert [status == 429 for status in tried] == [False, False, True]


@pytest.fixture
def two(postgres: Cluster, migrated_postgres: str, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers, each a process with a data folder of its own, on one PostgreSQL."""
    with postgres.database(migrated_postgres) as url:
        shared = {"TRYG_DATABASE_URL": url, "TRYG_SECRET": "of both, and for this test alone"}
        servers = [Server(tmp_path / name, **shared).start() for name in ("a", "b")]
        yield servers[0], servers[1]
        for server in servers:
            server.stop()


def test_two_servers_on_one_postgresql_share_what_is_counted_in_the_database(two: tuple[Server, Server]) -> None:
    """Wrong walk codes and wrong addresses of calendars: half of them at one server, half at the other, and neither takes one more;
    a server begun anew has forgotten nothing."""
    body = {"code": "ZZZZZZZZ", "secret": "s" * 43, "role": "resident", "language": "da"}

    def guess(server: Server) -> tuple[int, int]:
        joined = http.put(f"{server.url}/api/v1/participants/{new_id()}", json=body)
        return joined.status_code, http.get(f"{server.url}/deadlines/{new_id()}/{'0' * 64}.ics").status_code

    with httpx.Client(headers={"Sec-Fetch-Site": "same-origin"}, timeout=30) as http:
        told = [guess(two[number % 2]) for number in range(guards.TRIES)]
        assert set(told) == {(404, 404)}, told
        assert [guess(server) for server in two] == [(429, 429)] * 2
        two[0].stop()
        assert guess(two[0].start()) == (429, 429)


class TestOff:
    @pytest.fixture
    def stage_settings(self) -> dict[str, Any]:
        return {"rate_limits": "off"}

    def test_all_of_them_are_lifted_for_load_tests(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("JOINS", "PHONES", "PHOTOS", "NOTES", "FILES"):
            lowered(monkeypatch, name, 1)
        assert [joining(stage).status_code for _phone in range(3)] == [201] * 3
        phone = stage.phone()
        assert [phone.put(phone.note()).status_code for _each in range(3)] == [201] * 3


@pytest.mark.embedded
def test_what_is_counted_here_is_let_through_evenly_afterwards(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr("app.access.limits.time.monotonic", lambda: moment)
    tally, few = stage.app.state.tally, Limit("few", 4, 8, "x")
    for _each in range(4):
        tally.count(few, "anna")
    with pytest.raises(Exception, match="too-many-attempts") as stopped:
        tally.count(few, "anna")
    assert stopped.value.headers["Retry-After"] == "2"  # type: ignore[attr-defined]
    tally.count(few, "bo")
    moment += 2
    tally.count(few, "anna")


@pytest.fixture
def tallies(postgres: Cluster, migrated_postgres: str) -> Iterator[list[Tally]]:
    """Of three servers of one PostgreSQL."""
    with postgres.database(migrated_postgres) as url, ExitStack() as ends:
        three = [Database(url) for _number in range(3)]
        for db in three:
            ends.callback(db.close)
        yield [Tally(make_settings(Path("unused")), db) for db in three]


def test_servers_of_one_postgresql_count_together_and_let_more_through_evenly(tallies: list[Tally]) -> None:
    few = Limit("few", 30, 15, "x")  # one more each half second, once they are used up

    def got_in(number: int) -> bool:
        try:
            tallies[number % 3].count(few, "anna")
        except Problem as refused:
            return "too-many-attempts" not in str(refused)
        return True

    began = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        let_in = sum(pool.map(got_in, range(90)))
    assert 30 <= let_in <= 30 + (time.monotonic() - began) / 0.5 + 1
    tallies[0].count(few, "bo")
    until(lambda: got_in(1), within_s=20)


def test_a_clock_that_was_ahead_for_a_moment_keeps_nobody_out(tallies: list[Tally]) -> None:
    two = Limit("two", 2, 3600, "x")
    tallies[0].count(two, "anna")
    with tallies[0]._db.write() as tx:
        tx.connection().exec_driver_sql("UPDATE failedtry SET at = at + interval '1 year'")
    for _time in range(2):
        tallies[1].count(two, "anna")
    with pytest.raises(Problem, match="too-many-attempts") as refused:
        tallies[2].count(two, "anna")
    assert int(refused.value.headers["Retry-After"]) <= 1800


def test_what_is_taken_back_has_not_been_counted(tallies: list[Tally]) -> None:
    one = Limit("one", 1, 3600, "x")
    with suppress(ZeroDivisionError), tallies[0]._db.write() as tx:
        tallies[0].count(one, "anna", tx)
        1 / 0  # noqa: B018
    tallies[1].count(one, "anna")
    with pytest.raises(Problem, match="too-many-attempts") as refused:
        tallies[2].count(one, "anna")
    assert 3590 < int(refused.value.headers["Retry-After"]) <= 3600


def test_a_phone_is_counted_alike_on_each_database(
    every_database: str, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOTES", "PHOTOS"):
        lowered(monkeypatch, name, 2)
    phone, pictures = stage.phone(), [Picture(jpeg(16, 16, (number, 0, 0))) for number in range(3)]
    notes = [phone.note(picture) for picture in pictures]
    assert [phone.put(note).status_code for note in notes] == [201, 201, 429]
    other = stage.phone()
    assert other.put(other.note()).status_code == 201
    told = [phone.put_picture(pictures[0].id) for _time in range(3)]
    assert [reply.status_code for reply in told[:2]] == [201, 200]
    assert refused(told[2], "Der er kommet mange billeder fra denne telefon.")
