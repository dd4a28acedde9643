"""From rows to what the rules judge, and the words that every change is told by."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from warroom.access.contracts import CHANGED, Approval, Case, Part, Terms
from warroom.access.store import requests as store
from warroom.audit import api as audit
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope


@dataclass(frozen=True, slots=True)
class Loaded:
    """A request as stored: its row, its parts and approvals, and the case they come to."""

    row: dict[str, Any]
    parts: list[dict[str, Any]]
    approvals: list[dict[str, Any]]
    case: Case

    @property
    def id(self) -> UUID:
        """Id of the request."""
        found: UUID = self.row["id"]
        return found

    def part_row(self, owner_id: UUID) -> dict[str, Any]:
        """The stored part of one owner.

        Raises:
            NotFoundError: The request is not addressed to them.
        """
        for part in self.parts:
            if part["owner_id"] == owner_id:
                return part
        raise NotFoundError


async def load(
    scope: Scope, tx: Transaction, request_id: UUID, action: str, *, lock: bool = False
) -> Loaded:
    """One request of which the scope may do `action` on either side.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    row = await store.find_request(scope, tx, request_id, action, lock=lock)
    if row is None:
        raise NotFoundError
    (loaded,) = await load_all(scope, tx, [row])
    return loaded


async def load_all(scope: Scope, tx: Transaction, rows: list[dict[str, Any]]) -> list[Loaded]:
    """Requests with the parts of them that the scope may see."""
    ids = [row["id"] for row in rows]
    parts = await store.list_parts(scope, tx, ids)
    approvals = await store.list_approvals(scope, tx, ids)
    found = []
    for row in rows:
        own_parts = [part for part in parts if part["request_id"] == row["id"]]
        own_approvals = [one for one in approvals if one["request_id"] == row["id"]]
        found.append(Loaded(row, own_parts, own_approvals, case_of(row, own_parts, own_approvals)))
    return found


def case_of(
    row: dict[str, Any], parts: list[dict[str, Any]], approvals: list[dict[str, Any]]
) -> Case:
    """What the rules judge; a draft's parts are the owners it names."""
    made = [
        Part(
            part["owner_id"],
            tuple(approval_of(one) for one in approvals if one["owner_id"] == part["owner_id"]),
            part["refused_at"],
            part["revoked_at"],
        )
        for part in parts
    ]
    if row["sent_at"] is None:
        made = [Part(owner) for owner in row["owners"]]
    return Case(
        from_agency_id=row["from_agency_id"],
        requester_id=row["requester_id"],
        people=frozenset(row["people"]),
        asked=terms_of(row, None),
        parts=tuple(made),
        sent_at=row["sent_at"],
        withdrawn_at=row["withdrawn_at"],
    )


def approval_of(row: dict[str, Any]) -> Approval:
    """A signature as stored."""
    cameras = frozenset(UUID(camera["id"]) for camera in row["cameras"])
    terms = terms_of(row, cameras)
    return Approval(row["person_id"], row["agency_id"], row["role"], terms)


def terms_of(row: dict[str, Any], cameras: frozenset[UUID] | None) -> Terms:
    """The terms that a row of a request, a part or an approval states."""
    return Terms(
        frozenset(row["actions"]),
        cameras,
        row["starts_at"],
        row["ends_at"],
        row["footage_from"],
        row["footage_to"],
    )


async def tell(
    scope: Scope,
    tx: Transaction,
    loaded: Loaded,
    change: str,
    agencies: list[UUID],
    *,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Writes what happened to a request into the audit of these agencies, and tells their pages."""
    row = loaded.row
    for agency_id in dict.fromkeys(agencies):
        await audit.record(
            scope,
            tx,
            action=f"access:{change}",
            object_kind="request",
            object_id=row["id"],
            agency_id=agency_id,
            object_label=row["number"] or row["letter_number"],
            reason=reason,
            detail=detail,
        )
    body = {"kind": "request", "id": row["id"], "number": row["number"], "change": change}
    told = dict.fromkeys([row["from_agency_id"], *agencies])
    await outbox.publish_many(
        tx, CHANGED, [(body, agency_id, None, None, (), None) for agency_id in told], now=scope.at
    )
