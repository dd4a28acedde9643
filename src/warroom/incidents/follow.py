"""A link by which who called follows their incident: unguessable, for some days, revocable."""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from warroom.incidents import follow_store
from warroom.incidents.contracts import WORK, State
from warroom.incidents.errors import IncidentNotFoundError
from warroom.incidents.service import get_incident
from warroom.incidents.telling import record, tell
from warroom.kernel.clock import Clock
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

PATH = "/kabar/"
WORDS_MOST = 1_000

type Step = Literal["received", "on_way", "arrived", "ended"]
type Ending = Literal["done", "elsewhere", "without"]

_ENDINGS: dict[State, Ending] = {
    State.CLOSED: "done",
    State.HANDED_OVER: "elsewhere",
    State.CANCELLED: "without",
    State.UNFOUNDED: "without",
}
_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class News:
    """What the holder of a link is told.

    Attributes:
        number: None until the incident was handed on.
        steps: Those that were reached, with when; the last is where it stands.
        ending: How it ended; None while it goes on.
        may_answer: They may still say how it went.
    """

    number: str | None
    steps: tuple[tuple[Step, datetime], ...]
    ending: Ending | None
    expires_at: datetime
    may_answer: bool


def news_of(row: dict[str, Any]) -> News:
    """What of an incident is told to who called about it, in the order in which it happened."""
    ending = _ENDINGS.get(State(row["state"]))
    times: tuple[tuple[Step, datetime | None], ...] = (
        ("received", row["received_at"]),
        ("on_way", row["on_way_at"]),
        ("arrived", row["arrived_at"]),
        ("ended", row["ended_at"] if ending else None),
    )
    steps = tuple((step, at) for step, at in times if at is not None)
    return News(row["number"], steps, ending, row["expires_at"], row["answers"] < 3)


class Doorstep:
    """How often strangers may knock: so many times a minute by address.

    Args:
        clock: Tells the minute.
        most: Requests of one address in a minute.
    """

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock, self._most = clock, most
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def lets_in(self, address: str | None) -> bool:
        """Counts one knock; False where there were too many in this minute."""
        minute = int(self._clock.now().timestamp() // 60)
        key = address or ""
        last, count = self._seen.get(key, (minute, 0))
        count = count + 1 if last == minute else 1
        self._seen[key] = (minute, count)
        self._seen.move_to_end(key)
        while len(self._seen) > _KNOWN:
            self._seen.popitem(last=False)
        return count <= self._most


async def make_link(
    scope: Scope, tx: Transaction, incident_id: UUID, days: int, now: datetime
) -> dict[str, Any]:
    """A new link to the news of an incident; its token is told this once and kept nowhere.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id, WORK)
    token, link_id, until = secrets.token_urlsafe(24), new_id(), now + timedelta(days=days)
    await follow_store.insert_link(scope, tx, (link_id, incident_id), _hash(token), (now, until))
    await tell(tx, incident, "link_made", now)
    await record(scope, tx, incident, "link_made", {"link": str(link_id), "until": until})
    return {"id": link_id, "path": PATH + token, "expires_at": until}


async def revoke_links(scope: Scope, tx: Transaction, incident_id: UUID, now: datetime) -> int:
    """Ends every link of an incident; tells how many ended.

    Raises:
        IncidentNotFoundError: No such incident, or not for this scope.
    """
    incident = await get_incident(scope, tx, incident_id, WORK)
    count = await follow_store.revoke_links(scope, tx, incident_id, now)
    if count:
        await tell(tx, incident, "link_revoked", now)
        await record(scope, tx, incident, "link_revoked", {"links": count})
    return count


async def list_links(scope: Scope, tx: Transaction, incident_id: UUID) -> list[dict[str, Any]]:
    """Links of an incident in view, the newest first, with when each was opened and the answers."""
    return await follow_store.list_links(scope, tx, incident_id)


async def show_news(scope: Scope, tx: Transaction, token: str, now: datetime) -> News:
    """What a link tells.

    Raises:
        IncidentNotFoundError: No such link, or it has expired or was revoked: all the same.
    """
    row = await follow_store.show_news(scope, tx, _hash(token), now)
    if row is None:
        raise IncidentNotFoundError
    return news_of(row)


async def mark_seen(scope: Scope, tx: Transaction, token: str, now: datetime) -> None:
    """Keeps that a page was drawn before somebody: from the end on it counts as being informed."""
    await follow_store.mark_seen(scope, tx, _hash(token), now)


async def keep_answer(
    scope: Scope, tx: Transaction, token: str, score: int, words: str, now: datetime
) -> bool:
    """Keeps how it went by the word of who holds a link; False where it holds no more."""
    text = " ".join(words.replace("\0", "").split())[:WORDS_MOST]
    return await follow_store.insert_answer(scope, tx, _hash(token), (score, text), now)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
