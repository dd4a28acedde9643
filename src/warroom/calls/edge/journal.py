"""The local journal: every event of every call, on the disk before anybody is told.

SQLite in the data folder, written by one thread in batches, so that a slow disk never stops the
sound. Events are kept until they are stored in PostgreSQL and then as long as the settings say.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from warroom.kernel.ids import new_id
from warroom.kernel.log import logger

RETRY_S = 1.0
BATCH_MOST = 500

_SCHEMA = """
create table if not exists event (
    seq integer primary key, call text not null, at_ms integer not null, kind text not null,
    actor text not null, source text not null, body text not null
);
create index if not exists event_call on event (call);
create table if not exists mark (name text primary key, seq integer not null);
create table if not exists journal (identity text not null);
"""
_INSERT = "insert into event (seq, call, at_ms, kind, actor, source, body) values (?,?,?,?,?,?,?)"
_COLUMNS = "seq, call, at_ms, kind, actor, source, body"
_log = logger("calls.journal")


class Event(msgspec.Struct, frozen=True):
    """One thing that happened to a call.

    Attributes:
        seq: Number in this node's journal, without a gap.
        call: Id of the call.
        at_ms: When, ms since 1970 UTC.
        kind: One of `rules.MOVES` or `rules.NOTES`.
        actor: Id of who did it; empty for the edge itself or the caller.
        source: `operator`, `auto` or `caller`.
        body: What else is to be known.
    """

    seq: int
    call: str
    at_ms: int
    kind: str
    actor: str
    source: str
    body: dict[str, Any]


@dataclass(slots=True)
class _Waiting:
    event: Event
    written: asyncio.Future[None]


@dataclass(slots=True)
class JournalHealth:
    """How the journal does.

    Attributes:
        waiting: Events that are not on the disk yet.
        problem: Why the disk takes none; empty while it does.
    """

    waiting: int = 0
    problem: str = ""


class Journal:
    """The events of this node.

    Args:
        path: The file.
        now_ms: Milliseconds since 1970.
        on_written: Is told of events as soon as they are on the disk, in order.

    Attributes:
        identity: Of the file: another file begins to count anew.
    """

    def __init__(
        self, path: Path, now_ms: Callable[[], int], on_written: Callable[[list[Event]], None]
    ) -> None:
        self._path, self._now_ms, self._on_written = path, now_ms, on_written
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._db = _open(path)
        self._reading = threading.Lock()
        self._reader = _open(path)
        self.identity = _identity(self._db)
        row = self._db.execute("select max(seq) from event").fetchone()
        self._seq = max(row[0] or 0, self.mark("trimmed"))
        self._written = self._seq
        self.health = JournalHealth()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write_forever, name="journal", daemon=True)
        self._thread.start()

    @property
    def newest(self) -> int:
        """Number of the newest event that is on the disk."""
        return self._written

    def append(
        self, call: str, kind: str, *, actor: str = "", source: str = "auto", **body: Any
    ) -> asyncio.Future[None]:
        """Writes an event; the future is done when it is on the disk.

        Texts of the network are kept as far as a database can keep them: a byte that is no text
        must not stop what comes behind it.
        """
        self._seq += 1
        told = {name: _text(one) if isinstance(one, str) else one for name, one in body.items()}
        event = Event(self._seq, call, self._now_ms(), kind, actor, source, told)
        written: asyncio.Future[None] = self._loop.create_future()
        self.health.waiting += 1
        self._queue.put(_Waiting(event, written))
        return written

    def after(self, seq: int, limit: int = BATCH_MOST) -> list[Event]:
        """Events after a number, in order; only those that are on the disk."""
        query = f"select {_COLUMNS} from event where seq > ? order by seq limit ?"
        return self._read(query, (seq, limit))

    def of_call(self, call: str) -> list[Event]:
        """The events of one call, in order."""
        return self._read(f"select {_COLUMNS} from event where call = ? order by seq", (call,))

    def open_calls(self, since_ms: int = 0) -> dict[str, list[Event]]:
        """The events of the calls that are not closed and began since then, by call."""
        query = (
            f"select {_COLUMNS} from event where call not in"
            " (select call from event where kind = 'closed')"
            " and call in (select call from event where kind = 'offered' and at_ms >= ?)"
            " order by seq"
        )
        found: dict[str, list[Event]] = {}
        for event in self._read(query, (since_ms,)):
            found.setdefault(event.call, []).append(event)
        return found

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Event]:
        with self._reading:
            rows = self._reader.execute(query, values).fetchall()
        return [_event(row) for row in rows]

    def mark(self, name: str) -> int:
        """Up to which event somebody has come (`forwarded`, `trimmed`)."""
        with self._reading:
            row = self._reader.execute("select seq from mark where name = ?", (name,)).fetchone()
        return row[0] if row else 0

    def set_mark(self, name: str, seq: int) -> None:
        """Keeps up to which event somebody has come."""
        with self._reading, self._reader:
            self._reader.execute(
                "insert into mark values (?, ?)"
                " on conflict (name) do update set seq = max(seq, excluded.seq)",
                (name, seq),
            )

    def trim(self, before_ms: int) -> int:
        """Forgets closed calls whose events are stored in PostgreSQL and older; how many events."""
        forwarded = self.mark("forwarded")
        with self._reading, self._reader:
            gone = self._reader.execute(
                "delete from event where call in (select call from event group by call"
                " having max(at_ms) < ? and max(seq) <= ? and max(kind = 'closed'))",
                (before_ms, forwarded),
            ).rowcount
        self.set_mark("trimmed", self._written)
        return gone

    def close(self) -> None:
        """Writes what waits, and ends."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(timeout=10)
        self._reader.close()

    def _write_forever(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            ends = False
            while len(batch) < BATCH_MOST and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    ends = True
                    break
                batch.append(item)
            self._write(batch)
            if ends:
                break
        self._db.close()

    def _write(self, batch: list[_Waiting]) -> None:
        """Writes one batch, again and again until the disk takes it."""
        rows = [
            (e.seq, e.call, e.at_ms, e.kind, e.actor, e.source, msgspec.json.encode(e.body))
            for e in (item.event for item in batch)
        ]
        while True:
            try:
                with self._db:
                    self._db.executemany(_INSERT, rows)
                break
            except sqlite3.Error as error:
                self._loop.call_soon_threadsafe(self._failed, str(error))
                if self._closing.is_set():
                    return
                time.sleep(RETRY_S)
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._done, batch)

    def _failed(self, problem: str) -> None:
        self.health.problem = problem
        _log.error("calls.journal_failed", problem=problem, waiting=self.health.waiting)

    def _done(self, batch: list[_Waiting]) -> None:
        self.health.problem = ""
        self.health.waiting -= len(batch)
        self._written = batch[-1].event.seq
        self._on_written([item.event for item in batch])
        for item in batch:
            if not item.written.done():
                item.written.set_result(None)


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _event(row: tuple[Any, ...]) -> Event:
    seq, call, at_ms, kind, actor, source, body = row
    return Event(seq, call, at_ms, kind, actor, source, msgspec.json.decode(body))


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, check_same_thread=False, timeout=5)
    db.execute("pragma journal_mode = wal")
    # A power cut may not take back what somebody was told.
    db.execute("pragma synchronous = full")
    db.executescript(_SCHEMA)
    path.chmod(0o600)
    return db


def _identity(db: sqlite3.Connection) -> str:
    with db:
        db.execute(
            "insert into journal select ? where not exists (select 1 from journal)",
            (str(new_id()),),
        )
    return str(db.execute("select identity from journal").fetchone()[0])
