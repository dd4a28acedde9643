"""SQL of what a request is written with: whom to address, who will use it, the laws, numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.access.contracts import REQUEST
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_PEOPLE = """
select id, name, title from person
where agency_id = %(agency)s and is_active order by lower(name), id
"""

_NAMED = """
select id, name from person
where agency_id = %(agency)s and is_active and id = any(%(ids)s) order by lower(name), id
"""

_ROLES_OF = "select role from person_role where person_id = %(person)s order by role"

_ROLES = """
select name, label from role
where retired_at is null and (agency_id is null or agency_id = %(agency)s) order by label, name
"""

_SAVE_BASIS = """
insert into access_basis (id, law, article, is_active)
values (%(id)s, %(law)s, %(article)s, %(is_active)s)
on conflict (id) do update
set law = excluded.law, article = excluded.article, is_active = excluded.is_active
"""


async def list_agencies(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:  # noqa: ARG001
    """Names of all active agencies: to whom one can write; no secret of anybody."""
    return await (await tx.execute("select * from access_agencies()")).fetchall()


async def list_basis(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:  # noqa: ARG001
    """The laws on which requests rest, those struck off among them; the same for everybody."""
    rows = await tx.execute("select id, law, article, is_active from access_basis order by id")
    return await rows.fetchall()


async def save_basis(
    scope: Scope,  # noqa: ARG001 - one list for the city; the service asks who may
    tx: Transaction,
    basis: dict[str, Any],
) -> None:
    """Writes a law of the list, new or changed."""
    await tx.execute(_SAVE_BASIS, basis)


async def list_people(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Active people of the asker's own agency, for whom the asker may write requests."""
    if not scope.allows(REQUEST, agency_id=scope.agency_id):
        return []
    return await (await tx.execute(_PEOPLE, {"agency": scope.agency_id})).fetchall()


async def find_people(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    agency_id: UUID,
    ids: list[UUID],
) -> list[dict[str, Any]]:
    """Those of the people who are active and of this agency: id and name."""
    return await (await tx.execute(_NAMED, {"agency": agency_id, "ids": ids})).fetchall()


async def list_own_roles(scope: Scope, tx: Transaction) -> list[str]:
    """Names of the roles that the asker holds."""
    rows = await tx.execute(_ROLES_OF, {"person": scope.person_id})
    return [row["role"] for row in await rows.fetchall()]


async def list_roles(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Roles that people of the asker's agency may hold: presets, and the agency's own."""
    rows = await tx.execute(_ROLES, {"agency": scope.agency_id})
    return await rows.fetchall()


async def next_number(
    scope: Scope,  # noqa: ARG001 - numbers run over all agencies
    tx: Transaction,
    kind: str,
    at: datetime,
) -> str:
    """The next number that people say, `AKS-2026-0007`; one that is rolled back leaves no hole."""
    rows = await tx.execute(
        "select access_next_number(%(kind)s, %(year)s) as n", {"kind": kind, "year": at.year}
    )
    row = await rows.fetchone()
    assert row is not None  # noqa: S101 - the function always answers
    return f"{kind}-{at.year}-{row['n']:04d}"
