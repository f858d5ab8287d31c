"""Every door meets somebody who must not get in: nobody, a stranger's key, a walker, a partner, another organisation."""

import secrets
from collections.abc import Callable

import pytest

from app.models import Walk
from app.walks import walks
from tests.access.conftest import PAGE, Browser, invited
from tests.cast import Stage
from tests.phone import Picture, jpeg, new_id

# What is for everybody, and why.
OPEN = {
    "/healthz", "/readyz", "/metrics", "/openapi.json", "/.well-known/security.txt",  # says nothing about walks
    "/app/", "/app/manifest.webmanifest", "/sw.js", "/app/sw.js", "/static/dist/{name:path}",  # the same for everyone
    "/sign-in", "/sign-in/link", "/sign-out", "/language",  # the way in and out
    "/sign-in/passkey", "/sign-in/passkey/challenge", "/sign-in/elsewhere", "/sign-in/elsewhere/return",
    "/guide", "/guide/{role}", "/guide/pictures/{name}",
    "/marks/{code}", "/marks/{code}/marks.geojson", "/marks/{code}/{mark_id}", "/marks/{code}/own/{mark_id}",  # by the code: tests/walks/test_marks.py
    "/marks/{code}/basemap.pmtiles", "/marks/{code}/tiles/{z}/{x}/{y}.mvt",
    "/api/v1/maps/{sha256}.pmtiles",  # public map data, by a name of 256 bits: tests/basemap/test_cutting.py
    "/api/v1/participants/{participant_id}",  # joining: tests/sync/test_joining.py
    "/p/{secret}", "/deadlines/{walk_id}/{secret}.ics", "/deadlines/partners/{partner_id}/{secret}.ics", "/partner/leaving",  # tests/measures/
    "/r/{slug}", "/r/{slug}/edition.json", "/r/{slug}/answers.atom", "/r/{slug}/photos/{name}.jpg", "/r/{slug}/map-{shape}.svg",
    "/r/{slug}/report.pdf", "/r/{slug}/takedown",  # released for everybody: tests/report/test_public.py
    "/privacy", "/privacy/records", "/privacy/dpia", "/accessibility", "/storage",  # tests/privacy/test_papers.py
}  # fmt: skip
WORDS = "Lampen ved tunnelen"


def doors(stage: Stage, filled: dict[str, str]) -> list[tuple[str, str]]:
    """(method, path) of every route that is not for everybody, its parameters filled with what exists."""

    found = []
    for path, methods in stage.app.openapi()["paths"].items():
        if path in OPEN or path.startswith(("/app", "/static", "/sw.js")):
            continue
        found += [(method.upper(), path.format(**filled)) for method in methods]
    return found


@pytest.fixture
def filled(stage: Stage) -> dict[str, str]:
    """A note with a photo, and the names of everything that exists."""
    phone = stage.phone()
    picture = Picture(jpeg())
    note = phone.note(picture)
    assert phone.put(note).status_code == 201
    assert phone.put_picture(picture.id).status_code == 201
    with stage.db.write() as tx:
        walks.ask_for_tracks(tx, tx.get_one(Walk, stage.walk.id), True)
    track, way = new_id(), {"walk_id": stage.walk.id, "rev": 1, "parts": [[[9.98, 57.04], [9.981, 57.04]]]}
    assert stage.http.put(f"/api/v1/tracks/{track}", json=way, headers=phone.key).status_code == 201
    return {
        "walk_id": stage.walk.id,
        "organisation_id": str(stage.walk.organisation_id),
        "participant_id": phone.id,
        "mark_id": new_id(),
        "observation_id": note,
        "photo_id": picture.id,
        "recording_id": picture.id,
        "track_id": track,
        "z": "12",
        "x": "2166",
        "y": "1257",
    } | invited(stage)


def opened(
    stage: Stage, filled: dict[str, str], headers: dict[str, str], allowed: set[int]
) -> list[tuple[str, str, int]]:
    """The doors that answered otherwise than `allowed`, or told something of the walk."""
    tried = doors(stage, filled)
    assert len(tried) >= 14
    wrong = []
    for method, path in tried:
        reply = stage.http.request(method, path, headers=headers, json={}, follow_redirects=False)
        if reply.status_code not in allowed or WORDS in reply.text or stage.walk.title in reply.text:
            wrong.append((method, path, reply.status_code))
    return wrong


def test_nobody_gets_in_anywhere(stage: Stage, filled: dict[str, str]) -> None:
    assert not opened(stage, filled, {}, {401})


def test_a_made_up_secret_opens_nothing(stage: Stage, filled: dict[str, str]) -> None:
    for bearer in (f"{filled['participant_id']}.{secrets.token_urlsafe(32)}", f"tryg_{secrets.token_urlsafe(32)}",
                   f"{new_id()}.{secrets.token_urlsafe(32)}", "x", f"{filled['participant_id']}."):  # fmt: skip
        assert not opened(stage, filled, {"Authorization": f"Bearer {bearer}"}, {401})


def test_a_made_up_session_opens_nothing(stage: Stage, filled: dict[str, str]) -> None:
    assert not opened(stage, filled, {"Cookie": f"tryg_session={secrets.token_urlsafe(32)}"}, {401})


def test_a_walker_of_another_walk_gets_in_nowhere(stage: Stage, filled: dict[str, str]) -> None:
    stranger = stage.phone(stage.another_walk())
    # 422: an empty body is told so before anything is looked up.
    assert not opened(stage, filled, stranger.key, {401, 403, 404, 422})


def test_a_walkers_own_secret_does_not_open_the_desk(stage: Stage, filled: dict[str, str]) -> None:
    phone = stage.phone()
    for path in ("/", f"/walks/{stage.walk.id}/report", f"/walks/{stage.walk.id}/report.csv", "/basemap.pmtiles"):
        reply = stage.http.get(path, headers=phone.key | PAGE, follow_redirects=False)
        assert reply.status_code == 401, path  # told, and not sent to a page for people


def test_a_coordinators_key_is_no_phone(
    stage: Stage, filled: dict[str, str], key_of: Callable[..., dict[str, str]]
) -> None:
    key = key_of("coordinator")
    for method, path in doors(stage, filled):
        if path.startswith("/api/v1/tiles/"):
            continue  # for people, not for phones
        if path.startswith("/api/v1/") and "/photos/" not in path.replace("/observations", ""):
            reply = stage.http.request(method, path, headers=key, json={})
            assert reply.json()["type"] == "/problems/not-joined", (method, path)
            assert reply.status_code == 401


@pytest.mark.parametrize("organisation", ["", "Aalborg Kommune", "Nordjyllands Politi"])
def test_a_partner_reads_nothing_yet_and_learns_nothing(
    stage: Stage, filled: dict[str, str], key_of: Callable[..., dict[str, str]], organisation: str
) -> None:
    key = key_of("partner", organisation)
    for ending in ("", ".csv", ".geojson", ".json", ".zip", ".gpkg", ".xlsx", ".pdf", ".esdh.zip"):
        there = stage.http.get(f"/walks/{stage.walk.id}/report{ending}", headers=key)
        nowhere = stage.http.get(f"/walks/{new_id()}/report{ending}", headers=key)
        assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text) == (403, there.text)
    assert stage.http.get(f"/api/v1/photos/{filled['photo_id']}", headers=key).status_code == 404


@pytest.mark.parametrize("role", ["coordinator", "admin", "organiser"])
def test_another_organisation_sees_what_is_not_there(
    stage: Stage, filled: dict[str, str], key_of: Callable[..., dict[str, str]], role: str
) -> None:
    key = key_of(role, "Svalöv kommun")
    for ending in ("", ".csv", ".geojson", ".json", ".zip", ".gpkg", ".xlsx", ".pdf", ".esdh.zip"):
        there = stage.http.get(f"/walks/{stage.walk.id}/report{ending}", headers=key)
        nowhere = stage.http.get(f"/walks/{new_id()}/report{ending}", headers=key)
        assert (there.status_code, there.text) == (nowhere.status_code, nowhere.text) == (404, there.text)
    assert stage.http.get(f"/api/v1/photos/{filled['photo_id']}", headers=key).status_code == 404


def test_nobodys_browser_is_sent_to_the_sign_in_page_and_back(stage: Stage, visitor: Browser) -> None:
    for path in ("/", f"/walks/{stage.walk.id}/report?valence=safe", f"/walks/{new_id()}/report"):
        reply = visitor.get(path)
        assert reply.status_code == 303
        assert visitor.get(reply.headers["location"]).status_code == 200
        assert reply.headers["location"].startswith("/sign-in?next=%2F")
