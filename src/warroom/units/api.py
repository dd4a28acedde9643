"""What other domains, and the doors of this one, call of `units`.

The caller opens the transaction: several calls in one of them happen together or not at all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope
from warroom.roads.api import Roads
from warroom.units import bulk, service, store
from warroom.units.board import Seen, Told
from warroom.units.contracts import VIEW, Fence, ImportReport, ListFilter, Unit, UnitId, Whereabouts
from warroom.units.errors import UnitNotFoundError
from warroom.units.formats import read_form
from warroom.units.ingest import Tracker
from warroom.units.matching import Fixes, Matcher, RoadIndex
from warroom.units.mqtt import Receiver
from warroom.units.rules import DRIVING_KMH, STANDING_S
from warroom.units.service import Fleet
from warroom.units.settings import MqttSettings, UnitSettings


def make_tracker(
    db: Database, clock: Clock, standing: Scope, settings: UnitSettings, roads: Roads
) -> Tracker:
    """What takes positions in; to be entered once a process."""
    return Tracker(db, clock, standing, settings, roads)


async def list_units(fleet: Fleet, scope: Scope, tx: Transaction, wanted: ListFilter) -> bytes:
    """A page of units in view as JSON `{items, next, total}`, with position and freshness."""
    return await service.list_units(fleet, scope, tx, wanted)


async def list_positions(fleet: Fleet, scope: Scope, tx: Transaction) -> bytes:
    """Where the units in view are, as JSON `{items}`; those never heard of are left out."""
    return await service.list_positions(fleet, scope, tx)


async def show_unit(fleet: Fleet, scope: Scope, tx: Transaction, unit_id: UUID) -> bytes:
    """One unit as JSON, and what the scope may do with it (`can`).

    Raises:
        UnitNotFoundError: No such unit, or not for this scope.
    """
    return await service.show_unit(fleet, scope, tx, unit_id)


async def get_unit(scope: Scope, tx: Transaction, unit_id: UUID, action: str = VIEW) -> Unit:
    """The unit, if the scope may do `action` with it.

    Raises:
        UnitNotFoundError: No such unit, or not for this scope.
    """
    return await service.get_unit(scope, tx, unit_id, action)


async def list_stationed(
    scope: Scope,
    tx: Transaction,
    agency_id: UUID,
    places: Sequence[str] | None,
    action: str = VIEW,
) -> list[Unit]:
    """The units of an owner stationed in one of the areas, with which `action` may be done.

    A unit of which no station's area is known is in none; None is the units of all stations.
    """
    return await store.list_stationed(scope, tx, agency_id, places, action)


async def list_whereabouts(
    scope: Scope, tx: Transaction, agency_id: UUID, capability: str, action: str = VIEW
) -> list[Whereabouts]:
    """The units of an owner that can do something, with which `action` may be done, and where."""
    return await store.list_whereabouts(scope, tx, agency_id, capability, action)


async def list_able(
    scope: Scope,
    tx: Transaction,
    kinds: Sequence[str],
    capabilities: Sequence[str],
    action: str = VIEW,
) -> list[Whereabouts]:
    """The units of all agencies that are of such a kind or can do such a thing, and where.

    Those with which `action` may be done.
    """
    return await store.list_able(scope, tx, kinds, capabilities, action)


async def add_unit(
    fleet: Fleet, scope: Scope, tx: Transaction, values: Mapping[str, Any]
) -> UnitId:
    """Adds a unit.

    Args:
        fleet: What the use cases work with.
        scope: Who asks; needs `unit:configure` for the agency, place and kind of the unit.
        tx: Transaction of the scope.
        values: Fields of `UnitDraft`.

    Raises:
        FieldError: A field cannot be taken.
        TakenError: Its callsign or device is another's.
    """
    return await service.add_unit(fleet, scope, tx, values)


async def import_units(
    fleet: Fleet, scope: Scope, tx: Transaction, content: bytes, *, dry_run: bool = False
) -> ImportReport:
    """Adds and changes units from a CSV; bad rows are told and the others stored.

    Columns: name, kind, agency (short name, name or id); plate, station, place, capabilities and
    tags (words with spaces between), crew, width_m, height_m, device, simulated, enabled, notes.
    A row is known by agency and name.

    Raises:
        UnreadableImportError: It is no such CSV, or too large.
    """
    return await bulk.import_units(fleet, scope, tx, content, dry_run=dry_run)


async def list_configured(scope: Scope, tx: Transaction) -> list[Unit]:
    """Every unit that the scope may change."""
    return await store.list_configured(scope, tx)


async def find_unit(scope: Scope, tx: Transaction, words: str) -> Unit:
    """The unit that a person means by an id or a callsign, whatever its case.

    Raises:
        UnitNotFoundError: None in view.
        AmbiguousUnitError: Units of several agencies are called so.
    """
    return await service.find_unit(scope, tx, words)


async def change_unit(
    fleet: Fleet,
    scope: Scope,
    tx: Transaction,
    unit_id: UUID,
    version: int,
    values: Mapping[str, Any],
) -> None:
    """Changes what is given of a unit; another device has no key until one is made.

    Raises:
        UnitNotFoundError: No such unit, or not for this scope.
        ChangedMeanwhileError: `version` is not the newest.
        FieldError: A field cannot be taken.
        TakenError: Its callsign or device is another's.
    """
    await service.change_unit(fleet, scope, tx, unit_id, version, values)


async def remove_unit(fleet: Fleet, scope: Scope, tx: Transaction, unit_id: UUID) -> None:
    """Removes a unit; its device is let in no more, its track stays as long as any.

    Raises:
        UnitNotFoundError: No such unit, or not for this scope.
    """
    await service.remove_unit(fleet, scope, tx, unit_id)


async def make_key(fleet: Fleet, scope: Scope, tx: Transaction, unit_id: UUID) -> str:
    """A new key for the unit's device, told this once; the former one ends at once.

    Raises:
        UnitNotFoundError: No such unit, or not for this scope.
        NoDeviceError: It has no device.
    """
    return await service.make_key(fleet, scope, tx, unit_id)


async def make_missing_keys(fleet: Fleet, scope: Scope, tx: Transaction) -> dict[str, str]:
    """Keys for all devices that have none and that the scope may change, by device."""
    units = await store.list_keyless(scope, tx)
    return {
        str(unit.draft.device): await service.make_key(fleet, scope, tx, unit.id) for unit in units
    }


async def read_track(
    scope: Scope,
    tx: Transaction,
    unit_id: UUID,
    span: tuple[datetime, datetime],
    reason: str | None = None,
) -> bytes:
    """Where a unit was in at most a day, as JSON `{items, truncated}`; the look is audited.

    Raises:
        UnitNotFoundError: No such unit, or its track is not for this scope.
        FieldError: The span is none, or too long.
    """
    return await service.read_track(scope, tx, unit_id, span, reason)


async def read_events(
    scope: Scope, tx: Transaction, span: tuple[datetime, datetime], limit: int = 500
) -> bytes:
    """Which units entered and left areas, as JSON `{items}`, newest first; audited.

    Raises:
        FieldError: The span is none, or longer than a day.
    """
    return await service.read_events(scope, tx, span, limit)


async def list_fences(scope: Scope, tx: Transaction) -> list[Fence]:
    """The fences in view, by name."""
    return await store.list_fences(scope, tx)


async def add_fence(
    fleet: Fleet,
    scope: Scope,
    tx: Transaction,
    agency_id: UUID,
    name: str,
    ring: list[tuple[float, float]],
) -> UUID:
    """Adds an area whose crossing by the agency's own units is told.

    Raises:
        FieldError: Name, corners or agency cannot be taken.
    """
    return await service.add_fence(fleet, scope, tx, agency_id, name, ring)


async def remove_fence(fleet: Fleet, scope: Scope, tx: Transaction, fence_id: UUID) -> None:
    """Removes a fence; what was told of it stays.

    Raises:
        FenceNotFoundError: No such fence, or not for this scope.
    """
    await service.remove_fence(fleet, scope, tx, fence_id)


async def trim(fleet: Fleet, scope: Scope, tx: Transaction) -> int:
    """Makes partitions ahead, drops those that are too old; tells how many fixes were in them."""
    return await service.trim(fleet, scope, tx)


__all__ = [
    "DRIVING_KMH",
    "STANDING_S",
    "Fixes",
    "Fleet",
    "Matcher",
    "MqttSettings",
    "Receiver",
    "RoadIndex",
    "Seen",
    "Told",
    "Tracker",
    "Unit",
    "UnitNotFoundError",
    "UnitSettings",
    "Whereabouts",
    "add_fence",
    "add_unit",
    "change_unit",
    "find_unit",
    "get_unit",
    "import_units",
    "list_configured",
    "list_fences",
    "list_positions",
    "list_units",
    "list_whereabouts",
    "make_key",
    "make_missing_keys",
    "make_tracker",
    "read_events",
    "read_form",
    "read_track",
    "remove_fence",
    "remove_unit",
    "show_unit",
    "trim",
]
