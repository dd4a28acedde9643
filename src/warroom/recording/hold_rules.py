"""What a hold may be, and who may end one: pure judgement."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from warroom.kernel.scope import Scope
from warroom.recording.contracts import HoldDraft
from warroom.recording.errors import (
    BadRangeError,
    CaseTooLongError,
    HoldAheadError,
    HoldOverError,
    HoldTooLongError,
    NoCameraError,
    NoReasonError,
)

CAMERAS_MOST = 50
CASE_MOST = 80
REASON_MOST = 500
LONGEST = timedelta(days=31)
AHEAD = timedelta(days=31)
ENDS_SOON = timedelta(days=7)
ENDS_NEXT = timedelta(days=1)
"""From here on the end of a hold is an alarm's matter, a warning."""


def check_draft(draft: HoldDraft, now: datetime) -> HoldDraft:
    """The hold as it will be stored: texts without blanks around, each camera once.

    Raises:
        NoCameraError: No camera, or too many.
        BadRangeError: The end is not after the beginning.
        HoldTooLongError: It covers more than 31 days.
        HoldAheadError: It begins in the future, or ends more than 31 days ahead.
        NoReasonError: No reason, or one that is too long.
        CaseTooLongError: The case number is too long.
        HoldOverError: It would be over before it began.
    """
    cameras = tuple(dict.fromkeys(draft.camera_ids))
    if not 1 <= len(cameras) <= CAMERAS_MOST:
        raise NoCameraError(most=CAMERAS_MOST)
    if draft.end_at <= draft.start_at:
        raise BadRangeError
    if draft.end_at - draft.start_at > LONGEST:
        raise HoldTooLongError(days=LONGEST.days)
    if draft.start_at > now or draft.end_at > now + AHEAD:
        raise HoldAheadError(days=AHEAD.days)
    return replace(
        draft,
        camera_ids=cameras,
        reason=check_reason(draft.reason),
        case_number=check_case(draft.case_number),
        until_at=check_until(draft.until_at, now),
    )


def check_reason(reason: str) -> str:
    """The reason without blanks around.

    Raises:
        NoReasonError: There is none, or it is too long.
    """
    reason = reason.replace("\0", "").strip()
    if not 1 <= len(reason) <= REASON_MOST:
        raise NoReasonError(most=REASON_MOST)
    return reason


def check_case(number: str) -> str:
    """The case number without blanks around; may be empty.

    Raises:
        CaseTooLongError: It is too long.
    """
    number = number.replace("\0", "").strip()
    if len(number) > CASE_MOST:
        raise CaseTooLongError(most=CASE_MOST)
    return number


def check_until(until_at: datetime | None, now: datetime) -> datetime | None:
    """When the hold ends by itself; None is never.

    Raises:
        HoldOverError: That is not in the future.
    """
    if until_at is not None and until_at <= now:
        raise HoldOverError
    return until_at


def may_end(scope: Scope, held_by_agency: UUID | None) -> bool:
    """Whether the scope may change or release a hold that somebody of that agency set.

    Footage that one agency holds against another, as the police may against the owner of a
    camera, is not that other's to let go of. The machine itself (`warroom recording hold`) may,
    for agencies that are no more.
    """
    return scope.person_id is None or held_by_agency in (None, scope.agency_id)


def state_of(
    released_at: datetime | None,
    released_by: UUID | None,
    until_at: datetime | None,
    now: datetime,
) -> str:
    """`held`, `ends_soon` (within a week), `released` or `expired`."""
    if released_at is not None:
        is_expired = released_by is None and until_at is not None and released_at >= until_at
        return "expired" if is_expired else "released"
    if until_at is not None and until_at - now <= ENDS_SOON:
        return "ends_soon"
    return "held"
