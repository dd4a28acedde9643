"""Checks of PostgreSQL: reach, version, rights of the application's role, schema, WAL, bloat."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from warroom.app.doctor.contracts import Found, Patient
from warroom.app.migrate import is_current
from warroom.app.startup_faults import sentence
from warroom.kernel.i18n import language_of_terminal

OLDEST_VERSION = 170_000
SLOT_BYTES = 2 << 30
OLDEST_XID = 1_000_000_000
MOST_DEAD = 0.4
APART_S = 2.0

_ROLE = """
    select rolsuper or rolbypassrls as is_mighty, exists (
        select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace
    ) as is_owner, current_user::text as role, current_setting('server_version') as version,
    current_setting('server_version_num')::int as number, clock_timestamp() as at
    from pg_roles r where r.rolname = current_user
"""
_BLOAT = """
    select relname, n_dead_tup, n_live_tup from pg_stat_user_tables
    where n_dead_tup > 100000 and n_dead_tup > %s * (n_live_tup + n_dead_tup)
    order by n_dead_tup desc limit 1
"""
_SLOTS = """
    select slot_name, active, coalesce(wal_status, 'lost') as wal_status,
        coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint as kept
    from pg_replication_slots order by kept desc
"""
_LAG = """
    select application_name, coalesce(extract(epoch from replay_lag), 0) as seconds
    from pg_stat_replication where application_name <> 'pg_receivewal' and state = 'streaming'
    order by seconds desc limit 1
"""


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection that gives up soon."""
    with psycopg.connect(
        dsn, connect_timeout=4, row_factory=dict_row, options="-c statement_timeout=8000"
    ) as connection:
        yield connection


def check_database(patient: Patient) -> Iterator[Found]:
    """PostgreSQL answers the application's role, which may do no more than it needs."""
    began = patient.node.clock.now()
    try:
        with connected(patient.node.connections.app) as connection:
            found = connection.execute(_ROLE).fetchone()
    except psycopg.Error as error:
        embedded = patient.node.embedded
        if embedded is not None and not embedded.is_running():
            yield Found("database", "failed", "database_stopped")
            return
        why = sentence(error, language_of_terminal()) or type(error).__name__
        yield Found("database", "failed", "database_away", {"reason": why})
        return
    if found is None:
        yield Found("database", "unknown", "needs_database")
        return
    told: dict[str, object] = {"version": found["version"], "role": found["role"]}
    if found["number"] < OLDEST_VERSION:
        yield Found("database", "failed", "database_old", told)
    if found["is_mighty"]:
        yield Found("database", "failed", "database_superuser", told)
    elif found["is_owner"]:
        yield Found("database", "failed", "database_owner", told)
    else:
        yield Found("database", "ok", "database_fine", told)
    apart = abs((found["at"] - began).total_seconds())
    if apart > APART_S:
        yield Found("clock", "warning", "clock_database", {"seconds": round(apart, 1)})


def check_schema(patient: Patient) -> Iterator[Found]:
    """The schema is the one that this version expects."""
    try:
        current = is_current(patient.dsn)
    except psycopg.Error:
        yield Found("schema", "unknown", "needs_database")
        return
    yield Found("schema", "ok" if current else "failed",
                "schema_current" if current else "schema_old")  # fmt: skip


def check_wal(patient: Patient) -> Iterator[Found]:
    """No replication slot keeps WAL without end, and replicas follow."""
    try:
        with connected(patient.dsn) as connection:
            slots = connection.execute(_SLOTS).fetchall()
            lag = connection.execute(_LAG).fetchone()
    except psycopg.Error:
        yield Found("wal", "unknown", "needs_database")
        return
    for slot in slots:
        told = {"slot": slot["slot_name"], "mb": slot["kept"] >> 20}
        if slot["wal_status"] == "lost":
            yield Found("wal", "failed", "wal_lost", told)
        elif slot["kept"] > SLOT_BYTES:
            yield Found("wal", "warning", "wal_kept", told)
    if lag is not None and lag["seconds"] > 60:
        told = {"replica": lag["application_name"], "seconds": round(lag["seconds"])}
        yield Found("wal", "warning", "wal_lag", told)
    if all(slot["wal_status"] != "lost" and slot["kept"] <= SLOT_BYTES for slot in slots):
        yield Found("wal", "ok", "wal_fine", {"count": len(slots)})


def check_bloat(patient: Patient) -> Iterator[Found]:
    """Dead rows are cleared, and transaction numbers are frozen in time."""
    try:
        with connected(patient.dsn) as connection:
            worst = connection.execute(_BLOAT, [MOST_DEAD]).fetchone()
            age = connection.execute(
                "select max(age(datfrozenxid)) as age from pg_database"
            ).fetchone()
    except psycopg.Error:
        yield Found("bloat", "unknown", "needs_database")
        return
    if age is not None and age["age"] > OLDEST_XID:
        yield Found("bloat", "failed", "bloat_frozen", {"age": age["age"]})
    elif worst is not None:
        told = {"table": worst["relname"], "rows": worst["n_dead_tup"]}
        yield Found("bloat", "warning", "bloat_dead", told)
    else:
        yield Found("bloat", "ok", "bloat_fine")
