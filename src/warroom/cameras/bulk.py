"""Importing many cameras at once: every good row is stored, every bad one told, none in between.

A row is known by its camera's number: the same file twice changes nothing the second time. What a
row does not say stays as it is.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.cameras import rules, service
from warroom.cameras.contracts import (
    CONFIGURE,
    CameraDraft,
    ImportReport,
    Problem,
    Siting,
    StoredCamera,
)
from warroom.cameras.errors import FieldError, ImportTooLargeError
from warroom.cameras.imports import ImportRow, read_file, shown
from warroom.cameras.rules import StreamChange
from warroom.cameras.service import Inventory
from warroom.cameras.store import writing
from warroom.identity import api as identity
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_OF_DRAFT = frozenset(
    (
        *("number", "name", "site", "lat", "lon", "height_m", "bearing_deg", "fov_deg", "range_m"),
        *("is_ptz", "kecamatan", "kelurahan", "tags", "retention_class", "simulated", "enabled"),
        *("notes", "control_url", "pan_span_deg", "ceiling_kbit_s"),
    )
)
_COLUMN_OF_FIELD = {"agency_id": "owner", "stream.sub": "sub_url"}


@dataclass(slots=True)
class _Sorted:
    """Rows by what is to be done with them."""

    added: list[tuple[int, UUID, CameraDraft, Siting]] = field(default_factory=list)
    changed: list[tuple[StoredCamera, CameraDraft, Siting]] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)


async def import_cameras(
    inventory: Inventory, scope: Scope, tx: Transaction, content: bytes, *, dry_run: bool
) -> ImportReport:
    """See `api.import_cameras`.

    Raises:
        ImportTooLargeError: The file has too many bytes or rows.
    """
    scope.require(CONFIGURE)
    if len(content) > inventory.settings.import_max_bytes:
        raise ImportTooLargeError(limit_bytes=inventory.settings.import_max_bytes)
    read = read_file(content, max_rows=inventory.settings.import_max_rows)
    rows, repeated = _first_of_each_number(read.rows)
    numbers = [row.values["number"] for row in rows if "number" in row.values]
    stored = {
        found["number"]: service.opened_camera(inventory.sealer, found)
        for found in await writing.lock_stored(scope, tx, numbers=numbers)
    }
    agencies = await _agencies(scope, tx)
    done = _Sorted(problems=[*read.problems, *repeated])
    for row in rows:
        _sort(inventory, scope, row, stored, agencies, done)
    await _store(inventory, scope, tx, done, dry_run=dry_run)
    report = ImportReport(
        added=len(done.added),
        changed=len(done.changed),
        unchanged=done.unchanged,
        rejected=tuple(sorted(done.problems, key=lambda problem: problem.row)),
        dry_run=dry_run,
        encoding=read.encoding,
        ignored=tuple(read.ignored),
    )
    if not dry_run:
        await _audit(scope, tx, content, report)
    return report


def _first_of_each_number(rows: Sequence[ImportRow]) -> tuple[list[ImportRow], list[Problem]]:
    kept: list[ImportRow] = []
    repeated: list[Problem] = []
    first: dict[int, int] = {}
    for row in rows:
        number = row.values.get("number")
        if number is not None and number in first:
            params: dict[str, str | int | float] = {"first_row": first[number]}
            code = "cameras.repeated_number"
            repeated.append(Problem(row.row, "number", code, str(number), params))
            continue
        if number is not None:
            first[number] = row.row
        kept.append(row)
    return kept, repeated


async def _agencies(scope: Scope, tx: Transaction) -> dict[str, list[UUID]]:
    """Agencies in view by everything a file may call them: id, short name, name."""
    listed = msgspec.json.decode(await identity.list_agencies(scope, tx))
    names: dict[str, list[UUID]] = {}
    for item in listed["items"]:
        for word in {_word(item["id"]), _word(item["short"]), _word(item["name"])}:
            names.setdefault(word, []).append(UUID(item["id"]))
    return names


def _sort(
    inventory: Inventory,
    scope: Scope,
    row: ImportRow,
    stored: Mapping[int, StoredCamera],
    agencies: Mapping[str, list[UUID]],
    done: _Sorted,
) -> None:
    """Decides about one row; whatever is wrong with it is a problem of this row alone."""
    known = stored.get(row.values.get("number", -1))
    try:
        changes = _changes(inventory, row.values, agencies)
        draft = rules.merge(
            known.draft if known else None,
            changes,
            _streams(row.values),
            allow_loopback=inventory.settings.allow_loopback,
        )
        siting = service.judge_camera(inventory, scope, draft, known.id if known else None)
    except FieldError as error:
        done.problems.append(_problem(row, error))
        return
    if known is None:
        done.added.append((row.row, new_id(), draft, siting))
    elif _rounded(known.draft, draft) and siting == known.siting:
        done.unchanged += 1
    else:
        done.changed.append((known, draft, siting))


def _changes(
    inventory: Inventory, values: Mapping[str, Any], agencies: Mapping[str, list[UUID]]
) -> dict[str, Any]:
    changes = {name: value for name, value in values.items() if name in _OF_DRAFT}
    if "owner" in values:
        fitting = agencies.get(_word(values["owner"]), [])
        if len(fitting) != 1:
            code = "cameras.ambiguous_agency" if fitting else "cameras.unknown_agency"
            raise _RowError(code, field="owner")
        changes["agency_id"] = fitting[0]
    if "kecamatan" in changes:
        district = inventory.atlas.find_kecamatan(changes["kecamatan"])
        changes["kecamatan"] = district.code if district else changes["kecamatan"]
    if "kelurahan" in changes:
        ward = inventory.atlas.find_kelurahan(changes["kelurahan"], changes.get("kecamatan"))
        changes["kelurahan"] = ward.code if ward else changes["kelurahan"]
        changes.setdefault("kecamatan", changes["kelurahan"].rpartition(".")[0] or None)
    return changes


class _RowError(FieldError):
    """A row names something that cannot be found; the code is given."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(**params)
        self.row_code = code


def _streams(values: Mapping[str, Any]) -> list[StreamChange]:
    login = (values.get("transport"), values.get("username"), values.get("password"))
    transport = login[0].lower() if login[0] else None
    changes = []
    if "url" in values or any(login):
        changes.append(StreamChange("main", values.get("url"), transport, *login[1:]))
    if "sub_url" in values:
        changes.append(StreamChange("sub", values["sub_url"], transport, *login[1:]))
    return changes


def _problem(row: ImportRow, error: FieldError) -> Problem:
    params = dict(error.params)
    name = params.pop("field", "")
    column = _COLUMN_OF_FIELD.get(name, name.removesuffix("_id"))
    code = error.row_code if isinstance(error, _RowError) else error.code
    return Problem(row.row, column, code, shown(column, row.values.get(column)), params)


def _rounded(stored: CameraDraft, draft: CameraDraft) -> bool:
    """Whether they are the same but for the digits that a 4-byte number loses."""
    same = {
        name: getattr(stored, name)
        for name in ("height_m", "bearing_deg", "fov_deg", "range_m")
        if _near(getattr(stored, name), getattr(draft, name))
    }
    return replace(draft, **same) == stored


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-6 * max(1.0, abs(one))


async def _store(
    inventory: Inventory, scope: Scope, tx: Transaction, done: _Sorted, *, dry_run: bool
) -> None:
    """Stores what was sorted; numbers that turn out to be taken become problems."""
    async with tx.transaction(force_rollback=dry_run):
        new = [(id_, draft, siting) for _, id_, draft, siting in done.added]
        there = await service.insert_cameras(inventory, scope, tx, new) if new else set()
        for row, id_, draft, _ in done.added:
            if id_ not in there:
                code, number = "cameras.number_taken", draft.number
                problem = Problem(row, "number", code, str(number), {"number": number})
                done.problems.append(problem)
        done.added = [item for item in done.added if item[1] in there]
        if done.changed:
            await service.update_cameras(inventory, scope, tx, done.changed)
        if dry_run:
            return
        added = [(id_, None, draft, siting) for _, id_, draft, siting in done.added]
        changed = [(old.id, old, draft, siting) for old, draft, siting in done.changed]
        await service.tell_changed(inventory, scope, tx, "added", added)
        await service.tell_changed(inventory, scope, tx, "changed", changed)


async def _audit(scope: Scope, tx: Transaction, content: bytes, report: ImportReport) -> None:
    await audit.record(
        scope,
        tx,
        action="camera:imported",
        object_kind="camera_list",
        object_id=None,
        agency_id=scope.agency_id,
        detail={
            "sha256": hashlib.sha256(content).hexdigest(),
            "added": report.added,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "rejected": len(report.rejected),
        },
    )


def _word(text: str) -> str:
    return " ".join(str(text).casefold().split())
