"""Use cases of units: authorise, load, judge, save, audit, tell; one transaction each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, InsufficientPrivilege, UniqueViolation

from warroom.audit import api as audit
from warroom.identity.contracts import Thing, finds
from warroom.kernel import actions, deletions, outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope, Sides
from warroom.units import rules, store, track_store
from warroom.units.contracts import (
    CHANGED,
    CONFIGURE,
    TRACK,
    VIEW,
    Fence,
    ListFilter,
    Unit,
    UnitDraft,
    UnitId,
)
from warroom.units.errors import (
    AmbiguousUnitError,
    ChangedMeanwhileError,
    FenceNotFoundError,
    FieldError,
    NoDeviceError,
    TakenError,
    UnitNotFoundError,
)
from warroom.units.settings import UnitSettings

MAX_TRACK = 100_000
MAX_SPAN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the use cases work with, beside scope and transaction."""

    settings: UnitSettings
    clock: Clock

    def times(self) -> dict[str, Any]:
        """By what freshness is judged now."""
        return {
            "now": self.clock.now(),
            "fresh_s": self.settings.fresh_s,
            "silent_s": self.settings.silent_after_s,
        }


async def list_units(fleet: Fleet, scope: Scope, tx: Transaction, wanted: ListFilter) -> bytes:
    """See `api.list_units`."""
    escaped = wanted.q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return await store.list_units(scope, tx, wanted, f"%{escaped}%", fleet.times())


async def list_positions(fleet: Fleet, scope: Scope, tx: Transaction) -> bytes:
    """See `api.list_positions`."""
    return await store.list_positions(scope, tx, fleet.times())


async def show_unit(fleet: Fleet, scope: Scope, tx: Transaction, unit_id: UUID) -> bytes:
    """See `api.show_unit`."""
    unit = await get_unit(scope, tx, unit_id, VIEW)
    can = [word for word in actions.words_on("unit") if scope.allows(word, **unit.sides)]
    return await store.get_unit_json(scope, tx, unit_id, fleet.times(), can)


async def get_unit(
    scope: Scope, tx: Transaction, unit_id: UUID, action: str, *, lock: bool = False
) -> Unit:
    """See `api.get_unit`.

    Raises:
        UnitNotFoundError: No such unit, or not for this scope.
    """
    unit = await store.find_unit(scope, tx, unit_id, action, lock=lock)
    if unit is None:
        raise UnitNotFoundError
    return unit


async def find_unit(scope: Scope, tx: Transaction, words: str) -> Unit:
    """See `api.find_unit`.

    Raises:
        UnitNotFoundError: None in view.
        AmbiguousUnitError: Units of several agencies are called so.
    """
    try:
        return await get_unit(scope, tx, UUID(words), VIEW)
    except ValueError:
        found = await store.find_named(scope, tx, " ".join(words.split()))
    if not found:
        raise UnitNotFoundError
    if len(found) > 1:
        raise AmbiguousUnitError(name=words)
    return found[0]


@finds("unit")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The unit in view with this callsign or id, as rights see it; None if there is none.

    Raises:
        AmbiguousUnitError: Units of several agencies are called so.
    """
    try:
        unit = await find_unit(scope, tx, asked)
    except UnitNotFoundError:
        return None
    draft = unit.draft
    return Thing(
        *("unit", unit.id, draft.name, draft.agency_id, draft.place),
        tags=draft.tags,
        class_=draft.kind,
    )


async def add_unit(
    fleet: Fleet, scope: Scope, tx: Transaction, values: Mapping[str, Any]
) -> UnitId:
    """See `api.add_unit`.

    Raises:
        TakenError: Its callsign or device is another's.
        FieldError: The agency is not one that this scope may have units of.
    """
    scope.require(CONFIGURE)
    unit = Unit(UnitId(new_id()), 1, rules.merge(None, values))
    _require_place(scope, unit)
    try:
        await store.insert_unit(scope, tx, unit.id, unit.draft, fleet.clock.now())
    except UniqueViolation as error:
        raise TakenError(field=_field_of(error)) from error
    except (ForeignKeyViolation, InsufficientPrivilege) as error:
        raise FieldError(field="agency_id") from error
    await _tell(fleet, scope, tx, "added", unit, None)
    return unit.id


async def change_unit(
    fleet: Fleet,
    scope: Scope,
    tx: Transaction,
    unit_id: UUID,
    version: int,
    values: Mapping[str, Any],
) -> None:
    """See `api.change_unit`.

    Raises:
        ChangedMeanwhileError: Somebody else saved it since.
        TakenError: Its callsign or device is another's.
        FieldError: The agency is not one that this scope may have units of.
    """
    stored = await get_unit(scope, tx, unit_id, CONFIGURE, lock=True)
    if stored.version != version:
        raise ChangedMeanwhileError(version=stored.version)
    unit = Unit(stored.id, version + 1, rules.merge(stored.draft, values))
    if unit.draft == stored.draft:
        return
    _require_place(scope, unit)
    try:
        await store.update_unit(scope, tx, unit_id, unit.draft, fleet.clock.now())
    except UniqueViolation as error:
        raise TakenError(field=_field_of(error)) from error
    except (ForeignKeyViolation, InsufficientPrivilege) as error:
        raise FieldError(field="agency_id") from error
    await _tell(fleet, scope, tx, "changed", unit, stored)


async def remove_unit(fleet: Fleet, scope: Scope, tx: Transaction, unit_id: UUID) -> None:
    """See `api.remove_unit`."""
    unit = await get_unit(scope, tx, unit_id, CONFIGURE, lock=True)
    await store.remove_unit(scope, tx, unit_id, fleet.clock.now())
    await _tell(fleet, scope, tx, "removed", unit, None)


async def make_key(fleet: Fleet, scope: Scope, tx: Transaction, unit_id: UUID) -> str:
    """See `api.make_key`.

    Raises:
        NoDeviceError: The unit has no device.
    """
    unit = await get_unit(scope, tx, unit_id, CONFIGURE, lock=True)
    if unit.draft.device is None:
        raise NoDeviceError
    key = rules.make_key()
    now = fleet.clock.now()
    await store.set_key(scope, tx, unit_id, sha256(key.encode()).digest(), now)
    body = {"id": unit.id, "change": "key"}
    await outbox.publish_many(tx, CHANGED, [(body, *outbox.thing_of(unit.sides))], now=now)
    await audit.record(
        scope,
        tx,
        action="unit:key_made",
        object_kind="unit",
        object_id=unit.id,
        agency_id=unit.draft.agency_id,
        object_label=unit.draft.name,
        place=unit.draft.place,
        sides=unit.sides,
    )
    return key


async def read_track(
    scope: Scope,
    tx: Transaction,
    unit_id: UUID,
    span: tuple[datetime, datetime],
    reason: str | None,
) -> bytes:
    """See `api.read_track`."""
    begin, end = _checked(span)
    unit = await get_unit(scope, tx, unit_id, TRACK)
    content = await track_store.read_track(scope, tx, unit_id, begin, end, MAX_TRACK)
    await audit.record(
        scope,
        tx,
        action=TRACK,
        object_kind="unit",
        object_id=unit.id,
        agency_id=unit.draft.agency_id,
        object_label=unit.draft.name,
        place=unit.draft.place,
        detail={"from": begin, "to": end},
        reason=reason,
        sides=unit.sides,
    )
    return content


async def read_events(
    scope: Scope, tx: Transaction, span: tuple[datetime, datetime], limit: int
) -> bytes:
    """See `api.read_events`."""
    begin, end = _checked(span)
    content = await track_store.read_events(scope, tx, begin, end, limit)
    await audit.record(
        scope,
        tx,
        action="unit:events_read",
        object_kind="unit",
        object_id=None,
        agency_id=scope.agency_id,
        detail={"from": begin, "to": end},
    )
    return content


async def add_fence(
    fleet: Fleet,
    scope: Scope,
    tx: Transaction,
    agency_id: UUID,
    name: str,
    ring: list[tuple[float, float]],
) -> UUID:
    """See `api.add_fence`.

    Raises:
        FieldError: Name, corners or agency cannot be taken.
    """
    fence = Fence(new_id(), agency_id, " ".join(name.split()), tuple(ring))
    rules.check_fence(fence.name, ring)
    if not scope.allows(CONFIGURE, agency_id=agency_id, object_id=fence.id):
        raise FieldError(field="agency_id")
    now = fleet.clock.now()
    try:
        await store.insert_fence(scope, tx, fence, now)
    except (ForeignKeyViolation, InsufficientPrivilege) as error:
        raise FieldError(field="agency_id") from error
    await _tell_fence(scope, tx, "unit:fence_added", (fence.id, agency_id, fence.name), now)
    return fence.id


async def remove_fence(fleet: Fleet, scope: Scope, tx: Transaction, fence_id: UUID) -> None:
    """See `api.remove_fence`.

    Raises:
        FenceNotFoundError: No such fence, or not for this scope.
    """
    gone = await store.delete_fence(scope, tx, fence_id)
    if gone is None:
        raise FenceNotFoundError
    now = fleet.clock.now()
    await _tell_fence(scope, tx, "unit:fence_removed", (fence_id, *gone), now)


async def trim(fleet: Fleet, scope: Scope, tx: Transaction) -> int:
    """See `api.trim`."""
    now = fleet.clock.now()
    before = (now - timedelta(days=fleet.settings.track_days)).date()
    for day in (now.date(), (now + timedelta(days=1)).date()):
        await track_store.prepare_day(scope, tx, day)
    count = 0
    for _, agency_id, rows in await track_store.drop_days(scope, tx, before):
        count += rows
        gone = deletions.Deletion(
            "unit_track", "unit_track", "age", rows, now, now, agency_id=agency_id
        )
        await deletions.note(scope, tx, gone)
    limit = now - timedelta(days=fleet.settings.track_days)
    events = await track_store.delete_events(scope, tx, limit)
    if events:
        gone = deletions.Deletion("unit_event", "unit_track", "age", events, now, now)
        await deletions.note(scope, tx, gone)
    return count


def _checked(span: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    begin, end = span
    if begin.tzinfo is None or end.tzinfo is None or not begin < end <= begin + MAX_SPAN:
        raise FieldError(field="to")
    return begin, end


def _require_place(scope: Scope, unit: Unit) -> None:
    if not scope.allows(CONFIGURE, **unit.sides):
        raise FieldError(field="agency_id")


def _field_of(error: UniqueViolation) -> str:
    return "device" if error.diag.constraint_name == "unit_device" else "name"


async def _tell(
    fleet: Fleet, scope: Scope, tx: Transaction, change: str, unit: Unit, before: Unit | None
) -> None:
    now = fleet.clock.now()
    events = [({"id": unit.id, "change": change}, *outbox.thing_of(unit.sides))]
    if before is not None and _moved(before.sides, unit.sides):
        # Whoever saw it before and does not any more must hear that it is gone.
        events.append(({"id": unit.id, "change": "removed"}, *outbox.thing_of(before.sides)))
    await outbox.publish_many(tx, CHANGED, events, now=now)
    await audit.record(
        scope,
        tx,
        action=f"unit:{change}",
        object_kind="unit",
        object_id=unit.id,
        agency_id=unit.draft.agency_id,
        object_label=unit.draft.name,
        place=unit.draft.place,
        detail={"fields": _changed_fields(before.draft, unit.draft)} if before else None,
        sides=unit.sides,
    )


def _moved(before: Sides, now: Sides) -> bool:
    return before != now


def _changed_fields(before: UnitDraft, now: UnitDraft) -> list[str]:
    """Names of what changed, never the values: a plate may be among them."""
    return [
        name
        for name in UnitDraft.__dataclass_fields__
        if getattr(before, name) != getattr(now, name)
    ]


async def _tell_fence(
    scope: Scope, tx: Transaction, action: str, fence: tuple[UUID, UUID, str], now: datetime
) -> None:
    fence_id, agency_id, name = fence
    body = {"fence": fence_id}
    await outbox.publish(tx, CHANGED, body, agency_id=agency_id, object_id=fence_id, now=now)
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="unit_fence",
        object_id=fence_id,
        agency_id=agency_id,
        object_label=name,
    )
