"""Who reviews in these tests: a cleared coordinator, another one, and a volunteer who is not cleared."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import col, select

from app.access import people
from app.access.guards import Person, WalkReader, reading
from app.models import Decision, Membership, Observation, Review, User
from app.report import report
from app.review import deciding
from app.review.deciding import Seen
from tests.cast import Stage
from tests.phone import Phone

HOME = "Aalborg Kommune"


class Reviewer:
    """Somebody who decides, by the functions that the routes call; `seen` is what they last looked at."""

    def __init__(self, stage: Stage, email: str, role: str, *, cleared: bool = False) -> None:
        self.stage = stage
        with stage.db.write() as tx:
            user = people.add(tx, email, role, HOME, cleared=cleared)
            self.user = tx.get_one(User, user.id)

    @property
    def reader(self) -> WalkReader:
        with self.stage.db.read() as tx:
            roles = tx.exec(select(Membership).where(Membership.user_id == self.user.id)).all()
            found = reading(tx, Person(self.user, tuple(roles)), self.stage.walk)
        assert found
        return found

    def seen(self, note_id: str) -> Seen:
        """The note as it is now."""
        with self.stage.db.read() as tx:
            made = tx.get(Review, note_id)
            return Seen(note_id, made.version if made else 0, tx.get_one(Observation, note_id).rev)

    def decide(self, note: str | Seen, what: str, change: deciding.Change) -> list[Decision]:
        with self.stage.db.write() as tx:
            return deciding.decide(tx, self.reader, self.seen(note) if isinstance(note, str) else note, (what, change))

    def release(self, note: str | Seen, **more: Any) -> list[Decision]:
        return self.decide(note, "release", deciding.release(**more))

    def hide(self, note: str | Seen, because: str = "Nævner en person") -> list[Decision]:
        return self.decide(note, "hide", deciding.hide(because))

    def strike(self, note: str | Seen, /, **words: str) -> list[Decision]:
        """Strike these words out, by field."""
        with self.stage.db.read() as tx:
            own = tx.get_one(Observation, note if isinstance(note, str) else note.note_id)
        spans = {}
        for field, word in words.items():
            at = getattr(own, field).index(word)
            spans[field] = [(at, at + len(word))]
        return self.decide(note, "redact", deciding.redact(spans))

    def merge(self, lead: str, *others: str) -> list[Decision]:
        with self.stage.db.write() as tx:
            return deciding.merge(tx, self.reader, self.seen(lead), [self.seen(one) for one in others])

    def part(self, note: str) -> list[Decision]:
        with self.stage.db.write() as tx:
            return deciding.part(tx, self.reader, self.seen(note))

    def undo(self, *steps: Decision) -> list[Decision]:
        with self.stage.db.write() as tx:
            return deciding.undo(tx, self.reader, steps[0].id)


@pytest.fixture
def ida(stage: Stage) -> Reviewer:
    """A coordinator."""
    return Reviewer(stage, "ida@kommune.example", "coordinator")


@pytest.fixture
def bo(stage: Stage) -> Reviewer:
    """Another coordinator."""
    return Reviewer(stage, "bo@kommune.example", "coordinator")


@pytest.fixture
def volunteer(stage: Stage) -> Reviewer:
    """An organiser who is not cleared."""
    return Reviewer(stage, "frivillig@samraad.example", "organiser")


def history(stage: Stage, note_id: str) -> list[Decision]:
    with stage.db.read() as tx:
        return list(
            tx.exec(select(Decision).where(Decision.observation_id == note_id).order_by(col(Decision.id))).all()
        )


@pytest.fixture
def reported(stage: Stage) -> Callable[..., dict[str, report.Observation]]:
    """The notes of the stage's walk as its report has them now, by id."""

    def build(*, sensitive: bool = True) -> dict[str, report.Observation]:
        with stage.db.read() as tx:
            return {
                one.id: one for one in report.build(tx, stage.walk.id, sensitive=sensitive, base_url="").observations
            }

    return build


def sent(phone: Phone, **content: Any) -> str:
    """A note that the server has."""
    note_id = phone.note(**content)
    assert phone.put(note_id).status_code in (200, 201)
    return note_id


def follow(phone: Phone, after: int = 0) -> dict[str, dict[str, Any]]:
    """What a phone holds of each note that it has heard of from `after` on."""
    return {change["id"]: change for change in phone.changes(after, limit=2) if "id" in change}
