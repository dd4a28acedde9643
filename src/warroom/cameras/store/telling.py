"""How a camera is told, as text that PostgreSQL puts together, and who may be told."""

from typing import Any

from psycopg import sql

from warroom.cameras.contracts import columns_of
from warroom.kernel.scope import Scope

# A state that nobody has renewed for `silent_s` is not believed any more.
STATE = """
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
        d.doubt is null and c.recording as recording,
        case when d.doubt is null then c.bitrate end as bitrate
) e
"""

# A camera, its owner's name, pictures and state in one row, judged once by the second wall.
FROM = f"from camera_seen c {STATE}"


def text(expression: str) -> str:  # unscoped: only puts text together
    """As a JSON string, or what JSON has for it."""
    return f"to_json({expression})::text"


def instant(expression: str) -> str:  # unscoped: only puts text together
    """As `iso_ms`, which PostgreSQL calls where this is written into the query."""
    form = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""
    return f"""'"' || to_char({expression} at time zone 'UTC', {form}) || '"'"""


def one_field(name: str, expression: str) -> str:  # unscoped: only puts text together
    """One more field of an object; nothing where it is not known."""
    return f"""',"{name}":' || {expression}"""


# Put together as text: what a camera's own row tells is kept as JSON (`camera.listed`), and
# building the rest of five hundred as records costs five times as much. What is not known is left
# out: `concat` passes over the null that a field of it is.
_DOUBTED_JSON = f"""(select concat('{{{{"state":"', e.state, '"',
    {one_field("since", instant("e.since"))}, {one_field("reason", text("e.reason"))},
    {one_field("last_frame_at", instant("e.last_frame_at"))}, {one_field("fps", "e.fps")},
    {one_field("kbit_s", "e.kbit_s")}, {one_field("clock_offset_ms", "e.clock_offset_ms")},
    {one_field("clock_uncertainty_ms", "e.clock_uncertainty_ms")},
    {one_field("bitrate", text("e.bitrate"))},
    ',"recording":', e.recording::text, '}}}}') from (select) as one {STATE})"""

# What is not doubted was written as text with the report (`camera_state.listed`). The condition is
# that of `doubt`: working out the whole state to find that took a quarter of a page's time.
STATE_JSON = f"""case when c.enabled and c.state <> 'unknown'
    and c.reported_at >= %(now)s - make_interval(secs => %(silent_s)s)
    then c.state_listed else {_DOUBTED_JSON} end"""

# Everything that a list tells of a camera, its brace left open for more.
OPEN = f"""concat(
    c.listed, ',"agency":', c.agency_listed, c.pictured, ',"state":', {STATE_JSON})"""


def visible_to(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    """The condition on a camera `c` that the scope may do `action` with it, and its parameters."""
    return scope.narrow(action, **columns_of("c"))
