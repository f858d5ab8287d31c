"""The package for a records system: whole, and with a sum for each file that is the sum of that very file."""

import hashlib
import io
import json
import zipfile

from app.access import people
from app.models import Telling
from app.photos.vault import clean_of
from tests.cast import Stage
from tests.phone import Picture, jpeg
from tests.photos.pictures import until
from tests.report.conftest import Desk
from tests.report.printed import Paper, manifest


def package(desk: Desk) -> zipfile.ZipFile:
    answer = desk.get(".esdh.zip")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="aftenvandring-i-aalborg-oest.esdh.zip"'
    opened = zipfile.ZipFile(io.BytesIO(answer.content))
    assert opened.testzip() is None
    return opened


def with_photos(stage: Stage, desk: Desk) -> list[str]:
    phone, pictures = stage.phone(), [Picture(jpeg(colour=(number, 9, 9))) for number in range(2)]
    phone.put(phone.note(*pictures, note="Lampen er slukket."))
    for picture in pictures:
        phone.put_picture(picture.id)
    until(lambda: desk.get(".geojson").text.count('"ready"') == 2)
    return [picture.id for picture in pictures]


def test_every_file_stands_in_the_manifest_with_its_own_sum(stage: Stage, desk: Desk) -> None:
    photos = with_photos(stage, desk)
    with package(desk) as opened:
        told = manifest(opened)
        names = {"report.pdf", "report.json", "observations.csv", *(f"photos/{photo}.jpg" for photo in photos)}
        assert {one["path"] for one in told["files"]} == names
        assert set(opened.namelist()) == names | {"manifest.json"}
        for one in told["files"]:
            content = opened.read(one["path"])
            assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest()), one
        assert opened.read("report.pdf") == desk.get(".pdf").content
        assert "Lampen er slukket." in Paper(opened.read("report.pdf")).words
        assert opened.read("observations.csv") == desk.get(".csv").content
        assert json.loads(opened.read("report.json"))["numbers"]["notes"] == 1


def test_it_says_what_it_is_for_whoever_files_it(stage: Stage, desk: Desk, desk_of: object) -> None:
    with stage.db.write() as tx:
        person = people.add(tx, "tovholder@example.dk", "coordinator", "Aalborg Kommune")
        tx.add(Telling(walk_id=stage.walk.id, texts={"journal": "2026-041877"}, written_by=person.id))
    told = manifest(package(desk))
    assert told["format"] == "tryghedsvandring.records/1"
    about = told["metadata"]
    assert (about["title"], about["organisation"], about["journal_number"]) == (
        "Aftenvandring i Aalborg Øst",
        "Aalborg Kommune",
        "2026-041877",
    )
    assert (about["version"], about["access"], about["holds_sensitive_notes"]) == (
        "internal",
        "not for publication",
        True,
    )
    assert manifest(package(desk_of("organiser")))["metadata"]["holds_sensitive_notes"] is False  # type: ignore[operator]


def test_a_photo_that_is_gone_is_named_and_the_package_is_whole(stage: Stage, desk: Desk) -> None:
    gone, there = with_photos(stage, desk)
    stage.vault._remove(clean_of(gone, False))
    told = manifest(package(desk))
    assert told["missing_photos"] == [gone]
    assert [one["path"] for one in told["files"] if one["type"] == "image/jpeg"] == [f"photos/{there}.jpg"]


def test_who_holds_it_already_is_told_so(stage: Stage, desk: Desk) -> None:
    etag = desk.get(".esdh.zip").headers["etag"]
    assert desk.get(".esdh.zip", headers={"If-None-Match": etag}).status_code == 304
    head = stage.http.head(f"/walks/{stage.walk.id}/report.esdh.zip", headers=desk.headers)
    assert (head.status_code, head.headers["etag"], head.content) == (200, etag, b"")
