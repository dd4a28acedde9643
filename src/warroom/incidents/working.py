"""Work on an incident: notes, where it is said to be, calls, agencies, links."""

from dataclasses import replace
from datetime import datetime
from typing import Any, get_args
from uuid import UUID, uuid5

from warroom.calls.api import list_places, list_places_since
from warroom.incidents import rules, store
from warroom.incidents.contracts import (
    TAKE,
    VIEW,
    WORK,
    Incident,
    LinkKind,
    Location,
    LocationSource,
    Note,
    Typed,
)
from warroom.incidents.drafts import put_at
from warroom.incidents.errors import (
    AgencyUnknownError,
    CallNotJoinedError,
    IncidentNotFoundError,
    SameIncidentError,
)
from warroom.incidents.intake import place_at
from warroom.incidents.life import SYSTEM, Said
from warroom.incidents.service import event_of, get_incident, get_open, keep
from warroom.incidents.telling import record, tell
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas

_OTHER_END: dict[LinkKind, LinkKind] = {
    "parent": "child",
    "child": "parent",
    "related": "related",
}


async def add_note(
    scope: Scope, tx: Transaction, incident_id: UUID, note: Note, now: datetime
) -> bool:
    """Writes a note, also to what has ended; False where the same note was written before.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id, WORK)
    at, is_backdated = rules.when(note.happened_at, now)
    note = replace(note, happened_at=at)
    agency_id = scope.agency_id or incident.agency_id
    is_new = await store.insert_note(
        scope, tx, incident.id, note, agency_id, now, is_backdated=is_backdated
    )
    if is_new:
        await tell(tx, incident, "noted", now)
        detail = {"note": str(note.id), "visibility": note.visibility, "backdated": is_backdated}
        await record(scope, tx, incident, "noted", detail)
    return is_new


async def add_location(
    scope: Scope, tx: Transaction, incident_id: UUID, location: Location, now: datetime
) -> bool:
    """Keeps where somebody or something says that it is; the chosen place stays as it is.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id, TAKE)
    location = replace(location, at=min(location.at, now))
    is_new = await store.insert_location(scope, tx, incident.id, location, now)
    if is_new:
        await tell(tx, incident, "located", now)
    return is_new


async def choose_location(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    location_id: UUID,
    atlas: Atlas,
    now: datetime,
) -> Incident:
    """Makes one of the locations the place: a person's choice, kept with the source of it.

    Args:
        scope: Who asks.
        tx: Its transaction.
        incident_id: Of which incident.
        location_id: Which location.
        atlas: For the area that it lies in.
        now: By our clock.

    Raises:
        IncidentNotFoundError: No such incident or location, or not for this scope.
        EndedError: The incident has ended.
    """
    incident = await get_open(scope, tx, incident_id, TAKE)
    location = await store.find_location(scope, tx, incident.id, location_id)
    if location is None:
        raise IncidentNotFoundError
    before = incident.fields.get("place")
    place = place_at(atlas, location.lat, location.lon)
    value = {
        "lat": place.lat,
        "lon": place.lon,
        "name": "",
        "detail": place.area_name,
        "source": location.source,
    }
    typed = Typed(value, now, (before.revision if before else 0) + 1, SYSTEM, scope.author_id)
    incident = replace(incident, fields={**incident.fields, "place": typed})
    incident = put_at(incident, place)
    missing = tuple(name for name in incident.missing if name != "place")
    incident = replace(incident, missing=missing, revision=incident.revision + 1)
    await keep(scope, tx, incident)
    detail = {"location": str(location.id), "source": location.source}
    await store.insert_events(
        scope, tx, incident.id, [event_of(scope, "place_chosen", now, detail=detail)]
    )
    await tell(tx, incident, "changed", now)
    await record(scope, tx, incident, "place_chosen", detail)
    return incident


async def join_call(
    scope: Scope, tx: Transaction, incident_id: UUID, call_id: UUID, now: datetime
) -> bool:
    """Joins a call to an incident, with the places it told; False where it is joined already.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id, TAKE, lock=True)
    if not await store.insert_call(scope, tx, incident.id, call_id, now):
        return False
    incident = replace(incident, heard_at=now, revision=incident.revision + 1)
    await keep(scope, tx, incident)
    detail = {"call": str(call_id)}
    joined = event_of(scope, "call_joined", now, detail=detail)
    await store.insert_events(scope, tx, incident.id, [joined])
    for told in await list_places(scope, tx, call_id):
        location = _location_of(call_id, told)
        await store.insert_location(scope, tx, incident.id, location, now)
    await tell(tx, incident, "call_joined", now)
    await record(scope, tx, incident, "call_joined", detail)
    return True


async def part_call(
    scope: Scope, tx: Transaction, incident_id: UUID, call_id: UUID, said: Said, now: datetime
) -> None:
    """Undoes that a call was joined: it counts for the incident no more, nor do the places it told.

    The log and the audit keep both. What a person chose as the place, and what was written down of
    the call, stays: a person wrote it.

    Args:
        scope: Who asks.
        tx: Its transaction.
        incident_id: The incident that the call was joined to, merged into another or not.
        call_id: Which call.
        said: Id of the row of the log, and why.
        now: By our clock.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        CallNotJoinedError: The call is not joined to it.
    """
    incident = await get_incident(scope, tx, incident_id, TAKE, lock=True)
    if not await store.part_call(scope, tx, incident.id, call_id, now):
        raise CallNotJoinedError
    incident = replace(incident, revision=incident.revision + 1)
    await keep(scope, tx, incident)
    detail = {"call": str(call_id)}
    parted = event_of(
        scope, "call_parted", now, event_id=said.event_id, said_at=said.at, reason=said.reason,
        detail=detail,
    )  # fmt: skip
    await store.insert_events(scope, tx, incident.id, [parted])
    await tell(tx, incident, "call_parted", now)
    await record(scope, tx, incident, "call_parted", detail, said.reason)


async def take_places(scope: Scope, tx: Transaction, since: datetime, now: datetime) -> int:
    """Takes up the places that were told since then with calls that are joined; tells how many.

    A caller tells where they are again and again, also after their call was joined.
    """
    told = await list_places_since(scope, tx, since)
    found = await store.find_of_calls(scope, tx, {one["call"] for one in told})
    count = 0
    for one in told:
        for incident_id in found.get(one["call"], ()):
            location = _location_of(one["call"], one)
            if await store.insert_location(scope, tx, incident_id, location, now):
                await tell(tx, await get_incident(scope, tx, incident_id), "located", now)
                count += 1
    return count


def _source_of(told: dict[str, Any]) -> LocationSource:
    """Our word for how a call told its place: by SIP, or by the way that it came."""
    if told["source"] == "pidf":
        return "sip"
    word = told["method"] if told["source"] == "app" else told["source"]
    return word if word in get_args(LocationSource.__value__) else "sms_link"


def _location_of(call_id: UUID, told: dict[str, Any]) -> Location:
    """A place that came with a call; the same again is the same location."""
    at = datetime.fromisoformat(told["at"])
    return Location(
        uuid5(call_id, f"{told['source']} {at.timestamp()}"),
        _source_of(told),
        told["lat"],
        told["lon"],
        at,
        told["radius_m"],
        told["confidence"],
        call_id,
    )


async def join_agency(
    scope: Scope, tx: Transaction, incident_id: UUID, agency_id: UUID, now: datetime
) -> bool:
    """Lets an agency take part: its people see the incident from here on, and all merged into it.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        EndedError: The incident has ended.
        AgencyUnknownError: No such agency.
    """
    incident = await get_open(scope, tx, incident_id, WORK)
    if agency_id in incident.agencies:
        return False
    short = await store.find_agency(scope, tx, agency_id)
    if short is None:
        raise AgencyUnknownError
    incident = replace(
        incident,
        agencies=tuple(sorted({*incident.agencies, agency_id})),
        revision=incident.revision + 1,
    )
    await keep(scope, tx, incident)
    ids = await store.list_merged(scope, tx, incident.id)
    await store.share(scope, tx, ids, incident.agencies)
    detail = {"agency": str(agency_id), "short": short}
    await store.insert_events(
        scope, tx, incident.id, [event_of(scope, "agency_joined", now, detail=detail)]
    )
    await tell(tx, incident, "agency_joined", now)
    await record(scope, tx, incident, "agency_joined", detail)
    return True


async def link(
    scope: Scope,
    tx: Transaction,
    incident_id: UUID,
    other_id: UUID,
    kind: LinkKind,
    now: datetime,
) -> None:
    """Says that two incidents hang together; both stay what they are.

    Raises:
        IncidentNotFoundError: One of the two is not there, or not for this scope.
        SameIncidentError: They are one.
    """
    incident, other = await _pair(scope, tx, incident_id, other_id)
    await store.upsert_link(scope, tx, incident.id, other.id, kind)
    await store.upsert_link(scope, tx, other.id, incident.id, _OTHER_END[kind])
    for one, to, as_kind in ((incident, other, kind), (other, incident, _OTHER_END[kind])):
        detail: dict[str, Any] = {"to": str(to.id), "number": to.number, "kind": as_kind}
        await store.insert_events(
            scope, tx, one.id, [event_of(scope, "linked", now, detail=detail)]
        )
        await tell(tx, one, "linked", now)
    await record(scope, tx, incident, "linked", {"to": other.number, "kind": kind})


async def unlink(
    scope: Scope, tx: Transaction, incident_id: UUID, other_id: UUID, now: datetime
) -> bool:
    """Says that two incidents hang together no more; False where they did not.

    Raises:
        IncidentNotFoundError: One of the two is not there, or not for this scope.
        SameIncidentError: They are one.
    """
    incident, other = await _pair(scope, tx, incident_id, other_id)
    if not await store.delete_link(scope, tx, incident.id, other.id):
        return False
    for one, to in ((incident, other), (other, incident)):
        detail: dict[str, Any] = {"to": str(to.id), "number": to.number}
        await store.insert_events(
            scope, tx, one.id, [event_of(scope, "unlinked", now, detail=detail)]
        )
        await tell(tx, one, "unlinked", now)
    await record(scope, tx, incident, "unlinked", {"to": other.number})
    return True


async def _pair(
    scope: Scope, tx: Transaction, incident_id: UUID, other_id: UUID
) -> tuple[Incident, Incident]:
    """What is worked on, and what is only seen.

    Raises:
        IncidentNotFoundError: One of the two is not there, or not for this scope.
        SameIncidentError: They are one.
    """
    if incident_id == other_id:
        raise SameIncidentError(number="-")
    return (
        await get_incident(scope, tx, incident_id, WORK),
        await get_incident(scope, tx, other_id, VIEW),
    )
