"""Who may turn a camera: one at a time, by rank, by silence and by patience. Pure.

A camera is held by whoever last moved it. It is free again when they have been silent for
`SILENCE_S`, unless they reserved it; a higher rank takes it at once, and says why. Among equals
nobody waits for ever: who was refused first and has waited `PATIENCE_S` may take it, and whoever
had it stands behind them. A reservation ends after `RESERVE_S` and cannot be renewed while
somebody waits. A lower rank waits until a higher one is silent: that is what the rank is for.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from warroom.cameras.contracts import Grip

SILENCE_S = 15.0
PATIENCE_S = 60.0
RESERVE_S = 600.0
TELL_AGAIN_S = 60.0
"""Moving is written into the audit when it begins, and again after so long: never per key."""

RANK_MOVE, RANK_INCIDENT, RANK_OVERRIDE = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants a camera.

    Attributes:
        rank: See `Grip.rank`.
        takes_over: Whether they mean to take it out of somebody's hands.
        reserves: Whether they want it kept for them though they do not move it.
        incident_id: What for.
    """

    person_id: UUID
    rank: int
    takes_over: bool = False
    reserves: bool = False
    incident_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of asking: the grip as it is now, and how that came about.

    Attributes:
        became: `taken` (it was free), `renewed`, `taken_over`; or `held`, `outranked`: refused.
    """

    became: Literal["taken", "renewed", "taken_over", "held", "outranked"]
    grip: Grip

    @property
    def is_granted(self) -> bool:
        """Whether the asker has it in hand now."""
        return self.became in ("taken", "renewed", "taken_over")


def free_at(grip: Grip) -> datetime:
    """When the camera is free if nothing more is heard of its holder."""
    silent = grip.seen_at + timedelta(seconds=SILENCE_S)
    return max(silent, grip.reserved_until) if grip.reserved_until else silent


def ask(grip: Grip | None, asker: Asker, now: datetime) -> Verdict:
    """Judges who has the camera from now on."""
    if grip is None or free_at(grip) <= now:
        return Verdict("taken", _taken(None, asker, now))
    if grip.person_id == asker.person_id:
        return Verdict("renewed", _renewed(grip, asker, now))
    if asker.rank > grip.rank and asker.takes_over:
        return Verdict("taken_over", _taken(grip, asker, now))
    if may_wait_no_longer(grip, asker, now):
        return Verdict("taken_over", _taken(grip, asker, now))
    if asker.rank < grip.rank:
        return Verdict("outranked", grip)
    # Who could take it over by rank has only to say so: they need not wait.
    return Verdict("held", grip if asker.rank > grip.rank else _waiting(grip, asker, now))


def may_wait_no_longer(grip: Grip, asker: Asker, now: datetime) -> bool:
    """Whether an equal has waited long enough, and no reservation stands against it."""
    return (
        asker.rank == grip.rank
        and grip.waiter_id == asker.person_id
        and grip.waiting_since is not None
        and grip.waiting_since + timedelta(seconds=PATIENCE_S) <= now
        and (grip.reserved_until is None or grip.reserved_until <= now)
    )


def may_take_over(grip: Grip | None, rank: int, person_id: UUID | None, now: datetime) -> bool:
    """Whether somebody of this rank could take it out of another's hands now."""
    if grip is None or free_at(grip) <= now or grip.person_id == person_id:
        return False
    return rank > grip.rank


def may_wait(grip: Grip | None, rank: int, person_id: UUID | None, now: datetime) -> bool:
    """Whether asking for it puts somebody of this rank in line: among equals alone."""
    if grip is None or free_at(grip) <= now or grip.person_id == person_id:
        return False
    return rank == grip.rank


def is_to_be_told(grip: Grip, now: datetime) -> bool:
    """Whether the audit is to say that the holder moves it."""
    return grip.told_at is None or grip.told_at + timedelta(seconds=TELL_AGAIN_S) <= now


def _taken(before: Grip | None, asker: Asker, now: datetime) -> Grip:
    # Others who wait keep their place; whoever lost it may stand behind them.
    waits = before is not None and before.waiter_id not in (None, asker.person_id)
    grip = Grip(
        person_id=asker.person_id,
        rank=asker.rank,
        taken_at=now,
        seen_at=now,
        incident_id=asker.incident_id,
        waiter_id=before.waiter_id if before and waits else None,
        waiting_since=before.waiting_since if before and waits else None,
    )
    return _reserved(grip, asker, now)


def _renewed(grip: Grip, asker: Asker, now: datetime) -> Grip:
    return _reserved(
        replace(
            grip,
            rank=max(grip.rank, asker.rank),
            seen_at=max(grip.seen_at, now),
            incident_id=asker.incident_id or grip.incident_id,
        ),
        asker,
        now,
    )


def _reserved(grip: Grip, asker: Asker, now: datetime) -> Grip:
    if not asker.reserves or grip.waiter_id is not None:
        return grip
    return replace(grip, reserved_until=now + timedelta(seconds=RESERVE_S))


def _waiting(grip: Grip, asker: Asker, now: datetime) -> Grip:
    if grip.waiter_id is not None:
        return grip
    return replace(grip, waiter_id=asker.person_id, waiting_since=now)
