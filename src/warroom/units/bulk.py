"""Importing many units at once: every good row is stored, every bad one told, none in between.

A row is known by agency and name: the same file twice changes nothing the second time. What a row
does not say stays as it is.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

import msgspec

from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.db import Transaction
from warroom.kernel.errors import WarRoomError
from warroom.kernel.scope import Scope
from warroom.units import service, store
from warroom.units.contracts import CONFIGURE, ImportReport, Problem, Unit
from warroom.units.errors import FieldError
from warroom.units.imports import Row, read_csv, shown
from warroom.units.service import Fleet


async def import_units(
    fleet: Fleet, scope: Scope, tx: Transaction, content: bytes, *, dry_run: bool
) -> ImportReport:
    """See `api.import_units`."""
    scope.require(CONFIGURE)
    read = read_csv(content)
    agencies = await _agencies(scope, tx)
    stored = {
        (unit.draft.agency_id, unit.draft.name): unit
        for unit in await store.list_configured(scope, tx)
    }
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    problems, seen = list(read.problems), dict[tuple[UUID, str], int]()
    async with tx.transaction(force_rollback=dry_run):
        for row in read.rows:
            try:
                what = await _take(fleet, scope, tx, row, agencies, stored, seen)
                counts[what] += 1
            except WarRoomError as error:
                problems.append(_problem(row, error))
        if not dry_run:
            digest = hashlib.sha256(content).hexdigest()
            detail = counts | {"rejected": len(problems), "sha256": digest}
            await audit.record(
                scope,
                tx,
                action="unit:imported",
                object_kind="unit",
                object_id=None,
                agency_id=scope.agency_id,
                detail=detail,
            )
    problems.sort(key=lambda one: one.row)
    return ImportReport(
        **counts, rejected=tuple(problems), dry_run=dry_run, ignored=tuple(read.ignored)
    )


async def _take(
    fleet: Fleet,
    scope: Scope,
    tx: Transaction,
    row: Row,
    agencies: Mapping[str, list[UUID]],
    stored: Mapping[tuple[UUID, str], Unit],
    seen: dict[tuple[UUID, str], int],
) -> str:
    """Stores one row, or nothing of it; tells what was done.

    Raises:
        FieldError: Its agency is none, or it names a vehicle that an earlier row did.
        WarRoomError: What else is wrong with it.
    """
    values = dict(row.values)
    found = agencies.get(_word(values.pop("agency", "")), [])
    if len(found) != 1:
        raise FieldError(field="agency")
    values["agency_id"] = found[0]
    key = (found[0], " ".join(str(values.get("name", "")).split()))
    if key in seen:
        raise FieldError(field="name")
    seen[key] = row.row
    known = stored.get(key)
    # What the database refuses must not take the other rows along.
    async with tx.transaction():
        if known is None:
            await service.add_unit(fleet, scope, tx, values)
            return "added"
        before = known.version
        await service.change_unit(fleet, scope, tx, known.id, before, values)
        after = await service.get_unit(scope, tx, known.id, CONFIGURE)
        return "changed" if after.version != before else "unchanged"


def _problem(row: Row, error: WarRoomError) -> Problem:
    field = str(error.params.get("field", ""))
    column = "agency" if field == "agency_id" else field
    cell = row.values.get(column)
    return Problem(row.row, column, error.code, None if cell is None else shown(cell))


async def _agencies(scope: Scope, tx: Transaction) -> dict[str, list[UUID]]:
    """Agencies in view by everything a file may call them: id, short name, name."""
    listed = msgspec.json.decode(await identity.list_agencies(scope, tx))
    names: dict[str, list[UUID]] = {}
    for item in listed["items"]:
        for word in {_word(item["id"]), _word(item["short"]), _word(item["name"])}:
            names.setdefault(word, []).append(UUID(item["id"]))
    return names


def _word(text: str) -> str:
    return " ".join(text.casefold().split())
