"""What people ask about themselves: registered, looked for, answered or refused in three days."""

import hashlib
import hmac
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.kernel import outbox, profile
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.privacy import rules, store
from warroom.privacy.contracts import (
    ANSWER,
    CHANGED,
    OVERDUE,
    VIEW,
    CaseDraft,
    Registry,
    Stored,
    Subject,
    SubjectSource,
)
from warroom.privacy.errors import CannotError, IncompleteError, WrongStateError
from warroom.privacy.service import words
from warroom.privacy.service.records import require

_SHOWN = (
    *("id", "number", "agency_id", "asker", "identified_by", "wants", "subject_kind"),
    *("received_at", "due_at", "created_label", "searched_at", "ended_at", "ended_label"),
    *("outcome", "reason", "exception"),
)


class SubjectKeeper:
    """Seals what people are looked for by, and hashes it with a key that is not in the database.

    Args:
        sealer: For what must be read again.
        key: 32 bytes, for the hash.
    """

    def __init__(self, sealer: Sealer, key: bytes) -> None:
        self._sealer = sealer
        self._key = key

    def digest(self, subject: Subject) -> bytes:
        """The same for the same person written in whatever way (HMAC-SHA-256)."""
        text = f"{subject.kind}:{rules.normal(subject)}"
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()

    def seal(self, case_id: UUID, body: Any) -> bytes:
        """Something of a case, unreadable elsewhere."""
        return self._sealer.seal(msgspec.json.encode(body), b"privacy:" + case_id.bytes)

    def open(self, case_id: UUID, sealed: bytes) -> Any:
        """What was sealed."""
        return msgspec.json.decode(self._sealer.open(sealed, b"privacy:" + case_id.bytes))


async def register_case(
    scope: Scope, tx: Transaction, keeper: SubjectKeeper, draft: CaseDraft
) -> UUID:
    """Writes down that somebody asks about themselves; from `received_at` the clock runs.

    Raises:
        NotFoundError: The scope does not answer for the agency.
        IncompleteError: Something is missing.
    """
    agency = require(scope, ANSWER, draft.agency_id)
    rules.check_case(draft, scope.at)
    case_id = new_id()
    row = {
        "id": case_id,
        "number": await store.next_number(scope, tx, "SDP"),
        "agency_id": agency,
        "asker": draft.asker.strip(),
        "identified_by": draft.identified_by.strip(),
        "wants": list(draft.wants),
        "subject_kind": draft.subject.kind,
        "subject_hash": keeper.digest(draft.subject),
        "subject_sealed": keeper.seal(case_id, asdict(draft.subject)),
        "received_at": draft.received_at,
        "due_at": rules.due(draft.received_at, profile.current().law.privacy_answer_hours),
        "created_label": scope.label,
    }
    await store.add_case(scope, tx, row)
    detail = {"wants": row["wants"], "kind": draft.subject.kind, "due_at": row["due_at"]}
    await _tell(scope, tx, row, "case_registered", detail=detail)
    return case_id


async def list_cases(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int
) -> dict[str, Any]:
    """A page of cases in view, newest first: `{items, next}`; without what was looked for."""
    rows = await store.list_things(scope, tx, "case", after=after, limit=limit + 1)
    items = [_shown(row, scope.at) for row in rows[:limit]]
    return {"items": items, "next": str(rows[limit - 1]["id"]) if len(rows) > limit else None}


async def show_case(
    scope: Scope, tx: Transaction, keeper: SubjectKeeper, case_id: UUID, language: str = "id"
) -> dict[str, Any]:
    """One case; what was looked for and the report only for who may answer it. That is audited.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    row = await _find(scope, tx, case_id, VIEW)
    shown = _shown(row, scope.at)
    shown["decisions"] = await store.list_decisions(scope, tx, case_id)
    if scope.allows(ANSWER, agency_id=row["agency_id"]):
        shown["subject"] = keeper.open(case_id, row["subject_sealed"])
        sealed = row["report_sealed"]
        report = keeper.open(case_id, sealed) if sealed else None
        shown["report"] = report and words.report_in(report, language)
        await _tell(scope, tx, row, "case_read", topic=None)
    return shown


async def search_case(
    scope: Scope, tx: Transaction, keeper: SubjectKeeper, registry: Registry, case_id: UUID
) -> None:
    """Looks in every store for the person, as far as the scope reaches, and keeps the report.

    A store that cannot look by this says so in the report.

    Raises:
        NotFoundError: No such case that the scope may answer.
        WrongStateError: It is over.
    """
    row = await _find(scope, tx, case_id, ANSWER, is_open=True)
    subject = _subject(keeper, row)
    parts: list[dict[str, Any]] = []
    for source in registry.sources:
        is_able = subject.kind in source.kinds
        found = await source.find(scope, tx, subject) if is_able else []
        parts.append(
            {
                "source": source.key,
                "is_able": is_able,
                "corrects": source.correct is not None,
                "erases": source.erase is not None,
                "found": [_found(registry, one) for one in found],
            }
        )
    names = {one.key: words.texts_of("purpose", one.key, "id") for one in registry.purposes}
    report = {
        "made_at": scope.at,
        "made_by": scope.label,
        "parts": parts,
        "purposes": {
            key: {"name": names[key]["name"], "basis": names[key]["basis"]}
            for part in parts
            for one in part["found"]
            if (key := one["purpose"]) in names
        },
    }
    row |= {"searched_at": scope.at, "report_sealed": keeper.seal(case_id, report)}
    await store.save_case(scope, tx, row)
    detail = {
        "sources": {
            part["source"]: sum(one["count"] for one in part["found"])
            for part in parts
            if part["is_able"]
        },
        "unable": [part["source"] for part in parts if not part["is_able"]],
    }
    await _tell(scope, tx, row, "case_searched", detail=detail)


async def decide_wish(  # noqa: PLR0913 - one decision: which wish, where, how, why
    scope: Scope,
    tx: Transaction,
    keeper: SubjectKeeper,
    registry: Registry,
    case_id: UUID,
    *,
    wish: str,
    source: str,
    reason: str,
    exception: str | None = None,
    changes: dict[str, str] | None = None,
) -> None:
    """Carries a correction or deletion out in one store, or refuses it by the law's exception.

    What is carried out is done by the domain that owns the store, under the rights of who decides.

    Raises:
        NotFoundError: No such case, or the thing itself is not within the scope's rights.
        WrongStateError: The case is over.
        IncompleteError: The wish was not made, or a word is missing.
        CannotError: The store cannot do it by itself.
    """
    row = await _find(scope, tx, case_id, ANSWER, is_open=True)
    where = next((one for one in registry.sources if one.key == source), None)
    if where is None:
        raise IncompleteError(field="source")
    if wish == "access" or wish not in row["wants"]:
        raise IncompleteError(field="wish")
    if exception is not None and exception not in rules.EXCEPTIONS:
        raise IncompleteError(field="exception")
    count = None
    if exception is None:
        count = await _carry_out(scope, tx, where, _subject(keeper, row), wish, changes)
    decision = {
        "id": new_id(),
        "case_id": case_id,
        "agency_id": row["agency_id"],
        "wish": wish,
        "source": source,
        "outcome": "refused" if exception else "carried_out",
        "reason": reason,
        "exception": exception,
        "at": scope.at,
        "person_id": scope.person_id,
        "person_label": scope.label,
    }
    await store.add_decision(scope, tx, decision)
    told = {word: decision[word] for word in ("wish", "source", "outcome", "exception")}
    await _tell(scope, tx, row, "case_decided", detail=told | {"count": count})


async def end_case(
    scope: Scope, tx: Transaction, case_id: UUID, *, reason: str, exception: str | None = None
) -> None:
    """Answers a case, or refuses it by the law's exception.

    Raises:
        NotFoundError: No such case that the scope may answer.
        WrongStateError: It is over, or is answered before it was looked for.
        IncompleteError: A wish has no decision yet, or the exception is none.
    """
    row = await _find(scope, tx, case_id, ANSWER, is_open=True)
    if exception is not None and exception not in rules.EXCEPTIONS:
        raise IncompleteError(field="exception")
    if exception is None:
        if row["searched_at"] is None:
            raise WrongStateError(state="open")
        decided = {one["wish"] for one in await store.list_decisions(scope, tx, case_id)}
        if set(row["wants"]) - decided - {"access"}:
            raise IncompleteError(field="decisions")
    row |= {
        "ended_at": scope.at,
        "ended_label": scope.label,
        "outcome": "refused" if exception else "answered",
        "reason": reason,
        "exception": exception,
    }
    await store.save_case(scope, tx, row)
    detail = {"outcome": row["outcome"], "in_time": scope.at <= row["due_at"]}
    topic = OVERDUE if row["told_at"] else None
    detail |= {"exception": exception}
    await _tell(scope, tx, row, "case_ended", topic=topic, detail=detail)


async def tell_overdue(scope: Scope, tx: Transaction) -> int:
    """Tells, once each, of cases and breaches whose deadline has passed; gives how many."""
    told = 0
    for kind in ("case", "breach"):
        for row in await store.list_overdue(scope, tx, kind, scope.at):
            await store.mark_told(scope, tx, kind, row["id"])
            await _tell(scope, tx, row, f"{kind}_overdue", kind=kind, topic=OVERDUE)
            told += 1
    return told


async def list_overdue(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """What is open past its deadline and waits for the asker, the oldest first; 200 at most."""
    found = [
        {word: row[word] for word in ("id", "number", "due_at")} | {"kind": kind}
        for kind in ("case", "breach")
        for row in await store.list_told(scope, tx, kind, ANSWER, limit=200)
    ]
    return sorted(found, key=lambda one: (one["due_at"], one["number"]))[:200]


async def _carry_out(
    scope: Scope,
    tx: Transaction,
    source: SubjectSource,
    subject: Subject,
    wish: str,
    changes: dict[str, str] | None,
) -> int | None:
    if wish == "deletion":
        if source.erase is None or subject.kind not in source.kinds:
            raise CannotError(source=source.key)
        return await source.erase(scope, tx, subject)
    if source.correct is None or subject.kind not in source.kinds:
        raise CannotError(source=source.key)
    if not changes:
        raise IncompleteError(field="changes")
    await source.correct(scope, tx, subject, changes)
    return 1


async def _find(
    scope: Scope, tx: Transaction, case_id: UUID, action: str, *, is_open: bool = False
) -> dict[str, Any]:
    row = await store.find_thing(scope, tx, "case", case_id, action, lock=is_open)
    if row is None:
        raise NotFoundError
    if is_open and row["ended_at"] is not None:
        raise WrongStateError(state=row["outcome"])
    return row


def _found(registry: Registry, one: Stored) -> dict[str, Any]:
    """What was found as the report keeps it, with its class and days as they are now."""
    days = next((kept.days for kept in registry.retention if kept.key == one.until), None)
    until = words.until_of(registry, one.until, "id")
    return asdict(one) | {"until": until} | {"kept": one.until, "kept_days": days}


def _subject(keeper: SubjectKeeper, row: dict[str, Any]) -> Subject:
    return msgspec.convert(keeper.open(row["id"], row["subject_sealed"]), Subject, strict=False)


def _shown(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {word: row[word] for word in _SHOWN} | {
        "clock": rules.clock_state(row["due_at"], now, row["ended_at"]),
        "subject_code": bytes(row["subject_hash"]).hex()[:12],
    }


async def _tell(
    scope: Scope,
    tx: Transaction,
    row: dict[str, Any],
    what: str,
    *,
    kind: str = "case",
    topic: str | None = CHANGED,
    detail: dict[str, Any] | None = None,
) -> None:
    """One audit entry, and with a topic word to the agency's people."""
    if topic:
        body = {"kind": kind, "id": row["id"], "number": row["number"], "due_at": row["due_at"]}
        await outbox.publish(tx, topic, body, agency_id=row["agency_id"], now=scope.at)
    if kind == "case":
        detail = {**(detail or {}), "subject_code": bytes(row["subject_hash"]).hex()}
    await audit.record(
        scope,
        tx,
        action=f"privacy:{what}",
        object_kind=kind,
        object_id=row["id"],
        object_label=row["number"],
        agency_id=row["agency_id"],
        detail=detail,
    )
