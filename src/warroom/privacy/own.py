"""What accounts and the audit tell of the data they hold: both lie below `privacy`."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope
from warroom.privacy.contracts import Purpose, Retention, Stored, Subject, SubjectSource, Told
from warroom.privacy.errors import IncompleteError

_MOST = 100
_ANY_IDLE_S = 366 * 86_400.0

PURPOSES = (
    Purpose(
        "accounts",
        "account",
        tables=(
            "person",
            "person_role",
            "person_password",
            "person_link",
            "totp_factor",
            "passkey",
            "recovery_code",
            "access_grant",
            "api_token",
            "service_account",
            "identity_provider",
            "role",
            "seat",
        ),
    ),
    Purpose(
        "audit",
        "audit",
        actions=("audit:read",),
        tables=("audit_entry", "audit_usage", "audit_hint"),
    ),
    Purpose(
        "sign_in",
        "session",
        tables=("session", "sso_session", "sso_attempt", "sign_in_link", "sign_in_step"),
    ),
    Purpose(
        "privacy_requests",
        "privacy_case",
        actions=("privacy:view", "privacy:answer"),
        tables=("privacy_case", "privacy_decision", "privacy_breach", "privacy_record"),
        is_searched=False,
    ),
)

RETENTION = (
    Retention("account", None),
    Retention("audit", None),
    Retention("audit_usage", float(audit.USAGE_DAYS)),
    Retention("audit_hint", None),
    *(
        Retention(key, identity.KEPT[key] / timedelta(days=1))
        for key in ("session", "sign_in_bucket", "sign_in_link", "sign_in_step")
    ),
    Retention("privacy_case", None),
)


async def _people(scope: Scope, tx: Transaction, subject: Subject) -> list[dict[str, Any]]:
    escaped = re.sub(r"([\\%_])", r"\\\1", subject.value.strip())
    people = await identity.list_people(scope, tx, q=f"%{escaped}%", limit=_MOST)
    page = msgspec.json.decode(people)
    wanted = subject.value.strip().casefold()
    word = "login" if subject.kind == "account" else "name"
    found: list[dict[str, Any]] = [
        one for one in page["items"] if wanted == str(one[word]).casefold()
    ]
    if not found and subject.kind == "name":
        found = [one for one in page["items"] if wanted in str(one["name"]).casefold()]
    return found


async def find_account(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Accounts with this login or name, with who read or changed them."""
    people = await _people(scope, tx, subject)
    if not people:
        return []
    seen = []
    for person in people:
        entries = await _entries(scope, tx, object=person["id"])
        seen += [_seen(one) for one in entries if (one["person"] or {}).get("id") != person["id"]]
    items = tuple(_account(person) for person in people)
    return [Stored("account", len(people), "accounts", "account", items, tuple(seen[:_MOST]))]


async def find_sessions(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """Open sessions of the accounts; none where the scope has no right to see them."""
    items: list[dict[str, Any]] = []
    for person in await _people(scope, tx, subject):
        try:
            content = await identity.list_sessions(scope, tx, _ANY_IDLE_S, UUID(person["id"]))
        except NotFoundError:
            continue  # Sessions need a right of their own: person:sessions.
        items += [_session(one) for one in msgspec.json.decode(content)["items"]]
    return [Stored("session", len(items), "sign_in", "session", tuple(items))] if items else []


async def find_entries(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """What the accounts did, as far as the scope may read the audit; the newest hundred."""
    items: list[dict[str, Any]] = []
    for person in await _people(scope, tx, subject):
        items += await _entries(scope, tx, person=UUID(person["id"]))
    found = tuple(
        {word: one[word] for word in ("at", "action", "object_label", "address", "door")}
        for one in items[:_MOST]
    )
    return [Stored("entry", len(items), "audit", "audit", found)] if items else []


async def correct_account(
    scope: Scope, tx: Transaction, subject: Subject, changes: dict[str, str]
) -> None:
    """Changes name or title of the one account that is meant, under `person:configure`.

    Raises:
        IncompleteError: More or fewer than one account, or another word.
    """
    people = await _people(scope, tx, subject)
    if len(people) != 1:
        raise IncompleteError(field="value")
    if set(changes) - {"name", "title"} or not all(one.strip() for one in changes.values()):
        raise IncompleteError(field="changes")
    person = people[0]
    await identity.change_person(
        scope, tx, UUID(person["id"]), person["version"], dict(changes), None
    )


async def _entries(scope: Scope, tx: Transaction, **filters: Any) -> list[dict[str, Any]]:
    page = msgspec.json.decode(await audit.search(scope, tx, filters, limit=_MOST))
    items: list[dict[str, Any]] = page["items"]
    return items


def _account(person: dict[str, Any]) -> dict[str, Any]:
    """What is stored of an account, as plain words to be read."""
    words = ("login", "name", "title", "language", "is_active", "last_seen_at")
    return {word: person[word] for word in words} | {
        "agency": (person["agency"] or {}).get("name"),
        "roles": [one["role"] for one in person["roles"]],
    }


def _session(session: dict[str, Any]) -> dict[str, Any]:
    words = ("created_at", "seen_at", "expires_at", "method", "address", "agent", "seat")
    return {word: session[word] for word in words if word in session}


def _seen(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "at": entry["at"],
        "person": (entry["person"] or {}).get("name"),
        "agency": entry["agency"],
        "action": entry["action"],
    }


BY_PERSON = frozenset({"account", "name"})


def told(erasers: identity.Erasers, prove_minutes: float) -> Told:
    """Purposes, classes and sources of accounts and the audit.

    Args:
        erasers: What other domains delete with an account.
        prove_minutes: How long ago whoever erases may have shown who they are.
    """

    async def erase_account(scope: Scope, tx: Transaction, subject: Subject) -> int:
        people = await _people(scope, tx, subject)
        if len(people) != 1:
            raise IncompleteError(field="value")
        person_id = UUID(people[0]["id"])
        reason = "UU 27/2022 Pasal 8"
        gone = await identity.erase_person(scope, tx, erasers, person_id, reason, prove_minutes)
        return sum(gone.values())

    return Told(
        PURPOSES,
        RETENTION,
        (
            SubjectSource(
                "account",
                BY_PERSON,
                frozenset({"accounts"}),
                find_account,
                correct=correct_account,
                erase=erase_account,
            ),
            SubjectSource("session", BY_PERSON, frozenset({"sign_in"}), find_sessions),
            SubjectSource("audit", BY_PERSON, frozenset({"audit"}), find_entries),
        ),
    )
