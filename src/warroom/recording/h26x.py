"""What H.264 and H.265 parameter sets say: size, codec string, reordering, decoder record.

Only what a recorder needs is kept; the slices themselves are never looked into.
"""

from dataclasses import dataclass, field
from typing import Literal

from warroom.recording.bits import Bits, unescape
from warroom.recording.errors import Cause, StreamError

type Codec = Literal["h264", "h265"]

MAX_SIDE_PX = 16384
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_H264_EXTENDED_SAR = 255


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The parameter sets a run is decoded with, and what they say.

    Attributes:
        vps: H.265 only.
        width: After cropping, pixels.
        height: After cropping, pixels.
        codec_string: RFC 6381.
        reorder: Frames that may precede a frame in decoding but follow it in output; None when
            the stream does not say (then it is learnt).
        frame_ticks: 90 kHz ticks of a frame by the stream's own timing; 0 when it does not say.
    """

    codec: Codec
    vps: bytes
    sps: bytes
    pps: tuple[bytes, ...]
    width: int
    height: int
    codec_string: str
    reorder: int | None
    frame_ticks: int
    record: bytes = field(repr=False)


@dataclass(slots=True)
class _Sps:
    width: int = 0
    height: int = 0
    reorder: int | None = None
    frame_ticks: int = 0
    chroma_format: int = 1
    depth_luma: int = 8
    depth_chroma: int = 8
    profile_tier_level: bytes = b""
    sub_layers: int = 1
    nested: bool = False


def _checked_size(width: int, height: int) -> tuple[int, int]:
    if not (0 < width <= MAX_SIDE_PX and 0 < height <= MAX_SIDE_PX):
        raise StreamError(Cause.NOT_VIDEO, f"picture of {width}x{height}")
    return width, height


def _skip_h264_scaling(bits: Bits, chroma_format: int) -> None:
    for index in range(12 if chroma_format == 3 else 8):
        if not bits.flag():
            continue
        last, following = 8, 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _skip_hrd(bits: Bits) -> None:
    count = bits.ue() + 1
    if count > 32:
        raise StreamError(Cause.NOT_VIDEO, "hrd")
    bits.skip(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.skip(1)
    bits.skip(20)


def _read_h264_vui(bits: Bits, sps: _Sps) -> None:  # noqa: C901 - a list of flags
    if bits.flag() and bits.u(8) == _H264_EXTENDED_SAR:
        bits.skip(32)
    if bits.flag():
        bits.skip(1)
    if bits.flag():
        bits.skip(4)
        if bits.flag():
            bits.skip(24)
    if bits.flag():
        bits.ue()
        bits.ue()
    if bits.flag():
        unit, scale = bits.u(32), bits.u(32)
        bits.skip(1)
        if unit and scale and unit * 2 <= scale * 10:
            sps.frame_ticks = round(90_000 * 2 * unit / scale)
    nal_hrd = bits.flag()
    if nal_hrd:
        _skip_hrd(bits)
    vcl_hrd = bits.flag()
    if vcl_hrd:
        _skip_hrd(bits)
    if nal_hrd or vcl_hrd:
        bits.skip(1)
    bits.skip(1)
    if bits.flag():
        bits.skip(1)
        for _ in range(4):
            bits.ue()
        sps.reorder = min(bits.ue(), 16)


def _read_h264_sps(nal: bytes) -> _Sps:  # noqa: C901 - in the order of the standard
    bits = Bits(unescape(nal[1:]))
    sps = _Sps()
    profile, constraints = bits.u(8), bits.u(8)
    bits.skip(8)
    bits.ue()
    if profile in _HIGH_PROFILES:
        sps.chroma_format = bits.ue()
        if sps.chroma_format == 3:
            bits.skip(1)
        sps.depth_luma = bits.ue() + 8
        sps.depth_chroma = bits.ue() + 8
        bits.skip(1)
        if bits.flag():
            _skip_h264_scaling(bits, sps.chroma_format)
    bits.ue()
    order_type = bits.ue()
    if order_type == 0:
        bits.ue()
    elif order_type == 1:
        bits.skip(1)
        bits.se()
        bits.se()
        cycle = bits.ue()
        if cycle > 255:
            raise StreamError(Cause.NOT_VIDEO, "picture order cycle")
        for _ in range(cycle):
            bits.se()
    bits.ue()
    bits.skip(1)
    width_mbs = bits.ue() + 1
    height_units = bits.ue() + 1
    frame_only = bits.flag()
    if not frame_only:
        bits.skip(1)
    bits.skip(1)
    crop = [bits.ue() for _ in range(4)] if bits.flag() else [0, 0, 0, 0]
    unit_x = 1 if sps.chroma_format in (0, 3) else 2
    unit_y = (2 if sps.chroma_format == 1 else 1) * (1 if frame_only else 2)
    sps.width, sps.height = _checked_size(
        width_mbs * 16 - unit_x * (crop[0] + crop[1]),
        height_units * 16 * (1 if frame_only else 2) - unit_y * (crop[2] + crop[3]),
    )
    if bits.flag():
        try:
            _read_h264_vui(bits, sps)
        except StreamError:
            sps.reorder = None  # cameras cut this short; the picture does not depend on it
    if order_type == 2 or profile == 66 or (profile in (44, 100, 110, 122) and constraints & 16):
        sps.reorder = 0
    return sps


def _h264_record(sps: bytes, pps: tuple[bytes, ...], read: _Sps) -> bytes:
    """`AVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 5.3.3.1)."""
    record = bytes((1, sps[1], sps[2], sps[3], 0xFF, 0xE1)) + len(sps).to_bytes(2) + sps
    record += bytes((len(pps),)) + b"".join(len(nal).to_bytes(2) + nal for nal in pps)
    if sps[1] in (100, 110, 122, 144, 244):
        record += bytes(
            (
                0xFC | read.chroma_format,
                0xF8 | (read.depth_luma - 8),
                0xF8 | (read.depth_chroma - 8),
            )
        )
        record += b"\0"
    return record


def _skip_h265_sub_layers(bits: Bits, highest: int) -> None:
    present = [(bits.flag(), bits.flag()) for _ in range(highest)]
    if highest:
        bits.skip(2 * (8 - highest))
    for profile, level in present:
        bits.skip((88 if profile else 0) + (8 if level else 0))


def _skip_h265_scaling(bits: Bits) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():
                bits.ue()
                continue
            if size > 1:
                bits.se()
            for _ in range(min(64, 1 << (4 + (size << 1)))):
                bits.se()


def _skip_h265_ref_pic_sets(bits: Bits, count: int) -> None:
    pictures = 0
    for index in range(count):
        if index and bits.flag():
            bits.skip(1)
            bits.ue()
            kept = 0
            for _ in range(pictures + 1):
                used = bits.flag()
                kept += 1 if used or bits.flag() else 0
            pictures = kept
            continue
        negative, positive = bits.ue(), bits.ue()
        if negative > 16 or positive > 16:
            raise StreamError(Cause.NOT_VIDEO, "reference picture set")
        for _ in range(negative + positive):
            bits.ue()
            bits.skip(1)
        pictures = negative + positive


def _read_h265_timing(bits: Bits, sps: _Sps, log2_poc: int) -> None:  # noqa: C901, PLR0912
    """The parts of the H.265 SPS after the picture's size, up to the VUI's frame timing.

    Raises:
        StreamError: They are too short, or hold what cannot be.
    """
    bits.ue()
    bits.ue()
    bits.ue()
    bits.ue()
    bits.ue()
    bits.ue()
    if bits.flag() and bits.flag():
        _skip_h265_scaling(bits)
    bits.skip(2)
    if bits.flag():
        bits.skip(8)
        bits.ue()
        bits.ue()
        bits.skip(1)
    sets = bits.ue()
    if sets > 64:
        raise StreamError(Cause.NOT_VIDEO, "reference picture sets")
    _skip_h265_ref_pic_sets(bits, sets)
    if bits.flag():
        references = bits.ue()
        if references > 32:
            raise StreamError(Cause.NOT_VIDEO, "long-term references")
        for _ in range(references):
            bits.skip(log2_poc + 1)
    bits.skip(2)
    if not bits.flag():
        return
    if bits.flag() and bits.u(8) == _H264_EXTENDED_SAR:
        bits.skip(32)
    if bits.flag():
        bits.skip(1)
    if bits.flag():
        bits.skip(4)
        if bits.flag():
            bits.skip(24)
    if bits.flag():
        bits.ue()
        bits.ue()
    bits.skip(3)
    if bits.flag():
        for _ in range(4):
            bits.ue()
    if bits.flag():
        unit, scale = bits.u(32), bits.u(32)
        if unit and scale and unit <= scale * 10:
            sps.frame_ticks = round(90_000 * unit / scale)


def _read_h265_sps(nal: bytes) -> _Sps:
    body = unescape(nal[2:])
    bits = Bits(body)
    sps = _Sps()
    bits.skip(4)
    highest = bits.u(3)
    if highest > 6:
        raise StreamError(Cause.NOT_VIDEO, "sub-layers")
    sps.sub_layers = highest + 1
    sps.nested = bits.flag()
    sps.profile_tier_level = body[1:13]
    bits.skip(96)
    _skip_h265_sub_layers(bits, highest)
    bits.ue()
    sps.chroma_format = bits.ue()
    if sps.chroma_format == 3:
        bits.skip(1)
    width, height = bits.ue(), bits.ue()
    crop = [bits.ue() for _ in range(4)] if bits.flag() else [0, 0, 0, 0]
    unit_x = 2 if sps.chroma_format in (1, 2) else 1
    unit_y = 2 if sps.chroma_format == 1 else 1
    sps.width, sps.height = _checked_size(
        width - unit_x * (crop[0] + crop[1]), height - unit_y * (crop[2] + crop[3])
    )
    sps.depth_luma = bits.ue() + 8
    sps.depth_chroma = bits.ue() + 8
    log2_poc = bits.ue() + 4
    every = bits.flag()
    for _ in range(0 if every else highest, highest + 1):
        bits.ue()
        sps.reorder = min(bits.ue(), 16)
        bits.ue()
    try:
        _read_h265_timing(bits, sps, log2_poc)
    except StreamError:
        sps.frame_ticks = 0
    return sps


def _h265_codec_string(ptl: bytes) -> str:
    """`hvc1.`, profile, compatibility (bits reversed), tier, level, constraints (14496-15 E)."""
    space = ("", "A", "B", "C")[ptl[0] >> 6]
    profile = ptl[0] & 31
    tier = "H" if ptl[0] & 32 else "L"
    compatibility = int(f"{int.from_bytes(ptl[1:5]):032b}"[::-1], 2)
    constraints = ptl[5:11].rstrip(b"\0")
    parts = [f"hvc1.{space}{profile}", f"{compatibility:X}", f"{tier}{ptl[11]}"]
    return ".".join(parts + [f"{byte:X}" for byte in constraints])


def _h265_record(vps: bytes, sps: bytes, pps: tuple[bytes, ...], read: _Sps) -> bytes:
    """`HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15, 8.3.3.1)."""
    record = b"\1" + read.profile_tier_level
    record += bytes((0xF0, 0, 0xFC, 0xFC | read.chroma_format & 3))
    record += bytes((0xF8 | (read.depth_luma - 8) & 7, 0xF8 | (read.depth_chroma - 8) & 7, 0, 0))
    record += bytes(((read.sub_layers & 7) << 3 | (4 if read.nested else 0) | 3, 3))
    for kind, nals in ((32, (vps,)), (33, (sps,)), (34, pps)):
        record += bytes((0x80 | kind,)) + len(nals).to_bytes(2)
        record += b"".join(len(nal).to_bytes(2) + nal for nal in nals)
    return record


def read_h264(sps: bytes, pps: tuple[bytes, ...]) -> ParameterSets:
    """What an H.264 SPS and its PPSs say.

    Raises:
        StreamError: With `Cause.NOT_VIDEO` when they cannot be read.
    """
    if len(sps) < 5 or len(sps) > 4096 or sps[0] & 31 != 7 or not 0 < len(pps) <= 31:
        raise StreamError(Cause.NOT_VIDEO, "no H.264 SPS or PPS")
    if any(len(nal) > 4096 or not nal for nal in pps):
        raise StreamError(Cause.NOT_VIDEO, "H.264 PPS")
    read = _read_h264_sps(sps)
    return ParameterSets(
        codec="h264",
        vps=b"",
        sps=sps,
        pps=pps,
        width=read.width,
        height=read.height,
        codec_string=f"avc1.{sps[1]:02x}{sps[2]:02x}{sps[3]:02x}",
        reorder=read.reorder,
        frame_ticks=read.frame_ticks,
        record=_h264_record(sps, pps, read),
    )


def read_h265(vps: bytes, sps: bytes, pps: tuple[bytes, ...]) -> ParameterSets:
    """What H.265 parameter sets say.

    Raises:
        StreamError: With `Cause.NOT_VIDEO` when they cannot be read.
    """
    if not (4 < len(vps) <= 4096 and 14 < len(sps) <= 4096 and 0 < len(pps) <= 64):
        raise StreamError(Cause.NOT_VIDEO, "no H.265 VPS, SPS or PPS")
    if sps[0] >> 1 & 63 != 33 or vps[0] >> 1 & 63 != 32 or any(len(nal) > 4096 for nal in pps):
        raise StreamError(Cause.NOT_VIDEO, "H.265 parameter sets")
    read = _read_h265_sps(sps)
    if len(read.profile_tier_level) < 12:
        raise StreamError(Cause.NOT_VIDEO, "H.265 SPS too short")
    return ParameterSets(
        codec="h265",
        vps=vps,
        sps=sps,
        pps=pps,
        width=read.width,
        height=read.height,
        codec_string=_h265_codec_string(read.profile_tier_level),
        reorder=read.reorder,
        frame_ticks=read.frame_ticks,
        record=_h265_record(vps, sps, pps, read),
    )


def is_recovery_point(sei: bytes) -> bool:
    """Whether an H.264 SEI says that decoding may begin at this picture (7.3.2.3, D.1.8)."""
    body = unescape(sei[1:66])
    position = 0
    while position + 2 < len(body):
        kind = size = 0
        while position < len(body) and body[position] == 255:
            kind += 255
            position += 1
        if position >= len(body):
            return False
        kind += body[position]
        position += 1
        while position < len(body) and body[position] == 255:
            size += 255
            position += 1
        if position >= len(body):
            return False
        size += body[position]
        position += 1
        if kind == 6 and position < len(body):
            return body[position] & 0x80 != 0  # recovery_frame_cnt = 0: exact at once
        position += size
    return False
