"""SQL of incidents on their way to another emergency centre."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.incidents.handover_rules import Answered
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_INSERT = """
insert into incident_handover (id, incident_id, neighbour, state, body, reason, asked_at, asked_by,
    due_at)
values (%(id)s, %(incident_id)s, %(neighbour)s, 'waiting', %(body)s, %(reason)s, %(now)s,
    %(person)s, %(now)s)
on conflict do nothing
returning id
"""

_KNOWN = "select exists (select from incident_handover where id = %(id)s)"

_TAKE = """
update incident_handover set due_at = %(until)s, tries = tries + 1
where id = (
    select id from incident_handover where state = 'waiting' and due_at <= %(now)s
    order by due_at limit 1 for update skip locked)
returning id, incident_id, neighbour, body, reason, tries
"""

_ANSWER = """
update incident_handover set state = %(state)s, why = %(why)s, their_number = %(number)s,
    due_at = coalesce(%(due_at)s, due_at),
    answered_at = case when %(state)s = 'waiting' then null else %(now)s end
where id = %(id)s and state = 'waiting'
returning id
"""

_LIST = """
select coalesce(json_agg(json_build_object('id', h.id, 'to', h.neighbour, 'state', h.state,
    'reason', h.reason, 'asked_at', h.asked_at, 'person', p.name, 'tries', h.tries,
    'due_at', case when h.state = 'waiting' then h.due_at end, 'why', h.why,
    'number', h.their_number, 'answered_at', h.answered_at)
    order by h.asked_at desc, h.id desc), '[]')::text
from incident_handover h left join person p on p.id = h.asked_by
where h.incident_id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One that is to be sent; `tries` counts this one."""

    id: UUID
    incident_id: UUID
    neighbour: str
    body: dict[str, Any]
    reason: str
    tries: int


async def insert(
    scope: Scope,
    tx: Transaction,
    waiting: Waiting,
    now: datetime,
) -> bool:
    """Stores one for an incident that was found; False where one waits already."""
    values = {
        "id": waiting.id,
        "incident_id": waiting.incident_id,
        "neighbour": waiting.neighbour,
        "body": msgspec.json.encode(waiting.body).decode(),
        "reason": waiting.reason,
        "now": now,
        "person": scope.author_id,
    }
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def is_known(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it
    tx: Transaction,
    handover_id: UUID,
) -> bool:
    """Whether the same was asked before."""
    row = await (await tx.execute(_KNOWN, {"id": handover_id})).fetchone()
    return bool(row and row["exists"])


async def take(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    now: datetime,
    until: datetime,
) -> Waiting | None:
    """One that is due; nobody else takes it until then, should this process die over it."""
    row = await (await tx.execute(_TAKE, {"now": now, "until": until})).fetchone()
    return Waiting(**row) if row else None


async def answer(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    handover_id: UUID,
    found: Answered,
    now: datetime,
) -> bool:
    """Stores what a try came to; False where it does not wait any more."""
    values = {
        "id": handover_id,
        "state": found.state,
        "why": found.why,
        "number": found.number,
        "due_at": found.due_at,
        "now": now,
    }
    return await (await tx.execute(_ANSWER, values)).fetchone() is not None


async def show(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it
    tx: Transaction,
    incident_id: UUID,
) -> bytes:
    """To whom an incident was handed, the last first, as a JSON list."""
    return await fetch_json(tx, _LIST, {"id": incident_id})
