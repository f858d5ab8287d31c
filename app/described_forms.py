"""The fields of our own pages' forms, where a route reads the form itself and says nothing of it: for /openapi.json.

Hides nothing. Promises that every form that a page of ours posts stands here or in its route (a test compares), so that the fuzzing
reaches what lies behind it. Any field may be left out, and unknown ones change nothing. Decides nothing, and reads no form.
"""

from typing import Any

_MEASURE = (
    "version problem measure partner unit deadline kind status priority continues answer reason place stop point money ticket "
    "revisit new_partner new_email past note*"
)
_PLAN = (
    "do=add|save|no-route|straight|reverse|down:0|up:1|remove:0 rev:int title day begins ends light purpose meeting_point area contacts "
    "route_line stop_id* stop_name* stop_prompt* stop_place* places invited_asked invited* privacy_notice language from"
)
_SEEN = "note version:int rev:int lane other*"
# What stands behind a name: "*" several, ":int" a number, "=a|b" what the buttons say.
FIELDS = {
    "/walks/new": "title from kind=pair|return|template organisation",
    "/walks/{walk_id}/successors": "kind=pair|return|template title",
    "/walks/{walk_id}/plan": _PLAN,
    "/walks/{walk_id}/opening": "from=live|plan",
    "/walks/{walk_id}/closure": "from=live|plan",
    "/walks/{walk_id}/paper": "id sheet rev:int stop:int valence=safe|unsafe|mixed factor* why note suggestion role team feeling:int do=save|new-sheet",
    "/walks/{walk_id}/paper/deletion": "id rev:int deleted=yes|no",
    "/walks/{walk_id}/table/agreement": "stop:int id agrees=yes|no",
    "/walks/{walk_id}/table/notes": "stop:int id rev:int valence=safe|unsafe|mixed note deleted=yes",
    "/walks/{walk_id}/review/decisions": _SEEN
    + " do=release|release-cleared|redact|strike-release|hide|place|stop|factors|sensitive|fit|priority|route|merge|transcribe "
    "words* reason=person|place|test|unclear because point where stop:int priority:int partner factor* recording spoken",
    "/walks/{walk_id}/review/photos": _SEEN + " do=approve|refuse photo*",
    "/walks/{walk_id}/review/photos/{photo_id}": _SEEN + " box*",
    "/walks/{walk_id}/review/undoing": _SEEN + " decision",
    "/walks/{walk_id}/measures": "id " + _MEASURE,
    "/walks/{walk_id}/measures/joining": "note* into:int",
    "/walks/{walk_id}/measures/{number}": _MEASURE,
    "/walks/{walk_id}/measures/{number}/removal": "back=yes",
    "/walks/{walk_id}/measures/{number}/notes": "off*",
    "/walks/{walk_id}/measures/{number}/meeting": "version:int status answer reason partner deadline said",
    "/walks/{walk_id}/report/write": "do=save|down:1|up:2 version:int purpose summary weather journal safe stop* words* shown* pair* themes "
    "impossible followup_on followup contact",
    "/walks/{walk_id}/release/{edition}/reading": "read* checked*",
    "/walks/{walk_id}/release/{edition}/release": "read* checked*",
    "/walks/{walk_id}/release/{edition}/return": "because",
    "/walks/{walk_id}/release/{edition}/withdrawal": "because",
    "/walks/{walk_id}/takedowns/{takedown_id}": "outcome",
    "/r/{slug}/takedown": "text contact",
    "/partner/calendar": "partner",
    "/walks/{walk_id}/measures/{number}/proof/approval": "photo",
    "/partner/calendar/removal": "partner",
    "/partner/measures/{measure_id}": "version:int status answer reason deadline word",
    "/partner/measures/{measure_id}/passing": "word to",
    "/keeping/{organisation_id}": "names:int deleted:int photos:int tracks:int sensitive:int marks:int waiting:int takedowns:int notes:int log:int",
    "/people/search": "query",
    "/people/search/archive": "query hit*",
    "/people/search/erasure": "query hit* photo* phone* sure=yes",
}
FILES = {
    "/walks/{walk_id}/plan": "route",
    "/walks/{walk_id}/measures/{number}/proof": "photo",
    "/partner/measures/{measure_id}/proof": "photo",
}


def body(path: str) -> dict[str, Any] | None:
    """What may be posted to `path` (OpenAPI's Request Body Object), or None where this says nothing of it."""
    if path not in FIELDS and path not in FILES:
        return None
    fields = dict(_field(one) for one in FIELDS.get(path, "").split())
    content = (
        {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}}} if fields else {}
    )
    if path in FILES:
        file = {FILES[path]: {"type": "string", "format": "binary"}}
        content["multipart/form-data"] = {"schema": {"type": "object", "properties": fields | file}}
    return {"required": False, "content": content}


def _field(written: str) -> tuple[str, dict[str, Any]]:
    name, _is, choices = written.partition("=")
    if choices:
        return name, {"anyOf": [{"type": "string", "enum": choices.split("|")}, {"type": "string"}]}
    name, _colon, number = name.partition(":")
    if number:  # typed by hand or by a page: what is no number is told in a sentence
        return name, {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    if name.endswith("*"):
        return name[:-1], {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]}
    return name, {"type": "string"}
