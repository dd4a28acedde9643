"""What recorders tell of cameras."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.cameras.contracts import (
    RECORD,
    VIEW,
    LoudCamera,
    StateChange,
    StateReport,
    UnrecordedCamera,
)
from warroom.cameras.store.telling import FROM, STATE_JSON, visible_to
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_SUMMARY = sql.SQL(
    f"""
select json_build_object(
    'live', count(*) filter (where e.state = 'live'),
    'late', count(*) filter (where e.state = 'late'),
    'offline', count(*) filter (where e.state = 'offline'),
    'unknown', count(*) filter (where e.state = 'unknown'),
    'recording', count(*) filter (where e.recording),
    'total', count(*))::text
{FROM}
where {{visible}}
"""
)

_REPORT = sql.SQL(
    """
with given as (
    select * from unnest(%(ids)s::uuid[], %(states)s::text[], %(since)s::timestamptz[],
        %(reasons)s::text[], %(frames)s::timestamptz[], %(fps)s::real[], %(kbit)s::real[],
        %(offsets)s::real[], %(uncertain)s::real[], %(recording)s::boolean[], %(nodes)s::text[],
        %(bitrates)s::text[])
    as g (camera_id, state, since, reason, last_frame_at, fps, kbit_s, clock_offset_ms,
        clock_uncertainty_ms, recording, node, bitrate)
), before as (
    select s.camera_id, s.state, s.reason, s.recording, s.bitrate from camera_state s
    where s.camera_id = any(%(ids)s::uuid[]) order by s.camera_id for update
), known as (
    select g.*, c.agency_id, c.place, c.tags, c.retention_class
    from given g join camera c on c.id = g.camera_id
    where c.removed_at is null and {visible}
), saved as (
    insert into camera_state as s
        (camera_id, agency_id, state, since, reason, last_frame_at, fps, kbit_s, clock_offset_ms,
        clock_uncertainty_ms, recording, recording_since, node, reported_at, bitrate)
    select camera_id, agency_id, state, since, reason, last_frame_at, fps, kbit_s,
        clock_offset_ms, clock_uncertainty_ms, recording, %(now)s, node, %(now)s, bitrate
    from known order by camera_id
    on conflict (camera_id) do update
    set state = excluded.state, since = excluded.since, reason = excluded.reason,
        last_frame_at = coalesce(excluded.last_frame_at, s.last_frame_at), fps = excluded.fps,
        kbit_s = excluded.kbit_s, clock_offset_ms = excluded.clock_offset_ms,
        clock_uncertainty_ms = excluded.clock_uncertainty_ms, recording = excluded.recording,
        recording_since = case when s.recording = excluded.recording then s.recording_since
            else excluded.recording_since end,
        node = excluded.node, reported_at = excluded.reported_at, bitrate = excluded.bitrate
)
select k.camera_id, k.agency_id, k.place, k.tags, k.retention_class
from known k left join before b on b.camera_id = k.camera_id
where (b.state, b.reason, b.recording, b.bitrate)
    is distinct from (k.state, k.reason, k.recording, k.bitrate)
order by k.camera_id
"""
)

# Not recorded: the recorder says so, or nobody has spoken of the camera lately, or ever.
_UNRECORDED = sql.SQL(
    f"""
select c.id as camera_id, c.number, c.name, c.agency_id, c.place, c.tags,
    c.retention_class, e.state, e.reason,
    coalesce(c.node, '') as node, c.changed_at,
    case when c.reported_at is null then c.created_at when c.recording then c.reported_at
        else c.recording_since end as since
{FROM}
where c.has_main and c.enabled and not coalesce(e.recording, false) and {{visible}}
order by c.id
"""
)

_LOUD = sql.SQL(
    f"""
select c.id as camera_id, c.number, c.name, c.agency_id, c.place, c.tags, c.retention_class,
    e.bitrate, e.kbit_s, c.node, c.reported_at as since
{FROM}
where e.bitrate is not null and {{visible}}
order by c.id
"""
)

_PICTURES = sql.SQL(
    """
update camera_stream t set codec = g.codec, width = g.width, height = g.height
from unnest(%(ids)s::uuid[], %(roles)s::text[], %(codecs)s::text[], %(widths)s::integer[],
    %(heights)s::integer[]) as g (camera_id, role, codec, width, height), camera c
where t.camera_id = g.camera_id and t.role = g.role and c.id = t.camera_id and {visible}
  and (t.codec, t.width, t.height) is distinct from (g.codec, g.width, g.height)
"""
)

_SILENCE = sql.SQL(
    """
update camera_state s set state = 'unknown', reason = 'node_silent', since = s.reported_at,
    recording = false
from camera c
where c.id = s.camera_id and s.state <> 'unknown' and {visible}
  and s.reported_at < %(now)s - make_interval(secs => %(silent_s)s)
returning c.id as camera_id, c.agency_id, c.place, c.tags, c.retention_class
"""
)

_STATES_OF = sql.SQL(
    f"""
select c.id, ({STATE_JSON})::text as state
{FROM}
where c.id = any(%(ids)s) and {{visible}}
"""
)


async def count_states(scope: Scope, tx: Transaction, now: datetime, silent_s: float) -> bytes:
    """How many cameras are in which state, as JSON."""
    visible, parameters = visible_to(scope, VIEW)
    return await fetch_json(
        tx, _SUMMARY.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )


async def save_reports(
    scope: Scope, tx: Transaction, reports: Sequence[StateReport], now: datetime
) -> list[StateChange]:
    """Stores states in one statement; tells which cameras are in another state than before."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(
        _REPORT.format(visible=visible),
        {
            **parameters,
            "ids": [r.camera_id for r in reports],
            "states": [r.state for r in reports],
            "since": [r.since for r in reports],
            "reasons": [r.reason for r in reports],
            "frames": [r.last_frame_at for r in reports],
            "fps": [r.fps for r in reports],
            "kbit": [r.kbit_s for r in reports],
            "offsets": [r.clock_offset_ms for r in reports],
            "uncertain": [r.clock_uncertainty_ms for r in reports],
            "recording": [r.recording for r in reports],
            "nodes": [r.node for r in reports],
            "bitrates": [r.bitrate for r in reports],
            "now": now,
        },
    )
    return [_change(row) for row in await rows.fetchall()]


async def list_unrecorded(
    scope: Scope, tx: Transaction, now: datetime, silent_s: float
) -> list[UnrecordedCamera]:
    """Cameras that are to be recorded and are not, as far as anybody knows."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(
        _UNRECORDED.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )
    return [
        UnrecordedCamera(**{**row, "tags": tuple(row["tags"])}) for row in await rows.fetchall()
    ]


async def list_loud(
    scope: Scope, tx: Transaction, now: datetime, silent_s: float
) -> list[LoudCamera]:
    """Cameras whose bit rate is told to be wrong."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(
        _LOUD.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )
    return [LoudCamera(**{**row, "tags": tuple(row["tags"])}) for row in await rows.fetchall()]


async def save_pictures(scope: Scope, tx: Transaction, reports: Sequence[StateReport]) -> None:
    """Stores what streams carry, where that is new."""
    found = [(report.camera_id, picture) for report in reports for picture in report.pictures]
    if not found:
        return
    visible, parameters = visible_to(scope, RECORD)
    await tx.execute(
        _PICTURES.format(visible=visible),
        {
            **parameters,
            "ids": [camera_id for camera_id, _ in found],
            "roles": [picture.role for _, picture in found],
            "codecs": [picture.codec for _, picture in found],
            "widths": [picture.width for _, picture in found],
            "heights": [picture.height for _, picture in found],
        },
    )


async def silence(
    scope: Scope, tx: Transaction, now: datetime, silent_s: float
) -> list[StateChange]:
    """Marks as unknown what no node has reported for `silent_s`; tells which cameras those are."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(
        _SILENCE.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )
    return [_change(row) for row in await rows.fetchall()]


async def states_of(
    scope: Scope, tx: Transaction, ids: Sequence[UUID], now: datetime, silent_s: float
) -> dict[UUID, bytes]:
    """The present state of cameras as lists show it, as JSON, by camera."""
    visible, parameters = visible_to(scope, RECORD)
    rows = await tx.execute(
        _STATES_OF.format(visible=visible),
        {**parameters, "ids": list(ids), "now": now, "silent_s": silent_s},
    )
    return {row["id"]: row["state"].encode() for row in await rows.fetchall()}


def _change(row: dict[str, Any]) -> StateChange:
    return StateChange(
        row["camera_id"],
        row["agency_id"],
        row["place"],
        tuple(row["tags"]),
        row["retention_class"],
    )
