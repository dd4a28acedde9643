"""Trunks: whose line a call comes over, and over which a call of ours goes out."""

import ipaddress
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from warroom.calls.settings import Trunk
from warroom.calls.sip.admission import Gate, Networks
from warroom.calls.sip.agent import Admission
from warroom.calls.sip.digest import Credentials
from warroom.calls.sip.message import Message
from warroom.calls.sip.transport import Flow
from warroom.calls.sip.uri import Uri, parse_uri
from warroom.kernel.secrets import Sealer

OPEN = "open"
"""The line of calls that an open door lets in."""

LOCAL = Trunk(name="local", addresses=["127.0.0.0/8", "::1/128"])
"""Where no trunk is set, this machine alone may call: tests and the demonstration."""

type _Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _context(name: str) -> bytes:
    return f"calls.trunk:{name}".encode()


def seal(sealer: Sealer, name: str, password: str) -> str:
    """A trunk's password as the settings carry it."""
    return b64encode(sealer.seal(password.encode(), _context(name))).decode()


@dataclass(frozen=True, slots=True)
class Line:
    """A trunk, ready for use.

    Attributes:
        target: Where it takes our calls; None where it takes none.
        credentials: Login and password; None where it has none.
    """

    trunk: Trunk
    networks: tuple[_Network, ...]
    target: Uri | None
    credentials: Credentials | None

    @property
    def transport(self) -> str:
        """By what our calls go."""
        target = self.target
        if target is None:
            return "UDP"
        return "TLS" if target.scheme == "sips" else target.params.get("transport", "udp").upper()

    @property
    def peer(self) -> tuple[str, int]:
        """Where our calls go."""
        if self.target is None:
            return "", 0
        return self.target.host, self.target.port or (5061 if self.transport == "TLS" else 5060)

    @property
    def media_networks(self) -> tuple[str, ...]:
        """From where its sound may come beside the address in its SDP."""
        return tuple(self.trunk.media_addresses or self.trunk.addresses)

    def is_at(self, host: str, names: Sequence[str]) -> bool:
        """Whether this trunk sends from an address, with a certificate of these names."""
        if self.trunk.certificate_names:
            wanted = {name.lower() for name in self.trunk.certificate_names}
            if wanted.isdisjoint(names):
                return False
            if not self.networks:
                return True
        address = ipaddress.ip_address(host.partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address in network for network in self.networks)

    def address_of(self, number: str) -> str:
        """The URI of a number behind this trunk."""
        return f"sip:{number}@{self.peer[0]}:{self.peer[1]};user=phone"


class Trunks:
    """All lines, in the order of the settings.

    Args:
        trunks: From the settings.
        sealer: Opens their passwords.
        open_calls: Calls at once of anybody else (`open_door_calls`).
    """

    def __init__(self, trunks: Sequence[Trunk], sealer: Sealer, open_calls: int = 0) -> None:
        self.lines = [_line(trunk, sealer) for trunk in trunks] or [_line(LOCAL, sealer)]
        self.open_calls = open_calls

    def of(self, host: str, names: Sequence[str] = ()) -> Line | None:
        """The trunk that calls from an address; None for a stranger.

        Args:
            host: From where.
            names: Those of the certificate that it showed, over TLS.
        """
        return next((line for line in self.lines if line.is_at(host, names)), None)

    def media_networks(self, name: str) -> tuple[str, ...]:
        """Those of a trunk; none of a line that is not in the settings."""
        found = next((line for line in self.lines if line.trunk.name == name), None)
        return () if found is None else found.media_networks

    def gate(self) -> Gate:
        """Whom the sockets listen to."""
        by_address = [line for line in self.lines if not line.trunk.certificate_names]
        return Gate(
            Networks(network for line in by_address for network in line.networks),
            Networks(network for line in self.lines for network in line.networks),
            self.open_calls,
            by_certificate=any(
                line.trunk.certificate_names and not line.networks for line in self.lines
            ),
            is_known=lambda host, names: self.of(host, names) is not None,
        )

    def admit(self, _: Message, flow: Flow) -> Admission:
        """Judges who calls (`agent.UserAgent`)."""
        line = self.of(flow.peer[0], flow.names)
        if line is None:
            return Admission(is_known=self.open_calls > 0 and flow.is_reliable)
        return Admission(is_known=True, credentials=line.credentials if line.trunk.proves else None)

    def outgoing(self) -> list[Line]:
        """Those that take our calls, in order."""
        return [line for line in self.lines if line.target is not None]


def _line(trunk: Trunk, sealer: Sealer) -> Line:
    networks = tuple(ipaddress.ip_network(text, strict=False) for text in trunk.addresses)
    target = parse_uri(trunk.uri) if trunk.uri else None
    credentials = None
    if trunk.user:
        secret = sealer.open(b64decode(trunk.secret), _context(trunk.name)) if trunk.secret else b""
        credentials = Credentials(trunk.user, secret.decode())
    return Line(trunk, networks, target, credentials)
