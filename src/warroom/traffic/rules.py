"""Decisions of `traffic` about what people say: times, and the words that must be there."""

from datetime import datetime, timedelta

from warroom.traffic.errors import ReasonMissingError, TimesError

MOST_REASON = 500


def check_times(
    starts_at: datetime | None, ends_at: datetime, now: datetime, most: timedelta
) -> tuple[datetime, datetime]:
    """From when until when it holds; from now where nobody said.

    Raises:
        TimesError: It ends before it begins, is over, or lasts longer than `most`.
    """
    begin = starts_at or now
    if ends_at <= begin or ends_at <= now or ends_at - begin > most:
        raise TimesError(hours=round(most / timedelta(hours=1)))
    return begin, ends_at


def check_reason(reason: str) -> str:
    """The reason as it is kept.

    Raises:
        ReasonMissingError: There is none.
    """
    kept = " ".join(reason.replace("\0", "").split())[:MOST_REASON]
    if not kept:
        raise ReasonMissingError
    return kept
