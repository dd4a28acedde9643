"""A cache that is bounded by what it weighs, not by how many things are in it."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

ENTRY_BYTES = 256
"""What an entry weighs beside its value: key, object and links, about."""


class ByteCache[K: Hashable]:
    """The values asked for last, up to so many bytes in all. Thread-safe.

    Args:
        most_bytes: What the values may weigh together; a heavier one alone is not kept.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._values: OrderedDict[K, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._values)

    def get(self, key: K) -> bytes | None:
        """The value, or None."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: bytes) -> None:
        """Keeps a value; those that nobody asked for longest make room."""
        with self._lock:
            before = self._values.pop(key, None)
            if before is not None:
                self.bytes -= len(before) + ENTRY_BYTES
            self._values[key] = value
            self.bytes += len(value) + ENTRY_BYTES
            while self.bytes > self._most_bytes:
                self.bytes -= len(self._values.popitem(last=False)[1]) + ENTRY_BYTES
