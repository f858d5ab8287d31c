"""Letters of invitation are taken to the post by a thread of the server's, from its start to its end.

Hides waiting. The queue is the database's, so a restart goes on where it stopped, and several servers on one database
send each letter once. Promises that a mail server which is down, slow or odd holds up nobody but the letters, which wait
with growing pauses; and that a code stands in the letter alone, never in a log where mail is set.
"""

import logging
import threading

from app import i18n
from app.access import invitations, signin
from app.access.mail import Invited, NoMail, Post, invitation_letter
from app.db import Database
from app.models import Invitation, Organisation, User, now
from app.problems import TryAgain
from app.settings import Settings

log = logging.getLogger("tryg")

LOOK_S = 5.0  # how often the queue is looked at without being told: letters fall due, or come from another server


class Postman:
    """Sends whatever is due, from start() to stop()."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._settings = db, settings
        self._wake = threading.Condition()
        self._kicked = self._stopping = False
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns once the letter in hand is sent or has failed, within seconds."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._thread.join()

    def kick(self) -> None:
        """There is a new letter."""
        with self._wake:
            self._kicked = True
            self._wake.notify_all()

    def _run(self) -> None:
        while not self._stopping:
            if not self._one_or_later():
                with self._wake:
                    self._wake.wait_for(lambda: self._kicked or self._stopping, LOOK_S)
                    self._kicked = False

    def _one_or_later(self) -> bool:
        """Whether there was a letter; False too where the database is busy or something else fails: it stays due."""
        try:
            return self._one()
        except TryAgain:
            return False
        except Exception:
            log.exception("sending an invitation was interrupted")
            return False

    def _one(self) -> bool:
        with self._db.read() as tx:
            due = invitations.next_due(tx)
        if due is None:
            return False
        with self._db.write() as tx:
            letter = invitations.claim(tx, due.id)
        if letter is None:  # another server has it
            return True
        assert letter.retry_at is not None
        try:
            self._send(letter)
        except NoMail:
            with self._db.write() as tx:
                invitations.postpone_all(tx, letter.retry_at)
            return True
        return True

    def _send(self, letter: Invitation) -> None:
        """Raises NoMail where the mail server cannot be used; a letter that it refuses alone waits alone."""
        post = Post(self._settings)
        try:
            with self._db.write() as tx:
                user = tx.get_one(User, letter.user_id)
                then = f"/walks/{letter.walk_id}/plan" if letter.walk_id else ""
                link, code = signin.new_letter(tx, user, self._settings.base_url, self._settings.signing_key(), then)
                until = now() + signin.LETTER_LASTS
                by = tx.get_one(User, letter.invited_by).email
                place = tx.get(Organisation, letter.organisation_id) if letter.organisation_id else None
            invited = Invited(by, place.name if place else "", link, code, f"{self._settings.base_url}/sign-in", until)
            with i18n.use(user.language):
                message = invitation_letter(self._settings.mail_from, user.email, invited)
        except BaseException:
            post.hang_up()
            raise
        if post.deliver(message):
            with self._db.write() as tx:
                invitations.sent(tx, letter)
