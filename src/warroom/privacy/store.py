"""All SQL of `privacy`: each function takes the scope first, then the transaction."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import ANSWER, VIEW

_NO_MORE: dict[str, None] = {"place": None, "id": None, "tags": None}

_LATEST = """
select distinct on (key) key, version, body, at, person_label, reason from privacy_record
where agency_id = %(agency)s and kind = %(kind)s and {visible} order by key, version desc
"""

_VERSIONS = """
select version, body, at, person_label, reason from privacy_record
where agency_id = %(agency)s and kind = %(kind)s and key = %(key)s and {visible}
order by version desc
"""

_ADD = """
insert into privacy_record (agency_id, kind, key, version, body, at, person_id, person_label,
    reason)
values (%(agency)s, %(kind)s, %(key)s, %(version)s, %(body)s, %(at)s, %(person)s, %(label)s,
    %(reason)s)
on conflict do nothing
"""

_DELETIONS = """
select id, day, agency_id, store, class, rule, thing_id, count, bytes, first_at, last_at, began_at,
    ended_at, sealed_at
from privacy_deletion
where {visible} and day >= %(since)s and day < %(until)s
  and (%(after)s::uuid is null or (day, id) < (
      select d.day, d.id from privacy_deletion d where d.id = %(after)s))
order by day desc, id desc limit %(limit)s
"""

_OVER = """
select agency_id, day, store, class, rule, sum(count)::bigint as count, sum(bytes)::bigint as bytes,
    min(first_at) as first_at, max(last_at) as last_at, min(began_at) as began_at,
    max(ended_at) as ended_at, count(distinct thing_id) as things, array_agg(id) as ids
from privacy_deletion where sealed_at is null and day < %(before)s and {visible}
group by agency_id, day, store, class, rule order by day, store, class, rule
limit %(limit)s
"""

_SEAL = "update privacy_deletion set sealed_at = %(now)s where id = any(%(ids)s)"

_NUMBER = "select privacy_next_number(%(kind)s, %(year)s) as number"

_ADD_CASE = """
insert into privacy_case (id, number, agency_id, asker, identified_by, wants, subject_kind,
    subject_hash, subject_sealed, received_at, due_at, created_label)
values (%(id)s, %(number)s, %(agency_id)s, %(asker)s, %(identified_by)s, %(wants)s,
    %(subject_kind)s, %(subject_hash)s, %(subject_sealed)s, %(received_at)s, %(due_at)s,
    %(created_label)s)
"""

_SAVE_CASE = """
update privacy_case set searched_at = %(searched_at)s, report_sealed = %(report_sealed)s,
    ended_at = %(ended_at)s, ended_label = %(ended_label)s, outcome = %(outcome)s,
    reason = %(reason)s, exception = %(exception)s, told_at = %(told_at)s
where id = %(id)s
"""

_ADD_DECISION = """
insert into privacy_decision (id, case_id, agency_id, wish, source, outcome, reason, exception, at,
    person_id, person_label)
values (%(id)s, %(case_id)s, %(agency_id)s, %(wish)s, %(source)s, %(outcome)s, %(reason)s,
    %(exception)s, %(at)s, %(person_id)s, %(person_label)s)
"""

_ADD_BREACH = """
insert into privacy_breach (id, number, agency_id, title, state, body, found_at, due_at,
    created_label, changed_at)
values (%(id)s, %(number)s, %(agency_id)s, %(title)s, 'found', %(body)s, %(found_at)s, %(due_at)s,
    %(created_label)s, %(changed_at)s)
"""

_SAVE_BREACH = """
update privacy_breach set title = %(title)s, state = %(state)s, body = %(body)s,
    assessed_at = %(assessed_at)s, subjects_at = %(subjects_at)s, authority_at = %(authority_at)s,
    not_required_at = %(not_required_at)s,
    not_required_reason = %(not_required_reason)s,
    closed_at = %(closed_at)s, told_at = %(told_at)s,
    changed_at = %(changed_at)s, version = %(version)s
where id = %(id)s
"""

_WALLED = """
select count(*) filter (where relrowsecurity)::int as walled, count(*)::int as tables
from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency="agency_id", **_NO_MORE)


async def list_records(
    scope: Scope, tx: Transaction, agency_id: UUID, kind: str
) -> dict[str, dict[str, Any]]:
    """The newest version of everything of a kind that the agency has written, by key."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(
        sql.SQL(_LATEST).format(visible=visible), parameters | {"agency": agency_id, "kind": kind}
    )
    return {row["key"]: row for row in await rows.fetchall()}


async def list_versions(
    scope: Scope, tx: Transaction, agency_id: UUID, kind: str, key: str
) -> list[dict[str, Any]]:
    """Every version of one record, newest first."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(
        sql.SQL(_VERSIONS).format(visible=visible),
        parameters | {"agency": agency_id, "kind": kind, "key": key},
    )
    return await rows.fetchall()


async def add_version(
    scope: Scope,
    tx: Transaction,
    record: tuple[UUID, str, str],
    version: int,
    body: dict[str, Any],
    reason: str,
) -> bool:
    """Writes a version of (agency, kind, key); False if somebody else wrote that one before."""
    agency_id, kind, key = record
    written = await tx.execute(
        _ADD,
        {
            "agency": agency_id,
            "kind": kind,
            "key": key,
            "version": version,
            "body": Jsonb(body),
            "at": scope.at,
            "person": scope.person_id,
            "label": scope.label,
            "reason": reason,
        },
    )
    return written.rowcount == 1


async def list_deletions(
    scope: Scope,
    tx: Transaction,
    since: date,
    until: date,
    *,
    after: UUID | None = None,
    limit: int = 500,
) -> list[dict[str, Any]]:
    """Proofs of deletion of days in [since, until), newest first."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(
        sql.SQL(_DELETIONS).format(visible=visible),
        parameters | {"since": since, "until": until, "after": after, "limit": limit},
    )
    return await rows.fetchall()


async def list_days_over(
    scope: Scope, tx: Transaction, before: date, limit: int = 500
) -> list[dict[str, Any]]:
    """Sums of days that are over and not in the audit yet, by owner, store, class and rule."""
    visible, parameters = _visible(scope, VIEW)
    rows = await tx.execute(
        sql.SQL(_OVER).format(visible=visible), parameters | {"before": before, "limit": limit}
    )
    return await rows.fetchall()


async def seal_deletions(scope: Scope, tx: Transaction, ids: list[UUID]) -> None:
    """Closes sums for good."""
    await tx.execute(_SEAL, {"now": scope.at, "ids": ids})


async def next_number(scope: Scope, tx: Transaction, kind: str) -> str:
    """The next number of a kind in this year, `SDP-2026-0007`."""
    row = await (await tx.execute(_NUMBER, {"kind": kind, "year": scope.at.year})).fetchone()
    assert row is not None  # noqa: S101 - a function answers
    return f"{kind}-{scope.at.year}-{row['number']:04d}"


async def add_case(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:  # noqa: ARG001
    """Writes a case; the caller has asked whether the scope may."""
    await tx.execute(_ADD_CASE, row)


async def save_case(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:  # noqa: ARG001
    """Writes how far a case is."""
    await tx.execute(_SAVE_CASE, row)


async def add_decision(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:  # noqa: ARG001
    """Writes what was decided about one wish at one store."""
    await tx.execute(_ADD_DECISION, row)


async def list_decisions(scope: Scope, tx: Transaction, case_id: UUID) -> list[dict[str, Any]]:
    """What was decided in a case, in order."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(
        "select * from privacy_decision where case_id = %(id)s and {} order by id"
    ).format(visible)
    return await (await tx.execute(query, parameters | {"id": case_id})).fetchall()


async def add_breach(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:  # noqa: ARG001
    """Writes a breach; the caller has asked whether the scope may."""
    await tx.execute(_ADD_BREACH, row | {"body": Jsonb(row["body"])})


async def save_breach(scope: Scope, tx: Transaction, row: dict[str, Any]) -> None:  # noqa: ARG001
    """Writes what is known of a breach now."""
    await tx.execute(_SAVE_BREACH, row | {"body": Jsonb(row["body"])})


_OPEN = {
    "case": sql.SQL("ended_at is null"),
    "breach": sql.SQL("state in ('found', 'assessed')"),
}
_FROM = {
    "case": sql.SQL("select * from privacy_case"),
    "breach": sql.SQL("select * from privacy_breach"),
}


async def list_things(
    scope: Scope, tx: Transaction, kind: str, *, after: UUID | None, limit: int
) -> list[dict[str, Any]]:
    """Cases or breaches in view, newest first."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(
        "{} where {} and (%(after)s::uuid is null or id < %(after)s)"
        " order by id desc limit %(limit)s"
    ).format(_FROM[kind], visible)
    rows = await tx.execute(query, parameters | {"after": after, "limit": limit})
    return await rows.fetchall()


async def find_thing(
    scope: Scope, tx: Transaction, kind: str, thing_id: UUID, action: str, *, lock: bool = False
) -> dict[str, Any] | None:
    """One case or breach with which the scope may do `action`; locked on demand."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL("{} where id = %(id)s and {}{}").format(
        _FROM[kind], visible, sql.SQL(" for update" if lock else "")
    )
    return await (await tx.execute(query, parameters | {"id": thing_id})).fetchone()


_WAITING = """
select (select count(*) from privacy_case where {visible} and ended_at is null) as cases,
    (select count(*) from privacy_breach where {visible} and state in ('found', 'assessed'))
        as breaches
"""


async def count_waiting(scope: Scope, tx: Transaction) -> dict[str, Any]:
    """Cases and breaches whose clock runs and that the scope answers: `{cases, breaches}`."""
    visible, parameters = _visible(scope, ANSWER)
    rows = await tx.execute(sql.SQL(_WAITING).format(visible=visible), parameters)
    return await rows.fetchone() or {"cases": 0, "breaches": 0}


async def list_overdue(
    scope: Scope, tx: Transaction, kind: str, now: datetime
) -> list[dict[str, Any]]:
    """Cases or breaches whose deadline has passed untold; locked."""
    visible, parameters = _visible(scope, VIEW)
    query = sql.SQL(
        "{} where {} and {} and told_at is null and due_at < %(now)s"
        " order by id limit 200 for update skip locked"
    ).format(_FROM[kind], visible, _OPEN[kind])
    return await (await tx.execute(query, parameters | {"now": now})).fetchall()


async def list_told(
    scope: Scope, tx: Transaction, kind: str, action: str, limit: int
) -> list[dict[str, Any]]:
    """Cases or breaches that are open past their deadline and with which the scope may do this."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(
        "{} where {} and {} and due_at < %(now)s order by due_at, id limit %(limit)s"
    ).format(_FROM[kind], visible, _OPEN[kind])
    return await (
        await tx.execute(query, parameters | {"now": scope.at, "limit": limit})
    ).fetchall()


async def mark_told(
    scope: Scope,
    tx: Transaction,
    kind: str,
    thing_id: UUID,
) -> None:
    """Notes that the passing of the deadline was told."""
    table = sql.Identifier(f"privacy_{kind}")
    query = sql.SQL("update {} set told_at = %(now)s where id = %(id)s").format(table)
    await tx.execute(query, {"now": scope.at, "id": thing_id})


async def count_walled(scope: Scope, tx: Transaction) -> dict[str, int]:  # noqa: ARG001
    """How many tables there are, and how many behind row-level security: a fact of the schema."""
    row = await (await tx.execute(_WALLED)).fetchone()
    assert row is not None  # noqa: S101 - a sum has one row
    return dict(row)
