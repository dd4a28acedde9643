"""All SQL of `traffic`: each function takes the scope first, then the transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope
from warroom.traffic.contracts import REPORT, SAID_COLUMNS, VIEW, Jam, Said, Source

type Kind = Literal["closure", "report"]

_INSERT = """
insert into traffic_said (id, kind, agency_id, place, keys, roads, line, starts_at, ends_at, source,
    level, cause, reason, person_id, created_at)
values (%(id)s, %(kind)s, %(agency_id)s, %(place)s, %(keys)s, %(roads)s, %(line)s, %(starts_at)s,
    %(ends_at)s, %(source)s, %(level)s, %(cause)s, %(reason)s, %(person_id)s, %(now)s)
"""

_ACTIVE = """
select * from traffic_said where ended_at is null and ends_at > %(now)s order by created_at
"""

_FIND = sql.SQL(
    "select * from traffic_said where id = %(id)s and kind = %(kind)s and {visible} for update"
)

_SEE = sql.SQL(
    "select id, kind, agency_id, place, roads from traffic_said where id = %(id)s and {visible}"
)

_FIND_JAM = "select id, place, roads from traffic_jam where id = %(id)s"

_END = "update traffic_said set ended_at = %(now)s, ended_by = %(person)s where id = %(id)s"

_LIST = sql.SQL(
    """
select coalesce(json_agg(x order by x.created_at desc), '[]')::text from (
    select s.id, s.agency_id, a.short as agency, s.place, s.roads, s.line, s.starts_at, s.ends_at,
        s.ended_at, p.name as person, s.level, s.cause, s.reason, s.source, s.created_at,
        cardinality(s.keys) as edges,
        s.ended_at is null and s.starts_at <= %(now)s and s.ends_at > %(now)s as holds
    from traffic_said s left join agency a on a.id = s.agency_id
        left join person p on p.id = s.person_id
    where s.kind = %(kind)s and {visible}
      and (%(all)s or (s.ended_at is null and s.ends_at > %(now)s))
    order by s.created_at desc limit 500
) x
"""
)

_SAVE_JAM = """
insert into traffic_jam as j (id, place, roads, keys, began_at, changed_at, ended_at, length_m,
    queue_m, delay_s, lat, lon, how, cause, reason)
values (%(id)s, %(place)s, %(roads)s, %(keys)s, %(began_at)s, %(changed_at)s, %(ended_at)s,
    %(length_m)s, %(queue_m)s, %(delay_s)s, %(lat)s, %(lon)s, %(how)s, %(cause)s, %(reason)s)
on conflict (id) do update set place = excluded.place, roads = excluded.roads,
    keys = excluded.keys, changed_at = excluded.changed_at, ended_at = excluded.ended_at,
    length_m = greatest(j.length_m, excluded.length_m),
    queue_m = greatest(j.queue_m, excluded.queue_m),
    delay_s = greatest(j.delay_s, excluded.delay_s), lat = excluded.lat, lon = excluded.lon,
    how = excluded.how, cause = excluded.cause, reason = excluded.reason
"""

_OPEN_JAMS = "select * from traffic_jam where ended_at is null"

_ENDED_JAMS = """
select id, place, roads, began_at, ended_at, length_m, queue_m, delay_s, lat, lon, how, cause,
    reason
from traffic_jam where ended_at >= %(since)s order by ended_at desc limit 500
"""

_DROP_JAMS = """
with gone as (delete from traffic_jam where ended_at < %(before)s returning began_at, ended_at)
select count(*) as count, min(began_at) as first_at, max(ended_at) as last_at from gone
"""

_READ_SLOT = """
select s.pack, s.content, p.keys from traffic_typical s join traffic_pack p on p.version = s.pack
where s.slot = %(slot)s
"""

_SAVE_PACK = "insert into traffic_pack (version, keys) values (%s, %s) on conflict do nothing"

_SAVE_PAST = """
insert into traffic_history (at, pack, content) values (%(at)s, %(pack)s, %(content)s)
on conflict (at) do nothing
"""

_DROP_PAST = "delete from traffic_history where at < %(before)s"

_LIST_PAST = "select at from traffic_history where at >= %(since)s order by at"

_READ_PAST = """
select h.at, h.pack, h.content, p.keys
from traffic_history h join traffic_pack p on p.version = h.pack
where h.at <= %(at)s order by h.at desc limit 1
"""

_SAVE_SLOT = """
insert into traffic_typical as s (slot, pack, content, learnt_at)
values (%(slot)s, %(pack)s, %(content)s, %(now)s)
on conflict (slot) do update set pack = excluded.pack, content = excluded.content,
    learnt_at = excluded.learnt_at
"""


def _visible(scope: Scope, action: str, table: str) -> tuple[sql.Composable, dict[str, Any]]:
    columns = {name: f"{table}.{col}" if col else None for name, col in SAID_COLUMNS.items()}
    return scope.narrow(
        action,
        agency=columns["agency"],
        place=columns["place"],
        id=columns["id"],
        tags=columns["tags"],
        class_=columns["class_"],
    )


async def insert_said(
    scope: Scope,
    tx: Transaction,
    kind: Kind,
    said: Said,
    *,
    roads: Sequence[str],
    line: Any,
    reason: str,
    now: datetime,
) -> None:
    """Keeps what the asker said, as their agency's."""
    row = {
        "id": said.id,
        "kind": kind,
        "agency_id": said.agency_id,
        "place": said.place,
        "keys": list(said.keys),
        "roads": list(roads),
        "line": msgspec.json.encode(line).decode(),
        "starts_at": said.starts_at,
        "ends_at": said.ends_at,
        "source": int(said.source),
        "level": said.level,
        "cause": said.cause,
        "reason": reason,
        "person_id": scope.author_id,
        "now": now,
    }
    await tx.execute(_INSERT, row)


async def list_active(
    scope: Scope,  # noqa: ARG001 - the second wall: the process sees all, whoever else their own
    tx: Transaction,
    now: datetime,
) -> tuple[list[Said], list[Said]]:
    """Closures and reports that hold, or will; for the estimate, which is the city's."""
    rows = await (await tx.execute(_ACTIVE, {"now": now})).fetchall()
    closures = [_said(row) for row in rows if row["kind"] == "closure"]
    return closures, [_said(row) for row in rows if row["kind"] == "report"]


async def find_said(
    scope: Scope, tx: Transaction, kind: Kind, said_id: UUID, action: str = REPORT
) -> tuple[Said, list[str], bool] | None:
    """One that the action may be done to, locked: it, its roads, and whether it was ended."""
    visible, parameters = _visible(scope, action, "traffic_said")
    query = _FIND.format(visible=visible)
    row = await (await tx.execute(query, {**parameters, "id": said_id, "kind": kind})).fetchone()
    return (_said(row), row["roads"], row["ended_at"] is not None) if row else None


async def find_in_view(scope: Scope, tx: Transaction, said_id: UUID) -> dict[str, Any] | None:
    """A closure or report in view, ended or not."""
    visible, parameters = _visible(scope, VIEW, "traffic_said")
    query = _SEE.format(visible=visible)
    return await (await tx.execute(query, {**parameters, "id": said_id})).fetchone()


async def find_jam(scope: Scope, tx: Transaction, jam_id: UUID) -> dict[str, Any] | None:
    """A jam in the areas in view, ended or not."""
    row = await (await tx.execute(_FIND_JAM, {"id": jam_id})).fetchone()
    return row if row and scope.allows_in_city(VIEW, row["place"]) else None


async def end_said(scope: Scope, tx: Transaction, said_id: UUID, now: datetime) -> None:
    """Ends what was found and locked before."""
    await tx.execute(_END, {"id": said_id, "now": now, "person": scope.author_id})


async def list_said(
    scope: Scope, tx: Transaction, kind: Kind, now: datetime, *, with_ended: bool
) -> bytes:
    """Those in view as JSON, the newest first, 500 at most."""
    visible, parameters = _visible(scope, VIEW, "s")
    query = _LIST.format(visible=visible)
    return await fetch_json(tx, query, {**parameters, "kind": kind, "now": now, "all": with_ended})


async def save_jams(
    scope: Scope,  # noqa: ARG001 - jams belong to no agency; only the process writes them
    tx: Transaction,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Keeps jams as they are now, with the greatest length they had."""
    async with tx.cursor() as cursor:
        await cursor.executemany(_SAVE_JAM, rows)


async def list_open_jams(
    scope: Scope,  # noqa: ARG001 - as above
    tx: Transaction,
) -> list[tuple[Jam, list[str]]]:
    """Jams that were not cleared when the process ended, and the keys of their edges."""
    rows = await (await tx.execute(_OPEN_JAMS)).fetchall()
    return [
        (
            Jam(
                id=row["id"], edges=(), length_m=row["length_m"], queue_m=row["queue_m"],
                roads=tuple(row["roads"]), areas=(row["place"],) if row["place"] else (),
                lat=row["lat"], lon=row["lon"], kmh=0.0, ratio=0.0, delay_s=row["delay_s"],
                began_at=row["began_at"].timestamp(), changed_at=row["changed_at"].timestamp(),
                cause=row["cause"], how=row["how"],
            ),
            row["keys"],
        )
        for row in rows
    ]  # fmt: skip


async def list_ended_jams(scope: Scope, tx: Transaction, since: datetime) -> list[dict[str, Any]]:
    """Jams that ended since then, in the areas in view; the newest first, 500 at most."""
    rows = await (await tx.execute(_ENDED_JAMS, {"since": since})).fetchall()
    return [row for row in rows if scope.allows_in_city(VIEW, row["place"])]


async def drop_jams(
    scope: Scope,  # noqa: ARG001 - jams belong to no agency
    tx: Transaction,
    before: datetime,
) -> tuple[int, datetime | None, datetime | None]:
    """Deletes jams that ended before; how many, when the first began and the last ended."""
    row = await (await tx.execute(_DROP_JAMS, {"before": before})).fetchone()
    return (row["count"], row["first_at"], row["last_at"]) if row else (0, None, None)


async def read_slot(
    scope: Scope,  # noqa: ARG001 - what is typical of a road is nobody's
    tx: Transaction,
    slot: int,
) -> tuple[str, bytes, bytes] | None:
    """Pack, content and the pack's keys of a slot; None if nothing was learnt."""
    row = await (await tx.execute(_READ_SLOT, {"slot": slot})).fetchone()
    return (row["pack"], bytes(row["content"]), bytes(row["keys"])) if row else None


async def save_slot(
    scope: Scope,  # noqa: ARG001 - as above
    tx: Transaction,
    slot: int,
    pack: tuple[str, bytes],
    content: bytes,
    now: datetime,
) -> None:
    """Keeps a slot; `pack` is the version and its keys."""
    await tx.execute(_SAVE_PACK, pack)
    await tx.execute(_SAVE_SLOT, {"slot": slot, "pack": pack[0], "content": content, "now": now})


async def save_past(
    scope: Scope,  # noqa: ARG001 - as above
    tx: Transaction,
    at: datetime,
    pack: tuple[str, bytes],
    content: bytes,
    keep_from: datetime,
) -> None:
    """Keeps how the roads were at an instant, and forgets what is older than `keep_from`."""
    await tx.execute(_SAVE_PACK, pack)
    await tx.execute(_SAVE_PAST, {"at": at, "pack": pack[0], "content": content})
    await tx.execute(_DROP_PAST, {"before": keep_from})


async def list_past(
    scope: Scope,  # noqa: ARG001 - as above
    tx: Transaction,
    since: datetime,
) -> list[datetime]:
    """Instants of which something was kept, the oldest first."""
    rows = await (await tx.execute(_LIST_PAST, {"since": since})).fetchall()
    return [row["at"] for row in rows]


async def read_past(
    scope: Scope,  # noqa: ARG001 - as above
    tx: Transaction,
    at: datetime,
) -> tuple[datetime, str, bytes, bytes] | None:
    """The last that was kept until then: when, pack, content, the pack's keys; None if nothing."""
    row = await (await tx.execute(_READ_PAST, {"at": at})).fetchone()
    return (row["at"], row["pack"], bytes(row["content"]), bytes(row["keys"])) if row else None


def _said(row: Mapping[str, Any]) -> Said:
    return Said(
        id=row["id"],
        agency_id=row["agency_id"],
        place=row["place"],
        keys=tuple(row["keys"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        source=Source(row["source"]),
        level=row["level"],
        cause=row["cause"],
    )
