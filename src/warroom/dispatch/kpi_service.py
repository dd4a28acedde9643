"""Gathers what the report of 112 is made of: each domain's stamps, under the asker's rights."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from warroom.calls import api as calls
from warroom.calls.contracts import VIEW as CALL_VIEW
from warroom.calls.contracts import CallStamps
from warroom.dispatch.errors import PeriodError
from warroom.dispatch.eta import Promise, tell_errors
from warroom.dispatch.kpi import Timing, UnitStamps
from warroom.dispatch.kpi_report import Report, make_report
from warroom.dispatch.kpi_store import list_unit_stamps
from warroom.incidents import api as incidents
from warroom.incidents.contracts import VIEW as INCIDENT_VIEW
from warroom.incidents.contracts import IncidentStamps
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope

LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant on, and before another."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Stamps:
    """What a report is made of."""

    calls: list[CallStamps]
    incidents: list[IncidentStamps]
    units: list[UnitStamps]
    calls_of: dict[UUID, CallStamps]


def period_of(first: date, last: date, zone: tzinfo) -> Period:
    """Whole days of the city, the last one included.

    Raises:
        PeriodError: It ends before it begins, or is longer than a year.
    """
    if first > last or last - first >= LONGEST:
        raise PeriodError(days=LONGEST.days)
    since = datetime.combine(first, time(), zone)
    return Period(since, datetime.combine(last + timedelta(days=1), time(), zone))


async def gather_stamps(scope: Scope, tx: Transaction, period: Period) -> Stamps:
    """The stamps in view: of calls, of incidents, and of units that were sent to those."""
    told = await incidents.list_stamps(scope, tx, period.since, period.until)
    ids = [one.id for one in told]
    linked = [call_id for one in told for call_id in one.call_ids]
    of = await calls.list_stamps_of(scope, tx, linked)
    return Stamps(
        await calls.list_call_stamps(scope, tx, period.since, period.until),
        told,
        await list_unit_stamps(scope, tx, ids),
        {call.id: call for call in of},
    )


async def report_kpi(
    scope: Scope, tx: Transaction, first: date, last: date, zone: tzinfo, now: datetime
) -> dict[str, Any]:
    """The report of whole days of the city, as the interface tells it.

    Raises:
        PeriodError: It ends before it begins, or is longer than a year.
    """
    period = period_of(first, last, zone)
    stamps = await gather_stamps(scope, tx, period)
    report = make_report(
        *(stamps.calls, stamps.incidents, stamps.units, stamps.calls_of), now, zone
    )
    return {
        "from": first,
        "to": last,
        "since": period.since,
        "until": period.until,
        "at": now,
        "seen": {"calls": scope.may(CALL_VIEW), "incidents": scope.may(INCIDENT_VIEW)},
        "calls": len(stamps.calls),
        "incidents": len(stamps.incidents),
        "units": len(stamps.units),
        **report_json(report),
        "arrivals": tell_errors([_promise(one) for one in stamps.units], zone),
    }


def _promise(one: UnitStamps) -> Promise:
    return Promise(one.station, one.dispatched_at, one.eta_s, one.on_scene_at, one.went)


def report_json(report: Report) -> dict[str, Any]:
    """Figures, shares and days; what is unknown is null, and what is missed is told."""
    return {
        "timings": [_timing(one) for one in report.timings],
        "shares": report.shares,
        "days": report.days,
    }


def _timing(one: Timing) -> dict[str, Any]:
    seconds = ("average", "p50", "p90", "p95", "p99", "longest", "longest_tenth")
    return {
        "key": one.key,
        "rows": one.rows,
        "n": one.n,
        "missing": one.missing,
        "missing_percent": 100 * one.missing / one.rows if one.rows else None,
        **{f"{word}_s": getattr(one, f"{word}_s") for word in seconds},
        "clocks": one.clocks,
        "aims": [
            {
                "percent": judged.aim.percent,
                "within_s": judged.aim.within_s,
                "source": judged.aim.source,
                "reached": judged.reached,
                "is_met": judged.is_met,
            }
            for judged in one.aims
        ],
    }
