"""Holds: set, changed, released and ended in scope, each with its audit entry, known to disks."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cameras.world import World
from tests.recording.node import settings as recorder_settings
from tests.recording.node import wait_until
from tests.recording.test_disk import MINUTE_MS, add, disk_at, new_segment, put_file, segments_of
from tests.scopes import scope_of
from warroom.kernel.db import Database
from warroom.kernel.errors import InvalidError, NotFoundError, WarRoomError
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.secrets import Sealer
from warroom.recording import api, control
from warroom.recording.contracts import HOLD, Hold, HoldDraft
from warroom.recording.control import AssignmentCache, Control
from warroom.recording.disk import Disk
from warroom.recording.errors import ForeignHoldError, HoldNotFoundError
from warroom.recording.gateway import CameraGateway, camera_gateway
from warroom.recording.hold_rules import check_draft, state_of
from warroom.recording.index import Index
from warroom.recording.index_reader import IndexReader
from warroom.recording.settings import DiskSettings, RecordingSettings

AT_MS = 1_795_500_000_000
"""2026-11-24T06:00:00Z, the clock of the tests."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "video"


@pytest.fixture
def index(folder: Path) -> Iterator[Index]:
    made = Index(folder)
    yield made
    made.close()


@pytest.fixture
def holds(world: World, folder: Path, tmp_path: Path) -> api.HoldService:
    values = RecordingSettings(disks=[DiskSettings(str(folder), 1 << 30)])
    return api.make_holds(world.db, world.clock, values, tmp_path)


def holder(agency: UUID, *, of: UUID | None = None, **rule: Any) -> Scope:
    """Somebody of `agency` who may hold the footage of the cameras of `of`."""
    rules = Rule(frozenset({HOLD}), agencies=frozenset({of or agency}), **rule)
    return replace(
        scope_of(rules, agency_id=agency, person_id=new_id()),
        label="Andi Rahman",
        agency_label="Polrestabes",
    )


def draft(
    world: World, *cameras: UUID, minutes: tuple[float, float] = (-60, -30), **more: Any
) -> HoldDraft:
    start, end = (world.clock.now() + timedelta(minutes=m) for m in minutes)
    return HoldDraft(cameras, start, end, more.pop("reason", "Tabrak lari"), **more)


async def audited(world: World) -> list[tuple[str, UUID, str | None, dict[str, Any]]]:
    rows = await world.rows(
        "select action, owner_agency_id, reason, detail from audit_entry"
        " where action like 'recording:hold%%' order by id"
    )
    return [
        (row["action"], row["owner_agency_id"], row["reason"], json.loads(row["detail"]))
        for row in rows
    ]


async def test_a_hold_says_who_why_how_large_and_what_is_missing_already(
    world: World, holds: api.HoldService, index: Index
) -> None:
    camera_id = await world.add(1)
    name = str(camera_id)
    add(
        index,
        new_segment(name, AT_MS - 50 * MINUTE_MS, 1000),
        new_segment(name, AT_MS - 45 * MINUTE_MS, 2000),
    )
    with index.transaction():
        index.begin_gap(name, "main", AT_MS - 49 * MINUTE_MS, "unreachable")
        index.end_gap(name, "main", AT_MS - 45 * MINUTE_MS)

    [made] = await holds.add(
        holder(world.police), draft(world, camera_id, minutes=(-52, -44), case_number=" LP/1 ")
    )

    assert (made["bytes"], made["missing_s"]) == (3000, 6 * 60)
    assert [
        (round((g["start"] - made["from"]).total_seconds() / 60), g["cause"])
        for g in made["missing"]
    ] == [(0, "not_kept"), (3, "unreachable")]
    assert (made["created_by"], made["held_by"], made["reason"], made["case_number"]) == (
        "Andi Rahman",
        "Polrestabes",
        "Tabrak lari",
        "LP/1",
    )
    assert (made["state"], made["may_release"]) == ("held", True)
    assert await audited(world) == [
        (
            "recording:hold",
            world.police,
            "Tabrak lari",
            {
                "hold": str(made["id"]),
                "from": "2026-11-24T05:08:00+00:00",
                "to": "2026-11-24T05:16:00+00:00",
                "until": None,
                "case_number": "LP/1",
            },
        )
    ]


async def test_a_hold_of_several_cameras_is_made_for_all_of_them_or_none(
    world: World, holds: api.HoldService
) -> None:
    own = await world.add(1)
    foreign = await world.add(2, agency_id=world.dishub)
    scope = holder(world.police)

    with pytest.raises(NotFoundError):
        await holds.add(scope, draft(world, own, foreign))

    assert (await holds.list_holds(scope))["items"] == []
    assert await audited(world) == []


async def test_holds_are_seen_by_those_who_may_hold_that_camera_alone(
    world: World, holds: api.HoldService
) -> None:
    camera_id = await world.add(1, tags=("lobi",))
    [made] = await holds.add(holder(world.police), draft(world, camera_id))

    granted = holder(world.dishub, of=world.police)
    denied = scope_of(
        Rule(frozenset({HOLD}), agencies=frozenset({world.police})),
        Rule(frozenset({HOLD}), tags=frozenset({"lobi"}), deny=True),
    )
    viewer = scope_of(Rule(frozenset({"recording:view"}), agencies=frozenset({world.police})))
    seen = {
        name: [item["id"] for item in (await holds.list_holds(scope))["items"]]
        for name, scope in {
            "granted": granted,
            "other": holder(world.dishub),
            "denied": denied,
            "viewer": viewer,
            "nobody": world.agencyless,
        }.items()
    }

    assert seen.pop("granted") == [made["id"]]
    assert list(seen.values()) == [[]] * 4
    for scope in (holder(world.dishub), denied, viewer, world.agencyless):
        for answer in (holds.show(scope, made["id"]), holds.release(scope, made["id"], "x")):
            with pytest.raises(NotFoundError):
                await answer


async def test_a_right_lent_for_some_footage_holds_that_footage_alone(
    world: World, holds: api.HoldService
) -> None:
    camera_id = await world.add(1)
    lent = holder(
        world.dishub,
        of=world.police,
        footage_from=world.clock.now() - timedelta(hours=1),
        footage_to=world.clock.now(),
    )
    [before] = await holds.add(holder(world.police), draft(world, camera_id, minutes=(-200, -100)))

    [within] = await holds.add(lent, draft(world, camera_id, minutes=(-60, -30)))
    with pytest.raises(NotFoundError):
        await holds.add(lent, draft(world, camera_id, minutes=(-61, -30)))

    assert [item["id"] for item in (await holds.list_holds(lent))["items"]] == [within["id"]]
    with pytest.raises(NotFoundError):
        await holds.show(lent, before["id"])
    with pytest.raises(HoldNotFoundError):  # not that it is another agency's
        await holds.release(lent, before["id"], "x")


async def test_only_the_agency_that_set_a_hold_releases_it_or_the_machine_itself(
    world: World, holds: api.HoldService
) -> None:
    camera_id = await world.add(1)
    police_with_grant, owner = holder(world.police, of=world.dishub), holder(world.dishub)
    camera_id = await world.add(2, agency_id=world.dishub)
    [made] = await holds.add(police_with_grant, draft(world, camera_id))

    [listed] = (await holds.list_holds(owner))["items"]
    with pytest.raises(ForeignHoldError):
        await holds.release(owner, made["id"], "tidak perlu lagi")
    with pytest.raises(ForeignHoldError):
        await holds.change(owner, made["id"], "x", until_at=None)
    await holds.release(police_with_grant, made["id"], "perkara selesai")

    assert listed["may_release"] is False
    assert (await holds.list_holds(owner))["items"] == []
    [over] = (await holds.list_holds(owner, released=True))["items"]
    assert (over["state"], over["release_reason"], over["released_by"]) == (
        "released",
        "perkara selesai",
        "Andi Rahman",
    )
    assert [(row[0], row[2]) for row in await audited(world)] == [
        ("recording:hold", "Tabrak lari"),
        ("recording:hold_released", "perkara selesai"),
    ]
    with pytest.raises(NotFoundError):
        await holds.release(police_with_grant, made["id"], "again")


async def test_a_change_moves_the_end_and_the_case_and_is_audited_with_both(
    world: World, holds: api.HoldService
) -> None:
    camera_id, scope = await world.add(1), holder(world.police)
    until = world.clock.now() + timedelta(days=30)
    [made] = await holds.add(scope, draft(world, camera_id, until_at=until))

    sooner = await holds.change(
        scope, made["id"], "sidang", until_at=world.clock.now() + timedelta(days=6)
    )
    case = await holds.change(scope, made["id"], "berkas", case_number="LP/9")
    never = await holds.change(scope, made["id"], "banding", until_at=None)

    assert [made["state"], sooner["state"], case["state"], never["state"]] == [
        "held",
        "ends_soon",
        "ends_soon",
        "held",
    ]
    assert (case["case_number"], never["case_number"], never["until_at"]) == ("LP/9", "LP/9", None)
    [_, moved, *_] = await audited(world)
    assert moved[0] == "recording:hold_changed"
    assert moved[3]["until"] == ["2026-12-24T06:00:00+00:00", "2026-11-30T06:00:00+00:00"]


async def test_a_hold_ends_by_itself_at_its_time_and_warns_a_day_before(
    world: World, holds: api.HoldService
) -> None:
    camera_id, scope = await world.add(1), holder(world.police)
    until = world.clock.now() + timedelta(hours=30)
    [made] = await holds.add(scope, draft(world, camera_id, until_at=until))

    counts, alarms = [], []
    for hours in (0, 10, 20):
        world.clock.advance(hours * 3600)
        system = replace(world.system, at=world.clock.now())
        counts.append(await holds.expire(system))
        async with world.db.transaction(system) as tx:
            await api.judge_alarms(world.inventory, system, tx)
            found = (await api.list_alarms(system, tx, 0))["items"]
        alarms.append([alarm["hold"] for alarm in found if alarm["kind"] == "hold_ends"])

    [over] = (await holds.list_holds(scope, released=True))["items"]
    assert counts == [0, 0, 1]
    assert alarms == [[], [str(made["id"])], []]
    assert (over["state"], over["released_at"], over["released_by"]) == ("expired", until, "")
    assert [row[0] for row in await audited(world)] == ["recording:hold", "recording:hold_expired"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"reason": " "}, "recording.no_reason"),
        ({"reason": "x" * 501}, "recording.no_reason"),
        ({"case_number": "x" * 81}, "recording.case_too_long"),
        ({"minutes": (-30, -30)}, "recording.bad_range"),
        ({"minutes": (1, 2)}, "recording.hold_ahead"),
        ({"minutes": (-1, 32 * 24 * 60)}, "recording.hold_too_long"),
        ({"until_at": "now"}, "recording.hold_over"),
        ({"cameras": 0}, "recording.hold_cameras"),
        ({"cameras": 51}, "recording.hold_cameras"),
    ],
)
async def test_a_hold_that_cannot_be_is_refused_with_what_to_do(
    world: World, more: dict[str, Any], code: str
) -> None:
    cameras = [new_id() for _ in range(more.pop("cameras", 1))]
    if more.get("until_at") == "now":
        more["until_at"] = world.clock.now()

    with pytest.raises(InvalidError) as refused:
        check_draft(draft(world, *cameras, **more), world.clock.now())

    assert refused.value.code == code


async def test_pages_of_holds_follow_each_other_newest_first(
    world: World, holds: api.HoldService
) -> None:
    camera_id, scope = await world.add(1), holder(world.police)
    made = [(await holds.add(scope, draft(world, camera_id)))[0]["id"] for _ in range(5)]

    seen, after = [], None
    while True:
        page = await holds.list_holds(scope, after=after, limit=2)
        seen.append([item["id"] for item in page["items"]])
        after = page["next"]
        if after is None:
            break

    newest = made[::-1]
    assert seen == [newest[0:2], newest[2:4], newest[4:]]


def test_a_released_hold_whose_time_had_come_anyway_is_called_released(world: World) -> None:
    now = world.clock.now()

    assert state_of(now, new_id(), now, now) == "released"
    assert state_of(now, None, None, now) == "released"
    assert state_of(now, None, now, now) == "expired"


class Loop:
    """An engine that passes holds to one disk and has no cameras."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk

    def post(self, work: Any) -> None:
        work()

    def assign(self, assignments: Any) -> None:
        del assignments

    def set_holds(self, holds: list[Hold]) -> None:
        self.disk.set_holds(holds)

    def take_reports(self) -> list[Any]:
        return []

    def disk_states(self) -> list[Any]:
        return [self.disk.state()]


def held_on(folder: Path) -> list[str]:
    with contextlib.closing(IndexReader(folder)) as reader:
        return [hold.hold_id for hold in reader.all_holds()]


async def test_a_hold_reaches_the_disk_by_notification_and_so_does_its_release(
    world: World,
    holds: api.HoldService,
    folder: Path,
    tmp_path: Path,
    connections: Connections,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Asked again only after a minute: what arrives was told.
    monkeypatch.setattr(control, "REFRESH_S", 60.0)
    camera_id, scope = await world.add(1), holder(world.police)
    disk = disk_at(folder)
    disk.start()
    assert disk.is_ready.wait(10)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    @contextlib.asynccontextmanager
    async def gateway() -> AsyncIterator[CameraGateway]:
        async def claim(*_: Any) -> Any:
            loop.call_soon_threadsafe(asked.set)
            return []

        async def report(*_: Any) -> None: ...

        def at() -> Scope:
            return replace(world.system, at=world.clock.now())

        async with camera_gateway(
            Database(connections.app, max_size=2), at, "rec-1", claim, report
        ) as made:
            yield made

    cache = AssignmentCache(tmp_path / "cache", Sealer(bytes(32)))
    controlled = Control(Loop(disk), cache, gateway)
    controlled.start()
    try:
        await asyncio.wait_for(asked.wait(), 10)
        [made] = await holds.add(scope, draft(world, camera_id))
        await asyncio.to_thread(wait_until, lambda: held_on(folder) == [str(made["id"])])
        await holds.release(scope, made["id"], "selesai")
        await asyncio.to_thread(wait_until, lambda: held_on(folder) == [])
    finally:
        await asyncio.to_thread(controlled.stop)
        await asyncio.to_thread(disk.stop)


def test_a_restart_without_database_and_without_the_saved_copy_respects_holds(
    folder: Path,
) -> None:
    index = Index(folder)
    segments = [new_segment("c1", AT_MS + n * MINUTE_MS, 1000) for n in range(4)]
    paths = [put_file(folder, segment) for segment in segments]
    add(index, *segments)
    index.set_holds([Hold("h1", "c1", AT_MS, AT_MS + MINUTE_MS)])
    index.close()

    disk = disk_at(folder, lambda: AT_MS / 1000 + 600, quota=2000)
    disk.start()
    wait_until(lambda: disk.removed_segments == 2)
    disk.stop()

    assert [path.exists() for path in paths] == [True, False, False, True]
    assert disk.state().held_bytes == 1000


def test_a_disk_full_of_holds_keeps_a_ring_for_new_footage_on_top(folder: Path) -> None:
    index = Index(folder)
    held = [new_segment("c1", AT_MS + n * MINUTE_MS, 1000) for n in range(10)]
    fresh = [new_segment("c2", AT_MS + (10 + n) * MINUTE_MS, 500) for n in range(4)]
    for segment in (*held, *fresh):
        put_file(folder, segment)
    add(index, *held, *fresh)
    index.set_holds([Hold("h1", "c1", AT_MS, AT_MS + 10 * MINUTE_MS)])
    index.close()

    disk = disk_at(folder, lambda: AT_MS / 1000 + 3600, quota=10_000)
    disk.start()
    wait_until(lambda: disk.removed_segments >= 2)
    disk.stop()

    # A tenth of the quota (1,000 bytes) stays for what is new, although holds fill all of it.
    assert len(segments_of(folder, "c1")) == 10
    assert [s.start_ms for s in segments_of(folder, "c2")] == [s.start_ms for s in fresh[2:]]


def test_a_file_system_without_room_and_with_nothing_left_but_holds_is_called_full(
    folder: Path,
) -> None:
    index = Index(folder)
    segments = [new_segment("c1", AT_MS + n * MINUTE_MS, 1000) for n in range(3)]
    for segment in segments:
        put_file(folder, segment)
    add(index, *segments)
    index.set_holds([Hold("h1", "c1", AT_MS, AT_MS + MINUTE_MS)])
    index.close()

    disk = disk_at(folder, lambda: AT_MS / 1000 + 600, reserve_bytes=1 << 60)
    disk.start()
    wait_until(lambda: disk.state().state == "full")
    disk.stop()

    assert [s.start_ms for s in segments_of(folder, "c1")] == [AT_MS]


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("record"), st.integers(0, 2)),
            st.tuples(st.just("hold"), st.integers(0, 2), st.integers(0, 20), st.integers(1, 6)),
            st.tuples(st.just("release"), st.integers(0, 9)),
            st.tuples(st.just("retain")),
        ),
        max_size=40,
    )
)
@settings(max_examples=40, deadline=None)
def test_no_sequence_of_recording_holds_releases_and_a_full_disk_removes_held_footage(
    steps: list[tuple[Any, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        minute = 0
        index = Index(folder)
        disk = Disk(
            DiskSettings(name, 5000),
            recorder_settings(keep_days={"standard": 20 / 1440}),
            lambda: AT_MS / 1000 + minute * 60,
        )
        given_holds: list[Hold] = []
        must_stay: dict[str, set[Path]] = {}
        for what, *values in steps:
            if what == "record":
                segment = new_segment(f"c{values[0]}", AT_MS + minute * MINUTE_MS, 1000)
                put_file(folder, segment)
                add(index, segment)
                minute += 1
            elif what == "hold":
                camera, first, length = values
                start_ms = AT_MS + first * MINUTE_MS
                hold = Hold(
                    f"h{len(given_holds)}", f"c{camera}", start_ms, start_ms + length * MINUTE_MS
                )
                given_holds.append(hold)
            elif what == "release" and values[0] < len(given_holds):
                given_holds[values[0]] = replace(given_holds[values[0]], is_released=True)
                must_stay.pop(given_holds[values[0]].hold_id, None)
            disk.set_holds(given_holds)
            if what == "retain":
                disk._look_after(index)
            else:
                index.set_holds(given_holds)
            for hold in given_holds:
                if not hold.is_released:
                    must_stay.setdefault(hold.hold_id, set()).update(
                        folder / s.path
                        for s in segments_of(folder, hold.camera_id)
                        if s.start_ms < hold.end_ms and s.end_ms > hold.start_ms
                    )
            assert all(path.exists() for paths in must_stay.values() for path in paths)
        disk._look_after(index)
        free = [s for c in range(3) for s in segments_of(folder, f"c{c}") if not s.is_held]
        held = sum(s.bytes for c in range(3) for s in segments_of(folder, f"c{c}") if s.is_held)
        index.close()
    # And what is not held is let go of: the ring is bounded.
    assert sum(s.bytes for s in free) <= max(5000 - held, 500)


async def test_holds_that_only_the_disk_knows_are_adopted_and_can_then_be_released(
    world: World, holds: api.HoldService, index: Index
) -> None:
    camera_id = await world.add(1)
    orphan, lost = str(new_id()), str(new_id())
    index.set_holds(
        [
            Hold(orphan, str(camera_id), AT_MS - 600_000, AT_MS),
            Hold(lost, str(new_id()), AT_MS - 600_000, AT_MS),
        ]
    )
    system = replace(world.system, door="cli", label="warroom recording hold")

    counts = [await holds.adopt(system, "pulih"), await holds.adopt(system, "pulih")]

    [known] = (await holds.list_holds(holder(world.police)))["items"]
    assert counts == [(1, 1), (0, 1)]
    assert (str(known["id"]), known["reason"], known["held_by"]) == (orphan, "pulih", "")
    await holds.release(holder(world.police), known["id"], "selesai")


async def test_errors_of_holds_are_sentences_in_both_languages() -> None:
    codes = {
        kind.code
        for kind in WarRoomError.__subclasses__() + InvalidError.__subclasses__()
        if kind.code.startswith("recording.")
    }
    for language in ("id", "en"):
        path = Path(__file__).parents[2] / "src" / "warroom" / "locales" / f"{language}.json"
        assert {f"error.{code}" for code in codes} - json.loads(path.read_text()).keys() == set()
