"""A step that a process does again whenever it is woken, for as long as it lives."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from warroom.kernel.db import DatabaseAwayError
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger


class Loop:
    """Runs a step in the background: when it is woken, and every so often if that is asked.

    A step that fails is logged and done again at the next waking; it is the caller's to remember
    what is still to be done.

    Args:
        name: In the log, `dispatch.watch`.
        step: What is done; wakings while it runs make one more step.
        failed: Called after a step that failed.
        every_s: Woken by itself after so many seconds; None never.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], Awaitable[None]],
        *,
        failed: Callable[[], None] | None = None,
        every_s: float | None = None,
    ) -> None:
        self._name, self._step, self._failed, self._every_s = name, step, failed, every_s
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Asks for a step; nothing is waited for."""
        self._wake.set()

    async def __aenter__(self) -> Self:
        """Begins."""
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._woken()
            self._wake.clear()
            try:
                await self._step()
            except DatabaseAwayError:
                self._has_failed()
                logger(self._name).warning("database_away")
            except Exception as error:  # noqa: BLE001 - a background loop: log, and go on
                self._has_failed()
                code = error.code if isinstance(error, WarRoomError) else type(error).__name__
                logger(self._name).warning("step_failed", code=code, exc_info=error)

    async def _woken(self) -> None:
        try:
            await asyncio.wait_for(self._wake.wait(), self._every_s)
        except TimeoutError:
            return

    def _has_failed(self) -> None:
        if self._failed is not None:
            self._failed()
