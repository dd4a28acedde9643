"""Passkeys: made, shown at sign-in or as proof, named, removed.

The person is always verified by their device (finger, face, PIN), so a passkey alone is two
factors; the key is always discoverable, so no login has to be typed.

References:
    W3C Web Authentication Level 3, sections 7.1 (registering) and 7.2 (verifying an assertion).
"""

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity import factor_rules, rules
from warroom.identity.errors import PasskeyRefusedError, WrongCodeError
from warroom.identity.service import guesses, steps
from warroom.identity.service.factors import (
    Codes,
    own_person,
    record,
    refuse_removal,
    require_proof,
)
from warroom.identity.settings import CitySettings, IdentitySettings
from warroom.identity.store import doors
from warroom.identity.store import factors as store
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

MOST_PASSKEYS = 20
_NEW, _SIGN_IN, _PROVE = "passkey_new", "passkey", "passkey_prove"


@dataclass(frozen=True, slots=True)
class Site:
    """The site as the browser names it: relying party id (its host) and origin."""

    rp_id: str
    origin: str


def site_of(settings: IdentitySettings, connection: "HTTPConnection") -> Site:
    """The site that this request was made to.

    Without a `public_url` it is what the browser says: `Origin`, whose host the authenticator has
    compared with `Host` already, so that it is right behind a proxy that ends TLS too. What a page
    of another host made the browser sign carries that host's name and does not fit.
    """
    if settings.public_url:
        url = urlsplit(settings.public_url)
        return Site(url.hostname or "", f"{url.scheme}://{url.netloc}")
    host = connection.headers.get("host", "")
    origin = connection.headers.get("origin") or f"{connection.url.scheme}://{host}"
    return Site(urlsplit(origin).hostname or "", origin)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question for the browser's `navigator.credentials`, and the ticket of its answer."""

    ticket: str
    options: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """Whose passkey was shown."""

    person_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Passkeys:
    """What passkeys need, once a process."""

    db: Database
    settings: IdentitySettings
    city: CitySettings
    codes: Codes

    async def ask_new(self, scope: Scope, tx: Transaction, site: Site) -> Asked:
        """Asks the browser to make a passkey for the asker.

        Raises:
            NeedsSessionError: A token asks.
            ProveItError: It is too long since the asker proved who they are.
            PasskeyRefusedError: They have more than enough.
        """
        from warroom.identity.service import ceremonies  # noqa: PLC0415 - decision 51

        await require_proof(scope, tx, self.settings.prove_minutes)
        person = await own_person(scope, tx)
        known = await store.list_credentials(scope, tx, person["id"])
        if len(known) >= MOST_PASSKEYS:
            raise PasskeyRefusedError
        challenge = secrets.token_bytes(32)
        options = ceremonies.question_for_new(
            rp_id=site.rp_id or "localhost",
            rp_name=f"War Room {self.city.name}",
            user_id=person["id"].bytes,
            login=person["login"],
            name=person["name"],
            challenge=challenge,
            timeout_ms=int(self.settings.step_minutes * 60_000),
            known=known,
        )
        ticket = await steps.begin(
            scope,
            tx,
            _NEW,
            self.settings.step_minutes,
            person_id=person["id"],
            secret=challenge,
        )
        return Asked(ticket.token, options)

    async def add(
        self,
        scope: Scope,
        tx: Transaction,
        site: Site,
        ticket: str,
        credential: dict[str, Any],
        name: str,
    ) -> list[str] | None:
        """Takes a passkey that the browser has made.

        Returns:
            Recovery codes, if the asker had no factor before; they are shown this once.

        Raises:
            StepOverError: It was asked for too long ago, or in another session.
            PasskeyRefusedError: The answer does not fit the question.
        """
        from warroom.identity.service import ceremonies  # noqa: PLC0415 - decision 51

        step = await steps.use(scope, tx, _NEW, ticket)
        made = ceremonies.read_new(
            credential, challenge=bytes(step["secret"]), rp_id=site.rp_id, origin=site.origin
        )
        demand = await store.find_demand(scope, tx, step["person_id"])
        if await store.find_passkey(scope, tx, made.credential_id) is not None:
            raise PasskeyRefusedError
        key = {
            "id": new_id(),
            "credential_id": made.credential_id,
            "public_key": made.public_key,
            "sign_count": made.sign_count,
            "name": name,
            "aaguid": made.aaguid,
            "transports": made.transports,
            "is_backed_up": made.is_backed_up,
        }
        await store.insert_passkey(scope, tx, key)
        await store.prove_session(scope, tx, "passkey", factor_rules.PASSKEY)
        await record(scope, tx, "factor:added", {"factor": "passkey", "name": name})
        return await self.codes.first_codes(scope, tx, demand)

    async def rename(self, scope: Scope, tx: Transaction, passkey_id: UUID, name: str) -> None:
        """Gives one of the asker's passkeys another name.

        Raises:
            NotFoundError: They have no such passkey.
        """
        key = await self._own(scope, tx, passkey_id)
        await store.name_passkey(scope, tx, passkey_id, name)
        await record(scope, tx, "factor:renamed", {"name": [key["name"], name]})

    async def remove(self, scope: Scope, tx: Transaction, passkey_id: UUID) -> None:
        """Removes one of the asker's passkeys.

        Raises:
            NotFoundError: They have no such passkey.
            LastFactorError: Their roles ask for it.
            ShortPasswordAloneError: The password is too short to be the only factor.
        """
        key = await self._own(scope, tx, passkey_id)
        await require_proof(scope, tx, self.settings.prove_minutes)
        demand = await store.find_demand(scope, tx, scope.person_id or passkey_id)
        await refuse_removal(scope, tx, demand, passkey=True)
        await store.remove_passkey(scope, tx, passkey_id)
        detail = {"factor": "passkey", "name": key["name"]}
        await record(scope, tx, "factor:removed", detail)

    async def ask_sign_in(self, scope: Scope, site: Site, second: str | None) -> Asked:
        """Asks a stranger's browser for a passkey: any, or one of those who showed a password.

        Raises:
            StepOverError: The password was shown too long ago.
            TooManyAttemptsError: Too many questions without an answer from this address.
        """
        async with self.db.transaction(scope) as tx:
            wait_s = await doors.take_try(
                scope,
                tx,
                guesses.bucket("#passkey", scope.address),
                scope.at,
                rules.FREE_TRIES_OF_ADDRESS,
                rules.MOST_WAIT_OF_ADDRESS_S,
            )
        guesses.refuse_if_waiting(wait_s)
        async with self.db.transaction(scope) as tx:
            step = await steps.look(scope, tx, "second", second) if second else None
            return await self._ask(scope, tx, site, _SIGN_IN, step["person_id"] if step else None)

    async def sign_in(
        self, scope: Scope, site: Site, ticket: str, credential: dict[str, Any]
    ) -> Shown:
        """Whose passkey a stranger has shown.

        Raises:
            StepOverError: The question is too old.
            WrongCodeError: The key is not known here, or the answer does not fit.
        """
        async with self.db.transaction(scope) as tx:
            shown, why = await self._check(scope, tx, site, _SIGN_IN, ticket, credential)
            if why is None:
                key = guesses.bucket("#passkey", scope.address)
                await doors.forget_tries(scope, tx, key)
        if shown is None or why is not None:
            raise WrongCodeError
        return shown

    async def ask_proof(self, scope: Scope, tx: Transaction, site: Site) -> Asked:
        """Asks the asker's browser for one of their own passkeys.

        Raises:
            NeedsSessionError: A token asks.
        """
        person = await own_person(scope, tx)
        return await self._ask(scope, tx, site, _PROVE, person["id"])

    async def prove(
        self, scope: Scope, site: Site, ticket: str, credential: dict[str, Any]
    ) -> None:
        """The asker proves who they are by a passkey of theirs.

        Raises:
            StepOverError: The question is too old.
            PasskeyRefusedError: The answer does not fit.
        """
        async with self.db.transaction(scope) as tx:
            _, why = await self._check(scope, tx, site, _PROVE, ticket, credential)
            if why is None:
                await store.prove_session(scope, tx, "passkey", factor_rules.PASSKEY)
                await record(scope, tx, "session:proven", {"way": "passkey"})
        if why is not None:
            raise PasskeyRefusedError

    async def _ask(
        self, scope: Scope, tx: Transaction, site: Site, purpose: str, person_id: UUID | None
    ) -> Asked:
        from warroom.identity.service import ceremonies  # noqa: PLC0415 - decision 51

        known = await store.list_credentials(scope, tx, person_id) if person_id else []
        challenge = secrets.token_bytes(32)
        options = ceremonies.question(
            rp_id=site.rp_id or "localhost",
            challenge=challenge,
            timeout_ms=int(self.settings.step_minutes * 60_000),
            known=known,
        )
        ticket = await steps.begin(
            scope,
            tx,
            purpose,
            self.settings.step_minutes,
            person_id=person_id,
            secret=challenge,
        )
        return Asked(ticket.token, options)

    async def _check(
        self,
        scope: Scope,
        tx: Transaction,
        site: Site,
        purpose: str,
        ticket: str,
        credential: dict[str, Any],
    ) -> tuple[Shown | None, str | None]:
        """Whose key it is, and why it is refused; a refusal is written down."""
        step = await steps.use(scope, tx, purpose, ticket)
        key = await self._find(scope, tx, credential)
        if key is None:
            return None, "unknown"
        why = None
        if step["person_id"] not in (None, key["person_id"]):
            why = "person"
        else:
            why = await self._verify(scope, tx, site, bytes(step["secret"]), key, credential)
        shown = Shown(key["person_id"], key["name"])
        if why is not None:
            await audit.record(
                scope,
                tx,
                action="factor:refused",
                object_kind="person",
                object_id=key["person_id"],
                agency_id=key["agency_id"],
                object_label=key["name"],
                detail={"way": "passkey", "key": key["key_name"], "why": why},
            )
        return shown, why

    async def _find(
        self, scope: Scope, tx: Transaction, credential: dict[str, Any]
    ) -> dict[str, Any] | None:
        from warroom.identity.service import ceremonies  # noqa: PLC0415 - decision 51

        credential_id = ceremonies.credential_id_of(credential)
        if credential_id is None:
            return None
        return await store.find_passkey(scope, tx, credential_id)

    async def _verify(
        self,
        scope: Scope,
        tx: Transaction,
        site: Site,
        challenge: bytes,
        key: dict[str, Any],
        credential: dict[str, Any],
    ) -> str | None:
        from warroom.identity.service import ceremonies  # noqa: PLC0415 - decision 51

        shown = ceremonies.read(
            credential,
            challenge=challenge,
            rp_id=site.rp_id,
            origin=site.origin,
            public_key=bytes(key["public_key"]),
            person=key["person_id"].bytes,
        )
        if isinstance(shown, str):
            return shown
        counted = await store.use_passkey(
            scope,
            tx,
            key["id"],
            shown.sign_count,
            is_backed_up=shown.is_backed_up,
        )
        return None if counted else "count"

    async def _own(self, scope: Scope, tx: Transaction, passkey_id: UUID) -> dict[str, Any]:
        key = await store.find_own_passkey(scope, tx, passkey_id)
        if key is None:
            raise NotFoundError
        return key
