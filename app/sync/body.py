"""Reads a JSON body as a model of the wire contract, whatever arrives.

Hides what a hostile or broken phone can put into a body: megabytes, no JSON, NaN, numbers of a thousand digits, a
thousand brackets, lone surrogates. Promises 413 or 422 with the fields named, never a 500.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from app.problems import Problem, invalid, sentence
from app.sync.protocol import BODY_BYTES, clean

Model = TypeVar("Model", bound=BaseModel)


def json_body(model: type[Model]) -> Any:
    """A dependency that gives the body as `model`. Raises body-too-large (413), invalid (422)."""

    async def body(request: Request) -> Model:
        return parsed(model, await read(request))

    reader: Callable[[Request], Coroutine[Any, Any, Model]] = body
    return Depends(reader)


async def read(request: Request) -> bytes:
    """The body as it came. Raises body-too-large (413)."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > BODY_BYTES:
            raise Problem("body-too-large", headers={"Connection": "close"})
    return bytes(raw)


def described(model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a body read by `json_body`."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inlined = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def _inlined(part: Any, known: dict[str, Any]) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            return _inlined(known[part["$ref"].rsplit("/", 1)[1]], known)
        whole = {name: _inlined(value, known) for name, value in part.items()}
        return _or_null(whole) if whole.get("default") is not None else whole
    return [_inlined(value, known) for value in part] if isinstance(part, list) else part


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    """Of what has a default: null means it too, as the contract's models take it."""
    default = {"default": field.pop("default")}
    return {"anyOf": [field, {"type": "null"}]} | default


def parsed(model: type[Model], raw: bytes) -> Model:
    """`raw` as `model`. Raises invalid (422), which names the fields."""
    try:
        given = json.loads(raw.decode("utf-8", "replace"), parse_constant=_no_number)
    except (ValueError, RecursionError):  # no JSON, NaN, a number of thousands of digits, a thousand brackets
        raise _no_json() from None
    return as_model(model, given, escaped=b"\\u" in raw)


def as_model(model: type[Model], given: Any, *, escaped: bool = True) -> Model:
    """Parsed JSON as `model`; what a database cannot keep comes into it by an escape alone. Raises invalid (422), which names the
    fields."""
    try:
        return model.model_validate(clean(given) if escaped else given)
    except ValidationError as wrong:
        raise invalid(*(_as_pair(error) for error in wrong.errors(include_url=False)[:20])) from None
    except (ValueError, RecursionError):
        raise _no_json() from None


def _no_json() -> Problem:
    return invalid(("body", sentence("json_invalid", {})))


def _as_pair(error: Any) -> tuple[str, str]:
    return ".".join(str(part) for part in error["loc"]) or "body", sentence(error["type"], error.get("ctx") or {})


def _no_number(_name: str) -> NoReturn:
    raise ValueError
