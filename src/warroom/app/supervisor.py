"""Keeps the processes of a node running: starts them, restarts what dies, stops them all.

No process needs another to start, so they are started together. One that ran for a minute and dies
is started again at once, since callers hear nothing meanwhile; one that dies sooner waits, up to
10 s. When
the supervisor itself is killed, the kernel tells its children to stop (PR_SET_PDEATHSIG).
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from warroom.app.log_files import rotate
from warroom.kernel.clock import Clock
from warroom.kernel.log import LogSettings, logger

_PR_SET_PDEATHSIG = 1
GRACE_S = 12.0
PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
ROTATION_LOOK_S = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    """One process to keep.

    Attributes:
        name: For logs.
        arguments: Its command line behind `python -m`.
        environment: Added to ours.
        stops_last: Whether the others are to end before it is told to: what they depend on, so
            that their last words are not about its absence.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    stops_last: bool = False


def die_with_parent() -> None:
    """Asks Linux to send this process SIGTERM when its parent is gone."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Supervisor:
    """Runs processes until told to stop.

    Args:
        processes: What to run.
        logs: Folder for their standard error, one file each; None leaves it on ours.
        clock: For pauses.
        log_settings: When a log file is full, and how many are kept.
        other_logs: Files written by programs that are not ours, kept as small as ours.
    """

    def __init__(
        self,
        processes: list[Process],
        logs: Path | None,
        clock: Clock,
        log_settings: LogSettings | None = None,
        other_logs: tuple[Path, ...] = (),
    ) -> None:
        self._processes, self._logs, self._clock = processes, logs, clock
        self._log_settings, self._other_logs = log_settings or LogSettings(), other_logs
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self.restarts: dict[str, int] = {}

    async def run(self) -> None:
        """Keeps everything running until `stop`; returns when all of it has ended."""
        if self._logs is not None:
            self._logs.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self.rotate_logs)
        rotating = asyncio.create_task(self._keep_rotating())
        try:
            await asyncio.gather(*(self._keep(process) for process in self._processes))
        finally:
            rotating.cancel()
            await asyncio.gather(rotating, return_exceptions=True)

    def stop(self) -> None:
        """Ends every process: SIGTERM, and SIGKILL for those still there after the grace time."""
        self._stopping.set()
        for process in self._processes:
            child = self._running.get(process.name)
            if child is not None and child.returncode is None and not process.stops_last:
                child.terminate()

    def rotate_logs(self) -> None:
        """Begins those log files anew that are full; one that cannot be is told and left."""
        ours = [] if self._logs is None else [self._logs / f"{p.name}.log" for p in self._processes]
        for path in (*ours, *self._other_logs):
            try:
                rotate(path, self._log_settings.file_mib << 20, self._log_settings.files)
            except OSError as error:  # a full disk: the next look tries again
                logger("app.supervisor").warning(
                    "log_not_rotated", name=path.name, problem=error.strerror
                )

    async def _keep_rotating(self) -> None:
        while True:
            await asyncio.sleep(ROTATION_LOOK_S)
            await asyncio.to_thread(self.rotate_logs)

    async def _keep(self, process: Process) -> None:
        tries = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            code = await self._once(process)
            if self._stopping.is_set():
                return
            tries = 0 if self._clock.monotonic() - began > 60 else tries + 1
            pause_s = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
            self.restarts[process.name] = self.restarts.get(process.name, 0) + 1
            logger("app.supervisor").warning(
                "process_ended", name=process.name, code=code, again_in_s=pause_s
            )
            await _first(self._stopping.wait(), asyncio.sleep(pause_s))

    async def _once(self, process: Process) -> int:
        errors = None
        if self._logs is not None:
            errors = (self._logs / f"{process.name}.log").open("ab")
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *process.arguments,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env={**os.environ, **process.environment, "WARROOM_SUPERVISED": "1"},
                # A group of their own: Ctrl-C reaches the supervisor alone, which stops them
                # in order.
                process_group=0,
            )
        finally:
            if errors is not None:
                errors.close()
        self._running[process.name] = child
        if self._stopping.is_set():
            child.terminate()
        ended = asyncio.create_task(child.wait())
        await _first(ended, self._stopping.wait())
        if process.stops_last and not ended.done():
            await self._others_ended(process)
            child.terminate()
        if not ended.done():
            done, _ = await asyncio.wait([ended], timeout=GRACE_S)
            if not done:
                child.kill()
        return await ended

    async def _others_ended(self, last: Process) -> None:
        """Waits for all others to end, no longer than they are given before they are killed."""
        others = [
            asyncio.create_task(child.wait())
            for name, child in self._running.items()
            if name != last.name and child.returncode is None
        ]
        if others:
            await asyncio.wait(others, timeout=GRACE_S)


async def _first(*awaitables: object) -> None:
    tasks = [asyncio.ensure_future(item) for item in awaitables]  # type: ignore[call-overload]
    mine = [task for task, item in zip(tasks, awaitables, strict=True) if task is not item]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in mine:
        task.cancel()
