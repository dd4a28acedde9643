"""Access taken in an emergency: at once, loudly, for a short time, and answered for afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from warroom.access.contracts import (
    BREAK_GLASS,
    CHANGED,
    EMERGENCY,
    REVIEW,
    VIEW,
    Emergency,
    EmergencyDraft,
    Meant,
    Outcome,
    Report,
)
from warroom.access.errors import DeniedError, NoThingsError
from warroom.access.rules import emergencies as rules
from warroom.access.rules import requests as request_rules
from warroom.access.service.reports import report_purpose
from warroom.access.settings import AccessSettings
from warroom.access.store import directory
from warroom.access.store import emergencies as store
from warroom.audit import api as audit
from warroom.cameras import api as cameras
from warroom.cameras.contracts import Areas
from warroom.identity import api as identity
from warroom.kernel import outbox
from warroom.kernel.actions import kind_of
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope, Sides
from warroom.units import api as units

NUMBER = "DRT"


async def open_emergency(
    scope: Scope, db: Database, clock: Clock, draft: EmergencyDraft, settings: AccessSettings
) -> UUID:
    """Takes access to another agency's things now; both agencies are told at once.

    The asker does not see which cameras there are until they have it, so they are looked up by the
    system. What was taken away from the asker stays away.

    Raises:
        NotFoundError: The asker may not do this, or there is no such agency.
        NoThingsError: No camera and no vehicle fits.
        DeniedError: Some of it was taken away from the asker.
        IncompleteError: A ring is no polygon.
    """
    agency_id = scope.agency_id
    if agency_id is None or not scope.allows(BREAK_GLASS, agency_id=agency_id):
        raise NotFoundError
    request_rules.check_rings(draft.rings)
    system = identity.system_scope("access.emergency", clock)
    async with db.transaction(system) as tx:
        meant, sides = await _find_meant(system, tx, draft)
    if not meant:
        raise NoThingsError
    kinds = {one.kind for one in meant}
    actions = frozenset(word for word in settings.emergency_actions if kind_of(word) in kinds)
    _refuse_denied(scope, actions, sides)
    lasts = rules.lasts(draft.minutes, settings.emergency_minutes, settings.emergency_most_minutes)
    async with db.transaction(scope) as tx:
        names = {one["id"]: one["name"] for one in await directory.list_agencies(scope, tx)}
        number = await directory.next_number(scope, tx, NUMBER, scope.at)
        new = identity.NewGrant(
            actions=tuple(sorted(actions)),
            reason=draft.reason,
            agencies=(draft.owner_id,),
            objects=tuple(camera.id for camera in meant),
            starts_at=scope.at,
            ends_at=scope.at + lasts,
            purpose=purpose_of({"number": number, "reason": draft.reason}),
        )
        assert scope.person_id is not None  # noqa: S101 - holds a right of a person
        grants = await identity.lend(scope, tx, new, agency_id, people=[scope.person_id])
        row = {
            "id": new_id(),
            "number": number,
            "owner_id": draft.owner_id,
            "owner_label": names.get(draft.owner_id, ""),
            "reason": draft.reason,
            "actions": sorted(actions),
            "cameras": [
                {"id": str(one.id), "kind": one.kind, "number": one.number, "name": one.name}
                for one in meant
            ],
            "grants": grants,
            "ends_at": scope.at + lasts,
            "due_at": scope.at + timedelta(hours=settings.emergency_review_hours),
        }
        await store.insert_emergency(scope, tx, row)
        told = row | {"agency_id": agency_id}
        detail = {"ends_at": row["ends_at"]} | _counts(meant)
        await _tell(scope, tx, told, "emergency_opened", reason=draft.reason, detail=detail)
    emergency_id: UUID = row["id"]
    return emergency_id


async def _find_meant(
    system: Scope, tx: Transaction, draft: EmergencyDraft
) -> tuple[list[Meant], list[Sides]]:
    """The things that are meant, and by what rights on each are judged."""
    areas = Areas(draft.owner_id, draft.rings, draft.places, draft.cameras)
    found = await cameras.find_in_areas(system, tx, areas)
    meant = [Meant("camera", one.id, one.name, one.number, one.lat, one.lon) for one in found]
    sides = [one.sides for one in found]
    if draft.with_units:
        vehicles = await units.list_stationed(system, tx, draft.owner_id, draft.places or None)
        meant += [Meant("unit", one.id, one.draft.name) for one in vehicles]
        sides += [one.sides for one in vehicles]
    return meant, sides


def _counts(meant: list[Meant]) -> dict[str, int]:
    units_meant = sum(one.kind == "unit" for one in meant)
    return {"cameras": len(meant) - units_meant, "units": units_meant}


def _refuse_denied(scope: Scope, actions: frozenset[str], meant: list[Sides]) -> None:
    """Says no in clear where a denial would make the access worth nothing.

    Raises:
        DeniedError: A denial of the asker reaches one of the things.
    """
    for rule in rules.denials(scope, actions):
        if any(rule.matches(**sides) for sides in meant):
            raise DeniedError


def purpose_of(row: dict[str, Any]) -> str:
    """What stands in the audit of everything that is seen in an emergency."""
    return f"{row['number']} {row['reason']}"[:400]


async def end_emergency(scope: Scope, tx: Transaction, emergency_id: UUID) -> None:
    """Ends access before its time: by who took it, or by the owner's reviewers.

    Raises:
        NotFoundError: No such emergency of the asker, or from their agency.
        WrongStateError: It is over.
    """
    row = await _find(scope, tx, emergency_id, VIEW)
    is_own = row["person_id"] == scope.person_id
    if not is_own and not scope.allows(REVIEW, agency_id=row["owner_id"]):
        raise NotFoundError
    ended = rules.end(facts(row), scope.at)
    await store.save_emergency(scope, tx, row | {"ended_at": ended.ended_at})
    await identity.end_loans(scope, tx, row["grants"])
    await _tell(scope, tx, row, "emergency_ended")


async def review_emergency(
    scope: Scope, tx: Transaction, emergency_id: UUID, outcome: Outcome, note: str
) -> None:
    """Answers for an emergency: somebody else, of the agency whose things were opened.

    Raises:
        NotFoundError: No such emergency that the asker may review.
        OwnReviewError: It is their own, or they are not of the owner.
        WrongStateError: It was reviewed.
    """
    row = await _find(scope, tx, emergency_id, REVIEW)
    done = rules.review(
        facts(row), scope.at, reviewer=scope.person_id, is_of_owner=_answers_for(scope, row)
    )
    told = {
        "reviewed_at": done.reviewed_at,
        "reviewed_by": scope.person_id,
        "reviewer_label": scope.label,
        "outcome": outcome,
        "review_note": note,
    }
    await store.save_emergency(scope, tx, row | told)
    detail = {"outcome": outcome}
    await _tell(scope, tx, row, "emergency_reviewed", reason=note, detail=detail)


async def list_emergencies(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int
) -> dict[str, Any]:
    """A page of emergencies in view, newest first: `{items, next}`."""
    rows = await store.list_emergencies(scope, tx, after=after, limit=limit + 1)
    items = [_shown(scope, row) for row in rows[:limit]]
    return {"items": items, "next": str(rows[limit - 1]["id"]) if len(rows) > limit else None}


async def list_active(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """What is open now, of or to the asker's agency, for the bar above every page."""
    if scope.agency_id is None or not scope.rules:
        return []
    return await store.list_active(scope, tx)


async def list_unreviewed(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Emergencies that are over and wait for the asker's review, the most urgent first."""
    return [
        {word: row[word] for word in ("id", "number", "due_at", "agency_label", "owner_label")}
        | {"status": rules.status(facts(row), scope.at)}
        for row in await store.list_unreviewed(scope, tx, REVIEW)
        if _answers_for(scope, row)
    ]


async def show_emergency(
    scope: Scope, tx: Transaction, emergency_id: UUID
) -> tuple[dict[str, Any], Report]:
    """One emergency, and what was seen under it.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    row = await store.find_emergency(scope, tx, emergency_id, VIEW)
    if row is None:
        raise NotFoundError
    return _shown(scope, row), await report_purpose(scope, tx, purpose_of(row))


async def tell_overdue(scope: Scope, tx: Transaction, settings: AccessSettings) -> int:
    """Tells of emergencies that are over, and escalates reviews that nobody has done.

    Each level is told once, to both agencies; from the second on, whoever reviews for the whole
    city may do it for the owner. Gives how many were told of.
    """
    every = timedelta(hours=settings.escalate_hours)
    rows = await store.list_to_tell(scope, tx, scope.at)
    told = 0
    for row in rows:
        fact = facts(row)
        level = rules.level(fact, scope.at, every)
        if row["closed_at"] is None and not rules.is_active(fact, scope.at):
            row |= {"closed_at": scope.at}
            await store.save_emergency(scope, tx, row)
            if row["ended_at"] is None:
                await _tell(scope, tx, row, "emergency_ended")
                told += 1
        if level > row["level"]:
            row |= {"level": level}
            await store.save_emergency(scope, tx, row)
            detail = {"level": level}
            await _tell(scope, tx, row, "emergency_escalated", detail=detail)
            told += 1
    return told


def facts(row: dict[str, Any]) -> Emergency:
    """What the rules judge of a stored emergency."""
    return Emergency(
        row["person_id"],
        row["agency_id"],
        row["owner_id"],
        row["ends_at"],
        row["due_at"],
        row["ended_at"],
        row["reviewed_at"],
    )


def _answers_for(scope: Scope, row: dict[str, Any]) -> bool:
    """Whether the asker reviews for the owner: its people, and the city's once it has escalated."""
    is_of_owner = scope.agency_id == row["owner_id"] or row["level"] >= rules.CITY_LEVEL
    return is_of_owner and scope.allows(REVIEW, agency_id=row["owner_id"])


async def _find(scope: Scope, tx: Transaction, emergency_id: UUID, action: str) -> dict[str, Any]:
    row = await store.find_emergency(scope, tx, emergency_id, action, lock=True)
    if row is None:
        raise NotFoundError
    return row


def _shown(scope: Scope, row: dict[str, Any]) -> dict[str, Any]:
    fact = facts(row)
    reviews = _answers_for(scope, row)
    is_own = row["person_id"] == scope.person_id
    words = (
        *("id", "number", "reason", "actions", "cameras", "opened_at", "ends_at", "ended_at"),
        *("due_at", "level", "reviewed_at", "reviewer_label", "outcome", "review_note"),
    )
    return {word: row[word] for word in words} | {
        "status": rules.status(fact, scope.at),
        "person": {"id": row["person_id"], "name": row["person_label"]},
        "agency": {"id": row["agency_id"], "name": row["agency_label"]},
        "owner": {"id": row["owner_id"], "name": row["owner_label"]},
        "may": {
            "end": rules.is_active(fact, scope.at) and (is_own or reviews),
            "review": reviews and not is_own and row["reviewed_at"] is None,
        },
    }


async def _tell(
    scope: Scope,
    tx: Transaction,
    row: dict[str, Any],
    change: str,
    *,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Writes it into the audit of both agencies, and onto every screen of theirs."""
    for agency_id in dict.fromkeys((row["owner_id"], row["agency_id"])):
        await audit.record(
            scope,
            tx,
            action=f"access:{change}",
            object_kind="emergency",
            object_id=row["id"],
            agency_id=agency_id,
            object_label=row["number"],
            reason=reason,
            detail=detail,
        )
        body = {"kind": "emergency", "id": row["id"], "number": row["number"], "change": change}
        for topic in (CHANGED, EMERGENCY):
            await outbox.publish(tx, topic, body, agency_id=agency_id, now=scope.at)
