"""What is cut from the database before a line of anchors is written is missing all the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.outcomes import faults
from tests.scopes import EVERYTHING
from warroom.audit import api
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id

_CUT = (
    "delete from audit_entry where chain = 3 and seq > 3;"
    "update audit_head h set seq = e.seq, hash = e.hash"
    " from audit_entry e where e.chain = 3 and e.seq = 3 and h.chain = 3"
)


async def write(db: Database, count: int) -> None:
    for _ in range(count):
        async with db.transaction(EVERYTHING) as tx:
            await api.record(
                EVERYTHING, tx, action="a:b", object_kind="k", object_id=new_id(), agency_id=None
            )


async def test_entries_that_are_cut_before_the_next_anchor_are_missed(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    one_chain: Callable[[str], None],
) -> None:
    watch = api.HeadWatch(db, EVERYTHING, anchors.heads)
    await write(db, 2)
    await api.anchor(EVERYTHING, db, anchors, clock)
    await api.verify_and_seal(EVERYTHING, db, anchors, clock)
    await write(db, 3)
    assert await watch.look()
    assert (await api.verify(EVERYTHING, db, anchors, clock)).is_intact

    one_chain(_CUT)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)
    assert [("cut", 3, 4)] == faults(outcome)
    await api.verify_and_seal(EVERYTHING, db, anchors, clock)
    async with db.transaction(EVERYTHING) as tx:
        assert not (await api.seal(EVERYTHING, tx))["intact"], "the walk over what is new sees it"


async def test_entries_that_are_written_anew_before_the_next_anchor_are_named(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    one_chain: Callable[[str], None],
) -> None:
    await write(db, 5)
    await api.HeadWatch(db, EVERYTHING, anchors.heads).look()
    one_chain(_CUT)
    await write(db, 2)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert [("anchor", 3, 5)] == faults(outcome)


async def test_nothing_is_written_where_nothing_has_grown(
    db: Database, anchors: api.Anchoring, one_chain: Callable[[str], None]
) -> None:
    watch = api.HeadWatch(db, EVERYTHING, anchors.heads)
    await write(db, 1)

    assert [True, False] == [await watch.look(), await watch.look()]
    assert 0o600 == anchors.heads.path.stat().st_mode & 0o777
    assert one_chain


def test_a_head_that_is_noted_is_never_taken_back(tmp_path: Path) -> None:
    file = api.HeadFile(tmp_path / "anchor" / "heads")
    file.note([api.Head(3, 7, b"a" * 32), api.Head(15, 1, b"b" * 32)])
    api.HeadFile(file.path).note([api.Head(3, 6, b"c" * 32), api.Head(4, 1, b"d" * 32)])

    assert {(3, 7): b"a" * 32, (15, 1): b"b" * 32, (4, 1): b"d" * 32} == file.read()[0]
    assert file.read()[1]
    assert 16 * 64 == file.path.stat().st_size


@pytest.mark.parametrize("harm", [b"x", bytes(63)])
async def test_a_file_of_heads_that_was_changed_is_named(
    db: Database, anchors: api.Anchoring, clock: FixedClock, harm: bytes
) -> None:
    await write(db, 1)
    await api.HeadWatch(db, EVERYTHING, anchors.heads).look()
    content = anchors.heads.path.read_bytes()
    anchors.heads.path.write_bytes(harm + content[len(harm) :] if harm == b"x" else content + harm)

    outcome = await api.verify(EVERYTHING, db, anchors, clock)

    assert {"anchor_file"} == {finding.fault for finding in outcome.findings}


async def test_a_disk_that_cannot_be_written_stops_nobody(
    db: Database, anchors: api.Anchoring
) -> None:
    anchors.heads.path.parent.write_text("no folder")
    await write(db, 1)

    assert not await api.HeadWatch(db, EVERYTHING, anchors.heads).look()
