"""All SQL of `calls`: each function takes the scope first, then the transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.calls.contracts import VIEW
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Columns, Scope

SHOWN = """
    'id', c.id, 'agency_id', c.agency_id, 'line', c.line, 'direction', c.direction,
    'from_number', c.from_number, 'is_emergency', c.is_emergency, 'state', c.state,
    'class', c.class, 'agent_id', c.agent_id, 'callback_of', c.callback_of,
    'callback_tries', c.callback_tries, 'silent_confirmed', c.silent_confirmed,
    'is_short', c.is_short, 'offered_at', c.offered_at, 'answered_at', c.answered_at,
    'ended_at', c.ended_at, 'closed_at', c.closed_at, 'recording_s', c.recording_s,
    'recording_sha256', c.recording_sha256, 'recording_gone_at', c.recording_gone_at,
    'gap_s', c.gap_s, 'channel', c.channel, 'text', c.text, 'reference', c.reference,
    'nuisance', c.nuisance, 'nuisance_reasons', c.nuisance_reasons
"""

_LIST = sql.SQL(
    f"""
with page as materialized (
    select * from call c where {{visible}}
    and (%(before)s::timestamptz is null or c.offered_at < %(before)s)
    and (not %(only_open)s or c.closed_at is null)
    order by c.offered_at desc limit %(limit)s
)
select json_build_object(
    'items', coalesce(json_agg(json_build_object({SHOWN})
        order by c.offered_at desc, c.id desc), '[]'),
    'next', case when count(*) = %(limit)s then min(c.offered_at) end)::text
from page c
"""
)

_ONE = sql.SQL(
    f"""
select json_build_object({SHOWN},
    'locations', coalesce((select json_agg(json_build_object('source', l.source, 'lat', l.lat,
        'lon', l.lon, 'radius_m', l.radius_m, 'confidence', l.confidence, 'method', l.method,
        'reference', l.reference, 'at', l.at) order by l.at)
        from call_location l where l.call_id = c.id), '[]'),
    'events', coalesce((select json_agg(json_build_object('kind', e.kind, 'at', e.at,
        'actor_id', e.actor_id, 'source', e.source, 'body', e.body - 'number' - 'path')
        order by e.at, e.seq) from call_event e where e.call_id = c.id), '[]'))::text
from call c where c.id = %(id)s and {{visible}}
"""
)

_PLACES_SINCE = sql.SQL(
    """
select l.call_id as call, l.source, l.method, l.lat, l.lon, l.radius_m, l.confidence, l.at
from call_location l join call c on c.id = l.call_id
where l.at >= %(since)s and l.lat is not null and l.lon is not null and {visible}
order by l.at
"""
)

_SEQ = "select seq from call_journal where id = %(journal)s"

_SET_SEQ = """
insert into call_journal (id, node, seq, changed_at)
values (%(journal)s, %(node)s, %(seq)s, %(now)s)
on conflict (id) do update set seq = greatest(call_journal.seq, excluded.seq),
    node = excluded.node, changed_at = excluded.changed_at
"""

_BEGIN = """
insert into call (id, agency_id, node, line, direction, from_number, is_emergency, state,
    callback_of, offered_at)
values (%(id)s, %(agency_id)s, %(node)s, %(line)s, %(direction)s, %(number)s, %(is_emergency)s,
    'new', (select id from call where id = %(callback_of)s), %(at)s)
on conflict (id) do nothing
"""

_EVENT = """
insert into call_event (journal, seq, call_id, kind, at, actor_id, source, body)
select %(journal)s, %(seq)s, c.id, %(kind)s, %(at)s, %(actor_id)s, %(source)s, %(body)s
from call c where c.id = %(id)s
on conflict (journal, seq) do nothing
returning seq
"""

_LOCATION = """
insert into call_location (journal, seq, call_id, source, lat, lon, radius_m, confidence, method,
    reference, at)
values (%(journal)s, %(seq)s, %(id)s, %(of)s, %(lat)s, %(lon)s, %(radius_m)s, %(confidence)s,
    %(method)s, %(reference)s, %(at)s)
on conflict (journal, seq) do nothing
"""

_STATE = "select state from call where id = %(id)s for update"

# What each kind of event changes beside the state.
_CHANGES: dict[str, str] = {
    "answered": "answered_at = coalesce(answered_at, %(at)s), agent_id = %(actor_id)s",
    "ended": "ended_at = %(at)s",
    "abandoned": "ended_at = %(at)s, is_short = coalesce((%(body)s::jsonb->>'is_short')::bool,"
    " false)",
    "closed": "closed_at = %(at)s, class = %(body)s::jsonb->>'call_class'",
    "not_reached": "callback_tries = callback_tries + 1",
    "silent_confirmed": "silent_confirmed = true",
    "gap": "gap_s = gap_s + coalesce((%(body)s::jsonb->>'seconds')::real, 0)",
    "recorded": "recording_path = %(body)s::jsonb->>'path',"
    " recording_sha256 = nullif(%(body)s::jsonb->>'sha256', ''),"
    " recording_s = (%(body)s::jsonb->>'duration_s')::real,"
    " rtp_received = (%(body)s::jsonb->>'received')::bigint,"
    " rtp_lost = (%(body)s::jsonb->>'lost')::bigint",
}

_CHANGE = sql.SQL("update call set state = %(state)s {more} where id = %(id)s returning agent_id")


def columns_of(alias: str) -> Columns:  # unscoped: names columns, reads nothing
    """The columns of a call by which rights on it are judged."""
    return {
        "agency": f"{alias}.agency_id",
        "place": None,
        "id": f"{alias}.id",
        "tags": None,
        "class_": f"{alias}.class",
    }


def _visible(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(VIEW, **columns_of("c"))


async def list_calls(
    scope: Scope, tx: Transaction, *, before: datetime | None, only_open: bool, limit: int
) -> bytes:
    """A page of the calls in view, the newest first."""
    visible, values = _visible(scope)
    return await fetch_json(
        tx,
        _LIST.format(visible=visible),
        {**values, "before": before, "only_open": only_open, "limit": limit},
    )


async def find_call(scope: Scope, tx: Transaction, call_id: UUID) -> bytes | None:
    """One call with its places and events; None where it is not in view."""
    visible, values = _visible(scope)
    row = await (
        await tx.execute(_ONE.format(visible=visible), {**values, "id": call_id})
    ).fetchone()
    return None if row is None else str(next(iter(row.values()))).encode()


async def list_places_since(scope: Scope, tx: Transaction, since: datetime) -> list[dict[str, Any]]:
    """The places that were told since then with calls in view, the oldest first."""
    visible, values = _visible(scope)
    rows = await tx.execute(_PLACES_SINCE.format(visible=visible), {**values, "since": since})
    return [{**row, "at": row["at"].isoformat()} for row in await rows.fetchall()]


async def stored_seq(scope: Scope, tx: Transaction, journal: UUID) -> int:  # noqa: ARG001 - the system's
    """Up to which event a journal is stored."""
    row = await (await tx.execute(_SEQ, {"journal": journal})).fetchone()
    return row["seq"] if row else 0


async def set_stored_seq(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    journal: UUID,
    node: str,
    seq: int,
    now: datetime,
) -> None:
    """Notes up to which event a journal is stored."""
    await tx.execute(_SET_SEQ, {"journal": journal, "node": node, "seq": seq, "now": now})


async def begin_call(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    values: dict[str, Any],
) -> None:
    """The row of a call that was offered; one that is there stays as it is."""
    await tx.execute(_BEGIN, values)


async def add_event(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    values: dict[str, Any],
) -> bool:
    """Stores an event; False where it is stored already, or its call is not known."""
    row = await (await tx.execute(_EVENT, values)).fetchone()
    return row is not None


async def add_location(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    values: dict[str, Any],
) -> None:
    """Stores a place that was told."""
    await tx.execute(_LOCATION, values)


async def state_of_call(scope: Scope, tx: Transaction, call_id: UUID) -> str:  # noqa: ARG001
    """The state of a call, locked until the transaction ends."""
    row = await (await tx.execute(_STATE, {"id": call_id})).fetchone()
    return str(row["state"]) if row else "new"


async def change_call(
    scope: Scope,  # noqa: ARG001 - the system's, or of a call that was found under it
    tx: Transaction,
    kind: str,
    values: dict[str, Any],
) -> UUID | None:
    """What an event of a kind changes of its call; whose call it is now."""
    more = _CHANGES.get(kind)
    text = sql.SQL(", " + more) if more else sql.SQL("")
    row = await (await tx.execute(_CHANGE.format(more=text), values)).fetchone()
    return row["agent_id"] if row else None


async def forget_calls(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    before: datetime,
) -> list[tuple[UUID, int]]:
    """Forgets closed calls offered before; how many of which agency."""
    rows = await (
        await tx.execute("select * from calls_forget(%(before)s)", {"before": before})
    ).fetchall()
    return [(row["agency_id"], row["rows"]) for row in rows]
