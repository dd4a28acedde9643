"""Carries messages over UDP, TCP and TLS (RFC 3261 section 18), in bounded memory.

A *flow* is the way back to whoever sent something. On a stream it is the connection; on UDP an
address and our socket.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from warroom.calls.sip.message import BODY_MAX_BYTES, HEAD_MAX_BYTES

CONNECTIONS_MOST = 256
CONNECTIONS_OF_ONE_MOST = 32
UNSENT_MAX_BYTES = 262_144
FREE_TRIES = 10
PARTIAL_S = 20.0
"""A message that began must be whole after so long; the first of a connection, from its opening."""

CONNECT_S = 4.0
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)

type Address = tuple[str, int]
type OnWire = Callable[[bytes, "Flow"], None]


class Flow(Protocol):
    """The way to one peer."""

    transport: str
    is_reliable: bool
    peer: Address

    def send(self, wire: bytes) -> None:
        """Send one message; silently nothing if the way is closed, as if it were lost."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be sent any more."""
        ...


class UdpFlow:
    """An address, reached from one of our sockets.

    Args:
        socket: Ours.
        peer: Theirs.
    """

    transport = "UDP"
    is_reliable = False

    def __init__(self, socket: asyncio.DatagramTransport, peer: Address) -> None:
        self._socket, self.peer = socket, peer

    def send(self, wire: bytes) -> None:
        """Send one message as one datagram."""
        if not self._socket.is_closing():
            self._socket.sendto(wire, self.peer)

    @property
    def is_closed(self) -> bool:
        """Whether our socket is closed."""
        return self._socket.is_closing()


class FramingError(ValueError):
    """A stream on which no message can be found any more: it must be closed."""


class Framer:
    """Cuts a stream into messages by Content-Length; keeps at most one message."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._searched = 0
        self._needed = 0
        self.pings = 0

    @property
    def is_partial(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._kept)

    def feed(self, wire: bytes) -> list[bytes]:
        """The messages that are whole now.

        Raises:
            FramingError: The header is too long, or its Content-Length absent or wrong.
        """
        self._kept += wire
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> bytes | None:
        if not self._needed and not self._measure():
            return None
        if len(self._kept) < self._needed:
            return None
        message = bytes(self._kept[: self._needed])
        del self._kept[: self._needed]
        self._needed = self._searched = 0
        return message

    def _measure(self) -> bool:
        self._skip_pings()
        end = self._kept.find(b"\r\n\r\n", self._searched)
        self._searched = max(0, len(self._kept) - 3)
        if end > HEAD_MAX_BYTES or (end < 0 and len(self._kept) > HEAD_MAX_BYTES):
            raise FramingError
        if end < 0:
            return False
        told = _LENGTH.findall(bytes(self._kept[: end + 2]))
        if len(told) != 1 or not re.fullmatch(rb"\d{1,6}[ \t]*", told[0]):
            raise FramingError
        if int(told[0]) > BODY_MAX_BYTES:
            raise FramingError
        self._needed = end + 4 + int(told[0])
        return True

    def _skip_pings(self) -> None:
        """Line ends between messages keep a connection open (RFC 5626, 4.4.1)."""
        count = 0
        while self._kept[count : count + 2] == b"\r\n":
            count += 2
        if count:
            self.pings += count // 4
            del self._kept[:count]
            self._searched = 0


class StreamFlow(asyncio.Protocol):
    """One TCP or TLS connection.

    Attributes:
        heard_at: When a whole message, or a ping, came last; None while none did.

    Args:
        transport: `TCP` or `TLS`.
        on_wire: Takes each message.
        on_open: Is told when it is open; says whether it may stay.
        on_close: Is told when it ended.
    """

    is_reliable = True

    def __init__(
        self,
        transport: str,
        on_wire: OnWire,
        on_open: Callable[["StreamFlow"], bool],
        on_close: Callable[["StreamFlow"], None],
    ) -> None:
        self.transport, self.peer = transport, ("", 0)
        self._on_wire, self._on_open, self._on_close = on_wire, on_open, on_close
        self._framer = Framer()
        self._wire: asyncio.Transport | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self.heard_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Notes the peer, or ends the connection where there are too many."""
        self._wire = cast("asyncio.Transport", transport)
        self.peer = tuple(transport.get_extra_info("peername")[:2])
        if not self._on_open(self):
            self._wire.abort()
            return
        self._overdue = asyncio.get_running_loop().call_later(PARTIAL_S, self.abort)

    def data_received(self, data: bytes) -> None:
        """Hands on what is whole; ends a connection that cannot be framed."""
        pings = self._framer.pings
        try:
            messages = self._framer.feed(data)
        except FramingError:
            self.abort()
            return
        if messages or self._framer.pings > pings:
            self.heard_at = asyncio.get_running_loop().time()
        for _ in range(self._framer.pings - pings):
            self.send(b"\r\n")
        for message in messages:
            self._on_wire(message, self)
        self._watch()

    def _watch(self) -> None:
        if self._overdue is not None and not self._framer.is_partial:
            self._overdue.cancel()
            self._overdue = None
        elif self._overdue is None and self._framer.is_partial:
            self._overdue = asyncio.get_running_loop().call_later(PARTIAL_S, self.abort)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - both ways are an end
        """Tells that it ended."""
        if self._overdue is not None:
            self._overdue.cancel()
        self._on_close(self)

    def send(self, wire: bytes) -> None:
        """Send one message; a peer that does not read loses the connection."""
        if self._wire is None or self._wire.is_closing():
            return
        self._wire.write(wire)
        if self._wire.get_write_buffer_size() > UNSENT_MAX_BYTES:
            self._wire.abort()

    @property
    def is_closed(self) -> bool:
        """Whether the connection ended."""
        return self._wire is None or self._wire.is_closing()

    def abort(self) -> None:
        """End it now."""
        if self._wire is not None:
            self._wire.abort()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, on_wire: OnWire) -> None:
        self._on_wire = on_wire
        self._socket: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        # Line ends and zeros keep the way through a NAT open.
        if self._socket is not None and data.strip(b"\r\n\0"):
            self._on_wire(data, UdpFlow(self._socket, addr[:2]))


class Transports:
    """Our sockets.

    Args:
        on_wire: Takes each message with the way back.

    Attributes:
        ports: Where we listen, by transport.
    """

    def __init__(self, on_wire: OnWire) -> None:
        self._on_wire = on_wire
        self._udp: asyncio.DatagramTransport | None = None
        self._servers: list[asyncio.Server] = []
        self._streams: set[StreamFlow] = set()
        self._named: dict[Address, Address] = {}
        self._asking: dict[Address, asyncio.Future[Address]] = {}
        self.ports: dict[str, int] = {}

    async def listen(
        self, host: str, port: int, tls_port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        """Opens UDP and TCP on one port, and TLS on another if there is a certificate.

        Port 0 is one that is free for both.

        Raises:
            OSError: One of them is taken.
        """
        for left in reversed(range(1 if port else FREE_TRIES)):
            try:
                await self._listen(host, port, tls_port, tls)
                break
            except OSError:
                await self.close()
                self._servers.clear()
                if not left:
                    raise

    async def _listen(
        self, host: str, port: int, tls_port: int, tls: ssl.SSLContext | None
    ) -> None:
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_wire), local_addr=(host, port)
        )
        self.ports["UDP"] = port = self._udp.get_extra_info("sockname")[1]
        await self._serve("TCP", host, port, None)
        if tls is not None:
            await self._serve("TLS", host, tls_port, tls)

    async def _serve(self, name: str, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: self._stream(name), host, port, ssl=tls, backlog=64
        )
        self._servers.append(server)
        self.ports[name] = server.sockets[0].getsockname()[1]

    def _stream(self, name: str) -> StreamFlow:
        return StreamFlow(name, self._on_wire, self._opened, self._streams.discard)

    def _opened(self, flow: StreamFlow) -> bool:
        of_this = sum(known.peer[0] == flow.peer[0] for known in self._streams)
        if of_this >= CONNECTIONS_OF_ONE_MOST:
            return False
        if len(self._streams) >= CONNECTIONS_MOST:
            # Who says nothing makes room first, so that a crowd of such shuts no trunk out.
            quietest = min(self._streams, key=lambda known: known.heard_at or 0.0)
            self._streams.discard(quietest)
            quietest.abort()
        self._streams.add(flow)
        return True

    def udp(self, peer: Address) -> UdpFlow:
        """The way to an address over UDP.

        Raises:
            OSError: We do not listen.
        """
        if self._udp is None:
            raise OSError
        return UdpFlow(self._udp, peer)

    async def flow(self, name: str, peer: Address, tls: ssl.SSLContext | None = None) -> Flow:
        """The way to a peer; a connection that is open is used again.

        Raises:
            OSError: It cannot be reached.
            TimeoutError: It does not take the connection, or nobody knows its name.
        """
        at = await self._address_of(peer)
        if name == "UDP":
            return self.udp(at)
        for known in self._streams:
            if known.transport == name and known.peer == at and not known.is_closed:
                return known
        context = (tls or ssl.create_default_context()) if name == "TLS" else None
        async with asyncio.timeout(CONNECT_S):
            _, made = await asyncio.get_running_loop().create_connection(
                lambda: self._stream(name),
                *at,
                ssl=context,
                server_hostname=None if context is None else peer[0],
            )
        return made

    async def _address_of(self, peer: Address) -> Address:
        """The address of a name, asked for beside the loop: a socket would ask while all waits.

        Where nobody answers, the address that it had before is taken.

        Raises:
            OSError: There is no such name.
            TimeoutError: Nobody answers, and it had none before.
        """
        host, port = peer[0].strip("[]"), peer[1]
        try:
            return str(ipaddress.ip_address(host)), port
        except ValueError:
            pass
        asking = self._asking.get(peer)
        if asking is None or asking.done():
            # One at a time for each name: a question to a dead name server keeps a thread long.
            asking = self._asking[peer] = asyncio.ensure_future(self._ask_for(host, port))
        try:
            async with asyncio.timeout(CONNECT_S):
                self._named[peer] = await asyncio.shield(asking)
        except (OSError, TimeoutError):
            if peer not in self._named:
                raise
        return self._named[peer]

    async def _ask_for(self, host: str, port: int) -> Address:
        ours = self._udp.get_extra_info("socket") if self._udp is not None else None
        loop, family = asyncio.get_running_loop(), ours.family if ours is not None else 0
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
        return str(found[0][4][0]), port

    async def close(self) -> None:
        """Closes everything."""
        for server in self._servers:
            server.close()
        for flow in list(self._streams):
            flow.abort()
        if self._udp is not None:
            self._udp.close()
