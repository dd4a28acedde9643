"""SQL of the run cards, which belong to the city and to no agency."""

from datetime import datetime

import msgspec

from warroom.dispatch.runcards import RunCard
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_NEWEST = "select distinct on (code) body from dispatch_runcard order by code, version desc"

_INSERT = """
insert into dispatch_runcard (code, version, body, written_at, written_by)
values (%(code)s, %(version)s, %(body)s, %(now)s, %(person_id)s)
on conflict do nothing
returning version
"""

_VERSIONS = """
select coalesce(json_agg(json_build_object('version', c.version, 'written_at', c.written_at,
    'written_by', p.name, 'card', c.body) order by c.version desc), '[]')::text
from dispatch_runcard c left join person p on p.id = c.written_by where c.code = %(code)s
"""


async def list_newest(
    scope: Scope,  # noqa: ARG001 - what is needed is no agency's own
    tx: Transaction,
) -> list[RunCard]:
    """The newest version that is kept of each card."""
    rows = await (await tx.execute(_NEWEST)).fetchall()
    return [msgspec.convert(row["body"], RunCard) for row in rows]


async def insert_card(scope: Scope, tx: Transaction, card: RunCard, now: datetime) -> bool:
    """Keeps a version; False where it was kept already."""
    values = {
        "code": card.code,
        "version": card.version,
        "body": msgspec.json.encode(card).decode(),
        "now": now,
        "person_id": scope.person_id,
    }
    return await (await tx.execute(_INSERT, values)).fetchone() is not None


async def list_versions(
    scope: Scope,  # noqa: ARG001 - what is needed is no agency's own
    tx: Transaction,
    code: str,
) -> bytes:
    """Every version of a card that is kept, the newest first, as a JSON list."""
    return await fetch_json(tx, _VERSIONS, {"code": code})
