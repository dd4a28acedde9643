"""What the composition root, and other domains, call of `hub`."""

from typing import Any
from uuid import UUID

from warroom.hub import service as _service
from warroom.hub import store as _store
from warroom.hub.collect import collect
from warroom.hub.contracts import KINDS
from warroom.hub.send import Sender
from warroom.hub.service import Webhooks, send_test
from warroom.hub.settings import HubSettings
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.outbound import Outbound
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import Configuration

list_deliveries = _service.list_deliveries


def services(
    configuration: Configuration,
    db: Database,
    clock: Clock,
    standing: Scope,
    sealer: Sealer,
    outbound: Outbound,
) -> dict[type, Any]:
    """What the routes, jobs and commands of `hub` use, by type; made once a process."""
    settings = configuration.section(HubSettings)
    return {
        HubSettings: settings,
        Webhooks: Webhooks(settings, sealer, outbound),
        Sender: Sender(db, clock, standing, outbound, sealer, settings.senders),
    }


async def list_webhooks(scope: Scope, tx: Transaction) -> bytes:
    """Webhooks in view as JSON `{items, total, next}`."""
    return await _store.list_webhooks(scope, tx)


async def find_webhook(scope: Scope, tx: Transaction, webhook_id: UUID) -> bytes | None:
    """One webhook in view as JSON, or None."""
    return await _store.find_webhook_json(scope, tx, webhook_id)


async def tidy(scope: Scope, tx: Transaction, before: Any) -> None:
    """Forgets deliveries that ended before this moment."""
    await _store.tidy(scope, tx, before)


__all__ = [
    "KINDS",
    "HubSettings",
    "Sender",
    "Webhooks",
    "collect",
    "find_webhook",
    "list_deliveries",
    "list_webhooks",
    "send_test",
    "services",
    "tidy",
]
