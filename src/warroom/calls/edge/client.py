"""How `serve` speaks to the edge of its node: one connection for commands, one to follow events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from warroom.calls import errors
from warroom.calls.edge.journal import Event
from warroom.calls.errors import EdgeAwayError
from warroom.kernel.errors import WarRoomError

ANSWER_S = 8.0
DIAL_S = 120.0
"""Commands that call somebody take as long as that rings."""

_SLOW = frozenset({"conference", "transfer", "call_back"})
LINE_MAX_BYTES = 2_000_000

_ERRORS: dict[str, type[WarRoomError]] = {
    kind.code: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, WarRoomError) and kind is not WarRoomError
}


class EdgeClient:
    """Speaks to the calls process of this node.

    Args:
        path: Of its socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ask(self, op: str, **words: Any) -> Any:
        """One command; what it gives back.

        Raises:
            WarRoomError: What the edge refused with.
            EdgeAwayError: It is away.
        """
        try:
            async with asyncio.timeout(DIAL_S if op in _SLOW else ANSWER_S):
                answer = await self._ask({"id": 1, "op": op, **words})
        except (OSError, TimeoutError, msgspec.MsgspecError, ValueError) as error:
            raise EdgeAwayError from error
        if "error" in answer:
            kind = _ERRORS.get(answer["error"], errors.CommandError)
            raise kind(**answer.get("params", {}))
        return answer.get("result")

    async def _ask(self, words: dict[str, Any]) -> dict[str, Any]:
        reader, writer = await asyncio.open_unix_connection(str(self._path), limit=LINE_MAX_BYTES)
        try:
            writer.write(msgspec.json.encode(words) + b"\n")
            return msgspec.json.decode(await reader.readline(), type=dict[str, Any])
        finally:
            writer.close()

    @contextlib.asynccontextmanager
    async def follow(self, after: int) -> "AsyncIterator[Following]":
        """The journal from an event on, for as long as the context lasts.

        Raises:
            EdgeAwayError: It cannot be reached.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(
                str(self._path), limit=LINE_MAX_BYTES
            )
        except OSError as error:
            raise EdgeAwayError from error
        try:
            writer.write(msgspec.json.encode({"id": 0, "op": "follow", "after": after}) + b"\n")
            head = msgspec.json.decode(await reader.readline() or b"{}", type=dict[str, Any])
            if "journal" not in head:
                raise EdgeAwayError
            yield Following(reader, head["journal"], head["newest"])
        finally:
            writer.close()


class Following:
    """Events as they are written.

    Args:
        reader: Of the connection.
        journal: Which journal it is.
        newest: The newest event when it began.
    """

    def __init__(self, reader: asyncio.StreamReader, journal: str, newest: int) -> None:
        self._reader, self.journal, self.newest = reader, journal, newest

    async def next(self) -> Event:
        """The next event; waits for it.

        Raises:
            EdgeAwayError: The edge ended.
        """
        try:
            line = await self._reader.readline()
        except (OSError, ValueError) as error:
            raise EdgeAwayError from error
        if not line:
            raise EdgeAwayError
        return msgspec.json.decode(line, type=_Told).event


class _Told(msgspec.Struct):
    event: Event
