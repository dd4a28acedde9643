"""All SQL of recording alarms: the last word of each recorder, and what is wrong since when.

Rights on an alarm are those on its camera as it is now; an alarm of a machine is nobody's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.cameras.contracts import columns_of
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.recording.contracts import Alarm, NodeReport

VIEW = "recording:view"

_SAVE_NODE = """
insert into recording_node (node, reported_at, disks) values (%(node)s, %(now)s, %(disks)s)
on conflict (node) do update set reported_at = excluded.reported_at, disks = excluded.disks
"""

_WATCH = """
insert into recording_watch as w (seen_at, since) values (%(now)s, %(now)s)
on conflict (id) do update set seen_at = excluded.seen_at,
    since = case when w.seen_at < %(now)s - %(pause)s then excluded.since else w.since end
returning since
"""

_FROM = """
select m.*, c.agency_id as owner_id, c.place as camera_place, c.tags as camera_tags,
    c.retention_class as camera_class
from recording_alarm m left join camera c on c.id = m.camera_id
"""

_OPEN = _FROM + "where m.cleared_at is null order by m.id for update of m"

_INSERT = """
insert into recording_alarm (id, kind, subject, level, node, disk, camera_id, detail, since,
    raised_at, changed_at)
values (%(id)s, %(kind)s, %(subject)s, %(level)s, %(node)s, %(disk)s, %(camera_id)s, %(detail)s,
    %(since)s, %(now)s, %(now)s)
"""

_CHANGE = """
update recording_alarm set level = %(level)s, node = %(node)s, detail = %(detail)s,
    changed_at = %(now)s
where id = %(id)s
"""

_CLEAR = "update recording_alarm set cleared_at = %(now)s, changed_at = %(now)s where id = %(id)s"

_LIST = sql.SQL(
    _FROM
    + """
where (m.cleared_at is null or m.cleared_at > %(cleared_since)s) and {seen}
order by m.cleared_at is not null, m.level, coalesce(m.cleared_at, m.since) desc, m.id
limit %(limit)s
"""
)

_COUNT = sql.SQL(
    """
select m.kind, m.level, count(*) as n, min(m.since) as since
from recording_alarm m left join camera c on c.id = m.camera_id
where m.cleared_at is null and {seen}
group by m.kind, m.level order by m.level, m.kind
"""
)


async def save_node(scope: Scope, tx: Transaction, node: str, disks: list[dict[str, Any]]) -> None:
    """Keeps a recorder's last word; the scope must see the whole city."""
    await tx.execute(
        _SAVE_NODE, {"node": node, "now": scope.at, "disks": msgspec.json.encode(disks).decode()}
    )


async def list_nodes(scope: Scope, tx: Transaction) -> list[NodeReport]:
    """The last word of each recorder."""
    del scope  # row-level security shows these to the whole city's scope alone
    rows = await tx.execute("select node, reported_at, disks from recording_node order by node")
    return [NodeReport(**row) for row in await rows.fetchall()]


async def drop_nodes(scope: Scope, tx: Transaction, before: datetime) -> None:
    """Forgets recorders that were last heard before an instant."""
    del scope  # as above
    await tx.execute("delete from recording_node where reported_at < %s", [before])


async def watch(scope: Scope, tx: Transaction, pause: timedelta) -> datetime:
    """Notes that alarms are judged now; since when that is so without a longer pause."""
    row = await (await tx.execute(_WATCH, {"now": scope.at, "pause": pause})).fetchone()
    return row["since"] if row else scope.at


async def lock_open(scope: Scope, tx: Transaction) -> dict[tuple[str, str], dict[str, Any]]:
    """Every open alarm by kind and subject; nobody else judges until the transaction ends."""
    del scope  # judged by the system alone
    rows = await (await tx.execute(_OPEN)).fetchall()
    return {(row["kind"], row["subject"]): row for row in rows}


async def insert_alarms(
    scope: Scope, tx: Transaction, alarms: Sequence[tuple[UUID, Alarm]]
) -> None:
    """Stores alarms that were raised."""
    async with tx.cursor() as cursor:
        await cursor.executemany(_INSERT, [_values(scope, id_, alarm) for id_, alarm in alarms])


async def change_alarms(
    scope: Scope, tx: Transaction, alarms: Sequence[tuple[UUID, Alarm]]
) -> None:
    """Stores what is different of open alarms; their begin stays."""
    async with tx.cursor() as cursor:
        await cursor.executemany(_CHANGE, [_values(scope, id_, alarm) for id_, alarm in alarms])


async def clear_alarms(scope: Scope, tx: Transaction, ids: Sequence[UUID]) -> None:
    """Notes that alarms are over."""
    async with tx.cursor() as cursor:
        await cursor.executemany(_CLEAR, [{"id": id_, "now": scope.at} for id_ in ids])


async def drop_cleared(scope: Scope, tx: Transaction, before: datetime) -> None:
    """Forgets alarms that were over before an instant."""
    del scope  # the system's own clean-up
    await tx.execute("delete from recording_alarm where cleared_at < %s", [before])


async def list_alarms(
    scope: Scope, tx: Transaction, cleared_since: datetime, limit: int
) -> list[dict[str, Any]]:
    """Alarms in view: open ones first, then those cleared since an instant, newest first."""
    seen, values = scope.narrow(VIEW, **columns_of("c"))
    rows = await tx.execute(
        _LIST.format(seen=seen), {**values, "cleared_since": cleared_since, "limit": limit}
    )
    return await rows.fetchall()


async def count_alarms(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Open alarms in view by kind and level, each with its earliest begin."""
    seen, values = scope.narrow(VIEW, **columns_of("c"))
    return await (await tx.execute(_COUNT.format(seen=seen), values)).fetchall()


def _values(scope: Scope, id_: UUID, alarm: Alarm) -> dict[str, Any]:
    return {
        "id": id_,
        "now": scope.at,
        "kind": alarm.kind,
        "subject": alarm.subject,
        "level": alarm.level,
        "node": alarm.node,
        "disk": alarm.disk,
        "camera_id": alarm.camera_id,
        "detail": msgspec.json.encode(alarm.detail).decode(),
        "since": alarm.since,
    }
