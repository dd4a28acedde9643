"""Whose footage makes room when a disk is full: every camera keeps the same time. Pure.

A camera that writes more than its allowance pays with its own time, never with that of others: the
age of its footage counts as many times as it exceeds the allowance. Footage younger than the days
guaranteed to its class goes only when nothing else is left. An agency that was given a share of
the disk and is over it loses its own footage before anybody else's is touched.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class CameraTerms:
    """What a camera was promised on the disk.

    Attributes:
        agency: Short name of its owner; empty is not known.
        ceiling_kbit_s: The bit rate somebody set for this camera alone; None: the city's default.
    """

    agency: str = ""
    ceiling_kbit_s: int | None = None


@dataclass(frozen=True, slots=True)
class CameraUse:
    """What footage of one camera in one retention class is on a disk, holds included.

    Attributes:
        bytes: Size of its segments.
        covered_ms: Time they cover.
    """

    camera_id: str
    retention_class: str
    bytes: int
    covered_ms: int


@dataclass(frozen=True, slots=True)
class Doomed:
    """A segment that retention may remove."""

    segment_id: int
    camera_id: str
    start_ms: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a disk is shared.

    Attributes:
        terms: What cameras were promised, by id; a camera that is absent has the defaults.
        fair_factor: A camera may write so many times what the disk's middle camera writes.
        fair_kbit_s: Up to this bit rate no camera writes too much.
        guaranteed_days: Days footage of a class is guaranteed.
        agency_shares: Per cent of the disk by the agency's short name.
    """

    terms: Mapping[str, CameraTerms] = field(default_factory=dict)
    fair_factor: float = 2.0
    fair_kbit_s: float = 2000.0
    guaranteed_days: Mapping[str, float] = field(default_factory=dict)
    agency_shares: Mapping[str, float] = field(default_factory=dict)

    def terms_of(self, camera_id: str) -> CameraTerms:
        """What a camera was promised."""
        return self.terms.get(camera_id, _DEFAULT_TERMS)


_DEFAULT_TERMS = CameraTerms()


def kbit_s(size: int, covered_ms: int) -> float:
    """Bit rate of footage; bits per millisecond are kbit/s."""
    return size * 8 / covered_ms if covered_ms > 0 else 0.0


def greed(uses: Iterable[CameraUse], sharing: Sharing) -> dict[str, float]:
    """How many times each camera exceeds its allowance; 1.0 for those within it.

    The allowance is the largest of `fair_kbit_s`, `fair_factor` times the disk's middle camera,
    and the ceiling set for this camera alone. Of an even number the lower middle counts, so that
    of two cameras the greedy one does not excuse itself.
    """
    sizes: dict[str, tuple[int, int]] = {}
    for use in uses:
        size, covered = sizes.get(use.camera_id, (0, 0))
        sizes[use.camera_id] = (size + use.bytes, covered + use.covered_ms)
    rates = {camera_id: kbit_s(*total) for camera_id, total in sizes.items()}
    ordered = sorted(rate for rate in rates.values() if rate > 0)
    middle = ordered[(len(ordered) - 1) // 2] if ordered else 0.0
    common = max(sharing.fair_kbit_s, sharing.fair_factor * middle)
    return {
        camera_id: max(1.0, rate / max(common, sharing.terms_of(camera_id).ceiling_kbit_s or 0))
        for camera_id, rate in rates.items()
    }


@dataclass(slots=True)
class Choice:
    """A segment chosen to go.

    Attributes:
        is_greedy: Whether it goes because its camera or agency took more than its share.
        is_guaranteed: Whether it was promised to be kept, and nothing else was left.
    """

    doomed: Doomed
    is_greedy: bool
    is_guaranteed: bool


class _Queue:
    """The footage of one camera in one class that is not held, the oldest first."""

    __slots__ = ("_fetch", "_guaranteed_ms", "_now_ms", "_waiting", "greed", "key", "use")

    def __init__(
        self,
        use: CameraUse,
        greed_: float,
        now_ms: int,
        guaranteed_ms: float,
        fetch: Callable[[CameraUse], Iterator[Doomed]],
    ) -> None:
        self.use = use
        self.greed = greed_
        self._now_ms = now_ms
        self._guaranteed_ms = guaranteed_ms
        self._fetch = fetch(use)
        self._waiting: Doomed | None = None
        self.key = (True, 0.0)

    def advance(self) -> bool:
        """Looks at the next segment; False when there is none."""
        self._waiting = next(self._fetch, None)
        if self._waiting is None:
            return False
        age_ms = max(0, self._now_ms - self._waiting.start_ms) * self.greed
        # Smallest first in a heap: what is not guaranteed, then by age.
        self.key = (age_ms < self._guaranteed_ms, -age_ms)
        return True

    def take(self) -> Doomed:
        """The segment looked at."""
        assert self._waiting is not None  # noqa: S101 - `advance` said that there is one
        return self._waiting


def choose(
    uses: Sequence[CameraUse],
    size: int,
    *,
    now_ms: int,
    capacity: int,
    sharing: Sharing,
    fetch: Callable[[CameraUse], Iterator[Doomed]],
    retention_class: str | None = None,
) -> Iterator[Choice]:
    """The segments that make room for `size` bytes, in the order they go.

    Args:
        uses: What every camera has on the disk.
        size: Bytes to free; the last segment may free more.
        now_ms: The present (UTC, ms since 1970).
        capacity: Bytes of the whole disk, of which agencies have their shares.
        sharing: Who was promised what.
        fetch: The segments of a camera and class that are not held, the oldest first.
        retention_class: Only footage of this class; None: of any.
    """
    excess = greed(uses, sharing)
    totals: dict[str, int] = {}
    for use in uses:
        agency = sharing.terms_of(use.camera_id).agency
        totals[agency] = totals.get(agency, 0) + use.bytes
    limits = {
        agency: capacity * percent / 100
        for agency, percent in sharing.agency_shares.items()
        if agency in totals
    }
    groups: dict[str, list[tuple[tuple[bool, float], int, _Queue]]] = {}
    for number, use in enumerate(uses):
        if retention_class not in (None, use.retention_class):
            continue
        guaranteed_ms = sharing.guaranteed_days.get(use.retention_class, 0.0) * DAY_MS
        queue = _Queue(use, excess[use.camera_id], now_ms, guaranteed_ms, fetch)
        if queue.advance():
            agency = sharing.terms_of(use.camera_id).agency
            group = groups.setdefault(agency if agency in limits else "", [])
            group.append((queue.key, number, queue))
    for group in groups.values():
        heapq.heapify(group)
    while size > 0 and groups:
        over = [name for name in groups if name in limits and totals[name] > limits[name]]
        name = min(over or groups, key=lambda one: groups[one][0][0])
        group = groups[name]
        key, number, queue = heapq.heappop(group)
        doomed = queue.take()
        yield Choice(doomed, bool(over) or queue.greed > 1.0, key[0])
        size -= doomed.bytes
        totals[sharing.terms_of(queue.use.camera_id).agency] -= doomed.bytes
        if queue.advance():
            heapq.heappush(group, (queue.key, number, queue))
        elif not group:
            del groups[name]
