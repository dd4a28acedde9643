"""Everything that is kept of an incident on one clock, for training, review and the paper after it.

Pure. What a row says stays as it was told; here it only finds its place in time. Rows of equal
times stand in the order call, log, unit, note, so that a cause stands before what follows of it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from warroom.calls.contracts import CallStamps
from warroom.dispatch.kpi import UnitStamps
from warroom.dispatch.rules import Hold

type Sort = Literal["call", "log", "unit", "note"]
_ORDER: dict[Sort, int] = {"call": 0, "log": 1, "unit": 2, "note": 3}

STAMPS = (
    *("dispatched", "accepted", "en_route", "on_scene", "transporting", "at_facility", "ended"),
    *("returning", "in_quarters"),
)

LONGEST = timedelta(hours=24)
"""Tracks are read over a day at most; an incident that lasted longer says that they are cut."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    Attributes:
        kind: Of its sort: `offered`, the word of a log's row, a stamp, the visibility of a note.
        who: A person, a unit, or an agency, as people call it; empty where nobody is named.
        text: What was written, or why it was done.
    """

    at: datetime
    sort: Sort
    kind: str
    who: str = ""
    text: str = ""
    is_backdated: bool = False
    detail: dict[str, Any] = field(default_factory=dict)


def timeline(
    shown: Mapping[str, Any],
    calls: Iterable[CallStamps],
    units: Iterable[UnitStamps],
    holds: Mapping[UUID, Sequence[Hold]] | None = None,
) -> list[Moment]:
    """All of it in the order in which it happened.

    Args:
        shown: The incident as its asker may read it: notes that are not theirs are not in it.
        calls: About it, of those in view.
        units: That were sent to it, of those in view.
        holds: When they were held up on their way, by assignment.
    """
    moments = [
        *(moment for call in calls for moment in _of_call(call)),
        *map(_of_log, shown["events"]),
        *(moment for unit in units for moment in _of_unit(unit)),
        *(
            moment
            for unit in units
            for hold in (holds or {}).get(unit.assignment_id or unit.unit_id, ())
            for moment in _of_hold(unit, hold)
        ),
        *map(_of_note, shown["notes"]),
    ]
    return sorted(moments, key=lambda one: (one.at, _ORDER[one.sort], one.kind, one.who, one.text))


def _of_call(call: CallStamps) -> list[Moment]:
    told = {"offered": call.offered_at, "answered": call.answered_at, "ended": call.ended_at}
    detail = {"call": str(call.id)}
    return [Moment(at, "call", kind, detail=detail) for kind, at in told.items() if at is not None]


def _of_log(row: Mapping[str, Any]) -> Moment:
    return Moment(
        datetime.fromisoformat(row["happened_at"]), "log", row["kind"], row["person"] or "",
        row["reason"], row["is_backdated"], row["detail"],
    )  # fmt: skip


def _of_unit(unit: UnitStamps) -> list[Moment]:
    moments = []
    for stamp in STAMPS:
        at: datetime | None = getattr(unit, f"{stamp}_at")
        kind = unit.state if stamp == "ended" else stamp
        if at is not None:
            text = unit.destination if stamp == "transporting" else ""
            detail = {"unit": str(unit.unit_id)}
            moments.append(Moment(at, "unit", kind, unit.name, text, detail=detail))
    return moments


def _of_hold(unit: UnitStamps, hold: Hold) -> list[Moment]:
    detail = {"unit": str(unit.unit_id), "held": hold.held}
    moments = [Moment(hold.since, "unit", "delayed", unit.name, hold.reason, detail=detail)]
    if hold.went_on and hold.until is not None:
        gone = {"unit": str(unit.unit_id)}
        moments.append(Moment(hold.until, "unit", "en_route", unit.name, detail=gone))
    return moments


def _of_note(row: Mapping[str, Any]) -> Moment:
    return Moment(
        datetime.fromisoformat(row["happened_at"]), "note", row["visibility"],
        ", ".join(filter(None, (row["person"], row["agency"]))), row["text"], row["is_backdated"],
    )  # fmt: skip


def span_of(moments: Sequence[Moment], opened_at: datetime) -> tuple[datetime, datetime]:
    """From the first to the last of it; of one that has nothing yet, its opening."""
    times = [moment.at for moment in moments] or [opened_at]
    return min(*times, opened_at), max(*times, opened_at)


def seconds_of(unit: UnitStamps) -> dict[str, float | None]:
    """Turnout, travel and time at the place of a unit; None without both stamps."""
    pairs = {
        "turnout_s": (unit.dispatched_at, unit.en_route_at),
        "travel_s": (unit.en_route_at, unit.on_scene_at),
        "on_scene_s": (unit.on_scene_at, unit.ended_at),
    }
    return {
        word: (end - start).total_seconds() if start and end and end >= start else None
        for word, (start, end) in pairs.items()
    }


def digest(content: Any) -> str:
    """SHA-256 of content as JSON with sorted keys: the same content is the same hash."""
    encoded = msgspec.json.encode(content, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()
