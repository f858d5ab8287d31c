"""The command `tryg` as scripts use it: real processes, one JSON object, exit codes, one sentence on stderr."""

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.running import TRYG, Server, clean_environment, mother

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `tryg …` on a data folder of its own: split off from a process that has imported it, or `started`."""

    def do(*arguments: str, started: bool = False, **settings: str) -> subprocess.CompletedProcess[str]:
        given, environment = [*arguments, "--data", str(tmp_path / "var")], clean_environment() | settings
        if started:
            return subprocess.run([str(TRYG), *given], env=environment, capture_output=True, text=True, timeout=60)
        return mother.run(given, environment)

    return do


def said(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    assert done.returncode == code, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_a_walk_is_made_opened_and_closed_in_a_fresh_folder(run: Run) -> None:
    made = said(run("walk", "create", "--title", "Skolevejen", "--planned", "--json", started=True))
    assert set(made) == {"walk_id", "code", "join_url"}
    assert made["join_url"] == f"http://127.0.0.1:8000/app/?walk={made['code']}"
    written = f"{made['code'][:4].lower()}-{made['code'][4:]}"
    for command, state in (("open", "open"), ("close", "closed"), ("close", "closed"), ("reopen", "open")):
        assert said(run("walk", command, written, "--json")) == {
            "walk_id": made["walk_id"], "code": made["code"], "state": state,
        }  # fmt: skip


def test_a_created_walk_is_open_and_its_link_names_where_people_reach_it(run: Run) -> None:
    settings = {"TRYG_BASE_URL": "https://vandring.example/"}
    made = said(run("walk", "create", "--title", "T", "--json", **settings))
    assert made["join_url"].startswith("https://vandring.example/app/?walk=")
    assert said(run("walk", "open", made["code"], "--json"))["state"] == "open"


def test_people_are_added_and_changed(run: Run) -> None:
    first = said(run("user", "add", "Ida@Kommune.example", "--role", "coordinator", "--json"))
    second = said(
        run("user", "add", "ida@kommune.example", "--role", "organiser", "--organisation", "Aalborg", "--json")
    )
    assert set(first) == {"user_id", "sign_in_url"}
    assert first["user_id"] == second["user_id"]
    assert first["sign_in_url"] != second["sign_in_url"]
    assert said(run("user", "key", "ida@kommune.example", "--json"))["key"].startswith("tryg_")
    assert said(run("user", "key", "ida@kommune.example", "--revoke", "--json")) == {"revoked": 1}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("walk", "create", "--title", " "), 2, "needs a title"),
        (("walk", "create", "--title", "T", "--starts", "i morgen"), 2, "--starts"),
        (("walk", "create", "--title", "T", "--starts", "2026-12-02", "--ends", "2026-12-01"), 2, "--ends"),
        (("walk", "create", "--title", "T", "--route", "/nowhere.geojson"), 1, "/nowhere.geojson"),
        (("walk", "create", "--title", "T", "--route", "pyproject.toml"), 2, "GeoJSON"),
        (("walk", "create"), 2, "--title"),
        (("walk", "close", "K7QF2MXD"), 1, "K7QF2MXD"),
        (("user", "add", "nobody", "--role", "admin"), 2, "e-mail"),
        (("user", "add", "a@b.example", "--role", "king"), 2, "king"),
        (("user", "key", "a@b.example"), 1, "a@b.example"),
        (("export", "K7QF2MXD", "--format", "csv", "--out", "/tmp/never.csv"), 1, "K7QF2MXD"),
        (("export", "K7QF2MXD", "--format", "shp", "--out", "/tmp/never.shp"), 2, "shp"),
        (("dance",), 2, "dance"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told_in_a_sentence(
    run: Run, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    assert sentence in refused(run(*arguments), code)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRYG_DATABASE_URL", "mysql://x"), ("TRYG_SECRET", "short"), ("TRYG_SMTP_URL", "http://x"),
        ("TRYG_RATE_LIMITS", "perhaps"), ("TRYG_BASE_URL", "vandring.example"), ("TRYG_BASEMAP", "/nowhere.pmtiles"),
    ],
)  # fmt: skip
def test_a_wrong_setting_stops_the_start_and_is_named(run: Run, name: str, value: str) -> None:
    told = refused(run("serve", "--port", "0", **{name: value}), 2)
    assert name in told
    assert told.count("\n") == 1


def test_a_database_that_cannot_be_reached_is_told(run: Run) -> None:
    settings = {"TRYG_DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none"}
    assert "cannot be reached" in refused(run("walk", "create", "--title", "T", **settings), 1)


def test_a_database_of_a_newer_release_is_left_alone(run: Run, tmp_path: Path) -> None:
    import pysqlite3.dbapi2 as sqlite

    said(run("migrate", "--json"))
    with sqlite.connect(tmp_path / "var" / "tryg.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version" in refused(run("migrate"), 1)


def test_migrating_tells_what_it_did(run: Run) -> None:
    first, second = said(run("migrate", "--json")), said(run("migrate", "--json"))
    assert first["before"] is None
    assert first["after"] == second["before"] == second["after"]


@pytest.mark.embedded
def test_six_first_starts_at_once_make_one_database(run: Run, tmp_path: Path) -> None:
    command = [str(TRYG), "walk", "create", "--title", "T", "--data", str(tmp_path / "var"), "--json"]
    started = [subprocess.Popen(command, env=clean_environment(), stdout=-1, stderr=-1, text=True) for _ in range(6)]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 6, ended
    assert len({json.loads(out)["code"] for out, _err in ended}) == 6


def test_every_command_explains_itself() -> None:
    for words in ((), ("serve",), ("walk",), ("walk", "create"), ("user", "key"), ("export",), ("demo",)):
        done = mother.run([*words, "--help"], clean_environment())
        assert done.returncode == 0
        assert "Usage: tryg" in done.stdout


def test_commands_work_beside_the_server_on_each_database(server: Server, every_database: str, tmp_path: Path) -> None:
    route = tmp_path / "route.geojson"
    route.write_text(json.dumps({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[9.9, 57.0], [9.91, 57.0]]}},
        {"type": "Feature", "properties": {"name": "Tunnelen"}, "geometry": {"type": "Point", "coordinates": [9.9, 57.0]}},
    ]}))  # fmt: skip
    made = server.tryg("walk", "create", "--title", "T", "--starts", "2026-11-26T19:00", "--route", str(route))
    with httpx.Client(base_url=server.url) as http:
        phone = Phone(http, made["code"]).join()
        assert phone.walk["starts_at"] == "2026-11-26T18:00:00.000Z"
        assert [stop["name"] for stop in phone.walk["stops"]] == ["Tunnelen"]
        assert len(phone.walk["route"]["coordinates"]) == 2
        picture = Picture(jpeg())
        phone.put(phone.note(picture, note="Her er mørkt.", factors=["behaviour.substances"]))
        phone.put_picture(picture.id)
        # Until the photo is cleaned, the same report differs from one moment to the next.
        until(lambda: [photo["state"] for note in phone.changes() for photo in note.get("photos", ())] == ["ready"])
        assert server.tryg("walk", "close", made["code"])["state"] == "closed"
        assert phone.get(f"/walks/{made['walk_id']}").json()["state"] == "closed"
        server.tryg("user", "add", "ida@x.example", "--role", "coordinator")
        key = {"Authorization": f"Bearer {server.tryg('user', 'key', 'ida@x.example')['key']}"}
        for ending in ("csv", "geojson", "json", "gpkg", "xlsx", "pdf"):
            out = tmp_path / f"out.{ending}"
            told = server.tryg("export", made["code"], "--format", ending, "--out", str(out))
            assert told == {"out": str(out), "notes": 1, "bytes": out.stat().st_size}
            assert out.read_bytes() == http.get(f"/walks/{made['walk_id']}/report.{ending}", headers=key).content
        zipped = tmp_path / "out.zip"
        server.tryg("export", made["walk_id"].upper(), "--format", "zip", "--out", str(zipped))
        assert zipped.read_bytes()[:2] == b"PK"
    assert sorted(path.name for path in tmp_path.glob("out.*")) == [
        "out.csv",
        "out.geojson",
        "out.gpkg",
        "out.json",
        "out.pdf",
        "out.xlsx",
        "out.zip",
    ]
    assert not list(tmp_path.glob(".out.*"))


@pytest.mark.embedded
def test_a_second_server_on_the_same_data_is_refused_and_the_first_serves_on(server: Server) -> None:
    second = mother.run(["serve", "--data", str(server.data), "--port", "0"], clean_environment())
    assert "Another server" in refused(second, 1)
    assert httpx.get(f"{server.url}/healthz").json()["status"] == "ok"
    server.kill()
    server.start()  # a server that was killed leaves no lock


def test_a_port_in_use_is_told(server: Server) -> None:
    other = str(server.data.with_name("other"))
    done = mother.run(["serve", "--data", other, "--port", str(server.port)], clean_environment())
    assert f"port {server.port}" in refused(done, 1)


def test_sigterm_ends_the_server_cleanly_and_soon(start_server: Callable[..., Server]) -> None:
    server = start_server(fresh=True)
    with httpx.Client(base_url=server.url) as http:
        http.get("/healthz")  # an idle connection is held open, as a phone's would be
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 10  # not the whole time that idle connections may last
    assert "Traceback" not in server.said()


def test_the_log_names_no_addresses_and_no_secrets(server: Server) -> None:
    link = server.tryg("user", "add", "ida@x.example", "--role", "admin")["sign_in_url"]
    assert httpx.get(link).status_code == 200
    httpx.get(f"{server.url}/app/?walk=K7QF2MXD")
    logged(server, r"(GET /app/\{path:path\} 200)")
    log = server.said().replace(server.url, "")  # its own address, said once at the start
    assert "GET /sign-in/link 200" in log
    for secret in (link.partition("key=")[2], "K7QF2MXD", "127.0.0.1", "/healthz"):
        assert secret not in log


def test_the_server_does_not_say_what_it_runs_on(server: Server) -> None:
    assert "server" not in httpx.get(f"{server.url}/healthz").headers


def logged(server: Server, pattern: str) -> str:
    """What the pattern's group finds in the log, which is written after the answer; at most 10 s later."""
    deadline = time.monotonic() + 10
    while not (found := re.search(pattern, server.said())):
        assert time.monotonic() < deadline, server.said()
        time.sleep(0.05)
    return found[1]


def test_a_code_is_printed_in_the_log_where_no_mail_server_is_set(server: Server) -> None:
    server.tryg("user", "add", "ida@x.example", "--role", "admin")
    with httpx.Client(base_url=server.url) as http:
        http.post("/sign-in", data={"email": "ida@x.example"})
        code = logged(server, r"sign-in code for ida@x\.example: (\d{6})")
        assert http.post("/sign-in", data={"email": "ida@x.example", "code": code}).status_code == 303
        assert http.get("/", headers={"Accept": "text/html"}).status_code == 200


def test_links_name_the_port_that_the_running_server_has(tmp_path: Path, run: Run) -> None:
    command = [str(TRYG), "serve", "--data", str(tmp_path / "var"), "--port", "0", "--json"]
    process = subprocess.Popen(
        command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert said(run("walk", "create", "--title", "T", "--json"))["join_url"].startswith(f"{url}/app/?walk=")
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


@pytest.mark.parametrize(("trusted", "status"), [("", 429), ("127.0.0.1", 404)])
def test_only_a_trusted_proxy_says_where_a_call_comes_from(
    start_server: Callable[..., Server], trusted: str, status: int
) -> None:
    server = start_server(TRYG_TRUSTED_PROXIES=trusted)
    with httpx.Client(base_url=server.url) as http:
        for number in range(31):
            http.headers["X-Forwarded-For"] = f"192.0.2.{number}"
            last = Phone(http, "00000000").try_to_join()
    assert last.status_code == status
