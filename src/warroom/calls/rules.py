"""Decisions of `calls`: the states of a call, and who is rung. Pure; the time is an argument."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from warroom.calls.errors import CallStateError

type CallClass = Literal[
    "emergency",
    "non_emergency",
    "information",
    "ghost",
    "prank",
    "test",
    "abandoned",
    "transferred_out",
]


class CallState(StrEnum):
    """Where a call is."""

    NEW = "new"
    OFFERED = "offered"
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    TRANSFERRED = "transferred"
    CONFERENCED = "conferenced"
    WRAP_UP = "wrap_up"
    ABANDONED = "abandoned"
    CALLBACK_DUE = "callback_due"
    REACHED = "reached"
    CLOSED = "closed"


S = CallState
WAITING = frozenset({S.OFFERED, S.RINGING})
"""Nobody has answered yet."""

TALKING = frozenset({S.ANSWERED, S.HELD, S.TRANSFERRED, S.CONFERENCED})
"""The caller's line is up."""

MOVES: Mapping[str, tuple[frozenset[CallState], CallState]] = {
    "offered": (frozenset({S.NEW}), S.OFFERED),
    "ringing": (WAITING | TALKING, S.RINGING),
    "answered": (WAITING | TALKING, S.ANSWERED),
    "held": (frozenset({S.ANSWERED}), S.HELD),
    "resumed": (frozenset({S.HELD}), S.ANSWERED),
    "conferenced": (frozenset({S.ANSWERED, S.HELD}), S.CONFERENCED),
    "parted": (frozenset({S.CONFERENCED}), S.ANSWERED),
    "transferred": (frozenset({S.ANSWERED, S.HELD, S.CONFERENCED}), S.TRANSFERRED),
    "ended": (TALKING | {S.RINGING}, S.WRAP_UP),
    "abandoned": (WAITING, S.ABANDONED),
    "callback_due": (frozenset({S.ABANDONED}), S.CALLBACK_DUE),
    "reached": (frozenset({S.CALLBACK_DUE}), S.REACHED),
    "closed": (frozenset({S.WRAP_UP, S.CALLBACK_DUE, S.REACHED, S.ABANDONED}), S.CLOSED),
}
"""Kind of event -> (states it may come in, state it leads to)."""

NOTES = frozenset(
    {
        "agent_lost",
        "caller_hold",
        "gap",
        "handed",
        "key",
        "location",
        "monitored",
        "not_reached",
        "passed_over",
        "recorded",
        "silent_confirmed",
        "sound_changed",
        "transfer_failed",
        "transfer_begun",
    }
)
"""Kinds of event that change no state."""


def advance(state: CallState, kind: str) -> CallState:
    """The state after an event.

    Raises:
        CallStateError: The event cannot come in this state.
    """
    if kind in NOTES:
        return state
    allowed, after = MOVES.get(kind, (frozenset(), state))
    if state not in allowed:
        raise CallStateError(state=state.value, kind=kind)
    return after


def may_come(state: CallState, kind: str) -> bool:
    """Whether an event can come in a state."""
    return kind in NOTES or state in MOVES[kind][0]


def state_of(kinds: Iterable[str]) -> CallState:
    """The state that a call's events lead to, in their order."""
    state = CallState.NEW
    for kind in kinds:
        state = advance(state, kind)
    return state


@dataclass(frozen=True, slots=True)
class Free:
    """An agent who could be rung.

    Attributes:
        idle_since: Since when without a call, seconds.
    """

    agent: str
    idle_since: float


def to_ring(strategy: str, free: Sequence[Free], tried: frozenset[str]) -> list[str]:
    """Which of the free agents are rung for one call.

    Args:
        strategy: `longest_idle` or `ring_all`.
        free: Agents without a call.
        tried: Those who did not answer this call; asked again when nobody else is free.
    """
    fresh = [agent for agent in free if agent.agent not in tried] or list(free)
    ordered = sorted(fresh, key=lambda agent: (agent.idle_since, agent.agent))
    names = [agent.agent for agent in ordered]
    return names if strategy == "ring_all" else names[:1]


def is_short(offered_at: float, ended_at: float, short_s: float) -> bool:
    """Whether a call was given up too soon to count as one that waited (COCOM)."""
    return ended_at - offered_at < short_s
