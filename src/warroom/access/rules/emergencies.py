"""Pure decisions about emergencies: how long they last, who reviews them, how loud that gets."""

from dataclasses import replace
from datetime import datetime, timedelta

from warroom.access.contracts import Emergency, EmergencyStatus
from warroom.access.errors import OwnReviewError, WrongStateError
from warroom.kernel.scope import Rule, Scope

CITY_LEVEL = 2
"""From this level of escalation on, whoever reviews for the whole city may do it for the owner."""


def lasts(minutes: int | None, usual: int, most: int) -> timedelta:
    """For how long access is taken: as asked, one minute at least and `most` at most."""
    return timedelta(minutes=max(1, min(usual if minutes is None else minutes, most)))


def is_active(emergency: Emergency, now: datetime) -> bool:
    """Whether access holds at `now`; what was ended does not hold again."""
    over_at = emergency.ends_at
    if emergency.ended_at is not None:
        over_at = min(over_at, emergency.ended_at)
    return now < over_at


def status(emergency: Emergency, now: datetime) -> EmergencyStatus:
    """Where an emergency stands; one that is still on can be reviewed already."""
    if is_active(emergency, now):
        return "active"
    if emergency.reviewed_at is not None:
        return "reviewed"
    return "overdue" if now >= emergency.due_at else "waiting"


def level(emergency: Emergency, now: datetime, every: timedelta) -> int:
    """How many levels up an open review has gone: 0 until it is due, then one more each `every`."""
    if emergency.reviewed_at is not None or now < emergency.due_at:
        return 0
    return 1 + int((now - emergency.due_at) / every)


def end(emergency: Emergency, now: datetime) -> Emergency:
    """Access given back before its time.

    Raises:
        WrongStateError: It is over.
    """
    if not is_active(emergency, now):
        raise WrongStateError(status=status(emergency, now))
    return replace(emergency, ended_at=now)


def review(
    emergency: Emergency, now: datetime, *, reviewer: object, is_of_owner: bool
) -> Emergency:
    """The emergency, answered for.

    Args:
        emergency: Which.
        now: The instant.
        reviewer: Id of the person who reviews.
        is_of_owner: Whether they review for the agency whose things were opened.

    Raises:
        OwnReviewError: It is the reviewer's own, or they are not of the owner.
        WrongStateError: It was reviewed.
    """
    if reviewer == emergency.person_id or not is_of_owner:
        raise OwnReviewError
    if emergency.reviewed_at is not None:
        raise WrongStateError(status="reviewed")
    return replace(emergency, reviewed_at=now)


def denials(scope: Scope, actions: frozenset[str]) -> tuple[Rule, ...]:
    """The rules that take some of these actions away from the asker, now."""
    return tuple(
        rule
        for rule in scope.rules
        if rule.deny and rule.holds_at(scope.at) and any(rule.covers(word) for word in actions)
    )
