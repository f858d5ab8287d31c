"""A walker sees, takes out and erases what their phone made: by their own secret, when the walk is closed too."""

import io
import json
import threading
import zipfile
from typing import Any

import pytest
from sqlmodel import select

from app.models import Agreement, Edition, Erasure, Measure, Observation, Participant, Telling, Walk
from app.report.freezing import digest
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg, new_id
from tests.privacy.raw import files, kept, with_photo
from tests.report.evening import Evening
from tests.report.test_public import measure

OWN = "Han i det røde hus står ved lampen hver aften og råber."


def path(phone: Phone, ending: str) -> str:
    return f"/participants/{phone.id}/{ending}"


def erase(phone: Phone, key: dict[str, str] | None = None) -> Any:
    return phone.network.send("PUT", f"/api/v1{path(phone, 'erasure')}", headers=key or phone.key)


@pytest.mark.usefixtures("every_store")
def test_a_walker_takes_out_all_that_is_held_with_history_and_photos(every_database: str, stage: Stage) -> None:
    phone, other = stage.phone(name="Karen"), stage.phone()
    picture = Picture(jpeg(64, 48))
    note = phone.note(picture, note="Første ord.")
    phone.sync()
    phone.edit(note, note="Andre ord.")
    phone.sync()
    phone.put(note, note="Samtidige ord.")
    theirs = other.note(note="De andres ord.")
    other.sync()
    phone.network.send("PUT", f"/api/v1/observations/{theirs}/agreement", json={"agrees": True}, headers=phone.key)
    stage.close_walk()
    told = phone.get(path(phone, "data")).json()
    assert told["participant"]["name"] == "Karen"
    [mine] = told["notes"]
    assert [one["content"]["note"] for one in mine["history"]] == ["Første ord.", "Andre ord."]
    assert [one["content"]["note"] for one in mine["other_texts"]] == ["Samtidige ord."]
    assert told["agreements"] == [{"id": theirs, "agrees": True}]
    assert "De andres ord" not in json.dumps(told, ensure_ascii=False)
    from tests.photos.pictures import until

    until(lambda: phone.get(f"/photos/{picture.id}").status_code == 200)
    archive = zipfile.ZipFile(io.BytesIO(phone.get(path(phone, "data.zip")).content))
    assert sorted(archive.namelist()) == ["data.json", f"photos/{picture.id}.jpg"]
    assert archive.testzip() is None
    assert json.loads(archive.read("data.json"))["notes"][0]["note"] == "Andre ord."


def test_nobody_sees_or_erases_another_phones(stage: Stage) -> None:
    phone, other = stage.phone(), stage.phone()
    note = phone.note(note="Mine ord.")
    phone.sync()
    for ending in ("data", "data.zip"):
        assert other.get(path(phone, ending)).status_code == 403
        assert stage.http.get(f"/api/v1{path(phone, ending)}").status_code == 401
    assert erase(phone, other.key).status_code == 403
    assert stage.http.put(f"/api/v1{path(phone, 'erasure')}").status_code == 401
    assert phone.get(path(phone, "data")).json()["notes"][0]["id"] == note


def test_erasing_takes_every_word_and_byte_and_nothing_comes_back(every_database: str, evening: Evening) -> None:
    stage, phone = evening.stage, evening.phone
    with stage.db.write() as tx:
        tx.get_one(Participant, phone.id).name = "Navnkundig"
    note, photo = with_photo(evening, 10, note=OWN, suggestion="Skift pæren hurtigt, tak.")
    phone.edit(note, note=OWN + " Også i dag.")
    phone.sync()
    evening.plan.release(note)
    phone.put(note, note="Et sidespring.")
    other = stage.phone()
    theirs = other.note(note="De andres ord.", stop_id=stage.stops[1].id)
    other.sync()
    evening.plan.release(theirs)
    phone.network.send("PUT", f"/api/v1/observations/{theirs}/agreement", json={"agrees": True}, headers=phone.key)
    told = measure(evening, note, theirs, problem=f"Beboerne siger: {OWN}", measure="Lampen skiftes")
    with stage.db.write() as tx:
        writer = evening.user(evening.emails()[0])
        tx.add(Telling(walk_id=stage.walk.id, texts={"summary": f"En skrev: {OWN}"}, written_by=writer.id))
    evening.published()
    printed = stage.app.state.settings.printed
    printed.mkdir(exist_ok=True)
    (printed / f"{'a' * 64}.pdf").write_bytes(b"%PDF as it was printed a moment ago")
    assert OWN in evening.reader.open(evening.public).words
    stage.close_walk()
    before = other.changes()[-1]["seq"]

    done = erase(phone)
    assert done.status_code == 200, done.text
    assert (done.json()["notes"], done.json()["photos"]) == (1, 1)
    everything = kept(stage)
    for word in ("røde hus", "Skift pæren", "sidespring", "Navnkundig", "Også i dag"):
        assert word not in everything, word
    assert files(stage, photo) == []
    assert not list(printed.glob("*")), "what was printed of it is gone"
    assert "De andres ord." in everything

    page = evening.reader.open(evening.public)
    assert page.status == 200
    assert "De andres ord." in page.words
    assert "røde hus" not in page.page
    assert evening.reader.http.get(f"{evening.public}/photos/2.1-1.jpg").status_code == 404
    with stage.db.read() as tx:
        held = tx.get_one(Measure, told.id)
        assert held.measure == "Lampen skiftes", "the measure lives on"
        assert not tx.exec(select(Agreement).where(Agreement.participant_id == phone.id)).all()
    news = {one["id"]: one for one in other.changes(before) if "id" in one}
    assert news[note] == {"id": note, "seq": news[note]["seq"], "deleted": True}
    assert news[theirs]["agreements"] == 0

    what_is_sent_again_is_refused(stage, phone, note, photo, done.json())


def next_walk(evening: Evening, after: str, kind: str) -> Walk:
    page = evening.anna.post(f"/walks/{after}/successors", {"kind": kind})
    assert page.status == 200, page.words
    with evening.stage.db.read() as tx:
        return tx.get_one(Walk, page.address.split("/")[2])


def test_what_the_walk_back_and_a_copy_of_it_ask_about_goes_from_their_phones_too(
    every_database: str, evening: Evening
) -> None:
    stage = evening.stage
    stop = stage.stops[1]
    note = evening.note(note="Mørkt her.", suggestion="Bed ham i det røde hus om at flytte bilen.")
    evening.plan.make(evening.anna, note)
    again = next_walk(evening, stage.walk.id, "return")
    copy = next_walk(evening, again.id, "template")
    phones = [stage.phone(walk) for walk in (again, copy)]
    asked = [one["prompt"] for phone in phones for one in phone.walk["stops"] if "røde hus" in one["prompt"]]
    assert len(asked) == 2, "both walks ask about it"
    stage.walk = again
    later = phones[0].note(note="Her er bedre nu.")
    phones[0].sync()
    evening.plan.release(later)
    evening.published()
    assert erase(evening.phone).status_code == 200
    assert "røde hus" not in kept(stage), "of the walk, the walk back, the copy and the edition"
    for phone in phones:
        walk = phone.get(f"/walks/{phone.walk['id']}").json()
        prompt = next(one["prompt"] for one in walk["stops"] if one["name"] == stop.name)
        assert prompt.startswith("Sidst: "), prompt
        assert prompt.endswith(stop.prompt), "the stop's own words stay"
        assert walk["seq"] > phone.walk["seq"], "its phones hear of it"
    with stage.db.read() as tx:
        edition = tx.exec(select(Edition)).one()
    assert edition.sha256 == digest(edition.frozen["public"])


def what_is_sent_again_is_refused(stage: Stage, phone: Phone, note: str, photo: str, done: dict[str, int]) -> None:
    """For good, and nothing of it is kept."""
    phone.edit(note, note=OWN)
    for refused in (phone.put(note), phone.put(note, rev=1), phone.put(phone.note(note=OWN)), phone.put_picture(photo),
                    phone.try_to_join()):  # fmt: skip
        assert (refused.status_code, refused.json()["type"]) == (410, "/problems/erased"), refused.text
        assert "erased" in refused.json()["detail"].lower() or "slettet" in refused.json()["detail"].lower()
    assert "røde hus" not in kept(stage)
    assert files(stage, photo) == []
    assert erase(phone).json() == done, "asked again, the same answer"
    assert phone.get(path(phone, "data")).json()["notes"][0]["note"] == ""
    asked = {"observations": [{"id": note, "rev": 2}], "photos": [photo]}
    known = phone.network.send("POST", f"/api/v1/walks/{stage.walk.id}/known", json=asked, headers=phone.key)
    assert known.json()["missing"] == {"observations": [], "photos": []}


def test_a_reader_who_had_the_report_opens_it_after_the_erasure(evening: Evening) -> None:
    note, _photo = with_photo(evening, 10, note=OWN)
    other = evening.stage.phone()
    theirs = other.note(note="Her er godt at være.", stop_id=evening.stage.stops[0].id)
    other.sync()
    evening.plan.release(theirs)
    measure(evening, note)
    evening.published()
    assert erase(evening.phone).status_code == 200
    for way in (
        "/report",
        "/report.csv",
        "/report.geojson",
        "/report.zip",
        "/report.json",
        "/release",
        "/review",
        f"/review/{note}",
    ):
        page = evening.anna.http.get(f"{evening.at}{way}")
        assert page.status_code in (200, 404), (way, page.status_code)
        assert "røde hus" not in page.text
    for way in ("", "/edition.json", "/answers.atom"):
        assert evening.reader.http.get(evening.public + way).status_code in (200, 404)
    measure(evening, theirs)
    assert evening.published().number == 2, "a new edition can be made"


def test_notes_sent_while_everything_is_erased_are_kept_nowhere(every_database: str, stage: Stage) -> None:
    phone = stage.phone()
    notes = [phone.note(note=f"Ord nummer {number} om naboen.") for number in range(8)]
    for note in notes[:4]:
        phone.put(note)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda note=note: answers.append(phone.put(note, rev=2).status_code)) for note in notes
    ]
    threads.append(threading.Thread(target=lambda: answers.append(erase(phone).status_code)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not [code for code in answers if code >= 500 and code != 503], answers
    assert erase(phone).status_code == 200
    with stage.db.read() as tx:
        assert all(row.erased_at for row in tx.exec(select(Observation)).all())
        assert all(one.kind == "own" for one in tx.exec(select(Erasure)).all())
    assert "om naboen" not in kept(stage)


def test_a_track_is_taken_out_and_erased(every_database: str, stage: Stage) -> None:
    from app.models import Walk

    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).tracks = True
    phone, track = stage.phone(), new_id()
    way = {"walk_id": stage.walk.id, "team": "Hold 1", "rev": 1, "parts": [[[9.98765, 57.04], [9.99, 57.05]]]}
    phone.network.send("PUT", f"/api/v1/tracks/{track}", json=way, headers=phone.key)
    assert phone.get(path(phone, "data")).json()["tracks"][0]["parts"] == way["parts"]
    assert erase(phone).json()["tracks"] == 1
    assert "9.98765" not in kept(stage)
    again = phone.network.send("PUT", f"/api/v1/tracks/{track}", json=way, headers=phone.key)
    assert again.json()["type"] == "/problems/erased"
