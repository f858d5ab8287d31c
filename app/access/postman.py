"""Letters of invitation are taken to the post.

Promises that a mail server which is down, slow or odd holds up nobody but the letters, which wait with growing pauses; that
several servers on one database send each letter once, and go on where another stopped, because the queue is the rows of
Invitation; and that a code stands in the letter alone, never in a log where mail is set.
"""

import threading

from app import i18n
from app.access import invitations, signin
from app.access.mail import Invited, NoMail, Post, invitation_letter
from app.db import Database
from app.models import Invitation, Organisation, User, now
from app.settings import Settings

TASK = "invitations"
LOOK_S = 5.0  # how often the letters are looked at on SQLite without being told: they fall due again


def send_due(db: Database, settings: Settings, stopping: threading.Event) -> None:
    """Send whatever is due; ends after the letter in hand, which takes seconds, once `stopping` is set. Raises TryAgain."""
    while not stopping.is_set():
        with db.read() as tx:
            due = invitations.next_due(tx)
        if due is None:
            return
        with db.write() as tx:
            letter = invitations.claim(tx, due.id)
        if letter is None:  # another server has it
            continue
        assert letter.retry_at is not None
        try:
            _send(db, settings, letter)
        except NoMail:
            with db.write() as tx:
                invitations.postpone_all(tx, letter.retry_at)


def _send(db: Database, settings: Settings, letter: Invitation) -> None:
    """Raises NoMail where the mail server cannot be used; a letter that it refuses alone waits alone."""
    post = Post(settings)
    try:
        with db.write() as tx:
            user = tx.get_one(User, letter.user_id)
            then = f"/walks/{letter.walk_id}/plan" if letter.walk_id else ""
            link, code = signin.new_letter(tx, user, settings.base_url, settings.signing_key(), then)
            until = now() + signin.LETTER_LASTS
            by = tx.get_one(User, letter.invited_by).email
            place = tx.get(Organisation, letter.organisation_id) if letter.organisation_id else None
        invited = Invited(by, place.name if place else "", link, code, f"{settings.base_url}/sign-in", until)
        with i18n.use(user.language):
            message = invitation_letter(settings.mail_from, user.email, invited)
    except BaseException:
        post.hang_up()
        raise
    if post.deliver(message):
        with db.write() as tx:
            invitations.sent(tx, letter)
