"""A stand-in for the recorder's fan-out socket: speaks its protocol from a generated clip."""

import asyncio
import io
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np

from warroom.recording.contracts import (
    FRAME_HEAD,
    Frame,
    Init,
    Kind,
    pack_init,
    pack_json,
    pack_message,
)

FPS = 15
GOP = 15
STEP_90K = 90_000 // FPS


@dataclass(frozen=True)
class Clip:
    """A few seconds of video, as a recorder hands it out."""

    init: Init
    units: list[tuple[bool, bytes]]


@cache
def make_clip(
    width: int = 320, height: int = 180, seconds: int = 2, codec: str = "libx264", tone: int = 0
) -> Clip:
    """Encodes moving bars, GOP one second, no B-frames."""
    out = io.BytesIO()
    with av.open(
        out,
        "w",
        format="mp4",
        options={
            "movflags": "empty_moov+default_base_moof+frag_keyframe",
            "video_track_timescale": "90000",
        },
    ) as box:
        stream = box.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = GOP
        stream.options = {"bf": "0", "sc_threshold": "0", "preset": "ultrafast", "profile": "main"}
        for number in range(seconds * FPS):
            picture = np.full((height, width, 3), 60 + tone, np.uint8)
            picture[:, (number * 5) % (width - 20) :][:, :20] = (200, 40, 40)
            box.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        box.mux(stream.encode(None))
    data = out.getvalue()
    header = data[: data.index(b"moof") - 4]
    with av.open(io.BytesIO(data)) as box:
        units = [(p.is_keyframe, bytes(p)) for p in box.demux(video=0) if p.size]
    place = header.find(b"avcC")
    name = "avc1." + header[place + 5 : place + 8].hex() if place > 0 else "hvc1.1.6.L93.B0"
    return Clip(Init(name, width, height, None, 0, 0, header), units)


def pack_frame(channel: int, frame: Frame) -> bytes:
    flags = (1 if frame.is_key else 0) | (2 if frame.is_audio else 0)
    head = FRAME_HEAD.pack(flags, frame.dts_90k, frame.cts_90k, frame.wall_ms, frame.duration_90k)
    return pack_message(Kind.FRAME, channel, head + frame.unit)


class Stream:
    """One camera of the stand-in: frames are sent when a test says so.

    `pad` bytes of filler (H.264 NAL type 12) make every frame larger; `sound` is what it plays
    beside them: bytes and length in ticks of each frame, over and over.
    """

    def __init__(
        self,
        clip: Clip,
        wall_ms: int = 1_795_500_000_000,
        dts: int = 900_000,
        pad: int = 0,
        sound: tuple[list[bytes], int] | None = None,
    ) -> None:
        self.sound = sound
        self.sounds = 0
        self.begin = dts
        self.padding = b"" if not pad else (pad + 1).to_bytes(4, "big") + b"\x0c" + b"\xff" * pad
        self.clip = clip
        self.wall_ms = wall_ms
        self.dts = dts
        self.number = 0
        self.gop: list[Frame] = []

    def next_frame(self) -> Frame:
        is_key, unit = self.clip.units[self.number % len(self.clip.units)]
        frame = Frame(is_key, False, self.dts, 0, self.wall_ms, 0, unit + self.padding)
        self.number += 1
        self.dts += STEP_90K
        self.wall_ms += 1000 // FPS
        if is_key:
            self.gop = []
        self.gop.append(frame)
        return frame

    def next_sounds(self) -> list[Frame]:
        """The frames of sound that begin before the next picture."""
        frames: list[Frame] = []
        if self.sound is None:
            return frames
        units, length = self.sound
        while (at := self.begin + self.sounds * length) < self.dts:
            unit = units[self.sounds % len(units)]
            frames.append(Frame(False, True, at, 0, self.wall_ms, length, unit))
            self.sounds += 1
        return frames


class MediaServer:
    """Listens on a Unix socket and does what it is told."""

    def __init__(self, path: Path, streams: dict[tuple[str, str], Stream]) -> None:
        self.path = path
        self.streams = streams
        self.requests: list[dict[str, object]] = []
        self.watched: dict[asyncio.StreamWriter, dict[int, tuple[str, str]]] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self.watched):
            writer.transport.abort()
        await self._server.wait_closed()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.watched[writer] = {}
        try:
            while line := await reader.readline():
                self._answer(writer, json.loads(line))
        except ConnectionError:
            pass
        finally:
            del self.watched[writer]
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, request: dict[str, object]) -> None:
        self.requests.append(request)
        channel = request.get("channel")
        assert isinstance(channel, int)
        if request["op"] == "unwatch":
            self.watched[writer].pop(channel, None)
            return
        key = (str(request["camera"]), str(request["role"]))
        stream = self.streams.get(key)
        if stream is None:
            writer.write(pack_json(Kind.ERROR, channel, {"code": "recording.not_found"}))
            return
        self.watched[writer][channel] = key
        writer.write(pack_json(Kind.STATE, channel, {"state": "live", "fps": 15}))
        writer.write(pack_init(channel, stream.clip.init))
        for frame in stream.gop:
            writer.write(pack_frame(channel, frame))

    def send(self, camera: str, role: str = "main", count: int = 1) -> None:
        """Sends the next frames of a stream to whoever watches it."""
        stream = self.streams[camera, role]
        for _ in range(count):
            frames = [stream.next_frame(), *stream.next_sounds()]
            for writer, channels in self.watched.items():
                for channel, key in channels.items():
                    if key == (camera, role):
                        writer.write(b"".join(pack_frame(channel, frame) for frame in frames))

    def tell(self, camera: str, state: dict[str, object], role: str = "main") -> None:
        for writer, channels in self.watched.items():
            for channel, key in channels.items():
                if key == (camera, role):
                    writer.write(pack_json(Kind.STATE, channel, state))

    def reinit(self, camera: str, clip: Clip, role: str = "main") -> None:
        """The camera changes its picture in mid-stream."""
        stream = self.streams[camera, role]
        stream.clip, stream.number, stream.gop = clip, 0, []
        for writer, channels in self.watched.items():
            for channel, key in channels.items():
                if key == (camera, role):
                    writer.write(pack_init(channel, clip.init))
