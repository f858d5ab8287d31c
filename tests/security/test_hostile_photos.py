"""287 pictures that are odd, broken or made to harm, sent to a real server: it answers, keeps nothing it should not, and goes on.

All are sent once, by one phone; what came of it is looked at from all sides. The figures are printed (`pytest -rP`).
"""

import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import SECRETS, until
from tests.running import Server
from tests.security.corpus import MARK, photos

pytestmark = pytest.mark.embedded

PATIENCE_S = 300  # the worker is nice, and others may want the machine
MOST_KB = 400_000
REFUSED = {413, 415}
# Nothing but these may stand in a JPEG that is kept: start, JFIF's own head, tables, frame, scan.
MARKERS = {0xD8, 0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
REMAINS = MARKERS - {0xE0} | set(range(0xC0, 0xD0)) | {0xDD, 0xD9}
TELLING = [*SECRETS, MARK, b"<script>", b"ICCP", b"XMP ", b"iTXt", b"zTXt", b"tEXt", b"eXIf", b"iCCP", b"ftyp"]


@dataclass
class Evening:
    """What came of sending every file: by its name the answer's status and seconds, and how it stands now."""

    server: Server
    names: dict[str, str]
    answers: dict[str, tuple[int, float]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    slowest_page_s: float = 0.0
    peak_kb: int = 0
    server_kb: int = 0
    cleaning_s: float = 0.0


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    server = Server(tmp_path_factory.mktemp("hostile") / "var", TRYG_RATE_LIMITS="off").start()
    try:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            yield _sent(server, http)
    finally:
        server.stop()


def _sent(server: Server, http: httpx.Client) -> Evening:
    phone = Phone(http, server.tryg("walk", "create", "--title", "Aftenvandring")["code"]).join()
    files = photos() | {"the last one": jpeg(colour=(1, 2, 3))}
    pictures = {name: Picture(content) for name, content in files.items()}
    found = Evening(server, {picture.id: name for name, picture in pictures.items()})
    listed = list(pictures.values())
    for at in range(0, len(listed), 8):
        assert phone.put(phone.note(*listed[at : at + 8])).status_code == 201
    watching = threading.Event()
    watch = threading.Thread(target=_watch, args=(found, watching))
    watch.start()
    try:
        for name, picture in pictures.items():
            began = time.monotonic()
            reply = phone.put_picture(picture.id)
            found.answers[name] = reply.status_code, time.monotonic() - began
        began = time.monotonic()
        until(lambda: "stored" not in _states(found).values(), PATIENCE_S)
        found.cleaning_s = time.monotonic() - began
    finally:
        watching.set()
        watch.join()
    found.states = _states(found)
    print(_figures(found))
    return found


def _states(found: Evening) -> dict[str, str]:
    rows = sqlite3.connect(found.server.data / "tryg.sqlite")
    try:
        return {found.names[name]: state for name, state in rows.execute("SELECT id, state FROM photo")}
    finally:
        rows.close()


def _watch(found: Evening, ended: threading.Event) -> None:
    """The largest that any worker gets, and whether the server answers others meanwhile."""
    assert found.server.process
    pid = found.server.process.pid
    with httpx.Client(base_url=found.server.url, timeout=30) as http:
        while not ended.wait(0.1):
            children = [text for path in Path(f"/proc/{pid}/task").glob("*/children") if (text := _read(path))]
            found.peak_kb = max([found.peak_kb, *(_peak(int(child)) for text in children for child in text.split())])
            found.server_kb = max(found.server_kb, _peak(pid))
            began = time.monotonic()
            assert http.get("/healthz").status_code == 200
            found.slowest_page_s = max(found.slowest_page_s, time.monotonic() - began)


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+)", _read(Path(f"/proc/{pid}/status")))
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return ""


def _figures(found: Evening) -> str:
    name, (_status, slowest) = max(found.answers.items(), key=lambda one: one[1][1])
    return (
        f"{len(found.answers)} files; answers {dict(Counter(status for status, _s in found.answers.values()))}; "
        f"then {dict(Counter(found.states.values()))}; slowest answer {slowest:.2f} s ({name}), "
        f"slowest /healthz meanwhile {found.slowest_page_s:.2f} s; worker at most {found.peak_kb / 1000:.0f} MB, "
        f"server {found.server_kb / 1000:.0f} MB; cleaned {found.cleaning_s:.0f} s after the last had come"
    )


def test_there_are_more_than_two_hundred(evening: Evening) -> None:
    assert len(evening.answers) > 250


def test_each_is_taken_in_or_refused_with_a_reason_within_ten_seconds(evening: Evening) -> None:
    assert not {name: answer for name, answer in evening.answers.items() if answer[0] not in {200, 201} | REFUSED}
    assert not {name: answer for name, answer in evening.answers.items() if answer[1] > 10}
    assert "Traceback" not in evening.server.said()


def test_what_is_odd_but_right_is_shown_and_nothing_waits_for_ever(evening: Evening) -> None:
    wrong = {
        name: evening.states[name]
        for name in evening.answers
        if name.startswith("good") and evening.states[name] != "ready"
    }
    assert not wrong
    assert set(evening.states.values()) <= {"ready", "unreadable", "expected"}


def test_what_was_refused_is_not_kept(evening: Evening) -> None:
    refused = {name for name, (status, _seconds) in evening.answers.items() if status in REFUSED}
    assert refused
    assert {evening.states[name] for name in refused} == {"expected"}


def test_none_stops_the_server_or_those_behind_it(evening: Evening) -> None:
    assert evening.states["the last one"] == "ready"
    assert evening.slowest_page_s < 10


def test_no_worker_needs_more_than_400_mb(evening: Evening) -> None:
    assert 0 < evening.peak_kb < MOST_KB


def test_no_byte_on_disk_tells_of_people(evening: Evening) -> None:
    files = [path for path in (evening.server.data / "photos").rglob("*") if path.is_file()]
    kept = [path for path in files if path.parent.parent.name == "kept"]
    left = [path for path in files if path.parent.parent.name == "incoming"]
    assert len(kept) + len(left) == len(files)
    assert len(kept) == 2 * sum(state == "ready" for state in evening.states.values())
    wrong = []
    for path in files:
        content = path.read_bytes()
        name = evening.names[path.name.split(".")[0]]
        wrong += [(name, telling) for telling in TELLING if telling in content]
        if content.startswith(b"\xff\xd8"):
            known = MARKERS if path in kept else REMAINS
            wrong += [(name, f"marker {marker:x}") for marker in _markers(content) if marker not in known]
        if not content.endswith(b"\xff\xd9") and path in kept:
            wrong.append((name, "something follows the picture"))
    assert not wrong
    assert {evening.states[evening.names[path.name]] for path in left} <= {"unreadable"}


def _markers(content: bytes) -> set[int]:
    """Every marker of a JPEG with a length, and what stands behind its end."""
    found, at = {0xD8}, 2
    while (marker := re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])").search(content, at)) is not None:
        kind = marker[1][0]
        if kind == 0xD9:
            return found | ({0} if marker.end() != len(content) else set())
        found.add(kind)
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2])
    return found
