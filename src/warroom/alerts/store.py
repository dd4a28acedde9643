"""All SQL of `alerts`: each function takes the scope first, then the transaction.

Alerts, and how their sources answer, belong to no agency (decision 72): who may see one may see
all. The word is asked at the door; there is nothing to narrow by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.alerts.contracts import Alert, Standing
from warroom.kernel import deletions
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_LOCK = "select pg_advisory_xact_lock(hashtext('warroom.alerts'))"

_FIND = """
select id, body, remarks, status from alert where source = %(source)s and key = %(key)s
"""

# A later message that ends this one may have come before it.
_INSERT = """
insert into alert (id, source, key, sender, identifier, sent, status, type, is_actual, severity,
    starts_at, until, body, xml, remarks, refs, touches, districts, received_at, ended_at,
    ended_how, ended_by)
select %(id)s, %(source)s, %(key)s, %(sender)s, %(identifier)s, %(sent)s, %(status)s, %(type)s,
    %(is_actual)s, %(severity)s, %(starts_at)s, %(until)s, %(body)s, %(xml)s, %(remarks)s,
    %(refs)s, %(touches)s, %(districts)s, %(now)s, later.received_at, later.how, later.id
from (select 1) one left join lateral (
    select a.id, a.received_at,
        case when a.type = 'Cancel' then 'cancelled' else 'updated' end as how
    from alert a where a.source = %(source)s and a.status = %(status)s
        and a.refs @> array[%(key)s] order by a.type = 'Cancel' desc, a.sent desc limit 1
) later on true
"""

_END = """
update alert set ended_at = %(now)s, ended_how = %(how)s, ended_by = %(by)s
where source = %(source)s and status = %(status)s and key = any(%(keys)s) and id <> %(by)s
    and (ended_at is null or (%(how)s = 'cancelled' and ended_how = 'updated'))
returning id
"""

_WIDEN = """
update alert set body = %(body)s, remarks = %(remarks)s, severity = %(severity)s,
    starts_at = %(starts_at)s, until = %(until)s, touches = %(touches)s, districts = %(districts)s
where id = %(id)s
"""

_ITEM = """json_build_object('id', a.id, 'source', a.source, 'sender', a.sender,
    'identifier', a.identifier, 'sent', iso_ms(a.sent), 'status', a.status, 'type', a.type,
    'is_actual', a.is_actual, 'severity', a.severity, 'starts_at', iso_ms(a.starts_at),
    'until', iso_ms(a.until), 'ended_at', iso_ms(a.ended_at), 'ended_how', a.ended_how,
    'ended_by', a.ended_by, 'touches', a.touches, 'districts', a.districts,
    'received_at', iso_ms(a.received_at), 'remarks', a.remarks, 'body', a.body)"""

_IN_FORCE = f"""
select coalesce(json_agg({_ITEM} order by a.touches desc nulls last, a.sent desc), '[]')::text
from alert a where a.is_actual and a.ended_at is null and a.until > %(now)s
"""

# What people read of an alert, in all its languages.
_TOLD = """lower(concat_ws(' ', b.source, b.sender, b.identifier, b.body ->> 'note',
    (select string_agg(concat_ws(' ', i ->> 'event', i ->> 'headline', i ->> 'description',
        i ->> 'instruction', i ->> 'sender_name',
        (select string_agg(r ->> 'description', ' ') from jsonb_array_elements(i -> 'areas') r)),
        ' ') from jsonb_array_elements(b.body -> 'infos') i)))"""

_PAST = f"""
select coalesce(json_agg({_ITEM} order by a.received_at desc, a.id desc), '[]')::text
from (select * from alert b where not (is_actual and ended_at is null and until > %(now)s)
    and (%(after)s::uuid is null or (received_at, id) <
        (select c.received_at, c.id from alert c where c.id = %(after)s))
    and not exists (select from unnest(%(words)s::text[]) word
        where position(lower(word) in {_TOLD}) = 0)
    order by received_at desc, id desc limit %(limit)s) a
"""

_ONE = f"select {_ITEM}::text from alert a where a.id = %(id)s"

_CHANGES_AT = """
select min(until) as at from alert where is_actual and ended_at is null and until > %(now)s
"""

_XML = "select xml, status, type from alert where id = %(id)s"

_SOURCES = """
select coalesce(json_agg(json_build_object('source', source, 'url', url,
    'tried_at', iso_ms(tried_at), 'ok_at', iso_ms(ok_at), 'problem', problem, 'detail', detail)
    order by source, url), '[]')::text
from alert_source
"""

_CLAIM = """
insert into alert_source as s (source, url, tried_at) values (%(source)s, %(url)s, %(now)s)
on conflict (source, url) do update set tried_at = %(now)s
where s.tried_at <= %(now)s - make_interval(secs => %(every_s)s) or s.tried_at > %(now)s
returning etag, modified, problem
"""

_ANSWERED = """
update alert_source set ok_at = case when %(problem)s::text is null then %(now)s else ok_at end,
    problem = %(problem)s, detail = %(detail)s, etag = %(etag)s, modified = %(modified)s
where source = %(source)s and url = %(url)s
"""

_FORGET_SOURCES = """
delete from alert_source where not (source || ' ' || url) = any(%(known)s)
"""

_MARKS = "select url, mark from alert_item where source = %(source)s and url = any(%(urls)s)"

_MARK = """
insert into alert_item (source, url, mark, seen_at) values (%(source)s, %(url)s, %(mark)s, %(now)s)
on conflict (source, url) do update set mark = %(mark)s, seen_at = %(now)s
"""

_REFUSE = """
insert into alert_refused as r (id, source, origin, digest, problem, detail, content, size,
    first_at, last_at)
values (%(id)s, %(source)s, %(origin)s, %(digest)s, %(problem)s, %(detail)s, %(content)s, %(size)s,
    %(now)s, %(now)s)
on conflict (source, digest) do update set times = r.times + 1, last_at = %(now)s,
    origin = %(origin)s
returning times
"""

_REFUSED = """
select coalesce(json_agg(json_build_object('id', id, 'source', source, 'origin', origin,
    'problem', problem, 'detail', detail, 'size', size, 'times', times,
    'first_at', iso_ms(first_at), 'last_at', iso_ms(last_at)) order by last_at desc), '[]')::text
from (select * from alert_refused order by last_at desc limit 100) r
"""

_REFUSED_ONE = "select content from alert_refused where id = %(id)s"

# What a message that is still kept ended stays with it.
_FORGET = """
with gone as (
    delete from alert a where greatest(a.until, a.received_at, a.ended_at) < %(before)s
        and not exists (select from alert b where b.ended_by = a.id
            and greatest(b.until, b.received_at, b.ended_at) >= %(before)s)
    returning 1)
select count(*) as count from gone
"""
_FORGET_MORE = """
with gone as (delete from alert_refused where last_at < %(before)s returning 1)
select count(*) as count from gone
"""
_FORGET_ITEMS = "delete from alert_item where seen_at < %(before)s"


@dataclass(frozen=True, slots=True)
class Reach:
    """Where in the city an alert holds: None if it does not say; the kecamatan, by code."""

    touches: bool | None
    districts: tuple[str, ...] = ()


async def lock(scope: Scope, tx: Transaction) -> None:  # noqa: ARG001 - of no agency
    """Lets one message in at a time, so that each finds those that it ends and is ended by."""
    await tx.execute(_LOCK)


async def find_by_key(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    source: str,
    key: str,
) -> tuple[UUID, Alert, list[str]] | None:
    """The message of a source with this key: its id, what it says, the remarks."""
    row = await (await tx.execute(_FIND, {"source": source, "key": key})).fetchone()
    if row is None:
        return None
    return row["id"], msgspec.convert(row["body"], Alert), row["remarks"]


async def insert_alert(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    alert_id: UUID,
    source: str,
    told: tuple[Alert, Standing, Reach, bytes, tuple[str, ...]],
    now: datetime,
) -> list[UUID]:
    """Keeps a message, and ends those that it names; the ids of these."""
    alert, standing, reach, xml, remarks = told
    values = {
        "id": alert_id,
        "source": source,
        "key": standing.key,
        "sender": alert.sender,
        "identifier": alert.identifier,
        "sent": alert.sent,
        "status": alert.status,
        "type": alert.type,
        "is_actual": standing.is_actual,
        "xml": xml,
        "refs": list(standing.ended),
        "now": now,
        **_changing(alert, standing, reach, remarks),
    }
    await tx.execute(_INSERT, values)
    if not standing.ended:
        return []
    ending = {"keys": list(standing.ended), "how": standing.how, "by": alert_id}
    found = await tx.execute(_END, ending | {"source": source, "status": alert.status, "now": now})
    return [row["id"] for row in await found.fetchall()]


async def widen_alert(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    alert_id: UUID,
    told: tuple[Alert, Standing, Reach, tuple[str, ...]],
) -> None:
    """Keeps that the same message was told in a language more."""
    await tx.execute(_WIDEN, {"id": alert_id, **_changing(*told)})


def _changing(
    alert: Alert, standing: Standing, reach: Reach, remarks: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "severity": standing.severity,
        "starts_at": standing.starts_at,
        "until": standing.until,
        "body": msgspec.json.encode(alert).decode(),
        "remarks": list(remarks),
        "touches": reach.touches,
        "districts": list(reach.districts),
    }


async def list_in_force(scope: Scope, tx: Transaction, now: datetime) -> bytes:  # noqa: ARG001
    """Alerts that hold or will hold, those that touch the city first, as a JSON list."""
    return await fetch_json(tx, _IN_FORCE, {"now": now})


async def list_past(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    now: datetime,
    *,
    after: UUID | None,
    words: Sequence[str],
    limit: int,
) -> bytes:
    """Everything else that was received, the last first, as a JSON list.

    Args:
        scope: Who asks.
        tx: Its transaction.
        now: By our clock.
        after: The last of the page before.
        words: Each of them must be in what the alert says, in whichever of its languages.
        limit: How many.
    """
    values = {"now": now, "after": after, "words": list(words), "limit": limit}
    return await fetch_json(tx, _PAST, values)


async def find_alert(scope: Scope, tx: Transaction, alert_id: UUID) -> dict[str, Any] | None:  # noqa: ARG001
    """One alert, as the lists show it."""
    row = await (await tx.execute(_ONE, {"id": alert_id})).fetchone()
    return msgspec.json.decode(next(iter(row.values()))) if row else None


async def find_xml(scope: Scope, tx: Transaction, alert_id: UUID) -> bytes | None:  # noqa: ARG001
    """The document of an alert, as it came."""
    row = await (await tx.execute(_XML, {"id": alert_id})).fetchone()
    return bytes(row["xml"]) if row else None


async def list_sources(scope: Scope, tx: Transaction) -> bytes:  # noqa: ARG001 - of no agency
    """How every address that is read answered last, as a JSON list."""
    return await fetch_json(tx, _SOURCES, {})


async def claim_source(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    which: tuple[str, str],
    every_s: float,
    now: datetime,
) -> dict[str, Any] | None:
    """Takes an address to be read now, with what it answered last; None where it is not due.

    One process of all gets it. A last look that lies ahead of the clock is none.
    """
    values = {"source": which[0], "url": which[1], "every_s": every_s, "now": now}
    return await (await tx.execute(_CLAIM, values)).fetchone()


async def note_answer(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    which: tuple[str, str],
    problem: tuple[str, str] | None,
    tags: tuple[str | None, str | None],
    now: datetime,
) -> None:
    """Keeps how an address answered: no problem is good; ETag and Last-Modified for next time."""
    word, detail = problem or (None, "")
    values = {"source": which[0], "url": which[1], "problem": word, "detail": detail, "now": now}
    await tx.execute(_ANSWERED, values | {"etag": tags[0], "modified": tags[1]})


async def forget_sources(scope: Scope, tx: Transaction, known: list[tuple[str, str]]) -> None:  # noqa: ARG001
    """Forgets the addresses that are read no more."""
    await tx.execute(_FORGET_SOURCES, {"known": [f"{name} {url}" for name, url in known]})


async def list_marks(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    source: str,
    urls: list[str],
) -> dict[str, str]:
    """What the feed said of those of its links that were read."""
    rows = await tx.execute(_MARKS, {"source": source, "urls": urls})
    return {row["url"]: row["mark"] for row in await rows.fetchall()}


async def note_mark(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    source: str,
    item: tuple[str, str],
    now: datetime,
) -> None:
    """Keeps that a link was read, as the feed speaks of it now."""
    values = {"source": source, "url": item[0], "mark": item[1], "now": now}
    await tx.execute(_MARK, values)


async def insert_refused(
    scope: Scope,  # noqa: ARG001 - of no agency
    tx: Transaction,
    refused: dict[str, Any],
) -> int:
    """Keeps what was no alert; how often it came, this time counted."""
    row = await (await tx.execute(_REFUSE, refused)).fetchone()
    return int(row["times"]) if row else 1


async def list_refused(scope: Scope, tx: Transaction) -> bytes:  # noqa: ARG001 - of no agency
    """What was refused, the last first, as a JSON list."""
    return await fetch_json(tx, _REFUSED, {})


async def find_refused(scope: Scope, tx: Transaction, refused_id: UUID) -> bytes | None:  # noqa: ARG001
    """The beginning of what was refused, as it came."""
    row = await (await tx.execute(_REFUSED_ONE, {"id": refused_id})).fetchone()
    return bytes(row["content"]) if row else None


async def forget(scope: Scope, tx: Transaction, before: datetime) -> int:
    """Deletes what ended before; tells how many rows, and notes them. The system's scope."""
    count = 0
    for query in (_FORGET, _FORGET_MORE):
        row = await (await tx.execute(query, {"before": before})).fetchone()
        count += row["count"] if row else 0
    await tx.execute(_FORGET_ITEMS, {"before": before})
    if count:
        gone = deletions.Deletion(
            "alert", "alert", "age", count, scope.at, scope.at, last_at=before
        )
        await deletions.note(scope, tx, gone)
    return count
