"""From the edge's journal into PostgreSQL: each event once, in order, whatever was away meanwhile.

The edge does not wait for this, and this does not lose anything: what is stored is noted in the
transaction that stores it, and only then told to the edge, which keeps the rest.
"""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

import msgspec
from psycopg import DataError, IntegrityError

from warroom.calls import desk_store, store
from warroom.calls.edge.client import EdgeClient, Following
from warroom.calls.edge.journal import Event
from warroom.calls.errors import CallStateError, EdgeAwayError, NoCallError
from warroom.calls.home import Home
from warroom.calls.nuisance import back_s, judge
from warroom.calls.rules import CallState, advance
from warroom.calls.seats import judge_seats
from warroom.calls.telling import tell
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.log import logger
from warroom.kernel.loops import keep_on
from warroom.kernel.scope import Scope

PAUSES_S = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
TOGETHER_S = 0.02
BATCH_MOST = 200
SEATS_S = 15.0
"""So often it is looked whether who sits at the edge still may."""

_log = logger("calls.forwarding")


class Forwarder:
    """Follows the edge of this node as long as the process runs.

    Args:
        db: Where to.
        clock: For when it was stored.
        standing: The rights of the process.
        client: To the edge.
        home: Whose calls these are.
        node: Name of this node.
        zone: Of the city, for the hour of a call.

    Attributes:
        problem: Why nothing is stored now; empty while it is.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        standing: Scope,
        client: EdgeClient,
        home: Home,
        node: str,
        zone: tzinfo = UTC,
    ) -> None:
        self._db, self._clock, self._standing = db, clock, standing
        self._client, self._home, self._node = client, home, node
        self._zone = zone
        self._back: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.problem = "starting"

    async def __aenter__(self) -> "Forwarder":
        """Begins to follow."""
        seats = keep_on("calls.seats", self._watch_seats)
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(seats)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self) -> None:
        tries = 0
        while True:
            before = self.problem
            try:
                await self._follow()
            except EdgeAwayError:
                self.problem = "edge"
            except DatabaseAwayError:
                self.problem = "database"
            except Exception as error:  # noqa: BLE001 - a background loop: say why, and go on
                self.problem = type(error).__name__
                _log.exception("calls.forwarding_failed")
            tries = 0 if not before else tries + 1
            if before != self.problem:
                _log.warning("calls.not_stored", problem=self.problem)
            await asyncio.sleep(PAUSES_S[min(tries, len(PAUSES_S) - 1)])

    async def _follow(self) -> None:
        agency_id = await self._home.agency_id()
        if agency_id is None:
            # What comes until one is set stays in the journal.
            self.problem = "agency"
            return
        journal = UUID((await self._client.ask("health"))["journal"])
        async with self._db.transaction(self._standing) as tx:
            after = await store.stored_seq(self._standing, tx, journal)
        await self._judge_seats(agency_id)
        async with self._client.follow(after) as following:
            while True:
                self.problem = ""
                events = await _together(following)
                await self._store(journal, agency_id, events)
                await self._defer()
                with contextlib.suppress(EdgeAwayError):  # told again with the next batch
                    await self._client.ask("stored", seq=events[-1].seq)

    async def recheck(self) -> None:
        """Somebody's rights were changed: who sits at the edge is judged again."""
        with contextlib.suppress(EdgeAwayError):  # it is judged when it is back
            agency_id = await self._home.agency_id()
            if agency_id is not None:
                await self._judge_seats(agency_id)

    async def _watch_seats(self) -> None:
        """What was lent until an hour ends by itself: no change of rights tells of it."""
        while True:
            await asyncio.sleep(SEATS_S)
            with contextlib.suppress(DatabaseAwayError):
                await self.recheck()

    async def _judge_seats(self, agency_id: UUID) -> None:
        standing = replace(self._standing, at=self._clock.now())
        await judge_seats(self._db, standing, self._client, agency_id)

    async def _defer(self) -> None:
        """Tells the edge which calls come a little later; one that it does not know is over."""
        for call, seconds in list(self._back.items()):
            del self._back[call]
            with contextlib.suppress(EdgeAwayError, NoCallError):
                await self._client.ask("defer", call=call, seconds=seconds)

    async def _store(self, journal: UUID, agency_id: UUID, events: list[Event]) -> None:
        """Stores events; one that the database refuses keeps none of those behind it."""
        try:
            await self._store_together(journal, agency_id, events)
        except (DataError, IntegrityError):
            for event in events:
                await self._store_alone(journal, agency_id, event)

    async def _store_alone(self, journal: UUID, agency_id: UUID, event: Event) -> None:
        """Stores one event; that it happened at least, where what was told with it is refused."""
        try:
            await self._store_together(journal, agency_id, [event])
        except (DataError, IntegrityError) as error:
            problem = type(error).__name__
            _log.error("calls.event_refused", call=event.call, kind=event.kind, problem=problem)
            bare = msgspec.structs.replace(event, body={})
            await self._store_together(journal, agency_id, [bare])

    async def _store_together(self, journal: UUID, agency_id: UUID, events: list[Event]) -> None:
        now = self._clock.now()
        async with self._db.transaction(self._standing) as tx:
            await store.set_stored_seq(self._standing, tx, journal, self._node, events[-1].seq, now)
            for event in events:
                await self._take(tx, journal, agency_id, event)

    async def _take(self, tx: Transaction, journal: UUID, agency_id: UUID, event: Event) -> None:
        values = _values(journal, agency_id, self._node, event)
        scope = self._standing
        if event.kind == "offered":
            await store.begin_call(scope, tx, values)
        if not await store.add_event(scope, tx, values):
            return
        if event.kind == "location":
            await store.add_location(scope, tx, values)
        state = await store.state_of_call(scope, tx, values["id"])
        try:
            state = advance(CallState(state), event.kind).value
        except CallStateError:
            _log.error("calls.event_out_of_order", call=event.call, kind=event.kind, state=state)
        has_it = await store.change_call(scope, tx, event.kind, {**values, "state": state})
        if event.kind == "offered" and values["direction"] == "in":
            await self._judge(tx, values)
        people = (has_it, values["actor_id"], _person(event.body.get("agent", "")))
        now = self._clock.now()
        await tell(tx, values["id"], agency_id, event.kind, state, people, now)

    async def _judge(self, tx: Transaction, values: dict[str, Any]) -> None:
        hour = values["at"].astimezone(self._zone).hour
        past = await desk_store.past_of(self._standing, tx, values["id"], hour)
        judged = judge(past)
        await desk_store.set_nuisance(self._standing, tx, values["id"], judged)
        if judged.is_flagged:
            self._back[str(values["id"])] = back_s(judged.score, is_meant=False)


async def _together(following: Following) -> list[Event]:
    """The next event, and those that come right behind it."""
    events = [await following.next()]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TOGETHER_S):
            while len(events) < BATCH_MOST:
                events.append(await following.next())
    return events


def _values(journal: UUID, agency_id: UUID, node: str, event: Event) -> dict[str, Any]:
    body = event.body
    return {
        "journal": journal,
        "seq": event.seq,
        "id": UUID(event.call),
        "agency_id": agency_id,
        "node": node,
        "kind": event.kind,
        "at": datetime.fromtimestamp(event.at_ms / 1000, UTC),
        "actor_id": _person(event.actor),
        "source": event.source,
        "body": msgspec.json.encode(body).decode(),
        "line": body.get("line", ""),
        "direction": body.get("direction", "in"),
        "number": body.get("number", ""),
        "is_emergency": bool(body.get("is_emergency")),
        "callback_of": _person(body.get("callback_of", "")),
        "of": body.get("of", ""),
        "lat": body.get("latitude"),
        "lon": body.get("longitude"),
        "radius_m": body.get("radius_m"),
        "confidence": body.get("confidence"),
        "method": body.get("method", ""),
        "reference": body.get("reference", ""),
    }


def _person(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
