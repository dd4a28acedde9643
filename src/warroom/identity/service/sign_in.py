"""Signing in: a password and, where the person has one, a second step; a passkey; a demo's link.

Every door ends in `Doorkeeper.let_in`, which alone opens sessions: it asks for the seat where the
person is bound to one, and notes how strong the sign-in was.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.identity import factor_rules
from warroom.identity.contracts import Caller, OpenedSession, Outside, SecondStep
from warroom.identity.credentials import LinkSecret, SessionSecret
from warroom.identity.errors import (
    NoDemoError,
    SeatRequiredError,
    StepOverError,
    WrongCodeError,
    WrongLinkError,
    WrongPasswordError,
)
from warroom.identity.service import guesses, seats, steps
from warroom.identity.service.factors import Codes
from warroom.identity.service.passkeys import Passkeys, Site
from warroom.identity.service.passwords import Passwords
from warroom.identity.service.scopes import bare_scope, scope_of, stranger_scope
from warroom.identity.settings import IdentitySettings
from warroom.identity.store import doors, people, providers
from warroom.identity.store import factors as factor_store
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

LINK_S = 900
_SECOND = "second"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Lets people in: what signing in needs, once a process."""

    db: Database
    clock: Clock
    settings: IdentitySettings
    passwords: Passwords
    codes: Codes
    passkeys: Passkeys
    is_demo: bool = False

    async def sign_in(
        self, login: str, password: str, address: str | None, agent: str, seat: str | None = None
    ) -> OpenedSession | SecondStep:
        """Opens a session for the right login and password, or asks for the second step.

        Raises:
            WrongPasswordError: They do not fit, or there is no such person.
            TooManyAttemptsError: Too many failed tries from this address.
            SeatRequiredError: The person signs in at seats alone.
        """
        login = login.strip().lower()
        scope = stranger_scope(self.clock.now(), address)
        async with self.db.transaction(scope) as tx:
            wait_s = await guesses.take_password_try(scope, tx, login)
            known = await doors.find_credentials(scope, tx, login) if wait_s is None else None
        guesses.refuse_if_waiting(wait_s)
        fits = await self.passwords.fits(known["hash"] if known else None, password)
        if known is None or not fits:
            await self._record_failure(scope, known, {})
            raise WrongPasswordError
        person_id = known["person_id"]
        second = await self.second_step(scope, person_id, "password")
        answer: OpenedSession | SecondStep
        if second is None:
            answer = await self.let_in(
                person_id,
                "password",
                factor_rules.PASSWORD,
                Caller(address, agent, seat),
                login=login,
            )
        else:
            answer = second
        if self.passwords.is_outdated(known["hash"]):
            renewed = await self.passwords.hash(password)
            own = bare_scope(person_id, scope.at, address)
            async with self.db.transaction(own) as tx:
                await people.renew_hash(own, tx, person_id, renewed)
        return answer

    async def finish_with_code(
        self, ticket: str, way: str, code: str, caller: Caller
    ) -> OpenedSession:
        """Opens the session that a right password asked for, by a code of either kind.

        Args:
            ticket: What the first step gave.
            way: `totp` or `recovery`.
            code: As typed.
            caller: Where from.

        Raises:
            StepOverError: The first step is too long ago.
            WrongCodeError: The code does not fit, or was used.
            TooManyAttemptsError: Too many wrong codes.
            SeatRequiredError: The person signs in at seats alone.
        """
        scope = stranger_scope(self.clock.now(), caller.address)
        async with self.db.transaction(scope) as tx:
            step = await steps.look(scope, tx, _SECOND, ticket)
            demand = await factor_store.find_demand(scope, tx, step["person_id"])
        if way not in factor_rules.ways_of(demand):
            raise WrongCodeError
        fits = await self.codes.fits(self.db, scope, step["person_id"], step["login"], way, code)
        if not fits:
            await self._record_failure(scope, step, {"way": way})
            raise WrongCodeError
        return await self.let_in(
            step["person_id"],
            way,
            factor_rules.SECOND_FACTOR,
            caller,
            login=step["login"],
            ticket=ticket,
        )

    async def sign_in_by_passkey(
        self,
        site: Site,
        ticket: str,
        credential: dict[str, Any],
        caller: Caller,
        second: str | None = None,
    ) -> OpenedSession:
        """Opens a session for a passkey, shown alone or after a password (`second`).

        Raises:
            StepOverError: The question, or the first step, is too old.
            WrongCodeError: The key is not known here, or the answer does not fit.
            SeatRequiredError: The person signs in at seats alone.
        """
        scope = stranger_scope(self.clock.now(), caller.address)
        shown = await self.passkeys.sign_in(scope, site, ticket, credential)
        return await self.let_in(
            shown.person_id,
            "passkey",
            factor_rules.PASSKEY,
            caller,
            ticket=second,
        )

    async def sign_in_by_link(
        self, token: str, address: str | None, agent: str, seat: str | None = None
    ) -> OpenedSession:
        """Opens a session for a one-time link of the demonstration.

        Nothing is asked beside it: a demonstration must work for people without a phone.

        Raises:
            NoDemoError: This is not a demonstration.
            WrongLinkError: The link was used, is too old, or was never given out.
        """
        if not self.is_demo:
            raise NoDemoError
        scope = stranger_scope(self.clock.now(), address)
        link = LinkSecret.read(token)
        if link is None:
            raise WrongLinkError
        async with self.db.transaction(scope) as tx:
            person_id = await doors.use_link(scope, tx, link)
        if person_id is None:
            raise WrongLinkError
        caller = Caller(address, agent, seat)
        return await self.let_in(person_id, "link", factor_rules.PASSKEY, caller)

    async def create_link(self, scope: Scope, login: str, lasts_s: float = LINK_S) -> str:
        """A secret that lets one person in once; exists in the demonstration only.

        Raises:
            NoDemoError: This is not a demonstration.
            NotFoundError: No such person in view.
        """
        if not self.is_demo:
            raise NoDemoError
        secret = LinkSecret.new()
        async with self.db.transaction(scope) as tx:
            person = await people.find_person_by_login(scope, tx, login)
            if person is None:
                raise NotFoundError
            await people.insert_link(
                scope,
                tx,
                link_id=new_id(),
                secret=secret,
                person_id=person["id"],
                expires_at=scope.at + timedelta(seconds=lasts_s),
            )
        return secret.text

    async def sign_out(self, scope: Scope) -> None:
        """Ends the session that was shown."""
        if scope.session_id is None:
            return
        async with self.db.transaction(scope) as tx:
            await people.end_session(scope, tx, scope.session_id)
            await _record(scope, tx, "session:sign_out", scope.person_id, scope.label)

    async def let_in(
        self,
        person_id: UUID,
        method: str,
        strength: int,
        caller: Caller,
        *,
        login: str | None = None,
        ticket: str | None = None,
        outside: Outside | None = None,
    ) -> OpenedSession:
        """Opens a session for somebody whom another part has made sure of.

        Args:
            person_id: Who.
            method: How they showed it: `password`, `passkey`, `oidc:kota`; with a ticket the way
                of the second step, which is put to that of the first (`oidc:kota+totp`).
            strength: `factor_rules.PASSWORD`, `SECOND_FACTOR` or `PASSKEY`.
            caller: Where from.
            login: Typed with a password: its failed tries from here are forgotten.
            ticket: Of a first step, which is used up with this.
            outside: Who they are at the provider that let them in.

        Raises:
            WrongPasswordError: There is no such person (any more).
            StepOverError: The ticket was used meanwhile, or is another person's.
            SeatRequiredError: The person signs in at seats alone, and this is none.
        """
        stranger = stranger_scope(self.clock.now(), caller.address)
        secret, session_id = SessionSecret.new(), new_id()
        expires_at = stranger.at + timedelta(hours=self.settings.session_hours)
        async with self.db.transaction(stranger) as tx:
            if ticket is not None:
                first, outside = await _use_first(stranger, tx, ticket, person_id)
                method = f"{first}+{method}"
            demand = await factor_store.find_demand(stranger, tx, person_id)
            seat = await seats.find_shown(stranger, tx, caller.seat)
            is_allowed = seat is not None or not demand.seats_only
            principal = is_allowed and await doors.open_session(
                stranger,
                tx,
                session_id=session_id,
                person_id=person_id,
                secret=secret,
                method=method,
                expires_at=expires_at,
                agent=caller.agent,
                strength=strength,
                seat_id=seat["id"] if seat else None,
            )
            if principal:
                if outside is not None:
                    await providers.keep_session(stranger, tx, session_id, outside)
                if login is not None:
                    pair = guesses.bucket(login, caller.address)
                    network = guesses.bucket("", caller.address)
                    await doors.forgive(stranger, tx, pair, network, stranger.at)
                own = scope_of(principal, stranger.at, "web", caller.address)
                detail: dict[str, object] = {"method": method}
                if seat is not None:
                    detail["seat"] = seat["name"]
                if principal.must_change:
                    detail["must_change"] = True
                await _record(own, tx, "session:sign_in", person_id, principal.name, detail)
        if not is_allowed:
            await self._record_failure(stranger, {"person_id": person_id}, {"why": "seat"})
            raise SeatRequiredError
        if not principal:
            raise WrongPasswordError
        return OpenedSession(secret.text, expires_at, principal, own)

    async def second_step(
        self, scope: Scope, person_id: UUID, method: str, outside: Outside | None = None
    ) -> SecondStep | None:
        """The second step that is asked of a person after a first one; None if they have none.

        Args:
            scope: A stranger's.
            person_id: Who.
            method: How the first one was shown.
            outside: Who they are at the provider that let them in.
        """
        async with self.db.transaction(scope) as tx:
            demand = await factor_store.find_demand(scope, tx, person_id)
            ways = factor_rules.ways_of(demand)
            if not ways:
                return None
            ticket = await steps.begin(
                scope,
                tx,
                _SECOND,
                self.settings.step_minutes,
                person_id=person_id,
                method=method,
                secret=None if outside is None else msgspec.json.encode(outside),
            )
        return SecondStep(ticket.token, ways, ticket.expires_at)

    async def _record_failure(
        self, scope: Scope, known: dict[str, object] | None, detail: dict[str, object]
    ) -> None:
        async with self.db.transaction(scope) as tx:
            person = known or {}
            await audit.record(
                scope,
                tx,
                action="session:refused",
                object_kind="person",
                object_id=person.get("person_id"),  # type: ignore[arg-type]
                agency_id=person.get("agency_id"),  # type: ignore[arg-type]
                object_label=person.get("name"),  # type: ignore[arg-type]
                detail=detail or None,
            )


async def _use_first(
    scope: Scope, tx: Transaction, ticket: str, person_id: UUID
) -> tuple[str, Outside | None]:
    """How the first step was shown, and who the person is at the provider that took it.

    Raises:
        StepOverError: It was another person's.
    """
    step = await steps.use(scope, tx, _SECOND, ticket)
    if step["person_id"] != person_id:
        raise StepOverError
    kept = step["secret"]
    return step["method"], None if kept is None else msgspec.json.decode(kept, type=Outside)


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
