"""What waits for one viewer: bounded, and never in the way of anybody else.

A viewer that does not read in time loses what waited for it and goes on with the next key frame,
told so by a text. The bytes that wait are the channel's own, shared with every other viewer.
"""

import asyncio
from collections import deque

import msgspec

from warroom.kernel.errors import WarRoomError

STUCK_DROPS = 20
"""So often in a row set to live without taking anything: the viewer is gone."""


class ViewerClosedError(Exception):
    """Nothing will come any more; the socket should be closed."""


class Viewer:
    """The queue of one viewer. Everything happens in one event loop.

    Args:
        max_bytes: Bytes that may wait.
        max_pieces: Fragments that may wait.
    """

    __slots__ = (
        "_bytes",
        "_drops_in_a_row",
        "_greeting",
        "_max_bytes",
        "_max_pieces",
        "_queue",
        "_wake",
        "dropped",
        "ended",
        "error",
        "greeted",
        "waits_for_key",
    )

    def __init__(self, *, max_bytes: int, max_pieces: int) -> None:
        self._queue: deque[bytes | str] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._max_pieces = max_pieces
        self._wake: asyncio.Future[None] | None = None
        self._greeting: str | None = None
        self._drops_in_a_row = 0
        self.ended = asyncio.Event()
        """Set when nothing will come any more."""
        self.error: WarRoomError | None = None
        """Why it ended, if the viewer must be told."""
        self.waits_for_key = True
        """Nothing is sent before the next key frame."""
        self.greeted = False
        """The viewer holds the description its fragments belong to."""
        self.dropped = 0
        """How often it was set to live."""

    @property
    def waiting(self) -> int:
        """Pieces that wait."""
        return len(self._queue)

    def put(self, piece: bytes) -> bool:
        """Adds a fragment; False if it was too much, and everything that waited is gone."""
        if self._bytes > self._max_bytes or len(self._queue) >= self._max_pieces:
            self.drop()
            return False
        self._queue.append(piece)
        self._bytes += len(piece)
        self._rouse()
        return True

    def tell(self, text: str) -> None:
        """Adds a text, in order with the fragments."""
        if len(self._queue) >= 2 * self._max_pieces:
            self.drop()
        self._queue.append(text)
        self._rouse()

    def greet(self, text: str, init: bytes) -> None:
        """Adds the description of all fragments that follow."""
        self._greeting = text
        self.greeted = True
        self.tell(text)
        self._queue.append(init)
        self._bytes += len(init)

    def drop(self) -> None:
        """Forgets what waits; the viewer goes on with the next key frame.

        A description that was still waiting is lost too, so it must be greeted again.
        """
        self.greeted = self.greeted and self._greeting is None
        self._greeting = None
        self._queue.clear()
        self._bytes = 0
        self.waits_for_key = True
        self.dropped += 1
        self._drops_in_a_row += 1
        if self._drops_in_a_row >= STUCK_DROPS:
            self.close()

    def close(self, error: WarRoomError | None = None) -> None:
        """Ends it, with the reason if the viewer must be told; what waited is forgotten."""
        if self.ended.is_set():
            return
        self.error = error
        self._queue.clear()
        self._bytes = 0
        self.ended.set()
        self._rouse()

    async def take(self) -> bytes | str:
        """The next text, or all fragments up to the next text as one piece.

        Raises:
            ViewerClosedError: There is nothing more.
        """
        queue = self._queue
        self._drops_in_a_row = 0
        while not queue:
            if self.ended.is_set():
                raise ViewerClosedError
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        first = queue.popleft()
        if isinstance(first, str):
            if first is self._greeting:
                self._greeting = None
            return first
        self._bytes -= len(first)
        if not queue or isinstance(queue[0], str):
            return first
        pieces = [first]
        while queue and isinstance(queue[0], bytes):
            piece = queue.popleft()
            assert isinstance(piece, bytes)  # noqa: S101 - for the type checker
            self._bytes -= len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def _rouse(self) -> None:
        wake = self._wake
        if wake is not None and not wake.done():
            wake.set_result(None)


def text_of(kind: str, **words: object) -> str:
    """A text that a viewer is told."""
    return msgspec.json.encode({"type": kind, **words}).decode()
