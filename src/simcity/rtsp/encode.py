"""Encode pictures to a clip with PyAV (x264, x265)."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from simcity.rtsp import clip as clips
from simcity.rtsp import nal
from simcity.rtsp.clip import Clip, Encoding
from simcity.rtsp.nal import Codec

Picture = npt.NDArray[np.uint8]


class Encoder:
    """Takes pictures one by one and gives their access units in decoding order."""

    def __init__(self, how: Encoding) -> None:
        self._how = how
        self._units: list[tuple[bytes, ...]] = []
        self._shown: list[int] = []
        self._taken = 0
        context = av.VideoCodecContext.create("libx264" if how.codec == "h264" else "libx265", "w")
        context.width, context.height, context.pix_fmt = how.width, how.height, "yuv420p"
        context.time_base, context.framerate = 1 / Fraction(how.fps), Fraction(how.fps)
        context.bit_rate, context.gop_size = how.bitrate, how.gop
        context.options = _options(how)
        self._context = context

    def add(self, picture: Picture) -> None:
        """Encode one picture, uint8 BGR of shape (height, width, 3)."""
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = self._taken, 1 / Fraction(self._how.fps)
        self._taken += 1
        self._keep(self._context.encode(frame))

    def finish(self, name: str = "clip") -> Clip:
        """Return the clip of all pictures added.

        Raises:
            ValueError: no picture was added.
        """
        self._keep(self._context.encode(None))
        shift = max((i - shown for i, shown in enumerate(self._shown)), default=0)
        return clips.make(
            self._units,
            self._how.codec,
            width=self._how.width,
            height=self._how.height,
            fps=self._how.fps,
            name=name,
            reorder=[shown - i + shift for i, shown in enumerate(self._shown)],
            encoding=self._how,
        )

    def _keep(self, encoded: Iterable["av.Packet[Any]"]) -> None:
        for packet in encoded:
            units = nal.split_annexb(bytes(packet))
            self._units.append(
                tuple(unit for unit in units if not nal.is_delimiter(self._how.codec, unit))
            )
            self._shown.append(int(packet.pts or 0))


def _options(how: Encoding) -> dict[str, str]:
    rate = how.bitrate // 1000
    common = f"keyint={how.gop}:min-keyint={how.gop}:scenecut=0:bframes={how.bframes}"
    if how.codec == "h264":
        return {
            "preset": how.preset,
            "threads": "1",
            "maxrate": f"{rate}k",
            "bufsize": f"{2 * rate}k",
            "x264-params": f"{common}:rc-lookahead={min(how.gop, round(how.fps))}:open-gop=0",
        }
    return {
        "preset": how.preset,
        "x265-params": f"{common}:open-gop=0:repeat-headers=1:pools=none:frame-threads=1"
        f":vbv-maxrate={rate}:vbv-bufsize={2 * rate}:log-level=error",
    }


def encode(pictures: Iterable[Picture], how: Encoding, name: str = "clip") -> Clip:
    """Return the clip of pictures (uint8 BGR)."""
    encoder = Encoder(how)
    for picture in pictures:
        encoder.add(picture)
    return encoder.finish(name)


def recode(clip: Clip, codec: Codec) -> Clip:
    """Return the clip in another coding, of the same size, rate and about the same bit rate."""
    seconds = float(len(clip) / clip.fps)
    size = sum(len(unit) for units in clip.units for unit in units)
    how = Encoding(
        codec=codec,
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        gop=max(1, len(clip) // max(1, sum(clip.keys))),
        bitrate=max(50_000, int(8 * size / seconds)),
    )
    return encode(decode(clip), how, f"{clip.name}+{codec}")


def decode(clip: Clip, stream: bytes | None = None) -> list[Picture]:
    """Return the pictures of a clip in display order, uint8 BGR; or those of another `stream`."""
    context = av.VideoCodecContext.create("h264" if clip.codec == "h264" else "hevc", "r")
    packets = [stream] if stream is not None else [nal.join_annexb(u) for u in clip.units]
    frames = [frame for packet in packets for frame in context.decode(av.Packet(packet))]
    frames += context.decode(None)
    return [frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False) for frame in frames]
