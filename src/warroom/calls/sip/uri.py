"""What a URI says: its scheme, user, host and port; the telephone number in it (RFC 3261 19.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from warroom.calls.sip.fields import MalformedError, parameters

KNOWN = frozenset({"sip", "sips", "tel", "urn"})
"""Schemes that a request may be addressed to; others are answered 416."""

EMERGENCY = "urn:service:sos"
"""The emergency service (RFC 5031); parts of it have a name behind a dot."""

_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+)(?::(\d{1,5}))?")
_NUMBER = re.compile(r"\+?[0-9][0-9().\-]*")
_DIGITS_MOST = 32


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI taken apart.

    Attributes:
        scheme: In lower case.
        user: User of a sip URI, number of a tel one, all behind the scheme of any other.
        host: Empty where the scheme has none.
    """

    scheme: str
    user: str
    host: str = ""
    port: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_emergency(self) -> bool:
        """Whether it is the emergency service, or a part of it (RFC 5031)."""
        name = f"{self.scheme}:{self.user.lower()}"
        return name == EMERGENCY or name.startswith(EMERGENCY + ".")

    @property
    def number(self) -> str:
        """The telephone number in it, without what is only to be read; empty where none is."""
        user = self.user.partition(";")[0]
        if self.scheme not in ("sip", "sips", "tel") or not _NUMBER.fullmatch(user):
            return ""
        return re.sub(r"[().\-]", "", user)[:_DIGITS_MOST]


def parse_uri(text: str) -> Uri:
    """Takes a URI apart.

    Raises:
        MalformedError: It has no scheme, or a sip one has no host.
    """
    scheme, colon, rest = text.strip().partition(":")
    scheme = scheme.lower()
    if not colon or not rest:
        raise MalformedError("Bad URI")
    if scheme not in ("sip", "sips"):
        if scheme == "tel":
            number, _, tail = rest.partition(";")
            return Uri(scheme, number, params=parameters(tail))
        return Uri(scheme, rest)
    user, at, place = rest.rpartition("@")
    place, _, tail = place.partition(";")
    place = place.partition("?")[0]
    match = _HOST_PORT.fullmatch(place)
    if match is None or (match[2] and int(match[2]) > 65_535):
        raise MalformedError("Bad host")
    # What stands behind a colon is a password, which nobody should send.
    name = unquote(user.partition(":")[0]) if at else ""
    port = int(match[2]) if match[2] else None
    return Uri(scheme, name, match[1], port, parameters(tail.partition("?")[0]))
