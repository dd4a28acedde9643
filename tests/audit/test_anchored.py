"""Anchored hashes on disk say what a dictionary of them would, however they are asked."""

import hashlib
import tempfile
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from warroom.audit import anchors, api
from warroom.audit.anchored import Known, Spill
from warroom.audit.contracts import Head
from warroom.audit.evidence import gather

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
numbers = st.integers(1, 40)


def digest(seq: int) -> bytes:
    return hashlib.sha256(str(seq).encode()).digest()


@given(st.lists(st.tuples(numbers, numbers)), st.dictionaries(numbers, numbers), st.lists(numbers))
def test_it_is_the_mapping_that_it_stands_for(
    added: list[tuple[int, int]], over: dict[int, int], asked: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spill = Spill(Path(folder))
        for seq, value in added:
            spill.add(seq, digest(value))
        before = {7: ("head", digest(99)), 41: ("head", digest(98))}
        copies = {seq: digest(value) for seq, value in over.items()}
        known = Known(before, spill, copies)
        plain = before | {
            seq: ("anchor", one)
            for seq, one in ({seq: digest(value) for seq, value in added} | copies).items()
        }

        assert {seq: known[seq] for seq in known} == plain
        assert len(known) == len(plain)
        for seq in [*asked, *range(43)]:
            assert (seq in known) == (seq in plain)
            assert known.get(seq) == plain.get(seq)


def write_lines(path: Path, count: int, chains: int = 16) -> None:
    """A file of anchors as a busy city has it, written at once."""
    previous = anchors._FIRST
    with path.open("wb") as file:
        for number in range(1, count + 1):
            heads = [Head(chain, number * 3, digest(number)) for chain in range(chains)]
            line = anchors._line(number, AT, heads, previous)
            previous = msgspec.json.decode(line)["hash"]
            file.write(line)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 6_000):
        folder = tmp_path / str(count)
        anchoring = api.open_anchoring(folder, api.AuditSettings())
        anchoring.file.path.parent.mkdir(parents=True)
        write_lines(anchoring.file.path, count)
        tracemalloc.start()
        evidence = gather(anchoring)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert evidence.anchors.lines == count
        assert {spill.count for spill in evidence.spills.values()} == {count}

    assert peaks[1] < peaks[0] * 1.5
