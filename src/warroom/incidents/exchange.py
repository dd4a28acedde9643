"""Incidents of and for other emergency centres: handed over and taken in, never written over."""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from warroom.incidents import draft_rules, show_store, store
from warroom.incidents.cards import DECK
from warroom.incidents.contracts import TAKE, WORK, Incident, Place
from warroom.incidents.drafts import Saving, save_draft
from warroom.incidents.eido import Received, project, read
from warroom.incidents.errors import NoDomainError
from warroom.incidents.intake import Intake, place_at
from warroom.incidents.life import Said, hand_on
from warroom.incidents.service import event_of, get_incident
from warroom.incidents.telling import record
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas


async def export_eido(
    intake: Intake, scope: Scope, tx: Transaction, incident_id: UUID
) -> dict[str, Any]:
    """The incident as another centre reads it; that it was taken is in the audit.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
        NoDomainError: The city has no domain name, without which no id is its own.
    """
    incident = await get_incident(scope, tx, incident_id, WORK)
    if not intake.domain:
        raise NoDomainError
    ids = await store.list_merged(scope, tx, incident_id)
    shown = msgspec.json.decode(await show_store.show_incident(scope, tx, incident_id, ids))
    card = await DECK.find(scope, tx, incident.type_code)
    phone = draft_rules.value_of(incident.fields, "callback_number")
    await record(scope, tx, incident, "eido_exported")
    return project(
        shown, apco=card.apco if card else None, domain=intake.domain,
        phone=phone,
    )  # fmt: skip


async def receive_eido(
    intake: Intake, atlas: Atlas, scope: Scope, tx: Transaction, body: dict[str, Any], now: datetime
) -> tuple[Incident, bool]:
    """Takes in what another centre hands over; what was taken in before stays as it is here.

    Returns:
        The incident, and whether it is new.

    Raises:
        BadEidoError: It cannot be read.
        NoAgencyError: The asker has no agency.
        IncidentNotFoundError: The asker takes in nothing.
    """
    told = read(body)
    # Of the asker's agency: what one centre hands to two of them is two incidents.
    incident_id = uuid5(NAMESPACE_URL, f"eido {scope.agency_id} {told.sender} {told.reference}")
    before = await store.find_incident(scope, tx, incident_id, TAKE)
    if before is not None:
        return before, False
    fields, place = await _fields(atlas, scope, tx, told)
    writer = uuid5(incident_id, "writer")
    saving = Saving(writer, 1, now, [(name, value, now) for name, value in fields.items()], place)
    await save_draft(intake, scope, tx, incident_id, saving, now)
    row = event_of(
        scope, "received", now, event_id=uuid5(incident_id, "received"), source="import",
        detail={"from": told.sender, "reference": told.reference},
    )  # fmt: skip
    await store.insert_events(scope, tx, incident_id, [row])
    incident = await hand_on(intake, scope, tx, incident_id, Said(uuid5(incident_id, "sent")), now)
    await record(scope, tx, incident, "eido_received", {"from": told.sender})
    return incident, True


async def _fields(
    atlas: Atlas, scope: Scope, tx: Transaction, told: Received
) -> tuple[dict[str, Any], Place | None]:
    deck = await DECK.in_force(scope, tx)
    card = next((one for one in deck.values() if one.apco == told.apco), None)
    fields: dict[str, Any] = {
        "event_text": told.event,
        "type": card.code if card else None,
        "priority": told.priority,
        "callback_number": told.phone,
        "notes": "\n".join(told.notes)[: draft_rules.LONGEST["notes"]],
        "place_text": told.address,
    }
    place = None
    if told.lat is not None and told.lon is not None:
        place = place_at(atlas, told.lat, told.lon, told.address)
        fields["place"] = {"lat": told.lat, "lon": told.lon, "name": told.address}
    return {name: value for name, value in fields.items() if value not in (None, "")}, place
