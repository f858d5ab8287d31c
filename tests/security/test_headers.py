"""Every answer of every route carries what a browser needs to know, whoever asks and whatever becomes of it."""

from collections.abc import Callable

from httpx import Response

from tests.access.conftest import Browser
from tests.cast import Stage
from tests.security.everything import asked

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
FOR_ALL = ("/static/dist/", "/guide/pictures/", "/api/v1/maps/", "/r/")  # may lie in shared caches
ASKED_AGAIN = ("/app/", "/sw.js")  # the same for everybody, and asked for each time


def wrong(reply: Response, path: str, *, https: bool = False) -> list[str]:
    """What this answer lacks."""
    headers, found = reply.headers, []
    for name, value in EVERYWHERE.items():
        # A link's secret goes in no header at all, not even to ourselves.
        if headers.get(name) != value and (name, headers.get(name)) != ("referrer-policy", "no-referrer"):
            found.append(f"{name}: {headers.get(name)}")
    policy = headers.get("content-security-policy", "")
    if "unsafe" in policy or "*" in policy or "http" in policy or "default-src 'none'" not in policy:
        found.append(f"policy: {policy}")
    for rule in ("base-uri 'none'", "frame-ancestors 'none'", "form-action "):
        if rule not in policy:
            found.append(f"policy without {rule}: {policy}")
    if "text/html" in headers.get("content-type", ""):
        for rule in ("object-src 'none'", "script-src 'self';", "require-trusted-types-for 'script'", "trusted-types "):
            if rule not in f"{policy};":
                found.append(f"page's policy without {rule}: {policy}")
    powers = headers.get("permissions-policy", "")
    if "camera=()" not in powers or "microphone=()" not in powers:
        found.append(f"powers: {powers}")
    kept = headers.get("cache-control", "")
    if path.startswith(FOR_ALL) and reply.status_code < 400:
        known = "public" in kept or "no-store" in kept
    elif path.startswith(ASKED_AGAIN):
        known = kept in {"no-cache", "no-store"}
    else:
        known = "no-store" in kept or "private" in kept
    if not known:
        found.append(f"kept: {kept}")
    if ("strict-transport-security" in headers) != https:
        found.append(f"https: {headers.get('strict-transport-security')}")
    return found


def test_every_route_answers_nobody_somebody_and_a_coordinator_with_all_headers(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser]
) -> None:
    lacking = []
    statuses = set()
    for browser in (Browser(stage), signed_in("coordinator", "Aalborg Kommune")):
        for accept in ("text/html", "application/json"):
            for method, path, reply in asked(browser, filled, {"Accept": accept}):
                statuses.add(reply.status_code)
                lacking += [(method, path, reply.status_code, what) for what in wrong(reply, path)]
    assert not lacking
    assert statuses >= {200, 303, 308, 401, 403, 404, 405, 422}
