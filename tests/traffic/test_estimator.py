"""Cycles of a town: what people said holds while it holds, and changes are told once."""

from datetime import UTC, datetime, timedelta

import numpy as np

from tests.traffic.city import NOW, east, seen, town
from warroom.kernel.ids import new_id
from warroom.traffic.contracts import Colour, How, Said, Source
from warroom.traffic.estimator import Estimator, told_edges

AT = datetime.fromtimestamp(NOW, UTC)


def said(*edges: int, minutes: float = 10, level: str | None = None, cause: str = "") -> Said:
    return Said(
        id=new_id(),
        agency_id=new_id(),
        place="73.71.01",
        keys=tuple(town().key_of(edge) for edge in edges),
        starts_at=AT,
        ends_at=AT + timedelta(minutes=minutes),
        source=Source.OFFICER,
        level=level,  # type: ignore[arg-type]
        cause=cause or None,
    )


def test_a_closure_closes_from_its_beginning_to_its_end() -> None:
    estimator = Estimator(town())
    estimator.set_said([said(east(3))], [])

    before, during, after = (estimator.cycle(NOW + at) for at in (-10, 0, 600))

    assert ((), (east(3),), ()) == (before.closed, during.closed, after.closed)
    assert (east(3),) == after.opened
    assert How.FREE_FLOW == after.state.how[east(3)]


def test_a_closure_of_a_road_that_is_not_in_the_pack_closes_nothing() -> None:
    estimator = Estimator(town())
    gone = said(east(3))
    estimator.set_said([Said(**{**_fields(gone), "keys": ("9:9:9",)})], [])

    assert () == estimator.cycle(NOW).closed


def _fields(one: Said) -> dict[str, object]:
    return {name: getattr(one, name) for name in Said.__slots__}


def test_a_report_makes_a_jam_at_once_with_its_cause_and_ends_with_it() -> None:
    estimator = Estimator(town())
    estimator.set_said([], [said(east(3), level="jam", cause="accident")])

    cycle = estimator.cycle(NOW)
    over = estimator.cycle(NOW + 601)

    assert How.REPORTED == cycle.state.how[east(3)]
    assert Colour.JAM == cycle.state.colour[east(3)]
    assert ["accident"] == [event.jam.cause for event in cycle.jams]
    assert How.FREE_FLOW == over.state.how[east(3)]


def test_only_what_changed_is_told() -> None:
    estimator = Estimator(town())
    estimator.add(seen(east(3), 40.0, 10), NOW)

    first, second = estimator.cycle(NOW), estimator.cycle(NOW + 10)
    estimator.add(seen(east(3), 4.0, 200, NOW + 15), NOW + 15)
    third = estimator.cycle(NOW + 20)

    assert east(3) in first.changed
    assert [] == second.changed.tolist()
    assert east(3) in third.changed


def test_the_socket_is_told_numbers_and_one_sign_each() -> None:
    estimator = Estimator(town())
    estimator.add(seen(east(3), 4.0, 10), NOW)
    estimator.set_said([said(east(8))], [])
    state = estimator.cycle(NOW).state

    body = told_edges(state, np.array([east(3), east(8)]))

    assert [east(3), east(8)] == body["edges"]
    assert ("67", "mc") == (body["colour"], body["how"])
    assert state.version == body["pack"]


def test_what_is_measured_is_learnt_and_what_is_told_is_not() -> None:
    estimator = Estimator(town())
    estimator.add(seen(east(3), 20.0, 5), NOW)
    estimator.set_said([], [said(east(3), level="standing"), said(east(8), level="jam")])
    estimator.cycle(NOW)

    mean = estimator.learner.take()

    assert 20.0 == round(float(mean[east(3)]), 3)
    assert np.isnan(mean[east(8)])


def test_the_next_change_is_the_next_beginning_or_end() -> None:
    estimator = Estimator(town())
    assert estimator.next_change(NOW) is None

    estimator.set_said([said(0, minutes=30)], [said(1, minutes=5, level="slow")])

    assert NOW + 300 == estimator.next_change(NOW)
    assert NOW + 1800 == estimator.next_change(NOW + 300)
