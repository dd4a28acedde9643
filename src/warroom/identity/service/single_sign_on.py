"""Signing in at an OpenID Provider (authorization code flow with PKCE), and linking accounts.

A sign-in under way is known by its state, used once within ten minutes, and only by the browser
that began it. A provider speaks for the people of its own agencies alone: this is asked at every
sign-in, not only at the first. Nobody is recognized by an address that is not verified, and by a
verified one only where an administrator has said so.

References:
    OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9207; RFC 9700.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import factor_rules, sso_rules
from warroom.identity.contracts import (
    Arrival,
    Caller,
    Departure,
    Logout,
    NewPerson,
    OpenedSession,
    Outside,
    Provider,
    SecondStep,
)
from warroom.identity.errors import (
    LinkTakenError,
    SsoAgencyError,
    SsoAnswerError,
    SsoAwayError,
    SsoOverError,
    SsoRefusedError,
    SsoUnknownError,
)
from warroom.identity.service import people, sso_proof
from warroom.identity.service.factors import require_proof
from warroom.identity.service.scopes import stranger_scope, system_scope
from warroom.identity.service.sign_in import Doorkeeper
from warroom.identity.service.sso_client import SsoClient
from warroom.identity.sso_rules import UntrustedError
from warroom.identity.store import factors as factor_store
from warroom.identity.store import people as people_store
from warroom.identity.store import providers as store
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer

_LASTS = timedelta(minutes=10)
_MOST_LOGINS = 50


@dataclass(frozen=True, slots=True)
class SingleSignOn:
    """Sends people to providers and takes them back; made once a process."""

    db: Database
    clock: Clock
    client: SsoClient
    sealer: Sealer
    doorkeeper: Doorkeeper

    async def begin(
        self,
        scope: Scope,
        slug: str,
        base: str,
        wanted: str,
        *,
        link: bool,
        prove: bool = False,
    ) -> Departure:
        """Where a browser goes to sign in, or to link the account of the one signed in.

        Args:
            scope: A stranger's, or who links.
            slug: Which provider.
            base: This site's address, `https://warroom.example`.
            wanted: Address of this site to go on to.
            link: Whether the account is to be linked to the asker.
            prove: Whether the asker is to sign in there anew, to prove who they are.

        Raises:
            NotFoundError: No such provider, or nobody to link to or to prove who they are.
            ProveItError: Who links has not proven lately who they are.
            SsoAwayError: The provider does not answer.
            SsoAnswerError: What it says of itself cannot be trusted.
        """
        if (link or prove) and (scope.person_id is None or scope.door != "web"):
            raise NotFoundError
        async with self.db.transaction(scope) as tx:
            if link:
                await require_proof(scope, tx, self.doorkeeper.settings.prove_minutes)
            provider = await store.find_provider(scope, tx, slug)
        if provider is None:
            raise NotFoundError
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        redirect_uri = f"{base}/api/sso/callback"
        try:
            metadata = await self.client.metadata(provider)
        except UntrustedError as error:
            _tell(provider, error)
            raise SsoAnswerError(provider=provider.name) from None
        async with self.db.transaction(scope) as tx:
            attempt = {
                "state_hash": _hash(state),
                "browser_hash": _hash(browser),
                "provider_id": provider.id,
                "nonce": nonce,
                "verifier": verifier,
                "redirect_uri": redirect_uri,
                "next": sso_rules.local_path(wanted),
                "person_id": scope.person_id if link or prove else None,
                "session_id": scope.session_id if link or prove else None,
                "proves": prove,
            }
            await store.begin_attempt(scope, tx, attempt, scope.at + _LASTS)
        url = sso_rules.authorization_url(
            metadata["authorization_endpoint"],
            provider,
            redirect_uri=redirect_uri,
            state=state,
            nonce=nonce,
            verifier=verifier,
            anew=prove,
        )
        return Departure(url, browser)

    async def finish(
        self, answer: Mapping[str, str], browser: str | None, caller: Caller
    ) -> Arrival:
        """Takes somebody back: opens their session, links their account, or proves who they are.

        Raises:
            SsoOverError: The sign-in is not known, too old, used, or another browser's.
            SsoRefusedError: The provider did not let them in.
            SsoAwayError: The provider does not answer.
            SsoAnswerError: What it sent cannot be trusted.
            SsoUnknownError: The account is nobody's here.
            SsoAgencyError: It does not speak for this person's agency.
            LinkTakenError: The account, or the person's place for it, is taken.
            SeatRequiredError: The person signs in at seats alone.
        """
        stranger = stranger_scope(self.clock.now(), caller.address)
        async with self.db.transaction(stranger) as tx:
            attempt = await store.take_attempt(stranger, tx, _hash(answer.get("state", "")))
            provider = attempt and await store.find_provider(stranger, tx, attempt["slug"])
        if not attempt or not provider:
            raise SsoOverError
        if not hmac.compare_digest(attempt["browser_hash"], _hash(browser or "")):
            raise SsoOverError
        try:
            claims, id_token = await self._claims(provider, attempt, answer)
            if attempt["proves"]:
                asker = self._scope(provider, caller.address)
                await sso_proof.prove(self.db, asker, provider, attempt, claims, _LASTS)
                return Arrival(attempt["next"], None)
        except UntrustedError as error:
            await self._refused(stranger, provider, "answer")
            _tell(provider, error)
            raise SsoAnswerError(provider=provider.name) from None
        if attempt["person_id"] is not None:
            await self._link(provider, attempt, claims, caller.address)
            return Arrival(attempt["next"], None)
        try:
            person_id = await self._person(provider, claims, caller.address)
        except (SsoUnknownError, SsoAgencyError) as error:
            await self._refused(stranger, provider, error.code)
            raise
        outside = self._outside(provider, person_id, claims, id_token)
        opened = await self._let_in(provider, person_id, caller, claims, outside)
        return Arrival(attempt["next"], opened)

    async def sign_out_url(self, scope: Scope, back: str) -> str | None:
        """Where the provider of the asker's session ends its own; None where it is not to.

        References:
            OpenID Connect RP-Initiated Logout 1.0, section 2.
        """
        async with self.db.transaction(scope) as tx:
            slug = await store.find_session_provider(scope, tx)
            provider = slug and await store.find_provider(scope, tx, slug)
            sealed = await store.find_id_token(scope, tx)
        if not provider or not provider.ends_session:
            return None
        try:
            endpoint = (await self.client.metadata(provider)).get("end_session_endpoint")
        except (SsoAwayError, UntrustedError):
            return None
        if not isinstance(endpoint, str):
            return None
        query = {"client_id": provider.client_id, "post_logout_redirect_uri": back}
        if sealed is not None and scope.person_id is not None:
            query["id_token_hint"] = self.sealer.open(sealed, scope.person_id.bytes).decode()
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def end_by_provider(self, slug: str, logout_token: str, address: str | None) -> None:
        """Ends the sessions that a provider says are over, opened before it said so.

        A token that comes again ends nothing that was opened since, so none is remembered. What
        cannot be trusted is in the log and not in the audit, which strangers could fill with it.

        Raises:
            NotFoundError: No such provider.
            SsoAwayError: It does not answer, and its keys were never read.
            SsoAnswerError: The token cannot be trusted.

        References:
            OpenID Connect Back-Channel Logout 1.0, section 2.7.
        """
        stranger = stranger_scope(self.clock.now(), address)
        async with self.db.transaction(stranger) as tx:
            provider = await store.find_provider(stranger, tx, slug)
        if provider is None:
            raise NotFoundError
        try:
            logout = await self._logout(provider, logout_token)
        except UntrustedError as error:
            _tell(provider, error)
            raise SsoAnswerError(provider=provider.name) from None
        until = logout.issued_at + timedelta(seconds=sso_rules.LEEWAY_S)
        async with self.db.transaction(stranger) as tx:
            for person in await store.end_outside(stranger, tx, provider.id, logout, until):
                await audit.record(
                    stranger,
                    tx,
                    action="session:ended_outside",
                    object_kind="person",
                    object_id=person["person_id"],
                    agency_id=person["agency_id"],
                    object_label=person["name"],
                    detail={"provider": provider.name},
                )

    async def _logout(self, provider: Provider, logout_token: str) -> Logout:
        now = self.clock.now()
        try:
            keys = await self.client.keys(provider)
            return sso_rules.logout_of(provider, keys, logout_token, now=now)
        except UntrustedError:
            keys = await self.client.keys(provider, again=True)
            return sso_rules.logout_of(provider, keys, logout_token, now=now)

    async def _claims(
        self, provider: Provider, attempt: Mapping[str, Any], answer: Mapping[str, str]
    ) -> tuple[dict[str, Any], str]:
        metadata = await self.client.metadata(provider)
        sso_rules.check_issuer(provider, metadata, answer.get("iss"))
        if "error" in answer or not answer.get("code"):
            raise SsoRefusedError(provider=provider.name)
        secret = None
        if provider.secret is not None:
            secret = self.sealer.open(provider.secret, provider.id.bytes).decode()
        given = await self.client.exchange(
            provider,
            secret,
            code=answer["code"],
            verifier=attempt["verifier"],
            redirect_uri=attempt["redirect_uri"],
        )
        id_token, access_token = given.get("id_token"), given.get("access_token")
        if not isinstance(id_token, str):
            raise UntrustedError("no ID token")
        checked: dict[str, Any] = {
            "nonce": attempt["nonce"],
            "access_token": access_token if isinstance(access_token, str) else None,
            "now": self.clock.now(),
        }
        try:
            keys = await self.client.keys(provider)
            claims = sso_rules.claims_of(provider, keys, id_token, **checked)
        except UntrustedError:
            # Signed, perhaps, by a key that is newer than what is remembered.
            keys = await self.client.keys(provider, again=True)
            claims = sso_rules.claims_of(provider, keys, id_token, **checked)
        if isinstance(access_token, str) and sso_rules.lacks_something(provider, claims):
            told = await self.client.userinfo(provider, access_token)
            claims = sso_rules.with_userinfo(claims, told)
        return claims, id_token

    async def _person(
        self, provider: Provider, claims: dict[str, Any], address: str | None
    ) -> UUID:
        """Who this is here: by a link, by one that waited, or made now.

        Raises:
            SsoUnknownError: Nobody, or somebody who may not sign in.
        """
        scope = self._scope(provider, address)
        subject, email = claims["sub"], sso_rules.verified_email(claims)
        async with self.db.transaction(scope) as tx:
            known = await store.find_linked(scope, tx, provider.id, subject)
            if known is None and email is not None:
                await store.bind_email(scope, tx, provider, subject, email)
                known = await store.find_linked(scope, tx, provider.id, subject)
            if known is None:
                return await self._made(scope, tx, provider, claims)
            if not known["is_active"]:
                raise SsoUnknownError(provider=provider.name)
            _require_agency(provider, claims, known["agency_id"])
            await store.touch_link(scope, tx, known["link_id"])
            if known["is_managed"] and provider.groups_claim is not None:
                await self._renew_roles(scope, tx, provider, claims, known["person_id"])
        person_id: UUID = known["person_id"]
        return person_id

    async def _made(
        self, scope: Scope, tx: Transaction, provider: Provider, claims: dict[str, Any]
    ) -> UUID:
        if not provider.creates:
            raise SsoUnknownError(provider=provider.name)
        agency_id = sso_rules.agency_of(provider, claims)
        if agency_id is None:
            raise SsoAgencyError(provider=provider.name)
        login = await _free_login(scope, tx, provider, claims)
        new = NewPerson(
            login,
            sso_rules.name_of(claims, login),
            agency_id,
            roles=sso_rules.roles_of(provider, claims),
        )
        person_id = await people.create_person(scope, tx, new)
        await _insert_link(scope, tx, provider, person_id, agency_id, claims["sub"], managed=True)
        return person_id

    async def _renew_roles(
        self,
        scope: Scope,
        tx: Transaction,
        provider: Provider,
        claims: dict[str, Any],
        person_id: UUID,
    ) -> None:
        """The roles of a person whom the provider made follow its groups, at each sign-in.

        Raises:
            SsoUnknownError: The person is gone.
        """
        person = await people_store.find_person(scope, tx, person_id, "person:configure")
        if person is None:
            raise SsoUnknownError(provider=provider.name)
        held = {
            role.name: role.reach
            for role in (await people_store.find_principal(scope, tx, person)).roles
        }
        wanted = sso_rules.roles_of(provider, claims)
        if held != wanted:
            await people.change_person(scope, tx, person_id, person["version"], {}, wanted)

    async def _link(
        self,
        provider: Provider,
        attempt: Mapping[str, Any],
        claims: dict[str, Any],
        address: str | None,
    ) -> None:
        if not attempt["is_session_open"]:
            raise SsoOverError
        scope = self._scope(provider, address)
        async with self.db.transaction(scope) as tx:
            person = await people_store.find_person(
                scope, tx, attempt["person_id"], "person:configure"
            )
            if person is None:
                raise SsoOverError
            _require_agency(provider, claims, person["agency_id"])
            await link_subject(scope, tx, provider, person, claims["sub"], None)

    async def _let_in(
        self,
        provider: Provider,
        person_id: UUID,
        caller: Caller,
        claims: dict[str, Any],
        outside: Outside,
    ) -> OpenedSession | SecondStep:
        """As after a password: who has a second factor here shows it, unless it was seen there."""
        method = f"oidc:{provider.slug}"
        is_strong = sso_rules.is_second_factor(provider, claims)
        if not is_strong:
            stranger = stranger_scope(self.clock.now(), caller.address)
            second = await self.doorkeeper.second_step(stranger, person_id, method, outside)
            if second is not None:
                return second
        strength = factor_rules.SECOND_FACTOR if is_strong else factor_rules.PASSWORD
        opened = await self.doorkeeper.let_in(person_id, method, strength, caller, outside=outside)
        # What the provider remembered proves nothing: it counts from when they signed in there.
        at, own = sso_rules.signed_in_at(claims), opened.scope
        async with self.db.transaction(own) as tx:
            proven_at = min(at, own.at) if at else None
            await factor_store.date_proof(own, tx, own.session_id, proven_at)
        return opened

    def _outside(
        self, provider: Provider, person_id: UUID, claims: dict[str, Any], id_token: str
    ) -> Outside:
        sid, sealed = claims.get("sid"), None
        if provider.ends_session:
            sealed = self.sealer.seal(id_token.encode(), person_id.bytes)
        return Outside(
            provider.id, claims["sub"], sid if isinstance(sid, str) and sid else None, sealed
        )

    async def _refused(self, stranger: Scope, provider: Provider, why: str) -> None:
        async with self.db.transaction(stranger) as tx:
            await audit.record(
                stranger,
                tx,
                action="session:refused",
                object_kind="provider",
                object_id=provider.id,
                agency_id=None,
                object_label=provider.name,
                detail={"why": why},
            )

    def _scope(self, provider: Provider, address: str | None) -> Scope:
        scope = system_scope(f"SSO {provider.name}", self.clock, door="web")
        return replace(scope, address=address)


async def link_subject(
    scope: Scope,
    tx: Transaction,
    provider: Provider,
    person: Mapping[str, Any],
    subject: str | None,
    email: str | None,
) -> None:
    """Links a person, whom the caller has judged, to an account or to an address that waits.

    Raises:
        LinkTakenError: The account is another's, or the person has one there already.
    """
    row = {"subject": subject, "email": email, "is_managed": False}
    await _insert_row(scope, tx, provider, person["id"], person["agency_id"], row)


async def _insert_link(
    scope: Scope,
    tx: Transaction,
    provider: Provider,
    person_id: UUID,
    agency_id: UUID | None,
    subject: str,
    *,
    managed: bool,
) -> None:
    row = {"subject": subject, "email": None, "is_managed": managed}
    await _insert_row(scope, tx, provider, person_id, agency_id, row)


async def _insert_row(
    scope: Scope,
    tx: Transaction,
    provider: Provider,
    person_id: UUID,
    agency_id: UUID | None,
    row: dict[str, Any],
) -> None:
    keys = {"id": new_id(), "provider_id": provider.id, "person_id": person_id}
    try:
        await store.insert_link(scope, tx, row | keys)
    except UniqueViolation as error:
        raise LinkTakenError(provider=provider.name) from error
    await audit.record(
        scope,
        tx,
        action="person:linked",
        object_kind="person",
        object_id=person_id,
        agency_id=agency_id,
        object_label=provider.name,
        detail={"by_email": row["email"] is not None},
    )


def _require_agency(provider: Provider, claims: Mapping[str, Any], agency_id: UUID | None) -> None:
    """The person's agency must be one of the provider's, and the one that it names if it names one.

    Raises:
        SsoAgencyError: It is another.
    """
    named = sso_rules.agency_of(provider, claims) if provider.agency_claim else agency_id
    if agency_id is None or agency_id not in provider.agencies or named != agency_id:
        raise SsoAgencyError(provider=provider.name)


async def _free_login(
    scope: Scope, tx: Transaction, provider: Provider, claims: Mapping[str, Any]
) -> str:
    for number in range(_MOST_LOGINS):
        login = sso_rules.login_of(provider, claims, number)
        if await people_store.find_person_by_login(scope, tx, login) is None:
            return login
    return f"{provider.slug}-{new_id().hex[-12:]}"


def _tell(provider: Provider, error: UntrustedError) -> None:
    logger("identity.sso").warning("answer_refused", provider=provider.slug, why=str(error))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
