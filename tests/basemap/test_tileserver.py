"""The operator's tile server: asked by us alone, trusted with nothing, and missed by nobody when it is away."""

import contextlib
import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest

from app.access import people
from app.basemap import tileserver
from app.basemap.around import mercator
from app.basemap.mvt import layers_of
from app.models import Walk
from app.settings import Settings, WrongSetting, load
from tests.cast import Stage
from tests.maps import ROUTE, helsinki, metadata, tiles
from tests.photos.pictures import until

GOOD = mapbox_vector_tile.encode(
    [{"name": "vej", "features": [{"geometry": "LINESTRING(0 0, 9 9)", "properties": {"type": "sti"}}]}]
)
Says = Callable[[BaseHTTPRequestHandler], None]


class Elsewhere:
    """Somebody's tile server. `says` answers a request; `asked` are the addresses that were asked for at zoom 10: walks' maps
    begin at 12, and the stage has a walk."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: Says = answering(GOOD)
        elsewhere = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                elsewhere.asked += [self.path] if "/10/" in self.path else []
                elsewhere.headers = dict(self.headers)
                elsewhere.says(self)

            def log_message(self, *_said: Any) -> None:
                pass

        self.headers: dict[str, str] = {}
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self.server.server_port}/skaermkort/{{z}}/{{y}}/{{x}}?f=mvt&token=hemmelig"


def answering(body: bytes, status: int = 200, pause: float = 0.0, **headers: str) -> Says:
    def say(asked: BaseHTTPRequestHandler) -> None:
        time.sleep(pause)
        asked.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            asked.send_header(name.replace("_", "-"), value)
        asked.end_headers()
        with contextlib.suppress(OSError):  # whoever asked had enough
            asked.wfile.write(body)

    return say


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    running = Elsewhere()
    thread = threading.Thread(target=running.server.serve_forever, daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture
def stage_settings(elsewhere: Elsewhere) -> dict[str, Any]:
    return {"basemap": elsewhere.address, "basemap_credit": "© Klimadatastyrelsen"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tileserver, "PAUSE_S", 0.3)
    monkeypatch.setattr(tileserver, "WRONG_S", 0.3)
    monkeypatch.setattr("app.basemap.cutting.LOOK_S", 0.05)
    monkeypatch.setattr("app.basemap.cutting.PAUSE_S", 0.05)


@pytest.fixture
def ask(stage: Stage) -> Callable[..., Any]:
    """A coordinator's page asks for a tile."""
    with stage.db.write() as tx:
        key = people.new_key(tx, people.add(tx, "tov@example.dk", "coordinator", "Aalborg Kommune"))

    def do(where: str = "10/547/311", **headers: str) -> Any:
        return stage.http.get(f"/api/v1/tiles/{where}.mvt", headers={"Authorization": f"Bearer {key}"} | headers)

    return do


def test_a_tile_is_passed_on_and_asked_for_once(elsewhere: Elsewhere, ask: Callable[..., Any]) -> None:
    for _time in range(3):
        answer = ask()
        assert (answer.status_code, answer.content) == (200, GOOD)
    assert elsewhere.asked == ["/skaermkort/10/311/547?f=mvt&token=hemmelig"]
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert "private" in answer.headers["cache-control"]
    assert ask(**{"Accept-Encoding": "identity"}).content == GOOD


def test_the_server_learns_nothing_of_the_reader(elsewhere: Elsewhere, ask: Callable[..., Any]) -> None:
    ask(**{"Cookie": "tryg_session=x", "User-Agent": "Idas telefon", "Referer": "http://testserver/walks/1"})
    assert not {"Cookie", "Authorization", "Referer", "X-Forwarded-For"} & set(elsewhere.headers)
    assert "Ida" not in elsewhere.headers["User-Agent"]


@pytest.mark.parametrize(
    "body", [gzip.compress(GOOD), GOOD + mapbox_vector_tile.encode([{"name": "tom", "features": []}])], ids=["packed", "with an empty layer"]
)  # fmt: skip
def test_tiles_come_in_many_wrappings(elsewhere: Elsewhere, ask: Callable[..., Any], body: bytes) -> None:
    elsewhere.says = answering(body, Content_Type="application/octet-stream")
    assert set(layers_of(ask().content)) == {"vej"}


@pytest.mark.parametrize(
    "says", [answering(b"", 204), answering(b"no such tile", 404), answering(b"")], ids=["204", "404", "empty"]
)
def test_where_the_server_has_nothing_there_is_nothing(
    elsewhere: Elsewhere, ask: Callable[..., Any], says: Says
) -> None:
    elsewhere.says = says
    assert (ask().status_code, ask().content) == (204, b"")
    assert len(elsewhere.asked) == 1


BAD = {
    "a page": answering(b"<!doctype html><title>Log ind</title>", Content_Type="text/html"),
    "a page that calls itself a tile": answering(b"<html>", Content_Type="application/vnd.mapbox-vector-tile"),
    "an error in JSON": answering(b'{"error": "bad token"}', Content_Type="application/json"),
    "a picture": answering(b"\x89PNG\r\n\x1a\n" + bytes(99)),
    "refused": answering(b"", 403),
    "no such address": answering(b"", 400),
    "broken": answering(b"", 500),
    "sent elsewhere": answering(b"", 302, Location="http://127.0.0.1:9/"),
    "slow": answering(GOOD, pause=1.2),
    "far too long": answering(b"\x1a" + bytes(3_000_000)),
    "a bomb": answering(gzip.compress(bytes(40_000_000))),
    "cut off": answering(GOOD[:-3]),
    "broken off": answering(GOOD, Content_Length="99999"),
}


@pytest.mark.parametrize("how", BAD)
def test_what_is_no_tile_is_told_in_a_sentence(
    elsewhere: Elsewhere,
    ask: Callable[..., Any],
    how: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if how in {"slow", "broken off"}:
        monkeypatch.setattr(tileserver, "PATIENCE_S", 0.5)  # of which nobody should have to wait all here
    elsewhere.says = BAD[how]
    answer = ask(**{"Accept-Language": "da"})
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "/problems/try-again"
    assert answer.json()["detail"] == "Kortets server svarer ikke lige nu. Alt andet virker uden."
    assert any("tile server 127.0.0.1" in record.message for record in caplog.records)
    assert "hemmelig" not in caplog.text


def test_a_server_that_is_down_is_left_alone_for_a_moment_and_then_asked_again(
    elsewhere: Elsewhere, ask: Callable[..., Any]
) -> None:
    elsewhere.says = answering(b"", 500)
    assert [ask(f"10/547/{row}").status_code for row in range(20)] == [503] * 20
    assert len(elsewhere.asked) < 20
    elsewhere.says = answering(GOOD)
    assert until(lambda: ask().status_code == 200)


def test_a_slow_server_keeps_no_phone_waiting(elsewhere: Elsewhere, stage: Stage, ask: Callable[..., Any]) -> None:
    elsewhere.says = answering(GOOD, pause=0.4)
    phone = stage.phone()
    asking = [threading.Thread(target=ask, args=(f"10/547/{row}",)) for row in range(60)]
    for thread in asking:
        thread.start()
    began = time.monotonic()
    assert phone.put(phone.note(note="Mørkt her.")).status_code == 201
    took = time.monotonic() - began
    assert any(thread.is_alive() for thread in asking), "the tiles were there before the note"
    for thread in asking:
        thread.join()
    assert took < 2


@pytest.mark.parametrize("how", ["a page", "no such address", "sent elsewhere", "far too long", "a bomb", "cut off"])
def test_one_tile_that_is_wrong_takes_no_other_along(
    elsewhere: Elsewhere, ask: Callable[..., Any], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tileserver, "WRONG_S", 60.0)

    def says(asked: BaseHTTPRequestHandler) -> None:
        (BAD[how] if "/311/547" in asked.path else answering(GOOD))(asked)

    elsewhere.says = says
    assert [ask(where).status_code for where in ("10/547/311", "10/547/312", "10/547/311")] == [503, 200, 503]
    assert len(elsewhere.asked) == 2, "what was wrong a moment ago is not asked for again"


@pytest.mark.parametrize("how", ["refused", "broken", "broken off"])
def test_a_server_that_fails_is_asked_for_nothing_else(
    elsewhere: Elsewhere, ask: Callable[..., Any], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tileserver, "PATIENCE_S", 0.3)
    monkeypatch.setattr(tileserver, "PAUSE_S", 60.0)
    elsewhere.says = BAD[how]
    assert [ask(where).status_code for where in ("10/547/311", "10/547/312")] == [503, 503]
    assert len(elsewhere.asked) <= 1, "the stage's walk asks too, and may have been the first"


@pytest.mark.parametrize("part", ["head", "body"])
def test_an_answer_that_drips_does_not_hold_us_for_ever(
    elsewhere: Elsewhere, ask: Callable[..., Any], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tileserver, "WHOLE_S", 0.6)
    over = threading.Event()

    def drip(asked: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):  # whoever asked had enough
            asked.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if part == "body" else b"X-Long: "))
            while not over.wait(0.1):
                asked.wfile.write(b"\x1a")

    elsewhere.says = drip
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(5)
    was_held = asking.is_alive()
    over.set()
    asking.join()
    assert not was_held


def test_only_so_many_wait_and_who_comes_later_is_told_to_come_back(
    elsewhere: Elsewhere, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tileserver, "WAITING", 4)
    go = threading.Event()

    def says(asked: BaseHTTPRequestHandler) -> None:
        go.wait(20)
        answering(GOOD)(asked)

    answers: list[Any] = []
    elsewhere.says = says
    asking = [threading.Thread(target=lambda row=row: answers.append(ask(f"10/547/{row}"))) for row in range(16)]
    for thread in asking:
        thread.start()
    try:
        refused = until(lambda: len(answers) == 16 - 4 - tileserver.AT_ONCE and list(answers))
    finally:
        go.set()
    for thread in asking:
        thread.join()
    assert {(one.status_code, one.headers["retry-after"]) for one in refused} == {(503, "5")}
    assert [one.status_code for one in answers].count(200) == 4 + tileserver.AT_ONCE
    assert ask("10/547/99").status_code == 200, "there is room again, and nothing was paused"


class TestResidents:
    @pytest.fixture
    def at_stop(self, stage: Stage) -> Callable[..., Any]:
        """A resident's page asks for the tile so many columns beside the walk's stop."""
        with stage.db.write() as tx:
            tx.get_one(Walk, stage.walk.id).marks_open = True

        def do(zoom: int, beside: int = 0, walk: Walk | None = None) -> int:
            x, y = (int(part * 2**zoom) for part in mercator(9.98, 57.04))
            return int(
                stage.http.get(f"/marks/{(walk or stage.walk).code}/tiles/{zoom}/{x + beside}/{y}.mvt").status_code
            )

        return do

    def test_they_see_the_ground_around_the_walk_and_not_the_world(
        self, elsewhere: Elsewhere, at_stop: Callable[..., Any]
    ) -> None:
        assert [at_stop(0), at_stop(6, 2), at_stop(10, -2), at_stop(14, 3), at_stop(16), at_stop(16, 14)] == [200] * 6
        asked = len(elsewhere.asked)
        assert [at_stop(10, 6), at_stop(16, 40), at_stop(16, -4000)] == [204] * 3
        assert len(elsewhere.asked) == asked
        assert at_stop(17) == 404

    def test_a_walk_without_a_place_has_the_world_but_not_in_detail(
        self, stage: Stage, at_stop: Callable[..., Any]
    ) -> None:
        walk = stage.another_walk()
        with stage.db.write() as tx:
            tx.get_one(Walk, walk.id).marks_open = True
        assert [at_stop(14, walk=walk), at_stop(15, walk=walk)] == [200, 204]


@pytest.mark.parametrize("where", ["17/0/0", "21/0/0", "10/1024/0", "10/0/-1", "-1/0/0"])
def test_there_is_no_tile_outside_the_world(elsewhere: Elsewhere, ask: Callable[..., Any], where: str) -> None:
    assert ask(where).status_code == 404
    assert not elsewhere.asked


def test_the_pages_draw_what_is_passed_on(stage: Stage, ask: Callable[..., Any]) -> None:
    key = stage.app.state.settings.basemap
    with stage.db.write() as tx:
        bearer = people.new_key(tx, people.by_email(tx, "tov@example.dk"))
    page = stage.http.get(f"/walks/{stage.walk.id}/report", headers={"Authorization": f"Bearer {bearer}"}).text
    assert 'basemap="/api/v1/tiles/{z}/{x}/{y}.mvt"' in page
    assert "© Klimadatastyrelsen" in page
    assert key not in page
    assert "hemmelig" not in page


def test_a_walks_map_is_cut_from_the_servers_tiles(elsewhere: Elsewhere, stage: Stage) -> None:
    walk = stage.another_walk(route={"type": "LineString", "coordinates": ROUTE})
    found = until(lambda: stage.phone(walk).walk["basemap"])
    content = stage.http.get(found["url"]).content
    assert hashlib.sha256(content).hexdigest() == found["sha256"]
    there = tiles(content)
    assert set(there.values()) == {GOOD}
    assert {zoom for zoom, _x, _y in there} == set(range(12, 17))
    assert metadata(content)["vector_layers"] == [{"id": "vej", "fields": {"type": "String"}}]
    assert found["credit"] == "© Klimadatastyrelsen"


def test_a_walk_gets_its_map_once_the_server_is_back(
    elsewhere: Elsewhere, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere.says = BAD["a page"]
    walk = stage.another_walk(route={"type": "LineString", "coordinates": ROUTE})
    until(lambda: any("has no map yet" in record.message for record in caplog.records))
    assert stage.phone(walk).walk["basemap"] is None
    assert not list(Path(stage.app.state.settings.data).glob("maps/*"))
    elsewhere.says = answering(GOOD)
    assert until(lambda: stage.phone(walk).walk["basemap"])


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("https://kort.example/{z}/{x}", "lacks {y}"),
        ("http://kort.example/{z}/{x}/{y}", "https://"),
        ("ftp://kort.example/{z}/{x}/{y}", "https://"),
        ("https:///{z}/{x}/{y}", "https://"),
        ("/nowhere.pmtiles", "names no file"),
    ],
)
def test_an_address_that_cannot_be_one_stops_the_start(value: str, says: str) -> None:
    with pytest.raises(WrongSetting, match="TRYG_BASEMAP") as wrong:
        load(basemap=value)
    assert says in str(wrong.value)


def test_a_file_and_an_address_are_told_apart() -> None:
    assert Settings(basemap=str(helsinki())).basemap_file == helsinki()
    assert Settings(basemap="https://kort.example/{z}/{x}/{y}").basemap_file is None
    assert Settings().basemap_file is None


@pytest.mark.parametrize(
    "body", [b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x1a\x05abc", b"\x00\x00", b"\x08\x01", b"\x1b"]
)
def test_bytes_that_only_begin_like_a_tile_are_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        layers_of(body)
