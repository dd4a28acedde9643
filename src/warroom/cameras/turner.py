"""The cameras that this process is turning: one connection each, one word at a time, in time.

A camera that hangs holds up nobody but those who turn it, and those not longer than the limit.
Movement is renewed or it ends: each word of it carries the seconds after which the camera stops by
itself, and for cameras that ignore this, a stop is sent when those have passed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from warroom.cameras import vendors
from warroom.cameras.contracts import Control, Turning, Velocity
from warroom.cameras.errors import TurningError, TurningTimeoutError
from warroom.cameras.settings import CameraSettings
from warroom.kernel.log import logger

MOVE_S = 2.0
"""How long a movement goes on when nothing more is heard; pages renew it twice as often."""

MOST_OPEN = 64


@dataclass(slots=True)
class _Open:
    """A camera that is spoken to."""

    control: Control
    turning: Turning
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    is_dropped: bool = False


class Turner:
    """Speaks to turning cameras; made once a process.

    Args:
        settings: Limits, and which addresses are allowed.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._open: dict[UUID, _Open] = {}
        self._ends: dict[UUID, asyncio.Task[None]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ask[T](self, control: Control, word: Callable[[Turning], Awaitable[T]]) -> T:
        """What the camera answers to one word.

        Raises:
            TurningError: It does not do it (its subclass says why).
            TurningTimeoutError: It takes too long, or others are waiting for it.
        """
        one = await self._opened(control)
        one.waiting += 1
        try:
            async with asyncio.timeout(self._settings.ptz_timeout_s), one.lock:
                return await word(one.turning)
        except TimeoutError:
            self._forget(one)
            raise TurningTimeoutError(limit_s=round(self._settings.ptz_timeout_s)) from None
        except TurningError:
            self._forget(one)
            raise
        finally:
            one.waiting -= 1
            if one.is_dropped and not one.waiting:
                await one.turning.close()

    async def move(self, control: Control, velocity: Velocity) -> None:
        """Moves for `MOVE_S`, or stands still.

        Raises:
            TurningError: It does not do it.
        """
        camera_id = control.camera.id
        self._forget_end(camera_id)
        if velocity.is_rest:
            await self.ask(control, lambda turning: turning.stop())
            return
        self._ends[camera_id] = asyncio.create_task(self._end(control))
        await self.ask(control, lambda turning: turning.move(velocity, MOVE_S))

    async def let_go(self, control: Control) -> None:
        """Stops it if it moves at a speed; one that turns to a position is left to get there.

        Raises:
            TurningError: It does not do it.
        """
        if control.camera.id in self._ends:
            await self.move(control, Velocity())

    async def close(self) -> None:
        """Stops what moves and lets go of all cameras."""
        moving = list(self._ends)
        for camera_id in moving:
            self._forget_end(camera_id)
        for one in list(self._open.values()):
            if one.control.camera.id in moving:
                with contextlib.suppress(TurningError):
                    await self.ask(one.control, lambda turning: turning.stop())
            self._forget(one)
        await asyncio.gather(*self._closing)

    async def _opened(self, control: Control) -> _Open:
        camera_id = control.camera.id
        # The first time, it loads what half the machine would have to wait for.
        driver = await asyncio.to_thread(vendors.driver_of, control.url)
        known = self._open.get(camera_id)
        if known is not None:
            if (known.control.url, known.control.login) == (control.url, control.login):
                self._open[camera_id] = self._open.pop(camera_id)
                return known
            self._forget(known)
        if len(self._open) >= MOST_OPEN:
            idle = next((one for one in self._open.values() if not one.waiting), None)
            if idle is not None:
                self._forget(idle)
        turning = driver.open_camera(
            control.url,
            control.login,
            allow_loopback=self._settings.allow_loopback,
            timeout_s=self._settings.ptz_timeout_s,
        )
        self._open[camera_id] = one = _Open(control, turning)
        return one

    def _forget(self, one: _Open) -> None:
        """The next word opens it anew; who waits for this one last closes it, else a task does."""
        one.is_dropped = True
        if self._open.get(one.control.camera.id) is one:
            del self._open[one.control.camera.id]
        if not one.waiting:
            closing = asyncio.create_task(one.turning.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _end(self, control: Control) -> None:
        await asyncio.sleep(MOVE_S)
        self._ends.pop(control.camera.id, None)
        try:
            await self.ask(control, lambda turning: turning.stop())
        except TurningError as error:
            # It was told to stop by itself; nobody is left here who could be told more.
            logger("cameras.turner").warning(
                "stop_unsaid", camera=control.camera.number, code=error.code
            )

    def _forget_end(self, camera_id: UUID) -> None:
        end = self._ends.pop(camera_id, None)
        if end is not None:
            end.cancel()
