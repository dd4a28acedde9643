"""Who hears of a change: every agency that takes part, once each; and the audit."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.incidents.contracts import CHANGED, DRAFTS, Incident
from warroom.incidents.draft_rules import PERSONAL
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope


async def tell(tx: Transaction, incident: Incident, change: str, now: datetime) -> None:
    """Tells that something befell an incident; the same `revision` told twice is one change."""
    body = {
        "id": incident.id,
        "number": incident.number,
        "change": change,
        "state": incident.state,
        "revision": incident.revision,
    }
    await _publish(tx, CHANGED, incident, body, now)


async def tell_typing(
    tx: Transaction, incident: Incident, names: Iterable[str], writer: UUID, now: datetime
) -> None:
    """Tells what was typed, as it is typed; of what is personal only that it was."""
    shown: Mapping[str, Any] = {
        name: incident.fields[name].value for name in names if name not in PERSONAL
    }
    body = {
        "id": incident.id,
        "state": incident.state,
        "revision": incident.revision,
        "writer": writer,
        "fields": shown,
        "more": sorted(PERSONAL.intersection(names)),
    }
    await _publish(tx, DRAFTS, incident, body, now)


async def _publish(
    tx: Transaction, topic: str, incident: Incident, body: dict[str, Any], now: datetime
) -> None:
    events = [(body, *outbox.thing_of(incident.sides_of(one))) for one in incident.agencies]
    await outbox.publish_many(tx, topic, events, now=now)


async def record(
    scope: Scope,
    tx: Transaction,
    incident: Incident,
    deed: str,
    detail: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Writes a deed about an incident into the audit."""
    await audit.record(
        scope,
        tx,
        action=f"incident:{deed}",
        object_kind="incident",
        object_id=incident.id,
        object_label=incident.number,
        agency_id=incident.agency_id,
        place=incident.place,
        detail=detail,
        reason=reason or None,
        sides=incident.sides,
    )
