"""What can be observed: 13 categories and their factors, neutral in wording, in Danish and English.

Hides the file they are kept in. Promises stable keys: a factor may be added, never renamed, because notes in old phones
name them. Grounding of each category (DKR, ISO 22341, Safetipin) stands in taxonomy.json.
"""

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any


@cache
def _whole() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "taxonomy.json").read_text("utf-8"))  # type: ignore[no-any-return]


@cache
def for_phones() -> dict[str, Any]:
    """`{"version", "categories": [{"key","da","en","factors": [{"key","da","en","help_da","help_en","sensitive"}]}]}`."""
    kept = ("key", "da", "en", "help_da", "help_en", "sensitive")
    categories = [
        {
            **{name: category[name] for name in ("key", "da", "en")},
            "factors": [{name: factor[name] for name in kept} for factor in category["factors"]],
        }
        for category in _whole()["categories"]
    ]
    return {"version": _whole()["version"], "categories": categories}


@cache
def factors() -> dict[str, dict[str, Any]]:
    """Every factor by its key, each with its `category`."""
    return {
        factor["key"]: {**factor, "category": category["key"]}
        for category in _whole()["categories"]
        for factor in category["factors"]
    }


def categories() -> list[dict[str, Any]]:
    """The categories in the order of the tiles."""
    return list(_whole()["categories"])


def label(key: str, language: str) -> str:
    """The name of a factor or category in "da" or "en"; an unknown key is given back as it is."""
    if key in factors():
        return str(factors()[key][language])
    return next((str(entry[language]) for entry in categories() if entry["key"] == key), key)


def is_sensitive(keys: list[str]) -> bool:
    """Whether a note with these factors is shown only to its author and cleared readers until it is reviewed.

    A factor we do not know, of a newer phone, is as sensitive as the most sensitive one of its category."""
    return any(_sensitive(key) for key in keys)


@lru_cache(2000)
def _sensitive(key: str) -> bool:
    known = factors().get(key)
    return bool(known["sensitive"]) if known else key.partition(".")[0] in _sensitive_categories()


@cache
def _sensitive_categories() -> frozenset[str]:
    return frozenset(factor["category"] for factor in factors().values() if factor["sensitive"])


def owners() -> dict[str, dict[str, str]]:
    """Who usually mends what, by their code: {"da", "en"}, in the order of the table."""
    return dict(_whole()["owners"])


def usual_owner(keys: list[str]) -> str | None:
    """The code of who usually mends what these factors name: the owner that stands first most often, and of those the
    first one. Who really does is decided by the ground's ownership, and so by a person."""
    first = [factors()[key]["owners"][0] for key in keys if key in factors() and factors()[key]["owners"]]
    return max(first, key=lambda owner: (first.count(owner), -first.index(owner))) if first else None
