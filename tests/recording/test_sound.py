"""The sound of footage on its own: what browsers can play, sample for sample what was recorded."""

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.rtsp.audio import AudioCodec, make_track
from tests.live.media_server import FPS
from tests.recording.footage import BEGIN_MS, CAMERA, Disk
from warroom.recording.errors import NothingThereError
from warroom.recording.fmp4 import AudioFormat, build_sound
from warroom.recording.playback import Library
from warroom.recording.playback_index import FootageIndex
from warroom.recording.sound import flac_frame, sound_fragment, stream_info


def heard(data: bytes) -> np.ndarray:
    with av.open(io.BytesIO(data)) as box:
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in box.decode(audio=0)])


def expanded(unit: bytes, codec: str) -> list[int]:
    decoder = av.CodecContext.create({"alaw": "pcm_alaw", "ulaw": "pcm_mulaw"}[codec], "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    return [int(x) for f in decoder.decode(av.Packet(unit)) for x in f.to_ndarray().reshape(-1)]


def in_flac(units: list[bytes], codec: str, channels: int = 1) -> bytes:
    form = AudioFormat("fLaC", 8000, channels, stream_info(8000, channels))
    frames, at = [], 0
    for unit in units:
        frames.append((len(unit) // channels, flac_frame(unit, codec, channels, at)))
        at += len(unit) // channels
    sizes = [number for count, frame in frames for number in (count, len(frame))]
    return build_sound(form) + sound_fragment(1, 0, sizes, b"".join(f for _, f in frames))


@pytest.mark.parametrize("codec", ["alaw", "ulaw"])
def test_every_byte_of_g711_becomes_the_value_that_it_stands_for(codec: str) -> None:
    every = bytes(range(256))

    assert expanded(every, codec) == heard(in_flac([every], codec)).tolist()


@given(st.lists(st.binary(min_size=16, max_size=700), min_size=1, max_size=8))
def test_packets_of_any_length_are_heard_without_loss(units: list[bytes]) -> None:
    assert expanded(b"".join(units), "alaw") == heard(in_flac(units, "alaw")).tolist()


def test_two_channels_stay_apart() -> None:
    left, right = bytes(range(100)), bytes(range(100, 200))
    both = bytes(byte for pair in zip(left, right, strict=True) for byte in pair)

    sound = heard(in_flac([both], "ulaw", 2))

    assert expanded(left, "ulaw") == sound[0::2].tolist()
    assert expanded(right, "ulaw") == sound[1::2].tolist()


@pytest.mark.parametrize(
    "first", [0, 127, 128, 0x7FF, 0x800, 0xFFFF, 1 << 20, (1 << 31) - 1, 1 << 40]
)
def test_number_of_the_first_sample_may_be_any(first: int) -> None:
    frame = flac_frame(b"\x55" * 160, "alaw", 1, first)
    form = AudioFormat("fLaC", 8000, 1, stream_info(8000, 1))

    sound = heard(build_sound(form) + sound_fragment(1, first, [160, len(frame)], frame))

    assert len(sound) == 160


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "video")
    yield made
    made.close()


@pytest.mark.parametrize("codec", ["aac", "pcma", "pcmu"])
def test_replayed_sound_is_one_stream_beside_the_picture(disk: Disk, codec: AudioCodec) -> None:
    for number in range(2):
        disk.add_segment(BEGIN_MS + number * 4000, sound=make_track(codec))
    library = Library(FootageIndex([disk.folder]))
    plan = library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 8000, "sound")

    data = b"".join(library.read(plan, BEGIN_MS - 5000, "sound"))

    with av.open(io.BytesIO(data)) as box:
        packets = [packet for packet in box.demux() if packet.size]
        only = [stream.type for stream in box.streams]
    ends = [packet.pts + packet.duration for packet in packets]
    assert only == ["audio"]
    assert plan.mime("sound").startswith("audio/mp4")
    assert abs(float(packets[0].pts * packets[0].time_base) - 5) < 0.1
    assert [packet.pts for packet in packets[1:]] == ends[:-1]
    assert abs(ends[-1] * packets[0].time_base - 13) < 0.2


@pytest.mark.parametrize("mode", ["all", "keys"])
def test_picture_is_sent_without_the_sound(disk: Disk, mode: str) -> None:
    disk.add_segment(BEGIN_MS, sound=make_track("aac"))
    library = Library(FootageIndex([disk.folder]))
    plan = library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 4000, mode)  # type: ignore[arg-type]

    data = b"".join(library.read(plan, BEGIN_MS, mode))  # type: ignore[arg-type]

    with av.open(io.BytesIO(data)) as box:
        kinds = [stream.type for stream in box.streams]
        pictures = sum(1 for packet in box.demux(video=0) if packet.size)
    assert kinds == ["video"]
    assert "mp4a" not in plan.mime(mode)  # type: ignore[arg-type]
    assert plan.sound is not None
    assert pictures == {"all": 4 * FPS, "keys": 4}[mode]


def test_footage_without_sound_says_so(disk: Disk) -> None:
    disk.add_segment(BEGIN_MS)
    library = Library(FootageIndex([disk.folder]))

    picture = library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 4000, "all")

    assert picture.sound is None
    with pytest.raises(NothingThereError):
        library.plan(CAMERA, "main", BEGIN_MS, BEGIN_MS + 4000, "sound")
