"""Takes sign-in codes to the post, or to the server's log where no mail server is set.

Hides SMTP. Promises to find out within a few seconds whether the mail server can be reached, before anybody is told that
a code is on its way; and that an address we do not know costs the same time. Codes never stand in a log where mail is set.
"""

import logging
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.i18n import gettext as _
from app.settings import Settings

log = logging.getLogger("tryg")

PATIENCE_S = 5.0


class NoMail(Exception):
    """The mail server cannot be reached or does not take us in; the reason stands in the log."""


class Post:
    """A way for one code. Opened before it is known whether there is one to send; close or send ends it."""

    def __init__(self, settings: Settings) -> None:
        """Raises NoMail."""
        self._from = settings.mail_from
        self._server = _connect(settings.smtp_url.get_secret_value()) if settings.smtp_url.get_secret_value() else None

    def send(self, email: str, code: str | None) -> None:
        """Send `code`, if there is one, and hang up. A failure now is told in the log alone."""
        if self._server is None:
            if code:
                log.warning("sign-in code for %s: %s (TRYG_SMTP_URL is not set)", email, code)
            return
        try:
            if code:
                self._server.send_message(_message(self._from, email, code))
        except (OSError, smtplib.SMTPException) as trouble:
            log.error("the sign-in code could not be sent: %s", type(trouble).__name__)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()


def _connect(url: str) -> smtplib.SMTP:
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
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
    except (OSError, smtplib.SMTPException) as trouble:
        log.error("the mail server %s cannot be used: %s", host, trouble)
        raise NoMail from trouble
    return server


def _message(sender: str, email: str, code: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = _("Your code for Tryghedsvandring")
    message["From"], message["To"] = sender, email
    message["Auto-Submitted"] = "auto-generated"
    spaced = f"{code[:3]} {code[3:]}"
    message.set_content(
        "\n\n".join([
            _("Your code is %(code)s", code=spaced),
            _("It works for 10 minutes, once. Type it where you asked for it."),
            _("Did you not ask for it? Then do nothing: without the code nobody gets in."),
        ])
    )  # fmt: skip
    return message
