"""Between the loop and the city: assignments in, states out, and a sealed copy for bad days.

A thread of its own with an asyncio loop. PostgreSQL may be away at any time, for any time: the
last assignments lie sealed on this node's disk, recording starts from them and goes on.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import msgspec

from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger
from warroom.recording.contracts import (
    Assignment,
    DiskState,
    Hold,
    StateSink,
    StreamSource,
    StreamState,
)

CACHE_CONTEXT = b"recording.assignments"
REFRESH_S = 1.5
REPORT_S = 0.5
ALIVE_S = 2.0
"""A report at least this often, for the disks and as a sign of life."""
_RETRY_S = 2.0

_log = logger("recording.control")


class Gateway(StreamSource, StateSink, Protocol):
    """The inventory, as the recorder sees it."""


class Seals(Protocol):
    """Seals and opens (`kernel.secrets.Sealer`)."""

    def seal(self, secret: bytes, context: bytes) -> bytes:
        """The secret, unreadable."""
        ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """The secret again."""
        ...


class Controlled(Protocol):
    """The part of the engine that is controlled from here."""

    def post(self, work: Callable[[], None]) -> None:
        """Runs something in the engine's loop."""
        ...

    def assign(self, assignments: list[Assignment]) -> None:
        """Makes the streams exactly these."""
        ...

    def set_holds(self, holds: list[Hold]) -> None:
        """Gives the disks the holds in force."""
        ...

    def take_reports(self) -> list[StreamState]:
        """States that changed since the last call."""
        ...

    def disk_states(self) -> list[DiskState]:
        """How the disks are doing."""
        ...


class AssignmentCache:
    """The last assignments and holds, sealed in one file.

    Args:
        path: The file, mode 0600.
        seals: With the node's key, which is not beside it.
    """

    def __init__(self, path: Path, seals: Seals) -> None:
        self._path = path
        self._seals = seals

    def read(self) -> tuple[list[Assignment], list[Hold]] | None:
        """What was saved; None when there is nothing that can be opened."""
        try:
            plain = self._seals.open(self._path.read_bytes(), CACHE_CONTEXT)
            saved = msgspec.json.decode(plain)
            return (
                msgspec.convert(saved["assignments"], list[Assignment]),
                msgspec.convert(saved["holds"], list[Hold]),
            )
        except FileNotFoundError:
            return None
        except (OSError, WarRoomError, msgspec.MsgspecError, KeyError, TypeError) as error:
            _log.warning("assignments_unreadable", error=type(error).__name__)
            return None

    def write(self, assignments: list[Assignment], holds: list[Hold]) -> None:
        """Saves them: whole, or not at all."""
        saved: dict[str, Any] = {
            "assignments": [asdict(assignment) for assignment in assignments],
            "holds": [asdict(hold) for hold in holds],
        }
        sealed = self._seals.seal(msgspec.json.encode(saved), CACHE_CONTEXT)
        beside = self._path.with_suffix(".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(self._path)


class Control:
    """The control thread.

    Args:
        engine: What is controlled.
        cache: For starting without the source.
        gateway: Opens source and sink; called again after an error.
    """

    def __init__(
        self,
        engine: Controlled,
        cache: AssignmentCache,
        gateway: Callable[[], AbstractAsyncContextManager[Gateway]],
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._gateway = gateway
        self._last: tuple[list[Assignment], list[Hold]] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_told = False
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)

    def start(self) -> None:
        """Gives the engine what was saved, then begins to ask the source."""
        saved = self._cache.read()
        if saved is not None:
            self._give(*saved)
            _log.info("assignments_from_cache", streams=len(saved[0]))
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ends the thread."""
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout_s)

    def _give(self, assignments: list[Assignment], holds: list[Hold]) -> None:
        self._last = (assignments, holds)
        self._engine.set_holds(holds)
        self._engine.post(lambda: self._engine.assign(assignments))

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        while True:
            try:
                async with self._gateway() as gateway, asyncio.TaskGroup() as group:
                    group.create_task(self._refresh(gateway))
                    group.create_task(self._report(gateway))
            except asyncio.CancelledError:
                raise
            except Exception:  # noqa: BLE001 - a background loop
                # The inventory may fail in any way; recording must not notice.
                _log.exception("gateway_failed")
            await asyncio.sleep(_RETRY_S)

    async def _refresh(self, gateway: Gateway) -> None:
        while True:
            try:
                fresh = (await gateway.list_assignments(), await gateway.list_holds())
                self._tell_once(is_there=True)
                if fresh != self._last:
                    self._give(*fresh)
                    await asyncio.to_thread(self._cache.write, *fresh)
                await gateway.changed(REFRESH_S)
            except (WarRoomError, OSError) as error:
                self._tell_once(is_there=False, error=type(error).__name__)
                await asyncio.sleep(_RETRY_S)

    async def _report(self, gateway: Gateway) -> None:
        waiting: dict[tuple[str, str], StreamState] = {}
        now_s = asyncio.get_running_loop().time
        told_s = float("-inf")
        while True:
            await asyncio.sleep(REPORT_S)
            waiting |= {(s.camera_id, s.role): s for s in self._engine.take_reports()}
            if not waiting and now_s() - told_s < ALIVE_S:
                continue
            try:
                await gateway.report_states(list(waiting.values()), self._engine.disk_states())
                waiting.clear()
                told_s = now_s()
            except (WarRoomError, OSError):
                await asyncio.sleep(_RETRY_S)

    def _tell_once(self, *, is_there: bool, error: str = "") -> None:
        if is_there == self._is_told:
            return
        self._is_told = is_there
        if is_there:
            _log.info("inventory_there")
        else:
            _log.warning("inventory_away", error=error)
