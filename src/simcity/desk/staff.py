"""Everybody simulated who sits at the desk, for as long as it is wanted."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from typing import Any

from simcity.calls.day import Planned
from simcity.desk.dispatching import Dispatcher
from simcity.desk.taking import Takers

_TELL_S = 300.0


@contextlib.asynccontextmanager
async def staffed(
    address: str, tokens: Mapping[str, Any], plan: Mapping[str, Planned]
) -> AsyncIterator[None]:
    """Call takers and a dispatcher at work; whoever has no token is not there.

    Args:
        address: `http://HOST:PORT` of the product.
        tokens: `takers`, a list, and `dispatcher`.
        plan: What is told under which number.
    """
    takers = Takers(address, tokens.get("takers", []), plan)
    dispatcher = Dispatcher(address, tokens.get("dispatcher", ""))
    work = [_report(takers, dispatcher)]
    work += [takers.run()] if tokens.get("takers") else []
    work += [dispatcher.run()] if tokens.get("dispatcher") else []
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _report(takers: Takers, dispatcher: Dispatcher) -> None:
    while True:
        await asyncio.sleep(_TELL_S)
        told = asdict(takers.done) | {"sent": dispatcher.sent, "closed": dispatcher.closed}
        sys.stderr.write(json.dumps(told) + "\n")
        sys.stderr.flush()
