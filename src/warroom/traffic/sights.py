"""Counts of cameras come in here: which edges each counts on, and what becomes of a count.

What people set is kept; of every other camera the edges follow from where it stands and looks, and
from the map. The table is made when it is first asked for, and again when cameras, settings or the
map change.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec
import numpy as np

from warroom.cameras import api as cameras
from warroom.cameras.contracts import CHANGED as CAMERAS_CHANGED
from warroom.cameras.contracts import VIEW as CAMERA_VIEW
from warroom.cameras.contracts import Camera, Sited
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.outbox import Event
from warroom.kernel.scope import Scope
from warroom.roads.api import RoadGraph, Snapper
from warroom.traffic import sight_store
from warroom.traffic.contracts import COUNT, NOBODY, SIGHTS, Counts, Observations, Source
from warroom.traffic.errors import BadCountsError
from warroom.traffic.looking import SIDES, Look, Side, look
from warroom.traffic.runner import Traffic

MOST_ROWS = 5000
MOST_VEHICLES = 10_000
_RANGE_M = 80.0
"""Of a camera whose range is not known."""


class _Row(msgspec.Struct):
    camera: int | str
    side: Side
    motorcycles: int = 0
    light: int = 0
    heavy: int = 0
    kmh: float | None = None


class _Told(msgspec.Struct):
    at_s: float
    seconds: float
    items: list[_Row]


@dataclass(frozen=True, slots=True)
class Sight:
    """What one camera counts on.

    Attributes:
        edges: Of the road graph of now, by side.
        how: `set` by people, `map` by where it looks, `unknown` where no bearing is known.
    """

    camera: Camera
    edges: Mapping[Side, list[int]]
    how: Literal["set", "map", "unknown"]


class Sights:
    """The edges of all cameras, of one process.

    Args:
        db: Where cameras and what people set are.
        clock: The time.
        standing: A scope that sees every camera.
        traffic: Whose roads they are, and who takes the counts.
    """

    def __init__(self, db: Database, clock: Clock, standing: Scope, traffic: Traffic) -> None:
        self._db, self._clock, self._standing, self._traffic = db, clock, standing, traffic
        self._table: dict[int | str, Sight] | None = None
        self._graph: RoadGraph | None = None
        self._changes = 0

    async def __aenter__(self) -> "Sights":
        """Begins; nothing runs in the background."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends."""

    def subscribe(self) -> list[tuple[str, Callable[[Event], Awaitable[None]]]]:
        """What is to be handed on of the outbox."""
        return [(CAMERAS_CHANGED, self._forget), (SIGHTS, self._forget)]

    async def _forget(self, _: Event) -> None:
        self._changes += 1
        self._table = None

    async def table(self) -> dict[int | str, Sight]:
        """The sights of all cameras, by number and by id.

        Raises:
            NoRoadGraphError: The city pack has no roads.
            NotYetError: The first state is still being made.
        """
        estimator, changes = self._traffic.estimator, self._changes
        if self._table is not None and self._graph is estimator.graph:
            return self._table
        scope = replace(self._standing, at=self._clock.now())
        async with self._db.transaction(scope) as tx:
            sited = await cameras.list_sited(scope, tx, CAMERA_VIEW)
            kept = await sight_store.list_sights(scope, tx)
        snapper = self._traffic.roads.snapper
        table: dict[int | str, Sight] = {}
        for one in sited:
            sight = _sight(snapper, estimator.edges_of, one, kept.get(one.camera.id))
            table[one.camera.number] = table[str(one.camera.id)] = sight
        if changes == self._changes:
            self._table, self._graph = table, snapper.graph
        return table

    async def take(self, scope: Scope, content: bytes) -> dict[str, Any]:
        """Takes counts of cameras, as JSON; gives `{taken, refused}`, refusals by reason.

        `{at_s, seconds, items: [{camera, side, motorcycles, light, heavy, kmh}]}`: `at_s` is the
        end of the interval (seconds since 1970), `camera` a number or an id, `kmh` the mean speed
        of those counted. A camera that does not exist, or not for this scope, is refused as
        `camera`, a side that it has no road on as `side`, an interval too old or ahead as `at`.

        Raises:
            BadCountsError: It cannot be read.
            NoRoadGraphError: The city pack has no roads.
            NotYetError: The first state is still being made.
        """
        told = _read(content)
        table = await self.table()
        refused: dict[str, int] = {}
        counts: list[tuple[int, int, int, int]] = []
        speeds: list[tuple[int, float, float]] = []
        allowed: dict[int, bool] = {}
        for row in told.items:
            sight = table.get(row.camera)
            if sight is None or not _may(scope, sight.camera, allowed):
                refused["camera"] = refused.get("camera", 0) + 1
                continue
            edges = sight.edges.get(row.side, [])
            if not edges:
                refused["side"] = refused.get("side", 0) + 1
                continue
            vehicles = row.motorcycles + row.light + row.heavy
            if min(row.motorcycles, row.light, row.heavy) < 0 or vehicles > MOST_VEHICLES:
                refused["count"] = refused.get("count", 0) + 1
                continue
            for edge in edges:
                counts.append((edge, row.motorcycles, row.light, row.heavy))
                if row.kmh is not None and vehicles:
                    speeds.append((edge, row.kmh, min(float(vehicles), 1000.0)))
        taken = self._hand_on(told, counts, speeds)
        if len(counts) > taken:
            refused["at"] = len(counts) - taken
        return {"taken": taken, "refused": refused}

    def _hand_on(
        self,
        told: _Told,
        counts: Sequence[tuple[int, int, int, int]],
        speeds: Sequence[tuple[int, float, float]],
    ) -> int:
        if not counts:
            return 0
        counted, observed = as_arrays(told.at_s, told.seconds, counts, speeds)
        taken = self._traffic.count(counted)
        if len(observed):
            self._traffic.add(observed)
        return taken


def as_arrays(
    at_s: float,
    seconds: float,
    counts: Sequence[tuple[int, int, int, int]],
    speeds: Sequence[tuple[int, float, float]],
) -> tuple[Counts, Observations]:
    """What cameras told of one interval, as the state of the roads takes it.

    Args:
        at_s: End of the interval, seconds since 1970.
        seconds: Its length.
        counts: Edge, motorcycles, light and heavy vehicles.
        speeds: Edge, mean speed in km/h, and of how many vehicles.
    """
    columns = np.array(counts, np.float64).reshape(-1, 4).T
    parts = columns[1:].astype(np.float32)
    counted = Counts(
        columns[0].astype(np.int64),
        np.full(len(counts), at_s),
        np.full(len(counts), seconds, np.float32),
        *parts,
    )
    edge, kmh, weight = np.array(speeds, np.float64).reshape(-1, 3).T
    observed = Observations(
        edge.astype(np.int64),
        kmh.astype(np.float32),
        weight.astype(np.float32),
        np.full(len(edge), at_s),
        np.full(len(edge), Source.CAMERA, np.uint8),
        np.full(len(edge), NOBODY, np.int64),
    )
    return counted, observed


def _read(content: bytes) -> _Told:
    """The counts in a body.

    Raises:
        BadCountsError: It is not that JSON, or has too many rows.
    """
    try:
        told = msgspec.json.decode(content, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadCountsError(problem="json") from error
    if len(told.items) > MOST_ROWS:
        raise BadCountsError(problem="items")
    if not (0.0 < told.seconds <= 3600.0):
        raise BadCountsError(problem="seconds")
    return told


def _may(scope: Scope, camera: Camera, known: dict[int, bool]) -> bool:
    if camera.number not in known:
        known[camera.number] = scope.allows(COUNT, **camera.sides)
    return known[camera.number]


def _sight(
    snapper: Snapper,
    edges_of: Callable[[Sequence[str]], list[int]],
    sited: Sited,
    kept: Mapping[Side, Sequence[str]] | None,
) -> Sight:
    camera = sited.camera
    if kept is not None:
        return Sight(camera, {side: edges_of(kept[side]) for side in SIDES}, "set")
    if sited.bearing_deg is None:
        return Sight(camera, {}, "unknown")
    range_m = _RANGE_M if sited.range_m is None else sited.range_m
    edges = look(snapper, Look(camera.lat, camera.lon, sited.bearing_deg, range_m))
    return Sight(camera, edges, "map")


def as_json(graph: RoadGraph, sight: Sight) -> dict[str, Any]:
    """A sight for people and programs: keys and names of its edges."""
    return {
        "camera": {"id": sight.camera.id, "number": sight.camera.number, "name": sight.camera.name},
        "how": sight.how,
        **{
            side: [
                {"edge": edge, "key": graph.key_of(edge), "road": graph.name_of(edge)}
                for edge in sight.edges.get(side, [])
            ]
            for side in SIDES
        },
    }


def visible(table: Mapping[int | str, Sight], scope: Scope) -> list[Sight]:
    """The sights of the cameras in view, by number; of a whole table, each camera once."""
    return [
        sight
        for key, sight in sorted((k, s) for k, s in table.items() if isinstance(k, int))
        if scope.allows(CAMERA_VIEW, **sight.camera.sides)
    ]
