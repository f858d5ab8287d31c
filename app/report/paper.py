"""A frozen report as what is printed of it: every fact in words, in the reader's language, for templates/paper/report.typ.

Hides what a section is made of and what stands in it. Promises that the good places come first; that whatever a map, a shape
or a bar shows stands there as a number or a word too; that nothing is printed which the document does not hold, so that an
internal, a partner's and a public one all go through here; and that what people typed stays text. Made from a document of
`freezing` alone; never touches SQL.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.i18n import gettext as _
from app.i18n import language, ngettext
from app.measures import words as plan
from app.pages import clock
from app.report import chapters, since_paper, words
from app.report.allowed import INSIDE, PARTNER, PUBLIC
from app.report.since_page import View
from app.typesetting import cut, paragraphs, plain

Content = dict[str, Any]


@dataclass(frozen=True)
class Sheet:
    """What is set: `given` for the source, and the photos it names: file name → photo id."""

    given: dict[str, Any]
    photos: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class About:
    """What a printed report says of itself. `mark`: a short text that is another one for another content; `made`: the day it
    is of; `edition`: "Public edition 2, released 9 December 2026"; without it, it says that it is internal; `map_svg`: the way
    drawn, where the walk has a map; `earlier`: (when the walk before was, its measures as they are now); `since`: this walk
    beside that one, `pairs`: the ids of the photos in it, by their names."""

    mark: str
    made: date
    edition: str = ""
    organisation: str = ""
    map_svg: str | None = None
    earlier: tuple[str, list[dict[str, Any]]] | None = None
    since: View | None = None
    pairs: dict[str, str] = field(default_factory=dict)


def sheet(content: Content, photo_ids: dict[str, str], about: About) -> Sheet:
    """What is set of a document. `photo_ids`: by the photos' names in it."""
    notes = content["notes"]
    shown = chapters.photos(notes, photo_ids)
    files = {photo_ids[name]: file for name, file in shown.items()}
    pairs = {name: files.setdefault(key, f"{name}.jpg") for name, key in about.pairs.items()}
    given = {
        "language": language(),
        "title": plain(content["walk"]["title"]) or _("Safety walk"),
        "mark": about.mark,
        "date": [about.made.year, about.made.month, about.made.day],
        "map": about.map_svg,
        "words": _words(),
        **_cover(content, about.organisation, about.edition),
        "reading": _reading(content),
        "participants": _participants(content["participants"]),
        "stops": chapters.stops(content),
        "good": chapters.good(content, shown),
        "matter": chapters.matter(content),
        "subjects": chapters.subjects(notes),
        "by_role": chapters.by_role(notes),
        "places": chapters.places(content, shown),
        "measures": [_measure(one) for one in content["measures"] if not _is_refused(one)],
        "impossible": [_measure(one) for one in content["measures"] if _is_refused(one)],
        "told": {
            name: paragraphs(content["telling"].get(name, "")) for name in ("summary", "safe", "themes", "impossible")
        },
        "earlier": _earlier(about.earlier),
        "since": since_paper.beside(about.since, pairs),
        "afterwards": _afterwards(content),
        "method": _method(content, sum(len(note["photos"]) for note in notes) - len(shown)),
        "points": [chapters.point(note, content) for note in notes],
    }
    return Sheet(given, {file: key for key, file in files.items()})


# The cover


def _cover(content: Content, organisation: str, edition: str) -> dict[str, Any]:
    voices = [one["valence"] for note in content["notes"] for one in (note, *note["voices"])]
    felt = Counter(voices)
    figures = [
        (ngettext("note about a safe place", "notes about safe places", felt["safe"]), felt["safe"], "safe"),
        (ngettext("note about both", "notes about both", felt["mixed"]), felt["mixed"], "mixed"),
        (ngettext("note about an unsafe place", "notes about unsafe places", felt["unsafe"]), felt["unsafe"], "unsafe"),
    ]
    people = sum(content["participants"].values())
    took_part = ngettext("%(num)s person took part.", "%(num)s people took part.", people) if people else ""
    wrote = ngettext(
        "They wrote %(num)s note about where it feels safe, where it does not, and what can help.",
        "They wrote %(num)s notes about where it feels safe, where it does not, and what can help.", len(voices),
    )  # fmt: skip
    return {
        "kicker": _("Report from a safety walk"),
        "lead": f"{took_part} {wrote}".strip(),
        "figures": [{"said": said, "number": number, "shape": shape} for said, number, shape in figures],
        "facts": [fact for fact in _facts(content, organisation, edition) if fact["lines"]],
        "footer": _footer(content, edition),
        "is_internal": not edition,
    }


def _facts(content: Content, organisation: str, edition: str) -> list[dict[str, Any]]:
    walk, telling = content["walk"], content["telling"]
    light = words.LIGHTS.get(walk.get("light") or "")
    on, hours = _when(walk)
    how = [
        _sentence(hours),
        _sentence(_(light) if light else ""),
        _sentence(plain(telling.get("weather", ""))),
        _sentence(words.length(content["route"])),
    ]
    journal = plain(telling.get("journal", ""))
    by = words.people(content["participants"])
    return [
        {"term": _("Walked"), "lines": [line for line in (on, " ".join(filter(None, how)), plain(walk.get("area") or "")) if line]},
        {"term": _("By"), "lines": [by] if by else []},
        {"term": edition or _("Internal"), "lines": [line for line in (
            "" if edition else _("Not read through for publication. Do not pass it on."), plain(organisation),
            _("Journal no. %(number)s", number=journal) if journal else "") if line]},
    ]  # fmt: skip


def _when(walk: dict[str, Any]) -> tuple[str, str]:
    """("26. november 2026", "19.00–20.30"), each "" where it is not known."""
    zone, hours = walk["timezone"], [chapters.moment(walk[name]) for name in ("starts_at", "ends_at")]
    on = plan.day(date.fromisoformat(walk["day"])) if walk["day"] else ""
    return on, "–".join(clock(hour, zone) for hour in hours if hour) if hours[0] else ""


def _footer(content: Content, edition: str) -> str:
    title = cut(content["walk"]["title"], 60)
    return f"{title} · {edition or _('Internal')}"


# What it is, and who took part


def _reading(content: Content) -> list[str]:
    read = _(
        "Read it so: the notes are experiences of places, not facts about people. Two people have read all of it before it became public."
    )
    said = [
        read if content["version"] == PUBLIC else _("The notes are experiences of places, not facts about people. They stand as the walkers wrote them."),
        _("What feels safe comes first: it is worth looking after. A place can be both; then both stand there."),
        _("A triangle is an unsafe place, a circle a safe one, a half-filled square is both. The word always stands beside it."),
        _("Each note has a number: 4.2 is the second one at stop 4. Numbers of voices are few; they say what these people felt, not how safe the place is."),
    ]  # fmt: skip
    if content["version"] == INSIDE:
        said.append(
            _(
                "This version is internal. It may hold what must not be published, and somebody may ask for access to it."
            )
        )
    if content["version"] == PARTNER:
        said.append(_("This is an extract: it holds only what was passed on to you."))
    purpose = paragraphs(content["telling"].get("purpose") or content["walk"].get("purpose") or "")
    return purpose + said


def _participants(counts: dict[str, int]) -> list[list[Any]]:
    return [[words.role(role), number] for role, number in counts.items()]


# What is done, and the annex


def _is_refused(one: dict[str, Any]) -> bool:
    return bool(one["kind"] == "impossible" or one["status"] == "refused")


def _measure(one: dict[str, Any]) -> dict[str, Any]:
    who = [plain(one["partner"]), plain(one["unit"])]
    return {
        "number": str(one["number"]),
        "place": plain(one["place"]),
        "what": plain(one["measure"] or one["problem"]),
        "kind": plan.kind(one["kind"]),
        "who": ", ".join(dict.fromkeys(filter(None, who))) or "–",
        "deadline": plan.short_day(date.fromisoformat(one["deadline"])) if one["deadline"] else "–",
        "status": plan.status(one["status"]),
        "is_done": one["status"] == "done",
        "answer": paragraphs(one["answer"]),
        "reason": paragraphs(one["reason"]),
        "notes": ", ".join(one.get("notes", [])),
    }


def _earlier(earlier: tuple[str, list[dict[str, Any]]] | None) -> dict[str, Any] | None:
    """What was agreed after the walk before, and what has become of it."""
    if earlier is None or not earlier[1]:
        return None
    done, number = sum(one["status"] == "done" for one in earlier[1]), len(earlier[1])
    said = ngettext("%(done)s of %(num)s measure from the walk before is done.", "%(done)s of %(num)s measures from the walk before are done.",
                    number, done=done)  # fmt: skip
    when = plan.day(date.fromisoformat(earlier[0])) if earlier[0] else ""
    return {"said": said, "when": when, "measures": [_measure(one) for one in earlier[1]]}


def _afterwards(content: Content) -> list[str]:
    telling = content["telling"]
    on = telling.get("followup_on", "")
    said = [_("Followed up on %(day)s.", day=plan.day(date.fromisoformat(on)))] if on else []
    said += paragraphs(telling.get("followup", ""))
    contact = plain(telling.get("contact", ""))
    return said + ([_("Questions: %(contacts)s", contacts=contact)] if contact else [])


def _method(content: Content, left_out: int) -> list[str]:
    said = [
        _("Residents and people with an office walked the route together and wrote down what feels safe and unsafe, on their phones or on paper. A reviewer has read each note, merged those that say the same and struck out what could point at a person. Somebody else has read all of it again and released it."),
        _("A note's place is that of its stop, or where a reviewer has put it. Measured positions, names, teams and hours are not in it. Notes on sensitive subjects are not in it either. Few notes say little: they are no measure of an area."),
    ] if content["version"] == PUBLIC else [
        _("The walkers wrote on their own phones, or on paper, while they walked. Each note has a feeling, reasons from a fixed list of 13 subjects, words or photos, as the walker chose."),
        _("A place is where the phone measured it, where somebody put it on the map, or the place of the stop. Names of walkers are not in the report."),
    ]  # fmt: skip
    if any(note["voices"] for note in content["notes"]):
        said.append(_("Notes about the same thing stand together; every voice is kept and counted."))
    if left_out > 0:
        said.append(
            ngettext(
                "%(num)s photo is not printed; all are in the ZIP file.",
                "%(num)s photos are not printed; all are in the ZIP file.",
                left_out,
            )
        )
    return said


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _words() -> dict[str, str]:
    """What the source says itself."""
    return {
        "quote": _("“%(words)s”", words="…"), "contents": _("Contents"), "reading": _("How to read it"), "who": _("Who took part"), "role": _("Role"),
        "number": _("Number"), "way": _("Where we walked"), "map": _("Map of the way; the stops are numbered on it, and named below. Every note stands in the annex as text."),
        "stop": _("Stop"), "no": _("No."), "safe": _("Safe"), "mixed": _("Both"), "unsafe": _("Unsafe"), "all": _("All"),
        "short": _("In short"), "good": _("Here it feels safe"), "good-lead": _("What is good is worth looking after. And doing likewise."),
        "no-good": _("No note about a safe place has come in yet."), "matter": _("Places to begin with"),
        "matter-lead": _("The places most have written about, and where something can be done."),
        "subjects": _("What it is about"), "subjects-lead": _("One note can be about several things."), "subject": _("Subject"),
        "by-role": _("Who wrote what"), "by-role-lead": _("Roles see different things. Where there are few voices, a number says little."), "most": _("Most about"),
        "places": _("Stop by stop"), "no-notes": _("no notes"), "suggestion": _("Suggestion"), "reasons": _("Reasons"), "also": _("Said about the same"),
        "themes": _("Across the stops"), "plan": _("What is done about it"), "plan-lead": _("Each measure has somebody who answers for it, a deadline and an answer. No money of its own follows a walk."),
        "no-plan": _("No measure has been agreed yet."), "place-and-measure": _("Place and measure"), "answers-for-it": _("Who answers for it"), "deadline": _("Deadline"), "status": _("Status"), "answer": _("Answer"),
        "impossible": _("What is not possible, and why"), "reason": _("Reason"), "afterwards": _("What happens next"), "earlier": _("Since last time"),
        "before-after": _("Before and after"), "place-by-place": _("Place by place"), "heard": _("What we heard, and what was promised"), "agreed": _("What was agreed then"),
        "annex": _("Annex: how it was done, and every place as text"), "how": _("How it was done"), "points": _("Every place as text"),
        "note": _("Note"), "feels": _("Feels"), "where": _("Place"), "degrees": _("Latitude, longitude"), "begins": _("What it says"),
        "page": _("Page"), "of": _("of"),
    }  # fmt: skip
