"""SQL of vehicles that are out of service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warroom.dispatch.contracts import OutReason
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

OUTAGE = """
(select json_build_object('reason', o.reason, 'note', o.note, 'since', o.began_at,
    'by', (select w.name from person w where w.id = o.begun_by))
from dispatch_outage o where o.unit_id = u.id and o.ended_at is null)
"""
"""Why and since when a unit `u` is out of service, as JSON; null if it is not."""

_OUT = """
select o.unit_id, o.reason, o.note, o.began_at, w.name as by from dispatch_outage o
left join person w on w.id = o.begun_by
where o.unit_id = any(%(units)s) and o.ended_at is null
"""

_BEGIN = """
insert into dispatch_outage (id, unit_id, agency_id, reason, note, began_at, begun_by)
values (%(id)s, %(unit_id)s, %(agency_id)s, %(reason)s, %(note)s, %(now)s, %(person)s)
on conflict (unit_id) where ended_at is null do nothing
returning id
"""

_END = """
update dispatch_outage set ended_at = greatest(%(now)s, began_at), ended_by = %(person)s
where unit_id = %(unit_id)s and ended_at is null returning id
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """Why a unit cannot be sent, since when, and who said so (None: nobody here knows them)."""

    reason: OutReason
    note: str
    since: datetime
    by: str | None


async def list_out(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
) -> dict[UUID, Outage]:
    """Of some units, those that are out of service."""
    rows = await (await tx.execute(_OUT, {"units": list(units)})).fetchall()
    return {
        row["unit_id"]: Outage(row["reason"], row["note"], row["began_at"], row["by"])
        for row in rows
    }


async def begin(
    scope: Scope,
    tx: Transaction,
    unit_id: UUID,
    agency_id: UUID,
    reason: OutReason,
    note: str,
    now: datetime,
) -> bool:
    """A unit that was found is out of service from now on; False where it is already."""
    values = {
        "id": new_id(),
        "unit_id": unit_id,
        "agency_id": agency_id,
        "reason": reason,
        "note": note,
        "now": now,
        "person": scope.person_id,
    }
    return await (await tx.execute(_BEGIN, values)).fetchone() is not None


async def end(scope: Scope, tx: Transaction, unit_id: UUID, now: datetime) -> bool:
    """It serves again; False where it was not out of service."""
    values = {"unit_id": unit_id, "now": now, "person": scope.person_id}
    return await (await tx.execute(_END, values)).fetchone() is not None
