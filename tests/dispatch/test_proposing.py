"""Which units are offered, in which order, and why the others are not."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.dispatch.proposing import Candidate, profile_of, rank, sailing_s, screen

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
TO = (-5.13, 119.42)


def unit(number: int, **more: Any) -> Candidate:
    values: dict[str, Any] = {
        "name": f"Dishub {number}",
        "kind": "dishub",
        "capabilities": ("traffic",),
        "enabled": True,
        "simulated": False,
        "at": NOW - timedelta(seconds=8),
        "lat": TO[0] + number / 1000,
        "lon": TO[1],
        "crew": 1,
    }
    return Candidate(unit_id=UUID(int=number), **values | more)


@pytest.mark.parametrize(
    ("lack", "why"),
    [
        ({"enabled": False}, "disabled"),
        ({"busy_with": "LL-2026-000001"}, "busy"),
        ({"declined": True}, "declined"),
        ({"crew": 0}, "no_crew"),
        ({"at": None}, "no_position"),
        ({"at": NOW - timedelta(seconds=301)}, "old_position"),
    ],
)
def test_each_unit_left_out_says_why(lack: dict[str, Any], why: str) -> None:
    fit, out = screen([unit(1, **lack), unit(2)], TO, NOW, 300.0, 10)

    assert [UUID(int=2)] == [one.unit_id for one in fit]
    assert [why] == [one.why for one in out]


def test_a_busy_unit_names_its_task() -> None:
    _, out = screen([unit(1, busy_with="LL-2026-000001")], TO, NOW, 300.0, 10)

    assert "LL-2026-000001" == out[0].detail


def test_only_the_nearest_by_air_are_asked_for_and_the_others_are_told() -> None:
    fit, out = screen([unit(3), unit(1), unit(2)], TO, NOW, 300.0, 2)

    assert [1, 2] == [one.unit_id.int for one in fit]
    assert [("too_far", 3)] == [(one.why, one.unit.unit_id.int) for one in out]


def test_the_quickest_is_first_though_another_is_nearer() -> None:
    near, far = unit(1), unit(9)

    found, out = rank([near, far], {near.unit_id: 600.0, far.unit_id: 240.0})

    assert [(9, 240.0), (1, 600.0)] == [(one.unit_id.int, time) for one, time in found]
    assert [] == out


def test_no_way_and_no_road_are_told_apart() -> None:
    _, out = rank([unit(1), unit(2)], {UUID(int=1): math.inf, UUID(int=2): None})

    assert ["no_route", "off_road"] == [one.why for one in out]


@given(st.lists(st.integers(1, 40), unique=True), st.integers(0, 50))
def test_nobody_is_lost_between_the_offered_and_the_left_out(numbers: list[int], most: int) -> None:
    units = [unit(n, crew=n % 3, busy_with="x" if n % 5 == 0 else None) for n in numbers]

    fit, out = screen(units, TO, NOW, 300.0, most)

    assert sorted(numbers) == sorted(one.unit_id.int for one in [*fit, *(o.unit for o in out)])
    assert len(fit) <= most


def test_a_patrol_drives_against_the_signs_only_where_it_is_urgent() -> None:
    assert "police" == profile_of("patrol", 2)
    assert "car" == profile_of("patrol", 3)
    assert "car" == profile_of("dishub", 1)


def test_a_boat_comes_by_the_straight_line_and_never_where_its_place_is_unknown() -> None:
    assert sailing_s(unit(10, kind="boat"), TO) == pytest.approx(1_112 / 7, rel=0.001)
    assert sailing_s(unit(1, kind="boat", lat=None, lon=None), TO) == math.inf
