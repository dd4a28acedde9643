"""The states of an incident: pure functions over its log.

What is told comes late, twice and in any order: from a phone without network, from a paper form
after an outage. So the state is read anew from the whole log, in the order in which things
happened. Whatever the order in which they came, the end is the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from warroom.incidents.contracts import ENDS, PROGRESS, Deed, Event, State, Verdict

BACKDATED = timedelta(seconds=60)
"""What a person says was longer ago than this is marked as told afterwards."""

_ORDER = {deed: number for number, deed in enumerate(Deed)}
_END_OF = {
    Deed.CLOSED: State.CLOSED,
    Deed.CANCELLED: State.CANCELLED,
    Deed.UNFOUNDED: State.UNFOUNDED,
    Deed.HANDED_OVER: State.HANDED_OVER,
}
END_DEEDS = frozenset(_END_OF)


@dataclass(slots=True)
class Standing:
    """What the log of an incident comes to.

    Attributes:
        progress: Where it would stand if nothing had ended it and it were merged into none.
        end: How it ended; None while it is open.
        since: When the state began.
        pending_at: When it was first handed on.
        steps: Every state that it was in, with when that began.
        verdicts: Of every deed, by its id.
    """

    progress: State = State.DRAFT
    end: State | None = None
    merged_into: UUID | None = None
    since: datetime | None = None
    pending_at: datetime | None = None
    due_at: datetime | None = None
    ended_at: datetime | None = None
    disposition: str | None = None
    steps: list[tuple[datetime, State]] = field(default_factory=list)
    verdicts: dict[UUID, Verdict] = field(default_factory=dict)

    @property
    def state(self) -> State:
        """Merged goes before ended, ended before how far it is."""
        return State.MERGED if self.merged_into is not None else self.end or self.progress


def replay(events: Iterable[Event]) -> Standing:
    """The state that all deeds of one incident come to, and what each of them came to.

    A correction takes the row that it names out of the reading, or gives it the time that it tells;
    which correction of several holds is told by when it was made, not by when it came.
    """
    known = {event.id: event for event in events if event.kind in set(Deed)}
    wrong = _corrections(known.values())
    standing = Standing()
    for event in sorted(known.values(), key=lambda one: _key(one, wrong)):
        if event.kind == Deed.CORRECTED:
            verdict = Verdict.TAKEN if event.corrects in known else Verdict.NOT_YET
        elif event.id in wrong and wrong[event.id] is None:
            verdict = Verdict.WRONG
        else:
            verdict = _take(standing, event, wrong.get(event.id) or event.happened_at)
        standing.verdicts[event.id] = verdict
    return standing


def _corrections(events: Iterable[Event]) -> dict[UUID, datetime | None]:
    """By the row that is corrected: the time that it is given; None takes it back."""
    last: dict[UUID, Event] = {}
    for event in sorted(events, key=lambda one: (one.happened_at, one.id)):
        if event.kind == Deed.CORRECTED and event.corrects is not None:
            last[event.corrects] = event
    return {
        row: datetime.fromisoformat(event.detail["at"]) if event.detail.get("at") else None
        for row, event in last.items()
    }


def _key(event: Event, wrong: dict[UUID, datetime | None]) -> tuple[datetime, int, UUID]:
    return wrong.get(event.id) or event.happened_at, _ORDER[Deed(event.kind)], event.id


def _take(standing: Standing, event: Event, at: datetime) -> Verdict:
    deed, before = Deed(event.kind), standing.state
    verdict = _judge(standing, deed, event)
    if verdict is not Verdict.TAKEN:
        return verdict
    if deed is Deed.MERGED:
        standing.merged_into = UUID(str(event.detail["into"]))
    elif deed is Deed.SPLIT:
        standing.merged_into = None
    elif deed in _END_OF:
        standing.end, standing.ended_at = _END_OF[deed], at
        standing.disposition = event.detail.get("disposition")
    elif deed is Deed.REOPENED:
        standing.end = standing.ended_at = standing.disposition = None
        standing.progress = max(standing.progress, State.PENDING, key=_step)
    else:
        _advance(standing, deed, event, at)
    if standing.state is not before or standing.since is None:
        standing.since = at
        standing.steps.append((at, standing.state))
    return verdict


def _advance(standing: Standing, deed: Deed, event: Event, at: datetime) -> None:
    if deed is Deed.SCHEDULED:
        standing.progress = State.SCHEDULED
        standing.due_at = datetime.fromisoformat(event.detail["due_at"])
    elif deed is Deed.SENT:
        standing.progress, standing.due_at = State.PENDING, None
        standing.pending_at = standing.pending_at or at
    elif deed is Deed.PROGRESSED:
        standing.progress = State(event.detail["state"])


def _judge(standing: Standing, deed: Deed, event: Event) -> Verdict:
    if deed is Deed.SPLIT:
        return Verdict.TAKEN if standing.merged_into is not None else Verdict.ALREADY
    if deed is Deed.MERGED:
        is_same = standing.merged_into == UUID(str(event.detail["into"]))
        return Verdict.ALREADY if is_same else Verdict.TAKEN
    if standing.end is not None:
        if deed is Deed.REOPENED:
            return Verdict.TAKEN
        return Verdict.ALREADY if _END_OF.get(deed) is standing.end else Verdict.OVER
    if deed in _END_OF:
        return Verdict.TAKEN
    is_sent = standing.progress in PROGRESS
    if deed is Deed.PROGRESSED:
        if not is_sent:
            return Verdict.NOT_YET
        return _new(State(event.detail["state"]) is not standing.progress)
    if deed is Deed.DRAFTED:
        return _new(standing.since is None)
    return _new(deed is not Deed.REOPENED and not is_sent)


def _new(is_new: bool) -> Verdict:  # noqa: FBT001 - the claim is the name
    return Verdict.TAKEN if is_new else Verdict.ALREADY


def _step(state: State) -> int:
    return PROGRESS.index(state) if state in PROGRESS else -1


def when(
    said_at: datetime | None, now: datetime, earliest: datetime | None = None
) -> tuple[datetime, bool]:
    """When something happened by a person's word, and whether it is told afterwards.

    Nothing happens in the future; `earliest` is a time before which it cannot have been.
    """
    if said_at is None:
        return now, False
    at = min(now, said_at if earliest is None else max(said_at, earliest))
    return at, now - at > BACKDATED


def is_open(state: State) -> bool:
    """Whether there is work left on it."""
    return state not in ENDS and state is not State.MERGED
