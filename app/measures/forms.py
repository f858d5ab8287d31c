"""What the pages of measures post: forms of our own, with a photo or without.

Hides limits. Promises that a form of another site is refused before it is read, and that a photo is never whole in memory.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from app.access import guards
from app.access.forms import posted
from app.measures.changing import MOST_NOTES
from app.photos import arrival

FORM_BYTES = 60_000  # the longest texts, in the worst encoding
BESIDE_BYTES = 20_000  # of a form with a photo: its frame


async def photo_form(request: Request) -> AsyncIterator[FormData]:
    """A form of our own pages with one file. Raises not-allowed (403), photo-too-large (413)."""
    guards.own_form(request)
    limit, length = request.app.state.settings.photo_bytes, request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > limit + BESIDE_BYTES:
        raise arrival.too_large(limit, hang_up=True)
    async with request.form(max_files=1, max_fields=20) as form:
        yield form


OwnForm = Annotated[FormData, Depends(posted(FORM_BYTES, MOST_NOTES + 50))]
PhotoForm = Annotated[FormData, Depends(photo_form)]
