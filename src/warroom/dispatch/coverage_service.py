"""Use cases of minima: who is below, whom to move up, and the word that moves them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.dispatch import (
    coverage_store,
    crew_store,
    duress_store,
    outage_store,
    returning_store,
    service,
    store,
)
from warroom.dispatch.contracts import CONFIGURE, COVERAGE, RETURN_MOST, SEND, VIEW, Stamp
from warroom.dispatch.coverage import Cover, Minimum, Move, Seconds, Vehicle, cover_of, propose
from warroom.dispatch.coverage_store import Kept, Moved, sides_of
from warroom.dispatch.errors import (
    MinimumChangedError,
    MinimumNotFoundError,
    OtherSortError,
    UnitNotThereError,
)
from warroom.dispatch.offering import travel_times
from warroom.dispatch.proposing import Candidate
from warroom.dispatch.sending import ROUTINE
from warroom.dispatch.service import Offer, TaskDraft
from warroom.dispatch.settings import DispatchSettings
from warroom.kernel import outbox
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import UnavailableError
from warroom.kernel.scope import Scope
from warroom.routing.api import Desk
from warroom.units import api as units
from warroom.units.contracts import Whereabouts

URGENT = 1
"""Minutes are those of a vehicle with lights and sirens: what a caller would wait."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The minima with what is free for each, and where every vehicle of them is."""

    at: datetime
    kept: list[Kept]
    covers: list[Cover]
    vehicles: list[Vehicle]
    where: dict[UUID, Whereabouts]
    moved: dict[UUID, Moved]


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody sees of it.

    Attributes:
        kept: The minima in view.
        vehicles: The vehicles in view that could count for one.
    """

    kept: list[Kept]
    vehicles: frozenset[UUID]


class CityCover:
    """Counts in the whole city, whoever asks: who sees a part must not read a shortage into it.

    Args:
        db: Where minima and vehicles are.
        standing: The system's scope.
        settings: Of `dispatch`.
    """

    def __init__(self, db: Database, standing: Scope, settings: DispatchSettings) -> None:
        self._db, self._standing, self._settings = db, standing, settings

    async def look(self, now: datetime) -> Looked:
        """Every minimum of the city; who asks is told its counts, and names by their own right."""
        scope = replace(self._standing, at=now)
        async with self._db.transaction(scope) as tx:
            return await look(scope, tx, self._settings, now)


async def see(scope: Scope, tx: Transaction) -> Seen:
    """The minima in view, and the vehicles whose names may be told."""
    kept = await coverage_store.list_minimums(scope, tx)
    kinds = sorted({one.minimum.kind for one in kept})
    known = await units.list_able(scope, tx, kinds, [], VIEW) if kinds else []
    return Seen(kept, frozenset(one.unit.id for one in known))


async def look(scope: Scope, tx: Transaction, settings: DispatchSettings, now: datetime) -> Looked:
    """Every minimum, by what is known now. The scope must be the system's: `CityCover`."""
    kept = await coverage_store.list_minimums(scope, tx)
    kinds = sorted({one.minimum.kind for one in kept})
    known = await units.list_able(scope, tx, kinds, [], VIEW) if kinds else []
    ids = [one.unit.id for one in known]
    busy = {
        *await store.list_busy(scope, tx, ids),
        *await duress_store.list_in_danger(scope, tx, ids),
        *await outage_store.list_out(scope, tx, ids),
    }
    crews = await crew_store.list_people(scope, tx, ids)
    moved = await coverage_store.list_moved(scope, tx, ids)
    homeward = await returning_store.list_returning(scope, tx, ids, now - RETURN_MOST)
    vehicles = [
        _vehicle(one, len(crews.get(one.unit.id, ())), moved.get(one.unit.id), settings, now,
                 is_busy=one.unit.id in busy, is_returning=one.unit.id in homeward)
        for one in known
        if one.unit.draft.enabled
    ]  # fmt: skip
    covers = [cover_of(one.minimum, vehicles) for one in kept]
    return Looked(now, kept, covers, vehicles, {one.unit.id: one for one in known}, moved)


def _vehicle(
    one: Whereabouts,
    crew: int,
    moved: Moved | None,
    settings: DispatchSettings,
    now: datetime,
    *,
    is_busy: bool,
    is_returning: bool,
) -> Vehicle:
    draft = one.unit.draft
    return Vehicle(
        id=one.unit.id,
        name=draft.name,
        agency_id=draft.agency_id,
        kind=draft.kind,
        station=draft.station,
        place=draft.place,
        is_free=crew > 0 and not is_busy,
        crew=crew,
        moved_to=moved.minimum_id if moved else None,
        is_there=moved is not None and moved.state is Stamp.ON_SCENE,
        is_fresh=one.at is not None and (now - one.at).total_seconds() <= settings.silent_after_s,
        is_returning=is_returning,
    )


async def advise(
    desk: Desk, looked: Looked, settings: DispatchSettings
) -> tuple[list[Move], dict[UUID, str], bool]:
    """Whom to move up, why nobody where nobody, and whether there are no roads to tell by."""
    wanting = {(one.minimum.agency_id, one.minimum.kind) for one in looked.covers if one.lacks}
    concerned = [
        one for one in looked.covers if (one.minimum.agency_id, one.minimum.kind) in wanting
    ]
    free = [one for one in looked.vehicles if one.is_free and one.is_fresh]
    seconds: dict[UUID, Seconds] = {}
    without_roads = False
    try:
        for cover in concerned:
            of = cover.minimum
            group = [
                _candidate(looked.where[one.id])
                for one in free
                if (one.agency_id, one.kind) == (of.agency_id, of.kind)
            ]
            to = (of.lat, of.lon)
            urgent = await travel_times(desk, group, URGENT, to)
            plain = await travel_times(desk, group, ROUTINE, to)
            seconds[of.id] = Seconds(_finite(urgent), _finite(plain))
    except UnavailableError:
        seconds, without_roads = {}, True
    moves, why = propose(concerned, looked.vehicles, seconds, settings.move_gain_s)
    return moves, {**why}, without_roads


def _finite(times: Mapping[UUID, float | None]) -> dict[UUID, float]:
    return {one: time for one, time in times.items() if time is not None and time < float("inf")}


def _candidate(one: Whereabouts) -> Candidate:
    """As far as a way is asked for it."""
    draft = one.unit.draft
    return Candidate(
        *(one.unit.id, draft.name, draft.kind, draft.capabilities, draft.enabled, draft.simulated),
        *(one.at, one.lat, one.lon, 1),
        width_m=draft.width_m,
    )


def coverage_json(
    looked: Looked,
    seen: Seen,
    moves: Sequence[Move],
    why: Mapping[UUID, str],
    scope: Scope,
    *,
    without_roads: bool,
) -> dict[str, Any]:
    """The minima as the interface tells them: counts of the city, names of what the asker sees."""
    covers = {one.minimum.id: one for one in looked.covers}
    return {
        "at": looked.at,
        "without_roads": without_roads,
        "items": [
            _item(kept, covers[kept.minimum.id], looked, seen, moves, why, scope)
            for kept in seen.kept
            # One that was written since the look is told with the next.
            if kept.minimum.id in covers
        ],
    }


def _item(
    kept: Kept,
    cover: Cover,
    looked: Looked,
    seen: Seen,
    moves: Sequence[Move],
    why: Mapping[UUID, str],
    scope: Scope,
) -> dict[str, Any]:
    of = kept.minimum
    sides = sides_of(of)
    proposed = [one for one in moves if one.minimum_id == of.id]
    told = [one for one in proposed if one.vehicle.id in seen.vehicles]
    return {
        "id": of.id,
        "agency": {"id": of.agency_id, "short": kept.agency},
        "station": of.station,
        "area": of.area,
        "kind": of.kind,
        "least": of.least,
        "lat": of.lat,
        "lon": of.lon,
        "version": of.version,
        "have": len(cover.have),
        "coming": len(cover.coming),
        "unknown": cover.unknown,
        "unseen": sum(one.id not in seen.vehicles for one in (*cover.have, *cover.coming)),
        "is_below": cover.is_below,
        "since": kept.since if cover.is_below else None,
        "free": [one.name for one in cover.have if one.id in seen.vehicles],
        "moved": [
            {
                "assignment": looked.moved[one.id].assignment_id,
                "unit": {"id": one.id, "name": one.name},
                "is_there": one.is_there,
            }
            for one in cover.moved
            if one.id in seen.vehicles
        ],
        "moves": [_move(one) for one in told],
        "why": "not_seen" if proposed and not told else why.get(of.id),
        "can": [word for word in (SEND, CONFIGURE) if scope.allows(word, **sides)],
    }


def _move(one: Move) -> dict[str, Any]:
    return {
        "unit": {"id": one.vehicle.id, "name": one.vehicle.name, "station": one.vehicle.station},
        "arrives_s": round(one.arrives_s, 1),
        "gains_s": round(one.gains_s, 1),
        "costs_s": None if one.costs_s is None else round(one.costs_s, 1),
    }


async def write_minimum(scope: Scope, tx: Transaction, minimum: Minimum, now: datetime) -> None:
    """Stores a minimum, or the next version of one; `version` is the one it was made from.

    Raises:
        MinimumNotFoundError: The asker does not configure this for that agency and place.
        MinimumChangedError: Somebody else changed it, or the station has one for this kind.
    """
    before = await coverage_store.find_minimum(scope, tx, minimum.id, CONFIGURE)
    if not scope.allows(CONFIGURE, **sides_of(minimum)):
        raise MinimumNotFoundError
    if (before.minimum.version if before else 0) != minimum.version - 1:
        raise MinimumChangedError
    if not await coverage_store.save_minimum(scope, tx, minimum, now):
        raise MinimumChangedError
    await _note(
        scope, tx, minimum, "minimum_written", {"kind": minimum.kind, "least": minimum.least}
    )
    await tell(tx, minimum, "written", now)


async def remove_minimum(scope: Scope, tx: Transaction, minimum_id: UUID, now: datetime) -> None:
    """Ends a minimum; who stands by for it is not sent away.

    Raises:
        MinimumNotFoundError: No such minimum, or not for this scope.
    """
    kept = await coverage_store.find_minimum(scope, tx, minimum_id, CONFIGURE)
    if kept is None:
        raise MinimumNotFoundError
    await coverage_store.remove_minimum(scope, tx, minimum_id, now)
    await _note(scope, tx, kept.minimum, "minimum_removed", {"kind": kept.minimum.kind})
    await tell(tx, kept.minimum, "written", now)


async def move_up(
    scope: Scope,
    tx: Transaction,
    minimum_id: UUID,
    unit_id: UUID,
    offer: Offer,
    zone: tzinfo,
    now: datetime,
) -> UUID:
    """Sends a free unit to stand by at a station; it stays free. A person does.

    Raises:
        MinimumNotFoundError: No such minimum, or not for this scope.
        UnitNotThereError: No such unit, or not for this scope.
        OtherSortError: It is of another kind or agency.
        BusyError: It is on a task.
    """
    kept = await coverage_store.find_minimum(scope, tx, minimum_id, SEND)
    if kept is None:
        raise MinimumNotFoundError
    minimum = kept.minimum
    try:
        unit = await units.get_unit(scope, tx, unit_id, SEND)
    except units.UnitNotFoundError as error:
        raise UnitNotThereError from error
    if (unit.draft.agency_id, unit.draft.kind) != (minimum.agency_id, minimum.kind):
        raise OtherSortError(unit=unit.draft.name)
    draft = TaskDraft(
        *(minimum.lat, minimum.lon, minimum.place),
        note=minimum.station,
        priority=ROUTINE,
        agency_id=minimum.agency_id,
        kind="move_up",
        minimum_id=minimum.id,
    )
    task = await service.open_task(scope, tx, draft, zone, now)
    return await service.send_unit(scope, tx, task.id, unit_id, offer, now)


def offer_of_move(moves: Sequence[Move], minimum_id: UUID, unit_id: UUID) -> Offer:
    """What is kept of what was proposed, with the unit that is moved up."""
    found = next(
        (one for one in moves if (one.minimum_id, one.vehicle.id) == (minimum_id, unit_id)), None
    )
    if found is None:
        return Offer(None, {"although": "not_proposed"})
    return Offer(found.arrives_s, {"gains_s": round(found.gains_s, 1)})


async def settle_minimums(
    scope: Scope, tx: Transaction, settings: DispatchSettings, now: datetime
) -> int:
    """Stores since when which minimum is below, and tells; how many changed. The system's."""
    changed = 0
    looked = await look(scope, tx, settings, now)
    for cover in looked.covers:
        of = cover.minimum
        if await coverage_store.mark(scope, tx, of.id, now, is_below=cover.is_below):
            await tell(tx, of, "below" if cover.is_below else "holds", now)
            changed += 1
    return changed


async def tell(tx: Transaction, minimum: Minimum, change: str, now: datetime) -> None:
    """Tells those who see the minimum."""
    body = {"id": minimum.id, "station": minimum.station, "kind": minimum.kind, "change": change}
    await outbox.publish_many(tx, COVERAGE, [(body, *outbox.thing_of(sides_of(minimum)))], now=now)


async def _note(
    scope: Scope, tx: Transaction, minimum: Minimum, deed: str, detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=f"dispatch:{deed}",
        object_kind="minimum",
        object_id=minimum.id,
        object_label=minimum.station,
        agency_id=minimum.agency_id,
        place=minimum.place,
        detail=detail,
        sides=sides_of(minimum),
    )
