"""Throws what the OpenAPI document allows, and what it does not, at a running server, as people of every kind.

Hides schemathesis: installed apart from everything else (requirements-audit.txt), started as a command. Promises a server of
its own with the demo walk in it, all of schemathesis' checks, and that whatever it finds is printed with a way to repeat it.
`python -m tests.security.fuzz [SECONDS]`: so long for each kind of person; without, as CI does it.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import create_engine, text

from tests.phone import Phone, Picture, jpeg
from tests.running import Server

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml").read_text("utf-8")
SCHEMATHESIS = ROOT / ".venv-audit" / "bin" / "st"
OURS = {"Sec-Fetch-Site": "same-origin"}
PEOPLE = ("nobody", "walker", "session", "key")
# A walker's secret opens the wire alone, a session the pages: elsewhere they are nobody. Signing out would end the run's own,
# and so would erasing what the phone made.
WHERE = {
    "walker": "^/api/(?!.*/erasure$)",
    "session": "^/(?!api/|sign-out|account/sessions/)",
    "key": "^/(walks/[^/]+/report[.](csv|json|geojson)$|overview|api/v1/photos)",
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# What forms call the things that are there.
IN_FORMS = {
    "note": ("observation_id",), "id": ("observation_id",), "off": ("observation_id",), "photo": ("photo_id",), "partner": ("partner_id",),
    "to": ("partner_id",), "from": ("walk_id", "live"), "into": ("number",), "version": ("number", "0"), "rev": ("number", "0"),
}  # fmt: skip
ENDLESS = """
# Its answer goes on for ever, to whoever may follow.
[[operations]]
include-path = "/walks/{walk_id}/live/events"
enabled = false
"""
# As CI has time for: every boundary where JSON is read, else each route a few times.
QUICK = {"nobody": ("fuzzing", 1), "walker": ("coverage,fuzzing", 1), "session": ("fuzzing", 1), "key": ("fuzzing", 1)}


@dataclass(frozen=True)
class Found:
    """What one run found: how many requests it made, and everything it printed where one failed."""

    who: str
    requests: int
    seconds: float
    failed: bool
    said: str


@contextmanager
def stage(folder: Path) -> Iterator[tuple[Server, dict[str, dict[str, str]], dict[str, str]]]:
    """A server with the demo walk, the headers of everybody in PEOPLE, and the names of what is there."""
    server = Server(folder / "var", TRYG_RATE_LIMITS="off").start()
    try:
        demo = server.tryg("demo")
        people, phone = _people(server, demo["code"])
        yield server, people, _names(server, demo, phone)
    finally:
        server.stop()


def _people(server: Server, code: str) -> tuple[dict[str, dict[str, str]], Phone]:
    server.tryg(
        "user", "add", "bo@demo.example", "--role", "organiser"
    )  # whose sign-ins are ended, and whose role is taken
    added = server.tryg("user", "add", "fuzz@demo.example", "--role", "admin")
    key = server.tryg("user", "key", "fuzz@demo.example")
    with httpx.Client(base_url=server.url, headers=OURS, timeout=30) as http:
        phone = Phone(http, code).join()
        phone.note(Picture(jpeg()))
        phone.sync()
        one_time = parse_qs(urlsplit(added["sign_in_url"]).query)["key"][0]
        signed_in = http.post("/sign-in/link", data={"key": one_time})
        assert signed_in.status_code == 303, signed_in.text
        cookie = "; ".join(f"{name}={value}" for name, value in http.cookies.items())
    people = {
        "nobody": {},
        "walker": phone.key,
        "session": OURS | {"Cookie": cookie},
        "key": {"Authorization": f"Bearer {key['key']}"},
    }
    return people, phone


def _names(server: Server, demo: dict[str, str], phone: Phone) -> dict[str, str]:
    """What stands in addresses, so that more than "not there" is tried: half the rooms lie behind a walk that is."""
    engine = create_engine(server.database)
    with engine.connect() as database:
        first = {
            "partner_id": "SELECT id FROM partner", "measure_id": "SELECT id FROM measure",
            "user_id": "SELECT id FROM person WHERE email LIKE 'bo@%'", "membership_id": "SELECT membership.id FROM membership "
            "JOIN person ON person.id = user_id WHERE email LIKE 'bo@%'", "edition": "SELECT number FROM edition", "slug": "SELECT slug FROM walk WHERE slug IS NOT NULL",
        }  # fmt: skip
        names = {name: str(database.execute(text(question)).first()[0]) for name, question in first.items()}
    engine.dispose()
    note, photo = next(iter(phone.made)), next(iter(phone.pictures))
    return names | {
        "walk_id": demo["walk_id"], "code": demo["code"], "number": "1", "participant_id": phone.id,
        "observation_id": note, "photo_id": photo, "recording_id": photo,
    }  # fmt: skip


def fuzz(server: Server, who: str, headers: dict[str, str], names: dict[str, str], seconds: int = 0) -> Found:
    """One run of schemathesis as `who`; `seconds` 0: as CI has time for. Nobody guesses names; the others know them."""
    command = ["run", "openapi.json", "--url", server.url, "--checks", "all", "--continue-on-failure", "--no-color"]
    command += ["--request-timeout", "10", "--max-response-time", "10"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    if seconds:
        command += ["--max-time", str(seconds)]
    else:
        phases, examples = QUICK[who]
        command += ["--phases", phases, "--max-examples", str(examples), "--generation-deterministic"]
    if who in WHERE:
        command += ["--include-path-regex", WHERE[who]]
    given = "" if who == "nobody" else "".join(f'"path.{name}" = "{value}"\n' for name, value in names.items())
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:  # it writes a folder of its own where it stands
        config = Path(folder) / "schemathesis.toml"
        config.write_text(f"[parameters]\n{given}\n{CONFIG}{ENDLESS if who == 'session' else ''}", "utf-8")
        (Path(folder) / "openapi.json").write_text(json.dumps(_document(server, names if given else {})), "utf-8")
        done = subprocess.run(
            [str(SCHEMATHESIS), "--config-file", str(config), *command],
            cwd=folder, capture_output=True, text=True, check=False, timeout=600 + seconds * 2,
        )  # fmt: skip
    counted = re.search(r"(\d+) generated", done.stdout)
    return Found(who, int(counted[1]) if counted else 0, time.monotonic() - began, done.returncode != 0,
                 done.stdout + done.stderr)  # fmt: skip


def _document(server: Server, names: dict[str, str]) -> dict[str, Any]:
    """The server's own document; whoever knows what is there writes it into forms, too, every other time."""
    document: dict[str, Any] = httpx.get(f"{server.url}/openapi.json", timeout=30).raise_for_status().json()
    known = {field: [names[name], *more] for field, (name, *more) in IN_FORMS.items() if name in names}
    for methods in document["paths"].values():
        for operation in methods.values():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                fields = content["schema"].get("properties", {}) if kind in FORMS else {}
                for name in fields.keys() & known.keys():
                    one = {"anyOf": [{"type": "string", "enum": known[name]}, {"type": "string"}]}
                    several = any(way.get("type") == "array" for way in fields[name].get("anyOf", ()))
                    fields[name] = {"anyOf": [{"type": "array", "items": one}, *one["anyOf"]]} if several else one
    return document


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    failed = False
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as (server, people, names):
        for who, headers in people.items():
            found = fuzz(server, who, headers, names, seconds)
            print(
                f"{who}: {found.requests} requests in {found.seconds:.0f} s, {'failures' if found.failed else 'no failure'}"
            )
            if found.failed:
                print(found.said)
            failed |= found.failed
        if "Traceback" in server.said():
            print(server.said())
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
