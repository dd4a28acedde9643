"""`warroom node serve`: answers the city's other nodes, and brings their frames to this one.

Other nodes ask for footage and for live frames over TLS. The processes of this node find the frames
of all other nodes behind one Unix socket, which speaks as a recorder's fan-out does: a stream is
asked of the node that holds its camera now.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from warroom.app.node import Node, elsewhere_socket, media_socket, open_node
from warroom.app.node_keys import ensure_keys, roster_of
from warroom.app.processes import die_with_parent_if_supervised
from warroom.cameras import api as cameras
from warroom.identity import api as identity
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.log import logger
from warroom.kernel.loops import keep_on
from warroom.kernel.nodes import NodesSettings
from warroom.kernel.peers import DRAIN_S, Json, NodeAwayError, PeerDoor, Peers, Say
from warroom.recording import api as recording
from warroom.recording.contracts import ENVELOPE, MESSAGE_LIMIT, Kind, pack_json

HOLDERS_S = 1.0
RELAY_BYTES = 256 << 10
COMMAND_BYTES = 65_536
CLIENTS_MAX = 64

_log = logger("app.node_door")


def serve() -> None:
    """Answers the city's other nodes. Example: `warroom node serve`.

    It needs `[nodes] port`, and the city's keys (`warroom node join`).
    """
    die_with_parent_if_supervised()
    asyncio.run(_serve(open_node()))


async def _serve(node: Node) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await ensure_keys(node)
    settings = node.configuration.section(NodesSettings)
    db = Database(node.connections.app, max_size=2)
    await db.open()
    roster = roster_of(node, db)
    answers = recording.make_answers(
        node.clock,
        node.configuration.section(recording.RecordingSettings),
        node.settings.data,
    )
    live = _relay(media_socket(node.settings))
    door = PeerDoor(roster, settings, {**answers.handlers(), "live": live})
    peers = Peers(roster, settings)
    elsewhere = Elsewhere(node, db, peers)
    try:
        await _until_known(roster.refresh, stopped)
        async with peers:
            if not stopped.is_set():
                await door.start()
                await elsewhere.start()
                _log.info("node_door_open", node=node.settings.node, port=settings.port)
            await stopped.wait()
    finally:
        await elsewhere.stop()
        await door.stop()
        answers.close()
        await db.close()


async def _until_known(refresh: Callable[[], Awaitable[None]], stopped: asyncio.Event) -> None:
    """Waits for the database to tell who the nodes are."""
    while not stopped.is_set():
        try:
            await refresh()
        except DatabaseAwayError:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 1.0)
        else:
            return


def _relay(path: Path) -> Callable[[Json, Say], Awaitable[None]]:
    """Answers `live`: this node's recorder speaks to the other node, bytes as they are."""

    async def live(question: Json, say: Say) -> None:
        del question
        try:
            reader, writer = await asyncio.open_unix_connection(str(path))
        except OSError:
            await say.head({"error": "live.media_away"})
            return
        try:
            await say.head({})
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, say.writer))
                group.create_task(_copy(say.reader, writer))
        except* (OSError, TimeoutError, _EndedError):
            pass
        finally:
            writer.close()

    return live


class _EndedError(Exception):
    """One side of a relay went; the other is let go too."""


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies until one side ends; reads no more while the other takes nothing.

    Raises:
        _EndedError: It ended.
    """
    while data := await reader.read(RELAY_BYTES):
        writer.write(data)
        async with asyncio.timeout(DRAIN_S):
            await writer.drain()
    raise _EndedError


class Elsewhere:
    """The Unix socket of the other nodes' frames.

    Args:
        node: This node.
        db: For who holds which camera.
        peers: The other nodes.
    """

    def __init__(self, node: Node, db: Database, peers: Peers) -> None:
        self._node, self._db, self._peers = node, db, peers
        self._path = elsewhere_socket(node)
        self._holders: dict[str, str] = {}
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[Any] | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Opens the socket (mode 0600)."""
        if self._path is None:
            return
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._meet, str(self._path), limit=COMMAND_BYTES
            )
        finally:
            os.umask(before)
        self._task = asyncio.create_task(keep_on("app.node_door", self._keep_holders))

    async def stop(self) -> None:
        """Closes it."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._clients, *([self._task] if self._task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def holder_of(self, camera_id: str) -> str | None:
        """The other node that records a camera now."""
        name = self._holders.get(camera_id)
        return None if name == self._node.settings.node else name

    async def _keep_holders(self) -> None:
        while True:
            with contextlib.suppress(DatabaseAwayError):
                scope = identity.system_scope("nodes", self._node.clock)
                async with self._db.transaction(scope) as tx:
                    self._holders = await cameras.list_recorders(tx)
            await asyncio.sleep(HOLDERS_S)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= CLIENTS_MAX:
            writer.close()
            return
        task = asyncio.create_task(_Client(self, self._peers, reader, writer).run())
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)


class _Client:
    """One process of this node that watches streams of others."""

    def __init__(
        self,
        elsewhere: Elsewhere,
        peers: Peers,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._elsewhere, self._peers = elsewhere, peers
        self._reader, self._writer = reader, writer
        self._node_of: dict[int, str] = {}
        self._lines: dict[str, asyncio.Queue[bytes]] = {}
        self._links: dict[str, asyncio.Task[None]] = {}
        self._free = asyncio.Lock()

    async def run(self) -> None:
        try:
            while line := await self._reader.readline():
                command = msgspec.json.decode(line, type=dict[str, Any])
                await self._take(command, int(command.get("channel", 0)), line)
        except (OSError, ValueError, msgspec.MsgspecError):
            _log.warning("node_door_client")
        finally:
            for link in self._links.values():
                link.cancel()
            await asyncio.gather(*self._links.values(), return_exceptions=True)
            self._writer.close()

    async def _take(self, command: Json, channel: int, line: bytes) -> None:
        known = self._node_of.get(channel)
        if command.get("op") == "unwatch":
            if self._node_of.pop(channel, None) is not None and known in self._lines:
                self._lines[known].put_nowait(line)
            return
        holder = self._elsewhere.holder_of(str(command.get("camera", "")))
        if holder is None:
            await self._say(pack_json(Kind.ERROR, channel, {"code": "recording.no_such_stream"}))
            return
        self._node_of[channel] = holder
        link = self._links.get(holder)
        if link is None or link.done():
            self._lines[holder] = asyncio.Queue()
            self._links[holder] = asyncio.create_task(self._follow(holder, self._lines[holder]))
        self._lines[holder].put_nowait(line)

    async def _follow(self, node: str, lines: asyncio.Queue[bytes]) -> None:
        """The connection to one node, until it ends; its streams are told of as away then."""
        try:
            async with self._peers.connect(node, {"op": "live"}) as (reader, writer, head):
                if "error" not in head:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._hand_on(reader))
                        group.create_task(_send(lines, writer))
        except* (NodeAwayError, OSError, asyncio.IncompleteReadError, TimeoutError):
            _log.info("node_away", node=node)
        finally:
            self._lines.pop(node, None)
            lost = [channel for channel, name in self._node_of.items() if name == node]
            for channel in lost:
                del self._node_of[channel]
                await self._say(
                    pack_json(Kind.ERROR, channel, {"code": "recording.no_such_stream"})
                )

    async def _hand_on(self, reader: asyncio.StreamReader) -> None:
        """Whole messages, as many as are there: those of several nodes must not mix.

        Raises:
            ConnectionResetError: The other node ended it.
        """
        rest = bytearray()
        while data := await reader.read(RELAY_BYTES):
            rest += data
            end = _whole(rest)
            if end:
                await self._say(bytes(rest[:end]))
                del rest[:end]
        raise ConnectionResetError

    async def _say(self, messages: bytes) -> None:
        async with self._free:
            self._writer.write(messages)
            await self._writer.drain()


async def _send(lines: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(await lines.get())
        await writer.drain()


def _whole(rest: bytearray) -> int:
    """How many bytes of whole messages a buffer begins with.

    Raises:
        ConnectionResetError: These are no messages.
    """
    position = 0
    while len(rest) - position >= ENVELOPE.size:
        length = ENVELOPE.unpack_from(rest, position)[0]
        if not 5 <= length <= MESSAGE_LIMIT:
            raise ConnectionResetError
        if position + 4 + length > len(rest):
            break
        position += 4 + length
    return position
