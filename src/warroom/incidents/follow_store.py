"""SQL of the links by which callers follow their incident."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.incidents.contracts import VIEW
from warroom.incidents.store import visible_by
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_INSERT = """
insert into incident_follow (id, incident_id, token_hash, made_at, made_by, expires_at)
values (%(id)s, %(incident_id)s, %(hash)s, %(now)s, %(person_id)s, %(until)s)
"""

_REVOKE = """
update incident_follow set revoked_at = %(now)s, revoked_by = %(person_id)s
where incident_id = %(incident_id)s and revoked_at is null and expires_at > %(now)s
"""

_LIST = sql.SQL(
    """
select f.id, f.made_at, w.name as made_by, f.expires_at, f.revoked_at, f.seen_at, f.seen_end_at,
    coalesce((select json_agg(json_build_object('score', a.score, 'words', a.words, 'at', a.at)
        order by a.at, a.id) from incident_feedback a where a.follow_id = f.id), '[]') as answers
from incident_follow f join incident i on i.id = f.incident_id
    left join person w on w.id = f.made_by
where f.incident_id = %(id)s and {visible} order by f.made_at desc, f.id desc
"""
)


async def insert_link(
    scope: Scope,
    tx: Transaction,
    ids: tuple[UUID, UUID],
    token_hash: str,
    span: tuple[datetime, datetime],
) -> None:
    """Keeps a link (its id, the incident's) from now until it expires."""
    values = {"id": ids[0], "incident_id": ids[1], "hash": token_hash, "now": span[0]}
    await tx.execute(_INSERT, values | {"until": span[1], "person_id": scope.author_id})


async def revoke_links(scope: Scope, tx: Transaction, incident_id: UUID, now: datetime) -> int:
    """Ends the links of an incident that was found and still hold; how many."""
    values = {"incident_id": incident_id, "now": now, "person_id": scope.author_id}
    return (await tx.execute(_REVOKE, values)).rowcount


async def list_links(scope: Scope, tx: Transaction, incident_id: UUID) -> list[dict[str, Any]]:
    """Links of an incident in view, the newest first."""
    visible, parameters = visible_by(scope, VIEW)
    query = _LIST.format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": incident_id})).fetchall()


async def show_news(
    scope: Scope,  # noqa: ARG001 - of a stranger: the token is what lets in
    tx: Transaction,
    token_hash: str,
    now: datetime,
) -> dict[str, Any] | None:
    """What a link that holds tells."""
    query = "select * from incident_follow_show(%s, %s)"
    return await (await tx.execute(query, [token_hash, now])).fetchone()


async def mark_seen(
    scope: Scope,  # noqa: ARG001 - likewise
    tx: Transaction,
    token_hash: str,
    now: datetime,
) -> None:
    """Keeps when a link was first seen, and first after the end."""
    await tx.execute("select incident_follow_seen(%s, %s)", [token_hash, now])


async def insert_answer(
    scope: Scope,  # noqa: ARG001 - likewise
    tx: Transaction,
    token_hash: str,
    answer: tuple[int, str],
    now: datetime,
) -> bool:
    """Keeps an answer; False where the link holds no more, or has three."""
    query = "select incident_follow_answer(%s, %s, %s, %s, %s) as is_kept"
    row = await (await tx.execute(query, [new_id(), token_hash, *answer, now])).fetchone()
    return bool(row and row["is_kept"])
