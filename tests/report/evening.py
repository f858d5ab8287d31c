"""A walk whose notes are reviewed, and the people who write its report, release it, and read it without an account."""

from typing import Any

from sqlmodel import select

from app.models import Edition, Observation, Takedown, User, Walk
from app.report import edition as editions
from app.report import issued
from tests.cast import Stage
from tests.measures.conftest import Plan
from tests.measures.pages import Paper
from tests.phone import Phone


class Evening:
    """`anna` leads the walk and writes; `bo` and `ida` are coordinators; each in a browser without scripts."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.plan = stage, Plan(stage, stage.phone())
        self.anna, self.bo, self.ida = (
            self.plan.signed_in(role) for role in ("organiser", "coordinator", "coordinator")
        )
        self.reader = self.plan.browser()
        for _more in range(2):
            stage.phone()  # three residents: a role that many have

    @property
    def phone(self) -> Phone:
        return self.plan.phone

    @property
    def at(self) -> str:
        return f"/walks/{self.stage.walk.id}"

    @property
    def walk(self) -> Walk:
        with self.stage.db.read() as tx:
            return tx.get_one(Walk, self.stage.walk.id)

    @property
    def public(self) -> str:
        return f"/r/{self.walk.slug}"

    def note(self, *pictures: Any, stop: int = 2, **content: Any) -> str:
        return self.plan.note(*pictures, stop_id=self.stage.stops[stop - 1].id, **content)

    def ask(self, writer: Paper | None = None) -> Paper:
        writer = writer or self.anna
        return writer.post(f"{self.at}/release", {})

    def reading(self, number: int, who: Paper | None = None) -> dict[str, list[str]]:
        """The reading page's form with everything read and checked."""
        who = (who or self.bo).open(f"{self.at}/release/{number}")
        assert who.status == 200, who.words
        with self.stage.db.read() as tx:
            found = editions.changed(tx, issued.numbered(tx, self.stage.walk.id, number))
        return {"read": [one.key for one in found], "checked": list(editions.CHECKS), "because": [""]}

    def release(self, number: int, who: Paper | None = None) -> Paper:
        who = who or self.bo
        return who.post(f"{self.at}/release/{number}/release", self.reading(number, who))

    def published(self) -> Edition:
        """The next edition, asked for by Anna and released by Bo."""
        assert self.ask().status == 200, self.anna.words
        number = self.editions()[0].number
        assert self.release(number).status == 200, self.bo.words
        return self.editions()[0]

    def editions(self) -> list[Edition]:
        with self.stage.db.read() as tx:
            return issued.of_walk(tx, self.stage.walk.id)

    def set(self, note_id: str, **columns: Any) -> None:
        """What a review writes into a note."""
        with self.stage.db.write() as tx:
            note = tx.get_one(Observation, note_id)
            for name, value in columns.items():
                setattr(note, name, value)

    def emails(self) -> list[str]:
        return self.plan.emails

    def user(self, email: str) -> User:
        with self.stage.db.read() as tx:
            return tx.exec(select(User).where(User.email == email)).one()

    def takedowns(self) -> list[Takedown]:
        with self.stage.db.read() as tx:
            return list(tx.exec(select(Takedown)).all())
