"""Reads the position that a phone sends by SMS when it calls an emergency number. Pure.

What names the phone and its card (`si`, `ei`) is read over and kept nowhere.

References:
    ETSI TS 103 625, Advanced Mobile Location: attributes `ML lt lg rd top lc pm ... ml`.
"""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from warroom.incidents.errors import BadAmlError

type Method = Literal["gnss", "wifi", "cell", "none", "unknown"]

_METHODS: dict[str, Method] = {"G": "gnss", "W": "wifi", "C": "cell", "N": "none"}
_HEAD = re.compile(r'^A"ML=(\d+);')
_PART = re.compile(r"^([a-z]{2,4})=([^=;]*)$")
MOST_LETTERS = 480
"""Three SMS; the standard's message fits into one."""


@dataclass(frozen=True, slots=True)
class AmlPosition:
    """Where a phone says that it is.

    Attributes:
        at: When it was there.
        radius_m: It lies within this; None where the phone does not tell.
        confidence: With this probability, 0 to 1; None likewise.
        method: How the phone knows.
    """

    lat: float
    lon: float
    at: datetime
    radius_m: float | None
    confidence: float | None
    method: Method


def read_aml(text: str) -> AmlPosition | None:
    """The position in an AML message; None where the phone says that it knows none (`lt=N`).

    Raises:
        BadAmlError: It is no AML message of version 1 or 2, was cut off, or tells what cannot be.
    """
    text = text.strip()
    head = _HEAD.match(text)
    if head is None or len(text) > MOST_LETTERS:
        raise BadAmlError(problem="not_aml")
    if head[1] not in ("1", "2"):
        raise BadAmlError(problem="version")
    told = _parts(text[head.end() :])
    if "ml" in told and told["ml"] != str(len(text)):
        raise BadAmlError(problem="cut_off")
    if "N" in (told.get("lt"), told.get("lg")):
        return None
    lat, lon = _number(told, "lt", 90), _number(told, "lg", 180)
    if lat is None or lon is None:
        raise BadAmlError(problem="no_position")
    radius_m, confidence = _number(told, "rd", 1e7, least=0), _number(told, "lc", 100, least=0)
    return AmlPosition(
        lat,
        lon,
        _time(told.get("top", "")),
        radius_m,
        None if confidence is None else confidence / 100,
        _METHODS.get(told.get("pm", ""), "unknown"),
    )


def _parts(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.split(";"):
        match = _PART.match(part.strip())
        if match is None or match[1] in found:
            raise BadAmlError(problem="not_aml" if part.strip() else "cut_off")
        found[match[1]] = match[2].strip()
    return found


def _number(
    told: dict[str, str], name: str, most: float, *, least: float | None = None
) -> float | None:
    """A number within its limits; None where it is `N` or not told.

    Raises:
        BadAmlError: It is no number, or one that cannot be.
    """
    written = told.get(name, "N")
    if written == "N":
        return None
    if not re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,9})?", written):
        raise BadAmlError(problem=name)
    value = float(written)
    if not math.isfinite(value) or not (-most if least is None else least) <= value <= most:
        raise BadAmlError(problem=name)
    return value


def _time(written: str) -> datetime:
    try:
        return datetime.strptime(written, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadAmlError(problem="top") from error
