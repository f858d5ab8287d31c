"""Odd values in every field of every form, every query and every address: told in a sentence, whatever the database.

What stands there is taken from /openapi.json, which tests hold complete; a new route is asked without anybody adding it here.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlmodel import select

from app.models import Stop
from tests.access.conftest import PAGE, Browser
from tests.cast import Stage
from tests.security.everything import ENDLESS

# What a database cannot hold, and what is a number for one reader and none for the next.
ODD = ("Lampe\0n", "²", "9223372036854775808", "9" * 5000)
NOT_ASKED = ENDLESS | {"/sign-out", "/account/sessions/removal"}  # they end the session that asks
# What forms call what is there: with it a form is read further than to its first field.
KNOWN = {
    "note": "observation_id", "id": "observation_id", "off": "observation_id", "photo": "photo_id", "partner": "partner_id",
    "to": "partner_id", "into": "number", "stop": "number", "rev": "number", "version": "number",
}  # fmt: skip
USUAL = {
    "point": "57.04, 9.98", "place": "57.04, 9.98", "stop_place": "57.04, 9.98", "email": "ny@kommune.example",
    "new_email": "ny@kommune.example", "day": "2026-12-01", "deadline": "2026-12-01", "begins": "19:00", "ends": "20:00",
}  # fmt: skip
Asked = tuple[str, str, dict[str, str], dict[str, str]]  # method, address, query, form


def requests(stage: Stage, filled: dict[str, str]) -> Iterator[Asked]:
    """One odd value in each, everything else as usual."""
    for path, methods in stage.app.openapi()["paths"].items():
        for method, operation in methods.items() if path not in NOT_ASKED else ():
            names = re.findall(r"\{(\w+)\}", path)
            known = {name: filled.get(name, "none") for name in names}
            where, fields = path.format(**known), _fields(stage, operation)
            queries = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            usual = [{name: _usual(name, shape, filled, at) for name, shape in fields.items()} for at in (0, -1)]
            for odd in ODD:
                yield from ((method, path.format(**known | {name: quote(odd, safe="")}), {}, {}) for name in names)
                yield from ((method, where, {name: odd}, {}) for name in queries)
                for form in usual if usual[0] != usual[1] else usual[:1]:
                    yield from ((method, where, {}, form | {name: odd}) for name in fields)


def _fields(stage: Stage, operation: dict[str, Any]) -> dict[str, Any]:
    """A form's fields, each with its JSON schema."""
    found: dict[str, Any] = {}
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        shape = content["schema"]
        if "$ref" in shape:
            shape = stage.app.openapi()["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        found |= shape.get("properties", {}) if "form" in kind else {}
    return found


def _usual(name: str, shape: dict[str, Any], filled: dict[str, str], at: int) -> str:
    ways = (shape, *shape.get("anyOf", ()))
    choices = [choice for way in ways for choice in way.get("enum", ())]
    if choices:
        return str(choices[at])
    if name in KNOWN:
        return filled[KNOWN[name]]
    return USUAL.get(name, "1" if any(way.get("type") == "integer" for way in ways) else "Lampe")


@pytest.fixture
def stage_settings() -> dict[str, Any]:
    return {"rate_limits": "off"}


def test_no_value_in_a_form_a_query_or_an_address_breaks_anything(
    stage: Stage, filled: dict[str, str], signed_in: Callable[..., Browser]
) -> None:
    desk, phone = signed_in("admin", "Aalborg Kommune", cleared=True), stage.phone()
    asked, broken = 0, []
    for method, where, query, form in requests(stage, filled):
        headers = phone.key if where.startswith("/api/v1/") else PAGE
        reply = desk.request(method, where, params=query, data=form or None, headers=headers)
        asked += 1
        if reply.status_code >= 500:
            broken.append((method, where[:200], *((name, value[:20]) for name, value in (query | form).items())))
    assert asked > 1000
    assert not broken
    assert desk.get("/account").status_code == 200, "it was signed in to the end"


def test_what_a_file_names_is_kept_without_what_no_database_holds(
    stage: Stage, signed_in: Callable[..., Browser]
) -> None:
    desk, at = signed_in("admin", "Aalborg Kommune"), [9.98, 57.04]
    told = {"name": "Lampe\0n\ud800", "prompt": "Er der\0 lys?"}
    features: list[dict[str, Any]] = [
        {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [at, [9.99, 57.05]]}, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": at}, "properties": told},
    ]
    route = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    plan = desk.post("/walks/new", data={"title": "Tur"}).headers["location"]
    form = {"title": "Tur", "rev": "0", "do": "save"}
    assert desk.post(plan, data=form, files={"route": ("tur.geojson", route)}).status_code == 303
    with stage.db.read() as tx:
        stop = tx.exec(select(Stop).where(Stop.walk_id == plan.split("/")[2])).one()
    assert (stop.name, stop.prompt) == ("Lampe\ufffdn\ufffd", "Er der\ufffd lys?")
