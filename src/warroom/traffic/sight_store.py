"""SQL of which edges cameras count on, where people said so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.traffic.looking import SIDES, Side

# Row-level security lets through what is of cameras in view; who may change is judged before.
_LIST = "select camera_id, away, toward from traffic_sight"

_SAVE = """
insert into traffic_sight as s (camera_id, away, toward, changed_at)
values (%(camera)s, %(away)s, %(toward)s, %(now)s)
on conflict (camera_id) do update set away = excluded.away, toward = excluded.toward,
    changed_at = excluded.changed_at
"""

_DROP = "delete from traffic_sight where camera_id = %(camera)s"


async def list_sights(
    scope: Scope,  # noqa: ARG001 - the system's: it judges who may know when it is asked
    tx: Transaction,
) -> dict[UUID, dict[Side, list[str]]]:
    """What people set, by camera; the scope must be the system's."""
    rows = await (await tx.execute(_LIST)).fetchall()
    return {row["camera_id"]: {side: row[side] for side in SIDES} for row in rows}


async def save_sight(
    scope: Scope,  # noqa: ARG001 - of a camera that was found under it
    tx: Transaction,
    camera_id: UUID,
    keys: Mapping[Side, Sequence[str]],
    now: datetime,
) -> None:
    """Keeps the edges of a camera that the scope may configure."""
    away, toward = (list(keys.get(side, ())) for side in SIDES)
    values = {"camera": camera_id, "away": away, "toward": toward, "now": now}
    await tx.execute(_SAVE, values)


async def drop_sight(
    scope: Scope,  # noqa: ARG001 - of a camera that was found under it
    tx: Transaction,
    camera_id: UUID,
) -> bool:
    """Forgets what was set; tells whether anything was."""
    return (await tx.execute(_DROP, {"camera": camera_id})).rowcount > 0
