"""The pages that everybody may read about data, accessibility and storage; of a walk or an organisation with its values."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import URL

from app import i18n, pages
from app.access import browser, guards
from app.access.guards import Anybody
from app.db import Db
from app.privacy import papers

router = APIRouter(tags=["privacy"], dependencies=[Depends(guards.signed_in)])  # whose menu is shown


@router.get("/privacy")
def get_notice(request: Request, db: Db, person: Anybody, walk: str = "", of: str = "", lang: str = "") -> Response:
    """`walk`: a walk's id; `of`: an organisation's; `lang`: a language of the walker's app, else the one that somebody chose
    here, else the browser's first of them."""
    spoken = papers.tongues()
    if lang not in spoken:
        ours = browser.chosen_language(request) or (i18n.language() if person else "")
        lang = ours or i18n.best_of(request.headers.get("accept-language"), spoken)
    ways = {code: (name, _here(request.url.include_query_params(lang=code))) for code, name in spoken.items()}
    with i18n.use(lang, spoken):
        return _paper(request, db, "notice", walk, of, ways=ways, path=_here(request.url.remove_query_params("lang")))


@router.get("/privacy/records")
def get_records(request: Request, db: Db, walk: str = "", of: str = "") -> Response:
    return _paper(request, db, "records", walk, of)


@router.get("/privacy/dpia")
def get_dpia(request: Request, db: Db, walk: str = "", of: str = "") -> Response:
    return _paper(request, db, "dpia", walk, of)


@router.get("/accessibility")
def get_accessibility(request: Request, db: Db, walk: str = "", of: str = "") -> Response:
    return _paper(request, db, "accessibility", walk, of)


@router.get("/storage")
def get_storage(request: Request, db: Db, walk: str = "", of: str = "") -> Response:
    return _paper(request, db, "storage", walk, of)


def _paper(request: Request, db: Db, name: str, walk: str, of: str, **more: Any) -> Response:
    """`ways`: where the paper is in other languages; `path`: where the page's own choice of language comes back to."""
    with db.read() as tx:
        organisation, contacts = papers.about(tx, walk, of)
    text = papers.read(name, organisation, contacts)
    return pages.render(
        request, "privacy/paper.html", **({"title": papers.PAPERS[name], "text": text, "ways": {}} | more)
    )


def _here(url: URL) -> str:
    return url.path + (f"?{url.query}" if url.query else "")
