"""SQL of the desk: the queue, what is known of a number, calls by other ways, the service level."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import sql

from warroom.calls.contracts import SUPERVISE, VIEW
from warroom.calls.nuisance import Judgement, Past
from warroom.calls.store import SHOWN, columns_of
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.phones import prefix_pattern
from warroom.kernel.scope import Scope

JOURNAL = UUID("00000000-0000-7000-8000-000000000112")
"""Under which events stand that no edge wrote."""

_QUEUE = sql.SQL(
    f"""
with open as materialized (
    select * from call c where {{visible}} and c.closed_at is null
    order by c.offered_at desc limit 300
)
select coalesce(json_agg(json_build_object({SHOWN},
    'place', (select json_build_object('lat', l.lat, 'lon', l.lon, 'radius_m', l.radius_m,
        'source', l.source, 'method', l.method, 'at', l.at) from call_location l
        where l.call_id = c.id and l.lat is not null order by l.at desc limit 1))
    order by c.offered_at, c.id), '[]')::text
from open c
"""
)

_HISTORY = sql.SQL(
    """
with past as materialized (
    select c.* from call c
    where c.from_number = (select from_number from call where id = %(id)s)
    and c.from_number <> '' and c.id <> %(id)s and {visible}
    order by c.offered_at desc limit 20
)
select coalesce(json_agg(json_build_object('id', id, 'offered_at', offered_at, 'state', state,
    'class', class, 'direction', direction, 'channel', channel) order by offered_at desc),
    '[]')::text
from past
"""
)

_FIND = sql.SQL(
    """
select id, agency_id, node, channel, direction, state, class, agent_id, from_number, offered_at,
    recording_path, recording_sha256, recording_s
from call c where id = %(id)s and {visible} {lock}
"""
)

_PAST = """
select count(*) filter (where p.class = 'prank') as pranks,
    count(*) filter (where p.class = 'ghost') as ghosts,
    count(*) filter (where p.class in ('emergency', 'non_emergency', 'information')) as real,
    count(*) filter (where p.offered_at > c.offered_at - interval '10 minutes') as lately,
    c.from_number = '' as is_hidden
from call c left join call p on p.from_number = c.from_number and p.from_number <> ''
    and p.id <> c.id and p.agency_id = c.agency_id and p.offered_at <= c.offered_at
    and p.offered_at > c.offered_at - interval '365 days' and p.direction = 'in'
where c.id = %(id)s
group by c.id
"""

_SET_NUISANCE = """
update call set nuisance = %(score)s, nuisance_reasons = %(reasons)s where id = %(id)s
"""

_BEGIN = """
insert into call (id, agency_id, node, direction, from_number, is_emergency, state, offered_at,
    channel, text, reference)
values (%(id)s, %(agency_id)s, 'desk', 'in', %(number)s, %(is_emergency)s, 'new', %(at)s,
    %(channel)s, %(text)s, %(reference)s)
on conflict (id) do nothing returning id
"""

_NEXT = "select nextval('call_desk_seq') as seq"

# A call is answered in time or not, given up, or lacks a stamp; none is counted twice.
_LEVEL = sql.SQL(
    """
with day as materialized (
    select *, extract(epoch from answered_at - offered_at) as wait_s from call c
    where {visible} and c.direction = 'in' and c.channel in ('phone', 'pbx')
    and c.offered_at >= %(since)s and c.class is distinct from 'test'
), judged as (
    select *, answered_at is null and ended_at is not null and is_short as was_short,
        answered_at is null and ended_at is not null and not is_short as was_abandoned
    from day
)
select json_build_object(
    'since', %(since)s::timestamptz, 'offered', count(*),
    'answered', count(*) filter (where answered_at is not null),
    'within_15', count(*) filter (where wait_s between 0 and 15),
    'within_20', count(*) filter (where wait_s between 0 and 20),
    'abandoned', count(*) filter (where was_abandoned),
    'short', count(*) filter (where was_short),
    'waiting', count(*) filter (where answered_at is null and ended_at is null),
    'missing', count(*) filter (where wait_s < 0),
    'p90_s', percentile_disc(0.9) within group (order by wait_s) filter (where wait_s >= 0),
    'handling_s', avg(extract(epoch from ended_at - answered_at))
        filter (where ended_at > answered_at),
    'nuisance', count(*) filter (where class in ('prank', 'ghost') and answered_at is not null),
    'classed', count(*) filter (where class is not null and answered_at is not null),
    'flagged', count(*) filter (where nuisance >= 50),
    'flagged_real', count(*) filter (where nuisance >= 50
        and class in ('emergency', 'non_emergency', 'information')))::text
from judged
"""
)

_HOURLY = sql.SQL(
    """
select date_trunc('hour', c.offered_at at time zone %(zone)s) as hour, count(*) as offered,
    count(*) filter (where c.ended_at > c.answered_at) as handled,
    coalesce(sum(extract(epoch from c.ended_at - c.answered_at))
        filter (where c.ended_at > c.answered_at), 0)::float as handling_s
from call c
where {visible} and c.direction = 'in' and c.channel in ('phone', 'pbx')
    and c.class is distinct from 'test' and c.offered_at >= %(since)s and c.offered_at < %(until)s
group by 1
"""
)

_NAMES = "select id, name from person where id = any(%(ids)s)"

_OF_NUMBER = sql.SQL(
    r"""
select c.id, c.offered_at, c.state, c.class, c.channel, c.direction, c.recording_s,
    (select count(*) from call_location l where l.call_id = c.id) as places
from call c where {visible} and c.from_number <> ''
and regexp_replace(regexp_replace(c.from_number, '\D', '', 'g'), %(prefix)s, '') = %(core)s
order by c.offered_at desc limit %(most)s
"""
)


async def list_queue(scope: Scope, tx: Transaction) -> bytes:
    """Every call in view that is not closed, the oldest first, as a JSON list."""
    visible, values = scope.narrow(VIEW, **columns_of("c"))
    return await fetch_json(tx, _QUEUE.format(visible=visible), values)


async def list_history(scope: Scope, tx: Transaction, call_id: UUID) -> bytes:
    """Earlier calls in view of the same number, the newest first, as a JSON list."""
    visible, values = scope.narrow(VIEW, **columns_of("c"))
    return await fetch_json(tx, _HISTORY.format(visible=visible), {**values, "id": call_id})


async def find_call(
    scope: Scope, tx: Transaction, call_id: UUID, action: str, *, lock: bool = False
) -> dict[str, Any] | None:
    """The row of a call to which the action may be done; None where there is none."""
    visible, values = scope.narrow(action, **columns_of("c"))
    locking = sql.SQL("for update" if lock else "")
    query = _FIND.format(visible=visible, lock=locking)
    return await (await tx.execute(query, {**values, "id": call_id})).fetchone()


async def past_of(
    scope: Scope,  # noqa: ARG001 - the system's, or of a call just made under it
    tx: Transaction,
    call_id: UUID,
    hour: int,
) -> Past:
    """What is known of the number of a call."""
    row = await (await tx.execute(_PAST, {"id": call_id})).fetchone()
    return Past(**row, hour=hour) if row else Past(hour=hour)


async def set_nuisance(
    scope: Scope,  # noqa: ARG001 - as above
    tx: Transaction,
    call_id: UUID,
    judged: Judgement,
) -> None:
    """Writes down how a call was judged."""
    values = {"id": call_id, "score": judged.score, "reasons": list(judged.reasons)}
    await tx.execute(_SET_NUISANCE, values)


async def begin_told(
    scope: Scope,  # noqa: ARG001 - the agency of the values is the asker's own
    tx: Transaction,
    values: dict[str, Any],
) -> bool:
    """The row of a call that came by another way; False where it was told before."""
    return await (await tx.execute(_BEGIN, values)).fetchone() is not None


async def next_seq(scope: Scope, tx: Transaction) -> int:  # noqa: ARG001 - a number
    """The number of the next event that no edge wrote."""
    row = await (await tx.execute(_NEXT)).fetchone()
    assert row is not None  # noqa: S101 - a sequence always has a next
    return int(row["seq"])


async def service_level(scope: Scope, tx: Transaction, since: datetime) -> bytes:
    """How calls since then were answered, as JSON."""
    visible, values = scope.narrow(SUPERVISE, **columns_of("c"))
    return await fetch_json(tx, _LEVEL.format(visible=visible), {**values, "since": since})


class Hour(NamedTuple):
    """What came in an hour by the clock of the city, how many were answered, and how long."""

    hour: datetime
    offered: int
    handled: int
    handling_s: float


async def hourly(
    scope: Scope, tx: Transaction, zone: str, since: datetime, until: datetime
) -> list[Hour]:
    """Calls that came in, hour by hour; those without any are left out."""
    visible, values = scope.narrow(SUPERVISE, **columns_of("c"))
    query = _HOURLY.format(visible=visible)
    rows = await tx.execute(query, {**values, "zone": zone, "since": since, "until": until})
    return [Hour(**row) for row in await rows.fetchall()]


async def names_of(
    scope: Scope,  # noqa: ARG001 - row-level security: colleagues alone
    tx: Transaction,
    ids: list[UUID],
) -> dict[str, str]:
    """Names of people, by id."""
    rows = await (await tx.execute(_NAMES, {"ids": ids})).fetchall()
    return {str(row["id"]): row["name"] for row in rows}


async def list_of_number(
    scope: Scope, tx: Transaction, core: str, most: int
) -> list[dict[str, Any]]:
    """Calls in view from or to a number, written in whatever way."""
    visible, values = scope.narrow(VIEW, **columns_of("c"))
    query = _OF_NUMBER.format(visible=visible)
    return await (
        await tx.execute(query, {**values, "core": core, "prefix": prefix_pattern(), "most": most})
    ).fetchall()
