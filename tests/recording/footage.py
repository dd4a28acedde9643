"""Footage made for tests: a disk with segments and an index, as the recorder leaves them."""

import hashlib
from fractions import Fraction
from pathlib import Path

from simcity.rtsp.audio import AudioTrack
from simcity.rtsp.packets import aac_frame
from tests.live.media_server import FPS, STEP_90K, Clip, make_clip
from warroom.live.fragments import decoder_setup
from warroom.recording.contracts import GopEntry, Hold, Init
from warroom.recording.fmp4 import (
    KEY_SAMPLE,
    OTHER_SAMPLE,
    PRFT_BYTES,
    AudioFormat,
    build_init,
    fragment_head,
)
from warroom.recording.h26x import read_h264
from warroom.recording.index import Index, NewSegment

CAMERA = "01930000-0000-7000-8000-000000000001"
BEGIN_MS = 1_795_500_000_000
"""2026-11-24T06:00:00Z"""


class Disk:
    """A folder that a recorder could have written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = Index(folder)
        self.index = self._index.db

    def close(self) -> None:
        self._index.close()

    def add_segment(
        self,
        start_ms: int,
        seconds: int = 4,
        *,
        clip: Clip | None = None,
        tfdt: int = 0,
        offset_ms: float | None = None,
        camera: str = CAMERA,
        sound: AudioTrack | None = None,
    ) -> Path:
        """Writes one segment of `seconds` GOPs of a second, and its row."""
        clip = clip or make_clip()
        gop_frames = FPS
        init = clip.init if sound is None else with_sound(clip.init, sound)
        data = bytearray(init.header)
        gops = []
        for second in range(seconds):
            first = second * gop_frames
            units = [clip.units[(first + i) % len(clip.units)] for i in range(gop_frames)]
            flat: list[int] = []
            for is_key, unit in units:
                flat += (STEP_90K, len(unit), KEY_SAMPLE if is_key else OTHER_SAMPLE, 0)
            body = b"".join(unit for _, unit in units)
            at = tfdt + first * STEP_90K
            begin, heard = (0, []) if sound is None else sound_of(sound, second)
            head = fragment_head(
                second + 1,
                start_ms + second * 1000,
                at,
                flat,
                len(body),
                begin,
                [n for unit in heard for n in (sound.samples if sound else 0, len(unit))],
                sum(map(len, heard)),
            )
            moof_at = len(data) + PRFT_BYTES
            data += head + body + b"".join(heard)
            gops.append(GopEntry(at, moof_at, len(data) - moof_at, second * 1000, gop_frames))
        path = self.folder / camera / "main" / f"{start_ms}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        new = NewSegment(
            camera_id=camera,
            role="main",
            run_id=1,
            start_ms=start_ms,
            end_ms=start_ms + seconds * 1000,
            media_duration_90k=seconds * 90_000,
            size_bytes=len(data),
            frames=seconds * gop_frames,
            path=str(path.relative_to(self.folder)),
            sha256=hashlib.sha256(data).digest(),
            init=init,
            gops=gops,
            clock_offset_ms=offset_ms,
            clock_uncertainty_ms=None if offset_ms is None else 5.0,
            retention_class="standard",
        )
        with self._index.transaction():
            self._index.add_segment(new)
        return path

    def add_gap(self, start_ms: int, end_ms: int, cause: str) -> None:
        with self._index.transaction():
            self._index.begin_gap(CAMERA, "main", start_ms, cause)
            self._index.end_gap(CAMERA, "main", end_ms)

    def set_holds(self, holds: list[Hold]) -> None:
        self._index.set_holds(holds)


def with_sound(init: Init, sound: AudioTrack) -> Init:
    """The header of a clip with a second track."""
    record = decoder_setup(init.header)[1]
    sps_end = 8 + int.from_bytes(record[6:8])
    pps_at = sps_end + 3
    pps = record[pps_at : pps_at + int.from_bytes(record[sps_end + 1 : pps_at])]
    names = {"aac": "mp4a.40.2", "pcma": "alaw", "pcmu": "ulaw"}
    form = AudioFormat(names[sound.codec], sound.rate_hz, 1, sound.config)
    return build_init(read_h264(record[8:sps_end], (pps,)), form)


def sound_of(sound: AudioTrack, second: int) -> tuple[int, list[bytes]]:
    """The frames that begin within a second: the place of the first, and their bytes."""
    numbers = sound.due(Fraction(second), Fraction(second + 1))
    return numbers[0] * sound.samples, [sound_unit(sound, number) for number in numbers]


def sound_unit(sound: AudioTrack, number: int) -> bytes:
    """One frame as a recorder hands it out."""
    payload = sound.wire[number % len(sound.wire)].payloads()[0]
    return aac_frame(payload) if sound.codec == "aac" else payload
