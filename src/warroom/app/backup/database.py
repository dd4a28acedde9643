"""The database's part of a backup: base backup and WAL of the embedded cluster, dump of another."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import tuple_row

from warroom.app.backup.errors import DatabaseCopyError, NoProgramError

_DEBIAN = Path("/usr/lib/postgresql")
_TABLES = """
    select c.oid::regclass::text from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1
"""
_START = re.compile(r"^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$", re.MULTILINE)
_ENVIRONMENT = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "service": "PGSERVICE",
    "passfile": "PGPASSFILE", "hostaddr": "PGHOSTADDR",
}  # fmt: skip


def run_program(binaries: Path | None, dsn: str, program: str, *words: Path | str) -> None:
    """Runs a program of PostgreSQL on a database; its password is in no command line.

    Args:
        binaries: Folder of the programs; None looks on the PATH and in Debian's folders.
        dsn: Where the database is.
        program: `pg_dump`.
        words: Its other arguments.

    Raises:
        DatabaseCopyError: It failed.
        NoProgramError: It is not here.
    """
    done = subprocess.run(  # noqa: S603 - fixed programs, no shell
        [find_program(binaries, program), *words],
        env=environment_of(dsn),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode != 0:
        problem = done.stderr.strip().splitlines()
        raise DatabaseCopyError(program=program, problem=" ".join(problem[:3])[:400])


def find_program(binaries: Path | None, program: str) -> str:
    """The path of a program of PostgreSQL.

    Raises:
        NoProgramError: It is nowhere.
    """
    if binaries is not None and (binaries / program).exists():
        return str(binaries / program)
    debian = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which(program)
    if found is None:
        raise NoProgramError(program=program)
    return found


def environment_of(dsn: str) -> dict[str, str]:
    """The environment by which a program of PostgreSQL connects as `dsn` says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    given = conninfo_to_dict(dsn)
    said = {_ENVIRONMENT[name]: str(value) for name, value in given.items() if name in _ENVIRONMENT}
    return {**kept, **said}


@contextmanager
def snapshot(dsn: str) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A read-only transaction that sees one moment, and the name by which others share it."""
    with psycopg.connect(dsn, row_factory=tuple_row) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        row = connection.execute("select pg_export_snapshot()").fetchone()
        yield connection, row[0] if row else ""


def count_rows(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows of every table of ours, partitions one by one."""
    # Row-level security would hide rows, and the sum would lie: then it fails.
    connection.execute("set local row_security = off")
    names = [name for (name,) in connection.execute(_TABLES).fetchall()]
    return {
        name: one_value(
            connection, sql.SQL("select count(*) from {}").format(sql.SQL(name))
        )
        for name in names
    }  # fmt: skip


def one_value(connection: psycopg.Connection[Any], query: Any, parameters: Any = None) -> Any:
    """The one value of the one row."""
    row = connection.execute(query, parameters).fetchone()
    return None if row is None else row[0]


def base_backup(binaries: Path, dsn: str, target: Path) -> str:
    """Copies the whole running cluster; returns the first WAL segment that it needs.

    What is written meanwhile is in it: the WAL of the copy comes along, so that it is consistent
    by itself.
    """
    run_program(binaries, dsn, "pg_basebackup", "-D", target, "-F", "p", "-X", "stream",
                "-c", "fast")  # fmt: skip
    # The server's own messages are no part of the data.
    (target / "log").unlink(missing_ok=True)
    found = _START.search((target / "backup_label").read_text())
    return found[1] if found else ""


def dump(binaries: Path | None, dsn: str, snapshot_name: str, target: Path) -> None:
    """Dumps a database in the custom form that any `pg_restore` reads, as of a snapshot."""
    run_program(binaries, dsn, "pg_dump", "--format=custom", f"--snapshot={snapshot_name}",
                "--file", target)  # fmt: skip


def fill(binaries: Path | None, dsn: str, source: Path) -> None:
    """Restores a dump into an empty database: all of it, or nothing."""
    run_program(binaries, dsn, "pg_restore", "--no-owner", "--exit-on-error",
                "--single-transaction", "--dbname", str(conninfo_to_dict(dsn).get("dbname", "")),
                source)  # fmt: skip


def receive_wal(binaries: Path, dsn: str, slot: str, target: Path, until: str) -> None:
    """Receives what WAL the slot has kept, up to a position."""
    run_program(binaries, dsn, "pg_receivewal", "-D", target, "--slot", slot, "--no-loop",
                "--endpos", until)  # fmt: skip


def wal_words(binaries: Path, slot: str, target: Path) -> list[str]:
    """The command line that receives WAL until it is stopped."""
    return [find_program(binaries, "pg_receivewal"), "-D", str(target), "--slot", slot,
            "--no-loop", "--status-interval", "5"]  # fmt: skip


def find_slot(dsn: str, slot: str) -> Mapping[str, Any] | None:
    """The state of a replication slot, or None where there is none."""
    with psycopg.connect(dsn, row_factory=psycopg.rows.dict_row) as connection:
        return connection.execute(
            "select active, coalesce(wal_status, 'lost') as wal_status"
            " from pg_replication_slots where slot_name = %s",
            [slot],
        ).fetchone()


def make_slot(dsn: str, slot: str) -> None:
    """Has the server keep WAL from here on until the slot's receiver has it."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_create_physical_replication_slot(%s, true)", [slot])


def drop_slot(dsn: str, slot: str) -> None:
    """Forgets a slot; one that is in use, or gone, is left."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
            " where slot_name = %s and not active",
            [slot],
        )


def mark_wal(dsn: str) -> str:
    """A position up to which WAL is durable, and a word behind it.

    A receiver that is told to end at a position waits for WAL beyond it, which an idle database
    writes every 15 s.
    """
    with psycopg.connect(dsn, autocommit=True, row_factory=tuple_row) as connection:
        position = one_value(connection, "select pg_current_wal_flush_lsn()")
        connection.execute("select pg_logical_emit_message(true, 'warroom', 'backup')")
    return str(position)
