"""What a request may bring: every route refuses too much, whatever it is and however it says how much it is."""

import gzip
import json
from collections.abc import Callable, Iterator

from app.arrivals import most
from tests.access.conftest import Browser
from tests.cast import Stage
from tests.security.everything import everything

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def paths(filled: dict[str, str]) -> Iterator[tuple[str, str]]:
    for method, path in everything(methods=CHANGES):
        yield method, path.format_map(filled)


def test_a_length_beyond_the_limit_is_refused_on_every_route_before_a_byte_is_read(
    stage: Stage, filled: dict[str, str]
) -> None:
    browser = Browser(stage)
    for method, path in paths(filled):
        length = str(most(path, stage.app.state.settings) + 1)
        reply = browser.request(method, path, headers={"Content-Length": length})
        assert (reply.status_code, reply.headers["connection"]) == (413, "close"), (method, path)


def test_limits_are_a_megabyte_but_for_photos_recordings_and_plans(stage: Stage, filled: dict[str, str]) -> None:
    large = {path for _method, path in paths(filled) if most(path, stage.app.state.settings) > 1024 * 1024}
    walk, photo = f"/walks/{filled['walk_id']}", f"/photos/{filled['photo_id']}"
    assert large == {
        "/app/share", f"{walk}/plan", "/walks/new", f"{walk}/measures/1/proof", f"/partner/measures/{filled['measure_id']}/proof",
        f"/api/v1/observations/{filled['observation_id']}{photo}",
        f"/api/v1/observations/{filled['observation_id']}/recordings/{filled['recording_id']}",
    }  # fmt: skip


def test_nothing_packed_is_taken(stage: Stage, filled: dict[str, str]) -> None:
    browser, packed = Browser(stage), gzip.compress(b"a" * 10_000_000)
    for number, (method, path) in enumerate(paths(filled)):
        encoding = ("gzip", "deflate", "br", "identity, gzip", "GZIP")[number % 5]
        reply = browser.request(method, path, content=packed, headers={"Content-Encoding": encoding})
        assert reply.status_code == 415, (method, path)
        assert reply.headers["accept-encoding"] == "identity"


DEEP = b"[" * 100_000
BOMBS = {
    "brackets": DEEP,
    "nested": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "digits": b'{"rev": ' + b"9" * 500_000 + b"}",
    "keys": json.dumps({f"k{number}": number for number in range(60_000)}).encode(),
    "same key": b"{" + b",".join([b'"code":"x"'] * 60_000) + b"}",
    "surrogates": rb'{"code": "\ud800\udfff\ud800"}',
    "not utf-8": b"\xff\xfe" * 1000,
    "numbers": b'{"rev": 1e999999, "lat": NaN, "lon": -Infinity}',
    "nothing": b"",
}


def test_json_of_any_shape_is_told_in_a_sentence(stage: Stage, filled: dict[str, str]) -> None:
    phone = stage.phone()
    json_routes = [(method, path) for method, path in paths(filled | {"participant_id": phone.id})
                   if path.startswith("/api/v1/") and "/photos/" not in path]  # fmt: skip
    assert len(json_routes) >= 5
    for name, bomb in BOMBS.items():
        for method, path in json_routes:
            reply = stage.http.request(method, path, content=bomb, headers=phone.key)
            assert reply.status_code < 500, (name, method, path)
        for path in ("/sign-in/passkey", "/account/passkeys"):
            assert Browser(stage).post(path, content=bomb).status_code in {401, 403, 413, 422}, (name, path)


FORMS: dict[str, tuple[str, bytes]] = {
    "many fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % number for number in range(90_000))),
    "one field often": ("application/x-www-form-urlencoded", b"&".join([b"email=a"] * 100_000)),
    "a long field": ("application/x-www-form-urlencoded", b"email=" + b"a" * 1_000_000),
    "many parts": (
        "multipart/form-data; boundary=x",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % number for number in range(15_000)) + b"--x--\r\n",
    ),
    "a file": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="email"; filename="../../x"\r\n\r\n' + b"1" * 900_000 + b"\r\n--x--\r\n",
    ),
    "no end": ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1'),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "headers in parts": ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 60_000 + b"\r\n1\r\n--x--\r\n"),
}  # fmt: skip


def test_forms_of_any_shape_are_told_in_a_sentence(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser]
) -> None:
    browser = signed_in("admin", "Aalborg Kommune")
    walk = f"/walks/{filled['walk_id']}"
    routes = ("/sign-in", "/language", "/people/invitations", "/walks/new", f"{walk}/plan", f"{walk}/teams", f"{walk}/paper",
              f"{walk}/measures", f"{walk}/report/write", f"{walk}/review/decisions", "/partners", f"{walk}/leaders")  # fmt: skip
    for name, (kind, body) in FORMS.items():
        for path in routes:
            reply = browser.post(path, content=body, headers={"Content-Type": kind})
            assert reply.status_code < 500, (name, path)
