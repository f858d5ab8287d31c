"""The review's forms as they come in: only from pages of ours, and no longer than one can be.

Hides how a form is read. Promises that what is too long is not read at all, and that no database refuses what is in it. Decides nothing.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from app.access import guards
from app.i18n import gettext as _
from app.problems import Problem
from app.sync.protocol import clean

FORM_BYTES = 100_000  # each word of the longest note struck, where each is one letter
FIELDS = 4_000


async def _form(request: Request) -> AsyncIterator[FormData]:
    """A form of our own pages. Raises not-allowed (403), body-too-large (413)."""
    guards.own_form(request)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > FORM_BYTES:
        raise Problem("body-too-large", headers={"Connection": "close"})
    async with request.form(max_files=0, max_fields=FIELDS) as form:
        yield FormData([(name, clean(value)) for name, value in form.multi_items()])


Form = Annotated[FormData, Depends(_form)]


def id_in(form: FormData, name: str) -> str:
    """An id as our forms carry it. Raises invalid (422)."""
    written = str(form.get(name, ""))
    if not guards.UUID.fullmatch(written):
        raise Problem("invalid", _("This page is not whole. Load it again; nothing was decided."))
    return written.lower()
