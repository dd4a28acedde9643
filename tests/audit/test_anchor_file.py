"""The file of anchors is read once, then what is new of it, and a change of it is still found."""

from pathlib import Path

import pytest

from tests.audit.test_anchoring import EVERYTHING, faults, write
from tests.scopes import AT
from warroom.audit import anchors, api
from warroom.audit.contracts import Head
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


def head(seq: int, chain: int = 1) -> Head:
    return Head(chain, seq, bytes([seq % 256]) * 32)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The lines that were read and understood."""
    lines: list[bytes] = []
    real = anchors.read_line

    def read(line: bytes) -> object:
        lines.append(line)
        return real(line)

    monkeypatch.setattr(anchors, "read_line", read)
    return lines


def test_an_append_reads_what_is_new_and_no_more(tmp_path: Path, parsed: list[bytes]) -> None:
    file = anchors.AnchorFile(tmp_path / "audit.jsonl")
    for seq in range(1, 301):
        file.append([head(seq)], AT)

    assert len(parsed) == 299
    assert (file.read_end().lines, len(parsed)) == (300, 300)
    assert file.read().lines == 300


def test_the_end_that_is_kept_in_mind_is_bounded_and_says_what_lies_before(tmp_path: Path) -> None:
    file = anchors.AnchorFile(tmp_path / "audit.jsonl")
    file.append([head(5, chain=2)], AT)
    for seq in range(1, anchors.TAIL_LINES + 11):
        file.append([head(seq)], AT)

    end, whole = file.read_end(), file.read()

    assert (end.lines, end.last, len(end.content)) == (211, whole.last, anchors.TAIL_LINES)
    assert end.before == {1: 10, 2: 5}
    assert [end.reach_back_to(ends) for ends in ({1: 10, 2: 5}, {1: 9, 2: 5}, {1: 10})] == [
        True,
        False,
        False,
    ]
    assert (end.line(211), end.line(12), end.line(11)) == (whole.line(211), whole.line(12), None)


def test_two_processes_that_write_one_file_leave_one_chain_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    one, other = anchors.AnchorFile(path), anchors.AnchorFile(path)
    for seq in range(1, 21):
        (one if seq % 3 else other).append([head(seq)], AT)

    assert not other.append([head(20)], AT)
    assert (one.read().bad_line, one.read().lines) == (None, 20)


def test_a_file_that_was_put_back_is_read_from_its_beginning(tmp_path: Path) -> None:
    file = anchors.AnchorFile(tmp_path / "audit.jsonl")
    file.append([head(1)], AT)
    earlier = file.path.read_bytes()
    file.append([head(2)], AT)
    file.path.write_bytes(earlier)

    assert file.read_end().lines == 1
    file.append([head(3)], AT)

    assert (file.read().lines, file.read().bad_line) == (2, None)


def test_a_long_line_that_a_crash_left_unfinished_is_dropped(tmp_path: Path) -> None:
    file = anchors.AnchorFile(tmp_path / "audit.jsonl")
    file.append([head(1)], AT)
    with file.path.open("ab") as left:
        left.write(b'{"at":"' + b"x" * 200_000)
    file.append([head(2)], AT)

    assert (file.read().lines, file.read().bad_line) == (2, None)


def test_after_a_line_that_was_changed_the_file_still_grows_and_the_line_is_named(
    tmp_path: Path,
) -> None:
    file = anchors.AnchorFile(tmp_path / "audit.jsonl")
    for seq in range(1, 4):
        file.append([head(seq)], AT)
    file.path.write_bytes(file.path.read_bytes().replace(b'"n":2', b'"n":7'))

    # Who opens the file anew sees it at once, who followed it when it was whole goes on.
    anew = anchors.AnchorFile(file.path)
    assert (anew.append([head(4)], AT), file.append([head(5)], AT)) == (True, True)

    assert (file.read().bad_line, file.path.read_bytes().count(b"\n")) == (2, 5)


async def test_a_walk_over_what_is_new_reads_the_end_of_the_file_alone(
    db: Database, clock: FixedClock, tmp_path: Path, parsed: list[bytes]
) -> None:
    anchoring = api.open_anchoring(tmp_path, api.AuditSettings())
    for _ in range(5):
        await write(db)
        await api.anchor(EVERYTHING, db, anchoring, clock)
    await api.verify_and_seal(EVERYTHING, db, anchoring, clock)
    await write(db)
    await api.anchor(EVERYTHING, db, anchoring, clock)
    parsed.clear()

    await api.verify_and_seal(EVERYTHING, db, anchoring, clock)

    assert parsed == []
    async with db.transaction(EVERYTHING) as tx:
        assert (await api.seal(EVERYTHING, tx))["intact"]


async def test_a_walk_that_was_long_away_reads_the_whole_file(
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    parsed: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(anchors, "TAIL_LINES", 2)
    anchoring = api.open_anchoring(tmp_path, api.AuditSettings())
    await write(db)
    await api.verify_and_seal(EVERYTHING, db, anchoring, clock)
    for _ in range(5):
        await write(db)
        await api.anchor(EVERYTHING, db, anchoring, clock)
    parsed.clear()

    await api.verify_and_seal(EVERYTHING, db, anchoring, clock)

    assert len(parsed) == 5


async def test_a_line_changed_in_the_middle_is_found_by_the_daily_walk(
    db: Database, clock: FixedClock, tmp_path: Path
) -> None:
    anchoring = api.open_anchoring(tmp_path, api.AuditSettings())
    for _ in range(3):
        await write(db)
        await api.anchor(EVERYTHING, db, anchoring, clock)
    await api.verify_and_seal(EVERYTHING, db, anchoring, clock)
    path = anchoring.file.path
    path.write_bytes(path.read_bytes().replace(b'"n":2', b'"n":7'))
    clock.advance(86_400)

    await api.verify_and_seal(EVERYTHING, db, anchoring, clock)

    outcome = await api.verify(EVERYTHING, db, anchoring, clock)
    async with db.transaction(EVERYTHING) as tx:
        assert not (await api.seal(EVERYTHING, tx))["intact"]
    assert ("anchor_file", -1, 2) in faults(outcome)
