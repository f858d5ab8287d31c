"""A photo that had been sent and is then blurred on the phone: the one that was sent is erased once the blurred one is here."""

import threading
from typing import Any

import pytest
from sqlmodel import col, select

from app.models import Decision, Erasure, Measure, MeasureStep, Observation, Photo, Revision
from app.photos.vault import aside_of, clean_of
from tests.cast import Clock, Stage
from tests.phone import Phone, Picture, jpeg, new_id
from tests.photos.pictures import until
from tests.privacy.conftest import told
from tests.privacy.raw import erased, files, run, with_photo
from tests.report.evening import Evening
from tests.report.test_public import measure


def blurred(phone: Phone, note: str, *earlier: str) -> Picture:
    """As the phone does: another photo in the note's next text, which says what it was made from. Nothing is sent."""
    made = Picture(jpeg(320, 240, colour=(9, 9, 9)))
    phone.pictures[made.id], phone.owner[made.id] = made, note
    phone.edit(note, photos=[made.declared() | {"replaces": list(earlier)}])
    return made


def taken(stage: Stage, **content: Any) -> tuple[Phone, str, Picture]:
    """A note with a photo, both sent, and the photo cleaned."""
    phone, picture = stage.phone(), Picture(jpeg(64, 48, colour=(200, 30, 30)))
    note = phone.note(picture, **content)
    phone.sync()
    ready(stage, phone, picture.id)
    return phone, note, picture


def ready(stage: Stage, phone: Phone, photo: str) -> None:
    until(lambda: len(files(stage, photo)) == 2)
    until(lambda: phone.get(f"/photos/{photo}").status_code == 200)


def test_the_earlier_photo_goes_with_every_version_of_it_and_only_when_the_blurred_one_is_here(
    every_database: str, evening: Evening
) -> None:
    stage, phone = evening.stage, evening.phone
    note, earlier = with_photo(evening, 10, note="Ved kiosken er der altid nogen.")
    evening.published()
    shown = f"{evening.public}/photos/2.1-1.jpg"
    assert evening.reader.http.get(shown).status_code == 200
    stage.vault._keep((b"\xff\xd8\xff as a reviewer set it aside", aside_of(earlier)))
    printed = stage.app.state.settings.printed
    printed.mkdir(exist_ok=True)
    paper = printed / f"{'a' * 64}.pdf"
    paper.write_bytes(b"%PDF as it was printed a moment ago")
    other = stage.phone()
    before = other.changes()[-1]["seq"]

    made = blurred(phone, note, earlier)
    assert phone.put(note).status_code == 200
    assert len(files(stage, earlier)) == 3, "the words alone erase nothing: the phone may die before the photo is sent"
    assert paper.exists()
    assert evening.reader.http.get(shown).status_code == 404, "but nobody else is shown it any longer"
    assert other.get(f"/photos/{earlier}").status_code == 404

    assert phone.put_picture(made.id).status_code == 201
    assert files(stage, earlier) == []
    assert not paper.exists()
    for ending in ("", "/thumbnail"):
        assert phone.get(f"/photos/{earlier}{ending}").status_code == 404
    page = evening.reader.open(evening.public)
    assert "Ved kiosken er der altid nogen." in page.words, "the note stands"
    assert "photos/2.1-1" not in page.page
    ready(stage, phone, made.id)
    news = {one["id"]: one for one in other.changes(before) if "id" in one}
    assert [one["id"] for one in news[note]["photos"]] == [made.id]
    with stage.db.read() as tx:
        [receipt] = tx.exec(select(Erasure)).all()
        assert (receipt.kind, receipt.who) == ("blurred", f"participant:{phone.id}")
        assert receipt.erased == {"counts": {"photo": 1}, "ids": [f"photo:{earlier}"]}
        assert tx.get_one(Photo, made.id).review == "unseen", "what was approved was the other one"
        assert not tx.exec(select(Decision).where(col(Decision.photo_id) == made.id)).all()
    assert told(stage.db, "erased") == [(f"participant:{phone.id}", "erased", f"receipt:{receipt.id}")]
    assert evening.anna.open("/keeping").status in (200, 403)
    evening.plan.photo(note, review="approved")
    evening.plan.release(note)
    assert evening.published().number == 2
    assert evening.reader.http.get(shown).status_code == 200, (
        "once it was looked at, the blurred one is in the next edition"
    )

    what_is_sent_again_is_refused(stage, phone, note, earlier)


def what_is_sent_again_is_refused(stage: Stage, phone: Phone, note: str, earlier: str) -> None:
    """Repeats, late ones, a phone that asks: the earlier photo is neither taken in nor asked for."""
    assert phone.put(note).status_code == 200
    refused = phone.put_picture(earlier)
    assert (refused.status_code, refused.json()["type"]) == (410, "/problems/erased")
    asked = {"observations": [], "photos": [earlier]}
    known = phone.network.send("POST", f"/api/v1/walks/{stage.walk.id}/known", json=asked, headers=phone.key)
    assert known.json()["missing"]["photos"] == []
    assert files(stage, earlier) == []
    with stage.db.read() as tx:
        assert len(tx.exec(select(Erasure)).all()) == 1, "erased once"


def test_photos_that_come_in_any_order_leave_the_blurred_one_alone(every_database: str, stage: Stage) -> None:
    phone = stage.phone()
    first = Picture(jpeg(64, 48, colour=(200, 30, 30)))
    note = phone.note(first, note="Et sted.")
    early = dict(phone.made[note])
    second = blurred(phone, note, first.id)
    third = blurred(phone, note, first.id, second.id)
    # The newest text is here first; the photo as taken is on its way while the blurred one is kept.
    assert phone.put(note).status_code == 201
    assert phone.put_picture(third.id).status_code == 201
    assert phone.put(note, **early).status_code == 200, "a late text is kept"
    late = phone.put(note, **{**early, "rev": 2, "photos": [second.declared() | {"replaces": [first.id]}]})
    assert late.status_code == 200
    for one in (first, second):
        assert phone.put_picture(one.id).status_code == 410
        assert files(stage, one.id) == []
    assert phone.put_picture(third.id).status_code == 200
    ready(stage, phone, third.id)
    assert not erased(run(stage))


def test_what_was_on_its_way_at_the_same_moment_is_not_kept(every_database: str, stage: Stage) -> None:
    phone = stage.phone()
    first = Picture(jpeg(64, 48, colour=(200, 30, 30)))
    note = phone.note(first, note="Et sted.")
    phone.put(note)
    second = blurred(phone, note, first.id)
    phone.put(note)
    answers: list[int] = []
    sent = [first.id, second.id] * 3
    threads = [
        threading.Thread(target=lambda one=one: answers.append(phone.put_picture(one).status_code)) for one in sent
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {200, 201, 410, 503}, answers
    until(lambda: phone.put_picture(second.id).status_code == 200)
    ready(stage, phone, second.id)
    until(lambda: files(stage, first.id) == [])
    assert phone.put_picture(first.id).status_code == 410


def test_a_closed_walk_takes_the_blurred_photo_and_lets_the_other_go(every_database: str, stage: Stage) -> None:
    phone, note, earlier = taken(stage)
    stage.close_walk()
    made = blurred(phone, note, earlier.id)
    phone.sync()
    assert files(stage, earlier.id) == []
    ready(stage, phone, made.id)


def test_nothing_goes_that_the_note_still_names_or_that_no_phone_has_sent(
    every_database: str, evening: Evening
) -> None:
    stage, phone = evening.stage, evening.phone
    note, kept = with_photo(evening, 10, note="Her.")
    other, theirs, foreign = taken(stage)
    proof = new_id()
    about = measure(evening, note)
    with stage.db.write() as tx:
        tx.add(Photo(id=proof, observation_id=note, sha256="00", bytes=1, type="image/jpeg", state="ready"))
        tx.flush()
        tx.get_one(Measure, about.id).proof_photo_id = proof
        tx.add(MeasureStep(measure_id=about.id, changes={"proof_photo_id": [None, proof]}))
    made = blurred(phone, note, kept, foreign.id, proof, new_id())
    phone.edit(note, photos=[*phone.made[note]["photos"], phone.pictures[kept].declared()])
    phone.sync()
    ready(stage, phone, made.id)
    assert len(files(stage, kept)) == 2
    assert phone.get(f"/photos/{kept}").status_code == 200
    ready(stage, other, foreign.id)
    with stage.db.read() as tx:
        assert not [one.id for one in tx.exec(select(Photo)).all() if one.erased_at]
    assert not run(stage, dry=True)["walks"]
    # As soon as it is named no longer, the next run of the rules lets it go, whatever day it is.
    phone.edit(note, photos=[made.declared()])
    phone.sync()
    assert erased(run(stage)) == {"photo": 1}
    assert files(stage, kept) == []
    assert other.get(f"/photos/{foreign.id}").status_code == 200
    with stage.db.read() as tx:
        assert tx.get_one(Photo, proof).erased_at is None
    assert theirs


def test_files_that_a_crash_or_a_bad_disk_has_left_go_with_the_repeat_and_with_the_next_run(stage: Stage) -> None:
    phone, note, earlier = taken(stage)
    made = blurred(phone, note, earlier.id)
    phone.sync()
    for again in (lambda: phone.put_picture(made.id), lambda: run(stage)):
        stage.vault._keep((b"left behind", clean_of(earlier.id, False)))
        again()
        assert files(stage, earlier.id) == []


def test_a_backup_before_it_still_has_the_photo_and_the_phone_sees_to_it_again(stage: Stage) -> None:
    """After an old copy was put back, the phone is asked what it has, and its words erase the photo once more."""
    phone, note, earlier = taken(stage)
    made = blurred(phone, note, earlier.id)
    phone.sync()
    with stage.db.write() as tx:  # as it was before
        tx.get_one(Observation, note).rev = 1
        held = tx.get_one(Photo, earlier.id)
        held.erased_at, held.state, held.review = None, "ready", "unseen"
        again = tx.get_one(Photo, made.id)
        again.state, again.replaces = "expected", [earlier.id]
    stage.vault.forget(made.id)
    names = reversed(stage.vault.names(earlier.id, original=False))
    stage.vault._keep(*zip((b"old picture", b"old thumbnail"), names, strict=True))
    asked = {"observations": [{"id": note, "rev": 2}], "photos": [made.id]}
    known = phone.network.send("POST", f"/api/v1/walks/{stage.walk.id}/known", json=asked, headers=phone.key)
    assert known.json()["missing"]["photos"] == [made.id]
    assert phone.put_picture(made.id).status_code == 201
    assert files(stage, earlier.id) == []


def test_a_photo_taken_out_of_its_note_goes_after_thirty_days_and_not_if_it_was_put_back(
    every_database: str, stage: Stage, clock: Clock
) -> None:
    phone = stage.phone()
    pictures = [Picture(jpeg(64, 48, colour=(colour, 30, 30))) for colour in (10, 90, 200)]
    note = phone.note(*pictures, note="Tre billeder.")
    phone.sync()
    for one in pictures:
        ready(stage, phone, one.id)
    out, back, stays = pictures
    phone.edit(note, photos=[stays.declared()])
    phone.sync()
    made = blurred(phone, note, stays.id)  # the phone dies before it sends the blurred one
    assert phone.put(note).status_code == 200
    clock.advance(days=20)
    phone.edit(note, note="Rettet, men ikke billederne.")
    phone.edit(note, photos=[back.declared(), made.declared()])
    assert phone.put(note).status_code == 200
    clock.advance(days=9)
    assert not run(stage)["walks"]
    clock.advance(days=2)
    assert erased(run(stage, dry=True)) == {"photos": 2}
    assert erased(run(stage)) == {"photo": 2}
    assert [len(files(stage, one.id)) for one in pictures] == [0, 2, 0]
    phone.edit(note, photos=[out.declared(), back.declared()])
    assert phone.put(note).status_code == 200
    assert phone.put_picture(out.id).json()["type"] == "/problems/erased"
    [mine] = [one for one in phone.changes() if one.get("id") == note]
    assert [one["id"] for one in mine["photos"]] == [back.id]


def test_a_note_deleted_after_its_photo_was_blurred_keeps_no_byte_of_either(stage: Stage, clock: Clock) -> None:
    phone, note, earlier = taken(stage)
    made = blurred(phone, note, earlier.id)
    phone.put(note)
    phone.edit(note, deleted=True)
    phone.put(note)
    assert phone.put_picture(made.id).status_code == 201, "a photo of a deleted note may still arrive"
    assert files(stage, earlier.id) == []
    until(lambda: len(files(stage, made.id)) == 2)
    clock.advance(days=31)
    assert erased(run(stage)) == {"note": 1, "photo": 1}
    assert files(stage, made.id) == []


def test_what_phones_sent_before_there_was_such_a_field_is_still_the_same(stage: Stage) -> None:
    phone, note, earlier = taken(stage)
    with stage.db.read() as tx:
        [sent] = tx.exec(select(Revision)).all()
    assert sent.content["photos"] == [earlier.declared()]
    plain = phone.made[note]["photos"][0]
    assert phone.put(note, photos=[plain | {"replaces": None}]).status_code == 200
    assert phone.put(note, photos=[plain | {"replaces": []}]).status_code == 200
    assert phone.put(note, photos=[plain | {"replaces": [earlier.id]}]).status_code == 409, (
        "other words under one number"
    )


@pytest.mark.parametrize("wrong", [["nothing"], "text", [1], [new_id()] * 101])
def test_what_cannot_be_replaced_is_refused_with_a_sentence(stage: Stage, wrong: Any) -> None:
    phone, note, earlier = taken(stage)
    reply = phone.put(note, rev=2, photos=[earlier.declared() | {"replaces": wrong}])
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"].startswith("photos.0.replaces")
