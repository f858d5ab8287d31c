"""Several servers behind one door, on PostgreSQL and S3: whichever of them answers, it is one installation."""

import hashlib
import io
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image

from tests.objects import Weed
from tests.phone import Phone, Picture, content_digest, jpeg
from tests.photos.faults import MoodyStore, moody
from tests.photos.pictures import until
from tests.postgres import Cluster
from tests.reliability import chaos
from tests.reliability.counting import count
from tests.reliability.hands import Run, walking
from tests.reliability.installation import Installation, installation, phones

PAGE = {"Accept": "text/html"}
NOTES, PHONES = 6, 6


@pytest.fixture(scope="module")
def store(objects: Weed) -> Iterator[MoodyStore]:
    with moody(objects) as between:
        yield between


@pytest.fixture(scope="module")
def whole(
    postgres: Cluster, migrated_postgres: str, store: MoodyStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with (
        postgres.database(migrated_postgres) as url,
        installation(tmp_path_factory.mktemp("several"), url, store) as made,
    ):
        yield made


@pytest.fixture
def walk(whole: Installation) -> dict[str, str]:
    return whole.tryg("walk", "create", "--title", "Aftenvandring", "--organisation", "Aalborg Kommune")


@pytest.fixture
def desk(whole: Installation) -> Iterator[httpx.Client]:
    """A coordinator's browser, signed in at one of them."""
    link = whole.tryg(
        "user", "add", "ida@kommune.example", "--role", "coordinator", "--organisation", "Aalborg Kommune"
    )
    ours = PAGE | {"Origin": whole.door.url, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=whole.door.url, headers=ours, timeout=60) as browser:
        key = parse_qs(urlsplit(link["sign_in_url"]).query)["key"][0]
        assert browser.post("/sign-in/link", data={"key": key}).status_code == 303
        yield browser


@pytest.fixture
def phone(whole: Installation, walk: dict[str, str]) -> Iterator[Phone]:
    """A phone with notes and photos that have all arrived, through both."""
    with phones(whole.door.url, walk["code"]) as [one]:
        one.join()
        for number in range(NOTES):
            one.note(Picture(jpeg(colour=(number * 20, 1, 1))), note=f"Note {number}")
        one.sync()
        until(lambda: all(one.get(f"/photos/{picture}").status_code == 200 for picture in one.pictures))
        yield one


def on_each(whole: Installation, ask: Callable[[], object]) -> list[object]:
    """The same asked twice: once of each server."""
    before = dict(whole.door.by_server)
    told = [ask() for _server in whole.servers]
    asked = {server.port for server in whole.servers if whole.door.by_server[server.port] > before.get(server.port, 0)}
    assert len(asked) == len(whole.servers)
    return told


def test_what_phones_send_to_either_is_read_from_both(whole: Installation, phone: Phone) -> None:
    first, *others = on_each(whole, phone.changes)
    assert others == [first]
    assert {change["id"]: change["note"] for change in phone.changes()} == {
        note: told["note"] for note, told in phone.made.items()
    }
    note = next(iter(phone.made))
    receipts = on_each(whole, lambda: phone.put(note).json())
    photos = [{"id": phone.made[note]["photos"][0]["id"], "state": "ready"}]
    assert receipts == [phone.receipts[note] | {"photos": photos}] * 2
    for picture in phone.pictures.values():
        shown = on_each(whole, lambda picture=picture: phone.get(f"/photos/{picture.id}").content)
        assert shown[0] == shown[1]
        with Image.open(io.BytesIO(shown[0])) as opened:  # type: ignore[arg-type]
            assert opened.size == (64, 48)


def test_whoever_signed_in_at_one_is_known_to_both(
    whole: Installation, walk: dict[str, str], desk: httpx.Client, phone: Phone
) -> None:
    page = f"/walks/{walk['walk_id']}"
    for path in ("live", "report", "review", "plan"):
        assert [reply.status_code for reply in on_each(whole, lambda path=path: desk.get(f"{page}/{path}"))] == [
            200,
            200,
        ]  # type: ignore[attr-defined]
    for kind in ("csv", "geojson", "json", "gpkg", "xlsx", "zip"):
        files = on_each(whole, lambda kind=kind: desk.get(f"{page}/report.{kind}").raise_for_status())
        assert len({_told(file, kind) for file in files}) == 1, kind  # type: ignore[arg-type]
    printed = on_each(whole, lambda: desk.get(f"{page}/report.pdf", headers={"Accept": "application/pdf"}))
    assert [file.content[:5] for file in printed] == [b"%PDF-"] * 2  # type: ignore[attr-defined]
    unchanged = desk.get(f"{page}/report.geojson").headers["etag"]
    for reply in on_each(whole, lambda: desk.get(f"{page}/report.geojson", headers={"If-None-Match": unchanged})):
        assert reply.status_code == 304  # type: ignore[attr-defined]


def _told(reply: httpx.Response, kind: str) -> str:
    """What a file says, apart from when it was made."""
    if kind in ("geojson", "json"):
        return json.dumps({name: value for name, value in reply.json().items() if name != "made_at"}, sort_keys=True)
    if kind == "csv":
        return hashlib.sha256(reply.content).hexdigest()
    return "some" if len(reply.content) > 1000 else "none"


def test_what_one_is_told_the_live_page_of_the_other_shows_by_itself(
    whole: Installation, walk: dict[str, str], desk: httpx.Client, phone: Phone
) -> None:
    told: list[str] = []
    asking, answering = whole.servers
    with (
        httpx.Client(base_url=asking.url, cookies=desk.cookies, timeout=30) as browser,
        browser.stream("GET", f"/walks/{walk['walk_id']}/live/events") as events,
    ):
        assert events.status_code == 200
        lines = events.iter_lines()
        until(lambda: told.append(next(lines)) or told[-1].startswith("data:"))
        with httpx.Client(base_url=answering.url, timeout=30) as line:
            phone.network.http = line
            phone.note(note="Noget nyt")
            phone.sync()
        until(lambda: told.append(next(lines)) or (told[-1].startswith("data:") and told[-1] != _first(told)))


def _first(told: list[str]) -> str:
    return next(line for line in told if line.startswith("data:"))


def test_a_server_that_is_gone_is_passed_over_and_nobody_is_signed_out(
    whole: Installation, walk: dict[str, str], desk: httpx.Client, phone: Phone
) -> None:
    gone = whole.servers[0]
    gone.kill()
    try:
        for number in range(4):
            phone.note(Picture(jpeg(colour=(9, 9, number))), note=f"Uden den ene {number}")
        phone.sync()
        assert len(phone.changes()) == NOTES + 4
        assert desk.get(f"/walks/{walk['walk_id']}/report").status_code == 200
    finally:
        gone.start()
    assert on_each(whole, lambda: len(phone.changes())) == [NOTES + 4] * 2


# What goes wrong on many machines. Each is left once it has been felt.


@contextmanager
def restarted(whole: Installation, database: Cluster, felt: Callable[[], bool]) -> Iterator[None]:
    database.stop()
    until(felt)
    database.start()
    yield


@contextmanager
def dropped(whole: Installation, database: Cluster, felt: Callable[[], bool]) -> Iterator[None]:
    for _time in range(5):
        before = sum(whole.door.statuses.values())
        assert database.throw_out()
        until(lambda before=before: sum(whole.door.statuses.values()) > before + 5)
    yield


@contextmanager
def killed_in_mid_upload(whole: Installation, database: Cluster, felt: Callable[[], bool]) -> Iterator[None]:
    """Both, one after the other: half of a photo has come in."""
    for server in whole.servers:
        with phones(server.url, whole.tryg("walk", "create", "--title", "En til")["code"]) as [phone]:
            picture = Picture(jpeg() + bytes(2_000_000))  # of less, nothing is written before the half of it has come
            phone.join().put(phone.note(picture))
            head = (
                f"PUT /api/v1/observations/{phone.owner[picture.id]}/photos/{picture.id} HTTP/1.1\r\nHost: x\r\n"
                f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.data)}\r\n"
                f"Content-Digest: {content_digest(picture.data)}\r\nAuthorization: {phone.key['Authorization']}\r\n\r\n"
            )
            with socket.create_connection(("127.0.0.1", server.port)) as line:
                line.sendall(head.encode() + picture.data[:1_200_000])
                until(lambda server=server: any(is_large(file) for file in server.data.glob("passing/*/new/*")))
                server.kill()
            server.start()
            assert not any(is_large(file) for file in server.data.glob("passing/*/new/*"))
    yield


def is_large(file: Path) -> bool:
    with suppress(FileNotFoundError):
        return file.stat().st_size > 100_000
    return False


def the_store_is(mood: str) -> Callable[..., Any]:
    @contextmanager
    def being(whole: Installation, database: Cluster, felt: Callable[[], bool]) -> Iterator[None]:
        assert isinstance(whole.store, MoodyStore)
        with whole.store.being(mood, "PUT"):
            until(felt)
        yield

    return being


FAULTS = {
    "PostgreSQL is restarted": restarted, "connections are dropped": dropped, "a server is killed in mid-upload": killed_in_mid_upload,
    "the store is slow": the_store_is("slow"), "the store refuses": the_store_is("refusing"), "the store is full": the_store_is("full"),
    "the store answers late after it has done it": the_store_is("late"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_phones_run_through_it_and_nothing_is_lost_or_doubled(
    whole: Installation, postgres: Cluster, fault: Callable[..., Any]
) -> None:
    run, door = Run(whole), whole.door
    with walking(run, PHONES) as hands, ThreadPoolExecutor(PHONES) as pool:
        walks = [pool.submit(hand.walk) for hand in hands]
        try:
            begun, in_vain = door.statuses[201], door.statuses[503]
            until(lambda: door.statuses[201] > begun + 2 * PHONES)
            with fault(whole, postgres, lambda: door.statuses[503] > in_vain + 2):
                begun = door.statuses[201]
                until(lambda: door.statuses[201] > begun + PHONES)
        finally:
            run.over.set()
        for one in walks:
            one.result(60)
        for hand in hands:
            hand.finish(90)
        count(run, hands)
    print(run.told())
    assert run.wrong == []


def test_for_half_a_minute_everything_breaks_at_random_and_each_note_and_photo_is_there_once(
    postgres: Cluster, migrated_postgres: str, objects: Weed, tmp_path: Path
) -> None:
    with postgres.database(migrated_postgres) as url:
        run = chaos.play(tmp_path, postgres, url, objects, minutes=0.4, phones_=20)
    print(run.told())
    assert run.wrong == []
    assert run.counted["notes"] > 20
    assert run.counted["photos"] > 10
    assert run.counted["servers killed"] + run.counted["servers told to end"] > 1


def test_nothing_failed_meanwhile(whole: Installation) -> None:
    assert whole.door.failures == []
    assert "Traceback" not in whole.said()
