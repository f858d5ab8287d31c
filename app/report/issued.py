"""Which editions of a walk's report there are: all, one, the one that everybody can read. Reads only; edition.py makes them."""

from sqlmodel import Session, col, select

from app.models import Edition
from app.problems import Problem


def of_walk(tx: Session, walk_id: str) -> list[Edition]:
    """All of them, the newest first."""
    return list(tx.exec(select(Edition).where(Edition.walk_id == walk_id).order_by(col(Edition.number).desc())).all())


def numbered(tx: Session, walk_id: str, number: int) -> Edition:
    """Raises not-found (404)."""
    found = tx.exec(select(Edition).where(Edition.walk_id == walk_id, Edition.number == number)).first()
    if found is None:
        raise Problem("not-found")
    return found


def released(tx: Session, walk_id: str, before: int | None = None) -> Edition | None:
    """The newest that everybody can read; `before`: of those with a lower number."""
    wanted = select(Edition).where(Edition.walk_id == walk_id, Edition.state == "released")
    if before is not None:
        wanted = wanted.where(Edition.number < before)
    return tx.exec(wanted.order_by(col(Edition.number).desc())).first()
