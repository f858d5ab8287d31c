"""A phone's copy comes into the walk as if the phone had sent it: once, for its own participant, and never half."""

import io
import json
import subprocess
import zipfile
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import delete

from app import i18n
from app.copies import Unusable
from app.copies.intake import Intake, take_in
from app.copies.phone_copy import open_copy
from app.models import Agreement, Observation, Participant, Photo, Revision, Variant, Walk
from app.photos.vault import original_of
from app.problems import TryAgain
from tests.cast import Stage
from tests.copies.conftest import Copy
from tests.phone import Phone, Picture, Recording, jpeg, webm
from tests.photos.sounds import mp4
from tests.privacy.conftest import logged
from tests.running import TRYG, Server

LIMIT = 15 * 1024 * 1024


def taken(stage: Stage, path: Path, limit: int = LIMIT) -> Intake:
    with i18n.use("en"), open_copy(path) as copy:
        return take_in(stage.db, stage.vault, copy, limit)


def counts(done: Intake) -> tuple[dict[str, int], dict[str, int]]:
    return dict(done.notes), dict(done.photos)


def a_phone_with_three_notes(stage: Stage) -> tuple[Phone, list[Picture]]:
    phone = stage.phone()
    pictures = [Picture(jpeg(colour=(10 * number, 0, 0))) for number in range(3)]
    phone.note(pictures[0], note="Den første")
    phone.note(pictures[1], pictures[2], note="Den anden")
    phone.note(note="Den tredje", factors=["behaviour.substances"])
    return phone, pictures


def test_a_copy_brings_recordings_along_of_every_phone_each_once(
    stage: Stage, copy_of: Copy, every_database: str
) -> None:
    phone = stage.phone()
    sounds = [Recording(webm()), Recording(mp4(), "audio/mp4")]
    phone.note(Picture(jpeg()), *sounds, note="Sagt i regnen")
    path = copy_of(phone)
    assert counts(taken(stage, path)) == ({"new": 1}, {"new": 3})
    assert counts(taken(stage, path)) == ({"known": 1}, {"known": 3})
    with stage.db.read() as tx:
        held = [tx.get_one(Photo, sound.id) for sound in sounds]
        assert [(row.type, row.state, row.seconds) for row in held] == [
            ("audio/webm", "kept", 7.5),
            ("audio/mp4", "kept", 7.5),
        ]
    assert [b"".join(stage.vault.stream(original_of(sound.id))) for sound in sounds] == [sound.data for sound in sounds]
    phone.sync()
    assert phone.receipts[phone.owner[sounds[0].id]]["recordings"] == [
        {"id": one.id, "state": "stored"} for one in sounds
    ]


def test_what_a_copy_calls_a_recording_and_is_none_is_refused_and_the_words_come(stage: Stage, copy_of: Copy) -> None:
    phone, sound = stage.phone(), Recording(webm())
    phone.note(sound, note="Sagt i regnen")
    done = taken(stage, copy_of(phone, swapped={sound.id: jpeg()}))
    assert counts(done) == ({"new": 1}, {"refused": 1})
    assert sound.id in done.refusals[0]


def report_of(stage: Stage, walk_id: str) -> dict[str, tuple[str, list[str]]]:
    from app.report.report import build

    with stage.db.read() as tx:
        report = build(tx, walk_id, sensitive=True, base_url="http://testserver")
    return {seen.id: (seen.note, [photo.id for photo in seen.photos]) for seen in report.observations}


@pytest.mark.parametrize("first", ["the file", "the phone", "a part by the phone"])
def test_a_copy_taken_in_twice_before_or_after_the_phone_has_sent_is_there_once(
    stage: Stage, copy_of: Copy, first: str, every_database: str
) -> None:
    phone, pictures = a_phone_with_three_notes(stage)
    path = copy_of(phone)
    sent_before = {"the file": (0, 0), "the phone": (3, 3), "a part by the phone": (1, 0)}[first]
    if first == "the phone":
        phone.sync()
    elif first == "a part by the phone":
        assert phone.put(next(iter(phone.made))).status_code == 201
    expected = (
        {"new": 3 - sent_before[0], "known": sent_before[0]},
        {"new": 3 - sent_before[1], "known": sent_before[1]},
    )
    assert counts(taken(stage, path)) == tuple({name: n for name, n in kind.items() if n} for kind in expected)
    assert counts(taken(stage, path)) == ({"known": 3}, {"known": 3})
    new = [
        {name: 3 - sent for name, sent in zip(("notes", "photos"), sent_before, strict=True)},
        {"notes": 0, "photos": 0},
    ]
    assert [(one.about, one.walk_id, one.detail) for one in logged(stage.db, "imported")] == [
        ("file:copy", stage.walk.id, counted) for counted in new
    ]
    phone.sync()
    assert [receipt["rev"] for receipt in phone.receipts.values()] == [1, 1, 1]
    assert report_of(stage, stage.walk.id) == {
        note_id: (body["note"], [photo["id"] for photo in body["photos"]]) for note_id, body in phone.made.items()
    }
    for picture in pictures:
        with stage.db.read() as tx:
            photo = tx.get_one(Photo, picture.id)
        assert photo.state in ("stored", "ready")


def test_photos_the_server_holds_already_need_not_be_in_the_file_and_others_are_missing(
    stage: Stage, copy_of: Copy
) -> None:
    phone, pictures = a_phone_with_three_notes(stage)
    phone.put(phone.owner[pictures[0].id])
    phone.put_picture(pictures[0].id)
    done = taken(stage, copy_of(phone, without=(pictures[0].id, pictures[2].id)))
    assert counts(done) == ({"new": 2, "known": 1}, {"new": 1, "known": 1, "missing": 1})
    assert not done.refusals


def test_a_newer_revision_in_the_file_wins_and_an_older_one_changes_nothing(stage: Stage, copy_of: Copy) -> None:
    phone = stage.phone()
    note_id = phone.note(note="Før")
    old = copy_of(phone, name="old.zip")
    phone.sync()
    phone.edit(note_id, note="Efter")
    new = copy_of(phone, name="new.zip")
    assert counts(taken(stage, new))[0] == {"new": 1}
    assert counts(taken(stage, old))[0] == {"known": 1}
    assert report_of(stage, stage.walk.id)[note_id][0] == "Efter"


def test_a_copy_from_before_a_restored_backup_brings_its_walker_back(stage: Stage, copy_of: Copy) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    path = copy_of(phone)
    with stage.db.write() as tx:
        for table in (Agreement, Variant, Photo, Revision, Observation, Participant):
            tx.exec(delete(table))
    assert phone.put(next(iter(phone.made))).status_code == 401
    assert counts(taken(stage, path)) == ({"new": 3}, {"new": 3})
    phone.sync()  # its own secret opens the door again
    assert len(report_of(stage, stage.walk.id)) == 3


def test_a_forged_copy_cannot_speak_for_somebody_else(stage: Stage, copy_of: Copy) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    phone.sync()
    before = report_of(stage, stage.walk.id)
    phone.edit(next(iter(phone.made)), note="Overskrevet")
    forged = copy_of(phone, participant={"id": phone.id, "secret_sha256": "0" * 64, "role": "resident"})
    with pytest.raises(Unusable, match="another secret"):
        taken(stage, forged)
    stranger = stage.phone()
    stranger.made = phone.made  # a true participant of the walk, with somebody else's notes
    done = taken(stage, copy_of(stranger, name="stranger.zip"))
    assert counts(done)[0] == {"refused": 3}
    assert report_of(stage, stage.walk.id) == before


def test_a_copy_for_another_walk_than_the_participants_is_refused(stage: Stage, copy_of: Copy) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    other = stage.another_walk()
    with pytest.raises(Unusable, match="another secret"):
        taken(stage, copy_of(phone, walk={"id": other.id}))


def test_an_unknown_walk_and_an_emptied_one_take_nothing(stage: Stage, copy_of: Copy) -> None:
    phone, pictures = a_phone_with_three_notes(stage)
    with pytest.raises(Unusable, match="not here: Vejgaard"):
        taken(stage, copy_of(phone, walk={"id": pictures[0].id, "title": "Vejgaard"}))
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    with pytest.raises(Unusable, match="emptied"):
        taken(stage, copy_of(phone))


def test_a_closed_walk_still_takes_a_copy_in_and_flags_it(stage: Stage, copy_of: Copy) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    stage.close_walk()
    assert counts(taken(stage, copy_of(phone)))[0] == {"new": 3}
    assert "late" in phone.put(next(iter(phone.made))).json()["flags"]


def test_what_one_note_or_photo_lacks_keeps_no_other_out(stage: Stage, copy_of: Copy) -> None:
    phone, pictures = a_phone_with_three_notes(stage)
    clash, _second, third = phone.made
    elsewhere = Phone(phone.network.http, phone.code)
    elsewhere.id, elsewhere.secret, elsewhere.walk = phone.id, phone.secret, phone.walk
    elsewhere.made = {clash: {**phone.made[clash], "note": "Noget andet", "photos": []}}
    elsewhere.put(clash)
    phone.made[third] = {**phone.made[third], "valence": "glad"}
    path = copy_of(phone, swapped={pictures[1].id: b"GIF89a"}, more={f"photos/{clash}": jpeg()})
    done = taken(stage, path)
    assert counts(done) == ({"refused": 2, "new": 1}, {"refused": 3, "new": 1})
    told = "\n".join(done.refusals)
    assert f"note {clash}: another text" in told
    assert f"note {third}: valence: " in told
    assert f"photo {pictures[1].id}: The photo that came is not the one" in told
    assert f"photo {clash}: No note in the file names it." in told
    assert not list(stage.app.state.settings.data.rglob("new/*"))


def test_a_photo_that_is_damaged_in_the_file_is_left_out_and_may_come_later(stage: Stage, copy_of: Copy) -> None:
    phone, pictures = a_phone_with_three_notes(stage)
    path = copy_of(phone)
    data = bytearray(path.read_bytes())
    data[data.index(pictures[1].data) + 100] ^= 1
    path.write_bytes(data)
    done = taken(stage, path)
    assert counts(done)[1] == {"new": 2, "refused": 1}
    assert "damaged" in done.refusals[0]
    assert phone.put_picture(pictures[1].id).status_code == 201


def test_a_photo_larger_than_the_limit_is_refused_before_it_is_written(stage: Stage, copy_of: Copy) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    assert counts(taken(stage, copy_of(phone), limit=100))[1] == {"refused": 3}


def test_a_copy_unpacked_and_packed_again_by_a_computer_is_still_one(stage: Stage, copy_of: Copy) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    again = copy_of(phone).with_name("again.zip")
    with zipfile.ZipFile(copy_of(phone)) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(f"tryghedsvandring/{name}", old.read(name))
            new.writestr(f"__MACOSX/tryghedsvandring/._{name.rpartition('/')[2]}", b"")
    assert counts(taken(stage, again)) == ({"new": 3}, {"new": 3})


def test_a_full_disk_says_so_and_the_same_file_is_taken_in_later(
    stage: Stage, copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone, _pictures = a_phone_with_three_notes(stage)
    path = copy_of(phone)

    def full(_self: Any) -> Any:
        raise TryAgain()

    with monkeypatch.context() as broken:
        broken.setattr(type(stage.vault), "arrive", full)
        with pytest.raises(TryAgain):
            taken(stage, path)
    assert counts(taken(stage, path)) == ({"known": 3}, {"new": 3})


def packed(**files: Any) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("copy_json", "copy.json"), content)
    return written.getvalue()


def a_million_entries() -> bytes:
    """An archive whose table of contents lists a file a million times."""
    with zipfile.ZipFile(io.BytesIO(packed(copy_json="{}"))) as archive:
        start, table = archive.start_dir, archive.fp.getvalue()[archive.start_dir :]  # type: ignore[union-attr]
    entry, end = table[: table.index(b"PK\x05\x06")], bytearray(table[table.index(b"PK\x05\x06") :])
    many = entry * 1_000_000
    end[12:16] = len(many).to_bytes(4, "little")
    return packed(copy_json="{}")[:start] + many + bytes(end)


def hostile() -> dict[str, bytes]:
    whole = packed(copy_json="{}", **{f"photos__0193a000-0000-7000-8000-00000000000{n}": jpeg() for n in range(5)})
    bomb = packed(copy_json="{}", **{"photos__0193a000-0000-7000-8000-000000000000": bytes(50_000_000)})
    overlong = zlib.compress(b" " * 70_000_000)[2:-4]
    return {
        "empty": b"", "no zip": jpeg(), "a text": "Kære tovholder".encode(), "cut off": whole[: len(whole) // 2],
        "no copy.json": packed(other="{}"), "bomb": bomb, "swollen words": packed(copy_json=b" " * 70_000_000),
        "not json": packed(copy_json=b"{"), "deep json": packed(copy_json=b"[" * 1_000_000),
        "another json": packed(copy_json=b'{"format": "other"}'), "a list": packed(copy_json=b"[]"),
        "nan": packed(copy_json=b'{"version": NaN}'), "random": overlong[:5000], "a million entries": a_million_entries(),
        "path": packed(copy_json="{}", **{"..__..__etc__passwd": "x"}), "root": packed(copy_json="{}", **{"__etc": "x"}),
    }  # fmt: skip


# What must be seen before anything is read into memory.
TOLD = {
    "bomb": "swell",
    "swollen words": "swell",
    "a million entries": "not whole",
    "path": "outside",
    "root": "outside",
}


def test_whatever_the_file_is_one_sentence_says_so_and_nothing_comes_in(stage: Stage, tmp_path: Path) -> None:
    with stage.db.write() as tx:
        before = tx.get_one(Walk, stage.walk.id).seq
    for name, content in hostile().items():
        path = tmp_path / "hostile.zip"
        path.write_bytes(content)
        with pytest.raises(Unusable) as refused:
            taken(stage, path)
        assert "\n" not in str(refused.value), name
        assert TOLD.get(name, ".") in str(refused.value), name
    with stage.db.read() as tx:
        assert tx.get_one(Walk, stage.walk.id).seq == before
    assert not list(stage.vault.files())
    assert not list(stage.app.state.settings.data.rglob("new/*"))


def test_the_command_takes_a_copy_in_beside_the_server_which_then_cleans_its_photos(
    server: Server, copy_of: Copy, tmp_path: Path
) -> None:
    made = server.tryg("walk", "create", "--title", "Aftenvandring")
    with httpx.Client(base_url=server.url) as http:
        phone = Phone(http, made["code"]).join()
        picture = Picture(jpeg())
        note_id = phone.note(picture)
        path = copy_of(phone)
        told = server.tryg("import", str(path))
        assert told == {
            "walk_id": made["walk_id"], "code": made["code"], "refusals": [],
            "notes": {"new": 1, "known": 0, "refused": 0}, "photos": {"new": 1, "known": 0, "missing": 0, "refused": 0},
        }  # fmt: skip
        assert server.tryg("import", str(path))["notes"] == {"new": 0, "known": 1, "refused": 0}
        asked = {"observations": [{"id": note_id, "rev": 1}], "photos": [picture.id]}
        known = http.post(f"/api/v1/walks/{made['walk_id']}/known", json=asked, headers=phone.key).json()
        assert known == {"missing": {"observations": [], "photos": []}}
        path.write_bytes(path.read_bytes()[:-30])
    for file, code in ((path, 1), (tmp_path / "nowhere.zip", 1)):
        command = [str(TRYG), "import", str(file), "--data", str(server.data), "--json"]
        done = subprocess.run(command, env=server.environment, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (code, "")
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
    refused = copy_of(phone, name="refused.zip", observations=[{"id": note_id, "rev": 1}])
    command = [str(TRYG), "import", str(refused), "--data", str(server.data), "--json"]
    done = subprocess.run(command, env=server.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert json.loads(done.stdout)["notes"]["refused"] == 1
