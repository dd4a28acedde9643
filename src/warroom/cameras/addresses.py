"""Which stream addresses are taken, and which network addresses a camera may be at. Pure.

A camera's address is a door out of the building: whoever may enter one could make the node ask its
own cloud's metadata service, or a neighbour on the same wire, in the node's name. So an address is
judged when it is saved, if it is a literal, and again by whoever connects, once a name has become
an address.

References:
    RFC 2326 section 3.2 (RTSP URL); RFC 3986; RFC 3927 and 4291 (link-local); RFC 6890
    (special-purpose addresses).
"""

import re
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from warroom.cameras.contracts import Credentials
from warroom.cameras.errors import (
    ControlElsewhereError,
    ForbiddenAddressError,
    RtspsError,
    SchemeError,
    TooLongError,
    UrlInvalidError,
)
from warroom.kernel.addresses import Address, is_address_allowed

__all__ = [
    "Address",
    "StreamAddress",
    "control_of",
    "host_address",
    "join_credentials",
    "parse_address",
    "parse_control",
    "same_host",
]

MAX_URL = 1024
MAX_CREDENTIAL = 256
DEFAULT_PORT = 554

_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")
_METADATA_NAMES = ("metadata", "metadata.google.internal", "instance-data")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f]")
_HOST_NAME = re.compile(r"^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_-]{1,63})*\.?$")
_NUMBER_LIKE = re.compile(r"^(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+))*\.?$")
# Cameras that take their login in the path or query (XM, Hipcam, some Hikvision-likes).
_SECRET_WORD = re.compile(
    r"(?P<word>(?:^|[/?&;_])(?:pass|passwd|password|pwd|psw|secret|token|auth)=)(?P<secret>[^&/;?]+)",
    re.IGNORECASE,
)
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """An address, taken apart so that what may be shown and what may not lie in two places.

    Attributes:
        url: May be shown: without login, and with secrets of the path replaced by `***`.
        host: Name or literal, in lower case, an IPv6 literal without brackets.
        port: 554 where none was given.
        credentials: What must not be shown.
    """

    url: str
    host: str
    port: int
    credentials: Credentials = field(repr=False)


def parse_address(text: str, *, allow_loopback: bool) -> StreamAddress:
    """The address of an RTSP stream, judged; a login in it is taken out.

    Raises:
        UrlInvalidError: It cannot be read.
        SchemeError: It is one of another scheme (`scheme`).
        RtspsError: It asks for TLS, which is not supported.
        ForbiddenAddressError: Its host is a literal that no camera may be at.
        TooLongError: It has more than 1,024 characters.
    """
    text = text.strip()
    if len(text) > MAX_URL:
        raise TooLongError(field="url", limit=MAX_URL)
    if not text or not text.isascii() or _CONTROL.search(text) or "\\" in text:
        raise UrlInvalidError(field="url")
    parts = _split(text)
    host, port = _host_and_port(parts)
    _judge_host(host, allow_loopback=allow_loopback)
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if max(len(username), len(password)) > MAX_CREDENTIAL:
        raise TooLongError(field="password", limit=MAX_CREDENTIAL)
    if not (username + password).isprintable():
        raise UrlInvalidError(field="url")
    return _compose(parts, host, port, username, password)


def parse_control(text: str, main_url: str | None, *, allow_loopback: bool) -> str:
    """The address at which a camera's movement is asked for, judged.

    It must be on the host of the main stream, whose login is used there: whoever may edit a camera
    could otherwise have its password sent to a machine of their own.

    Raises:
        UrlInvalidError: It cannot be read, or holds a login.
        SchemeError: It is not one of http or https (`scheme`).
        ForbiddenAddressError: Its host is a literal that no camera may be at.
        ControlElsewhereError: It is on another host than the main stream, or there is none.
        TooLongError: It has more than 1,024 characters.
    """
    text = text.strip()
    if len(text) > MAX_URL:
        raise TooLongError(field="control_url", limit=MAX_URL)
    scheme, colon, _ = text.partition("://")
    if not colon or not text.isascii() or _CONTROL.search(text) or "\\" in text or "#" in text:
        raise UrlInvalidError(field="control_url")
    if scheme.lower() not in ("http", "https"):
        raise SchemeError(field="control_url", scheme=scheme[:16] if scheme.isalnum() else "?")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UrlInvalidError(field="control_url") from None
    host = (parts.hostname or "").lower()
    if not host or port == 0 or "@" in parts.netloc or _SECRET_WORD.search(text):
        raise UrlInvalidError(field="control_url")
    _judge_host(host, allow_loopback=allow_loopback)
    if main_url is None or urlsplit(main_url).hostname != host:
        raise ControlElsewhereError(field="control_url")
    return text


def control_of(main_url: str) -> str:
    """Where ONVIF says that a camera is asked first, if nobody has said otherwise."""
    host = urlsplit(main_url).hostname or ""
    return f"http://{f'[{host}]' if ':' in host else host}/onvif/device_service"


def join_credentials(in_url: Credentials, username: str, password: str) -> Credentials:
    """The login out of the address, with what stands in the fields beside it winning."""
    return Credentials(
        username=username or in_url.username,
        password=password or in_url.password,
        url=in_url.url,
    )


def host_address(host: str) -> Address | None:
    """The network address that a host literal stands for; None if it is a name.

    Reads what the system would read too: `2852039166`, `0251.0376.0251.0376`, `0xa9.254.43518`.

    Raises:
        UrlInvalidError: It looks like a number and is no address.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    if ":" in host:
        raise UrlInvalidError(field="url")
    if not _NUMBER_LIKE.match(host):
        return None
    try:
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except OSError as error:
        raise UrlInvalidError(field="url") from error


def same_host(one: str, other: str) -> bool:
    """Whether two shown addresses lead to the same host and port."""
    left, right = urlsplit(one), urlsplit(other)
    return (left.hostname, left.port or DEFAULT_PORT) == (
        right.hostname,
        right.port or DEFAULT_PORT,
    )


def _split(text: str) -> SplitResult:
    scheme, colon, _ = text.partition("://")
    if not colon:
        raise UrlInvalidError(field="url")
    if scheme.lower() == "rtsps":
        raise RtspsError(field="url", scheme="rtsps")
    if scheme.lower() != "rtsp":
        raise SchemeError(field="url", scheme=scheme[:16] if scheme.isalnum() else "?")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        # From None: the cause repeats the address, and with it the password.
        raise UrlInvalidError(field="url") from None
    if parts.fragment or "#" in text:
        raise UrlInvalidError(field="url")
    return parts


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    host = (parts.hostname or "").lower()
    if not host or parts.port == 0:
        raise UrlInvalidError(field="url")
    return host, parts.port or DEFAULT_PORT


def _judge_host(host: str, *, allow_loopback: bool) -> None:
    zoneless = host.partition("%")[0]
    address = host_address(zoneless)
    if address is None:
        name = host.rstrip(".")
        is_loopback = name in _LOOPBACK_NAMES or name.endswith(".localhost")
        if name in _METADATA_NAMES or (is_loopback and not allow_loopback):
            raise ForbiddenAddressError(field="url", host=name)
        if not _HOST_NAME.match(host):
            raise UrlInvalidError(field="url")
        return
    if zoneless != host or not is_address_allowed(address, allow_loopback=allow_loopback):
        raise ForbiddenAddressError(field="url", host=str(address))
    if str(address) != host and address.version == 4:
        # Another way to write a number is never what a person means; systems read it differently.
        raise UrlInvalidError(field="url")


def _compose(
    parts: SplitResult, host: str, port: int, username: str, password: str
) -> StreamAddress:
    shown_host = f"[{host}]" if ":" in host else host
    authority = shown_host if port == DEFAULT_PORT else f"{shown_host}:{port}"
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    shown = _SECRET_WORD.sub(rf"\g<word>{HIDDEN}", target)
    return StreamAddress(
        url=f"rtsp://{authority}{shown}",
        host=host,
        port=port,
        credentials=Credentials(
            username=username,
            password=password,
            url=None if shown == target else f"rtsp://{authority}{target}",
        ),
    )
