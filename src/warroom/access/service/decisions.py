"""What becomes of a request: sent, approved by two, refused, taken back, over."""

from typing import Any
from uuid import UUID

from warroom.access.contracts import APPROVE, VIEW, Approval, Case, Decision, Meant, Terms
from warroom.access.errors import IncompleteError, NotApproverError, NothingLeftError
from warroom.access.rules import requests as rules
from warroom.access.service.drafts import take_own
from warroom.access.service.loading import Loaded, load, load_all, tell
from warroom.access.settings import AccessSettings
from warroom.access.store import directory
from warroom.access.store import requests as store
from warroom.cameras import api as cameras
from warroom.cameras.contracts import Areas
from warroom.identity import api as identity
from warroom.kernel.actions import kind_of
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope
from warroom.units import api as units

NUMBER = "AKS"

_SEE = {"camera": "camera:view", "unit": "unit:view"}


async def send_request(scope: Scope, tx: Transaction, request_id: UUID) -> None:
    """Sends a draft to the owners it names: from now on they see it, and it is not changed.

    Raises:
        NotFoundError: No such request of the asker's agency.
        WrongStateError: It was sent already.
        IncompleteError: It names no things, nobody who will use them, or no owner.
    """
    loaded = await take_own(scope, tx, request_id)
    row = loaded.row
    kinds = {kind_of(word) for word in row["actions"]}
    if "camera" in kinds and not (row["rings"] or row["places"] or row["cameras"]):
        raise IncompleteError(field="things")
    if "unit" in kinds and not row["places"]:
        raise IncompleteError(field="places")
    if not (row["people"] or row["roles"]):
        raise IncompleteError(field="people")
    sent = rules.send(loaded.case, scope.at)
    number = await directory.next_number(scope, tx, NUMBER, scope.at)
    await store.mark_request(scope, tx, row | {"sent_at": sent.sent_at, "number": number})
    names = {one["id"]: one["name"] for one in await directory.list_agencies(scope, tx)}
    for owner in dict.fromkeys(row["owners"]):
        part = {
            "request_id": request_id,
            "owner_id": owner,
            "owner_label": names.get(owner, ""),
            "from_agency_id": row["from_agency_id"],
        }
        await store.insert_part(scope, tx, part)
    told = await load(scope, tx, request_id, VIEW)
    await tell(scope, tx, told, "sent", [row["from_agency_id"], *row["owners"]])


async def withdraw_request(scope: Scope, tx: Transaction, request_id: UUID, reason: str) -> None:
    """Takes a request back; what was lent by it ends now.

    Raises:
        NotFoundError: No such request of the asker's agency.
        WrongStateError: It has ended already.
    """
    loaded = await take_own(scope, tx, request_id)
    withdrawn = rules.withdraw(loaded.case, scope.at)
    row = loaded.row | {"withdrawn_at": withdrawn.withdrawn_at}
    await store.mark_request(scope, tx, row)
    for part in loaded.parts:
        await identity.end_loans(scope, tx, part["grants"])
    agencies = [part["owner_id"] for part in loaded.parts]
    await tell(
        scope, tx, loaded, "withdrawn", [row["from_agency_id"], *agencies], reason=reason or None
    )


async def list_meant(scope: Scope, tx: Transaction, loaded: Loaded, owner_id: UUID) -> list[Meant]:
    """The owner's things that a request means; only who decides for the owner is told.

    Cameras lie in what was drawn or named; units are stationed in an area that was named. Of each
    kind only what the words that are asked for can be done to.
    """
    row, kinds = loaded.row, {kind_of(word) for word in loaded.row["actions"]}
    meant: list[Meant] = []
    if "camera" in kinds:
        rings = tuple(tuple((lon, lat) for lon, lat in ring) for ring in row["rings"])
        areas = Areas(owner_id, rings, tuple(row["places"]), tuple(row["cameras"]))
        meant += [
            Meant("camera", one.id, one.name, one.number, one.lat, one.lon)
            for one in await cameras.find_in_areas(scope, tx, areas, APPROVE)
        ]
    if "unit" in kinds:
        meant += [
            Meant("unit", one.id, one.draft.name)
            for one in await units.list_stationed(scope, tx, owner_id, row["places"], APPROVE)
        ]
    return meant


async def approve_part(
    scope: Scope,
    tx: Transaction,
    request_id: UUID,
    owner_id: UUID,
    decision: Decision,
    settings: AccessSettings,
) -> None:
    """Signs one owner's part; with the second signature the things are lent.

    Raises:
        NotFoundError: No such request to an owner for whom the asker decides.
        NotApproverError: The asker does not hold the role, or it is none of the settings'.
        WrongStateError: It does not wait for a decision.
        OwnRequestError: The asker, or their agency, is who asked.
        SignedAlreadyError: The asker has signed.
        SameRoleError: The first signature is of the same role.
        OwnerMissingError: Neither signature would be the owner's.
        NothingLeftError: No camera, action or time is left.
    """
    loaded = await _take_part(scope, tx, request_id, owner_id)
    if decision.role not in settings.approver_roles or decision.role not in (
        await directory.list_own_roles(scope, tx)
    ):
        raise NotApproverError(role=decision.role)
    assert scope.person_id is not None  # noqa: S101 - holds a role
    assert scope.agency_id is not None  # noqa: S101 - holds a right
    meant = await list_meant(scope, tx, loaded, owner_id)
    terms = _stated(loaded.case.asked, decision, meant)
    approval = Approval(scope.person_id, scope.agency_id, decision.role, terms)
    case = rules.approve(loaded.case, owner_id, approval, scope.at)
    await store.insert_approval(
        scope,
        tx,
        {
            "request_id": request_id,
            "owner_id": owner_id,
            "person_id": scope.person_id,
            "from_agency_id": loaded.row["from_agency_id"],
            "person_label": scope.label,
            "agency_id": scope.agency_id,
            "agency_label": scope.agency_label,
            "role": decision.role,
            "at": scope.at,
            "note": decision.note,
            **_row_of(terms, meant),
        },
    )
    told = {"owner": owner_id, "role": decision.role, "cameras": len(terms.cameras or ())}
    await tell(scope, tx, loaded, "approved", [owner_id], reason=decision.note, detail=told)
    await _lend(scope, tx, loaded, case, owner_id, meant)


def _stated(asked: Terms, decision: Decision, meant: list[Meant]) -> Terms:
    """The terms that a decision states, none of them wider than what was asked.

    Raises:
        NothingLeftError: None of the things is among those that are meant.
    """
    ids = frozenset(one.id for one in meant)
    chosen = ids if decision.cameras is None else frozenset(decision.cameras) & ids
    if not chosen:
        raise NothingLeftError
    stated = Terms(
        asked.actions if decision.actions is None else frozenset(decision.actions),
        frozenset(chosen),
        decision.starts_at or asked.starts_at,
        decision.ends_at or asked.ends_at,
        decision.footage_from or asked.footage_from,
        decision.footage_to or asked.footage_to,
    )
    return rules.narrowed(asked, stated)


def _row_of(terms: Terms, meant: list[Meant]) -> dict[str, Any]:
    kept = terms.cameras or frozenset()
    return {
        "actions": sorted(terms.actions),
        "cameras": [
            {"kind": one.kind, "id": str(one.id), "number": one.number, "name": one.name}
            for one in meant
            if one.id in kept
        ],
        "starts_at": terms.starts_at,
        "ends_at": terms.ends_at,
        "footage_from": terms.footage_from,
        "footage_to": terms.footage_to,
    }


async def _lend(
    scope: Scope, tx: Transaction, loaded: Loaded, case: Case, owner_id: UUID, meant: list[Meant]
) -> None:
    """Lends what the signatures have in common, once there are enough of them."""
    (part,) = [one for one in case.parts if one.owner_id == owner_id]
    terms = rules.lent(case, part)
    if terms is None:
        return
    row = loaded.row
    new = identity.NewGrant(
        # To see a thing comes with whatever else is done to it.
        actions=tuple(sorted(terms.actions | {_SEE[kind_of(word)] for word in terms.actions})),
        reason=row["purpose"],
        agencies=(owner_id,),
        objects=tuple(sorted(terms.cameras or ())),
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        letter=row["letter_number"],
        purpose=purpose_of(row),
        footage_from=terms.footage_from,
        footage_to=terms.footage_to,
    )
    grants = await identity.lend(
        scope, tx, new, row["from_agency_id"], people=row["people"], roles=row["roles"]
    )
    await store.save_part(
        scope,
        tx,
        loaded.part_row(owner_id)
        | _row_of(terms, meant)
        | {"approved_at": scope.at, "grants": grants},
    )
    detail = {"owner": owner_id, "grants": grants}
    await tell(scope, tx, loaded, "lent", [owner_id, row["from_agency_id"]], detail=detail)


def purpose_of(row: dict[str, Any]) -> str:
    """What stands in the audit of everything that is seen under a request."""
    return f"{row['number']} {row['purpose']} ({row['case_number']})"[:400]


async def refuse_part(
    scope: Scope, tx: Transaction, request_id: UUID, owner_id: UUID, reason: str
) -> None:
    """Refuses one owner's part; one person of the owner is enough for a no.

    Raises:
        NotFoundError: No such request to an owner for whom the asker decides.
        WrongStateError: It does not wait for a decision.
    """
    loaded = await _take_part(scope, tx, request_id, owner_id)
    rules.refuse(loaded.case, owner_id, scope.at)
    part = loaded.part_row(owner_id)
    told = {"refused_at": scope.at, "refused_by": scope.label, "refusal": reason}
    await store.save_part(scope, tx, part | told)
    agencies = [owner_id, loaded.row["from_agency_id"]]
    await tell(scope, tx, loaded, "refused", agencies, reason=reason)


async def revoke_part(
    scope: Scope, tx: Transaction, request_id: UUID, owner_id: UUID, reason: str
) -> None:
    """Takes back what one owner had lent, at once.

    Raises:
        NotFoundError: No such request to an owner for whom the asker decides.
        WrongStateError: Nothing is lent.
    """
    loaded = await _take_part(scope, tx, request_id, owner_id)
    rules.revoke(loaded.case, owner_id, scope.at)
    part = loaded.part_row(owner_id)
    told = {"revoked_at": scope.at, "revoked_by": scope.label, "revocation": reason}
    await store.save_part(scope, tx, part | told)
    await identity.end_loans(scope, tx, part["grants"])
    agencies = [owner_id, loaded.row["from_agency_id"]]
    await tell(scope, tx, loaded, "revoked", agencies, reason=reason)


async def close_requests(scope: Scope, tx: Transaction) -> int:
    """Tells both agencies of requests that are over; gives how many.

    Nothing depends on it: what was lent has ended by the clock.
    """
    rows = await store.list_closing(scope, tx)
    over = [one for one in await load_all(scope, tx, rows) if rules.is_over(one.case, scope.at)]
    for loaded in over:
        await store.mark_request(scope, tx, loaded.row | {"closed_at": scope.at})
        agencies = [loaded.row["from_agency_id"], *(part["owner_id"] for part in loaded.parts)]
        detail = {"status": rules.status(loaded.case, scope.at)}
        await tell(scope, tx, loaded, "closed", agencies, detail=detail)
    return len(over)


async def _take_part(scope: Scope, tx: Transaction, request_id: UUID, owner_id: UUID) -> Loaded:
    loaded = await load(scope, tx, request_id, APPROVE, lock=True)
    if not scope.allows(APPROVE, agency_id=owner_id):
        raise NotFoundError
    loaded.part_row(owner_id)  # a draft has none
    return loaded
