"""An organisation with years of walks behind it: walks, stops, notes and measures put straight into the tables."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from app.models import Measure, Observation, Participant, Partner, Stop, User, Walk, new_id

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
AREAS = ("Aalborg Øst", "Smedevangen", "Skovhaven", "Nørresundby", "Vejgaard", "Gug")
PLACES = (
    "Tunnelen",
    "Stien bag skolen",
    "Torvet",
    "Busstoppestedet",
    "Parkeringspladsen",
    "Legepladsen",
    "Kilden",
    "Broen",
)
WORDS = ("Lampen midt i tunnelen er slukket, og man kan ikke se, om der står nogen.", "Her er lys i vinduerne til langt ud på aftenen.",
         "Buskene når helt ind over stien, så børnene går på kørebanen.")  # fmt: skip
KINDS = ("upkeep", "small_works", "project", "together", "looked_into", "impossible")
STATUSES = ("proposed", "accepted", "doing", "done", "done", "refused", "other_owner")
PARTNERS = (("Vej og trafik", "vej"), ("Park og natur", "park"), ("Himmerland Boligforening", "bolig"), ("Nordjyllands Politi", "politi"))  # fmt: skip


def fill(
    tx: Session, organisation_id: str | None, by: User, *, walks: int, notes: int, measures: int, after: int = 0
) -> None:
    """So many of each, the notes and measures spread evenly over the walks. `after`: how many walks there are already."""
    chance = random.Random(7)
    partners = [
        Partner(organisation_id=organisation_id, owner=owner, name=f"{name} {after}" if after else name)
        for name, owner in PARTNERS
    ]
    made = [_walk(chance, organisation_id, number) for number in range(after, after + walks)]
    tx.add_all([*partners, *made])
    tx.flush()
    stops = {walk.id: _stops(chance, walk, number) for number, walk in enumerate(made)}
    walkers = [Participant(id=new_id(), walk_id=walk.id, secret_hash="") for walk in made]
    tx.add_all([*walkers, *(stop for row in stops.values() for stop in row)])
    tx.flush()
    tx.add_all(_note(chance, walkers[n % walks], stops[made[n % walks].id], n) for n in range(notes))
    tx.add_all(
        _measure(chance, made[n % walks], stops[made[n % walks].id], partners, by, n // walks + 1, n) for n in range(measures)
    )  # fmt: skip
    tx.flush()


def _walk(chance: random.Random, organisation_id: str | None, number: int) -> Walk:
    starts = NOW - timedelta(days=20 + 9 * number, hours=-6)
    area = AREAS[number % len(AREAS)]
    east, north = 9.92 + 0.02 * (number % len(AREAS)), 57.03 + 0.008 * (number % 5)
    line = [[east + 0.0004 * at, north + 0.00015 * (at if number % 2 else 40 - at)] for at in range(40)]
    return Walk(code=f"{number:08d}", organisation_id=organisation_id, title=f"Aftenvandring i {area}", area=area, state="closed",
                starts_at=starts, route={"type": "LineString", "coordinates": line})  # fmt: skip


def _stops(chance: random.Random, walk: Walk, number: int) -> list[Stop]:
    line = walk.route["coordinates"] if walk.route else []
    names = chance.sample(PLACES, 5)
    return [
        Stop(walk_id=walk.id, number=at + 1, name=name, lat=line[8 * at][1], lon=line[8 * at][0])
        for at, name in enumerate(names)
    ]


def _note(chance: random.Random, walker: Participant, stops: list[Stop], number: int) -> Observation:
    stop = chance.choice([*stops, None])
    near = stop or chance.choice(stops)
    fix = {"lat": near.lat + chance.uniform(-4e-4, 4e-4), "lon": near.lon + chance.uniform(-6e-4, 6e-4), "accuracy_m": 8.0,
           "source": "gps", "fixed_at": "2026-11-24T19:32:08+01:00"}  # type: ignore[operator]  # fmt: skip
    return Observation(
        id=new_id(), walk_id=walker.walk_id, participant_id=walker.id, rev=1, seq=number + 1, first_received_at=NOW, received_at=NOW,
        captured_at="2026-11-24T19:32:11+01:00", captured_utc=NOW, valence=chance.choice(("unsafe", "unsafe", "mixed", "safe")),
        factors=["lighting.outage"], note=chance.choice(WORDS), fix=fix, stop_id=stop.id if stop else None,
    )  # fmt: skip


def _measure(
    chance: random.Random, walk: Walk, stops: list[Stop], partners: list[Partner], by: User, number: int, n: int
) -> Measure:
    stop, status = chance.choice(stops), chance.choice(STATUSES)
    deadline: date | None = chance.choice(
        [None, *(NOW.date() + timedelta(days=days) for days in (-40, -3, 5, 12, 60, 200))]
    )
    done: dict[str, Any] = (
        {"done_at": (walk.starts_at or NOW) + timedelta(days=chance.randint(4, 90))} if status == "done" else {}
    )
    partner = chance.choice([*partners, None])
    return Measure(
        walk_id=walk.id, number=number, place=stop.name, stop_id=stop.id, lat=stop.lat, lon=stop.lon, problem="Slukket lampe",
        measure="Skift lampen", kind=chance.choice(KINDS), partner_id=partner.id if partner else None, deadline=deadline,
        status=status, created_by=by.id, **done,
    )  # fmt: skip
