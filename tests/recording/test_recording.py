"""Cameras of the simulated city, recorded through real sockets to a real disk."""

import dataclasses
import hashlib
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simcity.rtsp.audio import make_track
from simcity.rtsp.login import Login, Scheme
from simcity.rtsp.server import RtspServer
from simcity.rtsp.stream import Camera
from simcity.rtsp.testclip import make_clip
from tests.recording.node import WALL, Node, Watching, decode, probe, running, wait_until
from warroom.recording.contracts import Assignment, Segment


@pytest.fixture(scope="module")
def clip() -> Any:
    return make_clip(fps=15, gop=15, frames=60)


def as_stream(server: RtspServer, number: int = 1, **changes: Any) -> Assignment:
    return Assignment(f"c{number}", "main", server.url(number), **changes)


def whole(node: Node, camera: str = "c1") -> list[Segment]:
    """Stops the recorder and checks what it left, against the files themselves."""
    node.stop()
    segments = node.segments(camera)
    assert segments
    for segment in segments:
        content = (node.folder / segment.path).read_bytes()
        assert len(content) == segment.bytes
        assert hashlib.sha256(content).digest() == segment.sha256
        for gop in segment.gops:
            assert content[gop.offset + 4 : gop.offset + 8] == b"moof"
    gaps = {(gap.start_ms, gap.end_ms) for gap in node.gaps(camera)}
    for before, after in pairwise(segments):
        between = (before.end_ms, after.start_ms)
        assert before.end_ms == after.start_ms or between in gaps
    return segments


def test_segments_of_a_run_abut_exactly_and_decode(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        node.record(5)

        segments = whole(node)

    assert len(segments) >= 2
    assert {1} == {len({segment.run_id for segment in segments})}
    for segment in segments:
        assert segment.frames == decode(node.folder / segment.path)
        assert segment.codec.startswith("avc1.")
    first, last = segments[0].start_ms, segments[-1].end_ms
    media_ms = sum(segment.media_duration_90k for segment in segments) / 90
    assert abs(media_ms - (last - first)) < 50


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_h265_is_recorded(tmp_path: Path, transport: Any) -> None:
    clip = make_clip("h265", fps=15, gop=15, frames=45)
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server, transport=transport))
        node.record(3)

        segments = whole(node)

    assert segments[0].codec.startswith("hvc1.1.6.L")
    assert segments[0].frames == decode(node.folder / segments[0].path)
    shown = probe(
        node.folder / segments[0].path, "-show_entries", "stream=width,height,codec_tag_string"
    )
    assert {"codec_tag_string": "hvc1", "width": 320, "height": 180} == shown["streams"][0]


def test_udp_is_recorded_without_loss(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server, transport="udp"))
        node.record(3)

        segments = whole(node)

    assert node.engine.totals().lost_packets == 0
    assert sum(s.frames for s in segments) == sum(decode(node.folder / s.path) for s in segments)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_b_frames_have_the_times_the_encoder_gave_them(tmp_path: Path, codec: Any) -> None:
    clip = make_clip(codec, fps=15, gop=15, frames=60, bframes=2)
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        node.record(4)

        segment = whole(node)[0]

    assert segment.frames == decode(node.folder / segment.path)
    shown = probe(node.folder / segment.path, "-show_entries", "packet=pts,dts")["packets"]
    stamps = sorted(packet["pts"] for packet in shown)
    decoding = [packet["dts"] for packet in shown]
    assert {6000} == {b - a for a, b in pairwise(stamps)}
    assert decoding == sorted(set(decoding))
    assert all(packet["dts"] <= packet["pts"] for packet in shown)
    assert stamps != [packet["pts"] for packet in shown]


@pytest.mark.parametrize("sound", ["aac", "pcma", "pcmu"])
def test_audio_is_kept_beside_the_video(tmp_path: Path, clip: Any, sound: Any) -> None:
    camera = Camera(number=1, main=clip, audio=make_track(sound))
    with RtspServer([camera]) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        node.record(5)

        segments = whole(node)

    names = {"aac": "aac", "pcma": "pcm_alaw", "pcmu": "pcm_mulaw"}
    middle = max(segments, key=lambda segment: segment.frames)
    assert middle.frames == decode(node.folder / middle.path)
    shown = probe(
        node.folder / middle.path, "-show_entries", "stream=codec_name,codec_type,duration"
    )
    audio = next(s for s in shown["streams"] if s["codec_type"] == "audio")
    video = next(s for s in shown["streams"] if s["codec_type"] == "video")
    assert audio["codec_name"] == names[sound]
    assert abs(float(audio["duration"]) - float(video["duration"])) < 0.5


def test_a_change_of_picture_size_begins_a_segment_of_its_own(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path, segment_s=60.0) as node:
        node.assign(as_stream(server))
        node.record(2)
        server.fault(1, "sps_change")
        time.sleep(3)

        segments = whole(node)

    assert len({segment.init_id for segment in segments}) >= 2
    assert not node.gaps()[:-1]
    for segment in segments:
        assert segment.frames == decode(node.folder / segment.path)


@pytest.mark.parametrize("schemes", [("basic",), ("digest",), ("sha256",), ("sha256", "digest")])
def test_every_login_scheme_is_answered(
    tmp_path: Path, clip: Any, schemes: tuple[Scheme, ...]
) -> None:
    login = Login("operator", 'rahasia "1:2"', schemes)
    with RtspServer.of(clip, login=login) as server, running(tmp_path) as node:
        node.assign(as_stream(server, username=login.username, password=login.password))

        wait_until(node.is_live, about=node.reason)


def test_a_wrong_password_is_told_and_does_not_touch_the_other_camera(
    tmp_path: Path, clip: Any
) -> None:
    login = Login("operator", "right", ("digest",))
    cameras = [Camera(number=1, main=clip, login=login), Camera(number=2, main=clip)]
    with RtspServer(cameras) as server, running(tmp_path) as node:
        node.assign(as_stream(server, 1, username="operator", password="no"), as_stream(server, 2))

        wait_until(lambda: node.reason("c1") == "auth")
        wait_until(lambda: node.is_live("c2"))

    assert node.segments("c1") == []


@pytest.mark.parametrize(
    ("fault", "causes"),
    [
        ("giant_header", {"too_large"}),
        ("redirect", {"redirect"}),
        ("not_video", {"not_video"}),
        ("auth", {"auth"}),
        ("offline", {"closed", "refused"}),
        ("slow", {"timeout"}),
    ],
)
def test_a_broken_camera_fails_alone_with_its_cause(
    tmp_path: Path, clip: Any, fault: str, causes: set[str]
) -> None:
    options = {"handshake_s": 2.0}
    with RtspServer.of(clip, 2) as server, running(tmp_path, **options) as node:
        server.fault(1, fault, 5.0 if fault == "slow" else None)
        node.assign(as_stream(server, 1), as_stream(server, 2))

        wait_until(lambda: node.reason("c1") in causes, about=lambda: node.reason("c1"))
        wait_until(lambda: node.is_live("c2"))

    assert node.engine.status()["handler_failures"] == 0


def test_no_redirect_is_followed_even_to_a_camera_that_would_play(
    tmp_path: Path, clip: Any
) -> None:
    with RtspServer.of(clip, 2) as server, running(tmp_path) as node:
        server.fault(1, "redirect", where=server.url(2))
        node.assign(as_stream(server, 1))

        wait_until(lambda: node.reason("c1") == "redirect", about=lambda: node.reason("c1"))

    assert node.segments("c1") == []


@pytest.mark.parametrize("fault", ["garbage", "endless_frame", "loss", "duplicate_ts"])
def test_a_stream_that_goes_bad_costs_bounded_memory_and_nobody_else(
    tmp_path: Path, clip: Any, fault: str
) -> None:
    with RtspServer.of(clip, 2) as server, running(tmp_path) as node:
        node.assign(as_stream(server, 1), as_stream(server, 2))
        wait_until(lambda: node.is_live("c1", "c2"))
        server.fault(1, fault)
        time.sleep(2.5)
        stream = node.stream("c1")
        held = stream.assembler._gop.size if stream.assembler._gop else 0
        assert held < 33 << 20
        assert node.is_live("c2")
        server.clear(1)
        wait_until(lambda: node.is_live("c1"), 20)
        time.sleep(1.5)

        segments = whole(node, "c1")

    assert node.engine.status()["handler_failures"] == 0
    for segment in segments if fault != "garbage" else []:
        assert segment.frames == decode(node.folder / segment.path)


def test_duplicate_time_stamps_are_repaired_and_counted(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        server.fault(1, "duplicate_ts")
        node.assign(as_stream(server))
        node.record(3)

        whole(node)

    assert node.engine.totals().repaired_stamps > 0


def test_the_offset_of_a_camera_clock_is_measured_and_stored(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        server.fault(1, "wrong_clock", 3600.0)
        node.assign(as_stream(server))
        wait_until(
            lambda: node.stream() and node.stream().snapshot().clock_offset_ms is not None, 20
        )
        state = node.stream().snapshot()
        time.sleep(3.5)

        segments = whole(node)

    assert abs(state.clock_offset_ms - 3_600_000) < 500
    assert state.clock_uncertainty_ms < 1000
    assert abs(segments[-1].clock_offset_ms - 3_600_000) < 500
    assert abs(segments[-1].end_ms / 1000 - WALL()) < 60


def test_a_camera_that_went_away_is_recorded_again_with_a_gap_that_says_why(
    tmp_path: Path, clip: Any
) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        node.record(2)
        server.fault(1, "offline")
        wait_until(lambda: node.stream().state == "offline")
        time.sleep(1)
        server.clear(1)
        wait_until(node.is_live)
        time.sleep(2)

        segments = whole(node)

    assert 2 == len({segment.run_id for segment in segments})
    gap = node.gaps()[0]
    assert gap.cause in {"closed", "refused"}
    before = [segment for segment in segments if segment.end_ms <= gap.start_ms]
    after = [segment for segment in segments if segment.start_ms >= gap.end_ms]
    assert before[-1].end_ms == gap.start_ms
    assert after[0].start_ms == gap.end_ms


def test_all_cameras_come_back_after_their_server_was_away(tmp_path: Path, clip: Any) -> None:
    numbers = range(1, 21)
    with running(tmp_path) as node:
        with RtspServer.of(clip, 20) as server:
            port = server.port
            node.assign(*(as_stream(server, number) for number in numbers))
            wait_until(lambda: node.is_live(*(f"c{n}" for n in numbers)), 20)
        wait_until(lambda: not any(node.is_live(f"c{n}") for n in numbers))
        with RtspServer.of(clip, 20, port=port):
            wait_until(lambda: node.is_live(*(f"c{n}" for n in numbers)), 20)


def test_changing_one_assignment_leaves_the_other_session_alone(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip, 3) as server, running(tmp_path) as node:
        node.assign(as_stream(server, 1), as_stream(server, 2))
        wait_until(lambda: node.is_live("c1", "c2"))
        untouched = node.stream("c2").session
        changed = dataclasses.replace(as_stream(server, 1), url=server.url(3))
        node.assign(changed, as_stream(server, 2))
        wait_until(lambda: node.stream("c1").assignment.url == server.url(3))
        wait_until(lambda: node.is_live("c1", "c2"))

        assert node.stream("c2").session is untouched

        node.assign(as_stream(server, 2))
        wait_until(lambda: node.stream("c1") is None)

        assert node.stream("c2").session is untouched


def test_a_disabled_camera_is_not_connected_to(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        wait_until(node.is_live)
        node.assign(as_stream(server, enabled=False))

        wait_until(lambda: node.reason() == "disabled")
        time.sleep(0.5)

        assert node.stream().session is None


def test_that_a_camera_is_recorded_is_told_without_waiting_for_statistics(
    tmp_path: Path, clip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warroom.recording.engine._STATISTICS_S", 3600.0)
    told: list[bool] = []

    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        wait_until(
            lambda: (
                told.extend(state.is_recording for state in node.engine.take_reports())
                or True in told
            )
        )

    assert told[0] is False


def test_a_watched_camera_is_taken_packet_by_packet(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server))
        wait_until(node.is_live)
        stream = node.stream()
        wait_until(lambda: stream.session.wakes_at > 1)
        watching = Watching(node.socket)
        watching.send(op="watch", channel=1, camera="c1", role="main")

        wait_until(lambda: stream.session.wakes_at == 1)
        watching.send(op="unwatch", channel=1)
        wait_until(lambda: stream.session.wakes_at > 1)
        watching.close()


def test_loopback_is_refused_unless_the_setting_allows_it(tmp_path: Path, clip: Any) -> None:
    with RtspServer.of(clip) as server, running(tmp_path, allow_loopback=False) as node:
        node.assign(
            as_stream(server),
            Assignment("c2", "main", f"rtsp://localhost:{server.port}/cam/1/main"),
            Assignment("c3", "main", "http://camera/stream"),
        )

        wait_until(lambda: node.reason("c1") == "forbidden_address")
        wait_until(lambda: node.reason("c2") == "forbidden_address")
        wait_until(lambda: node.reason("c3") == "bad_url")


def test_loss_over_the_threshold_leaves_a_gap_and_frames_that_decode(
    tmp_path: Path, clip: Any
) -> None:
    with RtspServer.of(clip) as server, running(tmp_path) as node:
        node.assign(as_stream(server, transport="udp"))
        node.record(1)
        server.fault(1, "loss", 0.3)
        time.sleep(4)
        server.clear(1)
        time.sleep(2.5)

        segments = whole(node)

    assert node.engine.totals().lost_packets > 0
    for segment in segments:
        assert segment.frames == decode(node.folder / segment.path)
