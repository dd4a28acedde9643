"""One camera's stream: which picture is due, and the RTP packets that carry it."""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from simcity.rtsp.audio import AudioTrack
from simcity.rtsp.clip import Clip
from simcity.rtsp.faults import Fault
from simcity.rtsp.login import Login
from simcity.rtsp.packets import MTU_BYTES

if TYPE_CHECKING:
    from simcity.rtsp.viewer import Viewer

Role = Literal["main", "sub"]
SLOTS = 15  # a picture interval is cut into so many phases, to spread the cameras
NTP_1900_S = 2_208_988_800  # from 1900 (NTP) to 1970
_HEADER = struct.Struct(">HII")
_ENDLESS_PACKETS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What a camera offers.

    `offset` is the first picture shown; by default it comes of the number, so that cameras that
    share a clip do not show the same moment and do not send their key frames at the same time.
    """

    number: int
    main: Clip
    sub: Clip | None = None
    audio: AudioTrack | None = None
    login: Login | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Packets ready to send: framed for channel 0, `spans` are the RTP packets inside."""

    buffer: bytes | bytearray
    spans: tuple[tuple[int, int], ...]


def batch(packets: list[bytes], channel: int = 0) -> Batch:
    """Return a batch of whole RTP or RTCP packets."""
    buffer = bytearray()
    spans: list[tuple[int, int]] = []
    for packet in packets:
        buffer += bytes([0x24, channel]) + len(packet).to_bytes(2, "big") + packet
        spans.append((len(buffer) - len(packet), len(buffer)))
    return Batch(buffer, tuple(spans))


@dataclass(slots=True, eq=False)
class Stream:
    """The running state of one stream.

    Picture `k` is due at `t0 + (k + slot / SLOTS) / fps` and is picture `(k + offset) % len(clip)`
    of the clip; its RTP timestamp is `base + ticks(k + reorder)`.
    """

    number: int
    role: Role
    clip: Clip
    slot: int
    offset: int
    audio: AudioTrack | None
    ssrc: int
    timestamp_base: int
    sequence: int
    audio_sequence: int = 0
    fault: Fault | None = None
    fault_since_k: int = 0
    next_report_s: float = 0.0
    viewers: "list[Viewer]" = field(default_factory=list)
    own_offset: int = 0
    coming: tuple[Clip, int] | None = None  # shown from its next key frame on
    rng: random.Random = field(default_factory=random.Random)  # noqa: S311 - reproducible

    def index(self, k: int) -> int:
        """Return which picture of the clip is the k-th one sent."""
        return (k + self.offset) % len(self.clip)

    def timestamp(self, k: int) -> int:
        """Return the RTP timestamp of the k-th picture sent."""
        shown = k + self.clip.reorder[self.index(k)]
        if self.fault is not None:
            if self.fault.kind == "duplicate_ts":
                shown -= shown % 2
            elif self.fault.kind == "endless_frame":
                shown = self.fault_since_k
        return self.timestamp_base + self._drifted(self.clip.ticks(shown), k) & 0xFFFFFFFF

    def _drifted(self, ticks: int, k: int) -> int:
        if self.fault is None or self.fault.kind != "drift":
            return ticks
        return ticks + int(self.clip.ticks(k - self.fault_since_k) * self.fault.value * 1e-6)

    def clock_error_s(self, k: int) -> float:
        """Return how far the clock of the camera is ahead of the true time."""
        if self.fault is None or self.fault.kind not in {"wrong_clock", "drift"}:
            return 0.0
        if self.fault.kind == "wrong_clock":
            return self.fault.value
        return float((k - self.fault_since_k) / self.clip.fps) * self.fault.value * 1e-6

    def show(self, clip: Clip, k: int) -> None:
        """Go over to another clip of the same rate; picture `k` is its first one."""
        self.clip, self.offset, self.coming = clip, -k % len(clip), None

    def take_over(self, clip: Clip, offset: int) -> None:
        """Go over to another clip of the same rate where it has a key frame at its own offset.

        So cameras that change all at once, as in the evening, keep their key frames apart.
        """
        self.own_offset = offset
        if self.viewers:
            self.coming = (clip, offset)
        else:
            self.clip, self.offset, self.coming = clip, offset, None

    def _change_at_key(self, coming: tuple[Clip, int], k: int) -> None:
        clip, offset = coming
        if clip.keys[(k + offset) % len(clip)]:
            self.clip, self.offset, self.coming = clip, offset, None

    def video(self, k: int) -> Batch:
        """Return the packets of the k-th picture.

        They are good until the next call for the clip: all its streams share its buffers.
        """
        if self.coming is not None:
            self._change_at_key(self.coming, k)
        if self.fault is not None and self.fault.kind in SPOILERS:
            return SPOILERS[self.fault.kind](self, k)
        frame = self.clip.wire[(k + self.offset) % len(self.clip)]
        buffer, timestamp, ssrc, sequence = (
            frame.buffer,
            self.timestamp(k),
            self.ssrc,
            self.sequence,
        )
        pack = _HEADER.pack_into
        for start, _ in frame.spans:
            pack(buffer, start + 2, sequence, timestamp, ssrc)
            sequence = sequence + 1 & 0xFFFF
        self.sequence = sequence
        return Batch(buffer, frame.spans)

    def sound(self, k: int) -> Batch | None:
        """Return the audio packets (for channel 0) that begin during the k-th picture."""
        if self.audio is None:
            return None
        packets: list[bytes] = []
        fps = self.clip.fps
        for number in self.audio.due(Fraction(k) / fps, Fraction(k + 1) / fps):
            frame = self.audio.wire[number % len(self.audio.wire)]
            packet = frame.buffer[4:]
            stamp = self.timestamp_base + number * self.audio.samples & 0xFFFFFFFF
            _HEADER.pack_into(packet, 2, self.audio_sequence, stamp, self.ssrc + 1)
            self.audio_sequence = self.audio_sequence + 1 & 0xFFFF
            packets.append(bytes(packet))
        return batch(packets) if packets else None

    def report(self, k: int, wall_s: float, *, audio: bool = False) -> bytes:
        """Return sender report and CNAME (RFC 3550 section 6.4.1) for the k-th picture.

        `wall_s` is the true time at which the picture was due.
        """
        ntp = wall_s + self.clock_error_s(k) + NTP_1900_S
        whole = int(ntp)
        ssrc, stamp = self.ssrc, self.timestamp(k)
        if audio and self.audio is not None:
            ssrc += 1
            samples = int(Fraction(k) / self.clip.fps * self.audio.rate_hz)
            stamp = self.timestamp_base + samples & 0xFFFFFFFF
        elif self.clip.reorder[self.index(k)]:  # the report speaks of now, not of the picture
            stamp = self.timestamp_base + self._drifted(self.clip.ticks(k), k) & 0xFFFFFFFF
        name = f"camera-{self.number}".encode()
        item = bytes([1, len(name)]) + name
        item += bytes(4 - len(item) % 4)
        return (
            struct.pack(
                ">BBHIIIIII",
                0x80,
                200,
                6,
                ssrc,
                whole & 0xFFFFFFFF,
                int((ntp % 1) * 2**32),
                stamp,
                0,
                0,
            )
            + struct.pack(">BBHI", 0x81, 202, 1 + len(item) // 4, ssrc)
            + item
        )

    def header(self, timestamp: int, *, marker: bool, version: int = 2) -> bytes:
        """Return the next RTP header and count its sequence number."""
        head = struct.pack(
            ">BBHII",
            version << 6,
            (0x80 if marker else 0) | 96,
            self.sequence,
            timestamp,
            self.ssrc & 0xFFFFFFFF,
        )
        self.sequence = self.sequence + 1 & 0xFFFF
        return head


def _lossy(stream: Stream, k: int) -> Batch:
    """Leave out packets; their sequence numbers are missing too."""
    share = stream.fault.value if stream.fault else 0.0
    payloads = stream.clip.wire[stream.index(k)].payloads()
    timestamp = stream.timestamp(k)
    packets = [
        stream.header(timestamp, marker=i == len(payloads) - 1) + payload
        for i, payload in enumerate(payloads)
    ]
    return batch([packet for packet in packets if stream.rng.random() >= share])


def _endless(stream: Stream, k: int) -> Batch:
    """Send middle fragments of one picture for ever: no end bit, no marker, one timestamp."""
    first = k == stream.fault_since_k
    if stream.clip.codec == "h264":
        prefix, start = b"\x7c\x05", b"\x7c\x85"  # FU-A of an IDR slice
    else:
        prefix, start = b"\x62\x01\x13", b"\x62\x01\x93"  # FU of an IDR_W_RADL slice
    timestamp = stream.timestamp(k)
    body = bytes(MTU_BYTES - len(prefix))
    return batch(
        [
            stream.header(timestamp, marker=False) + (start if first and i == 0 else prefix) + body
            for i in range(_ENDLESS_PACKETS)
        ]
    )


def _garbage(stream: Stream, k: int) -> Batch:
    """Take turns in rubbish: payloads, versions, stubs, channels, claims of a huge packet."""
    rng, timestamp = stream.rng, stream.timestamp(k)
    turn = (k - stream.fault_since_k) % 6
    if turn == 0:
        return batch([stream.header(timestamp, marker=True) + rng.randbytes(900) for _ in range(4)])
    if turn == 1:
        return batch(
            [stream.header(timestamp, marker=True, version=1) + rng.randbytes(200) for _ in "12"]
        )
    if turn == 2:
        return batch([b"", b"\x80", rng.randbytes(7), rng.randbytes(12)])
    if turn == 3:
        return batch([rng.randbytes(300)], channel=rng.randrange(8, 255))
    if turn == 4:  # padding, header extension and CSRC count that claim more than there is
        head = bytes([0xBF]) + stream.header(timestamp, marker=False)[1:]
        return batch([head + rng.randbytes(20) + b"\xff"])
    sane = stream.header(timestamp, marker=True)
    return batch([sane + bytes([kind, 0xC0]) + rng.randbytes(50) for kind in (24, 25, 28, 29, 0)])


SPOILERS: dict[str, Callable[[Stream, int], Batch]] = {
    "loss": _lossy,
    "endless_frame": _endless,
    "garbage": _garbage,
}


def make_stream(camera: Camera, role: Role) -> Stream | None:
    """Return the stream of a camera, or None when it has none of that role."""
    clip = camera.main if role == "main" else camera.sub
    if clip is None:
        return None
    seed = camera.number * 2 + (role == "sub")
    rng = random.Random(seed)  # noqa: S311 - reproducible, not secret
    # 0.618.. of the clip further per camera: neighbours are far apart, all moments are used.
    own = int(camera.number * 0.6180339887 % 1 * len(clip))
    return Stream(
        number=camera.number,
        role=role,
        clip=clip,
        slot=camera.number % SLOTS,
        offset=own if camera.offset is None else camera.offset,
        own_offset=own if camera.offset is None else camera.offset,
        audio=camera.audio if role == "main" else None,
        ssrc=rng.randrange(1, 2**31) & ~1,
        timestamp_base=rng.randrange(2**32),
        sequence=rng.randrange(2**16),
        rng=rng,
    )
