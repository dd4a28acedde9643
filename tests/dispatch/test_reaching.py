"""Claims about how soon the nearest free vehicle is in each kelurahan."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.dispatch.incident_world import Room
from tests.scopes import scope_of
from warroom.dispatch import api
from warroom.dispatch.reaching import PROCESSING_S, reached
from warroom.kernel.scope import Rule, Scope
from warroom.places.api import AreaName, Ward

KECAMATAN = AreaName("73.71.01", "Mariso")


def ward(code: int, lon: float = 119.405, lat: float = 0.0) -> Ward:
    return Ward(AreaName(f"73.71.01.{1000 + code}", f"Kel {code}"), KECAMATAN, lat, lon)


async def reach(
    room: Room, *wards: Ward, kind: str = "engine", scope: Scope | None = None
) -> dict[str, Any]:
    scope, settings = scope or room.dispatcher, room.world.settings
    async with room.world.db.transaction(scope) as tx:
        free = await api.free_units(scope, tx, kind, settings, room.now)
    return await api.reach_json(room.world.router, kind, free, wards, settings, room.now)


async def test_the_nearest_free_engine_of_each_kelurahan_is_told_with_its_seconds(
    room: Room,
) -> None:
    west, east = ward(1, 119.401), ward(2, 119.4095)

    told = await reach(room, west, east)
    found = {one["code"]: one for one in told["items"]}
    before_s = PROCESSING_S + room.world.settings.turnout_s

    assert [found[one.area.code]["unit"] for one in (west, east)] == ["Damkar 1", "Damkar 2"]
    assert found[east.area.code]["seconds"] == before_s, (
        "it stands there: only the drive is nothing"
    )
    assert found[west.area.code]["seconds"] > before_s
    assert (told["free"], told["limit_s"], told["before_s"]) == (2, 900.0, before_s)


async def test_who_is_sent_out_or_silent_or_without_a_crew_reaches_nobody(room: Room) -> None:
    place = ward(1, 119.4095)
    await room.send(await room.incident(), api.Wanted(room.engines[1], "engine"))
    await room.place(room.engines[0], 119.4005, ago_s=room.world.settings.silent_after_s + 60)

    told = await reach(room, place)
    tankers = await reach(room, place, kind="tanker")

    assert [(one["seconds"], one["unit"], one["why"]) for one in told["items"]] == [
        (None, None, "none_free")
    ]
    assert tankers["items"][0]["unit"] == "Tangki 1"


async def test_a_kelurahan_in_the_sea_is_unknown_and_keeps_none_from_theirs(room: Room) -> None:
    told = await reach(room, ward(1), ward(2, lat=3.0), ward(3))

    assert [one["why"] for one in told["items"]] == [None, "off_road", None]
    assert told["items"][0]["seconds"] == told["items"][2]["seconds"]


async def test_vehicles_that_one_may_not_see_count_for_nothing(room: Room) -> None:
    health = scope_of(
        Rule(("dispatch:view", "unit:view"), agencies=frozenset({room.health})),
        agency_id=room.health,
    )

    told = await reach(room, ward(1), scope=health)

    assert (told["free"], told["items"][0]["why"]) == (0, "none_free")


async def test_another_time_for_turnout_is_counted(room: Room) -> None:
    place = ward(1, 119.4095)
    room.world.settings = replace(room.world.settings, turnout_s=300.0)

    told = await reach(room, place)

    assert told["items"][0]["seconds"] == PROCESSING_S + 300


@given(
    st.integers(0, 5).flatmap(
        lambda rows: st.lists(
            st.lists(
                st.one_of(st.floats(0, 1e5), st.just(float("inf")), st.just(float("nan"))),
                min_size=rows,
                max_size=rows,
            ),
            min_size=1,
            max_size=6,
        )
    )
)
def test_the_quickest_is_chosen_and_nothing_else_is_made_up(columns: list[list[float]]) -> None:
    times = np.array(columns, np.float64).T.reshape(len(columns[0]), len(columns))
    wards = [ward(at) for at in range(len(columns))]

    for found, column in zip(reached(wards, times), columns, strict=True):
        known = [one for one in column if np.isfinite(one)]
        if known:
            assert found.unit is not None
            assert found.travel_s == min(known) == column[found.unit]
            assert found.why is None
        else:
            nothing = "none_free" if not column else None
            nothing = nothing or ("off_road" if np.isnan(column).all() else "no_way")
            assert (found.unit, found.travel_s, found.why) == (None, None, nothing)
