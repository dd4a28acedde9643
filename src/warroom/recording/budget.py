"""How much a camera may still send: a token bucket over everything its connection brings."""

from warroom.recording.errors import Cause, StreamError

READ_COST = 512
"""A read counts for so many bytes at least: a drip of single bytes is a flood as well."""


class Budget:
    """Bytes that may come: `burst_s` seconds' worth at once, the ceiling for ever.

    It outlives the connection, so that a camera that is cut and comes back has no more for it.

    Attributes:
        bytes_s: The ceiling in bytes a second; 0 has no end.
    """

    __slots__ = ("_burst_s", "_left", "_refilled_at", "bytes_s")

    def __init__(self, ceiling_kbit_s: int, burst_s: float, now: float) -> None:
        self._burst_s = burst_s
        self._refilled_at = now
        self.bytes_s = 0.0
        self._left = float("inf")
        self.set_ceiling(ceiling_kbit_s)

    def set_ceiling(self, ceiling_kbit_s: int) -> None:
        """Another ceiling from now on; the bucket begins full."""
        self.bytes_s = ceiling_kbit_s * 125.0
        self._left = self.bytes_s * self._burst_s if self.bytes_s else float("inf")

    def spend(self, size: int) -> None:
        """Counts a read of `size` bytes.

        Raises:
            StreamError: The camera has sent more than it may.
        """
        self._left -= size if size > READ_COST else READ_COST
        if self._left < 0:
            raise StreamError(Cause.OVER_CEILING, f"more than {self.bytes_s * 0.008:.0f} kbit/s")

    def refill(self, now: float) -> None:
        """Adds what the time since the last call allows; call it about twice a second."""
        passed_s = min(self._burst_s, max(0.0, now - self._refilled_at))
        self._refilled_at = now
        if self.bytes_s:
            most = self.bytes_s * self._burst_s
            self._left = min(most, max(0.0, self._left) + self.bytes_s * passed_s)
