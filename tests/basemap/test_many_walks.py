"""After a start every walk is new to the one who cuts maps, and phones are there before it has looked at all of them."""

from pathlib import Path

import pytest

from app.basemap.cutting import Cutter
from app.basemap.tileserver import NotReached
from app.models import Walk
from tests.basemap.test_cutting import AALBORG, found_good, ground, hurry, kept, mapped, stage_settings, walked
from tests.cast import Stage
from tests.photos.pictures import until

__all__ = ["ground", "hurry", "stage_settings"]  # fixtures, lent


def test_a_look_sees_to_a_few_and_leaves_the_rest_for_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.basemap.cutting.AT_ONCE", 2)
    cutter = _waiting(stage)
    made, seen = [walked(stage, AALBORG, title=f"Nr. {number}") for number in range(5)], []
    for _look in range(6):  # each is looked at once more after it was changed
        cutter.look()
        seen.append({walk.title for walk in made if kept(stage, walk).map_of is not None})
    assert seen[0] == {"Nr. 4", "Nr. 3"}, "the newest first"
    assert seen[2] == {"Nr. 4", "Nr. 3", "Nr. 2", "Nr. 1"}
    assert len(seen[5]) == 5


def test_a_map_that_is_missed_is_not_forgotten_behind_those_that_were_seen_to(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = mapped(stage, walked(stage))
    found_good(stage, walk)
    cutter = _waiting(stage)
    for number in range(3):
        walked(stage, AALBORG, title=f"Nr. {number}")
    (path := stage.app.state.maps.path(walk.map_sha256)).unlink()
    cutter.cut_again(path.stem)
    monkeypatch.setattr("app.basemap.cutting.AT_ONCE", 2)
    for _look in range(3):
        cutter.look()
    assert path.exists()


def test_a_map_that_is_missed_is_tried_again_however_often_it_failed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = mapped(stage, walked(stage))
    found_good(stage, walk)
    cutter = _waiting(stage)
    with stage.db.write() as tx:
        tx.get_one(Walk, walk.id).state = "closed"  # nobody looks at it unless its map is missed
    (path := stage.app.state.maps.path(walk.map_sha256)).unlink()
    monkeypatch.setattr("app.basemap.cutting.PAUSE_S", 0.2)
    bring, tried = cutter._bring, list[str]()

    def fails_twice(walk_id: str, ground: object) -> None:
        tried.append(walk_id)
        if tried.count(walk.id) < 3:
            raise NotReached("the tiles of this neighbourhood hang")
        bring(walk_id, ground)  # type: ignore[arg-type]

    monkeypatch.setattr(cutter, "_bring", fails_twice)
    cutter.cut_again(path.stem)

    def cut() -> bool:
        cutter.look()
        return path.exists()

    until(cut, within_s=20)
    assert tried.count(walk.id) == 3


def test_without_a_base_map_no_walk_is_even_read(stage: Stage, ground: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cutter = _waiting(stage)
    ground.unlink()
    walked(stage)
    monkeypatch.setattr(cutter, "_bring", lambda *_asked: pytest.fail("a walk was looked at"))
    cutter.look()


def test_walks_that_cannot_have_a_map_do_not_keep_the_older_ones_from_their_turn(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.basemap.cutting.AT_ONCE", 2)
    monkeypatch.setattr("app.basemap.cutting.PAUSE_S", 0.0)  # due again at once
    cutter = _waiting(stage)
    made = [walked(stage, AALBORG, title=f"Nr. {number}") for number in range(4)]
    tried: list[str] = []

    def out_of_reach(walk_id: str, _ground: object) -> None:
        tried.append(walk_id)
        raise NotReached("the tiles of this neighbourhood hang")

    monkeypatch.setattr(cutter, "_bring", out_of_reach)
    for _look in range(2):
        cutter.look()
    assert set(tried) == {walk.id for walk in made}


def _waiting(stage: Stage) -> Cutter:
    """A cutter that looks when it is told, in the place of the server's own."""
    (state := stage.app.state).cutter.stop()
    return Cutter(state.db, state.maps, state.settings, None)
