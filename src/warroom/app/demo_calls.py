"""The callers of the demo, over SIP, and the simulated people who answer them.

They ring once everything else runs. A call that nobody at the desk takes is taken by a simulated
call taker, and an incident that nobody sends units to is sent to by a simulated dispatcher, through
the same addresses as the pages. Without them who is not answered gives up, and stands in the list
of those to be called back.
"""

import asyncio
import contextlib
from pathlib import Path

from warroom.app.demo_traffic import read_keys, write_keys
from warroom.app.node import Node
from warroom.app.supervisor import Process, Supervisor
from warroom.calls.settings import CallSettings
from warroom.kernel.log import logger

_CALM_S = 30.0
"""Behind the traffic, which begins to drive before."""

_AT_ONCE = 8
_TAKERS = 2
_TOKEN_DAYS = 365


async def run(
    node: Node, per_day: int, after: asyncio.Task[None], *, port: int = 0, staffed: bool = False
) -> None:
    """Lets callers ring from when `after` is done until it is cancelled.

    Args:
        node: Whose edge they call.
        per_day: How many in a day, by its hours; 0 is none.
        after: What comes first.
        port: Of the web page.
        staffed: Whether simulated people answer what no person does.
    """
    await asyncio.wait([after])
    if not per_day:
        return
    await asyncio.sleep(_CALM_S)
    settings = node.configuration.section(CallSettings)
    words = [
        "simcity", "calls", "--city", str(node.settings.city), "--per-day", str(per_day),
        "--edge", f"{settings.host}:{settings.port}", "--at-once", str(_AT_ONCE),
    ]  # fmt: skip
    if staffed:
        keys = node.settings.data / "keys" / "desk.json"
        try:
            await seed_desk(node, keys)
        except Exception as error:  # noqa: BLE001 - callers ring nevertheless
            logger("app.demo").error("no_desk", code=type(error).__name__, exc_info=error)
        else:
            words += ["--door", f"http://127.0.0.1:{port}", "--desk", str(keys)]
    process = Process("simcity-calls", tuple(words))
    callers = Supervisor([process], node.settings.data / "log", node.clock)
    running = asyncio.create_task(callers.run())
    try:
        await asyncio.shield(running)
    finally:
        callers.stop()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def seed_desk(node: Node, keys: Path) -> None:
    """Makes the simulated people of the desk and writes down a token of each; known ones stay."""
    if await asyncio.to_thread(read_keys, keys):
        return
    from warroom.calls import contracts as calls  # noqa: PLC0415 - decision 51
    from warroom.dispatch import contracts as dispatch  # noqa: PLC0415 - decision 51
    from warroom.identity import api as identity  # noqa: PLC0415 - decision 51
    from warroom.incidents import contracts as incidents  # noqa: PLC0415 - decision 51
    from warroom.kernel.db import Database  # noqa: PLC0415 - decision 51
    from warroom.places import contracts as places  # noqa: PLC0415 - decision 51
    from warroom.units import contracts as units  # noqa: PLC0415 - decision 51

    takes = (calls.VIEW, calls.TAKE, incidents.VIEW, incidents.TAKE, incidents.WORK, places.VIEW)
    sends = (incidents.VIEW, incidents.WORK, dispatch.VIEW, dispatch.SEND, units.VIEW)
    db = Database(node.connections.app)
    await db.open()
    scope = identity.system_scope("demo", node.clock, door="cli")
    wanted = [
        *((f"simulasi.penerima.{n}", f"Penerima simulasi {n}", "penerima_112", takes)
          for n in range(1, _TAKERS + 1)),
        ("simulasi.pengendali", "Pengendali simulasi", "pengendali_112", sends),
    ]  # fmt: skip
    try:
        async with db.transaction(scope) as tx:
            agency_id = await identity.require_agency_id(scope, tx, "Diskominfo")
            tokens = []
            for login, name, role, actions in wanted:
                person = identity.NewPerson(
                    login, name, agency_id, "Orang simulasi", roles={role: "city"}
                )
                await identity.ensure_people(scope, tx, [person])
                terms = identity.TokenTerms("demo", _TOKEN_DAYS, actions)
                made = await identity.create_token(scope, tx, login=login, terms=terms)
                tokens.append(made.token)
    finally:
        await db.close()
    # After the commit: where this fails, others are made the next time.
    written = {"takers": tokens[:-1], "dispatcher": tokens[-1]}
    await asyncio.to_thread(write_keys, keys, written)
