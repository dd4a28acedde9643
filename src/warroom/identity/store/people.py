"""SQL of people, their roles, passwords, sessions and tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.identity.contracts import Agency, HeldGrant, HeldRole, NewPerson, Principal
from warroom.identity.credentials import LinkSecret
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_ITEM = """json_build_object('id', p.id, 'login', p.login, 'name', p.name, 'title', p.title,
    'language', p.language, 'is_active', p.is_active, 'version', p.version,
    'erased_at', iso_ms(p.erased_at), 'agency', case when a.id is not null then
        json_build_object('id', a.id, 'name', a.name, 'short', a.short, 'kind', a.kind) end,
    'roles', coalesce((select json_agg(json_build_object('role', r.role, 'label', (
            select x.label from role x where x.name = r.role), 'reach', r.reach)
        order by r.role) from person_role r where r.person_id = p.id), '[]'),
    'seats_only', p.seats_only,
    'has_password', exists (select from person_password w where w.person_id = p.id),
    'last_seen_at', (select iso_ms(max(s.seen_at)) from session s where s.person_id = p.id))"""

_WHERE = """{visible}
  and (%(agency)s::uuid is null or p.agency_id = %(agency)s)
  and (%(q)s::text is null or concat_ws(' ', p.login, p.name, p.title) ilike %(q)s)"""

_LIST = """
with seen as (
    select p.* from person p where {where}
), page as (
    select * from seen
    where %(after)s::text is null or (lower(name), id::text) > (%(after)s, %(after_id)s)
    order by lower(name), id::text limit %(limit)s
)
select json_build_object(
    'items', coalesce((select json_agg({item} order by lower(p.name), p.id::text)
        from page p left join agency a on a.id = p.agency_id), '[]'),
    'total', (select count(*) from seen)
)::text
"""

_GET = """
select {item}::text from person p left join agency a on a.id = p.agency_id
where p.id = %(id)s and {visible}
"""

_FIND = "select p.* from person p where p.id = %(id)s and {visible} for update"

_BY_LOGIN = "select p.* from person p where p.login = %(login)s and {visible}"

_OWN = """
select json_build_object('id', p.id, 'login', p.login, 'name', p.name, 'title', p.title,
    'language', p.language)::text as person,
    case when a.id is not null then json_build_object('id', a.id, 'name', a.name,
        'short', a.short, 'kind', a.kind) end::text as agency
from person p left join agency a on a.id = p.agency_id where p.id = %(id)s
"""

_INSERT = """
insert into person (id, agency_id, login, name, title, language, created_at, changed_at)
values (%(id)s, %(agency_id)s, %(login)s, %(name)s, %(title)s, %(language)s, %(now)s, %(now)s)
"""

_UPDATE = """
update person set agency_id = %(agency_id)s, login = %(login)s, name = %(name)s,
    title = %(title)s, language = %(language)s, is_active = %(is_active)s, changed_at = %(now)s,
    version = version + 1
where id = %(id)s
"""

_SET_ROLES = """
insert into person_role (person_id, role, reach, given_by, given_at)
select %(id)s, role, reach, %(by)s, %(now)s
from unnest(%(roles)s::text[], %(reaches)s::text[]) x(role, reach)
on conflict (person_id, role) do update set reach = excluded.reach, given_by = excluded.given_by,
    given_at = excluded.given_at
where person_role.reach <> excluded.reach
"""

_DROP_ROLES = "delete from person_role where person_id = %(id)s and role <> all(%(roles)s::text[])"

_GIVERS = """
select pr.role, b.name as given_by, pr.given_at
from person_role pr left join person b on b.id = pr.given_by where pr.person_id = %(id)s
"""

_ROLES_OF = """
select r.name, r.actions, pr.reach, pr.lapses_at from person_role pr join role r on r.name = pr.role
where pr.person_id = %(id)s and r.retired_at is null
"""

_GRANTS_OF = """
select to_jsonb(g)::text as held from access_grant g
where g.revoked_at is null and (g.person_id = %(id)s or (g.to_agency_id = %(agency_id)s
    and (g.to_role is null or exists (select from person_role pr
        where pr.person_id = %(id)s and pr.role = g.to_role))))
"""

_STORE_HASH = """
insert into person_password (person_id, hash, is_long, must_change, changed_at)
values (%(id)s, %(hash)s, %(is_long)s, %(must_change)s, %(now)s)
on conflict (person_id) do update set hash = %(hash)s, is_long = %(is_long)s,
    must_change = %(must_change)s, changed_at = %(now)s
"""

_END_SESSIONS = """
update session set revoked_at = %(now)s
where person_id = %(person_id)s and revoked_at is null and id is distinct from %(but)s::uuid
"""

_END_SESSION = """
update session set revoked_at = %(now)s where id = %(id)s and revoked_at is null
"""

_END_TOKENS = """
update api_token set revoked_at = %(now)s where person_id = %(person_id)s and revoked_at is null
"""

_INSERT_LINK = """
insert into sign_in_link (id, token_hash, person_id, expires_at)
values (%(id)s, %(token_hash)s, %(person_id)s, %(expires_at)s)
"""

_ERASE = """
update person set login = %(login)s, name = %(name)s, title = '', is_active = false,
    seats_only = false, factor_due_at = null, erased_at = %(now)s, changed_at = %(now)s,
    version = version + 1
where id = %(id)s
"""

_END_GRANTS = """
update access_grant set revoked_at = %(now)s, revoked_by = %(by)s
where person_id = %(id)s and revoked_at is null
"""

_OF_PERSON = (
    *("person_password", "totp_factor", "passkey", "recovery_code", "person_link"),
    *("sign_in_link", "person_role", "session", "api_token"),
)
"""What is a person's alone."""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency="p.agency_id", place=None, id="p.id", tags=None, class_=None)


async def list_people(
    scope: Scope,
    tx: Transaction,
    *,
    agency: UUID | None,
    q: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> bytes:
    """A page of people in view as JSON `{items, total}`, by name."""
    visible, parameters = _visible(scope, "person:view")
    where = sql.SQL(_WHERE).format(visible=visible)
    query = sql.SQL(_LIST).format(where=where, item=sql.SQL(_ITEM))
    name, id_ = after or (None, None)
    values = {"agency": agency, "q": q, "after": name, "after_id": id_, "limit": limit}
    return await fetch_json(tx, query, parameters | values)


async def find_person_json(scope: Scope, tx: Transaction, person_id: UUID) -> bytes | None:
    """One person in view as JSON."""
    visible, parameters = _visible(scope, "person:view")
    query = sql.SQL(_GET).format(item=sql.SQL(_ITEM), visible=visible)
    content = await fetch_json(tx, query, parameters | {"id": person_id})
    return None if content == b"null" else content


async def find_person(
    scope: Scope, tx: Transaction, person_id: UUID, action: str
) -> dict[str, Any] | None:
    """One person on whom `action` is allowed, locked until the transaction ends."""
    visible, parameters = _visible(scope, action)
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": person_id})).fetchone()


async def find_person_by_login(scope: Scope, tx: Transaction, login: str) -> dict[str, Any] | None:
    """One person in view by login."""
    visible, parameters = _visible(scope, "person:view")
    query = sql.SQL(_BY_LOGIN).format(visible=visible)
    return await (await tx.execute(query, parameters | {"login": login})).fetchone()


async def find_own(scope: Scope, tx: Transaction) -> dict[str, Any] | None:
    """The asker themselves and their agency, as JSON texts."""
    return await (await tx.execute(_OWN, {"id": scope.person_id})).fetchone()


async def find_own_row(scope: Scope, tx: Transaction) -> dict[str, Any] | None:
    """The asker's own row."""
    rows = await tx.execute("select * from person where id = %(id)s", {"id": scope.person_id})
    return await rows.fetchone()


async def set_own_language(scope: Scope, tx: Transaction, language: str) -> None:
    """The asker's language from now on."""
    await tx.execute(
        "update person set language = %(language)s where id = %(id)s",
        {"language": language, "id": scope.person_id},
    )


async def insert_person(scope: Scope, tx: Transaction, person_id: UUID, new: NewPerson) -> None:
    """Writes a new person, without roles."""
    await tx.execute(
        _INSERT,
        {
            "id": person_id,
            "agency_id": new.agency_id,
            "login": new.login,
            "name": new.name,
            "title": new.title,
            "language": new.language,
            "now": scope.at,
        },
    )


async def update_person(scope: Scope, tx: Transaction, person: dict[str, Any]) -> None:
    """Writes a person's changed fields."""
    await tx.execute(_UPDATE, person | {"now": scope.at})


async def set_roles(
    scope: Scope,
    tx: Transaction,
    person_id: UUID,
    roles: dict[str, str],
) -> None:
    """Gives a person exactly these roles (name to reach).

    A role that they keep stays as it is, the day on which it lapses unless confirmed among it.
    """
    values = {"id": person_id, "roles": list(roles), "reaches": list(roles.values())}
    values |= {"by": scope.person_id, "now": scope.at}
    await tx.execute(_DROP_ROLES, values)
    await tx.execute(_SET_ROLES, values)


async def list_givers(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> dict[str, dict[str, Any]]:
    """Who gave each of a person's roles, by its name, and when; both None if nobody noted it."""
    rows = await (await tx.execute(_GIVERS, {"id": person_id})).fetchall()
    return {row["role"]: {"given_by": row["given_by"], "given_at": row["given_at"]} for row in rows}


async def find_principal(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person: dict[str, Any],
) -> Principal:
    """What a person's rights follow from, active or not."""
    values = {"id": person["id"], "agency_id": person["agency_id"]}
    roles = await (await tx.execute(_ROLES_OF, values)).fetchall()
    grants = await (await tx.execute(_GRANTS_OF, values)).fetchall()
    agency = await (
        await tx.execute(
            "select id, kind, name, short from agency where id = %(agency_id)s", values
        )
    ).fetchone()
    return Principal(
        person_id=person["id"],
        login=person["login"],
        name=person["name"],
        title=person["title"],
        language=person["language"],
        agency=Agency(**agency) if agency else None,
        roles=[HeldRole(**role) for role in roles],
        grants=[msgspec.json.decode(row["held"], type=HeldGrant) for row in grants],
    )


async def set_password(
    scope: Scope,
    tx: Transaction,
    person_id: UUID,
    hash_: str,
    *,
    is_long: bool,
    must_change: bool,
) -> None:
    """Stores a password's hash; this role of the database cannot read it back."""
    values = {"id": person_id, "hash": hash_, "is_long": is_long, "must_change": must_change}
    await tx.execute(_STORE_HASH, values | {"now": scope.at})


async def mark_compromised(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> bool:
    """Notes that a person must change their password; False if they have none."""
    done = await tx.execute(
        "update person_password set must_change = true where person_id = %s", [person_id]
    )
    return done.rowcount > 0


async def renew_hash(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
    hash_: str,
) -> None:
    """Stores the same password's hash by newer parameters."""
    await tx.execute(
        "update person_password set hash = %s where person_id = %s", [hash_, person_id]
    )


async def end_sessions(
    scope: Scope, tx: Transaction, person_id: UUID, but: UUID | None = None
) -> None:
    """Ends a person's sessions, except one."""
    await tx.execute(_END_SESSIONS, {"person_id": person_id, "but": but, "now": scope.at})


async def end_session(scope: Scope, tx: Transaction, session_id: UUID) -> None:
    """Ends one session."""
    await tx.execute(_END_SESSION, {"id": session_id, "now": scope.at})


async def end_tokens(scope: Scope, tx: Transaction, person_id: UUID) -> None:
    """Ends a person's API tokens."""
    await tx.execute(_END_TOKENS, {"person_id": person_id, "now": scope.at})


async def insert_link(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    *,
    link_id: UUID,
    secret: LinkSecret,
    person_id: UUID,
    expires_at: datetime,
) -> None:
    """Writes a one-time link."""
    await tx.execute(
        _INSERT_LINK,
        {
            "id": link_id,
            "token_hash": secret.digest,
            "person_id": person_id,
            "expires_at": expires_at,
        },
    )


async def find_main_roles(scope: Scope, tx: Transaction) -> dict[UUID, str]:
    """The first role by name of each person in view."""
    visible, parameters = scope.narrow(
        "person:view", agency="p.agency_id", place=None, id="p.id", tags=None, class_=None
    )
    query = sql.SQL(
        "select r.person_id, min(r.role) as role from person_role r"
        " join person p on p.id = r.person_id where {} group by r.person_id"
    ).format(visible)
    rows = await (await tx.execute(query, parameters)).fetchall()
    return {row["person_id"]: row["role"] for row in rows}


async def erase_person(
    scope: Scope, tx: Transaction, person_id: UUID, login: str, name: str
) -> dict[str, int]:
    """Puts a pseudonym in place of a person and deletes what is theirs; how many, by table."""
    values = {"id": person_id, "login": login, "name": name, "now": scope.at}
    await tx.execute(_ERASE, values)
    await tx.execute(_END_GRANTS, values | {"by": scope.person_id})
    gone = {"person": 1}
    for table in _OF_PERSON:
        query = sql.SQL("delete from {} where person_id = %(id)s").format(sql.Identifier(table))
        gone[table] = (await tx.execute(query, values)).rowcount
    return gone
