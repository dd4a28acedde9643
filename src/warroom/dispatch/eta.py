"""How far off the promised arrivals were, and the range that follows for the next promise; pure.

A promise is the driving time at the speeds of the moment in which a unit is sent. What it is held
against is the time from there to the place: turnout, and how the crew really drove, are in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from warroom.dispatch.kpi import nearest_rank

LEAST = 20
"""Of fewer arrivals no range is told."""

LOW, HIGH = 10, 90
"""Percentiles: four of five arrivals lie between."""

LEAST_S = 30.0
"""Of a shorter promise the share says nothing: the unit stood beside the place."""

type By = Literal["station_hour", "station", "hour", "city"]


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised of one unit, and what came of it.

    Attributes:
        station: Where it belongs; empty where that is not known.
        eta_s: As it was promised; None where none was.
        arrived_at: None where nobody said so.
        went: It was not taken back, and did not decline, before it arrived.
    """

    station: str
    dispatched_at: datetime
    eta_s: float | None
    arrived_at: datetime | None
    went: bool = True

    @property
    def actual_s(self) -> float | None:
        """From being sent to being there."""
        if self.arrived_at is None:
            return None
        return (self.arrived_at - self.dispatched_at).total_seconds()

    @property
    def ratio(self) -> float | None:
        """Of the promise, what it took; None where one of the two is missing or says nothing."""
        if self.eta_s is None or self.actual_s is None or self.eta_s < LEAST_S:
            return None
        return self.actual_s / self.eta_s


@dataclass(frozen=True, slots=True)
class Span:
    """Between what four of five arrivals like this one lie.

    Attributes:
        n: Of how many arrivals it is taken.
        by: Of which: of the station at this hour, of the station, at this hour, or of all.
    """

    low_s: float
    high_s: float
    n: int
    by: By


class Calibration:
    """What promises came to, by station and hour of the city.

    Args:
        promises: Of the last weeks.
        zone: The city's.
    """

    def __init__(self, promises: Iterable[Promise], zone: tzinfo) -> None:
        self._zone = zone
        found: dict[tuple[str | None, int | None], list[float]] = {}
        for one in promises:
            ratio = one.ratio
            if ratio is None or not one.went:
                continue
            hour = one.dispatched_at.astimezone(zone).hour
            for key in ((one.station, hour), (one.station, None), (None, hour), (None, None)):
                found.setdefault(key, []).append(ratio)
        self._ratios = {key: sorted(ratios) for key, ratios in found.items()}

    def span(self, eta_s: float, station: str, at: datetime) -> Span | None:
        """The range of a promise made now; None where too few arrivals are known."""
        hour = at.astimezone(self._zone).hour
        keys: list[tuple[By, tuple[str | None, int | None]]] = [
            ("station_hour", (station, hour)),
            ("station", (station, None)),
            ("hour", (None, hour)),
            ("city", (None, None)),
        ]
        for by, key in keys:
            ratios = self._ratios.get(key, [])
            if len(ratios) >= LEAST and (key[0] != ""):
                low, high = nearest_rank(ratios, LOW), nearest_rank(ratios, HIGH)
                assert low is not None  # noqa: S101 - there are some
                assert high is not None  # noqa: S101 - likewise
                return Span(eta_s * low, eta_s * high, len(ratios), by)
        return None


@dataclass(frozen=True, slots=True)
class Errors:
    """How far off promises were.

    Attributes:
        station, hour: Of which; None of all.
        rows: Units that went.
        n: Those with both a promise and an arrival.
        no_promise, no_arrival: How many lack one of the two.
        p10_s, p50_s, p90_s: Later than promised by so much; negative is sooner.
        median_percent: Half of the promises were off by more than this, either way.
        within_percent: Share that was off by at most a quarter, or a minute.
    """

    station: str | None
    hour: int | None
    rows: int
    n: int
    no_promise: int
    no_arrival: int
    p10_s: float | None
    p50_s: float | None
    p90_s: float | None
    median_percent: float | None
    within_percent: float | None


def errors_of(
    promises: Sequence[Promise], station: str | None = None, hour: int | None = None
) -> Errors:
    """The error of some promises."""
    went = [one for one in promises if one.went]
    pairs = [
        (one.eta_s, one.actual_s)
        for one in went
        if one.eta_s is not None and one.actual_s is not None
    ]
    late = sorted(actual - eta for eta, actual in pairs)
    off = sorted(100 * abs(actual - eta) / eta for eta, actual in pairs if eta >= LEAST_S)
    within = sum(abs(actual - eta) <= max(60.0, eta / 4) for eta, actual in pairs)
    return Errors(
        station,
        hour,
        rows=len(went),
        n=len(pairs),
        no_promise=sum(one.eta_s is None for one in went),
        no_arrival=sum(one.arrived_at is None for one in went),
        p10_s=nearest_rank(late, 10),
        p50_s=nearest_rank(late, 50),
        p90_s=nearest_rank(late, 90),
        median_percent=nearest_rank(off, 50),
        within_percent=100 * within / len(pairs) if pairs else None,
    )


def tell_errors(promises: Sequence[Promise], zone: tzinfo) -> list[Errors]:
    """Of all, then of each hour of the city, then of each station, in order."""
    by_hour: dict[int, list[Promise]] = {}
    by_station: dict[str, list[Promise]] = {}
    for one in promises:
        by_hour.setdefault(one.dispatched_at.astimezone(zone).hour, []).append(one)
        by_station.setdefault(one.station, []).append(one)
    return [
        errors_of(promises),
        *(errors_of(by_hour[hour], hour=hour) for hour in sorted(by_hour)),
        *(errors_of(by_station[name], station=name) for name in sorted(by_station)),
    ]
