"""The web server: uvicorn with limits on what a client may send, hold and leave undone.

HTTP/1.1 and WebSocket, by llhttp (`httptools`) and `websockets`. Two thin subclasses of uvicorn's
protocols count bytes and set deadlines; who holds how much is told by `connections` (decision 87).
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from enum import Enum
from functools import partial
from math import inf
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode

from warroom.app.connections import Connection, Connections, WebSettings
from warroom.kernel.limits import asker_key

HEADERS_MOST = 100
SOCKET_HEADER_BYTES = 8_000
"""`websockets` takes lines of 8,192 bytes."""

PIPELINED_MOST = 16
MESSAGES_WAITING = 64
LINGER_S = 5.0
HANDSHAKE_S = 30.0
GRACE_S = 5

_WORDS = {
    400: "Permintaan HTTP ini tidak terbaca. / This HTTP request cannot be read.",
    408: "Permintaan datang terlalu lambat; coba lagi. / The request came too slowly; try again.",
    429: "Terlalu banyak koneksi dari alamat ini; tutup beberapa lalu coba lagi."
    " / Too many connections from this address; close some and try again.",
    431: "Header permintaan terlalu besar; hapus cookie situs ini lalu coba lagi."
    " / The request's headers are too large; delete this site's cookies and try again.",
}


class _Phase(Enum):
    """What an HTTP connection waits for."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    ANSWER = 3
    LINGER = 4
    """The answer is out; what is left of the body is thrown away, so that the answer is read."""


class _RefusedError(Exception):
    """A request must not be read further."""


class HttpConnection(HttpToolsProtocol):
    """HTTP/1.1 of one connection, with limits on headers and on the pace of what is sent.

    Args:
        connections: All of this process.
        **more: As uvicorn gives them.
    """

    def __init__(self, connections: Connections, **more: Any) -> None:
        super().__init__(**more)
        self._connections = connections
        self._settings = connections.settings
        self._held: Connection | None = None
        self._phase = _Phase.IDLE
        self._got_on = False
        self._unread_bytes = 0
        self._head_bytes = 0
        self._body_began = 0.0
        self._body_bytes = 0
        self._status = 400
        self.deadline = inf

    @property
    def is_waiting(self) -> bool:
        """Whether no answer is being made."""
        return self._phase is not _Phase.ANSWER

    def is_late(self, now: float) -> str:
        """Why it must end now; empty if it may go on."""
        if now < self.deadline or self.flow.read_paused:
            return ""
        return f"{self._phase.name.lower()}_too_slow"

    def end_late(self) -> None:
        """Says that it was too slow, where that can be said, and closes."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self._refuse(408)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Takes the connection in, or says why not."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        self._held = self._connections.admit(transport, host, self)
        self.deadline = self.loop.time() + self._settings.header_s
        if self._held is None:
            self.connections.discard(self)
            self._refuse(429)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back."""
        if self._held is not None:
            self._connections.leave(self._held)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads what came; more than `header_bytes` that lead to nothing are not read on.

        The parser keeps a header, or a trailer, until it is whole.
        """
        if self.transport.is_closing():
            return
        if self._phase is _Phase.IDLE:
            # Set before the first line is whole: an empty line begins no request.
            self.deadline = self.loop.time() + self._settings.header_s
        self._got_on = False
        super().data_received(data)
        self._unread_bytes = 0 if self._got_on else self._unread_bytes + len(data)
        if self._unread_bytes > self._settings.header_bytes:
            self._refuse(431)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - in two languages instead
        """Says why a request was not read on, and closes."""
        self._refuse(self._status)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._phase = _Phase.HEAD
        self._head_bytes = 0
        self._body_bytes = 0
        self.deadline = self.loop.time() + self._settings.header_s

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; what follows a body in chunks (trailers) is not taken.

        Raises:
            _RefusedError: There are too many, or they are too large.

        References:
            RFC 9112, 7.1.2: a recipient may discard trailers.
        """
        if self._phase is not _Phase.HEAD:
            return
        self._count(len(name) + len(value))
        if len(self.headers) >= HEADERS_MOST:
            self._status = 431
            raise _RefusedError
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the application begins.

        Raises:
            _RefusedError: Too many requests wait behind the one that is answered.
        """
        if len(self.pipeline) >= PIPELINED_MOST:
            raise _RefusedError
        self._got_on = True
        self._phase = _Phase.BODY
        self._body_began = self.loop.time()
        self.deadline = self._body_began + self._settings.body_s
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body: it has earned time for more."""
        self._got_on = True
        self._body_bytes += len(body)
        if self._phase is _Phase.BODY:
            earned_s = self._body_bytes / self._settings.body_bytes_per_s
            self.deadline = self._body_began + self._settings.body_s + earned_s
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._got_on = True
        if self._phase is _Phase.LINGER:
            self.transport.close()
            return
        self._phase = _Phase.ANSWER
        self.deadline = inf
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out; the connection is that of whoever was signed in."""
        self._recognise()
        if self._phase is _Phase.ANSWER:
            self._phase = _Phase.ANSWER if self.pipeline else _Phase.IDLE
        elif self._phase is _Phase.BODY and self.cycle.response_complete:
            self._phase = _Phase.LINGER
            self.deadline = self.loop.time() + LINGER_S
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hands the connection to `SocketConnection`, if that can read the request."""
        longest = max((len(name) + len(value) for name, value in self.headers), default=0)
        if longest > SOCKET_HEADER_BYTES or len(self.url) > SOCKET_HEADER_BYTES:
            self._refuse(431)
        elif not self.url.isascii() or self.scope["method"] != "GET":
            self._refuse(400)
        else:
            super().handle_websocket_upgrade()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > self._settings.header_bytes:
            self._status = 431
            raise _RefusedError

    def _recognise(self) -> None:
        scope = self.scope["state"].get("scope")
        if self._held is None or scope is None or scope.person_id is None:
            return
        if not self._connections.recognise(self._held, asker_key(scope)):
            self.transport.close()

    def _refuse(self, status: int) -> None:
        """Says why, and closes; in the middle of an answer nothing can be said."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            words = _WORDS[status].encode()
            self.transport.write(
                b"".join((
                    STATUS_LINE[status],
                    b"content-type: text/plain; charset=utf-8\r\n",
                    b"content-length: %d\r\nconnection: close\r\n" % len(words),
                    b"cache-control: no-store\r\n\r\n",
                    words,
                ))
            )  # fmt: skip
        self.transport.close()


class SocketConnection(WebSocketsSansIOProtocol):
    """WebSocket of one connection, with limits on the size and the pace of messages.

    Args:
        connections: All of this process.
        **more: As uvicorn gives them.
    """

    def __init__(self, connections: Connections, **more: Any) -> None:
        super().__init__(**more)
        self._connections = connections
        self._message_s = connections.settings.message_s
        self._held: Connection | None = None
        self._unfinished_at = inf
        self.deadline = inf

    @property
    def is_waiting(self) -> bool:
        """An open socket is no connection that waits to be used."""
        return False

    def is_late(self, now: float) -> str:
        """Why it must end now; empty if it may go on."""
        if now >= self.deadline:
            return "handshake_too_slow"
        conn = self.conn
        if not conn.reader.buffer and conn.current_size is None:
            self._unfinished_at = inf
        elif self._unfinished_at == inf:
            self._unfinished_at = now
        return "message_too_slow" if now - self._unfinished_at >= self._message_s else ""

    def end_late(self) -> None:
        """Closes at once: a client that lets a message lie reads no reason either."""
        self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        """Takes the connection over from HTTP."""
        super().connection_made(transport)
        self._held = self._connections.find(transport)
        if self._held is not None:
            self._held.protocol = self
        self.deadline = self.loop.time() + HANDSHAKE_S

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its place back."""
        if self._held is not None:
            self._connections.leave(self._held)
        super().connection_lost(exc)

    def send_receive_event_to_app(self) -> None:
        """Hands a message on; of one that sends faster than it is heard, no more is read."""
        if self.queue.qsize() < MESSAGES_WAITING or self.close_sent:
            super().send_receive_event_to_app()
            return
        self.frames = []
        reason = "too many messages at once"
        self.conn.fail(CloseCode.POLICY_VIOLATION, reason)
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": CloseCode.POLICY_VIOLATION, "reason": reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    def start_keepalive(self) -> None:
        """The socket was accepted: it is whoever's is signed in."""
        self.deadline = inf
        scope = self.scope["state"].get("scope")
        if self._held is not None and scope is not None and scope.person_id is not None:
            self._connections.recognise(self._held, asker_key(scope))
        super().start_keepalive()


class WebServer(uvicorn.Server):
    """Serves one application on one listening socket until it is stopped.

    Args:
        app: The application.
        listener: A bound TCP socket.
        settings: The limits.
        connections: The table of connections; one of its own if not given.
    """

    def __init__(
        self,
        app: Starlette,
        listener: socket.socket,
        settings: WebSettings,
        connections: Connections | None = None,
    ) -> None:
        self.table = Connections(settings) if connections is None else connections
        self._app, self._listener = app, listener
        # What uvicorn has to say of requests is counted by us; of the application we log ourselves.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(HttpConnection, self.table),  # type: ignore[arg-type]
                ws=partial(SocketConnection, self.table),  # type: ignore[arg-type]
                ws_max_size=settings.message_bytes,
                ws_ping_interval=settings.ping_s,
                ws_ping_timeout=settings.ping_s,
                ws_per_message_deflate=False,
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=settings.backlog,
                timeout_keep_alive=settings.keep_alive_s,  # type: ignore[arg-type]
                timeout_graceful_shutdown=GRACE_S,
            )
        )

    async def run_until_stopped(self) -> None:
        """Starts the application, serves it, and ends it; what its start raises is raised."""
        async with self._app.router.lifespan_context(self._app), _running(self.table):
            await self.serve(sockets=[self._listener])

    def stop(self) -> None:
        """Ends `run_until_stopped` once open requests are answered, after a few seconds anyway."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves signals to whoever runs the process."""
        yield


@asynccontextmanager
async def _running(table: Connections) -> AsyncIterator[None]:
    sweeping = asyncio.create_task(table.sweep_for_ever())
    try:
        yield
    finally:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket bound to the address, to listen on.

    Raises:
        OSError: The address is taken, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
