"""Many leases are shared out: one is taken when its holder is gone, and changes hands gently."""

from tests.scopes import EVERYTHING
from warroom.kernel import leases
from warroom.kernel.db import Database, Transaction

KEYS = [f"c{number:02}" for number in range(12)]


async def claim(tx: Transaction, holder: str, most: int = 100) -> dict[str, leases.Lease]:
    return await leases.claim(tx, "camera", KEYS, holder, most=most, ttl_s=30, hand_over_s=5)


async def was_there_long(tx: Transaction, *holders: str) -> None:
    await tx.execute(
        "update lease_holder set since = since - interval '1 hour' where holder = any(%s)",
        [list(holders)],
    )


async def let_end(tx: Transaction, holder: str) -> None:
    """The holder is as one that died: nothing of it was renewed."""
    await tx.execute(
        "update lease set until = clock_timestamp() - interval '1 s' where holder = %s", [holder]
    )
    await tx.execute(
        "update lease_holder set seen_at = seen_at - interval '1 hour' where holder = %s", [holder]
    )


async def time_passed(tx: Transaction) -> None:
    await tx.execute("update lease set from_at = from_at - interval '1 hour'")


async def test_the_cameras_of_a_dead_node_are_shared_by_the_others(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        for holder in ("a", "b", "c"):
            await leases.claim(tx, "camera", KEYS, holder, most=4, ttl_s=30)
        await was_there_long(tx, "a", "b", "c")
        await let_end(tx, "a")

        b, c = await claim(tx, "b"), await claim(tx, "c")

    assert (6, 6) == (len(b), len(c))
    assert set(KEYS) == set(b) | set(c)


async def test_a_node_that_comes_back_is_given_its_share_at_an_instant_both_know(
    db: Database,
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        before = await claim(tx, "a")
        await claim(tx, "b")
        await was_there_long(tx, "a", "b")

        given = await claim(tx, "b")
        kept = await claim(tx, "a")

    assert (12, 6) == (len(before), len(given))
    assert set(KEYS) == set(kept)
    ends = {key: lease.until_at for key, lease in kept.items() if lease.until_at is not None}
    assert {key: lease.from_at for key, lease in given.items()} == ends
    assert all(given[key].fence == before[key].fence + 1 for key in given)


async def test_what_was_handed_over_is_its_new_holders_alone_afterwards(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await claim(tx, "a")
        await claim(tx, "b")
        await was_there_long(tx, "a", "b")
        given = await claim(tx, "b")
        await time_passed(tx)

        a, b = await claim(tx, "a"), await claim(tx, "b")

    assert set(given) == set(b)
    assert set(KEYS) - set(given) == set(a)


async def test_shares_that_differ_by_one_are_left_alone(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await leases.claim(tx, "camera", KEYS[:5], "a", most=3, ttl_s=30)
        await leases.claim(tx, "camera", KEYS[:5], "b", most=3, ttl_s=30)
        await was_there_long(tx, "a", "b")

        again = await leases.claim(tx, "camera", KEYS[:5], "b", most=100, ttl_s=30, hand_over_s=5)

    assert 2 == len(again)


async def test_after_an_outage_each_goes_on_with_what_it_had(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await leases.claim(tx, "camera", KEYS, "a", most=6, ttl_s=30)
        await leases.claim(tx, "camera", KEYS, "b", most=6, ttl_s=30)
        await was_there_long(tx, "a", "b")
        await let_end(tx, "a")
        await let_end(tx, "b")

        first, second = await claim(tx, "a"), await claim(tx, "b")

    assert (6, 6) == (len(first), len(second))


async def test_who_recorded_when_is_kept(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        await claim(tx, "a")
        await claim(tx, "b")
        await was_there_long(tx, "a", "b")
        given = await claim(tx, "b")
        key = min(given)

        held = await leases.history(tx, "camera", key)
        moved = await leases.moved(tx, "camera", KEYS, "a")

    assert ["a", "b"] == [holder for holder, _, _ in held]
    assert given[key].from_at == held[1][1]
    assert set(given) == moved
