"""Claims about promised arrivals as they are kept, and the limit of the law before a send."""

from dataclasses import replace
from datetime import timedelta

from tests.dispatch.incident_world import Room
from tests.scopes import EVERYTHING
from tests.traffic.world import ZONE
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.eta import LEAST
from warroom.dispatch.incident_showing import recommendation_json
from warroom.routing.contracts import Conditions


async def arrive(room: Room, after_s: int) -> None:
    """The first engine is sent once more, and is there so long after."""
    incident = await room.incident(lon=119.409)
    (sent,) = await room.send(incident, api.Wanted(room.engines[0], "engine"))
    room.world.clock.advance(after_s)
    await room.place(room.engines[0], 119.4005)
    await room.stamp(sent.assignment_id, Stamp.ON_SCENE, Stamp.CLEARED)


async def test_arrivals_become_the_range_beside_the_next_promise(room: Room) -> None:
    for _ in range(LEAST):
        await arrive(room, 120)
    book = api.EtaBook(room.world.db, room.world.clock, EVERYTHING, ZONE)
    before = book.span(60.0, "", room.now)
    await book.step()

    shown = api.recommendation_json(
        await room.recommend(await room.incident(lon=119.409)), book.span
    )

    (engine, *_) = [slot["unit"] for slot in shown["slots"] if slot["role"] == "engine"]
    assert before is None
    assert engine["range"].n == LEAST
    assert engine["range"].low_s > engine["arrives_s"]
    assert book.span(None, "", room.now) is None


async def test_the_report_tells_how_true_promises_were_and_what_is_missing(room: Room) -> None:
    await arrive(room, 120)
    await room.send(await room.incident(), api.Wanted(room.engines[1], "engine"))
    day = room.now.astimezone(ZONE).date()

    async with room.world.db.transaction(room.dispatcher) as tx:
        report = await api.report_kpi(room.dispatcher, tx, day, day, ZONE, room.now)

    whole = report["arrivals"][0]
    assert (whole.rows, whole.n, whole.no_arrival, whole.no_promise) == (2, 1, 1, 0)
    assert whole.p50_s > 0


async def test_a_call_that_waited_a_quarter_of_an_hour_is_told_before_anybody_is_sent(
    room: Room,
) -> None:
    incident = await room.incident()
    room.world.clock.advance(16 * 60)
    for unit_id, lon in zip(room.engines, (119.4005, 119.4095), strict=True):
        await room.place(unit_id, lon)

    found = await room.recommend(incident)
    await room.send(incident, api.Wanted(room.engines[0], "engine"))
    after = await room.recommend(incident)

    assert found.late is not None
    assert (found.late.why, after.late) == ("waited", None)
    assert found.late.since_call_s >= 16 * 60


async def test_a_jam_that_costs_the_limit_is_told_apart_from_a_far_unit(room: Room) -> None:
    incident = await room.incident(lon=119.409)
    await room.place(room.engines[1], 119.4005)
    room.world.settings = replace(room.world.settings, arrive_s=110.0)
    await room.world.cycle(1, 10, 4.0)
    await room.world.cycle(1, 10, 4.0)
    estimator = room.world.town.traffic.estimator
    assert estimator.state is not None
    state = estimator.state

    known = state.how != 0
    await room.world.router.take(
        estimator.graph,
        Conditions(state.kmh, state.how == 5, state.colour == 3, state.since, known),
    )

    found = await room.recommend(incident)

    assert found.late is not None
    assert found.late.why == "traffic"
    assert found.late.traffic_s is not None
    assert found.late.traffic_s > found.late.over_s
    told = recommendation_json(found, lambda *_: None)["late"]["cause"]
    assert (told["road"], told["is_avoided"]) == ("Jl. Panjang", False)
    assert told["lost_s"] > 30
    assert timedelta(seconds=found.late.since_call_s) < timedelta(minutes=2)
