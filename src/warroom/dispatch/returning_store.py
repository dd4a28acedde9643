"""SQL of units that drive home: free, and not at their post yet."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg import sql

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

RETURNING = """
(select l.returning_at from (
    select a.returning_at, a.in_quarters_at from dispatch_assignment a
    where a.unit_id = u.id order by a.ended_at desc limit 1) l
where l.in_quarters_at is null and l.returning_at > %(home_since)s
and exists (select from dispatch_crew k where k.unit_id = u.id and k.signed_off_at is null
    and k.signed_on_at <= l.returning_at))
"""
"""Since when a unit `u` drives home from its last assignment; null where it does not.

One that is under way again sorts first, and has no such time. Only a crew that serves since then
said so; what was said before `home_since` is not believed any more.
"""

_RETURNING = sql.SQL(
    "select u.id, r.at from unit u cross join lateral (select {returning} as at) r"
    " where u.id = any(%(units)s) and r.at is not null"
).format(returning=sql.SQL(RETURNING))

_HOME = sql.SQL(
    """
select s.id
from dispatch_assignment s join unit u on u.id = s.unit_id
join unit_position p on p.unit_id = u.id and p.at >= %(seen_since)s and p.at >= s.returning_at
where s.returning_at is not null and s.in_quarters_at is null
and s.returning_at > %(home_since)s and s.returning_at = {returning} and exists (
    select from dispatch_minimum m
    where m.agency_id = u.agency_id and m.area is null and m.removed_at is null
    and lower(m.station) = lower(regexp_replace(trim(u.station), '\\s+', ' ', 'g'))
    and 111195 * sqrt((p.lat - m.lat) ^ 2 + ((p.lon - m.lon) * cos(radians(m.lat))) ^ 2)
        <= %(within_m)s)
"""
).format(returning=sql.SQL(RETURNING))


async def list_returning(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
    since: datetime,
) -> dict[UUID, datetime]:
    """Of some units, those that drive home, and since when; said before `since` is too long ago."""
    values = {"units": list(units), "home_since": since}
    rows = await (await tx.execute(_RETURNING, values)).fetchall()
    return {row["id"]: row["at"] for row in rows}


async def list_home(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    since: datetime,
    seen_since: datetime,
    within_m: float,
) -> list[UUID]:
    """Assignments whose unit drives home, and was seen since at the place of its own station.

    Where a station is, is known where the city has said what it keeps free.
    """
    values = {"home_since": since, "seen_since": seen_since, "within_m": within_m}
    rows = await (await tx.execute(_HOME, values)).fetchall()
    return [row["id"] for row in rows]
