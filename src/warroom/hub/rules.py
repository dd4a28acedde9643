"""Decisions of `hub`: the signature, what an answer means, and when to try again. Pure.

References:
    Standard Webhooks 1.0 (standardwebhooks.com), "Webhook scheme" and "Retry schedule"; RFC 2104.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from warroom.hub.contracts import Delivery, Outcome

SECRET_PREFIX = "whsec_"  # noqa: S105 - the part that is no secret
SECRET_BYTES = 32
LONGEST = timedelta(days=1)
"""A delivery that is older is parked at its next failure."""
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 3 * 3_600.0
MOST_PENDING = 10_000
"""Events that wait for one webhook at most; later ones are lost and counted."""


def secret_text(secret: bytes) -> str:
    """A secret as receivers' libraries take it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signature(secrets: list[bytes], delivery_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one `v1,...` for each secret in force, newest first."""
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
        for secret in secrets
    )


def pause_s(tries: int, chance: float) -> float:
    """Seconds until the next try: 5, 10, 20 ... to 3 hours, a fifth more or less.

    Args:
        tries: Tries that have failed, 1 or more.
        chance: From 0 to 1, so that many who failed at once do not come back at once.
    """
    plain = min(FIRST_PAUSE_S * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE_S)
    return plain * (0.8 + 0.4 * chance)


def pause_of_webhook_s(failures: int) -> float:
    """Seconds for which an endpoint that keeps failing is left alone: none, then 8 s to 5 min."""
    return 0.0 if failures < 3 else min(2.0**failures, 300.0)


def judge(
    delivery: Delivery,
    now: datetime,
    chance: float,
    *,
    status: int | None,
    why: str | None,
    seconds: float | None,
) -> Outcome:
    """What a try comes to: any 2xx is done, everything else comes again until it is a day old."""
    if status is not None and 200 <= status < 300:
        return Outcome("done", status, None, seconds)
    due_at = now + timedelta(seconds=pause_s(delivery.tries, chance))
    if due_at - delivery.at > LONGEST:
        return Outcome("parked", status, why, seconds)
    return Outcome("again", status, why, seconds, due_at)
