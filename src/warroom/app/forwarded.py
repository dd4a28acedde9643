"""Whose request a proxy passes on: the client's address and scheme, believed from named proxies.

The outermost layer of the application. Everything inside reads `scope["client"]` and
`scope["scheme"]` and need not know of proxies: sessions, the audit, limits, networks of tokens and
of sign-ins.

A request is walked back from the machine that sent it: as long as that machine is a trusted proxy,
the next address to the left in its header is believed. The first that is no trusted proxy is the
client; what it wrote itself, further to the left, is never read.

`Host` is taken as it came, and `X-Forwarded-Host` is not read: a proxy that does not set it passes
on what a stranger wrote into it. Where the proxy does not hand `Host` on, `public_url` says it.

References:
    RFC 7239 (Forwarded), sections 4 to 6 and 8.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Literal, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from warroom.kernel.settings import NodeSettings, SettingsError

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

_LONGEST = 2_048
"""Characters of a header that are read, from its end, where the proxies nearest to us wrote."""

WRITTEN_BY_PROXIES = ("forwarded", "x-forwarded-for", "x-real-ip", "via", "x-forwarded-proto")
_SECURE = {"http": {"https": "https", "http": "http"}, "websocket": {"https": "wss", "http": "ws"}}


class Hop(NamedTuple):
    """What one proxy says of who asked it: the address as it wrote it, and the scheme."""

    address: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies that are believed, and the one header they write.

    Only one header is read. Of two, a proxy writes one and passes the other on as a stranger sent
    it.
    """

    networks: tuple[Network, ...] = ()
    header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"

    @classmethod
    def read(cls, settings: NodeSettings) -> "Proxies":
        """The proxies of a node's settings.

        Raises:
            SettingsError: A network cannot be read, or names everybody; no such header.
        """
        header = settings.forwarded_header.strip().lower()
        if header not in ("x-forwarded-for", "forwarded"):
            raise SettingsError(
                setting="[warroom] forwarded_header", problem="x-forwarded-for or forwarded"
            )
        return cls(tuple(map(_network, settings.trusted_proxies)), header)  # type: ignore[arg-type]

    def trusts(self, address: Address) -> bool:
        """Whether a machine is one of the proxies."""
        return any(address in network for network in self.networks)

    def client_of(self, peer: Address, hops: Iterator[Hop]) -> tuple[Address, Hop | None]:
        """The client, and the hop that names it; the peer and None where it asks itself.

        A hop that is no address (`unknown`, a made-up name) ends the walk: the proxy before it
        stands for whoever is behind.

        Args:
            peer: The machine that sent the request.
            hops: What the header holds, the last written first.
        """
        seen, chosen = peer, None
        for hop in hops:
            address = read_address(hop.address) if self.trusts(seen) else None
            if address is None:
                break
            seen, chosen = address, hop
        return seen, chosen


class ForwardedClient:
    """Puts the client's address and scheme in place of a trusted proxy's.

    Args:
        app: The application inside.
        proxies: Which proxies are believed.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app, self._proxies = app, proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes one request, socket or lifespan on."""
        if scope["type"] in _SECURE and scope.get("client"):
            self._rewrite(scope)
        await self._app(scope, receive, send)

    def _rewrite(self, scope: Scope) -> None:
        host, port = scope["client"]
        peer = read_address(host)
        if peer is None:
            return
        if self._proxies.trusts(peer):
            headers = Headers(scope=scope)
            client, hop = self._proxies.client_of(peer, _hops(headers, self._proxies.header))
            scheme = (
                _last(headers, "x-forwarded-proto")
                if self._proxies.header == "x-forwarded-for"
                else (hop.scheme if hop else "")
            )
            known = _SECURE[scope["type"]]
            scope["scheme"] = known.get(scheme.lower(), scope.get("scheme", "http"))
            peer, port = client, (0 if hop else port)
        scope["client"] = (str(peer), port)


def is_from_this_machine(connection: HTTPConnection) -> bool:
    """Whether a program of this machine asks, and no proxy on it for somebody else.

    A proxy gives itself away by its headers, by the name it was asked under, or by HTTP/1.0.
    """
    client = read_address(connection.client.host if connection.client else "")
    if client is None or not client.is_loopback:
        return False
    headers = connection.headers
    if any(name in headers for name in WRITTEN_BY_PROXIES):
        return False
    if connection.scope.get("http_version") == "1.0":
        return False
    name = connection.url.hostname or ""
    asked = read_address(name)
    return name == "localhost" or (asked is not None and asked.is_loopback)


def read_address(text: str) -> Address | None:
    """An address as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `[2001:db8::1]:80`; or None.

    One of IPv4 that is written as IPv6 (`::ffff:192.0.2.1`) is the one of IPv4.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _hops(headers: Headers, header: str) -> Iterator[Hop]:
    """What the header holds, the last written first.

    Split at every comma, in a quoted text too: the piece that the nearest proxy wrote has none, and
    a quote that a stranger left open must not swallow it.
    """
    for piece in reversed(",".join(headers.getlist(header))[-_LONGEST:].split(",")):
        yield Hop(piece) if header == "x-forwarded-for" else _element(piece)


def _element(piece: str) -> Hop:
    """One element of `Forwarded`: its `for` and `proto` (RFC 7239, section 4)."""
    told = {
        name.strip().lower(): value.strip().strip('"')
        for name, _, value in (pair.partition("=") for pair in piece.split(";"))
    }
    return Hop(told.get("for", ""), told.get("proto", ""))


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name))[-_LONGEST:].rpartition(",")[2].strip()


def _network(text: str) -> Network:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise SettingsError(setting="[warroom] trusted_proxies", problem=str(error)) from error
    if network.prefixlen == 0:
        raise SettingsError(
            setting="[warroom] trusted_proxies", problem=f"{text} names every machine there is"
        )
    return network
