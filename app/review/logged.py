"""What the access log is told of the review's decisions.

Hides which words of the review are which of the log. Promises one entry for each decision, in its own transaction.
"""

from collections.abc import Sequence

from sqlmodel import Session

from app.access.guards import WalkReader
from app.models import Decision
from app.privacy import trail

_WHAT = {
    "release": "released",
    "hide": "hidden",
    "redact": "redacted",
    "approve": "approved",
    "refuse": "refused",
    "blur": "blurred",
}


def tell(tx: Session, reader: WalkReader, decisions: Sequence[Decision], *, undone: bool = False) -> None:
    """Log these decisions of `reader`, or that they were taken back."""
    who = trail.by(reader.person.user.id, reader.person.session)
    for one in decisions:
        what = "undone" if undone else _WHAT.get(one.what, "decided")
        about = f"photo:{one.photo_id}" if one.photo_id else f"note:{one.observation_id}"
        more = {"step": one.what} if what in ("undone", "decided") else {}
        trail.record(tx, who, what, walk=reader.walk, about=about, **more)
