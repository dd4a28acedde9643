"""How cameras are doing: reported in batches, told when it changes, not believed for ever."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.cameras.world import EVERYTHING, World
from tests.scopes import scope_of
from warroom.cameras import api
from warroom.cameras.contracts import StateReport, StreamPicture
from warroom.cameras.jobs import silence_states
from warroom.cameras.settings import CameraSettings
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.jobs import Worker
from warroom.kernel.scope import Rule
from warroom.kernel.secrets import Sealer
from warroom.kernel.services import Services
from warroom.places.api import Atlas


def live(world: World, camera_id: UUID, **more: Any) -> StateReport:
    now = world.clock.now()
    values: dict[str, Any] = {
        "state": "live",
        "since": now,
        "last_frame_at": now,
        "fps": 12.5,
        "kbit_s": 900.0,
        "recording": True,
        "node": "rec-1",
    }
    return StateReport(camera_id, **(values | more))


async def report(world: World, *reports: StateReport) -> int:
    async with world.db.transaction(world.system) as tx:
        return await api.report_states(world.inventory, world.system, tx, reports)


async def told(world: World) -> list[Any]:
    rows = await world.rows("select * from outbox where topic = 'cameras.state' order by id")
    return [(row["agency_id"], row["place"], msgspec.json.decode(row["body"])) for row in rows]


async def state(world: World, camera_id: UUID) -> dict[str, Any]:
    return (await world.shown(EVERYTHING, camera_id))["state"]  # type: ignore[no-any-return]


async def silence(world: World) -> None:
    services = Services(
        {
            Sealer: world.inventory.sealer,
            Atlas: world.inventory.atlas,
            CameraSettings: world.inventory.settings,
        }
    )
    await silence_states(Worker(world.db, world.system, world.clock, services))


async def test_a_report_is_shown_and_told_as_the_pages_expect_it(world: World) -> None:
    camera_id = await world.add(1)

    changed = await report(
        world,
        live(
            world,
            camera_id,
            clock_offset_ms=-1200.5,
            clock_uncertainty_ms=20,
            pictures=(StreamPicture("main", "avc1.64001e", 640, 360),),
        ),
    )

    expected = {
        "state": "live",
        "since": "2026-11-24T06:00:00.000Z",
        "last_frame_at": "2026-11-24T06:00:00.000Z",
        "fps": 12.5,
        "kbit_s": 900,
        "clock_offset_ms": -1200.5,
        "clock_uncertainty_ms": 20,
        "recording": True,
    }
    assert changed == 1
    assert await state(world, camera_id) == expected
    assert await told(world) == [
        (world.police, "73.71.01.1001", {"id": str(camera_id), "state": expected})
    ]
    shown = await world.shown(EVERYTHING, camera_id)
    assert shown["codec"] == "avc1.64001e"
    assert (shown["streams"][0]["width"], shown["streams"][0]["height"]) == (640, 360)


async def test_statistics_alone_are_stored_and_not_told(world: World) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))

    changed = await report(world, live(world, camera_id, fps=10.0))

    assert changed == 0
    assert (await state(world, camera_id))["fps"] == 10
    assert len(await told(world)) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"state": "late"},
        {"state": "offline", "reason": "unreachable", "recording": False},
        {"recording": False},
    ],
)
async def test_a_change_of_state_reason_or_recording_is_told(
    world: World, more: dict[str, Any]
) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))

    assert await report(world, live(world, camera_id, **more)) == 1
    assert len(await told(world)) == 2


async def test_one_camera_reported_twice_in_a_batch_has_its_last_state(world: World) -> None:
    camera_id = await world.add(1)

    await report(world, live(world, camera_id), live(world, camera_id, state="late"))

    assert (await state(world, camera_id))["state"] == "late"


async def test_an_unknown_camera_harms_no_other(world: World) -> None:
    camera_id = await world.add(1)

    assert await report(world, live(world, new_id()), live(world, camera_id)) == 1


async def test_a_frame_once_seen_is_remembered_while_offline(world: World) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))
    await report(world, live(world, camera_id, state="offline", last_frame_at=None, fps=None))

    assert (await state(world, camera_id))["last_frame_at"] == "2026-11-24T06:00:00.000Z"


async def test_a_silent_node_makes_its_cameras_unknown_not_live(world: World) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))
    world.clock.advance(29)
    before = await state(world, camera_id)

    world.clock.advance(2)

    after = await state(world, camera_id)
    assert before["state"] == "live"
    assert (after["state"], after["reason"], after["recording"], after.get("fps")) == (
        "unknown",
        "node_silent",
        False,
        None,
    )
    assert after["since"] == "2026-11-24T06:00:00.000Z"
    assert (await world.listed(EVERYTHING, state="live"))["total"] == 0
    assert (await world.listed(EVERYTHING, state="unknown"))["total"] == 1


async def test_the_pages_are_told_once_that_a_node_is_silent_and_when_it_speaks_again(
    world: World,
) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))
    world.clock.advance(31)

    await silence(world)
    await silence(world)
    await report(world, live(world, camera_id))

    states = [event[2]["state"]["state"] for event in await told(world)]
    assert states == ["live", "unknown", "live"]
    assert (await told(world))[1][2]["state"] == await_state_of_silence(world)


def await_state_of_silence(world: World) -> dict[str, Any]:
    began = "2026-11-24T06:00:00.000Z"
    return {
        "state": "unknown",
        "since": began,
        "reason": "node_silent",
        "last_frame_at": began,
        "recording": False,
    }


async def test_a_camera_switched_off_is_unknown_for_that_reason(world: World) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))

    await world.change(world.police_admin, camera_id, 1, enabled=False)

    shown = await state(world, camera_id)
    assert (shown["state"], shown["reason"], shown["recording"]) == ("unknown", "disabled", False)


async def test_states_are_counted_under_the_scope(world: World) -> None:
    ids = [await world.add(number) for number in range(1, 5)]
    other = await world.add(9, agency_id=world.dishub)
    await report(
        world,
        live(world, ids[0]),
        live(world, ids[1], state="late"),
        live(world, ids[2], state="offline", reason="auth", recording=False),
        live(world, other),
    )

    async with world.db.transaction(world.police_viewer) as tx:
        counts = await api.count_states(world.inventory, world.police_viewer, tx)

    assert msgspec.json.decode(counts) == {
        "live": 1,
        "late": 1,
        "offline": 1,
        "unknown": 1,
        "recording": 2,
        "total": 4,
    }


async def test_no_person_may_report(world: World) -> None:
    camera_id = await world.add(1)
    person = scope_of(Rule(frozenset({"*"})), person_id=new_id())

    async with world.db.transaction(person) as tx:
        with pytest.raises(NotFoundError):
            await api.report_states(world.inventory, person, tx, [live(world, camera_id)])
    async with world.db.transaction(world.police_viewer) as tx:
        with pytest.raises(NotFoundError):
            await api.silence(world.inventory, world.police_viewer, tx)


async def test_cameras_are_leased_to_one_node_each_and_taken_over(world: World) -> None:
    for number in range(1, 6):
        await world.add(number)
    off = await world.add(6, enabled=False)

    async def claim(node: str, capacity: int) -> set[UUID]:
        async with world.db.transaction(world.system) as tx:
            configs = await api.claim_streams(world.inventory, world.system, tx, node, capacity)
        return {config.camera_id for config in configs}

    first, second = await claim("rec-1", 3), await claim("rec-2", 10)
    kept = await claim("rec-1", 3)
    await world.rows(
        "update lease set until = clock_timestamp() - %(past)s where holder = 'rec-1' returning 1",
        {"past": timedelta(seconds=1)},
    )
    # It is silent for long, and the other was there all the while.
    await world.rows(
        "update lease_holder set seen_at = seen_at - %(past)s, since = since - %(past)s"
        " where holder = 'rec-1' returning 1",
        {"past": timedelta(hours=1)},
    )
    await world.rows(
        "update lease_holder set since = since - %(past)s where holder = 'rec-2' returning 1",
        {"past": timedelta(hours=1)},
    )
    taken = await claim("rec-2", 10)

    assert (len(first), len(second), kept) == (3, 2, first)
    assert not first & second
    assert off not in first | second
    assert taken == first | second


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fps": 12.3, "kbit_s": 0.1, "clock_offset_ms": -1234.5, "clock_uncertainty_ms": 1e9},
        {"fps": None, "kbit_s": None, "last_frame_at": None, "state": "offline"},
        {"reason": 'auth "x" \\ {y}\n', "recording": False, "state": "late"},
    ],
)
async def test_the_text_kept_of_a_state_says_what_its_columns_say(
    world: World, more: dict[str, Any]
) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id, **more))

    row = (await world.rows("select * from camera_state"))[0]
    told = msgspec.json.decode(row["listed"])

    words = ("state", "reason", "fps", "kbit_s", "clock_offset_ms", "clock_uncertainty_ms")
    expected = {word: row[word] for word in (*words, "recording") if row[word] is not None}
    for word in ("since", "last_frame_at"):
        if row[word] is not None:
            expected[word] = row[word].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert told == expected
    assert await state(world, camera_id) == told


async def test_a_fault_of_the_bit_rate_is_told_when_it_comes_and_goes(world: World) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))

    changes = [
        await report(world, live(world, camera_id, bitrate=fault))
        for fault in ("unusual", "unusual", "over_ceiling", None)
    ]

    assert [1, 0, 1, 1] == changes


async def test_the_recorder_is_told_whose_a_camera_is_and_what_it_may_send(world: World) -> None:
    await world.add(1, ceiling_kbit_s=9000)

    async with world.db.transaction(world.system) as tx:
        [config] = await api.list_streams(world.inventory, world.system, tx)

    assert 9000 == config.ceiling_kbit_s
    assert config.agency
