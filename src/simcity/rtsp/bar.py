"""A bar of light and dark cells in the picture that carries the frame number.

A latency test reads the number from the picture a viewer sees and computes when it was sent.
Cell `b` (from the left) is white when bit `b` of the number is set.
"""

import numpy as np
import numpy.typing as npt

BITS = 10
_LEVEL = 128


def cell_px(width: int) -> int:
    """Return the side of one square cell for a picture of that width."""
    return max(8, width // 32)


def draw(picture: npt.NDArray[np.uint8], number: int, bits: int = BITS) -> None:
    """Draw `number` modulo 2**bits into the top left corner, in place."""
    side = cell_px(picture.shape[1])
    picture[:side, : side * (bits + 1)] = 0  # one more dark cell separates it from the scene
    for bit in range(bits):
        if number >> bit & 1:
            picture[:side, bit * side : (bit + 1) * side] = 255


def read(picture: npt.NDArray[np.uint8], bits: int = BITS) -> int:
    """Return the number drawn by `draw`, from a decoded picture of any channel count."""
    side = cell_px(picture.shape[1])
    quarter = side // 4
    number = 0
    for bit in range(bits):
        cell = picture[quarter : side - quarter, bit * side + quarter : (bit + 1) * side - quarter]
        number |= int(cell.mean() > _LEVEL) << bit
    return number
