"""Who typed what: pure rules by which several people fill in one form at once.

Each field stands for itself, with its last writer and its time: whoever types in another field
overwrites nothing. In one field the later wins; what it takes the place of, of another writer, is
given back and kept in the log. So what was once acknowledged is never lost, and whichever order the
forms' savings come in, the form is the same in the end.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from warroom.incidents.contracts import Incident, Typed
from warroom.incidents.errors import FieldUnknownError

LONGEST = {
    "place_text": 200,
    "event_text": 200,
    "type": 40,
    "notes": 4_000,
    "caller_name": 120,
    "callback_number": 40,
}
"""Text fields, and how many letters go in."""

PERSONAL = frozenset({"caller_name", "callback_number", "notes"})
"""What is not told to everybody who listens, only to whoever opens the incident."""

_ANSWER = re.compile(r"^answer\.[a-z][a-z0-9_]{0,39}$")


@dataclass(slots=True)
class Filled:
    """A form after something was typed.

    Attributes:
        fields: All of it.
        changed: Names of the fields that show something else now.
        replaced: What another writer had typed and is shown no more, by field.
    """

    fields: dict[str, Typed]
    changed: list[str] = field(default_factory=list)
    replaced: list[tuple[str, Typed]] = field(default_factory=list)


def fill(stored: Mapping[str, Typed], told: Iterable[tuple[str, Typed]]) -> Filled:
    """The form with what was told typed into it; what was told before changes nothing."""
    filled = Filled(dict(stored))
    for name, typed in told:
        before = filled.fields.get(name)
        if before == typed:
            continue
        is_later = before is None or _key(before) < _key(typed)
        if is_later:
            filled.fields[name] = typed
            if before is None or before.value != typed.value:
                filled.changed.append(name)
        lost = before if is_later else typed
        winner = filled.fields[name]
        if lost is not None and lost.writer != winner.writer and _says_more(lost, winner):
            filled.replaced.append((name, lost))
    return filled


def _key(typed: Typed) -> tuple[datetime, int, Any]:
    return typed.at, typed.revision, typed.writer


def _says_more(lost: Typed, winner: Typed) -> bool:
    """Whether something would be lost: not nothing, and not merely the beginning of what stands."""
    if lost.value in (None, "") or lost.value == winner.value:
        return False
    both_text = isinstance(lost.value, str) and isinstance(winner.value, str)
    return not (both_text and winner.value.startswith(lost.value))


def check_value(name: str, value: Any) -> Any:
    """The value as it is kept: one line of text where the field is one line.

    Raises:
        FieldUnknownError: There is no such field, or that is no value of it.
    """
    if value is None:
        return None
    if name == "priority":
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 5:
            return value
        raise FieldUnknownError(field=name)
    if name == "place":
        return _check_place(value)
    longest = 200 if _ANSWER.match(name) else LONGEST.get(name)
    if longest is None or not isinstance(value, str) or len(value) > longest:
        raise FieldUnknownError(field=name)
    return value.replace("\0", "") if name == "notes" else " ".join(value.replace("\0", "").split())


def _check_place(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FieldUnknownError(field="place")
    lat, lon = value.get("lat"), value.get("lon")
    is_number = all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in (lat, lon)
    )
    if not is_number or not (-90 <= lat <= 90 and -180 <= lon <= 180):  # type: ignore[operator]
        raise FieldUnknownError(field="place")
    words = {
        name: " ".join(str(value.get(name) or "").split())[:200] for name in ("name", "detail")
    }
    source = str(value.get("source") or "operator")[:20]
    return {"lat": float(lat), "lon": float(lon), **words, "source": source}  # type: ignore[arg-type]


def believed(typed_at: datetime, sent_at: datetime, now: datetime) -> datetime:
    """When something was typed, by our clock: as long ago as the form's own clock says."""
    ago = sent_at - typed_at
    return now - ago if ago.total_seconds() > 0 else now


def value_of(fields: Mapping[str, Typed], name: str) -> Any:
    """What stands in a field; None where nothing does."""
    typed = fields.get(name)
    return None if typed is None or typed.value == "" else typed.value


def missing_in(fields: Mapping[str, Typed]) -> tuple[str, ...]:
    """What the form lacks to be handed on whole: a place, an event."""
    place = value_of(fields, "place")
    event = value_of(fields, "type") or value_of(fields, "event_text")
    return tuple(name for name, value in (("place", place), ("event", event)) if value is None)


def answers_in(fields: Mapping[str, Typed]) -> dict[str, str]:
    """Answers by the key of their question."""
    return {
        name.removeprefix("answer."): typed.value
        for name, typed in sorted(fields.items())
        if name.startswith("answer.") and typed.value not in (None, "")
    }


def name_key(name: str | None) -> str | None:
    """A name as it is compared."""
    return " ".join((name or "").casefold().split()) or None


def is_empty(incident: Incident) -> bool:
    """Whether nothing was ever typed."""
    return all(typed.value in (None, "") for typed in incident.fields.values())
