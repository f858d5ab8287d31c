"""The walk before the demo walk: the same way a year earlier, what was agreed then, and what has become of it.

Hides that it is made by the very functions that pages and phones call, and that its dates are put back by a year afterwards.
Promises that its report is released before that of the demo walk, which goes back to it: so that "Since last time", photos
from before and after, and what goes on from one walk to the next are there to be seen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from app.demo import plan, report, review
from app.demo.ids import id_of
from app.measures import changing
from app.measures.changing import By
from app.models import Edition, Measure, MeasureStep, Stop, User, Walk
from app.review import deciding
from app.review.deciding import Seen

TITLE = "Aftenvandring i Helsinki, sidste år"
PREFIX = "before "
DAYS = 371  # before the demo walk: 53 weeks, the same day of the week
PHOTOS = ["dark_playground"]
RELEASED_DAYS = 30  # after the walk

# As in content.py; all of them are released.
NOTES: list[dict[str, Any]] = [
    {"by": "samråd", "minute": 5, "stop": 1, "valence": "safe", "feeling": 3, "factors": ["people.meeting_place"],
     "note": "Caféen har åbent til kl. 20. Der er altid en, man kender."},
    {"by": "beboer", "minute": 15, "stop": 2, "valence": "unsafe", "feeling": 1, "factors": ["lighting.outage", "paths.underpass"],
     "agreed": ["nabo", "ung"], "note": "To af de tre lamper virker ikke. Jeg går hurtigt igennem."},
    {"by": "ung", "minute": 17, "stop": 2, "valence": "unsafe", "feeling": 0, "factors": ["paths.no_alternative"],
     "note": "Når jeg er alene, går jeg den lange vej."},
    {"by": "lærer", "minute": 29, "stop": 3, "valence": "unsafe", "feeling": 1, "factors": ["visibility.vegetation"],
     "agreed": ["samråd"], "note": "Buskene tager udsynet, hvor stien drejer."},
    {"by": "nabo", "minute": 42, "stop": 4, "valence": "unsafe", "feeling": 1, "factors": ["lighting.level", "people.playground"],
     "photos": ["dark_playground"], "agreed": ["beboer", "lærer", "ung"],
     "note": "Her er ingen lamper. Børnene går hjem, når det bliver mørkt kl. 16."},
    {"by": "bolig", "minute": 43, "stop": 4, "valence": "unsafe", "feeling": 1, "factors": ["lighting.level"],
     "note": "Vi går en bue udenom, når det er mørkt."},
    {"by": "beboer", "minute": 45, "stop": 4, "valence": "mixed", "feeling": 2, "factors": ["people.playground"],
     "note": "Om dagen er her fuldt af liv. Det er kun mørket, der er i vejen."},
    {"by": "ung", "minute": 56, "stop": 5, "valence": "mixed", "feeling": 2, "factors": ["transport.service"],
     "note": "Efter kl. 22 er der tre kvarter mellem busserne. Det er længe at stå her."},
    {"by": "beboer", "minute": 70, "stop": 6, "valence": "safe", "feeling": 3, "factors": ["people.presence"],
     "agreed": ["samråd"], "note": "Torvet er det sted, vi mødes."},
]  # fmt: skip
# `later`: which of the demo walk's measures goes on with it; `done`: days from the walk until it was.
MEASURES: list[dict[str, Any]] = [
    {"notes": [4, 5, 6], "stop": 4, "owner": "vej", "kind": "small_works", "days": 180, "done": 143,
     "problem": "Legepladsen har ingen lamper.", "measure": "Fire lave lamper langs legepladsen.",
     "answer": {"status": "done", "answer": "Lamperne er sat op. De er bløde og jævne, og de tænder selv."}},
    {"notes": [3], "stop": 3, "owner": "park", "kind": "upkeep", "days": 30, "done": 19, "later": 1,
     "problem": "Buskene tager udsynet, hvor stien drejer.", "measure": "Klip dem ned.",
     "answer": {"status": "done", "answer": "De er klippet. Sig til, når de er vokset op igen."}},
    {"notes": [1, 2], "stop": 2, "owner": "vej", "kind": "upkeep", "days": 14, "done": 9, "later": 0,
     "problem": "To af tre lamper i tunnelen virker ikke.", "measure": "Skift lamperne.",
     "answer": {"status": "done", "answer": "Lamperne er skiftet."}},
    {"notes": [7], "stop": 5, "owner": "trafik", "kind": "impossible", "days": None,
     "problem": "Der er længe mellem busserne efter kl. 22.", "measure": "Flere busser efter kl. 22.",
     "answer": {"status": "refused", "answer": "Det bliver ikke i denne køreplan.",
                "reason": "Der er for få, der rejser på det tidspunkt, til at betale for det."}},
]  # fmt: skip
TEXTS = {
    "summary": "Legepladsen er mørk, og det er det, flest nævner. Tunnelen og stien ved skolen kommer lige efter.",
    "safe": "Torvet og Beboerhuset: der er folk, og der er lys i vinduerne.",
    "weather": "tørt, 6 grader",
    "contact": "Samrådets formand, tlf. 00 00 00 00 (demo)",
}
PLACES = [(4, "Her er ingen lamper."), (2, "To af tre lamper virker ikke.")]


def make(tx: Session, walk: Walk, person: User, note_ids: Sequence[str], stops: Sequence[Stop]) -> None:
    """What was decided then, and is done since. `note_ids`: of NOTES."""
    reader = review.reader(tx, walk, person)
    if reader is None:
        return
    for note_id in note_ids:
        deciding.decide(tx, reader, Seen(note_id, 0, 1), ("release", deciding.release()))
    begun, there = walk.starts_at or walk.created_at, plan.named(tx)
    for number, told in enumerate(MEASURES):
        stop, measure_id = stops[told["stop"] - 1], id_of(f"{PREFIX}measure {number}")
        wanted = {name: told[name] for name in ("problem", "measure", "kind")} | {
            "place": stop.name, "stop_id": stop.id, "lat": stop.lat, "lon": stop.lon, "priority": 2,
            "partner_id": there[told["owner"]].id,
            "deadline": begun.date() + timedelta(days=told["days"]) if told["days"] else None,
        }  # fmt: skip
        if "reason" in told["answer"]:
            wanted["reason"] = told["answer"]["reason"]
        changing.make(tx, walk, measure_id, [note_ids[at] for at in told["notes"]], wanted, By(person.id))
        made = tx.get_one(Measure, measure_id)
        changing.change(tx, made, made.version, told["answer"], By(person.id))
        _put_back(tx, made, begun, told.get("done", RELEASED_DAYS))


def release(tx: Session, walk: Walk, writer: User, second: User) -> None:
    """Its report, where there is none yet."""
    if tx.exec(select(Edition.id).where(Edition.walk_id == walk.id)).first():
        return
    review.approve(tx, walk, writer, [id_of(f"photo {scene}") for scene in PHOTOS])
    report.write(tx, walk, writer, TEXTS, PLACES)
    made = report.issue(tx, walk, writer, second)
    made.written_at = made.released_at = (walk.starts_at or walk.created_at) + timedelta(days=RELEASED_DAYS)


def continued() -> dict[int, str]:
    """Which of the demo walk's measures go on with one of then."""
    return {told["later"]: id_of(f"{PREFIX}measure {at}") for at, told in enumerate(MEASURES) if "later" in told}


def _put_back(tx: Session, made: Measure, begun: datetime, days: int) -> None:
    """The days on which it was made and answered, as they were."""
    made.created_at, answered = begun + timedelta(days=7), begun + timedelta(days=days)
    made.answered_at = answered
    if made.done_at:
        made.done_at = answered
    steps = (
        select(MeasureStep).where(MeasureStep.measure_id == made.id).order_by(col(MeasureStep.at), col(MeasureStep.id))
    )
    for at, step in enumerate(tx.exec(steps).all()):
        step.at = answered if at else made.created_at
