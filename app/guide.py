"""The guide, as pages: docs/guide/ in the reader's language, for everybody; a first page, and one for each role.

Hides Markdown. Promises the same text as in the repository, with its pictures from our own address; that a chapter is found
by its English name in every language; and that nothing but the guide's own files is ever handed out. What waits for a
picture is left out.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, Response
from markupsafe import Markup

from app import i18n, pages
from app.access import guards
from app.i18n import mark
from app.problems import Problem

router = APIRouter(tags=["guide"])

GUIDE = pages.ROOT / "docs" / "guide"
# each has a file of its name in docs/guide/<language>/
ROLES = {
    "walker": mark("You come along"),
    "organiser": mark("Organisers"),
    "coordinator": mark("Coordinators"),
    "partner": mark("Partners"),
    "admin": mark("Administrators"),
}
PICTURE = re.compile(r"[a-z][a-z-]*\.(da|en)\.webp")
KEPT = {"Cache-Control": "public, max-age=3600"}


@dataclass(frozen=True)
class Chapters:
    """One file as HTML; `headings`: (anchor, words) of its chapters."""

    text: Markup
    headings: tuple[tuple[str, str], ...]


@router.get("/guide", dependencies=[Depends(guards.signed_in)])  # whose menu is shown
def get_guide(request: Request) -> Response:
    """Raises not-found (404) where the server was installed without the guide."""
    return _page(request, "")


@router.get("/guide/{role}", dependencies=[Depends(guards.signed_in)])
def get_chapters(request: Request, role: str) -> Response:
    """Raises not-found (404) for what is no key of ROLES."""
    if role not in ROLES:
        raise Problem("not-found")
    return _page(request, role)


@router.get("/guide/pictures/{name}")
def get_picture(name: str) -> Response:
    path = GUIDE / "pictures" / name
    if not PICTURE.fullmatch(name) or not path.is_file():
        raise Problem("not-found")
    return FileResponse(path, media_type="image/webp", headers=KEPT)


def _page(request: Request, role: str) -> Response:
    paths = [GUIDE / (f"{language}/{role}.md" if role else f"{language}.md") for language in (i18n.language(), "en")]
    if not all(path.is_file() for path in paths):
        raise Problem("not-found")
    told = _chapters(role, i18n.language(), tuple(path.stat().st_mtime_ns for path in paths))
    return pages.render(request, "guide.html", guide=told, role=role, roles=ROLES)


@cache
def _chapters(role: str, language: str, _changed: tuple[int, ...]) -> Chapters:
    """Headings have anchors as GitHub makes them, and the English one's beside; pictures are loaded as one comes to them."""
    from markdown_it import MarkdownIt  # late: only the guide and the papers about data need it

    own, english = (_text(role, spoken) for spoken in (language, "en"))
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(own)
    known = iter(re.findall(r"^#+ (.+)$", english, re.M))
    headings = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inline.content))
            opening.meta["english"] = anchor(next(known, ""))
            if opening.tag == "h2":
                headings.append((anchor(inline.content), inline.content))
    for token in (child for block in tokens for child in block.children or []):
        if token.type == "image":
            token.attrSet("src", f"/guide/pictures/{str(token.attrGet('src')).rpartition('/')[2]}")
            token.attrSet("loading", "lazy")
        elif token.type == "link_open":
            token.attrSet("href", re.sub(r"^(?:\w\w/)?(\w+)\.md", r"/guide/\1", str(token.attrGet("href"))))
    html = markdown.renderer.render(tokens, markdown.options, {})
    for token in tokens:  # where the English name leads, in the other language
        if token.type == "heading_open" and token.meta["english"] not in ("", token.attrGet("id")):
            here = f'<{token.tag} id="{token.attrGet("id")}">'
            html = html.replace(here, f'{here}<span id="{token.meta["english"]}"></span>', 1)
    return Chapters(Markup(html), tuple(headings))  # of our own files, and without their HTML


def _text(role: str, language: str) -> str:
    """The Markdown, without what waits for a picture, and without the links that the page has as buttons."""
    text = (GUIDE / (f"{language}/{role}.md" if role else f"{language}.md")).read_text("utf-8")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    return re.sub(r"^\*\[.+\]\(\S+\.md\)\*$", "", text, flags=re.M)


def anchor(heading: str) -> str:
    """A heading's name in an address, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
