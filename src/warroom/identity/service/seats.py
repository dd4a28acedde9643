"""Seats: workstations of a control room to which people can be bound.

A seat's browser makes a key pair whose private half cannot be taken out of it (WebCrypto, not
extractable), and enrols the public half with a code that an administrator was shown once. Before
each sign-in it signs a challenge and is given a pass of some minutes, which every way of signing
in looks at.
"""

import base64
import hashlib
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import factor_rules, rules
from warroom.identity.contracts import Thing, finds, id_of
from warroom.identity.credentials import SeatPass
from warroom.identity.errors import TakenError, WrongSeatCodeError, WrongSeatError
from warroom.identity.service import guesses, steps
from warroom.identity.service.scopes import stranger_scope
from warroom.identity.settings import IdentitySettings
from warroom.identity.store import doors
from warroom.identity.store import seats as store
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

COOKIE = "warroom_seat"
PASS_MINUTES = 10.0
_CHALLENGE, _PASS = "seat", "seat_pass"
_SIGNED = b"warroom-seat-1:"


async def create_seat(
    scope: Scope,
    tx: Transaction,
    agency_id: UUID,
    name: str,
    place: str | None,
    code_minutes: float,
) -> tuple[UUID, str]:
    """Makes a seat that waits for its workstation; returns its id and the code, shown once.

    Raises:
        NotFoundError: The agency is not in reach.
        TakenError: The agency has a seat of this name.
    """
    if not scope.allows(
        "seat:configure",
        agency_id=agency_id,
        place=place,
        object_id=None,
        tags=(),
        class_=None,
    ):
        raise NotFoundError
    code, seat_id = _new_code(), new_id()
    seat = {
        "id": seat_id,
        "agency_id": agency_id,
        "name": name,
        "place": place,
        "code_hash": _code_hash(code),
        "code_expires_at": scope.at + timedelta(minutes=code_minutes),
    }
    try:
        await store.insert_seat(scope, tx, seat)
    except UniqueViolation as error:
        raise TakenError(field="name") from error
    await _record(scope, tx, "seat:created", seat)
    return seat_id, factor_rules.shown_recovery(code)


async def renew_code(scope: Scope, tx: Transaction, seat_id: UUID, code_minutes: float) -> str:
    """A new code for a seat whose workstation was replaced, shown once.

    Raises:
        NotFoundError: No such seat in reach.
    """
    seat = await _find(scope, tx, seat_id)
    code = _new_code()
    await store.set_code(
        scope, tx, seat_id, _code_hash(code), scope.at + timedelta(minutes=code_minutes)
    )
    await _record(scope, tx, "seat:code_renewed", seat)
    return factor_rules.shown_recovery(code)


async def revoke_seat(scope: Scope, tx: Transaction, seat_id: UUID) -> None:
    """Takes a seat away; whoever sits at it is signed out.

    Raises:
        NotFoundError: No such seat in reach.
    """
    seat = await _find(scope, tx, seat_id)
    await store.revoke(scope, tx, seat_id)
    await _record(scope, tx, "seat:revoked", seat)


async def enrol(
    db: Database, scope: Scope, code: str, public_key: str, agent: str
) -> dict[str, Any]:
    """Makes the browser that sends its public key (SPKI, base64) the seat of the code.

    Raises:
        WrongSeatCodeError: The code is wrong, used or too old.
        WrongSeatError: The key is not one on the curve P-256.
        TooManyAttemptsError: Too many wrong codes from this address.
    """
    key = _bytes_of(public_key)
    _load(key)
    async with db.transaction(scope) as tx:
        wait_s = await doors.take_try(
            scope,
            tx,
            guesses.bucket("#seat", scope.address),
            scope.at,
            rules.FREE_TRIES,
            rules.MOST_WAIT_S,
        )
    guesses.refuse_if_waiting(wait_s)
    async with db.transaction(scope) as tx:
        letters = factor_rules.canonical_recovery(code)
        seat = await store.enrol(scope, tx, _code_hash(letters), key, agent)
        if seat is not None:
            await doors.forget_tries(scope, tx, guesses.bucket("#seat", scope.address))
            await _record(scope, tx, "seat:enrolled", seat)
    if seat is None:
        raise WrongSeatCodeError
    return {"id": seat["id"], "name": seat["name"]}


async def challenge(scope: Scope, tx: Transaction, settings: IdentitySettings) -> str:
    """Words for a seat to sign; good once."""
    return (await steps.begin(_stranger(scope), tx, _CHALLENGE, settings.step_minutes)).token


async def show(
    scope: Scope, tx: Transaction, seat_id: UUID, token: str, signature: str, agent: str
) -> tuple[str, str]:
    """A pass for the browser that has signed the challenge with the seat's key, and its name.

    Raises:
        StepOverError: The challenge is too old or was used.
        WrongSeatError: No such seat (any more), or the signature is not its key's.
    """
    scope = _stranger(scope)
    await steps.use(scope, tx, _CHALLENGE, token)
    seat = await store.find_enrolled(scope, tx, seat_id)
    if seat is None or not _fits(bytes(seat["public_key"]), token, signature):
        raise WrongSeatError
    await store.touch(scope, tx, seat_id, agent)
    ticket = await steps.begin(scope, tx, _PASS, PASS_MINUTES, secret=seat_id.bytes, kind=SeatPass)
    return ticket.token, seat["name"]


async def find_shown(scope: Scope, tx: Transaction, token: str | None) -> dict[str, Any] | None:
    """The seat whose pass this is; None without a pass that still holds."""
    if not token:
        return None
    step = await steps.find(scope, tx, _PASS, token, SeatPass)
    return step and await store.find_enrolled(scope, tx, UUID(bytes=bytes(step["secret"])))


def _stranger(scope: Scope) -> Scope:
    """A seat is shown before anybody signs in, and is bound to no session."""
    return stranger_scope(scope.at, scope.address)


def _fits(public_key: bytes, token: str, signature: str) -> bool:
    """Whether the seat's key signed the challenge (ECDSA P-256, SHA-256, r and s as 64 bytes)."""
    raw = _bytes_of(signature)
    if len(raw) != 64:
        return False
    pair = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
    try:
        _load(public_key).verify(
            encode_dss_signature(*pair), _SIGNED + token.encode(), ec.ECDSA(hashes.SHA256())
        )
    except InvalidSignature:
        return False
    return True


def _load(key: bytes) -> ec.EllipticCurvePublicKey:
    try:
        loaded = load_der_public_key(key)
    except ValueError as error:
        raise WrongSeatError from error
    if not isinstance(loaded, ec.EllipticCurvePublicKey) or loaded.curve.name != "secp256r1":
        raise WrongSeatError
    return loaded


def _bytes_of(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise WrongSeatError from error


def _new_code() -> str:
    return "".join(secrets.choice(factor_rules.RECOVERY_ALPHABET) for _ in range(12))


def _code_hash(letters: str) -> bytes:
    return hashlib.sha256(b"seat" + letters.encode()).digest()


async def _find(scope: Scope, tx: Transaction, seat_id: UUID) -> dict[str, Any]:
    seat = await store.find_seat(scope, tx, seat_id)
    if seat is None:
        raise NotFoundError
    return seat


async def _record(scope: Scope, tx: Transaction, action: str, seat: dict[str, Any]) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="seat",
        object_id=seat["id"],
        agency_id=seat["agency_id"],
        object_label=seat["name"],
    )


@finds("seat")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The seat with this name or id that the scope may configure, as rights see it."""
    row = await store.see_seat(scope, tx, asked, id_of(asked))
    return Thing("seat", row["id"], row["name"], row["agency_id"], row["place"]) if row else None
