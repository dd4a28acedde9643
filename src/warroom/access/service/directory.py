"""The laws on which requests rest: one list for the city."""

from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from warroom.access.contracts import CONFIGURE
from warroom.access.errors import IncompleteError
from warroom.access.store import directory as store
from warroom.audit import api as audit
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


async def list_basis(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """All laws of the list, those that were struck off among them."""
    return await store.list_basis(scope, tx)


async def save_basis(
    scope: Scope, tx: Transaction, basis_id: UUID | None, law: str, article: str, *, active: bool
) -> UUID:
    """Adds a law to the list, or changes one; requests keep the words they were sent with.

    Raises:
        NotFoundError: The asker does not configure this for the whole city, or no such law.
        IncompleteError: The same law and article stand in the list.
    """
    if not scope.allows(CONFIGURE, agency_id=None):
        raise NotFoundError
    known = {one["id"] for one in await store.list_basis(scope, tx)}
    if basis_id is not None and basis_id not in known:
        raise NotFoundError
    chosen = basis_id or new_id()
    basis = {"id": chosen, "law": law, "article": article, "is_active": active}
    try:
        await store.save_basis(scope, tx, basis)
    except UniqueViolation as error:
        raise IncompleteError(field="article") from error
    await audit.record(
        scope,
        tx,
        action="access:basis_changed",
        object_kind="basis",
        object_id=chosen,
        agency_id=scope.agency_id,
        object_label=f"{law} {article}",
        detail={"is_active": active},
    )
    return chosen
