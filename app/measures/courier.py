"""Letters to partners are sent by a thread of the server's, from its start to its end.

Hides waiting. Promises that a mail server which is down, slow or odd holds up nobody: what could not be sent is tried again
later, and that several servers on one database send each letter once.
"""

import logging
import threading
import time

from sqlalchemy.exc import IntegrityError

from app import i18n
from app.access.mail import NoMail, Post
from app.db import Database
from app.measures import letters
from app.measures.letters import Due
from app.models import now
from app.problems import TryAgain
from app.settings import Settings

log = logging.getLogger("tryg")

LOOK_S = 60.0
AGAIN_S = 900.0  # before a letter that was refused is tried again


class Courier:
    """Sends whatever is due, from start() to stop()."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db, self._settings = db, settings
        self._stopping = threading.Event()
        self._later: dict[str, float] = {}
        # A daemon: a server that is forced to end, without stop(), ends.
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns once the letter in hand is sent or has failed, within seconds."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self.send_due()
            except TryAgain:
                pass  # the database is busy or its disk full: the next look
            except Exception:
                log.exception("letters to partners were interrupted")

    def send_due(self) -> int:
        """Send what is due now; how many were taken. Ends at once where the mail server cannot be used."""
        with self._db.read() as tx:
            due = letters.due(tx, now())
        count = 0
        for one in due:
            if self._stopping.is_set() or self._later.get(one.keys[0], 0) > time.monotonic():
                continue
            try:
                count += self._send(one)
            except NoMail:
                return count
        return count

    def _send(self, one: Due) -> bool:
        """Whether it was taken. Raises NoMail."""
        post = Post(self._settings)
        try:
            try:
                with self._db.write() as tx:
                    mine = letters.claim(tx, one, now())
            except IntegrityError:  # another server claimed it between our look and our write
                mine = False
            if not mine:
                post.hang_up()
                return False
            with self._db.read() as tx, i18n.use(one.language):
                message = letters.written(tx, one, self._settings, now().astimezone(letters.ZONE).date())
        except BaseException:
            post.hang_up()
            raise
        if post.deliver(message):
            with self._db.write() as tx:
                letters.is_sent(tx, one)
            return True
        self._later[one.keys[0]] = time.monotonic() + AGAIN_S
        with self._db.write() as tx:
            letters.give_back(tx, one)
        return False
