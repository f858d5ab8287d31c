"""The review's forms as they come in, and the ids in them."""

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData

from app.access import guards
from app.access.forms import posted
from app.i18n import gettext as _
from app.problems import Problem

FORM_BYTES = 100_000  # each word of the longest note struck, where each is one letter
FIELDS = 4_000


Form = Annotated[FormData, Depends(posted(FORM_BYTES, FIELDS))]


def id_in(form: FormData, name: str) -> str:
    """An id as our forms carry it. Raises invalid (422)."""
    written = str(form.get(name, ""))
    if not guards.UUID.fullmatch(written):
        raise Problem("invalid", _("This page is not whole. Load it again; nothing was decided."))
    return written.lower()
