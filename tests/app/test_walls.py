"""Row-level security by the catalogue: every table, those of tomorrow among them, and every scope.

A role that forgets its scope is the application's own, over a connection that says nothing of who
asks. It must see no row of anybody, in any table that the database has.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, sql

from warroom.kernel.postgres import Connections

OPEN = {
    "access_basis": "the laws on which a request can rest: one public list",
    "access_number": "how many requests there were in a year; not for the application's role",
    "alert": "what is told to everybody: of no agency (docs/decisions/0072)",
    "alert_item": "which links of public feeds were read",
    "alert_refused": "what came as an alert and was none: of no agency either",
    "alert_source": "how services answer whose alerts are read",
    "alembic_version": "which migrations have run",
    "audit_anchor": "places that take copies of the heads, and how they do; nobody's thing",
    "audit_head": "ends of the audit chains: numbers and hashes, of no one's doing in particular",
    "audit_seal": "when the chains were walked, and whether they held",
    "camera_version": "one number",
    "dispatch_number": "how many tasks there were in a year; not for the application's role",
    "incident_card": "what is asked of callers: the same for all agencies, and nobody's",
    "dispatch_runcard": "what is sent where: the same for all agencies, and nobody's",
    "incident_number": "how many incidents there were in a year; not for the application's role",
    "job": "work that is due, by kind; its body names things by id alone",
    "job_run": "when recurring work ran last",
    "lease": "which process holds what, by id",
    "privacy_number": "how many cases there were in a year; not for the application's role",
    "rights_version": "one number",
    "traffic_history": "how roads were drawn; the same decision",
    "traffic_jam": "where roads are jammed, and since when: of no agency (docs/decisions/0045)",
    "traffic_pack": "which edges the roads of a city pack have, by number of the map",
    "traffic_typical": "usual speeds of roads; the same decision",
    "webhook_position": "how far the outbox was read: two numbers",
    "sign_in_bucket": "failed tries by a hash of login and address",
}
"""Tables that anybody may read, each with why that tells nothing."""

DEFINERS = {
    "access_agencies": "names of agencies, to whom a letter can be addressed",
    "access_next_number": "gives one number, the next",
    "audit_append": "appends to a chain that nobody may write; takes no decision",
    "audit_append_all": "the same for many entries",
    "audit_floor": "how far back so many entries reach: an instant, and no entry",
    "audit_links": "digests of entries for a proof; they hide what they were taken of",
    "audit_name": "what an account is called now, to those who know its id",
    "audit_people_like": "ids of accounts by name, to look for entries among those in view",
    "audit_open_chain": "locks the end of a chain; not for the application's role",
    "audit_seconds": "how long a look lasted, to those who know its id",
    "camera_next_number": "numbers are unique in the city: gives one number, the next",
    "calls_forget": "calls that are over and too old; what was in them is gone, a count is told",
    "camera_pictured": "what a list tells of streams; not for the application's role",
    "camera_streams_changed": "a trigger that writes it; not for the application's role",
    "cameras_changed": "a trigger that counts; not for the application's role",
    "dispatch_forget": "closed tasks that are too old; what was in them is gone, a count is told",
    "dispatch_forget_crews": "the same of duties that ended",
    "dispatch_forget_handovers": "the same of shifts that were handed over",
    "dispatch_forget_alarms": "the same of calls for help that were answered",
    "dispatch_forget_beds": "the same of counts of beds that a newer one followed",
    "dispatch_forget_outages": "the same of spells out of service that are over",
    "dispatch_next_number": "gives one number, the next",
    "incident_agencies": "names of agencies, beside an incident that they take part in",
    "incident_forget": "incidents that are too old; what was in them is gone, a count is told",
    "incident_follow_answer": "keeps an answer of who shows the token of a link",
    "incident_follow_seen": "keeps that who shows the token of a link saw it; gives nothing",
    "incident_follow_show": "where one incident stands, to who shows the token of its link",
    "incident_next_number": "gives one number, the next",
    "wall_forget_person": "deletes private layouts of an account that was erased, and of no other",
    "identity_must_change": "whether one person must set a new password before anything else",
    "identity_begin_step": "keeps the first half of a sign-in, before there is a scope",
    "identity_account": "what a program's rights follow from, by its id, for its webhooks",
    "identity_by_session": "the person of a session whose secret is shown, before there is a scope",
    "identity_by_token": "the same of a token",
    "identity_credentials": "the hash of one login, for sign-in before there is a scope",
    "identity_demand": "which factors one person's sign-in asks for, and of what kind they have",
    "identity_enrol_seat": "takes a browser's key for the seat whose code is shown, once",
    "identity_look_step": "a half-done sign-in whose secret is shown",
    "identity_open_session": "writes a session for a person who has just shown who they are",
    "identity_passkey": "the public key of a credential that a browser names, to check its answer",
    "identity_passkey_used": "counts one use, and tells a copied key by a count that did not grow",
    "identity_passkeys": "names of one person's credentials, for the browser to choose among",
    "identity_principal": "what rights follow from; not for the application's role",
    "identity_principal_held": "the first half of it; not for the application's role",
    "identity_seat": "the public key of one seat, to check its answer",
    "identity_seat_seen": "notes that a seat was used",
    "privacy_next_number": "gives one number, the next",
    "unit_track_drop": "whole days that are over; what was in them is gone, its count is told",
    "unit_track_prepare": "makes an empty partition",
    "identity_totp": "one person's secret as it was sealed outside the database",
    "identity_totp_failed": "counts one wrong code",
    "identity_totp_passed": "uses up one code, so that it does not pass twice",
    "identity_use_link": "uses up one link whose secret is shown",
    "sso_begin": "notes a sign-in elsewhere that begins, before there is a scope",
    "sso_end": "ends the sessions that a provider's signed notice names, before there is a scope",
    "sso_id_token": "one session's token as it was sealed outside the database, to sign out there",
    "sso_keep": "notes which sign-in at a provider a session came from; gives nothing",
    "sso_linked": "whose account at a provider this is; asked when the provider has vouched for it",
    "sso_provider": "one provider by its word, its secret sealed, for sign-in",
    "sso_provider_name": "what a provider is called, beside a link to it",
    "sso_providers": "names of providers, which stand on the sign-in page",
    "sso_take": "uses up a sign-in under way whose secret is shown",
    "identity_use_recovery": "uses up one recovery code that is shown",
    "identity_use_step": "ends a half-done sign-in whose secret is shown, once",
    "role_asks": "whose demands one role must meet; not for the application's role",
    "rights_changed": "a trigger that counts; not for the application's role",
}
"""Functions that see past the wall, each with what it gives and why it must."""

VIEWS = {"camera_seen": "camera"}
"""Views that see past the policies of their tables, each with the table whose wall stands in it."""

STRANGER = {
    "warroom.agencies": f"{{{UUID(int=901)}}}",
    "warroom.agency": str(UUID(int=901)),
    "warroom.person": str(UUID(int=902)),
    "warroom.objects": f"{{{UUID(int=903)}}}",
    "warroom.places": "{99.99.}",
    "warroom.tags": "{elsewhere}",
    "warroom.classes": "{elsewhere}",
    "warroom.rules": f'[{{"agencies": ["{UUID(int=901)}"], "places": ["99.98."]}}]',
    "warroom.door": "test",
}
"""A scope that reaches by every side, and nothing of what is planted."""

_TABLES = """
select relname from pg_class join pg_namespace n on n.oid = relnamespace
where nspname = 'public' and relkind in ('r', 'p') and not relispartition order by relname
"""

_COLUMNS = """
select attname, typname, attidentity <> '' as is_identity, attgenerated <> '' as is_generated
from pg_attribute join pg_type t on t.oid = atttypid
where attrelid = %s::regclass and attnum > 0 and not attisdropped
order by attnum
"""

_VALUES = {
    "bool": "true",
    "bytea": r"'\x00'",
    "float4": "1",
    "float8": "1",
    "int2": "1",
    "int4": "1",
    "int8": "1",
    "cidr": "'10.0.0.0/8'",
    "inet": "'10.0.0.1'",
    "json": "'{}'",
    "jsonb": "'{}'",
    "date": "'2026-11-24'",
    "interval": "'1 day'",
    "text": "'planted'",
    "timestamptz": "'2026-11-24 06:00Z'",
    "uuid": "gen_random_uuid()",
    "xid8": "'1'",
    "tstzrange": "'[2026-11-24 06:00Z,2026-11-25 06:00Z)'",
}


@pytest.fixture
def owner(connections: Connections) -> Iterator[Connection[Any]]:
    """A connection that may do anything; whatever it does is gone after the test."""
    with psycopg.connect(connections.superuser) as connection:
        yield connection
        connection.rollback()


def tables(connection: Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute(_TABLES).fetchall()]


def plant(connection: Connection[Any], table: str) -> None:
    """Puts one row of invented values into a table, past its checks, keys and triggers."""
    connection.execute("set local session_replication_role = replica")
    checks = connection.execute(
        "select conname from pg_constraint where conrelid = %s::regclass and contype = 'c'", [table]
    ).fetchall()
    for (check,) in checks:
        connection.execute(
            sql.SQL("alter table {} drop constraint {} cascade").format(
                sql.Identifier(table), sql.Identifier(check)
            )
        )
    connection.execute(sql.SQL("truncate {} cascade").format(sql.Identifier(table)))
    columns = [
        (name, "'{}'" if kind.startswith("_") else _VALUES[kind])
        for name, kind, is_identity, is_generated in connection.execute(
            _COLUMNS, [table]
        ).fetchall()
        if not is_identity and not is_generated
    ]
    connection.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns),
            sql.SQL(", ").join(sql.SQL(value) for _, value in columns),
        )
    )


def seen(connection: Connection[Any], table: str, told: dict[str, str]) -> int | None:
    """How many rows the application's role sees; None if it may not even ask."""
    with connection.transaction(force_rollback=True):
        connection.execute("set local role warroom_app")
        for name, value in told.items():
            connection.execute("select set_config(%s, %s, true)", [name, value])
        try:
            with connection.transaction():
                row = connection.execute(
                    sql.SQL("select count(*) from {}").format(sql.Identifier(table))
                ).fetchone()
        except psycopg.errors.InsufficientPrivilege:
            return None
    return row[0] if row else None


def test_row_security_is_in_force_on_every_table_that_is_not_open_for_a_reason(
    connections: Connections,
) -> None:
    with psycopg.connect(connections.app) as connection:
        behind = {
            name: connection.execute("select row_security_active(%s)", [name]).fetchone()
            for name in tables(connection)
        }
        may_pass = connection.execute(
            "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
        ).fetchone()

    assert set(OPEN) == {name for name, active in behind.items() if active == (False,)}
    assert may_pass == (False,)


def test_an_open_table_names_neither_an_agency_nor_a_person(owner: Connection[Any]) -> None:
    named = {
        (table, column)
        for table in OPEN
        for column, *_ in owner.execute(_COLUMNS, [table]).fetchall()
        if column.endswith(("agency_id", "person_id", "camera_id", "address", "name", "label"))
    }

    assert named - {("job_run", "name")} == set()


@pytest.mark.parametrize(
    "told", [{}, {"warroom.agencies": ""}, {"warroom.agencies": "{}"}, STRANGER]
)
def test_a_role_that_forgets_its_scope_or_has_another_sees_no_row_of_any_table(
    owner: Connection[Any], told: dict[str, str]
) -> None:
    found = {}
    for table in tables(owner):
        if table in OPEN:
            continue
        with owner.transaction(force_rollback=True):
            plant(owner, table)
            planted = owner.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier(table))
            ).fetchone()
            found[table] = planted, seen(owner, table, told)

    assert len(found) > 15
    assert {table: counts for table, counts in found.items() if counts[0] != (1,)} == {}
    assert {table: counts for table, counts in found.items() if counts[1]} == {}


def test_a_partition_is_reached_through_its_table_alone(owner: Connection[Any]) -> None:
    owner.execute("select unit_track_prepare('2026-11-24'), unit_track_prepare('2026-11-25')")
    found = owner.execute(
        "select relname, relrowsecurity, has_table_privilege('warroom_app', c.oid,"
        " 'select, insert, update, delete, truncate') from pg_class c where relispartition"
        " and relkind = 'r'"
    ).fetchall()

    assert {"unit_track_rest", "unit_track_20261124", "unit_track_20261125"} <= {
        name for name, *_ in found
    }
    assert [name for name, guarded, open_ in found if open_ or not guarded] == []


def test_every_function_that_sees_past_the_wall_is_known_and_says_why(
    owner: Connection[Any],
) -> None:
    found = owner.execute(
        "select proname, coalesce(proconfig, '{}'),"
        " has_function_privilege('public', p.oid, 'execute')"
        " from pg_proc p join pg_namespace n on n.oid = pronamespace"
        " where nspname = 'public' and prosecdef"
    ).fetchall()

    assert {name for name, *_ in found} == set(DEFINERS)
    assert [
        name for name, config, _ in found if config != ["search_path=pg_catalog, pg_temp"]
    ] == []
    assert [name for name, _, for_all in found if for_all] == []


def test_a_view_has_the_wall_of_its_table_inside(owner: Connection[Any]) -> None:
    found = owner.execute(
        "select relname, reloptions::text[] from pg_class join pg_namespace n on n.oid ="
        " relnamespace where nspname = 'public' and relkind in ('v', 'm')"
    ).fetchall()
    assert {name for name, _ in found} == set(VIEWS)
    assert all("security_barrier=true" in (options or ()) for _, options in found)

    for view, table in VIEWS.items():
        plant(owner, table)
        owner.execute(sql.SQL("update {} set removed_at = null").format(sql.Identifier(table)))
        row = owner.execute(sql.SQL("select agency_id from {}").format(sql.Identifier(table)))
        ((agency,),) = row.fetchall()

        for told in ({}, {"warroom.agencies": ""}, {"warroom.agencies": "{}"}, STRANGER):
            assert seen(owner, view, told) == 0
        assert seen(owner, view, {"warroom.agencies": f"{{{agency}}}"}) == 1
        assert seen(owner, view, {"warroom.agencies": "*"}) == 1
