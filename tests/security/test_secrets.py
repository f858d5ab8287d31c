"""Secrets go where they are meant to, and nowhere without a wall around them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from app.access import mail
from app.access.mail import NoMail, Post
from app.settings import Settings
from tests.running import free_port


class Listening(Controller):
    """A mail server that takes passwords without TLS, as one in between would pretend to."""

    heard: list[Any]

    def factory(self) -> SMTP:
        return SMTP(self.handler, authenticator=self.take, auth_require_tls=False)

    def take(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
        self.heard.append(said)
        return AuthResult(success=True)


@pytest.fixture
def listening() -> Iterator[Listening]:
    server = Listening(object(), hostname="127.0.0.1", port=free_port(), loop=asyncio.new_event_loop())
    server.heard = []
    server.start()
    yield server
    server.stop()


def test_a_mail_password_never_goes_out_without_tls(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(smtp_url=f"smtp://tryg:hemmeligt@127.0.0.1:{listening.port}")  # type: ignore[arg-type]
    Post(settings).hang_up()
    assert len(listening.heard) == 1, "on this machine it may"
    monkeypatch.setattr(mail, "HERE", set())
    with pytest.raises(NoMail):
        Post(settings)
    assert len(listening.heard) == 1
