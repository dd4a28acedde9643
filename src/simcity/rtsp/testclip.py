"""Small synthetic clips for tests, encoded in well under a second."""

from collections.abc import Iterator

import numpy as np

from simcity.rtsp import bar as frame_bar
from simcity.rtsp.clip import Clip, Encoding
from simcity.rtsp.encode import Picture, encode
from simcity.rtsp.nal import Codec


def pictures(width: int, height: int, frames: int, *, bar: bool = True) -> Iterator[Picture]:
    """Yield a moving colour gradient with a wandering square, and the frame number as a bar."""
    y, x = np.mgrid[0:height, 0:width].astype(np.int32)
    side = max(8, height // 6)
    for i in range(frames):
        shift = i * 255 // frames
        picture = np.empty((height, width, 3), np.uint8)
        picture[..., 0] = (x * 255 // width + shift) & 255
        picture[..., 1] = (y * 255 // height + 2 * shift) & 255
        picture[..., 2] = 96
        left = (width - side) * i // frames
        picture[height // 2 : height // 2 + side, left : left + side] = (40, 40, 230)
        if bar:
            frame_bar.draw(picture, i)
        yield picture


def make_clip(
    codec: Codec = "h264",
    width: int = 320,
    height: int = 180,
    fps: int = 15,
    frames: int = 60,
    gop: int = 30,
    *,
    bframes: int = 0,
    bar: bool = True,
    bitrate: int = 200_000,
) -> Clip:
    """Return a clip of moving colours.

    Raises:
        ValueError: `frames` is 0.
    """
    how = Encoding(
        codec=codec,
        width=width,
        height=height,
        fps=fps,
        gop=gop,
        bitrate=bitrate,
        bframes=bframes,
        preset="ultrafast",
    )
    return encode(pictures(width, height, frames, bar=bar), how, f"{codec}-{width}x{height}")


def make(
    codec: Codec = "h264",
    width: int = 320,
    height: int = 180,
    fps: int = 15,
    frames: int = 60,
    gop: int = 30,
    *,
    bframes: int = 0,
    bar: bool = True,
    bitrate: int = 200_000,
) -> bytes:
    """Return the Annex-B bytes of `make_clip`."""
    return make_clip(
        codec,
        width,
        height,
        fps,
        frames,
        gop,
        bframes=bframes,
        bar=bar,
        bitrate=bitrate,
    ).annexb()
