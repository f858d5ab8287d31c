"""The demo walk: one evening in Helsinki, told by eight people who do not exist.

Hides its content and how it gets in: by the same doors as a phone's, the ingest and the photo vault. Promises that it is
made once, that what a broken run left out comes with the next, that one of an earlier version stays as it is, beside it,
and fresh sign-in links each time: one for who wrote its report, one for who released it.
"""

import hashlib
import secrets
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from app.access import people, signin
from app.access.guards import secret_hash
from app.db import Database
from app.demo import before, plan, report, review
from app.demo.content import CONTACTS, MEETING_POINT, NOTES, PURPOSE, ROUTE, STOPS, TITLE, WALKERS
from app.demo.ids import id_of
from app.models import Observation, Participant, Photo, Stop, User, Walk, now
from app.photos import cleaning, states
from app.photos.vault import Vault
from app.report import issued
from app.settings import Settings
from app.sync import changes, ingest
from app.sync.protocol import ObservationIn
from app.walks import walks

COORDINATOR = "tovholder@example.org"
SECOND = "kommune@example.org"  # reads and releases what the other has written
DANISH = ZoneInfo("Europe/Copenhagen")


def make(db: Database, vault: Vault, settings: Settings) -> dict[str, str]:
    """Make the walk where it is not there; {"walk_id", "code", "join_url", "sign_in_url", "report_url", "second_sign_in_url"},
    and where there is one "public_url" and "partner_url"."""
    drawn: dict[str, bytes] = {}
    with db.write() as tx:
        walk = tx.get(Walk, id_of("walk")) or _whole_walk(tx, drawn)
    _deliver_photos(db, vault, [walk.id, id_of(f"{before.PREFIX}walk")], drawn)
    with db.write() as tx:
        walk = tx.get_one(Walk, walk.id)
        person, second = (
            people.by_email(tx, one) or people.add(tx, one, "coordinator") for one in (COORDINATOR, SECOND)
        )
        tx.flush()
        if earlier := tx.get(Walk, id_of(f"{before.PREFIX}walk")):
            before.release(tx, earlier, person, second)
        of_notes = [scene for note in NOTES for scene in note.get("photos", [])]
        photos = [id_of(f"photo {scene}") for scene in of_notes if scene not in review.UNSEEN]
        report.make(tx, walk, _begun(walk), person, second, photos, _measures())
        told = {
            "walk_id": walk.id,
            "code": walk.code,
            "join_url": walks.join_url(walk, settings),
            "sign_in_url": signin.new_link(tx, person, settings.base_url, f"/walks/{walk.id}/report"),
            "report_url": f"{settings.base_url}/walks/{walk.id}/report",
            "second_sign_in_url": signin.new_link(tx, second, settings.base_url, f"/walks/{walk.id}/release?waiting=1"),
        }
        told["partner_url"] = plan.link(tx, _measures(), person, settings)
        told["public_url"] = f"{settings.base_url}/r/{walk.slug}" if walk.slug and issued.released(tx, walk.id) else ""
    return {name: said for name, said in told.items() if said}


def show(told: dict[str, str]) -> None:
    """Print its links, with a code for a phone's camera."""
    import segno

    print(f"\nWalkers join here: {told['join_url']}   (code {walks.shown(told['code'])})\n")
    segno.make(told["join_url"], error="l", micro=False).terminal(compact=True, border=2)
    print(f"\nA coordinator signs in here, once:\n{told['sign_in_url']}")
    print(
        f"\nA second person, who reads what the first has written and releases it, signs in here, once:\n{told['second_sign_in_url']}"
    )
    if "partner_url" in told:
        print(f"\nA partner answers here:\n{told['partner_url']}")
    if "public_url" in told:
        print(f"\nEverybody reads the report here:\n{told['public_url']}")
    print(flush=True)


def _whole_walk(tx: Session, drawn: dict[str, bytes]) -> Walk:
    """The walk of yesterday evening, with everybody's notes, and the one a year before that it goes back to."""
    begins = datetime.combine(now().astimezone(DANISH).date() - timedelta(days=1), time(19), DANISH)
    person = people.by_email(tx, COORDINATOR) or people.add(tx, COORDINATOR, "coordinator")
    tx.flush()
    earlier, old_stops = _evening(
        tx, before.PREFIX, begins - timedelta(days=before.DAYS), before.NOTES, drawn, title=before.TITLE
    )
    before.make(tx, earlier, person, [id_of(f"{before.PREFIX}note {n}") for n in range(len(before.NOTES))], old_stops)
    walks.close(tx, earlier, "command")
    walk, stops = _evening(tx, "", begins, NOTES, drawn, title=TITLE, follows_id=earlier.id, follows_as="return")
    _plan(tx, walk, begins, person, stops, drawn)
    return walk


def _evening(
    tx: Session, prefix: str, begins: datetime, notes: list[dict[str, Any]], drawn: dict[str, bytes], **given: Any
) -> tuple[Walk, list[Stop]]:
    """A walk along the route, with what was said on it. `prefix`: of the ids; `given`: further columns of Walk."""
    stops = [
        Stop(id=id_of(f"{prefix}stop {number}"), walk_id="", number=number, name=name, prompt=prompt, lat=lat, lon=lon)
        for number, (name, prompt, lat, lon) in enumerate(STOPS, 1)
    ]
    walk = walks.create(
        tx, given.pop("title"), id=id_of(f"{prefix}walk"), purpose=PURPOSE, starts_at=begins, ends_at=begins + timedelta(minutes=90),
        light="dark", meeting_point=MEETING_POINT, contacts=CONTACTS, route={"type": "LineString", "coordinates": ROUTE},
        stops=stops, **given,
    )  # fmt: skip
    tx.flush()
    walkers = {name: _walker(tx, walk, f"{prefix}walker {name}", **about) for name, about in WALKERS.items()}
    for number, note in enumerate(notes):
        sent, note_id = _as_sent(walk, begins, number, note, drawn, prefix), id_of(f"{prefix}note {number}")
        ingest.keep(tx, walkers[note["by"]], note_id, sent)
        for other in note.get("agreed", []):
            changes.agree(tx, walkers[other], note_id, True)
    return walk, stops


def _plan(tx: Session, walk: Walk, begins: datetime, person: User, stops: list[Stop], drawn: dict[str, bytes]) -> None:
    """What was decided and is to be done, by the coordinator who signs in to the demo."""
    notes, ids = [id_of(f"note {number}") for number in range(len(NOTES))], _measures()
    review.make(tx, walk, person, notes)
    plan.make(tx, walk, begins.date(), person, notes, stops, ids, before.continued())
    proofs = {}
    for told in plan.MEASURES:
        if scene := told.get("proof"):
            about = _sent_photo(scene, drawn)
            proofs[scene] = Photo(observation_id=notes[told["notes"][0]], **about)
            tx.add(proofs[scene])
    tx.flush()
    plan.prove(tx, proofs, ids, person)


def _walker(tx: Session, walk: Walk, called: str, *, role: str, team: str | None) -> Participant:
    """A participant whose phone nobody holds: its secret is forgotten at once."""
    forgotten = secret_hash(secrets.token_urlsafe(32))
    walker = Participant(id=id_of(called), walk_id=walk.id, secret_hash=forgotten, role=role, team=team)
    tx.add(walker)
    tx.flush()
    return walker


def _as_sent(
    walk: Walk, begins: datetime, number: int, note: dict[str, Any], drawn: dict[str, bytes], prefix: str
) -> ObservationIn:
    captured = begins + timedelta(minutes=note["minute"], seconds=7 * number)
    fix = None
    if "at" in note:
        lat, lon, accuracy = note["at"]
        fix = {"lat": lat, "lon": lon, "accuracy_m": accuracy, "source": "gps", "fixed_at": captured.isoformat()}
    photos = [_sent_photo(scene, drawn) for scene in note.get("photos", [])]
    told = {name: note[name] for name in ("valence", "feeling", "factors", "note", "suggestion") if name in note}
    return ObservationIn.model_validate({
        "walk_id": walk.id, "rev": 1, "captured_at": captured.isoformat(), "fix": fix, "photos": photos,
        "stop_id": id_of(f"{prefix}stop {note['stop']}") if "stop" in note else None, **told,
    })  # fmt: skip


def _sent_photo(scene: str, drawn: dict[str, bytes]) -> dict[str, Any]:
    """What a phone says of a photo before it sends it."""
    drawn[scene] = _draw(scene)
    sha256 = hashlib.sha256(drawn[scene]).hexdigest()
    return {"id": id_of(f"photo {scene}"), "sha256": sha256, "bytes": len(drawn[scene]), "type": "image/jpeg"}


def _deliver_photos(db: Database, vault: Vault, walk_ids: list[str], drawn: dict[str, bytes]) -> None:
    """Put the photos that are still expected where a phone's go, and have them cleaned at once, for the report goes out with
    them; the server cleans what could not be cleaned here."""
    with db.read() as tx:
        of_walk = select(Observation.id).where(col(Observation.walk_id).in_(walk_ids))
        waiting = tx.exec(select(Photo).where(Photo.state == "expected", col(Photo.observation_id).in_(of_walk))).all()
    scenes = {id_of(f"photo {scene}"): scene for scene in _scenes()}
    worker = cleaning.Worker(vault)
    for photo in waiting:
        if photo.id not in scenes:  # a visitor's phone still has it
            continue
        arriving = vault.arrive()
        try:
            arriving.write(drawn.get(scenes[photo.id]) or _draw(scenes[photo.id]))
            arriving.keep(photo.id)
            said, *size = worker.clean(photo.id).split()  # before it is known to be here: nobody else cleans it
            states.arrived(db, photo.id, arriving.size)
            if said == "ready":
                states.cleaned(db, photo.id, *map(int, size))
                vault.erase_original(photo.id)
        finally:
            arriving.close()
    worker.end()
    worker.bench.end()


def _scenes() -> list[str]:
    """Of all its photos."""
    of_notes = [scene for note in NOTES for scene in note.get("photos", [])]
    return of_notes + before.PHOTOS + [told["proof"] for told in plan.MEASURES if "proof" in told]


def _measures() -> list[str]:
    """The ids of its measures."""
    return [id_of(f"measure {at}") for at in range(len(plan.MEASURES))]


def _begun(walk: Walk) -> date:
    return (walk.starts_at or walk.created_at).astimezone(DANISH).date()


def _draw(scene: str) -> bytes:
    from app.demo.scenes import SCENES  # late: it brings Pillow, which only the first start needs

    return SCENES[scene]()
