"""Use cases of hospitals: keep the list, tell free beds, and order them for a patient."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

import numpy as np

from warroom.audit import api as audit
from warroom.dispatch import beds_store, crew_store, store
from warroom.dispatch.beds import BEDS as KINDS
from warroom.dispatch.beds import BedKind, Choice, Count, Facility, order, state_of
from warroom.dispatch.beds_file import MAX_ROWS, BadRow, BedFile, BedRow, read_beds
from warroom.dispatch.beds_store import sides_of
from warroom.dispatch.contracts import ACT, BEDS, SEND, VIEW
from warroom.dispatch.errors import (
    BadBedFileError,
    BadCountError,
    FacilityNotFoundError,
    FacilityThereError,
    NoAgencyError,
    NotOnDutyError,
    TaskNotFoundError,
)
from warroom.dispatch.proposing import URGENT, profile_of
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel import rowfile
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import UnavailableError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas
from warroom.routing.api import Desk

_AHEAD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class BedReport:
    """What an import did, or would do.

    Attributes:
        added: Hospitals that are new.
        changed: Known hospitals of which counts were told.
        unchanged: Known ones of which the file says nothing.
        counts: Counts that were told.
    """

    added: int
    changed: int
    unchanged: int
    counts: int
    bad: tuple[BadRow, ...]
    ignored: tuple[str, ...]
    dry_run: bool


async def list_facilities(scope: Scope, tx: Transaction) -> list[Facility]:
    """The hospitals in view, by name."""
    return await beds_store.list_facilities(scope, tx, VIEW)


async def write_facility(scope: Scope, tx: Transaction, facility: Facility, now: datetime) -> None:
    """Adds a hospital, or says anew what it is called and where it lies; its counts stay.

    Raises:
        FacilityNotFoundError: The asker keeps none of that agency there.
        FacilityThereError: The agency has one of this name.
    """
    before = await beds_store.find_facility(scope, tx, facility.id, BEDS)
    if before is not None:
        facility = replace(facility, agency_id=before.agency_id)
    if not scope.allows(BEDS, **sides_of(facility)):
        raise FacilityNotFoundError
    if not await beds_store.save_facility(scope, tx, facility, now):
        raise FacilityThereError(name=facility.name)
    await _record(scope, tx, facility, "facility_written", {})


async def remove_facility(scope: Scope, tx: Transaction, facility_id: UUID, now: datetime) -> None:
    """Takes a hospital off the list.

    Raises:
        FacilityNotFoundError: No such hospital, or not for this scope.
    """
    facility = await _get(scope, tx, facility_id)
    await beds_store.remove_facility(scope, tx, facility_id, now)
    await _record(scope, tx, facility, "facility_removed", {})


async def tell_beds(
    scope: Scope, tx: Transaction, facility_id: UUID, counts: Sequence[Count], now: datetime
) -> None:
    """Keeps how many beds are free; a count that is older than the last one known is kept too.

    Raises:
        FacilityNotFoundError: No such hospital, or not for this scope.
        BadCountError: More are free than there are, or they were counted in the future.
    """
    facility = await _get(scope, tx, facility_id)
    # Clocks differ a little: what is told is not refused for that.
    counts = [one if one.at > now + _AHEAD else replace(one, at=min(one.at, now)) for one in counts]
    if any(one.at > now or (one.total is not None and one.free > one.total) for one in counts):
        raise BadCountError
    if scope.is_program:
        counts = [replace(one, source="program") for one in counts]
    await beds_store.add_counts(scope, tx, facility_id, counts, now)
    await _record(scope, tx, facility, "beds_told", _told(counts))


async def import_beds(
    atlas: Atlas,
    scope: Scope,
    tx: Transaction,
    content: bytes,
    zone: tzinfo,
    now: datetime,
    *,
    dry_run: bool,
) -> BedReport:
    """Takes a file of the asker's agency: hospitals by name, each with its free beds.

    A row of a hospital that is not known needs its place. Every bad row is told and left out.

    Args:
        atlas: The areas in which new hospitals lie.
        scope: Who brings it.
        tx: Transaction of the scope.
        content: The file.
        zone: Of times that have none.
        now: This instant.
        dry_run: Tells what would be done.

    Raises:
        NoAgencyError: The asker has no agency.
        BadBedFileError: It cannot be read.
    """
    if scope.agency_id is None:
        raise NoAgencyError
    read = read_file(content, zone)
    kept = {
        one.name.casefold(): one
        for one in await beds_store.list_facilities(scope, tx, BEDS)
        if one.agency_id == scope.agency_id
    }
    bad, seen = list(read.bad), set[str]()
    added = changed = unchanged = told = 0
    for row in read.rows:
        facility = kept.get(row.name.casefold())
        is_new = facility is None
        if facility is None and row.point is not None:
            place = place_of(atlas, *row.point)
            facility = Facility(new_id(), scope.agency_id, row.name, place, *row.point)
        why = _wrong(scope, row, facility, seen, now)
        seen.add(row.name.casefold())
        if why is not None or facility is None:
            bad.append(why or BadRow(row.number, "lat", "no_place"))
            continue
        counts = _counts(row, now)
        told += len(counts)
        added += is_new
        changed += not is_new and bool(counts)
        unchanged += not is_new and not counts
        if not dry_run:
            if is_new:
                await write_facility(scope, tx, facility, now)
            if counts:
                await tell_beds(scope, tx, facility.id, counts, now)
    bad.sort(key=lambda one: one.number)
    return BedReport(added, changed, unchanged, told, tuple(bad), tuple(read.ignored), dry_run)


def place_of(atlas: Atlas, lat: float, lon: float) -> str | None:
    """The smallest area in which a point lies; None outside of the city."""
    area = atlas.area_of(lat, lon)
    if area is None:
        return None
    return area.kelurahan.code if area.kelurahan else area.kecamatan.code


def read_file(content: bytes, zone: tzinfo) -> BedFile:
    """The file, read.

    Raises:
        BadBedFileError: It cannot be.
    """
    try:
        return read_beds(content, zone)
    except (rowfile.UnreadableFileError, rowfile.TooManyRowsError) as error:
        raise BadBedFileError(rows=MAX_ROWS) from error


def _wrong(
    scope: Scope, row: BedRow, facility: Facility | None, seen: set[str], now: datetime
) -> BadRow | None:
    if row.name.casefold() in seen:
        return BadRow(row.number, "name", "twice")
    if facility is None:
        return BadRow(row.number, "lat", "no_place")
    if not scope.allows(BEDS, **sides_of(facility)):
        return BadRow(row.number, "lat", "elsewhere")
    if row.at is not None and row.at > now + _AHEAD:
        return BadRow(row.number, "at", "in_future")
    return None


def _counts(row: BedRow, now: datetime) -> list[Count]:
    return [
        Count(kind, free, row.at or now, "import", total=total)
        for kind, (free, total) in row.beds.items()
    ]


class Choices:
    """Which hospital a patient is taken to.

    A crew, and a desk of another agency, see no list of hospitals of their own; where beds are
    free is told to whoever has somebody to take there, from what the whole city told.

    Args:
        db: Where hospitals are.
        standing: The system's scope.
        settings: How long a count is fresh.
    """

    def __init__(self, db: Database, standing: Scope, settings: DispatchSettings) -> None:
        self._db, self._standing, self._settings = db, standing, settings

    async def choose(
        self, desk: Desk, start: tuple[float, float], kind: BedKind, now: datetime
    ) -> list[Choice]:
        """Every hospital of the city, the best first, by the roads of now."""
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            found = await beds_store.list_facilities(scope, tx, VIEW)
        seconds = await _drive(desk, start, found)
        return order(found, kind, seconds, now, self._settings.beds_fresh_min * 60)


async def _drive(
    desk: Desk, start: tuple[float, float], found: Sequence[Facility]
) -> dict[UUID, float]:
    if not found:
        return {}
    profile = profile_of("ambulance", URGENT)
    ends = [(one.lat, one.lon) for one in found]
    try:
        row = (await desk.matrix(profile, [start], ends, any_end=True))[0]
    except UnavailableError:  # no roads: what is free is told all the same
        return {}
    return {one.id: float(took) for one, took in zip(found, row, strict=True) if np.isfinite(took)}


async def start_of_crew(scope: Scope, tx: Transaction, now: datetime) -> tuple[float, float]:
    """Where the unit is on which the asker serves, and which is on something; else its task.

    Raises:
        NotOnDutyError: They serve on none, or it is on nothing.
    """
    duty = await crew_store.find_duty(scope, tx)
    if duty is None or duty.assignment_id is None:
        raise NotOnDutyError(unit="-")
    return await _start(scope, tx, duty.assignment_id, ACT, now)


async def start_of_sent(
    scope: Scope, tx: Transaction, assignment_id: UUID, now: datetime
) -> tuple[float, float]:
    """Where a unit is that the asker may send; else its task.

    Raises:
        TaskNotFoundError: No such assignment, or not for this scope.
    """
    return await _start(scope, tx, assignment_id, SEND, now)


_HERE_S = 300.0
"""A position older than this says nothing of where a unit is."""


async def _start(
    scope: Scope, tx: Transaction, assignment_id: UUID, action: str, now: datetime
) -> tuple[float, float]:
    found = await store.find_sent(scope, tx, assignment_id, action)
    if found is None:
        raise TaskNotFoundError
    sent, task = found
    since = now - timedelta(seconds=_HERE_S)
    seen = await beds_store.find_position(scope, tx, sent.assignment.unit_id, since)
    return seen or (task.lat, task.lon)


def facility_json(
    facility: Facility, settings: DispatchSettings, scope: Scope, now: datetime
) -> dict[str, Any]:
    """A hospital with its beds; a kind of which nobody told is `unknown`."""
    return {
        "id": facility.id,
        "agency_id": facility.agency_id,
        "name": facility.name,
        "lat": facility.lat,
        "lon": facility.lon,
        "beds": _beds(facility, settings, now),
        "can": [word for word in (BEDS,) if scope.allows(word, **sides_of(facility))],
    }


def choices_json(
    choices: Sequence[Choice], kind: BedKind, settings: DispatchSettings, now: datetime
) -> dict[str, Any]:
    """Hospitals for a patient, the best first; `state` of each says why it stands there."""
    return {
        "at": now,
        "kind": kind,
        "items": [
            {
                "id": one.facility.id,
                "name": one.facility.name,
                "lat": one.facility.lat,
                "lon": one.facility.lon,
                "state": one.state,
                "seconds": None if one.seconds is None else round(one.seconds),
                "beds": _beds(one.facility, settings, now),
            }
            for one in choices
        ],
    }


def _beds(facility: Facility, settings: DispatchSettings, now: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for kind in KINDS:
        count = facility.counts.get(kind)
        state = state_of(count, now, settings.beds_fresh_min * 60)
        told[kind] = {"state": state} | (
            {}
            if count is None
            else {
                "free": count.free,
                "total": count.total,
                "at": count.at,
                "source": count.source,
                "by": count.by,
                "origin": count.origin,
            }
        )
    return told


async def _get(scope: Scope, tx: Transaction, facility_id: UUID) -> Facility:
    facility = await beds_store.find_facility(scope, tx, facility_id, BEDS)
    if facility is None:
        raise FacilityNotFoundError
    return facility


def _told(counts: Sequence[Count]) -> dict[str, Any]:
    return {one.kind: one.free for one in counts} | {"source": counts[0].source if counts else ""}


async def _record(
    scope: Scope, tx: Transaction, facility: Facility, deed: str, detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=f"dispatch:{deed}",
        object_kind="facility",
        object_id=facility.id,
        object_label=facility.name,
        agency_id=facility.agency_id,
        place=facility.place,
        detail=detail,
        sides=sides_of(facility),
    )
