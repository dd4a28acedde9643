"""How far an incident is by what its units told, and which of their steps are late; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from warroom.dispatch.contracts import ENDS, Assignment, Stamp
from warroom.incidents.contracts import State

_STEP = {
    Stamp.DISPATCHED: State.DISPATCHED,
    Stamp.ACCEPTED: State.ACKNOWLEDGED,
    Stamp.EN_ROUTE: State.EN_ROUTE,
    Stamp.DELAYED: State.EN_ROUTE,
    Stamp.STAGED: State.EN_ROUTE,
    Stamp.ON_SCENE: State.ON_SCENE,
    Stamp.TRANSPORTING: State.ON_SCENE,
    Stamp.AT_FACILITY: State.ON_SCENE,
}
_ORDER = {state: number for number, state in enumerate(State)}
_STAMPS = {stamp: number for number, stamp in enumerate(Stamp)}

type Late = Literal["answer", "turnout", "travel", "check", "held"]
"""What was to be told by now: that they are coming, that they left, that they are there, that they
are well; `held`: that they go on again."""


class Told(NamedTuple):
    """A stamp of one of the units of an incident; `did` is what was done (`acted`)."""

    id: UUID
    assignment_id: UUID
    kind: str
    happened_at: datetime
    did: str | None = None


def steps_of(told: Iterable[Told]) -> list[tuple[UUID, State, datetime]]:
    """Every change of where the incident stands, in the order in which it happened.

    It stands where the unit that is furthest stands; once the danger was said to be under control
    it stays so while somebody is there; it is cleared when nobody is on it any more and somebody
    was there, and pending again when nobody is and nobody was. Each step has the id of the stamp
    that made it. The order in which the stamps came makes no difference.
    """
    stamps = sorted(
        (one for one in told if one.kind in set(Stamp)),
        key=lambda one: (one.happened_at, _STAMPS[Stamp(one.kind)], one.id),
    )
    at: dict[UUID, State] = {}
    was_there = is_controlled = False
    steps: list[tuple[UUID, State, datetime]] = []
    before = State.PENDING
    for one in stamps:
        stamp = Stamp(one.kind)
        if stamp in ENDS:
            was_there |= at.pop(one.assignment_id, None) is State.ON_SCENE
        elif stamp in _STEP:
            now = at.get(one.assignment_id, State.PENDING)
            at[one.assignment_id] = max(now, _STEP[stamp], key=_ORDER.__getitem__)
        is_controlled |= one.did == "under_control"
        state = _standing(at.values(), was_there=was_there, is_controlled=is_controlled)
        if state is not before:
            steps.append((one.id, state, one.happened_at))
            before = state
    return steps


def _standing(at: Iterable[State], *, was_there: bool, is_controlled: bool) -> State:
    furthest = max(at, key=_ORDER.__getitem__, default=None)
    if furthest is None:
        return State.CLEARED if was_there else State.PENDING
    if furthest is State.ON_SCENE and is_controlled:
        return State.UNDER_CONTROL
    return furthest


@dataclass(frozen=True, slots=True)
class Limits:
    """By when a crew is to have told its next step.

    Attributes:
        answer_s: From being sent to saying that they come.
        turnout_s: From there to leaving (NFPA 1710: 80 s fire, 60 s medical).
        travel_factor: Of the travel time that was promised, to being there.
        check_min: From being there to the next word.
    """

    answer_s: float
    turnout_s: float
    travel_factor: float
    check_min: float


_LEAST_TRAVEL_S = 120.0


def due_of(sent: Assignment, limits: Limits) -> tuple[Late, datetime] | None:
    """What its crew is to tell next, and by when; None where nothing is awaited."""
    if sent.ended_at is not None:
        return None
    if sent.state is Stamp.DISPATCHED:
        return "answer", sent.dispatched_at + timedelta(seconds=limits.answer_s)
    if sent.state is Stamp.ACCEPTED:
        return "turnout", sent.since + timedelta(seconds=limits.turnout_s)
    if sent.state is Stamp.EN_ROUTE:
        if sent.eta_s is None:
            return None
        allowed = max(sent.eta_s * limits.travel_factor, sent.eta_s + _LEAST_TRAVEL_S)
        # What was promised does not move because something held it up.
        return "travel", (sent.en_route_at or sent.since) + timedelta(seconds=allowed)
    if sent.state is Stamp.DELAYED:
        return "held", sent.since
    if sent.state is Stamp.ON_SCENE:
        return "check", sent.since + timedelta(minutes=limits.check_min)
    return None


def late_ones(
    sent: Sequence[Assignment], limits: Limits, now: datetime
) -> list[tuple[Assignment, Late, datetime]]:
    """The assignments whose next step was due before now."""
    found = []
    for one in sent:
        due = due_of(one, limits)
        if due is not None and due[1] < now:
            found.append((one, *due))
    return found
