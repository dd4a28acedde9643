"""Other pictures for a camera that was told to freeze, go dark or change its size."""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from simcity.rtsp.clip import Clip, Encoding
from simcity.rtsp.encode import Picture, decode, encode
from simcity.rtsp.nal import join_annexb

_SPS_CHANGE_S = 8  # seconds of pictures at the other size before they repeat


def make_variant(clip: Clip, kind: str, index: int) -> Clip:
    """Return the clip that a camera shows under a picture fault, beginning with a key frame.

    `index` is the picture that a frozen camera keeps (its key frame, to be exact).

    Raises:
        ValueError: the kind is not one of `faults.PICTURES`.
    """
    variants: dict[str, Callable[[Clip, int], Clip]] = {
        "freeze": _frozen,
        "dark": _dark,
        "sps_change": _resized,
    }
    if kind not in variants:
        msg = f"no pictures for fault {kind!r}"
        raise ValueError(msg)
    return variants[kind](clip, index)


def _alike(clip: Clip) -> Encoding:
    """Return the encoding of the clip, or a guess that comes near it."""
    if clip.encoding is not None:
        return clip.encoding
    seconds = float(len(clip) / clip.fps)
    size = sum(len(unit) for units in clip.units for unit in units)
    return Encoding(
        codec=clip.codec,
        width=clip.width,
        height=clip.height,
        fps=clip.fps,
        gop=max(1, len(clip) // max(1, sum(clip.keys))),
        bitrate=max(50_000, int(8 * size / seconds)),
    )


def _frozen(clip: Clip, index: int) -> Clip:
    key = clip.units[clip.key_at(index)]
    [picture] = decode(clip, join_annexb(key))
    how = _alike(clip)
    return encode([picture] * how.gop, how, f"{clip.name}+freeze")


def _dark(clip: Clip, _index: int) -> Clip:
    how = _alike(clip)
    return encode(_noise(how), how, f"{clip.name}+dark")


def _noise(how: Encoding) -> Iterator[Picture]:
    rng = np.random.default_rng(7)
    for _ in range(how.gop):
        yield rng.integers(3, 9, (how.height, how.width, 3), dtype=np.uint8)


def _resized(clip: Clip, _index: int) -> Clip:
    how = _alike(clip)
    factor = 0.5 if how.width >= 320 else 1.5
    width, height = (int(side * factor) // 4 * 4 for side in (how.width, how.height))
    other = Encoding(
        codec=how.codec,
        width=width,
        height=height,
        fps=how.fps,
        gop=how.gop,
        bitrate=how.bitrate,
        preset=how.preset,
    )
    count = min(len(clip), int(_SPS_CHANGE_S * clip.fps))
    pictures = (
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        for picture in decode(clip)[:count]
    )
    return encode(pictures, other, f"{clip.name}+sps_change")
