"""The register of failures of protection (Pasal 46): found, assessed, told, closed."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from warroom.audit import api as audit
from warroom.kernel import outbox, profile
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.i18n import text
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.privacy import rules, store
from warroom.privacy.contracts import (
    ANSWER,
    CHANGED,
    OVERDUE,
    VIEW,
    Breach,
    BreachState,
)
from warroom.privacy.errors import ChangedMeanwhileError, IncompleteError
from warroom.privacy.service.records import require

WORDS = ("what", "how", "data", "subjects", "count", "consequences", "measures", "contact")
"""What is written of a breach; the first four and the measures are what Pasal 46 (2) asks for."""

_SHOWN = (
    *("id", "number", "agency_id", "title", "state", "body", "found_at", "due_at", "assessed_at"),
    *("subjects_at", "authority_at", "not_required_reason", "closed_at", "created_label"),
    *("changed_at", "version"),
)


async def register_breach(
    scope: Scope,
    tx: Transaction,
    agency_id: UUID | None,
    title: str,
    found_at: datetime,
    body: dict[str, str],
) -> UUID:
    """Writes a breach down; from `found_at` the clock of 3 x 24 hours runs.

    Raises:
        NotFoundError: The scope does not answer for the agency.
        IncompleteError: It was found in the future, or a word is unknown.
    """
    agency = require(scope, ANSWER, agency_id)
    _check(body)
    if found_at > scope.at:
        raise IncompleteError(field="found_at")
    row: dict[str, Any] = {
        "id": new_id(),
        "number": await store.next_number(scope, tx, "IPD"),
        "agency_id": agency,
        "title": title,
        "body": body,
        "found_at": found_at,
        "due_at": rules.due(found_at, profile.current().law.privacy_notice_hours),
        "created_label": scope.label,
        "changed_at": scope.at,
    }
    await store.add_breach(scope, tx, row)
    await _record(scope, tx, row, "breach_registered", {"due_at": row["due_at"]})
    breach_id: UUID = row["id"]
    return breach_id


async def list_breaches(
    scope: Scope, tx: Transaction, *, after: UUID | None, limit: int
) -> dict[str, Any]:
    """A page of breaches in view, newest first: `{items, next}`."""
    rows = await store.list_things(scope, tx, "breach", after=after, limit=limit + 1)
    items = [_shown(row, scope.at) for row in rows[:limit]]
    return {"items": items, "next": str(rows[limit - 1]["id"]) if len(rows) > limit else None}


async def show_breach(
    scope: Scope, tx: Transaction, breach_id: UUID, zone: ZoneInfo, language: str = "id"
) -> dict[str, Any]:
    """One breach with the text of its notice.

    Raises:
        NotFoundError: There is none, for this scope.
    """
    row = await store.find_thing(scope, tx, "breach", breach_id, VIEW)
    if row is None:
        raise NotFoundError
    return _shown(row, scope.at) | {"notice": notice(row, zone, language)}


async def change_breach(
    scope: Scope,
    tx: Transaction,
    breach_id: UUID,
    version: int,
    *,
    body: dict[str, str] | None = None,
    subjects_at: datetime | None = None,
    authority_at: datetime | None = None,
    to: BreachState | None = None,
    reason: str = "",
) -> None:
    """Writes what is known now, that somebody was told, and moves it on.

    What was told stays told: a time once written is not changed.

    Raises:
        NotFoundError: No such breach that the scope may answer for.
        ChangedMeanwhileError: `version` is not the stored one.
        WrongStateError: It does not lead there.
        IncompleteError: Something is missing, or makes no sense.
    """
    row = await store.find_thing(scope, tx, "breach", breach_id, ANSWER, lock=True)
    if row is None:
        raise NotFoundError
    if row["version"] != version:
        raise ChangedMeanwhileError
    before = dict(row)
    if body is not None:
        _check(body)
        row["body"] = row["body"] | body
    for word, at in (("subjects_at", subjects_at), ("authority_at", authority_at)):
        if at is not None and row[word] is None:
            if not row["found_at"] <= at <= scope.at:
                raise IncompleteError(field=word)
            row[word] = at
    if to is not None:
        fact = Breach(row["state"], row["found_at"], row["subjects_at"], row["authority_at"])
        row["state"] = rules.step(fact, to, reason=reason).state
        row |= {f"{to}_at": scope.at} if to != "notified" else {}
    if to == "not_required":
        row["not_required_reason"] = reason.strip()
    row |= {"changed_at": scope.at, "version": version + 1}
    await store.save_breach(scope, tx, row)
    changed = sorted(word for word in row if row[word] != before[word])
    detail = {"state": row["state"], "changed": [one for one in changed if one != "changed_at"]}
    await _record(scope, tx, row, "breach_changed", detail, reason=reason or None)
    if row["told_at"] is not None and row["state"] != before["state"]:
        told = {"kind": "breach", "id": row["id"], "number": row["number"], "due_at": row["due_at"]}
        await outbox.publish(tx, OVERDUE, told, agency_id=row["agency_id"], now=scope.at)


def notice(row: dict[str, Any], zone: ZoneInfo, language: str = "id") -> str:
    """The notice of Pasal 46 (2); what nobody wrote stays a blank to be filled."""

    def say(key: str, **params: object) -> str:
        return text(language, f"privacy.notice.{key}", **params)

    body = {word: row["body"].get(word, "").strip() or "[........]" for word in WORDS}
    body["subjects"] += f" ({say('count')}: {body['count']})"
    found = row["found_at"].astimezone(zone)
    at = {"date": f"{found:%d-%m-%Y}", "time": f"{found:%H.%M}", "zone": found.tzname()}
    points = ("what", "data", "how", "subjects", "consequences", "measures", "contact")
    return (
        f"{say('head')}\n{say('law')}\n\n"
        f"{say('number', number=row['number'])}\n{say('subject', title=row['title'])}\n\n"
        f"{say('to')}\n\n{say('found', **at)}\n\n"
        + "".join(f"{n}. {say(word)}: {body[word]}\n" for n, word in enumerate(points, 1))
    )


def _check(body: dict[str, str]) -> None:
    unknown = sorted(set(body) - set(WORDS))
    if unknown:
        raise IncompleteError(field=unknown[0])


def _shown(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    fact = Breach(row["state"], row["found_at"], row["subjects_at"], row["authority_at"])
    done = rules.told_at(fact) or row["not_required_at"]
    return {word: row[word] for word in _SHOWN} | {
        "clock": rules.clock_state(row["due_at"], now, done),
        "next": rules.next_states(row["state"]),
    }


async def _record(
    scope: Scope,
    tx: Transaction,
    row: dict[str, Any],
    what: str,
    detail: dict[str, Any],
    reason: str | None = None,
) -> None:
    body = {"kind": "breach", "id": row["id"], "number": row["number"], "due_at": row["due_at"]}
    await outbox.publish(tx, CHANGED, body, agency_id=row["agency_id"], now=scope.at)
    await audit.record(
        scope,
        tx,
        action=f"privacy:{what}",
        object_kind="breach",
        object_id=row["id"],
        object_label=row["number"],
        agency_id=row["agency_id"],
        reason=reason,
        detail=detail,
    )
