"""Ways in by the device's own lock: a finger, a face, a code (WebAuthn).

Hides py_webauthn, which is loaded when somebody uses one. Promises that a challenge is answered once and soon, on our own
address, by somebody whose device has made sure of them; and that a passkey whose counter goes back, as a copy's would,
lets nobody in. Never keeps anything that could sign in somewhere by itself: only the public half is here.
"""

import hashlib
import json
import secrets
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.i18n import gettext as _
from app.models import FailedTry, Passkey, User, now
from app.problems import Problem, invalid
from app.settings import Settings, passkey_origin

MOST = 20  # passkeys of one person
NAME = 60  # characters of a passkey's name


def origin(settings: Settings) -> str:
    """The address on which passkeys work; "" where browsers allow none: without https, or with a number for a name."""
    return passkey_origin(settings.base_url)


def of(tx: Session, user: User) -> list[Passkey]:
    """The passkeys of `user`, the oldest first."""
    wanted = select(Passkey).where(Passkey.user_id == user.id).order_by(col(Passkey.created_at), col(Passkey.id))
    return list(tx.exec(wanted).all())


def remove(tx: Session, user: User, passkey_id: str) -> None:
    """This passkey lets nobody in any longer; one that is not theirs, or is gone, changes nothing."""
    found = tx.get(Passkey, passkey_id)
    if found and found.user_id == user.id:
        tx.delete(found)


def new_challenge() -> str:
    return secrets.token_urlsafe(32)


def for_adding(settings: Settings, user: User, held: list[Passkey], challenge: str) -> dict[str, Any]:
    """What the browser needs to make a passkey (PublicKeyCredentialCreationOptions as JSON)."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=_host(settings),
        rp_name="Tryghedsvandring",
        user_id=UUID(user.id).bytes,
        user_name=user.email,
        challenge=challenge.encode(),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(one.id)) for one in held
        ],
    )
    return json.loads(webauthn.options_to_json(options))  # type: ignore[no-any-return]


def add(tx: Session, settings: Settings, user: User, answer: dict[str, Any], challenge: str, name: str) -> None:
    """Keeps the passkey that the browser has made. Raises invalid (422) where it does not answer the challenge."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    _once(tx, challenge)
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge.encode(),
            expected_rp_id=_host(settings),
            expected_origin=origin(settings),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise _refused() from None
    tx.get(User, user.id, with_for_update=True)
    key_id = bytes_to_base64url(made.credential_id)
    if len(of(tx, user)) >= MOST or tx.get(Passkey, key_id) is not None:
        raise invalid(("passkey", _("You have this passkey already, or too many: remove one first.")))
    public = bytes_to_base64url(made.credential_public_key)
    tx.add(Passkey(id=key_id, user_id=user.id, public_key=public, sign_count=made.sign_count, name=name[:NAME]))


def for_signing_in(settings: Settings, challenge: str) -> dict[str, Any]:
    """What the browser needs to let somebody choose among the passkeys it has for us."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=_host(settings),
        challenge=challenge.encode(),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return json.loads(webauthn.options_to_json(options))  # type: ignore[no-any-return]


def use(tx: Session, settings: Settings, answer: dict[str, Any], challenge: str) -> User:
    """The person whose passkey has answered the challenge. Raises invalid (422), for an unknown passkey too."""
    import webauthn
    from webauthn.helpers.exceptions import WebAuthnException

    _once(tx, challenge)
    key_id = answer.get("id")
    held = tx.get(Passkey, key_id, with_for_update=True) if isinstance(key_id, str) else None
    if held is None:
        raise _refused()
    try:
        used = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge.encode(),
            expected_rp_id=_host(settings),
            expected_origin=origin(settings),
            credential_public_key=webauthn.base64url_to_bytes(held.public_key),
            credential_current_sign_count=held.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise _refused() from None
    held.sign_count, held.used_at = used.new_sign_count, now()
    return tx.get_one(User, held.user_id)


def _once(tx: Session, challenge: str) -> None:
    """Raises invalid (422) where there is no challenge, or it was answered before."""
    if not challenge:
        raise _refused()
    answered = FailedTry(id=hashlib.sha256(challenge.encode()).hexdigest(), purpose="challenge", address="", at=now())
    try:
        with tx.begin_nested():
            tx.add(answered)
    except IntegrityError:
        raise _refused() from None


def _refused() -> Problem:
    return invalid(("passkey", _("The passkey could not be used. Try once more, or use a code by e-mail.")))


def _host(settings: Settings) -> str:
    """The name that passkeys are bound to. Raises invalid (422) where browsers allow none here."""
    if not origin(settings):
        raise _refused()
    return urlsplit(settings.base_url).hostname or ""
