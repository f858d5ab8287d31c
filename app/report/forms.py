"""What the report's pages post: forms of our own, without files."""

from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData

from app.access.forms import posted

FORM_BYTES = 200_000  # the longest texts, in the worst encoding; the marks of a long reading
FIELDS = 3_000

OwnForm = Annotated[FormData, Depends(posted(FORM_BYTES, FIELDS))]
