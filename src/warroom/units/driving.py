"""Which units are in the traffic: those that drive, and those that stopped a short while ago."""

import numpy as np
from numpy.typing import NDArray

from warroom.units.rules import DRIVING_KMH

STANDING_S = 300.0
"""Who drove so long ago at most stands in the traffic; afterwards it is parked, or at work."""


class Drivers:
    """Remembers of each unit, by its slot, when it drove."""

    def __init__(self) -> None:
        self._drove_at = np.full(256, -np.inf)

    def judge(
        self, slot: NDArray[np.int64], at_s: NDArray[np.float64], kmh: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """(n) whether each fix is of a unit in the traffic; a speed that is not told is of none.

        Args:
            slot: (n) which unit; several fixes of one in the order of their times.
            at_s: (n) seconds since 1970 UTC.
            kmh: (n) speed.
        """
        if len(slot) and int(slot.max()) >= len(self._drove_at):
            more = np.full(int(slot.max()) + len(self._drove_at), -np.inf)
            self._drove_at = np.concatenate((self._drove_at, more))
        drives = kmh >= DRIVING_KMH
        np.maximum.at(self._drove_at, slot[drives], at_s[drives])
        lately = at_s - self._drove_at[slot] <= STANDING_S
        return np.asarray(np.isfinite(kmh) & lately)
