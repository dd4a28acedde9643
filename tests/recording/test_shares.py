"""Cameras share fairly: what a greedy one may take of the disk, the line and the queue."""

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.rtsp.server import RtspServer
from simcity.rtsp.testclip import make_clip
from tests.recording.node import WALL, running, segments_of, settings, wait_until
from tests.recording.test_disk import BEGIN_MS, INIT, MINUTE_MS, add, disk_at, new_segment
from warroom.recording.budget import READ_COST, Budget
from warroom.recording.contracts import Assignment, GopEntry, Hold
from warroom.recording.engine import Engine
from warroom.recording.errors import Cause, StreamError
from warroom.recording.footage import GopWrite, SegmentFile
from warroom.recording.index import Index
from warroom.recording.rules import is_unusual
from warroom.recording.shares import CameraTerms, CameraUse, Sharing, greed

MBIT_MINUTE = 7_500_000
"""A minute of 1 Mbit/s."""
MINUTES = 20
NOW_MS = BEGIN_MS + MINUTES * MINUTE_MS


def fill(folder: Path, rates: dict[str, float], retention_class: str = "standard") -> Index:
    """A disk with twenty minutes of each camera, at so many Mbit/s."""
    index = Index(folder)
    add(
        index,
        *(
            new_segment(name, BEGIN_MS + n * MINUTE_MS, round(rate * MBIT_MINUTE), retention_class)
            for n in range(MINUTES)
            for name, rate in rates.items()
        ),
    )
    return index


def kept_minutes(folder: Path, quota: int, *cameras: str, **changes: object) -> list[int]:
    """What is left of cameras when the disk was brought down to its quota."""
    terms = changes.pop("terms", {})
    disk = disk_at(folder, lambda: NOW_MS / 1000, quota=quota, **changes)
    assert isinstance(terms, dict)
    disk.set_terms(terms)
    disk.start()
    wait_until(lambda: disk.removed_segments and disk.state().bytes <= quota)
    disk.stop()
    return [len(segments_of(folder, camera)) for camera in cameras]


def test_a_greedy_camera_loses_its_own_oldest_footage_first(tmp_path: Path) -> None:
    honest = {f"c{n}": 1.0 for n in range(4)}
    fill(tmp_path, {**honest, "greedy": 264.0}).close()

    *others, greedy = kept_minutes(tmp_path, 400 * MBIT_MINUTE, *honest, "greedy")

    assert [MINUTES] * 4 == others
    assert greedy <= 1


def test_removal_for_greed_is_proven_under_its_own_name(tmp_path: Path) -> None:
    fill(tmp_path, {"honest": 1.0, "greedy": 50.0}).close()
    kept_minutes(tmp_path, 500 * MBIT_MINUTE, "honest")

    with contextlib.closing(sqlite3.connect(tmp_path / "index.db")) as db:
        rows = db.execute("select rule, camera_id from removal").fetchall()

    assert [("share", "greedy")] == rows


def test_ordinary_cameras_keep_the_same_time_whatever_they_write(tmp_path: Path) -> None:
    fill(tmp_path, {"small": 0.5, "middle": 1.0, "large": 2.0}).close()

    kept = kept_minutes(tmp_path, 35 * MBIT_MINUTE, "small", "middle", "large")

    assert [10, 10, 10] == kept


def test_a_camera_with_a_ceiling_of_its_own_is_not_greedy_below_it(tmp_path: Path) -> None:
    fill(tmp_path, {"small": 1.0, "wide": 16.0}).close()

    terms = {"wide": CameraTerms("", 16_000)}
    kept = kept_minutes(tmp_path, 170 * MBIT_MINUTE, "small", "wide", terms=terms)

    assert [10, 10] == kept


def test_held_footage_of_a_greedy_camera_stays(tmp_path: Path) -> None:
    index = fill(tmp_path, {"honest": 1.0, "greedy": 50.0})
    index.set_holds([Hold("h", "greedy", BEGIN_MS, BEGIN_MS + 2 * MINUTE_MS)])
    index.close()

    kept_minutes(tmp_path, 200 * MBIT_MINUTE, "honest", "greedy")

    assert BEGIN_MS == segments_of(tmp_path, "greedy")[0].start_ms
    assert MINUTES == len(segments_of(tmp_path, "honest"))


def test_guaranteed_footage_goes_last_and_that_is_told(tmp_path: Path) -> None:
    index = fill(tmp_path, {"a": 1.0}, "important")
    add(index, *(new_segment("b", BEGIN_MS + n * MINUTE_MS, MBIT_MINUTE) for n in range(10, 20)))
    index.close()
    promised = {"guaranteed_days": {"important": 1.0}}

    first = kept_minutes(tmp_path, 22 * MBIT_MINUTE, "a", "b", **promised)
    disk = disk_at(tmp_path, lambda: NOW_MS / 1000, quota=10 * MBIT_MINUTE, **promised)
    disk.start()
    wait_until(lambda: disk.state().is_short)
    disk.stop()

    assert [20, 2] == first
    assert [10, 0] == [len(segments_of(tmp_path, name)) for name in ("a", "b")]


def test_an_agency_over_its_share_of_the_disk_loses_its_own_footage(tmp_path: Path) -> None:
    fill(tmp_path, {"a1": 1.0, "a2": 1.0, "a3": 1.0, "b1": 1.0}).close()
    terms = {name: CameraTerms(name[0].upper()) for name in ("a1", "a2", "a3", "b1")}

    kept = kept_minutes(
        tmp_path, 40 * MBIT_MINUTE, "a1", "a2", "a3", "b1",
        terms=terms, agency_shares={"A": 50.0, "B": 50.0},
    )  # fmt: skip

    assert 20 == kept[3]
    assert 20 == sum(kept[:3])


def test_an_agency_within_its_share_lends_the_rest(tmp_path: Path) -> None:
    fill(tmp_path, {"a1": 1.0, "b1": 0.1}).close()
    terms = {"a1": CameraTerms("A"), "b1": CameraTerms("B")}

    kept = kept_minutes(
        tmp_path, 20 * MBIT_MINUTE, "a1", "b1", terms=terms,
        agency_shares={"A": 50.0, "B": 50.0},
    )  # fmt: skip

    assert [18, 20] == kept


def test_what_cameras_were_promised_outlasts_a_restart(tmp_path: Path) -> None:
    index = fill(tmp_path, {"gone": 1.0})
    index.set_terms({"gone": CameraTerms("Dishub", 9000)})
    index.set_terms({"other": CameraTerms("Polri")})
    index.close()

    again = Index(tmp_path)
    again.drop_empty_uses()
    terms = again.terms()
    again.close()

    assert {"gone": CameraTerms("Dishub", 9000)} == terms


def test_an_index_of_before_counts_what_is_there(tmp_path: Path) -> None:
    index = fill(tmp_path, {"c1": 1.0})
    index.db.executescript(
        "drop table camera_use; drop table camera_terms; pragma user_version = 3;"
    )
    index.close()

    again = Index(tmp_path)
    uses = again.camera_uses()
    again.close()

    assert [CameraUse("c1", "standard", MINUTES * MBIT_MINUTE, MINUTES * MINUTE_MS)] == uses


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=30))
def test_half_of_the_cameras_are_never_greedy(sizes: list[int]) -> None:
    uses = [CameraUse(str(n), "standard", size, 1000) for n, size in enumerate(sizes)]

    excess = greed(uses, Sharing(fair_kbit_s=0.0))

    assert len(sizes) <= 2 * sum(factor == 1.0 for factor in excess.values())


def test_a_camera_that_sends_more_than_its_ceiling_is_cut_and_the_gap_says_so(
    tmp_path: Path,
) -> None:
    clip = make_clip(fps=15, gop=15, frames=60)
    limits = {"ceiling_kbit_s": 60, "ceiling_burst_s": 2.0}
    with RtspServer.of(clip, 2) as server, running(tmp_path, **limits) as node:
        greedy = Assignment("c1", "main", server.url(1))
        honest = Assignment("c2", "main", server.url(2), ceiling_kbit_s=0)
        node.assign(greedy, honest)
        wait_until(lambda: node.reason("c1") == "over_ceiling", 30)
        states = {state.camera_id: state for state in node.engine.take_reports()}
        bitrate = node.stream("c1").bitrate
        wait_until(lambda: any(gap.cause == "over_ceiling" for gap in node.gaps("c1")), 10)

        assert "over_ceiling" == bitrate
        assert {None} == {state.bitrate for key, state in states.items() if key == "c2"}
        wait_until(lambda: node.is_live("c2"), 20)
        assert [] == node.gaps("c2")
        node.assign(replace(greedy, ceiling_kbit_s=0), honest)
        wait_until(lambda: node.is_live("c1"), 20)
        wait_until(lambda: node.stream("c1").bitrate is None, 5)


def is_refused(budget: Budget, size: int) -> bool:
    try:
        budget.spend(size)
    except StreamError as error:
        return error.cause is Cause.OVER_CEILING
    return False


def test_a_budget_lets_bursts_through_and_the_ceiling_for_ever() -> None:
    budget = Budget(8, 10.0, 0.0)  # 1,000 bytes a second

    budget.spend(10_000)
    refused = is_refused(budget, 1000)
    budget.refill(1.0)

    assert refused
    assert [False, True] == [is_refused(budget, 1000) for _ in range(2)]


def test_single_bytes_cost_as_much_as_a_small_read() -> None:
    budget = Budget(8, 1.0, 0.0)

    refused = [is_refused(budget, 1) for _ in range(4)]

    assert 1000 // READ_COST == refused.index(True)


def test_a_ceiling_of_nought_has_no_end() -> None:
    budget = Budget(0, 10.0, 0.0)
    budget.refill(1.0)

    assert not is_refused(budget, 1 << 40)


@pytest.mark.parametrize(
    ("kbit_s", "usual", "is_told", "claim"),
    [
        (4100, 1000, False, True),
        (3900, 1000, False, False),
        (3900, 1000, True, True),
        (1900, 100, False, False),
        (2100, 100, False, True),
    ],
)
def test_what_is_far_over_the_usual_is_unusual(
    kbit_s: float, usual: float, is_told: bool, claim: bool
) -> None:
    assert claim is is_unusual(kbit_s, usual, is_told=is_told)


def test_one_camera_cannot_fill_the_queue_of_a_disk(tmp_path: Path) -> None:
    disk = disk_at(tmp_path, WALL, queue_bytes=4000)
    disk.is_open = True  # its threads do not run: nothing is taken out of the queue

    greedy = [disk.write(gop("greedy", 500)) for _ in range(4)]
    honest = disk.write(gop("honest", 500))

    assert [True, True, False, False] == greedy
    assert honest
    assert "ok" == disk.state().state


def gop(camera: str, size: int) -> GopWrite:
    segment = SegmentFile(Assignment(camera, "main", "rtsp://h/1"), 1, BEGIN_MS, 0, 0, INIT)
    entry = GopEntry(0, 0, size, 0, 30)
    return GopWrite(segment, b"", [], size, entry, BEGIN_MS, BEGIN_MS + 2000, 180_000)


def test_each_disk_is_told_what_its_own_cameras_were_promised(tmp_path: Path) -> None:
    disks = [disk_at(tmp_path / name) for name in ("one", "two")]
    for disk in disks:
        disk.start()
    engine = Engine(settings(), disks, tmp_path / "m.sock", WALL)
    names = [f"c{number}" for number in range(12)]
    cameras = [
        Assignment(name, "main", "rtsp://10.0.0.1/1", enabled=False, agency="Dishub",
                   ceiling_kbit_s=9000)
        for name in names
    ]  # fmt: skip
    engine.assign([*cameras, Assignment("c0", "sub", "rtsp://10.0.0.1/2", is_recorded=False)])
    told = [disk._terms or {} for disk in disks]
    engine.stop()
    engine.run()

    assert names == sorted((key for one in told for key in one), key=names.index)
    assert all(told)
    assert {CameraTerms("Dishub", 9000)} == {terms for one in told for terms in one.values()}
