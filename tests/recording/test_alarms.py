"""Alarms: raised while something is wrong, kept with their begin, told in scope, cleared."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.cameras.test_states import live
from tests.cameras.world import EVERYTHING, World
from tests.scopes import scope_of
from warroom.cameras import api as cameras
from warroom.cameras.contracts import StateReport, UnrecordedCamera
from warroom.kernel.scope import Rule, Scope
from warroom.recording import api
from warroom.recording.alarm_rules import due_alarms
from warroom.recording.contracts import DiskState, NodeReport, StreamState
from warroom.recording.gateway import CameraGateway
from warroom.recording.store import alarms

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
DISK = {
    "label": "disk 1",
    "state": "ok",
    "bytes": 10,
    "quota_bytes": 1000,
    "held_bytes": 0,
    "losing": 0,
    "unknown_holds": 0,
}


def seconds_ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def unrecorded(since: datetime, **more: Any) -> UnrecordedCamera:
    values: dict[str, Any] = {
        "camera_id": UUID(int=7),
        "number": 7,
        "name": "Simpang Lima",
        "agency_id": UUID(int=1),
        "place": "73.71.01",
        "tags": (),
        "retention_class": "standard",
        "state": "offline",
        "reason": "unreachable",
        "node": "rec-1",
        "since": since,
        "changed_at": LONG_AGO,
    }
    return UnrecordedCamera(**(values | more))


def kinds(*nodes: NodeReport, watching_since: datetime = LONG_AGO) -> list[tuple[str, str, str]]:
    alarms = due_alarms([], nodes, NOW, watching_since)
    return [(alarm.kind, alarm.level, alarm.subject) for alarm in alarms]


def node(reported_at: datetime = NOW, **disk: Any) -> NodeReport:
    return NodeReport("rec-1", reported_at, [DISK | disk])


def test_a_camera_is_an_alarm_after_fifteen_seconds_and_says_since_when() -> None:
    [alarm] = due_alarms([unrecorded(seconds_ago(15))], [], NOW, LONG_AGO)

    assert due_alarms([unrecorded(seconds_ago(14))], [], NOW, LONG_AGO) == []
    assert (alarm.kind, alarm.level, alarm.since) == (
        "camera_not_recorded",
        "alarm",
        seconds_ago(15),
    )
    assert alarm.detail == {
        "number": 7,
        "name": "Simpang Lima",
        "state": "offline",
        "reason": "unreachable",
    }


def test_a_camera_just_enabled_or_watched_has_its_fifteen_seconds_too() -> None:
    just_changed = unrecorded(LONG_AGO, changed_at=seconds_ago(5))

    assert due_alarms([just_changed], [], NOW, LONG_AGO) == []
    assert due_alarms([unrecorded(LONG_AGO)], [], NOW, seconds_ago(5)) == []


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("ok", []),
        ("slow", [("disk_slow", "warning", "rec-1/disk 1")]),
        ("full", [("disk_full", "alarm", "rec-1/disk 1")]),
        ("error", [("disk_error", "alarm", "rec-1/disk 1")]),
    ],
)
def test_a_disk_in_trouble_is_an_alarm(state: str, expected: list[tuple[str, str, str]]) -> None:
    assert kinds(node(state=state)) == expected


@pytest.mark.parametrize(
    ("held", "levels"), [(500, []), (501, ["warning"]), (900, ["warning"]), (901, ["alarm"])]
)
def test_holds_warn_at_half_the_quota_and_alarm_when_the_ring_has_less_than_its_share(
    held: int, levels: list[str]
) -> None:
    found = kinds(node(held_bytes=held))

    assert found == [("holds_fill_disk", level, "rec-1/disk 1") for level in levels]


def test_holds_that_only_the_disk_knows_are_told() -> None:
    assert kinds(node(unknown_holds=2)) == [("holds_unknown", "warning", "rec-1/disk 1")]


def test_a_silent_recorder_is_an_alarm_and_its_disks_are_not_spoken_of() -> None:
    silent = node(seconds_ago(10), state="error")

    assert kinds(silent) == [("recorder_away", "alarm", "rec-1")]
    assert kinds(silent, watching_since=seconds_ago(9)) == [("disk_error", "alarm", "rec-1/disk 1")]


def now_scope(world: World, scope: Scope) -> Scope:
    return replace(scope, at=world.clock.now())


async def judged(world: World) -> int:
    scope = now_scope(world, world.system)
    async with world.db.transaction(scope) as tx:
        return await api.judge_alarms(world.inventory, scope, tx)


async def seen(world: World, scope: Scope, cleared_hours: float = 0) -> list[dict[str, Any]]:
    scope = now_scope(world, scope)
    async with world.db.transaction(scope) as tx:
        items: list[dict[str, Any]] = (await api.list_alarms(scope, tx, cleared_hours))["items"]
        return items


async def told(world: World) -> list[Any]:
    rows = await world.rows("select * from outbox where topic = 'recording.alarm' order by id")
    return [(row["agency_id"], msgspec.json.decode(row["body"])) for row in rows]


def viewer(agency: UUID | None) -> Scope:
    agencies = None if agency is None else frozenset({agency})
    return scope_of(Rule(frozenset({"recording:view"}), agencies=agencies), agency_id=agency)


async def report(world: World, *reports: StateReport) -> None:
    async with world.db.transaction(world.system) as tx:
        await cameras.report_states(world.inventory, world.system, tx, reports)


async def test_a_camera_that_stops_being_recorded_is_told_once_and_cleared_when_it_is_again(
    world: World,
) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))
    assert await judged(world) == 0
    world.clock.advance(5)
    stopped_at = world.clock.now()
    await report(world, live(world, camera_id, state="offline", reason="auth", recording=False))
    counts = []
    for _ in range(10):
        world.clock.advance(2)
        await report(world, live(world, camera_id, state="offline", reason="auth", recording=False))
        counts.append(await judged(world))

    [alarm] = await seen(world, viewer(world.police))
    await report(world, live(world, camera_id))
    world.clock.advance(2)
    await judged(world)

    assert counts == [0] * 7 + [1, 0, 0]
    assert (alarm["kind"], alarm["since"], alarm["reason"]) == (
        "camera_not_recorded",
        stopped_at,
        "auth",
    )
    assert await seen(world, viewer(world.police)) == []
    [cleared] = await seen(world, viewer(world.police), cleared_hours=1)
    assert (cleared["id"], cleared["cleared_at"]) == (alarm["id"], world.clock.now())
    assert [(agency, body["change"]) for agency, body in await told(world)] == [
        (world.police, "raised"),
        (world.police, "cleared"),
    ]


async def test_alarms_are_seen_by_those_who_may_see_the_footage_and_machines_by_the_city_alone(
    world: World,
) -> None:
    await world.add(1)
    for _ in range(9):
        await judged(world)
        world.clock.advance(2)
    gateway = gateway_of(world)
    await gateway.report_states([], [DiskState("/video", "full", 5, 10, None)])
    await judged(world)

    own = await seen(world, viewer(world.police))
    other = await seen(world, viewer(world.dishub))
    city = await seen(world, viewer(None))
    nobody = await seen(world, world.agencyless)

    assert [alarm["kind"] for alarm in own] == ["camera_not_recorded"]
    assert [other, nobody] == [[], []]
    assert sorted(alarm["kind"] for alarm in city) == ["camera_not_recorded", "disk_full"]
    assert own[0]["state"] == "unknown"


async def test_alarms_are_counted_of_what_one_may_see_where_the_wall_is_wide(world: World) -> None:
    await world.add(1)
    await world.add(2, agency_id=world.dishub)
    for _ in range(9):
        await judged(world)
        world.clock.advance(2)
    wide = Rule(frozenset({"camera:view"}))
    own = Rule(frozenset({"recording:view"}), agencies=frozenset({world.police}))
    counts = []
    for scope in (scope_of(wide, own), scope_of(wide, Rule(frozenset({"recording:view"})))):
        async with world.db.transaction(scope) as tx:
            counts.append([row["n"] for row in await alarms.count_alarms(scope, tx)])

    assert counts == [[1], [2]]


def gateway_of(world: World) -> CameraGateway:
    async def claim(*_: Any) -> Any:
        return []

    async def take(scope: Scope, tx: Any, reports: list[StateReport]) -> None:
        await cameras.report_states(world.inventory, scope, tx, reports)

    return CameraGateway(world.db, lambda: now_scope(world, world.system), "rec-1", claim, take)


async def test_a_recorder_that_says_nothing_more_is_an_alarm_within_seconds(
    world: World,
) -> None:
    gateway = gateway_of(world)
    await gateway.report_states([], [DiskState("/video", "ok", 5, 10, None)])
    last_word = world.clock.now()
    for _ in range(6):
        await judged(world)
        world.clock.advance(2)

    await judged(world)
    [alarm] = await seen(world, viewer(None))
    await gateway.report_states([], [DiskState("/video", "ok", 5, 10, None)])
    await judged(world)

    assert (alarm["kind"], alarm["since"], alarm["node"]) == ("recorder_away", last_word, "rec-1")
    assert await seen(world, viewer(None)) == []


async def test_after_a_pause_of_the_watch_itself_nobody_is_called_silent_at_once(
    world: World,
) -> None:
    await gateway_of(world).report_states([], [DiskState("/video", "ok", 5, 10, None)])
    await judged(world)
    world.clock.advance(3600)

    assert await judged(world) == 0
    world.clock.advance(9)
    assert await judged(world) == 0
    world.clock.advance(2)
    assert await judged(world) == 1


async def test_a_camera_whose_disk_takes_nothing_is_not_called_recorded(world: World) -> None:
    camera_id = str(await world.add(1))
    now_ms = round(world.clock.now().timestamp() * 1000)
    gateway = gateway_of(world)
    state = StreamState(camera_id, "main", "live", now_ms, is_recording=True)
    failing = DiskState("/video", "full", 5, 10, None, losing=(camera_id,))
    fine = DiskState("/video", "ok", 5, 10, None)

    said = []
    for states, disk in (([state], fine), ([], failing), ([], fine)):
        await gateway.report_states(states, [disk])
        [row] = await world.rows("select recording from camera_state")
        said.append(row["recording"])

    assert said == [True, False, True]


async def test_counts_cover_every_open_alarm_in_view(world: World) -> None:
    for number in (1, 2, 3):
        await world.add(number)
    for _ in range(9):
        await judged(world)
        world.clock.advance(2)
    scope = now_scope(world, viewer(world.police))

    async with world.db.transaction(scope) as tx:
        counts = (await api.list_alarms(scope, tx, 0))["open"]

    [row] = await world.rows("select min(created_at) as at from camera")
    assert counts == [
        {"kind": "camera_not_recorded", "level": "alarm", "count": 3, "since": row["at"]}
    ]


async def test_a_camera_over_its_ceiling_is_an_alarm_and_its_state_says_so(world: World) -> None:
    camera_id = await world.add(1)
    await report(world, live(world, camera_id))
    await judged(world)

    await report(world, live(world, camera_id, bitrate="unusual"))
    await judged(world)
    [warning] = await seen(world, viewer(world.police))
    over = live(world, camera_id, state="offline", reason="over_ceiling", bitrate="over_ceiling")
    await report(world, over)
    await judged(world)
    [alarm] = await seen(world, viewer(world.police))
    foreign = await seen(world, viewer(world.dishub))
    shown = (await world.shown(EVERYTHING, camera_id))["state"]
    await report(world, live(world, camera_id))
    await judged(world)

    assert ("camera_bitrate", "warning", "unusual") == (
        warning["kind"],
        warning["level"],
        warning["reason"],
    )
    assert (warning["id"], "alarm", "over_ceiling") == (
        alarm["id"],
        alarm["level"],
        alarm["reason"],
    )
    assert "over_ceiling" == shown["bitrate"]
    assert [] == foreign
    assert [] == await seen(world, viewer(world.police))
    assert "bitrate" not in (await world.shown(EVERYTHING, camera_id))["state"]


def test_a_disk_too_small_for_what_is_guaranteed_warns() -> None:
    assert [("disk_short", "warning", "rec-1/disk 1")] == kinds(node(is_short=True))
