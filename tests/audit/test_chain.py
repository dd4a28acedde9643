"""The chains: appended by SQL, recomputed in Python, and telling when somebody was at them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from psycopg.rows import class_row

from tests.audit.outcomes import faults
from tests.scopes import EVERYTHING, scope_of
from warroom.audit import api
from warroom.audit.contracts import Entry
from warroom.audit.rules import genesis, hash_of
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope


async def write(db: Database, count: int, scope: Scope = EVERYTHING) -> None:
    """`count` entries, each in its own transaction."""
    for number in range(count):
        async with db.transaction(scope) as tx:
            await api.record(
                scope,
                tx,
                action="camera:changed",
                object_kind="camera",
                object_id=new_id(),
                agency_id=new_id(),
                place="73.71.04",
                reason=f"Perbaikan {number} \N{SNOWMAN}",
                detail={"b": number, "a": None},
            )


async def test_python_computes_the_hashes_that_sql_wrote(
    db: Database, connections: Connections
) -> None:
    person = scope_of(Rule(frozenset({"*"})), person_id=new_id(), agency_id=new_id())

    await write(db, 20)
    await write(db, 1, person)

    with psycopg.connect(connections.superuser, row_factory=class_row(Entry)) as connection:
        entries = connection.execute("select * from audit_entry order by chain, seq").fetchall()
    assert len(entries) == 21
    previous: dict[int, bytes] = {}

    for entry in entries:
        assert entry.previous == previous.get(entry.chain, genesis(entry.chain))
        assert entry.hash == hash_of(entry)
        previous[entry.chain] = entry.hash


async def test_untouched_chains_are_intact(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    await write(db, 30)
    await api.anchor(EVERYTHING, db, anchors, clock)
    await write(db, 5)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, outcome.rows, outcome.anchored_at) == ((), 35, clock.now())


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("update audit_entry set reason = 'x' where seq = 5", ("changed", 3, 5)),
        ("update audit_entry set at = at - interval '1 hour' where seq = 5", ("changed", 3, 5)),
        ("update audit_entry set person_label = '' where seq = 1", ("changed", 3, 1)),
        ("update audit_entry set previous = hash where seq = 7", ("changed", 3, 7)),
        ("delete from audit_entry where seq = 5", ("deleted", 3, 5)),
        ("delete from audit_entry where seq = 1", ("deleted", 3, 1)),
        ("delete from audit_entry where seq > 8", ("cut", 3, 9)),
        ("delete from audit_entry", ("cut", 3, 1)),
        (
            "update audit_entry set seq = -seq where seq in (4, 5);"
            "update audit_entry set seq = 9 + seq where seq < 0",
            ("reordered", 3, 4),
        ),
        (
            "insert into audit_entry select chain, 11, hash, gen_random_uuid(), at, recorded_at,"
            " person_id, person_label, agency_id, agency_label, owner_agency_id, action,"
            " object_kind, object_id, object_label, place, purpose, reason, door, address,"
            " session_id, detail, hash, form from audit_entry where seq = 10",
            ("inserted", 3, 11),
        ),
        (
            "insert into audit_entry select 99, seq, previous, id, at, recorded_at,"
            " person_id, person_label, agency_id, agency_label, owner_agency_id, action,"
            " object_kind, object_id, object_label, place, purpose, reason, door, address,"
            " session_id, detail, hash, form from audit_entry where seq = 1",
            ("head", 99, 1),
        ),
        ("update audit_head set hash = sha256('x')", ("head", 3, 10)),
        ("delete from audit_head", ("head", 3, 1)),
    ],
)
async def test_tampering_is_found_and_named(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    one_chain: Callable[[str], None],
    statements: str,
    expected: tuple[str, int, int],
) -> None:
    await write(db, 10)
    one_chain(statements)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert expected in faults(outcome)
    assert outcome.is_intact is False


async def test_an_entry_rehashed_after_its_change_breaks_the_next_link(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    one_chain: Callable[[str], None],
) -> None:
    await write(db, 10)
    with psycopg.connect(connections.superuser, row_factory=class_row(Entry)) as connection:
        entry = connection.execute("select * from audit_entry where seq = 5").fetchone()
    assert entry is not None

    forged = hash_of(replace(entry, reason="x")).hex()
    one_chain(
        f"update audit_entry set reason = 'x', hash = decode('{forged}', 'hex') where seq = 5"
    )

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("changed", 3, 5)]


async def test_a_tail_cut_together_with_its_head_is_found_by_the_anchor(
    db: Database, anchors: api.Anchoring, clock: FixedClock, one_chain: Callable[[str], None]
) -> None:
    await write(db, 10)
    await api.anchor(EVERYTHING, db, anchors, clock)
    one_chain(
        "delete from audit_entry where seq > 8;"
        "update audit_head set seq = 8, hash = (select hash from audit_entry where seq = 8)"
    )

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("cut", 3, 9)]


async def test_an_emptied_database_is_found_by_the_anchor(
    db: Database, anchors: api.Anchoring, clock: FixedClock, one_chain: Callable[[str], None]
) -> None:
    await write(db, 3)
    await api.anchor(EVERYTHING, db, anchors, clock)
    one_chain("truncate audit_entry, audit_head")

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert ("cut", 3, 1) in faults(outcome) or ("head", 3, 1) in faults(outcome)


async def test_a_whole_chain_written_anew_is_found_by_the_anchor(
    db: Database, anchors: api.Anchoring, clock: FixedClock, one_chain: Callable[[str], None]
) -> None:
    await write(db, 4)
    await api.anchor(EVERYTHING, db, anchors, clock)
    one_chain(
        "truncate audit_entry;"
        "update audit_head set seq = 0, hash = sha256(convert_to('warroom.audit.1/3', 'UTF8'))"
    )
    await write(db, 4)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert faults(outcome) == [("anchor", 3, 4)]


async def test_a_changed_anchor_file_names_its_line(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    for _ in range(3):
        await write(db, 2)
        await api.anchor(EVERYTHING, db, anchors, clock)
    lines = anchors.file.path.read_bytes().splitlines(keepends=True)
    anchors.file.path.write_bytes(lines[0] + lines[2])

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert ("anchor_file", -1, 2) in faults(outcome)


async def test_an_anchor_line_that_a_crash_cut_is_dropped(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    await write(db, 2)
    await api.anchor(EVERYTHING, db, anchors, clock)
    with anchors.file.path.open("ab") as stream:
        stream.write(b'{"at":"2026')
    await write(db, 2)

    grown = await api.anchor(EVERYTHING, db, anchors, clock)
    again = await api.anchor(EVERYTHING, db, anchors, clock)

    assert (grown, again) == (True, False)
    assert (anchors.file.read().lines, anchors.file.read().bad_line) == (2, None)


async def test_sixteen_writers_leave_whole_chains(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    await asyncio.gather(*(write(db, 20) for _ in range(16)))

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, outcome.rows) == ((), 320)


async def test_a_rolled_back_transaction_leaves_no_entry(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    async def fail_halfway() -> None:
        async with db.transaction(EVERYTHING) as tx:
            await api.record(
                EVERYTHING, tx, action="a:b", object_kind="k", object_id=None, agency_id=None
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_halfway()
    await write(db, 1)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, outcome.rows) == ((), 1)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into audit_entry (chain, seq) values (1, 1)",
        "update audit_entry set reason = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
        "update audit_head set seq = 0",
        "delete from audit_head",
        "alter table audit_entry disable row level security",
    ],
)
async def test_the_application_can_only_append(db: Database, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction(EVERYTHING) as tx:
            await tx.execute(statement)


def test_even_the_owner_does_not_change_an_entry_by_mistake(connections: Connections) -> None:
    with psycopg.connect(connections.app) as connection:
        connection.execute(
            "select audit_append(gen_random_uuid(), now(), null, null, null, null, null, 'a:b',"
            " 'k', null, null, null, null, null, 'cli', null, null, '{}',"
            " null, null)"
        )

    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        psycopg.connect(connections.owner) as connection,
    ):
        connection.execute("delete from audit_entry")


async def test_a_walk_over_the_new_entries_goes_on_where_the_last_one_ended(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    await write(db, 10)
    await api.verify_and_seal(EVERYTHING, db, anchors, clock)
    await write(db, 10)
    clock.advance(300)

    await api.verify_and_seal(EVERYTHING, db, anchors, clock)

    async with db.transaction(EVERYTHING) as tx:
        seal = await api.seal(EVERYTHING, tx)
    assert (seal["intact"], seal["rows"], seal["verified_at"]) == (True, 20, clock.now())


async def test_a_broken_link_stays_remembered(
    db: Database, anchors: api.Anchoring, clock: FixedClock, one_chain: Callable[[str], None]
) -> None:
    await write(db, 5)
    await api.verify_and_seal(EVERYTHING, db, anchors, clock)
    one_chain("update audit_entry set reason = 'x' where seq = 5")

    for _ in range(2):
        await api.verify_and_seal(EVERYTHING, db, anchors, clock)

    async with db.transaction(EVERYTHING) as tx:
        seal = await api.seal(EVERYTHING, tx)
    assert (seal["intact"], seal["rows"]) == (False, 5)
