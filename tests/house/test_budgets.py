"""What a phone has to fetch over a bad network stays small, is compressed once, and never changes under its name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest

from app.tongues import languages
from tests.running import Server

ROOT = Path(__file__).parents[2]
DIST = ROOT / "static" / "dist"
DIST_URL = "/static/dist/"
HASHED = re.compile(r"-[\w-]{8,}\.\w+$")

SHELL_BYTES = 45_000  # html, css and js of the walker's app; fonts and map apart
MAP_BYTES = 390_000  # MapLibre and all that only a map needs
DRAWING = "js/planning/draw.js"  # fetched by those who plan, when they come to the map
DRAWING_BYTES = 35_000  # beside the map itself
WALKING = ("js/screens/later.js", "js/walking/chart.js")  # fetched by walkers who open the map, or others' notes
WALKING_BYTES = 16_000
BESIDE = "js/screens/beside.js"  # help, blurring, speaking, the words: on every phone soon after the first screen
BESIDE_BYTES = 18_000
INSTALLED = "js/installed/standing.js"  # what an installed app has more: on every phone soon after the first screen
INSTALLED_BYTES = 4_000
COPY = "js/copy.js"  # the last resort: on every phone soon after the first screen
COPY_BYTES = 4_200
FACES = "js/blurring/suggesting.js"  # fetched by walkers who want faces suggested
FOREIGN = "js/foreign.js"  # fetched by walkers who speak neither Danish nor English, with one language's words
FOREIGN_BYTES = 16_000
NO_MAP = (BESIDE, INSTALLED, COPY, FACES)
OWN = ("js/screens/own.js",)  # fetched by walkers who look at what the server holds of them
OWN_BYTES = 4_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that only hands out files, one for all of these tests."""
    running = Server(tmp_path_factory.mktemp("budgets") / "var").start()
    yield running
    running.stop()


def release() -> dict[str, Any]:
    """The release that the service worker keeps: {"id", "files", …}, as addresses."""
    first_line = (DIST / "sw.js").read_text("utf-8").splitlines()[0]
    found = re.search(r"self\.RELEASE = (\{.*\});$", first_line)
    assert found, "static/dist/sw.js does not begin with its release: make build"
    return json.loads(found[1])  # type: ignore[no-any-return]


def compressed(addresses: list[str]) -> int:
    """Bytes on the wire of the scripts and styles among `addresses`."""
    code = [address for address in addresses if address.endswith((".js", ".css"))]
    assert code
    return sum((DIST / f"{address.removeprefix(DIST_URL)}.br").stat().st_size for address in code)


def test_the_walkers_shell_fits_in_45_kilobytes(served: Server) -> None:
    page = httpx.get(f"{served.url}/app/", headers={"Accept-Encoding": "identity"})
    assert page.status_code == 200
    html = len(brotli.compress(page.content))
    code = compressed(release()["files"])
    print(f"walker's shell: html {html} + code {code} = {html + code} of {SHELL_BYTES} bytes")
    assert html + code <= SHELL_BYTES


def loaded_on_demand(*without: str) -> list[str]:
    """Addresses of what is fetched only when a page asks for it, and is no part of the walker's shell: the map, what it is
    drawn on with, and the screens of the walker that show it. `without`: those that are not asked for."""
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    waiting = [name for part in manifest.values() for name in part.get("dynamicImports", [])]
    waiting = [name for name in waiting if name not in (*without, FOREIGN) and not name.startswith("js/locales/")]
    found: set[str] = set()
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or manifest[name].get("isEntry"):
            continue
        seen.add(name)
        part = manifest[name]
        found |= {part["file"], *part.get("css", []), *part.get("assets", [])}
        waiting += part.get("imports", [])
    return sorted({DIST_URL + name for name in found} - set(release()["files"]))


def test_a_map_costs_390_kilobytes_and_only_those_who_look_at_one() -> None:
    size = compressed(loaded_on_demand(DRAWING, *WALKING, *OWN, *NO_MAP))
    print(f"map: {size} of {MAP_BYTES} bytes")
    assert size <= MAP_BYTES
    assert size > 100_000, "the map is not among what is loaded on demand"


def test_drawing_on_the_map_costs_35_kilobytes_and_only_those_who_plan() -> None:
    size = compressed(sorted(set(loaded_on_demand()) - set(loaded_on_demand(DRAWING))))
    print(f"drawing: {size} of {DRAWING_BYTES} bytes")
    assert 10_000 < size <= DRAWING_BYTES


def test_the_walkers_map_and_list_cost_16_kilobytes_beside_the_map() -> None:
    size = compressed(sorted(set(loaded_on_demand(*OWN)) - set(loaded_on_demand(*WALKING, *OWN))))
    print(f"walking: {size} of {WALKING_BYTES} bytes")
    assert 5_000 < size <= WALKING_BYTES


def test_help_blurring_and_an_eye_on_the_words_cost_16_kilobytes_that_no_first_note_waits_for() -> None:
    size = compressed(sorted(set(release()["beside"]) - chunk(INSTALLED, "installed") - chunk(COPY, "copy")))
    print(f"beside: {size} of {BESIDE_BYTES} bytes")
    assert 5_000 < size <= BESIDE_BYTES
    assert not set(release()["beside"]) & set(release()["files"])


def chunk(entry: str, name: str) -> set[str]:
    """The addresses of what is fetched at `entry`, and of the chunk `name` beside it."""
    manifest = json.loads((DIST / "manifest.json").read_text("utf-8"))
    own = (one for one in manifest[entry]["imports"] if manifest[one]["name"] == name)
    return {DIST_URL + manifest[one]["file"] for one in (entry, *own)}


def test_badge_installing_wake_lock_and_shared_photos_cost_4_kilobytes_that_no_first_note_waits_for() -> None:
    installed = chunk(INSTALLED, "installed")
    size = compressed(sorted(installed))
    print(f"installed: {size} of {INSTALLED_BYTES} bytes")
    assert size <= INSTALLED_BYTES
    assert installed < set(release()["beside"])


def test_the_last_resort_costs_4_kilobytes_that_no_first_note_waits_for_and_is_on_every_phone() -> None:
    copy = chunk(COPY, "copy")
    size = compressed(sorted(copy))
    print(f"copy: {size} of {COPY_BYTES} bytes")
    assert 1_000 < size <= COPY_BYTES
    assert copy < set(release()["beside"])


def test_what_finds_faces_is_fetched_by_nobody_who_does_not_ask_for_it() -> None:
    everybody = {*release()["files"], *release()["beside"], *release()["onDemand"]}
    assert not [name for name in everybody if re.search(r"\.(wasm|onnx)$|/(faces|suggesting)-", name)]


def test_looking_at_ones_own_data_costs_4_kilobytes() -> None:
    size = compressed(sorted(set(loaded_on_demand()) - set(loaded_on_demand(*OWN))))
    print(f"own data: {size} of {OWN_BYTES} bytes")
    assert 1_000 < size <= OWN_BYTES


def test_a_language_costs_16_kilobytes_and_only_those_who_speak_it() -> None:
    tongues = release()["tongues"]
    words = {name: [one for one in tongues if f"/{name}-" in one and one.endswith(".js")] for name in languages()}
    assert all(len(one) == 1 for one in words.values())
    shared = [one for one in tongues if "/foreign-" in one]
    largest = max(compressed([*one, *shared]) for one in words.values())
    print(f"largest language: {largest} of {FOREIGN_BYTES} bytes")
    assert 5_000 < largest <= FOREIGN_BYTES
    everybody = {*release()["files"], *release()["beside"], *release()["onDemand"]}
    assert not set(tongues) & everybody


def test_the_previous_releases_are_still_whole() -> None:
    for earlier in json.loads((DIST / "releases.json").read_text("utf-8")):
        assert not [name for name in earlier["files"] if not (DIST / name).is_file()]


def test_every_built_file_is_served_compressed_under_a_name_that_never_changes(served: Server) -> None:
    with httpx.Client(base_url=served.url, headers={"Accept-Encoding": "br"}) as http:
        for address in release()["files"] + loaded_on_demand():
            answer = http.get(address)
            assert answer.status_code == 200, address
            assert HASHED.search(address), address
            assert "immutable" in answer.headers["cache-control"], address
            if address.endswith((".js", ".css", ".svg")):
                assert answer.headers["content-encoding"] == "br", address
                assert "Accept-Encoding" in answer.headers["vary"], address


def test_a_phone_that_knows_no_brotli_gets_gzip_and_one_that_knows_neither_gets_the_file(served: Server) -> None:
    script = next(address for address in release()["files"] if address.endswith(".js"))
    for accepted, expected in (("gzip", "gzip"), ("identity", None)):
        answer = httpx.get(served.url + script, headers={"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == expected
        assert answer.content == (DIST / script.removeprefix(DIST_URL)).read_bytes()


def test_the_service_worker_is_asked_for_anew_each_time(served: Server) -> None:
    answer = httpx.get(f"{served.url}/sw.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert release()["id"] in answer.text
