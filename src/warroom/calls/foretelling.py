"""What the coming hours bring to the room, and how many agents that needs."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from warroom.calls import desk_store
from warroom.calls.forecast import LEAST_WEEKS, WEEKS, forecast
from warroom.calls.staffing import Load, agents_needed
from warroom.kernel.db import Transaction
from warroom.kernel.public_holidays import public_holidays
from warroom.kernel.scope import Scope

HANDLED_LEAST = 30
"""Of fewer calls it is not told how long one takes."""


class Wish(NamedTuple):
    """What the room is to reach.

    Attributes:
        handling_s: How long an agent has a call; None is as long as they took.
        within_s: In which a call is answered.
        target: Share of calls.
    """

    handling_s: float | None
    within_s: float
    target: float


async def foretell(
    scope: Scope, tx: Transaction, zone: ZoneInfo, wish: Wish, now: datetime
) -> dict[str, Any]:
    """The coming hours by those before, each with the weeks that it rests on."""
    local = now.astimezone(zone).replace(tzinfo=None)
    # A day more tells whether calls were kept before the first hour that is looked at.
    since = now - timedelta(weeks=WEEKS, days=1)
    off = public_holidays(
        local.date() - timedelta(weeks=WEEKS + 1), local.date() + timedelta(days=2)
    )
    kept = await desk_store.hourly(scope, tx, zone.key, since, now)
    handled = sum(one.handled for one in kept)
    took_s = sum(one.handling_s for one in kept) / handled if handled >= HANDLED_LEAST else None
    handling_s = wish.handling_s or took_s
    return {
        "weeks": WEEKS,
        "least": LEAST_WEEKS,
        "calls": sum(one.offered for one in kept),
        "handling_s": took_s,
        "handled": handled,
        "items": [
            {
                "at": one.at.replace(tzinfo=zone).astimezone(UTC),
                "calls": one.calls,
                "low": one.low,
                "high": one.high,
                "weeks": one.weeks,
                "holiday": off.get(one.at.date()),
                "needed": None
                if one.calls is None or handling_s is None
                else agents_needed(Load(one.calls, handling_s), wish.target, wish.within_s),
            }
            for one in forecast({one.hour: one.offered for one in kept}, local, holidays=off)
        ],
    }
