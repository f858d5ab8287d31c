"""Where to report a hole in this server, for those who look for it (RFC 9116).

Promises nothing is there where the operator has named nobody: an address that nobody reads is worse than none. The date
until which it holds is always half a year ahead, on the first of a month.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from app.models import now
from app.problems import Problem

router = APIRouter(tags=["service"])

HALF_A_YEAR = 6  # months; the standard wants less than a year


@router.get("/.well-known/security.txt", response_class=PlainTextResponse)
def get_security_txt(request: Request) -> Response:
    """Raises not-found (404) where nobody is named."""
    settings = request.app.state.settings
    if not settings.security_contact:
        raise Problem("not-found")
    year, month = divmod(now().year * 12 + now().month - 1 + HALF_A_YEAR, 12)
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {year:04}-{month + 1:02}-01T00:00:00Z",
        "Preferred-Languages: da, en",
        f"Canonical: {settings.base_url}/.well-known/security.txt",
    ]
    return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=86400"})
