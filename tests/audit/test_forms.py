"""Entries of the older forms stay provable, and many of one transaction make a whole chain."""

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import class_row

from tests.audit.outcomes import faults
from tests.scopes import EVERYTHING
from warroom.app import migrate as migrations
from warroom.audit import api
from warroom.audit.contracts import Entry
from warroom.audit.rules import hash_of
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Sides

ODD = ('a"b', "c\\d", "e,f", "g{h}", "tab\t \x01 \x7f", "\N{SNOWMAN} / é", "")


def asked(number: int = 0, tags: tuple[str, ...] = ODD) -> api.Asked:
    sides: Sides = {
        "agency_id": new_id(), "place": None, "object_id": new_id(), "tags": tags, "class_": "x",
    }  # fmt: skip
    return api.Asked(
        "camera:changed", "camera", sides["object_id"], sides["agency_id"],
        reason=f"Nomor {number} \N{SNOWMAN}", sides=sides,
    )  # fmt: skip


async def record_one(tx: Transaction, one: api.Asked) -> None:
    await api.record(
        EVERYTHING, tx, action=one.action, object_kind=one.object_kind, object_id=one.object_id,
        agency_id=one.agency_id, reason=one.reason, sides=one.sides,
    )  # fmt: skip


@pytest.fixture
def write_old(connections: Connections) -> Iterator[Callable[[int, int], None]]:
    """Appends (form, count) as earlier versions of the product did, by their own functions."""
    steps = Path(migrations.__file__).parent / "migrations" / "versions"
    shipped = {
        1: runpy.run_path(str(steps / "0002_identity_audit.py"))["_AUDIT"],
        2: runpy.run_path(str(steps / "0015_pseudonyms.py"))["_APPEND"],
    }
    with psycopg.connect(connections.owner) as connection:
        for form, text in shipped.items():
            begins = text.index("function audit_append(")
            function = text[begins : text.index("$$;", begins) + 3]
            connection.execute(
                function.replace("function audit_append(", f"create function append_{form}(")
            )

    def write(form: int, count: int) -> None:
        with psycopg.connect(connections.owner) as connection:
            for number in range(count):
                connection.execute(
                    f"select append_{form}(gen_random_uuid(), now(), gen_random_uuid(), 'Sri',"
                    " null, null, gen_random_uuid(), 'live:view', 'camera', null, '', '73.71',"
                    " null, %s, 'web', null, null, '{}')",  # type: ignore[arg-type]
                    [f"Nomor {number} \N{SNOWMAN}"],
                )

    yield write
    # The database is everybody's: a function that sees past the walls must not stay.
    with psycopg.connect(connections.owner) as connection:
        connection.execute("drop function append_1, append_2")


def forms(connections: Connections) -> list[int]:
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute("select form from audit_entry order by chain, seq").fetchall()
    return [form for (form,) in rows]


async def test_a_chain_goes_on_from_form_to_form(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    connections: Connections,
    one_chain: Callable[[str], None],
    write_old: Callable[[int, int], None],
) -> None:
    write_old(1, 2)
    write_old(2, 2)
    async with db.transaction(EVERYTHING) as tx:
        await api.record_all(EVERYTHING, tx, [asked(), asked()])
        await record_one(tx, api.Asked("a:b", "k", None, None))

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, forms(connections)) == ((), [1, 1, 2, 2, 3, 3, 3])


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("update audit_entry set reason = 'x' where seq = 2", ("changed", 3, 2)),
        ("update audit_entry set reason = null where seq = 1", ("changed", 3, 1)),
        ("update audit_entry set form = 2 where seq = 2", ("changed", 3, 2)),
        ("update audit_entry set form = 1 where seq = 4", ("changed", 3, 4)),
        ("update audit_entry set form = 2 where seq = 4", ("changed", 3, 4)),
        ("update audit_entry set form = 3 where seq = 3", ("changed", 3, 3)),
        ("update audit_entry set form = 7 where seq = 4", ("changed", 3, 4)),
        ("update audit_entry set thing_class = 'x' where seq = 1", ("changed", 3, 1)),
        ("update audit_entry set thing_tags = '{}' where seq = 3", ("changed", 3, 3)),
        ("update audit_entry set thing_class = 'y' where seq = 4", ("changed", 3, 4)),
        ("update audit_entry set thing_tags = null where seq = 4", ("changed", 3, 4)),
        ("update audit_entry set previous = '' where seq = 2", ("changed", 3, 2)),
        ("update audit_entry set previous = '' where seq = 4", ("changed", 3, 4)),
        ("update audit_entry set hash = '' where seq = 4", ("changed", 3, 4)),
        ("delete from audit_entry where seq = 2", ("deleted", 3, 2)),
        (
            "update audit_entry set seq = -seq where seq in (2, 3);"
            "update audit_entry set seq = 5 + seq where seq < 0",
            ("reordered", 3, 2),
        ),
    ],
)
async def test_tampering_is_found_in_every_form(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    one_chain: Callable[[str], None],
    write_old: Callable[[int, int], None],
    statements: str,
    expected: tuple[str, int, int],
) -> None:
    write_old(1, 2)
    write_old(2, 1)
    async with db.transaction(EVERYTHING) as tx:
        await api.record_all(EVERYTHING, tx, [asked(), asked()])

    one_chain(statements)
    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert expected in faults(outcome)


async def test_many_entries_of_one_call_stand_in_their_order_in_one_chain(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        ids = await api.record_all(EVERYTHING, tx, (asked(number) for number in range(2500)))
        await api.record_all(EVERYTHING, tx, [])
        rows = await (await tx.execute("select id, chain from audit_entry order by seq")).fetchall()

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert [row["id"] for row in rows] == ids
    assert len({row["chain"] for row in rows}) == 1
    assert (outcome.findings, outcome.rows) == ((), 2500)


async def test_single_and_many_appends_of_one_transaction_stay_in_its_chain(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        for number in range(50):
            await api.record_all(EVERYTHING, tx, [asked(number)])
            await api.record(
                EVERYTHING, tx, action="a:b", object_kind="k", object_id=None, agency_id=None
            )
        rows = await (await tx.execute("select distinct chain from audit_entry")).fetchall()

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (len(rows), outcome.findings, outcome.rows) == (1, (), 100)


async def test_what_a_savepoint_takes_back_leaves_the_chain_whole(
    db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    class TakenBackError(Exception):
        pass

    async def take_back(tx: Any) -> None:
        async with tx.transaction():
            await api.record_all(EVERYTHING, tx, [asked(), asked()])
            raise TakenBackError

    async with db.transaction(EVERYTHING) as tx:
        await api.record_all(EVERYTHING, tx, [asked()])
        with pytest.raises(TakenBackError):
            await take_back(tx)
        await api.record_all(EVERYTHING, tx, [asked()])

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, outcome.rows) == ((), 2)


@pytest.mark.parametrize("hint", ["(0,1)", "(0,9)", "(4000,1)"])
async def test_a_false_hint_of_the_chain_does_no_harm(
    db: Database, anchors: api.Anchoring, clock: FixedClock, hint: str
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await tx.execute("select set_config('warroom.audit_head', %s, true)", [hint])
        await api.record_all(EVERYTHING, tx, [asked()])
        await api.record_all(EVERYTHING, tx, [asked()])

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, outcome.rows) == ((), 2)


async def test_texts_are_hashed_alike_whatever_the_connection_speaks(
    connections: Connections, db: Database, anchors: api.Anchoring, clock: FixedClock
) -> None:
    with psycopg.connect(connections.app, client_encoding="LATIN1") as connection:
        connection.execute(
            "select audit_append(gen_random_uuid(), now(), null, 'René', null, null, null, 'a:b',"
            " 'k', null, null, null, null, 'déjà', 'cli', null, null, '{}', null, null)"
        )

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert (outcome.findings, outcome.rows) == ((), 1)


async def test_tags_and_class_are_hashed_alike_here_and_there(
    db: Database, connections: Connections
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await api.record_all(EVERYTHING, tx, [asked(), asked(tags=())])
        await record_one(tx, asked())

    with psycopg.connect(connections.superuser, row_factory=class_row(Entry)) as connection:
        entries = connection.execute("select * from audit_entry order by chain, seq").fetchall()

    assert [entry.thing_tags for entry in entries] == [list(ODD), [], list(ODD)]
    assert [entry.hash for entry in entries] == [hash_of(entry) for entry in entries]
