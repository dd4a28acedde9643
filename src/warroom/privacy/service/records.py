"""The record of processing and the retention classes of an agency; proof of deletion."""

import csv
import io
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.actions import group_of
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope
from warroom.privacy import rules, store
from warroom.privacy.contracts import CONFIGURE, VIEW, RecordKind, Registry, Retention
from warroom.privacy.errors import ChangedMeanwhileError, IncompleteError
from warroom.privacy.service import words

_WRITTEN = {
    "purpose": (*words.PURPOSE_TEXTS, "retention", "owner", "contact"),
    "retention": (*words.RETENTION_TEXTS, "days"),
}
"""What people write; the rest is as the product says."""


def require(scope: Scope, action: str, agency_id: UUID | None) -> UUID:
    """The agency that is meant: the one named, else the asker's own.

    Raises:
        NotFoundError: None is meant, or `action` is not allowed there.
    """
    wanted = agency_id or scope.agency_id
    if wanted is None or not scope.allows(action, agency_id=wanted):
        raise NotFoundError
    return wanted


async def list_purposes(
    scope: Scope, tx: Transaction, registry: Registry, agency_id: UUID | None, language: str
) -> list[dict[str, Any]]:
    """The record of processing of an agency, with who receives what just now.

    What the agency wrote is as it wrote it; the rest is in `language`.

    Raises:
        NotFoundError: No such agency in reach.
    """
    agency = require(scope, VIEW, agency_id)
    rows = await store.list_records(scope, tx, agency, "purpose")
    known = {one.key: asdict(one) for one in registry.purposes}
    lent = await _recipients(scope, tx, agency)
    return [
        {
            **known.get(key, {"key": key, "actions": ()}),
            **words.texts_of("purpose", key, language),
            "owner": "",
            "contact": "",
            **(words.written("purpose", key, rows[key]["body"]) if key in rows else {}),
            **_version(rows.get(key)),
            "receiving": sorted(
                {
                    name
                    for name, held in lent
                    for word in known.get(key, {}).get("actions", ())
                    if {word, group_of(word), "*"} & held
                }
            ),
        }
        for key in sorted(known.keys() | rows.keys())
    ]


async def list_retention(
    scope: Scope, tx: Transaction, registry: Registry, agency_id: UUID | None, language: str
) -> dict[str, Any]:
    """Retention classes of an agency: `{items, findings}`; a class without a law is a finding.

    Raises:
        NotFoundError: No such agency in reach.
    """
    agency = require(scope, VIEW, agency_id)
    rows = await store.list_records(scope, tx, agency, "retention")
    known = {one.key: one for one in registry.retention}
    items = []
    for key in sorted(known.keys() | rows.keys()):
        row = rows.get(key)
        body = words.written("retention", key, row["body"]) if row else {}
        seed = known.get(key) or Retention(key, None, is_set=False)
        if seed.is_set:
            body.pop("days", None)
        own = {word: body[word] for word in body if word in _WRITTEN["retention"]}
        seeded = {**asdict(seed), **words.texts_of("retention", key, language)}
        items.append({**seeded, **own, **_version(row)})
    basis = {str(one["key"]): str(one["basis"]) for one in items}
    return {"items": items, "findings": rules.findings(basis)}


async def list_versions(
    scope: Scope, tx: Transaction, agency_id: UUID | None, kind: RecordKind, key: str
) -> list[dict[str, Any]]:
    """Who changed a record when, why, and to what; newest first.

    Raises:
        NotFoundError: No such agency in reach.
    """
    agency = require(scope, VIEW, agency_id)
    return await store.list_versions(scope, tx, agency, kind, key)


async def save_record(
    scope: Scope,
    tx: Transaction,
    agency_id: UUID | None,
    kind: RecordKind,
    key: str,
    *,
    body: dict[str, Any],
    version: int,
    reason: str,
) -> None:
    """Writes the next version of a purpose or a retention class, old ones stay.

    Raises:
        NotFoundError: No such agency in reach of `privacy:configure`.
        ChangedMeanwhileError: `version` is not the newest.
        IncompleteError: There is no name, or a word that nobody writes.
    """
    agency = require(scope, CONFIGURE, agency_id)
    unknown = sorted(set(body) - set(_WRITTEN[kind]))
    if unknown or not str(body.get("name", "")).strip():
        raise IncompleteError(field=unknown[0] if unknown else "name")
    known = await store.list_records(scope, tx, agency, kind)
    newest = known[key]["version"] if key in known else 0
    record = (agency, kind, key)
    if version != newest or not await store.add_version(
        scope, tx, record, version + 1, body, reason
    ):
        raise ChangedMeanwhileError
    before = known[key]["body"] if key in known else {}
    await audit.record(
        scope,
        tx,
        action=f"privacy:{kind}_changed",
        object_kind=kind,
        object_id=key,
        object_label=str(body["name"]),
        agency_id=agency,
        reason=reason,
        detail={
            "version": version + 1,
            "changed": sorted(word for word in body if body[word] != before.get(word)),
        },
    )


async def list_deletions(
    scope: Scope,
    tx: Transaction,
    since: date,
    until: date,
    *,
    after: UUID | None = None,
    limit: int = 500,
) -> dict[str, Any]:
    """What was deleted on days in [since, until) as `{items, next}`, newest first."""
    rows = await store.list_deletions(scope, tx, since, until, after=after, limit=limit + 1)
    more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return {"items": rows[:limit], "next": more}


async def seal_deletions(scope: Scope, tx: Transaction) -> int:
    """Writes the deletions of each day that is over into the audit, once; tells how many sums."""
    rows = await store.list_days_over(scope, tx, scope.at.date())
    await store.seal_deletions(scope, tx, [one for row in rows for one in row["ids"]])
    await audit.record_all(
        scope,
        tx,
        [
            audit.Asked(
                "privacy:deleted",
                "deletion",
                row["store"],
                row["agency_id"],
                object_label=f"{row['class']} {row['day']}",
                detail={
                    word: value.isoformat() if hasattr(value, "isoformat") else value
                    for word, value in row.items()
                    if word not in ("ids", "agency_id")
                },
                reason=row["rule"],
            )
            for row in rows
        ],
    )
    return len(rows)


def as_csv(rows: list[dict[str, Any]], words: tuple[str, ...]) -> str:
    """Rows as CSV with a head (RFC 4180); what a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(words)
    for row in rows:
        writer.writerow([_cell(row.get(word)) for word in words])
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = "; ".join(str(one) for one in value)
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _version(row: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "version": row["version"] if row else 0,
        "changed_at": row["at"] if row else None,
        "changed_by": row["person_label"] if row else None,
    }


async def _recipients(
    scope: Scope, tx: Transaction, agency_id: UUID
) -> list[tuple[str, frozenset[str]]]:
    """Who else holds a grant in force on things of the agency, and its words.

    As far as the scope may see grants. What was lent to people of another agency, who are not in
    view, is named by its purpose: the number of the request.
    """
    page = msgspec.json.decode(await identity.list_grants(scope, tx, limit=1000))
    found = []
    for grant in page["items"]:
        to, is_on_own = grant["to_agency"], str(agency_id) in (grant["agencies"] or ())
        is_meant = is_on_own or grant["agencies"] is None
        name = to["name"] if to else grant["purpose"]
        if not grant["deny"] and is_meant and name and (to or {}).get("id") != str(agency_id):
            found.append((name, frozenset(grant["actions"])))
    return found
