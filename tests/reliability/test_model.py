"""The promise, played: phones, a bad network, a server that dies. `make soak` plays on for as long as one likes."""

from pathlib import Path

from tests.reliability.playing import play, told, world


def test_whatever_the_network_does_each_note_and_photo_is_there_once_as_it_was_saved(tmp_path: Path) -> None:
    with world(tmp_path) as place:
        play(place, 20_000)
    print(told(place))
    assert place.steps >= 20_000
    assert "Traceback" not in place.server.said()


def test_and_so_it_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with world(tmp_path, postgres_url) as place:
        play(place, 3_000)
    print(told(place))
    assert place.steps >= 3_000
    assert "Traceback" not in place.server.said()
