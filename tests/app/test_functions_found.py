"""Every function of the database finds what it calls under an empty search path, as `pg_restore`
runs it."""

import re
from collections.abc import Callable
from typing import Any

import psycopg

from warroom.app.migrate import migrate
from warroom.kernel.postgres import Connections

_FUNCTIONS = """
    select p.oid::regprocedure::text as name, l.lanname as language,
        coalesce(p.proconfig::text like '%search_path=%', false) as has_path,
        pg_get_functiondef(p.oid) as definition
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p') order by 1
"""


def lost_functions(connection: psycopg.Connection[Any]) -> list[str]:
    """Functions that lean on the search path of whoever calls them.

    PostgreSQL looks every name of an SQL function up when it is made; of one in PL/pgSQL only when
    it runs, so those need a path of their own.
    """
    lost = []
    connection.execute("set search_path = ''")
    functions = connection.execute(_FUNCTIONS).fetchall()
    for name, language, has_path, definition in functions:
        if language != "sql":
            lost += [] if has_path else [name]
            continue
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(definition)
        except psycopg.Error:
            lost.append(name)
    return [re.sub(r"^public\.", "", name) for name in lost]


def test_no_function_leans_on_the_search_path_of_its_caller(
    new_database: Callable[[str], Connections],
) -> None:
    made = new_database("functions_found")
    migrate(made.owner)

    with psycopg.connect(made.superuser, autocommit=True) as connection:
        assert lost_functions(connection) == []


def test_a_function_that_does_is_seen(new_database: Callable[[str], Connections]) -> None:
    made = new_database("functions_lost")
    with psycopg.connect(made.superuser, autocommit=True) as connection:
        connection.execute("create function whole() returns int language sql as 'select 1'")
        connection.execute("create function lost() returns int language sql as 'select whole()'")
        connection.execute(
            "create function later() returns int language plpgsql as 'begin return whole(); end'"
        )

        assert lost_functions(connection) == ["later()", "lost()"]
