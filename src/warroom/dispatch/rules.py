"""The states of an assignment and of a task: pure functions over what was told.

Stamps come late, twice and in any order: a phone keeps them through a gap of the network. So the
state is not changed by the stamp that comes; it is read anew from all stamps, in the order in
which they happened. Whatever the order in which they came, the end is the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from warroom.dispatch.contracts import ENDS, Assignment, Event, Stamp, Status, Task, Verdict

_ORDER = {stamp: number for number, stamp in enumerate(Stamp)}
_STEPS = (
    *(Stamp.DISPATCHED, Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.STAGED, Stamp.ON_SCENE),
    *(Stamp.TRANSPORTING, Stamp.AT_FACILITY),
)
_HOMEWARD = frozenset({Stamp.RETURNING, Stamp.IN_QUARTERS})
_NOTED = frozenset({Stamp.ACTED, Stamp.DURESS}) | _HOMEWARD
"""What leaves the state as it is."""

_FURTHER = {**_ORDER, Stamp.DELAYED: _ORDER[Stamp.EN_ROUTE] - 0.5}
"""How far a unit is: one that is held up is less far than one that comes."""

_THERE = frozenset({Stamp.ON_SCENE, Stamp.TRANSPORTING, Stamp.AT_FACILITY})


@dataclass(slots=True)
class Standing:
    """What the stamps of an assignment come to.

    Attributes:
        at: The first time of each stamp that was taken.
        verdicts: Of every stamp, by its id.
    """

    state: Stamp = Stamp.DISPATCHED
    since: datetime | None = None
    ended_at: datetime | None = None
    at: dict[Stamp, datetime] = field(default_factory=dict)
    verdicts: dict[UUID, Verdict] = field(default_factory=dict)


def stamps_in_order(events: Iterable[Event]) -> list[Event]:
    """Each stamp once, in the order in which they happened; equal times in that of the steps."""
    known = {event.id: event for event in events if event.kind in set(Stamp)}
    return sorted(known.values(), key=lambda e: (e.happened_at, _ORDER[Stamp(e.kind)], e.id))


def replay(events: Iterable[Event]) -> Standing:
    """The state that all stamps of one assignment come to, and what each of them came to.

    Steps can be left out (a crew that forgot to say that it set off has still arrived), never gone
    back. A stamp that comes after the end was told, but happened before it, is taken: what was done
    is not lost because the network was away. A unit that is held up says `en_route` again when it
    goes on; the time of that step stays the first. On the way home the assignment is over already.
    """
    standing = Standing()
    for event in stamps_in_order(events):
        stamp = Stamp(event.kind)
        verdict = _judge(standing, stamp)
        standing.verdicts[event.id] = verdict
        if verdict is not Verdict.TAKEN:
            continue
        standing.at.setdefault(stamp, event.happened_at)
        if stamp in _NOTED:
            continue
        standing.state, standing.since = stamp, event.happened_at
        if stamp in ENDS:
            standing.ended_at = event.happened_at
    return standing


@dataclass(frozen=True, slots=True)
class Hold:
    """A unit was held up on its way.

    Attributes:
        until: When it went on, or was there, or was taken back; None while it is held up.
        held: What held it up, a `Held`.
        went_on: It went on, rather than was there or taken back.
    """

    since: datetime
    until: datetime | None
    held: str
    reason: str
    went_on: bool = False


def holds_of(events: Iterable[Event]) -> list[Hold]:
    """When a unit was held up, from all stamps of its assignment."""
    told = list(events)
    verdicts = replay(told).verdicts
    taken = [one for one in stamps_in_order(told) if verdicts[one.id] is Verdict.TAKEN]
    moves = [one for one in taken if one.kind not in _NOTED]
    return [
        Hold(
            *(one.happened_at, after.happened_at if after else None),
            *(str(one.detail.get("held", "other")), one.reason),
            went_on=after is not None and after.kind == Stamp.EN_ROUTE,
        )
        for one, after in zip(moves, [*moves[1:], None], strict=False)
        if one.kind == Stamp.DELAYED
    ]


def _judge(standing: Standing, stamp: Stamp) -> Verdict:
    if stamp is Stamp.DURESS:
        # Somebody who calls for help is heard, whatever else was said before.
        return Verdict.TAKEN
    if stamp in _HOMEWARD:
        return _judge_homeward(standing, stamp)
    if standing.ended_at is not None:
        return Verdict.ALREADY if stamp is standing.state else Verdict.OVER
    if stamp is Stamp.DELAYED:
        return _judge_delayed(standing)
    if stamp is Stamp.EN_ROUTE and standing.state is Stamp.DELAYED:
        return Verdict.TAKEN
    if stamp in _STEPS:
        is_first = standing.since is None
        is_further = _ORDER[stamp] > _ORDER[standing.state]
        return Verdict.TAKEN if is_further or is_first else Verdict.ALREADY
    if stamp is Stamp.ACTED:
        return Verdict.TAKEN if standing.state in _THERE else Verdict.NOT_YET
    if stamp is Stamp.CLEARED and standing.state is Stamp.DISPATCHED:
        return Verdict.NOT_YET
    return Verdict.TAKEN


def _judge_delayed(standing: Standing) -> Verdict:
    if standing.state is Stamp.EN_ROUTE:
        return Verdict.TAKEN
    is_before = _ORDER[standing.state] < _ORDER[Stamp.EN_ROUTE]
    return Verdict.NOT_YET if is_before else Verdict.ALREADY


def _judge_homeward(standing: Standing, stamp: Stamp) -> Verdict:
    before = standing.ended_at if stamp is Stamp.RETURNING else standing.at.get(Stamp.RETURNING)
    if before is None:
        return Verdict.NOT_YET
    return Verdict.ALREADY if stamp in standing.at else Verdict.TAKEN


def believed(
    device_at: datetime, sent_at: datetime, received_at: datetime, earliest: datetime
) -> datetime:
    """When something pressed on a phone happened, by our clock.

    The phone's clock may be wrong; how long ago the press was by the time it is sent is not, as
    long as the clock was not set in between. Never before `earliest`, never in the future.
    """
    ago = sent_at - device_at
    happened = received_at - ago if ago.total_seconds() > 0 else received_at
    return min(received_at, max(earliest, happened))


def state_of(states: Sequence[Stamp]) -> str:
    """The state of a task that is not closed: `open`, or how far the furthest unit is."""
    active = [state for state in states if state not in ENDS]
    return max(active, key=_FURTHER.__getitem__).value if active else "open"


def status_of(
    state: Stamp | None,
    crew: int,
    *,
    in_danger: bool = False,
    is_out: bool = False,
    is_returning: bool = False,
) -> Status:
    """What a unit is doing.

    Args:
        state: Of its assignment that has not ended; None if it has none.
        crew: How many people serve on it now.
        in_danger: They called for help and nobody answered: it overrides all.
        is_out: It is out of service; what it is still on is said before that.
        is_returning: It drives home from its last assignment, and is free.
    """
    if in_danger:
        return Status.EMERGENCY
    if state is not None and state not in ENDS:
        return Status(state.value)
    if is_out:
        return Status.OUT_OF_SERVICE
    if not crew:
        return Status.UNKNOWN
    return Status.RETURNING if is_returning else Status.AVAILABLE


def closes(others: Iterable[Assignment], standing: Standing) -> bool:
    """Whether a task is over with this assignment: cleared, and no other unit under way."""
    return standing.state is Stamp.CLEARED and all(one.ended_at is not None for one in others)


def moments_of(standing: Standing) -> Mapping[str, datetime | None]:
    """The columns of an assignment that follow from its stamps."""
    return {
        "accepted_at": standing.at.get(Stamp.ACCEPTED),
        "en_route_at": standing.at.get(Stamp.EN_ROUTE),
        "staged_at": standing.at.get(Stamp.STAGED),
        "on_scene_at": standing.at.get(Stamp.ON_SCENE),
        "transporting_at": standing.at.get(Stamp.TRANSPORTING),
        "at_facility_at": standing.at.get(Stamp.AT_FACILITY),
        "returning_at": standing.at.get(Stamp.RETURNING),
        "in_quarters_at": standing.at.get(Stamp.IN_QUARTERS),
        "ended_at": standing.ended_at,
    }


def ends_alone(task: Task, now: datetime, unseen: timedelta) -> str | None:
    """As what a task to which nobody was sent is over by itself; None while it is not.

    What opened by itself and about which nobody decided anything ends with its jam: at once when
    cars flow again, as `not_found` when nobody saw for `unseen` what they do (zero: never).
    """
    is_watched = task.closed_at is None and task.opened_by is None and task.incident_id is None
    if not is_watched or task.jam_ended_at is None:
        return None
    if task.jam_ended == "flows":
        return "dissolved"
    if task.jam_ended == "unknown" and unseen and now - task.jam_ended_at >= unseen:
        return "not_found"
    return None


def in_order(waiting: Sequence[UUID], wanted: Sequence[UUID]) -> list[UUID]:
    """What waits, in the order that a person wants.

    What they did not know of, because it came meanwhile, stays behind in its order; what waits no
    more is passed over.
    """
    known = [one for one in dict.fromkeys(wanted) if one in set(waiting)]
    return known + [one for one in waiting if one not in set(known)]
