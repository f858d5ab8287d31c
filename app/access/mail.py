"""Takes codes and invitations to the post, or to the server's log where no mail server is set.

Hides SMTP. Promises to find out within a few seconds whether the mail server can be reached, before anybody is told that
a code is on its way; and that an address we do not know costs the same time. Codes never stand in a log where mail is set.
"""

import logging
import smtplib
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

from app.i18n import gettext as _
from app.pages import day
from app.settings import Settings, WrongSetting

log = logging.getLogger("tryg")

PATIENCE_S = 5.0
FIRST_S = 2.0  # for a look at the mail server before the start
HERE = {"localhost", "127.0.0.1", "::1"}


class NoMail(Exception):
    """The mail server cannot be reached or does not take us in; the reason stands in the log."""


class Post:
    """A way for one letter. Opened before it is known whether there is one to send; whatever is done with it ends it."""

    def __init__(self, settings: Settings) -> None:
        """Raises NoMail."""
        self._from = settings.mail_from
        url = settings.smtp_url.get_secret_value()
        self._server = _connect(url, tls=settings.smtp_tls == "required") if url else None

    def send(self, email: str, code: str | None) -> None:
        """Send `code`, if there is one, or why there is none (""), and hang up. A failure now is told in the log alone."""
        if code == "":
            self.deliver(_no_code(self._from, email))
        elif code and self._server is None:
            log.warning("sign-in code for %s: %s (TRYG_SMTP_URL is not set)", email, code)
        elif code:
            self.deliver(_message(self._from, email, code))
        else:
            self.hang_up()

    def deliver(self, letter: EmailMessage) -> bool:
        """Send `letter` and hang up; whether it was taken. A failure is told in the log, without what it says."""
        if self._server is None:
            log.warning("to %s (TRYG_SMTP_URL is not set): %s", letter["To"], letter.get_content().replace("\n\n", " "))
            return True
        try:
            self._server.send_message(letter)
        except (OSError, smtplib.SMTPException) as trouble:
            log.error("a letter could not be sent: %s", type(trouble).__name__)
            return False
        finally:
            self.hang_up()
        return True

    def hang_up(self) -> None:
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server.close()


def try_out(settings: Settings) -> None:
    """Raises WrongSetting where the mail server of an smtp:// address can be reached, is no program on this machine, and
    offers no TLS: letters hold codes and links. One that cannot be reached just now stops no start."""
    parts = urlsplit(settings.smtp_url.get_secret_value())
    if parts.scheme != "smtp" or parts.hostname in HERE or settings.smtp_tls != "required":
        return
    without = list[bool]()

    def ask() -> None:
        with suppress(OSError, smtplib.SMTPException), smtplib.SMTP(
            parts.hostname or "", parts.port or 587, timeout=FIRST_S
        ) as server:  # fmt: skip
            server.ehlo()
            without.append(not server.has_extn("starttls"))

    asking = threading.Thread(target=ask, daemon=True)  # the network's own patience with names is longer
    asking.start()
    asking.join(FIRST_S)
    if without == [True]:
        raise WrongSetting(
            f"TRYG_SMTP_URL names a mail server without TLS ({parts.hostname}): sign-in codes would go there as they are. "
            "Use one that offers it, or allow this with TRYG_SMTP_TLS=offered."
        )


def _connect(url: str, *, tls: bool = True) -> smtplib.SMTP:
    """`tls`: letters go to another machine with it alone. Raises NoMail."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        if parts.scheme == "smtps":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=PATIENCE_S, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=PATIENCE_S)
        try:
            server.ehlo()
            is_private = parts.scheme == "smtps" or host in HERE
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                is_private = True
            if (tls or parts.username) and not is_private:  # somebody in between may have taken the offer out
                reason = "a password goes nowhere without" if parts.username else "TRYG_SMTP_TLS requires it"
                raise smtplib.SMTPNotSupportedError(f"it offers no TLS, and {reason}")
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
    except (OSError, smtplib.SMTPException) as trouble:
        log.error("the mail server %s cannot be used: %s", host, trouble)
        raise NoMail from trouble
    return server


@dataclass(frozen=True)
class Invited:
    """What stands in an invitation: who asks, for which organisation ("": all), and the two ways in until then."""

    by: str
    organisation: str
    link: str
    code: str
    address: str
    until: datetime


def invitation_letter(sender: str, email: str, given: Invited) -> EmailMessage:
    """The letter in the language in use."""
    asked = _("%(by)s invites you to Tryghedsvandring.", by=given.by)
    if given.organisation:
        asked = _(
            "%(by)s invites you to Tryghedsvandring for %(organisation)s.", by=given.by, organisation=given.organisation
        )
    return letter(sender, email, _("You are invited to Tryghedsvandring"), [
        asked,
        _("Open this link, and press the button:"),
        given.link,
        _("Or sign in at %(address)s with your e-mail and the code %(code)s.", address=f"{given.address}?invited=yes", code=given.code),
        _("Link and code work once, until %(day)s. After that, you ask for a new code each time you sign in: there is no password.", day=day(given.until)),
        _("Did you not expect this? Then do nothing: nobody gets in without it."),
    ])  # fmt: skip


def letter(sender: str, email: str, subject: str, paragraphs: list[str]) -> EmailMessage:
    """A letter that nobody has typed, and that asks no machine to answer."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, sender, email
    message["Auto-Submitted"] = "auto-generated"
    message["Date"], message["Message-ID"] = (
        formatdate(),
        make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost"),
    )
    message.set_content("\n\n".join(paragraphs))
    return message


def _no_code(sender: str, email: str) -> EmailMessage:
    """For somebody whom codes do not let in."""
    return letter(sender, email, _("You sign in without a code"), [
        _("Somebody asked for a code with your e-mail. Your role in Tryghedsvandring does not let you in with a code."),
        _("Use your passkey, or your work's sign-in, on the page where you sign in."),
        _("Do you have neither any longer? Ask an admin to invite you again: the link in that letter lets you in once."),
    ])  # fmt: skip


def _message(sender: str, email: str, code: str) -> EmailMessage:
    return letter(sender, email, _("Your code for Tryghedsvandring"), [
        _("Your code is %(code)s", code=f"{code[:3]} {code[3:]}"),
        _("It works for 10 minutes, once. Type it where you asked for it."),
        _("Did you not ask for it? Then do nothing: without the code nobody gets in."),
    ])  # fmt: skip
