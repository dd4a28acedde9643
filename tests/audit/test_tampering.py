"""Whoever owns the database can change it; these changes are found by what lies outside of it."""

import json
from collections.abc import Callable

import psycopg
import pytest

from tests.audit.outcomes import faults
from tests.scopes import EVERYTHING
from warroom.audit import api
from warroom.audit.syslog import message_of
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections


async def write(db: Database, chains: tuple[int, ...], connections: Connections) -> None:
    """Three entries in each of these chains, by leaving no other head while they are written."""
    for chain in chains:
        with psycopg.connect(connections.superuser) as connection:
            connection.execute("create table heads as select * from audit_head where chain <> %s",
                               [chain])  # fmt: skip
            connection.execute("delete from audit_head where chain <> %s", [chain])
        for _ in range(3):
            async with db.transaction(EVERYTHING) as tx:
                await api.record(
                    EVERYTHING, tx, action="a:b", object_kind="k", object_id=new_id(),
                    agency_id=None,
                )  # fmt: skip
        with psycopg.connect(connections.superuser) as connection:
            connection.execute("insert into audit_head select * from heads; drop table heads")


_SAVE = (
    "create schema past; create table past.e as table audit_entry;"
    "create table past.h as table audit_head"
)
_PUT_BACK = (
    "truncate audit_entry, audit_head; insert into audit_entry select * from past.e;"
    "insert into audit_head select * from past.h"
)


async def test_two_chains_that_changed_places_are_named(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    tamper: Callable[[str], None],
) -> None:
    await write(db, (2, 5), connections)
    tamper(
        "update audit_entry set chain = 107 - chain;"
        "update audit_entry set chain = chain - 100;"
        "update audit_head set chain = chain + 100 where chain in (2, 5);"
        "update audit_head set chain = 107 - chain where chain > 100"
    )

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("reordered", chain, seq) for chain in (2, 5) for seq in (1, 2, 3)]


async def test_a_database_put_back_from_a_backup_is_named_with_the_anchor_it_stands_at(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    tamper: Callable[[str], None],
) -> None:
    await write(db, (2, 5), connections)
    await api.anchor(EVERYTHING, db, anchors, clock)
    at = clock.now()
    tamper(_SAVE)
    try:
        clock.advance(60)
        await write(db, (2, 5), connections)
        await api.anchor(EVERYTHING, db, anchors, clock)
        tamper(_PUT_BACK)
    finally:
        tamper("drop schema past cascade")

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("rolled_back", -1, 1), ("cut", 2, 4), ("cut", 5, 4)]
    assert outcome.findings[0].at == at


async def test_a_database_that_was_put_back_and_went_on_differs_from_its_anchors(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    tamper: Callable[[str], None],
) -> None:
    await write(db, (2,), connections)
    tamper(_SAVE)
    try:
        await write(db, (2,), connections)
        await api.anchor(EVERYTHING, db, anchors, clock)
        tamper(_PUT_BACK)
    finally:
        tamper("drop schema past cascade")
    await write(db, (2,), connections)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("anchor", 2, 6)]


@pytest.mark.parametrize("kind", ["file", "collector"])
async def test_a_whole_node_put_back_is_found_by_a_copy_held_elsewhere(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    tamper: Callable[[str], None],
    kind: str,
) -> None:
    await write(db, (2, 5), connections)
    await api.anchor(EVERYTHING, db, anchors, clock)
    old = anchors.file.path.read_bytes()
    tamper(_SAVE)
    try:
        await write(db, (2, 5), connections)
        await api.anchor(EVERYTHING, db, anchors, clock)
        lines = anchors.file.read().content
        tamper(_PUT_BACK)
    finally:
        tamper("drop schema past cascade")
    anchors.file.path.write_bytes(old)
    log = b"".join(message_of(line, clock.now(), "rec-1") + b"\n" for line in lines)
    copy = log if kind == "collector" else b"\n".join(lines) + b"\n"

    unaware = await api.verify(EVERYTHING, db, anchors, clock)
    aware = await api.verify(EVERYTHING, db, anchors, clock, copies=[copy])

    assert unaware.is_intact
    assert (aware.copies, set(faults(aware))) == (
        2,
        {("anchor_file", -1, 2), ("rolled_back", -1, 1), ("cut", 2, 4), ("cut", 5, 4)},
    )


async def test_a_head_forged_together_with_a_new_tail_is_found_by_the_anchor(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    tamper: Callable[[str], None],
) -> None:
    await write(db, (3,), connections)
    await api.anchor(EVERYTHING, db, anchors, clock)
    tamper(
        "delete from audit_entry where seq = 3; update audit_head set seq = 2,"
        " hash = (select hash from audit_entry where seq = 2) where chain = 3"
    )
    await write(db, (3,), connections)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("anchor", 3, 3)]


async def test_an_anchor_file_written_anew_as_a_whole_is_found_by_its_copy(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
) -> None:
    await write(db, (3,), connections)
    await api.anchor(EVERYTHING, db, anchors, clock)
    copy = anchors.file.path.read_bytes()
    anchors.file.path.unlink()
    clock.advance(5)
    await api.anchor(EVERYTHING, db, anchors, clock)

    outcome = await api.verify(EVERYTHING, db, anchors, clock, copies=[copy])

    assert faults(outcome) == [("anchor_file", -1, 1)]


async def test_a_changed_line_of_anchors_is_named(
    db: Database, anchors: api.Anchoring, clock: FixedClock, connections: Connections
) -> None:
    await write(db, (3,), connections)
    await api.anchor(EVERYTHING, db, anchors, clock)
    record = json.loads(anchors.file.path.read_bytes())
    record["heads"]["3"][0] = 2
    anchors.file.path.write_text(json.dumps(record, separators=(",", ":"), sort_keys=True) + "\n")

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("anchor_file", -1, 1)]
