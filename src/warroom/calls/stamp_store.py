"""SQL of when calls were offered, answered and ended, for who measures a service by it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.calls.contracts import VIEW, CallStamps
from warroom.calls.store import columns_of
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_STAMPS = sql.SQL(
    """
select c.id, c.direction, c.class, c.offered_at, c.answered_at, c.ended_at, c.recording_s,
    c.recording_sha256
from call c where {visible} and {wanted}
order by c.offered_at, c.id
"""
)


async def list_between(
    scope: Scope, tx: Transaction, since: datetime, until: datetime
) -> list[CallStamps]:
    """Spoken calls in view that came in from `since` on and before `until`; tests are left out."""
    wanted = (
        "c.direction = 'in' and c.offered_at >= %(since)s and c.offered_at < %(until)s"
        " and c.channel in ('phone', 'pbx') and c.class is distinct from 'test'"
    )
    return await _list(scope, tx, wanted, {"since": since, "until": until})


async def list_of(scope: Scope, tx: Transaction, call_ids: Sequence[UUID]) -> list[CallStamps]:
    """Those of these calls that are in view, the first offered first."""
    return await _list(scope, tx, "c.id = any(%(ids)s)", {"ids": list(call_ids)})


async def _list(
    scope: Scope, tx: Transaction, wanted: str, values: dict[str, Any]
) -> list[CallStamps]:
    visible, parameters = scope.narrow(VIEW, **columns_of("c"))
    query = _STAMPS.format(visible=visible, wanted=sql.SQL(wanted))
    rows = await (await tx.execute(query, parameters | values)).fetchall()
    return [CallStamps(*row.values()) for row in rows]
