"""Freed memory goes back to the system."""

from pathlib import Path

from warroom.kernel import memory

PAGE = 4096
PIECE = 60_000


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6


def test_what_is_freed_between_pieces_in_use_is_given_back() -> None:
    pieces = [bytes([number % 250 + 1]) * PIECE for number in range(2000)]
    kept = pieces[::20]
    full_mb, free = resident_mb(), memory.free_bytes()
    del pieces
    freed = memory.free_bytes()

    is_done = memory.give_back()

    assert is_done
    assert freed - free > 100_000_000
    assert full_mb - resident_mb() > 80
    assert 100 == len(kept)
