"""Pure decisions about requests: who may sign, what is lent, what time does.

No path leads to `active` without two signatures of different people in different roles, one of
them the owner's; and nothing leads out of an end, time least of all.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from warroom.access.contracts import ENDS, Approval, Case, Part, Status, Terms
from warroom.access.errors import (
    IncompleteError,
    NothingLeftError,
    OwnerMissingError,
    OwnRequestError,
    SameRoleError,
    SignedAlreadyError,
    WrongStateError,
)
from warroom.kernel.actions import lendable

SIGNATURES = 2


def part_status(case: Case, part: Part, now: datetime) -> Status:
    """Where one owner's part stands at `now`; ends come first, so that nothing revives them."""
    if case.sent_at is None:
        return "withdrawn" if case.withdrawn_at else "draft"
    if part.refused_at is not None:
        return "refused"
    if part.revoked_at is not None:
        return "revoked"
    if case.withdrawn_at is not None:
        return "withdrawn"
    terms = lent(case, part)
    if now >= (terms or case.asked).ends_at:
        return "expired"
    if terms is None:
        return "sent"
    return "active" if now >= terms.starts_at else "approved"


_FOREMOST: tuple[Status, ...] = (
    "active",
    "approved",
    "sent",
    "draft",
    "expired",
    "revoked",
    "refused",
    "withdrawn",
)


def status(case: Case, now: datetime) -> Status:
    """Where the whole request stands: as the part that has come furthest."""
    if not case.parts:
        return "withdrawn" if case.withdrawn_at else "draft"
    found = {part_status(case, part, now) for part in case.parts}
    return next(word for word in _FOREMOST if word in found)


def lent(case: Case, part: Part) -> Terms | None:
    """What is lent: what was asked and every signature agreed to; None without enough of them."""
    if not _is_complete(part):
        return None
    return _common(case.asked, part.approvals)


def _is_complete(part: Part) -> bool:
    people = {approval.person_id for approval in part.approvals}
    roles = {approval.role for approval in part.approvals}
    owners = [one for one in part.approvals if one.agency_id == part.owner_id]
    return len(people) >= SIGNATURES and len(roles) >= SIGNATURES and bool(owners)


def _common(asked: Terms, approvals: Iterable[Approval]) -> Terms:
    common = asked
    for approval in approvals:
        common = narrowed(common, approval.terms)
    return common


def narrowed(one: Terms, other: Terms) -> Terms:
    """What both allow.

    Raises:
        NothingLeftError: Nothing.
    """
    if one.cameras is None or other.cameras is None:
        cameras = one.cameras if other.cameras is None else other.cameras
    else:
        cameras = one.cameras & other.cameras
    both = Terms(
        one.actions & other.actions,
        cameras,
        max(one.starts_at, other.starts_at),
        min(one.ends_at, other.ends_at),
        _latest(one.footage_from, other.footage_from),
        _earliest(one.footage_to, other.footage_to),
    )
    has_footage = (
        both.footage_from is None or both.footage_to is None or both.footage_from < both.footage_to
    )
    is_something = both.actions and (both.cameras is None or both.cameras)
    if not is_something or both.starts_at >= both.ends_at or not has_footage:
        raise NothingLeftError
    return both


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at is not None), default=None)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)


def send(case: Case, now: datetime) -> Case:
    """The request, sent to every owner it names.

    Raises:
        WrongStateError: It is no draft.
        IncompleteError: It names no owner, or its own agency, or is over before it is read.
    """
    _require(status(case, now), "draft")
    if not case.parts or any(part.owner_id == case.from_agency_id for part in case.parts):
        raise IncompleteError(field="owners")
    if case.asked.ends_at <= now:
        raise IncompleteError(field="ends_at")
    return replace(case, sent_at=now)


def withdraw(case: Case, now: datetime) -> Case:
    """The request, taken back by who asked; what was lent by it ends.

    Raises:
        WrongStateError: It has ended already.
    """
    _require(status(case, now), "draft", "sent", "approved", "active")
    return replace(case, withdrawn_at=now)


def approve(case: Case, owner_id: UUID, approval: Approval, now: datetime) -> Case:
    """The request with one more signature on one owner's part.

    Raises:
        WrongStateError: It does not wait for a decision.
        OwnRequestError: The signer asked for it, would use it, or is of the agency that asks.
        SignedAlreadyError: The signer has signed.
        SameRoleError: The other signature is of the same role.
        OwnerMissingError: Neither signature would be the owner's.
        NothingLeftError: Nothing is left of the terms.
    """
    part = _part(case, owner_id)
    _require(part_status(case, part, now), "sent")
    is_own = approval.person_id == case.requester_id or approval.person_id in case.people
    if is_own or approval.agency_id == case.from_agency_id:
        raise OwnRequestError
    if any(one.person_id == approval.person_id for one in part.approvals):
        raise SignedAlreadyError
    if any(one.role == approval.role for one in part.approvals):
        raise SameRoleError(role=approval.role)
    signed = (*part.approvals, approval)
    if len(signed) >= SIGNATURES and all(one.agency_id != owner_id for one in signed):
        raise OwnerMissingError
    if _common(case.asked, signed).ends_at <= now:
        raise NothingLeftError
    return _with(case, replace(part, approvals=signed))


def refuse(case: Case, owner_id: UUID, now: datetime) -> Case:
    """The request with one owner's part refused.

    Raises:
        WrongStateError: It does not wait for a decision.
    """
    part = _part(case, owner_id)
    _require(part_status(case, part, now), "sent")
    return _with(case, replace(part, refused_at=now))


def revoke(case: Case, owner_id: UUID, now: datetime) -> Case:
    """The request with what one owner had lent taken back.

    Raises:
        WrongStateError: Nothing is lent.
    """
    part = _part(case, owner_id)
    _require(part_status(case, part, now), "approved", "active")
    return _with(case, replace(part, revoked_at=now))


def is_over(case: Case, now: datetime) -> bool:
    """Whether the request was sent and has come to its end."""
    return case.sent_at is not None and status(case, now) in ENDS


def _require(found: Status, *wanted: Status) -> None:
    if found not in wanted:
        raise WrongStateError(status=found)


def _part(case: Case, owner_id: UUID) -> Part:
    for part in case.parts:
        if part.owner_id == owner_id:
            return part
    raise WrongStateError(status="draft")


def _with(case: Case, changed: Part) -> Case:
    parts = tuple(changed if one.owner_id == changed.owner_id else one for one in case.parts)
    return replace(case, parts=parts)


def check_actions(actions: Iterable[str]) -> None:
    """Refuses words that cannot be lent.

    Raises:
        IncompleteError: None is named, or one that is not lent.
    """
    words = set(actions)
    if not words or not words <= set(lendable()):
        raise IncompleteError(field="actions")


def check_rings(rings: Iterable[tuple[tuple[float, float], ...]]) -> None:
    """Refuses what is no polygon on the globe.

    Raises:
        IncompleteError: Fewer than three corners, or one that is nowhere.
    """
    for ring in rings:
        is_somewhere = all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in ring)
        if len(set(ring)) < 3 or not is_somewhere:
            raise IncompleteError(field="rings")


_SIGNS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def media_type_of(content: bytes) -> str | None:
    """What a file is by its first bytes: PDF, PNG or JPEG; None for anything else.

    Its name and what the sender says of it count for nothing. It is not searched for harm.
    """
    return next((kind for sign, kind in _SIGNS if content.startswith(sign)), None)


def clean_name(name: str) -> str:
    """A file's name without its folders and control characters, at most 120 long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if letter.isprintable()).strip()
    return kept[-120:] or "lampiran"
