"""What the report's pages post: forms of our own, without files.

Hides limits. Promises that a form of another site is refused before it is read, and that no database refuses
what is in one of ours.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from app.access import guards
from app.problems import Problem
from app.sync.protocol import clean

FORM_BYTES = 200_000  # the longest texts, in the worst encoding; the marks of a long reading
FIELDS = 3_000


async def own_form(request: Request) -> AsyncIterator[FormData]:
    """A form of our own pages. Raises not-allowed (403), body-too-large (413)."""
    guards.own_form(request)
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > FORM_BYTES:
        raise Problem("body-too-large", headers={"Connection": "close"})
    async with request.form(max_files=0, max_fields=FIELDS) as form:
        yield FormData([(name, clean(value)) for name, value in form.multi_items()])


OwnForm = Annotated[FormData, Depends(own_form)]
