"""The server on a root that nobody can write to, as the container runs it: it writes to its data folder and nowhere else."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.phone import Phone, Picture, jpeg
from tests.photos.pictures import until
from tests.running import TRYG, Server
from tests.security.files import GPX, POINT

# In a mount namespace of its own everything but the data folder is mounted read-only, /tmp too.
READ_ONLY = """set -e
mount --make-rprivate /
mount --bind "$1" "$1"
for place in $(awk '{print $2}' /proc/self/mounts | sort -ru); do
  case "$place" in "$1") ;; /proc*|/sys*|/dev|/dev/pts*|/dev/mqueue*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null || true ;; esac
done
if touch "$2/written" 2>/dev/null; then echo "still writable" >&2; exit 9; fi
shift 2
exec "$@"
"""


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "var", TRYG_RATE_LIMITS="off", TMPDIR=str(tmp_path / "var"))
    server.data.mkdir()
    beside = tmp_path / "beside"
    beside.mkdir()
    own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    serve = [str(TRYG), "serve", "--data", str(server.data), "--port", str(server.port)]
    with server.log.open("ab") as log:
        server.process = subprocess.Popen(
            [*own, "sh", "-c", READ_ONLY, "sh", str(server.data), str(beside), *serve],
            env=server.environment | {"PYTHONDONTWRITEBYTECODE": "1"}, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until(lambda: _answers(server))
        yield server
    finally:
        assert server.stop() == 0


def _answers(server: Server) -> bool:
    assert server.process
    assert server.process.poll() is None, server.said()
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{server.url}/readyz", timeout=5).status_code == 200
    return False


def test_an_evening_needs_nothing_but_the_data_folder(read_only: Server) -> None:
    server = read_only
    code = server.tryg("walk", "create", "--title", "Aftenvandring")["code"]
    link = server.tryg("user", "add", "ida@kommune.example", "--role", "coordinator")["sign_in_url"]
    with httpx.Client(base_url=server.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60) as http:
        phone, picture = Phone(http, code).join(), Picture(jpeg())
        phone.note(picture)
        phone.sync()
        until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)
        assert http.post("/sign-in/link", data={"key": parse_qs(urlsplit(link).query)["key"][0]}).status_code == 303
        # More than a form keeps in memory: it goes through a file.
        route = GPX % (POINT * 60_000)
        assert len(route) > 1024 * 1024
        assert http.post("/walks/new", data={"title": "Fra ur"}, files={"route": ("x.gpx", route)}).status_code == 303
        for ending in ("csv", "json", "geojson", "gpkg", "xlsx", "zip", "pdf"):
            reply = http.get(f"/walks/{phone.walk['id']}/report.{ending}")
            assert reply.status_code == 200, (ending, reply.text[:500])
    assert "Traceback" not in server.said()
    assert "Read-only" not in server.said()
