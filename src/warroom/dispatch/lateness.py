"""Why the first unit would come later than the law allows, told before anybody is sent; pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from warroom.dispatch.proposing import why_not
from warroom.dispatch.recommending import Rated, Slot, does

type Because = Literal["waited", "nearer_held", "traffic", "far", "nobody"]
"""The call waits too long already; a nearer unit is held back; the roads are slow now; the nearest
unit is that far away; no unit is proposed at all."""


@dataclass(frozen=True, slots=True)
class Nearer:
    """A unit that would come in time, and why it is not proposed: a `Why`."""

    rated: Rated
    why: str


@dataclass(frozen=True, slots=True)
class Cause:
    """The road that makes the drive longer.

    Attributes:
        road: Its name; empty where it has none.
        state: `closed`, `jam` or `slow`.
        since: Since when, in seconds since 1970; None where that is not known.
        lost_s: What it costs; of a closed road that the way avoids it is not known.
        is_avoided: The way goes round it; else it is on the way.
    """

    road: str
    state: Literal["closed", "jam", "slow"]
    since: float | None
    lost_s: float | None
    is_avoided: bool


@dataclass(frozen=True, slots=True)
class Late:
    """A response that would break the limit.

    Attributes:
        since_call_s: From the first call until now.
        over_s: By how much the limit would be missed.
        first: The unit that would be there first; None where none is proposed.
        nearer: One that would keep it and cannot be proposed.
        traffic_s: Of the drive, what free roads would save; None where that is not known.
        cause: The road that costs most of it; None where none stands out.
    """

    why: Because
    since_call_s: float
    over_s: float
    first: Rated | None = None
    nearer: Nearer | None = None
    traffic_s: float | None = None
    cause: Cause | None = None


def lateness(
    slots: Sequence[Slot],
    rated: Sequence[Rated],
    since_call_s: float,
    limit_s: float,
    now: datetime,
    *,
    silent_after_s: float,
) -> Late | None:
    """Whether, and why, the first unit would come after the time that the law allows.

    References:
        Permendagri 114/2018: fire service at the place within 15 minutes of the report.
    """
    chosen = [slot.filled_by for slot in slots if slot.filled_by is not None]
    first = min(chosen, key=lambda one: one.arrives_s, default=None)
    left_s = limit_s - since_call_s
    if first is not None and first.arrives_s <= left_s:
        return None
    over_s = math.inf if first is None else first.arrives_s - left_s
    nearer = _nearer(slots, rated, left_s, now, silent_after_s)
    if left_s <= 0:
        return Late("waited", since_call_s, over_s, first, nearer)
    if nearer is not None:
        return Late("nearer_held", since_call_s, over_s, first, nearer)
    return Late("nobody" if first is None else "far", since_call_s, over_s, first)


def _nearer(
    slots: Sequence[Slot],
    rated: Sequence[Rated],
    left_s: float,
    now: datetime,
    silent_after_s: float,
) -> Nearer | None:
    """The quickest unit of a needed sort that would come in time and is proposed for nothing."""
    proposed = {slot.filled_by.unit.unit_id for slot in slots if slot.filled_by is not None}
    could = [
        one
        for one in rated
        if one.unit.unit_id not in proposed
        and one.arrives_s <= max(left_s, 0.0)
        and any(does(one, slot.need) for slot in slots)
    ]
    quickest = min(could, key=lambda one: (one.arrives_s, one.unit.name), default=None)
    if quickest is None:
        return None
    why = why_not(quickest.unit, now, silent_after_s)
    return Nearer(quickest, why or ("busy" if quickest.is_yours else "not_yours"))


def explain(late: Late, free_flow_s: float, cause: Cause | None) -> Late:
    """The same, knowing what the drive takes on free roads, and the road that makes it longer."""
    if late.first is None or late.first.seconds is None:
        return late
    traffic_s = max(0.0, late.first.seconds - free_flow_s)
    is_it = late.why == "far" and traffic_s >= late.over_s
    return replace(late, traffic_s=traffic_s, cause=cause, why="traffic" if is_it else late.why)
