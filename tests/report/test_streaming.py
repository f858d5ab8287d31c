"""An answer is made while it is sent: the next piece during one's way, and nothing is left open."""

import asyncio
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.photos.folder import FolderVault
from app.streaming import ahead
from tests.benchmarks.ground import reading, walk
from tests.loops import in_a_loop

PATIENCE_S = 20.0


class Maker:
    def __init__(self, number: int, wrong_at: int = -1) -> None:
        self.begun, self.closed = [threading.Event() for _ in range(number + 1)], False
        self._number, self._wrong_at = number, wrong_at

    def pieces(self) -> Iterator[bytes]:
        try:
            for at in range(self._number):
                self.begun[at].set()
                if at == self._wrong_at:
                    raise OSError("the disk")
                yield b"%d" % at
        finally:
            self.closed = True


def test_pieces_come_in_their_order_and_the_next_is_made_while_one_is_on_its_way() -> None:
    maker, got = Maker(5), []

    async def read() -> None:
        async for made in ahead(maker.pieces()):
            got.extend(made)
            following = len(got)
            if following < 5:  # made although this one has not been taken off our hands
                assert await asyncio.to_thread(maker.begun[following].wait, PATIENCE_S)
                assert not maker.begun[following + 1].is_set()  # and no more than that one

    in_a_loop(asyncio.wait_for(read(), PATIENCE_S))
    assert got == [b"0", b"1", b"2", b"3", b"4"]
    assert maker.closed


def test_as_many_are_made_at_a_time_as_are_asked_for() -> None:
    maker, got = Maker(5), []

    async def read() -> None:
        pieces = ahead(maker.pieces(), at_once=2)
        async for made in pieces:
            got.extend(made)
            if len(got) == 2:
                assert await asyncio.to_thread(maker.begun[3].wait, PATIENCE_S)
                assert not maker.begun[4].is_set()

    in_a_loop(asyncio.wait_for(read(), PATIENCE_S))
    assert got == [b"0", b"1", b"2", b"3", b"4"]


def test_what_goes_wrong_in_the_making_ends_the_answer() -> None:
    maker, got = Maker(5, wrong_at=3), []

    async def read() -> None:
        async for made in ahead(maker.pieces()):
            got.extend(made)

    with pytest.raises(OSError, match="the disk"):
        in_a_loop(asyncio.wait_for(read(), PATIENCE_S))
    assert got == [b"0", b"1", b"2"]
    assert maker.closed


def test_where_the_reader_goes_away_what_makes_the_pieces_is_closed() -> None:
    maker = Maker(5)

    async def read() -> None:
        pieces = ahead(maker.pieces())
        assert await anext(pieces) == [b"0"]
        await pieces.aclose()  # type: ignore[attr-defined]

    in_a_loop(asyncio.wait_for(read(), PATIENCE_S))
    assert maker.closed
    assert not maker.begun[2].is_set()


@pytest.mark.embedded
def test_large_pieces_reach_a_reader_whole_and_in_their_order(tmp_path: Path) -> None:
    """Over a real socket, past which more is made than it takes at once."""
    with reading(tmp_path) as (server, http):
        walk_id = walk(server, http, 12, 12)
        vault = FolderVault(server.data / "photos")
        taken = bytearray()
        with http.stream("GET", f"/walks/{walk_id}/report.zip") as answer:
            assert answer.headers["transfer-encoding"] == "chunked"
            for piece in answer.iter_raw(20_000):
                taken += piece
        assert http.get("/healthz").status_code == 200, "the connection is still good"
    with zipfile.ZipFile(io.BytesIO(taken)) as package:
        assert package.testzip() is None
        photos = [name for name in package.namelist() if name.startswith("photos/")]
        assert len(photos) == 12
        for name in photos:
            assert package.read(name) == b"".join(vault.pieces(name.removeprefix("photos/").removesuffix(".jpg")))
