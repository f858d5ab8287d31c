"""What is to be done after the demo walk: its partners, its measures, what they have answered so far.

Hides that a measure's history is made by answering it, as partners do. Promises places and words that go with the notes of
content.py; of the one on a sensitive subject nothing is told but the place.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from app.measures import changing, partners
from app.measures.changing import By
from app.models import Measure, Partner, Photo, User, Walk
from app.settings import Settings

LINKED = "park"  # one of them is answered, one waits
LINK_DAYS = 365

PARTNERS = {
    "vej": "Vej og Lys",
    "park": "Park og Natur",
    "trafik": "Trafikselskabet",
    "social": "Nærpoliti og SSP",
    "samraad": "Samrådet",
    "bolig": "Boligforeningen",
}
# `notes`: which of NOTES it rests on; `days`: from the walk to the deadline; `answer`: what came back since; `proof`: the photo of
# it done, in scenes.py; `late`: the answer came only after the report was released.
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
        "measure": "Svagere lys i skuret og en lampe på den anden side af vejen.", "late": True,
        "answer": {"status": "accepted", "ticket": "24-1187",
                   "answer": "Vi dæmper lyset i skuret i denne måned. Lampen over for spørger vi Vej og Lys om."},
    },
    {
        "notes": [8], "stop": 5, "partner": "vej", "kind": "upkeep", "days": 7, "priority": 3,
        "problem": "Der står vand på fliserne, så man går ude på cykelstien.", "measure": "Rens risten.", "proof": "drain",
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
    {
        "notes": [13], "stop": 6, "partner": "bolig", "kind": "small_works", "days": 14, "priority": 2,
        "problem": "Døren til opgangen ved siden af pizzeriaet smækker ikke.", "measure": "En ny dørpumpe.",
    },
]  # fmt: skip


def named(tx: Session) -> dict[str, Partner]:
    """The demo's partners, by whom of the taxonomy's owners they are."""
    return {
        owner: partners.of_owner(tx, None, owner) or partners.name(tx, None, owner, called, "")
        for owner, called in PARTNERS.items()
    }


def make(
    tx: Session,
    walk: Walk,
    begun: date,
    by: User,
    note_ids: list[str],
    stops: list[Any],
    ids: list[str],
    continued: Mapping[int, str],
) -> None:
    """The measures of the demo walk, which began on that day. `note_ids`: of NOTES; `ids`: of the measures to be;
    `continued`: which of them goes on with which of the walk before."""
    there = named(tx)
    for number, (measure_id, told) in enumerate(zip(ids, MEASURES, strict=True)):
        stop = stops[told["stop"] - 1]
        wanted = {name: told[name] for name in ("problem", "measure", "kind", "priority")} | {
            "place": stop.name, "stop_id": stop.id, "lat": stop.lat, "lon": stop.lon,
            "partner_id": there[told["partner"]].id, "continues_id": continued.get(number),
            "deadline": begun + timedelta(days=told["days"]) if told["days"] else None,
        }  # fmt: skip
        if "reason" in told.get("answer", {}):  # not possible, and why, from the first
            wanted["reason"] = told["answer"]["reason"]
        changing.make(tx, walk, measure_id, [note_ids[at] for at in told["notes"]], wanted, By(by.id))
    answer(tx, ids, by, late=False)


def answer(tx: Session, ids: Sequence[str], by: User, *, late: bool) -> None:
    """What their partners have said so far, or (`late`) since the report went out. `ids`: of the measures."""
    for measure_id, told in zip(ids, MEASURES, strict=True):
        made = tx.get(Measure, measure_id)
        if made is not None and "answer" in told and bool(told.get("late")) == late:
            changing.change(tx, made, made.version, told["answer"], By(by.id))


def prove(tx: Session, photos: Mapping[str, Photo], ids: Sequence[str], by: User) -> None:
    """Put the photos of what was done, by scene, beside their measures."""
    for measure_id, told in zip(ids, MEASURES, strict=True):
        if told.get("proof") in photos:
            made = tx.get_one(Measure, measure_id)
            changing.change(tx, made, made.version, {"proof_photo_id": photos[told["proof"]].id}, By(by.id))


def seen(tx: Session, ids: Sequence[str]) -> None:
    """The coordinator has looked at the photos of what was done."""
    for made in tx.exec(select(Measure).where(col(Measure.id).in_(ids))).all():
        photo = tx.get(Photo, made.proof_photo_id or "")
        if photo is not None and photo.state == "ready" and photo.review == "unseen":
            photo.review = "approved"
            photo.review_version += 1


def link(tx: Session, ids: Sequence[str], by: User, settings: Settings) -> str:
    """Where the partner LINKED answers, without an account; "" where there is none any longer."""
    first = next(number for number, told in enumerate(MEASURES) if told["partner"] == LINKED)
    made = tx.get(Measure, ids[first])
    partner = tx.get(Partner, made.partner_id or "") if made else None
    if partner is None or partner.ended_at:
        return ""
    key = settings.signing_key()
    there = (partners.address_of(one, settings.base_url, key) for one in partners.links_of(tx, [partner.id]))
    if found := next(filter(None, there), ""):
        return found
    made_now, _secret = partners.new_link(tx, partner, by, LINK_DAYS, key)
    return partners.address_of(made_now, settings.base_url, key)
