"""Claims about which unit is given to which need, and the reason for each that stays open."""

import math
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scopes import AT
from warroom.dispatch.proposing import Candidate, profile_of
from warroom.dispatch.recommending import HOSE_M, Rated, Slot, does, recommend
from warroom.dispatch.runcards import Need

ENGINE = Need("engine", "fire", kinds=("engine",))
AMBULANCE = Need("ambulance", "health", kinds=("ambulance",))


def rated(number: int, seconds: float | None = 100.0, kind: str = "engine", **more: Any) -> Rated:
    own = {name: more.pop(name) for name in ("walk_m", "is_yours", "leads") if name in more}
    values: dict[str, Any] = {
        "capabilities": (), "enabled": True, "simulated": False, "at": AT,
        "lat": -5.1, "lon": 119.4, "crew": 2,
    }  # fmt: skip
    unit = Candidate(UUID(int=number), f"U{number}", kind, **values | more)
    return Rated(unit, **{"leads": frozenset({"fire"}), "seconds": seconds} | own)


def asked(
    needs: list[Need], units: list[Rated], sent: list[tuple[UUID, str]] | None = None
) -> list[Slot]:
    return recommend(needs, units, sent or [], AT, silent_after_s=300.0)


def names(slots: list[Slot]) -> list[str | None]:
    return [slot.filled_by.unit.name if slot.filled_by else None for slot in slots]


def test_the_quickest_units_are_named_the_quickest_first() -> None:
    need = Need("engine", "fire", 2, kinds=("engine",))

    slots = asked([need], [rated(1, 300), rated(2, 100), rated(3, 200)])

    assert names(slots) == ["U2", "U3"]
    assert [one.unit.name for one in slots[0].others] == ["U1"]


def test_no_need_is_left_open_because_another_took_the_only_unit_that_could() -> None:
    rescue = Need("rescue", "fire", capability="rescue")
    both = rated(1, 60, capabilities=("rescue",))
    pump = rated(2, 90)

    slots = asked([ENGINE, rescue], [both, pump])

    assert names(slots) == ["U2", "U1"]


def test_a_narrow_engine_goes_before_a_wide_one_that_must_stop_far_away() -> None:
    wide = rated(1, 120, walk_m=HOSE_M + 200, width_m=2.5)
    narrow = rated(2, 200, width_m=1.9)

    assert names(asked([ENGINE], [wide, narrow])) == ["U2"]
    assert (profile_of("engine", 1, 2.5), profile_of("engine", 1, 1.9)) == ("fire", "ambulance")


def test_what_is_there_already_is_not_asked_for_again() -> None:
    need = Need("engine", "fire", 2, kinds=("engine",))

    slots = asked([need], [rated(1), rated(2)], [(UUID(int=1), "engine")])

    assert slots[0].sent == UUID(int=1)
    assert names(slots) == [None, "U2"]


def test_a_second_alarm_adds_only_its_own() -> None:
    needs = [ENGINE, Need("ladder", "fire", kinds=("ladder",), level=2)]

    slots = asked(needs, [rated(1), rated(2), rated(3, kind="ladder")], [(UUID(int=1), "engine")])

    assert [(slot.level, slot.sent is not None) for slot in slots] == [(1, True), (2, False)]
    assert names(slots) == [None, "U3"]


@pytest.mark.parametrize(
    ("unit", "why"),
    [
        (rated(1, enabled=False), "disabled"),
        (rated(1, busy_with="112-2026-000001/1"), "busy"),
        (rated(1, declined=True), "declined"),
        (rated(1, crew=0), "no_crew"),
        (rated(1, rests_until=AT + timedelta(minutes=5)), "resting"),
        (rated(1, at=None), "no_position"),
        (rated(1, at=AT - timedelta(seconds=301)), "old_position"),
        (rated(1, is_yours=False), "not_yours"),
        (rated(1, None), "off_road"),
        (rated(1, math.inf), "no_route"),
    ],
)
def test_an_open_need_says_why(unit: Rated, why: str) -> None:
    (slot,) = asked([ENGINE], [unit])

    assert slot.filled_by is None
    assert slot.missing == {why: 1}
    assert slot.named is unit.unit


def test_a_need_for_which_there_is_no_unit_at_all_says_so() -> None:
    (slot,) = asked([AMBULANCE], [rated(1)])

    assert (slot.missing, slot.named) == ({"none_such": 1}, None)


def test_the_reason_that_can_be_mended_stands_first() -> None:
    (slot,) = asked([ENGINE], [rated(1, busy_with="x"), rated(2, crew=0), rated(3, busy_with="y")])

    assert list(slot.missing.items()) == [("no_crew", 1), ("busy", 2)]


def test_a_unit_is_of_the_sort_by_agency_kind_capability_and_seats() -> None:
    need = Need("engine", "fire", kinds=("engine",), capability="pump", seats=4)

    assert does(rated(1, capabilities=("pump",), seats=4), need)
    assert not does(rated(1, capabilities=("pump",), seats=3), need)
    assert not does(rated(1, seats=4), need)
    assert not does(rated(1, kind="ladder", capabilities=("pump",), seats=4), need)
    assert not does(rated(1, capabilities=("pump",), seats=4, leads=frozenset({"health"})), need)


UNITS = st.lists(
    st.builds(
        rated,
        st.integers(1, 40),
        st.one_of(st.none(), st.just(math.inf), st.floats(1, 2000)),
        st.sampled_from(["engine", "ladder", "tanker"]),
        crew=st.integers(0, 2),
    ),
    max_size=12,
    unique_by=lambda one: one.unit.unit_id,
)
NEEDS = st.lists(
    st.builds(
        lambda kind, count: Need(kind, "fire", count, kinds=(kind,)),
        st.sampled_from(["engine", "ladder", "tanker"]),
        st.integers(1, 3),
    ),
    max_size=4,
)


@given(NEEDS, UNITS)
def test_each_slot_has_one_unit_or_one_reason_and_no_unit_is_given_twice(
    needs: list[Need], units: list[Rated]
) -> None:
    slots = asked(needs, units)
    given_ = [slot.filled_by.unit.unit_id for slot in slots if slot.filled_by]

    assert len(slots) == sum(need.count for need in needs)
    assert len(given_) == len(set(given_))
    assert all((slot.filled_by is None) == bool(slot.missing) for slot in slots)
    assert all(slot.filled_by is None or does(slot.filled_by, slot.need) for slot in slots)


@given(NEEDS, UNITS)
def test_as_many_needs_are_met_as_there_are_units_for_each_kind(
    needs: list[Need], units: list[Rated]
) -> None:
    slots = asked(needs, units)

    for kind in ("engine", "ladder", "tanker"):
        free = [
            one for one in units
            if one.unit.kind == kind and one.unit.crew and one.seconds is not None
            and math.isfinite(one.seconds)
        ]  # fmt: skip
        of_kind = [slot for slot in slots if slot.need.kinds == (kind,)]
        met = [slot for slot in of_kind if slot.filled_by]
        assert len(met) == min(len(free), len(of_kind))
        worst = max((slot.filled_by.arrives_s for slot in met if slot.filled_by), default=0.0)
        used = {slot.filled_by.unit.unit_id for slot in met if slot.filled_by}
        assert all(one.arrives_s >= worst for one in free if one.unit.unit_id not in used)
