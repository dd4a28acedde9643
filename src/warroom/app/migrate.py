"""Brings the schema up to date: plain SQL in numbered steps, each in its own transaction."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import Connection

_LOCK = 7_317_100  # any number; two nodes that start together take turns by it


def migrate(owner_dsn: str) -> None:
    """Applies every step that is missing; does nothing to a schema that is up to date.

    Args:
        owner_dsn: libpq connection string of the role that owns the tables.
    """
    with _connect(owner_dsn) as connection:
        connection.execute(text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        configuration = _configuration()
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")


def is_current(owner_dsn: str) -> bool:
    """Whether the schema is the one this version of the product expects."""
    with _connect(owner_dsn) as connection:
        applied = MigrationContext.configure(connection).get_current_revision()
    return applied == ScriptDirectory.from_config(_configuration()).get_current_head()


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return configuration


def _connect(owner_dsn: str) -> Connection:
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(owner_dsn),
        poolclass=pool.NullPool,
    )
    return engine.connect()
