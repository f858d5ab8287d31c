"""What /openapi.json says beyond what the routes say themselves: every failure, and what pages and files are.

Hides that a route which answers with a page or a file looks to FastAPI as if it gave JSON. Promises that each status a route
may answer with is listed, every failure as problem+json (RFC 9457) and, outside /api/, as a page for who asks for one: a test
fuzzes the running server against this document (tests/security/test_fuzz.py). Decides nothing.
"""

from typing import Any

from fastapi import FastAPI

from app.described_forms import body
from app.problems import CATALOGUE

_FILES = {
    ".atom": "application/atom+xml",
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".ics": "text/calendar",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
}  # the rest say so themselves
_ELSE = {
    "/account/passkeys/challenge": "application/json",
    "/api/v1/participants/{participant_id}/data": "application/json",
    "/api/v1/walks/{walk_id}": "application/json",
    "/guide/pictures/{name}": "image/*",
    "/marks/{code}/own/{mark_id}": "application/json",
    "/partner/photos/{photo_id}": "image/jpeg",
    "/readyz": "application/json",
    "/sign-in/passkey/challenge": "application/json",
    "/sign-in/passkey": "application/json",
    "/static/dist/assets/{name}": "*/*",
    "/walks/{walk_id}/live/events": "text/event-stream",
    "/walks/{walk_id}/review/recordings/{recording_id}": "audio/*",
    "/walks/{walk_id}/review/state": "application/json",
}
_NO_FAILURES = {"/healthz"}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "pattern": "^/problems/[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence in the language of the request"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


class Described(FastAPI):
    """An application whose document is whole."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            _complete(document)
            self.openapi_schema = document
        return self.openapi_schema


def _complete(document: dict[str, Any]) -> None:
    parts = document.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = _PROBLEM
    parts["responses"] = {}
    for status, codes in sorted(_failures().items()):
        told = f"{', '.join(codes)}: /problems/ and this code is its type"
        problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        parts["responses"][f"Problem{status}"] = {"description": told, "content": problem}
        page = {"text/html": {"schema": {"type": "string"}}}
        parts["responses"][f"Page{status}"] = {"description": told, "content": problem | page}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _answers(path, method, operation)


def _failures() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code, (status, _title) in CATALOGUE.items():
        if status != 500:  # what must not happen is promised to nobody
            found.setdefault(status, []).append(code)
    return found


def _answers(path: str, method: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    wire = path.startswith("/api/")
    if method == "post" and (form := body(path)):
        operation.setdefault("requestBody", form)
    if "204" not in answers and not _says_what(answers.get("200", {})):
        ending = path[path.rindex("/") :]
        kind = _ELSE.get(path) or next((kind for end, kind in _FILES.items() if ending.endswith(end)), "text/html")
        answers["200"] = {"description": "as asked for", "content": {kind: {"schema": {}}}}
    if not wire:  # a browser may have to do something else first: sign in, wait until it is printed
        answers.setdefault("303", {"description": "where to go on", "content": {}})
        if path.endswith((".pdf", ".zip")):
            answers["202"] = {"description": "being printed", "content": {"text/html": {"schema": {}}}}
    if method == "get":
        answers.setdefault("304", {"description": "what you have is still so"})
    if path not in _NO_FAILURES:
        for status in _failures():
            name = f"{'Problem' if wire else 'Page'}{status}"
            answers[str(status)] = {"$ref": f"#/components/responses/{name}"}


def _says_what(answer: dict[str, Any]) -> bool:
    """Whether a route itself says what it answers with: a model, or another kind than FastAPI takes for granted."""
    content = answer.get("content", {})
    return bool(content) and content != {"application/json": {"schema": {}}}
