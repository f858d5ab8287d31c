"""A mail server on this machine, and what it has taken in."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

from aiosmtpd.controller import Controller


class Mailbox:
    """`letters` in the order of their coming; `refusing`: an answer that each letter gets instead of being taken."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refusing = ""
        self.refused = 0
        self._come = threading.Condition()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        with self._come:
            if self.refusing:
                self.refused += 1
            else:
                self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            self._come.notify_all()
        return self.refusing or "250 OK"

    def wait(self, letters: int = 1, refused: int = 0) -> EmailMessage | None:
        """Returns once so many have come, and so many were refused: the newest one."""
        with self._come:
            enough = self._come.wait_for(lambda: len(self.letters) >= letters and self.refused >= refused, 30)
        assert enough, f"{len(self.letters)} letters came, {self.refused} were refused"
        return self.letters[-1] if self.letters else None

    def code(self) -> str:
        """The 6 digits in the newest letter."""
        found = re.search(r"\b(\d{3}) (\d{3})\b", self.letters[-1].get_content())
        assert found, self.letters[-1].get_content()
        return found[1] + found[2]

    def invitation(self) -> tuple[str, str]:
        """(link, code) in the newest letter."""
        text = self.letters[-1].get_content()
        link = re.search(r"http\S+/sign-in/link\?\S+", text)
        code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)
        assert link, text
        assert code, text
        return link[0], code[0]


B = TypeVar("B", bound=Mailbox)


@contextmanager
def mail_server(port: int) -> Iterator[Mailbox]:
    with served(Mailbox(), port) as box:
        yield box


@contextmanager
def served(box: B, port: int) -> Iterator[B]:
    """A mail server that puts what comes into `box`."""
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield box
    finally:
        server.stop()
