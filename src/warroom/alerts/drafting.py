"""Alerts of the city: one person writes, another releases; what is released cannot be changed."""

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any
from uuid import UUID

import msgspec

from warroom.alerts import composing, draft_store, rules, store
from warroom.alerts.cap import problems, write_alert
from warroom.alerts.composing import Issuer, Outlines
from warroom.alerts.contracts import (
    CHANGED,
    DRAFTS,
    ISSUE,
    OWN,
    WRITE,
    Alert,
    Draft,
    DraftKind,
    Fields,
    Point,
    Words,
)
from warroom.alerts.errors import (
    AlertNotFoundError,
    ChangedMeanwhileError,
    NoAgencyError,
    NoDomainError,
    NotInForceError,
    NotOpenError,
    NotReadyError,
    OwnDraftError,
)
from warroom.alerts.service import Taker, reach_of, record, unexpiring_of
from warroom.incidents import api as incidents
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.decks import first_said
from warroom.kernel.errors import NotFoundError, UnavailableError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas

_SIMPLER_DEG = 0.0005
"""Outlines of kecamatan are told to about 50 metres: fewer corners, for every phone."""
_TOPIC_KINDS = {"Alert": "issued", "Update": "issued", "Cancel": "cancelled"}


@dataclass(frozen=True, slots=True)
class Office:
    """What writing alerts works with.

    Attributes:
        taker: Keeps what is issued among what is received.
        zone: That people live in: the offset of all times.
        domain: By which this city is known to others; may be empty.
    """

    taker: Taker
    zone: tzinfo
    domain: str


async def begin(
    scope: Scope,
    tx: Transaction,
    kind: DraftKind,
    *,
    previous: UUID | None = None,
    incident_id: UUID | None = None,
) -> UUID:
    """Begins a draft: empty, of an incident, or of the alert that it updates or cancels.

    Of an incident what happened and its kecamatan are taken: no address, no caller.

    Raises:
        NoAgencyError: The asker has none.
        NotInForceError: What it updates or cancels has ended, or is not the city's.
        IncidentNotFoundError: No such incident, or not for this scope.
        AlertNotFoundError: The asker writes no alerts for their agency.
    """
    person_id, agency_id = scope.person_id, scope.agency_id
    if person_id is None or agency_id is None:
        raise NoAgencyError
    fields = Fields()
    if kind == "Alert":
        previous = None
        fields = await _of_incident(scope, tx, incident_id) if incident_id else fields
    else:
        if previous is None or await draft_store.find_own(scope, tx, previous) is None:
            raise NotInForceError
        found = await draft_store.find_issued_fields(scope, tx, previous)
        fields = replace(found or fields, note="")
    draft = Draft(
        new_id(), agency_id, kind, fields, 1, "draft", (person_id,), previous, incident_id
    )
    if not scope.allows(WRITE, **draft.sides):
        raise AlertNotFoundError
    await draft_store.insert_draft(scope, tx, draft)
    await _note(scope, tx, draft, "drafted", "draft")
    return draft.id


async def _of_incident(scope: Scope, tx: Transaction, incident_id: UUID) -> Fields:
    incident = await incidents.get_incident(scope, tx, incident_id)
    district = ".".join((incident.place or "").split(".")[:3])
    is_whole = len(district.split(".")) == 3
    names = {card.code: card.name for card in await incidents.list_cards(scope, tx)}
    name = names.get(incident.type_code or "")
    said = (
        (incident.event, "")
        if name is None
        else (name.get("id") or first_said(name), name.get("en", ""))
    )
    return Fields(
        id=Words(event=said[0]),
        en=Words(event=said[1]),
        districts=(district,) if is_whole else (),
    )


async def write(
    scope: Scope, tx: Transaction, draft_id: UUID, version: int, fields: Fields
) -> None:
    """Keeps what was written; who writes can no longer release it.

    Raises:
        AlertNotFoundError: No such draft, or not for this scope.
        ChangedMeanwhileError: `version` is not the stored one.
        NotOpenError: It was issued or dropped.
        NoAgencyError: No person asks.
    """
    draft = await _get(scope, tx, draft_id, version, WRITE)
    if scope.person_id is None:
        raise NoAgencyError
    writers = list(dict.fromkeys((*draft.writers, scope.person_id)))
    await draft_store.write_fields(scope, tx, draft, fields, writers)
    await _note(scope, tx, draft, "draft_written", "draft")


async def ask(office: Office, scope: Scope, tx: Transaction, draft_id: UUID, version: int) -> None:
    """Asks for the release of a draft that is whole.

    Raises:
        AlertNotFoundError: No such draft, or not for this scope.
        ChangedMeanwhileError: `version` is not the stored one.
        NotOpenError: It was issued or dropped, or is asked for already.
        NotReadyError: It lacks something (`fields`).
    """
    draft = await _get(scope, tx, draft_id, version, WRITE, "draft")
    _require_whole(office, draft, scope)
    await draft_store.ask(scope, tx, draft)
    await _note(scope, tx, draft, "asked", "waiting")


async def give_back(
    scope: Scope, tx: Transaction, draft_id: UUID, version: int, reason: str
) -> None:
    """Gives a draft back to who wrote it, with why.

    Raises:
        AlertNotFoundError: No such draft, or not for this scope.
        ChangedMeanwhileError: `version` is not the stored one.
        NotOpenError: It is not asked for.
        NotReadyError: No reason was said.
    """
    draft = await _get(scope, tx, draft_id, version, WRITE, "waiting")
    if not reason.strip():
        raise NotReadyError(fields="reason")
    await draft_store.give_back(scope, tx, draft, reason.strip())
    await _note(scope, tx, draft, "returned", "draft", reason.strip())


async def drop(scope: Scope, tx: Transaction, draft_id: UUID, version: int) -> None:
    """Ends a draft without an alert.

    Raises:
        AlertNotFoundError: No such draft, or not for this scope.
        ChangedMeanwhileError: `version` is not the stored one.
        NotOpenError: It was issued or dropped.
    """
    draft = await _get(scope, tx, draft_id, version, WRITE)
    await draft_store.end(scope, tx, draft, "dropped", None)
    await _note(scope, tx, draft, "dropped", "dropped")


async def issue(
    office: Office, scope: Scope, tx: Transaction, draft_id: UUID, version: int
) -> UUID:
    """Releases what somebody else has written and asked for; the id of the alert.

    It is in the public feed, among what holds, in the audit and on its way to webhooks with the
    commit of this transaction.

    Raises:
        AlertNotFoundError: No such draft, or not for this scope.
        ChangedMeanwhileError: `version` is not the stored one: it is not what was read.
        NotOpenError: It is not asked for.
        OwnDraftError: The asker wrote in it, or is no person.
        NotReadyError: It lacks something by now, the time until it holds for one (`fields`).
        NotInForceError: What it updates or cancels has ended meanwhile.
        NoDomainError: Nobody could tell whose alert it is.
    """
    draft = await _get(scope, tx, draft_id, version, ISSUE, "waiting")
    if scope.person_id is None or scope.person_id in draft.writers:
        raise OwnDraftError
    outlines = _require_whole(office, draft, scope)
    # The lock first: a cancel and an update of the same alert wait for each other.
    await store.lock(scope, tx)
    previous = await _previous(scope, tx, draft)
    alert_id = new_id()
    issuer = await _issuer(office, scope, tx, draft)
    now = scope.at.astimezone(office.zone)
    identifier = f"{issuer.sender.rpartition('@')[2]}-{now:%Y%m%d%H%M%S}-{alert_id.hex[-8:]}"
    alert = composing.compose(
        draft.fields, draft.kind, issuer, outlines, previous, (identifier, now)
    )
    if found := problems(alert):
        raise NotReadyError(fields=", ".join(found[:5]))
    ended = await _keep(office, scope, tx, alert_id, alert)
    await draft_store.end(scope, tx, draft, "issued", alert_id)
    told = {"ids": [alert_id, *ended], "change": _TOPIC_KINDS[draft.kind]}
    await outbox.publish(tx, CHANGED, told, agency_id=None, now=scope.at)
    await _note(scope, tx, draft, "issued", "issued")
    return alert_id


async def _keep(
    office: Office, scope: Scope, tx: Transaction, alert_id: UUID, alert: Alert
) -> list[UUID]:
    standing = rules.standing_of(alert, unexpiring_of(office.taker))
    reach = reach_of(office.taker.atlas, alert)
    told = (alert, standing, reach, write_alert(alert), ())
    return await store.insert_alert(scope, tx, alert_id, OWN, told, scope.at)


async def _previous(scope: Scope, tx: Transaction, draft: Draft) -> Alert | None:
    if draft.previous is None:
        return None
    previous = await draft_store.find_own(scope, tx, draft.previous)
    if previous is None:
        raise NotInForceError
    return previous


async def _issuer(office: Office, scope: Scope, tx: Transaction, draft: Draft) -> Issuer:
    settings = office.taker.settings
    sender = settings.sender or (f"alert@{office.domain}" if office.domain else "")
    if not sender:
        raise NoDomainError
    name = settings.sender_name or await draft_store.name_of(scope, tx, draft.agency_id)
    return Issuer(sender, name)


def _require_whole(office: Office, draft: Draft, scope: Scope) -> Outlines:
    outlines = outlines_of(office.taker.atlas, draft.fields.districts)
    if found := composing.lacking(draft.fields, draft.kind, outlines, scope.at):
        raise NotReadyError(fields=", ".join(found))
    return outlines


async def _get(
    scope: Scope,
    tx: Transaction,
    draft_id: UUID,
    version: int,
    action: str,
    state: str | None = None,
) -> Draft:
    draft = await draft_store.find_draft(scope, tx, draft_id, action)
    if draft is None:
        raise AlertNotFoundError
    if draft.state not in ((state,) if state else ("draft", "waiting")):
        raise NotOpenError(state=draft.state)
    if draft.version != version:
        raise ChangedMeanwhileError
    return draft


async def _note(
    scope: Scope, tx: Transaction, draft: Draft, deed: str, state: str, reason: str | None = None
) -> None:
    body = {"id": draft.id, "kind": draft.kind, "state": state}
    await outbox.publish_many(tx, DRAFTS, [(body, *outbox.thing_of(draft.sides))], now=scope.at)
    label = draft.fields.id.headline or draft.fields.id.event or draft.kind
    detail = {"kind": draft.kind, "version": draft.version}
    await record(scope, tx, deed, draft.id, label, detail, agency_id=draft.agency_id, reason=reason)


def outlines_of(atlas: Atlas, codes: tuple[str, ...]) -> Outlines:
    """Name and outlines of these kecamatan; those that the city pack does not draw are left out."""
    if not codes:
        return {}
    try:
        layer = msgspec.json.decode(atlas.layer("kecamatan").content)
    except (NotFoundError, UnavailableError):
        return {}
    found = {}
    for feature in layer["features"]:
        code = str(feature["properties"].get("code", ""))
        if code in codes and (rings := _rings(feature["geometry"])):
            found[code] = (str(feature["properties"].get("name", code)), rings)
    return found


def _rings(geometry: dict[str, Any]) -> tuple[tuple[Point, ...], ...]:
    """The outer outlines of a polygon or several, made simpler; holes are filled."""
    from shapely.geometry import shape  # noqa: PLC0415 - decision 51

    simple = shape(geometry).simplify(_SIMPLER_DEG)
    parts = [part for part in getattr(simple, "geoms", [simple]) if part.geom_type == "Polygon"]
    return tuple(
        tuple((round(lat, 5), round(lon, 5)) for lon, lat, *_ in part.exterior.coords)
        for part in parts
        if not part.is_empty
    )
