"""The demo walk's report: its own words, its photos seen, and how it went out, released by a second person.

Hides that it is written and released by the very functions that the pages call. Promises that it is made once; that it is left
alone where somebody has begun to make it otherwise; and that what a partner answers afterwards comes after the release.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from sqlmodel import Session, select

from app.demo import plan, review
from app.models import Edition, User, Walk
from app.report import edition, telling
from app.walks.walks import stops_of

TEXTS = {
    "summary": "Der er trygt, hvor der er mennesker: ved Beboerhuset, på Legepladsen og på Torvet. Tunnelen er det sted, flest går "
    "uden om. Lyset dér kommer først, så buskene ved skolen.",
    "safe": "Vinduer, der er lys i. Et sted, der har længe åbent. Lamper, der er bløde og jævne. Det er det, I peger på, og det er "
    "det, vi skal passe på.",
    "themes": "Lys går igen fra stop til stop: i tunnelen mangler det, ved stoppestedet er der for meget af det, og på stien står det "
    "bag træerne.\n\nOm dagen og om aftenen er det ikke det samme sted. Maleriet i tunnelen er flot, når man kan se det.",
    "impossible": "En bro over sporene er for dyr til at komme på tale nu. Det svar står også i planen, for spørgsmålet er godt.",
    "weather": "let regn, 4 grader, næsten vindstille",
    "journal": "2026-041877",
    "followup": "Vi mødes igen i Beboerhuset og går planen igennem. Alle er velkomne, også uden at have været med på turen.",
    "contact": "Samrådets formand, tlf. 00 00 00 00 (demo)",
}
# The number of a stop, and why one begins there.
PLACES = [
    (2, "Tre lamper er slukket, og der er ingen anden vej."),
    (3, "Buskene sender børnene ud på kørebanen."),
    (5, "Skarpt lys i skuret, mørkt udenfor, vand på fliserne."),
]
FOLLOWED_UP_DAYS = 70  # after the walk


def make(
    tx: Session,
    walk: Walk,
    begun: date,
    writer: User,
    second: User,
    photo_ids: Sequence[str],
    measure_ids: Sequence[str],
) -> None:
    """Write and release it, where there is no edition yet. `begun`: the day of the walk; `measure_ids`: of plan.MEASURES."""
    if walk.state == "archived" or tx.exec(select(Edition.id).where(Edition.walk_id == walk.id)).first():
        return
    review.approve(tx, walk, writer, photo_ids)
    plan.seen(tx, measure_ids)
    write(tx, walk, writer, TEXTS | {"followup_on": (begun + timedelta(days=FOLLOWED_UP_DAYS)).isoformat()}, PLACES)
    issue(tx, walk, writer, second)
    plan.answer(tx, measure_ids, writer, late=True)


def write(tx: Session, walk: Walk, writer: User, texts: Mapping[str, str], places: Sequence[tuple[int, str]]) -> None:
    """Its own words, where nobody has written any. `places`: the number of a stop, and why one begins there."""
    draft = telling.told(tx, walk)
    if draft.version == 0:
        stops = {stop.number: stop.id for stop in stops_of(tx, walk.id)}
        draft.texts |= texts
        draft.places = [(stops[number], words) for number, words in places if number in stops]
        telling.save(tx, walk.id, draft, writer)


def issue(tx: Session, walk: Walk, writer: User, second: User) -> Edition:
    """Asked for by the one, released by the other."""
    asked = edition.ask(tx, walk, writer)
    changes = [change.key for change in edition.changed(tx, asked)]
    edition.release(tx, asked, second, changes, edition.CHECKS)
    return asked
