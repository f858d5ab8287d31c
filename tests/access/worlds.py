"""Two whole worlds, each an organisation with a walk and everything that can belong to one; every word in them carries its mark.

Hides how the rows are made. Promises that `names` holds each name that stands in any route's address, so that a route with a new
one fails here before it is tried by nobody.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import SQLModel, select

from app.access import people
from app.measures import partners
from app.models import (
    Edition,
    Ground,
    Invitation,
    Leading,
    Mark,
    Measure,
    Membership,
    Partner,
    Stop,
    Takedown,
    User,
    Walk,
    new_id,
    now,
)  # fmt: skip
from app.report import edition as editions
from app.report.freezing import digest
from app.walks import walks
from tests.cast import Stage
from tests.phone import Phone, Picture, jpeg

# What changes by looking, or counts who knocks: no word of anybody's.
MOVING = {"failedtry", "session", "signin", "sent", "alembic_version"}
MOVING_COLUMNS = {
    "heard_at",
    "waiting_notes",
    "waiting_photos",
    "width",
    "height",
    "state",
    "ready_at",
    "seq",
    "used_at",
}


@dataclass
class World:
    mark: str
    organisation: str
    walk: Walk
    phone: Phone
    measure_of_nobody: str = ""
    names: dict[str, str] = field(default_factory=dict)
    link: str = ""

    @property
    def ids(self) -> set[str]:
        """The names that only this world has; the organisation's may stand where its own people are at work."""
        short = {"1", "none", "wide", "12", "2166", "1257", "0", "ingen", self.names["organisation_id"]}
        return {name for name in self.names.values() if name not in short}


def made(stage: Stage, mark: str, name: str, colour: int) -> World:
    """A world whose every word holds `mark`, but for the organisation's name: that one's own people may read it."""
    with stage.db.write() as tx:
        organisation = people.organisation_named(tx, name)
        walk = walks.create(tx, f"{mark} vandring", organisation_id=organisation.id)
        tx.add(Stop(walk_id=walk.id, number=1, name=f"{mark} stop", lat=57.04, lon=9.98))
        walks.ask_for_tracks(tx, walk, True)
    phone, picture = stage.phone(walk, name=f"{mark} walker"), Picture(jpeg(colour=(colour, 1, 1)))
    note = phone.note(picture, note=f"{mark} note", suggestion=f"{mark} suggestion")
    phone.sync()
    track = new_id()
    way = {"walk_id": walk.id, "rev": 1, "parts": [[[9.98, 57.04], [9.981, 57.04]]]}
    assert stage.http.put(f"/api/v1/tracks/{track}", json=way, headers=phone.key).status_code == 201
    world = World(mark, name, walk, phone)
    with stage.db.write() as tx:
        leader, invited = (people.add(tx, f"{who}@{mark}.example", "organiser", name) for who in ("leder", "inviteret"))
        tx.flush()
        role = tx.exec(select(Membership).where(Membership.user_id == leader.id)).one()
        partner = Partner(organisation_id=organisation.id, owner="vej", name=f"{mark} Vej", email=f"vej@{mark}.example")
        ended = Partner(organisation_id=organisation.id, owner="drift", name=f"{mark} Drift", ended_at=now())
        idle = Partner(organisation_id=organisation.id, owner="politi", name="Uden opgaver")
        tx.add_all([partner, ended, idle])
        tx.flush()
        letter = Invitation(user_id=invited.id, invited_by=leader.id, organisation_id=organisation.id,
                            retry_at=now() + timedelta(days=1))  # fmt: skip
        mark_ = Mark(
            id=new_id(), walk_id=walk.id, secret_hash="", valence="safe", lat=57.04, lon=9.98, note=f"{mark} mark"
        )
        tx.add_all([letter, mark_, Leading(walk_id=walk.id, user_id=leader.id)])
        told = {"walk_id": walk.id, "place": f"{mark} place", "problem": f"{mark} problem", "created_by": leader.id}
        measures = [Measure(number=1, partner_id=partner.id, **told), Measure(number=2, partner_id=ended.id, **told)]
        tx.add_all(measures)
        tx.flush()
        tx.add(Ground(measure_id=measures[0].id, observation_id=note))
        frozen = editions.frozen(tx, walk)
        tx.add(Edition(walk_id=walk.id, number=1, frozen=frozen, sha256=digest(frozen["public"]), written_by=leader.id))
        asked = Takedown(walk_id=walk.id, edition=1, text=f"{mark} takedown")
        tx.add(asked)
        key = stage.app.state.settings.signing_key()
        link, world.link = partners.new_link(tx, partner, tx.get_one(User, leader.id), 30, key)
        tx.flush()
        world.names = {
            "organisation_id": organisation.id, "walk_id": walk.id, "code": walk.code, "participant_id": phone.id, "observation_id": note, "photo_id": picture.id, "recording_id": picture.id,
            "track_id": track, "mark_id": mark_.id, "user_id": leader.id, "membership_id": role.id, "invitation_id": letter.id,
            "partner_id": partner.id, "link_id": link.id, "measure_id": measures[0].id, "number": "1", "edition": "1",
            "takedown_id": asked.id, "session_name": "none", "passkey_id": "none", "name": "1.1-1", "shape": "wide",
            "role": "walker", "slug": "ingen", "secret": "x" * 43, "sha256": "0" * 64, "path": "none", "z": "12", "x": "2166", "y": "1257",
        }  # fmt: skip
    return world


def kept(stage: Stage, world: World) -> set[str]:
    """Every row that is about this world, but for what changes by looking."""
    rows, about = set(), [world.mark, *world.ids]
    with stage.db.read() as tx:
        for table in SQLModel.metadata.sorted_tables:
            if table.name in MOVING:
                continue
            for row in tx.connection().execute(table.select()).mappings():
                told = {name: value for name, value in row.items() if name not in MOVING_COLUMNS}
                written = json.dumps({"table": table.name, **told}, default=str, sort_keys=True, ensure_ascii=False)
                if any(word in written for word in about):
                    rows.add(written)
    return rows


def bodies(names: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A form and a JSON body that name everything of a world wherever a route might look for it."""
    note, photo = names["observation_id"], names["photo_id"]
    form: dict[str, Any] = {
        "id": note, "note": note, "notes": note, "observation": note, "observation_id": note, "into": note, "with": note,
        "photo": photo, "photo_id": photo, "stop": "1", "walk": names["walk_id"], "walk_id": names["walk_id"], "follows": names["walk_id"],
        "partner": names["partner_id"], "partner_id": names["partner_id"], "measure": names["measure_id"], "measures": names["measure_id"],
        "user": names["user_id"], "user_id": names["user_id"], "mark": names["mark_id"], "do": "release", "what": "release",
        "version": "1", "rev": "2", "deleted": "yes", "agrees": "yes", "email": "ny@overtaget.example", "role": "organiser",
        "title": "Overtaget", "name": "Overtaget", "place": "Overtaget", "problem": "Overtaget", "text": "Overtaget", "answer": "Overtaget",
        "status": "done", "valence": "unsafe", "outcome": "Overtaget", "because": "Overtaget", "days": "30", "decision": "release",
    }  # fmt: skip
    wire: dict[str, Any] = {
        "walk_id": names["walk_id"], "rev": 99, "captured_at": "2026-11-24T19:32:11+01:00", "note": "Overtaget", "valence": "unsafe",
        "photos": [], "agrees": True, "parts": [[[9.98, 57.04], [9.981, 57.04]]], "deleted": True, "code": "00000000",
        "secret": "A" * 43, "observations": [{"id": note, "rev": 1}], "notes": 1,
    }  # fmt: skip
    return form, wire
