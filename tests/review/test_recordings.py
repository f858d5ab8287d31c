"""What a walker says instead of writing it: taken in once and durably, heard by the cleared alone, written down, erased."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.copies.backup import back_up
from app.copies.restore import restore
from app.db import Database
from app.models import Observation, Photo
from app.photos.vault import vault_of
from app.privacy import erasing, retention
from app.review import deciding
from app.review.deciding import Refused
from app.schema import migrate_to_newest
from tests.cast import Clock, Stage, make_settings
from tests.gathering.conftest import Hand
from tests.phone import Phone, Picture, Recording, jpeg, new_id, webm
from tests.photos.pictures import until
from tests.photos.sounds import mp4
from tests.privacy.conftest import told
from tests.privacy.raw import files, kept
from tests.review.conftest import Reviewer, follow, history

SAID = "Lampen ved tunnelen er slukket og der er mudder på stien."


def spoken(phone: Phone, *more: Any, **content: Any) -> tuple[str, Recording]:
    """A note that says something by its recording alone, which the server has."""
    sound = Recording(webm())
    note = phone.note(sound, *more, **({"valence": None, "note": "", "fix": None} | content))
    phone.sync()
    return note, sound


def written(stage: Stage, who: Reviewer, note: str, words: str, sound: Recording) -> Any:
    with stage.db.write() as tx:
        return deciding.write_down(tx, who.reader, who.seen(note), sound.id, words)


@pytest.mark.usefixtures("every_store")
def test_a_recording_alone_is_a_note_and_is_kept_once_however_often_it_comes(every_database: str, stage: Stage) -> None:
    phone, sound = stage.phone(), Recording(webm())
    note = phone.note(sound, valence=None, note="", fix=None)
    assert phone.put_picture(sound.id).status_code == 404, "words first"
    assert phone.put(note).json()["recordings"] == [{"id": sound.id, "state": "expected"}]
    asked = {"observations": [], "photos": [], "recordings": [sound.id]}
    assert phone.network.http.post(f"/api/v1/walks/{stage.walk.id}/known", json=asked, headers=phone.key).json() == {
        "missing": {"observations": [], "photos": [], "recordings": [sound.id]}
    }
    first, again = phone.put_picture(sound.id), phone.put_picture(sound.id)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {
        "id": sound.id, "sha256": sound.declared()["sha256"], "bytes": len(sound.data), "state": "stored",
    }  # fmt: skip
    assert b"".join(stage.vault.stream(stage.vault.names(sound.id, original=True)[0])) == sound.data
    assert phone.put(note).json()["recordings"] == [{"id": sound.id, "state": "stored"}]
    told_missing = phone.network.http.post(f"/api/v1/walks/{stage.walk.id}/known", json=asked, headers=phone.key)
    assert told_missing.json()["missing"]["recordings"] == []
    stage.app.state.cleaner.kick()
    picture = Picture(jpeg())
    phone.note(picture)
    phone.sync()
    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)
    assert files(stage, sound.id) == [sound.id], "nobody has cleaned it"


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (jpeg(), 415, "not-a-recording"),
        (b"<html>" + bytes(500), 415, "not-a-recording"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif" + bytes(99), 415, "not-a-recording"),
        (b"OggS" + bytes(24) + b"\x01vorbis" + bytes(99), 415, "not-a-recording"),
        (webm(length=1024 * 1024), 413, "photo-too-large"),
    ],
)
def test_what_is_no_recording_or_too_large_is_not_kept(stage: Stage, data: bytes, status: int, code: str) -> None:
    phone, sound = stage.phone(), Recording(data)
    phone.put(phone.note(sound))
    answer = phone.put_picture(sound.id)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
    assert files(stage, sound.id) == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (webm(), "audio/webm"),
        (b"OggS" + bytes(24) + b"OpusHead" + bytes(99), "audio/ogg"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp41" + bytes(99), "audio/mp4"),
        (mp4(), "audio/mp4"),
    ],
)
def test_which_kind_it_is_is_told_by_its_bytes(stage: Stage, data: bytes, kind: str) -> None:
    phone, sound = stage.phone(), Recording(data, "text/html")
    phone.put(phone.note(sound))
    assert phone.put_picture(sound.id, **{"Content-Type": "text/html"}).status_code == 201
    with stage.db.read() as tx:
        assert tx.get_one(Photo, sound.id).type == kind


def test_a_photo_is_no_recording_and_ids_are_taken_once(stage: Stage) -> None:
    phone = stage.phone()
    picture, sound = Picture(jpeg()), Recording(webm())
    phone.put(phone.note(picture, sound))
    phone.owner[picture.id], phone.owner[sound.id] = phone.owner[sound.id], phone.owner[picture.id]
    path = f"/api/v1/observations/{phone.owner[sound.id]}"
    for wrong in (f"{path}/photos/{sound.id}", f"{path}/recordings/{picture.id}"):
        answer = phone.network.send("PUT", wrong, content=sound.data, headers=phone.key)
        assert answer.json()["type"] == "/problems/photo-undeclared"
    both = Recording(webm(2))
    for taken in ({"photos": [sound.declared()]}, {"recordings": [picture.declared() | {"seconds": 1.0}]},
                  {"recordings": [both.declared(), both.declared()]}, {"recordings": [both.declared() | {"seconds": 99}]},
                  {"recordings": [Recording(webm(at)).declared() for at in range(4)]}):  # fmt: skip
        assert phone.put(phone.note(), **taken).status_code == 422, taken


def test_only_the_cleared_hear_it_and_each_time_is_logged(stage: Stage, ida: Reviewer) -> None:
    phone = stage.phone()
    _note, sound = spoken(phone)
    at = f"/walks/{stage.walk.id}/review/recordings/{sound.id}"
    cleared, volunteer = (
        Hand(stage, "cleared@kommune.example", "coordinator"), Hand(stage, "frivillig@samraad.example", "organiser"),
    )  # fmt: skip
    heard = cleared.http.get(at)
    assert (heard.status_code, heard.content) == (200, sound.data)
    assert heard.headers["content-type"] == "audio/webm"
    assert heard.headers["content-disposition"].startswith("attachment")
    assert heard.headers["x-content-type-options"] == "nosniff"
    assert heard.headers["cache-control"] == "private, no-store"
    assert "sandbox" in heard.headers["content-security-policy"]
    part = cleared.http.get(at, headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.content) == (206, sound.data[4:10])
    assert [what for _who, what, about in told(stage.db) if about == f"recording:{sound.id}"] == ["opened"]
    assert volunteer.http.get(at).status_code == 403
    assert stage.browser().get(at, follow_redirects=False).status_code in (303, 401)
    for photo in (f"/api/v1/photos/{sound.id}", f"/api/v1/photos/{sound.id}/thumbnail"):
        assert stage.http.get(photo, headers=phone.key).json()["type"] == "/problems/photo-unknown"
        assert cleared.http.get(photo).status_code == 404
    assert cleared.http.get(at.replace(sound.id, new_id())).status_code == 404


@pytest.mark.usefixtures("every_database")
def test_what_is_written_down_is_what_others_read_and_can_be_undone(
    stage: Stage, ida: Reviewer, bo: Reviewer, volunteer: Reviewer, reported: Any
) -> None:
    author, other = stage.phone(), stage.phone()
    note, sound = spoken(author, note="Ved broen.")
    assert reported()[note].note == "Ved broen."
    [step] = written(stage, ida, note, SAID, sound)
    assert written(stage, ida, note, SAID, sound) == [], "twice is once"
    assert reported()[note].note == follow(other)[note]["note"] == f"Ved broen.\n{SAID}"
    assert follow(author)[note]["note"] == "Ved broen.", "their own words stay theirs"
    author.edit(note, note="Ved den gamle bro.")
    author.sync()
    assert reported()[note].note == f"Ved den gamle bro.\n{SAID}"
    for refused in (
        lambda: written(stage, bo, note, "x" * 5000, sound),
        lambda: written(stage, bo, note, "x", Recording(b"")),
    ):
        with pytest.raises(Refused):
            refused()
    with pytest.raises(Exception, match="not-allowed"):
        written(stage, volunteer, note, "Uhørt.", sound)
    assert bo.undo(step)
    assert reported()[note].note == "Ved den gamle bro."
    assert [one.what for one in history(stage, note)] == ["transcribe"]
    written(stage, bo, note, "Ring til Karen på 20 30 40 50.", sound)
    assert note not in reported(sensitive=False), "words that name somebody are for the cleared"


def test_words_of_a_recording_that_name_somebody_were_not_judged_with_the_note(
    stage: Stage, ida: Reviewer, reported: Any
) -> None:
    author, other = stage.phone(), stage.phone()
    note, sound = spoken(author, factors=["behaviour.groups"], note="Her står nogle.")
    ida.release(note)
    written(stage, ida, note, "De står der hver aften.", sound)
    assert follow(other)[note]["note"], "plain words change nothing"
    written(stage, ida, note, "Det er Jens Hansen, 20 30 40 50.", sound)
    assert follow(other)[note].get("deleted")
    assert note not in reported(sensitive=False)
    ida.decide(note, "sensitive", deciding.judge(False))
    assert note in reported(sensitive=False)


def test_the_review_plays_it_and_takes_down_the_words(stage: Stage) -> None:
    desk = Hand(stage, "cleared@kommune.example", "coordinator")
    note, sound = spoken(stage.phone())
    desk.open("review?lane=recordings")
    assert f"/review/recordings/{sound.id}" in desk.page
    seen = {"note": note, "version": "0", "rev": "1", "lane": "recordings"}
    answer = desk.post("review/decisions", {**seen, "do": "transcribe", "recording": sound.id, "spoken": SAID})
    assert answer.status_code == 200
    assert SAID in desk.page
    assert "Optagelsen er skrevet ned" in desk.words
    with stage.db.read() as tx:
        assert tx.get_one(Observation, note).spoken == {sound.id: SAID}


@pytest.mark.usefixtures("every_store")
def test_a_walker_takes_it_out_and_erases_it_with_every_word_of_it(
    every_database: str, stage: Stage, ida: Reviewer
) -> None:
    phone = stage.phone()
    note, sound = spoken(phone)
    written(stage, ida, note, SAID, sound)
    archive = phone.get(f"/participants/{phone.id}/data.zip")
    with zipfile.ZipFile(io.BytesIO(archive.content)) as found:
        assert found.read(f"recordings/{sound.id}.webm") == sound.data
        [mine] = json.loads(found.read("data.json"))["notes"]
    assert [(one["id"], one["written_down"]) for one in mine["recordings"]] == [(sound.id, SAID)]
    assert phone.network.send("PUT", f"/api/v1/participants/{phone.id}/erasure", headers=phone.key).status_code == 200
    assert files(stage, sound.id) == []
    assert "mudder" not in kept(stage)
    assert phone.put_picture(sound.id).status_code == 410


def test_the_sound_goes_when_photos_go_and_what_was_written_down_stays(
    every_database: str, stage: Stage, clock: Clock, ida: Reviewer, reported: Any
) -> None:
    phone = stage.phone()
    note, sound = spoken(phone)
    written(stage, ida, note, SAID, sound)
    ida.release(note)
    stage.close_walk()
    gone = erasing.Gone()
    with stage.db.write() as tx:
        erasing.tell(tx, erasing.held(tx, erasing.photos([sound.id], tx, gone)))
    erasing.forget(stage.db, stage.vault, stage.app.state.settings, gone)
    assert files(stage, sound.id) == []
    assert reported()[note].note == SAID
    clock.advance(days=4000)
    retention.run(stage.db, stage.vault, stage.app.state.settings)
    assert "mudder" not in kept(stage)


def test_half_a_year_after_the_walk_no_voice_is_left(every_database: str, stage: Stage, clock: Clock) -> None:
    _note, sound = spoken(stage.phone())
    stage.close_walk()
    assert files(stage, sound.id) == [sound.id]
    clock.advance(days=1000)
    retention.run(stage.db, stage.vault, stage.app.state.settings)
    assert files(stage, sound.id) == []


@pytest.mark.usefixtures("every_store")
def test_a_backup_takes_it_along(stage: Stage, tmp_path: Path, photo_settings: dict[str, Any], request: Any) -> None:
    _note, sound = spoken(stage.phone())
    back_up(stage.db, stage.vault, stage.app.state.settings, tmp_path / "backup")
    photos = request.getfixturevalue("objects").settings() if photo_settings else {}
    settings = make_settings(tmp_path / "elsewhere", f"sqlite:///{tmp_path / 'elsewhere.sqlite'}", **photos)
    migrate_to_newest(settings)
    db, vault = Database(settings.database), vault_of(settings)
    restore(db, vault, settings, tmp_path / "backup")
    with db.read() as tx:
        row = tx.get_one(Photo, sound.id)
    assert (row.state, row.seconds) == ("kept", 7.5)
    assert b"".join(vault.stream(vault.names(sound.id, original=True)[0])) == sound.data
    db.close()
