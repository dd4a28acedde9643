"""Leases: the right to work on a thing until a moment, for one holder at a time.

Each change of hands raises the fencing number, so that a holder who slept through the end of its
lease cannot overwrite the work of the next (Kleppmann 2016, "How to do distributed locking").
The database's clock alone decides: nodes' clocks may differ.

Many leases of a kind are shared out by `claim`: each holder that is there has as many, and what one
has too many changes hands at an instant that both know before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from warroom.kernel.db import Transaction

_ACQUIRE = """
insert into lease as l (kind, key, holder, until)
values (%(kind)s, %(key)s, %(holder)s, clock_timestamp() + make_interval(secs => %(ttl_s)s))
on conflict (kind, key) do update
set holder = excluded.holder, until = excluded.until,
    fence = l.fence + (l.holder <> excluded.holder or l.until < clock_timestamp())::int
where l.holder = excluded.holder or l.until < clock_timestamp()
returning fence
"""

_SEED = """
insert into lease (kind, key, holder, until)
select %(kind)s, key, '', 'epoch' from unnest(%(keys)s::text[]) key
on conflict do nothing
"""

# Who was not seen for a lease's length begins to be there anew.
_SEE = """
with me as (
    insert into lease_holder as h (kind, holder, seen_at, since)
    values (%(kind)s, %(holder)s, clock_timestamp(), clock_timestamp())
    on conflict (kind, holder) do update set seen_at = clock_timestamp(),
        since = case when h.seen_at < clock_timestamp() - make_interval(secs => %(ttl_s)s)
            then clock_timestamp() else h.since end
    returning since
)
select me.since < clock_timestamp() - make_interval(secs => %(ttl_s)s) as is_steady,
    1 + (
        select count(*) from lease_holder h
        where h.kind = %(kind)s and h.holder <> %(holder)s
          and h.seen_at > clock_timestamp() - make_interval(secs => %(ttl_s)s)
    ) as holders
from me
"""

# A lease that is over is its holder's still, until somebody took it: after an outage of the
# database each goes on with what it had.
_RENEW = """
update lease set until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
where kind = %(kind)s and holder = %(holder)s and until > 'epoch'
  and key = any(%(keys)s::text[])
returning key, fence, from_at
"""

# The limit must stand in a materialized step of its own: as a sub-select of the update it may be
# run again for every row, and then takes more than it should.
_TAKE = """
with free as materialized (
    select key from lease
    where kind = %(kind)s and key = any(%(keys)s::text[])
      and (until = 'epoch' or (%(is_steady)s and until < clock_timestamp()))
    order by key limit %(most)s for update skip locked
), taken as (
    update lease set holder = %(holder)s, fence = fence + 1, before = '', from_at = null,
        until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
    from free where lease.kind = %(kind)s and lease.key = free.key
    returning lease.key, fence, from_at
), noted as (
    insert into lease_history (kind, key, fence, holder, since)
    select %(kind)s, key, fence, %(holder)s, clock_timestamp() from taken
)
select key, fence, from_at from taken
"""

# From whoever has more than its share, the fullest first; what changed hands lately stays.
_HAND_OVER = """
with held as (
    select key, holder, until, from_at,
        count(*) over (partition by holder) as has,
        row_number() over (partition by holder order by key desc) as nth
    from lease
    where kind = %(kind)s and key = any(%(keys)s::text[]) and holder <> %(holder)s
), spare as (
    select key from held
    where nth <= has - %(share)s and until > clock_timestamp()
      and (from_at is null or from_at < clock_timestamp() - make_interval(secs => %(ttl_s)s))
    order by has desc, nth limit %(most)s
), locked as materialized (
    select lease.key from lease join spare using (key)
    where kind = %(kind)s for update of lease skip locked
), handed as (
    update lease set before = holder, holder = %(holder)s, fence = fence + 1,
        from_at = clock_timestamp() + make_interval(secs => %(hand_over_s)s),
        until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
    from locked where lease.kind = %(kind)s and lease.key = locked.key
    returning lease.key, fence, from_at
), noted as (
    insert into lease_history (kind, key, fence, holder, since)
    select %(kind)s, key, fence, %(holder)s, from_at from handed
)
select key, fence, from_at from handed
"""

_HANDED = """
select key, fence - 1 as fence, from_at as until_at from lease
where kind = %(kind)s and before = %(holder)s and key = any(%(keys)s::text[])
  and from_at > clock_timestamp() - make_interval(secs => %(hand_over_s)s)
"""

_MOVED = """
select key from lease
where kind = %(kind)s and holder <> %(holder)s and key = any(%(keys)s::text[])
"""

_HISTORY = """
select l.holder, l.since, h.seen_at from lease_history l
left join lease_holder h on h.kind = l.kind and h.holder = l.holder
where l.kind = %(kind)s and l.key = %(key)s order by l.fence
"""

_HOLDERS = """
select l.key, l.holder, h.seen_at from lease l
left join lease_holder h on h.kind = l.kind and h.holder = l.holder
where l.kind = %(kind)s and l.holder <> ''
"""

_RELEASE = """
update lease set until = 'epoch'
where kind = %(kind)s and holder = %(holder)s and key = any(%(keys)s::text[])
"""

_HELD = """
select from lease
where kind = %(kind)s and key = %(key)s and fence = %(fence)s for share
"""


HAND_OVER_AT_ONCE = 16
"""Leases of others that one holder is given at a time."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A right held: on what, by whom, and its fencing number.

    Attributes:
        from_at: It is worked on from then; None is at once.
        until_at: It was handed over and is worked on up to then; None is without an end.
    """

    kind: str
    key: str
    holder: str
    fence: int
    from_at: datetime | None = None
    until_at: datetime | None = None


async def acquire(tx: Transaction, kind: str, key: str, holder: str, ttl_s: float) -> Lease | None:
    """Takes or renews one lease; None while another holds it."""
    row = await (
        await tx.execute(_ACQUIRE, {"kind": kind, "key": key, "holder": holder, "ttl_s": ttl_s})
    ).fetchone()
    return Lease(kind, key, holder, row["fence"]) if row else None


async def claim(
    tx: Transaction,
    kind: str,
    keys: list[str],
    holder: str,
    *,
    most: int,
    ttl_s: float,
    hand_over_s: float | None = None,
) -> dict[str, Lease]:
    """Renews what `holder` has of `keys`, and takes free ones up to its share.

    The share is the same for all who are there. What another held and let end is taken only by who
    was there all the while: after an outage of the database each goes on with what it had.

    Args:
        tx: The transaction.
        kind: Of the leases.
        keys: All there is to hold.
        holder: Who asks.
        most: How many it can hold.
        ttl_s: How long a lease is held without being renewed.
        hand_over_s: Who has less than its share is given of others', in so many seconds; both know
            the instant before it comes. None: nothing is handed over.

    Returns:
        The leases held now, by key, and those that were handed over and are not over yet; those
        missing are with others, or free beyond `most`.
    """
    values: dict[str, Any] = {
        "kind": kind, "keys": keys, "holder": holder, "ttl_s": ttl_s,
        "hand_over_s": hand_over_s or 0,
    }  # fmt: skip
    await tx.execute(_SEED, values)
    seen = await (await tx.execute(_SEE, values)).fetchone()
    assert seen is not None  # noqa: S101 - the row was written in the same statement
    rows = await (await tx.execute(_RENEW, values)).fetchall()
    is_steady, holders = seen["is_steady"], seen["holders"]
    share = -(-len(keys) // holders)
    # Who began later leaves room for nobody: what nobody records is taken at once.
    room = most - len(rows)
    if room > 0:
        limit = min(room, max(share - len(rows), 0)) if holders > 1 else room
        taking = {**values, "most": limit, "is_steady": is_steady}
        rows += await (await tx.execute(_TAKE, taking)).fetchall()
    lacking = min(len(keys) // holders, most) - len(rows)
    if hand_over_s is not None and is_steady and lacking > 0:
        taking = {**values, "most": min(lacking, HAND_OVER_AT_ONCE), "share": share}
        rows += await (await tx.execute(_HAND_OVER, taking)).fetchall()
    held = {
        row["key"]: Lease(kind, row["key"], holder, row["fence"], row["from_at"]) for row in rows
    }
    if hand_over_s is not None:
        for row in await (await tx.execute(_HANDED, values)).fetchall():
            lease = Lease(kind, row["key"], holder, row["fence"], until_at=row["until_at"])
            held.setdefault(row["key"], lease)
    return held


async def moved(tx: Transaction, kind: str, keys: list[str], holder: str) -> set[str]:
    """Which of these leases are with others than `holder`."""
    rows = await tx.execute(_MOVED, {"kind": kind, "keys": keys, "holder": holder})
    return {row["key"] for row in await rows.fetchall()}


async def history(
    tx: Transaction, kind: str, key: str
) -> list[tuple[str, datetime, datetime | None]]:
    """Who held a lease from when on, by time, each up to the next; and when each was last seen."""
    rows = await tx.execute(_HISTORY, {"kind": kind, "key": key})
    return [(row["holder"], row["since"], row["seen_at"]) for row in await rows.fetchall()]


async def holders(tx: Transaction, kind: str) -> dict[str, tuple[str, datetime | None]]:
    """Who holds each lease, and when it was last seen."""
    rows = await (await tx.execute(_HOLDERS, {"kind": kind})).fetchall()
    return {row["key"]: (row["holder"], row["seen_at"]) for row in rows}


async def release(tx: Transaction, kind: str, keys: list[str], holder: str) -> None:
    """Gives leases back at once, for others to take."""
    await tx.execute(_RELEASE, {"kind": kind, "keys": keys, "holder": holder})


async def is_held(tx: Transaction, lease: Lease) -> bool:
    """Whether nobody has taken the thing over since; holds true until this transaction ends.

    Ask it in the transaction that writes the result of leased work.
    """
    row = await tx.execute(_HELD, {"kind": lease.kind, "key": lease.key, "fence": lease.fence})
    return await row.fetchone() is not None
