"""Brings the schema up to date: plain SQL in numbered steps, each in its own transaction.

Alembic and SQLAlchemy are loaded only when a schema is looked at: they take longer to load (0.4 s)
than most commands take to run.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from warroom.kernel.errors import WarRoomError

_STEP = re.compile(r'^(revision|down_revision) = "(.+)"$', re.MULTILINE)
_LOCK = 7_317_100  # any number; two nodes that start together take turns by it


class SchemaNewerError(WarRoomError):
    """The database was used by a newer version of the product (`found`, `newest`)."""

    code = "app.schema_newer"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the schema.

    Attributes:
        revision: Its number.
        what: What changes, in a sentence.
    """

    revision: str
    what: str


def migrate(owner_dsn: str) -> None:
    """Applies every step that is missing; does nothing to a schema that is up to date.

    Args:
        owner_dsn: libpq connection string of the role that owns the tables.

    Raises:
        SchemaNewerError: The schema has a step that this version does not know.
    """
    with psycopg.connect(owner_dsn, autocommit=True) as lock:
        lock.execute("select pg_advisory_lock(%s)", [_LOCK])
        if not steps_after(_applied(lock)):
            return
        from alembic import command  # noqa: PLC0415 - see the module's docstring

        with _connect(owner_dsn) as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")


def pending(connection: psycopg.Connection[Any]) -> list[Step]:
    """Steps that the schema lacks, in the order in which they would run.

    Raises:
        SchemaNewerError: The schema has a step that this version does not know.
    """
    return steps_after(_applied(connection))


def steps_after(applied: str | None) -> list[Step]:
    """Steps behind one that was applied; all of them for None.

    Raises:
        SchemaNewerError: This version does not know the step.
    """
    files = _steps()
    newest = _head(files)
    wanted: list[Step] = []
    revision: str | None = newest
    while revision is not None and revision != applied:
        content, before = files[revision]
        wanted.append(Step(revision, _sentence(content)))
        revision = before
    if revision != applied:
        raise SchemaNewerError(found=applied, newest=newest)
    return wanted[::-1]


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
    return _head(_steps())


def _steps() -> dict[str, tuple[str, str | None]]:
    """Every step by its number: its text, and the step before it."""
    folder = Path(__file__).parent / "migrations" / "versions"
    found = {}
    for path in folder.glob("[0-9]*.py"):
        content = path.read_text("utf-8")
        named = dict(_STEP.findall(content))
        found[named["revision"]] = (content, named.get("down_revision"))
    return found


def _head(files: dict[str, tuple[str, str | None]]) -> str:
    (head,) = files.keys() - {before for _, before in files.values()}
    return head


def _sentence(content: str) -> str:
    told = ast.get_docstring(ast.parse(content)) or ""
    return " ".join(told.partition("\n\n")[0].split())


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
