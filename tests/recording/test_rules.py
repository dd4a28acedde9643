"""Decisions of the recorder, and the mapping of times."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warroom.recording import rules
from warroom.recording.contracts import (
    FRAME_ENVELOPE,
    Frame,
    Init,
    Kind,
    MessageReader,
    pack_init,
    pack_message,
    unpack_frame,
    unpack_init,
)
from warroom.recording.errors import Cause, StreamError
from warroom.recording.fmp4 import ms_of_ntp, ntp_of_ms
from warroom.recording.rules import ClassUse
from warroom.recording.timeline import CameraClock, WallMap, unwrapped


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("rtsp://10.0.0.7/Streaming/1", "10.0.0.7", 554, "/Streaming/1"),
        ("RTSP://cam-7:8554", "cam-7", 8554, "/"),
        ("rtsp://u:p%40ss@[fd00::1]:99/a?b=c", "fd00::1", 99, "/a?b=c"),
    ],
)
def test_a_camera_url_is_taken_apart(url: str, host: str, port: int, path: str) -> None:
    target = rules.parse_url(url)

    assert (host, port, path) == (target.host, target.port, target.path)
    assert "p%40ss" not in target.url
    assert "@" not in target.url


@pytest.mark.parametrize(
    "url",
    ["", "http://c/", "rtsps://c/", "rtsp://", "file:///etc/passwd", "rtsp://c:99999/", "rtsp://[x/",
     "rtsp://c/a\r\nX: 1", "rtsp://c:0/", "rtsp://c/" + "a" * 3000],
)  # fmt: skip
def test_what_is_no_camera_url_is_refused(url: str) -> None:
    with pytest.raises(StreamError) as caught:
        rules.parse_url(url)

    assert caught.value.cause is Cause.BAD_URL


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.0.9", "172.16.5.5", "8.8.8.8", "fd00::9"])
def test_an_ordinary_address_is_allowed(address: str) -> None:
    assert str(rules.check_address(address, allow_loopback=False)) == address


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.1.1", "127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.5", "ff02::1",
     "fe80::1%eth0", "255.255.255.255", "::ffff:169.254.169.254", "::ffff:127.0.0.1",
     "100.100.100.200", "fd00:ec2::254", "240.0.0.1", "64:ff9b::a9fe:a9fe", "168.63.129.16",
     "::169.254.169.254", "192.0.0.192"],
)  # fmt: skip
def test_an_address_no_camera_may_have_is_refused(address: str) -> None:
    with pytest.raises(StreamError) as caught:
        rules.check_address(address, allow_loopback=False)

    assert caught.value.cause is Cause.FORBIDDEN_ADDRESS


def test_the_networks_of_the_setting_are_the_only_ones() -> None:
    networks = ["10.20.0.0/16"]

    rules.check_address("10.20.3.4", allow_loopback=False, allow_cidrs=networks)
    with pytest.raises(StreamError):
        rules.check_address("10.21.3.4", allow_loopback=False, allow_cidrs=networks)
    rules.check_address("127.0.0.1", allow_loopback=True)


@given(st.integers(1, 1000), st.floats(0, 1, exclude_max=True))
def test_a_camera_away_for_five_seconds_is_asked_again_within_three(
    attempt: int, jitter: float
) -> None:
    assert rules.backoff_s(attempt, 5.0, jitter) <= 2.4
    assert 0.4 <= rules.backoff_s(attempt, 0.0, jitter)
    assert rules.backoff_s(attempt, 59.0, jitter) <= 4.8
    assert 12.0 <= rules.backoff_s(attempt, 3600.0, jitter) <= 18.0


@given(st.sampled_from(Cause), st.floats(0.0, 59.0))
def test_a_server_that_starts_again_is_not_taken_at_its_word_that_a_stream_is_gone(
    cause: Cause, without_pictures_s: float
) -> None:
    lasting = cause in rules.LASTING and cause is not Cause.NOT_FOUND

    assert rules.is_lasting(cause, without_pictures_s) == lasting
    assert rules.is_lasting(cause, 61.0) == (cause in rules.LASTING)
    assert rules.is_lasting(cause, math.inf) == (cause in rules.LASTING)


@given(st.uuids())
def test_cameras_cut_at_their_own_second_of_the_minute(camera: object) -> None:
    phase = rules.stagger_ms(str(camera), 60_000)

    assert 0 <= phase < 60_000
    assert rules.segment_number(phase, phase, 60_000) == 0
    assert rules.segment_number(phase + 59_999, phase, 60_000) == 0
    assert rules.segment_number(phase + 60_000, phase, 60_000) == 1


def test_cuts_are_spread_over_the_minute() -> None:
    tenths = [rules.stagger_ms(f"camera-{n}", 60_000) // 6000 for n in range(468)]

    assert all(20 < tenths.count(tenth) < 80 for tenth in range(10))


def test_one_more_disk_moves_only_its_share_of_the_cameras() -> None:
    cameras = [f"camera-{n}" for n in range(400)]
    three, four = ["a", "b", "c"], ["a", "b", "c", "d"]

    moved = [c for c in cameras if rules.disk_of(c, three) != rules.disk_of(c, four)]

    assert 60 < len(moved) < 140
    assert {"d"} == {rules.disk_of(camera, four) for camera in moved}


def test_room_is_made_by_class_first_then_by_age() -> None:
    uses = [ClassUse("long", 60), ClassUse("short", 50)]

    nothing = rules.bytes_to_free(
        uses, quota_bytes=200, slack_bytes=10, free_bytes=99, reserve_bytes=9, keep_bytes={}
    )
    both = rules.bytes_to_free(
        uses,
        quota_bytes=80,
        slack_bytes=0,
        free_bytes=99,
        reserve_bytes=9,
        keep_bytes={"short": 40},
    )
    low = rules.bytes_to_free(
        uses, quota_bytes=999, slack_bytes=0, free_bytes=5, reserve_bytes=30, keep_bytes={}
    )

    assert nothing == {}
    assert both == {"short": 10, None: 20}
    assert low == {None: 25}


@given(st.integers(0, 1 << 40), st.integers(-(1 << 30), 1 << 30))
def test_a_stamp_is_unwrapped_to_the_nearest_count(count: int, step: int) -> None:
    assert count + step == unwrapped((count + step) & 0xFFFFFFFF, count)


@given(st.integers(0, 1 << 42))
def test_ntp_and_back_is_the_same_millisecond(ms: int) -> None:
    assert ms_of_ntp(ntp_of_ms(ms)) == ms


@given(
    drift_ppm=st.floats(-500, 500),
    delays=st.lists(st.floats(0.0, 0.2), min_size=20, max_size=20),
)
@settings(max_examples=15, deadline=None)
def test_wall_times_abut_grow_and_follow_a_drifting_camera(
    drift_ppm: float, delays: list[float]
) -> None:
    wall = WallMap()
    start, now, end = 1 << 32, 1.7e9, None
    for gop in range(300):
        begin = start + gop * 180_000
        for frame in range(30):
            pts = begin + frame * 6000
            true_s = now + (pts - start) / 90_000 * (1 + drift_ppm / 1e6)
            wall.see(pts, true_s + delays[(gop * 7 + frame) % 20])
        if gop == 0:
            wall.fix(begin, 0.0)
        first, last = wall.advance(begin, begin + 180_000)
        assert end is None or first == end
        assert 0 < last - first < 2.1
        end = last
    assert end is not None
    true_s = now + 600 * (1 + drift_ppm / 1e6)

    # Follows within the least delay, the lag of the filter and its window.
    assert -0.06 < end - true_s < min(delays) + 0.06


def test_a_run_never_begins_before_the_last_one_ended() -> None:
    wall = WallMap()
    wall.see(0, 1000.0)
    wall.fix(0, 1000.4)

    assert wall.wall_s(0) == 1000.4


def test_the_offset_of_a_camera_clock_has_its_sign_and_width() -> None:
    clock = CameraClock()
    clock.round_trip_s = 0.02
    assert clock.offset_ms is None
    clock.report(0, 0, 5.0)
    assert clock.offset_ms is None

    for second in range(5):
        clock.report(ntp_of_ms(1_700_000_005_000 + second * 1000), 0, 1_700_000_000.0 + second)

    assert clock.offset_ms == pytest.approx(5000, abs=0.2)
    assert clock.uncertainty_ms(0.003) == pytest.approx(10 + 3 + 1, abs=0.2)


def test_a_clock_that_was_set_anew_is_measured_anew() -> None:
    clock = CameraClock()
    clock.report(ntp_of_ms(1_700_000_005_000), 0, 1_700_000_000.0)
    clock.report(ntp_of_ms(1_700_000_001_000), 0, 1_700_000_001.0)

    assert clock.offset_ms == pytest.approx(0, abs=0.2)


def test_messages_are_cut_out_of_any_pieces() -> None:
    init = Init("avc1.64001e", 640, 360, "mp4a.40.2", 16000, 1, b"ftypmoov")
    head = FRAME_ENVELOPE.pack(33, Kind.FRAME, 9, 1, 7, -3, 1_700_000_000_000, 6000)
    stream = pack_init(9, init) + head + b"abc" + pack_message(Kind.STATE, 1, b"{}")
    reader = MessageReader()

    messages = [message for byte in stream for message in reader.feed(bytes((byte,)))]

    assert [Kind.INIT, Kind.FRAME, Kind.STATE] == [message[0] for message in messages]
    assert unpack_init(messages[0][2]) == init
    expected = Frame(True, False, 7, -3, 1_700_000_000_000, 6000, b"abc")
    assert unpack_frame(messages[1][2]) == expected


def test_a_stream_of_rubbish_is_refused_by_the_reader() -> None:
    with pytest.raises(ValueError, match="message length"):
        MessageReader().feed(b"\xff" * 16)
