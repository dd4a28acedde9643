"""The second wall: row-level security holds where a query forgets the first."""

import psycopg
import pytest

from tests.identity.conftest import City
from tests.scopes import scope_of
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule

TABLES = [
    "agency",
    "person",
    "person_password",
    "person_role",
    "access_grant",
    "session",
    "api_token",
    "sign_in_link",
    "audit_entry",
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("setting", [None, "", "{}"])
async def test_a_connection_that_forgets_its_scope_sees_no_row(
    city: City, connections: Connections, table: str, setting: str | None
) -> None:
    await city.scope("polisi")
    await city.doorkeeper.create_link(city.system, "polisi")

    with psycopg.connect(connections.app) as connection:
        if setting is not None:
            connection.execute("select set_config('warroom.agencies', %s, true)", [setting])
        found = connection.execute(f"select count(*) from {table}").fetchone()

    assert found == (0,)


async def test_a_connection_used_before_remembers_no_scope(city: City) -> None:
    counts = []
    for scope in (city.system, scope_of()):
        async with city.db.transaction(scope) as tx:
            row = await (await tx.execute("select count(*) as n from person")).fetchone()
            counts.append(row and row["n"])

    assert counts == [8, 0]


async def test_a_query_without_a_predicate_sees_the_own_agency_alone(city: City) -> None:
    police = city.agencies["Polrestabes"]
    scope = scope_of(Rule(frozenset({"camera:view"}), agencies=frozenset({police})))

    async with city.db.transaction(scope) as tx:
        people = await (await tx.execute("select login from person order by login")).fetchall()
        agencies = await (await tx.execute("select short from agency")).fetchall()
        roles = await (await tx.execute("select person_id from person_role")).fetchall()

    assert [row["login"] for row in people] == ["kepala", "polisi"]
    assert [row["short"] for row in agencies] == ["Polrestabes"]
    assert len(roles) == 2


async def test_a_scope_cannot_write_into_another_agency(city: City) -> None:
    police, fire = city.agencies["Polrestabes"], city.agencies["Damkar"]
    scope = scope_of(Rule(frozenset({"*"}), agencies=frozenset({police})))

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with city.db.transaction(scope) as tx:
            await tx.execute("update person set agency_id = %s where login = 'polisi'", [fire])


@pytest.mark.parametrize(
    "statement",
    [
        "select hash from person_password",
        "select * from person_password",
        "select token_hash from session",
        "select token_hash from api_token",
        "select token_hash from sign_in_link",
        "update rights_version set version = 1",
        "select identity_principal(gen_random_uuid())",
        "alter table person disable row level security",
        "set role warroom_owner",
    ],
)
async def test_the_application_cannot_read_secrets_or_lower_the_wall(
    city: City, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with city.db.transaction(city.system) as tx:
            await tx.execute(statement)


async def test_no_scope_of_the_application_changes_a_preset_role(city: City) -> None:
    async with city.db.transaction(city.system) as tx:
        changed = await tx.execute("update role set actions = '{*}' where is_preset")

    assert changed.rowcount == 0


def test_every_table_with_an_owner_is_behind_the_wall(connections: Connections) -> None:
    """A table with a column of people or agencies and without row-level security fails here."""
    known_open = {"outbox", "rights_version"}
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute(
            "select distinct c.relname from pg_class c"
            " join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'"
            " join pg_attribute a on a.attrelid = c.oid and a.attname in"
            " ('agency_id', 'person_id', 'owner_agency_id', 'to_agency_id')"
            " where c.relkind in ('r', 'p') and not c.relrowsecurity"
        ).fetchall()

    assert {name for (name,) in rows} <= known_open


def test_functions_that_see_past_the_wall_are_few_and_pinned(connections: Connections) -> None:
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute(
            "select proname, proconfig, has_function_privilege('warroom_app', p.oid, 'execute')"
            " from pg_proc p join pg_namespace n on n.oid = pronamespace"
            " where n.nspname = 'public' and prosecdef"
        ).fetchall()

    unpinned = [name for name, config, _ in rows if config != ["search_path=pg_catalog, pg_temp"]]
    open_to_all = {name for name, _, may in rows if may}
    assert unpinned == []
    assert open_to_all >= {"audit_append", "identity_by_session"}
    assert "identity_principal" not in open_to_all


_OF_THE_OFFICER = {
    "totp_factor": "(person_id, secret, created_at) values (%(person)s, '', now())",
    "passkey": "(id, person_id, credential_id, public_key, sign_count, name, aaguid, is_backed_up,"
    " created_at) values (%(person)s, %(person)s, 'x', 'x', 0, 'x', '', false, now())",
    "recovery_code": "(person_id, code_hash, created_at) values (%(person)s, 'x', now())",
    "seat": "(id, agency_id, name, created_at) values (%(person)s, %(agency)s, 'x', now())",
}


@pytest.mark.parametrize("table", _OF_THE_OFFICER)
async def test_factors_and_seats_are_seen_within_the_agency_alone(
    city: City, connections: Connections, table: str
) -> None:
    police, fire = city.agencies["Polrestabes"], city.agencies["Damkar"]
    values = {"person": city.people["polisi"], "agency": police}
    with psycopg.connect(connections.superuser) as connection:
        connection.execute(f"insert into {table} {_OF_THE_OFFICER[table]}", values)
    counts = []
    for rule in (
        Rule(frozenset({"*"}), agencies=frozenset({police})),
        Rule(frozenset({"*"}), agencies=frozenset({fire})),
    ):
        async with city.db.transaction(scope_of(rule)) as tx:
            row = await (await tx.execute(f"select count(*) as n from {table}")).fetchone()
            counts.append(row and row["n"])
    with psycopg.connect(connections.app) as connection:
        forgot = connection.execute(f"select count(*) from {table}").fetchone()

    assert counts == [1, 0]
    assert forgot == (0,)
