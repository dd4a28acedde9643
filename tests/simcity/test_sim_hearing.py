"""What the control room hears of an evening's incidents: late, not of all, and too long."""

from itertools import pairwise

import numpy as np
import pytest

from simcity.__main__ import main as simcity
from simcity.drive.streets import Streets, read_streets
from simcity.sumo.hearing import ARRIVE_MIN, CALL_HOLDS_S, CALL_MIN, plan_hearing, upstream
from simcity.sumo.incidents import Incident, plan_incidents


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Streets:
    city = tmp_path_factory.mktemp("city")
    assert simcity(["city", "--out", str(city)]) == 0
    return read_streets(city)


def many(streets: Streets) -> list[Incident]:
    return plan_incidents(streets, np.ones(streets.edges), 3, 0.0, 600.0, 1500.0)


def test_a_seed_hears_the_same_of_the_same_and_another_hears_otherwise(streets: Streets) -> None:
    incidents = many(streets)

    assert plan_hearing(streets, incidents, 1) == plan_hearing(streets, incidents, 1)
    assert plan_hearing(streets, incidents, 1) != plan_hearing(streets, incidents, 2)


def test_nothing_is_heard_at_once_nor_of_what_is_over_and_not_of_everything(
    streets: Streets,
) -> None:
    incidents = many(streets)

    heard = plan_hearing(streets, incidents, 1)

    calls = [word for word in heard if word.kind == "call"]
    officers = [word for word in heard if word.kind == "officer"]
    assert 0 < len(calls) < len(incidents) > len(officers) > 0
    for words, earliest in ((calls, CALL_MIN[0]), (officers, ARRIVE_MIN[0])):
        for word in words:
            of = [one for one in incidents if one.edges[0] in word.edges]
            assert any(
                one.begin_s + earliest * 60 <= word.begin_s < one.end_s for one in of
            )  # fmt: skip
    assert {CALL_HOLDS_S} == {round(word.end_s - word.begin_s, 6) for word in calls}


def test_officers_take_back_late_and_close_floods_alone(streets: Streets) -> None:
    flood = Incident("flood", (0,), 0.0, 3600.0, 6.0)
    wreck = Incident("breakdown", (0,), 0.0, 3600.0, 4.0)

    words = [word for seed in range(40) for word in plan_hearing(streets, [flood], seed)]
    others = [word for seed in range(40) for word in plan_hearing(streets, [wreck], seed)]

    assert {"call", "officer", "closure"} == {word.kind for word in words}
    assert {"call", "officer"} == {word.kind for word in others}
    assert all(word.end_s > 3600.0 for word in words if word.kind != "call")


def test_the_queue_an_officer_sees_leads_to_the_incident_on_its_road(streets: Streets) -> None:
    edge = int(np.flatnonzero(streets.is_main)[40])

    before = upstream(streets, edge, 200.0)

    assert edge not in before
    assert {streets.names[one] for one in before} <= {streets.names[edge]}
    turns = set(zip(streets.turn_from.tolist(), streets.turn_to.tolist(), strict=True))
    way = [*before, edge]
    assert all(pair in turns for pair in pairwise(way))
