"""Which network addresses this node may be made to talk to by what people type in. Pure.

An address that somebody may enter is a door out of the building: it could make the node ask its
own cloud's metadata service, or a neighbour on the same wire, in the node's name.

References:
    RFC 3927 and 4291 (link-local); RFC 6890 (special-purpose addresses); OWASP SSRF Prevention.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

type Address = IPv4Address | IPv6Address

# Where clouds answer the questions of their machines about themselves, outside link-local.
_METADATA = frozenset(
    map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"))
)
_FORBIDDEN_V4 = tuple(
    map(IPv4Network, ("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "224.0.0.0/4", "240.0.0.0/4"))
)
_FORBIDDEN_V6 = tuple(map(IPv6Network, ("fe80::/10", "fec0::/10", "ff00::/8", "100::/64")))
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")


def is_address_allowed(ip: str | Address, *, allow_loopback: bool) -> bool:
    """Whether something of the city's may be at this network address.

    Private ranges are where cameras and departments' servers live, so they are allowed. Refused
    are link-local (with the metadata service of clouds), other metadata addresses, multicast,
    unspecified and reserved ones, and loopback unless it is allowed; an IPv4 address inside of an
    IPv6 one (mapped, compatible, 6to4, Teredo, NAT64) is judged as itself.

    Args:
        ip: The address; a text that is none is refused.
        allow_loopback: For the demo and tests, where all is on this machine.
    """
    if isinstance(ip, str):
        try:
            ip = ip_address(ip)
        except ValueError:
            return False
    return all(_is_allowed(one, allow_loopback) for one in (ip, *_embedded(ip)))


def _embedded(ip: Address) -> tuple[IPv4Address, ...]:
    if isinstance(ip, IPv4Address):
        return ()
    found: list[IPv4Address] = []
    if ip.ipv4_mapped is not None:
        found.append(ip.ipv4_mapped)
    if ip.sixtofour is not None:
        found.append(ip.sixtofour)
    if ip.teredo is not None:
        found.extend(ip.teredo)
    if any(ip in network for network in _NAT64) or (ip in _COMPATIBLE and int(ip) > 1):
        found.append(IPv4Address(int(ip) & 0xFFFF_FFFF))
    return tuple(found)


def _is_allowed(ip: Address, allow_loopback: bool) -> bool:  # noqa: FBT001 - private
    if ip.is_loopback:
        return allow_loopback
    if ip in _METADATA or ip.is_unspecified or ip.is_multicast:
        return False
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _FORBIDDEN_V4)
    return not any(ip in network for network in _FORBIDDEN_V6)
