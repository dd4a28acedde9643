"""SQL of OpenID Providers, of accounts linked to people, and of sign-ins under way."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import sql

from warroom.identity.contracts import Logout, Outside, Provider
from warroom.kernel.db import Transaction, fetch_json
from warroom.kernel.scope import Scope

_FIELDS = (
    "slug",
    "name",
    "issuer",
    "client_id",
    "scopes",
    "agencies",
    "agency_claim",
    "agency_map",
    "creates",
    "default_role",
    "groups_claim",
    "role_map",
    "factor_values",
    "ends_session",
    "is_active",
)

_ITEM = """(to_jsonb(v) - 'secret' - 'created_by' || jsonb_build_object(
    'has_secret', v.secret is not null, 'created_at', iso_ms(v.created_at),
    'changed_at', iso_ms(v.changed_at),
    'people', (select count(*) from person_link l where l.provider_id = v.id)))"""

_LIST = """
select json_build_object('items', coalesce(json_agg({item} order by lower(v.name)), '[]'),
    'total', count(*), 'next', null)::text
from identity_provider v where {visible}
"""

_GET = "select {item}::text from identity_provider v where v.id = %(id)s and {visible}"

_FIND = "select v.* from identity_provider v where v.id = %(id)s and {visible} for update"

_INSERT = """
insert into identity_provider (id, {names}, secret, created_at, created_by, changed_at)
values (%(id)s, {values}, %(secret)s, %(now)s, %(by)s, %(now)s)
"""

_UPDATE = """
update identity_provider set ({names}, secret, changed_at, version)
    = ({values}, %(secret)s, %(now)s, version + 1)
where id = %(id)s
"""

_LINKS = """
select json_build_object('items', coalesce(json_agg(json_build_object('id', l.id,
    'provider', v.name, 'slug', v.slug, 'subject', l.subject, 'email', l.email,
    'is_managed', l.is_managed, 'created_at', iso_ms(l.created_at),
    'last_used_at', iso_ms(l.last_used_at)) order by lower(v.name)), '[]'),
    'total', count(*), 'next', null)::text
from person_link l, lateral sso_provider_name(l.provider_id) v where l.person_id = %(person_id)s
"""

_INSERT_LINK = """
insert into person_link (id, provider_id, person_id, subject, email, is_managed, created_at,
    created_by)
values (%(id)s, %(provider_id)s, %(person_id)s, %(subject)s, %(email)s, %(is_managed)s, %(now)s,
    %(by)s)
"""

_BIND = """
update person_link l set subject = %(subject)s
from person p
where p.id = l.person_id and l.provider_id = %(provider_id)s and l.subject is null
  and l.email = %(email)s and p.agency_id = any(%(agencies)s::uuid[])
returning l.id
"""


def _visible(scope: Scope, action: str) -> tuple[sql.Composable, dict[str, Any]]:
    return scope.narrow(action, agency=None, place=None, id="v.id", tags=None, class_=None)


async def list_providers(scope: Scope, tx: Transaction) -> bytes:
    """Providers as JSON, without their secrets; for those who reach the whole city."""
    visible, parameters = _visible(scope, "provider:view")
    query = sql.SQL(_LIST).format(item=sql.SQL(_ITEM), visible=visible)
    return await fetch_json(tx, query, parameters)


async def find_provider_json(scope: Scope, tx: Transaction, provider_id: UUID) -> bytes | None:
    """One provider as JSON, without its secret."""
    visible, parameters = _visible(scope, "provider:view")
    query = sql.SQL(_GET).format(item=sql.SQL(_ITEM), visible=visible)
    content = await fetch_json(tx, query, parameters | {"id": provider_id})
    return None if content == b"null" else content


async def find_provider_row(
    scope: Scope, tx: Transaction, provider_id: UUID
) -> dict[str, Any] | None:
    """One provider that the scope may configure, locked until the transaction ends."""
    visible, parameters = _visible(scope, "provider:configure")
    query = sql.SQL(_FIND).format(visible=visible)
    return await (await tx.execute(query, parameters | {"id": provider_id})).fetchone()


async def save_provider(
    scope: Scope, tx: Transaction, row: dict[str, Any], *, is_new: bool
) -> None:
    """Writes a provider, new or changed."""
    names = sql.SQL(", ").join(map(sql.Identifier, _FIELDS))
    values = sql.SQL(", ").join(map(sql.Placeholder, _FIELDS))
    query = sql.SQL(_INSERT if is_new else _UPDATE).format(names=names, values=values)
    maps = {word: msgspec.json.encode(row[word]).decode() for word in ("agency_map", "role_map")}
    await tx.execute(query, row | maps | {"now": scope.at, "by": scope.person_id})


async def end_sessions(scope: Scope, tx: Transaction, slug: str) -> None:
    """Ends the sessions that a provider opened, with or without a second step here."""
    await tx.execute(
        "update session set revoked_at = %(now)s"
        " where split_part(method, '+', 1) = %(method)s and revoked_at is null",
        {"now": scope.at, "method": f"oidc:{slug}"},
    )


async def keep_session(scope: Scope, tx: Transaction, session_id: UUID, outside: Outside) -> None:  # noqa: ARG001 - a stranger's
    """Notes who a session is at the provider that opened it."""
    await tx.execute(
        "select sso_keep(%s, %s, %s, %s, %s)",
        [session_id, outside.provider_id, outside.subject, outside.sid, outside.id_token],
    )


async def find_id_token(scope: Scope, tx: Transaction) -> bytes | None:
    """The sealed token by which the asker's session was opened, if it was kept."""
    rows = await tx.execute("select id_token from sso_id_token(%s)", [scope.session_id])
    row = await rows.fetchone()
    return row["id_token"] if row else None


async def end_outside(
    scope: Scope, tx: Transaction, provider_id: UUID, logout: Logout, until: datetime
) -> list[dict[str, Any]]:
    """Ends sessions of a provider's account, or of its session; tells whose they were."""
    rows = await tx.execute(
        "select * from sso_end(%s, %s, %s, %s, %s)",
        [provider_id, logout.subject, logout.sid, until, scope.at],
    )
    return await rows.fetchall()


async def list_shown(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:  # noqa: ARG001 - strangers read it at the sign-in
    """Names of the providers that people may sign in by."""
    return await (await tx.execute("select * from sso_providers()")).fetchall()


async def find_provider(scope: Scope, tx: Transaction, slug: str) -> Provider | None:  # noqa: ARG001 - a stranger's
    """An active provider by its word, for sign-in alone; its secret still sealed."""
    row = await (await tx.execute("select * from sso_provider(%s)", [slug])).fetchone()
    return None if row is None else provider_of(row)


def provider_of(row: dict[str, Any]) -> Provider:  # unscoped: reads no table
    """A provider as the rules take it."""
    return Provider(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        issuer=row["issuer"],
        client_id=row["client_id"],
        secret=row["secret"],
        scopes=tuple(row["scopes"]),
        agencies=frozenset(row["agencies"]),
        agency_claim=row["agency_claim"],
        agency_map={value: UUID(str(agency)) for value, agency in row["agency_map"].items()},
        creates=row["creates"],
        default_role=row["default_role"],
        groups_claim=row["groups_claim"],
        role_map=dict(row["role_map"]),
        factor_values=frozenset(row["factor_values"]),
        ends_session=row["ends_session"],
    )


async def begin_attempt(
    scope: Scope, tx: Transaction, values: dict[str, Any], expires_at: datetime
) -> None:
    """Notes a sign-in that begins; those that are over are forgotten."""
    await tx.execute(
        "select sso_begin(%(state_hash)s, %(browser_hash)s, %(provider_id)s, %(nonce)s,"
        " %(verifier)s, %(redirect_uri)s, %(next)s, %(person_id)s, %(session_id)s,"
        " %(proves)s, %(now)s, %(expires_at)s)",
        values | {"now": scope.at, "expires_at": expires_at},
    )


async def take_attempt(scope: Scope, tx: Transaction, state_hash: bytes) -> dict[str, Any] | None:
    """Uses up a sign-in under way."""
    rows = await tx.execute("select * from sso_take(%s, %s)", [state_hash, scope.at])
    return await rows.fetchone()


async def find_linked(
    scope: Scope,  # noqa: ARG001 - a stranger's
    tx: Transaction,
    provider_id: UUID,
    subject: str,
) -> dict[str, Any] | None:
    """Whose account at the provider this is."""
    rows = await tx.execute("select * from sso_linked(%s, %s)", [provider_id, subject])
    return await rows.fetchone()


async def bind_email(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    provider: Provider,
    subject: str,
    email: str,
) -> bool:
    """Gives a link that waits for this address its subject; tells whether there was one."""
    rows = await tx.execute(
        _BIND,
        {
            "provider_id": provider.id,
            "subject": subject,
            "email": email,
            "agencies": list(provider.agencies),
        },
    )
    return await rows.fetchone() is not None


async def insert_link(scope: Scope, tx: Transaction, values: dict[str, Any]) -> None:
    """Writes a link."""
    await tx.execute(_INSERT_LINK, values | {"now": scope.at, "by": scope.person_id})


async def touch_link(scope: Scope, tx: Transaction, link_id: UUID) -> None:
    """Notes that a link was used."""
    await tx.execute(
        "update person_link set last_used_at = %(now)s where id = %(id)s",
        {"id": link_id, "now": scope.at},
    )


async def list_links(scope: Scope, tx: Transaction, person_id: UUID) -> bytes:  # noqa: ARG001 - row-level security narrows by it
    """Links of a person, whom the caller has judged, as JSON."""
    return await fetch_json(tx, _LINKS, {"person_id": person_id})


async def list_linked(scope: Scope, tx: Transaction) -> list[str]:
    """Words of the providers that the asker can sign in by, in order."""
    rows = await tx.execute(
        "select v.slug from person_link l, lateral sso_provider_name(l.provider_id) v"
        " where l.person_id = %(id)s and l.subject is not null order by 1",
        {"id": scope.person_id},
    )
    return [row["slug"] for row in await rows.fetchall()]


async def take_link(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
    link_id: UUID,
) -> dict[str, Any] | None:
    """Removes a link of a person, whom the caller has judged; None if there is no such one."""
    rows = await tx.execute(
        "delete from person_link where id = %(id)s and person_id = %(person_id)s returning *",
        {"id": link_id, "person_id": person_id},
    )
    return await rows.fetchone()


async def has_other_way(
    scope: Scope,  # noqa: ARG001 - row-level security narrows by it
    tx: Transaction,
    person_id: UUID,
) -> bool:
    """Whether the person can sign in by a password or by another link."""
    rows = await tx.execute(
        "select exists (select from person_password where person_id = %(id)s)"
        " or exists (select from person_link where person_id = %(id)s) as other",
        {"id": person_id},
    )
    row = await rows.fetchone()
    return bool(row and row["other"])


async def find_session_provider(scope: Scope, tx: Transaction) -> str | None:
    """Word of the provider by which the asker's session was opened."""
    rows = await tx.execute(
        "select method from session where id = %(id)s and person_id = %(person)s",
        {"id": scope.session_id, "person": scope.person_id},
    )
    row = await rows.fetchone()
    method: str = row["method"] if row else ""
    first, _, _ = method.partition("+")
    return first.removeprefix("oidc:") if first.startswith("oidc:") else None
