"""All SQL of `hub`: each function takes the scope first, then the transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.hub.contracts import Delivery, Endpoint, Outcome
from warroom.kernel import deletions
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.deletions import Deletion
from warroom.kernel.outbox import Event, Position
from warroom.kernel.scope import Scope

_ITEM = """json_build_object(
    'id', w.id, 'name', w.name, 'url', w.url, 'kinds', w.kinds, 'is_active', w.is_active,
    'version', w.version, 'failures', w.failures, 'paused_until', iso_ms(w.paused_until),
    'last_ok_at', iso_ms(w.last_ok_at), 'lost', w.lost, 'created_at', iso_ms(w.created_at),
    'old_secret_until', case when w.old_secret_until > %(now)s then iso_ms(w.old_secret_until) end,
    'agency', (select json_build_object('id', a.id, 'name', a.name, 'short', a.short)
        from agency a where a.id = w.agency_id),
    'application', (select json_build_object('id', s.id, 'name', s.name, 'is_active', s.is_active)
        from service_account s where s.id = w.account_id),
    'pending', (select count(*) from webhook_delivery d
        where d.webhook_id = w.id and d.state = 'pending'),
    'parked', (select count(*) from webhook_delivery d
        where d.webhook_id = w.id and d.state = 'parked'))"""

_LIST = """
select json_build_object('items', coalesce(json_agg({item} order by lower(w.name), w.id), '[]'),
    'total', count(*), 'next', null)::text
from webhook w where {visible} and (%(by)s::uuid is null or w.created_by = %(by)s)
"""

_GET = "select {item}::text from webhook w where w.id = %(id)s and {visible}"
_FIND = "select w.* from webhook w where w.id = %(id)s and {visible} for update"

_SEE = "select w.id, w.name, w.agency_id from webhook w where w.id = %(id)s and {visible}"

_INSERT = """
insert into webhook (id, agency_id, account_id, name, url, kinds, secret, created_at, created_by,
    changed_at)
values (%(id)s, %(agency_id)s, %(account_id)s, %(name)s, %(url)s, %(kinds)s, %(secret)s, %(now)s,
    %(by)s, %(now)s)
"""

_UPDATE = """
update webhook set name = %(name)s, url = %(url)s, kinds = %(kinds)s, is_active = %(is_active)s,
    secret = %(secret)s, old_secret = %(old_secret)s, old_secret_until = %(old_secret_until)s,
    failures = 0, paused_until = null, changed_at = %(now)s, version = version + 1
where id = %(id)s
"""

_LOG = """
select json_build_object('items', coalesce(json_agg(json_build_object(
    'id', d.id, 'kind', d.kind, 'at', iso_ms(d.at), 'state', d.state, 'tries', d.tries,
    'status', d.status, 'why', d.why, 'seconds', d.seconds, 'due_at', iso_ms(d.due_at),
    'ended_at', iso_ms(d.ended_at)) order by d.seq desc), '[]'),
    'total', count(*), 'next', null)::text
from (select * from webhook_delivery where webhook_id = %(id)s order by seq desc limit 100) d
"""

_SUBSCRIBED = """
select w.id, w.account_id, w.kinds, (select count(*) from webhook_delivery d
    where d.webhook_id = w.id and d.state = 'pending') as pending
from webhook w where w.is_active
"""

_INSERT_DELIVERY = """
insert into webhook_delivery (id, webhook_id, kind, body, agency_id, place, object_id, tags, class,
    at, due_at)
values (%(id)s, %(webhook_id)s, %(kind)s, %(body)s, %(agency_id)s, %(place)s, %(object_id)s,
    %(tags)s, %(class)s, %(at)s, %(at)s)
"""

# An endpoint that is due, the one longest left alone first.
_DUE = """
select w.id, w.account_id, w.url, w.secret, w.old_secret, w.old_secret_until, w.failures
from webhook w
where w.is_active and (w.paused_until is null or w.paused_until <= %(now)s)
  and w.id <> all(%(busy)s::uuid[])
  and exists (select from webhook_delivery d
      where d.webhook_id = w.id and d.state = 'pending' and d.due_at <= %(now)s
        and not exists (select from webhook_delivery e
            where e.webhook_id = d.webhook_id and e.state = 'pending' and e.seq < d.seq
              and e.thing = d.thing))
order by w.last_ok_at nulls first limit %(most)s
"""

# The first waiting delivery of each thing: those behind it wait for it, due or not. Taken for a
# minute, so that it comes again if this process dies over it.
_TAKE = """
with first as materialized (
    select d.seq from webhook_delivery d
    where d.webhook_id = %(webhook_id)s and d.state = 'pending' and d.due_at <= %(now)s
      and not exists (select from webhook_delivery e
          where e.webhook_id = d.webhook_id and e.state = 'pending' and e.seq < d.seq
            and e.thing = d.thing)
    order by d.seq limit %(most)s for update skip locked
)
update webhook_delivery d set tries = tries + 1, due_at = %(now)s + interval '1 minute'
from first where d.seq = first.seq
returning d.seq, d.id, d.kind, d.body, d.agency_id, d.place, d.object_id, d.tags, d.class, d.at,
    d.tries
"""

_END = """
update webhook_delivery
set state = %(state)s, status = %(status)s, why = %(why)s, seconds = %(seconds)s,
    due_at = coalesce(%(due_at)s, due_at), ended_at = case when %(state)s <> 'pending'
        then %(now)s::timestamptz end,
    body = case when %(state)s in ('done', 'withheld') then '' else body end
where id = %(id)s
"""

_HEALTH = """
update webhook set failures = case when %(ok)s then 0 else failures + 1 end,
    last_ok_at = case when %(ok)s then %(now)s else last_ok_at end,
    paused_until = %(paused_until)s
where id = %(id)s
"""


_TIDY = """
with gone as (
    delete from webhook_delivery where state <> 'pending' and at < %(before)s returning at
)
select count(*) as count, min(at) as first_at, max(at) as last_at from gone
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    visible, parameters = scope.narrow(
        action, agency="w.agency_id", place=None, id="w.id", tags=None, class_=None
    )
    return visible, parameters | {"now": scope.at}


async def list_webhooks(scope: Scope, tx: Transaction, by: UUID | None = None) -> bytes:
    """Webhooks in view, or those of them that one person set up, as JSON without their secrets."""
    visible, parameters = _visible(scope, "webhook:view")
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), visible=visible)
    return await fetch_json(tx, query, parameters | {"by": by})


async def find_webhook_json(scope: Scope, tx: Transaction, webhook_id: UUID) -> bytes | None:
    """One webhook in view as JSON, without its secret."""
    visible, parameters = _visible(scope, "webhook:view")
    query = sql.SQL(_GET).format(item=sql.SQL(_ITEM), visible=visible)
    content = await fetch_json(tx, query, parameters | {"id": webhook_id})
    return None if content == b"null" else content


async def see_webhook(scope: Scope, tx: Transaction, webhook_id: UUID) -> dict[str, Any] | None:
    """Id, name and owner of one webhook in view."""
    visible, parameters = _visible(scope, "webhook:view")
    query = sql.SQL(_SEE).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": webhook_id})).fetchone()


async def find_webhook(
    scope: Scope, tx: Transaction, webhook_id: UUID, action: str = "webhook:configure"
) -> dict[str, Any] | None:
    """One webhook on which `action` is allowed, locked until the transaction ends."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": webhook_id})).fetchone()


async def count_webhooks(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    agency_id: UUID,
) -> int:
    """Webhooks of an agency."""
    rows = await tx.execute("select count(*) as n from webhook where agency_id = %s", [agency_id])
    row = await rows.fetchone()
    return int(row["n"]) if row else 0


async def insert_webhook(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:
    """Writes a new webhook."""
    await tx.execute(_INSERT, row | {"now": scope.at, "by": scope.person_id})


async def update_webhook(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:
    """Writes a webhook's changed fields; it is tried again at once."""
    await tx.execute(_UPDATE, row | {"now": scope.at})


async def delete_webhook(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    webhook_id: UUID,
) -> None:
    """Removes a webhook with everything that waited for it."""
    await tx.execute("delete from webhook where id = %s", [webhook_id])


async def list_deliveries(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    webhook_id: UUID,
) -> bytes:
    """The last deliveries of a webhook that the caller has judged, as JSON, without content."""
    return await fetch_json(tx, _LOG, {"id": webhook_id})


async def resend(scope: Scope, tx: Transaction, webhook_id: UUID) -> int:
    """Lets parked deliveries wait again; how many there were."""
    rows = await tx.execute(
        "update webhook_delivery set state = 'pending', tries = 0, due_at = %(now)s,"
        " at = greatest(at, %(now)s - interval '1 hour'), ended_at = null"
        " where webhook_id = %(id)s and state = 'parked' and body <> ''",
        {"id": webhook_id, "now": scope.at},
    )
    return rows.rowcount


async def read_position(scope: Scope, tx: Transaction) -> Position | None:  # noqa: ARG001 - one for all
    """How far the outbox was read; locked until the transaction ends."""
    row = await (
        await tx.execute("select xid, event_id from webhook_position for update")
    ).fetchone()
    return None if row is None else Position(row["xid"], row["event_id"])


async def write_position(scope: Scope, tx: Transaction, position: Position) -> None:  # noqa: ARG001 - one for all
    """Notes how far the outbox was read."""
    await tx.execute(
        "insert into webhook_position (xid, event_id) values (%(xid)s, %(id)s)"
        " on conflict (is_only) do update set xid = excluded.xid, event_id = excluded.event_id",
        {"xid": position.xid, "id": position.id},
    )


async def list_subscribed(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:  # noqa: ARG001 - the system's
    """Active webhooks with their kinds, and how much waits for each."""
    return await (await tx.execute(_SUBSCRIBED)).fetchall()


async def insert_delivery(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    webhook_id: UUID,
    delivery_id: UUID,
    kind: str,
    event: Event,
) -> None:
    """Lets an event wait for a webhook."""
    await tx.execute(
        _INSERT_DELIVERY,
        {
            "id": delivery_id,
            "webhook_id": webhook_id,
            "kind": kind,
            "body": event.body.decode(),
            "agency_id": event.agency_id,
            "place": event.place,
            "object_id": event.object_id,
            "tags": list(event.tags),
            "class": event.class_,
            "at": event.at,
        },
    )


async def count_lost(
    scope: Scope,  # noqa: ARG001 - the system's
    tx: Transaction,
    webhook_id: UUID,
    number: int,
) -> None:
    """Counts events for which there was no room."""
    await tx.execute(
        "update webhook set lost = lost + %(n)s where id = %(id)s", {"id": webhook_id, "n": number}
    )


async def list_due(scope: Scope, tx: Transaction, busy: list[UUID], most: int) -> list[Endpoint]:
    """Webhooks for which something is due, but for those that are busy."""
    rows = await tx.execute(_DUE, {"now": scope.at, "busy": busy, "most": most})
    return [Endpoint(**row) for row in await rows.fetchall()]


async def take_deliveries(
    scope: Scope, tx: Transaction, webhook_id: UUID, most: int
) -> list[Delivery]:
    """The first due delivery of each thing, in order, taken for a minute."""
    rows = await tx.execute(_TAKE, {"webhook_id": webhook_id, "now": scope.at, "most": most})
    found = sorted(await rows.fetchall(), key=lambda row: row["seq"])
    return [
        Delivery(
            row["id"],
            row["kind"],
            row["body"].encode(),
            row["agency_id"],
            row["place"],
            row["object_id"],
            tuple(row["tags"]),
            row["class"],
            row["at"],
            row["tries"],
        )
        for row in found
    ]


async def end_try(scope: Scope, tx: Transaction, delivery_id: UUID, outcome: Outcome) -> None:
    """Writes how a try ended; what is not needed any more is emptied."""
    state = "pending" if outcome.state == "again" else outcome.state
    await tx.execute(
        _END,
        {
            "id": delivery_id,
            "state": state,
            "status": outcome.status,
            "why": outcome.why,
            "seconds": outcome.seconds,
            "due_at": outcome.due_at,
            "now": scope.at,
        },
    )


async def note_health(
    scope: Scope, tx: Transaction, webhook_id: UUID, paused_until: datetime | None, *, ok: bool
) -> None:
    """Writes whether an endpoint answered, and until when it is left alone."""
    await tx.execute(
        _HEALTH, {"id": webhook_id, "ok": ok, "now": scope.at, "paused_until": paused_until}
    )


async def tidy(scope: Scope, tx: Transaction, before: datetime) -> None:
    """Forgets deliveries that ended before this moment, and notes how many."""
    gone = await (await tx.execute(_TIDY, {"before": before})).fetchone()
    assert gone is not None  # noqa: S101 - a sum has one row
    kind = "webhook_delivery"
    deletion = Deletion(kind, kind, "age", began_at=scope.at, ended_at=scope.at, **gone)
    await deletions.note(scope, tx, deletion)


async def give_back(scope: Scope, tx: Transaction, delivery_ids: list[UUID]) -> None:
    """Lets deliveries that were taken and not tried be taken again."""
    await tx.execute(
        "update webhook_delivery set tries = tries - 1, due_at = %(now)s"
        " where id = any(%(ids)s::uuid[]) and state = 'pending'",
        {"ids": delivery_ids, "now": scope.at},
    )
