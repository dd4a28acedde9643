"""SQL of tasks and assignments: each function takes the scope first, then the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.dispatch.contracts import (
    ACT,
    RETURN_MOST,
    SEND,
    VIEW,
    Assignment,
    Event,
    Measure,
    Stamp,
    Task,
    columns_of,
)
from warroom.dispatch.duress_store import IN_DANGER
from warroom.dispatch.outage_store import OUTAGE
from warroom.dispatch.returning_store import RETURNING
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope, Sides
from warroom.units.contracts import columns_of as unit_columns

_TASK_COLUMNS = (
    *("id", "number", "agency_id", "kind", "place", "lat", "lon", "roads", "state", "priority"),
    *("opened_at", "jam_id", "keys", "jam_ended", "outcome", "closed_at"),
    *("incident_id", "alarm_level", "jam_ended_at", "opened_by", "minimum_id"),
)
_ASSIGNMENT_COLUMNS = (
    *("id", "task_id", "unit_id", "state", "since", "dispatched_at", "accepted_at"),
    *("en_route_at", "on_scene_at", "ended_at", "eta_s"),
    *("role", "staged_at", "transporting_at", "at_facility_at", "returning_at", "in_quarters_at"),
)

_INSERT_TASK = """
insert into dispatch_task (id, number, agency_id, kind, place, lat, lon, roads, note, priority,
    state, since, jam_id, keys, opened_at, opened_by, incident_id, alarm_level, minimum_id)
values (%(id)s, %(number)s, %(agency_id)s, %(kind)s, %(place)s, %(lat)s, %(lon)s, %(roads)s,
    %(note)s, %(priority)s, 'open', %(now)s, %(jam_id)s, %(keys)s, %(now)s, %(person_id)s,
    %(incident_id)s, %(alarm_level)s, %(minimum_id)s)
on conflict (agency_id, jam_id) where closed_at is null do nothing
returning id
"""

_TASKS = sql.SQL("select t.* from dispatch_task t where {visible} and {wanted} {lock}")

_OPEN_OF_JAM = """
select number from dispatch_task
where agency_id = %(agency_id)s and jam_id = %(jam_id)s and closed_at is null
"""

_HAD_TASK = """
select exists (select from dispatch_task where agency_id = %(agency_id)s and jam_id = %(jam_id)s)
    as had
"""

_UPDATE_TASK = """
update dispatch_task set since = case when state = %(state)s then since else %(now)s end,
    state = %(state)s, outcome = %(outcome)s, closed_at = %(closed_at)s,
    closed_by = case when %(closed_at)s::timestamptz is null then null
        when closed_at is null then %(person_id)s else closed_by end,
    place = %(place)s, lat = %(lat)s, lon = %(lon)s, priority = %(priority)s,
    incident_id = %(incident_id)s, alarm_level = %(alarm_level)s
where id = %(id)s
"""

_JAM_OF = """
update dispatch_task set jam_id = %(jam_id)s, keys = %(keys)s, jam_ended = %(jam_ended)s,
    jam_ended_at = case when %(jam_ended)s::text is null then null
        else coalesce(jam_ended_at, %(now)s) end
where id = %(id)s
"""

_SHORT = """
'id', t.id, 'number', t.number, 'kind', t.kind, 'place', t.place, 'lat', t.lat, 'lon', t.lon,
'roads', t.roads, 'note', t.note, 'priority', t.priority, 'state', t.state, 'since', t.since,
'jam_id', t.jam_id, 'jam_ended', t.jam_ended, 'jam_ended_at', t.jam_ended_at,
'opened_at', t.opened_at, 'is_auto', t.opened_by is null, 'closed_at', t.closed_at,
'outcome', t.outcome, 'incident_id', t.incident_id, 'alarm_level', t.alarm_level,
'agency', json_build_object('id', t.agency_id, 'short', a.short, 'name', a.name)
"""

_SENT = """
coalesce((select json_agg(json_build_object('id', s.id, 'unit',
        json_build_object('id', s.unit_id, 'name', u.name, 'kind', u.kind),
        'state', s.state, 'since', s.since, 'role', s.role, 'dispatched_at', s.dispatched_at,
        'accepted_at', s.accepted_at, 'en_route_at', s.en_route_at, 'staged_at', s.staged_at,
        'on_scene_at', s.on_scene_at, 'transporting_at', s.transporting_at,
        'at_facility_at', s.at_facility_at, 'returning_at', s.returning_at,
        'in_quarters_at', s.in_quarters_at,
        'held', case when s.state = 'delayed' then (
            select json_build_object('why', e.detail->>'held', 'reason', e.reason)
            from dispatch_event e where e.assignment_id = s.id and e.kind = 'delayed'
            order by e.happened_at desc, e.id desc limit 1) end,
        'destination', (select e.detail->>'destination' from dispatch_event e
            where e.assignment_id = s.id and e.kind = 'transporting' and e.detail ? 'destination'
            order by e.happened_at desc, e.id desc limit 1),
        'ended_at', s.ended_at, 'eta_s', round(s.eta_s::numeric, 0), 'way', (
            select (e.detail || jsonb_build_object('at', e.happened_at, 'kind', e.kind)) {lines}
            from dispatch_event e
            where e.assignment_id = s.id and e.kind in ('way_worse', 'way_better')
            order by e.happened_at desc, e.id desc limit 1)) order by s.created_at, s.id)
    from dispatch_assignment s left join unit u on u.id = s.unit_id
    where s.task_id = t.id), '[]')
"""

_STACKED = """
coalesce((select json_agg(json_build_object('id', w.id, 'role', w.role, 'stacked_at', w.stacked_at,
        'unit', json_build_object('id', w.unit_id, 'name', u.name, 'kind', u.kind),
        'turn', (select count(*) from dispatch_stacked b where b.unit_id = w.unit_id
            and (b.position, b.id) <= (w.position, w.id)),
        'behind', (select k.number from dispatch_assignment s join dispatch_task k
            on k.id = s.task_id where s.unit_id = w.unit_id and s.ended_at is null))
        order by w.stacked_at, w.id)
    from dispatch_stacked w left join unit u on u.id = w.unit_id where w.task_id = t.id), '[]')
"""
"""Units that come to a task `t` when they are done with what they are on."""

_LIST = sql.SQL(
    f"""
select coalesce(json_agg(x.shown order by x.closed_at desc nulls first, x.state <> 'open',
    x.priority, x.opened_at),
    '[]')::text
from (
    select t.closed_at, t.priority, t.opened_at, t.state,
        json_build_object({_SHORT}, 'assignments', {_SENT.format(lines="- 'lines'")}) as shown
    from dispatch_task t left join agency a on a.id = t.agency_id
    where {{visible}} and (t.closed_at is null or t.closed_at >= %(since)s)
    order by t.closed_at desc nulls first, t.opened_at desc limit 500
) x
"""
)

_OF_INCIDENT = sql.SQL(
    f"""
select coalesce(json_agg(json_build_object({_SHORT}, 'assignments', {_SENT.format(lines="")},
        'stacked', {_STACKED})
    order by t.opened_at, t.id), '[]')::text
from dispatch_task t left join agency a on a.id = t.agency_id
where t.incident_id = %(id)s and {{visible}}
"""
)

_EVENTS = """
coalesce((select json_agg(json_build_object('id', e.id, 'kind', e.kind, 'assignment',
        e.assignment_id, 'happened_at', e.happened_at, 'received_at', e.received_at,
        'device_at', e.device_at, 'source', e.source, 'person', p.name, 'reason', e.reason,
        'detail', e.detail - 'lines') order by e.happened_at, e.id)
    from dispatch_event e left join person p on p.id = e.person_id
    where e.task_id = t.id), '[]')
"""

_SHOW = sql.SQL(
    f"""
select json_build_object({_SHORT}, 'assignments', {_SENT.format(lines="")},
    'events', {_EVENTS})::text
from dispatch_task t left join agency a on a.id = t.agency_id
where t.id = %(id)s and {{visible}}
"""
)

_LOAD = sql.SQL(
    """
select s.*, u.name as unit_name, u.agency_id as unit_agency_id, u.place as unit_place,
    u.tags as unit_tags, u.kind as unit_kind
from dispatch_assignment s join dispatch_task t on t.id = s.task_id join unit u on u.id = s.unit_id
where {wanted} and {visible}
order by s.created_at, s.id
"""
)

_LOCK_TASK = "select * from dispatch_task where id = %(id)s for update"

_INSERT_ASSIGNMENT = """
insert into dispatch_assignment (id, task_id, unit_id, state, since, dispatched_at, eta_s,
    created_at, role)
values (%(id)s, %(task_id)s, %(unit_id)s, 'dispatched', %(now)s, %(now)s, %(eta_s)s, %(now)s,
    %(role)s)
on conflict (unit_id) where ended_at is null do nothing
returning id
"""

_INSERT_WRITTEN = """
insert into dispatch_assignment (id, task_id, unit_id, state, since, dispatched_at, ended_at,
    created_at, role)
values (%(id)s, %(task_id)s, %(unit_id)s, 'cleared', %(ended_at)s, %(dispatched_at)s,
    %(ended_at)s, %(now)s, %(role)s)
"""

_UPDATE_ASSIGNMENT = """
update dispatch_assignment set state = %(state)s, since = %(since)s, accepted_at = %(accepted_at)s,
    en_route_at = %(en_route_at)s, staged_at = %(staged_at)s, on_scene_at = %(on_scene_at)s,
    transporting_at = %(transporting_at)s, at_facility_at = %(at_facility_at)s,
    returning_at = %(returning_at)s, in_quarters_at = %(in_quarters_at)s, ended_at = %(ended_at)s
where id = %(id)s
"""

_INSERT_EVENT = """
insert into dispatch_event (id, task_id, assignment_id, kind, happened_at, received_at, device_at,
    source, person_id, reason, detail)
values (%(id)s, %(task_id)s, %(assignment_id)s, %(kind)s, %(happened_at)s, %(received_at)s,
    %(device_at)s, %(source)s, %(person_id)s, %(reason)s, %(detail)s)
on conflict (id) do nothing
"""

_STAMPS = "select * from dispatch_event where assignment_id = %(id)s"

_MEASURES = "select * from dispatch_measure where task_id = any(%(ids)s)"

_INSERT_MEASURE = """
insert into dispatch_measure (task_id, moment, due_at, at, length_m, jam_factor, delay_s,
    known_share, closed_share, trend)
values (%(task_id)s, %(moment)s, %(due_at)s, %(at)s, %(length_m)s, %(jam_factor)s, %(delay_s)s,
    %(known_share)s, %(closed_share)s, %(trend)s)
on conflict do nothing
"""

_WATCHED = sql.SQL(
    "select t.* from dispatch_task t where {visible} and t.jam_id is not null"
    " and (t.closed_at is null or t.closed_at >= %(since)s)"
)

_ASSIGNMENTS_OF = "select * from dispatch_assignment where task_id = any(%(ids)s)"

_STATUS = sql.SQL(
    """
select coalesce(json_agg(json_build_object('unit', u.id, 'crew', c.crew,
    'state', s.state, 'since', coalesce(s.since, c.since), 'task', s.number,
    'stacked', (select count(*) from dispatch_stacked w where w.unit_id = u.id),
    'in_danger', ({in_danger}), 'outage', {outage},
    'returning_at', {returning}) order by u.id), '[]')::text
from unit u
left join (
    select a.id, a.unit_id, a.state, a.since, t.number from dispatch_assignment a
    join dispatch_task t on t.id = a.task_id
    where a.ended_at is null and t.kind <> 'move_up'
) s on s.unit_id = u.id
cross join lateral (
    select count(*) as crew, max(k.signed_on_at) as since from dispatch_crew k
    where k.unit_id = u.id and k.signed_off_at is null
) c
where u.removed_at is null and {visible} and (s.id is not null or c.crew > 0
    or exists (select from dispatch_outage o where o.unit_id = u.id and o.ended_at is null))
"""
)

_DECLINED = """
select distinct unit_id from dispatch_assignment where task_id = %(id)s and state = 'declined'
"""

_BUSY = """
select s.unit_id, s.state, t.number from dispatch_assignment s
join dispatch_task t on t.id = s.task_id
where s.ended_at is null and s.unit_id = any(%(units)s) and t.kind <> 'move_up'
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """An assignment and what its unit is judged by."""

    assignment: Assignment
    unit_name: str
    unit_sides: Sides


async def next_number(
    scope: Scope,  # noqa: ARG001 - the function gives a number and tells nothing
    tx: Transaction,
    kind: str,
    year: int,
) -> int:
    """The next number of a year."""
    query = "select dispatch_next_number(%s, %s) as n"
    row = await (await tx.execute(query, [kind, year])).fetchone()
    assert row is not None  # noqa: S101 - a function answers
    number: int = row["n"]
    return number


async def insert_task(
    scope: Scope,
    tx: Transaction,
    task: Task,
    note: str,
) -> bool:
    """Stores a new task; False where its jam has an open one of the agency already."""
    values = {name: getattr(task, name) for name in _TASK_COLUMNS} | {
        "roads": list(task.roads),
        "keys": list(task.keys),
        "note": note,
        "now": task.opened_at,
        "person_id": scope.person_id,
    }
    return await (await tx.execute(_INSERT_TASK, values)).fetchone() is not None


async def find_open_of_jam(
    scope: Scope,  # noqa: ARG001 - row-level security; asked for the asker's own agency
    tx: Transaction,
    agency_id: UUID,
    jam_id: UUID,
) -> str | None:
    """Number of the open task that an agency has for a jam."""
    values = {"agency_id": agency_id, "jam_id": jam_id}
    row = await (await tx.execute(_OPEN_OF_JAM, values)).fetchone()
    return row["number"] if row else None


async def had_task(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    agency_id: UUID,
    jam_id: UUID,
) -> bool:
    """Whether an agency has, or had, a task for a jam."""
    values = {"agency_id": agency_id, "jam_id": jam_id}
    row = await (await tx.execute(_HAD_TASK, values)).fetchone()
    return bool(row and row["had"])


async def find_task(
    scope: Scope, tx: Transaction, task_id: UUID, action: str = VIEW, *, lock: bool = False
) -> Task | None:
    """The task, if the action may be done with it."""
    visible, parameters = _visible(scope, action)
    query = _TASKS.format(
        visible=visible,
        wanted=sql.SQL("t.id = %(id)s"),
        lock=sql.SQL("for update" if lock else ""),
    )
    row = await (await tx.execute(query, parameters | {"id": task_id})).fetchone()
    return task_of_row(row) if row else None


async def find_numbered(scope: Scope, tx: Transaction, number: str) -> Task | None:
    """The task in view that people call so."""
    visible, parameters = _visible(scope, VIEW)
    wanted = sql.SQL("upper(t.number) = upper(%(number)s)")
    query = _TASKS.format(visible=visible, wanted=wanted, lock=sql.SQL(""))
    row = await (await tx.execute(query, parameters | {"number": number})).fetchone()
    return task_of_row(row) if row else None


async def list_tasks(scope: Scope, tx: Transaction, since: datetime) -> bytes:
    """Open tasks in view and those closed since, as a JSON list: those nobody was sent to first."""
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(tx, _LIST.format(visible=visible), parameters | {"since": since})


async def list_of_incident(scope: Scope, tx: Transaction, incident_id: UUID) -> bytes:
    """The tasks of an incident in view, as a JSON list, oldest first."""
    visible, parameters = _visible(scope, VIEW)
    query = _OF_INCIDENT.format(visible=visible)
    return await fetch_json(tx, query, parameters | {"id": incident_id})


async def show_task(scope: Scope, tx: Transaction, task_id: UUID) -> bytes:
    """One task in view with its units and its log, as a JSON object."""
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(tx, _SHOW.format(visible=visible), parameters | {"id": task_id})


async def show_task_of_crew(scope: Scope, tx: Transaction, task_id: UUID) -> bytes:
    """The same for a crew on it, without the log: what they need at the place."""
    where, values = _of_crew(scope, task_id)
    query = sql.SQL(
        "select json_build_object({})::text from dispatch_task t"
        " left join agency a on a.id = t.agency_id where {}"
    ).format(sql.SQL(_SHORT), where)
    return await fetch_json(tx, query, values)


async def find_of_crew(scope: Scope, tx: Transaction, task_id: UUID) -> Task | None:
    """The task, if the asker serves on a unit that was sent to it."""
    where, values = _of_crew(scope, task_id)
    query = sql.SQL("select t.* from dispatch_task t where {}").format(where)
    row = await (await tx.execute(query, values)).fetchone()
    return task_of_row(row) if row else None


def _of_crew(scope: Scope, task_id: UUID) -> tuple[sql.Composed, dict[str, Any]]:
    visible, parameters = _visible_unit(scope, ACT)
    where = sql.SQL(
        "t.id = %(id)s and exists (select from dispatch_assignment s"
        " join unit u on u.id = s.unit_id join dispatch_crew k on k.unit_id = u.id"
        " and k.signed_off_at is null"
        " where s.task_id = t.id and k.person_id = %(person)s and {})"
    ).format(visible)
    return where, parameters | {"id": task_id, "person": scope.person_id}


async def update_task(
    scope: Scope,
    tx: Transaction,
    task: Task,
    now: datetime,
) -> None:
    """Stores where a task stands; of one that was found and locked."""
    kept = ("id", "state", "outcome", "closed_at", "place", "lat", "lon", "priority")
    values = {name: getattr(task, name) for name in (*kept, "incident_id", "alarm_level")}
    await tx.execute(_UPDATE_TASK, values | {"now": now, "person_id": scope.person_id})


async def update_jam(
    scope: Scope,  # noqa: ARG001 - the system's, of a task that was found under it
    tx: Transaction,
    task: Task,
    now: datetime,
) -> None:
    """Stores which jam the task is about, its roads, and whether it is over."""
    values = {"id": task.id, "jam_id": task.jam_id, "jam_ended": task.jam_ended}
    await tx.execute(_JAM_OF, values | {"keys": list(task.keys), "now": now})


async def find_sent(
    scope: Scope, tx: Transaction, assignment_id: UUID, action: str
) -> tuple[Sent, Task] | None:
    """An assignment and its task, which is locked; by rights on the task (`SEND`) or unit (`ACT`).

    Everything that changes an assignment locks its task first: stamps of several units, and of one
    phone twice, wait for one another.
    """
    by_unit = action == ACT
    visible, parameters = _visible_unit(scope, action) if by_unit else _visible(scope, action)
    query = _LOAD.format(wanted=sql.SQL("s.id = %(id)s"), visible=visible)
    values = parameters | {"id": assignment_id}
    row = await (await tx.execute(query, values)).fetchone()
    if row is None:
        return None
    locked = await (await tx.execute(_LOCK_TASK, {"id": row["task_id"]})).fetchone()
    # As it was when nobody else was at it.
    row = await (await tx.execute(query, values)).fetchone()
    return (_sent(row), task_of_row(locked)) if row and locked else None


async def list_sent(scope: Scope, tx: Transaction, task_id: UUID) -> list[Sent]:
    """All assignments of a task that was found, the first first."""
    visible, parameters = _visible(scope, SEND)
    query = _LOAD.format(wanted=sql.SQL("s.task_id = %(id)s"), visible=visible)
    rows = await (await tx.execute(query, parameters | {"id": task_id})).fetchall()
    return [_sent(row) for row in rows]


async def list_assignments(
    scope: Scope,  # noqa: ARG001 - of tasks that were found under it
    tx: Transaction,
    task_ids: Sequence[UUID],
) -> list[Assignment]:
    """All assignments of some tasks that were found."""
    rows = await (await tx.execute(_ASSIGNMENTS_OF, {"ids": list(task_ids)})).fetchall()
    return [assignment_of_row(row) for row in rows]


async def insert_assignment(
    scope: Scope,  # noqa: ARG001 - row-level security: of a task that was found under it
    tx: Transaction,
    assignment: Assignment,
) -> bool:
    """Stores a new assignment; False where the unit is on another task."""
    names = ("id", "task_id", "unit_id", "eta_s", "role")
    values = {name: getattr(assignment, name) for name in names}
    row = await tx.execute(_INSERT_ASSIGNMENT, values | {"now": assignment.dispatched_at})
    return await row.fetchone() is not None


async def insert_written(
    scope: Scope,  # noqa: ARG001 - row-level security: of a task that was found under it
    tx: Transaction,
    assignment: Assignment,
    now: datetime,
) -> None:
    """Stores an assignment that is over already; its unit may be on another task now."""
    names = ("id", "task_id", "unit_id", "dispatched_at", "ended_at", "role")
    values = {name: getattr(assignment, name) for name in names}
    await tx.execute(_INSERT_WRITTEN, values | {"now": now})


async def update_assignment(
    scope: Scope,  # noqa: ARG001 - of one that was found under it
    tx: Transaction,
    assignment_id: UUID,
    state: Stamp,
    since: datetime,
    moments: Mapping[str, datetime | None],
) -> None:
    """Stores what the stamps of an assignment came to."""
    values = {"id": assignment_id, "state": state.value, "since": since}
    await tx.execute(_UPDATE_ASSIGNMENT, {**values, **moments})


async def insert_events(
    scope: Scope,  # noqa: ARG001 - row-level security: of a task that was found under it
    tx: Transaction,
    task_id: UUID,
    assignment_id: UUID | None,
    events: Sequence[Event],
) -> int:
    """Keeps what was told; what is there already stays as it is. Tells how many were new."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _INSERT_EVENT,
            [
                {
                    "id": event.id,
                    "task_id": task_id,
                    "assignment_id": assignment_id,
                    "kind": event.kind,
                    "happened_at": event.happened_at,
                    "received_at": event.received_at,
                    "device_at": event.device_at,
                    "source": event.source,
                    "person_id": event.person_id,
                    "reason": event.reason,
                    "detail": msgspec.json.encode(event.detail).decode(),
                }
                for event in events
            ],
        )
        return cursor.rowcount


async def list_stamps(
    scope: Scope,  # noqa: ARG001 - of an assignment that was found under it
    tx: Transaction,
    assignment_id: UUID,
) -> list[Event]:
    """All that was told of an assignment."""
    rows = await (await tx.execute(_STAMPS, {"id": assignment_id})).fetchall()
    return [
        Event(
            row["id"], row["kind"], row["happened_at"], row["received_at"], row["device_at"],
            row["source"], row["person_id"], row["reason"], row["detail"],
        )
        for row in rows
    ]  # fmt: skip


async def list_measures(
    scope: Scope,  # noqa: ARG001 - of tasks that were found under it
    tx: Transaction,
    task_ids: Sequence[UUID],
) -> dict[UUID, list[Measure]]:
    """What was measured of some tasks that were found."""
    rows = await (await tx.execute(_MEASURES, {"ids": list(task_ids)})).fetchall()
    found: dict[UUID, list[Measure]] = {task_id: [] for task_id in task_ids}
    names = list(Measure.__dataclass_fields__)
    for row in rows:
        found[row["task_id"]].append(Measure(**{name: row[name] for name in names}))
    return found


async def insert_measure(
    scope: Scope,  # noqa: ARG001 - the system's: nobody else measures
    tx: Transaction,
    task_id: UUID,
    measure: Measure,
) -> None:
    """Keeps a measure; the first of a moment stays."""
    values = {name: getattr(measure, name) for name in Measure.__dataclass_fields__}
    await tx.execute(_INSERT_MEASURE, values | {"task_id": task_id})


async def list_watched(scope: Scope, tx: Transaction, since: datetime) -> list[Task]:
    """Tasks about jams that are open, or were closed since."""
    visible, parameters = _visible(scope, VIEW)
    query = _WATCHED.format(visible=visible)
    rows = await (await tx.execute(query, parameters | {"since": since})).fetchall()
    return [task_of_row(row) for row in rows]


async def list_statuses(scope: Scope, tx: Transaction) -> bytes:
    """What the units in view are doing, as a JSON list; those of which nothing is known are not."""
    visible, parameters = _visible_unit(scope, VIEW)
    query = _STATUS.format(
        visible=visible,
        in_danger=sql.SQL(IN_DANGER),
        outage=sql.SQL(OUTAGE),
        returning=sql.SQL(RETURNING),
    )
    return await fetch_json(tx, query, parameters | {"home_since": scope.at - RETURN_MOST})


async def list_declined(
    scope: Scope,  # noqa: ARG001 - of a task that was found under it
    tx: Transaction,
    task_id: UUID,
) -> set[UUID]:
    """Units that declined a task."""
    rows = await (await tx.execute(_DECLINED, {"id": task_id})).fetchall()
    return {row["unit_id"] for row in rows}


async def find_active(
    scope: Scope,  # noqa: ARG001 - who takes it from there is judged by what it is on
    tx: Transaction,
    unit_id: UUID,
) -> Assignment | None:
    """The assignment that a unit is on."""
    query = "select * from dispatch_assignment where unit_id = %(id)s and ended_at is null"
    row = await (await tx.execute(query, {"id": unit_id})).fetchone()
    return assignment_of_row(row) if row else None


async def list_busy(
    scope: Scope,  # noqa: ARG001 - of units that were found under it
    tx: Transaction,
    units: Sequence[UUID],
) -> dict[UUID, tuple[Stamp, str]]:
    """Of some units, those on a task: how far they are, and its number.

    Who was moved up stands by and is free.
    """
    rows = await (await tx.execute(_BUSY, {"units": list(units)})).fetchall()
    return {row["unit_id"]: (Stamp(row["state"]), row["number"]) for row in rows}


async def forget(
    scope: Scope,  # noqa: ARG001 - the function takes no more than what is too old
    tx: Transaction,
    before: datetime,
) -> list[tuple[str, UUID, int]]:
    """Deletes tasks closed, and crews signed off, before then: table, owner and how many."""
    gone = []
    for table, query in (
        ("dispatch_task", "select * from dispatch_forget(%s)"),
        ("dispatch_crew", "select * from dispatch_forget_crews(%s)"),
        ("dispatch_handover", "select * from dispatch_forget_handovers(%s)"),
        ("dispatch_alarm", "select * from dispatch_forget_alarms(%s)"),
        ("dispatch_outage", "select * from dispatch_forget_outages(%s)"),
        ("dispatch_bed", "select * from dispatch_forget_beds(%s)"),
    ):
        rows = await (await tx.execute(query, [before])).fetchall()
        gone += [(table, row["agency_id"], row["rows"]) for row in rows]
    return gone


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, **columns_of("t"))


def _visible_unit(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, **unit_columns("u"))


def task_of_row(row: Mapping[str, Any]) -> Task:  # unscoped: of a row that was found
    """A task as it is stored."""
    values = {name: row[name] for name in _TASK_COLUMNS}
    return Task(**values | {"roads": tuple(row["roads"]), "keys": tuple(row["keys"])})


def assignment_of_row(row: Mapping[str, Any]) -> Assignment:  # unscoped: of a row that was found
    """An assignment as it is stored."""
    values = {name: row[name] for name in _ASSIGNMENT_COLUMNS}
    return Assignment(**values | {"state": Stamp(row["state"])})


def _sent(row: Mapping[str, Any]) -> Sent:
    sides: Sides = {
        "agency_id": row["unit_agency_id"],
        "place": row["unit_place"],
        "object_id": row["unit_id"],
        "tags": tuple(row["unit_tags"]),
        "class_": row["unit_kind"],
    }
    return Sent(assignment_of_row(row), row["unit_name"], sides)
