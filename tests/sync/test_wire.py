"""Messages that phones of version 1 send, and the answers they understand: kept as files, and true for ever.

Each file in wire/ is one request and what the answer must hold. `{walk}`, `{code}` and `{stop}` stand for the walk of the
test; `<time>`, `<number>` and `<text>` for any value of that kind. An answer may hold more than it did: never less, and
nothing else under the same name. A file that phones may have in their pockets is never changed: a new message, a new file.
"""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.models import Walk
from app.sync.protocol import instant
from tests.cast import Stage

WIRE = Path(__file__).parent / "wire"
MESSAGES = sorted(WIRE.glob("*.json"))
BASE = "/api/v1"


def holds(answer: Any, promised: Any, where: str = "") -> None:
    """Fails, with the place, where `answer` lacks something that was promised."""
    if promised == "<time>":
        assert instant(answer), where
    elif promised == "<number>":
        assert isinstance(answer, int | float), where
    elif promised == "<text>":
        assert isinstance(answer, str), where
    elif isinstance(promised, dict):
        assert isinstance(answer, dict), where
        for name, value in promised.items():
            assert name in answer, f"{where}.{name} is gone"
            holds(answer[name], value, f"{where}.{name}")
    elif isinstance(promised, list):
        if where.endswith(".changes"):  # a photo that becomes ready meanwhile moves its note to the end
            answer, promised = (sorted(listed, key=lambda change: change["id"]) for listed in (answer, promised))
        assert len(answer) == len(promised), f"{where}: {answer}"
        for number, value in enumerate(promised):
            holds(answer[number], value, f"{where}[{number}]")
    else:
        assert answer == promised, where


@pytest.mark.usefixtures("every_database")
def test_what_phones_of_version_1_say_is_understood_and_answered_as_they_know_it(stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).tracks = True
    known = {"walk": stage.walk.id, "code": stage.walk.code, "stop": stage.stops[0].id}
    for path in MESSAGES:
        text = path.read_text("utf-8")
        for name, value in known.items():
            text = text.replace(f"{{{name}}}", value)
        message = json.loads(text)
        ask, promised = message["ask"], message["answer"]
        body = base64.b64decode(ask["bytes"]) if "bytes" in ask else json.dumps(ask["body"]) if "body" in ask else None
        kind = {"Content-Type": "application/json"} if "body" in ask else {}
        reply = stage.http.request(
            ask["method"], BASE + ask["path"], content=body, headers=kind | ask.get("headers", {})
        )
        assert reply.status_code == promised["status"], f"{path.name}: {reply.text}"
        holds(reply.json(), promised["body"], path.name)


def test_no_message_was_changed_and_none_was_taken_away() -> None:
    listed = dict(re.findall(r"^(\w{64})  (\S+)$", (WIRE / "SHA256SUMS").read_text(), re.MULTILINE))
    found = {hashlib.sha256(path.read_bytes()).hexdigest(): path.name for path in MESSAGES}
    assert found == listed, "a new message gets a new file, and a new line in SHA256SUMS"
    assert len(found) >= 20
