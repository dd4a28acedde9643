"""SQL of roles: presets, which belong to nobody and are never changed, and agencies' own."""

from typing import Any
from uuid import UUID

from psycopg import sql

from warroom.identity.contracts import NewRole
from warroom.identity.factor_rules import asks_like
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object('name', r.name, 'label', r.label, 'note', r.note,
    'actions', r.actions, 'is_preset', r.is_preset, 'version', r.version,
    'agency', case when a.id is not null then
        json_build_object('id', a.id, 'name', a.name, 'short', a.short) end,
    'people', (select count(*) from person_role pr join person p on p.id = pr.person_id
        where pr.role = r.name and {people}),
    'changed_at', iso_ms(r.changed_at))"""

_LIST = """
select json_build_object(
    'items', coalesce(json_agg({item} order by r.agency_id is not null, a.name, r.label, r.name),
        '[]'),
    'total', count(*), 'next', null)::text
from role r left join agency a on a.id = r.agency_id
where r.retired_at is null and (r.agency_id is null or {visible})
"""

_GET = """
select {item}::text from role r left join agency a on a.id = r.agency_id
where r.name = %(name)s and r.retired_at is null and (r.agency_id is null or {visible})
"""

_ASSIGNABLE = """
select name, label, actions, agency_id from role where retired_at is null
order by agency_id is not null, name
"""

_FIND = """
select r.* from role r
where r.name = %(name)s and r.agency_id is not null and r.retired_at is null and {visible}
for update
"""

_TEMPLATE = """
select r.name, r.actions, r.label, r.asks_with from role r
where r.name = %(name)s and r.retired_at is null and (r.agency_id is null or {visible})
"""

_HOLDERS = """
select p.id, p.name, pr.reach from person_role pr join person p on p.id = pr.person_id
where pr.role = %(name)s order by p.name
"""

_INSERT = """
insert into role (name, agency_id, label, note, actions, asks_like, asks_with, is_preset,
    created_at, created_by, changed_at)
values (%(name)s, %(agency_id)s, %(label)s, %(note)s, %(actions)s, %(asks_like)s, %(asks_with)s,
    false, %(now)s, %(by)s, %(now)s)
"""

_UPDATE = """
update role set label = %(label)s, note = %(note)s, actions = %(actions)s,
    asks_like = %(asks_like)s, changed_at = %(now)s, version = version + 1
where name = %(name)s
"""

_RETIRE = """
with gone as (delete from person_role where role = %(name)s)
update role set retired_at = %(now)s, changed_at = %(now)s, version = version + 1
where name = %(name)s
"""

_DROP_FOREIGN = """
delete from person_role pr using role r, person p
where pr.person_id = %(id)s and p.id = pr.person_id and r.name = pr.role
  and r.agency_id is distinct from p.agency_id and r.agency_id is not null
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency="r.agency_id", place=None, id=None, tags=None, class_=None)


def _item(scope: Scope) -> tuple[sql.Composable, dict[str, Any]]:
    """How many people hold a role is told of those in view alone."""
    people, parameters = scope.narrow(
        "person:view", agency="p.agency_id", place=None, id="p.id", tags=None, class_=None
    )
    return sql.SQL(_ITEM).format(people=people), parameters


async def list_roles(scope: Scope, tx: Transaction) -> bytes:
    """Presets and the own roles of agencies in view, as JSON."""
    visible, parameters = _visible(scope, "person:view")
    item, more = _item(scope)
    query = sql.SQL(_LIST).format(item=item, visible=visible)
    return await fetch_json(tx, query, parameters | more)


async def find_role_json(scope: Scope, tx: Transaction, name: str) -> bytes | None:
    """One role as lists show it, as JSON."""
    visible, parameters = _visible(scope, "person:view")
    item, more = _item(scope)
    query = sql.SQL(_GET).format(item=item, visible=visible)
    content = await fetch_json(tx, query, parameters | more | {"name": name})
    return None if content == b"null" else content


async def list_assignable(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:  # noqa: ARG001
    """Roles that people can be given: presets, and own roles by row-level security."""
    return await (await tx.execute(_ASSIGNABLE)).fetchall()


async def find_role(scope: Scope, tx: Transaction, name: str) -> dict[str, Any] | None:
    """An own role that the scope may configure, locked until the transaction ends."""
    visible, parameters = _visible(scope, "role:configure")
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"name": name})).fetchone()


async def find_template(scope: Scope, tx: Transaction, name: str) -> dict[str, Any] | None:
    """Words and label of a role in view, to be copied."""
    visible, parameters = _visible(scope, "person:view")
    query = sql.SQL(_TEMPLATE).format(visible=visible)
    return await (await tx.execute(query, parameters | {"name": name})).fetchone()


async def list_holders(
    scope: Scope,  # noqa: ARG001 - of a role that was found under the scope
    tx: Transaction,
    name: str,
) -> list[dict[str, Any]]:
    """People who hold a role, and how far it reaches for each."""
    return await (await tx.execute(_HOLDERS, {"name": name})).fetchall()


async def insert_role(scope: Scope, tx: Transaction, name: str, new: NewRole) -> None:
    """Writes a new own role."""
    await tx.execute(
        _INSERT,
        {
            "name": name,
            "agency_id": new.agency_id,
            "label": new.label,
            "note": new.note,
            "actions": list(new.actions),
            "asks_like": sorted(asks_like(new.actions)),
            "asks_with": list(new.asks_with),
            "now": scope.at,
            "by": scope.person_id,
        },
    )


async def update_role(scope: Scope, tx: Transaction, role: dict[str, Any]) -> None:
    """Writes an own role's changed fields."""
    await tx.execute(
        _UPDATE, role | {"asks_like": sorted(asks_like(role["actions"])), "now": scope.at}
    )


async def retire_role(scope: Scope, tx: Transaction, name: str) -> None:
    """Takes an own role from everybody, for good; its row stays for what speaks of it."""
    await tx.execute(_RETIRE, {"name": name, "now": scope.at})


async def drop_foreign(
    scope: Scope,  # noqa: ARG001 - the person was found under the scope
    tx: Transaction,
    person_id: UUID,
) -> None:
    """Takes from a person the own roles of agencies that they are not of (any more)."""
    await tx.execute(_DROP_FOREIGN, {"id": person_id})
