"""Carries messages over UDP, TCP and TLS (RFC 3261 section 18), in bounded memory.

A *flow* is the way back to whoever sent something. On a stream it is the connection; on UDP an
address and our socket.
"""

import asyncio
import contextlib
import errno
import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from warroom.calls.sip.admission import (
    Gate,
    Refuser,
    Strangers,
    dropped,
    everybody,
    shut_out,
    sort_into,
)
from warroom.calls.sip.message import BODY_MAX_BYTES, HEAD_MAX_BYTES
from warroom.kernel.log import logger

CONNECTIONS_MOST = 256
CONNECTIONS_OF_ONE_MOST = 32
STRANGERS_MOST = 32
STRANGERS_OF_ONE_MOST = 2
"""Connections of strangers, in handshake or open; those of trunks are counted apart."""

ACCEPTED_AT_ONCE = 64
HANDSHAKE_S = 4.0
NO_ROOM_S = 0.2
"""Without a file descriptor left, connections wait so long."""

DATAGRAMS_AT_ONCE = 64
QUEUE_BYTES = 4 << 20
STRANGERS_QUEUE_BYTES = 32 << 10
STRANGERS_AT_ONCE, STRANGERS_EACH_S = 8, 0.05
"""Of strangers' datagrams 160 a second are read; the kernel drops the rest unread."""

DATAGRAM_MAX_BYTES = 65_536
UNSENT_MAX_BYTES = 262_144
FREE_TRIES = 10
PARTIAL_S = 20.0
"""A message that began must be whole after so long; the first of a connection, from its opening."""

CONNECT_S = 4.0
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r]*)", re.IGNORECASE)

_log = logger("calls.sip")
_FORCED_RECEIVE_BUFFER = 33
"""SO_RCVBUFFORCE (Linux): a queue beyond the system's limit, for who may have one."""

type Address = tuple[str, int]
type OnWire = Callable[[bytes, "Flow"], None]


class Flow(Protocol):
    """The way to one peer.

    Attributes:
        is_known: Whether a trunk is there; False for a stranger whom an open door let in.
        names: Whose certificate it is, by the names that it carries; empty where it showed none.
    """

    transport: str
    is_reliable: bool
    is_known: bool
    peer: Address
    names: Sequence[str]

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
        ours: Our socket.
        peer: Theirs.
    """

    transport = "UDP"
    is_reliable = False
    is_known = True
    names: Sequence[str] = ()

    def __init__(self, ours: socket.socket, peer: Address) -> None:
        self._socket, self.peer = ours, peer

    def send(self, wire: bytes) -> None:
        """Send one message as one datagram; one that cannot leave now is lost like any other."""
        if not self.is_closed:
            with contextlib.suppress(OSError):
                self._socket.sendto(wire, self.peer)

    @property
    def is_closed(self) -> bool:
        """Whether our socket is closed."""
        return self._socket.fileno() < 0


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
        self.is_known = True
        self.names: Sequence[str] = ()
        self._on_wire, self._on_open, self._on_close = on_wire, on_open, on_close
        self._framer = Framer()
        self._wire: asyncio.Transport | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self.heard_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Notes the peer, or ends the connection where there are too many."""
        self._wire = cast("asyncio.Transport", transport)
        self.peer = tuple(transport.get_extra_info("peername")[:2])
        self.names = names_of(transport.get_extra_info("peercert"))
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


def names_of(certificate: Any) -> list[str]:
    """The names that a certificate carries, in lower case (RFC 5922, 7.1).

    Names of the domain as a SIP URI stand before names of hosts; where there are such, the others
    do not count.
    """
    entries = (certificate or {}).get("subjectAltName", ())
    domains = [value[4:] for kind, value in entries if kind == "URI" and value[:4] == "sip:"]
    hosts = [value for kind, value in entries if kind in ("DNS", "IP Address")]
    return [name.lower() for name in domains or hosts]


def _check_names(flow: StreamFlow, names: Sequence[str]) -> None:
    """Ends a connection to somebody else (RFC 5922, 7.3).

    Raises:
        SSLCertVerificationError: Its certificate carries none of the names.
    """
    if names and {name.lower() for name in names}.isdisjoint(flow.names):
        flow.abort()
        raise ssl.SSLCertVerificationError


@dataclass(frozen=True, slots=True)
class Identity:
    """Files (PEM) by which we and others are known over TLS.

    Attributes:
        authorities: Who vouches for others; empty: the system's.
        certificate: Our chain; empty where we have none.
        key: Its key; empty where it is in the same file.
    """

    authorities: str = ""
    certificate: str = ""
    key: str = ""

    def server_context(self, *, asks: bool) -> ssl.SSLContext:
        """For connections to us.

        Args:
            asks: Whether who comes is asked for a certificate; one that nobody vouches for ends it.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate, self.key or None)
        if asks:
            context.verify_mode = ssl.CERT_OPTIONAL
            if self.authorities:
                context.load_verify_locations(self.authorities)
            else:
                context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return context


class Transports:
    """Our sockets.

    Args:
        on_wire: Takes each message with the way back.
        gate: Who may send; None for everybody.

    Attributes:
        identity: Who we are over TLS, to those whom we call.
        ports: Where we listen, by transport.
        strangers: What came from whom nobody knows.
        is_sorted: Whether the kernel tells strangers' datagrams apart.
    """

    def __init__(self, on_wire: OnWire, gate: Gate | None = None) -> None:
        self._on_wire = on_wire
        self._gate = gate or everybody()
        self.identity = Identity()
        self._udp: socket.socket | None = None
        self._foreign: socket.socket | None = None
        self._listeners: dict[str, socket.socket] = {}
        self._streams: set[StreamFlow] = set()
        self._arriving: dict[asyncio.Task[None], tuple[str, bool]] = {}
        self._paused: set[asyncio.TimerHandle] = set()
        self._named: dict[Address, Address] = {}
        self._asking: dict[Address, asyncio.Future[Address]] = {}
        self._refuser: Refuser | None = None
        self.strangers = Strangers()
        self.is_sorted = False
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
                if not left:
                    raise

    async def _listen(
        self, host: str, port: int, tls_port: int, tls: ssl.SSLContext | None
    ) -> None:
        # A port of TCP has one owner, so that nobody else can join those of UDP, which are shared.
        await self._serve("TCP", host, port, None)
        await self._take_datagrams(host, self.ports.get("TCP", port))
        if tls is not None:
            await self._serve("TLS", host, tls_port, tls)
        self._gate.networks.on_change = self._sort

    async def _take_datagrams(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._refuser = Refuser(loop.time)
        family, address = await self._own_address(host, port, socket.SOCK_DGRAM)
        self._udp = _datagram_socket(family, address, QUEUE_BYTES)
        self.ports["UDP"] = self._udp.getsockname()[1]
        loop.add_reader(self._udp, self._drain, self._udp)
        # Before the second socket is there, so that nothing of a trunk ever lands in it.
        self._sort()
        if not self.is_sorted:
            _log.warning("calls.strangers_not_sorted")
            return
        at = self._udp.getsockname()
        self._foreign = _datagram_socket(family, at, STRANGERS_QUEUE_BYTES)
        loop.add_reader(self._foreign, self._drain_strangers, self._foreign)

    def _sort(self) -> None:
        if self._udp is not None:
            self.is_sorted = sort_into(self._udp, self._gate.networks)
        for name, listener in self._listeners.items():
            if not self._gate.hears(name):
                shut_out(listener, self._gate.streams)

    async def _own_address(self, host: str, port: int, kind: int) -> tuple[int, Any]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=kind)
        return found[0][0], found[0][4]

    def _drain(self, ours: socket.socket) -> None:
        """Takes what came, a batch at a time: sound must not wait for a flood."""
        for _ in range(DATAGRAMS_AT_ONCE):
            try:
                wire, source = ours.recvfrom(DATAGRAM_MAX_BYTES)
            except OSError:
                return
            peer = source[:2]
            # The kernel sorts only from when it was told to, and not on every system.
            if not self._gate.networks.knows(peer[0]):
                self._refuse(wire, peer, ours)
            # Line ends and zeros keep the way through a NAT open.
            elif wire.strip(b"\r\n\0"):
                self._on_wire(wire, UdpFlow(ours, peer))

    def _drain_strangers(self, ours: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(STRANGERS_AT_ONCE):
            try:
                wire, source = ours.recvfrom(DATAGRAM_MAX_BYTES)
            except OSError:
                return
            self._refuse(wire, source[:2], ours)
        # There is more of it: it waits, and what does not fit is dropped by the kernel.
        loop.remove_reader(ours)
        self._pause(STRANGERS_EACH_S, ours, self._drain_strangers)

    def _pause(
        self, seconds: float, of: socket.socket, then: Callable[..., None], *words: Any
    ) -> None:
        loop = asyncio.get_running_loop()

        def go_on() -> None:
            self._paused.discard(timer)
            if of.fileno() >= 0:
                loop.add_reader(of, then, of, *words)

        timer = loop.call_later(seconds, go_on)
        self._paused.add(timer)

    def _refuse(self, wire: bytes, peer: Address, ours: socket.socket) -> None:
        self.strangers.seen += 1
        answer = self._refuser.answer(wire, peer) if self._refuser is not None else b""
        if answer:
            self.strangers.refused += 1
            UdpFlow(ours, peer).send(answer)

    def unread(self) -> tuple[int, int]:
        """Datagrams that the kernel dropped from a full queue: of trunks, and of strangers."""
        known, foreign = self._udp, self._foreign
        return (
            dropped(known) if known is not None else 0,
            dropped(foreign) if foreign is not None else 0,
        )

    async def _serve(self, name: str, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        family, address = await self._own_address(host, port, socket.SOCK_STREAM)
        listener = socket.socket(family, socket.SOCK_STREAM)
        self._listeners[name] = listener
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        if not self._gate.hears(name):
            shut_out(listener, self._gate.streams)
        listener.listen(ACCEPTED_AT_ONCE)
        self.ports[name] = listener.getsockname()[1]
        asyncio.get_running_loop().add_reader(listener, self._accept, listener, name, tls)

    def _accept(self, listener: socket.socket, name: str, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                made, source = listener.accept()
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    loop.remove_reader(listener)
                    self._pause(NO_ROOM_S, listener, self._accept, name, tls)
                return
            is_known = self._gate.streams.knows(source[0])
            if not is_known and not self._lets_in(name, source[0]):
                made.close()
                continue
            made.setblocking(False)
            task = loop.create_task(self._open(made, name, tls))
            self._arriving[task] = (source[0], is_known)
            task.add_done_callback(self._arrived)

    def _lets_in(self, name: str, host: str) -> bool:
        """Whether a stranger's connection is taken: few at once, and fewer of one address."""
        self.strangers.seen += 1
        here = [flow.peer[0] for flow in self._streams if not flow.is_known]
        here += [source for source, is_known in self._arriving.values() if not is_known]
        return (
            self._gate.hears(name)
            and len(here) < STRANGERS_MOST
            and here.count(host) < STRANGERS_OF_ONE_MOST
        )

    def _arrived(self, task: "asyncio.Task[None]") -> None:
        self._arriving.pop(task, None)

    async def _open(self, made: socket.socket, name: str, tls: ssl.SSLContext | None) -> None:
        more: dict[str, Any] = {"ssl_handshake_timeout": HANDSHAKE_S} if tls is not None else {}
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: StreamFlow(name, self._on_wire, self._judged, self._closed),
                made,
                ssl=tls,
                **more,
            )
        except (OSError, TimeoutError):
            made.close()

    def _judged(self, flow: StreamFlow) -> bool:
        """Whether a connection to us may stay, now that its certificate is known."""
        flow.is_known = self._gate.is_known(flow.peer[0], flow.names)
        if flow.is_known:
            return self._opened(flow)
        if not self._gate.open_calls:
            return False
        self._streams.add(flow)
        self.strangers.connected += 1
        return True

    def _closed(self, flow: StreamFlow) -> None:
        if flow in self._streams and not flow.is_known:
            self.strangers.connected -= 1
        self._streams.discard(flow)

    def _opened(self, flow: StreamFlow) -> bool:
        trunks = [known for known in self._streams if known.is_known]
        of_this = sum(known.peer[0] == flow.peer[0] for known in trunks)
        if of_this >= CONNECTIONS_OF_ONE_MOST:
            return False
        if len(trunks) >= CONNECTIONS_MOST:
            # Who says nothing makes room first, so that a crowd of such shuts no trunk out.
            quietest = min(trunks, key=lambda known: known.heard_at or 0.0)
            self._streams.discard(quietest)
            quietest.abort()
        self._streams.add(flow)
        return True

    def _stream(self, name: str) -> StreamFlow:
        return StreamFlow(name, self._on_wire, self._opened, self._closed)

    def udp(self, peer: Address) -> UdpFlow:
        """The way to an address over UDP.

        Raises:
            OSError: We do not listen.
        """
        if self._udp is None:
            raise OSError
        # Its answers must come through the gate.
        with contextlib.suppress(ValueError):
            self._gate.networks.learn(peer[0])
        return UdpFlow(self._udp, peer)

    async def flow(self, name: str, peer: Address, names: Sequence[str] = ()) -> Flow:
        """The way to a peer; a connection that is open is used again.

        Args:
            name: Of the transport.
            peer: Where it is.
            names: Of which its certificate must carry one, over TLS; empty: that of its host.

        Raises:
            OSError: It cannot be reached, or its certificate is not the right one.
            TimeoutError: It does not take the connection, or nobody knows its name.
        """
        at = await self._address_of(peer)
        if name == "UDP":
            return self.udp(at)
        for known in self._streams:
            if known.transport == name and known.peer == at and not known.is_closed:
                _check_names(known, names)
                return known
        context = self._client_context(names) if name == "TLS" else None
        async with asyncio.timeout(CONNECT_S):
            _, made = await asyncio.get_running_loop().create_connection(
                lambda: self._stream(name),
                *at,
                ssl=context,
                server_hostname=None if context is None else peer[0].strip("[]"),
            )
        _check_names(made, names)
        return made

    def _client_context(self, names: Sequence[str]) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.identity.authorities or None)
        # Names of a domain are no names of hosts: they are compared once it stands.
        context.check_hostname = not names
        if self.identity.certificate:
            context.load_cert_chain(self.identity.certificate, self.identity.key or None)
        return context

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
        ours = self._udp
        loop, family = asyncio.get_running_loop(), ours.family if ours is not None else 0
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_DGRAM)
        return str(found[0][4][0]), port

    async def close(self) -> None:
        """Closes everything."""
        loop = asyncio.get_running_loop()
        for timer in self._paused:
            timer.cancel()
        self._paused.clear()
        for ours in (*self._listeners.values(), self._udp, self._foreign):
            if ours is not None and ours.fileno() >= 0:
                loop.remove_reader(ours)
                ours.close()
        self._listeners.clear()
        for task in list(self._arriving):
            task.cancel()
        await asyncio.gather(*self._arriving, return_exceptions=True)
        for flow in list(self._streams):
            flow.abort()


def _datagram_socket(family: int, address: Any, queue_bytes: int) -> socket.socket:
    """A socket that shares its port with another of ours.

    Raises:
        OSError: The port is taken by somebody else.
    """
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            made.setsockopt(socket.SOL_SOCKET, _FORCED_RECEIVE_BUFFER, queue_bytes)
        except OSError:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, queue_bytes)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
