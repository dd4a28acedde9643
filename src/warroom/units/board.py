"""Where every unit is, as this process knows it: fixes in, what is to be stored out.

Nothing here waits for anything. If what came out could not be stored, the whole board is thrown
away and made anew from the database, so that a fix told again is judged as if it were the first.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from warroom.kernel.ids import new_id
from warroom.roads.api import RoadGraph
from warroom.units import rules
from warroom.units.contracts import WATER, Fix, LastKnown, Unit, Verdict
from warroom.units.fences import FenceIndex, Kecamatan, cross
from warroom.units.matching import Fixes, Matcher
from warroom.units.rules import Known, Limits
from warroom.units.track_store import Batch, Crossing, NowBatch

STORED = frozenset({Verdict.KEPT, Verdict.LATE})


class Told(NamedTuple):
    """A fix and the unit that it is of."""

    unit: Unit
    fix: Fix


class Seen(NamedTuple):
    """Units on roads, driving or lately stopped: who makes the state of roads learns no more.

    Attributes:
        graph: The roads that edges are of.
        edge: (n) where, and in which direction for certain.
        kmh: (n) how fast; below `rules.DRIVING_KMH` it stands, in a queue or beside it.
        at_s: (n) seconds since 1970 UTC.
        who: (n) `number_of` the unit.
    """

    graph: RoadGraph
    edge: NDArray[np.int64]
    kmh: NDArray[np.float32]
    at_s: NDArray[np.float64]
    who: NDArray[np.int64]


@dataclass(slots=True)
class Placed:
    """What a batch came to; `verdicts` in the order of the fixes.

    Attributes:
        seen: None without a road graph.
    """

    verdicts: list[Verdict]
    track: Batch
    now: NowBatch
    crossings: list[Crossing]
    seen: Seen | None


@dataclass(slots=True, eq=False)
class _Standing:
    """One unit on the board."""

    slot: int
    who: int
    known: Known
    kecamatan: Kecamatan
    fences: frozenset[UUID]
    drove_at_s: float = -math.inf

    def is_under_way(self, fix: Fix) -> bool:
        """Whether it drives, or drove a short while ago; a speed that is not told is of none."""
        if fix.kmh >= rules.DRIVING_KMH:
            self.drove_at_s = max(self.drove_at_s, fix.at_s)
        return fix.kmh >= 0.0 and fix.at_s - self.drove_at_s <= rules.STANDING_S


@dataclass(slots=True, eq=False)
class _Row:
    """A fix that is stored, and where it was found to be."""

    told: Told
    standing: _Standing
    is_late: bool
    edge: int = -1
    fraction: float = math.nan
    beside_m: float = math.nan
    is_sure: bool = False
    kecamatan: str | None = None
    fences: frozenset[UUID] = field(default_factory=frozenset)


def number_of(unit_id: UUID) -> int:
    """The same in every process, 31 bits; it tells units apart, and does not lead back to one."""
    return int.from_bytes(hashlib.blake2b(unit_id.bytes, digest_size=4).digest()) >> 1


class Board:
    """Units by id, each with what its next fix is judged by.

    Args:
        last: Where units were when the process began.
        fences: Areas whose crossing is told.
        matcher: Finds roads; None without a road graph.
    """

    def __init__(
        self, last: Sequence[LastKnown], fences: FenceIndex, matcher: Matcher | None
    ) -> None:
        self.fences = fences
        self._standing: dict[UUID, _Standing] = {}
        self._keys: dict[int, str] = {}
        self.matcher = matcher
        for one in last:
            known = Known(one.at.timestamp(), one.lat, one.lon)
            self._standing[one.unit_id] = _Standing(
                len(self._standing),
                number_of(one.unit_id),
                known,
                Kecamatan(one.kecamatan),
                frozenset(one.fences),
            )

    def use(self, matcher: Matcher | None) -> None:
        """Another road graph: what is remembered of the old one's edges is forgotten."""
        self.matcher, self._keys = matcher, {}

    def place(self, batch: Sequence[Told], limits: Limits) -> Placed:
        """Judges fixes in the order in which they came, finds roads and areas of those kept."""
        verdicts: list[Verdict] = []
        rows: list[_Row] = []
        for told in batch:
            standing = self._of(told.unit.id)
            verdict = rules.judge(standing.known, told.fix, limits)
            verdicts.append(verdict)
            if verdict in STORED:
                fix = rules.believed(told.fix)
                is_late = verdict is Verdict.LATE
                rows.append(_Row(Told(told.unit, fix), standing, is_late))
        kept = [row for row in rows if not row.is_late]
        self._match(kept)
        crossings = self._cross(kept)
        newest = {row.standing.slot: row for row in kept}
        now = self._now(list(newest.values()))
        return Placed(verdicts, self._track(rows), now, crossings, self._seen(kept))

    def _seen(self, rows: list[_Row]) -> Seen | None:
        if self.matcher is None:
            return None
        at_s = np.array([row.told.fix.at_s for row in rows], np.float64)
        kmh = np.array([row.told.fix.kmh for row in rows], np.float64)
        edge = np.array([row.edge for row in rows], np.int64)
        is_sure = np.array([row.is_sure for row in rows], np.bool_)
        is_on = [row.standing.is_under_way(row.told.fix) for row in rows]
        good = np.array(is_on, np.bool_) & (edge >= 0) & is_sure
        graph = self.matcher.index.graph
        who = np.array([row.standing.who for row in rows], np.int64)
        return Seen(graph, edge[good], kmh[good].astype(np.float32), at_s[good], who[good])

    def _of(self, unit_id: UUID) -> _Standing:
        standing = self._standing.get(unit_id)
        if standing is None:
            slot, who = len(self._standing), number_of(unit_id)
            standing = _Standing(slot, who, Known(), Kecamatan(None), frozenset())
            self._standing[unit_id] = standing
        return standing

    def _match(self, rows: list[_Row]) -> None:
        if self.matcher is None:
            return
        waiting = [row for row in rows if row.told.unit.draft.kind not in WATER]
        while waiting:
            # The matcher takes one fix of each unit at a time.
            seen: set[int] = set()
            now: list[_Row] = []
            later: list[_Row] = []
            for row in waiting:
                (later if row.standing.slot in seen else now).append(row)
                seen.add(row.standing.slot)
            self._match_once(self.matcher, now)
            waiting = later

    @staticmethod
    def _match_once(matcher: Matcher, rows: list[_Row]) -> None:
        values = np.array(
            [
                (
                    row.standing.slot, f.at_s, f.lat, f.lon, f.kmh, f.bearing, f.accuracy_m,
                )
                for row in rows
                for f in (row.told.fix,)
            ],
            np.float64,
        )  # fmt: skip
        found = matcher.match(Fixes(values[:, 0].astype(np.int64), *values[:, 1:].T))
        answers = zip(
            rows,
            found.edge.tolist(),
            found.fraction.tolist(),
            found.distance_m.tolist(),
            found.is_sure.tolist(),
            strict=True,
        )
        for row, edge, fraction, beside, is_sure in answers:
            row.edge, row.fraction, row.beside_m, row.is_sure = edge, fraction, beside, is_sure

    def _cross(self, rows: list[_Row]) -> list[Crossing]:
        if not rows:
            return []
        lon = np.array([row.told.fix.lon for row in rows])
        lat = np.array([row.told.fix.lat for row in rows])
        agencies = [row.told.unit.draft.agency_id for row in rows]
        inside, near = self.fences.around(lon, lat, agencies)
        found: list[Crossing] = []
        graph = self.matcher.index.graph if self.matcher else None
        for row, fences_in, fences_near in zip(rows, inside, near, strict=True):
            standing = row.standing
            standing.fences, entered, left = cross(standing.fences, fences_in, fences_near)
            known = self.fences.fences
            found += [_crossing(row, "leave", one, known[one].name) for one in left if one in known]
            found += [_crossing(row, "enter", one, known[one].name) for one in entered]
            if graph is not None and row.edge >= 0:
                area = graph.areas[int(graph.area[row.edge])]
                before = standing.kecamatan.hear(rules.kecamatan_of(area))
                if before is not None:
                    found.append(_crossing(row, "leave", None, before))
                    found.append(_crossing(row, "enter", None, str(standing.kecamatan.now)))
            row.kecamatan, row.fences = standing.kecamatan.now, standing.fences
        return found

    def _key(self, edge: int) -> str | None:
        if edge < 0 or self.matcher is None:
            return None
        if edge not in self._keys:
            self._keys[edge] = self.matcher.index.graph.key_of(edge)
        return self._keys[edge]

    def _road(self, edge: int) -> str | None:
        if edge < 0 or self.matcher is None:
            return None
        return self.matcher.index.graph.name_of(edge) or None

    def _track(self, rows: list[_Row]) -> Batch:
        fixes = [row.told.fix for row in rows]
        return Batch(
            [row.told.unit.id for row in rows],
            [f.at_s for f in fixes],
            [f.lat for f in fixes],
            [f.lon for f in fixes],
            [f.kmh for f in fixes],
            [f.bearing for f in fixes],
            [f.accuracy_m for f in fixes],
            [self._key(row.edge) for row in rows],
            [row.is_late for row in rows],
        )

    def _now(self, rows: list[_Row]) -> NowBatch:
        fixes = [row.told.fix for row in rows]
        return NowBatch(
            [row.told.unit.id for row in rows],
            [f.at_s for f in fixes],
            [f.lat for f in fixes],
            [f.lon for f in fixes],
            [f.kmh for f in fixes],
            [f.bearing for f in fixes],
            [f.accuracy_m for f in fixes],
            [f.battery for f in fixes],
            [self._key(row.edge) for row in rows],
            [self._road(row.edge) for row in rows],
            [row.fraction for row in rows],
            [row.beside_m for row in rows],
            [row.kecamatan for row in rows],
            ["{" + ",".join(sorted(map(str, row.fences))) + "}" for row in rows],
        )


def _crossing(row: _Row, what: str, fence_id: UUID | None, area: str) -> Crossing:
    unit, at = row.told.unit, datetime.fromtimestamp(row.told.fix.at_s, UTC)
    return Crossing(new_id(), unit.id, unit.draft.agency_id, at, what, fence_id, area)
