"""Questions to a browser's authenticator and what its answers are worth, by `webauthn`.

Kept apart from `passkeys`, because the library takes long to load and most processes never ask.

References:
    W3C Web Authentication Level 3, sections 7.1 (registering) and 7.2 (verifying an assertion).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from warroom.identity.errors import PasskeyRefusedError

_REFUSED = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError)
"""What the library raises about answers that no browser sends."""


@dataclass(frozen=True, slots=True)
class Made:
    """A passkey that a browser has made: as the library reads it, with the ways to reach it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    is_backed_up: bool
    transports: list[str]


@dataclass(frozen=True, slots=True)
class Used:
    """What an answer that holds tells: how often the key was used, and whether it is backed up."""

    sign_count: int
    is_backed_up: bool


def question_for_new(
    *,
    rp_id: str,
    rp_name: str,
    user_id: bytes,
    login: str,
    name: str,
    challenge: bytes,
    timeout_ms: int,
    known: Sequence[dict[str, Any]],
) -> msgspec.Raw:
    """Options of `navigator.credentials.create`; keys in `known` are not made a second time."""
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name=rp_name,
        user_id=user_id,
        user_name=login,
        user_display_name=name,
        challenge=challenge,
        timeout=timeout_ms,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(known),
    )
    return msgspec.Raw(options_to_json(options).encode())


def question(
    *, rp_id: str, challenge: bytes, timeout_ms: int, known: Sequence[dict[str, Any]]
) -> msgspec.Raw:
    """Options of `navigator.credentials.get`: for one of the `known` keys, or for any."""
    options = generate_authentication_options(
        rp_id=rp_id,
        challenge=challenge,
        timeout=timeout_ms,
        allow_credentials=_descriptors(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return msgspec.Raw(options_to_json(options).encode())


def read_new(credential: dict[str, Any], *, challenge: bytes, rp_id: str, origin: str) -> Made:
    """The passkey of an answer to `question_for_new`.

    Raises:
        PasskeyRefusedError: The answer does not fit the question.
    """
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except _REFUSED as error:
        raise PasskeyRefusedError from error
    return Made(
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        made.aaguid,
        made.credential_backed_up,
        _transports(credential),
    )


def credential_id_of(credential: dict[str, Any]) -> bytes | None:
    """Which key an answer is by; None if that cannot be read."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except _REFUSED:
        return None


def read(
    credential: dict[str, Any],
    *,
    challenge: bytes,
    rp_id: str,
    origin: str,
    public_key: bytes,
    person: bytes,
) -> Used | str:
    """What an answer to `question` tells, or why it is refused (`person`, `answer`).

    The count of uses is the caller's to judge, at once for all processes.
    """
    try:
        handle = credential["response"].get("userHandle")
        if handle and base64url_to_bytes(handle) != person:
            return "person"
        shown = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _REFUSED:
        return "answer"
    return Used(shown.new_sign_count, shown.credential_backed_up)


def _descriptors(known: Sequence[dict[str, Any]]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=bytes(row["credential_id"]),
            transports=[AuthenticatorTransport(word) for word in row["transports"]],
        )
        for row in known
    ]


def _transports(credential: dict[str, Any]) -> list[str]:
    """Ways to reach the device, as far as they are known words."""
    response = credential.get("response")
    told = response.get("transports") if isinstance(response, dict) else None
    words = {word.value for word in AuthenticatorTransport}
    return [word for word in told if word in words] if isinstance(told, list) else []
