"""Signing in and out.

A try is counted before the password is looked at, so that many at once do not slip through, and
in a bucket of its own for each login at each address: who guesses from elsewhere locks out nobody
but themselves.
"""

import hashlib
import ipaddress
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import OpenedSession
from warroom.identity.errors import (
    NoDemoError,
    TooManyAttemptsError,
    WrongLinkError,
    WrongPasswordError,
)
from warroom.identity.service.passwords import Passwords
from warroom.identity.service.scopes import scope_of, stranger_scope
from warroom.identity.service.sessions import digest_of
from warroom.identity.settings import IdentitySettings
from warroom.identity.store import doors, people
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_TRUSTED_DAYS = 30
LINK_S = 900


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Lets people in: what signing in needs, once a process."""

    db: Database
    clock: Clock
    settings: IdentitySettings
    passwords: Passwords
    is_demo: bool = False

    async def sign_in(
        self, login: str, password: str, address: str | None, agent: str
    ) -> OpenedSession:
        """Opens a session for the right login and password.

        Raises:
            WrongPasswordError: They do not fit, or there is no such person.
            TooManyAttemptsError: Too many failed tries from this address.
        """
        login = login.strip().lower()
        pair, network = _bucket(login, address), _bucket("", address)
        scope = stranger_scope(self.clock.now(), address)
        async with self.db.transaction(scope) as tx:
            wait_s = await self._take_try(scope, tx, pair, network)
            known = await doors.find_credentials(scope, tx, login) if wait_s is None else None
        if wait_s is not None:
            raise TooManyAttemptsError(wait_s=max(1, round(wait_s)))
        fits = await self.passwords.fits(known["hash"] if known else None, password)
        if known is None or not fits:
            await self._record_failure(scope, known)
            raise WrongPasswordError
        opened = await self._open(known["person_id"], "password", scope, agent, (pair, network))
        if self.passwords.is_outdated(known["hash"]):
            renewed = await self.passwords.hash(password)
            async with self.db.transaction(opened.scope) as tx:
                await people.set_password(opened.scope, tx, known["person_id"], renewed)
        return opened

    async def sign_in_by_link(self, token: str, address: str | None, agent: str) -> OpenedSession:
        """Opens a session for a one-time link of the demonstration.

        Raises:
            NoDemoError: This is not a demonstration.
            WrongLinkError: The link was used, is too old, or was never given out.
        """
        if not self.is_demo:
            raise NoDemoError
        scope = stranger_scope(self.clock.now(), address)
        async with self.db.transaction(scope) as tx:
            person_id = await doors.use_link(scope, tx, digest_of(token))
        if person_id is None:
            raise WrongLinkError
        return await self._open(person_id, "link", scope, agent, None)

    async def create_link(self, scope: Scope, login: str, lasts_s: float = LINK_S) -> str:
        """A secret that lets one person in once; exists in the demonstration only.

        Raises:
            NoDemoError: This is not a demonstration.
            NotFoundError: No such person in view.
        """
        if not self.is_demo:
            raise NoDemoError
        token = secrets.token_urlsafe(32)
        async with self.db.transaction(scope) as tx:
            person = await people.find_person_by_login(scope, tx, login)
            if person is None:
                raise NotFoundError
            await people.insert_link(
                scope,
                tx,
                link_id=new_id(),
                token_hash=digest_of(token),
                person_id=person["id"],
                expires_at=scope.at + timedelta(seconds=lasts_s),
            )
        return token

    async def sign_out(self, scope: Scope) -> None:
        """Ends the session that was shown."""
        if scope.session_id is None:
            return
        async with self.db.transaction(scope) as tx:
            await people.end_session(scope, tx, scope.session_id)
            await _record(scope, tx, "session:sign_out", scope.person_id, scope.label)

    async def _take_try(
        self, scope: Scope, tx: Transaction, pair: bytes, network: bytes
    ) -> float | None:
        since = scope.at - timedelta(days=_TRUSTED_DAYS)
        is_trusted = await doors.has_succeeded(scope, tx, pair, since)
        wait_s = await doors.take_try(
            scope, tx, pair, scope.at, rules.FREE_TRIES, rules.MOST_WAIT_S
        )
        if wait_s is not None:
            return wait_s
        slow = await doors.take_try(
            scope, tx, network, scope.at, rules.FREE_TRIES_OF_ADDRESS, rules.MOST_WAIT_OF_ADDRESS_S
        )
        # Whoever has signed in from here before is not made to wait for strangers beside them.
        return None if is_trusted else slow

    async def _record_failure(self, scope: Scope, known: dict[str, object] | None) -> None:
        async with self.db.transaction(scope) as tx:
            person = known or {"person_id": None, "name": None, "agency_id": None}
            await audit.record(
                scope,
                tx,
                action="session:refused",
                object_kind="person",
                object_id=person["person_id"],  # type: ignore[arg-type]
                agency_id=person["agency_id"],  # type: ignore[arg-type]
                object_label=person["name"],  # type: ignore[arg-type]
            )

    async def _open(
        self,
        person_id: UUID,
        method: str,
        stranger: Scope,
        agent: str,
        buckets: tuple[bytes, bytes] | None,
    ) -> OpenedSession:
        token, session_id = secrets.token_urlsafe(32), new_id()
        expires_at = stranger.at + timedelta(hours=self.settings.session_hours)
        async with self.db.transaction(stranger) as tx:
            principal = await doors.open_session(
                stranger,
                tx,
                session_id=session_id,
                person_id=person_id,
                token_hash=digest_of(token),
                method=method,
                expires_at=expires_at,
                agent=agent,
            )
            if principal is None:
                raise WrongPasswordError
            if buckets is not None:
                await doors.forgive(stranger, tx, *buckets, stranger.at)
            own = scope_of(principal, stranger.at, "web", stranger.address)
            await _record(own, tx, "session:sign_in", person_id, principal.name, {"method": method})
        return OpenedSession(token, expires_at, principal, own)


def _bucket(login: str, address: str | None) -> bytes:
    return hashlib.sha256(f"{login}|{_network(address)}".encode()).digest()


def _network(address: str | None) -> str:
    """The address; of IPv6 the /64, of which one household or attacker has all."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


async def _record(
    scope: Scope,
    tx: Transaction,
    action: str,
    person_id: UUID | None,
    name: str,
    detail: dict[str, object] | None = None,
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="person",
        object_id=person_id,
        agency_id=scope.agency_id,
        object_label=name,
        detail=detail,
    )
