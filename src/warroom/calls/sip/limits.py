"""How much one sender may ask for: token buckets by address, in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable

BUCKETS_MOST = 4096


class RateLimit:
    """Allows each sender a number of messages a second, with a burst.

    The sender that was heard longest ago is forgotten first, so that a flood from forged addresses
    costs no memory; whoever comes back begins with a full burst.

    Args:
        per_s: Messages a second that are always taken.
        burst: Messages that may come at once.
        monotonic: Seconds.
    """

    def __init__(self, per_s: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._per_s, self._burst, self._monotonic = per_s, burst, monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, sender: str) -> bool:
        """Whether one more message of this sender is taken; it is counted if so."""
        now = self._monotonic()
        left, since = self._buckets.pop(sender, (float(self._burst), now))
        left = min(self._burst, left + (now - since) * self._per_s)
        allowed = left >= 1
        self._buckets[sender] = (left - allowed, now)
        if len(self._buckets) > BUCKETS_MOST:
            self._buckets.popitem(last=False)
        return allowed

    def __len__(self) -> int:
        return len(self._buckets)
