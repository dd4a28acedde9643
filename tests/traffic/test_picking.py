"""Which roads a line on the map means."""

import pytest

from tests.traffic.city import east, town
from warroom.roads.api import Snapper
from warroom.traffic.errors import LineTooLongError, NoRoadOnLineError
from warroom.traffic.picking import along

SNAPPER = Snapper(town())
WEST, STEP = 119.4, 0.001


def at(column: float, row: float = 0.0) -> tuple[float, float]:
    return WEST + column * STEP, row * STEP


def test_a_line_along_a_road_means_it_both_ways_or_in_its_direction() -> None:
    line = [at(1), at(3)]
    wanted = {east(2), east(3)}

    assert wanted == set(along(SNAPPER, line, both_ways=False))
    assert wanted | {int(town().twin[e]) for e in wanted} == set(
        along(SNAPPER, line, both_ways=True)
    )


def test_drawn_the_other_way_it_means_the_other_direction() -> None:
    back = {int(town().twin[east(2)]), int(town().twin[east(3)])}

    assert back == set(along(SNAPPER, [at(3), at(1)], both_ways=False))


def test_a_road_that_is_only_crossed_or_touched_is_not_meant() -> None:
    """Past the junction of the side road, and ten metres beside the road."""
    found = along(SNAPPER, [at(4, 0.1), at(6.1, 0.1)], both_ways=False)

    assert {east(5), east(6)} == set(found)


def test_a_line_that_turns_follows_both_roads() -> None:
    names = {town().name_of(e) for e in along(SNAPPER, [at(4), at(5), at(5, 1)], both_ways=True)}

    assert {"Jl. Panjang", "Jl. Samping"} == names


def test_a_point_means_the_road_it_lies_on() -> None:
    assert {east(3), int(town().twin[east(3)])} == set(along(SNAPPER, [at(2.5)], both_ways=True))


@pytest.mark.parametrize("line", [[at(2.5, 5)], [at(1, 5), at(3, 5)], [at(2.5, -1), at(2.5, 1)]])
def test_where_no_road_lies_none_is_meant(line: list[tuple[float, float]]) -> None:
    with pytest.raises(NoRoadOnLineError):
        along(SNAPPER, line, both_ways=True)


def test_a_line_across_the_province_is_refused() -> None:
    with pytest.raises(LineTooLongError):
        along(SNAPPER, [at(0), at(1000)], both_ways=True)
