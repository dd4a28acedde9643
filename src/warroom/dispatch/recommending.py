"""Which units for which need of an incident, and why a need stays open; pure.

Units are given to needs all at once, so that as many needs as possible are met and the units come
as soon as possible: the nearest one of each sort, taken in turn, can leave another need with none.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import numpy as np

from warroom.dispatch.proposing import Candidate, Why, why_not
from warroom.dispatch.runcards import Need

HOSE_M = 60.0
"""A vehicle that cannot come nearer than this leaves the rest to feet and hoses."""

ON_FOOT_S_PER_M = 1.5
"""People with gear and hoses walk the rest: what a metre of it takes. Own assumption."""

_NEVER_S = 1e7
_REASONS: tuple[Why, ...] = (
    *("not_yours", "too_far", "no_route", "off_road", "old_position", "no_position"),
    *("no_crew", "resting", "declined", "busy", "in_danger", "out_of_service", "disabled"),
)
"""The nearer to being sent, the earlier: what stands first is what a dispatcher can mend."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A unit with what it takes to be there.

    Attributes:
        leads: What its agency is for: words of the needs.
        seconds: Driving time now; None where no road is near it, infinite where no way leads there.
        walk_m: From where it must stop to the place.
        is_yours: Whether the asker may send it.
    """

    unit: Candidate
    leads: frozenset[str]
    seconds: float | None
    walk_m: float = 0.0
    is_yours: bool = True

    @property
    def arrives_s(self) -> float:
        """When its people are at the place, in seconds from now; infinite if never."""
        if self.seconds is None:
            return math.inf
        return self.seconds + ON_FOOT_S_PER_M * max(0.0, self.walk_m - HOSE_M)


@dataclass(frozen=True, slots=True)
class Slot:
    """One unit that an incident needs.

    Attributes:
        filled_by: The unit that is proposed; None where there is none.
        sent: The unit that was sent already.
        missing: Why none is proposed, the nearest reason first: how many units each holds back.
        named: The unit that came nearest, by that first reason.
        others: Units that would do as well, the quickest first.
    """

    need: Need
    level: int
    filled_by: Rated | None = None
    sent: UUID | None = None
    missing: dict[Why, int] = field(default_factory=dict)
    named: Candidate | None = None
    others: tuple[Rated, ...] = ()


def does(one: Rated, need: Need) -> bool:
    """Whether a unit is of the sort that is needed, whoever serves on it and wherever it is."""
    unit = one.unit
    return (
        need.lead in one.leads
        and (not need.kinds or unit.kind in need.kinds)
        and (not need.capability or need.capability in unit.capabilities)
        and unit.seats >= need.seats
    )


def recommend(
    needs: Sequence[Need],
    rated: Sequence[Rated],
    sent: Sequence[tuple[UUID, str]],
    now: datetime,
    *,
    silent_after_s: float,
    others: int = 3,
) -> list[Slot]:
    """One slot for each unit that is needed, in the order of the needs.

    Args:
        needs: Of the alarm level and those below it.
        rated: Units that were asked for.
        sent: Units that are on the incident already, with the role for which they were sent.
        now: By our clock.
        silent_after_s: A position older than this is none.
        others: How many more units each slot names.
    """
    slots = [need for need in needs for _ in range(need.count)]
    taken, open_slots = _sent_first(slots, sent)
    held: dict[UUID, Why] = {}
    for one in rated:
        why = _why(one, now, silent_after_s)
        if why is not None:
            held[one.unit.unit_id] = why
    gone = {unit_id for unit_id, _ in sent}
    free = [one for one in rated if one.unit.unit_id not in held and one.unit.unit_id not in gone]
    alike = {need: [one for one in rated if does(one, need)] for need in set(slots)}
    chosen = _assign([slots[at] for at in open_slots], free, alike)
    by_slot = dict(zip(open_slots, chosen, strict=True))
    used = {one.unit.unit_id for one in chosen if one is not None}
    spare = {one.unit.unit_id for one in free} - used
    spares = {
        need: tuple(
            sorted((one for one in able if one.unit.unit_id in spare), key=_by_arrival)[:others]
        )
        for need, able in alike.items()
    }
    return [
        Slot(need, need.level, sent=taken[at])
        if at in taken
        else _slot(need, by_slot[at], alike[need], held, spares[need])
        for at, need in enumerate(slots)
    ]


def _sent_first(
    slots: Sequence[Need], sent: Sequence[tuple[UUID, str]]
) -> tuple[dict[int, UUID], list[int]]:
    taken: dict[int, UUID] = {}
    for unit_id, role in sent:
        at = next((n for n, need in enumerate(slots) if need.role == role and n not in taken), None)
        if at is not None:
            taken[at] = unit_id
    return taken, [at for at in range(len(slots)) if at not in taken]


def _why(one: Rated, now: datetime, silent_after_s: float) -> Why | None:
    why = why_not(one.unit, now, silent_after_s)
    if why is not None:
        return why
    if not one.is_yours:
        return "not_yours"
    if one.seconds is None:
        return "off_road"
    return "no_route" if math.isinf(one.seconds) else None


def _assign(
    slots: Sequence[Need], free: Sequence[Rated], alike: Mapping[Need, Sequence[Rated]]
) -> list[Rated | None]:
    """The unit of each slot: as many slots as can be, and the least time in all."""
    if not slots or not free:
        return [None] * len(slots)
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - decision 51

    cost = np.full((len(slots), len(free)), _NEVER_S)
    column = {one.unit.unit_id: number for number, one in enumerate(free)}
    columns_of: dict[Need, tuple[list[int], list[float]]] = {}
    for at, need in enumerate(slots):
        if need not in columns_of:
            able = [one for one in alike[need] if one.unit.unit_id in column]
            columns_of[need] = (
                [column[one.unit.unit_id] for one in able],
                [min(one.arrives_s, _NEVER_S / 100) for one in able],
            )
        numbers, costs = columns_of[need]
        cost[at, numbers] = costs
    rows, columns = linear_sum_assignment(cost)
    found: list[Rated | None] = [None] * len(slots)
    for at, number in zip(rows, columns, strict=True):
        if cost[at, number] < _NEVER_S:
            found[at] = free[number]
    return _quickest_first(slots, found)


def _quickest_first(slots: Sequence[Need], found: list[Rated | None]) -> list[Rated | None]:
    """Of slots of one need the first has the quickest unit: people read from the top."""
    by_need: dict[Need, list[int]] = {}
    for at, need in enumerate(slots):
        by_need.setdefault(need, []).append(at)
    ordered = list(found)
    for places in by_need.values():
        units = sorted(
            (found[at] for at in places),
            key=lambda one: (
                one is None,
                one.arrives_s if one else 0.0,
                one.unit.name if one else "",
            ),
        )
        for at, unit in zip(places, units, strict=True):
            ordered[at] = unit
    return ordered


def _by_arrival(one: Rated) -> tuple[float, str]:
    return one.arrives_s, one.unit.name


def _slot(
    need: Need,
    chosen: Rated | None,
    alike: Sequence[Rated],
    held: Mapping[UUID, Why],
    others: tuple[Rated, ...],
) -> Slot:
    if chosen is not None:
        return Slot(need, need.level, chosen, others=others)
    counts: dict[Why, int] = {}
    for one in alike:
        why = held.get(one.unit.unit_id, "busy")
        counts[why] = counts.get(why, 0) + 1
    missing = {why: counts[why] for why in _REASONS if why in counts} or {"none_such": 1}
    first = next(iter(missing))
    near = [one for one in alike if held.get(one.unit.unit_id, "busy") == first]
    near.sort(key=_by_arrival)
    return Slot(need, need.level, missing=missing, named=near[0].unit if near else None)
