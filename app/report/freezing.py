"""A Report as a document that stands for itself: the internal version, a partner's extract, or what everybody may read.

Hides how notes are numbered and gathered, and what a place is. Promises that each version holds what `allowed` lets it and
nothing else; that a public one knows no measured position, no hour of a note, no id, and no role so rare that it names
somebody; and that equal documents are equal bytes. Made from a Report alone.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, is_dataclass, replace
from datetime import date, datetime
from typing import Any

from app.measures.measures import Told
from app.pages import local
from app.report.allowed import INSIDE, MEASURE, NOTE, PARTNER, PHOTO, PUBLIC, STOP, TELLING, WALK, only
from app.report.report import Observation, Report
from app.review.decided import RELEASED, led_by
from app.sync.protocol import utc

FORMAT = "tryghedsvandring.edition/1"
FEW_OF_A_ROLE = 3  # where fewer walked along in a role, it would say who wrote
SEEN = {"approved", "public"}
_MADE = ("photos", "role", "measures", "lat", "lon")  # fields of a note that are made here


@dataclass
class Document:
    """`content`: what may be read; `keys`: which note, photo and measure each number in it is, for us alone; `counts`: how
    much there was, and how much of it is in."""

    content: dict[str, Any]
    keys: dict[str, dict[str, Any]] = field(default_factory=lambda: {"notes": {}, "photos": {}, "measures": {}})
    counts: dict[str, int] = field(default_factory=dict)


def canonical(content: dict[str, Any]) -> bytes:
    """One way to write it down: sorted, without blanks, UTF-8."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON, hex."""
    return hashlib.sha256(canonical(content)).hexdigest()


def document(report: Report, telling: dict[str, Any], version: str = PUBLIC, partner_id: str | None = None) -> Document:
    """The `version` of a report; for a partner's extract that of `partner_id`. `telling`: the report's own words, with
    `places`: [{"stop": number, "words"}]. `report`: without sensitive notes, unless it is for those inside."""
    made = Document({})
    measures = [one for one in report.measures if version != PARTNER or one.partner_id == partner_id]
    notes = _numbered(made, report, version, partner_id, {one.number for one in measures})
    walk = only(report.walk, WALK, version, but=("starts_at", "ends_at"))
    made.content = _plain({
        "format": FORMAT,
        "version": version,
        "walk": {**walk, **_when(report)},
        "telling": only(telling, TELLING, version) if version != PARTNER else {},
        "places": telling["places"] if version != PARTNER else [],
        "participants": report.participants,
        "route": _route(report.route),
        "stops": [only(stop, STOP, version) for stop in report.stops],
        "notes": notes,
        "measures": _measures(made, measures, version),
    })  # fmt: skip
    return made


def _numbered(
    made: Document, report: Report, version: str, partner_id: str | None, measures: set[int]
) -> list[dict[str, Any]]:
    """The notes along the route, each with its number ("4.2": the second at stop 4; 0: between the stops)."""
    report = replace(report, observations=_of_version(report, version, partner_id, measures))
    voices, at_stop, found = report.voices(), Counter[int](), list[dict[str, Any]]()
    leading = (one for one in report.observations if not one.merged_into)
    for seen in sorted(leading, key=lambda one: (one.stop is None, one.stop or 0, one.captured_utc, one.id)):
        at_stop[seen.stop or 0] += 1
        number = f"{seen.stop or 0}.{at_stop[seen.stop or 0]}"
        made.keys["notes"][number] = seen.id
        merged = voices.get(seen.id, ())
        for at, one in enumerate(merged, 1):
            made.keys["notes"][f"{number}/{at}"] = one.id
        found.append({
            "number": number,
            **only(seen, NOTE, version, but=_MADE),
            **_place(seen, version),
            "role": _role(seen, report, version),
            "measures": sorted(measures & {number for one in (seen, *merged) for number in one.measures}),
            "photos": _photos(made, number, (seen, *merged), version),
            "voices": [
                {"number": f"{number}/{at}", **only(one, NOTE, version, but=(*_MADE, "stop")), "role": _role(one, report, version)}
                for at, one in enumerate(merged, 1)
            ],
        })  # fmt: skip
    return found


def _of_version(report: Report, version: str, partner_id: str | None, measures: set[int]) -> tuple[Observation, ...]:
    """The notes that are in it, each led by one that is in it too: who was merged is released as well, and stays where the
    note that spoke for it may not be told or is gone."""
    if version == INSIDE:
        return report.observations
    routed = {
        seen.id
        for seen in report.observations
        if seen.partner_id == partner_id or not measures.isdisjoint(seen.measures)
    }
    found = [
        seen
        for seen in report.observations
        if seen.review in RELEASED
        and not seen.sensitive
        and (version != PARTNER or not routed.isdisjoint((seen.id, seen.merged_into)))
    ]
    leads = led_by([seen.id for seen in found], {seen.id: seen.merged_into for seen in found if seen.merged_into})
    return tuple(replace(seen, merged_into=leads.get(seen.id)) for seen in found)


def _place(seen: Observation, version: str) -> dict[str, float | None]:
    """Where it is: in public only where a reviewer has put it; the stop's place stands with the stop."""
    shown = version != PUBLIC or seen.placed
    return {"lat": _degrees(seen.lat) if shown else None, "lon": _degrees(seen.lon) if shown else None}


def _photos(made: Document, number: str, notes: Iterable[Observation], version: str) -> list[dict[str, Any]]:
    """Those that are ready; outside only the approved ones."""
    found: list[dict[str, Any]] = []
    for seen in notes:
        for photo in seen.photos:
            if photo.state != "ready" or (version != INSIDE and photo.review not in SEEN):
                continue
            name = f"{number}-{len(found) + 1}"
            made.keys["photos"][name] = photo.id
            found.append({"name": name, **only(photo, PHOTO, version)})
    return found


def _measures(made: Document, measures: list[Told], version: str) -> list[dict[str, Any]]:
    """In public only those that rest on a note which is in it: the problem may be told in the words of another one."""
    numbers = {note_id: number for number, note_id in made.keys["notes"].items()}
    told: list[dict[str, Any]] = []
    for one in measures:
        notes = dict.fromkeys(numbers[key].partition("/")[0] for key in one.observation_ids if key in numbers)
        if notes or version != PUBLIC:
            made.keys["measures"][str(one.number)] = one.id
            told.append({**only(one, MEASURE, version), "notes": list(notes)})
    return told


def _role(seen: Observation, report: Report, version: str) -> str | None:
    return seen.role if version == INSIDE or seen.role in _roles_said(report.participants) else None


def _roles_said(participants: dict[str, int]) -> set[str]:
    """The roles that may be said of a note. Where the others are too few even together, whoever is not said to have one of
    these would be known all the same: then the least common of them is not said either."""
    common = {role: number for role, number in participants.items() if number >= FEW_OF_A_ROLE}
    if common and 0 < sum(participants.values()) - sum(common.values()) < FEW_OF_A_ROLE:
        common.pop(min(common, key=lambda role: (common[role], role)))
    return set(common)


def _when(report: Report) -> dict[str, Any]:
    """The day, and the hours that were planned: never the hour of a note."""
    walk = report.walk
    begun = walk["starts_at"] or (report.observations[0].captured_utc if report.observations else None)
    return {
        "day": local(begun, walk["timezone"]).date() if begun else None,
        "starts_at": walk["starts_at"],
        "ends_at": walk["ends_at"],
    }


def _route(route: dict[str, Any] | None) -> dict[str, Any] | None:
    if not route:
        return None
    return {"type": "LineString", "coordinates": [[_degrees(at) for at in place[:2]] for place in route["coordinates"]]}


def _degrees(value: float | None) -> float | None:
    """To a tenth of a metre."""
    return None if value is None else round(value, 6)


def _plain(value: Any) -> Any:
    """What JSON can hold, once and for all: so that what comes out of the database is what went in."""
    if is_dataclass(value) and not isinstance(value, type):  # another text of the same revision
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
