"""What people do with calls: each deed is judged by the row of the call, then done where it is.

Calls of a trunk are at the edge, and their events come back through its journal. Calls that came
by another way (a PBX of the city, a form, a panic button) have no edge: their events are written
here, by the same rules.

What is done to a call of a trunk needs the edge alone: while PostgreSQL is away callers are
answered all the same (decision 84).
"""

import asyncio
import contextlib
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.calls import desk_store, store
from warroom.calls.contracts import LISTEN, SUPERVISE, TAKE, VIEW
from warroom.calls.edge.client import EdgeClient
from warroom.calls.errors import (
    CallStateError,
    EdgeAwayError,
    NoCallError,
    NoDeskError,
    NoRecordingError,
    RecordingChangedError,
    WayError,
)
from warroom.calls.home import Home
from warroom.calls.rules import TALKING, WAITING, CallClass, CallState, advance
from warroom.calls.sealed_recordings import hash_of, read_recording
from warroom.calls.telling import tell
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope
from warroom.kernel.sealed_files import FileSealer, size_of

type Row = dict[str, Any]

PHONE = "phone"
_log = logger("calls.desk")
_OF_SERVE = frozenset({"session", "label", "agency"})
_BY_HAND = frozenset({"answer", "close"})


@dataclass(frozen=True, slots=True)
class CallDesk:
    """The desk of one node.

    Attributes:
        client: To the edge.
        home: Whose calls the edge takes.
        folder: Where the edge keeps its recordings.
        node: Name of this node.
        sealer: Reads them.
    """

    db: Database
    client: EdgeClient
    home: Home
    folder: Path
    node: str
    sealer: FileSealer

    async def require_seat(self, scope: Scope, action: str = TAKE) -> str:
        """The asker's name at the edge, where they may do this to the calls that it takes.

        Raises:
            NoDeskError: No agency is set.
            NotFoundError: The calls are not for them.
        """
        if scope.person_id is None:
            raise NotFoundError
        agency_id = await self.home.agency_id()
        if agency_id is None:
            raise NoDeskError
        if not scope.allows(action, agency_id=agency_id):
            raise NotFoundError
        return str(scope.person_id)

    async def get(self, scope: Scope, call_id: UUID, action: str = TAKE) -> Row:
        """The row of a call to which the asker may do this.

        Raises:
            NoCallError: There is none.
        """
        async with self.db.transaction(scope) as tx:
            found = await desk_store.find_call(scope, tx, call_id, action)
        if found is None:
            raise NoCallError
        return found

    async def do(self, scope: Scope, call_id: UUID, op: str, now: datetime, **words: Any) -> Any:
        """One deed to a call, in the asker's name.

        Raises:
            NoCallError: There is none, or not for them.
            WayError: A call that came by this way cannot be dealt with so.
            EdgeAwayError: It is at the edge, which is away.
            WarRoomError: What the edge refused with.
        """
        try:
            return await self._at_edge(scope, call_id, op, **words)
        except (NoCallError, EdgeAwayError) as error:
            row = await self.get(scope, call_id)
            if row["channel"] == PHONE:
                raise
            if op not in _BY_HAND:
                raise WayError(channel=row["channel"]) from error
        return await self._by_hand(scope, call_id, op, words.get("call_class"), now)

    async def _at_edge(self, scope: Scope, call_id: UUID, op: str, **words: Any) -> Any:
        """One deed to a call that is at the edge.

        Raises:
            NoCallError: It is not there, or not for them.
            EdgeAwayError: The edge is away.
        """
        home = await self.home.agency_id()
        if home is None or not scope.allows(TAKE, agency_id=home, object_id=call_id):
            raise NoCallError
        agent = str(scope.person_id)
        return await self.client.ask(op, call=str(call_id), agent=agent, **words)

    async def _by_hand(
        self, scope: Scope, call_id: UUID, op: str, call_class: CallClass | None, now: datetime
    ) -> None:
        async with self.db.transaction(scope) as tx:
            row = await desk_store.find_call(scope, tx, call_id, TAKE, lock=True)
            if row is None:
                raise NoCallError
            state = CallState(row["state"])
            if op == "answer":
                if state not in WAITING:
                    raise CallStateError(state=state.value, kind="answered")
                await log(scope, tx, row, "answered", now)
                return
            if state in WAITING:
                row = await log(scope, tx, row, "answered", now)
            if CallState(row["state"]) in TALKING:
                row = await log(scope, tx, row, "ended", now)
            await log(scope, tx, row, "closed", now, {"call_class": call_class})

    async def queue(self, scope: Scope) -> dict[str, Any]:
        """The calls in view that are not closed, with what the edge says of them and of the asker.

        Without an edge the calls are there nevertheless, and without a database those that the
        edge has, or had within a day; `problem` says what is missing.

        Raises:
            DatabaseAwayError: The edge is away as well.
        """
        live, problem = await self._snapshot()
        try:
            calls = msgspec.json.decode(await self.db.soon(self._stored_queue(scope)))
        except DatabaseAwayError as error:
            if problem:
                raise
            calls, problem = await self._unstored_queue(scope), error.code
        at_edge = {call["id"]: call for call in live["calls"]}
        for call in calls:
            call["live"] = at_edge.get(call["id"])
        own = str(scope.person_id)
        me = next((_shown(one) for one in live["agents"] if one["id"] == own), None)
        return {"items": calls, "me": me, "problem": problem}

    async def _stored_queue(self, scope: Scope) -> bytes:
        async with self.db.transaction(scope) as tx:
            return await desk_store.list_queue(scope, tx)

    async def _unstored_queue(self, scope: Scope) -> list[Row]:
        home = await self.home.agency_id()
        if home is None:
            return []
        return [
            {**row, "agency_id": str(home)}
            for row in await self.client.ask("unclosed")
            if scope.allows(VIEW, agency_id=home, object_id=UUID(row["id"]))
        ]

    async def _snapshot(self) -> tuple[dict[str, Any], str]:
        try:
            return await self.client.ask("snapshot"), ""
        except EdgeAwayError as error:
            return {"calls": [], "agents": [], "loose": {}, "trunks": []}, error.code

    async def board(self, scope: Scope, since: datetime) -> dict[str, Any]:
        """The room: its agents, its lines out, and how calls were answered since then.

        `level` is None while the database is away: unknown, not nought.
        """
        agents, trunks, problem = [], [], ""
        try:
            await self.require_seat(scope, SUPERVISE)
            live, problem = await self._snapshot()
            agents, trunks = live["agents"], live["trunks"]
        except (NotFoundError, NoDeskError) as error:
            problem = error.code
        level = None
        try:
            level = msgspec.json.decode(await self.db.soon(self._level(scope, since)))
        except DatabaseAwayError as error:
            problem = problem or error.code
        named = await self._named(scope, agents)
        return {"agents": named, "trunks": trunks, "level": level, "problem": problem}

    async def _level(self, scope: Scope, since: datetime) -> bytes:
        async with self.db.transaction(scope) as tx:
            return await desk_store.service_level(scope, tx, since)

    async def _named(self, scope: Scope, agents: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The agents with the names of those whom the asker may know."""
        try:
            names = await self.db.soon(self._names_of(scope, agents))
        except DatabaseAwayError:
            # Colleagues, as row-level security has it; of an edge that came before ours none.
            own = str(scope.agency_id)
            names = {one["id"]: one["label"] for one in agents if one.get("agency", "") == own}
        return [{**_shown(one), "name": names.get(one["id"])} for one in agents]

    async def others(self, scope: Scope) -> list[dict[str, Any]]:
        """Agents to whom a call can be handed: those who are there and free."""
        me = await self.require_seat(scope)
        live = await self.client.ask("snapshot")
        free = [
            one for one in live["agents"]
            if one["is_there"] and not one["call"] and not one["is_paused"] and one["id"] != me
        ]  # fmt: skip
        named = await self._named(scope, free)
        return [{"id": one["id"], "name": one["name"]} for one in named]

    async def _names_of(self, scope: Scope, agents: list[dict[str, Any]]) -> dict[str, str]:
        async with self.db.transaction(scope) as tx:
            return await desk_store.names_of(scope, tx, _ids(agents))

    async def watch(self, scope: Scope, call_id: UUID, way: str) -> None:
        """Listens in on a call; it is in the audit before anything is heard.

        Raises:
            NoCallError: There is none, or not for them.
            WarRoomError: What the edge refused with.
        """
        row = await self.get(scope, call_id, LISTEN)
        await self._look(scope, row, "call:watch", {"way": way or "leave"})
        await self.client.ask("watch", call=str(call_id), agent=str(scope.person_id), way=way)

    async def replay(self, scope: Scope, call_id: UUID, seconds: float) -> bytes:
        """The last seconds of a call that lasts, as a WAV: for whose call it is, or who may listen.

        Raises:
            NoCallError: There is none, or not for them.
            EdgeAwayError: The edge is away.
        """
        live, _ = await self._snapshot()
        own = [one["id"] for one in live["calls"] if one["agent"] == str(scope.person_id)]
        if str(call_id) not in own:
            row = await self.get(scope, call_id)
            if row["agent_id"] != scope.person_id:
                row = await self.get(scope, call_id, LISTEN)
                await self._look(scope, row, "call:replay")
        return b64decode(await self.client.ask("replay", call=str(call_id), seconds=seconds))

    async def recording(self, scope: Scope, call_id: UUID) -> tuple[Iterator[bytes], int]:
        """The recording of a call that is over, in pieces, and its bytes; the look is in the audit.

        Raises:
            NoCallError: There is none, or not for them.
            NoRecordingError: It has none, or not here.
            RecordingChangedError: It is not what was hashed when the call ended.
        """
        row = await self.get(scope, call_id, LISTEN)
        if not row["recording_path"]:
            raise NoRecordingError(node="-")
        path = self.folder / str(row["recording_path"])
        if row["node"] != self.node or not path.is_file():
            raise NoRecordingError(node=row["node"])
        if (
            row["recording_sha256"]
            and await asyncio.to_thread(hash_of, path, self.sealer) != row["recording_sha256"]
        ):
            _log.error("calls.recording_changed", call=str(call_id))
            raise RecordingChangedError
        await self._look(scope, row, LISTEN)
        return read_recording(path, self.sealer), size_of(path)

    async def _look(
        self, scope: Scope, row: Row, deed: str, detail: dict[str, Any] | None = None
    ) -> None:
        async with self.db.transaction(scope) as tx:
            await audit.record(
                scope,
                tx,
                action=deed,
                object_kind="call",
                object_id=row["id"],
                object_label=None,
                agency_id=row["agency_id"],
                detail=detail,
            )


def _shown(agent: dict[str, Any]) -> dict[str, Any]:
    """An agent as pages see one: not by which session they sit there."""
    return {word: told for word, told in agent.items() if word not in _OF_SERVE}


def _ids(agents: Iterable[dict[str, Any]]) -> list[UUID]:
    found = []
    for agent in agents:
        with contextlib.suppress(ValueError):  # somebody of a test or a bench, who has no row
            found.append(UUID(agent["id"]))
    return found


async def log(
    scope: Scope,
    tx: Transaction,
    row: Row,
    kind: str,
    now: datetime,
    body: dict[str, Any] | None = None,
) -> Row:
    """Writes an event of a call that no edge has, and what it changes; the row after it.

    Raises:
        CallStateError: The event cannot come in this state.
    """
    state = advance(CallState(row["state"]), kind)
    values = {
        "journal": desk_store.JOURNAL,
        "seq": await desk_store.next_seq(scope, tx),
        "id": row["id"],
        "kind": kind,
        "at": now,
        "actor_id": scope.person_id,
        "source": "operator" if scope.person_id else "auto",
        "body": msgspec.json.encode(body or {}).decode(),
    }
    await store.add_event(scope, tx, values)
    has_it = await store.change_call(scope, tx, kind, {**values, "state": state.value})
    people = (has_it, scope.person_id)
    await tell(tx, row["id"], row["agency_id"], kind, state.value, people, now)
    return {**row, "state": state.value, "agent_id": has_it}
