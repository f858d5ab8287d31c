"""Forms of our own pages as they come in.

Hides how a form is read. Promises that one of another site is refused before it is read, that what is longer than a form can be
is not read at all, and that no database refuses what is in one.
"""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import Request
from pydantic import AfterValidator
from starlette.datastructures import FormData

from app.access import browser
from app.problems import Problem
from app.sync.protocol import clean

# Of a field that a route names by itself: Annotated[Text, Form(max_length=…)].
Text = Annotated[str, AfterValidator(clean)]


def posted(most_bytes: int, fields: int, files: int = 0) -> Callable[[Request], AsyncIterator[FormData]]:
    """A dependency: a form of our own pages, of at most `most_bytes` with its frame, `fields` fields and `files` files.
    Raises not-allowed (403), body-too-large (413)."""

    async def form(request: Request) -> AsyncIterator[FormData]:
        browser.own_form(request)
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > most_bytes:
            raise Problem("body-too-large", headers={"Connection": "close"})
        async with request.form(max_files=files, max_fields=fields) as read:
            yield FormData([(name, clean(value)) for name, value in read.multi_items()])

    return form
