"""A walk's life: its code as people write it, opening and closing, and what a phone gets of it."""

from typing import Any

import pytest

from app.models import Walk
from app.problems import Problem
from app.sync.protocol import utc
from app.taxonomy import for_phones
from app.walks import route, walks
from tests.cast import Clock, Stage

pytestmark = pytest.mark.usefixtures("every_database")


@pytest.mark.parametrize("written", ["k7qf-2mxd", "K7QF 2MXD", " k7qf\u20112mxd\n", "K7QF2MXD", "k 7 q f 2 m x d"])
def test_a_code_is_found_however_it_is_written(stage: Stage, written: str) -> None:
    walk = stage.another_walk(code="K7QF2MXD")
    with stage.db.read() as tx:
        found = walks.find_by_code(tx, written)
    assert found is not None
    assert found.id == walk.id


def test_letters_that_look_like_digits_are_read_as_digits(stage: Stage) -> None:
    walk = stage.another_walk(code="0011ABCD")
    with stage.db.read() as tx:
        assert {getattr(walks.find_by_code(tx, code), "id", None) for code in ("OoIlABCD", "o0L1-abcd")} == {walk.id}


@pytest.mark.parametrize(
    "written", ["", "K7QF2MX", "K7QF2MXDD", "K7QF2MXÆ", "K7QF2MX\x00", "K7QF2MX\u0661", "*" * 8, "x" * 100_000]
)
def test_what_is_no_code_finds_nothing(stage: Stage, written: str) -> None:
    stage.another_walk(code="K7QF2MXD")
    with stage.db.read() as tx:
        assert walks.find_by_code(tx, written) is None


def test_new_codes_are_readable_aloud_and_all_different(stage: Stage) -> None:
    codes = {stage.another_walk().code for _walk in range(40)}
    assert len(codes) == 40
    assert not set("".join(codes)) - set(walks.ALPHABET)
    assert {len(code) for code in codes} == {8}


def test_closing_and_opening_are_changes_that_phones_are_told_of(stage: Stage, clock: Clock) -> None:
    phone = stage.phone()
    phone.put(phone.note())
    seen = [stage.walk.seq]
    for change, state in ((walks.close, "closed"), (walks.open_walk, "open"), (walks.close, "closed")):
        clock.advance(hours=1)
        with stage.db.write() as tx:
            walk = tx.get_one(Walk, stage.walk.id)
            change(tx, walk)
        assert (walk.state, walk.closed_at) == (state, clock.moment if state == "closed" else None)
        assert walk.seq == walk.changed_seq > seen[-1]
        seen.append(walk.seq)
    [told] = [change for change in phone.changes() if "walk" in change]
    assert (told["walk"]["state"], told["seq"]) == ("closed", seen[-1])


def test_doing_it_twice_changes_nothing_more(stage: Stage, clock: Clock) -> None:
    stage.close_walk()
    with stage.db.read() as tx:
        before = tx.get_one(Walk, stage.walk.id)
    clock.advance(hours=1)
    stage.close_walk()
    with stage.db.read() as tx:
        after = tx.get_one(Walk, stage.walk.id)
    assert (after.seq, after.closed_at) == (before.seq, before.closed_at)


def test_an_emptied_walk_stays_closed(stage: Stage) -> None:
    with stage.db.write() as tx:
        tx.get_one(Walk, stage.walk.id).state = "archived"
    with pytest.raises(Problem, match="walk-archived"), stage.db.write() as tx:
        walks.open_walk(tx, tx.get_one(Walk, stage.walk.id))


def test_a_phone_gets_the_walk_as_the_contract_says(stage: Stage) -> None:
    line = {"type": "LineString", "coordinates": [[9.97, 57.03], [9.98, 57.04]]}
    plan = route.read(b'{"type":"LineString","coordinates":[[9.97,57.03],[9.98,57.04]]}')
    walk = stage.another_walk(title="Skolevejen", planned=True, purpose="Se på lyset", route=plan.line, light="dusk")
    got = stage.phone(walk).walk
    expected: dict[str, Any] = {
        "id": walk.id, "title": "Skolevejen", "purpose": "Se på lyset", "state": "planned", "starts_at": None, "ends_at": None,
        "timezone": "Europe/Copenhagen", "light": "dusk", "meeting_point": "", "route": line, "stops": [],
        "teams": [], "paused": False, "sharing": True, "report_url": None,
        "taxonomy": for_phones(), "contacts": "", "basemap": None, "seq": 0,
        "limits": {"note": 4000, "photos": 8, "photo_bytes": 15 * 1024 * 1024},
    }  # fmt: skip
    assert {name: value for name, value in got.items() if name != "privacy_notice"} == expected
    assert "aktindsigt" in got["privacy_notice"]


def test_stops_and_times_are_given_in_order_and_in_utc(stage: Stage, clock: Clock) -> None:
    walk = stage.another_walk(starts_at=clock.moment)
    assert stage.phone(walk).walk["starts_at"] == utc(clock.moment)
    first, second = stage.phone().walk["stops"]
    assert set(first) == {"id", "number", "name", "prompt", "lat", "lon"}
    assert (first["number"], first["name"], first["lat"], first["lon"]) == (1, "Kilden", 57.04, 9.98)
    assert (second["number"], second["prompt"], second["lat"]) == (2, "Er der en anden vej?", None)
