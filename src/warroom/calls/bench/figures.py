"""What the measuring and the measured process share."""

import struct

STAMP = struct.Struct("!Q")
"""When a packet was sent, by the clock that all processes of a machine share, in nanoseconds."""


def nearest_rank(sorted_values: list[float], percent: int) -> float:
    """The value below or at which so many percent lie; -1 where there is none."""
    if not sorted_values:
        return -1.0
    return sorted_values[max(0, -(-percent * len(sorted_values) // 100) - 1)]
