"""A released report as its page tells it: in sections, with its charts as tables, in the reader's language.

Hides how wide a bar is and how a measure's day is written. Promises that a chart says no more than the numbers beside it, and
that few voices are told as few. Made from a Shown alone.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from app.i18n import gettext as _
from app.measures import words as measure_words
from app.report import since_page, words
from app.report.public import GOOD, PICTURES, QUOTES, VALENCES, Shown
from app.report.words import written_day

FEW = 5  # fewer notes than this are told in words


def values(shown: Shown, base: str, *, preview: bool = False) -> dict[str, Any]:
    """What the template is filled with. `base`: where the edition's photos and map are; `preview`: nobody else reads it yet."""
    content = shown.content
    walk = content["walk"]
    return {
        "shown": shown, "content": content, "walk": walk, "edition": shown.edition, "base": base, "preview": preview,
        "begun": moment(walk["starts_at"]), "ended": moment(walk["ends_at"]), "on": written_day(walk["day"]),
        "people": sum(content["participants"].values()), "notes": len(shown.voices), "marks": shown.marks,
        "numbers": {note["number"] for note in content["notes"]}, "page": PAGE, "words": words, "measures": measure_words,
        "quotes": QUOTES, "pictures": PICTURES, "good": GOOD, "valences": VALENCES, "few": FEW,
        "has_map": bool(content["route"]) or any(stop["lat"] is not None for stop in content["stops"]),
        "since": since_page.of_public(shown),
        "followup_on": written_day(content["telling"]["followup_on"]),
    }  # fmt: skip


class Page:
    """What the template asks for again and again."""

    @staticmethod
    def parts(counted: Counter[str], most: int) -> list[tuple[str, float, float, int]]:
        """A bar of a row, cut by feeling: (feeling, where it begins, how long, how many), in parts of 100 of the longest row."""
        begin, found = 0.0, []
        for valence in (*VALENCES, "none"):
            long = 100 * counted[valence] / max(most, 1)
            if long:
                found.append((valence, round(begin, 2), round(long, 2), counted[valence]))
            begin += long
        return found

    @staticmethod
    def most(rows: list[Any]) -> int:
        return max((row[1].total() for row in rows), default=0)

    @staticmethod
    def role(key: str) -> str:
        return _("Other roles") if key == "few" else words.role(key)

    @staticmethod
    def leaning(counted: Counter[str]) -> str:
        """How a role sees a place: "3 of 4 unsafe"."""
        valence, number = counted.most_common(1)[0]
        return _(
            "%(num)s of %(all)s %(feeling)s", num=number, all=counted.total(), feeling=words.valence(valence).lower()
        )

    @staticmethod
    def day(written: str | None) -> str:
        return written_day(written)

    @staticmethod
    def status(one: dict[str, Any]) -> tuple[str, str, str]:
        """(words, tone, icon) of a measure as it stands."""
        return since_page.status_of(one)

    @staticmethod
    def gist(place: Any) -> str:
        """What is said of a place to begin with, where nobody has written it: what it is about."""
        return ", ".join(words.factor(key) for key in place.factors("unsafe", "mixed"))


PAGE = Page()


def moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
