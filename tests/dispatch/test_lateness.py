"""Claims about why the first unit would come later than the law allows: pure."""

import math
from typing import Any

import pytest

from tests.dispatch.test_recommending import AT, ENGINE, asked, rated
from warroom.dispatch.lateness import Cause, Late, explain, lateness
from warroom.dispatch.recommending import Rated

LIMIT_S = 900.0


def late(units: list[Rated], since_s: float = 0) -> Late | None:
    return lateness(asked([ENGINE], units), units, since_s, LIMIT_S, AT, silent_after_s=300)


def test_who_comes_in_time_is_no_matter_of_the_law() -> None:
    assert late([rated(1, 900)]) is None
    assert late([rated(1, 100)], 800) is None


def test_a_far_unit_is_told_with_how_much_it_misses() -> None:
    found = late([rated(1, 1000), rated(2, 1200)], 60)

    assert found is not None
    assert found.first is not None
    assert (found.why, found.first.unit.name, found.over_s) == ("far", "U1", 160)


def test_a_call_that_waited_too_long_is_the_reason_whoever_is_near() -> None:
    found = late([rated(1, 10)], 901)

    assert found is not None
    assert found.why == "waited"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"busy_with": "112-2026-000001/1"}, "busy"),
        ({"crew": 0}, "no_crew"),
        ({"is_yours": False}, "not_yours"),
        ({"enabled": False}, "disabled"),
    ],
)
def test_a_nearer_unit_that_is_held_back_is_named_with_why(more: dict[str, Any], why: str) -> None:
    found = late([rated(1, 1000), rated(2, 100, **more), rated(3, 200, **more)])

    assert found is not None
    assert found.nearer is not None
    assert (found.why, found.nearer.rated.unit.name, found.nearer.why) == ("nearer_held", "U2", why)


def test_a_unit_of_another_sort_is_not_called_nearer() -> None:
    found = late([rated(1, 1000), rated(2, 100, kind="ambulance", busy_with="x")])

    assert found is not None
    assert found.why == "far"


def test_nobody_at_all_is_late_without_end() -> None:
    found = late([])

    assert found is not None
    assert (found.why, found.first, found.over_s) == ("nobody", None, math.inf)


@pytest.mark.parametrize(("free_s", "why"), [(850.0, "traffic"), (950.0, "far")])
def test_traffic_is_the_reason_only_where_free_roads_would_keep_the_limit(
    free_s: float, why: str
) -> None:
    found = late([rated(1, 1000)])
    assert found is not None

    cause = Cause("Jl. Panjang", "jam", 0.0, 120.0, is_avoided=False)
    told = explain(found, free_s, cause)

    assert (told.why, told.traffic_s, told.cause) == (why, 1000 - free_s, cause)
