"""What a process does for as long as it lives: a step at each waking, or work without an end."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from warroom.kernel.db import DatabaseAwayError
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger

AGAIN_S = 1.0


async def keep_on(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Does what is never to end, and begins again a second after it ended all the same.

    A task that dies tells nobody: the process would live on, and its events or positions stand
    still. What ended it is in the log.

    Args:
        name: In the log, `kernel.realtime`.
        work: Runs until cancelled.
    """
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it was, the process goes on
            code = error.code if isinstance(error, WarRoomError) else type(error).__name__
            logger(name).error("work_ended", code=code, exc_info=error)
        await asyncio.sleep(AGAIN_S)


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
