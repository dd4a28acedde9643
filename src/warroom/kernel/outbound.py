"""Requests that this node sends to addresses somebody typed in: guarded, timed, bounded.

A name is looked up at each connection, every address it has is judged (`kernel.addresses`), and
the connection goes to the very address that was judged, so that a name which changes in between
leads nowhere else. Redirects are never followed, nothing is taken from the environment (proxies),
no connection is kept, and of an answer no more is read than was asked for.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from warroom.kernel.addresses import Address, is_address_allowed
from warroom.kernel.errors import InvalidError, UnavailableError
from warroom.kernel.settings import section, setting

if TYPE_CHECKING:
    import httpx

MAX_URL = 1_024
_LOOPBACK_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")


@section
class OutboundSettings:
    """Requests from this node to webhooks and identity providers."""

    SECTION: ClassVar[str] = "outbound"

    allow_loopback: bool = setting(
        False, "Whether this machine itself may be the target, also without TLS (demo, tests)."
    )
    allow_plain: bool = setting(False, "Whether targets without TLS (http://) are taken.")
    timeout_s: float = setting(10.0, "Seconds that one request may take in all.")


class ForbiddenTargetError(InvalidError):
    """A target that this node may not be made to ask (`host`)."""

    code = "kernel.forbidden_target"


class TargetInvalidError(InvalidError):
    """An address that is no https:// address (`url`)."""

    code = "kernel.target_invalid"


class TargetAwayError(UnavailableError):
    """The target does not answer, or not in time (`why`)."""

    code = "kernel.target_away"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, the beginning of the body, and how long it took."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    seconds: float


class Outbound:
    """Sends guarded requests; made once a process.

    Args:
        settings: What is allowed.
    """

    def __init__(self, settings: OutboundSettings) -> None:
        self._settings = settings
        self._tls: ssl.SSLContext | None = None

    def require_allowed(self, url: str) -> str:
        """The address in its usual form, if it may be a target as far as it tells by itself.

        Raises:
            TargetInvalidError: It is no address, or not of https where that is asked for.
            ForbiddenTargetError: It names an address that is refused.
        """
        host = self._host(url)
        allow = self._settings.allow_loopback
        is_refused = (
            _is_loopback_name(host) and not allow
            if _literal(host) is None
            else not is_address_allowed(host, allow_loopback=allow)
        )
        if is_refused:
            raise ForbiddenTargetError(host=host)
        return url.strip()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        most_bytes: int = 1 << 18,
    ) -> Answer:
        """Sends one request to its end, or to the end of its time.

        Raises:
            TargetInvalidError: The address cannot be read.
            ForbiddenTargetError: The name has an address that is refused.
            TargetAwayError: No answer in time, or none that can be read (`why`: `timeout`,
                `name`, `connect`, `tls`, `protocol` or `too_large`).
        """
        import httpx  # noqa: PLC0415 - decision 51

        self.require_allowed(url)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                status, body, heads = await self._exchange(
                    method, url.strip(), headers or {}, content, most_bytes
                )
        except TimeoutError:
            raise TargetAwayError(why="timeout") from None
        except httpx.HTTPError as error:
            raise TargetAwayError(why=_why(error)) from None
        seconds = time.monotonic() - began
        return Answer(status, body, heads, seconds)

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        most_bytes: int,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        import httpx  # noqa: PLC0415 - decision 51

        target = httpx.URL(url)
        address = await self._judged_address(target.host, target.port or _port(target.scheme))
        request = httpx.Request(
            method,
            target.copy_with(host=address),
            headers={"host": target.netloc.decode("ascii"), "connection": "close", **headers},
            content=content,
            extensions={"sni_hostname": target.host, "timeout": self._timeouts()},
        )
        async with httpx.AsyncHTTPTransport(verify=self._context(), retries=0) as transport:
            answer = await transport.handle_async_request(request)
            answer.request = request
            body = bytearray()
            async for part in answer.aiter_raw():
                body += part
                if len(body) > most_bytes:
                    raise TargetAwayError(why="too_large")
        return answer.status_code, bytes(body), answer.headers

    async def _judged_address(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        except OSError:
            raise TargetAwayError(why="name") from None
        addresses = [str(entry[4][0]) for entry in found]
        allow = self._settings.allow_loopback
        if not addresses or not all(
            is_address_allowed(one.partition("%")[0], allow_loopback=allow) for one in addresses
        ):
            raise ForbiddenTargetError(host=host)
        return addresses[0]

    def _host(self, url: str) -> str:
        import httpx  # noqa: PLC0415 - decision 51

        try:
            parts = urlsplit(url.strip())
            host, _ = parts.hostname, parts.port
            httpx.URL(url.strip())
        except (ValueError, httpx.InvalidURL):
            raise TargetInvalidError(url=url[:100]) from None
        is_bad = (
            len(url) > MAX_URL
            or not host
            or parts.username is not None
            or parts.fragment
            or not url.strip().isascii()
            or any(ord(sign) <= 0x20 or sign == "\\" for sign in url.strip())
        )
        if is_bad or not host or parts.scheme not in ("https", "http"):
            raise TargetInvalidError(url=url[:100])
        settings = self._settings
        is_here = settings.allow_loopback and (_is_loopback_name(host) or _is_loopback(host))
        if parts.scheme == "http" and not (settings.allow_plain or is_here):
            raise TargetInvalidError(url=url[:100])
        return host

    def _timeouts(self) -> dict[str, float]:
        return dict.fromkeys(("connect", "read", "write", "pool"), self._settings.timeout_s)

    def _context(self) -> ssl.SSLContext:
        """The system's certificates, or those of SSL_CERT_FILE; read once."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _is_loopback_name(host: str) -> bool:
    name = host.lower().rstrip(".")
    return name in _LOOPBACK_NAMES or name.endswith(".localhost")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return literal is not None and literal.is_loopback


def _why(error: "httpx.HTTPError") -> str:
    import httpx  # noqa: PLC0415 - decision 51

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    return "connect" if isinstance(error, httpx.ConnectError) else "protocol"
