"""Lists of cameras and one of them, as JSON for people."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.cameras.contracts import VIEW, ListFilter
from warroom.cameras.store.telling import (
    FROM,
    OPEN,
    STATE,
    STATE_JSON,
    instant,
    one_field,
    text,
    visible_to,
)
from warroom.kernel.db import Transaction, fetch_json, fetch_texts
from warroom.kernel.scope import Scope

KEPT_PAGES = 4

_LISTED = f"""string_agg({OPEN}, '}}}},' order by c.number) || '}}}}'"""

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

_PAGE_STATES = _page_query(f"{STATE_JSON} || '}}}}'")

# What is wanted is found by id and number alone; only the page is looked at closer.
_LIST = sql.SQL(
    f"""
with seen as materialized (
    select c.id, c.number from camera_seen c {{state}} where {{visible}} and {{wanted}}
), page as materialized (
    select id, number from seen where number > %(after)s order by number limit %(limit)s
)
select concat('{{{{"items":[', (
        select {_LISTED} {FROM} where c.id = any(array(select id from page))
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
select concat({OPEN}, {one_field("notes", text("c.notes"))}, ',"retention_class":',
    to_json(c.retention_class), ',"version":', c.version, ',"created_at":',
    {instant("c.created_at")}, ',"changed_at":', {instant("c.changed_at")}, ',"streams":',
    case when %(with_streams)s then coalesce((
        select json_agg(y order by y.role)::text from (
            select t.role, t.url, t.transport, t.codec, t.width, t.height,
                t.credentials is not null as has_password
            from camera_stream t where t.camera_id = c.id) y), '[]')
        || (select concat(',"control_url":', coalesce(to_json(k.control_url)::text, 'null'),
            ',"pan_span_deg":', coalesce(k.pan_span_deg::text, 'null'),
            ',"ceiling_kbit_s":', coalesce(k.ceiling_kbit_s::text, 'null'))
            from camera k where k.id = c.id) else 'null' end,
    ',"can":', %(can)s::text, '}}}}')
{FROM}
where c.id = %(id)s and {{visible}}
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
    select concat({OPEN}, ',"distance_m":', f.distance_m, '}}}}') as camera, f.distance_m
    {FROM}
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


# Composing and parsing this query again for every page would cost more than sending the page.
@lru_cache(maxsize=512)
def _list_query(visible: str, conditions: tuple[str, ...]) -> bytes:
    wanted = sql.SQL(" and ").join(map(sql.SQL, ("true", *conditions)))
    # The state is worked out for every camera only where the list is narrowed by it.
    state = STATE if any("e." in condition for condition in conditions) else ""
    query = _LIST.format(visible=sql.SQL(visible), wanted=wanted, state=sql.SQL(state))
    return " ".join(query.as_string().split()).encode()


async def list_cameras(
    scope: Scope, tx: Transaction, wanted: ListFilter, pattern: str, now: datetime, silent_s: float
) -> bytes:
    """A page of cameras as JSON: items, the cursor of the next page, and how many fit in all."""
    visible, parameters = visible_to(scope, VIEW)
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
    visible, parameters = visible_to(scope, VIEW)
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
    visible, parameters = visible_to(scope, VIEW)
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


async def list_nearby(
    scope: Scope,
    tx: Transaction,
    position: tuple[float, float],
    limit: int,
    now: datetime,
    silent_s: float,
) -> bytes:
    """The cameras nearest to (lat, lon), nearest first, each with `distance_m`, as JSON."""
    visible, parameters = visible_to(scope, VIEW)
    lat, lon = position
    times = {"now": now, "silent_s": silent_s}
    return await fetch_json(
        tx,
        _NEARBY.format(visible=visible),
        {**parameters, **times, "lat": lat, "lon": lon, "limit": limit},
    )
