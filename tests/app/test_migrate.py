"""The schema comes up from nothing, twice does no harm, and its newest step is known by name."""

from collections.abc import Callable

import psycopg
from alembic.script import ScriptDirectory

from warroom.app import migrate as migration
from warroom.app.migrate import is_current, migrate
from warroom.kernel.postgres import Connections


def test_an_empty_database_is_brought_up_to_date(
    new_database: Callable[[str], Connections],
) -> None:
    empty = new_database("migrate_me")
    before = is_current(empty.owner)

    migrate(empty.owner)
    migrate(empty.owner)

    assert (before, is_current(empty.owner)) == (False, True)


def test_the_newest_step_is_the_head_of_the_chain() -> None:
    head = ScriptDirectory.from_config(migration._configuration()).get_current_head()

    assert migration._newest() == head


def test_every_table_that_holds_an_agencys_things_has_its_second_wall(
    postgres: Connections,
) -> None:
    with psycopg.connect(postgres.superuser) as connection:
        open_tables = connection.execute(
            """
            select distinct c.relname from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attname like '%agency_id'
            where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
              and not c.relrowsecurity
            """
        ).fetchall()

    assert open_tables == []
