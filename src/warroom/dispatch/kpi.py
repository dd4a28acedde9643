"""How quickly 112 answers, sends and arrives, by the definitions that standards give.

Pure. Of every figure it is told how many rows carry both of its stamps and how many lack one: a
percentile is a row's own value (nearest rank), and nothing is made up for a row that is not whole.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from warroom.kernel import profile

FIRE, EMS = "fire", "ems"
OF_FIRE = frozenset({"engine", "tanker", "ladder", "fire_boat"})
OF_EMS = frozenset({"ambulance"})
ENGINE = "engine"
AED, ALS = "aed", "als"
"""Capabilities: a unit with a defibrillator, one with advanced life support."""

NOT_WENT = frozenset({"declined", "cancelled", "handed_over"})
"""A unit that was given up before it left has no turnout, rather than a missing one."""

type Clock = Literal["call", "opening", "due"]
"""What an incident's clock starts by: its first call; its opening where nobody called, or no call
is in view; the time that it was scheduled for."""


@dataclass(frozen=True, slots=True)
class UnitStamps:
    """A unit that was sent to an incident."""

    incident_id: UUID
    unit_id: UUID
    name: str
    kind: str
    capabilities: tuple[str, ...]
    state: str
    dispatched_at: datetime
    accepted_at: datetime | None = None
    en_route_at: datetime | None = None
    on_scene_at: datetime | None = None
    transporting_at: datetime | None = None
    at_facility_at: datetime | None = None
    ended_at: datetime | None = None
    eta_s: float | None = None
    station: str = ""
    destination: str = ""
    returning_at: datetime | None = None
    in_quarters_at: datetime | None = None
    assignment_id: UUID | None = None

    @property
    def service(self) -> str | None:
        """Whose targets hold for it."""
        if self.kind in OF_FIRE:
            return FIRE
        return EMS if self.kind in OF_EMS else None

    @property
    def went(self) -> bool:
        """Whether it was meant to go: it left, or nobody took it back before."""
        return self.en_route_at is not None or self.state not in NOT_WENT


@dataclass(frozen=True, slots=True)
class Span:
    """From one stamp to another; a row whose stamp is missing has no length."""

    start: datetime | None
    end: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long; None without both stamps, or where they stand the wrong way round."""
        if self.start is None or self.end is None or self.end < self.start:
            return None
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Aim:
    """A target: this part of the rows within this time.

    Attributes:
        source: The standard or law that asks for it.
    """

    percent: float
    within_s: float
    source: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A target and what came of it.

    Attributes:
        reached: Percent of the rows within the time; None where no row is whole.
        is_met: Told when it is missed as well; None where no row is whole.
    """

    aim: Aim
    reached: float | None
    is_met: bool | None


@dataclass(frozen=True, slots=True)
class Timing:
    """One figure of times.

    Attributes:
        rows: All that it is about.
        n: Those with both stamps.
        missing: Those without; `n + missing = rows`.
        longest_tenth_s: Mean of the longest tenth (COCOM).
        clocks: How many incidents started by what; empty where it is not about incidents.
    """

    key: str
    rows: int
    n: int
    missing: int
    average_s: float | None = None
    p50_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    longest_s: float | None = None
    longest_tenth_s: float | None = None
    aims: tuple[Judged, ...] = ()
    clocks: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """One figure of a part of a whole.

    Attributes:
        percent: None where the whole is nothing.
        missing: Of the whole, those of which it cannot be said.
        aim_percent: What it should be at least; None where it is reported only.
        parts: What lacks, or what it is made of, by word.
    """

    key: str
    part: int
    whole: int
    percent: float | None
    missing: int = 0
    aim_percent: float | None = None
    source: str = ""
    is_met: bool | None = None
    parts: dict[str, int] = field(default_factory=dict)


NENA = "NENA-STA-020.1-2020"
NFPA_1225 = "NFPA 1225:2022"
NFPA_1710 = "NFPA 1710"
AIMS: dict[str, tuple[Aim, ...]] = {
    "answer": (
        Aim(90, 15, NENA),
        Aim(95, 20, NENA),
        Aim(90, 10, NFPA_1225),
        Aim(95, 15, NFPA_1710),
        Aim(99, 40, NFPA_1710),
    ),
    "processing": (Aim(90, 60, NFPA_1225), Aim(90, 64, NFPA_1710)),
    "turnout_fire": (Aim(90, 80, NFPA_1710),),
    "turnout_ems": (Aim(90, 60, NFPA_1710),),
    "travel_first_engine": (Aim(90, 240, NFPA_1710),),
    "travel_full_alarm": (Aim(90, 480, NFPA_1710),),
    "travel_full_alarm_high": (Aim(90, 610, NFPA_1710),),
    "travel_aed": (Aim(90, 240, NFPA_1710),),
    "travel_als": (Aim(90, 480, NFPA_1710),),
}
"""What standards ask for, by figure; a figure that is not here is reported only."""


def aims_of(key: str) -> tuple[Aim, ...]:
    """What is asked for of a figure: by standards, and by the law of the city's profile."""
    law = profile.current().law
    if key == "response" and law.response:
        return (Aim(100, law.response_s, law.response),)
    return AIMS.get(key, ())


def nearest_rank(ordered: Sequence[float], percent: float) -> float | None:
    """The smallest value that this part of the values does not exceed; None of nothing.

    Args:
        ordered: Values, the smallest first.
        percent: Above 0, to 100.
    """
    if not ordered:
        return None
    # Percents are whole or tenths: without the rounding 0.07 * 100 would ask for an eighth row.
    rank = math.ceil(round(percent * len(ordered) / 100, 9))
    return ordered[max(1, rank) - 1]


def mean_of_longest(ordered: Sequence[float], percent: float = 10) -> float | None:
    """The mean of the longest part of the values, at least of one; None of nothing."""
    if not ordered:
        return None
    count = max(1, math.ceil(round(percent * len(ordered) / 100, 9)))
    return sum(ordered[-count:]) / count


def judge(ordered: Sequence[float], aim: Aim) -> Judged:
    """What came of a target: met where its percentile lies within its time."""
    at = nearest_rank(ordered, aim.percent)
    if at is None:
        return Judged(aim, None, None)
    within = sum(1 for value in ordered if value <= aim.within_s)
    return Judged(aim, 100 * within / len(ordered), at <= aim.within_s)


def timing(key: str, spans: Iterable[Span], clocks: dict[str, int] | None = None) -> Timing:
    """One figure over its rows."""
    told = list(spans)
    ordered = sorted(value for span in told if (value := span.seconds) is not None)
    count = len(ordered)
    return Timing(
        key=key,
        rows=len(told),
        n=count,
        missing=len(told) - count,
        average_s=sum(ordered) / count if count else None,
        p50_s=nearest_rank(ordered, 50),
        p90_s=nearest_rank(ordered, 90),
        p95_s=nearest_rank(ordered, 95),
        p99_s=nearest_rank(ordered, 99),
        longest_s=ordered[-1] if ordered else None,
        longest_tenth_s=mean_of_longest(ordered),
        aims=tuple(judge(ordered, aim) for aim in aims_of(key)),
        clocks=clocks or {},
    )


def share(
    key: str,
    part: int,
    whole: int,
    *,
    missing: int = 0,
    aim: tuple[float, str] | None = None,
    parts: dict[str, int] | None = None,
) -> Share:
    """A part of a whole, with its target where it has one."""
    percent = 100 * part / whole if whole else None
    is_met = None if aim is None or not whole else 100 * part >= aim[0] * whole
    asked, source = aim or (None, "")
    return Share(key, part, whole, percent, missing, asked, source, is_met, parts or {})
