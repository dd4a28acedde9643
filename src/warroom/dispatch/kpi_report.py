"""The report of 112 over a time: which rows each figure is about. Pure; the time is an argument."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from uuid import UUID

from warroom.calls.contracts import CallStamps
from warroom.dispatch.kpi import (
    AED,
    ALS,
    EMS,
    ENGINE,
    FIRE,
    Clock,
    Share,
    Span,
    Timing,
    UnitStamps,
    share,
    timing,
)
from warroom.incidents.contracts import IncidentStamps, State

SHORT = timedelta(seconds=5)
"""A call that ended sooner without an answer is counted apart."""

INFORM_WITHIN = timedelta(hours=24)
NUISANCE = frozenset({"prank", "ghost"})
ELSEWHERE = frozenset({State.CANCELLED, State.HANDED_OVER})
"""Ends after which nobody was to come."""

WHOLE = ("answered", "handed_on", "notified", "en_route", "on_scene", "cleared", "closed")
"""The stamps that an incident of good data carries."""


@dataclass(frozen=True, slots=True)
class Day:
    """What one day of the city adds to a trend."""

    day: date
    offered: int
    answered: int
    within_15_s: int
    nuisance: int


@dataclass(frozen=True, slots=True)
class Start:
    """When an incident's clock starts, for what is counted from the offer and from the answer."""

    clock: Clock
    offered_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told of a time."""

    timings: tuple[Timing, ...]
    shares: tuple[Share, ...]
    days: tuple[Day, ...]


def make_report(
    calls: Sequence[CallStamps],
    incidents: Sequence[IncidentStamps],
    units: Iterable[UnitStamps],
    calls_of: Mapping[UUID, CallStamps],
    now: datetime,
    zone: tzinfo,
) -> Report:
    """All figures.

    Args:
        calls: Those that came in during the time.
        incidents: Those that were opened in it and handed on.
        units: Sent to those incidents.
        calls_of: Calls about those incidents, by id; they may have come before the time.
        now: By our clock.
        zone: Of the city, in which days are counted.
    """
    sent: dict[UUID, list[UnitStamps]] = {}
    for unit in units:
        sent.setdefault(unit.incident_id, []).append(unit)
    starts = {one.id: start_of(one, calls_of) for one in incidents}
    wanted = [one for one in incidents if one.state not in ELSEWHERE]
    timings = (
        _answer(calls),
        *_clocked(wanted, starts, sent),
        *_turnout(wanted, sent),
        *_travel(wanted, sent),
    )
    shares = (
        *_of_calls(calls),
        _follow_up(incidents, now),
        _data_quality(incidents, starts, sent),
    )
    return Report(timings, shares, tuple(_days(calls, zone)))


def start_of(incident: IncidentStamps, calls_of: Mapping[UUID, CallStamps]) -> Start:
    """When its clock starts: by its first call; by hand there is none, and the opening counts."""
    if incident.is_scheduled:
        return Start("due", incident.pending_at, incident.pending_at)
    known = [calls_of[one] for one in incident.call_ids if one in calls_of]
    inward = [call for call in known if call.direction == "in"]
    if not inward:
        return Start("opening", incident.opened_at, incident.opened_at)
    first = min(inward, key=lambda call: (call.offered_at, call.id))
    answered = [call.answered_at for call in inward if call.answered_at is not None]
    return Start("call", first.offered_at, min(answered, default=None))


def _answer(calls: Sequence[CallStamps]) -> Timing:
    return timing("answer", [Span(call.offered_at, call.answered_at) for call in calls])


def _clocked(
    incidents: Sequence[IncidentStamps],
    starts: Mapping[UUID, Start],
    sent: Mapping[UUID, Sequence[UnitStamps]],
) -> tuple[Timing, Timing]:
    clocks = dict(Counter[str](starts[one.id].clock for one in incidents))
    notified, arrived = [], []
    for one in incidents:
        start, units = starts[one.id], sent.get(one.id, ())
        notified.append(
            Span(start.answered_at, min((unit.dispatched_at for unit in units), default=None))
        )
        arrived.append(Span(start.offered_at, first_of(units, "on_scene_at")))
    return timing("processing", notified, clocks), timing("response", arrived, clocks)


def _turnout(
    incidents: Sequence[IncidentStamps], sent: Mapping[UUID, Sequence[UnitStamps]]
) -> list[Timing]:
    went = [unit for one in incidents for unit in sent.get(one.id, ()) if unit.went]

    def spans(service: str | None) -> list[Span]:
        return [
            Span(unit.dispatched_at, unit.en_route_at)
            for unit in went
            if service is None or unit.service == service
        ]

    return [
        timing(key, spans(service))
        for key, service in (("turnout", None), ("turnout_fire", FIRE), ("turnout_ems", EMS))
    ]


def _travel(
    incidents: Sequence[IncidentStamps], sent: Mapping[UUID, Sequence[UnitStamps]]
) -> list[Timing]:
    every: list[Span] = []
    first: list[Span] = []
    full: list[Span] = []
    high: list[Span] = []
    aed: list[Span] = []
    als: list[Span] = []
    for one in incidents:
        # Who was turned back on the way was not to arrive; who arrived counts whatever came after.
        gone = [
            unit
            for unit in sent.get(one.id, ())
            if unit.went and (unit.on_scene_at is not None or unit.state not in _TURNED_BACK)
        ]
        every += [_drive(unit) for unit in gone]
        als += [_drive(unit) for unit in gone if ALS in unit.capabilities]
        if able := [unit for unit in gone if AED in unit.capabilities]:
            aed.append(_drive(min(able, key=_arrival)))
        if engines := [unit for unit in gone if unit.kind == ENGINE]:
            first.append(_drive(min(engines, key=_arrival)))
        if fire := [unit for unit in gone if unit.service == FIRE]:
            # Where nobody said how high it is, the shorter time is asked for.
            (high if one.is_high_rise else full).append(_last(fire))
    keyed = (("travel", every), ("travel_first_engine", first), ("travel_full_alarm", full))
    more = (("travel_full_alarm_high", high), ("travel_aed", aed), ("travel_als", als))
    return [timing(key, spans) for key, spans in (*keyed, *more)]


_TURNED_BACK = frozenset({"cancelled", "declined", "handed_over"})


def _drive(unit: UnitStamps) -> Span:
    return Span(unit.en_route_at, unit.on_scene_at)


def _arrival(unit: UnitStamps) -> tuple[bool, datetime]:
    return (unit.on_scene_at is None, unit.on_scene_at or unit.dispatched_at)


def _last(units: Sequence[UnitStamps]) -> Span:
    """The longest drive of them; missing while one has no whole drive."""
    drives = [_drive(unit) for unit in units]
    if any(drive.seconds is None for drive in drives):
        return Span(None, None)
    return max(drives, key=lambda drive: drive.seconds or 0.0)


def first_of(units: Iterable[UnitStamps], stamp: str) -> datetime | None:
    """The earliest of a stamp over units; None where none carries it."""
    told = [at for unit in units if (at := getattr(unit, stamp)) is not None]
    return min(told, default=None)


def _of_calls(calls: Sequence[CallStamps]) -> list[Share]:
    answered = [call for call in calls if call.answered_at is not None]
    gone = [call for call in calls if call.answered_at is None and call.ended_at is not None]
    short = [call for call in gone if call.ended_at and call.ended_at - call.offered_at < SHORT]
    waiting = len(calls) - len(answered) - len(gone)
    classes = Counter(call.class_ or "unclassed" for call in answered)
    nuisance = sum(classes[one] for one in NUISANCE)
    return [
        share("abandon", len(gone) - len(short), len(calls), missing=waiting),
        share("short_abandon", len(short), len(calls), missing=waiting),
        share(
            "nuisance",
            nuisance,
            len(answered),
            missing=classes["unclassed"],
            parts=dict(classes),
        ),
        _quick(answered),
    ]


def _quick(answered: Sequence[CallStamps]) -> Share:
    """Of the answered calls, those within 10 seconds (COCOM)."""
    spans = [Span(call.offered_at, call.answered_at).seconds for call in answered]
    known = [value for value in spans if value is not None]
    quick = sum(1 for value in known if value <= 10)
    return share("answered_10s", quick, len(known), missing=len(spans) - len(known))


def _follow_up(incidents: Sequence[IncidentStamps], now: datetime) -> Share:
    """Of the closed ones with a number to call: told within a day; one whose day runs waits."""
    told = late = waiting = 0
    for one in incidents:
        if one.state is not State.CLOSED or not one.has_callback or one.ended_at is None:
            continue
        if one.informed_at is not None and one.informed_at - one.ended_at <= INFORM_WITHIN:
            told += 1
        elif one.informed_at is None and now - one.ended_at <= INFORM_WITHIN:
            waiting += 1
        else:
            late += 1
    return share(
        "follow_up", told, told + late, missing=waiting, aim=(100, ""), parts={"waiting": waiting}
    )


def _data_quality(
    incidents: Sequence[IncidentStamps],
    starts: Mapping[UUID, Start],
    sent: Mapping[UUID, Sequence[UnitStamps]],
) -> Share:
    """Of the closed ones to which a unit was sent: those with every stamp."""
    closed = [one for one in incidents if one.state is State.CLOSED and sent.get(one.id)]
    lacks = Counter[str]()
    whole = 0
    for one in closed:
        missing = missing_of(one, starts[one.id], sent[one.id])
        lacks.update(missing)
        whole += not missing
    return share("data_quality", whole, len(closed), aim=(98, ""), parts=dict(lacks))


def missing_of(
    incident: IncidentStamps, start: Start, units: Sequence[UnitStamps]
) -> tuple[str, ...]:
    """Which of its stamps an incident lacks, in their order."""
    told = {
        "answered": start.answered_at,
        "handed_on": incident.pending_at,
        "notified": first_of(units, "dispatched_at"),
        "en_route": first_of(units, "en_route_at"),
        "on_scene": first_of(units, "on_scene_at"),
        "cleared": incident.cleared_at or first_of(_done(units), "ended_at"),
        "closed": incident.ended_at,
    }
    return tuple(word for word in WHOLE if told[word] is None)


def _done(units: Iterable[UnitStamps]) -> list[UnitStamps]:
    return [unit for unit in units if unit.state == "cleared"]


def _days(calls: Iterable[CallStamps], zone: tzinfo) -> list[Day]:
    by_day: dict[date, list[CallStamps]] = {}
    for call in calls:
        by_day.setdefault(call.offered_at.astimezone(zone).date(), []).append(call)
    return [_day(day, by_day[day]) for day in sorted(by_day)]


def _day(day: date, calls: Sequence[CallStamps]) -> Day:
    answered = [call for call in calls if call.answered_at is not None]
    waits = [Span(call.offered_at, call.answered_at).seconds for call in answered]
    return Day(
        day,
        len(calls),
        len(answered),
        sum(1 for wait in waits if wait is not None and wait <= 15),
        sum(1 for call in answered if call.class_ in NUISANCE),
    )
