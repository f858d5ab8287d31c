"""The pages that everybody may read about data, accessibility and storage; of a walk or an organisation with its values."""

from fastapi import APIRouter, Request, Response

from app import pages
from app.db import Db
from app.privacy import papers

router = APIRouter(tags=["privacy"])


@router.get("/privacy")
def get_notice(request: Request, db: Db, walk: str = "", of: str = "") -> Response:
    """`walk`: a walk's id; `of`: an organisation's."""
    return _paper(request, db, "notice", walk, of)


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


def _paper(request: Request, db: Db, name: str, walk: str, of: str) -> Response:
    with db.read() as tx:
        organisation, contacts = papers.about(tx, walk, of)
    text = papers.read(name, organisation, contacts)
    return pages.render(request, "privacy/paper.html", title=papers.PAPERS[name], text=text)
