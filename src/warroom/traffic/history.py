"""What the roads were like: the state of every fifth minute of the last days.

One byte an edge holds how it was drawn and how that was known; what was measured in figures is
not kept.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from warroom.traffic.contracts import Bytes, State
from warroom.traffic.typical import places_of

_HOW = 8
"""A colour is below it: what is above is how the edge was known."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """How E edges were drawn at an instant.

    Attributes:
        colour: (E) `Colour`.
        how: (E) `How`.
    """

    colour: Bytes
    how: Bytes

    @classmethod
    def of(cls, state: State) -> "Past":
        """What is kept of a state."""
        return cls(state.colour, state.how)

    def packed(self) -> bytes:
        """For the database."""
        return zlib.compress((self.colour + _HOW * self.how).astype(np.uint8).tobytes(), 1)

    @classmethod
    def unpacked(cls, content: bytes) -> "Past":
        """Of what the database held."""
        both = np.frombuffer(zlib.decompress(content), np.uint8)
        return cls(both % _HOW, both // _HOW)

    def carried(self, keys: bytes, to: bytes) -> "Past":
        """The same for the edges of another pack; edges that are new were unknown.

        Args:
            keys: `typical.packed_keys` of the edges it is of.
            to: Of the edges it shall be of.
        """
        at, same = places_of(keys, to)
        return Past(
            np.where(same, self.colour[at], 0).astype(np.uint8),
            np.where(same, self.how[at], 0).astype(np.uint8),
        )
