"""The promise, played: phones, a bad network, a server that dies. `make soak` plays on for as long as one likes."""

from pathlib import Path

import pytest

from tests.reliability.playing import play, told, world

pytestmark = pytest.mark.embedded

STEPS, PARTS = 20_000, 5


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_the_network_does_each_note_and_photo_is_there_once_as_it_was_saved(tmp_path: Path, part: int) -> None:
    with world(tmp_path) as place:
        play(place, STEPS // PARTS, beginning=part)
    print(told(place))
    assert "Traceback" not in place.server.said()


def test_and_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with world(tmp_path, postgres_url) as place:
        play(place, STEPS // 10, beginning=PARTS)
    print(told(place))
    assert "Traceback" not in place.server.said()
