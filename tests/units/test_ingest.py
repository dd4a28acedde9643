"""What becomes of positions: which are believed, where they are stored, and who may send them."""

import asyncio
import math
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.cameras.world import EVERYTHING
from tests.scopes import scope_of
from tests.units.world import World
from warroom.kernel.db import DatabaseAwayError
from warroom.kernel.errors import UnauthenticatedError
from warroom.kernel.scope import Rule
from warroom.units import api, store, track_store
from warroom.units.board import Told, _Standing, number_of
from warroom.units.contracts import Fix, Verdict
from warroom.units.errors import FieldError, NotTakenError, TooOftenError, UnitNotFoundError
from warroom.units.fences import Kecamatan
from warroom.units.rules import STANDING_S, Known


def fix(world: World, *, ago_s: float = 0.0, lon: float = 119.4025, **more: Any) -> Fix:
    at_s = world.clock.now().timestamp() - ago_s
    return Fix(at_s, more.pop("lat", 0.00002), lon, **more)


async def take(world: World, key: str, *fixes: Fix, device: str = "gps-1") -> list[Verdict]:
    async with world.tracker:
        return await world.tracker.take(device, key, fixes)


async def test_a_position_is_stored_matched_and_shown(world: World) -> None:
    unit = await world.add()
    key = await world.key(unit)

    verdicts = await take(
        world, key, fix(world, kmh=40.0, bearing=90.0, accuracy_m=5.0, battery=0.8)
    )

    assert verdicts == [Verdict.KEPT]
    (item,) = (await world.listed(world.fire_viewer))["items"]
    assert item["freshness"] == "fresh"
    position = item["position"]
    assert (position["lat"], position["lon"]) == (0.00002, 119.4025)
    assert (position["kmh"], position["bearing"], position["battery"]) == (40.0, 90, 0.8)
    assert position["edge"] == "13:3:4"
    assert position["road"] == "Jl. Lurus"
    assert position["fraction"] == pytest.approx(0.5, abs=0.01)
    assert position["kecamatan"] is None or position["kecamatan"] == "73.71.01"
    (row,) = await world.rows("select edge, late, agency_id from unit_track")
    assert (row["edge"], row["late"], row["agency_id"]) == ("13:3:4", False, world.fire)


async def test_the_other_direction_is_another_edge(world: World) -> None:
    key = await world.key(await world.add())

    await take(world, key, fix(world, kmh=40.0, bearing=270.0))

    (row,) = await world.rows("select edge from unit_position")
    assert row["edge"] == "13:4:3"


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"ago_s": -61.0}, Verdict.FUTURE),
        ({"lat": 0.0, "lon": 0.0}, Verdict.ZERO),
        ({"lat": 91.0}, Verdict.NO_POSITION),
        ({"lat": math.nan}, Verdict.NO_POSITION),
        ({"ago_s": 31 * 86_400.0}, Verdict.TOO_OLD),
    ],
)
async def test_what_is_no_position_is_answered_counted_and_not_stored(
    world: World, changes: dict[str, float], verdict: Verdict
) -> None:
    key = await world.key(await world.add())

    assert await take(world, key, fix(world, **changes), fix(world)) == [verdict, Verdict.KEPT]
    assert len(await world.rows("select from unit_track")) == 1


async def test_what_comes_late_is_kept_in_the_track_and_moves_nothing(world: World) -> None:
    key = await world.key(await world.add())

    verdicts = await take(world, key, fix(world, lon=119.403), fix(world, ago_s=30, lon=119.402))

    assert verdicts == [Verdict.KEPT, Verdict.LATE]
    (now,) = await world.rows("select lon from unit_position")
    assert now["lon"] == 119.403
    rows = await world.rows("select lon, late from unit_track order by at")
    assert [(row["lon"], row["late"]) for row in rows] == [(119.402, True), (119.403, False)]


async def test_what_is_told_twice_is_stored_once(world: World) -> None:
    key = await world.key(await world.add())
    one, early = fix(world), fix(world, ago_s=5)

    first = await take(world, key, one, one, early)
    second = await take(world, key, one, early)

    assert first == [Verdict.KEPT, Verdict.REPEATED, Verdict.LATE]
    assert second == [Verdict.REPEATED, Verdict.LATE]
    assert len(await world.rows("select from unit_track")) == 2


async def test_off_every_road_it_is_kept_and_on_no_edge(world: World) -> None:
    key = await world.key(await world.add())

    assert await take(world, key, fix(world, lat=0.002)) == [Verdict.KEPT]
    (row,) = await world.rows("select edge, beside_m, road from unit_position")
    assert (row["edge"], row["beside_m"], row["road"]) == (None, None, None)


async def test_a_boat_is_not_looked_for_on_roads(world: World) -> None:
    key = await world.key(await world.add(kind="boat"))

    await take(world, key, fix(world))

    (row,) = await world.rows("select edge from unit_position")
    assert row["edge"] is None


async def test_a_speed_that_nothing_has_is_dropped_and_the_place_kept(world: World) -> None:
    key = await world.key(await world.add())

    assert await take(world, key, fix(world, kmh=900.0)) == [Verdict.KEPT]
    (row,) = await world.rows("select kmh from unit_position")
    assert row["kmh"] is None


async def test_a_wrong_key_another_vehicles_key_and_no_device_are_the_same_stranger(
    world: World,
) -> None:
    key = await world.key(await world.add())
    other = await world.add(name="Damkar 2", device="gps-2")

    for device, shown in (("gps-1", "x"), ("gps-2", key), ("gps-2", ""), ("gps-9", key)):
        with pytest.raises(UnauthenticatedError):
            await take(world, shown, fix(world), device=device)

    assert await world.rows("select from unit_track") == []
    assert other


async def test_a_new_key_ends_the_former_at_once(world: World) -> None:
    unit = await world.add()
    old = await world.key(unit)
    await take(world, old, fix(world, ago_s=1))
    new = await world.key(unit)
    await world.tracker._forget(None)  # type: ignore[arg-type] - what the outbox tells

    with pytest.raises(UnauthenticatedError):
        await take(world, old, fix(world))
    assert await take(world, new, fix(world)) == [Verdict.KEPT]


async def test_a_change_while_devices_are_read_is_not_missed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = await world.add()
    old = await world.key(unit)
    real = store.list_devices

    async def slow(scope: Any, tx: Any) -> Any:
        found = await real(scope, tx)
        monkeypatch.setattr(store, "list_devices", real)
        await world.key(unit)
        await world.tracker._forget(None)  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(store, "list_devices", slow)
    await world.tracker.unit_of("gps-1", old)

    with pytest.raises(UnauthenticatedError):
        await world.tracker.unit_of("gps-1", old)


async def test_a_device_that_sends_too_much_is_told_to_wait(world: World) -> None:
    key = await world.key(await world.add())
    many = [fix(world, ago_s=700.0 - n) for n in range(600)]

    async with world.tracker:
        await world.tracker.take("gps-1", key, many)
        with pytest.raises(TooOftenError):
            await world.tracker.take("gps-1", key, many[:100])


async def test_nothing_is_lost_when_the_database_goes_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await world.key(await world.add())
    one = fix(world)
    real = track_store.save_positions

    async def away(*_: Any) -> None:
        raise DatabaseAwayError

    monkeypatch.setattr(track_store, "save_positions", away)
    with pytest.raises(NotTakenError):
        await take(world, key, one)
    assert await world.rows("select from unit_track") == []

    monkeypatch.setattr(track_store, "save_positions", real)
    assert await take(world, key, one) == [Verdict.KEPT]
    assert len(await world.rows("select from unit_track")) == 1


async def test_many_devices_are_stored_in_one_transaction(world: World) -> None:
    keys = {}
    for number in range(5):
        unit = await world.add(name=f"Damkar {number}", device=f"gps-{number}")
        keys[f"gps-{number}"] = await world.key(unit)
    units = [await world.tracker.unit_of(device, key) for device, key in keys.items()]

    async with world.tracker:
        await asyncio.gather(*(world.tracker.put([Told(unit, fix(world))]) for unit in units))

    (row,) = await world.rows("select count(distinct xmin::text) as n, count(*) from unit_position")
    assert (row["n"], row["count"]) == (1, 5)


async def test_a_position_grows_old(world: World) -> None:
    unit = await world.add()
    await take(world, await world.key(unit), fix(world))

    async def state() -> tuple[str, str]:
        shown = await world.shown(world.fire_viewer, unit)
        return shown["freshness"], shown["since"][:19]

    assert await state() == ("fresh", "2026-11-24T06:00:00")
    world.clock.advance(31)
    assert await state() == ("stale", "2026-11-24T06:00:30")
    world.clock.advance(300)
    assert await state() == ("silent", "2026-11-24T06:05:00")


async def test_a_unit_that_was_never_heard_of_says_so(world: World) -> None:
    unit = await world.add()

    shown = await world.shown(world.fire_viewer, unit)

    assert (shown["freshness"], shown["position"]) == ("never", None)


async def track(world: World, scope: Any, unit: UUID, hours: float = 1.0) -> dict[str, Any]:
    end = world.clock.now() + timedelta(minutes=1)
    async with world.db.transaction(scope) as tx:
        content = await api.read_track(scope, tx, unit, (end - timedelta(hours=hours), end), "112")
    return msgspec.json.decode(content)  # type: ignore[no-any-return]


async def test_a_track_is_read_by_those_who_may_and_the_look_is_audited(world: World) -> None:
    unit = await world.add()
    key = await world.key(unit)
    await take(world, key, *(fix(world, ago_s=60.0 - n, lon=119.402 + n * 1e-5) for n in range(3)))

    read = await track(world, world.fire_admin, unit)

    assert [item["lon"] for item in read["items"]] == [119.402, 119.40201, 119.40202]
    assert read["truncated"] is False
    (entry,) = await world.rows("select * from audit_entry where action = 'unit:track'")
    assert entry["object_id"] == str(unit)
    assert entry["reason"] == "112"


async def test_to_see_a_unit_is_not_to_read_its_track(world: World) -> None:
    unit = await world.add()

    for scope in (world.fire_viewer, world.police_admin, world.nobody):
        with pytest.raises(UnitNotFoundError):
            await track(world, scope, unit)
    with pytest.raises(FieldError):
        await track(world, world.fire_admin, unit, hours=25)


async def test_old_days_are_dropped_and_told_of(world: World) -> None:
    unit = await world.add()
    await take(world, await world.key(unit), fix(world, ago_s=29 * 86_400.0), fix(world))
    world.clock.advance(3 * 86_400.0)

    async with world.db.transaction(EVERYTHING) as tx:
        dropped = await api.trim(world.fleet, EVERYTHING, tx)

    assert dropped == 1
    assert len(await world.rows("select from unit_track")) == 1
    (noted,) = await world.rows("select * from privacy_deletion where store = 'unit_track'")
    assert (noted["count"], noted["agency_id"]) == (1, world.fire)
    names = {row["relname"] for row in await world.rows("select relname from pg_class")}
    assert {"unit_track_20261127", "unit_track_20261128"} <= names
    assert "unit_track_20261026" not in names


async def test_entering_and_leaving_a_fence_is_told_once_to_those_who_may(world: World) -> None:
    unit = await world.add()
    key = await world.key(unit)
    ring = [(119.4035, -0.001), (119.4045, -0.001), (119.4045, 0.001), (119.4035, 0.001)]
    async with world.db.transaction(EVERYTHING) as tx:
        fence = await api.add_fence(world.fleet, EVERYTHING, tx, world.fire, "Mako", ring)
        await api.add_fence(world.fleet, EVERYTHING, tx, world.police, "Polsek", ring)
    # 10 m beyond the edge is not yet left; 50 m is.
    lons = [119.403, 119.404, 119.4046, 119.404, 119.405]

    await take(
        world, key, *(fix(world, ago_s=50.0 - 10 * n, lon=lon) for n, lon in enumerate(lons))
    )

    end = world.clock.now() + timedelta(minutes=1)
    span = (end - timedelta(hours=1), end)
    async with world.db.transaction(world.fire_admin) as tx:
        read = msgspec.json.decode(await api.read_events(world.fire_admin, tx, span))
    async with world.db.transaction(world.police_admin) as tx:
        others = msgspec.json.decode(await api.read_events(world.police_admin, tx, span))
    told = [(e["what"], e["area"], e["fence_id"]) for e in read["items"]]
    assert told == [("leave", "Mako", str(fence)), ("enter", "Mako", str(fence))]
    assert others["items"] == []
    events = await world.rows("select body, object_id from outbox where topic = 'units.fence'")
    assert [event["object_id"] for event in events] == [unit, unit]


async def test_the_kecamatan_changes_after_three_fixes_of_the_other(world: World) -> None:
    unit = await world.add()
    key = await world.key(unit)
    lons = [119.4045, 119.4056, 119.4044, 119.4056, 119.4066, 119.4075]

    await take(
        world,
        key,
        *(
            fix(world, ago_s=60.0 - 10 * n, lon=lon, kmh=40.0, bearing=90.0)
            for n, lon in enumerate(lons)
        ),
    )

    rows = await world.rows("select what, area from unit_event order by what desc")
    assert [(r["what"], r["area"]) for r in rows] == [("leave", "73.71.01"), ("enter", "73.71.02")]
    (row,) = await world.rows("select kecamatan from unit_position")
    assert row["kecamatan"] == "73.71.02"


async def test_without_roads_everything_else_works(world: World, tmp_path: Any) -> None:
    (tmp_path / "city" / "roads.npz").unlink()
    key = await world.key(await world.add())

    assert await take(world, key, fix(world)) == [Verdict.KEPT]


async def test_a_right_on_one_vehicle_shows_that_one(world: World) -> None:
    one, _ = await world.add(), await world.add(name="Damkar 2", device="gps-2")
    scope = scope_of(Rule(frozenset({"unit:view"}), objects=frozenset({one})))

    assert [item["id"] for item in (await world.listed(scope))["items"]] == [str(one)]


async def test_those_under_way_are_seen_by_whoever_follows_and_those_who_only_stand_are_not(
    world: World,
) -> None:
    unit = await world.add()
    key = await world.key(unit)
    seen: list[api.Seen] = []
    world.tracker.followers.append(seen.append)

    await take(world, key, fix(world, ago_s=9, kmh=1.0, bearing=90.0, accuracy_m=5.0))
    await take(world, key, fix(world, ago_s=5, kmh=12.0, bearing=90.0, accuracy_m=5.0))
    await take(world, key, fix(world, kmh=1.0, bearing=90.0, accuracy_m=5.0))
    await take(world, key, fix(world, ago_s=-1, bearing=90.0, accuracy_m=5.0))

    drives, stands = seen
    assert drives.graph.key_of(int(drives.edge[0])) == "13:3:4"
    now = world.clock.now().timestamp()
    assert (drives.kmh.tolist(), drives.at_s.tolist()) == ([12.0], [now - 5])
    assert (stands.kmh.tolist(), stands.at_s.tolist()) == ([1.0], [now])
    assert drives.who.tolist() == stands.who.tolist() == [number_of(unit)]


def test_who_drove_long_ago_or_tells_no_speed_is_not_under_way() -> None:
    standing = _Standing(0, 1, Known(), Kecamatan(None), frozenset())

    def told(at_s: float, kmh: float) -> bool:
        return standing.is_under_way(Fix(at_s, -5.1, 119.4, kmh))

    assert not told(0.0, 0.0)
    assert told(10.0, 30.0)
    assert not told(20.0, math.nan)
    assert told(10.0 + STANDING_S, 0.0)
    assert not told(11.0 + STANDING_S, 0.0)


async def test_a_follower_that_fails_costs_no_position(world: World) -> None:
    key = await world.key(await world.add())

    def fail(_: api.Seen) -> None:
        raise ValueError

    world.tracker.followers.append(fail)

    assert await take(world, key, fix(world, kmh=40.0)) == [Verdict.KEPT]
    assert len(await world.rows("select 1 from unit_track")) == 1
