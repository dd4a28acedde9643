"""Who is listened to at all: known networks, told apart before anything of a message is read.

The kernel sorts datagrams by their source address into two sockets (`SO_ATTACH_REUSEPORT_CBPF`),
so that a flood of strangers fills a queue of its own and never that of a trunk. What is read of it,
and what is answered, has a fixed rate. Where the kernel cannot sort, this process does.
"""

import ctypes
import hashlib
import ipaddress
import secrets
import socket
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from warroom.calls.sip.fields import MalformedError
from warroom.calls.sip.limits import RateLimit
from warroom.calls.sip.message import METHODS, parse, respond

REFUSALS_PER_S = 20.0
"""Refusals to all strangers together."""

REFUSED_KEPT = 4096
REFUSED_AGAIN_S = 1.0
"""One stranger gets a refusal at most so often."""

KNOWN_KEPT = 4096
_ACCEPT, _DROP = 0xFFFF_FFFF, 0
_ATTACH_FILTER = 26
_ATTACH_REUSEPORT_CBPF = 51
_MEMORY, _MEMORY_FIELDS, _DROPS = 55, 9, 8

# Classic BPF (Linux `linux/filter.h`): load a word or a byte, and, shift, compare, jump, return.
_LOAD, _LOAD_BYTE, _AND, _SHIFT, _EQUAL, _JUMP, _RETURN = 0x20, 0x30, 0x54, 0x74, 0x15, 0x05, 0x06
_NETWORK_HEADER = -0x10_0000 & 0xFFFF_FFFF
"""SKF_NET_OFF: offsets from here count from the header of IP, whatever the socket sees."""

_SOURCE_4, _SOURCE_6 = 12, 8
_INSTRUCTIONS_MOST = 4096

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Instruction = tuple[int, int, int, int]


class Networks:
    """The addresses from which messages are taken.

    Args:
        networks: Of all trunks.
    """

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = list(networks)
        self._known: set[str] = set()
        self.on_change: Callable[[], None] | None = None

    def knows(self, host: str) -> bool:
        """Whether messages from an address are taken."""
        if host in self._known:
            return True
        address = ipaddress.ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if not any(address in network for network in self._networks):
            return False
        if len(self._known) >= KNOWN_KEPT:
            self._known.clear()
        self._known.add(host)
        return True

    def learn(self, host: str) -> None:
        """Takes messages from one more address: a trunk that we ask answers from there."""
        if self.knows(host):
            return
        self._networks.append(ipaddress.ip_network(host.partition("%")[0]))
        if self.on_change is not None:
            self.on_change()

    def program(self, known: int, foreign: int) -> list[Instruction]:
        """A socket filter in classic BPF.

        Args:
            known: What it returns for a packet from one of the networks.
            foreign: For any other.
        """
        blocks: dict[int, list[Instruction]] = {4: [], 6: []}
        for network in self._networks:
            blocks[network.version] += _match(network, known)
        for block in blocks.values():
            block.append((_RETURN, 0, 0, foreign))
        return [
            (_LOAD_BYTE, 0, 0, _NETWORK_HEADER),
            (_SHIFT, 0, 0, 4),
            (_EQUAL, 0, 1, 6),
            (_JUMP, 0, 0, len(blocks[4])),
            *blocks[4],
            *blocks[6],
        ]


def _match(network: Network, result: int) -> list[Instruction]:
    """Returns `result` if the source lies in a network, else falls through."""
    size = 1 if network.version == 4 else 4
    source = _SOURCE_4 if network.version == 4 else _SOURCE_6
    wanted = struct.unpack(f">{size}I", network.network_address.packed)
    masks = struct.unpack(f">{size}I", network.netmask.packed)
    tests = [number for number in range(size) if masks[number]]
    found: list[Instruction] = []
    for place, number in enumerate(tests):
        past = 3 * (len(tests) - 1 - place) + 1
        found += [
            (_LOAD, 0, 0, _NETWORK_HEADER + source + 4 * number & 0xFFFF_FFFF),
            (_AND, 0, 0, masks[number]),
            (_EQUAL, 0, past, wanted[number]),
        ]
    return [*found, (_RETURN, 0, 0, result)]


def _attach(to: socket.socket, option: int, program: Sequence[Instruction]) -> bool:
    if not sys.platform.startswith("linux") or len(program) > _INSTRUCTIONS_MOST:
        return False
    wire = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    kept = ctypes.create_string_buffer(wire, len(wire))
    told = struct.pack("HL", len(program), ctypes.addressof(kept))
    try:
        to.setsockopt(socket.SOL_SOCKET, option, told)
    except OSError:
        return False
    return True


def sort_into(group: socket.socket, networks: Networks) -> bool:
    """Has the kernel sort what comes to two sockets of one port: known first, strangers second.

    Args:
        group: One of the two, which share their port by `SO_REUSEPORT`.
        networks: Who is known.

    Returns:
        Whether it does; False where the kernel cannot.
    """
    return _attach(group, _ATTACH_REUSEPORT_CBPF, networks.program(0, 1))


def shut_out(listener: socket.socket, networks: Networks) -> bool:
    """Has the kernel drop what strangers send to a socket; False where it cannot."""
    return _attach(listener, _ATTACH_FILTER, networks.program(_ACCEPT, _DROP))


def dropped(of: socket.socket) -> int:
    """Datagrams that the kernel dropped because this socket's queue was full."""
    try:
        told = of.getsockopt(socket.SOL_SOCKET, _MEMORY, 4 * _MEMORY_FIELDS)
    except OSError:
        return 0
    return int(struct.unpack(f"{len(told) // 4}I", told)[_DROPS]) if len(told) >= 36 else 0


class Refuser:
    """Answers strangers without keeping anything of what they asked (RFC 3261, 8.2.7).

    A forged address must not be hit by our answers: a stranger gets at most one datagram a second,
    and never more bytes than it sent. All strangers together get `REFUSALS_PER_S`; whoever comes
    beyond that hears nothing.

    Args:
        monotonic: Seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._limit = RateLimit(REFUSALS_PER_S, int(REFUSALS_PER_S), monotonic)
        self._refused: OrderedDict[str, float] = OrderedDict()
        self._secret = secrets.token_bytes(16)

    def __len__(self) -> int:
        return len(self._refused)

    def answer(self, wire: bytes, peer: tuple[str, int]) -> bytes:
        """The refusal of one request; empty for silence."""
        method = wire[:16].partition(b" ")[0].decode("ascii", "replace")
        if method not in METHODS or method == "ACK":
            return b""
        host, now = peer[0], self._monotonic()
        if now - self._refused.get(host, -REFUSED_AGAIN_S) < REFUSED_AGAIN_S:
            return b""
        if not self._limit.allows(""):
            return b""
        try:
            request = parse(wire)
            request.replace("via", str(request.via.seen_from(*peer)))
            named = self._secret + request.get("call-id").encode("utf-8", "surrogateescape")
            tag = hashlib.blake2b(named, digest_size=4).hexdigest()
        except MalformedError:
            return b""
        refusal = respond(request, 403, tag=tag).to_bytes()
        if len(refusal) >= len(wire):
            return b""
        self._refused[host] = now
        self._refused.move_to_end(host)
        if len(self._refused) > REFUSED_KEPT:
            self._refused.popitem(last=False)
        return refusal


@dataclass(slots=True)
class Strangers:
    """What came from addresses of no trunk since the start.

    Attributes:
        seen: Datagrams and connections.
        refused: Datagrams that were answered.
        connected: Connections of theirs that stand now.
    """

    seen: int = 0
    refused: int = 0
    connected: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """Who may send what.

    Attributes:
        networks: Whose datagrams are taken: trunks that are known by their address.
        streams: Whose connections are taken: all trunks that have an address.
        open_calls: Calls at once of anybody else, over connections alone: who completes the
            handshake of TCP has not forged its address.
        by_certificate: Whether a trunk may come from anywhere and is known by its certificate.
        is_known: Whether a connection belongs to a trunk, once it stands: by its address and the
            names that its certificate carries.
    """

    networks: Networks
    streams: Networks
    open_calls: int = 0
    by_certificate: bool = False
    is_known: Callable[[str, Sequence[str]], bool] = lambda _host, _names: False

    def hears(self, transport: str) -> bool:
        """Whether a stranger's connection of this kind is taken at all."""
        return self.open_calls > 0 or (transport == "TLS" and self.by_certificate)


def everybody() -> Gate:
    """A gate that stands open: nobody is a stranger."""
    networks = Networks([ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")])
    return Gate(networks, networks, is_known=lambda _host, _names: True)
