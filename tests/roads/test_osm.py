"""Extracts as they come: real ones, and every tag that decides something."""

import math
from pathlib import Path

import pytest

from tests.roads.maps import Pbf
from warroom.roads.contracts import CLASSES, RawWay, TurnRule
from warroom.roads.errors import BadExtractError, NoRoadsError
from warroom.roads.graph import build_graph
from warroom.roads.osm import read_extract


def read_one(path: Path, **tags: str) -> RawWay:
    """The one road with these tags."""
    file = Pbf(path / "one.osm.pbf").node(1, 0, 0).node(2, 1, 0).way(7, [1, 2], **tags).write()
    (found,) = read_extract(file).ways
    return found


def test_a_road_is_read_with_what_the_map_says(tmp_path: Path) -> None:
    found = read_one(
        tmp_path, highway="primary", name="Jl. Pettarani", lanes="4", width="12,5 m", maxspeed="40"
    )

    assert (found.ref, found.nodes, found.name) == (7, (1, 2), "Jl. Pettarani")
    assert CLASSES[found.road_class].name == "primary"
    assert (found.lanes, found.width_m, found.kmh, found.oneway) == (4, 12.5, 40.0, 0)


@pytest.mark.parametrize(
    ("tags", "oneway"),
    [
        ({"oneway": "yes"}, 1),
        ({"oneway": "-1"}, -1),
        ({"junction": "roundabout"}, 1),
        ({"junction": "roundabout", "oneway": "no"}, 0),
        ({"highway": "motorway"}, 1),
        ({}, 0),
    ],
)
def test_the_direction_of_a_road(tmp_path: Path, tags: dict[str, str], oneway: int) -> None:
    assert read_one(tmp_path, **{"highway": "primary", **tags}).oneway == oneway


@pytest.mark.parametrize(
    ("tags", "closed"),
    [
        ({"access": "private"}, True),
        ({"access": "no", "motor_vehicle": "yes"}, False),
        ({"motorcar": "no"}, True),
        ({"access": "yes"}, False),
        ({"access": "destination"}, False),
    ],
)
def test_whom_a_road_is_closed_to(tmp_path: Path, tags: dict[str, str], closed: bool) -> None:
    assert read_one(tmp_path, highway="service", **tags).restricted == closed


@pytest.mark.parametrize(
    ("tags", "level"),
    [
        ({"layer": "2"}, 2),
        ({"bridge": "yes"}, 1),
        ({"tunnel": "yes"}, -1),
        ({"layer": "x"}, 0),
        ({}, 0),
    ],
)
def test_the_level_of_a_road(tmp_path: Path, tags: dict[str, str], level: int) -> None:
    assert read_one(tmp_path, highway="primary", **tags).level == level


@pytest.mark.parametrize("width", ["", "narrow", "-3", "0", "900", "2.5 ft"])
def test_a_width_that_is_none_is_not_known(tmp_path: Path, width: str) -> None:
    assert math.isnan(read_one(tmp_path, highway="residential", width=width).width_m)


def test_miles_are_read_as_miles(tmp_path: Path) -> None:
    assert read_one(tmp_path, highway="primary", maxspeed="20 mph").kmh == pytest.approx(
        32.19, abs=0.01
    )


def test_an_alley_is_one_by_its_service(tmp_path: Path) -> None:
    found = read_one(tmp_path, highway="service", service="alley")

    assert CLASSES[found.road_class].name == "alley"


@pytest.mark.parametrize("kind", ["footway", "cycleway", "proposed", "steps"])
def test_what_no_car_drives_on_is_no_road(tmp_path: Path, kind: str) -> None:
    with pytest.raises(NoRoadsError):
        read_one(tmp_path, highway=kind)


def corners(path: Path) -> Pbf:
    """Road 10 from 1 to 2, 11 on to 3, 12 off to 4."""
    return (
        Pbf(path / "turns.osm.pbf")
        .node(1, 0, 0).node(2, 1, 0).node(3, 2, 0).node(4, 1, 1)
        .way(10, [1, 2], highway="primary").way(11, [2, 3], highway="primary")
        .way(12, [2, 4], highway="primary")
    )  # fmt: skip


FROM, TO = ("w", 10, "from"), ("w", 12, "to")
NODE, WAY = ("n", 2, "via"), ("w", 11, "via")


@pytest.mark.parametrize(
    ("word", "members", "rules"),
    [
        ("no_left_turn", [FROM, NODE, TO], [TurnRule(2, 10, 12)]),
        ("only_straight_on", [FROM, NODE, TO], [TurnRule(2, 10, 12, is_only=True)]),
        ("no_u_turn", [FROM, WAY, TO], [TurnRule(0, 10, 12, via_ways=(11,))]),
        (
            "only_right_turn", [FROM, WAY, ("w", 13, "via"), TO],
            [TurnRule(0, 10, 12, is_only=True, via_ways=(11, 13))],
        ),
        (
            "no_entry", [FROM, ("w", 11, "from"), NODE, TO],
            [TurnRule(2, 10, 12), TurnRule(2, 11, 12)],
        ),
        ("no_exit", [FROM, NODE, TO, ("w", 11, "to")], [TurnRule(2, 10, 12), TurnRule(2, 10, 11)]),
        # What cannot be understood is none.
        ("only_straight_on", [FROM, NODE, TO, ("w", 11, "to")], []),
        ("give_way", [FROM, NODE, TO], []),
        ("no_left_turn", [FROM, TO], []),
        ("no_left_turn", [NODE, TO], []),
        ("no_left_turn", [FROM, NODE], []),
        ("no_left_turn", [FROM, NODE, ("n", 3, "via"), TO], []),
        ("no_left_turn", [FROM, NODE, WAY, TO], []),
        ("no_left_turn", [FROM, ("r", 9, "via"), TO], []),
    ],
)  # fmt: skip
def test_turn_restrictions_are_read_or_counted(
    tmp_path: Path, word: str, members: list[tuple[str, int, str]], rules: list[TurnRule]
) -> None:
    found = read_extract(corners(tmp_path).rule(1, word, members).write())

    assert found.rules == rules
    assert found.ignored == ({} if rules else {"turn_restrictions": 1})


@pytest.mark.parametrize(
    ("tags", "meant", "counted"),
    [
        ({"restriction": "no_left_turn", "except": "psv;bicycle"}, True, {}),
        ({"restriction": "no_left_turn", "except": "psv; motorcar"}, False, {}),
        ({"restriction:motorcar": "no_left_turn"}, True, {}),
        ({"restriction:hgv": "no_left_turn"}, False, {}),
        ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, False,
         {"turn_restrictions_conditional": 1}),
    ],
)  # fmt: skip
def test_whom_a_turn_restriction_is_for(
    tmp_path: Path, tags: dict[str, str], meant: bool, counted: dict[str, int]
) -> None:
    file = corners(tmp_path).rule(1, "", [FROM, NODE, TO], tags).write()

    found = read_extract(file)

    assert (len(found.rules) == 1, found.ignored) == (meant, counted)


def test_roads_beyond_the_cut_are_kept_as_far_as_they_are_known(tmp_path: Path) -> None:
    file = (
        Pbf(tmp_path / "cut.osm.pbf")
        .node(1, 0, 0).node(2, 1, 0).node(4, 3, 0).node(5, 4, 0)
        .way(7, [1, 2, 3, 4, 5, 6], highway="primary")
        .write()
    )  # fmt: skip

    found = read_extract(file)

    assert [way.nodes for way in found.ways] == [(1, 2), (4, 5)]
    assert found.ignored == {"nodes_beyond_the_cut": 2}
    assert build_graph(found).edges == 4


@pytest.mark.parametrize("content", [b"", b"not a map at all", b"<osm></osm>", bytes(4096)])
def test_what_is_no_extract_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "city.osm.pbf"
    path.write_bytes(content)

    with pytest.raises((BadExtractError, NoRoadsError)) as caught:
        read_extract(path)

    assert caught.value.params["file"] == "city.osm.pbf"
    assert str(tmp_path) not in str(caught.value.params)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadExtractError):
        read_extract(tmp_path / "none.osm.pbf")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.97])
def test_half_an_extract_is_refused(tmp_path: Path, test_data: Path, share: float) -> None:
    whole = (test_data / "city/liechtenstein.osm.pbf").read_bytes()
    path = tmp_path / "half.osm.pbf"
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(BadExtractError):
        read_extract(path)


def test_a_real_country_becomes_a_graph(test_data: Path) -> None:
    found = read_extract(test_data / "city/liechtenstein.osm.pbf")
    graph = build_graph(found)

    assert graph.junctions > 3000
    assert "Landstrasse" in graph.names
    assert graph.turn_banned.any()
    assert graph.signal.any()
    assert graph.restricted.any()
