"""Size and profile of a picture, read out of a sequence parameter set. Pure.

References:
    ITU-T H.264 section 7.3.2.1.1; ITU-T H.265 section 7.3.2.2; RFC 6381 with ISO/IEC 14496-15
    annex E (codec strings).
"""

from dataclasses import dataclass

MAX_UNIT = 4096
_MAX_PIXELS = 16384
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))


@dataclass(frozen=True, slots=True)
class Picture:
    """What the stream shows.

    Attributes:
        codec: RFC 6381 string, `avc1.64001e`.
        width: Pixels after cropping.
        height: Pixels after cropping.
    """

    codec: str
    width: int
    height: int


def read_h264(unit: bytes) -> Picture | None:
    """Reads an H.264 parameter set (a NAL unit of type 7); None if it is not a sound one."""
    if len(unit) < 4 or len(unit) > MAX_UNIT or unit[0] & 0x1F != 7:
        return None
    try:
        width, height = _h264_size(_Bits(_without_emulation(unit[1:])))
    except IndexError:
        return None
    return _sound(f"avc1.{unit[1]:02x}{unit[2]:02x}{unit[3]:02x}", width, height)


def read_h265(unit: bytes) -> Picture | None:
    """Reads an H.265 parameter set (a NAL unit of type 33); None if it is not a sound one."""
    if len(unit) < 16 or len(unit) > MAX_UNIT or (unit[0] >> 1) & 0x3F != 33:
        return None
    try:
        return _h265(_Bits(_without_emulation(unit[2:])))
    except IndexError:
        return None


class _Bits:
    """Bits of a byte string, the most significant first; past its end an IndexError."""

    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content, "big")
        self._left = len(content) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise IndexError
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def golomb(self) -> int:
        """An unsigned Exp-Golomb number.

        Raises:
            IndexError: It does not end, or is larger than the standard allows.
        """
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
            if zeros > 31:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """A signed Exp-Golomb number."""
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _h264_size(bits: _Bits) -> tuple[int, int]:
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma, separate = 1, 0
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        separate = bits.take(1) if chroma == 3 else 0
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            _skip_scaling(bits, 8 if chroma != 3 else 12)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.golomb(), 255)):
            bits.signed()
    bits.golomb()
    bits.take(1)
    width = (bits.golomb() + 1) * 16
    map_units = bits.golomb() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    height = map_units * 16 * (2 - frames_only)
    bits.take(1)
    if bits.take(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) and not separate else 1
        unit_y = (2 if chroma == 1 and not separate else 1) * (2 - frames_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    return width, height


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for number in range(lists):
        if not bits.take(1):
            continue
        last, following = 8, 8
        for _ in range(16 if number < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _h265(bits: _Bits) -> Picture | None:
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    space, tier, profile = bits.take(2), bits.take(1), bits.take(5)
    compatible = int(f"{bits.take(32):032b}"[::-1], 2)
    constraints = bits.take(48).to_bytes(6, "big").rstrip(b"\0")
    level = bits.take(8)
    _skip_layers(bits, layers)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    if bits.take(1):
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1)
    letter = ("", "A", "B", "C")[space]
    codec = f"hvc1.{letter}{profile}.{compatible:X}.{'LH'[tier]}{level}"
    return _sound(codec + "".join(f".{byte:X}" for byte in constraints), width, height)


def _skip_layers(bits: _Bits, layers: int) -> None:
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for has_profile, has_level in present:
        if has_profile:
            bits.take(88)
        if has_level:
            bits.take(8)


def _sound(codec: str, width: int, height: int) -> Picture | None:
    if 0 < width <= _MAX_PIXELS and 0 < height <= _MAX_PIXELS:
        return Picture(codec, width, height)
    return None


def _without_emulation(content: bytes) -> bytes:
    """The bytes without those that were put in so that no start code appears."""
    return content.replace(b"\x00\x00\x03", b"\x00\x00")
