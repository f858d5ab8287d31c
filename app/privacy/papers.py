"""What everybody may know: the privacy notice, accessibility, what is kept on the phone, the records of processing, the DPIA.

Hides Markdown (templates/privacy/, in each language; the notice in every one of the walker's app, for a walker reads it before
joining) and where the values in it come from. Promises that how long things are
kept is said from the very numbers that app/privacy/keeping.py erases by; that an organisation's name or contact is never
taken for markup; and that a walk or an organisation nobody knows reads as one of none. Reads only.
"""

import re
from functools import cache
from html import escape

from babel import Locale
from markupsafe import Markup
from sqlmodel import Session

from app import i18n, pages
from app.access.guards import UUID
from app.i18n import gettext as _
from app.i18n import mark, ngettext
from app.models import Organisation, Walk
from app.privacy import keeping
from app.sync.protocol import LIMITS

FOLDER = pages.ROOT / "templates" / "privacy"
PAPERS = {
    "notice": mark("Privacy"),
    "records": mark("Records of processing"),
    "dpia": mark("Impact assessment"),
    "accessibility": mark("Accessibility"),
    "storage": mark("Cookies and storage"),
}
# The walker's frame around it (templates/base.html), so that it is there in the languages of the walker's app too.
FRAME = (
    mark("Go to content"),
    mark("Language"),
    mark("About this site"),
    mark("Walks through a neighbourhood, to hear where it feels safe and where it does not, and to see to it that something is done."),
)  # fmt: skip


def tongues() -> dict[str, str]:
    """Every language of the notice, by its own name, as the walker's app offers them."""
    return {lang: str(Locale.parse(lang).get_display_name()).capitalize() for lang in i18n.all_languages()}


def about(tx: Session, walk_id: str, organisation_id: str) -> tuple[Organisation | None, str]:
    """(whose values hold, whom one asks) for a walk, or an organisation; nobody's where there is no such thing."""
    walk = tx.get(Walk, walk_id.lower()) if UUID.fullmatch(walk_id) else None
    wanted = walk.organisation_id if walk else organisation_id.lower() if UUID.fullmatch(organisation_id) else None
    return tx.get(Organisation, wanted) if wanted else None, walk.contacts if walk else ""


def read(name: str, organisation: Organisation | None, contacts: str) -> Markup:
    """The paper in the reader's language, with this organisation's values in it."""
    path = FOLDER / f"{name}.{i18n.language()}.md"
    named = _apart(organisation.name) if organisation else ""
    values = {
        "{Organisation}": named or escape(_("The organisation behind the walk")),
        "{organisation}": named or escape(_("the organisation behind the walk")),
        "{contacts}": _apart(contacts) if contacts else escape(_("whoever leads the walk")),
        "<p>{keeping}</p>": kept(organisation),
        "{drafts}": str(LIMITS["draft_days"]),
    }  # fmt: skip
    text = _html(path.name, path.stat().st_mtime_ns)
    for token, value in values.items():
        text = text.replace(token, value)
    return Markup(text)


def _apart(name: str) -> str:
    """What somebody typed, in whatever direction its letters run."""
    return f"<bdi>{escape(name)}</bdi>"


def kept(organisation: Organisation | None) -> str:
    """A table: what is erased, and when."""
    days = keeping.of(organisation)
    draft = _("A draft, which is on the phone alone, or in the browser where notes from paper are typed in")
    told = [(draft, _days(LIMITS["draft_days"], _("after it was last touched")))]
    told += [(_(rule.what), when(rule, days[rule.name])) for rule in keeping.RULES]
    taken_out = _("Notes and photos that are taken out of the public report again")
    told.append((taken_out, _("After the same time as what never was in it, counted from when they were taken out")))
    rows = [f"<tr><th scope='row'>{escape(one)}</th><td>{escape(at)}</td></tr>" for one, at in told]
    what, then = _("What"), _("Is erased")
    head = f"<tr><th scope='col'>{escape(what)}</th><th scope='col'>{escape(then)}</th></tr>"
    return f"<table class='plan'><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"


def when(rule: keeping.Rule, days: int) -> str:
    """ "183 days after the report was released", in the reader's language."""
    if days == 0:
        return _("Within a day %(after)s", after=_(rule.after))
    return _days(days, _(rule.after))


def _days(days: int, after: str) -> str:
    return ngettext("%(num)s day %(after)s", "%(num)s days %(after)s", days, after=after)


@cache
def _html(name: str, _changed: int) -> str:
    from markdown_it import MarkdownIt  # late: only these papers and the guide need it

    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = str(markdown.render((FOLDER / name).read_text("utf-8")))
    text = re.sub(r"<table>.*?</table>", lambda table: _labelled(table[0]), text, flags=re.DOTALL)
    return re.sub(r'href="(\w+)\.(?:da|en)\.md"', r'href="/privacy/\1"', text)


def _labelled(table: str) -> str:
    """A table whose rows can stand on their own on a narrow page: its first column names them, each cell its column."""
    labels = re.findall(r"<th>(.*?)</th>", table)

    def row(cells: re.Match[str]) -> str:
        first, *others = re.findall(r"<td>(.*?)</td>", cells[1], re.DOTALL)
        told = [f'<td data-label="{label}">{cell}</td>' for label, cell in zip(labels[1:], others, strict=False)]
        return f'<tr><th scope="row">{first}</th>{"".join(told)}</tr>'

    table = re.sub(r"<tr>((?:\s*<td>.*?</td>)+)\s*</tr>", row, table, flags=re.DOTALL)
    return table.replace("<th>", '<th scope="col">').replace("<table>", '<table class="plan">')
