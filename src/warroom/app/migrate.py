"""Brings the schema up to date: plain SQL in numbered steps, each in its own transaction.

Alembic and SQLAlchemy are loaded only when a schema is looked at: they take longer to load (0.4 s)
than most commands take to run.
"""

import re
from pathlib import Path
from typing import Any

import psycopg

_STEP = re.compile(r'^(revision|down_revision) = "(.+)"$', re.MULTILINE)
_LOCK = 7_317_100  # any number; two nodes that start together take turns by it


def migrate(owner_dsn: str) -> None:
    """Applies every step that is missing; does nothing to a schema that is up to date.

    Args:
        owner_dsn: libpq connection string of the role that owns the tables.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as lock:
        lock.execute("select pg_advisory_lock(%s)", [_LOCK])
        if _applied(lock) == _newest():
            return
        from alembic import command  # noqa: PLC0415 - see the module's docstring

        with _connect(owner_dsn) as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")


def is_current(owner_dsn: str) -> bool:
    """Whether the schema is the one this version of the product expects."""
    with psycopg.connect(owner_dsn) as connection:
        return _applied(connection) == _newest()


def _applied(connection: psycopg.Connection[Any]) -> str | None:
    found = connection.execute("select to_regclass('alembic_version') is not null").fetchone()
    if found is None or not found[0]:
        return None
    row = connection.execute("select version_num from alembic_version").fetchone()
    return None if row is None else str(row[0])


def _newest() -> str:
    """The last step: the one that no other follows (a test holds it to what Alembic says).

    Numbers name steps and do not order them: two that are made side by side land in any order.
    """
    folder = Path(__file__).parent / "migrations" / "versions"
    steps: list[dict[str, str]] = [
        dict(_STEP.findall(path.read_text("utf-8"))) for path in folder.glob("[0-9]*.py")
    ]
    followed = {step.get("down_revision") for step in steps}
    (head,) = [step["revision"] for step in steps if step["revision"] not in followed]
    return head


def _configuration() -> Any:
    from alembic.config import Config  # noqa: PLC0415 - see the module's docstring

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return configuration


def _connect(owner_dsn: str) -> Any:
    from sqlalchemy import create_engine, pool  # noqa: PLC0415 - see the module's docstring

    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(owner_dsn),
        poolclass=pool.NullPool,
    )
    return engine.connect()
