"""What the requests that come most often cost the server in processor time: what docs/scale.md reckons with."""

from collections.abc import Iterable
from pathlib import Path

from app.db import Database
from tests.benchmarks import client, photos, pictures
from tests.benchmarks.ground import reading, walk
from tests.benchmarks.table import Row
from tests.benchmarks.used import spent, spent_alone
from tests.phone import Phone, Picture
from tests.running import Server

TIMES, AT_ONCE, NOTES = 200, 4, 60


def measure(folder: Path) -> list[Row]:
    """Milliseconds of processor time a request, in the web process alone; then in the process that cleans, for each photo."""
    with reading(folder) as (server, http):
        phone = Phone(http, server.tryg("walk", "create", "--title", "Aftenen")["code"]).join()
        key = {"Authorization": http.headers["Authorization"]}
        seen = f"/walks/{walk(server, http, NOTES, 0)}"
        etag = http.get(f"{seen}/report").headers["etag"]
        asked = {
            "the live page's news": _get(server, f"{seen}/live.json", key),
            f"the report's page, {NOTES} notes": _get(server, f"{seen}/report", key),
            "the same where the browser has it": _get(server, f"{seen}/report", key | {"If-None-Match": etag}),
        }
        rows = [_row(name, _ms(server, requests)) for name, requests in asked.items()]
        sent = [one for data in pictures.streets(TIMES) for one in photos.both(server, phone, Picture(data))]
        rows.append(_row("a note", _ms(server, sent[::2])))
        walked = f"/api/v1/walks/{phone.walk['id']}"
        seq = phone.get(f"/walks/{phone.walk['id']}").json()["seq"]
        rows.append(
            _row("changes, none of them new", _ms(server, _get(server, f"{walked}/changes?after={seq}", phone.key)))
        )
        rows.append(_row("a photo of 400 KB coming in", _ms(server, sent[1::2])))
        return [*rows, _row("that photo made ready", _cleaning(server))]


def _row(name: str, ms: float) -> Row:
    return Row(f"processor time of {name}", ms, "ms")


def _get(server: Server, path: str, headers: dict[str, str]) -> list[bytes]:
    return [client.request("GET", server.url, path, headers)] * TIMES


def _ms(server: Server, requests: Iterable[bytes]) -> float:
    assert server.process is not None
    requests = list(requests)
    before = spent_alone(server.process.pid)
    taken = client.send(server.url, [requests[number::AT_ONCE] for number in range(AT_ONCE)])
    assert set(taken.statuses) <= {200, 201, 304}, taken.statuses
    return (spent_alone(server.process.pid) - before) / len(requests) * 1000


def _cleaning(server: Server) -> float:
    """Of the worker and the server together, for those photos that still waited."""
    assert server.process is not None
    db = Database(f"sqlite:///{server.data / 'tryg.sqlite'}")
    try:
        before, left = spent(server.process.pid), photos.waiting(db)
        photos.until_ready(db, TIMES)
    finally:
        db.close()
    return (spent(server.process.pid) - before) / max(1, left) * 1000
