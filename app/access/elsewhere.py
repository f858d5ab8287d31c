"""A municipality's own sign-in (OpenID Connect): its people come in with what they use at work.

Hides Authlib, which is loaded when somebody uses it, and the provider's addresses and keys. Promises that nobody gets in
who was not added or invited here, that an e-mail address counts only where the provider has verified it and only once,
and that a provider which is down or says strange things is told in a sentence. Never makes an account.
"""

import hmac
import logging
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlmodel import Session, select

from app.access import people
from app.access.awake import FRESH
from app.models import Identity, Membership, User
from app.problems import Problem
from app.settings import Settings
from app.sync.protocol import clean

log = logging.getLogger("tryg")

PATIENCE_S = 5.0  # for each question to the provider
KNOWN_FOR_S = 600  # how long its addresses and keys are believed without asking again
LEEWAY_S = 60  # how far its clock may be off
_OLDEST_S = FRESH.total_seconds() + LEEWAY_S  # how long ago it may have asked who it is, where that is to be fresh
SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


class NotReached(Exception):
    """The provider is down, or answers what is no answer; the reason stands in the log."""


class NotBelieved(Exception):
    """What came back was not asked for by this browser, was asked for too long ago, or is not signed by the provider."""


@dataclass(frozen=True)
class Departure:
    """Where to send the browser, and what it must bring back."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Arrival:
    """Who the provider says it is. `email`: only where it has verified it, else ""."""

    issuer: str
    subject: str
    email: str


def depart(settings: Settings, *, fresh: bool = False) -> Departure:
    """Where to sign in (authorization code flow with PKCE); `fresh`: once more, even where the provider knows who it is.
    Raises NotReached."""
    more: dict[str, Any] = {"prompt": "login", "max_age": int(FRESH.total_seconds())} if fresh else {}
    with _client(settings) as (client, provider):
        from authlib.common.security import generate_token

        verifier, nonce = generate_token(64), generate_token(32)
        address, state = client.create_authorization_url(
            provider["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more
        )
    return Departure(address, state, nonce, verifier)


def arrive(settings: Settings, asked: dict[str, str], given: dict[str, str]) -> Arrival:
    """Who has come back. `asked`: state, nonce and verifier of the departure, and whether it was to be `fresh`, as this browser
    kept them; `given`: what the provider sent along. Raises NotReached, NotBelieved."""
    same = bool(asked) and hmac.compare_digest(given.get("state", "").encode(), asked["state"].encode())
    if not same or not given.get("code"):
        raise NotBelieved
    with _client(settings) as (client, provider):
        if given.get("iss", provider["issuer"]) != provider["issuer"]:  # RFC 9207: another provider's answer
            raise NotBelieved
        token = client.fetch_token(provider["token_endpoint"], code=given["code"], code_verifier=asked["verifier"])
        claims = _claims(settings, provider, token, asked["nonce"])
        # A provider that does not say when it asked is believed: it was asked to (OpenID Connect Core 3.1.2.1).
        if asked.get("fresh") and time.time() - float(claims.get("auth_time", time.time())) > _OLDEST_S:
            raise NotBelieved
        if "email" not in claims and "userinfo_endpoint" in provider:
            more = client.get(provider["userinfo_endpoint"]).raise_for_status().json()
            if more["sub"] == claims["sub"]:
                claims |= {name: more[name] for name in ("email", "email_verified") if name in more}
    email = claims.get("email") if claims.get("email_verified") is True else ""
    return Arrival(provider["issuer"], clean(str(claims["sub"])), clean(str(email or "")))


def person(tx: Session, arrival: Arrival) -> User | None:
    """Who it is here, known from now on by what the provider calls them; None for somebody who was never added.

    An address that has passed to another person at the provider lets that other person in nowhere."""
    known = tx.get(Identity, (arrival.issuer, arrival.subject))
    if known is not None:
        return tx.get(User, known.user_id)
    try:
        user = people.by_email(tx, arrival.email)
    except Problem:  # no address
        return None
    if user is None:
        return None
    tx.get(User, user.id, with_for_update=True)
    role = tx.exec(select(Membership).where(Membership.user_id == user.id)).first()
    other = select(Identity).where(Identity.user_id == user.id, Identity.issuer == arrival.issuer)
    if role is None or tx.exec(other).first() is not None:
        return None
    tx.add(Identity(issuer=arrival.issuer, subject=arrival.subject, user_id=user.id))
    return user


def _claims(settings: Settings, provider: dict[str, Any], token: dict[str, Any], nonce: str) -> dict[str, Any]:
    """The ID token's claims, after everything that OpenID Connect Core 3.1.3.7 asks to look at. Raises NotBelieved."""
    from authlib.integrations.base_client.sync_openid import OpenIDMixin

    class Reader(OpenIDMixin):  # type: ignore[misc]
        client_id = settings.oidc_client_id
        server_metadata = provider | {"id_token_signing_alg_values_supported": SIGNED_BY}

        def load_server_metadata(self) -> dict[str, Any]:
            return self.server_metadata

        def _get_session(self) -> Any:
            return _Asking()

    if not token.get("id_token"):
        raise NotBelieved
    claims = Reader().parse_id_token(token, nonce, leeway=LEEWAY_S)
    if claims.get("nonce") != nonce:
        raise NotBelieved
    return dict(claims)


class _Asking:
    """What Authlib asks for the provider's keys."""

    def __enter__(self) -> "_Asking":
        return self

    def __exit__(self, *_what: object) -> None:
        pass

    def request(self, _method: str, address: str, **_more: Any) -> Any:
        import httpx

        return httpx.get(address, timeout=PATIENCE_S)


@contextmanager
def _client(settings: Settings) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A client of the provider, and what the provider says of itself. Raises NotReached, NotBelieved."""
    import httpx
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    try:
        provider = _provider(settings.oidc_issuer, int(time.monotonic() // KNOWN_FOR_S))
        with _oauth_client()(
            settings.oidc_client_id, settings.oidc_client_secret.get_secret_value(), scope="openid email",
            redirect_uri=return_address(settings), code_challenge_method="S256", timeout=PATIENCE_S,
        ) as client:  # fmt: skip
            yield client, provider
    except (AuthlibBaseError, JoseError) as wrong:
        log.warning("the sign-in at %s was not believed: %s", settings.oidc_issuer, type(wrong).__name__)
        raise NotBelieved from wrong
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as trouble:
        log.error("the sign-in at %s cannot be used: %s", settings.oidc_issuer, type(trouble).__name__)
        raise NotReached from trouble


def return_address(settings: Settings) -> str:
    """Where the provider sends people back to; it must be registered there."""
    return f"{settings.base_url}/sign-in/elsewhere/return"


@lru_cache(maxsize=4)
def _provider(issuer: str, _window: int) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery), asked once in a while. A failure is not remembered."""
    import httpx

    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    found: dict[str, Any] = httpx.get(address, timeout=PATIENCE_S).raise_for_status().json()
    if found["issuer"].rstrip("/") != issuer.rstrip("/"):
        raise ValueError("it calls itself otherwise")
    for needed in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not str(found[needed]).startswith(("https://", "http://" if issuer.startswith("http://") else "https://")):
            raise ValueError(needed)
    return found


def _oauth_client() -> Any:
    """Authlib's client on httpx, without its word on httpx's successor at each start."""
    import authlib.deprecate  # sets its own filter, so it comes first

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
        from authlib.integrations.httpx_client import OAuth2Client
    return OAuth2Client
