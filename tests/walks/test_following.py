"""Those who follow a walk: one look at the database serves them all, and whoever leaves, or must, leaves nothing behind."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.problems import TryAgain
from app.walks import following
from app.walks.following import Followers, View

VIEW = View("da", True)


class Signs:
    """A walk of which nothing is known but its sign; counts the looks at it, and the times it is drawn."""

    def __init__(self) -> None:
        self.sign, self.looks, self.drawings = "1", 0, 0
        self.failures: list[Exception] = []

    def look(self, _walk: str) -> str:
        self.looks += 1
        if self.failures:
            raise self.failures.pop()
        return self.sign

    def draw(self, _walk: str, view: View) -> str:
        self.drawings += 1
        return f'"{self.sign} {view.language}"'


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("LOOK_S", 0.01), ("BEAT_S", 0.05), ("CHECK_S", 0.0)):
        monkeypatch.setattr(following, name, seconds)


def play(evening: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: where browser tests ran before in this process, Playwright's loop still runs in this one."""
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, evening).result()


async def lines(stream: Any, wanted: str) -> list[str]:
    """What comes, until a line has `wanted` in it."""
    found = []
    async with asyncio.timeout(20):
        async for line in stream.body_iterator:
            found.append(line)
            if wanted in line:
                return found
    raise AssertionError(f"ended without {wanted!r}: {found}")


async def nothing_is_left(followers: Followers) -> None:
    async with asyncio.timeout(20):
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left)
    assert followers.number() == 0


@pytest.mark.usefixtures("hurried")
def test_one_look_serves_all_and_whoever_leaves_is_forgotten() -> None:
    async def evening() -> None:
        signs = Signs()
        followers = Followers(signs.look, signs.draw)
        streams = [followers.stream("walk", VIEW, lambda: True) for _number in range(5)]
        for stream in streams:
            assert (await lines(stream, "1 da"))[0] == "retry: 3000\n\n"
        assert (followers.number("walk"), followers.number("another"), signs.drawings) == (5, 0, 1)
        signs.sign = "2"
        for stream in streams:
            await lines(stream, "2 da")
        assert signs.drawings == 2
        await lines(streams[0], ": still here")
        for stream in streams:
            await stream.body_iterator.aclose()
        await nothing_is_left(followers)
        looked = signs.looks
        await asyncio.sleep(0.05)
        assert signs.looks == looked

    play(evening())


@pytest.mark.usefixtures("hurried")
def test_a_database_that_is_busy_for_a_while_ends_no_stream() -> None:
    async def evening() -> None:
        signs = Signs()
        signs.failures = [TryAgain(), RuntimeError("a mistake of ours"), TryAgain()]
        followers = Followers(signs.look, signs.draw)
        stream = followers.stream("walk", VIEW, lambda: True)
        await lines(stream, "1 da")
        assert not signs.failures
        await stream.body_iterator.aclose()
        await nothing_is_left(followers)

    play(evening())


@pytest.mark.usefixtures("hurried")
def test_whoever_may_no_longer_follow_is_let_go_and_at_the_end_everybody_is() -> None:
    async def evening() -> None:
        signs = Signs()
        followers = Followers(signs.look, signs.draw)
        one, other = (followers.stream("walk", VIEW, allowed) for allowed in (lambda: False, lambda: True))
        first, *_more = [line async for line in one.body_iterator]
        assert first == "retry: 3000\n\n"
        await lines(other, "1 da")
        followers.end()
        assert [line async for line in other.body_iterator if "state" in line] == []
        with pytest.raises(TryAgain):
            followers.stream("walk", VIEW, lambda: True)
        await nothing_is_left(followers)

    play(evening())
