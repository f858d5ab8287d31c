"""The review's page as its template takes it: the queue, one note, what is alike, whose it may be.

Hides which parts need asking for. Promises the same number of queries however many notes there are, and words for every
decision in the reader's language. Reads only.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from app.access.guards import WalkReader
from app.access.notes import WORDS
from app.basemap import basemap_of
from app.i18n import gettext as _
from app.i18n import language, mark
from app.measures import partners
from app.models import Decision, Observation, Partner, Stop
from app.pages import clock
from app.report import words
from app.review.history import Step, Whole, who, whole
from app.review.queue import FOR_CLEARED, LANES, Line, queue
from app.settings import Settings
from app.sync.protocol import LIMITS
from app.taxonomy import categories, owners, usual_owner
from app.walks.walks import stops_of

LANE_NAMES = {
    "waiting": mark("Waiting"),
    "sensitive": mark("Sensitive"),
    "photos": mark("Photos"),
    "recordings": mark("Recordings"),
    "done": mark("Done"),
}
STATES = {"released": mark("Released"), "hidden": mark("Hidden"), "merged": mark("Merged"), "waiting": mark("Waiting")}
DONE = {
    "release": mark("Released"),
    "hide": mark("Hidden"),
    "redact": mark("Words struck out"),
    "place": mark("Place put right"),
    "stop": mark("Back at the stop the walker chose"),
    "factors": mark("Reasons changed"),
    "sensitive": mark("Judged who may read it"),
    "priority": mark("Priority set"),
    "route": mark("Said whose it is"),
    "merge": mark("Merged"),
    "part": mark("Parted again"),
    "approve": mark("Photo approved"),
    "refuse": mark("Photo refused"),
    "blur": mark("Photo blurred"),
    "transcribe": mark("Recording written down"),
}
KINDS = {
    "name": mark("a name"),
    "cpr": mark("a CPR number"),
    "plate": mark("a number plate"),
    "address": mark("an address"),
    "phone": mark("a phone number"),
    "email": mark("an e-mail address"),
}


def view(
    tx: Session, reader: WalkReader, lane: str, note_id: str, after: str, did: str, page_number: int
) -> dict[str, Any]:
    """What the template is filled with. `note_id`, `after`: which note to open; `did`: the decision just made."""
    waiting = queue(tx, reader, lane)
    line = waiting.open(note_id, after)
    note = whole(tx, reader, line.id) if line else None
    before, following = waiting.beside(line)
    lines, number, pages = waiting.page(line, page_number)
    like = waiting.like([line, *lines] if line else lines)
    step = tx.get(Decision, did) if did else None
    stops = stops_of(tx, reader.walk.id)
    done = step if step and step.walk_id == reader.walk.id and step.undone_at is None else None
    return {
        "queue": waiting,
        "lanes": [one for one in LANES if one not in FOR_CLEARED or reader.sensitive],
        "line": line,
        "note": note,
        "before": before,
        "following": following,
        "lines": lines,
        "page_number": number,
        "pages": pages,
        "like": like,
        "alike": like.get(line.id, []) if line else [],
        "led": waiting.led(line.id) if line else [],
        "lead": waiting.line(line.made.merged_into) if line and line.made.merged_into else None,
        "done": done,
        "done_by": who(tx, {done.user_id})[done.user_id] if done else "",
        "last": _last(note),
        "stops": stops,
        "map_stops": [{"number": one.number, "name": one.name, "lat": one.lat, "lon": one.lon}
                      for one in stops if one.lat is not None],
        "owners": _owners(tx, reader, line),
        "categories": categories(),
        "limits": LIMITS,
        "words": words,
        "say": Say(reader.walk.timezone, stops),
        "WORDS": WORDS,
    }  # fmt: skip


class Say:
    """Words for what the page shows, as the template asks for them."""

    def __init__(self, timezone: str, stops: Sequence[Stop]) -> None:
        self._timezone = timezone
        self._stops = {stop.id: stop for stop in stops}

    def lane(self, key: str) -> str:
        return _(LANE_NAMES[key])

    def state(self, key: str) -> str:
        return _(STATES[key])

    def done(self, step: Step | Decision) -> str:
        """What a decision did. A stop is named as it is called now."""
        moved = step.after.get("shown") or {}
        if step.what != "stop" or "stop_id" not in moved:
            return _(DONE[step.what])
        if moved["stop_id"] is None:
            return _("Moved away from the stops")
        stop = self._stops.get(moved["stop_id"])
        return _("Moved to stop %(stop)s", stop=f"{stop.number} {stop.name}" if stop else "–")

    def chose(self, row: Observation) -> str:
        """The stop that the walker chose."""
        stop = self._stops.get(row.stop_id or "")
        return f"{stop.number} {stop.name}" if stop else _("No stop")

    def kinds(self, note: Whole) -> str:
        said = [_(KINDS[kind]) for kind in note.kinds]
        return said[0] if len(said) == 1 else _("%(most)s and %(last)s", most=", ".join(said[:-1]), last=said[-1])

    def clock(self, moment: Any) -> str:
        return clock(moment, self._timezone)

    def title(self, line: Line) -> str:
        """What a note is about, in a few words: its reasons, else its own first words."""
        if line.said.factors:
            return ", ".join(words.factor(key) for key in line.said.factors[:2])
        own = line.said.note or line.said.suggestion
        if not own and line.row.recording_ids:
            return _("A recording")
        return words.beginning(own, 48) if own else words.valence(line.row.valence or "none")

    def quote(self, line: Line) -> str:
        """Its own words, to be compared with others'."""
        own = line.said.note or line.said.suggestion
        return f"»{words.beginning(own, 80)}«" if own else self.title(line)

    def flags(self, note: Whole) -> list[str]:
        """What a human should look at, but for a place that a reviewer has put right."""
        placed = bool({"pin", "stop_id"} & set(note.row.shown or {}))
        keys = [key for key in note.row.flags if key in words.FLAGS and not (placed and key == "needs-place")]
        return [_(words.FLAGS[key]) for key in keys]

    def point(self, line: Line) -> str:
        """A place as people write it."""
        return ", ".join(f"{degrees:.5f}" for degrees in line.place) if line.place else ""


def basemap(settings: Settings) -> str:
    return basemap_of(settings)["src"]


def _last(note: Whole | None) -> Any:
    """The newest decision about the note that stands: the one that can be undone."""
    return next((step for step in note.steps if not step.undone), None) if note else None


def _owners(tx: Session, reader: WalkReader, line: Line | None) -> list[tuple[str, str, bool]]:
    """(value, name, whether it is the usual one for this note) of whoever may mend things here."""
    here: list[Partner] = partners.of_organisation(tx, reader.walk.organisation_id)
    usual = usual_owner(list(line.said.factors)) if line else None
    chosen = line.made.partner_id if line else None
    known = {partner.owner for partner in here}
    found = [(one.id, one.name, one.owner == usual and not chosen) for one in here]
    found += [(f"owner:{code}", str(label[language()]), code == usual and not chosen)
              for code, label in owners().items() if code not in known]  # fmt: skip
    return found
