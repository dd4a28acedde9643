"""Steps that wait for their second half: a ticket given out once, kept by its hash."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from warroom.identity.credentials import TicketSecret
from warroom.identity.errors import StepOverError
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
    kind: type[TicketSecret] = TicketSecret,
) -> Ticket:
    """A ticket for `purpose`; bound to the asker's session if they have one.

    `method` is how the half that is done was shown.
    """
    shown = kind.new()
    expires_at = scope.at + timedelta(minutes=minutes)
    step = {
        "id": new_id(),
        "purpose": purpose,
        "person_id": person_id,
        "session_id": scope.session_id,
        "secret": secret,
        "method": method,
        "expires_at": expires_at,
    }
    await store.begin_step(scope, tx, shown, step)
    return Ticket(shown.text, expires_at)


async def look(scope: Scope, tx: Transaction, purpose: str, token: str) -> dict[str, Any]:
    """What the ticket stands for; it can be shown again.

    Raises:
        StepOverError: It is too old, was used, or is another session's.
    """
    step = await find(scope, tx, purpose, token)
    if step is None or step["session_id"] != scope.session_id:
        raise StepOverError
    return step


async def find(
    scope: Scope,
    tx: Transaction,
    purpose: str,
    token: str,
    kind: type[TicketSecret] = TicketSecret,
) -> dict[str, Any] | None:
    """What the ticket stands for, or None; it can be shown again."""
    shown = kind.read(token)
    return None if shown is None else await store.look_step(scope, tx, shown, purpose)


async def use(scope: Scope, tx: Transaction, purpose: str, token: str) -> dict[str, Any]:
    """What the ticket stands for; it is worth nothing afterwards.

    Raises:
        StepOverError: It is too old, was used, or is another session's.
    """
    shown = TicketSecret.read(token)
    step = None if shown is None else await store.use_step(scope, tx, shown, purpose)
    if step is None or step["session_id"] != scope.session_id:
        raise StepOverError
    return step
