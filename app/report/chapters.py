"""A frozen report's places as they are printed: where it feels safe, what matters most, then stop by stop.

Hides order, counting and which photos there is room for. Promises that a note stands once, under its number, with every voice
that was merged into it; and that what a shape or a bar shows is a number or a word too. Made from a document of `freezing`.
"""

from collections import Counter
from datetime import date, datetime
from itertools import groupby
from typing import Any

from app.i18n import gettext as _
from app.i18n import ngettext
from app.measures import words as plan
from app.pages import clock, day
from app.report import words
from app.taxonomy import factors as known_factors
from app.typesetting import cut, paragraphs, plain

VALENCES = ("safe", "mixed", "unsafe")
GOOD_PLACES, QUOTES, GIST = 4, 3, 110
MATTER = 5
MOST_PHOTOS = 240  # in one PDF; the ZIP has all

Content = dict[str, Any]
Note = dict[str, Any]


def stops(content: Content) -> list[dict[str, Any]]:
    return [
        {"number": str(stop["number"]), "name": plain(stop["name"]), "felt": _felt(_voices_at(content, stop["number"]))}
        for stop in content["stops"]
    ]  # fmt: skip


def good(content: Content, shown: dict[str, str]) -> list[dict[str, Any]]:
    """Where it feels safe: the most mentioned places first, each with a few of the walkers' own sentences."""
    safe = [note for note in content["notes"] if note["valence"] == "safe"]
    found = [(number, list(notes)) for number, notes in groupby(safe, key=lambda note: note["stop"])]
    # The most mentioned first, and of those with as many notes the ones with a photo.
    found.sort(
        key=lambda one: (
            -len(each(one[1])),
            not any(photo["name"] in shown for note in one[1] for photo in note["photos"]),
        )
    )
    return [
        {
            "number": str(number) if number else "",
            "name": stop_name(content, number),
            "quotes": [cut(note["note"], GIST) for note in sorted(notes, key=lambda note: -note["agreements"]) if note["note"]][:QUOTES],
            "said": ngettext("%(num)s note", "%(num)s notes", len(each(notes))),
            "photo": next((_photo(photo, note, content, shown) for note in notes for photo in note["photos"] if photo["name"] in shown), None),
        }
        for number, notes in found[:GOOD_PLACES]
    ]  # fmt: skip


def matter(content: Content) -> list[dict[str, Any]]:
    """The places that matter most: as they were chosen, else those that most speak of as unsafe or both."""
    chosen = [(place["stop"], paragraphs(place["words"])) for place in content["places"]]
    if not chosen:
        spoken = Counter[int]()
        for note in content["notes"]:
            if note["valence"] in ("unsafe", "mixed") and note["stop"]:
                spoken[note["stop"]] += 1 + len(note["voices"]) + note["agreements"]
        chosen = [(stop, []) for stop, _number in sorted(spoken.items(), key=lambda one: (-one[1], one[0]))[:5]]
    return [
        {"number": str(stop), "name": stop_name(content, stop), "words": told or [_about(content, stop)],
         "said": ngettext("%(num)s note", "%(num)s notes", len(_voices_at(content, stop)))}
        for stop, told in chosen
    ]  # fmt: skip


def _about(content: Content, stop: int) -> str:
    """What the notes of unease at a stop are about, in two or three reasons."""
    reasons = Counter(
        key
        for note in content["notes"]
        if note["stop"] == stop and note["valence"] != "safe"
        for key in note["factors"]
    )
    return ", ".join(words.factor(key) for key, _number in reasons.most_common(3))


def subjects(notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Notes by category, the most mentioned first; a note can be about several."""
    found: dict[str, list[str | None]] = {}
    for note in each(notes):
        for key in dict.fromkeys(known_factors()[key]["category"] for key in note["factors"] if key in known_factors()):
            found.setdefault(key, []).append(note["valence"])
    rows = sorted(found.items(), key=lambda one: -len(one[1]))
    return [{"name": words.category(key), "felt": _felt(felt), "all": len(felt)} for key, felt in rows]


def by_role(notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Notes by who wrote them, and what each role wrote most about; nothing where the document does not say who."""
    found: dict[str, list[dict[str, Any]]] = {}
    for note in each(notes):
        if note["role"]:
            found.setdefault(note["role"], []).append(note)
    rows = sorted(found.items(), key=lambda one: -len(one[1]))
    return [{"name": words.role(role), "felt": _felt([note["valence"] for note in wrote]), "all": len(wrote),
             "most": next((row["name"] for row in subjects([{**note, "voices": []} for note in wrote])), "")}
            for role, wrote in rows]  # fmt: skip


def places(content: Content, shown: dict[str, str]) -> list[dict[str, Any]]:
    """Every stop with what was noted there, the good first; what lies between stops last."""
    stops = [*content["stops"], {"number": None, "name": _("Between the stops"), "prompt": ""}]
    found = []
    for stop in stops:
        notes = [note for note in content["notes"] if note["stop"] == stop["number"]]
        notes.sort(key=lambda note: VALENCES.index(note["valence"]) if note["valence"] in VALENCES else 3)
        if notes or stop["number"] is not None:
            found.append({
                "number": str(stop["number"] or ""), "name": plain(stop["name"]), "prompt": plain(stop["prompt"]),
                "felt": _felt(_voices_at(content, stop["number"])), "disagree": _disagreement(content, stop["number"]),
                "notes": [_note(note, content, shown) for note in notes],
            })  # fmt: skip
    return found


def _disagreement(content: Content, stop: int | None) -> str:
    """Where some feel safe and others do not."""
    felt = Counter(_voices_at(content, stop))
    if not (stop and felt["safe"] and felt["unsafe"]):
        return ""
    return _("We saw it differently: %(safe)s safe, %(unsafe)s unsafe.", safe=felt["safe"], unsafe=felt["unsafe"])


def _note(note: dict[str, Any], content: Content, shown: dict[str, str]) -> dict[str, Any]:
    beside = [_who(note, content)]
    if note["agreements"]:
        beside.append(ngettext("%(num)s sees it so too", "%(num)s see it so too", note["agreements"]))
    if note["measures"]:
        numbers = ", ".join(map(str, note["measures"]))
        beside.append(ngettext("Measure %(numbers)s", "Measures %(numbers)s", len(note["measures"]), numbers=numbers))
    return {
        "number": note["number"],
        "valence": note["valence"] or "",
        "felt": words.valence(note["valence"] or "none"),
        "feeling": words.feeling(note["feeling"]) if note.get("feeling") is not None else "",
        "note": paragraphs(note["note"]),
        "suggestion": paragraphs(note["suggestion"]),
        "reasons": plain(", ".join(words.factor(key) for key in note["factors"])),
        "beside": " · ".join(filter(None, beside)),
        "photos": [_photo(photo, note, content, shown) for photo in note["photos"] if photo["name"] in shown],
        "voices": [
            {"felt": words.valence(one["valence"] or "none"), "valence": one["valence"] or "", "who": words.role(one["role"]) if one["role"] else "",
             "note": plain(" ".join(filter(None, (one["note"], one["suggestion"])))) or plain(", ".join(words.factor(key) for key in one["factors"]))}
            for one in note["voices"]
        ],
    }  # fmt: skip


def _who(note: dict[str, Any], content: Content) -> str:
    """The role, and the time where the document knows it."""
    zone, begun = content["walk"]["timezone"], content["walk"]["day"]
    made = moment(note.get("captured_at"))
    at = ""
    if made:
        at = (
            clock(made, zone)
            if day(made, zone) == (plan.day(date.fromisoformat(begun)) if begun else "")
            else f"{day(made, zone)}, {clock(made, zone)}"
        )
    return ", ".join(filter(None, (words.role(note["role"]) if note["role"] else "", at)))


def photos(notes: list[dict[str, Any]], ids: dict[str, str]) -> dict[str, str]:
    """Which photos are printed, by name: all, or where they are very many first one for each note; with their files."""
    ranked = [(at, photo["name"]) for note in notes for at, photo in enumerate(note["photos"]) if photo["name"] in ids]
    chosen = sorted(ranked, key=lambda one: one[0])[:MOST_PHOTOS]
    return {name: f"photo-{at}.jpg" for at, (_rank, name) in enumerate(chosen)}


def _photo(photo: dict[str, Any], note: dict[str, Any], content: Content, shown: dict[str, str]) -> dict[str, Any]:
    width, height = photo.get("width") or 4, photo.get("height") or 3
    place, gist = stop_name(content, note["stop"]), cut(note["note"] or note["suggestion"], GIST)
    alt = _("Photo from %(place)s", place=place)
    return {"file": shown[photo["name"]], "alt": f"{alt}: {gist}" if gist else alt, "ratio": width / height}


def point(note: dict[str, Any], content: Content) -> list[str]:
    """A row of the list that says in words what the map shows."""
    lat, lon = note.get("lat"), note.get("lon")
    stop = next((stop for stop in content["stops"] if stop["number"] == note["stop"]), None)
    where = stop_name(content, note["stop"])
    if lat is None and stop:
        lat, lon = stop["lat"], stop["lon"]
    return [
        note["number"],
        words.valence(note["valence"] or "none"),
        f"{note['stop']}. {where}" if note["stop"] else where,
        plan.degrees(lat, lon) if lat is not None and lon is not None else _("Place not known"),
        cut(note["note"] or note["suggestion"] or ", ".join(words.factor(key) for key in note["factors"]), GIST),
    ]


# Small words


def each(notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every voice: the notes, and those that were merged into them."""
    return [one for note in notes for one in (note, *note["voices"])]


def _voices_at(content: Content, stop: int | None) -> list[str | None]:
    return [one["valence"] for note in content["notes"] if note["stop"] == stop for one in (note, *note["voices"])]


def _felt(valences: list[str | None]) -> list[int]:
    counted = Counter(valences)
    return [counted[key] for key in VALENCES]


def stop_name(content: Content, number: int | None) -> str:
    name = next((stop["name"] for stop in content["stops"] if stop["number"] == number), None)
    return plain(name) if name else _("Between the stops")


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
