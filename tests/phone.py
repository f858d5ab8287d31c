"""A fake phone: mints ids and a secret, keeps what it has made, and sends it over a network that may be bad.

It speaks the wire contract and nothing else, as a phone of another maker would: it uses none of the app's own code.
"""

import base64
import hashlib
import io
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from PIL import Image
from uuid_utils import uuid7

CAPTURED = "2026-11-24T19:32:11.120+01:00"
FIX = {
    "lat": 57.0488,
    "lon": 9.9217,
    "accuracy_m": 8.5,
    "source": "gps",
    "fixed_at": "2026-11-24T19:32:08+01:00",
}


def new_id() -> str:
    return str(uuid7())


def jpeg(width: int = 64, height: int = 48, colour: tuple[int, int, int] = (30, 60, 90), **saved: Any) -> bytes:
    """A real JPEG, different for each colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG", **saved)
    return file.getvalue()


def content_digest(data: bytes) -> str:
    """RFC 9530's Content-Digest of `data`."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(data).digest()).decode()}:"


@dataclass
class Picture:
    data: bytes
    type: str = "image/jpeg"
    id: str = field(default_factory=new_id)

    def declared(self) -> dict[str, Any]:
        sha256 = hashlib.sha256(self.data).hexdigest()
        return {"id": self.id, "sha256": sha256, "bytes": len(self.data), "type": self.type}


def webm(seed: int = 1, length: int = 4000) -> bytes:
    """What begins as a recording of Chromium or Firefox does; different for each seed."""
    head = bytes.fromhex(
        "1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701ffffffffffffff"
    )
    return head + bytes((seed * 31 + at * at) % 256 for at in range(length))


@dataclass
class Recording(Picture):
    """What somebody has said."""

    type: str = "audio/webm;codecs=opus"
    seconds: float = 7.5

    def declared(self) -> dict[str, Any]:
        return super().declared() | {"seconds": self.seconds}


class LostOnTheWay(Exception):
    """The network lost a request or its reply; the phone cannot tell which."""


@dataclass
class Network:
    """`fate` is asked before each request: "fine", "lose request", "lose reply" or "repeat"."""

    http: httpx.Client
    fate: Callable[[], str] = lambda: "fine"

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        fate = self.fate()
        if fate == "lose request":
            raise LostOnTheWay
        reply = self.http.request(method, path, **more)
        if fate == "repeat":
            reply = self.http.request(method, path, **more)
        if fate == "lose reply":
            raise LostOnTheWay
        return reply


class Phone:
    """One phone. `made`: its newest revision of each note; `pictures`: by id; `receipts`: what it was promised."""

    def __init__(self, http: httpx.Client, code: str, **profile: Any) -> None:
        self.network = Network(http)
        self.code, self.profile = code, profile
        self.id, self.secret = new_id(), secrets.token_urlsafe(32)
        self.walk: dict[str, Any] = {}
        self.made: dict[str, dict[str, Any]] = {}
        self.pictures: dict[str, Picture] = {}
        self.owner: dict[str, str] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        self.arrived: set[str] = set()

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.id}.{self.secret}"}

    def try_to_join(self, **other: Any) -> httpx.Response:
        sent = {"code": self.code, "secret": self.secret, "role": "resident", "language": "da"} | self.profile | other
        return self.network.send("PUT", f"/api/v1/participants/{self.id}", json=sent)

    def join(self, **other: Any) -> "Phone":
        reply = self.try_to_join(**other)
        assert reply.status_code in (200, 201), reply.text
        self.walk = reply.json()["walk"]
        return self

    def note(self, *brought: Picture, **content: Any) -> str:
        """Make a note on the phone; its id. Nothing is sent."""
        note_id = new_id()
        pictures, recordings = [], []
        for one in brought:
            (recordings if isinstance(one, Recording) else pictures).append(one)
        said = {"valence": "unsafe", "note": "Lampen ved tunnelen er slukket.", "fix": FIX} | content
        self.made[note_id] = {"walk_id": self.walk["id"], "rev": 1, "captured_at": CAPTURED, **said,
                              "photos": [picture.declared() for picture in pictures]}  # fmt: skip
        if recordings:
            self.made[note_id]["recordings"] = [one.declared() for one in recordings]
        for picture in brought:
            self.pictures[picture.id], self.owner[picture.id] = picture, note_id
        return note_id

    def edit(self, note_id: str, **content: Any) -> None:
        self.made[note_id] = {**self.made[note_id], **content, "rev": self.made[note_id]["rev"] + 1}

    def put(self, note_id: str, **other: Any) -> httpx.Response:
        """Send a note's words as they are, with `other` fields in their place."""
        sent = self.made.get(note_id, {}) | other
        body = json.dumps(sent)  # in ASCII: httpx's own refuses the lone surrogates that a broken keyboard makes
        headers = self.key | {"Content-Type": "application/json"}
        return self.network.send("PUT", f"/api/v1/observations/{note_id}", content=body, headers=headers)

    def put_picture(self, picture_id: str, **headers: str) -> httpx.Response:
        picture = self.pictures[picture_id]
        kind = "recordings" if isinstance(picture, Recording) else "photos"
        path = f"/api/v1/observations/{self.owner[picture_id]}/{kind}/{picture_id}"
        sent = {"Content-Type": picture.type, "Content-Digest": content_digest(picture.data)} | headers
        return self.network.send("PUT", path, content=picture.data, headers=self.key | sent)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.network.send("GET", f"/api/v1{path}", headers=self.key | more.pop("headers", {}), **more)

    def sync(self, patience: int = 50) -> None:
        """Send everything, words first, again and again until it is all acknowledged."""
        for _ in range(patience):
            try:
                if self._send_what_is_left():
                    return
            except LostOnTheWay:
                continue
        raise AssertionError("the phone could not send everything")

    def _send_what_is_left(self) -> bool:
        for note_id, body in self.made.items():
            if self.receipts.get(note_id, {}).get("rev") != body["rev"]:
                reply = _or_later(self.put(note_id))
                assert reply.status_code in (200, 201), reply.text
                self.receipts[note_id] = reply.json()
        for picture_id in self.pictures:
            if picture_id not in self.arrived:
                reply = _or_later(self.put_picture(picture_id))
                assert reply.status_code in (200, 201), reply.text
                self.arrived.add(picture_id)
        return True

    def changes(self, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
        """Every change after `after`, following `next` until there is no more."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"/walks/{self.walk['id']}/changes", params={"after": after, "limit": limit}).json()
            found += page["changes"]
            after = page["next"]
            if not page["more"]:
                return found


def _or_later(reply: httpx.Response) -> httpx.Response:
    """The reply, unless the server asks for patience: then the phone tries again, as after a lost one."""
    if reply.status_code == 503:
        raise LostOnTheWay
    return reply
