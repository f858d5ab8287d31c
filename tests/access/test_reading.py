"""Who reads what: coordinators everything of their organisation, organisers nothing sensitive unless they are cleared."""

from collections.abc import Callable

import httpx
import pytest

from app.access import people
from app.models import Walk
from tests.access.conftest import Browser
from tests.cast import Stage
from tests.phone import Picture, jpeg

HOME = "Aalborg Kommune"
Key = Callable[..., dict[str, str]]
SENSITIVE = "Der bliver handlet bag garagerne."


@pytest.fixture
def photo(stage: Stage) -> str:
    """A harmless note and a sensitive one, whose photo this is."""
    phone = stage.phone()
    phone.put(phone.note(note="Lampen er slukket."))
    picture = Picture(jpeg())
    note = phone.note(picture, note=SENSITIVE, factors=["behaviour.substances"])
    assert phone.put(note).status_code == 201
    assert phone.put_picture(picture.id).status_code == 201
    return picture.id


def read(stage: Stage, key: dict[str, str]) -> tuple[int, bool, bool]:
    """(status, the harmless note is there, the sensitive one too)"""
    reply = stage.http.get(f"/walks/{stage.walk.id}/report.csv", headers=key)
    return reply.status_code, "Lampen er slukket" in reply.text, SENSITIVE in reply.text


def is_shown(reply: httpx.Response) -> bool:
    """Whether the photo is for the caller: it may be cleaned by now, or not yet."""
    return reply.status_code == 200 or reply.json()["type"] == "/problems/photo-not-ready"


@pytest.mark.parametrize("role", ["coordinator", "admin"])
@pytest.mark.parametrize("organisation", ["", HOME])
def test_coordinators_read_everything(stage: Stage, photo: str, key_of: Key, role: str, organisation: str) -> None:
    key = key_of(role, organisation)
    assert read(stage, key) == (200, True, True)
    assert is_shown(stage.http.get(f"/api/v1/photos/{photo}", headers=key))


@pytest.mark.parametrize("organisation", ["", HOME])
def test_an_organiser_reads_nothing_sensitive(stage: Stage, photo: str, key_of: Key, organisation: str) -> None:
    key = key_of("organiser", organisation)
    assert read(stage, key) == (200, True, False)
    assert stage.http.get(f"/api/v1/photos/{photo}", headers=key).json()["type"] == "/problems/photo-unknown"
    assert stage.http.get(f"/api/v1/photos/{photo}/thumbnail", headers=key).json()["type"] == "/problems/photo-unknown"


def test_a_cleared_organiser_reads_what_is_sensitive(stage: Stage, photo: str, key_of: Key) -> None:
    assert read(stage, key_of("organiser", HOME, cleared=True)) == (200, True, True)


def test_the_list_counts_only_what_its_reader_may_read(
    stage: Stage, photo: str, signed_in: Callable[..., Browser]
) -> None:
    def cells(browser: Browser) -> list[str]:
        page = browser.get("/").text
        assert stage.walk.title in page
        return [part.partition("<")[0] for part in page.split('data-label="Noter">')[1:]]

    assert cells(signed_in("organiser", HOME)) == ["1"]
    assert cells(signed_in("coordinator", HOME)) == ["2"]


def test_the_list_names_only_walks_that_may_be_read(stage: Stage, signed_in: Callable[..., Browser]) -> None:
    stage.another_walk(title="En uden ejer")
    home, everywhere = signed_in("coordinator", HOME), signed_in("admin")
    foreign, partner = signed_in("organiser", "Svalöv kommun"), signed_in("partner", HOME)
    assert stage.walk.title in home.get("/").text
    assert "En uden ejer" not in home.get("/").text
    assert "En uden ejer" in everywhere.get("/").text
    for outsider in (foreign, partner):
        page = outsider.get("/")
        assert page.status_code == 200
        assert stage.walk.title not in page.text
        assert "En uden ejer" not in page.text


def test_a_deleted_note_is_gone_for_everybody_at_the_desk(stage: Stage, key_of: Key) -> None:
    phone, key = stage.phone(), key_of("coordinator")
    picture = Picture(jpeg())
    note = phone.note(picture)
    phone.put(note)
    phone.put_picture(picture.id)
    phone.edit(note, deleted=True)
    assert phone.put(note).status_code == 200
    assert stage.http.get(f"/walks/{stage.walk.id}/report.geojson", headers=key).json()["features"] == []
    assert stage.http.get(f"/api/v1/photos/{picture.id}", headers=key).json()["type"] == "/problems/photo-unknown"


def test_a_photo_taken_out_of_a_note_is_for_its_author_alone(stage: Stage, key_of: Key) -> None:
    phone, other = stage.phone(), stage.phone()
    picture = Picture(jpeg())
    note = phone.note(picture)
    phone.put(note)
    phone.put_picture(picture.id)
    phone.edit(note, photos=[])
    phone.put(note)
    unseen = "/problems/photo-unknown"
    assert stage.http.get(f"/api/v1/photos/{picture.id}", headers=key_of("admin")).json()["type"] == unseen
    assert other.get(f"/photos/{picture.id}").json()["type"] == unseen
    assert is_shown(phone.get(f"/photos/{picture.id}"))


@pytest.mark.parametrize("walk_id", ["x", "%00", "%ed%a0%80", "K7QF2MXD", "x" * 5_000, "..%2f..%2fetc"])
def test_what_is_no_walk_is_not_there(stage: Stage, key_of: Key, every_database: str, walk_id: str) -> None:
    assert stage.http.get(f"/walks/{walk_id}/report.csv", headers=key_of("admin")).status_code == 404


def test_a_revoked_key_opens_nothing(stage: Stage, key_of: Key) -> None:
    key = key_of("coordinator")
    assert read(stage, key)[0] == 200
    with stage.db.write() as tx:
        person = people.by_email(tx, "script-coordinator@kommune.example")
        assert person is not None
        assert people.revoke_keys(tx, person) == 1
    assert read(stage, key)[0] == 401


def test_a_changed_role_counts_at_once(
    stage: Stage, add: Callable[..., str], signed_in: Callable[..., Browser]
) -> None:
    browser = signed_in("coordinator", email="ida@kommune.example")
    assert browser.get(f"/walks/{stage.walk.id}/report").status_code == 200
    add("IDA@kommune.example", "coordinator", "Svalöv kommun")
    assert browser.get(f"/walks/{stage.walk.id}/report").status_code == 404


def test_the_first_organisation_takes_over_the_walks_that_were_there(stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).organisation_id = None
        tx.delete(people.organisation_named(tx, HOME))
    with stage.db.write() as tx:
        first = people.organisation_named(tx, "Samrådet Øst")
        second = people.organisation_named(tx, "Nordjyllands Politi")
        assert people.only_organisation(tx) is None
        assert tx.get_one(Walk, stage.walk.id).organisation_id == first.id != second.id
