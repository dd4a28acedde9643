"""Claims about the journal: nothing that somebody was told is lost."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from warroom.calls.edge import journal as module
from warroom.calls.edge.journal import Event, Journal
from warroom.calls.edge.resuming import CallFiles


def opened(path: Path, told: list[Event] | None = None, now_ms: int = 1000) -> Journal:
    return Journal(path, lambda: now_ms, (told if told is not None else []).extend)


async def until(claim: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.01)


async def test_an_event_is_on_the_disk_before_anybody_is_told(tmp_path: Path) -> None:
    told: list[Event] = []
    journal = opened(tmp_path / "j.db", told)

    await journal.append("c1", "offered", source="caller", number="0811")

    with closing(sqlite3.connect(tmp_path / "j.db")) as other:
        rows = other.execute("select seq, call, kind from event").fetchall()
    assert [(1, "c1", "offered")] == rows
    assert ["offered"] == [event.kind for event in told]
    assert {"number": "0811"} == journal.after(0)[0].body
    journal.close()


async def test_numbers_go_on_in_the_next_process_even_when_all_is_forgotten(
    tmp_path: Path,
) -> None:
    first = opened(tmp_path / "j.db")
    for kind in ("offered", "answered", "ended", "closed"):
        await first.append("c1", kind)
    first.set_mark("forwarded", 4)
    assert 4 == first.trim(2000)
    first.close()

    second = opened(tmp_path / "j.db")
    await second.append("c2", "offered")

    assert [5] == [event.seq for event in second.after(0)]
    assert first.identity == second.identity
    second.close()


@pytest.mark.parametrize(
    ("kinds", "forwarded", "before_ms"),
    [
        (("offered", "closed"), 1, 2000),
        (("offered", "ended"), 2, 2000),
        (("offered", "closed"), 2, 500),
    ],
)
async def test_what_is_not_stored_not_closed_or_not_old_is_kept(
    tmp_path: Path, kinds: tuple[str, ...], forwarded: int, before_ms: int
) -> None:
    journal = opened(tmp_path / "j.db")
    for kind in kinds:
        await journal.append("c1", kind)
    journal.set_mark("forwarded", forwarded)

    assert 0 == journal.trim(before_ms)
    assert 2 == len(journal.after(0))
    journal.close()


async def test_another_file_is_another_journal(tmp_path: Path) -> None:
    one, other = opened(tmp_path / "a.db"), opened(tmp_path / "b.db")

    assert one.identity != other.identity
    one.close()
    other.close()


async def test_a_mark_never_goes_back(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j.db")
    journal.set_mark("forwarded", 9)
    journal.set_mark("forwarded", 3)

    assert 9 == journal.mark("forwarded")
    journal.close()


async def test_a_disk_that_takes_nothing_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.05)
    told: list[Event] = []
    journal = opened(tmp_path / "j.db", told)
    with closing(sqlite3.connect(tmp_path / "j.db")) as blocker:
        journal._db.execute("pragma busy_timeout = 10")
        blocker.execute("begin immediate")
        written = journal.append("c1", "offered")
        await until(lambda: journal.health.problem)
        assert ([], 1, False) == (told, journal.health.waiting, written.done())

    await written
    assert (["offered"], 0, "") == (
        [event.kind for event in told],
        journal.health.waiting,
        journal.health.problem,
    )
    journal.close()


@pytest.mark.parametrize("told", ["sip:112\udcff@x", "sip:1\0012@x", "\ud800"])
async def test_what_is_no_text_stops_nothing_that_comes_behind_it(
    tmp_path: Path, told: str
) -> None:
    journal = opened(tmp_path / "j.db")

    await asyncio.wait_for(journal.append("c1", "offered", to=told), 5)
    await asyncio.wait_for(journal.append("c1", "ended"), 5)

    offered, ended = journal.after(0)
    assert ("offered", "ended") == (offered.kind, ended.kind)
    assert "\0" not in offered.body["to"]
    assert offered.body["to"].encode().isascii()
    journal.close()


async def test_calls_that_are_not_closed_are_found_again(tmp_path: Path) -> None:
    journal = opened(tmp_path / "j.db")
    for call, kind in (("c1", "offered"), ("c2", "offered"), ("c1", "ended"), ("c2", "closed")):
        await journal.append(call, kind)

    assert {"c1": ["offered", "ended"]} == {
        call: [event.kind for event in events] for call, events in journal.open_calls().items()
    }
    journal.close()


def test_a_state_file_is_whole_or_set_aside(tmp_path: Path) -> None:
    files = CallFiles(tmp_path)
    files.save("c1", {"a": 1})
    files.save("c1", {"a": 2})
    (tmp_path / "c2").write_text("{half")
    (tmp_path / "c3.new").write_text("{half")

    assert {"c1": {"a": 2}} == files.load()
    assert (tmp_path / "c2.unreadable").exists()

    files.remove("c1")
    files.remove("c1")
    assert {} == files.load()


def test_a_state_with_bytes_that_are_no_text_is_kept(tmp_path: Path) -> None:
    files = CallFiles(tmp_path)

    files.save("c1", {"remote": '"Caf\udce9" <sip:0811@x>'})

    assert {"c1": {"remote": '"Caf\udce9" <sip:0811@x>'}} == files.load()


def test_the_last_beat_tells_when_a_process_lived(tmp_path: Path) -> None:
    files = CallFiles(tmp_path)
    assert 0 == files.last_beat_ms()

    files.beat()

    assert files.last_beat_ms() > 1_700_000_000_000
    assert {} == files.load()
