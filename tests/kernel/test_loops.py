"""A step in the background is done when it is asked for, and a failing one harms nothing."""

import asyncio
from collections.abc import Callable

import pytest
import structlog.testing

from warroom.kernel import loops
from warroom.kernel.db import DatabaseAwayError
from warroom.kernel.errors import InvalidError
from warroom.kernel.loops import Loop, keep_on

SOON_S = 5.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not condition():
            await asyncio.sleep(0)


class Steps:
    """Counts steps; each waits until it is let go, and fails as it is told."""

    def __init__(self, *errors: Exception | None) -> None:
        self.begun = self.ended = self.failed = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._errors = list(errors)

    async def step(self) -> None:
        self.begun += 1
        await self.gate.wait()
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        self.ended += 1

    def count_failure(self) -> None:
        self.failed += 1


async def test_nothing_is_done_before_it_is_asked_for() -> None:
    steps = Steps()
    async with Loop("test", steps.step):
        for _ in range(10):
            await asyncio.sleep(0)

    assert steps.begun == 0


async def test_wakings_during_a_step_make_one_more() -> None:
    steps = Steps()
    steps.gate.clear()
    async with Loop("test", steps.step) as loop:
        loop.wake()
        await until(lambda: steps.begun == 1)
        for _ in range(3):
            loop.wake()
        steps.gate.set()
        await until(lambda: steps.ended == 2)
        for _ in range(10):
            await asyncio.sleep(0)

    assert steps.begun == 2


async def test_what_was_asked_for_before_it_began_is_done() -> None:
    steps = Steps()
    loop = Loop("test", steps.step)
    loop.wake()
    async with loop:
        await until(lambda: steps.ended == 1)


async def test_it_wakes_by_itself_where_that_is_asked() -> None:
    steps = Steps()
    async with Loop("test", steps.step, every_s=0.001):
        await until(lambda: steps.ended >= 3)


@pytest.mark.parametrize(
    ("error", "event", "code"),
    [
        (DatabaseAwayError(), "database_away", None),
        (InvalidError(), "step_failed", InvalidError.code),
        (ZeroDivisionError("secret"), "step_failed", "ZeroDivisionError"),
    ],
)
async def test_a_failing_step_is_told_and_done_again_when_woken(
    error: Exception, event: str, code: str | None
) -> None:
    steps = Steps(error)
    with structlog.testing.capture_logs() as told:
        async with Loop("test", steps.step, failed=steps.count_failure) as loop:
            loop.wake()
            await until(lambda: steps.failed == 1)
            loop.wake()
            await until(lambda: steps.ended == 1)

    assert [(entry["event"], entry.get("code")) for entry in told] == [(event, code)]


async def test_leaving_ends_a_step_that_hangs() -> None:
    steps = Steps()
    steps.gate.clear()
    async with asyncio.timeout(SOON_S):
        async with Loop("test", steps.step) as loop:
            loop.wake()
            await until(lambda: steps.begun == 1)

    assert steps.ended == 0


async def test_what_must_not_end_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "AGAIN_S", 0.0)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise LookupError
        if begun > 2:
            await asyncio.Event().wait()

    with structlog.testing.capture_logs() as logs:
        task = asyncio.create_task(keep_on("some.work", work))
        await until(lambda: begun == 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    said = [(line["event"], line["log"], line["code"]) for line in logs]
    assert said == [("work_ended", "some.work", "LookupError")]
