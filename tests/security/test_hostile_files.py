"""Routes, lists of places, phones' copies and maps made to harm: each is taken in or refused with a sentence, and nothing else happens."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from app import i18n
from app.cli import cli
from app.photos import header, images, remains
from app.problems import Problem
from app.walks import route
from tests.maps import helsinki
from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import bomb, full_of_metadata
from tests.running import Server
from tests.security import files
from tests.security.corpus import MARK
from tests.security.test_hostile_photos import _peak

pytestmark = pytest.mark.embedded

OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
LONGEST_S = 10.0
QUICK = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("files") / "var", TRYG_RATE_LIMITS="off").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def desk(server: Server) -> Iterator[httpx.Client]:
    """A coordinator's browser."""
    link = server.tryg("user", "add", "ida@kommune.example", "--role", "coordinator")["sign_in_url"]
    with httpx.Client(base_url=server.url, headers=OURS, timeout=60) as http:
        assert http.post("/sign-in/link", data={"key": parse_qs(urlsplit(link).query)["key"][0]}).status_code == 303
        yield http


def timed(ask: Callable[[], httpx.Response]) -> httpx.Response:
    began = time.monotonic()
    reply = ask()
    assert time.monotonic() - began < LONGEST_S
    return reply


def new_plan(desk: httpx.Client) -> tuple[str, dict[str, str]]:
    """The address of a new walk's plan, and the fields of its form that have to come along."""
    plan = desk.post("/walks/new", data={"title": "Aftenvandring"}).headers["location"]
    rev = re.search(r'name="rev" value="(\d+)"', desk.get(plan).text)
    assert rev
    return plan, {"rev": rev[1], "title": "Aftenvandring", "do": "save"}


def test_a_plan_takes_a_right_route_and_says_what_is_wrong_with_another(server: Server, desk: httpx.Client) -> None:
    answers = {}
    for name, content in files.routes().items():
        plan, form = new_plan(desk)
        reply = timed(
            lambda plan=plan, form=form, content=content: desk.post(plan, data=form, files={"route": ("x", content)})
        )
        answers[name] = reply.status_code
        if not name.startswith("good") and reply.status_code == 422:
            assert MARK.decode() not in reply.text
        assert "root:" not in reply.text, name  # of /etc/passwd
    right = {name: status for name, status in answers.items() if name.startswith("good")}
    assert set(right.values()) == {303}, right
    assert set(answers.values()) <= {303, 413, 422}, answers
    assert "Traceback" not in server.said()
    assert server.process
    assert _peak(server.process.pid) < 400_000
    print(f"{len(answers)} routes; server {_peak(server.process.pid) / 1000:.0f} MB")


def test_a_list_of_places_takes_what_it_can(server: Server, desk: httpx.Client) -> None:
    answers = {}
    for name, listed in files.places().items():
        plan, form = new_plan(desk)
        reply = timed(lambda plan=plan, form=form, listed=listed: desk.post(plan, data=form | {"places": listed}))
        answers[name] = reply.status_code
        assert "<script>alert" not in reply.text
    assert {answers[name] for name in answers if name.startswith("good")} == {303}
    assert set(answers.values()) <= {303, 400, 413, 422}, answers
    assert "Traceback" not in server.said()


def test_a_phones_copy_comes_in_or_is_refused_and_leaves_nothing_beside(server: Server, tmp_path: Path) -> None:
    import hashlib

    code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
    with httpx.Client(base_url=server.url, timeout=60) as http:
        phone = Phone(http, code).join()
    picture = Picture(jpeg())
    note = phone.note(picture)

    def head(**other: Any) -> dict[str, Any]:
        return {
            "format": "tryghedsvandring-copy", "version": 1, "made_at": "2026-11-24T20:31:00.000+01:00",
            "walk": {"id": phone.walk["id"], "code": phone.code, "title": "x"},
            "participant": {"id": phone.id, "secret_sha256": hashlib.sha256(phone.secret.encode()).hexdigest(),
                            "role": "resident", "name": None, "team": None, "language": "da"},
            "observations": [{"id": note, **phone.made[note]}],
        } | other  # fmt: skip

    before = {path for path in tmp_path.parent.rglob("*") if "evil" in path.name}
    codes, counted = {}, 0
    for name, content in files.copies(head, picture.data):
        counted += 1
        path = tmp_path / "copy.zip"
        path.write_bytes(content)
        with i18n.use("en"):
            done = CliRunner().invoke(cli, ["import", str(path), "--data", str(server.data), "--json"])
        codes[name] = done.exit_code
        wanted = (0,) if name.startswith("good") else (0, 1)
        whole = done.exit_code in wanted and (done.exception is None or _told(done.exception))
        assert whole, (name, done.exit_code, repr(done.exception))
    assert {path for path in tmp_path.parent.rglob("*") if "evil" in path.name} == before
    rows = sqlite3.connect(server.data / "tryg.sqlite")
    assert rows.execute("SELECT count(*) FROM observation").fetchone()[0] <= 2
    rows.close()
    print(f"{counted} copies: {sum(code == 0 for code in codes.values())} taken in")


def _told(exception: BaseException) -> bool:
    """What main() turns into a sentence."""
    from app.cli import Refused
    from app.copies import Unusable

    return isinstance(exception, SystemExit | Refused | Unusable | Problem)


READING = """
import json, sys
from pathlib import Path
from app.basemap.archive import Archive, Unreadable
said = []
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        archive = Archive(path)
        for z, x, y in ((0, 0, 0), (14, 9326, 4742), (24, 1, 1), (40, 1, 1)):
            archive.tile(z, x, y)
        archive.close()
        said.append("read")
    except Unreadable:
        said.append("refused")
# Not ru_maxrss, which keeps what the process that began this one had in use.
kb = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"said": said, "kb": kb}))
"""


def test_a_map_made_to_harm_is_told_and_costs_little_memory(tmp_path: Path) -> None:
    made = dict(files.maps(helsinki().read_bytes()[:400_000]))
    for number, content in enumerate(made.values()):
        (tmp_path / f"{number:03}.pmtiles").write_bytes(content)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", READING, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told["said"]) == len(made)
    assert told["said"].count("refused") > len(made) // 2
    assert told["kb"] < 400_000
    print(f"{len(made)} maps, at most {told['kb'] / 1000:.0f} MB, {time.monotonic() - began:.1f} s")


# Whatever comes: hypothesis thinks it up

_numbers = st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(max_size=5))
_json = st.recursive(
    _numbers,
    lambda inside: st.one_of(
        st.lists(inside, max_size=4),
        st.dictionaries(
            st.sampled_from(["type", "geometry", "coordinates", "features", "properties", "name", "number"]), inside
        ),
        st.fixed_dictionaries({"type": st.sampled_from(["Feature", "FeatureCollection", "LineString", "Point"])},
                              optional={"geometry": inside, "features": st.lists(inside, max_size=3), "coordinates": inside,
                                        "properties": inside}),
    ),
    max_leaves=20,
)  # fmt: skip


@QUICK
@given(_json)
def test_any_json_is_a_route_or_a_sentence(given_json: Any) -> None:
    _route_or_sentence(json.dumps(given_json).encode())


@QUICK
@given(
    st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda text: f"<gpx>{text}</gpx>".encode("utf-8", "replace"))
    )
)
def test_any_bytes_are_a_route_or_a_sentence(content: bytes) -> None:
    _route_or_sentence(content)


def _route_or_sentence(content: bytes) -> None:
    try:
        found = route.read(content)
    except Problem:  # 422, with a sentence
        return
    assert all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in found.line["coordinates"])


KINDS = {kind: full_of_metadata(kind) for kind in ("JPEG", "PNG", "WEBP", "HEIF")}
_changes = st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=6)), min_size=1, max_size=5)


@QUICK
@given(st.sampled_from(sorted(KINDS)), _changes, st.floats(0, 1))
def test_any_change_to_a_picture_is_a_picture_or_none_and_nothing_of_it_remains(
    kind: str, changes: list[tuple[float, bytes]], end: float
) -> None:
    content = bytearray(KINDS[kind])
    for where, other in changes:
        at = int(where * len(content))
        content[at : at + len(other)] = other
    changed = bytes(content[: max(3, int(len(content) * (0.5 + end / 2)))])
    if (known := header.kind_of(_file(changed))) is None:
        return
    header.pixels(_file(changed), known)
    try:
        clean = images.clean(changed, 2048, 50_000_000)
    except images.NoPicture:
        assert not [word for word in (b"PRIVATE", b"http:") if word in (remains.of(changed) or b"")]
        return
    assert b"PRIVATE" not in clean.jpeg + clean.thumbnail


def _file(content: bytes) -> Any:
    import io

    return io.BytesIO(content)


def test_pillows_warning_of_a_bomb_is_an_error() -> None:
    """Between one and two times its limit the library only warns."""
    for width in (7_200, 10_000, 14_000):
        with pytest.raises(images.NoPicture):
            images.clean(bomb(width, 7_200), 2048, 50_000_000)
