"""Events, written in the transaction that caused them and read in an order that loses none.

A reader that remembers the last id loses events: a transaction that took id 7 may commit after
the one that took id 8. So rows carry their transaction id and are read only below the oldest
transaction still running (`pg_snapshot_xmin`). NOTIFY is a wake-up and nothing more: it
serialises commits, so it is sent once a transaction, whatever that transaction published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from warroom.kernel.db import Transaction
from warroom.kernel.scope import Sides

CHANNEL = "warroom_outbox"

_INSERT = """
insert into outbox (topic, body, agency_id, place, object_id, tags, class, at)
values (%(topic)s, %(body)s, %(agency_id)s, %(place)s, %(object_id)s, %(tags)s, %(class)s, %(at)s)
"""

_READ = """
select xid::text::bigint as xid, id, topic, body, agency_id, place, object_id, tags, class, at
from outbox
where (xid, id) > (%(xid)s::text::xid8, %(id)s)
  and xid < pg_snapshot_xmin(pg_current_snapshot())
order by outbox.xid, id
limit %(limit)s
"""

_PENDING = """
select exists (select from outbox where xid >= pg_snapshot_xmin(pg_current_snapshot())) as pending
"""

_HELD_BY = """
select pid, application_name as program, state, wait_event as waits_for,
    extract(epoch from clock_timestamp() - xact_start)::float as open_s,
    extract(epoch from clock_timestamp() - state_change)::float as quiet_s,
    left(query, 120) as last
from pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()
order by backend_xid::text::bigint limit 1
"""

_END = """
select coalesce(max(xid::text::bigint), 0) as xid, coalesce(max(id), 0) as id from outbox
where xid < pg_snapshot_xmin(pg_current_snapshot())
"""

_TRIM = "delete from outbox where at < %(before)s"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """How far a reader has read; sorts as the events do."""

    xid: int
    id: int

    def __str__(self) -> str:
        return f"{self.xid}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """The position a browser sent back, or None if it is not one."""
        xid, _, id_ = text.partition(".")
        if not (xid.isascii() and id_.isascii() and xid.isdigit() and id_.isdigit()):
            return None
        return cls(int(xid), int(id_))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `body` is JSON as it was published."""

    position: Position
    topic: str
    body: bytes
    agency_id: UUID | None
    place: str | None
    object_id: UUID | None
    tags: tuple[str, ...]
    class_: str | None
    at: datetime

    @property
    def sides(self) -> Sides:
        """By what it is judged who hears of it."""
        return {
            "agency_id": self.agency_id,
            "place": self.place,
            "object_id": self.object_id,
            "tags": self.tags,
            "class_": self.class_,
        }


Thing = tuple[UUID | None, str | None, UUID | None, tuple[str, ...], str | None]
"""What an event is about: owner, area code, id, tags, class."""


def thing_of(sides: Sides) -> Thing:
    """The same as `publish_many` takes it."""
    return (
        sides["agency_id"],
        sides["place"],
        sides["object_id"],
        sides["tags"],
        sides["class_"],
    )


async def publish(
    tx: Transaction,
    topic: str,
    body: Any,
    *,
    agency_id: UUID | None,
    now: datetime,
    place: str | None = None,
    object_id: UUID | None = None,
    tags: tuple[str, ...] = (),
    class_: str | None = None,
) -> None:
    """Tells `body` to whoever listens to `topic`, once this transaction has committed.

    Args:
        tx: The transaction that causes the event.
        topic: Topic word, `cameras.state`.
        body: Anything JSON can hold.
        agency_id: Owner of the thing; decides with what follows who is told.
        now: The instant of the event.
        place: Area code of the thing.
        object_id: Id of the thing.
        tags: Tags of the thing.
        class_: Class of the thing.
    """
    await publish_many(tx, topic, [(body, agency_id, place, object_id, tags, class_)], now=now)


async def publish_many(
    tx: Transaction,
    topic: str,
    events: Sequence[tuple[Any, *Thing]],
    *,
    now: datetime,
) -> None:
    """As `publish`, for many things at once: (body, agency, place, object, tags, class) each."""
    if not events:
        return
    async with tx.cursor() as cursor:
        await cursor.executemany(
            _INSERT,
            [
                {
                    "topic": topic,
                    "body": msgspec.json.encode(body).decode(),
                    "agency_id": agency_id,
                    "place": place,
                    "object_id": object_id,
                    "tags": list(tags),
                    "class": class_,
                    "at": now,
                }
                for body, agency_id, place, object_id, tags, class_ in events
            ],
        )
    await tx.execute("select pg_notify('warroom_outbox', '')")


async def end_of(tx: Transaction) -> Position:
    """The position behind the newest event that can be read now."""
    row = await (await tx.execute(_END)).fetchone()
    return Position(row["xid"], row["id"]) if row else Position(0, 0)


async def read(tx: Transaction, after: Position, limit: int = 1000) -> list[Event]:
    """The next events behind `after`, in order; the scope must see all agencies."""
    rows = await tx.execute(_READ, {"xid": str(after.xid), "id": after.id, "limit": limit})
    return [
        Event(
            Position(row["xid"], row["id"]),
            row["topic"],
            row["body"].encode(),
            row["agency_id"],
            row["place"],
            row["object_id"],
            tuple(row["tags"]),
            row["class"],
            row["at"],
        )
        for row in await rows.fetchall()
    ]


async def is_pending(tx: Transaction) -> bool:
    """Whether events wait behind a transaction that still runs (look again soon)."""
    row = await (await tx.execute(_PENDING)).fetchone()
    return bool(row and row["pending"])


async def held_by(tx: Transaction) -> dict[str, Any]:
    """The oldest transaction that still writes, behind which every newer event waits.

    Its process, program and state, for how long it has been open and quiet, and its last
    statement, whose values stand apart from it; of another role's it is hidden. Empty if none.
    """
    return dict(await (await tx.execute(_HELD_BY)).fetchone() or {})


async def trim(tx: Transaction, before: datetime) -> int:
    """Forgets events older than `before`; readers that far behind start anew. Gives how many."""
    return (await tx.execute(_TRIM, {"before": before})).rowcount
