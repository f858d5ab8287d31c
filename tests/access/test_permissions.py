"""One table says who may pass which door (docs/permissions.md); here everybody tries every door."""

from collections.abc import Callable

import pytest

from tests.access.conftest import Browser
from tests.access.permissions import DOCUMENT, EVERYBODY, ROLES, doors, written
from tests.cast import Stage
from tests.phone import Picture, jpeg

REFUSED = {401, 403, 404}
OURS = "Aalborg Kommune"
# What nobody needs a right for, and why.
MEANT_FOR_EVERYBODY = {
    "/app", "/app/", "/app/{path:path}", "/app/manifest.webmanifest", "/sw.js", "/static/dist/assets/{name}",  # the app
    "/guide", "/guide/pictures/{name}", "/sign-in", "/sign-in/link", "/sign-out", "/language",  # the way in and out
    "/api/v1/participants/{participant_id}",  # joining, by the code
}  # fmt: skip
# Whoever may see them: no base map is set here, and the walk has no date.
NOT_THERE = {"/basemap.pmtiles", "/walks/{walk_id}/invitation.ics"}


def test_the_document_is_what_the_code_says() -> None:
    assert DOCUMENT.read_text("utf-8") == written(), "python -m tests.access.permissions"


def test_what_has_no_guard_is_meant_for_everybody() -> None:
    assert {path for _method, path, door in doors() if door is EVERYBODY} == MEANT_FOR_EVERYBODY


@pytest.fixture
def filled(stage: Stage) -> dict[str, str]:
    """The names of a walk, a note and a photo that exist."""
    phone, picture = stage.phone(), Picture(jpeg())
    note = phone.note(picture)
    phone.sync()
    return {"walk_id": stage.walk.id, "observation_id": note, "photo_id": picture.id}


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
        reply = browser.request(method, path.format(**filled), headers={"Accept": "*/*"})
        passes = role in door.who and (organisation == OURS or not door.of_a_walk)
        # A photo that is not ready yet is not there for anybody.
        not_ready = passes and "photo-not-ready" in reply.text
        if not_ready or (reply.status_code not in REFUSED) == passes:
            continue
        wrong.append((method, path, reply.status_code))
    assert not wrong
