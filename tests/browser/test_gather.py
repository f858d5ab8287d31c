"""How the map gathers notes that would cover each other: the module alone, on a page of nothing."""

import base64
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.once

SOURCE = Path(__file__).parents[2] / "static" / "js" / "elements" / "gather.js"
Gather = Callable[..., Any]
EQUATOR_M, TILE = 40_075_016.686, 512


@pytest.fixture
def gather(page: Page) -> Gather:
    """Runs `body` with the module as `m` and `given`."""
    address = "data:text/javascript;base64," + base64.b64encode(SOURCE.read_bytes()).decode()

    def do(body: str, **given: Any) -> Any:
        return page.evaluate(f"async ([from, given]) => {{ const m = await import(from); {body} }}", [address, given])

    return do


def town(number: int) -> list[list[float]]:
    """Notes along a way, some at one place."""
    chance = random.Random(number)
    points = [[9.98 + chance.gauss(0, 0.004), 57.04 + chance.gauss(0, 0.002)] for _ in range(number - number // 10)]
    return points + points[:1] * (number // 10)


GROUPS = "const at = m.projected(given.points); return given.zooms.map((z) => m.gather(at, given.which, z, 75));"


@pytest.mark.parametrize("number", [0, 1, 2, 700])
def test_each_note_is_in_exactly_one_group_at_every_zoom(gather: Gather, number: int) -> None:
    points, which = town(number), list(range(number))
    for groups in gather(GROUPS, points=points, which=which, zooms=[0, 10, 14.7, 16, 18]):
        assert sorted(note for group in groups for note in group["notes"]) == which


def test_only_those_that_pass_a_filter_are_gathered_and_always_alike(gather: Gather) -> None:
    given = {"points": town(300), "which": list(range(0, 300, 3)), "zooms": [15]}
    [groups] = gather(GROUPS, **given)
    assert sorted(note for group in groups for note in group["notes"]) == given["which"]
    assert gather(GROUPS, **given) == [groups]


def test_notes_at_one_place_are_one_group_and_those_out_of_reach_are_not(gather: Gather) -> None:
    metre = 360 / EQUATOR_M / 0.544  # degrees of longitude, at 57 degrees north
    pixel = EQUATOR_M * 0.544 / (TILE * 2**16)  # metres, at zoom 16
    points = [[10.0, 57.04], [10.0, 57.04], [10 + 70 * pixel * metre, 57.04], [10 + 300 * pixel * metre, 57.04]]
    near, closer = gather(GROUPS, points=points, which=[0, 1, 2, 3], zooms=[16, 17])
    assert [group["notes"] for group in near] == [[0, 1, 2], [3]]
    assert [group["notes"] for group in closer] == [[0, 1], [2], [3]]


def test_a_group_stands_in_the_middle_of_its_notes(gather: Gather) -> None:
    body = "const at = m.projected(given); return m.gather(at, [0, 1, 2, 3], 3, 75).map(m.placeOf);"
    address = body.replace("given)", "given.points)")
    [[lon, lat]] = gather(address, points=[[9.98, 57.04], [9.98, 57.04], [9.98, 57.04], [10.02, 57.04]])
    assert (lon, lat) == pytest.approx((9.99, 57.04), abs=1e-9)


def test_a_group_comes_apart_at_the_first_zoom_that_parts_it_or_never(gather: Gather) -> None:
    body = "const at = m.projected(given.points); return given.of.map((notes) => m.parting(at, notes, 12.4, 75, 18));"
    points = [[10.0, 57.04], [10.0, 57.04], [10.001, 57.04], [10.00001, 57.04]]
    parted = gather(body, points=points, of=[[0, 1], [0, 2], [0, 1, 2], [0, 3]])
    assert parted == [19, 16, 16, 19]
    apart = "const at = m.projected(given.points); return [15, 16].map((z) => m.gather(at, [0, 2], z, 75).length);"
    assert gather(apart, points=points) == [1, 2]


def test_five_thousand_notes_are_gathered_in_milliseconds(gather: Gather) -> None:
    body = """const at = m.projected(given.points), which = given.points.map((_one, n) => n), times = [];
      for (let zoom = 10; zoom <= 18; zoom++) for (let round = 0; round < 3; round++) {
        const began = performance.now(); m.gather(at, which, zoom, 75); times.push(performance.now() - began);
      }
      return times.sort((a, b) => a - b);"""
    times = gather(body, points=town(5_000))
    print(f"\n5,000 notes gathered in {times[len(times) // 2]:.1f} ms, at worst {times[-1]:.1f}")
    assert times[len(times) // 2] < 50
