"""Who makes measures and who answers them, in browsers without scripts; and a walk with notes to make them of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlmodel import col, select

from app.access import people, signin
from app.measures import measures, partners
from app.measures.measures import Told
from app.models import Membership, Observation, Partner, Photo, Review, User
from tests.cast import Stage
from tests.measures.pages import Paper
from tests.phone import Phone, Picture, jpeg

HOME = "Aalborg Kommune"
BROWSER = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@dataclass
class Plan:
    """The measures of the stage's walk, and everybody around them."""

    stage: Stage
    phone: Phone
    emails: list[str] = field(default_factory=list)

    @property
    def at(self) -> str:
        return f"/walks/{self.stage.walk.id}/measures"

    def browser(self) -> Paper:
        """Of nobody in particular."""
        return Paper(self.stage.browser(headers=BROWSER))

    def signed_in(self, role: str, organisation: str = HOME, *, partner: str = "", cleared: bool = False) -> Paper:
        """The browser of somebody new with this role; `partner`: the id of whom they answer for."""
        email = f"{role}{len(self.emails)}@kommune.example"
        self.emails.append(email)
        with self.stage.db.write() as tx:
            user = people.add(tx, email, role, organisation, cleared=cleared)
            if partner:
                tx.flush()
                tx.exec(select(Membership).where(Membership.user_id == user.id)).one().partner_id = partner
            link = signin.new_link(tx, user, "http://testserver")
        paper = self.browser()
        paper.post("/sign-in/link", {"key": link.partition("key=")[2].partition("&")[0]})
        return paper

    def note(self, *pictures: Picture, released: bool = True, **content: Any) -> str:
        """A note that has arrived; by default somebody has released it."""
        note_id = self.phone.note(*pictures, **content)
        self.phone.sync()
        if released:
            self.release(note_id)
        return note_id

    def release(self, note_id: str, **more: Any) -> None:
        with self.stage.db.write() as tx:
            note = tx.get_one(Observation, note_id)
            user = tx.exec(select(User)).first() or people.add(tx, "anna@kommune.example", "coordinator", HOME)
            tx.flush()
            given = {"state": "released", "of_rev": note.rev, "version": 1, "decided_by": user.id} | more
            tx.merge(Review(observation_id=note.id, walk_id=note.walk_id, **given))

    def make(self, paper: Paper, *notes: str, **typed: Any) -> Told:
        """In two taps: choose notes, save."""
        paper.open(self.at + "/new?" + "&".join(f"note={one}" for one in notes or [self.note()]))
        paper.press(self.at, **typed)
        assert paper.status == 200, paper.words
        return self.told()[-1]

    def told(self, *, removed: bool = False) -> tuple[Told, ...]:
        with self.stage.db.read() as tx:
            return measures.of_walk(tx, self.stage.walk.id, removed=removed)

    def partner(self, name: str = "Vej og Park", owner: str = "vej", email: str = "") -> Partner:
        with self.stage.db.write() as tx:
            return partners.name(tx, self.stage.walk.organisation_id, owner, name, email)

    def link(self, partner: Partner, days: int = 90) -> str:
        """The path of a new link."""
        with self.stage.db.write() as tx:
            by = tx.exec(select(User)).first() or people.add(tx, "anna@kommune.example", "coordinator", HOME)
            tx.flush()
            key = self.stage.app.state.settings.signing_key()
            return f"/p/{partners.new_link(tx, partner, by, days, key)[1]}"

    def photo(self, note_id: str, **changed: Any) -> None:
        """Change what is held about a note's photos."""
        with self.stage.db.write() as tx:
            for photo in tx.exec(select(Photo).where(col(Photo.observation_id) == note_id)).all():
                for name, value in changed.items():
                    setattr(photo, name, value)


@pytest.fixture
def plan(stage: Stage) -> Plan:
    return Plan(stage, stage.phone())


@pytest.fixture
def desk(plan: Plan) -> Paper:
    """A coordinator's browser."""
    return plan.signed_in("coordinator")


@pytest.fixture
def picture() -> Callable[[], Picture]:
    numbers = iter(range(200))
    return lambda: Picture(jpeg(colour=(next(numbers), 60, 90)))
