"""Writes static/js/protocol.js from the wire contract, so that phone and server cannot drift apart.

`python -m app.sync.phone_types` writes the file, which is committed; a test fails when it is stale. Hides how pydantic's
JSON schema becomes JSDoc types.
"""

import json
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app.sync import protocol

TARGET = Path(__file__).parents[2] / "static" / "js" / "protocol.js"
MODELS: dict[str, type[BaseModel]] = {
    "ObservationBody": protocol.ObservationIn,
    "Fix": protocol.Fix,
    "Place": protocol.Place,
    "PhotoDeclaration": protocol.PhotoIn,
    "RecordingDeclaration": protocol.RecordingIn,
    "TrackBody": protocol.TrackIn,
    "Receipt": protocol.Receipt,
    "TrackReceipt": protocol.TrackReceipt,
    "PhotoReceipt": protocol.PhotoReceipt,
    "PhotoOut": protocol.PhotoOut,
    "RecordingOut": protocol.RecordingOut,
    "Missing": protocol.Missing,
    "HeldIn": protocol.HeldIn,
}
RARE = {"replaces", "recordings"}  # fields that the phone leaves out where they say nothing
NAMES = {model.__name__: name for name, model in MODELS.items()}
WALK = """/** @typedef {{id: string, seq: number, rev: number, captured_at: string, valence: Valence|null, feeling: number|null,
 *   factors: string[], note: string, suggestion: string, fix: Fix|null, pin: Place|null, stop_id: string|null,
 *   photos: PhotoOut[], agreements: number, mine: boolean, agreed?: boolean}} Change */
/** @typedef {{id: string, number: number, name: string, prompt: string, lat: number|null, lon: number|null}} Stop */
/** @typedef {{id: string, name: string, stop_ids: string[], duties: {[what: string]: string}}} Team */
/** @typedef {{key: string, da: string, en: string, help_da: string, help_en: string, sensitive: boolean}} Factor */
/** @typedef {{key: string, da: string, en: string, factors: Factor[]}} Category */
/** @typedef {{id: string, title: string, purpose: string, state: WalkState, starts_at: string|null,
 *   ends_at: string|null, timezone: string, light: "daylight"|"dusk"|"dark"|null, meeting_point: string,
 *   route: {type: "LineString", coordinates: number[][]}|null, stops: Stop[],
 *   teams?: Team[], paused?: boolean, sharing?: boolean, tracks?: boolean, report_url?: string|null,
 *   taxonomy: {version: string, categories: Category[]}, privacy_notice: string, contacts: string,
 *   basemap: {url: string, sha256: string, bytes: number, credit?: string}|null,
 *   limits: {note: number, photos: number, photo_bytes: number}, seq: number}} Walk */
/** @typedef {{type: string, title: string, status: number, detail: string,
 *   errors?: {field: string, message: string}[], receipt?: Receipt}} Problem */
"""


def written() -> str:
    """The text of protocol.js."""
    lines = [
        "// Generated from app/sync/protocol.py by `python -m app.sync.phone_types`. Do not edit.",
        f"export const VERSION = {protocol.VERSION};",
        f"export const BASE = {json.dumps(protocol.BASE)};",
        f"export const LIMITS = Object.freeze({json.dumps(protocol.LIMITS)});",
        f"export const RECORDINGS = {protocol.RECORDINGS};",
        f"export const SECONDS = {protocol.SECONDS};",
        f"export const PHOTO_TYPES = Object.freeze({json.dumps(list(protocol.PHOTO_TYPES))});",
    ]
    for name in ("Role", "Valence"):
        values = json.dumps(list(typing.get_args(getattr(protocol, name))))
        lines.append(f"export const {name.upper()}S = Object.freeze(/** @type {{const}} */ ({values}));")
    for name in ("Role", "Valence", "WalkState", "PhotoState", "Flag"):
        values = "|".join(json.dumps(value) for value in typing.get_args(getattr(protocol, name)))
        lines.append(f"/** @typedef {{{values}}} {name} */")
    for name, model in MODELS.items():
        lines.append(f"/** @typedef {_type(model.model_json_schema())} {name} */")
    return "\n".join(lines) + "\n" + WALK


def _type(schema: dict[str, Any]) -> str:
    """The JSDoc of an object's schema, in braces; other models are named."""
    fields = ", ".join(
        f"{name}{'?' if name in RARE else ''}: {_value(part)}" for name, part in schema["properties"].items()
    )
    return "{{" + fields + "}}"


def _value(part: dict[str, Any]) -> str:
    if "$ref" in part:
        return NAMES[part["$ref"].rsplit("/", 1)[1]]
    if "enum" in part:
        return "|".join(json.dumps(value) for value in part["enum"])
    if "anyOf" in part:
        return "|".join(_value(option) for option in part["anyOf"])
    if part.get("type") == "array":
        inner = _value(part["items"])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    kinds = {"integer": "number", "number": "number", "boolean": "boolean", "null": "null", "string": "string"}
    return kinds[part["type"]]


if __name__ == "__main__":
    TARGET.write_text(written(), "utf-8")
