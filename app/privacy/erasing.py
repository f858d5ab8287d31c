"""Erasing for good: notes, photos, tracks, names, with everything that was ever kept of them.

Hides every place where words and bytes lie: revisions, second texts, what reviewers put in their place, decisions, measures,
editions, the vault, printed reports. Promises that a note leaves an empty row that phones are told of, and that never fills
again; that rows go first, in one transaction, and files after it, so that whatever is cut off is finished by the next sweep();
and that it is done once, however often it is asked for. Never decides what is to go.

The order of locks is the house's: editions, participants, photos, notes by id, measures, the walk.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, delete, select, update

from app.db import Database, next_seq
from app.measures import quoting
from app.models import (
    Agreement,
    Decision,
    Erasure,
    Measure,
    MeasureStep,
    Observation,
    Participant,
    Photo,
    Review,
    Revision,
    Team,
    Track,
    Variant,
    Walk,
    now,
)
from app.photos.vault import Vault
from app.privacy import quotes
from app.report import press
from app.settings import Settings
from app.sync.protocol import utc

MOST = 500  # rows asked for at once: a database takes only so many values


@dataclass
class Gone:
    """What was erased, for the receipt. `counts`: how many of which kind; `photos`: whose files have to go now."""

    counts: Counter[str] = field(default_factory=Counter)
    photos: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def add(self, kind: str, ids: Collection[str]) -> None:
        self.counts[kind] += len(ids)
        self.ids += [f"{kind}:{one}" for one in ids]

    def __bool__(self) -> bool:
        return bool(+self.counts)

    def receipt(self, kind: str, who: str, walk: Walk | None, organisation_id: str | None = None) -> Erasure:
        """What stands for it from now on; not kept yet."""
        return Erasure(
            kind=kind, who=who, walk_id=walk.id if walk else None,
            organisation_id=walk.organisation_id if walk else organisation_id, at=now(),
            erased={"counts": dict(+self.counts), "ids": self.ids},
        )  # fmt: skip


def notes(tx: Session, walk: Walk, ids: Collection[str], gone: Gone) -> None:
    """Erase notes of the walk, those among `ids` that are not erased yet, with their photos. Their phones are told."""
    family = quotes.kin(tx, walk.id)
    editions = quotes.hold_editions(tx, family)
    wanted = [one for part in parts(sorted(ids)) for one in _unerased(tx, walk, part)]
    photos([one.id for one in declared(tx, wanted)], tx, gone)
    rows = [row for part in parts(wanted) for row in _held(tx, part)]
    words = [text for part in parts(rows) for _row, said in quoting.ever_said(tx, part) for text in said]
    for part in parts(wanted):
        _history(tx, part)
    for row in rows:
        _empty(row)
    tx.flush()
    said = list(dict.fromkeys(words))
    gone.counts["measures"] += quotes.out_of_measures(tx, walk, family, wanted, said)
    quotes.out_of_tellings(tx, walk, family, said)
    later = quotes.asked(tx, walk, wanted, said)
    gone.counts["editions"] += quotes.out_of_editions(editions, walk, wanted, said, later)
    copies = quotes.out_of_stops(tx, later)
    gone.add("note", wanted)
    tell(tx, rows)
    # One that was frozen before the walk's row was held, and is in no list above yet; or is of a walk that was only copied.
    fresh = quotes.hold_editions(tx, {*family, *copies})
    known = {one.id for one in editions}
    gone.counts["editions"] += quotes.out_of_editions(
        (one for one in fresh if one.id not in known), walk, wanted, said, later
    )
    tx.flush()


def photos(ids: Collection[str], tx: Session, gone: Gone) -> list[str]:
    """Erase photos; their notes are without them from now on. The notes they were of; those are to be told of by the caller.
    The files go once the transaction is over: forget()."""
    found: list[Photo] = []
    for part in parts(sorted(ids)):
        wanted = select(Photo).where(col(Photo.id).in_(part), col(Photo.erased_at).is_(None)).order_by(col(Photo.id))
        found += tx.exec(wanted.with_for_update().execution_options(populate_existing=True)).all()
    for photo in found:
        photo.erased_at, photo.width, photo.height, photo.blurs = now(), None, None, []
        photo.review = "refused"
        photo.review_version += 1
        if photo.state == "stored":
            photo.state = "unreadable"  # nobody cleans it any longer
    tx.flush()
    erased = {photo.id for photo in found}
    for photo_ids in parts(sorted(erased)):
        decided = select(Decision).where(col(Decision.photo_id).in_(photo_ids))
        for step in tx.exec(decided).all():
            step.before, step.after = step.before | {"blurs": []}, step.after | {"blurs": []}
    owners = sorted({photo.observation_id for photo in found})
    for row in (row for part in parts(owners) for row in _held(tx, part)):
        row.photo_ids = [one for one in row.photo_ids if one not in erased]
    gone.add("photo", sorted(erased))
    gone.photos += sorted(erased)
    return owners


def tracks(tx: Session, ids: Collection[str], gone: Gone) -> None:
    """Empty tracks. A phone that goes on sending one is refused by whoever asked for this."""
    held = select(Track).where(col(Track.id).in_(ids)).order_by(col(Track.id)).with_for_update()
    found = [one for one in tx.exec(held.execution_options(populate_existing=True)).all() if one.parts]
    for track in found:
        track.parts, track.deleted = [], True
    gone.add("track", [one.id for one in found])


def names(tx: Session, walk_id: str, gone: Gone) -> None:
    """Take away the names of those who walked along, and who did what in a team."""
    named = select(Participant.id).where(Participant.walk_id == walk_id, col(Participant.name).is_not(None))
    ids = list(tx.exec(named.order_by(col(Participant.id)).with_for_update()).all())
    for part in parts(ids):
        tx.exec(update(Participant).where(col(Participant.id).in_(part)).values(name=None))
    dutiful = [
        one for one in tx.exec(select(Team).where(Team.walk_id == walk_id).with_for_update()).all() if one.duties
    ]
    for team in dutiful:
        team.duties = {}
    gone.add("name", ids)
    gone.add("team", [one.id for one in dutiful])
    tx.flush()


def participant(tx: Session, who: Participant, gone: Gone) -> None:
    """Erase everything that one phone has made: its notes, photos, track, voices and name; it writes no more."""
    walk = tx.get_one(Walk, who.walk_id)
    quotes.hold_editions(tx, quotes.kin(tx, walk.id))
    me = tx.get_one(Participant, who.id, with_for_update=True, populate_existing=True)
    gone.add("name", [me.id] if me.name else [])
    me.name, me.team, me.waiting_notes, me.waiting_photos = None, None, None, None
    me.erased_at = me.erased_at or now()
    tx.flush()
    tracks(tx, list(tx.exec(select(Track.id).where(Track.participant_id == me.id)).all()), gone)
    for track in tx.exec(select(Track).where(Track.participant_id == me.id)).all():
        track.team = None
    mine = list(tx.exec(select(Observation.id).where(Observation.participant_id == me.id)).all())
    given = select(Agreement.observation_id).where(Agreement.participant_id == me.id)
    agreed = sorted(set(tx.exec(given).all()) - set(mine))
    if mine:
        notes(tx, walk, mine, gone)
    tx.exec(delete(Agreement).where(col(Agreement.participant_id) == me.id))
    others = [row for part in parts(agreed) for row in _held(tx, part)]
    gone.add("agreement", agreed)
    tell(tx, others)


def tell(tx: Session, rows: Iterable[Observation]) -> None:
    """Whoever follows the walk hears of it. The notes are held already, the walk's row from here on."""
    tx.flush()
    for row in rows:
        row.seq = next_seq(tx, row.walk_id)
    tx.flush()


def held(tx: Session, ids: Collection[str]) -> list[Observation]:
    """The notes, locked in the order of their ids."""
    return [row for part in parts(sorted(ids)) for row in _held(tx, part)]


def forget(db: Database, vault: Vault, settings: Settings, gone: Gone) -> None:
    """After the commit: the files of what was erased, and everything that was printed from it. Raises OSError, TryAgain."""
    for photo_id in gone.photos:
        vault.forget(photo_id)
    if gone:
        press.empty(settings.printed, db)
        db.settle()


def sweep(db: Database, vault: Vault) -> int:
    """The files that a crash has left of photos that are erased, or of none that is known; how many photos those were of."""
    left = sorted({name_of(path) for path in vault.files()})
    swept = 0
    for part in parts(left):
        with db.read() as tx:
            erased = tx.exec(select(Photo.id).where(col(Photo.id).in_(part), col(Photo.erased_at).is_not(None))).all()
        for photo_id in erased:
            vault.forget(photo_id)
        swept += len(erased)
    return swept


def name_of(path: str) -> str:
    """Which photo a file of the vault is of: "kept/0f/….thumbnail.jpg"."""
    return path.rpartition("/")[2].partition(".")[0]


def proofs(tx: Session, walk_id: str) -> set[str]:
    """Photos that show a measure done: nobody's note brought them."""
    wanted = select(Measure.proof_photo_id).where(Measure.walk_id == walk_id, col(Measure.proof_photo_id).is_not(None))
    return {one for one in tx.exec(wanted).all() if one}


def parts(ids: Iterable[Any]) -> list[list[Any]]:
    """So many at once as a database takes."""
    every = list(ids)
    return [every[at : at + MOST] for at in range(0, len(every), MOST)]


# Inside


def _unerased(tx: Session, walk: Walk, ids: list[str]) -> list[str]:
    wanted = select(Observation.id).where(
        col(Observation.id).in_(ids), Observation.walk_id == walk.id, col(Observation.erased_at).is_(None)
    )
    return list(tx.exec(wanted.order_by(col(Observation.id))).all())


def _held(tx: Session, ids: list[str]) -> list[Observation]:
    wanted = select(Observation).where(col(Observation.id).in_(ids)).order_by(col(Observation.id))
    return list(tx.exec(wanted.with_for_update().execution_options(populate_existing=True)).all())


def declared(tx: Session, ids: list[str]) -> list[Photo]:
    """The photos that the notes brought: not those of measures, which hang on a note only to be kept."""
    found: list[Photo] = []
    for part in parts(ids):
        kept = tx.exec(select(Photo).where(col(Photo.observation_id).in_(part))).all()
        steps = select(MeasureStep.changes).join(Measure, col(Measure.id) == col(MeasureStep.measure_id))
        walks = select(Observation.walk_id).where(col(Observation.id).in_(part))
        ever = tx.exec(steps.where(col(Measure.walk_id).in_(walks))).all()
        proof = {one for changes in ever for one in changes.get("proof_photo_id") or ()}
        found += [photo for photo in kept if photo.id not in proof]
    return found


def _history(tx: Session, ids: list[str]) -> None:
    """What was sent, decided and agreed: without a word of it, without a place, and with no sum that would prove a guess."""
    tx.exec(delete(Variant).where(col(Variant.observation_id).in_(ids)))
    tx.exec(delete(Agreement).where(col(Agreement.observation_id).in_(ids)))
    for sent in tx.exec(select(Revision).where(col(Revision.observation_id).in_(ids))).all():
        sent.content, sent.digest = {"deleted": True, "photos": []}, ""
    for step in tx.exec(select(Decision).where(col(Decision.observation_id).in_(ids))).all():
        step.before, step.after = _wordless(step.before), _wordless(step.after)
    for made in tx.exec(select(Review).where(col(Review.observation_id).in_(ids))).all():
        made.because = ""
    for photo in tx.exec(
        select(Photo).where(col(Photo.observation_id).in_(ids), col(Photo.erased_at).is_not(None))
    ).all():
        photo.sha256, photo.type = "", ""


def _wordless(state: dict[str, Any]) -> dict[str, Any]:
    without: dict[str, Any] = {"shown": None, "because": "", "spoken": {}}
    return state | {name: none for name, none in without.items() if name in state}


def _empty(row: Observation) -> None:
    row.erased_at, row.deleted = now(), True
    row.note = row.suggestion = ""
    row.factors, row.flags, row.photo_ids, row.recording_ids, row.spoken = [], [], [], [], {}
    row.valence = row.feeling = row.fix = row.pin = row.stop_id = row.shown = row.sensitive = None
    row.captured_at, row.captured_utc = utc(row.first_received_at), row.first_received_at
