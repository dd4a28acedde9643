"""Lines of anchors to a log collector (RFC 5424).

By UDP (RFC 5426), TCP (RFC 6587, counted octets) or TLS (RFC 5425).

Neither way has a receipt: what is told is that the message was sent, and for TCP and TLS that the
collector took the connection and did not end it while it was written.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

_PRIORITY = 13 * 8 + 5
"""Facility 13 (log audit), severity 5 (notice); RFC 5424, 6.2.1."""

_PORTS = {"udp": 514, "tcp": 601, "tls": 6514}


class CollectorError(Exception):
    """A collector cannot be spoken to; its text is one of the words of `AnchorState.problem`."""


def message_of(line: bytes, at: datetime, host: str) -> bytes:
    """A line of anchors as a syslog message; the line itself is the text, byte for byte."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"<{_PRIORITY}>1 {stamp} {host} warroom - anchor - ".encode("ascii", "replace") + line


async def send(
    url: str, messages: Sequence[bytes], *, timeout_s: float, authorities: str = ""
) -> None:
    """Sends messages in their order.

    Args:
        url: `udp://`, `tcp://` or `tls://host[:port]`.
        messages: Whole messages, without framing.
        timeout_s: Seconds for all of it.
        authorities: PEM file trusted for `tls`; empty takes the system's.

    Raises:
        CollectorError: The address is none, the collector cannot be reached in time or is not the
            one that `authorities` vouch for.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError) as error:
        raise CollectorError("bad_address") from error
    host = parts.hostname or ""
    try:
        async with asyncio.timeout(timeout_s):
            if parts.scheme == "udp":
                await _send_datagrams(host, port, messages)
            else:
                context = _context(authorities) if parts.scheme == "tls" else None
                await _send_stream(host, port, messages, context)
    except TimeoutError as error:
        raise CollectorError("timeout") from error
    except ssl.SSLError as error:
        raise CollectorError("not_trusted") from error
    except OSError as error:
        raise CollectorError("unreachable") from error


def _context(authorities: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities or None)
    except OSError as error:
        raise CollectorError("bad_roots") from error


async def _send_datagrams(host: str, port: int, messages: Sequence[bytes]) -> None:
    loop = asyncio.get_running_loop()
    family, kind, protocol, _, address = (
        await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    )[0]
    with socket.socket(family, kind, protocol) as sender:
        sender.setblocking(False)
        # Connected, so that a refusal of the host comes back as an error of the next one.
        await loop.sock_connect(sender, address)
        for message in messages:
            await loop.sock_sendall(sender, message)


async def _send_stream(
    host: str, port: int, messages: Sequence[bytes], context: ssl.SSLContext | None
) -> None:
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        for message in messages:
            writer.write(f"{len(message)} ".encode() + message)
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            # The collector's own end says that it read ours; some keep the line open.
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await reader.read(1)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
