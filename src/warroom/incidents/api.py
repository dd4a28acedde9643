"""What other domains, and the doors of this one, call of `incidents`.

The caller opens the transaction: several calls in one of them happen together or not at all.
"""

from datetime import datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID, uuid5

import msgspec

from warroom.cameras.api import Inventory
from warroom.incidents import rules, show_store, store
from warroom.incidents.aml import read_aml
from warroom.incidents.around import (
    Caution,
    look_around,
    place_to_look_at,
    unwarn,
    warn,
)
from warroom.incidents.briefing import brief
from warroom.incidents.card_service import list_cards, list_versions, write_card
from warroom.incidents.contracts import SUPERVISE, TAKE, VIEW, WORK, Incident, State
from warroom.incidents.drafts import Saving, save_draft
from warroom.incidents.errors import IncidentNotFoundError
from warroom.incidents.exchange import export_eido, receive_eido
from warroom.incidents.follow import (
    Doorstep,
    keep_answer,
    list_links,
    make_link,
    mark_seen,
    revoke_links,
    show_news,
)
from warroom.incidents.handing_over import Handing, show_handovers
from warroom.incidents.handing_over import ask as ask_handover
from warroom.incidents.holding import Keeper, hold_footage
from warroom.incidents.intake import Intake, Leads, place_at
from warroom.incidents.life import (
    Outcome,
    Said,
    correct,
    end,
    hand_on,
    inform,
    progress,
    reopen,
    schedule,
)
from warroom.incidents.looking import Asked, list_similar
from warroom.incidents.looks import Looks
from warroom.incidents.merging import merge, split
from warroom.incidents.photos import PhotoFiles, Taken, add_photo, list_photos, read_photo, sweep
from warroom.incidents.premise_rules import Danger, PremiseDraft, PremiseKind
from warroom.incidents.premises import (
    Names,
    PremiseReport,
    add_premise,
    change_premise,
    find_places,
    import_premises,
    list_premise_versions,
    list_premises,
    list_premises_in,
    remove_premise,
)
from warroom.incidents.service import get_incident
from warroom.incidents.settings import IncidentSettings
from warroom.incidents.stamp_store import find_stamps, list_stamps
from warroom.incidents.telling import record
from warroom.incidents.working import (
    add_location,
    add_note,
    choose_location,
    join_agency,
    join_call,
    link,
    part_call,
    take_places,
    unlink,
)
from warroom.kernel import deletions
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope


def services(
    settings: IncidentSettings,
    zone: tzinfo,
    domain: str,
    db: Database,
    clock: Clock,
    standing: Scope,
    photos: PhotoFiles,
) -> dict[type, Any]:
    """What routes and jobs use, by type; made once a process."""
    leads = Leads(db, clock, standing, settings.leads)
    return {
        IncidentSettings: settings,
        Intake: Intake(settings, zone, leads, domain),
        Looks: Looks(),
        Names: Names(db, standing),
        PhotoFiles: photos,
        Doorstep: Doorstep(clock, settings.follow_per_minute),
    }


async def list_incidents(
    scope: Scope,
    tx: Transaction,
    *,
    since: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
    is_open: bool | None = None,
    number: str | None = None,
) -> bytes:
    """A page of incidents in view as a JSON list, the newest first; of the ended, those since.

    With a number, whole or its last digits: the incidents that bear it, whenever they ended.
    """
    return await show_store.list_incidents(
        scope, tx, since=since, after=after, limit=limit, is_open=is_open, number=number
    )


async def list_agencies(scope: Scope, tx: Transaction) -> bytes:
    """The agencies that can be asked to take part, as a JSON list."""
    return await show_store.list_agencies(scope, tx)


async def show_incident(
    looks: Looks, scope: Scope, tx: Transaction, incident_id: UUID, now: datetime
) -> dict[str, Any]:
    """One incident with everything that was told of it, and what the asker may do; a look.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id)
    ids = await store.list_merged(scope, tx, incident_id)
    shown = msgspec.json.decode(await show_store.show_incident(scope, tx, incident_id, ids))
    can = [word for word in (VIEW, WORK, TAKE, SUPERVISE) if incident.may(scope, word)]
    if looks.is_new(scope.person_id, incident_id, now):
        await record(scope, tx, incident, "view")
    return {**shown, "can": can}


async def show_told(
    scope: Scope, tx: Transaction, incident_id: UUID
) -> tuple[Incident, dict[str, Any]]:
    """One incident and everything that the asker may read of it; the caller audits the look.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id)
    ids = await store.list_merged(scope, tx, incident_id)
    shown = await show_store.show_incident(scope, tx, incident_id, ids)
    return incident, msgspec.json.decode(shown)


async def list_steps(
    scope: Scope, tx: Transaction, incident_id: UUID
) -> list[tuple[datetime, State]]:
    """Every state that an incident in view was in, with when it began, as its log reads now.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id)
    return rules.replay(await store.list_events(scope, tx, incident.id)).steps


async def hand_on_due(intake: Intake, scope: Scope, tx: Transaction, now: datetime) -> int:
    """Hands on what was scheduled for now; tells how many. The scope must be the system's."""
    due = await store.lock_due(scope, tx, now)
    for incident in due:
        await hand_on(intake, scope, tx, incident.id, Said(_made_of(incident.id, now)), now)
    return len(due)


async def end_idle(intake: Intake, scope: Scope, tx: Transaction, now: datetime) -> int:
    """Ends drafts that nobody touches any more; tells how many. The scope must be the system's."""
    before = now - timedelta(hours=intake.settings.draft_hours)
    idle = await store.lock_idle(scope, tx, before)
    for incident in idle:
        said = Said(_made_of(incident.id, now), reason="idle")
        await end(intake, scope, tx, incident.id, "cancelled", said, now)
    return len(idle)


async def list_working(scope: Scope, tx: Transaction) -> list[UUID]:
    """The incidents in view on which there is work: handed on, and neither ended nor merged."""
    return await store.list_working(scope, tx)


def _made_of(incident_id: UUID, now: datetime) -> UUID:
    return uuid5(incident_id, now.isoformat())


async def forget_old(
    scope: Scope, tx: Transaction, settings: IncidentSettings, now: datetime
) -> int:
    """Deletes what is older than it may be kept; tells how many incidents."""
    before = now - timedelta(days=settings.kept_days)
    count = 0
    for agency_id, rows in await store.forget(scope, tx, before):
        count += rows
        gone = deletions.Deletion(
            "incident", "incident", "age", rows, now, now, agency_id=agency_id, last_at=before
        )
        await deletions.note(scope, tx, gone)
    return count


__all__ = [
    "Asked",
    "Caution",
    "Danger",
    "Doorstep",
    "Handing",
    "IncidentNotFoundError",
    "IncidentSettings",
    "Intake",
    "Inventory",
    "Keeper",
    "Leads",
    "Looks",
    "Names",
    "Outcome",
    "PhotoFiles",
    "PremiseDraft",
    "PremiseKind",
    "PremiseReport",
    "Said",
    "Saving",
    "Taken",
    "add_location",
    "add_note",
    "add_photo",
    "add_premise",
    "ask_handover",
    "brief",
    "change_premise",
    "choose_location",
    "correct",
    "end",
    "export_eido",
    "find_places",
    "find_stamps",
    "get_incident",
    "hand_on",
    "hold_footage",
    "import_premises",
    "inform",
    "join_agency",
    "join_call",
    "keep_answer",
    "link",
    "list_cards",
    "list_links",
    "list_photos",
    "list_premise_versions",
    "list_premises",
    "list_premises_in",
    "list_similar",
    "list_stamps",
    "list_steps",
    "list_versions",
    "list_working",
    "look_around",
    "make_link",
    "mark_seen",
    "merge",
    "part_call",
    "place_at",
    "place_to_look_at",
    "progress",
    "read_aml",
    "read_photo",
    "receive_eido",
    "record",
    "remove_premise",
    "reopen",
    "revoke_links",
    "save_draft",
    "schedule",
    "show_handovers",
    "show_news",
    "show_told",
    "split",
    "sweep",
    "take_places",
    "unlink",
    "unwarn",
    "warn",
    "write_card",
]
