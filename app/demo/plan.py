"""What is to be done after the demo walk: its partners, its measures, what they have answered so far.

Hides that a measure's history is made by answering it, as partners do. Promises places and words that go with the notes of
content.py; of the one on a sensitive subject nothing is told but the place.
"""

from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from app.measures import changing, partners
from app.measures.changing import By
from app.models import Partner, User, Walk

PARTNERS = {
    "vej": "Vej og Lys",
    "park": "Park og Natur",
    "trafik": "Trafikselskabet",
    "social": "Nærpoliti og SSP",
    "samraad": "Samrådet",
}
# `notes`: which of NOTES it rests on; `days`: from the walk to the deadline; `answer`: what came back since.
MEASURES: list[dict[str, Any]] = [
    {
        "notes": [1, 2], "stop": 2, "partner": "vej", "kind": "upkeep", "days": 14, "priority": 1,
        "problem": "Alle tre lamper i tunnelen er slukket. Man kan ikke se, om der står nogen, før man er midtvejs.",
        "measure": "Skift lamperne, og sæt et spejl op ved udgangen.",
        "answer": {"status": "accepted", "ticket": "VL-3310", "unit": "Belysning",
                   "answer": "Vi skifter lamperne inden for 14 dage, til en slags, der ikke kan slås i stykker. Spejlet følger efter nytår."},
    },
    {
        "notes": [3], "stop": 3, "partner": "park", "kind": "upkeep", "days": 30, "priority": 1,
        "problem": "Buskene når helt ind over stien, så børnene går på kørebanen.",
        "measure": "Klip ned til knæhøjde på de første to meter.",
        "answer": {"status": "doing", "ticket": "PN-0871", "answer": "Vi er begyndt ved skolen og bliver færdige i næste uge."},
    },
    {
        "notes": [4], "stop": 3, "partner": "park", "kind": "upkeep", "days": 120, "priority": 2,
        "problem": "Lamperne står bag træerne, så lyset ikke når ned på stien.", "measure": "Beskær træerne foran lamperne.",
    },
    {
        "notes": [7], "stop": 5, "partner": "trafik", "kind": "looked_into", "days": 21, "priority": 2,
        "problem": "Lyset i læskuret er så skarpt, at alt udenfor bliver sort.",
        "measure": "Svagere lys i skuret og en lampe på den anden side af vejen.",
    },
    {
        "notes": [8], "stop": 5, "partner": "vej", "kind": "upkeep", "days": 7, "priority": 3,
        "problem": "Der står vand på fliserne, så man går ude på cykelstien.", "measure": "Rens risten.",
        "answer": {"status": "done", "answer": "Risten er renset, og vandet løber væk igen. Sig til, hvis det kommer tilbage."},
    },
    {
        "notes": [9], "stop": 5, "partner": "social", "kind": "police", "days": 60, "priority": 2,
        "problem": "Bænken bag garagerne: nogle går udenom efter kl. 22.", "measure": "Stedet følges om aftenen.",
        "answer": {"status": "accepted", "answer": "SSP og nærpolitiet følger op på stedet."},
    },
    {
        "notes": [1, 2], "stop": 2, "partner": "vej", "kind": "impossible", "days": None, "priority": 3,
        "problem": "Der er ingen anden vej over sporene, når det er mørkt.", "measure": "En bro over sporene.",
        "answer": {"status": "refused", "answer": "Det bliver ikke til noget nu. Derfor går lyset i tunnelen forud.",
                   "reason": "En bro kræver anlægsmidler, som ikke er afsat."},
    },
    {
        "notes": [10, 11], "stop": 6, "partner": "samraad", "kind": "together", "days": 90, "priority": 2,
        "problem": "Mange tror, at området er farligt. Torvet er det sted, hvor man gerne venter om aftenen.",
        "measure": "Flere ting på torvet, når det er mørkt: lyst hjørne ved pizzeriaet, fællesspisning i januar.",
    },
]  # fmt: skip


def make(tx: Session, walk: Walk, begun: date, by: User, note_ids: list[str], stops: list[Any], ids: list[str]) -> None:
    """The measures of the demo walk, which began on that day. `note_ids`: of NOTES; `ids`: of the measures to be."""
    there: dict[str, Partner] = {
        owner: partners.of_owner(tx, None, owner) or partners.name(tx, None, owner, called, "")
        for owner, called in PARTNERS.items()
    }
    who = By(by.id)
    for measure_id, told in zip(ids, MEASURES, strict=True):
        stop = stops[told["stop"] - 1]
        wanted = {name: told[name] for name in ("problem", "measure", "kind", "priority")} | {
            "place": stop.name, "stop_id": stop.id, "lat": stop.lat, "lon": stop.lon,
            "partner_id": there[told["partner"]].id,
            "deadline": begun + timedelta(days=told["days"]) if told["days"] else None,
        }  # fmt: skip
        if "reason" in told.get("answer", {}):  # not possible, and why, from the first
            wanted["reason"] = told["answer"]["reason"]
        made = changing.make(tx, walk, measure_id, [note_ids[at] for at in told["notes"]], wanted, who)
        if "answer" in told:
            changing.change(tx, made, made.version, told["answer"], who)
