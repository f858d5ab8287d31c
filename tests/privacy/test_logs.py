"""The server's own log: one line of JSON for each event, which never holds what anybody sent; and the requests' ids."""

import json
import logging
import re
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy.exc import IntegrityError

from app import logs
from app.db import Database
from app.models import User
from tests.access.mailbox import mail_server
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg
from tests.running import Server, free_port

WORD = "hemmeligtord"  # stands in everything that somebody writes
OURS = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
Start = Callable[..., Server]


def lines(server: Server) -> list[dict[str, Any]]:
    """What it has logged, but for what the command itself says on its standard output."""
    return [json.loads(line) for line in server.said().splitlines() if line.startswith("{")]


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while not (it := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return it


class Evening:
    """A walk from its planning to a partner's answer, in which everything that could be secret is known: `secrets`."""

    def __init__(self, server: Server, box: Any) -> None:
        self.server, self.box = server, box
        self.secrets: dict[str, str] = {"a word that somebody wrote": WORD}

    def go(self) -> None:
        walk = self.server.tryg("walk", "create", "--title", f"Vandring {WORD}")
        self.keep(walk_code=walk["code"], walk_code_as_shown=f"{walk['code'][:4]}-{walk['code'][4:]}")
        with httpx.Client(base_url=self.server.url, headers=OURS, timeout=60) as http:
            self.walkers(http, walk["code"])
            self.desk(http, walk["walk_id"])
            self.partner(http)
            self.strangers(http, walk["walk_id"])
        with httpx.Client(base_url=self.server.url, timeout=60) as script:
            key = self.server.tryg("user", "key", f"{WORD}@kommune.example")["key"]
            self.keep(reading_key=key)
            for ending in (".csv", ".json", ".zip", "/internal.json", f".geojson?valence=safe&q={WORD}"):
                got = script.get(f"/walks/{walk['walk_id']}/report{ending}", headers={"Authorization": f"Bearer {key}"})
                assert got.status_code == 200, (ending, [one for one in lines(self.server) if "failure" in one])

    def keep(self, **secrets: str) -> None:
        self.secrets |= secrets

    def walkers(self, http: httpx.Client, code: str) -> None:
        phone = Phone(http, code, name=f"Bo {WORD}", team=WORD).join()
        self.keep(phones_secret=phone.secret)
        here = {
            "lat": 57.123456,
            "lon": 9.654321,
            "accuracy_m": 5,
            "source": "gps",
            "fixed_at": "2026-11-24T19:32:08+01:00",
        }
        self.keep(latitude="57.12345", longitude="9.65432")
        picture = Picture(jpeg())
        for more in ({}, {"factors": ["behaviour.groups"]}, {"suggestion": f"Klip {WORD}"}):
            phone.note(*([] if more else [picture]), note=f"Bo bor i {WORD}gade 4", fix=here, **more)
        phone.sync()
        assert phone.put(next(iter(phone.made)), note=f"Andet {WORD}").status_code == 409
        wrong = http.put(f"/api/v1/observations/{WORD}", headers=phone.key, json={"note": WORD, "fix": {"lat": 99}})
        assert wrong.status_code == 422
        broken = http.put(
            f"/api/v1/observations/{next(iter(phone.made))}", headers=phone.key, content=b'{"note": "' + WORD.encode()
        )
        assert broken.status_code == 422
        assert Phone(http, f"{WORD[:8]}").try_to_join(name=WORD).status_code in (404, 422)
        http.put(f"/api/v1/observations/x/photos/{WORD}", headers=phone.key, content=WORD.encode())

    def desk(self, http: httpx.Client, walk_id: str) -> None:
        email = f"{WORD}@kommune.example"
        self.server.tryg("user", "add", email, "--role", "admin")
        assert http.post("/sign-in", data={"email": email}).status_code == 200
        self.box.wait(1)
        self.keep(sign_in_code=self.box.code())
        assert http.post("/sign-in", data={"email": email, "code": "000000"}).status_code == 422
        assert http.post("/sign-in", data={"email": email, "code": self.box.code()}).status_code == 303
        self.keep(session=next(iter(http.cookies.jar)).value or "")
        other = self.server.tryg("user", "add", f"to.{email}", "--role", "coordinator")["sign_in_url"]
        self.keep(sign_in_link=parse_qs(urlsplit(other).query)["key"][0])
        with httpx.Client(headers=OURS) as second:
            assert second.get(other).status_code == 200
            assert (
                second.post(f"{self.server.url}/sign-in/link", data={"key": self.secrets["sign_in_link"]}).status_code
                == 303
            )
        given = {"email": f"ny.{email}", "role": "organiser", "organisation": "everywhere"}
        assert http.post("/people/invitations", data=given).status_code == 303
        self.box.wait(2)
        link, code = self.box.invitation()
        self.keep(letters_link=parse_qs(urlsplit(link).query)["key"][0], letters_code=code)
        theirs = (
            f"/people/{self.server.tryg('user', 'add', f'to.{email}', '--role', 'coordinator')['user_id']}/sessions"
        )
        named = re.search(rf"{theirs}/([0-9a-f]+)/removal", http.get(theirs).text)
        assert named
        self.keep(name_of_a_session=named[1])
        assert http.post(named[0]).status_code == http.post(f"{theirs}/removal").status_code == 303
        assert http.post("/account/presence").status_code == 204
        assert http.get("/sign-in", params={"fresh": "yes", "next": f"/people?q={WORD}"}).status_code == 303
        walk = f"/walks/{walk_id}"
        for page in ("/plan", "/report", "/review", "/review?lane=sensitive", "/live", "/table", "/report/write", "/release", "/measures",
                     f"/report?factor={WORD}&page=2", "/report/comparison"):  # fmt: skip
            assert http.get(walk + page).status_code == 200, page
        assert http.get("/log").status_code == 200
        assert http.post(f"{walk}/measures/calendar").status_code == 303
        calendar = re.search(r"/deadlines/[0-9a-f-]+/([0-9a-f]{64})\.ics", http.get(f"{walk}/measures/calendar").text)
        assert calendar
        self.keep(calendar=calendar[1])
        assert http.get(calendar[0]).status_code == 200

    def partner(self, http: httpx.Client) -> None:
        named = {"organisation": "everywhere", "owner": "vej", "name": f"Vej {WORD}", "email": f"vej@{WORD}.example"}
        assert http.post("/partners", data=named).status_code == 303
        partner = re.search(r"/partners/([0-9a-f-]{36})/links", http.get("/partners").text)
        assert partner
        assert http.post(f"/partners/{partner[1]}/links", data={"days": "30"}).status_code == 303
        link = re.search(r"/p/([A-Za-z0-9_-]{43})", http.get("/partners").text)
        assert link
        self.keep(partners_link=link[1])
        with httpx.Client(base_url=self.server.url, headers=OURS) as visitor:
            assert visitor.get(link[0]).status_code == 303
            assert visitor.get("/partner").status_code == 200
            assert visitor.get(f"/p/{WORD}").status_code == 404

    def strangers(self, http: httpx.Client, walk_id: str) -> None:
        for path in (
            f"/{WORD}",
            f"/r/{WORD}",
            f"/r/{WORD}?name={WORD}",
            f"/marks/{WORD}",
            f"/walks/{walk_id}/{WORD}",
            f"/deadlines/x/{WORD}.ics",
        ):
            assert (
                http.get(
                    path, headers={"X-Request-Id": WORD, "Referer": f"http://{WORD}", "User-Agent": WORD}
                ).status_code
                == 404
            )
        assert http.request(WORD.upper(), "/").status_code == 400
        with socket.create_connection(("127.0.0.1", self.server.port)) as raw:
            raw.sendall(f"GET /{WORD} HTTP/9.9\r\n{WORD}\r\n\r\n".encode())
            raw.recv(100)


def test_nothing_that_anybody_sent_stands_in_the_log_of_a_whole_evening(start_server: Start) -> None:
    port = free_port()
    with mail_server(port) as box:
        server = start_server(TRYG_SMTP_URL=f"smtp://127.0.0.1:{port}", TRYG_LOG_LEVEL="debug")
        evening = Evening(server, box)
        evening.go()
        assert server.stop() == 0
    said = server.said()
    assert len(evening.secrets) == 15, evening.secrets
    found = [name for name, secret in evening.secrets.items() if secret.lower() in said.lower()]
    assert found == [], [line for line in said.splitlines() if any(evening.secrets[name] in line for name in found)]
    assert "127.0.0.1" not in said.replace(server.url, ""), "nor where anybody called from"
    told = lines(server)
    requests = [line for line in told if "route" in line]
    assert len(requests) > 45
    assert {"/walks/{walk_id}/report", "/p/{secret}", "/sign-in/link", "-", "/healthz"} <= {
        line["route"] for line in requests
    }
    assert all(re.fullmatch(r"[0-9a-f]{16}", line["request"]) for line in requests)
    assert all(line["time"].endswith("Z") and line["ms"] >= 0 and line["method"] for line in requests)
    assert not [line for line in requests if line["status"] >= 500]


def test_a_trusted_proxys_id_is_taken_over_where_it_is_well_formed_and_nobody_elses(start_server: Start) -> None:
    """Where no proxy is trusted nobody's is: the evening above sends one."""
    server = start_server(TRYG_TRUSTED_PROXIES="127.0.0.1")
    given, proxied = "b3f1-4c2a.90_A", {"X-Forwarded-For": "192.0.2.7"}
    with httpx.Client(base_url=server.url) as http:

        def answered(**headers: str) -> httpx.Response:
            return http.get(
                "/api/v1/walks/x", headers={name.replace("_", "-"): value for name, value in headers.items()}
            )

        known = answered(X_Request_Id=given, **proxied)
        assert known.headers["x-request-id"] == given
        for other in ({"X-Request-Id": given}, proxied, proxied | {"X-Request-Id": "kort"}, proxied | {"X-Request-Id": "å" * 20},
                      proxied | {"X-Request-Id": "x" * 65}, proxied | {"X-Request-Id": "a b c d e f g"}):  # fmt: skip
            fresh = http.get("/api/v1/walks/x", headers={name: value.encode() for name, value in other.items()})
            assert re.fullmatch(r"[0-9a-f]{16}", fresh.headers["x-request-id"]), other
        ids = {answered().headers["x-request-id"] for _ in range(5)}
        assert len(ids) == 5
    until(lambda: [line for line in lines(server) if line.get("request") == given and line["status"] == 401])


def line_of(wrong: BaseException) -> str:
    record = logging.LogRecord(
        "tryg", logging.ERROR, "x.py", 1, "unexpected failure", (), (type(wrong), wrong, wrong.__traceback__)
    )
    return logs._Line().format(record)


def test_a_failures_line_names_its_place_and_never_what_it_was_about(database_url: str, every_database: str) -> None:
    db = Database(database_url)
    with db.write() as tx:
        tx.add(User(email=f"{WORD}@kommune.example"))

    def twice() -> None:
        with db.write() as tx:
            tx.add(User(email=f"{WORD}@kommune.example"))

    with pytest.raises(IntegrityError) as caught:
        twice()
    assert "hidden" in str(caught.value), "SQLAlchemy does not tell what it was given"
    db.close()
    said = line_of(caught.value)
    assert WORD not in said
    told = json.loads(said)["failure"]
    assert told.startswith("Traceback")
    assert "test_logs.py" in told
    assert "IntegrityError" in told


def test_an_unexpected_failure_is_a_500_whose_id_stands_in_the_log_and_on_the_page(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError(f"note: {WORD}")

    monkeypatch.setattr("app.access.signin.whose_link", broken)
    with caplog.at_level(logging.INFO, "tryg"):
        page = stage.http.get(f"/sign-in/link?key={WORD}", headers={"Accept": "text/html"})
    assert page.status_code == 500
    request_id = page.headers["x-request-id"]
    assert request_id in page.text
    records = [record for record in caplog.records if record.exc_info]
    assert [record.getMessage() for record in records] == ["unexpected failure at /sign-in/link"]
    assert WORD not in "\n".join(logs._Line().format(record) for record in records)
    answer = stage.http.get("/sign-in/link", headers={"Accept": "application/json"})
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_of_libraries_only_their_own_words_are_told() -> None:
    record = logging.LogRecord("PIL.Image", logging.WARNING, "x.py", 1, "cannot read %s\nmore", (WORD,), None)
    assert json.loads(logs._Line().format(record))["message"] == "PIL.Image: cannot read %s"


def test_a_terminal_gets_short_lines_to_read() -> None:
    record = logging.LogRecord(
        "tryg.requests", logging.INFO, "x.py", 1, "%s %s %s", ("GET", "/walks/{walk_id}/report", 200), None
    )
    record.told = {"method": "GET", "route": "/walks/{walk_id}/report", "status": 200, "ms": 12.3}
    assert re.fullmatch(r"\d\d:\d\d:\d\d GET /walks/{walk_id}/report 200  12 ms", logs._Plain().format(record))


def test_what_led_to_a_failure_is_named_without_its_words_too() -> None:
    def fail() -> None:
        raise ValueError(WORD) from KeyError(WORD)

    with pytest.raises(ValueError, match=WORD) as caught:
        fail()
    told = logs.failure(caught.value)
    assert "builtins.ValueError < because of builtins.KeyError" in told
    assert WORD not in told
