"""How likely a call is a nuisance, and in which order calls are taken. Pure.

The score says why, and it only re-orders: a flagged call waits a minute longer than its turn at
most, is shown like every other, and is never refused. Whoever presses 1, or whose call a person
once found to be real, is believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

FLAGGED_FROM = 50
BACK_MOST_S = 60.0
"""By so much a flagged call comes later than its turn, at most."""

_BAD, _REAL, _HIDDEN, _AGAIN, _NIGHT = 18, 30, 10, 20, 5
_AGAIN_FROM = 3
_NIGHT_HOURS = range(5)


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a number when it calls.

    Attributes:
        pranks: Calls of it that a person classed as prank.
        ghosts: Calls of it without a word.
        real: Calls of it that were none of both.
        lately: Calls of it in the last ten minutes.
        is_hidden: There is no number.
        hour: Of the day, in the city.
    """

    pranks: int = 0
    ghosts: int = 0
    real: int = 0
    lately: int = 0
    is_hidden: bool = False
    hour: int = 12


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score from 0 to 100, and the words for what it is made of (`pranks:9`)."""

    score: int
    reasons: tuple[str, ...] = ()

    @property
    def is_flagged(self) -> bool:
        """Whether it comes later than its turn."""
        return self.score >= FLAGGED_FROM


def judge(past: Past) -> Judgement:
    """The score of a call; without a history it is never flagged."""
    parts = (
        ("pranks", past.pranks, _BAD * past.pranks),
        ("ghosts", past.ghosts, _BAD * past.ghosts),
        ("hidden", 1 if past.is_hidden else 0, _HIDDEN if past.is_hidden else 0),
        ("lately", past.lately, _AGAIN if past.lately >= _AGAIN_FROM else 0),
        ("night", past.hour, _NIGHT if past.hour in _NIGHT_HOURS else 0),
        ("real", past.real, -_REAL * past.real),
    )
    score = max(0, min(100, sum(points for _, _, points in parts)))
    return Judgement(score, tuple(f"{word}:{count}" for word, count, points in parts if points))


@dataclass(frozen=True, slots=True)
class Turn:
    """A call that waits."""

    id: UUID
    offered_at: datetime
    score: int = 0
    is_meant: bool = False


def back_s(score: int, *, is_meant: bool) -> float:
    """By how much a call comes later than its turn; nothing where its caller pressed 1."""
    if is_meant or score < FLAGGED_FROM:
        return 0.0
    return BACK_MOST_S * min(score, 100) / 100


def in_turn(calls: Sequence[Turn]) -> list[Turn]:
    """All of the calls, in the order in which they are taken."""
    return sorted(
        calls,
        key=lambda one: (
            one.offered_at + timedelta(seconds=back_s(one.score, is_meant=one.is_meant)),
            one.offered_at,
            one.id,
        ),
    )
