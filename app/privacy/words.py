"""How the access log reads: its entries in words, on the page and in the file.

Hides codes. Promises that what has no words yet is shown as it stands, and that a person who is gone is named by their id.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from app.i18n import gettext as _
from app.i18n import mark
from app.models import Access, Partner, PartnerLink, User, Walk
from app.pages import local
from app.privacy.trail import WHAT

ZONE = "Europe/Copenhagen"
ABOUT = {
    "page:report": mark("the report"),
    "page:comparison": mark("two maps side by side"),
    "page:review": mark("the review"),
    "page:review-photo": mark("a photo in the review"),
    "page:live": mark("the live page"),
    "page:table": mark("the wall at the coffee table"),
    "page:paper": mark("notes on paper"),
    "page:writing": mark("the report's own words"),
    "page:release": mark("an edition before its release"),
    "page:measures": mark("measures"),
    "page:minutes": mark("meetings and minutes"),
    "page:proof": mark("a photo of a measure done"),
    "page:marks": mark("residents' marks"),
    "page:overview": mark("across walks"),
    "page:partner": mark("a partner's page"),
    "page:photos": mark("photos"),
    "page:log": mark("this log"),
}
KINDS = {
    "note": mark("note"),
    "photo": mark("photo"),
    "recording": mark("recording"),
    "edition": mark("edition"),
    "file": mark("file"),
    "partner": mark("partner"),
    "takedown": mark("request"),
}
WAYS = {
    "link": mark("by a link"),
    "code": mark("by a code"),
    "passkey": mark("with a passkey"),
    "elsewhere": mark("by the organisation's own sign-in"),
}


@dataclass(frozen=True)
class Line:
    """One entry in words. `who_key`, `walk_key`, `about_key`: what to ask for to see more like it."""

    number: int
    day: str
    clock: str
    who: str
    who_key: str
    what: str
    what_key: str
    walk: str
    walk_key: str
    about: str
    about_key: str
    more: str


def lines(tx: Session, entries: Sequence[Access]) -> list[Line]:
    """The entries in words, in the reader's language."""
    named = _names(tx, entries)
    titles = dict(
        tx.exec(
            select(Walk.id, Walk.title).where(col(Walk.id).in_({one.walk_id for one in entries if one.walk_id}))
        ).all()
    )
    found = []
    for one in entries:
        at = local(one.at, ZONE)
        found.append(
            Line(
                number=one.number, day=f"{at:%Y-%m-%d}", clock=f"{at:%H:%M:%S}", who=_who(one.who, named), who_key=one.who,
                what=_(WHAT[one.what]) if one.what in WHAT else one.what, what_key=one.what,
                walk=titles.get(one.walk_id or "", one.walk_id or ""), walk_key=one.walk_id or "",
                about=_about(one.about, named), about_key=one.about, more=_more(one),
            )
        )  # fmt: skip
    return found


def whats() -> list[tuple[str, str]]:
    """What can be asked for, by the alphabet."""
    return sorted(((key, _(said)) for key, said in WHAT.items()), key=lambda pair: pair[1])


def _who(who: str, named: dict[str, str]) -> str:
    kind, _colon, name = who.partition(":")
    called = named.get(name, name)
    told = {
        "key": _("%(name)s, by a script's key", name=called),
        "link": _("%(name)s, by a link", name=called),
        "command": _("a command on the server"),
        "server": _("the server itself"),
        "calendar": _("a calendar's subscription"),
        "participant": _("a walker's phone, %(name)s", name=called),
    }
    return told.get(kind, called)


def _about(about: str, named: dict[str, str]) -> str:
    if about in ABOUT:
        return _(ABOUT[about])
    kind, colon, name = about.partition(":")
    if not colon:
        return about
    called = name.upper() if kind == "file" else named.get(name, name)
    return f"{_(KINDS[kind])} {called}" if kind in KINDS else called if kind == "person" else about


def _more(one: Access) -> str:
    """What else an entry says: names and values as they are kept, but for what everybody may meet."""
    said = dict(one.detail)
    words = [_("with sensitive notes")] if said.pop("sensitive", False) else []
    if said.get("way") in WAYS:
        words.append(_(WAYS[said.pop("way")]))
    return ", ".join([*words, *(f"{name} {value}" for name, value in said.items() if name != "hash")])


def _names(tx: Session, entries: Sequence[Access]) -> dict[str, str]:
    """People by their address, partners and those who came by a link by the partner's name; by id."""
    ids: dict[str, set[str]] = {}
    for one in entries:
        for told in (one.who, one.about):
            kind, _colon, name = told.partition(":")
            ids.setdefault({"key": "person"}.get(kind, kind), set()).add(name)
    people = tx.exec(select(User.id, User.email).where(col(User.id).in_(ids.get("person", ())))).all()
    partners = tx.exec(select(Partner.id, Partner.name).where(col(Partner.id).in_(ids.get("partner", ())))).all()
    through = select(PartnerLink.id, Partner.name).join(Partner, col(Partner.id) == col(PartnerLink.partner_id))
    links = tx.exec(through.where(col(PartnerLink.id).in_(ids.get("link", ())))).all()
    return dict(people) | dict(partners) | dict(links)
