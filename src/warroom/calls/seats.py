"""Who sits at the edge, judged again when rights change: an open line asks nobody by itself."""

from uuid import UUID

from warroom.calls.contracts import LISTEN, TAKE
from warroom.calls.edge.client import EdgeClient
from warroom.identity.api import list_ended_sessions, scope_of_person
from warroom.kernel.db import Database
from warroom.kernel.errors import NotFoundError
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope

_log = logger("calls.seats")


async def judge_seats(db: Database, standing: Scope, client: EdgeClient, agency_id: UUID) -> None:
    """Takes the line from who may take calls no more, and the ear from who may not listen.

    The line is taken as well where somebody ended the session by which it was opened. A call that
    somebody has then rings at the next agent, before all others.

    Raises:
        EdgeAwayError: The edge is away.
        DatabaseAwayError: The database does not answer.
    """
    live = await client.ask("snapshot")
    watching = [
        (name, call["id"]) for call in live["calls"] for name in call["watchers"]
    ]  # fmt: skip
    names = {agent["id"] for agent in live["agents"]} | {name for name, _ in watching}
    scopes = {name: await _scope_of(db, standing, name) for name in names}
    ended = await _ended(db, standing, [agent.get("session", "") for agent in live["agents"]])

    def may(name: str, action: str) -> bool:
        scope = scopes[name]
        return scope is not None and scope.allows(action, agency_id=agency_id)

    for name, call in watching:
        if not may(name, LISTEN):
            _log.warning("calls.ear_taken_back", agent=name, call=call)
            await client.ask("watch", call=call, agent=name, way="")
    for agent in live["agents"]:
        if not may(agent["id"], TAKE) or agent.get("session", "") in ended:
            _log.warning("calls.seat_taken_back", agent=agent["id"], call=agent["call"])
            await client.ask("sign_out", agent=agent["id"])


async def _ended(db: Database, standing: Scope, sessions: list[str]) -> set[str]:
    """Those of the sessions that somebody ended; an edge that came before ours says none."""
    known = [UUID(one) for one in sessions if one]
    if not known:
        return set()
    async with db.transaction(standing) as tx:
        return {str(one) for one in await list_ended_sessions(standing, tx, known)}


async def _scope_of(db: Database, standing: Scope, name: str) -> Scope | None:
    try:
        person = UUID(name)
        async with db.transaction(standing) as tx:
            return await scope_of_person(standing, tx, str(person))
    except (ValueError, NotFoundError):
        return None
