"""Leases: the right to work on a thing until a moment, for one holder at a time.

Each change of hands raises the fencing number, so that a holder who slept through the end of its
lease cannot overwrite the work of the next (Kleppmann 2016, "How to do distributed locking").
The database's clock alone decides: nodes' clocks may differ.
"""

from dataclasses import dataclass

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

_RENEW = """
update lease set until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
where kind = %(kind)s and holder = %(holder)s and until >= clock_timestamp()
  and key = any(%(keys)s::text[])
returning key, fence
"""

# The limit must stand in a materialized step of its own: as a sub-select of the update it may be
# run again for every row, and then takes more than it should.
_TAKE = """
with free as materialized (
    select key from lease
    where kind = %(kind)s and until < clock_timestamp() and key = any(%(keys)s::text[])
    order by key limit %(most)s for update skip locked
)
update lease set holder = %(holder)s, fence = fence + 1,
    until = clock_timestamp() + make_interval(secs => %(ttl_s)s)
from free where lease.kind = %(kind)s and lease.key = free.key
returning lease.key, fence
"""

_RELEASE = """
update lease set until = 'epoch'
where kind = %(kind)s and holder = %(holder)s and key = any(%(keys)s::text[])
"""

_HELD = """
select from lease
where kind = %(kind)s and key = %(key)s and fence = %(fence)s for share
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """A right held: on what, by whom, and its fencing number."""

    kind: str
    key: str
    holder: str
    fence: int


async def acquire(tx: Transaction, kind: str, key: str, holder: str, ttl_s: float) -> Lease | None:
    """Takes or renews one lease; None while another holds it."""
    row = await (
        await tx.execute(_ACQUIRE, {"kind": kind, "key": key, "holder": holder, "ttl_s": ttl_s})
    ).fetchone()
    return Lease(kind, key, holder, row["fence"]) if row else None


async def claim(
    tx: Transaction, kind: str, keys: list[str], holder: str, *, most: int, ttl_s: float
) -> dict[str, Lease]:
    """Renews what `holder` has of `keys`, and takes free ones until it has `most`.

    Returns:
        The leases held now, by key; those missing are with others, or free beyond `most`.
    """
    values = {"kind": kind, "keys": keys, "holder": holder, "ttl_s": ttl_s}
    await tx.execute(_SEED, values)
    rows = await (await tx.execute(_RENEW, values)).fetchall()
    room = most - len(rows)
    if room > 0:
        rows += await (await tx.execute(_TAKE, {**values, "most": room})).fetchall()
    return {row["key"]: Lease(kind, row["key"], holder, row["fence"]) for row in rows}


async def release(tx: Transaction, kind: str, keys: list[str], holder: str) -> None:
    """Gives leases back at once, for others to take."""
    await tx.execute(_RELEASE, {"kind": kind, "keys": keys, "holder": holder})


async def is_held(tx: Transaction, lease: Lease) -> bool:
    """Whether nobody has taken the thing over since; holds true until this transaction ends.

    Ask it in the transaction that writes the result of leased work.
    """
    row = await tx.execute(_HELD, {"kind": lease.kind, "key": lease.key, "fence": lease.fence})
    return await row.fetchone() is not None
