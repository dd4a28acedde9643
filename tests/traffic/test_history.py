"""What is kept of the roads, and for which edges it is told."""

import numpy as np

from tests.traffic.test_routes import two_ways
from warroom.traffic.history import Past
from warroom.traffic.typical import packed_keys


def test_what_was_kept_is_what_was_drawn() -> None:
    colour = np.array([0, 6, 7, 3], np.uint8)
    how = np.array([0, 1, 5, 4], np.uint8)

    past = Past.unpacked(Past(colour, how).packed())

    assert colour.tolist() == past.colour.tolist()
    assert how.tolist() == past.how.tolist()


def test_an_edge_of_another_pack_is_found_by_its_key_and_a_new_one_was_unknown() -> None:
    graph = two_ways()
    keys = packed_keys(graph)
    colour = np.arange(graph.edges, dtype=np.uint8) % 7 + 1
    past = Past(colour, np.ones(graph.edges, np.uint8))
    other = two_ways()
    other.way[0] = 999

    carried = past.carried(keys, packed_keys(other))

    assert (0, 0) == (carried.colour[0], carried.how[0])
    assert colour[1:].tolist() == carried.colour[1:].tolist()
