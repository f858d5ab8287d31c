"""A measure as it is typed: read from a form, checked field by field.

Hides how people write a day and a place, and who a choice of "the usual owner" becomes. Promises that what was typed is
never lost: what cannot be kept comes back with a sentence beside its field; that "not possible" and "refused" come with a
reason; and that a deadline which has passed already is asked about and not forbidden.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from app.earth import place_of
from app.i18n import gettext as _
from app.measures import partners
from app.measures.measures import KINDS, MONEY, STATUSES
from app.models import Measure, Partner, Stop, Walk
from app.sync.protocol import clean
from app.taxonomy import owners

TEXTS = {"place": 200, "problem": 1000, "measure": 1000, "unit": 120, "reason": 1000, "answer": 2000, "ticket": 80}
ASKED = ("place", "problem")  # must not be empty
NEED_REASON = {"kind": {"impossible"}, "status": {"refused"}}
ANSWERED = ("kind", "status", "deadline", "ticket", "answer", "reason")  # what a partner says
_DANISH = re.compile(r"(\d{1,2})[./ -]{1,2}(\d{1,2})[./ -]{1,2}(\d{4})")


@dataclass
class Draft:
    """A measure as typed. `fields`: by name, what the form had; `version`: of what it was made; `errors`: a sentence by
    field; `past`: the deadline has passed, and nobody has said yet that it is meant so; `earlier`: the ids of the measures
    that it may go on with."""

    fields: dict[str, Any]
    version: int = 0
    past_meant: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    past: bool = False
    earlier: Collection[str] = ()


def typed(form: Mapping[str, Any], names: Sequence[str]) -> Draft:
    """What a form has of the fields `names`; the others stay as they are."""
    fields = {name: said(form[name]) for name in names if name in form}
    version = str(form.get("version", ""))
    is_number = version.isascii() and version.isdigit() and len(version) < 9
    return Draft(fields, int(version) if is_number else 0, form.get("past") == "meant")


def check(tx: Session, walk: Walk, draft: Draft, held: Measure | None, today: date) -> dict[str, Any]:
    """The fields as they are kept. Fills `draft.errors` and `draft.past`; then nothing may be kept."""
    wanted: dict[str, Any] = {}
    for name, value in draft.fields.items():
        if name in TEXTS:
            wanted[name] = value.strip()
            if len(wanted[name]) > TEXTS[name]:
                draft.errors[name] = _("This is too long: at most %(most)s characters.", most=TEXTS[name])
            elif not wanted[name] and name in ASKED:
                draft.errors[name] = _("This must not be empty.")
    for name, known in (("kind", KINDS), ("money", MONEY), ("status", STATUSES), ("priority", ("1", "2", "3"))):
        if name in draft.fields:
            if draft.fields[name] in known:
                wanted[name] = int(draft.fields[name]) if name == "priority" else draft.fields[name]
            else:
                draft.errors[name] = _("Choose one of the list.")
    if "deadline" in draft.fields:
        _check_deadline(draft, wanted, held, today)
    if "partner" in draft.fields:
        wanted["partner_id"] = _partner(tx, walk, draft, held)
    if "point" in draft.fields:
        wanted |= _point(draft)
    if "stop" in draft.fields:
        wanted |= _stop(tx, walk, draft, wanted, held)
    if "continues" in draft.fields:
        wanted |= _continues(draft, held)
    if "revisit" in draft.fields:
        wanted["revisit"] = draft.fields["revisit"] == "yes"
    _check_reason(draft, wanted, held)
    return wanted


def _check_deadline(draft: Draft, wanted: dict[str, Any], held: Measure | None, today: date) -> None:
    try:
        found = day_of(draft.fields["deadline"])
    except ValueError:
        draft.errors["deadline"] = _("Write the deadline as day, month and year: 10.12.2026.")
        return
    wanted["deadline"] = found
    if found and found < today and not draft.past_meant and (held is None or held.deadline != found):
        draft.past = True


def day_of(written: str) -> date | None:
    """The day that was written, None for none. Raises ValueError."""
    if not written.strip():
        return None
    danish = _DANISH.fullmatch(written.strip().rstrip("."))
    found = date(*map(int, reversed(danish.groups()))) if danish else date.fromisoformat(written.strip())
    if not 2000 <= found.year <= 2100:
        raise ValueError
    return found


def _check_reason(draft: Draft, wanted: dict[str, Any], held: Measure | None) -> None:
    def now_is(name: str) -> Any:
        return wanted.get(name, getattr(held, name, ""))

    needs = any(now_is(name) in values for name, values in NEED_REASON.items())
    if needs and not now_is("reason"):
        draft.errors["reason"] = _("Write why it is not possible, or why it is refused. Everybody reads it.")


def _partner(tx: Session, walk: Walk, draft: Draft, held: Measure | None) -> str | None:
    """Who answers for it: a partner's id, or "owner:vej" for one of the usual owners, made where there is none."""
    said = str(draft.fields["partner"])
    if not said:
        return None
    if held is not None and said == held.partner_id:  # also where they have been ended meanwhile
        return said
    if said.startswith("owner:") and said[6:] in owners():
        found = partners.needed(tx, walk.organisation_id, said[6:])
    else:
        found = tx.get(Partner, said)
    if found is None or found.ended_at or found.organisation_id != walk.organisation_id:
        draft.errors["partner"] = _("Choose one of the list.")
        return None
    return found.id


def _point(draft: Draft) -> dict[str, Any]:
    """Where on the Earth it is, as people write it; nowhere where nothing is written."""
    said = draft.fields["point"].strip()
    found = place_of(said) if said else None
    if said and found is None:
        draft.errors["point"] = _("Write it as degrees north and east: 57.0488, 9.9217.")
        return {}
    return {"lat": found[0], "lon": found[1]} if found else {"lat": None, "lon": None}


def _continues(draft: Draft, held: Measure | None) -> dict[str, Any]:
    """The measure of the walk before that it goes on with."""
    said = draft.fields["continues"]
    if said and said not in draft.earlier and (held is None or held.continues_id != said):
        draft.errors["continues"] = _("Choose one of the list.")
        return {}
    return {"continues_id": said or None}


def _stop(tx: Session, walk: Walk, draft: Draft, wanted: dict[str, Any], held: Measure | None) -> dict[str, Any]:
    """The stop it belongs to; its point where the measure has no place of its own."""
    said = draft.fields["stop"]
    if not said:
        return {"stop_id": None}
    stop = tx.get(Stop, said)
    if stop is None or stop.walk_id != walk.id:
        draft.errors["stop"] = _("Choose one of the list.")
        return {}
    nowhere = wanted.get("lat", held.lat if held else None) is None
    return {"stop_id": stop.id} | ({"lat": stop.lat, "lon": stop.lon} if nowhere else {})


def said(value: Any) -> str:
    return str(clean(str(value))).replace("\r\n", "\n")
