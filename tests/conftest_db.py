"""Fixtures over a real PostgreSQL: one server a run, one migrated database a worker.

`WARROOM_POSTGRES_BIN` runs the same tests on another PostgreSQL (Debian's 17, for one).
"""

import asyncio
import inspect
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from warroom.app.migrate import migrate
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.postgres import Connections, EmbeddedPostgres, create_database

_TABLES = (
    "select quote_ident(tablename) from pg_tables"
    " where schemaname = 'public' and tablename <> 'alembic_version'"
)
_RESTART_SEQUENCES = """
    select setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    from pg_sequences where schemaname = 'public' and last_value is not null
"""
_TEST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "shared_buffers": "64MB"}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs `async def test_...` in the loop that its async fixtures live in."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    runner: asyncio.Runner = pyfuncitem.funcargs["loop_runner"]
    wanted = inspect.signature(pyfuncitem.obj).parameters
    runner.run(pyfuncitem.obj(**{k: v for k, v in pyfuncitem.funcargs.items() if k in wanted}))
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.fixturenames.insert(0, "loop_runner")


@pytest.fixture
def loop_runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def postgres() -> Iterator[Connections]:
    """A PostgreSQL of this test process alone, in a folder that goes away with it."""
    folder = Path(tempfile.mkdtemp(prefix="wrt-", dir="/tmp"))
    folder.chmod(0o755)
    binaries = os.environ.get("WARROOM_POSTGRES_BIN")
    server = EmbeddedPostgres(
        folder / "postgres", folder, Path(binaries) if binaries else None, _TEST_OPTIONS
    )
    connections = server.start()
    migrate(connections.owner)
    _remember_seeds(connections.superuser)
    try:
        yield connections
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def connections(postgres: Connections) -> Connections:
    """The migrated database as the migrations left it: emptied, and what they seeded put back."""
    with psycopg.connect(postgres.superuser) as connection:
        # Foreign keys and triggers look away while the tables are put back in any order.
        connection.execute("set local session_replication_role = replica")
        for name, is_large in _filled_tables(connection):
            # A truncation makes new files; a test leaves few rows in few tables.
            connection.execute(f"truncate {name} cascade" if is_large else f"delete from {name}")
        connection.execute(_RESTART_SEQUENCES)
        seeded = connection.execute(
            "select quote_ident(tablename) from pg_tables where schemaname = 'seed'"
        ).fetchall()
        for (name,) in seeded:
            connection.execute(
                f"insert into public.{name} overriding system value select * from seed.{name}"
            )
    return postgres


def _filled_tables(connection: psycopg.Connection[Any]) -> list[tuple[str, bool]]:
    """Tables that hold rows, and whether deleting them would take longer than new files."""
    names = [name for (name,) in connection.execute(_TABLES).fetchall()]
    asked = " union all ".join(
        f"select '{name}', pg_relation_size('{name}') > 1000000"
        f" where exists (select from public.{name})"
        for name in names
    )
    return connection.execute(asked).fetchall()


def _remember_seeds(superuser: str) -> None:
    """Keeps a copy of every table that the migrations fill."""
    with psycopg.connect(superuser) as connection:
        connection.execute("create schema seed")
        for (name,) in connection.execute(_TABLES).fetchall():
            if connection.execute(f"select from public.{name} limit 1").fetchone() is not None:
                connection.execute(f"create table seed.{name} as table public.{name}")


@pytest.fixture
def new_database(postgres: Connections) -> Callable[[str], Connections]:
    """Makes a second, empty database: for tests of migrations and tampering."""

    def make(name: str) -> Connections:
        server = postgres.superuser.replace("dbname=warroom", "dbname=postgres")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")
            create_database(connection, name)
        return Connections(
            *(
                dsn.replace("dbname=warroom", f"dbname={name}")
                for dsn in (postgres.superuser, postgres.owner, postgres.app)
            )
        )

    return make


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))


@pytest.fixture
def db(connections: Connections, loop_runner: asyncio.Runner) -> Iterator[Database]:
    """The application's way in: pool of the role `warroom_app`."""
    database = Database(connections.app, max_size=20)
    loop_runner.run(database.open())
    try:
        yield database
    finally:
        loop_runner.run(database.close())
