"""What the roads do to tasks: open them, follow the jam, measure before and after."""

from tests.dispatch.world import World
from warroom.dispatch import api
from warroom.dispatch.contracts import Stamp


async def tasks(world: World) -> list[dict[str, object]]:
    return await world.rows("select * from dispatch_task order by opened_at")


async def test_a_jam_opens_a_task_once_it_lasted_and_nobody_is_sent(world: World) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=1.0)
    await watch.step()
    await world.jam()
    await watch.step()
    young = await tasks(world)
    for _ in range(6):
        await world.cycle(4, 7, 3.0)
        await watch.step()

    (task,) = await tasks(world)
    assert [] == young
    assert (world.agency, None, "open") == (task["agency_id"], task["opened_by"], task["state"])
    assert ["Jl. Panjang"] == task["roads"]
    assert [] == await world.rows("select from dispatch_assignment")


async def test_without_the_setting_no_jam_opens_a_task(world: World) -> None:
    watch = world.watch()
    await world.jam()
    for _ in range(40):
        await world.cycle(4, 7, 3.0)
    await watch.step()

    assert [] == await tasks(world)


async def test_a_task_that_opened_by_itself_is_over_with_its_jam_if_nobody_was_sent(
    world: World,
) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=0.0)
    await watch.step()
    await world.jam()
    await watch.step()
    await flow(world)
    await watch.step()

    (task,) = await tasks(world)
    assert ("closed", "dissolved", "flows") == (
        task["state"], task["outcome"], task["jam_ended"],
    )  # fmt: skip


async def flow(world: World, cycles: int = 40) -> None:
    """Cars drive freely until nothing of the jam is left."""
    for _ in range(cycles):
        await world.cycle(1, 10, 50.0)


async def test_a_jam_that_dissolves_while_a_unit_is_under_way_is_told_and_left_to_people(
    world: World,
) -> None:
    watch = world.watch()
    await world.serve(world.budi)
    task = await world.open(await world.jam())
    assignment = await world.send(task)
    await world.press(world.budi, assignment, world.stamp(Stamp.EN_ROUTE))
    await watch.step()
    await flow(world)
    await watch.step()
    await watch.step()

    shown = await world.show(task)
    assert ("en_route", "flows") == (shown["state"], shown["jam_ended"])
    assert 1 == (await world.kinds(task)).count("jam_ended")
    assert (await world.duty(world.budi))["task"]["jam_ended"] == "flows"
    (answer,) = await world.press(
        world.budi, assignment, world.stamp(Stamp.CLEARED, outcome="dissolved")
    )
    assert answer.verdict == "taken"
    assert "dissolved" == (await world.show(task))["outcome"]


async def test_a_jam_that_comes_back_at_the_same_place_is_the_tasks_again(world: World) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=0.0)
    task = await world.open(await world.jam())
    await world.send(task)
    await watch.step()
    await flow(world)
    await watch.step()
    for _ in range(40):
        await world.cycle(4, 7, 3.0)
    await watch.step()

    (row,) = await tasks(world)
    assert row["jam_ended"] is None
    assert {"jam_ended", "jam_back"} <= set(await world.kinds(task))


async def test_a_closed_road_is_no_jam_that_dissolved(world: World) -> None:
    watch = world.watch()
    jam = await world.jam()
    task = await world.open(jam)
    await watch.step()
    await world.town.close(*jam.edges)
    await _told(world)
    await world.cycle(4, 7, 3.0)
    await watch.step()

    assert "closed" == (await world.show(task))["jam_ended"]
    assert "open" == (await world.show(task))["state"]


async def _told(world: World) -> None:
    """The closure is read again, as the outbox makes a process do."""
    for _, handler in world.town.traffic.subscribe()[:1]:
        await handler(None)  # type: ignore[arg-type]


async def test_what_somebody_closed_is_not_opened_again_by_the_same_jam(world: World) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=0.0)
    await watch.step()
    await world.jam()
    await watch.step()
    (row,) = await tasks(world)
    async with world.db.transaction(world.desk) as tx:
        await api.close_task(
            world.desk,
            tx,
            row["id"],
            "cancelled",
            "biasa",
            world.clock.now(),  # type: ignore[arg-type]
        )
    fresh = world.watch(open_for=["Dishub"], open_after_min=0.0)
    for each in (watch, fresh):
        await world.cycle(4, 7, 3.0)
        await each._hear(None)  # type: ignore[arg-type]
        await each.step()

    assert 1 == len(await tasks(world))


async def test_the_jam_is_measured_before_and_after_and_it_says_what_came_after(
    world: World,
) -> None:
    watch = world.watch()
    await world.serve(world.budi)
    task = await world.open(await world.jam())
    assignment = await world.send(task)
    await watch.step()
    await world.cycle(4, 7, 3.0)
    await world.press(world.budi, assignment, world.stamp(Stamp.ON_SCENE))
    await watch._hear(None)  # type: ignore[arg-type]
    await watch.step()
    await world.press(world.budi, assignment, world.stamp(Stamp.CLEARED))
    await watch._hear(None)  # type: ignore[arg-type]
    await watch.step()
    waiting = (await world.show(task))["impact"]
    for _ in range(95):
        await world.cycle(1, 10, 50.0)
        await watch.step()

    shown = await world.show(task)
    assert "waiting" == waiting["finding"]
    assert ["opened", "sent", "arrived", "cleared", "after_5", "after_10", "after_15"] == sorted(
        (one["moment"] for one in shown["measures"]),
        key=["opened", "sent", "arrived", "cleared", "after_5", "after_10", "after_15"].index,
    )
    assert ("fell", 15) == (shown["impact"]["finding"], shown["impact"]["minutes"])
    assert shown["impact"]["before"]["length_m"] > 300
    assert 0 == shown["impact"]["after"]["length_m"]


async def test_what_nobody_saw_afterwards_is_unknown(world: World) -> None:
    watch = world.watch()
    await world.serve(world.budi)
    task = await world.open(await world.jam())
    assignment = await world.send(task)
    await world.press(world.budi, assignment, world.stamp(Stamp.ON_SCENE))
    await watch.step()
    await world.press(world.budi, assignment, world.stamp(Stamp.CLEARED))
    for _ in range(100):
        world.clock.advance(10)
        await world.town.traffic.step()
        await watch._hear(None)  # type: ignore[arg-type]
        await watch.step()

    impact = (await world.show(task))["impact"]
    assert "unknown" == impact["finding"]
    assert impact["after"] is None


async def test_moments_that_passed_while_nobody_looked_are_kept_as_unknown(world: World) -> None:
    await world.serve(world.budi)
    task = await world.open(await world.jam())
    assignment = await world.send(task)
    await world.press(world.budi, assignment, world.stamp(Stamp.ON_SCENE))
    world.clock.advance(600)
    watch = world.watch()
    await watch.step()

    shown = await world.show(task)
    assert {"opened", "sent", "arrived"} == {one["moment"] for one in shown["measures"]}
    assert {None} == {one["at"] for one in shown["measures"]}


async def test_two_processes_write_each_thing_once(world: World) -> None:
    watches = [world.watch(open_for=["Dishub"], open_after_min=0.0) for _ in range(2)]
    for each in watches:
        await each.step()
    await world.jam()
    for each in watches:
        await each.step()

    assert 1 == len(await tasks(world))


async def unseen(world: World, minutes: int = 40) -> None:
    """Nobody passes: what the cars do is not known any more."""
    for _ in range(minutes):
        world.clock.advance(60)
        await world.town.traffic.step()


async def test_what_opened_by_itself_and_nobody_sees_any_more_closes_as_not_found(
    world: World,
) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=0.0, unseen_min=30.0)
    await watch.step()
    await world.jam()
    await watch.step()
    await unseen(world)
    await watch.step()
    (young,) = await tasks(world)
    world.clock.advance(29 * 60)
    await world.town.traffic.step()
    await watch.step()
    (old,) = await tasks(world)
    world.clock.advance(2 * 60)
    await world.town.traffic.step()
    await watch.step()

    (task,) = await tasks(world)
    assert ("open", "unknown") == (young["state"], young["jam_ended"])
    assert "open" == old["state"]
    assert ("closed", "not_found") == (task["state"], task["outcome"])
    assert {"jam_ended", "closed"} <= set(await world.kinds(task["id"]))  # type: ignore[arg-type]


async def test_it_closes_as_well_when_the_process_was_started_anew_meanwhile(world: World) -> None:
    first = world.watch(open_for=["Dishub"], open_after_min=0.0)
    await first.step()
    await world.jam()
    await first.step()
    await unseen(world)
    await first.step()
    world.clock.advance(31 * 60)
    await world.town.traffic.step()
    await world.watch().step()

    (task,) = await tasks(world)
    assert ("closed", "not_found") == (task["state"], task["outcome"])


async def test_a_task_that_somebody_opened_or_was_sent_to_waits_for_people(world: World) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=0.0)
    await watch.step()
    await world.jam()
    await watch.step()
    (row,) = await tasks(world)
    await world.send(row["id"])  # type: ignore[arg-type]
    await unseen(world)
    await watch.step()
    world.clock.advance(3600)
    await watch.step()

    (task,) = await tasks(world)
    assert ("unknown", None) == (task["jam_ended"], task["closed_at"])


async def test_who_is_sent_at_the_last_moment_is_not_overtaken(world: World) -> None:
    watch = world.watch(open_for=["Dishub"], open_after_min=0.0)
    await watch.step()
    await world.jam()
    await watch.step()
    await unseen(world)
    await watch.step()
    (row,) = await tasks(world)
    # This process has not yet heard of it.
    await world.send(row["id"])  # type: ignore[arg-type]
    world.clock.advance(3600)
    await watch.step()

    (task,) = await tasks(world)
    assert task["closed_at"] is None
