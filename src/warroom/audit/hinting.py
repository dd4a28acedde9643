"""Looks for what is unusual, and keeps what a person found when they looked at it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any
from uuid import UUID

from warroom.audit import hint_store, hints, service
from warroom.audit.errors import HintSeenError, OwnHintError
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

_AGAIN = timedelta(hours=2)
"""How far back hours are counted and judged again: entries come late, and hours grow."""

_MOST_HINTS = 200


@dataclass(frozen=True, slots=True)
class Peers:
    """Who is like whom, and where the city's hours begin.

    Attributes:
        roles: Gives a word for each person; people with the same one are compared.
        zone: The city's time zone.
    """

    roles: Callable[[Scope, Transaction], Awaitable[Mapping[UUID, str]]]
    zone: tzinfo


async def look(scope: Scope, db: Database, peers: Peers) -> int:
    """Counts the newest hours, judges them, and keeps what is unusual; tells how many hints."""
    oldest = scope.at - timedelta(days=hints.DAYS)
    async with db.transaction(scope) as tx:
        last = await hint_store.find_last_hour(scope, tx)
        await hint_store.roll_up(scope, tx, oldest if last is None else last - _AGAIN)
        await hint_store.forget_usage(scope, tx, oldest)
    async with db.transaction(scope) as tx:
        usage = await hint_store.list_usage(scope, tx, oldest)
        roles = await peers.roles(scope, tx)
    since = (scope.at - _AGAIN).replace(minute=0, second=0, microsecond=0)
    # Seconds of counting in a big city: the jobs beside go on meanwhile.
    found = await asyncio.to_thread(hints.find, usage, since, peers.zone, roles)
    async with db.transaction(scope) as tx:
        for hint in found:
            await hint_store.add(scope, tx, new_id(), hint)
    return len(found)


async def list_hints(scope: Scope, tx: Transaction, *, all: bool) -> bytes:  # noqa: A002
    """Hints that the scope may read; see `api.list_hints`."""
    return await hint_store.list_hints(scope, tx, all=all, limit=_MOST_HINTS)


async def mark_seen(scope: Scope, tx: Transaction, hint_id: UUID, note: str) -> dict[str, Any]:
    """Writes down that a hint was looked at; see `api.mark_hint_seen`.

    Raises:
        NotFoundError: It is none of the scope's.
        OwnHintError: It is about the asker.
        HintSeenError: Somebody did so before.
    """
    hint = await hint_store.find_hint(scope, tx, hint_id)
    if hint is None:
        raise NotFoundError
    if hint["person_id"] == scope.person_id:
        raise OwnHintError
    marked = await hint_store.mark(scope, tx, hint_id, note)
    if marked is None:
        raise HintSeenError
    await service.record(
        scope,
        tx,
        action="audit:hint_seen",
        object_kind="audit_hint",
        object_id=hint_id,
        agency_id=hint["agency_id"],
        detail={"kind": hint["kind"], "person": str(hint["person_id"])},
        reason=note,
    )
    return marked
