"""What stands for an erasure, or for data that were handed out: in numbers and ids, never what it was.

The one place through which every erasure and every handing out passes once it is certain, in the transaction that does it.
"""

from sqlmodel import Session, col, or_, select

from app.access.guards import Person
from app.models import Erasure, Participant, Walk
from app.privacy import trail


def keep(tx: Session, receipt: Erasure) -> Erasure:
    """Something was erased."""
    tx.add(receipt)
    tx.flush()
    by_rule, about = receipt.kind == "rule", f"receipt:{receipt.id}"
    trail.record(
        tx, receipt.who, "retention" if by_rule else "erased", walk_id=receipt.walk_id, organisation_id=receipt.organisation_id, about=about,
        **({} if by_rule else receipt.erased["counts"]),  # a rule's receipt grows while it runs
    )  # fmt: skip
    return receipt


def handed_out(tx: Session, who: str, about: str, walk: Walk | None = None, organisation_id: str | None = None) -> None:
    """Somebody's data were handed out: to themselves, or by an admin who searched for a person."""
    trail.record(tx, who, "handed-out", walk=walk, organisation_id=organisation_id, about=about)


def searched(tx: Session, who: str, organisation_ids: list[str | None]) -> None:
    """An admin has searched for a person; what for is said nowhere."""
    for organisation_id in organisation_ids:
        trail.record(tx, who, "searched", organisation_id=organisation_id)


def by(person: Person) -> str:
    return f"person:{person.user.id}"


def by_phone(participant: Participant) -> str:
    return f"participant:{participant.id}"


def of(tx: Session, organisation_ids: list[str | None], most: int = 200) -> list[Erasure]:
    """The newest receipts of these organisations, and of none where None is among them."""
    here = col(Erasure.organisation_id)
    named = [one for one in organisation_ids if one]
    mine = or_(here.in_(named), here.is_(None)) if None in organisation_ids else here.in_(named)
    wanted = select(Erasure) if None in organisation_ids else select(Erasure).where(mine)
    return list(tx.exec(wanted.order_by(col(Erasure.at).desc(), col(Erasure.id)).limit(most)).all())
