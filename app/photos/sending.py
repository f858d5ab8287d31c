"""A file of the vault as an answer: whole, or the part that was asked for.

Hides ranges (RFC 9110 14.2), which players of sound cannot do without, and browsers ask for after an interruption.
"""

import re

from fastapi import Request
from fastapi.responses import StreamingResponse

from app.photos.vault import Opened
from app.problems import Problem


def sent(request: Request, opened: Opened, etag: str, headers: dict[str, str], kind: str) -> StreamingResponse:
    """The file, or the range of it that was asked for. `headers`: with Accept-Ranges; `kind`: its media type. Raises range-not-satisfiable (416)."""
    try:
        part = _part(request, etag, opened.size)
    except Problem:
        opened.close()
        raise
    start, length = part or (0, opened.size)
    headers = headers | {"Content-Length": str(length)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{opened.size}"
    return StreamingResponse(opened.pieces(start, length), 206 if part else 200, headers=headers, media_type=kind)


def _part(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """(first byte, how many) of the one range that is asked for; None for the whole (RFC 9110 14.2: a range that cannot
    be read, or several of them, may be passed over). Raises range-not-satisfiable (416)."""
    asked = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", request.headers.get("range", "").replace(" ", ""))
    if asked is None or request.headers.get("if-range", etag) != etag:
        return None
    first, last = asked.groups()
    if not (first or last) or (first and last and int(last) < int(first)):
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) if first and last else size - 1, size - 1)
    if start > end:
        raise Problem("range-not-satisfiable", headers={"Content-Range": f"bytes */{size}"})
    return start, end - start + 1
