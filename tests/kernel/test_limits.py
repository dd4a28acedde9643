"""Limits by key: how many at once, how often, and whose."""

from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import UUID

import pytest

from warroom.kernel.limits import (
    AskerSlots,
    Cost,
    Rate,
    RequestLimits,
    Slots,
    TooManyFromAddressError,
    TooManyOpenError,
    TooOftenError,
    address_key,
)
from warroom.kernel.scope import Scope


def test_a_key_holds_as_many_as_it_may_and_no_other_keys_slots() -> None:
    slots = Slots(2)

    taken = [slots.take("ani"), slots.take("ani"), slots.take("ani"), slots.take("budi")]

    assert [True, True, False, True] == taken


def test_what_is_given_back_can_be_taken_and_nothing_stays_of_it() -> None:
    slots = Slots(1)

    with slots.one("ani"), pytest.raises(TooManyOpenError) as refused, slots.one("ani"):
        pass

    assert refused.value.params == {"limit": 1}
    assert slots.held("ani") == 0
    assert slots.take("ani")


def test_a_bucket_holds_its_burst_and_fills_at_its_pace() -> None:
    rate = Rate(per_minute=60, burst=3)

    waits = [rate.take("ani", 100.0) for _ in range(4)]

    assert [0, 0, 0, 1] == waits
    assert rate.take("ani", 101.0) == 0
    assert rate.take("budi", 100.0) == 0


def test_who_is_too_quick_is_told_how_long_to_wait() -> None:
    rate = Rate(per_minute=6)
    rate.require("ani", 0.0)

    with pytest.raises(TooOftenError) as refused:
        rate.require("ani", 1.0)

    assert refused.value.params == {"wait_s": 9}


def test_strangers_with_many_addresses_do_not_fill_the_memory() -> None:
    rate = Rate(per_minute=1)

    for number in range(Rate.MOST + 50):
        rate.take(number, 0.0)

    assert len(rate._full_at) == Rate.MOST


def asker(person: int | None, address: str) -> Scope:
    person_id = None if person is None else UUID(int=person)
    at = datetime(2026, 12, 7, tzinfo=UTC)
    return Scope(person_id, None, (), at, "web", address=address)


def test_exports_in_work_are_limited_by_person_and_by_address_and_given_back() -> None:
    limits = RequestLimits(AskerSlots(2, 3), Rate(60))
    ani, budi = asker(1, "10.0.0.1"), asker(2, "10.0.0.1")

    with ExitStack() as working:
        working.enter_context(limits.take(Cost.EXPORT, ani))
        working.enter_context(limits.take(Cost.EXPORT, ani))
        with pytest.raises(TooManyOpenError), limits.take(Cost.EXPORT, ani):
            pass
        working.enter_context(limits.take(Cost.EXPORT, budi))
        with pytest.raises(TooManyFromAddressError), limits.take(Cost.EXPORT, budi):
            pass
    with limits.take(Cost.EXPORT, ani):
        pass


def test_strangers_of_one_address_share_a_pace_of_challenges_and_people_have_their_own() -> None:
    limits = RequestLimits(AskerSlots(1, 1), Rate(60, 2), lambda: 0.0)
    stranger, elsewhere = asker(None, "10.0.0.1"), asker(None, "10.0.0.2")

    for _ in range(2):
        with limits.take(Cost.CHALLENGE, stranger):
            pass
    with pytest.raises(TooOftenError) as refused, limits.take(Cost.CHALLENGE, stranger):
        pass
    for other in (elsewhere, asker(1, "10.0.0.1")):
        with limits.take(Cost.CHALLENGE, other):
            pass

    assert {"wait_s": 1} == refused.value.params


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_counts_as_what_one_subscriber_is_given(address: str | None, key: str) -> None:
    assert address_key(address) == key
