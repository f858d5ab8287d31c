"""The guide, as pages: docs/guide/ in the reader's language, for everybody.

Hides Markdown. Promises the same text as in the repository, with its pictures from our own address, and that nothing but the
guide's own files is ever handed out. What waits for a picture is left out.
"""

import re
from functools import cache
from itertools import pairwise

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from markupsafe import Markup

from app import i18n, pages
from app.problems import Problem

router = APIRouter(tags=["guide"])

GUIDE = pages.ROOT / "docs" / "guide"
PICTURE = re.compile(r"[a-z][a-z-]*\.(da|en)\.webp")
KEPT = {"Cache-Control": "public, max-age=3600"}


@router.get("/guide")
def get_guide(request: Request) -> Response:
    """Raises not-found (404) where the server was installed without the guide."""
    path = GUIDE / f"{i18n.language()}.md"
    if not path.is_file():
        raise Problem("not-found")
    return pages.render(request, "guide.html", guide=_page(i18n.language(), path.stat().st_mtime_ns))


@router.get("/guide/pictures/{name}")
def get_picture(name: str) -> Response:
    path = GUIDE / "pictures" / name
    if not PICTURE.fullmatch(name) or not path.is_file():
        raise Problem("not-found")
    return FileResponse(path, media_type="image/webp", headers=KEPT)


@cache
def _page(language: str, _changed: int) -> Markup:
    """The guide as HTML: headings with anchors as GitHub makes them, pictures loaded as one comes to them."""
    from markdown_it import MarkdownIt  # late: only the guide needs it

    text = (GUIDE / f"{language}.md").read_text("utf-8")
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S)
    text = re.sub(r"^\*\[.+?\]\(..\.md\)\*$", "", text, flags=re.M)  # the page has a button for the other language
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", anchor(inline.content))
    for image in (child for token in tokens for child in token.children or [] if child.type == "image"):
        image.attrSet("src", f"/guide/{image.attrGet('src')}")
        image.attrSet("loading", "lazy")
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # of our own files, and without their HTML


def anchor(heading: str) -> str:
    """A heading's name in an address, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
