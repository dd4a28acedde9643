"""SQL of rights as a review sees them: roles, grants, tokens and seats of one agency."""

from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.identity.contracts import RightKind
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

_LIST = """
select 'role' as kind, p.id as person_id, p.name as person_label, pr.role, null::uuid as grant_id,
    null::uuid as token_id, null::uuid as seat_id,
    coalesce(nullif(r.label, ''), r.name) as label, pr.reach, r.actions,
    null::timestamptz as ends_at, null::timestamptz as used_at
from person_role pr join person p on p.id = pr.person_id join role r on r.name = pr.role
where p.agency_id = %(agency)s and p.is_active
union all
select 'grant', p.id, coalesce(p.name, a.name), null, g.id, null, null, g.reason, 'own', g.actions,
    g.ends_at, null
from access_grant g left join person p on p.id = g.person_id
left join agency a on a.id = g.to_agency_id
where g.agency_id = %(agency)s and not g.deny and g.revoked_at is null and g.purpose is null
  and (g.ends_at is null or g.ends_at > %(now)s)
union all
select 'token', p.id, coalesce(p.name, s.name), null, null, t.id, null, t.name, 'own',
    coalesce(t.actions, '{*}'), t.expires_at, t.last_used_at
from api_token t left join person p on p.id = t.person_id
left join service_account s on s.id = t.account_id
where coalesce(p.agency_id, s.agency_id) = %(agency)s and t.revoked_at is null
  and t.expires_at > %(now)s
union all
select 'seat', null, a.name, null, null, null, s.id, s.name, 'own', '{}', s.lapses_at, s.seen_at
from seat s join agency a on a.id = s.agency_id
where s.agency_id = %(agency)s and s.revoked_at is null
  and (s.enrolled_at is not null or s.code_expires_at > %(now)s)
  and (s.lapses_at is null or s.lapses_at > %(now)s)
order by 3, 1, 8
"""

_BY_KIND = {
    "role": (
        "update person_role set lapses_at = %(at)s where person_id = %(person)s and role = %(role)s"
    ),
    "grant": (
        "update access_grant set ends_at = %(at)s where id = %(grant)s and revoked_at is null"
        " and (ends_at is null or ends_at > %(now)s)"
    ),
    "token": (
        "update api_token set expires_at = %(at)s where id = %(token)s and revoked_at is null"
        " and expires_at > %(now)s"
    ),
    "seat": (
        "update seat set lapses_at = %(at)s where id = %(seat)s and revoked_at is null"
        " and (lapses_at is null or lapses_at > %(now)s)"
    ),
}

_END = {
    "role": "delete from person_role where person_id = %(person)s and role = %(role)s",
    "grant": (
        "update access_grant set revoked_at = %(now)s, revoked_by = %(by)s"
        " where id = %(grant)s and revoked_at is null"
    ),
    "token": (
        "update api_token set revoked_at = %(now)s where id = %(token)s and revoked_at is null"
    ),
    "seat": (
        "with gone as (update session set revoked_at = %(now)s"
        " where seat_id = %(seat)s and revoked_at is null)"
        " update seat set revoked_at = %(now)s, public_key = null, code_hash = null,"
        " code_expires_at = null where id = %(seat)s and revoked_at is null"
    ),
}


async def list_rights(scope: Scope, tx: Transaction, agency_id: UUID) -> list[dict[str, Any]]:
    """Roles, grants, tokens and seats of an agency that hold now; what is lent is not."""
    rows = await tx.execute(_LIST, {"agency": agency_id, "now": scope.at})
    return await rows.fetchall()


async def set_end(
    scope: Scope, tx: Transaction, kind: RightKind, right: dict[str, Any], at: datetime | None
) -> None:
    """Writes when a right ends by itself; None is never. One that is over stays over."""
    await tx.execute(_BY_KIND[kind], _values(scope, right) | {"at": at})


async def end_right(scope: Scope, tx: Transaction, kind: RightKind, right: dict[str, Any]) -> None:
    """Ends a right now."""
    await tx.execute(_END[kind], _values(scope, right))


def _values(scope: Scope, right: dict[str, Any]) -> dict[str, Any]:
    return {
        "person": right["person_id"],
        "role": right["role"],
        "grant": right["grant_id"],
        "token": right["token_id"],
        "seat": right["seat_id"],
        "now": scope.at,
        "by": scope.person_id,
    }
