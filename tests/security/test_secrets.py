"""Secrets go where they are meant to, and nowhere without a wall around them."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from app.access import mail
from app.access.mail import NoMail, Post
from app.settings import WrongSetting, load
from tests.running import TRYG, free_port


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
    server = Listening(object(), hostname="", port=free_port(), loop=asyncio.new_event_loop())
    server.heard = []
    server.start()
    yield server
    server.stop()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is on this machine: tests reach no other one."""
    monkeypatch.setattr(mail, "HERE", set())


def test_a_mail_password_never_goes_out_without_tls(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"smtp://tryg:hemmeligt@127.0.0.1:{listening.port}"
    Post(load(smtp_url=address)).hang_up()
    assert len(listening.heard) == 1, "on this machine it may"
    monkeypatch.setattr(mail, "HERE", set())
    for tls in ("required", "offered"):
        with pytest.raises(NoMail):
            Post(load(smtp_url=address, smtp_tls=tls))
    assert len(listening.heard) == 1


def test_letters_go_to_another_machine_with_tls_alone_unless_the_operator_says_otherwise(
    listening: Listening, elsewhere: None
) -> None:
    address = f"smtp://127.0.0.1:{listening.port}"
    with pytest.raises(NoMail):
        Post(load(smtp_url=address))
    Post(load(smtp_url=address, smtp_tls="offered")).hang_up()


def test_only_a_mail_server_that_answers_without_tls_stops_the_start(listening: Listening, elsewhere: None) -> None:
    address = f"smtp://127.0.0.1:{listening.port}"
    with pytest.raises(WrongSetting, match="TRYG_SMTP_URL names a mail server without TLS") as wrong:
        mail.try_out(load(smtp_url=address))
    assert "\n" not in str(wrong.value)
    mail.try_out(load(smtp_url=address, smtp_tls="offered"))
    mail.try_out(load(smtp_url=f"smtp://127.0.0.1:{free_port()}"))  # cannot be reached just now
    mail.try_out(load())


def test_a_server_does_not_start_with_one(listening: Listening, tmp_path: Path) -> None:
    command = [str(TRYG), "serve", "--port", "0", "--data", str(tmp_path)]
    set_ = os.environ | {"TRYG_SMTP_URL": f"smtp://127.0.0.2:{listening.port}"}
    told = subprocess.run(command, env=set_, capture_output=True, text=True, check=False, timeout=60)
    assert told.returncode != 0
    assert "TRYG_SMTP_TLS=offered" in told.stderr
    assert "Traceback" not in told.stderr
