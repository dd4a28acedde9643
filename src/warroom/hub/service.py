"""Use cases of `hub`: making, changing, trying and ending webhooks.

A webhook tells its receiver what a service account may see. So who makes one, moves it or renews
its secret must hold everything that account may do, as for making a token of it.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.hub import rules, store
from warroom.hub.contracts import KINDS, TEST, Delivery, Endpoint
from warroom.hub.errors import (
    ChangedMeanwhileError,
    KindNotAllowedError,
    TooManyError,
    UnknownKindError,
)
from warroom.hub.send import Sender, told
from warroom.hub.settings import HubSettings
from warroom.identity import api as identity
from warroom.identity.contracts import Thing, finds, id_of
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.outbound import Outbound
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer

_RIGHT = "webhook:configure"


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What webhooks are made with, once a process."""

    settings: HubSettings
    sealer: Sealer
    outbound: Outbound

    async def create(
        self,
        scope: Scope,
        tx: Transaction,
        *,
        application_id: UUID,
        name: str,
        url: str,
        kinds: list[str],
    ) -> tuple[UUID, str]:
        """Makes a webhook of a service account; its id, and its secret, told this once.

        Raises:
            NeedsSessionError: A token asks for it.
            NotFoundError: No such active service account in reach.
            BeyondOwnRightsError: It has more rights than the scope.
            UnknownKindError: No such kind of event.
            KindNotAllowedError: The account may not hear a kind.
            TargetInvalidError: The address cannot be a target.
            ForbiddenTargetError: The address may not be sent to.
            TooManyError: The agency has enough.
        """
        _refuse_token(scope)
        agency_id, _ = await identity.require_application_issuer(scope, tx, application_id)
        if not scope.allows(_RIGHT, agency_id=agency_id):
            raise NotFoundError
        await self._judge(scope, tx, application_id, url, kinds)
        if await store.count_webhooks(scope, tx, agency_id) >= self.settings.most_per_agency:
            raise TooManyError(limit=self.settings.most_per_agency)
        webhook_id, secret = new_id(), os.urandom(rules.SECRET_BYTES)
        row = {
            "id": webhook_id,
            "agency_id": agency_id,
            "account_id": application_id,
            "name": name,
            "url": url.strip(),
            "kinds": sorted(set(kinds)),
            "secret": self.sealer.seal(secret, webhook_id.bytes),
        }
        await store.insert_webhook(scope, tx, row)
        await _record(scope, tx, "webhook:created", row, {"url": row["url"], "kinds": row["kinds"]})
        return webhook_id, rules.secret_text(secret)

    async def change(
        self, scope: Scope, tx: Transaction, webhook_id: UUID, version: int, changes: dict[str, Any]
    ) -> None:
        """Changes name, address, kinds or whether it is active; it is tried again at once.

        Raises:
            NeedsSessionError: A token asks for it.
            NotFoundError: No such webhook in reach.
            ChangedMeanwhileError: `version` is not the stored one.
            BeyondOwnRightsError: Its account has more rights than the scope.
            UnknownKindError: No such kind of event.
            KindNotAllowedError: Its account may not hear a kind.
            TargetInvalidError: The address cannot be a target.
            ForbiddenTargetError: The address may not be sent to.
        """
        _refuse_token(scope)
        row = await _found(scope, tx, webhook_id)
        if row["version"] != version:
            raise ChangedMeanwhileError
        changed = row | changes
        if changed["is_active"] or changes.keys() - {"is_active"}:
            await identity.require_application_issuer(scope, tx, row["account_id"])
            await self._judge(scope, tx, row["account_id"], changed["url"], changed["kinds"])
        await store.update_webhook(scope, tx, changed)
        detail = {word: [row[word], value] for word, value in changes.items()}
        await _record(scope, tx, "webhook:changed", changed, detail)

    async def rotate(
        self, scope: Scope, tx: Transaction, webhook_id: UUID, overlap: timedelta
    ) -> str:
        """A new secret, told this once; until the overlap is over both sign.

        Raises:
            NeedsSessionError: A token asks for it.
            NotFoundError: No such webhook in reach.
            BeyondOwnRightsError: Its account has more rights than the scope.
        """
        _refuse_token(scope)
        row = await _found(scope, tx, webhook_id)
        await identity.require_application_issuer(scope, tx, row["account_id"])
        secret = os.urandom(rules.SECRET_BYTES)
        changed = row | {
            "secret": self.sealer.seal(secret, webhook_id.bytes),
            "old_secret": row["secret"],
            "old_secret_until": scope.at + overlap,
        }
        await store.update_webhook(scope, tx, changed)
        await _record(
            scope, tx, "webhook:rotated", row, {"overlap_hours": overlap.total_seconds() / 3_600}
        )
        return rules.secret_text(secret)

    async def remove(self, scope: Scope, tx: Transaction, webhook_id: UUID) -> None:
        """Removes a webhook with everything that waited for it.

        Raises:
            NotFoundError: No such webhook in reach.
        """
        row = await _found(scope, tx, webhook_id)
        await store.delete_webhook(scope, tx, webhook_id)
        await _record(scope, tx, "webhook:removed", row, {"url": row["url"]})

    async def resend(self, scope: Scope, tx: Transaction, webhook_id: UUID) -> int:
        """Lets parked deliveries wait again; how many there were.

        Raises:
            NotFoundError: No such webhook in reach.
        """
        row = await _found(scope, tx, webhook_id)
        number = await store.resend(scope, tx, webhook_id)
        await _record(scope, tx, "webhook:resent", row, {"deliveries": number})
        return number

    async def endpoint_to_test(self, scope: Scope, tx: Transaction, webhook_id: UUID) -> Endpoint:
        """Where a test goes; it is in the audit from here on.

        Raises:
            NotFoundError: No such webhook in reach.
        """
        row = await _found(scope, tx, webhook_id)
        await _record(scope, tx, "webhook:tested", row, {"url": row["url"]})
        return Endpoint(
            row["id"],
            row["account_id"],
            row["url"],
            row["secret"],
            row["old_secret"],
            row["old_secret_until"],
            0,
        )

    async def _judge(
        self, scope: Scope, tx: Transaction, account_id: UUID, url: str, kinds: list[str]
    ) -> None:
        self.outbound.require_allowed(url)
        known = {kind.name: kind for kind in KINDS}
        account = await identity.find_application_scope(scope, tx, account_id)
        for name in kinds:
            if name not in known:
                raise UnknownKindError(kind=name)
            if account is None or not account.may(known[name].action):
                raise KindNotAllowedError(kind=name)


async def send_test(sender: Sender, endpoint: Endpoint, scope: Scope) -> dict[str, Any]:
    """Sends a signed event that tells of nothing, once; how it went."""
    delivery = Delivery(new_id(), TEST, b'{"test":true}', None, None, None, (), None, scope.at, 1)
    return told(await sender.send_one(endpoint, delivery))


async def list_deliveries(scope: Scope, tx: Transaction, webhook_id: UUID) -> bytes:
    """The last hundred deliveries of a webhook as JSON, without what was in them.

    Raises:
        NotFoundError: No such webhook in view.
    """
    if await store.find_webhook(scope, tx, webhook_id, "webhook:view") is None:
        raise NotFoundError
    return await store.list_deliveries(scope, tx, webhook_id)


async def _found(scope: Scope, tx: Transaction, webhook_id: UUID) -> dict[str, Any]:
    row = await store.find_webhook(scope, tx, webhook_id)
    if row is None:
        raise NotFoundError
    return row


def _refuse_token(scope: Scope) -> None:
    if scope.door == "api":
        raise NeedsSessionError


async def _record(
    scope: Scope, tx: Transaction, action: str, row: dict[str, Any], detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="webhook",
        object_id=row["id"],
        agency_id=row["agency_id"],
        object_label=row["name"],
        detail=detail,
    )


@finds("webhook")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The webhook in view with this id, as rights see it; None if there is none."""
    webhook_id = id_of(asked)
    row = await store.see_webhook(scope, tx, webhook_id) if webhook_id else None
    return Thing("webhook", row["id"], row["name"], row["agency_id"]) if row else None
