"""THE wire contract, version 1: what a phone sends and gets. Its only definition in code.

Routes, OpenAPI and the phone's static/js/protocol.js are derived from these models. A change here is additive, or a new
version beside this one: phones in pockets run last month's app. Unknown fields are ignored, so that a newer phone is
never refused. Imports nothing of ours.
"""

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

VERSION = 1
BASE = "/api/v1"
BODY_BYTES = 1024 * 1024  # a JSON body; the contract's 1 MiB
LIMITS = {
    "note": 4000,
    "suggestion": 2000,
    "factors": 12,
    "photos": 8,
    "name": 60,
    "changes": 500,
    "known": 500,
    "replaces": 100,
    "draft_days": 30,
}
TRACK_POINTS = 20_000  # of a track, in all its parts; as many metres apart as phones note them, 160 km
PHOTO_EDGE = 2048  # pixels, long edge of what is kept and served
PHOTO_PIXELS = 50_000_000
RECORDINGS, SECONDS = 3, 60  # of a note; of each
RECORDING_BYTES = 1024 * 1024  # 60 s of Opus take a third of it, of a phone that knows AAC alone all of it
RECORDING_TYPES = ("audio/webm", "audio/ogg", "audio/mp4")
PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif")

Role = Literal[
    "resident", "council", "municipality", "police", "rescue", "housing", "business", "association", "school", "other"
]
Valence = Literal["safe", "unsafe", "mixed"]
WalkState = Literal["planned", "open", "closed", "published", "archived"]
PhotoState = Literal["expected", "stored", "ready", "unreadable"]
RecordingState = Literal["expected", "stored"]
Flag = Literal["late", "after-close", "clock-skew", "unknown-factor", "needs-place"]

USUAL_TIME = 40  # characters; with nanoseconds and an offset a time has 35
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def instant(text: str) -> datetime:
    """The moment an RFC 3339 time names, in UTC. Raises ValueError with a sentence."""
    # A fraction may have a million digits: what nobody writes is not remembered, or strangers would fill the memory.
    return (_remembered if len(text) <= USUAL_TIME else _instant)(text)


def _instant(text: str) -> datetime:
    parts = _RFC3339.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        day, minutes, second, fraction, offset = parts.groups()
        second = "59" if second == "60" else second  # RFC 3339 allows a leap second, Python's clock has none
        given = datetime.fromisoformat(f"{day}T{minutes}:{second}{(fraction or '')[:7]}{offset.upper()}")
        return given.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("This must be a time with an offset, such as 2026-11-24T19:32:11+01:00.") from None


# The same text is asked for by the check, by what is kept of it, and by the digest.
_remembered = lru_cache(256)(_instant)


def utc(moment: datetime) -> str:
    """A moment as the server writes it: UTC with Z, in milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clean(value: Any) -> Any:
    """`value` (parsed JSON) with U+0000 and lone surrogates as U+FFFD; databases cannot keep them."""
    if isinstance(value, str):
        return re.sub("[\x00\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def _plain_zeros(value: Any) -> Any:
    """-0.0 is 0.0: equal, but written differently."""
    if isinstance(value, dict):
        return {key: _plain_zeros(item) for key, item in value.items()}
    return value + 0.0 if isinstance(value, float) else value


def _checked_time(text: str) -> str:
    instant(text)
    return text


def _a_way(parts: list[list[list[float]]]) -> list[list[list[float]]]:
    """Lines of [longitude, latitude] pairs; a part without a point says nothing."""
    if sum(map(len, parts)) > TRACK_POINTS:
        raise ValueError("A track has at most 20,000 points.")
    for point in (point for part in parts for point in part):
        if len(point) != 2 or not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
            raise ValueError("Each point of a track is a longitude and a latitude.")
    return [part for part in parts if part]


def _whole(value: Any) -> Any:
    """JSON does not tell 1 from 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _or(default: Any) -> BeforeValidator:
    """An explicit null means the default: words are not refused for the want of a quotation mark."""
    return BeforeValidator(lambda value: default() if value is None else value)


Uuid = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", to_lower=True
    ),
]
Time = Annotated[str, AfterValidator(_checked_time), Field(json_schema_extra={"format": "date-time"})]
Whole = BeforeValidator(_whole)
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
Hex256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)]


class Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


class JoinIn(Wire):
    code: Annotated[str, Field(max_length=200)]
    secret: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
    role: Annotated[Role, _or(lambda: "resident")] = "resident"
    name: Annotated[str | None, Field(max_length=LIMITS["name"])] = None
    team: Annotated[str | None, Field(max_length=LIMITS["name"])] = None
    language: Annotated[str, Field(max_length=35), _or(lambda: "da")] = "da"


class Place(Wire):
    lat: Latitude
    lon: Longitude


class Fix(Place):
    """The raw position. `accuracy_m`: radius in metres, null where unknown."""

    accuracy_m: float | None = None
    source: Annotated[Literal["gps", "exif"], _or(lambda: "gps")] = "gps"
    fixed_at: Time | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_accuracy(cls, sent: Any) -> Any:
        """An accuracy of 0 or less is none."""
        accuracy = sent.get("accuracy_m") if isinstance(sent, dict) else None
        if isinstance(accuracy, int | float) and not isinstance(accuracy, bool) and -math.inf < accuracy <= 0:
            return {**sent, "accuracy_m": None}
        return sent


class PhotoIn(Wire):
    id: Uuid
    sha256: Hex256
    bytes: Annotated[int, Whole, Field(ge=0, le=2**53)]
    type: Annotated[str, Field(max_length=100), _or(lambda: "")] = ""
    # Ids of photos of the same note that this one was made from, blurred: once it is stored, nothing of those is kept.
    replaces: Annotated[list[Uuid], Field(max_length=LIMITS["replaces"]), _or(list)] = []


class RecordingIn(Wire):
    """What somebody has said instead of writing it. Its id is of the same kind as photos': one of them is never the other's."""

    id: Uuid
    sha256: Hex256
    bytes: Annotated[int, Whole, Field(ge=0, le=2**53)]
    type: Annotated[str, Field(max_length=100), _or(lambda: "")] = ""
    seconds: Annotated[float, Field(ge=0, le=SECONDS + 1)]  # a second more: phones stop when a minute is over


class ObservationIn(Wire):
    walk_id: Uuid
    rev: Annotated[int, Whole, Field(ge=1, le=2**31 - 1)]
    deleted: Annotated[bool, _or(bool)] = False
    captured_at: Time
    valence: Valence | None = None
    feeling: Annotated[int, Whole, Field(ge=0, le=3)] | None = None
    factors: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=LIMITS["factors"]), _or(list)
    ] = []
    note: Annotated[str, Field(max_length=LIMITS["note"]), _or(str)] = ""
    suggestion: Annotated[str, Field(max_length=LIMITS["suggestion"]), _or(str)] = ""
    fix: Fix | None = None
    pin: Place | None = None
    stop_id: Uuid | None = None
    photos: Annotated[list[PhotoIn], Field(max_length=LIMITS["photos"]), _or(list)] = []
    recordings: Annotated[list[RecordingIn], Field(max_length=RECORDINGS), _or(list)] = []

    @model_validator(mode="after")
    def _says_something(self) -> "ObservationIn":
        said = (self.valence, self.factors, self.note.strip(), self.suggestion.strip(), self.photos, self.recordings)
        if not self.deleted and self.feeling is None and not any(said):
            raise ValueError("A note needs at least a feeling, a reason, some words or a photo.")
        return self

    @cached_property
    def content(self) -> dict[str, Any]:
        """What is kept of it: every known field but `rev`, as JSON; `replaces` and `recordings` only where they say something, so
        that what was sent before there were such fields is still the same."""
        content = self.model_dump(mode="json", exclude={"rev"})
        for photo in content["photos"]:
            if not photo["replaces"]:
                del photo["replaces"]
        if not content["recordings"]:
            del content["recordings"]
        return content

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the content, its times as instants: equal content, equal digest."""
        content = self.content | {"captured_at": instant(self.captured_at).isoformat()}
        if content["fix"] and content["fix"]["fixed_at"]:
            content["fix"] = content["fix"] | {"fixed_at": instant(content["fix"]["fixed_at"]).isoformat()}
        return hashlib.sha256(json.dumps(_plain_zeros(content), sort_keys=True).encode()).hexdigest()


class TrackIn(Wire):
    """Where a team went, as its note taker's phone measured it: lines, and a gap wherever nothing was measured. No times."""

    walk_id: Uuid
    team: Annotated[str | None, Field(max_length=LIMITS["name"])] = None
    rev: Annotated[int, Whole, Field(ge=1, le=2**31 - 1)]
    deleted: Annotated[bool, _or(bool)] = False
    parts: Annotated[list[list[list[float]]], AfterValidator(_a_way), _or(list)] = []


class TrackReceipt(Wire):
    """What the server holds of a track: its newest revision."""

    id: str
    rev: int
    deleted: bool
    received_at: str


class PhotoOut(Wire):
    id: str
    state: PhotoState


class RecordingOut(Wire):
    id: str
    state: RecordingState


class Receipt(Wire):
    """What the server holds of one revision; `seq`, `received_at` and `flags` never change for it."""

    id: str
    rev: int
    seq: int
    received_at: str
    flags: list[str]
    photos: list[PhotoOut]
    recordings: list[RecordingOut] = []


class PhotoReceipt(Wire):
    id: str
    sha256: str
    bytes: int
    state: PhotoState


class RecordingReceipt(Wire):
    id: str
    sha256: str
    bytes: int
    state: RecordingState


class Change(Wire):
    id: str
    seq: int
    rev: int
    captured_at: str
    valence: Valence | None
    feeling: int | None
    factors: list[str]
    note: str
    suggestion: str
    fix: dict[str, Any] | None
    pin: dict[str, Any] | None
    stop_id: str | None
    photos: list[PhotoOut]
    agreements: int
    mine: bool
    agreed: bool  # whether one of these voices is the reader's own


class Gone(Wire):
    """What a reader may not see, or may no longer see."""

    id: str
    seq: int
    deleted: Literal[True] = True


class WalkChange(Wire):
    walk: dict[str, Any]
    seq: int


class Changes(Wire):
    changes: list[Change | Gone | WalkChange]
    next: int
    more: bool


class AgreementIn(Wire):
    agrees: bool


class AgreementOut(Wire):
    id: str
    agrees: bool
    agreements: int


class Outbox(Wire):
    """What a phone still holds that the server does not, as it says itself."""

    notes: Annotated[int, Whole, Field(ge=0, le=2**31 - 1)]
    photos: Annotated[int, Whole, Field(ge=0, le=2**31 - 1)]


class Erased(Wire):
    """What was erased of one phone, on its own wish. The same again when it asks again."""

    erased_at: str
    receipt: str | None
    notes: int
    photos: int
    tracks: int


class HeldIn(Wire):
    id: Uuid
    rev: Annotated[int, Whole, Field(ge=1, le=2**31 - 1)]


class KnownIn(Wire):
    observations: Annotated[list[HeldIn], Field(max_length=LIMITS["known"]), _or(list)] = []
    photos: Annotated[list[Uuid], Field(max_length=LIMITS["known"]), _or(list)] = []
    recordings: Annotated[list[Uuid], Field(max_length=LIMITS["known"]), _or(list)] = []
    states: Annotated[bool, _or(lambda: False)] = False  # whether it wants to hear of those that are here, too


class Missing(Wire):
    observations: list[HeldIn]
    photos: list[str]
    recordings: list[str] = []


class KnownOut(Wire):
    """`unreadable`, `stored`: of the photos and recordings asked about that are here, those that proved unreadable, and
    those about which that is not known yet; each only where there are some, and `states` was asked for."""

    missing: Missing
    unreadable: list[str] = []
    stored: list[str] = []


class Joined(Wire):
    participant_id: str
    walk: dict[str, Any]
