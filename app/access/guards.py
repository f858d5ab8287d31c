"""Every decision about who may do what. Everything may ask here; nothing else decides.

Hides how a caller proves who they are: a phone by its participant's secret, a person by a session or a reading key.
Promises that secrets are compared in constant time and that an outsider learns nothing, not even what exists.
"""

import hashlib
import hmac
import ipaddress
import re
from typing import Annotated

from fastapi import Depends, Request

from app.db import Db
from app.models import Observation, Participant
from app.problems import Problem
from app.taxonomy import is_sensitive

_BEARER = re.compile(r"Bearer ([0-9a-fA-F-]{36})\.([A-Za-z0-9_-]{20,128})")


def secret_hash(secret: str) -> str:
    """How a secret of 256 random bits is kept: SHA-256, hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _walker(request: Request, db: Db) -> Participant:
    """The participant whose phone is calling. Raises not-joined (401)."""
    given = _BEARER.fullmatch(request.headers.get("authorization", ""))
    if given is None:
        raise Problem("not-joined")
    with db.read() as tx:
        participant = tx.get(Participant, given[1].lower())
    kept = participant.secret_hash if participant else ""
    if not hmac.compare_digest(secret_hash(given[2]), kept) or participant is None:
        raise Problem("not-joined")
    return participant


Walker = Annotated[Participant, Depends(_walker)]


def walks_with(participant: Participant, walk_id: str) -> None:
    """Raises not-yours (403) where the participant has not joined that walk, or there is none."""
    if participant.walk_id != walk_id:
        raise Problem("not-yours")


def walker_sees(participant: Participant, observation: Observation) -> bool:
    """Whether a walker may see this note now: one's own always; others' of the same walk unless deleted or sensitive."""
    if observation.participant_id == participant.id:
        return True
    return (
        observation.walk_id == participant.walk_id and not observation.deleted and not is_sensitive(observation.factors)
    )


def address_of(request: Request) -> str:
    """Where a call comes from, for the limits on guessing: an IPv4 address, or an IPv6 network of one household."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)


def etag_matches(request: Request, etag: str) -> bool:
    """Whether the caller holds this version already (If-None-Match, RFC 9110 13.1.2; weak comparison)."""
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}
