"""Decisions about units: what one may look like, which fixes are believed, what is fresh. Pure."""

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from warroom.units.contracts import Fix, Freshness, UnitDraft, Verdict
from warroom.units.errors import FieldError

JUMPS_BELIEVED = 3
ZERO_DEG = 0.01
"""Within so many degrees of 0/0 (a kilometre of empty sea) a receiver has no position."""

MAX_TOLD_KMH = 300.0
MAX_WORDS, MAX_CREW = 32, 100
_FIELDS = {item.name for item in fields(UnitDraft)}
_LIMITS = {"name": 60, "kind": 40, "plate": 20, "station": 120, "place": 20, "notes": 2000}
_WORD = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
_DEVICE = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_AREA = re.compile(r"^\d{2}(\.\d{2}){0,2}(\.\d{4})?$")
_KM_PER_DEGREE = 111.195

DRIVING_KMH = 3.0
"""Slower is standing: in a queue, at a stop, at a rank or at a post."""

STANDING_S = 300.0
"""Who drove so long ago at most may stand in the traffic, and whoever makes the state of the roads
judges whether it does; afterwards it is parked."""


def merge(stored: UnitDraft | None, values: Mapping[str, Any]) -> UnitDraft:
    """The unit that changes make of a stored one, or of none; texts are tidied.

    Raises:
        FieldError: A field is missing or cannot be taken.
    """
    changes = {name: _tidied(value) for name, value in values.items() if name in _FIELDS}
    for name in ("name", "kind", "agency_id"):
        if (stored is None or name in changes) and not changes.get(name):
            raise FieldError(field=name)
    draft = UnitDraft(**changes) if stored is None else replace(stored, **changes)
    if draft.device == "":
        draft = replace(draft, device=None)
    _check(draft)
    return draft


def _tidied(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list | tuple):
        return tuple(dict.fromkeys(" ".join(str(one).split()).lower() for one in value))
    return value


def _check(draft: UnitDraft) -> None:
    for name, limit in _LIMITS.items():
        text = getattr(draft, name) or ""
        if len(text) > limit or "\0" in text:
            raise FieldError(field=name)
    if not _WORD.match(draft.kind):
        raise FieldError(field="kind")
    if draft.device is not None and not _DEVICE.match(draft.device):
        raise FieldError(field="device")
    if draft.place is not None and not _AREA.match(draft.place):
        raise FieldError(field="place")
    _check_numbers(draft)
    for name in ("tags", "capabilities"):
        words = getattr(draft, name)
        if len(words) > MAX_WORDS or not all(_WORD.match(word) for word in words):
            raise FieldError(field=name)


def _check_numbers(draft: UnitDraft) -> None:
    if not 0 <= draft.crew <= MAX_CREW:
        raise FieldError(field="crew")
    for name, most in (("width_m", 10.0), ("height_m", 20.0)):
        value = getattr(draft, name)
        if value is not None and not 0.1 <= value <= most:
            raise FieldError(field=name)


def check_fence(name: str, ring: list[tuple[float, float]]) -> None:
    """Refuses an area without a name, or whose corners are none of the Earth.

    Raises:
        FieldError: `name` or `ring`.
    """
    if not 0 < len(name) <= 120:
        raise FieldError(field="name")
    corners = set(ring)
    is_there = all(
        math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90
        for lon, lat in ring
    )
    if not is_there or not 3 <= len(corners) <= len(ring) <= 500:
        raise FieldError(field="ring")


def make_key() -> str:
    """A new key of a device: 256 bits, letters that survive an address."""
    return secrets.token_urlsafe(32)


@dataclass(slots=True)
class Known:
    """What fixes of one unit are judged by; changed by `judge`.

    Attributes:
        at_s: Time of the newest that was kept; -inf before the first.
        jumps: How many refused jumps in a row agree with each other; `jump` is the last of them.
    """

    at_s: float = -math.inf
    lat: float = math.nan
    lon: float = math.nan
    jumps: int = 0
    jump: Fix | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of belief; times in seconds since 1970 UTC."""

    now_s: float
    future_s: float
    oldest_s: float
    max_kmh: float


def judge(known: Known, fix: Fix, limits: Limits) -> Verdict:
    """Whether a fix is believed; one that is kept becomes what the next is judged by."""
    verdict = _judge_alone(fix, limits)
    if verdict is not Verdict.KEPT:
        return verdict
    if fix.at_s == known.at_s:
        return Verdict.REPEATED
    if fix.at_s < known.at_s:
        return Verdict.LATE
    if _is_jump(known.at_s, known.lat, known.lon, fix, limits.max_kmh):
        last = known.jump
        agrees = (
            last is not None
            and fix.at_s > last.at_s
            and not _is_jump(last.at_s, last.lat, last.lon, fix, limits.max_kmh)
        )
        known.jumps = known.jumps + 1 if agrees else 1
        known.jump = fix
        # Else one wrong fix that was believed would shut the right ones out for ever.
        if known.jumps < JUMPS_BELIEVED:
            return Verdict.JUMP
    known.at_s, known.lat, known.lon = fix.at_s, fix.lat, fix.lon
    known.jumps, known.jump = 0, None
    return Verdict.KEPT


def _judge_alone(fix: Fix, limits: Limits) -> Verdict:
    if not (abs(fix.lat) <= 90.0 and abs(fix.lon) <= 180.0 and math.isfinite(fix.at_s)):
        return Verdict.NO_POSITION
    if abs(fix.lat) < ZERO_DEG and abs(fix.lon) < ZERO_DEG:
        return Verdict.ZERO
    if fix.at_s > limits.now_s + limits.future_s:
        return Verdict.FUTURE
    if fix.at_s < limits.oldest_s:
        return Verdict.TOO_OLD
    return Verdict.KEPT


def _is_jump(at_s: float, lat: float, lon: float, fix: Fix, max_kmh: float) -> bool:
    if not math.isfinite(at_s):
        return False
    squeeze = math.cos(math.radians(lat))
    km = _KM_PER_DEGREE * math.hypot(fix.lat - lat, (fix.lon - lon) * squeeze)
    # A receiver that finds its satellites again leaps by some hundred metres.
    return km > 0.3 + max_kmh * (fix.at_s - at_s) / 3600.0


def believed(fix: Fix) -> Fix:
    """The fix without a speed that nothing drives at; its place may be right all the same."""
    return replace(fix, kmh=math.nan) if fix.kmh > MAX_TOLD_KMH else fix


def freshness_of(age_s: float | None, fresh_s: float, silent_after_s: float) -> Freshness:
    """What an age says; None was never heard of. The list says the same in SQL."""
    if age_s is None:
        return Freshness.NEVER
    if age_s <= fresh_s:
        return Freshness.FRESH
    return Freshness.STALE if age_s <= silent_after_s else Freshness.SILENT


def kecamatan_of(area: str) -> str | None:
    """The kecamatan of an area code: `73.71.04` of `73.71.04.1001`; None where it has none."""
    parts = area.split(".")
    return ".".join(parts[:3]) if len(parts) >= 3 else None
