"""Take a video file as a clip: packet for packet where its coding allows, else encoded once."""

import hashlib
import itertools
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from simcity.rtsp import clip as clips
from simcity.rtsp import nal
from simcity.rtsp.clip import Clip, Encoding
from simcity.rtsp.encode import Encoder, Picture

SECONDS = 60  # of a file are taken
WIDTH_PX = 1280  # of pictures that are encoded anew
_ANNEXB = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_CODECS: dict[str, nal.Codec] = {"h264": "h264", "hevc": "h265"}
_LONG_GOP_S = 5
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mkv", ".mov", ".ts"})


def ingest(path: Path, cache: Path) -> Clip:
    """Return the clip of a video file, from the cache when it was taken before.

    Raises:
        ValueError: the file holds no video.
    """
    stat = path.stat()
    version = f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}:{SECONDS}:{WIDTH_PX}"
    key = hashlib.sha256(version.encode()).hexdigest()[:16]
    kept = cache / f"{path.stem}-{key}.json"
    if kept.exists():
        return clips.load(kept)
    taken = _as_it_is(path) or _anew(path)
    cache.mkdir(parents=True, exist_ok=True)
    clips.save(taken, kept.with_suffix(""), {"source": path.name})
    return taken


def _rate(stream: av.VideoStream) -> Fraction:
    rate = stream.average_rate or stream.guessed_rate
    if not rate:
        return Fraction(25)
    return Fraction(rate.numerator, rate.denominator).limit_denominator(1001)


def _as_it_is(path: Path) -> Clip | None:
    """Return the clip of the packets as they are, or None when they must be encoded anew.

    B-frames and key frames far apart are no fit for a camera.

    Raises:
        ValueError: the file holds no video.
    """
    with av.open(str(path)) as container:
        if not container.streams.video:
            msg = f"{path} holds no video"
            raise ValueError(msg)
        stream = container.streams.video[0]
        context, rate = stream.codec_context, _rate(stream)
        if context.name not in _ANNEXB or context.has_b_frames:
            return None
        annexb = av.BitStreamFilterContext(_ANNEXB[context.name], stream)
        codec = _CODECS[context.name]
        units: list[tuple[bytes, ...]] = []
        for packet in itertools.islice(container.demux(stream), int(SECONDS * rate)):
            if packet.pts != packet.dts:
                return None
            for filtered in annexb.filter(packet):
                units += nal.access_units(codec, nal.split_annexb(bytes(filtered)))
        try:
            taken = clips.make(
                units,
                codec,
                width=context.width,
                height=context.height,
                fps=rate,
                name=path.stem,
            )
        except ValueError:
            return None
    gaps = len(taken) / sum(taken.keys) / float(rate)
    return taken if gaps <= _LONG_GOP_S else None


def _anew(path: Path) -> Clip:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = _rate(stream)
        factor = min(1.0, WIDTH_PX / stream.width)
        width, height = (int(side * factor) // 2 * 2 for side in (stream.width, stream.height))
        encoder = Encoder(
            Encoding(
                width=width,
                height=height,
                fps=rate,
                gop=max(1, round(2 * rate)),
                bitrate=int(width * height * float(rate) * 0.07),
            )
        )
        for frame in itertools.islice(container.decode(stream), int(SECONDS * rate)):
            picture: Picture = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
            if factor < 1 or picture.shape[:2] != (height, width):
                small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
                picture = small.astype(np.uint8, copy=False)
            encoder.add(np.ascontiguousarray(picture))
    return encoder.finish(path.stem)
