"""Assignments in, states out, and days without PostgreSQL."""

import asyncio
import contextlib
import dataclasses
import gc
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tests.recording.node import WALL, settings, wait_until
from warroom.cameras.contracts import StreamConfig
from warroom.kernel.errors import UnavailableError
from warroom.kernel.secrets import Sealer
from warroom.recording import control
from warroom.recording.contracts import Assignment, DiskState, Hold, StreamState
from warroom.recording.control import AssignmentCache, Control
from warroom.recording.engine import Engine
from warroom.recording.gateway import as_assignment, as_report

ONE = Assignment("c1", "main", "rtsp://10.0.0.1/", "operator", "rahasia")
TWO = Assignment("c2", "main", "rtsp://10.0.0.2/")
HOLD = Hold("h1", "c1", 1000, 2000)


class Loop:
    """An engine that only keeps what it is told."""

    def __init__(self) -> None:
        self.assigned: list[list[Assignment]] = []
        self.holds: list[list[Hold]] = []
        self.reports: list[StreamState] = []

    def post(self, work: Callable[[], None]) -> None:
        work()

    def assign(self, assignments: list[Assignment]) -> None:
        self.assigned.append(assignments)

    def set_holds(self, holds: list[Hold]) -> None:
        self.holds.append(holds)

    def take_reports(self) -> list[StreamState]:
        taken, self.reports = self.reports, []
        return taken

    def disk_states(self) -> list[DiskState]:
        return []


class Inventory:
    """A source that can be away."""

    def __init__(self) -> None:
        self.is_away = False
        self.assignments = [ONE]
        self.holds = [HOLD]
        self.reported: list[StreamState] = []
        self.signs_of_life = 0
        self.asked = 0

    async def list_assignments(self) -> list[Assignment]:
        self.asked += 1
        if self.is_away:
            raise UnavailableError
        return self.assignments

    async def list_holds(self) -> list[Hold]:
        return self.holds

    async def changed(self, timeout_s: float) -> None:
        await asyncio.sleep(0.02)

    async def report_states(self, states: list[StreamState], disks: list[DiskState]) -> None:
        if self.is_away:
            raise UnavailableError
        self.reported += states
        self.signs_of_life += 1


@pytest.fixture
def cache(tmp_path: Path) -> AssignmentCache:
    return AssignmentCache(tmp_path / "media.cache", Sealer(bytes(32)))


@contextlib.contextmanager
def controlled(loop: Loop, cache: AssignmentCache, inventory: Inventory):  # type: ignore[no-untyped-def]
    @contextlib.asynccontextmanager
    async def gateway() -> AsyncIterator[Inventory]:
        yield inventory

    control = Control(loop, cache, gateway)
    control.start()
    try:
        yield control
    finally:
        control.stop()


def test_the_saved_assignments_are_sealed_and_come_back_whole(
    tmp_path: Path, cache: AssignmentCache
) -> None:
    cache.write([ONE, TWO], [HOLD])

    saved = (tmp_path / "media.cache").read_bytes()

    assert cache.read() == ([ONE, TWO], [HOLD])
    assert b"rahasia" not in saved
    assert b"10.0.0.1" not in saved
    assert (tmp_path / "media.cache").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x01" + bytes(60)])
def test_a_broken_copy_is_passed_over(
    tmp_path: Path, cache: AssignmentCache, content: bytes
) -> None:
    (tmp_path / "media.cache").write_bytes(content)

    assert cache.read() is None


def test_recording_starts_from_the_copy_when_the_inventory_is_away(
    cache: AssignmentCache,
) -> None:
    cache.write([ONE, TWO], [HOLD])
    loop, inventory = Loop(), Inventory()
    inventory.is_away = True

    with controlled(loop, cache, inventory):
        wait_until(lambda: inventory.asked)

    assert loop.assigned == [[ONE, TWO]]
    assert loop.holds == [[HOLD]]


def test_a_change_is_given_on_once_and_saved(cache: AssignmentCache) -> None:
    loop, inventory = Loop(), Inventory()

    with controlled(loop, cache, inventory):
        wait_until(lambda: loop.assigned == [[ONE]])
        inventory.assignments = [ONE, TWO]
        wait_until(lambda: loop.assigned == [[ONE], [ONE, TWO]])
        before = inventory.asked
        wait_until(lambda: inventory.asked > before + 3)

    assert loop.assigned == [[ONE], [ONE, TWO]]
    assert cache.read() == ([ONE, TWO], [HOLD])


def test_states_wait_for_the_inventory_and_the_newest_is_told(cache: AssignmentCache) -> None:
    loop, inventory = Loop(), Inventory()
    late = StreamState("c1", "main", "late", 1)
    live = StreamState("c1", "main", "live", 2)

    with controlled(loop, cache, inventory):
        wait_until(lambda: loop.assigned)
        inventory.is_away = True
        loop.reports = [late]
        wait_until(lambda: not loop.reports)
        loop.reports = [live]
        inventory.is_away = False
        wait_until(lambda: live in inventory.reported)

    assert inventory.reported[-1] == live


def test_no_password_is_shown_by_an_assignment() -> None:
    assert "rahasia" not in repr(ONE)


def test_the_main_stream_is_recorded_and_the_sub_stream_watched() -> None:
    config = StreamConfig(
        camera_id=UUID(int=7),
        role="main",
        url="rtsp://10.0.0.1/1",
        username="u",
        password="p",
        transport="udp",
        agency_id=UUID(int=1),
        place=None,
        retention_class="long",
        enabled=True,
        number=7,
    )

    main, sub = as_assignment(config), as_assignment(dataclasses.replace(config, role="sub"))

    assert (True, "udp", "long", str(UUID(int=7))) == (
        main.is_recorded,
        main.transport,
        main.retention_class,
        main.camera_id,
    )
    assert not sub.is_recorded


def test_the_main_stream_speaks_for_its_camera() -> None:
    camera = str(UUID(int=7))
    main = StreamState(
        camera, "main", "live", 1_700_000_000_000, None, 1_700_000_000_500, 15.0, 900.0,
        is_recording=True, codec="avc1.64001e", width=1280, height=720,
    )  # fmt: skip
    sub = StreamState(
        camera, "sub", "offline", 5, "connecting", codec="avc1.42e00a", width=320, height=180
    )

    report = as_report({"main": main, "sub": sub}, "rec-1")

    assert ("live", True, "rec-1") == (report.state, report.recording, report.node)
    assert report.since == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert [("main", 1280), ("sub", 320)] == [(p.role, p.width) for p in report.pictures]


def test_a_recorder_without_cameras_tells_of_itself_all_the_same(
    cache: AssignmentCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "ALIVE_S", 0.1)
    monkeypatch.setattr(control, "REPORT_S", 0.05)
    inventory = Inventory()

    with controlled(Loop(), cache, inventory):
        wait_until(lambda: inventory.signs_of_life >= 3)

    assert inventory.reported == []


def test_states_that_nobody_takes_do_not_pile_up(tmp_path: Path) -> None:
    def states() -> int:
        gc.collect()
        return sum(isinstance(one, StreamState) for one in gc.get_objects())

    before = states()
    engine = Engine(settings(), [], tmp_path / "m.sock", WALL)
    engine.assign([Assignment("c1", "main", "rtsp://10.0.0.1/1", enabled=False)])
    for turn in range(50):
        engine._tick(WALL() + 60 * turn)
    kept = states() - before
    taken = engine.take_reports()
    engine.stop()
    engine.run()

    assert 2 >= kept
    assert ["c1"] == [state.camera_id for state in taken]
