"""Several servers behind one door, on PostgreSQL and S3: whichever of them answers, it is one installation."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image

from tests.objects import Weed
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.postgres import Cluster
from tests.reliability import chaos
from tests.reliability.installation import Installation, installation, phones

PAGE = {"Accept": "text/html"}
NOTES = 6


@pytest.fixture(scope="module")
def whole(
    postgres: Cluster, migrated_postgres: str, objects: Weed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with (
        postgres.database(migrated_postgres) as url,
        installation(tmp_path_factory.mktemp("several"), url, objects) as made,
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


def test_nothing_failed_meanwhile(whole: Installation) -> None:
    assert whole.door.failures == []
    assert "Traceback" not in whole.said()


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
