"""One table says who may pass which door (docs/permissions.md); here everybody tries every door."""

from collections.abc import Callable

import pytest

from tests.access.conftest import Browser, walked
from tests.access.permissions import DOCUMENT, EVERYBODY, ROLES, doors, written
from tests.cast import Stage

REFUSED = {401, 403, 404}
OURS = "Aalborg Kommune"
# What nobody needs a right for, and why.
MEANT_FOR_EVERYBODY = {
    "/app", "/app/", "/app/{path:path}", "/app/manifest.webmanifest", "/app/share", "/sw.js", "/app/assets/{name}", "/static/dist/assets/{name}",  # the app
    "/guide", "/guide/{role}", "/guide/pictures/{name}", "/sign-in", "/sign-in/link", "/sign-out", "/language",  # the way in and out
    "/sign-in/passkey", "/sign-in/passkey/challenge", "/sign-in/elsewhere", "/sign-in/elsewhere/return",
    "/api/v1/participants/{participant_id}",  # joining, by the code
    "/marks/{code}", "/marks/{code}/marks.geojson", "/marks/{code}/{mark_id}", "/marks/{code}/own/{mark_id}",
    "/marks/{code}/basemap.pmtiles", "/marks/{code}/tiles/{z}/{x}/{y}.mvt",  # marks before the walk, by the code
    "/api/v1/maps/{sha256}.pmtiles",  # public map data, by a name of 256 bits
    "/p/{secret}", "/deadlines/{walk_id}/{secret}.ics", "/deadlines/partners/{partner_id}/{secret}.ics",  # by a secret of 256 bits
    "/.well-known/security.txt",  # where to report a hole
    "/partner/leaving",  # forgets that secret
    "/r/{slug}", "/r/{slug}/edition.json", "/r/{slug}/answers.atom", "/r/{slug}/photos/{name}.jpg", "/r/{slug}/map-{shape}.svg",
    "/r/{slug}/report.pdf", "/r/{slug}/takedown",  # what a second person has released
    "/privacy", "/privacy/records", "/privacy/dpia", "/accessibility", "/storage",  # what everybody may know
}  # fmt: skip
# Whoever may see them: no base map is set here, and the walk has no date.
NOT_THERE = {"/basemap.pmtiles", "/api/v1/tiles/{z}/{x}/{y}.mvt", "/walks/{walk_id}/invitation.ics"}
# Nor has the measure a photo of it done, or a note, and nobody has met about it: tests/measures/.
NOT_THERE |= {"/walks/{walk_id}/measures/{number}/proof.jpg", "/partner/measures/{measure_id}/proof.jpg",
              "/partner/photos/{photo_id}", "/walks/{walk_id}/measures/minutes.txt"}  # fmt: skip
NOT_THERE |= {
    "/walks/{walk_id}/review/recordings/{recording_id}"
}  # nor the note a recording: tests/review/test_recordings.py
NOT_THERE |= {"/walks/{walk_id}/report/since.csv"}  # nor was there a walk before: tests/report/test_since_files.py
NOT_THERE |= {"/walks/{walk_id}/release/{edition}/photos/{name}.jpg"}  # nor the edition a photo: tests/report/
ENDLESS = {"/walks/{walk_id}/live/events"}  # who may pass gets an answer that goes on: tests/walks/test_live.py


def test_the_document_is_what_the_code_says() -> None:
    assert DOCUMENT.read_text("utf-8") == written(), "python -m tests.access.permissions"


def test_what_has_no_guard_is_meant_for_everybody() -> None:
    assert {path for _method, path, door in doors() if door is EVERYBODY} == MEANT_FOR_EVERYBODY


@pytest.fixture
def filled(stage: Stage) -> dict[str, str]:
    return walked(stage)


@pytest.mark.parametrize("organisation", [OURS, "Randers Kommune"])
@pytest.mark.parametrize("role", ROLES)
def test_each_role_passes_the_doors_of_the_table_and_no_other(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser], role: str, organisation: str
) -> None:
    browser = signed_in(role, organisation)
    wrong = []
    for method, path, door in doors():
        if door is EVERYBODY or path in NOT_THERE:
            continue
        passes = role in door.who and (organisation == OURS or not door.of_a_walk)
        if passes and path in ENDLESS:
            continue
        reply = browser.request(method, path.format(**filled), headers={"Accept": "*/*"})
        if path == "/account/sessions/removal":  # signed out everywhere
            browser = signed_in(role, organisation)
        # A photo that is not ready yet is not there for anybody.
        not_ready = passes and "photo-not-ready" in reply.text
        if not_ready or (reply.status_code not in REFUSED) == passes:
            continue
        wrong.append((method, path, reply.status_code))
    assert not wrong
