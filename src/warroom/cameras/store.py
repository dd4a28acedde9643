"""All SQL of the inventory; lists leave as JSON that PostgreSQL wrote."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.cameras.contracts import (
    CONFIGURE,
    RECORD,
    VIEW,
    Areas,
    Camera,
    CameraDraft,
    CameraId,
    KnownStream,
    ListFilter,
    Sited,
    Siting,
    StateChange,
    StateReport,
    StreamDraft,
    UnrecordedCamera,
    columns_of,
)
from warroom.kernel.db import Transaction, fetch_json, fetch_texts
from warroom.kernel.scope import Scope

KEPT_PAGES = 4

# A state that nobody has renewed for `silent_s` is not believed any more.
_STATE = """
cross join lateral (
    select case
        when not c.enabled then 'disabled'
        when c.reported_at is null then 'never_reported'
        when c.reported_at < %(now)s - make_interval(secs => %(silent_s)s) or c.state = 'unknown'
            then 'node_silent'
    end as doubt
) d
cross join lateral (
    select case when d.doubt is null then c.state else 'unknown' end as state,
        case d.doubt when 'disabled' then c.changed_at when 'never_reported' then c.created_at
            when 'node_silent' then c.reported_at else c.since end as since,
        coalesce(d.doubt, c.reason) as reason,
        c.last_frame_at,
        case when d.doubt is null then c.fps end as fps,
        case when d.doubt is null then c.kbit_s end as kbit_s,
        c.clock_offset_ms, c.clock_uncertainty_ms,
        d.doubt is null and c.recording as recording
) e
"""

# A camera, its owner's name, pictures and state in one row, judged once by the second wall.
_FROM = f"from camera_seen c {_STATE}"


def _text(expression: str) -> str:
    return f"to_json({expression})::text"


def _instant(expression: str) -> str:
    """As `iso_ms`, which PostgreSQL calls where this is written into the query."""
    form = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
    return f"""'"' || to_char({expression} at time zone 'UTC', {form}) || '"'"""


def _field(name: str, expression: str) -> str:
    """One more field of an object; nothing where it is not known."""
    return f"""',"{name}":' || {expression}"""


# Put together as text: what a camera's own row tells is kept as JSON (`camera.listed`), and
# building the rest of five hundred as records costs five times as much. What is not known is left
# out: `concat` passes over the null that a field of it is.
_DOUBTED_JSON = f"""(select concat('{{{{"state":"', e.state, '"',
    {_field("since", _instant("e.since"))}, {_field("reason", _text("e.reason"))},
    {_field("last_frame_at", _instant("e.last_frame_at"))}, {_field("fps", "e.fps")},
    {_field("kbit_s", "e.kbit_s")}, {_field("clock_offset_ms", "e.clock_offset_ms")},
    {_field("clock_uncertainty_ms", "e.clock_uncertainty_ms")},
    ',"recording":', e.recording::text, '}}}}') from (select) as one {_STATE})"""

# What is not doubted was written as text with the report (`camera_state.listed`). The condition is
# that of `doubt`: working out the whole state to find that took a quarter of a page's time.
_STATE_JSON = f"""case when c.enabled and c.state <> 'unknown'
    and c.reported_at >= %(now)s - make_interval(secs => %(silent_s)s)
    then c.state_listed else {_DOUBTED_JSON} end"""

# Everything that a list tells of a camera, its brace left open for more.
_OPEN = f"""concat(
    c.listed, ',"agency":', c.agency_listed, c.pictured, ',"state":', {_STATE_JSON})"""
_LISTED = f"""string_agg({_OPEN}, '}}}},' order by c.number) || '}}}}'"""

# What is in view follows from the scope and the inventory alone, and is worked out once for each
# version of both. A page looks up the numbers that were found so, through the second wall again,
# and tells the version with them: at the same version the first wall would find the same. The
# transaction that wrote the version tells it from one that was rolled back.
_VERSION = "(select concat(current_database(), ' ', version, ' ', xmin) from camera_version)"

_IN_VIEW = sql.SQL(
    f"""
select {_VERSION} as version,
    (select array_agg(c.number order by c.number) from camera_seen c where {{visible}}) as numbers
"""
)


# A page is asked for twice: what changes with the inventory alone, once for each version of it, and
# the states, each time. Both tell the version and whose rows came through the wall; JSON has no
# control characters, so one stands between the rows.
def _page_query(told: str) -> bytes:  # unscoped: only puts a query together
    query = f"""
select {_VERSION}, coalesce(string_agg(c.number::text, ',' order by c.number), ''),
    coalesce(string_agg({told}, e'\\x1e' order by c.number), '')
from camera_seen c where c.number = any(%(numbers)s::integer[])
"""
    return " ".join(query.format().split()).encode()


_PAGE = _page_query(
    """concat(',', c.listed, ',"agency":', c.agency_listed, c.pictured, ',"state":')"""
)
_PAGE_STATES = _page_query(f"{_STATE_JSON} || '}}}}'")

# What is wanted is found by id and number alone; only the page is looked at closer.
_LIST = sql.SQL(
    f"""
with seen as materialized (
    select c.id, c.number from camera_seen c {{state}} where {{visible}} and {{wanted}}
), page as materialized (
    select id, number from seen where number > %(after)s order by number limit %(limit)s
)
select concat('{{{{"items":[', (
        select {_LISTED} {_FROM} where c.id = any(array(select id from page))
    ), '],"next":', coalesce(to_json((
        select max(number)::text from page having max(number) < (select max(number) from seen)
    ))::text, 'null'),
    ',"total":', (select count(*) from seen), '}}}}')
"""
)

_FITS = (
    "(c.name ilike %(pattern)s or c.site ilike %(pattern)s or c.number::text = %(q)s"
    " or c.kelurahan_name ilike %(pattern)s or c.kecamatan_name ilike %(pattern)s)"
)

_ONE = sql.SQL(
    f"""
select concat({_OPEN}, {_field("notes", _text("c.notes"))}, ',"retention_class":',
    to_json(c.retention_class), ',"version":', c.version, ',"created_at":',
    {_instant("c.created_at")}, ',"changed_at":', {_instant("c.changed_at")}, ',"streams":',
    case when %(with_streams)s then coalesce((
        select json_agg(y order by y.role)::text from (
            select t.role, t.url, t.transport, t.codec, t.width, t.height,
                t.credentials is not null as has_password
            from camera_stream t where t.camera_id = c.id) y), '[]') else 'null' end,
    ',"can":', %(can)s::text, '}}}}')
{_FROM}
where c.id = %(id)s and {{visible}}
"""
)

_BY_CLASS = sql.SQL(
    """
select c.retention_class as class, a.name as owner, c.kecamatan_name as place,
    count(*)::int as count
from camera c join agency a on a.id = c.agency_id
where c.removed_at is null and c.agency_id = %(of_agency)s and {visible}
group by 1, 2, 3 order by 1, 2, 3
"""
)

_NEARBY = sql.SQL(
    f"""
with near as (
    select c.id from camera c
    where c.removed_at is null and {{visible}}
    order by point(c.lon, c.lat) <-> point(%(lon)s, %(lat)s) limit %(limit)s * 2 + 8
)
select concat('{{{{"items":[', string_agg(x.camera, ',' order by x.distance_m), ']}}}}') from (
    select concat({_OPEN}, ',"distance_m":', f.distance_m, '}}}}') as camera, f.distance_m
    {_FROM}
    cross join lateral (
        select round((2 * 6371008.8 * asin(least(1, sqrt(
            power(sin(radians(c.lat - %(lat)s) / 2), 2)
            + cos(radians(c.lat)) * cos(radians(%(lat)s))
            * power(sin(radians(c.lon - %(lon)s) / 2), 2)))))::numeric, 1) as distance_m
    ) f
    where c.id = any(array(select id from near))
    order by f.distance_m limit %(limit)s
) x
"""
)

_SUMMARY = sql.SQL(
    f"""
select json_build_object(
    'live', count(*) filter (where e.state = 'live'),
    'late', count(*) filter (where e.state = 'late'),
    'offline', count(*) filter (where e.state = 'offline'),
    'unknown', count(*) filter (where e.state = 'unknown'),
    'recording', count(*) filter (where e.recording),
    'total', count(*))::text
{_FROM}
where {{visible}}
"""
)

_FIND = sql.SQL(
    """
select id, agency_id, number, name, place, tags, lat, lon, retention_class, simulated, enabled,
    version
from camera c
where c.id = any(%(ids)s) and (c.removed_at is null or %(removed)s) and {visible}
"""
)

_IN_AREAS = sql.SQL(
    """
select id, agency_id, number, name, place, tags, lat, lon, retention_class, simulated, enabled,
    version
from camera c
where c.removed_at is null and c.agency_id = %(owner)s and {visible} and (
    c.number = any(%(numbers)s::integer[])
    or exists (select from unnest(%(polygons)s::text[]) p where point(c.lon, c.lat) <@ p::polygon)
    or exists (select from unnest(%(places)s::text[]) area
        where c.place = area or starts_with(c.place, area || '.')))
order by c.number
"""
)

_SITED = sql.SQL(
    """
select id, agency_id, number, name, place, tags, lat, lon, retention_class, simulated, enabled,
    version, bearing_deg, fov_deg, range_m
from camera c where c.removed_at is null and {visible} order by c.number
"""
)

_STORED = sql.SQL(
    """
select c.*, coalesce((
    select json_agg(json_build_object('id', t.id, 'role', t.role, 'url', t.url,
        'transport', t.transport, 'credentials', encode(t.credentials, 'base64')) order by t.role)
    from camera_stream t where t.camera_id = c.id), '[]') as streams
from camera c
where c.removed_at is null and (c.id = any(%(ids)s) or c.number = any(%(numbers)s))
  and {visible}
order by c.id
for update of c
"""
)

_COLUMNS = (
    *("id", "agency_id", "number", "name", "site"),
    *("kecamatan", "kecamatan_name", "kelurahan", "kelurahan_name", "area_source"),
    *("lat", "lon", "height_m", "bearing_deg", "fov_deg", "range_m", "is_ptz"),
    *("tags", "retention_class", "simulated", "enabled", "notes"),
)

_INSERT = sql.SQL(
    """
insert into camera ({columns}, created_at, changed_at) values ({values}, %(now)s, %(now)s)
on conflict (number) where removed_at is null do nothing
"""
).format(
    columns=sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
    values=sql.SQL(", ").join(map(sql.Placeholder, _COLUMNS)),
)

_UPDATE = sql.SQL(
    "update camera set {assigned}, version = version + 1, changed_at = %(now)s where id = %(id)s"
).format(
    assigned=sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
        for name in _COLUMNS
        if name != "id"
    )
)

_SAVE_STREAM = """
insert into camera_stream (id, camera_id, agency_id, role, url, transport, credentials)
values (%(id)s, %(camera_id)s, %(agency_id)s, %(role)s, %(url)s, %(transport)s, %(credentials)s)
on conflict (camera_id, role) do update
set url = excluded.url, transport = excluded.transport, credentials = excluded.credentials,
    codec = case when camera_stream.url = excluded.url then camera_stream.codec end,
    width = case when camera_stream.url = excluded.url then camera_stream.width end,
    height = case when camera_stream.url = excluded.url then camera_stream.height end
"""

_DROP_STREAMS = "delete from camera_stream where camera_id = %(id)s and role <> all(%(roles)s)"

_REMOVE = """
with gone as (
    update camera set removed_at = %(now)s, changed_at = %(now)s, version = version + 1,
        enabled = false
    where id = %(id)s and removed_at is null
    returning id
), streams as (
    delete from camera_stream where camera_id in (select id from gone)
)
delete from camera_state where camera_id in (select id from gone)
"""

_STREAMS = sql.SQL(
    """
select t.id, t.camera_id, t.role, t.url, t.transport, t.credentials, c.agency_id, c.place,
    c.retention_class, c.enabled, c.number
from camera_stream t join camera c on c.id = t.camera_id
where c.removed_at is null and {visible}
order by c.number, t.role
"""
)

_KNOWN = sql.SQL(
    """
select t.role, t.codec, t.width, t.height from camera_stream t join camera c on c.id = t.camera_id
where c.id = %(id)s and c.removed_at is null and {visible} order by t.role
"""
)

_REPORT = sql.SQL(
    """
with given as (
    select * from unnest(%(ids)s::uuid[], %(states)s::text[], %(since)s::timestamptz[],
        %(reasons)s::text[], %(frames)s::timestamptz[], %(fps)s::real[], %(kbit)s::real[],
        %(offsets)s::real[], %(uncertain)s::real[], %(recording)s::boolean[], %(nodes)s::text[])
    as g (camera_id, state, since, reason, last_frame_at, fps, kbit_s, clock_offset_ms,
        clock_uncertainty_ms, recording, node)
), before as (
    select s.camera_id, s.state, s.reason, s.recording from camera_state s
    where s.camera_id = any(%(ids)s::uuid[]) order by s.camera_id for update
), known as (
    select g.*, c.agency_id, c.place, c.tags, c.retention_class
    from given g join camera c on c.id = g.camera_id
    where c.removed_at is null and {visible}
), saved as (
    insert into camera_state as s
        (camera_id, agency_id, state, since, reason, last_frame_at, fps, kbit_s, clock_offset_ms,
        clock_uncertainty_ms, recording, recording_since, node, reported_at)
    select camera_id, agency_id, state, since, reason, last_frame_at, fps, kbit_s,
        clock_offset_ms, clock_uncertainty_ms, recording, %(now)s, node, %(now)s
    from known order by camera_id
    on conflict (camera_id) do update
    set state = excluded.state, since = excluded.since, reason = excluded.reason,
        last_frame_at = coalesce(excluded.last_frame_at, s.last_frame_at), fps = excluded.fps,
        kbit_s = excluded.kbit_s, clock_offset_ms = excluded.clock_offset_ms,
        clock_uncertainty_ms = excluded.clock_uncertainty_ms, recording = excluded.recording,
        recording_since = case when s.recording = excluded.recording then s.recording_since
            else excluded.recording_since end,
        node = excluded.node, reported_at = excluded.reported_at
)
select k.camera_id, k.agency_id, k.place, k.tags, k.retention_class
from known k left join before b on b.camera_id = k.camera_id
where (b.state, b.reason, b.recording) is distinct from (k.state, k.reason, k.recording)
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
{_FROM}
where c.has_main and c.enabled and not coalesce(e.recording, false) and {{visible}}
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
select c.id, ({_STATE_JSON})::text as state
{_FROM}
where c.id = any(%(ids)s) and {{visible}}
"""
)


# Composing and parsing this query again for every page would cost more than sending the page.
@lru_cache(maxsize=512)
def _list_query(visible: str, conditions: tuple[str, ...]) -> bytes:
    wanted = sql.SQL(" and ").join(map(sql.SQL, ("true", *conditions)))
    # The state is worked out for every camera only where the list is narrowed by it.
    state = _STATE if any("e." in condition for condition in conditions) else ""
    query = _LIST.format(visible=sql.SQL(visible), wanted=wanted, state=sql.SQL(state))
    return " ".join(query.as_string().split()).encode()


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, **columns_of("c"))


async def list_cameras(
    scope: Scope, tx: Transaction, wanted: ListFilter, pattern: str, now: datetime, silent_s: float
) -> bytes:
    """A page of cameras as JSON: items, the cursor of the next page, and how many fit in all."""
    visible, parameters = _visible(scope, VIEW)
    conditions = tuple(
        condition
        for condition, value in (
            ("c.agency_id = %(agency)s", wanted.agency_id),
            ("e.state = %(state)s", wanted.state),
            ("c.kecamatan = %(kecamatan)s", wanted.kecamatan),
            (_FITS, wanted.q or None),
        )
        if value is not None
    )
    parameters |= {
        "agency": wanted.agency_id,
        "state": wanted.state,
        "kecamatan": wanted.kecamatan,
        "pattern": pattern,
        "q": wanted.q,
        "after": wanted.after_number or 0,
        "limit": wanted.limit,
        "now": now,
        "silent_s": silent_s,
    }
    if conditions:
        return await fetch_json(tx, _list_query(visible.as_string(), conditions), parameters)
    return await _list_in_view(scope, tx, wanted, now, silent_s)


@dataclass(slots=True)
class _Page:
    """A page of what is in view: the numbers as PostgreSQL reads an array, and what it told."""

    numbers: str
    shown: bytes = b""
    told: list[bytes] = field(default_factory=list)


class _InView(NamedTuple):
    """The numbers of all cameras that a scope sees, in order, at one version of the inventory."""

    version: bytes
    numbers: Sequence[int]
    pages: dict[tuple[int, int], _Page]

    # unscoped: of numbers that were found under a scope
    def page(self, begin: int, limit: int) -> _Page:
        """The page, kept for the next time; 225 kB for five hundred cameras."""
        if (begin, limit) not in self.pages:
            if len(self.pages) >= KEPT_PAGES:
                self.pages.clear()
            numbers = ",".join(map(str, self.numbers[begin : begin + limit]))
            self.pages[begin, limit] = _Page(f"{{{numbers}}}")
        return self.pages[begin, limit]


async def _list_in_view(
    scope: Scope, tx: Transaction, wanted: ListFilter, now: datetime, silent_s: float
) -> bytes:
    """The page when nothing narrows the list but the scope: its cost is that of its own states."""
    remembered: list[_InView] = scope.remembered("cameras.in_view", list)
    while True:
        if not remembered:
            remembered.append(await _look_in_view(scope, tx))
        in_view = remembered[0]
        begin = bisect_right(in_view.numbers, wanted.after_number or 0)
        page = in_view.page(begin, wanted.limit)
        if not page.told:
            version, page.shown, told = await fetch_texts(tx, _PAGE, {"numbers": page.numbers})
            page.told = told.split(b"\x1e") if version == in_view.version else []
        version, shown, states = await fetch_texts(
            tx, _PAGE_STATES, {"numbers": page.numbers, "now": now, "silent_s": silent_s}
        )
        if version == in_view.version and shown == page.shown:
            end = min(begin + wanted.limit, len(in_view.numbers))
            following = "null" if end == len(in_view.numbers) else f'"{in_view.numbers[end - 1]}"'
            rest = f'],"next":{following},"total":{len(in_view.numbers)}}}'
            items = b"".join(
                chain.from_iterable(zip(page.told, states.split(b"\x1e"), strict=True))
            )
            return b"".join((b'{"items":[', items[1:], rest.encode()))
        remembered.clear()


async def _look_in_view(scope: Scope, tx: Transaction) -> _InView:
    visible, parameters = _visible(scope, VIEW)
    row = await (await tx.execute(_IN_VIEW.format(visible=visible), parameters)).fetchone()
    assert row is not None  # noqa: S101 - a select without a from has one row
    return _InView(row["version"].encode(), array("i", row["numbers"] or ()), {})


async def get_camera_json(
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    now: datetime,
    silent_s: float,
    *,
    with_streams: bool,
    can: Sequence[str],
) -> bytes:
    """One camera with its state as JSON; its streams, without logins, where asked for.

    `can` is told with it as it is given.
    """
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(
        tx,
        _ONE.format(visible=visible),
        {
            **parameters,
            "id": camera_id,
            "now": now,
            "silent_s": silent_s,
            "with_streams": with_streams,
            "can": msgspec.json.encode(can).decode(),
        },
    )


async def find_id(scope: Scope, tx: Transaction, number: int) -> UUID | None:
    """The id of the camera that people call by this number."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(
        sql.SQL(
            "select c.id from camera c where c.number = %(number)s and c.removed_at is null and {}"
        ).format(visible),
        {**parameters, "number": number},
    )
    row = await rows.fetchone()
    return row["id"] if row else None


async def list_nearby(
    scope: Scope,
    tx: Transaction,
    position: tuple[float, float],
    limit: int,
    now: datetime,
    silent_s: float,
) -> bytes:
    """The cameras nearest to (lat, lon), nearest first, each with `distance_m`, as JSON."""
    visible, parameters = _visible(scope, VIEW)
    lat, lon = position
    times = {"now": now, "silent_s": silent_s}
    return await fetch_json(
        tx,
        _NEARBY.format(visible=visible),
        {**parameters, **times, "lat": lat, "lon": lon, "limit": limit},
    )


async def count_states(scope: Scope, tx: Transaction, now: datetime, silent_s: float) -> bytes:
    """How many cameras are in which state, as JSON."""
    visible, parameters = _visible(scope, VIEW)
    return await fetch_json(
        tx, _SUMMARY.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )


async def count_by_class(scope: Scope, tx: Transaction, agency_id: UUID) -> list[dict[str, Any]]:
    """How many cameras in view the agency has, by retention class and kecamatan."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(
        _BY_CLASS.format(visible=visible), {**parameters, "of_agency": agency_id}
    )
    return await rows.fetchall()


async def find_in_areas(scope: Scope, tx: Transaction, wanted: Areas, action: str) -> list[Camera]:
    """The cameras inside, with which the scope may do `action`; by number."""
    visible, parameters = _visible(scope, action)
    polygons = [
        "(" + ",".join(f"({lon!r},{lat!r})" for lon, lat in ring) + ")" for ring in wanted.rings
    ]
    rows = await tx.execute(
        _IN_AREAS.format(visible=visible),
        {
            **parameters,
            "owner": wanted.agency_id,
            "polygons": polygons,
            "places": list(wanted.places),
            "numbers": list(wanted.numbers),
        },
    )
    return [_camera(row) for row in await rows.fetchall()]


async def list_sited(scope: Scope, tx: Transaction, action: str) -> list[Sited]:
    """The cameras on which `action` is allowed, with where they look; by number."""
    visible, parameters = _visible(scope, action)
    rows = await (await tx.execute(_SITED.format(visible=visible), parameters)).fetchall()
    looks = ("bearing_deg", "fov_deg", "range_m")
    return [
        Sited(_camera({k: v for k, v in row.items() if k not in looks}), *(row[k] for k in looks))
        for row in rows
    ]


def _camera(row: dict[str, Any]) -> Camera:
    return Camera(**{**row, "id": CameraId(row["id"]), "tags": tuple(row["tags"])})


async def find_cameras(
    scope: Scope,
    tx: Transaction,
    ids: Iterable[UUID],
    action: str,
    *,
    including_removed: bool = False,
) -> list[Camera]:
    """Those of the cameras on which `action` is allowed, in no order."""
    visible, parameters = _visible(scope, action)
    rows = await tx.execute(
        _FIND.format(visible=visible),
        {**parameters, "ids": list(ids), "removed": including_removed},
    )
    return [_camera(row) for row in await rows.fetchall()]


async def list_known_streams(
    scope: Scope, tx: Transaction, camera_id: UUID, action: str
) -> list[KnownStream]:
    """The camera's streams without their addresses; none if `action` is not allowed on it."""
    visible, parameters = _visible(scope, action)
    rows = await tx.execute(_KNOWN.format(visible=visible), {**parameters, "id": camera_id})
    return [KnownStream(**row) for row in await rows.fetchall()]


async def lock_stored(
    scope: Scope,
    tx: Transaction,
    *,
    ids: Sequence[UUID] = (),
    numbers: Sequence[int] = (),
) -> list[dict[str, Any]]:
    """Rows of the cameras that may be configured, with their streams still sealed, locked."""
    visible, parameters = _visible(scope, CONFIGURE)
    rows = await tx.execute(
        _STORED.format(visible=visible),
        {**parameters, "ids": list(ids), "numbers": list(numbers)},
    )
    return await rows.fetchall()


async def insert_cameras(
    scope: Scope,
    tx: Transaction,
    cameras: Sequence[tuple[UUID, CameraDraft, Siting]],
    now: datetime,
) -> set[UUID]:
    """Stores new cameras; tells which: those whose number is taken are left out.

    The caller has judged the drafts against `scope`; row-level security judges them again.
    """
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _INSERT, [_row(id_, draft, siting, now) for id_, draft, siting in cameras]
        )
    visible, parameters = _visible(scope, CONFIGURE)
    rows = await tx.execute(
        sql.SQL("select c.id from camera c where c.id = any(%(ids)s) and {}").format(visible),
        {**parameters, "ids": [id_ for id_, _, _ in cameras]},
    )
    return {row["id"] for row in await rows.fetchall()}


async def update_cameras(
    scope: Scope,  # noqa: ARG001 - the rows were narrowed and locked by `lock_stored`
    tx: Transaction,
    cameras: Sequence[tuple[UUID, CameraDraft, Siting]],
    now: datetime,
) -> None:
    """Stores changed cameras, which `lock_stored` has locked; each becomes one version newer."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _UPDATE, [_row(id_, draft, siting, now) for id_, draft, siting in cameras]
        )


async def next_number(scope: Scope, tx: Transaction) -> int:  # noqa: ARG001 - of the whole city
    """The first number after all that are in use, whoever owns those cameras."""
    row = await (await tx.execute("select camera_next_number() as number")).fetchone()
    return int(row["number"]) if row else 1


async def stream_ids(
    scope: Scope, tx: Transaction, cameras: Sequence[UUID]
) -> dict[tuple[UUID, str], tuple[UUID, bytes | None]]:
    """Id and sealed login of the cameras' streams, by camera and role."""
    visible, parameters = _visible(scope, CONFIGURE)
    rows = await tx.execute(
        sql.SQL(
            "select t.camera_id, t.role, t.id, t.credentials"
            " from camera_stream t join camera c on c.id = t.camera_id"
            " where t.camera_id = any(%(cameras)s) and {}"
        ).format(visible),
        {**parameters, "cameras": list(cameras)},
    )
    return {
        (row["camera_id"], row["role"]): (row["id"], row["credentials"])
        for row in await rows.fetchall()
    }


async def save_streams(
    scope: Scope,  # noqa: ARG001 - belongs to cameras that `lock_stored` has narrowed and locked
    tx: Transaction,
    streams: Sequence[tuple[UUID, UUID, UUID, StreamDraft, bytes | None]],
) -> None:
    """Stores streams: (stream id, camera, agency, stream, sealed login) each."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _SAVE_STREAM,
            [
                {
                    "id": id_,
                    "camera_id": camera_id,
                    "agency_id": agency_id,
                    "role": stream.role,
                    "url": stream.url,
                    "transport": stream.transport,
                    "credentials": sealed,
                }
                for id_, camera_id, agency_id, stream, sealed in streams
            ],
        )


async def drop_streams(
    scope: Scope,  # noqa: ARG001 - belongs to a camera that `lock_stored` has narrowed and locked
    tx: Transaction,
    camera_id: UUID,
    kept: Sequence[str],
) -> None:
    """Removes the streams of a camera whose roles are not kept, and their logins with them."""
    await tx.execute(_DROP_STREAMS, {"id": camera_id, "roles": list(kept)})


async def remove_camera(
    scope: Scope,  # noqa: ARG001 - the row was narrowed and locked by `lock_stored`
    tx: Transaction,
    camera_id: UUID,
    now: datetime,
) -> None:
    """Marks a camera as removed; its streams, with their logins, and its state are deleted."""
    await tx.execute(_REMOVE, {"id": camera_id, "now": now})


async def list_sealed_streams(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Every stream that may be taken in, its login still sealed, by camera number."""
    visible, parameters = _visible(scope, RECORD)
    rows = await tx.execute(_STREAMS.format(visible=visible), parameters)
    return await rows.fetchall()


async def save_reports(
    scope: Scope, tx: Transaction, reports: Sequence[StateReport], now: datetime
) -> list[StateChange]:
    """Stores states in one statement; tells which cameras are in another state than before."""
    visible, parameters = _visible(scope, RECORD)
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
            "now": now,
        },
    )
    return [_change(row) for row in await rows.fetchall()]


async def list_unrecorded(
    scope: Scope, tx: Transaction, now: datetime, silent_s: float
) -> list[UnrecordedCamera]:
    """Cameras that are to be recorded and are not, as far as anybody knows."""
    visible, parameters = _visible(scope, RECORD)
    rows = await tx.execute(
        _UNRECORDED.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )
    return [
        UnrecordedCamera(**{**row, "tags": tuple(row["tags"])}) for row in await rows.fetchall()
    ]


async def save_pictures(scope: Scope, tx: Transaction, reports: Sequence[StateReport]) -> None:
    """Stores what streams carry, where that is new."""
    found = [(report.camera_id, picture) for report in reports for picture in report.pictures]
    if not found:
        return
    visible, parameters = _visible(scope, RECORD)
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
    visible, parameters = _visible(scope, RECORD)
    rows = await tx.execute(
        _SILENCE.format(visible=visible), {**parameters, "now": now, "silent_s": silent_s}
    )
    return [_change(row) for row in await rows.fetchall()]


async def states_of(
    scope: Scope, tx: Transaction, ids: Sequence[UUID], now: datetime, silent_s: float
) -> dict[UUID, bytes]:
    """The present state of cameras as lists show it, as JSON, by camera."""
    visible, parameters = _visible(scope, RECORD)
    rows = await tx.execute(
        _STATES_OF.format(visible=visible),
        {**parameters, "ids": list(ids), "now": now, "silent_s": silent_s},
    )
    return {row["id"]: row["state"].encode() for row in await rows.fetchall()}


def _row(id_: UUID, draft: CameraDraft, siting: Siting, now: datetime) -> dict[str, Any]:
    return {
        "id": id_,
        **{name: getattr(draft, name) for name in _COLUMNS if hasattr(draft, name)},
        "tags": list(draft.tags),
        "kecamatan": siting.kecamatan,
        "kecamatan_name": siting.kecamatan_name,
        "kelurahan": siting.kelurahan,
        "kelurahan_name": siting.kelurahan_name,
        "area_source": siting.source,
        "now": now,
    }


def _change(row: dict[str, Any]) -> StateChange:
    return StateChange(
        row["camera_id"],
        row["agency_id"],
        row["place"],
        tuple(row["tags"]),
        row["retention_class"],
    )
