"""The callers of the demo: a few an hour, over SIP, once everything else runs.

They ring whether somebody sits at the desk or not; who is not answered gives up, and stands in the
list of those to be called back.
"""

import asyncio
import contextlib

from warroom.app.node import Node
from warroom.app.supervisor import Process, Supervisor
from warroom.calls.settings import CallSettings

_CALM_S = 30.0
"""Behind the traffic, which begins to drive before."""

_AT_ONCE = 8


async def run(node: Node, per_day: int, after: asyncio.Task[None]) -> None:
    """Lets callers ring from when `after` is done until it is cancelled.

    Args:
        node: Whose edge they call.
        per_day: How many in a day, by its hours; 0 is none.
        after: What comes first.
    """
    await asyncio.wait([after])
    if not per_day:
        return
    await asyncio.sleep(_CALM_S)
    settings = node.configuration.section(CallSettings)
    words = (
        "simcity", "calls", "--city", str(node.settings.city), "--per-day", str(per_day),
        "--edge", f"{settings.host}:{settings.port}", "--at-once", str(_AT_ONCE),
    )  # fmt: skip
    callers = Supervisor([Process("simcity-calls", words)], node.settings.data / "log", node.clock)
    running = asyncio.create_task(callers.run())
    try:
        await asyncio.shield(running)
    finally:
        callers.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await running
