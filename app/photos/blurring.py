"""Parts of a photo are made unrecognisable, in the picture and its thumbnail, by the process that cleans photos.

Hides that the new version is made beside the old one and takes its place only when that has been decided. Promises that
what is served holds nothing of what was blurred, and that what was there before is kept apart until erase(). Never decides.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from app.photos.cleaning import Worker
from app.photos.vault import Bench, Vault
from app.problems import TryAgain

Box = tuple[float, float, float, float]  # x, y, width, height from the upper left, parts of 1
NONE = "-"  # how no boxes are written to the worker


class Version:
    """A version of the photo with `boxes` blurred that is not shown yet. `uncovers`: something that was blurred is not in it."""

    def __init__(self, bench: Bench, photo_id: str, token: str, boxes: list[list[float]], uncovers: bool) -> None:
        self._bench, self._token = bench, token
        self.photo_id, self.boxes, self.uncovers = photo_id, boxes, uncovers

    def decided(self) -> None:
        """It is about to be kept. What only covers more is served from now on, so that nothing is bare that was decided to be
        covered, whatever happens next. Raises TryAgain."""
        if not self.uncovers:
            self._show()

    def kept(self) -> None:
        """The decision is kept, and nothing was decided since: what it uncovers is served from now on, and not before. Raises
        TryAgain."""
        if self.uncovers:
            self._show()

    def _show(self) -> None:
        try:
            self._bench.take_over(self.photo_id, self._token)
        except OSError as trouble:
            raise TryAgain() from trouble


@contextmanager
def version(
    vault: Vault, photo_id: str, boxes: Sequence[Sequence[float]], before: Sequence[Sequence[float]]
) -> Iterator[Version]:
    """A version of the photo with `boxes` blurred and nothing else, gone at the end unless it was shown; `before`: what is
    blurred in it now. Raises TryAgain."""
    token, worker = uuid4().hex, Worker(vault)
    bench = worker.bench
    written = ";".join(",".join(f"{part:.4f}" for part in box) for box in boxes)
    try:
        try:
            bench.fetch(photo_id, original=False)
            answer = worker.ask(f"blur {photo_id} {token} {written or NONE}")
        except OSError as trouble:
            raise TryAgain() from trouble
        finally:
            worker.end()
        if not answer.startswith("ready "):
            raise TryAgain()
        wanted = [list(box) for box in boxes]
        yield Version(bench, photo_id, token, wanted, any(list(box) not in wanted for box in before))
    finally:
        bench.drop(photo_id, token)
        bench.end()


def restorable(vault: Vault, photo_id: str) -> bool:
    """Whether what was blurred in it can still be brought back. Raises TryAgain."""
    try:
        return vault.keeps_unblurred(photo_id)
    except OSError as trouble:
        raise TryAgain() from trouble


def erase(vault: Vault, photo_id: str) -> None:
    """What was blurred is gone for good. Raises TryAgain."""
    try:
        vault.erase_unblurred(photo_id)
    except OSError as trouble:
        raise TryAgain() from trouble
