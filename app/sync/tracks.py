"""Where a team went: the track that its note taker's phone recorded, kept as the phone says it now.

Hides revisions as ingest.py does, without history: a track has no words to lose, and what was deleted is to be gone. Promises
that the same track sent twice, late or in another order leaves one record; that nobody writes another's; that a deletion
empties it at once; and that nothing is taken in where the walk does not ask for tracks. Never a time of a point: none is sent.
"""

from sqlmodel import Session, col, select

from app.i18n import gettext as _
from app.models import Participant, Track, Walk, now
from app.problems import Problem, invalid
from app.sync.ingest import insert_once, may_write
from app.sync.protocol import TrackIn, TrackReceipt, utc


def keep(tx: Session, who: Participant, track_id: str, sent: TrackIn) -> tuple[TrackReceipt, bool]:
    """Keep `sent` as the track; (its receipt, whether it is new). A revision below the one that is held changes nothing, and
    is told which that is. Raises Problem (403, 409, 410, 422)."""
    me = tx.get_one(Participant, who.id, with_for_update=True)  # this phone's requests, one after another
    held = tx.get(Track, track_id, with_for_update=True)
    may_write(me, held, sent.walk_id, _("A track stays in the walk it was made in."))
    walk = tx.get_one(Walk, me.walk_id)
    if walk.state == "archived":
        raise Problem("walk-archived")
    me.heard_at = at = now()
    parts = [] if sent.deleted else sent.parts
    if held and sent.rev <= held.rev:
        if sent.rev == held.rev and (sent.team, sent.deleted, parts) != (held.team, held.deleted, held.parts):
            said = _("The phone sends its newest track once more.")
            raise Problem("same-revision-different-content", said, receipt=_receipt(held).model_dump())
        return _receipt(held), False
    if not sent.deleted:
        _is_asked_for(tx, me, walk, track_id, sent)
    if held is None:
        held = Track(id=track_id, walk_id=walk.id, participant_id=me.id, team=sent.team, rev=sent.rev,
                     deleted=sent.deleted, parts=parts, received_at=at)  # fmt: skip
        if not insert_once(tx, held):  # another participant minted the same id in this very moment
            raise Problem("not-yours")
        return _receipt(held), True
    held.team, held.rev, held.deleted, held.parts, held.received_at = sent.team, sent.rev, sent.deleted, parts, at
    return _receipt(held), False


def _is_asked_for(tx: Session, me: Participant, walk: Walk, track_id: str, sent: TrackIn) -> None:
    if not walk.tracks:
        raise Problem("not-allowed", _("This walk does not ask where you went. Nothing of it was kept here."))
    of_mine = select(Track.team).where(
        Track.participant_id == me.id, col(Track.deleted).is_(False), Track.id != track_id
    )
    if sent.team in tx.exec(of_mine).all():
        raise invalid(
            ("team", _("This phone has another track for the team. Go on with that one, or delete it first."))
        )


def _receipt(held: Track) -> TrackReceipt:
    return TrackReceipt(id=held.id, rev=held.rev, deleted=held.deleted, received_at=utc(held.received_at))
