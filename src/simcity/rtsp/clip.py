"""A clip: encoded pictures that a camera repeats without end."""

import json
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from simcity.rtsp import nal
from simcity.rtsp.nal import Codec
from simcity.rtsp.packets import packetise_unit

RTP_HZ = 90_000
_RTP_HEADER = bytes([0x80, 0])


@dataclass(frozen=True, slots=True)
class WireFrame:
    """One access unit as it goes onto the wire, interleaved on channel 0 (RFC 2326 section 10.12).

    `buffer` is patched in place before each sending (sequence number, timestamp, SSRC), which is
    what makes hundreds of cameras cheap; `spans` are the RTP packets inside it.
    """

    buffer: bytearray
    spans: tuple[tuple[int, int], ...]

    def payloads(self) -> list[bytes]:
        """Return copies of the RTP payloads."""
        return [bytes(self.buffer[start + 12 : end]) for start, end in self.spans]


def wire_frame(payloads: list[bytes], payload_type: int = 96) -> WireFrame:
    """Return a frame ready to patch; the last packet carries the marker bit."""
    buffer = bytearray()
    spans: list[tuple[int, int]] = []
    for i, payload in enumerate(payloads):
        marker = 0x80 if i == len(payloads) - 1 else 0
        buffer += b"$\x00" + (len(payload) + 12).to_bytes(2, "big")
        start = len(buffer)
        buffer += bytes([0x80, marker | payload_type]) + bytes(10) + payload
        spans.append((start, len(buffer)))
    return WireFrame(buffer, tuple(spans))


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How pictures are encoded. `gop` is the key frame distance in pictures, `bitrate` in bit/s."""

    codec: Codec = "h264"
    width: int
    height: int
    fps: Fraction | int
    gop: int
    bitrate: int
    bframes: int = 0
    preset: str = "veryfast"


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Encoded pictures in decoding order, with what is needed to send them again and again.

    `reorder[i]` is how many pictures later than its turn picture `i` is shown (0 without
    B-frames), so that the RTP timestamp of the k-th picture sent is `k + reorder` ticks.
    `encoding` is known when the clip was encoded here; other pictures encoded alike then have the
    same parameter sets.
    """

    name: str
    codec: Codec
    width: int
    height: int
    fps: Fraction
    units: tuple[tuple[bytes, ...], ...]
    keys: tuple[bool, ...]
    reorder: tuple[int, ...]
    parameter_sets: dict[int, bytes]
    encoding: Encoding | None = None
    wire: list[WireFrame] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.units)

    def annexb(self) -> bytes:
        """Return the whole clip as an Annex-B byte stream."""
        return nal.join_annexb(unit for units in self.units for unit in units)

    def key_at(self, index: int) -> int:
        """Return the index of the key frame at or before `index`."""
        at = index % len(self)
        while at > 0 and not self.keys[at]:
            at -= 1
        return at

    def ticks(self, pictures: int) -> int:
        """Return the RTP time (90 kHz) of that many pictures, rounded down."""
        return pictures * RTP_HZ * self.fps.denominator // self.fps.numerator


def make(
    units: list[tuple[bytes, ...]],
    codec: Codec,
    *,
    width: int,
    height: int,
    fps: Fraction | int,
    name: str = "clip",
    reorder: list[int] | None = None,
    encoding: Encoding | None = None,
) -> Clip:
    """Return a clip of access units, packetised for sending.

    Raises:
        ValueError: no picture, no key frame at the beginning, or parameter sets are missing.
    """
    wanted = (
        {nal.H264_SPS, nal.H264_PPS}
        if codec == "h264"
        else {nal.H265_VPS, nal.H265_SPS, nal.H265_PPS}
    )
    sets: dict[int, bytes] = {}
    for unit in (u for access_unit in units for u in access_unit):
        kind = nal.nal_type(codec, unit)
        if kind in wanted:
            sets.setdefault(kind, unit)
    keys = tuple(any(nal.is_key(codec, unit) for unit in access_unit) for access_unit in units)
    if not keys or not keys[0]:
        msg = f"{name}: does not begin with a key frame"
        raise ValueError(msg)
    if set(sets) != wanted:
        msg = f"{name}: parameter sets are missing"
        raise ValueError(msg)
    return Clip(
        name=name,
        codec=codec,
        width=width,
        height=height,
        fps=Fraction(fps),
        units=tuple(units),
        keys=keys,
        reorder=tuple(reorder or [0] * len(units)),
        parameter_sets=sets,
        encoding=encoding,
        wire=[wire_frame(packetise_unit(codec, access_unit)) for access_unit in units],
    )


def save(clip: Clip, stem: Path, more: dict[str, Any] | None = None) -> None:
    """Write `<stem>.<codec>` (Annex-B) and `<stem>.json`; the JSON appears last and only whole."""
    stem.with_suffix(f".{clip.codec}").write_bytes(clip.annexb())
    meta = {
        "name": clip.name,
        "codec": clip.codec,
        "width": clip.width,
        "height": clip.height,
        "fps": [clip.fps.numerator, clip.fps.denominator],
        "frames": len(clip),
        "reorder": list(clip.reorder) if any(clip.reorder) else None,
        "encoding": _encoding_row(clip.encoding),
    }
    partial = stem.with_suffix(".json.part")
    partial.write_text(json.dumps({**meta, **(more or {})}, indent=1) + "\n")
    partial.replace(stem.with_suffix(".json"))


def _encoding_row(encoding: Encoding | None) -> dict[str, Any] | None:
    if encoding is None:
        return None
    fps = Fraction(encoding.fps)
    return {**asdict(encoding), "fps": [fps.numerator, fps.denominator]}


def load(meta_path: Path) -> Clip:
    """Return the clip that `save` wrote.

    Raises:
        ValueError: the files do not fit each other.
    """
    meta = json.loads(meta_path.read_text())
    stream = meta_path.with_suffix(f".{meta['codec']}").read_bytes()
    units = nal.access_units(meta["codec"], nal.split_annexb(stream))
    if len(units) != meta["frames"]:
        msg = f"{meta_path}: {len(units)} pictures, {meta['frames']} expected"
        raise ValueError(msg)
    how = meta.get("encoding")
    return make(
        units,
        meta["codec"],
        width=meta["width"],
        height=meta["height"],
        fps=Fraction(*meta["fps"]),
        name=meta["name"],
        reorder=meta["reorder"],
        encoding=None if how is None else Encoding(**{**how, "fps": Fraction(*how["fps"])}),
    )
