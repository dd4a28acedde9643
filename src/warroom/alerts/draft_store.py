"""SQL of the city's own alerts before they are issued: rows of an agency, behind both walls."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.alerts.contracts import OWN, WRITE, Alert, Draft, Fields
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object('id', d.id, 'kind', d.kind, 'state', d.state, 'version', d.version,
    'fields', d.fields, 'made_at', iso_ms(d.made_at), 'changed_at', iso_ms(d.changed_at),
    'asked_at', iso_ms(d.asked_at), 'ended_at', iso_ms(d.ended_at), 'returned', d.returned,
    'alert_id', d.alert_id, 'incident_id', d.incident_id, 'previous', d.previous,
    'agency', (select json_build_object('id', a.id, 'short', a.short) from agency a
        where a.id = d.agency_id),
    'asked_by', (select p.name from person p where p.id = d.asked_by),
    'ended_by', (select p.name from person p where p.id = d.ended_by),
    'is_mine', %(person_id)s::uuid = any(d.writers))"""

_LIST = f"""
select coalesce(json_agg({_ITEM} order by d.changed_at desc), '[]')::text
from (select * from alert_draft d where {{visible}} and (d.state in ('draft', 'waiting')
    or d.ended_at > %(since)s) order by d.changed_at desc limit 200) d
"""

_ONE = f"select {_ITEM}::text from alert_draft d where d.id = %(id)s and {{visible}}"

_FIND = "select d.* from alert_draft d where d.id = %(id)s and {visible} for update"

_INSERT = """
insert into alert_draft (id, agency_id, incident_id, kind, previous, fields, state, writers,
    made_at, changed_at)
values (%(id)s, %(agency_id)s, %(incident_id)s, %(kind)s, %(previous)s, %(fields)s, 'draft',
    %(writers)s, %(now)s, %(now)s)
"""

_WRITE = """
update alert_draft set fields = %(fields)s, writers = %(writers)s, version = version + 1,
    state = 'draft', asked_at = null, asked_by = null, changed_at = %(now)s
where id = %(id)s
"""

_ASK = """
update alert_draft set state = 'waiting', asked_at = %(now)s, asked_by = %(person)s, returned = '',
    version = version + 1, changed_at = %(now)s
where id = %(id)s
"""

_RETURN = """
update alert_draft set state = 'draft', asked_at = null, asked_by = null, returned = %(reason)s,
    version = version + 1, changed_at = %(now)s
where id = %(id)s
"""

_END = """
update alert_draft set state = %(state)s, ended_at = %(now)s, ended_by = %(person)s,
    alert_id = %(alert_id)s, version = version + 1, changed_at = %(now)s
where id = %(id)s
"""

_ISSUED_BY = """
select d.fields from alert_draft d where d.alert_id = %(alert_id)s
"""

_OWN = """
select id, body, status from alert
where id = %(id)s and source = %(own)s and type in ('Alert', 'Update')
    and ended_at is null and until > %(now)s for update
"""

_TOLD = """
select id, identifier, sent, status, type, until, ended_at, body, received_at
from alert where source = %(own)s and (received_at > %(since)s or (ended_at is null
    and until > %(now)s)) order by received_at desc, id desc limit 500
"""

_TOLD_XML = """
select xml from alert where id = %(id)s and source = %(own)s
"""

_AGENCY = "select name from agency where id = %(id)s"


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    visible, parameters = scope.narrow(
        action, agency="d.agency_id", place=None, id="d.id", tags=None, class_=None
    )
    return visible, parameters | {"person_id": scope.person_id}


async def list_drafts(scope: Scope, tx: Transaction, since: datetime) -> bytes:
    """Drafts in view that are open, or ended since, as a JSON list."""
    visible, parameters = _visible(scope, WRITE)
    query = sql.SQL(_LIST).format(visible=visible)
    return await fetch_json(tx, query, parameters | {"since": since})


async def show_draft(scope: Scope, tx: Transaction, draft_id: UUID) -> bytes | None:
    """One draft in view as JSON."""
    visible, parameters = _visible(scope, WRITE)
    query = sql.SQL(_ONE).format(visible=visible)
    row = await (await tx.execute(query, parameters | {"id": draft_id})).fetchone()
    return next(iter(row.values())).encode() if row else None


async def find_draft(scope: Scope, tx: Transaction, draft_id: UUID, action: str) -> Draft | None:
    """One draft on which the action is allowed, locked."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(_FIND).format(visible=visible)
    row = await (await tx.execute(query, parameters | {"id": draft_id})).fetchone()
    if row is None:
        return None
    return Draft(
        id=row["id"],
        agency_id=row["agency_id"],
        kind=row["kind"],
        fields=msgspec.convert(row["fields"], Fields),
        version=row["version"],
        state=row["state"],
        writers=tuple(row["writers"]),
        previous=row["previous"],
        incident_id=row["incident_id"],
    )


async def insert_draft(scope: Scope, tx: Transaction, draft: Draft) -> None:
    """Keeps a new draft."""
    values = {
        "id": draft.id,
        "agency_id": draft.agency_id,
        "incident_id": draft.incident_id,
        "kind": draft.kind,
        "previous": draft.previous,
        "fields": msgspec.json.encode(draft.fields).decode(),
        "writers": list(draft.writers),
        "now": scope.at,
    }
    await tx.execute(_INSERT, values)


async def write_fields(
    scope: Scope, tx: Transaction, draft: Draft, fields: Fields, writers: list[UUID]
) -> None:
    """Keeps what was written in a draft that was found; it is no longer asked for."""
    told = msgspec.json.encode(fields).decode()
    values = {"id": draft.id, "fields": told, "writers": writers, "now": scope.at}
    await tx.execute(_WRITE, values)


async def ask(scope: Scope, tx: Transaction, draft: Draft) -> None:
    """Keeps that the release of a draft that was found is asked for."""
    values = {"id": draft.id, "now": scope.at, "person": scope.person_id}
    await tx.execute(_ASK, values)


async def give_back(scope: Scope, tx: Transaction, draft: Draft, reason: str) -> None:
    """Keeps why a draft that was found is not released as it is."""
    await tx.execute(_RETURN, {"id": draft.id, "now": scope.at, "reason": reason})


async def end(
    scope: Scope, tx: Transaction, draft: Draft, state: str, alert_id: UUID | None
) -> None:
    """Keeps that a draft that was found was issued as this alert, or dropped."""
    values = {"id": draft.id, "state": state, "alert_id": alert_id, "now": scope.at}
    await tx.execute(_END, values | {"person": scope.person_id})


async def find_issued_fields(scope: Scope, tx: Transaction, alert_id: UUID) -> Fields | None:  # noqa: ARG001
    """What was written for an own alert, if its draft lies within the wall of the asker."""
    row = await (await tx.execute(_ISSUED_BY, {"alert_id": alert_id})).fetchone()
    return msgspec.convert(row["fields"], Fields) if row else None


async def find_own(scope: Scope, tx: Transaction, alert_id: UUID) -> Alert | None:
    """An alert of the city that was not ended and has not expired, locked."""
    values = {"id": alert_id, "own": OWN, "now": scope.at}
    row = await (await tx.execute(_OWN, values)).fetchone()
    return msgspec.convert(row["body"], Alert) if row else None


async def list_told(scope: Scope, tx: Transaction, since: datetime) -> list[dict[str, Any]]:
    """What the public feed lists: issued since, or still in force; the last first."""
    rows = await tx.execute(_TOLD, {"own": OWN, "since": since, "now": scope.at})
    return await rows.fetchall()


async def find_told(scope: Scope, tx: Transaction, alert_id: UUID) -> bytes | None:  # noqa: ARG001
    """The document of an alert that the city issued."""
    row = await (await tx.execute(_TOLD_XML, {"id": alert_id, "own": OWN})).fetchone()
    return bytes(row["xml"]) if row else None


async def name_of(scope: Scope, tx: Transaction, agency_id: UUID) -> str:  # noqa: ARG001
    """What an agency is called, of a draft that was found."""
    row = await (await tx.execute(_AGENCY, {"id": agency_id})).fetchone()
    return str(row["name"]) if row else ""
