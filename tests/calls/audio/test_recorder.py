"""A recording is whole at every moment: while it grows, after a kill, on a full disk."""

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from tests.calls.audio.sound import channels, in_packets, voice
from warroom.calls.audio import g711, recorder, wav
from warroom.calls.audio.recorder import TwoChannelRecorder, recover
from warroom.calls.contracts import AGENT, CALLER, Recorder
from warroom.kernel.clock import FixedClock

AT = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(AT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "call.wav"


def speak(
    into: Recorder, clock: FixedClock, channel: int, alaw: bytes, ssrc: int = 77, timestamp: int = 9
) -> None:
    """Writes frames as they fall due."""
    for packet in in_packets(alaw, ssrc=ssrc, timestamp=timestamp):
        clock.advance(0.02)
        into.write(channel, packet.timestamp, packet.payload, packet.ssrc)


def test_both_sides_are_kept_byte_by_byte_from_the_first_sample_on(
    path: Path, clock: FixedClock
) -> None:
    recording = TwoChannelRecorder.create(path, clock)
    said, answered = voice(1.0), voice(0.5, seed=2)

    speak(recording, clock, CALLER, said)
    speak(recording, clock, AGENT, answered)
    recorded = recording.close()

    caller, agent = channels(path.read_bytes())
    assert said + b"\xd5" * 4000 == caller
    assert b"\xd5" * 8000 + answered == agent
    assert 1.5 == recorded.duration_s
    assert hashlib.sha256(path.read_bytes()).hexdigest() == recorded.sha256


def test_it_is_a_file_that_players_read(path: Path, clock: FixedClock) -> None:
    recording = TwoChannelRecorder.create(path, clock)
    said = voice(1.0)
    speak(recording, clock, CALLER, said)

    recording.close()

    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        assert ("pcm_alaw", 2, 8000) == (stream.codec.name, stream.channels, stream.rate)
        heard = np.concatenate([frame.to_ndarray().reshape(-1, 2) for frame in file.decode(stream)])
    assert np.array_equal(g711.decode(said), heard[:, 0])


@pytest.mark.parametrize("share", [0.001, 0.5, 1.0])
def test_header_is_true_at_every_moment(path: Path, clock: FixedClock, share: float) -> None:
    recording = TwoChannelRecorder.create(path, clock)
    said = voice(1.0)[: round(8000 * share) // 160 * 160]
    speak(recording, clock, CALLER, said)

    seen = path.read_bytes()

    size = int.from_bytes(seen[54:58], "little")
    assert 2 * len(said) == size
    assert wav.header(len(said)) == seen[:58]
    assert said == seen[58 : 58 + size : 2]
    recording.close()


def test_it_grows_by_a_minute_and_is_cut_at_its_end(path: Path, clock: FixedClock) -> None:
    recording = TwoChannelRecorder.create(path, clock)

    speak(recording, clock, CALLER, voice(61.0))

    assert 58 + 2 * 120 * 8000 == path.stat().st_size
    recording.close()
    assert 58 + 2 * 61 * 8000 == path.stat().st_size


def test_replay_is_the_last_seconds_while_the_call_runs(path: Path, clock: FixedClock) -> None:
    recording = TwoChannelRecorder.create(path, clock)
    said = voice(3.0)
    speak(recording, clock, CALLER, said)

    replay = recording.replay(2.0)

    assert said[8000:] == channels(replay)[0]
    assert said == channels(recording.replay(30.0))[0]
    assert wav.header(0) == recording.replay(0)
    recording.close()


def test_full_disk_is_told_once_and_the_call_goes_on(
    path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = TwoChannelRecorder.create(path, clock)
    told: list[str] = []
    recording.on_failed = told.append
    said = voice(62.0)
    monkeypatch.setattr(recorder.os, "posix_fallocate", _full)

    speak(recording, clock, CALLER, said)

    assert [os.strerror(errno.ENOSPC)] == told
    assert recording.failed == told[0]
    assert 60.0 == recording.close().duration_s
    assert said[: 60 * 8000] == channels(path.read_bytes())[0]


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "full")


def test_disk_that_is_full_at_the_begin_ends_nothing(
    path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder.os, "posix_fallocate", _full)

    recording = TwoChannelRecorder.create(path, clock)
    speak(recording, clock, CALLER, voice(1.0))

    assert recording.failed is not None
    assert 0 == recording.close().duration_s


def test_room_is_reserved_before_it_is_used(path: Path, clock: FixedClock) -> None:
    recording = TwoChannelRecorder.create(path, clock)

    blocks = path.stat().st_blocks * 512

    assert 2 * 60 * 8000 <= blocks
    recording.close()


def test_recording_is_never_written_over(path: Path, clock: FixedClock) -> None:
    TwoChannelRecorder.create(path, clock).close()

    with pytest.raises(FileExistsError):
        TwoChannelRecorder.create(path, clock)


def test_it_goes_on_where_the_process_before_left_it(path: Path, clock: FixedClock) -> None:
    said = voice(3.0)
    packets = in_packets(said)
    before = TwoChannelRecorder.create(path, clock)
    for packet in packets[:50]:
        clock.advance(0.02)
        before.write(CALLER, packet.timestamp, packet.payload, packet.ssrc)
    state = json.loads(json.dumps(before.state()))

    clock.advance(0.5)
    after = TwoChannelRecorder.reopen(path, state, clock)
    for packet in packets[75:]:
        clock.advance(0.02)
        after.write(CALLER, packet.timestamp, packet.payload, packet.ssrc)
    recorded = after.close()

    caller, _ = channels(path.read_bytes())
    assert said[: 50 * 160] + b"\xd5" * 25 * 160 + said[75 * 160 :] == caller
    assert 3.0 == recorded.duration_s


def test_anchor_is_told_when_it_is_made(path: Path, clock: FixedClock) -> None:
    recording = TwoChannelRecorder.create(path, clock)
    told: list[dict[str, object]] = []
    recording.on_anchor = lambda: told.append(recording.state())

    speak(recording, clock, CALLER, voice(0.1))
    speak(recording, clock, CALLER, voice(0.1), ssrc=78, timestamp=70_000)

    assert 2 == len(told)
    assert {"source": 78, "rtp_time": 70_000, "position": 800} == told[1]["anchors"][0]  # type: ignore[index]
    recording.close()


DIES = """
import os, signal, sys
from pathlib import Path
from tests.calls.audio.sound import in_packets, voice
from warroom.calls.audio.recorder import TwoChannelRecorder
from warroom.kernel.clock import FixedClock
from datetime import UTC, datetime
clock = FixedClock(datetime(2026, 11, 26, tzinfo=UTC))
recording = TwoChannelRecorder.create(Path(sys.argv[1]), clock)
for packet in in_packets(voice(5.0)):
    clock.advance(0.02)
    recording.write(0, packet.timestamp, packet.payload, packet.ssrc)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_killed_process_leaves_a_file_that_players_read(path: Path, repository: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{repository / 'src'}:{repository}"}
    died = subprocess.run([sys.executable, "-c", DIES, str(path)], env=environment, check=False)
    assert -signal.SIGKILL == died.returncode

    assert ("pcm_alaw", 2, 8000, 5.0) == probed(path)
    assert voice(5.0) == channels(path.read_bytes())[0][: 5 * 8000]
    recorded = recover(path)
    assert 5.0 == recorded.duration_s
    assert 58 + 2 * 5 * 8000 == path.stat().st_size
    assert recorded == recover(path)


def probed(path: Path) -> tuple[str, int, int, float]:
    """Codec, channels, rate and seconds, as another program reads them."""
    asked = "stream=codec_name,channels,sample_rate,duration"
    command = ["ffprobe", "-v", "error", "-show_entries", asked, "-of", "json", str(path)]
    said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    stream = said["streams"][0]
    rate, duration = int(stream["sample_rate"]), float(stream["duration"])
    return stream["codec_name"], stream["channels"], rate, duration


@pytest.mark.parametrize("left", [b"", bytes(58), bytes(4000)])
def test_process_that_died_before_the_first_sample_leaves_an_empty_recording(
    path: Path, left: bytes
) -> None:
    path.write_bytes(left)

    assert 0 == recover(path).duration_s
    assert wav.header(0) == path.read_bytes()


def test_what_is_no_recording_is_left_alone(path: Path) -> None:
    path.write_bytes(b"the letters of somebody" * 9)

    with pytest.raises(ValueError, match=r"call\.wav"):
        recover(path)

    assert path.read_bytes().startswith(b"the letters")
