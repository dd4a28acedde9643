"""Open sessions: one's own, and those of people whom one may send away."""

from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.identity.store import people as people_store
from warroom.identity.store import sessions as store
from warroom.kernel.db import Transaction
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.scope import Scope

RIGHT = "person:sessions"


async def list_sessions(
    scope: Scope, tx: Transaction, idle_s: float, person_id: UUID | None = None
) -> bytes:
    """Open sessions as JSON `{items, total, next}`: one's own or, by right, a person's.

    Raises:
        NotFoundError: No such person in reach.
    """
    if person_id is None:
        return await store.list_own(scope, tx, idle_s)
    if await people_store.find_person(scope, tx, person_id, RIGHT) is None:
        raise NotFoundError
    return await store.list_of(scope, tx, idle_s, person_id)


async def end_session(scope: Scope, tx: Transaction, session_id: UUID) -> None:
    """Ends one session now; its sockets and live pictures with it.

    Raises:
        NeedsSessionError: A token asks.
        NotFoundError: No such open session in reach.
    """
    _require_person(scope)
    session = await store.find(scope, tx, session_id, RIGHT)
    if session is None:
        raise NotFoundError
    await people_store.end_session(scope, tx, session_id)
    await _record(scope, tx, session, {"session": str(session_id)})


async def end_other_sessions(scope: Scope, tx: Transaction, person_id: UUID | None = None) -> None:
    """Ends all of the asker's sessions but this one or, by right, all of a person's.

    Raises:
        NeedsSessionError: A token asks.
        NotFoundError: No such person in reach.
    """
    _require_person(scope)
    if person_id is None or person_id == scope.person_id:
        person = await people_store.find_own_row(scope, tx)
    else:
        person = await people_store.find_person(scope, tx, person_id, RIGHT)
    if person is None:
        raise NotFoundError
    await people_store.end_sessions(scope, tx, person["id"], but=scope.session_id)
    await _record(
        scope,
        tx,
        {"person_id": person["id"], "agency_id": person["agency_id"], "name": person["name"]},
        {"all": True},
    )


def _require_person(scope: Scope) -> None:
    if scope.door == "api":
        raise NeedsSessionError


async def _record(
    scope: Scope, tx: Transaction, session: dict[str, Any], detail: dict[str, Any]
) -> None:
    await audit.record(
        scope,
        tx,
        action="session:revoked",
        object_kind="person",
        object_id=session["person_id"],
        agency_id=session["agency_id"],
        object_label=session["name"],
        detail=detail,
    )
