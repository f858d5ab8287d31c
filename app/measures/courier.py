"""Letters to partners are sent.

Promises that a mail server which is down, slow or odd holds up nobody: what could not be sent is tried again later, and that
several servers on one database send each letter once, because each is claimed in the rows of Sent.
"""

import threading

from sqlalchemy.exc import IntegrityError

from app import i18n
from app.access.mail import NoMail, Post
from app.db import Database
from app.measures import letters
from app.measures.letters import Due
from app.models import now
from app.settings import Settings

TASK = "letters"


def send_due(db: Database, settings: Settings, stopping: threading.Event) -> int:
    """Send what is due now; how many were taken. Ends at once where the mail server cannot be used, and after the letter in
    hand, which takes seconds, once `stopping` is set. Raises TryAgain."""
    with db.read() as tx:
        due = letters.due(tx, now())
    count = 0
    for one in due:
        if stopping.is_set():
            break
        try:
            count += send(db, settings, one)
        except NoMail:
            break
    return count


def send(db: Database, settings: Settings, one: Due) -> bool:
    """Whether it was taken; one that was refused is held for a while, so that nobody tries it again at once. Raises NoMail."""
    post = Post(settings)
    try:
        try:
            with db.write() as tx:
                mine = letters.claim(tx, one, now())
        except IntegrityError:  # another server claimed it between our look and our write
            mine = False
        if not mine:
            post.hang_up()
            return False
        with db.read() as tx, i18n.use(one.language):
            message = letters.written(tx, one, settings, now().astimezone(letters.ZONE).date())
    except BaseException:
        post.hang_up()
        raise
    taken = post.deliver(message)
    if taken:
        with db.write() as tx:
            letters.is_sent(tx, one)
    return taken
