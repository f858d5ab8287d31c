"""What a reviewer's form asks for: the note as it was before them, and the steps to take.

Hides the names of fields. Promises that what cannot be read is told in a sentence (422) and decides nothing. A form is one
of our own pages'; its fields are `note`, `version`, `rev`, `do` and what belongs to it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session
from starlette.datastructures import FormData

from app.access.notes import WORDS
from app.earth import place_of
from app.i18n import gettext as _
from app.i18n import mark
from app.measures import partners
from app.models import Partner, Walk
from app.problems import Problem
from app.review import deciding
from app.review.deciding import OWN, Change, Refused, Seen
from app.sync.protocol import LIMITS
from app.taxonomy import factors as known_factors
from app.walks.walks import stops_of

REASONS = {
    "person": mark("It is about a person"),
    "place": mark("It is not about a place on the walk"),
    "unclear": mark("Nobody can tell what is meant"),
    "test": mark("A trial or a mistake"),
}
# After these the next note opens; after the others one stays with the note.
LEAVING = {"release", "release-cleared", "strike-release", "hide"}
_SPAN = re.compile(r"(note|suggestion):(\d{1,5})-(\d{1,5})")
_ID = re.compile(r"[0-9a-f-]{36}")


@dataclass
class Asked:
    """`do`: which button; `seen`: the note before the reviewer; `others`: notes to be merged into it."""

    do: str
    seen: Seen
    lane: str
    others: list[Seen] = field(default_factory=list)


def asked(form: FormData) -> Asked:
    """Raises invalid (422)."""
    others = [_seen(*str(one).split(",")) for one in form.getlist("other") if str(one).count(",") == 2]
    seen = _seen(str(form.get("note", "")), str(form.get("version", "")), str(form.get("rev", "")))
    return Asked(str(form.get("do", "")), seen, str(form.get("lane", "")), others)


def photos(form: FormData) -> list[tuple[str, int]]:
    """The photos a form names, each with the version that was looked at. Raises invalid (422)."""
    found = [str(one).partition(",") for one in form.getlist("photo")][: LIMITS["photos"]]
    if not found or not all(_ID.fullmatch(photo_id) and is_number(version) for photo_id, _comma, version in found):
        raise _unreadable()
    return [(photo_id, int(version)) for photo_id, _comma, version in found]


def spoken(form: FormData) -> tuple[str, str]:
    """Which recording a form is about, and what is said in it. Raises invalid (422)."""
    recording_id = str(form.get("recording", ""))
    if not _ID.fullmatch(recording_id):
        raise _unreadable()
    return recording_id, " ".join(str(form.get("spoken", "")).split())


def steps(tx: Session, walk: Walk, do: str, form: FormData) -> list[tuple[str, Change]]:
    """The steps that button takes on a note. Raises invalid (422), Refused."""
    if do == "release":
        return [("release", deciding.release())]
    if do == "release-cleared":
        return [("release", deciding.release(for_all=False))]
    if do in ("redact", "strike-release"):
        struck = ("redact", deciding.redact(_spans([str(one) for one in form.getlist("words")])))
        return [struck, ("release", deciding.release())] if do == "strike-release" else [struck]
    if do == "hide":
        return [("hide", deciding.hide(_reason(form)))]
    if do == "place":
        return [("place", deciding.place(_pin(str(form.get("where", "")), str(form.get("point", "")))))]
    if do == "stop":
        return [("stop", deciding.move(_stop(tx, walk, str(form.get("stop", "")))))]
    if do == "factors":
        chosen = [str(one) for one in form.getlist("factor")]
        if len(chosen) > LIMITS["factors"]:
            raise Refused(_("These are too many reasons: at most %(most)s.", most=LIMITS["factors"]))
        return [("factors", deciding.sort([one for one in chosen if one in known_factors()]))]
    if do in ("sensitive", "fit"):
        return [("sensitive", deciding.judge(do == "sensitive"))]
    if do == "priority":
        rank = str(form.get("priority", ""))
        return [("priority", deciding.rank(int(rank) if rank in ("1", "2", "3") else None))]
    if do == "route":
        return [("route", deciding.route(_partner(tx, walk, str(form.get("partner", "")))))]
    raise _unreadable()


def _reason(form: FormData) -> str:
    chosen, own = str(form.get("reason", "")), str(form.get("because", "")).strip()
    said = _(REASONS[chosen]) if chosen in REASONS else ""
    return f"{said}: {own}" if said and own else said or own


def _pin(where: str, point: str) -> dict[str, float] | object | None:
    if where == "own":
        return OWN
    if where == "nowhere":
        return None
    found = place_of(point if where in ("", "point") else where)
    if found is None:
        raise Refused(_("Write the place as two numbers, such as 57.0488, 9.9217, or tap on the map."))
    return {"lat": found[0], "lon": found[1]}


def _stop(tx: Session, walk: Walk, chosen: str) -> str | object | None:
    """A stop of the walk; "none" for none of them, "own" for what the walker chose."""
    if chosen == "own":
        return OWN
    if chosen == "none":
        return None
    if all(stop.id != chosen for stop in stops_of(tx, walk.id)):
        raise Refused(_("This stop is not there any more. Choose another one."))
    return chosen


def _partner(tx: Session, walk: Walk, chosen: str) -> str | None:
    """A partner's id; "owner:vej" is the usual owner of that name, made where there is none yet."""
    if not chosen:
        return None
    if chosen.startswith("owner:"):
        found = partners.needed(tx, walk.organisation_id, chosen.removeprefix("owner:"))
    else:
        found = tx.get(Partner, chosen)
    if found is None or found.organisation_id != walk.organisation_id or found.ended_at:
        raise Refused(_("This partner is not there any more. Choose another one."))
    return found.id


def _spans(written: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """Spans as a form has them: "note:12-17", several with spaces between."""
    spans: dict[str, list[tuple[int, int]]] = {name: [] for name in WORDS}
    for one in " ".join(written).split():
        found = _SPAN.fullmatch(one)
        if found is None:
            raise _unreadable()
        spans[found[1]].append((int(found[2]), int(found[3])))
    return spans


def _seen(note_id: str, version: str, rev: str) -> Seen:
    if not (_ID.fullmatch(note_id) and is_number(version) and is_number(rev)):
        raise _unreadable()
    return Seen(note_id, int(version), int(rev))


def is_number(written: str) -> bool:
    return written.isascii() and written.isdigit() and len(written) < 10


def _unreadable() -> Problem:
    return Problem("invalid", _("This page is not whole. Load it again; nothing was decided."))
