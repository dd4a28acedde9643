"""Reads H.264 and H.265 parameter sets bit by bit (ITU-T H.264 7.2, 9.1; H.265 7.2)."""

from warroom.recording.errors import Cause, StreamError


def unescape(nal: bytes) -> bytes:
    """The payload without its emulation prevention bytes (00 00 03 -> 00 00)."""
    if b"\0\0\3" not in nal:
        return nal
    result = bytearray()
    position = 0
    while (found := nal.find(b"\0\0\3", position)) >= 0:
        result += nal[position : found + 2]
        position = found + 3
    result += nal[position:]
    return bytes(result)


class Bits:
    """A cursor over bits, most significant first.

    Args:
        payload: Bytes without emulation prevention.
    """

    def __init__(self, payload: bytes) -> None:
        self._value = int.from_bytes(payload)
        self._left = len(payload) * 8

    def u(self, count: int) -> int:
        """The next `count` bits as an unsigned number.

        Raises:
            StreamError: The payload is shorter.
        """
        self._left -= count
        if self._left < 0:
            raise StreamError(Cause.NOT_VIDEO, "parameter set too short")
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        """The next bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """An Exp-Golomb code.

        Raises:
            StreamError: It is longer than 32 bits, or the payload ends.
        """
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > 32:
                raise StreamError(Cause.NOT_VIDEO, "Exp-Golomb code too long")
        return (1 << zeros) - 1 + (self.u(zeros) if zeros else 0)

    def se(self) -> int:
        """A signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def skip(self, count: int) -> None:
        """Passes over bits."""
        self.u(count)
