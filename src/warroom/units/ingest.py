"""Positions in: each is answered when it is stored, and many are stored together.

Fixes wait at most `batch_ms`; then all that wait are judged, matched and stored in one
transaction, and every device hears that its own were taken. What could not be stored is answered
as such: receivers keep it and send it again, so nothing is lost while the database is away.
"""

import asyncio
import contextlib
import hmac
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from prometheus_client import Counter as Metric

from warroom.kernel import outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.errors import UnauthenticatedError, UnavailableError
from warroom.kernel.log import logger
from warroom.kernel.loops import keep_on
from warroom.kernel.metrics import REGISTRY
from warroom.kernel.outbox import Event
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Scope, Sides
from warroom.roads.api import Roads
from warroom.units import store, track_store
from warroom.units.board import STORED, Board, Placed, Seen, Told
from warroom.units.contracts import CHANGED, FENCE, POSITION, Device, Fix, Unit, Verdict
from warroom.units.errors import NotTakenError, TooOftenError
from warroom.units.fences import FenceIndex
from warroom.units.matching import Matcher, RoadIndex
from warroom.units.rules import Limits
from warroom.units.settings import UnitSettings

POSITIONS = Metric(
    "warroom_unit_positions_total",
    "Positions of units, by what became of them.",
    ["verdict"],
    registry=REGISTRY,
)
CHANNEL = "warroom_units"
_FEED_S = 1.0
_TELL_S = 60.0
_LOOK_AGAIN_S, _KEPT_S = 1.0, 30.0
"""How soon an unknown device is looked for again; how long a known one is believed unasked."""
_DAY_S = 86_400
_DAYS_MOST = 400


class Tracker:
    """Takes positions in, and tells listeners where units are; runs as long as the process.

    Args:
        db: Where they are stored.
        clock: For what is from the future, and what is too old.
        standing: A scope that may locate every unit.
        settings: Bounds.
        roads: The road graph, which may be absent.

    Attributes:
        followers: Called with those that drove, once they are stored.
    """

    def __init__(
        self, db: Database, clock: Clock, standing: Scope, settings: UnitSettings, roads: Roads
    ) -> None:
        self._db, self._clock, self._standing = db, clock, standing
        self._settings, self._roads = settings, roads
        self._devices: dict[str, Device] = {}
        self._devices_at = -1e9
        self._changes = 0
        self._full_at: dict[str, float] = {}
        self._board: Board | None = None
        self._snapper: Any = None
        self._days: set[date] = set()
        self._waiting: list[tuple[Told, asyncio.Future[Verdict]]] = []
        self._wake = asyncio.Event()
        self._hub: Hub | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._counts: Counter[Verdict] = Counter()
        self.followers: list[Callable[[Seen], None]] = []

    async def __aenter__(self) -> "Tracker":
        """Begins to store, and to tell."""
        self._tasks = [
            asyncio.create_task(keep_on("units.ingest", self._run)),
            asyncio.create_task(keep_on("units.ingest", self._feed)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stores what still waits, then stops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.flush()

    def meet(self, hub: Hub) -> None:
        """Is told of the hub whose sockets hear of positions."""
        self._hub = hub

    def subscribe(self) -> list[tuple[str, Callable[[Event], Awaitable[None]]]]:
        """What this must hear of: a unit, a key or a fence that changed."""
        return [(CHANGED, self._forget)]

    async def _forget(self, _: Event) -> None:
        # What is being read now may be from before the change.
        self._changes += 1
        self._devices_at = -1e9
        # Fences are read again; what units are known by comes back from the database with them.
        self._board = None

    @property
    def scope(self) -> Scope:
        """The rights of the process, at this instant."""
        return replace(self._standing, at=self._clock.now())

    async def take(self, device: str, key: str, fixes: Sequence[Fix]) -> list[Verdict]:
        """Takes fixes that a device shows its key for; returns when they are stored.

        Raises:
            UnauthenticatedError: No such device, or not its key.
            TooOftenError: It sends more than one vehicle can have.
            NotTakenError: They could not be stored now.
        """
        unit = await self.unit_of(device, key)
        self._count_rate(device, len(fixes))
        return await self.put([Told(unit, fix) for fix in fixes])

    async def take_judged(self, device: str, fixes: Sequence[Fix]) -> list[Verdict]:
        """Takes fixes of a device whose sender was judged elsewhere, as by a broker.

        Raises:
            UnauthenticatedError: No such device.
            TooOftenError: It sends more than one vehicle can have.
            NotTakenError: They could not be stored now.
        """
        found = await self.device_of(device)
        if found is None:
            raise UnauthenticatedError
        self._count_rate(device, len(fixes))
        return await self.put([Told(found.unit, fix) for fix in fixes])

    async def unit_of(self, device: str, key: str) -> Unit:
        """The unit whose device shows this key.

        Raises:
            UnauthenticatedError: No such device, or not its key.
        """
        found = await self.device_of(device)
        shown = sha256(key.encode()).digest()
        expected = found.key_hash if found is not None else None
        # The same work for a device that there is none of.
        if not hmac.compare_digest(expected or bytes(32), shown) or found is None:
            raise UnauthenticatedError
        return found.unit

    async def device_of(self, device: str) -> Device | None:
        """A device by its id alone: for doors that have judged the sender themselves."""
        now = time.monotonic()
        if self._devices_at < 0 or (
            now - self._devices_at > (_KEPT_S if device in self._devices else _LOOK_AGAIN_S)
        ):
            changes = self._changes
            async with self._db.transaction(self.scope) as tx:
                self._devices = await store.list_devices(self.scope, tx)
            if changes == self._changes:
                self._devices_at = now
        return self._devices.get(device)

    def _count_rate(self, device: str, count: int) -> None:
        """The generic cell rate algorithm, as of tokens (ITU-T I.371, annex A).

        Raises:
            TooOftenError: Its bucket is empty; nothing is counted.
        """
        now, pace_s = time.monotonic(), 1.0 / self._settings.device_per_s
        full_at = max(self._full_at.get(device, now), now) + pace_s * count
        wait_s = full_at - now - self._settings.device_burst * pace_s
        if wait_s > 0:
            raise TooOftenError(wait_s=round(wait_s, 1))
        self._full_at[device] = full_at

    async def put(self, batch: Sequence[Told]) -> list[Verdict]:
        """Stores fixes of known units; returns when they are stored.

        Raises:
            NotTakenError: They could not be stored now, or too many wait already.
        """
        if len(self._waiting) + len(batch) > self._settings.waiting_most:
            raise NotTakenError
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Verdict]] = [loop.create_future() for _ in batch]
        self._waiting += zip(batch, futures, strict=True)
        self._wake.set()
        return list(await asyncio.gather(*futures))

    async def _run(self) -> None:
        told_at = time.monotonic()
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._settings.batch_ms / 1000)
            self._wake.clear()
            await self.flush()
            if time.monotonic() - told_at > _TELL_S:
                told_at = time.monotonic()
                self._tell_counts()

    def _tell_counts(self) -> None:
        refused = {str(v): n for v, n in self._counts.items() if v not in STORED}
        self._counts.clear()
        if refused:
            logger("units.ingest").warning("positions_not_stored", **refused)

    async def flush(self) -> None:
        """Stores everything that waits now, in one transaction."""
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            verdicts = await self._store([told for told, _ in batch])
        except Exception as error:  # noqa: BLE001 - those who wait must hear of any failure
            self._board = None
            code = type(error).__name__
            logger("units.ingest").error("positions_not_taken", count=len(batch), code=code)
            for _, future in batch:
                if not future.done():
                    future.set_exception(NotTakenError())
            return
        self._counts.update(verdicts)
        for verdict, count in Counter(verdicts).items():
            POSITIONS.labels(verdict.value).inc(count)
        for (_, future), verdict in zip(batch, verdicts, strict=True):
            # Whoever went away meanwhile hears nothing; what they sent is stored all the same.
            if not future.done():
                future.set_result(verdict)

    async def _store(self, batch: list[Told]) -> list[Verdict]:
        scope, changes = self.scope, self._changes
        async with self._db.transaction(scope) as tx:
            board = self._board
            if board is None:
                last = await store.list_last_known(scope, tx)
                fences = await store.list_fences(scope, tx)
                matcher = await asyncio.to_thread(self._matcher, None)
                board = Board(last, FenceIndex(fences), matcher)
            placed = await asyncio.to_thread(self._place, board, batch)
            days = await self._prepare_days(scope, tx, placed)
            await track_store.save_tracks(scope, tx, placed.track)
            await track_store.save_positions(scope, tx, placed.now, scope.at)
            await track_store.save_crossings(scope, tx, placed.crossings)
            await _tell_crossings(tx, placed, {told.unit.id: told.unit for told in batch}, scope.at)
            await tx.execute("select pg_notify(%s, %s)", (CHANNEL, scope.at.isoformat()))
        self._board = board if changes == self._changes else None
        self._days = (self._days | days) if len(self._days) < _DAYS_MOST else days
        if placed.seen is not None and len(placed.seen.edge):
            self._hand_on(placed.seen)
        return placed.verdicts

    def _hand_on(self, seen: Seen) -> None:
        for follower in self.followers:
            try:
                follower(seen)
            except Exception as error:  # noqa: BLE001 - what is stored is stored, whoever fails
                logger("units.ingest").error("follower_failed", code=type(error).__name__)

    def _place(self, board: Board, batch: list[Told]) -> Placed:
        matcher = self._matcher(board.matcher)
        if matcher is not board.matcher:
            board.use(matcher)
        now = self._clock.now()
        limits = Limits(
            now.timestamp(),
            self._settings.future_s,
            (now - timedelta(days=self._settings.track_days)).timestamp(),
            self._settings.max_kmh,
        )
        return board.place(batch, limits)

    def _matcher(self, held: Matcher | None) -> Matcher | None:
        """The matcher of the graph of now; another one after the city pack was replaced."""
        try:
            snapper = self._roads.snapper
        except UnavailableError:
            self._snapper = None
            return None
        if held is not None and snapper is self._snapper:
            return held
        self._snapper = snapper
        return Matcher(RoadIndex(snapper.graph)) if snapper.graph.edges else None

    async def _prepare_days(self, scope: Scope, tx: Transaction, placed: Placed) -> set[date]:
        """Partitions for the days of these fixes; the days are made when this is committed."""
        numbers = {int(at // _DAY_S) for at in placed.track.at_s}
        days = {datetime.fromtimestamp(number * _DAY_S, UTC).date() for number in numbers}
        for day in sorted(days - self._days):
            await track_store.prepare_day(scope, tx, day)
        return days

    async def _feed(self) -> None:
        """Tells this process's sockets which units were heard of, once a second.

        A batch is of the instant at which it was begun, and may be committed long after it where
        the database is slow: each notification tells that instant, and what was heard of since
        the earliest is read.
        """
        since = self._clock.now()
        told: dict[UUID, datetime] = {}
        async for begun in self._db.listen(CHANNEL):
            hub = self._hub
            if hub is None or not hub.has_listeners(POSITION):
                since, told = self._clock.now(), {}
                continue
            since = min([since, *(datetime.fromisoformat(at) for at in begun)])
            now = self._clock.now()
            with contextlib.suppress(DatabaseAwayError):
                async with self._db.transaction(self.scope) as tx:
                    # Whoever tells no instant is caught up with as well, if it was not long.
                    from_ = since - timedelta(seconds=2)
                    moved = await track_store.list_moved(self.scope, tx, from_)
                since = now
                fresh = [one for one in moved if told.get(one.unit_id) != one.at]
                told |= {one.unit_id: one.at for one in moved}
                hub.tell(POSITION, [_heard(one) for one in fresh])
            await asyncio.sleep(_FEED_S)


def _heard(moved: track_store.Moved) -> tuple[Sides, bytes]:
    sides: Sides = {
        "agency_id": moved.agency_id,
        "place": moved.place,
        "object_id": moved.unit_id,
        "tags": moved.tags,
        "class_": moved.kind,
    }
    return sides, moved.body


async def _tell_crossings(
    tx: Transaction, placed: Placed, units: dict[UUID, Unit], now: datetime
) -> None:
    events = [
        (
            {"unit": one.unit_id, "at": one.at, "what": one.what, "area": one.area},
            *outbox.thing_of(units[one.unit_id].sides),
        )
        for one in placed.crossings
    ]
    await outbox.publish_many(tx, FENCE, events, now=now)
