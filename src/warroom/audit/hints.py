"""What is unusual in what people did, judged by numbers: hints for a person to look at.

A hint says that something differs from what is usual for this person and for their role. It accuses
nobody: there are good reasons for each of these, and the one who looks writes down which it was.
Everything is judged by the hour, against the days before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from statistics import median
from typing import Any, Literal
from uuid import UUID

type Kind = Literal["bulk", "hours", "place", "refusals", "emergency"]

DAYS = 28
"""Days that make up what is usual."""

BULK_LEAST = 20
BULK_TIMES = 3
KNOWN_DAYS = 10
NEAR_HOURS = 1
RARE_SHARE = 0.05
PLACE_LEAST = 5
REFUSALS_LEAST = 5


@dataclass(frozen=True, slots=True)
class Usage:
    """What a person did within an hour, with things of one district ('' for none)."""

    person_id: UUID
    person_label: str | None
    agency_id: UUID | None
    hour: datetime
    district: str
    looks: int
    things: int
    refusals: int
    emergencies: int


@dataclass(frozen=True, slots=True)
class Hint:
    """Something unusual: who, when, and the numbers that say so."""

    kind: Kind
    person_id: UUID
    person_label: str | None
    agency_id: UUID | None
    begins_at: datetime
    ends_at: datetime
    numbers: Mapping[str, Any]


@dataclass(slots=True)
class _Past:
    """What was usual for one person."""

    things: list[int] = field(default_factory=list)
    days: set[Any] = field(default_factory=set)
    hours: dict[int, set[Any]] = field(default_factory=lambda: defaultdict(set))
    districts: set[str] = field(default_factory=set)
    usual_things: float = 0
    """Things in a busy hour: the 95th percentile."""

    def close(self) -> None:
        """Works out what is asked for again and again, once all of the past is in."""
        ordered = sorted(self.things)
        self.usual_things = ordered[int(0.95 * (len(ordered) - 1))] if ordered else 0


def find(
    usage: Iterable[Usage], since: datetime, zone: tzinfo, roles: Mapping[UUID, str]
) -> list[Hint]:
    """Hints about the hours from `since` on, by what is known of the hours before each.

    Args:
        usage: What everybody did, the last `DAYS` days.
        since: First hour that is judged; what came before is the past.
        zone: Zone of the hours of the day.
        roles: What a person is compared with: others with the same word.
    """
    rows = list(usage)
    pasts: dict[UUID, _Past] = defaultdict(_Past)
    agencies: dict[UUID | None, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for person_id, hour, of_hour in _hours(row for row in rows if row.hour < since):
        past, local = pasts[person_id], hour.astimezone(zone)
        looks = sum(row.looks for row in of_hour)
        if not looks:
            continue
        past.things.append(sum(row.things for row in of_hour))
        past.days.add(local.date())
        past.hours[local.hour].add(local.date())
        for row in of_hour:
            past.districts.add(row.district)
            agencies[row.agency_id][row.district] += row.looks
    by_role: dict[str | None, list[_Past]] = defaultdict(list)
    for person_id, past in pasts.items():
        past.close()
        by_role[roles.get(person_id)].append(past)
    found: list[Hint] = []
    for person_id, hour, of_hour in _hours(row for row in rows if row.hour >= since):
        past = pasts[person_id]
        peers = [other for other in by_role[roles.get(person_id)] if other is not past]
        judged = {
            "bulk": _bulk(of_hour, past, peers),
            "hours": _off_hours(of_hour, hour.astimezone(zone).hour, past, peers),
            "place": _place(of_hour, past, agencies[of_hour[0].agency_id]),
            "refusals": _refusals(of_hour),
            "emergency": _emergency(of_hour),
        }
        first = of_hour[0]
        ends_at = hour + timedelta(hours=1)
        found += [
            Hint(kind, person_id, first.person_label, first.agency_id, hour, ends_at, numbers)  # type: ignore[arg-type]
            for kind, numbers in judged.items()
            if numbers is not None
        ]
    return found


def _hours(rows: Iterable[Usage]) -> list[tuple[UUID, datetime, list[Usage]]]:
    grouped: dict[tuple[UUID, datetime], list[Usage]] = defaultdict(list)
    for row in rows:
        grouped[row.person_id, row.hour].append(row)
    return [(person_id, hour, of_hour) for (person_id, hour), of_hour in sorted(grouped.items())]


def _bulk(rows: list[Usage], past: _Past, peers: list[_Past]) -> dict[str, Any] | None:
    """Many more things in an hour than this person, and than others of their role, look at."""
    things = sum(row.things for row in rows)
    role = median([peer.usual_things for peer in peers if peer.things] or [0])
    usual = max(past.usual_things, role)
    if things < BULK_LEAST or things <= BULK_TIMES * usual:
        return None
    return {"things": things, "own": past.usual_things, "role": role, "peers": len(peers)}


def _off_hours(
    rows: list[Usage], hour: int, past: _Past, peers: list[_Past]
) -> dict[str, Any] | None:
    """At an hour of the day at which this person never, and their role hardly ever, looks."""
    looks = sum(row.looks for row in rows)
    near = [(hour + step) % 24 for step in range(-NEAR_HOURS, NEAR_HOURS + 1)]
    own = len(set().union(*(past.hours.get(other, set()) for other in near)))
    if not looks or len(past.days) < KNOWN_DAYS or own:
        return None
    days = sum(len(peer.days) for peer in peers)
    at_hour = sum(len(peer.hours.get(hour, ())) for peer in peers)
    share = at_hour / days if days else 0.0
    if share >= RARE_SHARE:
        return None
    return {"hour": hour, "looks": looks, "days": len(past.days), "share": round(share, 3)}


def _place(rows: list[Usage], past: _Past, of_agency: Mapping[str, int]) -> dict[str, Any] | None:
    """In districts where neither this person nor their agency is at home."""
    if len(past.days) < KNOWN_DAYS:
        return None
    total = sum(of_agency.values())
    home = past.districts | {
        district for district, looks in of_agency.items() if looks >= total / 100
    }
    away = [row for row in rows if row.district and row.district not in home]
    looks = sum(row.looks for row in away)
    if looks < PLACE_LEAST:
        return None
    return {
        "looks": looks,
        "things": sum(row.things for row in away),
        "districts": sorted({row.district for row in away}),
        "home": len(home),
    }


def _refusals(rows: list[Usage]) -> dict[str, Any] | None:
    refusals = sum(row.refusals for row in rows)
    return {"refusals": refusals} if refusals >= REFUSALS_LEAST else None


def _emergency(rows: list[Usage]) -> dict[str, Any] | None:
    """Emergency access is always looked at afterwards."""
    emergencies = sum(row.emergencies for row in rows)
    return {"emergencies": emergencies} if emergencies else None
