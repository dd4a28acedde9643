"""Steps that wait for their second half: a ticket given out once, kept by its hash."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from warroom.identity.errors import StepOverError
from warroom.identity.service.sessions import digest_of
from warroom.identity.store import factors as store
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope


@dataclass(frozen=True, slots=True)
class Ticket:
    """What the browser must bring back, and until when."""

    token: str
    expires_at: datetime


async def begin(
    scope: Scope,
    tx: Transaction,
    purpose: str,
    minutes: float,
    *,
    person_id: UUID | None = None,
    secret: bytes | None = None,
    method: str | None = None,
) -> Ticket:
    """A ticket for `purpose`; bound to the asker's session if they have one.

    `method` is how the half that is done was shown.
    """
    token = secrets.token_urlsafe(32)
    expires_at = scope.at + timedelta(minutes=minutes)
    step = {
        "id": new_id(),
        "token_hash": digest_of(token),
        "purpose": purpose,
        "person_id": person_id,
        "session_id": scope.session_id,
        "secret": secret,
        "method": method,
        "expires_at": expires_at,
    }
    await store.begin_step(scope, tx, step)
    return Ticket(token, expires_at)


async def look(scope: Scope, tx: Transaction, purpose: str, token: str) -> dict[str, Any]:
    """What the ticket stands for; it can be shown again.

    Raises:
        StepOverError: It is too old, was used, or is another session's.
    """
    step = await store.look_step(scope, tx, digest_of(token), purpose)
    if step is None or step["session_id"] != scope.session_id:
        raise StepOverError
    return step


async def find(scope: Scope, tx: Transaction, purpose: str, token: str) -> dict[str, Any] | None:
    """What the ticket stands for, or None; it can be shown again."""
    return await store.look_step(scope, tx, digest_of(token), purpose)


async def use(scope: Scope, tx: Transaction, purpose: str, token: str) -> dict[str, Any]:
    """What the ticket stands for; it is worth nothing afterwards.

    Raises:
        StepOverError: It is too old, was used, or is another session's.
    """
    step = await store.use_step(scope, tx, digest_of(token), purpose)
    if step is None or step["session_id"] != scope.session_id:
        raise StepOverError
    return step
