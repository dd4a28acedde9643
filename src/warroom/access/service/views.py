"""Requests as their two sides read them."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from warroom.access.contracts import APPROVE, REQUEST, VIEW
from warroom.access.rules import requests as rules
from warroom.access.service.decisions import list_meant
from warroom.access.service.loading import Loaded, load, load_all
from warroom.access.settings import AccessSettings
from warroom.access.store import directory
from warroom.access.store import requests as store
from warroom.identity.contracts import Thing, finds, id_of
from warroom.kernel import actions
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

_TERMS = ("actions", "cameras", "starts_at", "ends_at", "footage_from", "footage_to")


async def list_requests(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int, with_ended: bool
) -> dict[str, Any]:
    """A page of requests in view, newest first: `{items, next}`."""
    rows = await store.list_requests(scope, tx, after=after, limit=limit + 1, with_ended=with_ended)
    page = await load_all(scope, tx, rows[:limit])
    names = await _names(scope, tx)
    items = [_shown(scope, one, names, []) for one in page]
    return {"items": items, "next": str(rows[limit - 1]["id"]) if len(rows) > limit else None}


async def show_request(scope: Scope, tx: Transaction, request_id: UUID) -> dict[str, Any]:
    """One request with everything that this side of it may see.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    loaded = await load(scope, tx, request_id, VIEW)
    files = await store.list_attachments(scope, tx, [request_id])
    return _shown(scope, loaded, await _names(scope, tx), files)


async def show_meant(
    scope: Scope, tx: Transaction, request_id: UUID, owner_id: UUID
) -> list[dict[str, Any]]:
    """The cameras and units that a request means, for whoever decides about them.

    Raises:
        NotFoundError: There is no such request to an owner for whom the asker decides.
    """
    loaded = await load(scope, tx, request_id, APPROVE)
    if loaded.row["sent_at"] is None or not scope.allows(APPROVE, agency_id=owner_id):
        raise NotFoundError
    loaded.part_row(owner_id)
    return [asdict(one) for one in await list_meant(scope, tx, loaded, owner_id)]


async def show_directory(scope: Scope, tx: Transaction, settings: AccessSettings) -> dict[str, Any]:
    """What a request is written with: whom to address, colleagues, roles, laws, words."""
    basis = await directory.list_basis(scope, tx)
    agencies = await directory.list_agencies(scope, tx)
    return {
        "agencies": [one for one in agencies if one["id"] != scope.agency_id],
        "people": await directory.list_people(scope, tx),
        "roles": await directory.list_roles(scope, tx),
        "basis": [one for one in basis if one["is_active"]],
        "actions": list(actions.lendable()),
        "longest_days": settings.longest_days,
    }


async def own_approver_roles(scope: Scope, tx: Transaction, settings: AccessSettings) -> list[str]:
    """In which of their roles the asker may sign."""
    held = await directory.list_own_roles(scope, tx)
    return [role for role in settings.approver_roles if role in held]


async def _names(scope: Scope, tx: Transaction) -> dict[UUID, str]:
    return {one["id"]: one["name"] for one in await directory.list_agencies(scope, tx)}


def _shown(
    scope: Scope, loaded: Loaded, names: dict[UUID, str], files: list[dict[str, Any]]
) -> dict[str, Any]:
    row, case = loaded.row, loaded.case
    is_asker = scope.allows(VIEW, agency_id=row["from_agency_id"])
    # An owner is not told to whom else the letter went.
    owners = row["owners"] if is_asker else [part["owner_id"] for part in loaded.parts]
    words = (
        *("id", "number", "letter_number", "letter_date", "purpose", "case_number", "actions"),
        *("rings", "places", "cameras", "footage_from", "footage_to", "starts_at", "ends_at"),
        *("roles", "created_at", "sent_at", "withdrawn_at", "closed_at", "version"),
    )
    status = rules.status(case, scope.at)
    may_change = scope.allows(REQUEST, agency_id=row["from_agency_id"])
    return {word: row[word] for word in words} | {
        "status": status,
        "from": {
            "id": row["from_agency_id"],
            "name": names.get(row["from_agency_id"], row["from_agency_label"]),
        },
        "requester": {"id": row["requester_id"], "name": row["requester_label"]},
        "basis": {"id": row["basis_id"], "label": row["basis_label"]},
        "owners": [{"id": owner, "name": names.get(owner, "")} for owner in owners],
        "people": [
            {"id": person_id, "name": name}
            for person_id, name in zip(row["people"], row["people_label"], strict=True)
        ],
        "attachments": [
            {word: item[word] for word in ("id", "name", "media_type", "size", "digest")}
            for item in files
        ],
        "may": {
            "change": may_change and status == "draft",
            "withdraw": may_change and status in ("draft", "sent", "approved", "active"),
        },
        "parts": [_part(scope, loaded, part) for part in loaded.parts],
    }


def _part(scope: Scope, loaded: Loaded, row: dict[str, Any]) -> dict[str, Any]:
    (part,) = [one for one in loaded.case.parts if one.owner_id == row["owner_id"]]
    status = rules.part_status(loaded.case, part, scope.at)
    decides = scope.allows(APPROVE, agency_id=row["owner_id"])
    is_theirs = scope.agency_id == loaded.row["from_agency_id"]
    has_signed = any(one.person_id == scope.person_id for one in part.approvals)
    return {
        "owner": {"id": row["owner_id"], "name": row["owner_label"]},
        "status": status,
        "approvals": [
            {
                "person": one["person_label"],
                "agency": one["agency_label"],
                "role": one["role"],
                "at": one["at"],
                "note": one["note"],
                # Which cameras are meant is the owner's to know until they are lent.
                **({word: one[word] for word in _TERMS} if decides else {}),
            }
            for one in loaded.approvals
            if one["owner_id"] == row["owner_id"]
        ],
        "terms": {word: row[word] for word in _TERMS} if row["approved_at"] else None,
        **{word: row[word] for word in ("refused_at", "refused_by", "refusal")},
        **{word: row[word] for word in ("revoked_at", "revoked_by", "revocation")},
        "may": {
            "decide": decides and not is_theirs and not has_signed and status == "sent",
            "revoke": decides and status in ("approved", "active"),
        },
    }


@finds("request")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The request in view with this number or id, as the agency's that wrote it."""
    row = await store.see_request(scope, tx, asked, id_of(asked))
    return Thing("request", row["id"], row["number"], row["from_agency_id"]) if row else None
