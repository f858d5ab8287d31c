"""What is no longer needed goes when its time has come, and not before; what is public stays."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from app.access import people
from app.jobs import DAY_S, Task, jobs_of
from app.models import (
    Decision,
    Edition,
    Erasure,
    FailedTry,
    Mark,
    Observation,
    Organisation,
    Participant,
    Photo,
    Takedown,
    Team,
    Track,
    UserSession,
    Walk,
    now,
)
from app.privacy import erasing, keeping, retention
from app.problems import Problem, TryAgain
from app.report.freezing import digest
from app.review import photos
from app.walks import walks
from tests.cast import Clock, Stage
from tests.phone import Picture, jpeg, new_id
from tests.photos.pictures import until
from tests.privacy.raw import erased, files, kept, run, with_photo
from tests.report.evening import Evening
from tests.review.conftest import Reviewer

WAY = {"team": "Hold 1", "rev": 1, "parts": [[[9.98765, 57.04], [9.99, 57.05]]]}


def test_names_go_once_the_walk_is_closed_and_do_not_come_back(every_database: str, stage: Stage, clock: Clock) -> None:
    phone = stage.phone(name="Karen Navnkundig", role="resident")
    with stage.db.write() as tx:
        tx.add(Team(walk_id=stage.walk.id, name="Hold 1", duties={"leader": "Jens Holdleder"}))
    assert not run(stage)["walks"]
    stage.close_walk()
    clock.advance(seconds=1)
    assert erased(run(stage, dry=True)) == {"names": 2}
    assert "Navnkundig" in kept(stage)
    assert erased(run(stage)) == {"name": 1, "team": 1}
    for word in ("Navnkundig", "Holdleder"):
        assert word not in kept(stage)
    assert phone.try_to_join().status_code == 200
    assert "Navnkundig" not in kept(stage)
    assert phone.put(phone.note()).status_code == 201, "a late note is still taken in"
    assert not run(stage)["walks"], "what was done is not done again"
    with stage.db.read() as tx:
        [receipt] = tx.exec(select(Erasure)).all()
    assert receipt.erased["counts"] == {"name": 1, "team": 1}
    assert (receipt.kind, receipt.walk_id) == ("rule", stage.walk.id)


def test_half_a_year_after_the_release_what_nobody_published_is_gone_and_the_report_stands(
    every_database: str, evening: Evening, clock: Clock
) -> None:
    stage = evening.stage
    _public, shown = with_photo(evening, 10, note="Her er lyst og rart at gå.")
    private, unseen = with_photo(evening, 20, note="Bænken er væk.")
    evening.plan.photo(private, review="unseen")
    secret = evening.note(note="Han i nummer syv råber ad alle.", factors=["people.threats"], released=False)
    evening.set(secret, sensitive=True)
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).tracks = True
    way = {"walk_id": stage.walk.id, **WAY}
    track = new_id()
    assert (
        evening.phone.network.send("PUT", f"/api/v1/tracks/{track}", json=way, headers=evening.phone.key).status_code
        == 201
    )
    mark = Mark(
        id=new_id(), walk_id=stage.walk.id, secret_hash="x", valence="unsafe", lat=57, lon=9.9, note="Mærkeordet"
    )
    with stage.db.write() as tx:
        tx.add(mark)
    evening.published()
    stage.close_walk()
    clock.advance(days=182)
    assert "photo" not in erased(run(stage))
    clock.advance(days=2)
    told = erased(run(stage))
    assert told == {"note": 1, "photo": 1, "track": 1, "mark": 1}
    assert files(stage, unseen) == []
    assert len(files(stage, shown)) == 2
    everything = kept(stage)
    for word in ("nummer syv", "Mærkeordet", "9.98765"):
        assert word not in everything, word
    assert "Bænken er væk." in everything, "only its photo was due"
    page = evening.reader.open(evening.public)
    assert "Her er lyst og rart at gå." in page.words
    assert evening.reader.http.get(f"{evening.public}/photos/2.1-1.jpg").status_code == 200
    # Its author goes on: the words are taken in, the photo stays away.
    evening.phone.edit(private, note="Bænken er kommet igen.")
    assert evening.phone.put(private).status_code == 200
    assert evening.phone.put_picture(unseen).json()["type"] == "/problems/erased"
    assert files(stage, unseen) == []
    [mine] = [one for one in evening.phone.changes() if one.get("id") == private]
    assert mine["photos"] == []
    again = evening.phone.network.send(
        "PUT", f"/api/v1/tracks/{track}", json=way | {"rev": 2}, headers=evening.phone.key
    )
    assert again.status_code == 403
    with stage.db.read() as tx:
        assert tx.get_one(Track, track).parts == []
    clock.advance(days=5 * 366)
    assert erased(run(stage)) == {"filed": 1, "note": 1, "editions": 1}, "what is in the report stays"
    assert "Bænken er" not in kept(stage), "words that were written anew and never released are not in it"
    page = evening.reader.open(evening.public)
    assert "Her er lyst og rart at gå." in page.words
    assert evening.reader.http.get(f"{evening.public}/photos/2.1-1.jpg").status_code == 200


def dated(stage: Stage, steps: list[Decision], clock: Clock) -> list[Decision]:
    """A step that a row dates by itself knows nothing of the test's clock."""
    with stage.db.write() as tx:
        for step in steps:
            tx.get_one(Decision, step.id).at = clock.moment
    return steps


def test_what_is_hidden_after_the_release_goes_in_its_time_and_comes_back_until_then(
    every_database: str, evening: Evening, clock: Clock
) -> None:
    stage, karl = evening.stage, Reviewer(evening.stage, "karl@kommune.example", "coordinator")
    gone, lost = with_photo(evening, 10, note="Manden i det gule hus er beruset hver aften.")
    back, shown = with_photo(evening, 20, note="Lampen er slukket.")
    evening.published()
    stage.close_walk()
    clock.advance(days=400)
    run(stage)
    hidden = [dated(stage, karl.hide(note), clock) for note in (gone, back)]
    assert "gule hus" not in evening.reader.open(evening.public).words
    clock.advance(days=182)
    assert not run(stage)["walks"], "183 days from when it was hidden, not from the release"
    karl.undo(*hidden[1])
    clock.advance(days=2)
    assert erased(run(stage)) == {"note": 1, "photo": 1, "editions": 1}
    assert "gule hus" not in kept(stage)
    assert files(stage, lost) == []
    for _later in range(2):
        page = evening.reader.open(evening.public)
        assert "Lampen er slukket." in page.words
        photos = [evening.reader.http.get(f"{evening.public}/photos/2.{n}-1.jpg").status_code for n in (1, 2)]
        assert sorted(photos) == [200, 404]
        clock.advance(days=4000)
        assert "note" not in erased(run(stage))
    assert len(files(stage, shown)) == 2
    with stage.db.read() as tx:
        edition = tx.exec(select(Edition)).one()
    assert edition.sha256 == digest(edition.frozen["public"])


def test_a_photo_refused_after_the_release_goes_in_its_time_and_its_note_stays(
    every_database: str, evening: Evening, clock: Clock
) -> None:
    stage, karl = evening.stage, Reviewer(evening.stage, "karl@kommune.example", "coordinator")
    _note, lost = with_photo(evening, 10, note="Lampen er slukket.")
    evening.published()
    stage.close_walk()
    clock.advance(days=400)
    run(stage)
    with stage.db.write() as tx:
        version = tx.get_one(Photo, lost).review_version
        refused = photos.decide(tx, karl.reader, "refuse", [(lost, version)])
    dated(stage, refused, clock)
    clock.advance(days=182)
    assert not run(stage)["walks"]
    clock.advance(days=2)
    assert erased(run(stage)) == {"photo": 1}
    assert files(stage, lost) == []
    assert "Lampen er slukket." in evening.reader.open(evening.public).words


def test_without_a_report_everything_goes_after_the_longest_time(
    every_database: str, stage: Stage, clock: Clock
) -> None:
    phone = stage.phone(name="Ole Uden")
    picture = Picture(jpeg())
    note = phone.note(picture, note="Stien er mørk.")
    phone.sync()
    clock.advance(days=364)
    assert not run(stage)["walks"]
    clock.advance(days=3)  # nobody has closed it
    assert erased(run(stage)) == {"name": 1, "photo": 1}
    until(lambda: files(stage, picture.id) == [])  # where it was just being cleaned, that goes with it
    clock.advance(days=5 * 366)
    stage.close_walk()
    clock.advance(days=5 * 366)
    assert erased(run(stage)) == {"note": 1, "filed": 1}
    with stage.db.read() as tx:
        row, walk = tx.get_one(Observation, note), tx.get_one(Walk, stage.walk.id)
    assert (row.note, row.deleted, row.fix, walk.state) == ("", True, None, "archived")
    assert phone.put(note).json()["type"] in ("/problems/erased", "/problems/walk-archived")
    assert phone.get(f"/walks/{stage.walk.id}").status_code == 410


def test_what_its_author_deleted_goes_after_a_month_from_history_too(
    every_database: str, stage: Stage, clock: Clock
) -> None:
    phone = stage.phone()
    note = phone.note(note="Første ord om naboen.")
    phone.sync()
    phone.edit(note, note="Andre ord.")
    phone.sync()
    phone.put(note, note="Et sidespring.")  # another content under a revision that is held
    phone.edit(note, deleted=True)
    phone.sync()
    clock.advance(days=29)
    assert not run(stage)["walks"]
    clock.advance(days=2)
    assert erased(run(stage)) == {"note": 1}
    everything = kept(stage)
    for word in ("Første ord om naboen", "Andre ord", "sidespring"):
        assert word not in everything
    phone.edit(note, deleted=False)
    back = phone.put(note)
    assert (back.status_code, back.json()["type"]) == (410, "/problems/erased")
    known = phone.network.send("POST", f"/api/v1/walks/{stage.walk.id}/known", headers=phone.key,
                               json={"observations": [{"id": note, "rev": 3}], "photos": []})  # fmt: skip
    assert known.json()["missing"]["observations"] == [], "a phone may say that all is sent"


def test_each_organisation_has_its_own_days_within_bounds(every_database: str, stage: Stage, clock: Clock) -> None:
    stage.phone(name="Per")
    other = stage.another_walk()  # of no organisation
    stage.phone(other, name="Ib")
    with stage.db.write() as tx:
        mine = tx.get_one(Organisation, stage.walk.organisation_id)
        typed = {rule.name: str(rule.usual) for rule in keeping.RULES}
        with pytest.raises(Problem) as wrong:
            keeping.choose(mine, typed | {"names": "91", "photos": "29", "tracks": "-1"})
        assert {one["field"] for one in wrong.value.more["errors"]} == {"names", "photos", "tracks"}
        keeping.choose(mine, typed | {"names": "10"})
        assert mine.keeping == {"names": 10}, "what is usual follows the usual value"
        for walk_id in (stage.walk.id, other.id):
            walks.close(tx, tx.get_one(Walk, walk_id))
    clock.advance(days=1)
    assert [one["walk_id"] for one in run(stage)["walks"]] == [other.id]
    clock.advance(days=10)
    assert [one["walk_id"] for one in run(stage)["walks"]] == [stage.walk.id]


def test_what_is_over_in_itself_goes_too(every_database: str, stage: Stage, clock: Clock) -> None:
    with stage.db.write() as tx:
        user = people.add(tx, "anna@kommune.example", "admin", "Aalborg Kommune")
        tx.flush()
        tx.add(UserSession(secret_hash="old", user_id=user.id, expires_at=now()))
        tx.add(FailedTry(purpose="join", address="192.0.2.7"))
        tx.add(Takedown(walk_id=stage.walk.id, edition=1, text="Mit hus", contact="ole@example.dk", handled_at=now()))
    clock.advance(days=3)
    assert run(stage, dry=True)["over"] == {"UserSession": 1, "FailedTry": 1}
    assert "192.0.2.7" in kept(stage)
    run(stage)
    assert "192.0.2.7" not in kept(stage)
    clock.advance(days=181)
    assert erased(run(stage)) == {"takedown": 1}
    assert "ole@example.dk" not in kept(stage)


def test_a_run_that_is_cut_off_is_finished_by_the_next_one(
    every_database: str, stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.app.state.cleaner.stop()  # which forgets erased photos too
    phone = stage.phone()
    pictures = [Picture(jpeg(colour=(number, 9, 9))) for number in range(5)]
    for picture in pictures:
        phone.note(picture)
    phone.sync()
    clock.advance(days=400)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    forget = erasing.forget
    monkeypatch.setattr(erasing, "forget", lambda *_given: (_ for _ in ()).throw(OSError("power is gone")))
    with pytest.raises(OSError, match="power is gone"):
        run(stage)
    assert sum(bool(files(stage, picture.id)) for picture in pictures) == 5, "rows first, files after them"
    monkeypatch.setattr(erasing, "forget", forget)
    told = run(stage)
    assert erased(told) == {"photo": 3}
    assert told["swept"] == 2
    assert not any(files(stage, picture.id) for picture in pictures)
    with stage.db.read() as tx:
        assert all(photo.erased_at for photo in tx.exec(select(Photo)).all())
        assert len(tx.exec(select(Erasure).order_by(col(Erasure.id))).all()) == 2


def test_only_one_server_erases_at_a_time(every_database: str, stage: Stage, clock: Clock) -> None:
    stage.phone(name="Per")
    stage.close_walk()
    clock.advance(days=1)
    with stage.db.alone(retention.ALONE) as free:
        assert free
        told = run(stage)
    assert told["busy"] == (every_database == "postgresql")
    run(stage)
    with stage.db.read() as tx:
        assert [one.name for one in tx.exec(select(Participant)).all()] == [None]


@pytest.mark.embedded  # PostgreSQL has a clock of its own, which nobody here moves
def test_the_server_does_it_by_itself(stage: Stage, clock: Clock) -> None:
    from tests.photos.pictures import until

    stage.phone(name="Per")
    stage.close_walk()
    clock.advance(days=1)
    keeper = retention.Keeper(stage.db, stage.vault, stage.app.state.settings)
    jobs = jobs_of(stage.db, [Task(retention.TASK, keeper.daily, DAY_S)])
    jobs.start()
    try:
        until(lambda: _names(stage) == [None])
    finally:
        jobs.stop()


def test_a_clock_that_has_jumped_erases_nothing_that_day(every_database: str, stage: Stage, clock: Clock) -> None:
    stage.phone(name="Per")
    stage.close_walk()
    keeper, stopping = retention.Keeper(stage.db, stage.vault, stage.app.state.settings), threading.Event()
    clock.advance(days=4000)
    if stage.db.sqlite:  # which has no other clock to ask: a second day with the same time is believed
        keeper.daily(stopping)
        assert _names(stage) == ["Per"]
        keeper.daily(stopping)
        assert _names(stage) == [None]
    else:
        for _day in range(2):
            with pytest.raises(TryAgain):
                keeper.daily(stopping)
        assert _names(stage) == ["Per"]
        clock.advance(days=-4000, seconds=1)
        keeper.daily(stopping)
        assert _names(stage) == [None]


def _names(stage: Stage) -> list[Any]:
    with stage.db.read() as tx:
        return [one.name for one in tx.exec(select(Participant)).all()]


def test_a_photo_that_comes_in_while_it_is_erased_leaves_no_file(every_database: str, stage: Stage) -> None:
    phone = stage.phone()
    picture = Picture(jpeg())
    note = phone.note(picture)
    assert phone.put(note).status_code == 201
    arriving = stage.vault.arrive()
    arriving.write(picture.data)
    with stage.db.write() as tx:
        gone = erasing.Gone()
        erasing.notes(tx, tx.get_one(Walk, stage.walk.id), [note], gone)
    from app.photos import arrival

    with pytest.raises(Problem) as refused:
        arrival.keep(stage.db, stage.vault, picture.id, arriving)
    arriving.close()
    assert refused.value.code in ("erased", "digest-mismatch")
    assert files(stage, picture.id) == []


def test_the_clock_of_a_walk_that_is_opened_again_starts_with_what_is_new(stage: Stage, clock: Clock) -> None:
    with stage.db.read() as tx:
        walk = tx.get_one(Walk, stage.walk.id)
    days = keeping.of(None)
    over = walk.created_at
    assert keeping.due(walk, days, None)["photos"] == over + timedelta(days=365)
    assert keeping.due(walk, days, over)["photos"] == over + timedelta(days=183)
    assert keeping.due(walk, days, None)["names"] == over + timedelta(days=365)
