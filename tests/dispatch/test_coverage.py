"""Claims about what stations keep free, and who is moved up where too little is left: pure."""

from dataclasses import replace
from uuid import UUID

from warroom.dispatch.coverage import (
    Cover,
    Minimum,
    Move,
    Seconds,
    Vehicle,
    WhyNone,
    belongs,
    cover_of,
    propose,
)

FIRE, OTHER = UUID(int=1), UUID(int=2)
NORTH = Minimum(UUID(int=11), FIRE, "Pos Utara", None, "engine", 1, 0.0, 119.4)
SOUTH = Minimum(UUID(int=12), FIRE, "Pos Selatan", None, "engine", 1, 0.0, 119.5)


def engine(
    number: int, station: str = "Pos Selatan", *, is_free: bool = True, **more: object
) -> Vehicle:
    base = Vehicle(
        UUID(int=100 + number), f"Damkar {number}", FIRE, "engine", station, "73.71.01", is_free
    )
    return Vehicle(**{name: getattr(base, name) for name in Vehicle.__slots__} | more)  # type: ignore[arg-type]


def asked(
    vehicles: list[Vehicle], minimums: tuple[Minimum, ...] = (NORTH, SOUTH), gain_s: float = 120
) -> tuple[list[Move], dict[UUID, WhyNone]]:
    """Every vehicle is 300 s from the north and 30 s from the south, and its number more."""
    times = {
        NORTH.id: {one.id: 300.0 + one.id.int % 100 for one in vehicles},
        SOUTH.id: {one.id: 30.0 + one.id.int % 100 for one in vehicles},
    }
    seconds = {one: Seconds(by, {k: 2 * v for k, v in by.items()}) for one, by in times.items()}
    covers = [cover_of(one, vehicles) for one in minimums]
    return propose(covers, vehicles, seconds, gain_s)


def test_a_vehicle_is_of_its_station_by_name_and_of_an_area_by_code() -> None:
    area = Minimum(UUID(int=13), FIRE, "Utara", "73.71", "engine", 2, 0, 119)

    assert belongs(engine(1, " pos  SELATAN "), SOUTH)
    assert not belongs(engine(1), NORTH)
    assert not belongs(engine(1, kind="tanker"), SOUTH)
    assert not belongs(engine(1, agency_id=OTHER), SOUTH)
    assert belongs(engine(1), area)
    assert not belongs(engine(1, place="73.710"), area)
    assert not belongs(engine(1, place=None), area)


def test_who_is_out_or_without_crew_does_not_count_and_the_two_are_told_apart() -> None:
    out, nobody, free = engine(1, is_free=False), engine(2, is_free=False, crew=0), engine(3)

    cover = cover_of(SOUTH, [out, nobody, free])

    assert cover.have == (free,)
    assert cover.unknown == 1
    assert not cover.is_below


def test_who_is_moved_up_counts_there_once_they_arrived_and_at_home_no_more() -> None:
    coming = engine(1, moved_to=NORTH.id)
    there = engine(2, moved_to=NORTH.id, is_there=True)

    before, after = cover_of(NORTH, [coming]), cover_of(NORTH, [there])

    assert (before.is_below, before.lacks, before.coming) == (True, 0, (coming,))
    assert (after.is_below, after.have) == (False, (there,))
    assert cover_of(SOUTH, [coming, there]).have == ()


def test_the_quickest_that_is_not_missed_is_moved_up_with_the_minutes_it_gains() -> None:
    moves, why = asked([engine(1), engine(2), engine(3, "Pos Utara", is_free=False)])

    (move,) = moves
    assert move.vehicle.name == "Damkar 1"
    assert (move.arrives_s, move.gains_s) == (602.0, 301.0)
    assert move.costs_s == 1.0
    assert why == {}


def test_no_minimum_that_holds_is_broken_for_another() -> None:
    moves, why = asked([engine(1), engine(2, "Pos Utara", is_free=False)])

    assert moves == []
    assert why == {NORTH.id: "all_needed"}


def test_a_station_that_nobody_set_a_minimum_for_gives_its_last_and_its_cost_is_none() -> None:
    moves, _ = asked([engine(1, "Pos Timur")], (NORTH,))

    assert [(one.vehicle.name, one.costs_s) for one in moves] == [("Damkar 1", 0.0)]


def test_why_nobody_is_proposed_is_told() -> None:
    busy = engine(1, is_free=False)
    stale = [engine(1, is_fresh=False), engine(2, is_fresh=False)]

    assert asked([busy], (NORTH,))[1] == {NORTH.id: "none_free"}
    assert asked(stale)[1] == {NORTH.id: "no_route"}
    assert asked([engine(1), engine(2)], gain_s=400)[1] == {NORTH.id: "near_already"}


def test_two_that_lack_are_not_given_the_same_vehicle() -> None:
    west = Minimum(UUID(int=10), FIRE, "Pos Barat", None, "engine", 1, 0.0, 119.3)
    vehicles = [engine(1), engine(2)]
    times = {one.id: 300.0 for one in vehicles}
    seconds = {one.id: Seconds(times, times) for one in (NORTH, west)}
    covers = [cover_of(one, vehicles) for one in (NORTH, SOUTH, west)]

    moves, why = propose(covers, vehicles, seconds, 120)

    assert [(one.minimum_id, one.vehicle.name) for one in moves] == [(west.id, "Damkar 1")]
    assert why == {NORTH.id: "all_needed"}


def test_a_minimum_counts_who_is_coming_and_asks_for_the_rest_only() -> None:
    two = Minimum(NORTH.id, FIRE, "Pos Utara", None, "engine", 2, 0.0, 119.4)
    cover = cover_of(two, [engine(1, moved_to=two.id), engine(2)])

    assert isinstance(cover, Cover)
    assert cover.lacks == 1


def test_who_drives_home_is_on_the_way_to_its_station_and_nobody_else_is_moved_up() -> None:
    away, other = engine(1, "Pos Utara", is_returning=True), engine(2)
    cover = cover_of(NORTH, [away])

    moves, why = asked([away, other, engine(3)])

    assert cover.is_below
    assert (cover.have, cover.coming, cover.lacks) == ((), (away,), 0)
    assert (moves, why) == ([], {})


def test_of_an_area_a_vehicle_that_drives_home_still_counts() -> None:
    area = Minimum(UUID(int=13), FIRE, "Utara", "73.71", "engine", 1, 0, 119)
    away = engine(1, "Pos Utara", is_returning=True)

    assert cover_of(area, [away]).have == (away,)


def test_who_drives_home_may_be_near_enough_that_a_move_gains_nothing() -> None:
    two = replace(NORTH, least=2)
    near = engine(1, "Pos Utara", is_returning=True)
    times = {NORTH.id: Seconds({near.id: 50.0, UUID(int=102): 300.0}, {UUID(int=102): 600.0})}

    moves, why = propose([cover_of(two, [near])], [near, engine(2)], times, 120)

    assert (moves, why) == ([], {NORTH.id: "near_already"})
