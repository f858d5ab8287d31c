"""Who may pass which door, as the code has it: written to docs/permissions.md by `python -m tests.access.permissions`.

A route's door is the strictest guard among what it depends on. Nothing here decides anything: that is app/access/guards.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.access import across, answering, auditing, guards, keepers, phones, releasing, reviewers, roles
from app.main import ROUTERS

DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
ROLES = ("organiser", "coordinator", "partner", "admin")


@dataclass(frozen=True)
class Door:
    """`who`: the roles that pass; `of_a_walk`: only in the organisation of the walk, the role or the invitation; `phones`: walkers pass (each to their own)."""

    words: str
    who: frozenset[str]
    of_a_walk: bool = False
    phones: bool = False


EVERYBODY = Door("Everybody", frozenset(ROLES), phones=True)
# The guards, the strictest first.
DOORS: dict[Any, Door] = {
    guards.planned_walk: Door("Plan this walk, invite, open and close it", frozenset(guards.PLAN), of_a_walk=True),
    reviewers.reviewed_walk: Door("Review this walk's notes", frozenset(guards.REVIEW), of_a_walk=True),
    releasing.releasing: Door("Release what somebody else has written", frozenset(releasing.RELEASE), of_a_walk=True),
    releasing.known_edition: Door(
        "Read this edition before it is released; withdraw it", frozenset(guards.PLAN), of_a_walk=True
    ),
    releasing.writing: Door("Write this walk's report, ask for its release", frozenset(guards.PLAN), of_a_walk=True),
    answering.known_measure: Door("Change this measure", frozenset(guards.PLAN), of_a_walk=True),
    answering.measuring: Door("Make measures of this walk; meet about them", frozenset(guards.PLAN), of_a_walk=True),
    answering.routed_measure: Door(
        "Answer this measure, where it is routed to one's partner", frozenset({"partner"}), of_a_walk=True
    ),
    answering.routed_walk: Door("What of this walk is routed to one's partner", frozenset({"partner"}), of_a_walk=True),
    answering.answerer: Door("What is routed to one's partner; also by a partner's link", frozenset({"partner"})),
    answering.named_partner: Door(
        "Change this partner, give and withdraw links", frozenset(guards.GIVE), of_a_walk=True
    ),
    roles.given_role: Door("Take this role away, if one may give it", frozenset(guards.GIVE), of_a_walk=True),
    roles.shut_out: Door("See where this person is signed in, and sign them out", frozenset({"admin"}), of_a_walk=True),
    roles.known_invitation: Door("Send this invitation again", frozenset(guards.GIVE), of_a_walk=True),
    keepers.kept_organisation: Door(
        "Decide how long this organisation keeps things", frozenset({"admin"}), of_a_walk=True
    ),
    keepers.keeper: Door("Search for a person, hand out, erase; see what was erased", frozenset({"admin"})),
    auditing.auditing: Door("Search the access log of one's organisation", frozenset(auditing.AUDIT)),
    roles.inviter: Door("Invite people; see who may do what", frozenset(guards.GIVE)),
    roles.account: Door("One's own sign-in, in a browser", frozenset(ROLES)),
    guards.planner: Door("Make walks", frozenset(guards.PLAN)),
    guards.reader_of_walk: Door("Read this walk's report and its files", frozenset(guards.READ), of_a_walk=True),
    across.looking_across: Door("Look across the walks one may read", frozenset(guards.READ)),
    guards._reader: Door("See what one may read", frozenset(ROLES)),
    guards._viewer: Door("See a photo of a note one may read", frozenset(guards.READ), of_a_walk=True, phones=True),
    phones._walker: Door("A walker's phone, for its own walk", frozenset(), phones=True),
    phones._key: Door("A walker's phone, for its own walk", frozenset(), phones=True),  # the route asks held()
}


def doors() -> Iterator[tuple[str, str, Door]]:
    """(method, path, door) of every route, but for those that only answer HEAD."""
    for router in ROUTERS:
        for route in router.routes:
            found = set(_asked(route.dependant))  # type: ignore[attr-defined]
            door = next((door for guard, door in DOORS.items() if guard in found), EVERYBODY)
            for method in sorted(route.methods - {"HEAD"}):  # type: ignore[attr-defined]
                yield method, route.path, door  # type: ignore[attr-defined]


def _asked(dependant: Any) -> Iterator[Any]:
    for below in dependant.dependencies:
        yield below.call
        yield from _asked(below)


def written() -> str:
    """docs/permissions.md as it must be."""
    lines = [
        "# Who may do what",
        "",
        "Written from `app/access/guards.py` and the routes themselves by `python -m tests.access.permissions`; a test fails where it is",
        "out of date, and another one tries each door with each role, with another organisation's people, with a phone and with nobody.",
        "A role holds in the organisation it was given in, or in every one where none was named. A person may hold several.",
        "",
        "| | Organiser | Coordinator | Partner | Admin | Walker's phone | Nobody |",
        "|---|---|---|---|---|---|---|",
    ]
    for door in dict.fromkeys([*DOORS.values(), EVERYBODY]):
        cells = ["yes" if role in door.who else "no" for role in ROLES]
        lines.append(
            f"| {door.words} | {' | '.join(cells)} | {'yes' if door.phones else 'no'} | {'yes' if door is EVERYBODY else 'no'} |"
        )
    lines += [
        "",
        "Notes on sensitive subjects are shown to coordinators and admins, and to organisers who were cleared (`tryg user add --cleared`).",
        "An organiser has the walks they lead, and those that nobody leads; coordinators and admins have all of the organisation's.",
        "A coordinator gives the roles organiser and partner, an admin every role, in their organisation or, holding it everywhere, in all;",
        "nobody gives themselves one, and the last admin stays.",
        "A script's key (`tryg user key`) passes the doors of its person by reading alone (GET, HEAD), but those of one's own sign-in, of other",
        "people's roles, of searching for people and of the access log not at all; whatever else it asks for is refused (403).",
        "A partner answers for who their role names; a link without an account does so until it ends or is withdrawn.",
        "What somebody may not read of another organisation answers as what is not there (404).",
        "",
        "## Doors",
        "",
        "| Route | Door |",
        "|---|---|",
        *(f"| `{method} {path}` | {door.words} |" for method, path, door in sorted(doors(), key=lambda one: (one[1], one[0]))),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


if __name__ == "__main__":
    DOCUMENT.write_text(written(), "utf-8")
