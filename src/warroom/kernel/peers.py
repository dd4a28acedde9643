"""Questions from node to node, over TLS in which both sides are known by the rows of the nodes.

A connection carries one question: a line of JSON, answered by a head (JSON) and any number of
chunks, each with its length before it, and an empty one at the end. Nothing in it is a credential
that could be used again: who asks has the private key of the certificate, or is not heard.

References:
    RFC 8446 (TLS 1.3), 4.4: both sides prove their private key over this very connection.
"""

import asyncio
import contextlib
import hashlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import msgspec

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.errors import UnavailableError
from warroom.kernel.log import logger
from warroom.kernel.nodes import CityKeys, Known, NodesSettings
from warroom.kernel.scope import Scope

QUESTION_BYTES = 64 << 10
CHUNK_BYTES = 64 << 20
REFRESH_S = 5.0
HANDSHAKE_S = 5.0
DRAIN_S = 30.0
"""An asker that takes nothing for so long is gone."""

_LENGTH = 4
_log = logger("kernel.peers")

type Json = dict[str, Any]


class NodeAwayError(UnavailableError):
    """Another node does not answer (`node`)."""

    code = "kernel.node_away"


class Roster:
    """The nodes of the city as the database last told, and this node's side of TLS.

    Args:
        keys: The city's keys.
        db: Where the nodes' rows are.
        scope: Makes the system's scope.
        clock: For this node's certificate.
    """

    def __init__(
        self, keys: CityKeys, db: Database, scope: Callable[[], Scope], clock: Clock
    ) -> None:
        self.keys, self._db, self._scope, self._clock = keys, db, scope, clock
        self._known: dict[str, Known] = {}
        self._trusted: set[bytes] = set()
        self._contexts: dict[bool, ssl.SSLContext] = {}

    @property
    def name(self) -> str:
        """This node's name."""
        return self.keys.name

    @property
    def others(self) -> list[Known]:
        """The other nodes."""
        return [node for name, node in self._known.items() if name != self.name]

    def find(self, name: str) -> Known | None:
        """The node of this name."""
        return self._known.get(name)

    def find_by(self, certificate: bytes | None) -> Known | None:
        """The node that has this certificate (DER)."""
        digest = hashlib.sha256(certificate or b"").digest()
        return next((n for n in self._known.values() if n.fingerprint == digest), None)

    async def refresh(self) -> None:
        """Asks the database who the nodes are; one that was removed is a stranger from here on."""
        async with self._db.transaction(self._scope()) as tx:
            self._known = {node.name: node for node in await self.keys.list_known(tx)}
        for context in self._contexts.values():
            self._trust(context)

    async def keep(self) -> None:
        """Refreshes for ever."""
        while True:
            with contextlib.suppress(DatabaseAwayError):
                await self.refresh()
            await asyncio.sleep(REFRESH_S)

    def context(self, *, server: bool) -> ssl.SSLContext:
        """TLS for answering, or for asking; both sides show a certificate.

        Raises:
            NodeAwayError: The database did not tell yet by which certificate this node is known.
        """
        if server not in self._contexts:
            kind = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
            context = ssl.SSLContext(kind)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            # The certificate is compared as a whole; a name in it would add nothing.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            own = self.find(self.name)
            if own is None:
                raise NodeAwayError(node=self.name)
            context.load_cert_chain(self.keys.write_tls(own.certificate))
            self._trust(context)
            self._contexts[server] = context
        return self._contexts[server]

    def _trust(self, context: ssl.SSLContext) -> None:
        present = set(context.get_ca_certs(binary_form=True))
        for node in self._known.values():
            if node.certificate not in present:
                context.load_verify_locations(cadata=node.certificate)


class Answer:
    """What another node answers: its head, then chunks as they come."""

    def __init__(self, reader: asyncio.StreamReader, head: Json, timeout_s: float) -> None:
        self.head, self._reader, self._timeout_s = head, reader, timeout_s

    async def chunks(self) -> AsyncIterator[bytes]:
        """The chunks; the other side waits while nobody takes them.

        Raises:
            NodeAwayError: It ended in the middle.
        """
        while chunk := await _read_chunk(self._reader, self._timeout_s):
            yield chunk


class Peers:
    """Asks other nodes.

    Args:
        roster: Who they are.
        settings: Limits.
    """

    def __init__(self, roster: Roster, settings: NodesSettings) -> None:
        self.roster, self._settings = roster, settings
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begins to learn from the database who the nodes are."""
        self._task = asyncio.create_task(self.roster.keep())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Learns no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @asynccontextmanager
    async def connect(
        self, name: str, question: Json
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter, Json]]:
        """A connection to another node with the head of its answer read.

        Raises:
            NodeAwayError: It does not answer in time, is not known, or is not who it should be.
        """
        node = self.roster.find(name)
        if node is None or not node.address:
            raise NodeAwayError(node=name)
        host, _, port = node.address.rpartition(":")
        writer = None
        try:
            async with asyncio.timeout(self._settings.answer_s):
                reader, writer = await asyncio.open_connection(
                    host, int(port), ssl=self.roster.context(server=False), server_hostname=""
                )
                _require(node, writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
                writer.write(msgspec.json.encode(question) + b"\n")
                await writer.drain()
                head = msgspec.json.decode(
                    await _read_chunk(reader, self._settings.answer_s), type=dict[str, Any]
                )
        except (OSError, ValueError, TimeoutError, msgspec.MsgspecError) as error:
            if writer is not None:
                writer.close()
            raise NodeAwayError(node=name) from error
        except BaseException:
            if writer is not None:
                writer.close()
            raise
        try:
            yield reader, writer, head
        finally:
            writer.close()

    @asynccontextmanager
    async def ask(self, name: str, op: str, body: Json) -> AsyncIterator[Answer]:
        """Asks one question; the answer lasts as long as the block.

        Raises:
            NodeAwayError: The node is away.
        """
        async with self.connect(name, {"op": op, **body}) as (reader, _, head):
            yield Answer(reader, head, DRAIN_S)


class Say:
    """How an answer is given: a head, then chunks; each waits until the other side takes it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def head(self, head: Json) -> None:
        """Begins the answer."""
        await self.chunk(msgspec.json.encode(head))

    async def chunk(self, chunk: bytes) -> None:
        """Sends a chunk, which must not be empty."""
        self.writer.write(len(chunk).to_bytes(_LENGTH) + chunk)
        async with asyncio.timeout(DRAIN_S):
            await self.writer.drain()

    async def end(self) -> None:
        """Ends the answer."""
        self.writer.write(bytes(_LENGTH))
        await self.writer.drain()


type Handler = Callable[[Json, Say], Awaitable[None]]


class PeerDoor:
    """Answers other nodes, and nobody else.

    Args:
        roster: Who they are.
        settings: Address and limits.
        handlers: What can be asked, by its word.
    """

    def __init__(
        self, roster: Roster, settings: NodesSettings, handlers: dict[str, Handler]
    ) -> None:
        self._roster, self._settings, self._handlers = roster, settings, handlers
        self._open = 0
        self._of: Counter[str] = Counter()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Begins to listen; returns the port."""
        self._server = await asyncio.start_server(
            self._serve,
            self._settings.host,
            self._settings.port,
            ssl=self._roster.context(server=True),
            limit=QUESTION_BYTES,
            backlog=64,
            ssl_handshake_timeout=HANDSHAKE_S,
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Ends it, answers in progress too."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        node = self._roster.find_by(shown)
        self._writers.add(writer)
        try:
            if node is None or node.name == self._roster.name:
                return
            if (
                self._open >= self._settings.connections_max
                or self._of[node.name] >= self._settings.streams_max
            ):
                await Say(reader, writer).head({"error": "kernel.node_busy"})
                return
            self._open += 1
            self._of[node.name] += 1
            try:
                await self._answer(Say(reader, writer))
            finally:
                self._open -= 1
                self._of[node.name] -= 1
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, say: Say) -> None:
        async with asyncio.timeout(HANDSHAKE_S):
            line = await say.reader.readuntil(b"\n")
        try:
            question = msgspec.json.decode(line, type=dict[str, Any])
            handler = self._handlers[question["op"]]
        except (msgspec.MsgspecError, KeyError, TypeError):
            await say.head({"error": "kernel.bad_question"})
            return
        try:
            await handler(question, say)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            raise
        except Exception:  # noqa: BLE001 - one question must not end the door
            _log.exception("question_failed", op=question["op"])


def _require(node: Known, shown: bytes | None) -> None:
    if hashlib.sha256(shown or b"").digest() != node.fingerprint:
        raise NodeAwayError(node=node.name)


async def _read_chunk(reader: asyncio.StreamReader, timeout_s: float) -> bytes:
    """One chunk; empty at the end.

    Raises:
        NodeAwayError: The other side is gone, silent, or sends no chunk.
    """
    try:
        async with asyncio.timeout(timeout_s):
            length = int.from_bytes(await reader.readexactly(_LENGTH))
            if length > CHUNK_BYTES:
                raise NodeAwayError(node="")
            return await reader.readexactly(length)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise NodeAwayError(node="") from error
