"""Making and changing agencies."""

from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.audit import api as audit
from warroom.identity import rules
from warroom.identity.contracts import NewAgency
from warroom.identity.errors import ChangedMeanwhileError, TakenError, UnknownWordError
from warroom.identity.store import agencies as store
from warroom.kernel import profile
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_OF_THE_CITY = ("kind", "place", "is_active")
"""Fields that decide how far people reach; an agency cannot change them for itself."""


async def create_agency(scope: Scope, tx: Transaction, new: NewAgency) -> UUID:
    """Makes an agency.

    Raises:
        NotFoundError: The scope does not reach the whole city.
        UnknownWordError: No such kind of agency.
        TakenError: The name or short name is another's.
    """
    if not rules.is_citywide(scope, "agency:configure"):
        raise NotFoundError
    if new.kind not in profile.current().agency_kinds:
        raise UnknownWordError(word=new.kind)
    agency_id = new_id()
    try:
        await store.insert_agency(scope, tx, agency_id, new)
    except UniqueViolation as error:
        raise TakenError(field=_field(error)) from error
    await _record(scope, tx, "agency:created", agency_id, new.name, {"kind": new.kind})
    return agency_id


async def change_agency(
    scope: Scope, tx: Transaction, agency_id: UUID, version: int, changes: dict[str, Any]
) -> None:
    """Changes an agency's fields.

    Raises:
        NotFoundError: No such agency in reach.
        ChangedMeanwhileError: `version` is not the stored one.
        UnknownWordError: No such kind of agency.
        TakenError: The name or short name is another's.
    """
    agency = await store.find_agency(scope, tx, agency_id, "agency:configure")
    is_for_the_city = any(word in changes for word in _OF_THE_CITY)
    if agency is None or (is_for_the_city and not rules.is_citywide(scope, "agency:configure")):
        raise NotFoundError
    if agency["version"] != version:
        raise ChangedMeanwhileError
    if changes.get("kind", "city") not in profile.current().agency_kinds:
        raise UnknownWordError(word=changes["kind"])
    changed = agency | changes
    try:
        await store.update_agency(scope, tx, changed)
    except UniqueViolation as error:
        raise TakenError(field=_field(error)) from error
    detail = {word: [agency[word], value] for word, value in changes.items()}
    await _record(scope, tx, "agency:changed", agency_id, changed["name"], detail)


async def ensure_agencies(
    scope: Scope, tx: Transaction, wanted: list[NewAgency]
) -> dict[str, UUID]:
    """Makes the agencies that are missing (by short name); returns all ids by short name."""
    ids: dict[str, UUID] = {}
    for new in wanted:
        known = await store.find_agency_by_short(scope, tx, new.short)
        ids[new.short] = known["id"] if known else await create_agency(scope, tx, new)
    return ids


def _field(error: UniqueViolation) -> str:
    return (error.diag.constraint_name or "").removeprefix("agency_")


async def _record(
    scope: Scope, tx: Transaction, action: str, agency_id: UUID, name: str, detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="agency",
        object_id=agency_id,
        agency_id=agency_id,
        object_label=name,
        detail=detail,
    )
