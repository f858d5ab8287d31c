"""What each version of a report may hold, field by field: for those inside, for a partner, for everybody.

Promises that a field stands in a version only because it is named here, so that a new one is in none of them until somebody
has decided: a test compares these tables with what a Report is made of. Holds nothing but the decision.
"""

from collections.abc import Iterable
from typing import Any

INSIDE, PARTNER, PUBLIC = "internal", "partner", "public"
VERSIONS = (INSIDE, PARTNER, PUBLIC)

EVERYBODY = frozenset(VERSIONS)
PARTNERS = frozenset({INSIDE, PARTNER})
INSIDERS = frozenset({INSIDE})
PUBLICLY = frozenset({PUBLIC})
NO_PARTNERS = frozenset({INSIDE, PUBLIC})
NOBODY = frozenset[str]()

WALK = {
    "id": INSIDERS, "title": EVERYBODY, "purpose": INSIDERS, "area": EVERYBODY, "state": INSIDERS, "starts_at": EVERYBODY,
    "ends_at": EVERYBODY, "timezone": EVERYBODY, "light": EVERYBODY, "meeting_point": INSIDERS, "seq": NOBODY,
}  # fmt: skip
REPORT = {
    "walk": EVERYBODY, "stops": EVERYBODY, "route": EVERYBODY, "participants": EVERYBODY, "observations": EVERYBODY,
    "measures": EVERYBODY, "tracks": NOBODY,
}  # fmt: skip
STOP = {"id": NOBODY, "number": EVERYBODY, "name": EVERYBODY, "prompt": EVERYBODY, "lat": EVERYBODY, "lon": EVERYBODY}
PHOTO = {
    "id": PARTNERS, "url": PARTNERS, "state": INSIDERS, "width": EVERYBODY, "height": EVERYBODY, "review": INSIDERS, "mark": NOBODY,
}  # fmt: skip
# A note's place is public where a reviewer has put it, and else that of its stop: see freezing._place().
NOTE = {
    "id": INSIDERS, "captured_at": INSIDERS, "captured_utc": NOBODY, "received_at": INSIDERS, "valence": EVERYBODY,
    "feeling": PARTNERS, "factors": EVERYBODY, "note": EVERYBODY, "suggestion": EVERYBODY, "lat": PARTNERS, "lon": PARTNERS,
    "place_source": PARTNERS, "accuracy_m": PARTNERS, "placed": INSIDERS, "stop": EVERYBODY, "role": EVERYBODY, "team": INSIDERS,
    "written_on": INSIDERS, "photos": EVERYBODY, "flags": INSIDERS, "agreements": EVERYBODY, "other_texts": INSIDERS,
    "sensitive": INSIDERS, "review": INSIDERS, "merged_into": NOBODY, "priority": PARTNERS, "partner_id": NOBODY,
    "measures": EVERYBODY,
}  # fmt: skip
MEASURE = {
    "id": INSIDERS, "walk_id": NOBODY, "number": EVERYBODY, "version": INSIDERS, "place": EVERYBODY, "stop_id": NOBODY,
    "stop": EVERYBODY, "lat": PARTNERS, "lon": PARTNERS, "problem": EVERYBODY, "measure": EVERYBODY, "kind": EVERYBODY,
    "partner_id": NOBODY, "partner": EVERYBODY, "adrift": INSIDERS, "unit": EVERYBODY, "deadline": EVERYBODY, "money": EVERYBODY,
    "priority": EVERYBODY, "status": EVERYBODY, "reason": EVERYBODY, "answer": EVERYBODY, "answered_at": EVERYBODY,
    "done_at": EVERYBODY, "ticket": PARTNERS, "proof_photo_id": NOBODY, "proof": INSIDERS, "proof_seen": INSIDERS,
    "revisit": EVERYBODY, "continues_id": NOBODY, "created_at": INSIDERS, "removed_at": INSIDERS, "observation_ids": NOBODY,
    "taken_back": INSIDERS, "steps": NOBODY,
}  # fmt: skip
# A measure is public where a note it rests on is. What of it is told as it is now, and not as it was when the edition was made.
LIVE = ("partner", "unit", "deadline", "status", "reason", "answer", "answered_at", "done_at")
TELLING = {
    "purpose": EVERYBODY, "weather": EVERYBODY, "journal": EVERYBODY, "summary": EVERYBODY, "safe": EVERYBODY, "themes": EVERYBODY,
    "impossible": EVERYBODY, "followup_on": EVERYBODY, "followup": EVERYBODY, "contact": EVERYBODY,
}  # fmt: skip
# The walk before beside this one. In public each is made of what is public already (since.py); inside, of both reports
# (since_files.py). Not in a partner's extract: that holds what was passed on to them, and counts are made of all notes.
SINCE = {
    "kind": NO_PARTNERS, "walk": NO_PARTNERS, "rows": NO_PARTNERS, "continued": NO_PARTNERS, "pairs": PUBLICLY, "plan": INSIDERS,
}  # fmt: skip
SINCE_WALK = {
    "title": NO_PARTNERS,
    "day": NO_PARTNERS,
    "light": NO_PARTNERS,
    "people": NO_PARTNERS,
    "notes": NO_PARTNERS,
}
PLACE = {
    "stop": NO_PARTNERS, "was": NO_PARTNERS, "name": NO_PARTNERS, "then": NO_PARTNERS, "now": NO_PARTNERS, "measures": NO_PARTNERS,
}  # fmt: skip
# Of each measure of the walk before, in the internal version; in public they stand in that walk's own report.
BEFORE = ("number", "place", "stop", "measure", "kind", "status", "answer", "reason", "deadline", "done_at", "partner")
PAIR = {
    "number": PUBLICLY,
    "place": PUBLICLY,
    "stop": PUBLICLY,
    "measure": PUBLICLY,
    "before": PUBLICLY,
    "after": PUBLICLY,
}
SHOT = {"name": PUBLICLY, "day": PUBLICLY, "said": PUBLICLY, "width": PUBLICLY, "height": PUBLICLY}


def only(thing: Any, table: dict[str, frozenset[str]], version: str, but: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of `thing`, an object or a dict, that `version` may hold, but for those that its caller makes itself."""
    names = [name for name, who in table.items() if version in who and name not in but]
    return {name: thing[name] if isinstance(thing, dict) else getattr(thing, name) for name in names}
