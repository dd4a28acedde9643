"""Asking a camera whether it would send a picture, and naming why not.

One connection to an address that was judged after its name was resolved, one deadline over
everything, bounded reads, no redirect followed.
"""

import asyncio
import socket
from dataclasses import dataclass

from warroom.cameras import rtsp
from warroom.cameras.addresses import StreamAddress
from warroom.cameras.contracts import Credentials, ProbeAnswer
from warroom.cameras.errors import (
    CameraRefusedError,
    ForbiddenAddressError,
    NoSuchStreamError,
    NotRtspError,
    NotVideoError,
    ProbeTimeoutError,
    RedirectedError,
    UnknownHostError,
    UnreachableError,
    WrongPasswordError,
)
from warroom.kernel.addresses import is_address_allowed
from warroom.kernel.clock import Clock

_MAX_TRIES = 3


@dataclass(frozen=True, slots=True)
class Prober:
    """Probes streams, a few at a time.

    Attributes:
        clock: For how long it took.
        allow_loopback: Whether a camera may be on this machine.
        timeout_s: Deadline of one probe.
        gate: Lets only so many run at once.
    """

    clock: Clock
    allow_loopback: bool
    timeout_s: float
    gate: asyncio.Semaphore

    async def probe(self, address: StreamAddress, login: Credentials) -> ProbeAnswer:
        """What the stream carries.

        Raises:
            ProbeTimeoutError: The deadline passed.
            UnreachableError: Nobody answers.
            UnknownHostError: The name leads nowhere.
            ForbiddenAddressError: The name leads to where no camera may be.
            WrongPasswordError: The login was refused.
            NotRtspError: It is something else.
            RedirectedError: It points elsewhere.
            NoSuchStreamError: It has no stream of this path.
            CameraRefusedError: It answers with another error.
            NotVideoError: It carries no H.264 or H.265 picture.
        """
        async with self.gate:
            began = self.clock.monotonic()
            try:
                async with asyncio.timeout(self.timeout_s):
                    announced = await self._ask(address, login)
            except TimeoutError as error:
                raise ProbeTimeoutError(limit_s=self.timeout_s) from error
            except (OSError, asyncio.IncompleteReadError) as error:
                raise UnreachableError from error
            took_ms = round((self.clock.monotonic() - began) * 1000)
        if announced.codec is None:
            raise NotVideoError(found=announced.other_video or announced.audio or "-")
        picture = announced.picture
        return ProbeAnswer(
            codec=picture.codec if picture else announced.codec,
            width=picture.width if picture else None,
            height=picture.height if picture else None,
            fps=announced.fps,
            audio=announced.audio,
            took_ms=took_ms,
        )

    async def _ask(self, address: StreamAddress, login: Credentials) -> rtsp.Announced:
        ip = await self._resolve(address)
        reader, writer = await asyncio.open_connection(ip, address.port, limit=rtsp.MAX_HEADER)
        try:
            return await _describe(reader, writer, login.url or address.url, login)
        finally:
            writer.transport.abort()

    async def _resolve(self, address: StreamAddress) -> str:
        """The first address of the host; the connection goes there, and is not resolved again.

        Raises:
            UnknownHostError: The name leads nowhere.
            ForbiddenAddressError: It leads to where no camera may be.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnknownHostError(host=address.host) from error
        ips = [str(entry[4][0]) for entry in found]
        # One bad address among good ones is an attack or a mistake; neither is connected to.
        if not all(is_address_allowed(ip, allow_loopback=self.allow_loopback) for ip in ips):
            raise ForbiddenAddressError(field="url", host=address.host)
        return ips[0]


async def _describe(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str, login: Credentials
) -> rtsp.Announced:
    authorization: str | None = None
    for sequence in range(1, _MAX_TRIES + 1):
        writer.write(rtsp.request("DESCRIBE", url, sequence, authorization))
        await writer.drain()
        answer, body = await _read(reader)
        if answer.status == 401 and (authorization is None or _is_stale(answer)):
            authorization = _login(answer, url, login)
            continue
        _judge(answer)
        return rtsp.read_sdp(body)
    raise WrongPasswordError


def _login(answer: rtsp.Answer, url: str, login: Credentials) -> str:
    if not (login.username or login.password):
        raise WrongPasswordError
    challenges = answer.headers.get("www-authenticate", [])
    found = rtsp.authorization(challenges, "DESCRIBE", url, login.username, login.password)
    if found is None:
        raise WrongPasswordError
    return found


def _is_stale(answer: rtsp.Answer) -> bool:
    return any("stale=true" in text.lower() for text in answer.headers.get("www-authenticate", []))


def _judge(answer: rtsp.Answer) -> None:
    status = answer.status
    if status in (401, 403):
        raise WrongPasswordError
    if 300 <= status < 400:
        raise RedirectedError
    if status in (404, 454, 455):
        raise NoSuchStreamError
    if status != 200:
        raise CameraRefusedError(status=status)


async def _read(reader: asyncio.StreamReader) -> tuple[rtsp.Answer, bytes]:
    """One response.

    Raises:
        NotRtspError: What comes is something else, too long, or ends in its middle.
        UnreachableError: The connection was closed without a word.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError) as error:
        partial = getattr(error, "partial", b"x")
        if not partial:
            raise UnreachableError from error
        raise NotRtspError from error
    answer = rtsp.read_head(head[:-4])
    if answer is None:
        raise NotRtspError
    try:
        return answer, await reader.readexactly(answer.length)
    except asyncio.IncompleteReadError as error:
        raise NotRtspError from error
