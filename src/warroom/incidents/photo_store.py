"""SQL of photos: scope first, then the transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import sql

from warroom.incidents.contracts import VIEW
from warroom.incidents.store import visible_by
from warroom.kernel.blobs import Blob
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

if TYPE_CHECKING:
    from warroom.incidents.photos import Taken

_INSERT = """
insert into incident_photo (id, incident_id, agency_id, unit, person_id, digest, bytes, width,
    height, taken_at, received_at)
values (%(id)s, %(incident_id)s, %(agency_id)s, %(unit)s, %(person_id)s, %(digest)s, %(bytes)s,
    %(width)s, %(height)s, %(taken_at)s, %(now)s)
"""

_LIST = sql.SQL(
    """
select p.id, p.unit, w.name as person, p.digest as sha256, p.bytes, p.width, p.height, p.taken_at,
    p.received_at
from incident_photo p join incident i on i.id = p.incident_id
    left join person w on w.id = p.person_id
where p.incident_id = any(%(ids)s) and {visible} order by p.taken_at, p.id
"""
)

_FIND = sql.SQL(
    """
select p.incident_id, p.digest from incident_photo p join incident i on i.id = p.incident_id
where p.id = %(id)s and {visible}
"""
)


async def has_photo(
    scope: Scope,  # noqa: ARG001 - row-level security; of an incident that was found
    tx: Transaction,
    photo_id: UUID,
) -> bool:
    """Whether a photo was kept already."""
    query = "select from incident_photo where id = %s"
    return await (await tx.execute(query, [photo_id])).fetchone() is not None


async def count_photos(
    scope: Scope,  # noqa: ARG001 - of an incident that was found under it
    tx: Transaction,
    incident_id: UUID,
) -> int:
    """How many an incident has."""
    query = "select count(*) as n from incident_photo where incident_id = %s"
    row = await (await tx.execute(query, [incident_id])).fetchone()
    return int(row["n"]) if row else 0


async def insert_photo(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    taken: "Taken",
    picture: tuple[Blob, int, int],
    now: datetime,
) -> None:
    """Notes a stored picture, with its width and height."""
    blob, width, height = picture
    values = {
        "id": taken.id,
        "incident_id": incident_id,
        "agency_id": taken.agency_id,
        "unit": taken.unit,
        "person_id": scope.author_id,
        "digest": blob.digest,
        "bytes": blob.size,
        "width": width,
        "height": height,
        "taken_at": min(taken.at, now),
        "now": now,
    }
    await tx.execute(_INSERT, values)


async def list_photos(scope: Scope, tx: Transaction, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Photos of those of the incidents that are in view."""
    visible, parameters = visible_by(scope, VIEW)
    query = _LIST.format(visible=visible)
    return await (await tx.execute(query, parameters | {"ids": list(ids)})).fetchall()


async def find_photo(scope: Scope, tx: Transaction, photo_id: UUID) -> dict[str, Any] | None:
    """Of which incident a photo is, and its file; None where the incident is not in view."""
    visible, parameters = visible_by(scope, VIEW)
    query = _FIND.format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": photo_id})).fetchone()


async def list_known(
    scope: Scope,  # noqa: ARG001 - the system's, which sees all
    tx: Transaction,
    digests: Sequence[str],
) -> set[str]:
    """Those of the files of which a photo knows."""
    query = "select digest from incident_photo where digest = any(%s)"
    rows = await (await tx.execute(query, [list(digests)])).fetchall()
    return {row["digest"] for row in rows}
