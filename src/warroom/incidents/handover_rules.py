"""What another centre's answer means, and when it is asked again; pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

type HandoverState = Literal["waiting", "accepted", "refused", "given_up"]

PAUSES_S = (5, 15, 60, 120, 300, 300, 600)
"""After each try that failed; after the last of them it is given up: somebody must telephone."""

AGAIN = frozenset({408, 425, 429})
"""Refusals that say "later"; every other below 500 says "no"."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a try came to.

    Attributes:
        why: What went wrong; empty where nothing did.
        number: What the other centre calls it.
        due_at: When it is tried again.
    """

    state: HandoverState
    why: str = ""
    number: str = ""
    due_at: datetime | None = None


def read_answer(status: int, body: bytes, tries: int, now: datetime) -> Answered:
    """What an HTTP answer means: taken, refused, or not yet."""
    if 200 <= status < 300:
        return Answered("accepted", number=_number(body))
    why = " ".join(filter(None, (str(status), _problem(body))))[:300]
    if status >= 500 or status in AGAIN:
        return again(why, tries, now)
    return Answered("refused", why)


def again(why: str, tries: int, now: datetime) -> Answered:
    """It is tried again after a pause, or given up."""
    if tries > len(PAUSES_S):
        return Answered("given_up", why[:300])
    return Answered("waiting", why[:300], due_at=now + timedelta(seconds=PAUSES_S[tries - 1]))


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(body: bytes) -> str:
    found = _decoded(body)
    return str(found.get("number") or found.get("id") or "")[:80]


def _problem(body: bytes) -> str:
    found = _decoded(body)
    told = found.get("detail") or found.get("title") or ""
    return " ".join(str(told).split())
