"""What became of a jam after its task, by what was measured; it says "after", never "because"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from warroom.dispatch.contracts import AFTER, Measure, Moment

type Finding = Literal[
    "unknown", "mixed", "nobody_there", "was_shrinking", "fell", "same", "grew", "waiting"
]

LEAST_KNOWN = 0.5
"""Less of the roads seen than this says nothing of them."""

NEWS_SHARE = 0.15
"""A change by less than this part of the length is none."""

LEAST_M = 30.0
"""Nor is one by fewer metres: the edge of a jam moves by a car's length all the time."""

LATE = timedelta(minutes=2)
"""A look that was so late tells of another moment."""


@dataclass(frozen=True, slots=True)
class Impact:
    """How a jam went from before anybody arrived to some minutes after the task.

    Attributes:
        finding: `waiting` until the first look after the task is due; `nobody_there` where no unit
            arrived, and `was_shrinking` where it grew shorter before one had: what became of it
            then is none of their doing, or cannot be told apart from it; `mixed` where the length
            and the jam factor say opposite things.
        before, after: The two moments that were compared; None where there is none to compare.
    """

    finding: Finding
    before: Measure | None = None
    after: Measure | None = None
    minutes: int | None = None


def is_known(measure: Measure | None) -> bool:
    """Whether the look says something of its moment."""
    return (
        measure is not None
        and measure.length_m is not None
        and measure.at is not None
        and measure.known_share >= LEAST_KNOWN
        and abs(measure.at - measure.due_at) <= LATE
    )


def judge(measures: Sequence[Measure], *, is_over: bool = False) -> Impact:
    """What the measures of a task say.

    Args:
        measures: Those not taken yet are missing.
        is_over: Whether the last moment has passed: what is missing now will not come.
    """
    by: Mapping[Moment, Measure] = {one.moment: one for one in measures}
    if not is_over and not any(moment in by for moment in AFTER):
        return Impact("waiting")
    before = _first_known(by, ("arrived", "sent", "opened"))
    after = _first_known(by, ("after_15", "after_10", "after_5"))
    if before is None or after is None:
        return Impact("unknown", before, after)
    minutes = AFTER[after.moment]
    if "arrived" not in by:
        return Impact("nobody_there", before, after, minutes)
    if _was_shrinking(by):
        return Impact("was_shrinking", before, after, minutes)
    change = _change(before.length_m or 0.0, after.length_m or 0.0)
    return Impact(change if _agrees(change, before, after) else "mixed", before, after, minutes)


def _first_known(by: Mapping[Moment, Measure], moments: tuple[Moment, ...]) -> Measure | None:
    return next((by[one] for one in moments if is_known(by.get(one))), None)


def _was_shrinking(by: Mapping[Moment, Measure]) -> bool:
    arrived, sent = by["arrived"], by.get("sent")
    if arrived.trend == "shrinking":
        return True
    if not (is_known(arrived) and is_known(sent)) or sent is None:
        return False
    return _change(sent.length_m or 0.0, arrived.length_m or 0.0) == "fell"


def _agrees(change: str, before: Measure, after: Measure) -> bool:
    """Whether the jam factor does not say the opposite of the length.

    A road on which everything stands is in no jam yet where too few were seen for the alarm.
    """
    then, now = before.jam_factor, after.jam_factor
    if then is None or now is None or change == "same":
        return True
    return now < then if change == "fell" else now > then


def _change(then_m: float, now_m: float) -> Literal["fell", "same", "grew"]:
    least = max(LEAST_M, then_m * NEWS_SHARE)
    if abs(now_m - then_m) < least:
        return "same"
    return "fell" if now_m < then_m else "grew"
