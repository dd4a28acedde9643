"""Second factors: code generators, recovery codes, and proving anew who one is."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pyotp

from warroom.audit import api as audit
from warroom.identity import factor_rules
from warroom.identity.contracts import Demand
from warroom.identity.errors import (
    LastFactorError,
    MustChangePasswordError,
    ProveItError,
    ShortPasswordAloneError,
    UnknownWordError,
    WrongCurrentPasswordError,
    WrongProofError,
)
from warroom.identity.rules import is_citywide
from warroom.identity.service import guesses, steps
from warroom.identity.service.passwords import Passwords
from warroom.identity.settings import CitySettings, IdentitySettings
from warroom.identity.store import doors
from warroom.identity.store import factors as store
from warroom.identity.store import people as people_store
from warroom.identity.store import providers as provider_store
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer

MOST_GRACE_DAYS = 365
_TOTP_PURPOSE = "totp"


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A code generator to be confirmed: for the eye (a data URI of SVG) and for typing."""

    ticket: str
    secret: str
    uri: str
    qr: str


@dataclass(frozen=True, slots=True)
class Codes:
    """Codes of generators and recovery codes: made, checked, used up."""

    sealer: Sealer
    settings: IdentitySettings
    city: CitySettings

    async def fits(
        self, db: Database, scope: Scope, person_id: UUID, login: str, way: str, code: str
    ) -> bool:
        """Whether the code is the person's, and uses it up; a wrong one is counted.

        Raises:
            TooManyAttemptsError: Too many wrong codes.
        """
        async with db.transaction(scope) as tx:
            trusted = await guesses.is_trusted(scope, tx, login)
            wait_s = await guesses.take_code_try(scope, tx, way, person_id, trusted=trusted)
        guesses.refuse_if_waiting(wait_s)
        async with db.transaction(scope) as tx:
            if way == "totp":
                fits = await self._totp_fits(scope, tx, person_id, code, trusted=trusted)
            else:
                letters = factor_rules.canonical_recovery(code)
                fits = await store.use_recovery(scope, tx, person_id, _hash_of(person_id, letters))
            if fits:
                await guesses.forgive_codes(scope, tx, way, person_id, trusted=trusted)
        return fits

    async def begin_totp(self, scope: Scope, tx: Transaction) -> NewTotp:
        """A new secret, kept aside until a code of it was shown.

        Raises:
            NeedsSessionError: A token asks.
            ProveItError: It is too long since the asker proved who they are.
        """
        await require_proof(scope, tx, self.settings.prove_minutes)
        person = await own_person(scope, tx)
        secret = pyotp.random_base32(32)
        sealed = self.sealer.seal(secret.encode(), person["id"].bytes)
        ticket = await steps.begin(
            scope,
            tx,
            _TOTP_PURPOSE,
            self.settings.prove_minutes,
            person_id=person["id"],
            secret=sealed,
        )
        uri = pyotp.TOTP(secret).provisioning_uri(
            name=person["login"], issuer_name=f"War Room {self.city.name}"
        )
        import segno  # noqa: PLC0415 - decision 51

        qr = segno.make(uri, error="m").svg_data_uri(
            scale=4, border=4, dark="#000000", light="#ffffff"
        )
        return NewTotp(ticket.token, secret, uri, qr)

    async def confirm_totp(
        self, scope: Scope, tx: Transaction, ticket: str, code: str
    ) -> list[str] | None:
        """Takes the new generator into use, in place of an earlier one.

        Returns:
            Recovery codes, if the asker had no factor before; they are shown this once.

        Raises:
            StepOverError: It was begun too long ago, or in another session.
            WrongProofError: The code is not one of the new secret.
        """
        step = await steps.look(scope, tx, _TOTP_PURPOSE, ticket)
        secret = self.sealer.open(step["secret"], step["person_id"].bytes).decode()
        used = factor_rules.matching_step(secret, code, scope.at, 0)
        if used is None:
            raise WrongProofError
        await steps.use(scope, tx, _TOTP_PURPOSE, ticket)
        demand = await store.find_demand(scope, tx, step["person_id"])
        await store.store_totp(scope, tx, step["person_id"], bytes(step["secret"]), used)
        await store.prove_session(scope, tx, "totp", factor_rules.SECOND_FACTOR)
        await record(scope, tx, "factor:added", {"factor": "totp"})
        return await self.first_codes(scope, tx, demand)

    async def remove_totp(self, scope: Scope, tx: Transaction) -> None:
        """Removes the asker's code generator.

        Raises:
            NotFoundError: There is none.
            LastFactorError: Their roles ask for it.
            ShortPasswordAloneError: The password is too short to be the only factor.
        """
        await require_proof(scope, tx, self.settings.prove_minutes)
        person_id = _own_id(scope)
        demand = await store.find_demand(scope, tx, person_id)
        await refuse_removal(scope, tx, demand, totp=True)
        if not await store.remove_totp(scope, tx, person_id):
            raise NotFoundError
        await record(scope, tx, "factor:removed", {"factor": "totp"})

    async def first_codes(self, scope: Scope, tx: Transaction, before: Demand) -> list[str] | None:
        """Recovery codes for somebody who had no factor before, or has none left; else None."""
        if before.has_factor and before.recovery:
            return None
        return await self.renew_codes(scope, tx)

    async def renew_codes(self, scope: Scope, tx: Transaction) -> list[str]:
        """New recovery codes in place of all old ones; they are shown this once.

        Eighty random bits each, so that one hash is enough.

        Raises:
            ProveItError: It is too long since the asker proved who they are.
        """
        await require_proof(scope, tx, self.settings.prove_minutes)
        person_id = _own_id(scope)
        codes = [
            "".join(secrets.choice(factor_rules.RECOVERY_ALPHABET) for _ in range(16))
            for _ in range(factor_rules.RECOVERY_CODES)
        ]
        await store.store_recovery(scope, tx, person_id, [_hash_of(person_id, c) for c in codes])
        await record(scope, tx, "factor:recovery_renewed", {"codes": len(codes)})
        return [factor_rules.shown_recovery(code) for code in codes]

    async def _totp_fits(
        self, scope: Scope, tx: Transaction, person_id: UUID, code: str, *, trusted: bool
    ) -> bool:
        known = await store.find_totp(scope, tx, person_id)
        if known is None:
            return False
        step = None
        if trusted or known["failed"] < factor_rules.MOST_FAILED_CODES:
            secret = self.sealer.open(known["secret"], person_id.bytes).decode()
            step = factor_rules.matching_step(secret, code, scope.at, known["last_step"])
        if step is not None and await store.pass_totp(scope, tx, person_id, step):
            return True
        await store.fail_totp(scope, tx, person_id)
        return False


@dataclass(frozen=True, slots=True)
class Prover:
    """Asks a signed-in person to show once more that it is them."""

    db: Database
    settings: IdentitySettings
    passwords: Passwords
    codes: Codes

    async def prove(self, scope: Scope, way: str, shown: str) -> None:
        """Proves it by a code or, for people without a second factor, by the password.

        Raises:
            NeedsSessionError: A token asks.
            WrongProofError: It does not fit, or is not a way of this person.
            TooManyAttemptsError: Too many wrong ones.
        """
        if scope.door != "web" or scope.session_id is None:
            raise NeedsSessionError
        async with self.db.transaction(scope) as tx:
            person = await own_person(scope, tx)
            demand = await store.find_demand(scope, tx, person["id"])
        ways = proof_ways(demand)
        if way not in ways:
            raise WrongProofError
        if way == "password":
            fits = await self._password_fits(scope, person["login"], shown)
        else:
            fits = await self.codes.fits(self.db, scope, person["id"], person["login"], way, shown)
        async with self.db.transaction(scope) as tx:
            if fits:
                strength = (
                    factor_rules.PASSWORD if way == "password" else factor_rules.SECOND_FACTOR
                )
                await store.prove_session(scope, tx, way, strength)
            await record(scope, tx, "session:proven" if fits else "factor:refused", {"way": way})
        if not fits:
            raise WrongProofError

    async def require_password(self, scope: Scope, current: str) -> None:
        """Lets pass who shows the password they have now; people without one pass.

        A wrong one is counted, and written down, whatever becomes of the caller's transaction.

        Raises:
            NeedsSessionError: A token asks.
            WrongCurrentPasswordError: It is another.
            TooManyAttemptsError: Too many wrong ones.
        """
        async with self.db.transaction(scope) as tx:
            person = await own_person(scope, tx)
            if not await store.has_password(scope, tx, person["id"]):
                return
        if not await self._password_fits(scope, person["login"], current):
            async with self.db.transaction(scope) as tx:
                await record(scope, tx, "person:password_refused", {})
            raise WrongCurrentPasswordError

    async def _password_fits(self, scope: Scope, login: str, password: str) -> bool:
        async with self.db.transaction(scope) as tx:
            wait_s = await guesses.take_own_try(scope, tx)
            known = await doors.find_credentials(scope, tx, login) if wait_s is None else None
        guesses.refuse_if_waiting(wait_s)
        fits = await self.passwords.fits(known["hash"] if known else None, password)
        if fits:
            async with self.db.transaction(scope) as tx:
                await guesses.forgive_own(scope, tx)
        return fits


def proof_ways(demand: Demand) -> tuple[str, ...]:
    """How a person can prove who they are: by their factors, or by the password without any."""
    ways = [way for way, has in (("passkey", demand.passkeys > 0), ("totp", demand.totp)) if has]
    return tuple(ways) or ("password",)


async def require_proof(scope: Scope, tx: Transaction, minutes: float) -> None:
    """Lets those pass who have signed in, or proven who they are, in the last minutes.

    The command line is the owner of the installation. Sessions of the demonstration's links have
    nothing to prove it with.

    Raises:
        NeedsSessionError: A token asks.
        ProveItError: It is too long ago (`ways` says how it can be proven).
        MustChangePasswordError: They came by a password that somebody else knows.
        NotFoundError: The session is over.
    """
    if scope.door == "api":
        raise NeedsSessionError
    if scope.door != "web":
        return
    session = await store.find_session(scope, tx)
    if session is None:
        raise NotFoundError
    if session["must_change"]:
        raise MustChangePasswordError
    since = scope.at - timedelta(minutes=minutes)
    is_fresh = session["proven_at"] is not None and session["proven_at"] >= since
    if is_fresh or session["method"] == "link":
        return
    demand = await store.find_demand(scope, tx, _own_id(scope))
    ways = proof_ways(demand)
    if not demand.has_factor:
        linked = tuple(f"sso:{slug}" for slug in await provider_store.list_linked(scope, tx))
        has_password = await store.has_password(scope, tx, _own_id(scope))
        ways = (*(ways if has_password or not linked else ()), *linked)
    raise ProveItError(ways=",".join(ways))


async def prove_for_rights(scope: Scope, tx: Transaction, minutes: float) -> None:
    """As `require_proof`, before rights are changed; a script's token has proven what it can.

    Raises:
        ProveItError: It is too long since the asker proved who they are.
        MustChangePasswordError: They came by a password that somebody else knows.
    """
    if scope.door != "api":
        await require_proof(scope, tx, minutes)


async def refuse_removal(
    scope: Scope, tx: Transaction, demand: Demand, *, totp: bool = False, passkey: bool = False
) -> None:
    """Keeps a person from removing what they are asked for, or what their password leans on.

    Raises:
        LastFactorError: Their roles ask for it.
        ShortPasswordAloneError: The password is too short to be the only factor.
    """
    if not factor_rules.may_remove(demand, totp=totp, passkey=passkey):
        raise LastFactorError
    is_last = demand.totp + demand.passkeys == 1
    if is_last and not await store.has_long_password(scope, tx, _own_id(scope)):
        raise ShortPasswordAloneError


async def reset_factors(scope: Scope, tx: Transaction, person: dict[str, Any]) -> None:
    """Removes all factors of a person who lost them, and ends their sessions.

    Where a role asks for a factor, their next sign-in may do nothing but enrol.
    """
    await store.remove_all(scope, tx, person["id"])
    await people_store.end_sessions(scope, tx, person["id"])
    await audit.record(
        scope,
        tx,
        action="factor:reset",
        object_kind="person",
        object_id=person["id"],
        agency_id=person["agency_id"],
        object_label=person["name"],
    )


async def bind_person(
    scope: Scope, tx: Transaction, person: dict[str, Any], *, seats_only: bool
) -> None:
    """Binds a person to seats, or lets them sign in anywhere; bound, their sessions end."""
    await store.bind_person(scope, tx, person["id"], seats_only=seats_only)
    if seats_only:
        await store.end_unseated(scope, tx, person["id"])
    await audit.record(
        scope,
        tx,
        action="person:seats_bound" if seats_only else "person:seats_freed",
        object_kind="person",
        object_id=person["id"],
        agency_id=person["agency_id"],
        object_label=person["name"],
    )


async def set_role_demand(
    scope: Scope, tx: Transaction, role: str, changes: dict[str, Any]
) -> None:
    """Sets which factor a role asks for, how long people have to enrol, and whether seats bind.

    Raises:
        NotFoundError: The asker does not reach the whole city, or there is no such role.
        UnknownWordError: No such factor, or a grace time beyond a year.
    """
    if not is_citywide(scope, "sign_in:configure"):
        raise NotFoundError
    if changes.get("factor", "none") not in ("none", "any", "passkey"):
        raise UnknownWordError(word=changes["factor"])
    if not 0 <= changes.get("grace_days", 0) <= MOST_GRACE_DAYS:
        raise UnknownWordError(word=changes["grace_days"])
    if not await store.set_role_demand(scope, tx, role, changes):
        raise NotFoundError
    await audit.record(
        scope,
        tx,
        action="role:sign_in_changed",
        object_kind="role",
        object_id=role,
        agency_id=scope.agency_id,
        object_label=role,
        detail=changes,
    )


async def record(scope: Scope, tx: Transaction, action: str, detail: dict[str, Any]) -> None:
    """Writes what the asker did to their own factors."""
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="person",
        object_id=scope.person_id,
        agency_id=scope.agency_id,
        object_label=scope.label,
        detail=detail,
    )


def _own_id(scope: Scope) -> UUID:
    if scope.person_id is None:
        raise NotFoundError
    return scope.person_id


async def own_person(scope: Scope, tx: Transaction) -> dict[str, Any]:
    """The row of who asks.

    Raises:
        NeedsSessionError: A token asks, be it a person's or a program's.
    """
    person = await people_store.find_own_row(scope, tx)
    if scope.door == "api" or person is None:
        raise NeedsSessionError
    return person


def _hash_of(person_id: UUID, letters: str) -> bytes:
    return hashlib.sha256(person_id.bytes + letters.encode()).digest()
