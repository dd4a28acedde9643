"""Turning cameras from the use case to a head that really moves, and who has one in hand."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from simcity.onvif.door import OnvifDoor
from simcity.rtsp.login import Login
from tests.cameras.world import World
from tests.scopes import EVERYTHING, scope_of
from warroom.cameras import api, turner
from warroom.cameras.contracts import MOVE, OVERRIDE, Velocity
from warroom.cameras.errors import (
    CameraNotFoundError,
    ControlElsewhereError,
    FieldError,
    ForbiddenAddressError,
    HeldError,
    NotTurningError,
    OutOfRangeError,
    RankTooLowError,
    ReasonNeededError,
    SchemeError,
    TurningLoginError,
    TurningTimeoutError,
    UrlInvalidError,
)
from warroom.cameras.settings import CameraSettings
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope

LOGIN = Login("operator", "rahasia&1")
CAMERA, DEAF, UNITS, AWAY = 1, 2, 3, 4


@pytest.fixture
def door() -> Iterator[OnvifDoor]:
    heads = OnvifDoor(
        [CAMERA, DEAF, UNITS], login=LOGIN, deaf=frozenset([DEAF]), only_units=frozenset([UNITS])
    )
    with heads as serving:
        yield serving


@pytest.fixture
def here(world: World) -> World:
    """The same city, in which cameras may be on this machine."""
    allowing = replace(world.inventory.settings, allow_loopback=True, ptz_timeout_s=2.0)
    return replace(world, inventory=replace(world.inventory, settings=allowing))


def mover(world: World, name: str, *words: str) -> Scope:
    scope = scope_of(Rule(actions=frozenset(words or (MOVE,)), agencies=frozenset([world.police])))
    return replace(scope, person_id=new_id(), agency_id=world.police, label=name)


async def add(world: World, door: OnvifDoor, number: int = CAMERA, **more: Any) -> UUID:
    stream = api.StreamChange("main", "rtsp://127.0.0.1/main", None, LOGIN.username, LOGIN.password)
    values = {"is_ptz": True, "control_url": door.url(number), "bearing_deg": 90.0, "fov_deg": 60.0}
    async with world.db.transaction(EVERYTHING) as tx:
        return await api.add_camera(
            world.inventory, EVERYTHING, tx, world.camera(number, **values, **more), [stream]
        )


async def control(world: World, scope: Scope, camera: UUID) -> Any:
    async with world.db.transaction(scope) as tx:
        return await api.find_control(world.inventory, scope, tx, camera)


async def take(world: World, scope: Scope, camera: UUID, **more: Any) -> None:
    async with world.db.transaction(scope) as tx:
        judged = await api.take(world.inventory, scope, tx, camera, **more)
    judged.require()


async def grip(world: World, scope: Scope, camera: UUID) -> dict[str, Any]:
    async with world.db.transaction(scope) as tx:
        return await api.show_grip(world.inventory, scope, tx, camera)


async def deeds(world: World) -> list[str]:
    rows = await world.rows(
        "select action from audit_entry where action like 'ptz:%%' order by recorded_at"
    )
    return [row["action"] for row in rows]


async def until(door: OnvifDoor, number: int, word: str) -> None:
    async with asyncio.timeout(20):
        while word not in door.heads[number].told:
            await asyncio.sleep(0.02)


async def test_a_camera_is_moved_by_its_streams_login_and_stops(
    here: World, door: OnvifDoor
) -> None:
    scope = mover(here, "Ani")
    camera = await add(here, door)
    async with api.Turner(here.inventory.settings) as speaking:
        asked = await control(here, scope, camera)

        await api.move(speaking, asked, Velocity(pan=1))
        async with asyncio.timeout(20):
            while door.looks(CAMERA)[0] < 1:
                await asyncio.sleep(0.02)
        await api.move(speaking, asked, Velocity())

    assert ["move", "stop"] == door.heads[CAMERA].told
    assert LOGIN.password not in repr(asked)


async def test_a_camera_that_ignores_the_end_is_stopped_when_nothing_more_is_heard(
    here: World, door: OnvifDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turner, "MOVE_S", 0.2)
    scope = mover(here, "Ani")
    camera = await add(here, door, DEAF)
    async with api.Turner(here.inventory.settings) as speaking:
        await api.move(speaking, await control(here, scope, camera), Velocity(tilt=1))
        await until(door, DEAF, "stop")

    assert ["move", "stop"] == door.heads[DEAF].told


async def test_who_lets_go_stops_a_movement_and_not_a_turn_to_a_position(
    here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door, DEAF)
    async with api.Turner(here.inventory.settings) as speaking:
        asked = await control(here, mover(here, "Ani"), camera)
        await api.move(speaking, asked, Velocity(pan=1))
        await speaking.let_go(asked)
        await api.go_to(speaking, asked, "3")
        await speaking.let_go(asked)

    assert ["move", "stop", "turn"] == door.heads[DEAF].told


async def test_what_moves_is_stopped_when_the_process_ends(here: World, door: OnvifDoor) -> None:
    camera = await add(here, door, DEAF)
    async with api.Turner(here.inventory.settings) as speaking:
        asked = await control(here, mover(here, "Ani"), camera)
        await api.move(speaking, asked, Velocity(pan=-1))

    assert ["move", "stop"] == door.heads[DEAF].told


async def test_one_that_hangs_holds_up_nobody_else(here: World, door: OnvifDoor) -> None:
    scope = mover(here, "Ani")
    hangs, works = await add(here, door), await add(here, door, UNITS)
    door.hung.add(CAMERA)
    async with api.Turner(here.inventory.settings) as speaking:
        bad, good = await control(here, scope, hangs), await control(here, scope, works)
        stuck = [asyncio.create_task(api.move(speaking, bad, Velocity(pan=1))) for _ in range(3)]
        await asyncio.sleep(0)

        await api.move(speaking, good, Velocity(pan=1))

        assert not any(task.done() for task in stuck)
        found = await asyncio.gather(*stuck, return_exceptions=True)
        door.hung.clear()
        await api.move(speaking, bad, Velocity())
    assert all(isinstance(one, TurningTimeoutError) for one in found)
    assert "move" in door.heads[UNITS].told


@pytest.mark.parametrize("number", [CAMERA, UNITS])
async def test_a_camera_is_turned_to_a_place_and_its_positions_are_told_with_bearings(
    here: World, door: OnvifDoor, number: int
) -> None:
    scope = mover(here, "Ani")
    camera = await add(here, door, number, pan_span_deg=360.0)
    place = (-5.15 - 0.01, 119.421)  # south of it; it looks east at home
    async with api.Turner(here.inventory.settings) as speaking:
        asked = await control(here, scope, camera)

        aim = await api.aim(speaking, asked, place)

        async with asyncio.timeout(20):
            while abs(door.looks(number)[0] - 90) > 0.1:
                await asyncio.sleep(0.02)
        told = await api.look(speaking, asked)
    assert ("turn", True) == (aim.by, aim.is_seen)
    assert {"Depan": 90, "Kanan": 180, "Belakang": 270, "Kiri": 0} == {
        one["name"]: round(one["bearing_deg"]) % 360 for one in told["presets"]
    }
    assert 180 == pytest.approx(told["bearing_deg"], abs=0.2)
    assert told["is_measured"]


async def test_a_camera_that_nobody_measured_goes_to_the_position_that_somebody_told_of(
    here: World, door: OnvifDoor
) -> None:
    scope = mover(here, "Ani", MOVE, "camera:configure")
    camera = await add(here, door, UNITS)
    place = (-5.15, 119.421 - 0.01)
    async with api.Turner(here.inventory.settings) as speaking:
        unknown = await api.aim(speaking, await control(here, scope, camera), place)
        async with here.db.transaction(scope) as tx:
            await api.say_bearing(here.inventory, scope, tx, camera, "3", 265.0)
            await api.say_bearing(here.inventory, scope, tx, camera, "1", 90.0)
        known = await api.aim(speaking, await control(here, scope, camera), place)
        await until(door, UNITS, "turn")
        async with here.db.transaction(scope) as tx:
            await api.say_bearing(here.inventory, scope, tx, camera, "3", None)
        asked = await control(here, scope, camera)

    assert (None, "not_measured") == (unknown.by, unknown.why)
    assert ("preset", "3", True) == (known.by, known.preset and known.preset.token, known.is_seen)
    assert {"1": 90.0} == asked.bearings
    assert ["ptz:preset"] * 3 == await deeds(here)


async def test_one_person_has_it_and_another_is_told_who_and_stands_in_line(
    here: World, door: OnvifDoor
) -> None:
    ani, budi = mover(here, "Ani"), mover(here, "Budi")
    camera = await add(here, door)
    await take(here, ani, camera)

    with pytest.raises(HeldError) as refused:
        await take(here, budi, camera)
    assert {"name": "Ani", "seconds": 15} == refused.value.params
    assert (await grip(here, ani, camera))["held"]["is_waited_for"]
    seen = await grip(here, budi, camera)
    assert ("Ani", False, False) == (
        seen["held"]["name"],
        seen["held"]["is_mine"],
        seen["may_take_over"],
    )

    here.clock.advance(15)
    assert (await grip(here, budi, camera))["held"] is None
    await take(here, budi, camera)
    assert (await grip(here, budi, camera))["held"]["is_mine"]
    assert ["ptz:taken", "ptz:taken"] == await deeds(here)


async def test_a_higher_rank_takes_it_with_a_reason_that_is_written_down(
    here: World, door: OnvifDoor
) -> None:
    ani, boss = mover(here, "Ani"), mover(here, "Citra", MOVE, OVERRIDE)
    camera = await add(here, door)
    await take(here, ani, camera, reserves=True)

    assert (await grip(here, boss, camera))["may_take_over"]
    with pytest.raises(ReasonNeededError):
        await take(here, boss, camera, takes_over=True, reason="  ")
    with pytest.raises(FieldError):
        await take(here, boss, camera, takes_over=True, reason="x" * 301)
    await take(here, boss, camera, takes_over=True, reason="Kebakaran di Pettarani")

    with pytest.raises(RankTooLowError):
        await take(here, ani, camera)
    rows = await here.rows("select reason, detail from audit_entry where action = 'ptz:taken_over'")
    assert ["Kebakaran di Pettarani"] == [row["reason"] for row in rows]
    assert str(ani.person_id) == json.loads(rows[0]["detail"])["person"]


async def test_moving_is_one_entry_a_minute_and_not_one_a_key(here: World, door: OnvifDoor) -> None:
    scope = mover(here, "Ani")
    camera = await add(here, door)
    for _ in range(61):
        async with here.db.transaction(scope) as tx:
            asked = await api.find_control(here.inventory, scope, tx, camera)
            (await api.hold_to_move(here.inventory, scope, tx, asked.camera)).require()
        here.clock.advance(1)

    assert ["ptz:taken", "ptz:move", "ptz:move"] == await deeds(here)


async def test_who_lets_go_frees_it_and_nobody_lets_go_for_another(
    here: World, door: OnvifDoor
) -> None:
    ani, budi = mover(here, "Ani"), mover(here, "Budi")
    camera = await add(here, door)
    await take(here, ani, camera)

    async with here.db.transaction(budi) as tx:
        assert not await api.let_go(here.inventory, budi, tx, camera)
    async with here.db.transaction(ani) as tx:
        assert await api.let_go(here.inventory, ani, tx, camera)

    assert (await grip(here, budi, camera))["held"] is None
    assert ["ptz:taken", "ptz:released"] == await deeds(here)


async def test_who_fell_silent_is_forgotten_and_the_pages_hear_of_it(
    here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door)
    await take(here, mover(here, "Ani"), camera)
    here.clock.advance(15)

    async with here.db.transaction(here.system) as tx:
        assert 1 == await api.forget_free(here.inventory, here.system, tx)
        assert 0 == await api.forget_free(here.inventory, here.system, tx)

    assert [] == await here.rows("select from camera_grip")
    told = await here.rows("select body from outbox where topic = 'cameras.ptz'")
    assert 2 == len(told)


async def test_two_who_ask_in_the_same_moment_do_not_both_have_it(
    here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door)
    people = [mover(here, f"Orang {n}") for n in range(4)]

    found = await asyncio.gather(
        *(take(here, scope, camera) for scope in people), return_exceptions=True
    )

    assert [type(None)] + [HeldError] * 3 == sorted(map(type, found), key=lambda one: one.__name__)[
        ::-1
    ]


async def test_nobody_turns_what_is_not_theirs(here: World, door: OnvifDoor) -> None:
    camera = await add(here, door)
    stranger = mover(replace(here, police=here.dishub), "Orang lain")
    viewer = mover(here, "Penonton", "camera:view")

    for scope in (stranger, viewer):
        with pytest.raises(CameraNotFoundError):
            await control(here, scope, camera)
        with pytest.raises(CameraNotFoundError):
            await take(here, scope, camera)
        with pytest.raises(CameraNotFoundError):
            async with here.db.transaction(scope) as tx:
                await api.say_bearing(here.inventory, scope, tx, camera, "1", 1.0)


async def test_a_camera_that_does_not_turn_says_so(here: World, door: OnvifDoor) -> None:
    scope = mover(here, "Ani")
    fixed = await add(here, door)
    await here.change(EVERYTHING, fixed, 1, is_ptz=False)

    with pytest.raises(NotTurningError):
        await control(here, scope, fixed)


async def test_a_wrong_password_has_a_word_of_its_own(here: World, door: OnvifDoor) -> None:
    scope = mover(here, "Ani")
    camera = await add(here, door)
    async with api.Turner(here.inventory.settings) as speaking:
        asked = await control(here, scope, camera)
        wrong = replace(asked, login=api.Credentials("operator", "salah"))
        with pytest.raises(TurningLoginError):
            await api.move(speaking, wrong, Velocity(pan=1))
        # A login that was set right meanwhile is used at once.
        await api.move(speaking, asked, Velocity())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://10.0.0.9/onvif/device_service", ControlElsewhereError),
        ("http://127.0.0.1.evil.example/", ControlElsewhereError),
        ("http://169.254.169.254/", ForbiddenAddressError),
        ("ftp://127.0.0.1/", SchemeError),
        ("http://a:b@127.0.0.1/", UrlInvalidError),
        ("http://127.0.0.1/?password=x", UrlInvalidError),
        ("http://127.0.0.1:99999/", UrlInvalidError),
        ("http:/x", UrlInvalidError),
        ("http://127.0.0.1/\nx", UrlInvalidError),
    ],
)
async def test_the_login_is_never_sent_to_another_host(
    here: World, door: OnvifDoor, url: str, expected: type[FieldError]
) -> None:
    camera = await add(here, door)

    with pytest.raises(expected):
        await here.change(EVERYTHING, camera, 1, control_url=url)


async def test_a_stream_that_moves_takes_its_control_address_along_or_not_at_all(
    here: World, door: OnvifDoor
) -> None:
    camera = await add(here, door)
    moved = api.StreamChange("main", "rtsp://10.0.0.9/main", None, "operator", "baru")

    with pytest.raises(ControlElsewhereError):
        await here.change(EVERYTHING, camera, 1, streams=[moved])
    await here.change(EVERYTHING, camera, 1, streams=[moved], control_url="")

    asked = await control(here, mover(here, "Ani"), camera)
    assert "http://10.0.0.9/onvif/device_service" == asked.url
    shown = await here.shown(EVERYTHING, camera)
    assert (None, None) == (shown["control_url"], shown["pan_span_deg"])


@pytest.mark.parametrize("bearing", [-1.0, 361.0])
async def test_a_bearing_is_between_north_and_north(
    here: World, door: OnvifDoor, bearing: float
) -> None:
    camera = await add(here, door)

    with pytest.raises(OutOfRangeError):
        async with here.db.transaction(EVERYTHING) as tx:
            await api.say_bearing(here.inventory, EVERYTHING, tx, camera, "1", bearing)


def test_the_settings_say_how_long_a_camera_may_take() -> None:
    assert 0 < CameraSettings().ptz_timeout_s < 10
