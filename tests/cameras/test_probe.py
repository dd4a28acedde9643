"""The probe against servers that answer, lie, drip or keep silent."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.cameras import rtsp
from warroom.cameras.addresses import parse_address
from warroom.cameras.contracts import Credentials, ProbeAnswer
from warroom.cameras.errors import (
    CameraRefusedError,
    ForbiddenAddressError,
    NoSuchStreamError,
    NotRtspError,
    NotVideoError,
    ProbeError,
    ProbeTimeoutError,
    RedirectedError,
    UnknownHostError,
    UnreachableError,
    WrongPasswordError,
)
from warroom.cameras.probe import Prober
from warroom.cameras.sps import read_h264, read_h265
from warroom.kernel.clock import SystemClock

# 640x360, High 3.0, and 1920x1080, Main, as x264 and x265 write them.
SPS_360 = "Z2QAHqzZQKAv+WEAAAMAAQAAAwAyDxYtlg=="
SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=framerate:12.5\r\n"
    f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={SPS_360},aOvjyyLA\r\n"
    "a=control:track1\r\nm=audio 0 RTP/AVP 8\r\na=control:track2\r\n"
)

type Reply = Callable[[str, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, body: str = "", *headers: str) -> bytes:
    lines = [f"RTSP/1.0 {status}", "CSeq: 1", *headers]
    if body:
        lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@asynccontextmanager
async def serving(reply: Reply) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reply((await reader.readuntil(b"\r\n\r\n")).decode(), writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def prober(*, allow_loopback: bool = True, timeout_s: float = 5.0) -> Prober:
    return Prober(SystemClock(), allow_loopback, timeout_s, asyncio.Semaphore(2))


async def probe(
    port: int, username: str = "", password: str = "", timeout_s: float = 5.0
) -> ProbeAnswer:
    address = parse_address(f"rtsp://127.0.0.1:{port}/main", allow_loopback=True)
    return await prober(timeout_s=timeout_s).probe(address, Credentials(username, password))


def always(content: bytes) -> Reply:
    async def reply(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return reply


async def test_a_stream_tells_codec_size_rate_and_audio() -> None:
    async with serving(always(answer("200 OK", SDP))) as port:
        found = await probe(port)

    assert (found.codec, found.width, found.height) == ("avc1.64001e", 640, 360)
    assert (found.fps, found.audio) == (12.5, "PCMA")


def digest_of(request: str, password: str, algorithm: str) -> bool:
    parts = dict(re.findall(r'(\w+)="?([^",]+)"?', request.partition("Digest ")[2]))
    make = hashlib.md5 if algorithm == "MD5" else hashlib.sha256

    def digest(text: str) -> str:
        return make(text.encode()).hexdigest()

    secret, asked = digest(f"op:cam:{password}"), digest(f"DESCRIBE:{parts['uri']}")
    middle = f"n0nce:{parts['nc']}:{parts['cnonce']}:auth" if "qop" in parts else "n0nce"
    return parts["response"] == digest(f"{secret}:{middle}:{asked}")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("qop", ['qop="auth", ', ""])
async def test_digest_is_answered_in_each_of_its_forms(algorithm: str, qop: str) -> None:
    async def reply(request: str, writer: asyncio.StreamWriter) -> None:
        if "Authorization: Digest" in request and digest_of(request, "r:ahasia", algorithm):
            writer.write(answer("200 OK", SDP))
            return
        challenge = f'Digest realm="cam", {qop}nonce="n0nce", algorithm={algorithm}'
        writer.write(
            answer(
                "401 Unauthorized",
                "",
                'WWW-Authenticate: Basic realm="cam"',
                f"WWW-Authenticate: {challenge}",
            )
        )

    async with serving(reply) as port:
        found = await probe(port, "op", "r:ahasia")
        with pytest.raises(WrongPasswordError):
            await probe(port, "op", "salah")
        with pytest.raises(WrongPasswordError):
            await probe(port)

    assert found.codec == "avc1.64001e"


async def test_basic_is_answered_where_nothing_better_is_asked() -> None:
    token = base64.b64encode(b"op:p").decode()

    async def reply(request: str, writer: asyncio.StreamWriter) -> None:
        good = f"Authorization: Basic {token}" in request
        challenge = 'WWW-Authenticate: Basic realm="cam"'
        writer.write(answer("200 OK", SDP) if good else answer("401 No", "", challenge))

    async with serving(reply) as port:
        assert (await probe(port, "op", "p")).codec == "avc1.64001e"


async def test_a_stale_nonce_is_not_a_wrong_password() -> None:
    asked = 0

    async def reply(request: str, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        stale = ", stale=true" if asked == 2 else ""
        challenge = f'WWW-Authenticate: Digest realm="c", nonce="n{asked}"{stale}'
        writer.write(answer("200 OK", SDP) if asked == 3 else answer("401 No", "", challenge))

    async with serving(reply) as port:
        assert (await probe(port, "op", "p")).codec == "avc1.64001e"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (answer("404 Not Found"), NoSuchStreamError),
        (answer("302 Moved", "", "Location: rtsp://169.254.169.254/"), RedirectedError),
        (answer("403 Forbidden"), WrongPasswordError),
        (answer("500 Oops"), CameraRefusedError),
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", NotRtspError),
        (b"SSH-2.0-OpenSSH_9.9\r\n" + b"x" * 40_000, NotRtspError),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", NotRtspError),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n", NotRtspError),
        (b"RTSP/1.0 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", NotRtspError),
        (answer("200 OK", "m=audio 0 RTP/AVP 0\r\n"), NotVideoError),
        (answer("200 OK", "m=video 0 RTP/AVP 26\r\n"), NotVideoError),
        (answer("200 OK", "m=video 0 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"), NotVideoError),
        (answer("200 OK", "\x00\x01 rubbish"), NotVideoError),
        (answer("200 OK"), NotVideoError),
    ],
)
async def test_each_failure_has_its_own_name(content: bytes, error: type[ProbeError]) -> None:
    async with serving(always(content)) as port:
        with pytest.raises(error) as caught:
            await probe(port, "op", "Rahasia")

    assert "Rahasia" not in repr(caught.value.params)


async def test_a_camera_that_keeps_silent_or_drips_is_not_waited_for() -> None:
    async def drip(_: str, writer: asyncio.StreamWriter) -> None:
        for byte in b"RTSP/1.0 200 OK\r\n" * 100:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    async def silent(_: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    for reply in (drip, silent):
        async with serving(reply) as port:
            with pytest.raises(ProbeTimeoutError):
                await probe(port, timeout_s=0.2)


async def test_a_connection_closed_without_a_word_is_unreachable() -> None:
    async def close(_: str, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with serving(close) as port:
        with pytest.raises(UnreachableError):
            await probe(port)
    with pytest.raises(UnreachableError):
        await probe(port)


async def test_a_name_is_judged_by_where_it_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    leads = {"kamera.lan": ["10.0.0.1", "169.254.169.254"], "node.lan": ["127.0.0.1"]}

    async def lookup(host: str, port: int, **_: object) -> list[object]:
        if host not in leads:
            raise OSError
        return [(2, 1, 6, "", (ip, port)) for ip in leads[host]]

    monkeypatch.setattr(loop, "getaddrinfo", lookup)
    for host, error in (
        ("kamera.lan", ForbiddenAddressError),
        ("node.lan", ForbiddenAddressError),
        ("tidak.ada", UnknownHostError),
    ):
        address = parse_address(f"rtsp://{host}/x", allow_loopback=False)
        with pytest.raises(error):
            await prober(allow_loopback=False).probe(address, Credentials())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_none(content: bytes) -> None:
    for head in (content, b"RTSP/1.0 200 OK\r\n" + content):
        found = rtsp.read_head(head)
        assert found is None or 0 <= found.length <= rtsp.MAX_BODY


@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_description_is_read_without_harm(content: bytes, sps: bytes) -> None:
    head = b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    parameter = b"a=fmtp:96 sprop-parameter-sets=" + base64.b64encode(sps)

    rtsp.read_sdp(content)
    assert rtsp.read_sdp(head + parameter + b"\r\n" + content).codec == "h264"


@given(st.binary(max_size=200))
def test_any_parameter_set_is_a_sound_picture_or_none(content: bytes) -> None:
    for picture in (read_h264(b"\x67" + content), read_h265(b"\x42\x01" + content)):
        assert picture is None or (0 < picture.width <= 16384 and 0 < picture.height <= 16384)


@given(st.lists(st.text(max_size=80), max_size=4))
def test_any_challenge_is_answered_or_not(challenges: list[str]) -> None:
    found = rtsp.authorization(challenges, "DESCRIBE", "rtsp://10.0.0.1/", "op", 'p"\\')

    assert found is None or found.startswith(("Basic ", "Digest "))


def test_an_answer_to_a_challenge_holds_no_line_break() -> None:
    challenge = 'Digest realm="a\r\nEvil: 1", nonce="n"'

    found = rtsp.authorization([challenge], "DESCRIBE", "rtsp://10.0.0.1/", "op", "p")

    assert found is None or "\n" not in found


async def test_a_camera_that_asks_in_an_unknown_way_is_not_asked_again() -> None:
    requests = []

    async def reply(request: str, writer: asyncio.StreamWriter) -> None:
        requests.append(request)
        writer.write(answer("401 No", "", "WWW-Authenticate: Negotiate"))

    async with serving(reply) as port:
        with pytest.raises(WrongPasswordError):
            await probe(port, "op", "p")

    assert len(requests) == 1


async def test_a_camera_is_not_tried_with_an_empty_login() -> None:
    """Cameras count what fails, and shut out who fails too often."""
    requests = []

    async def reply(request: str, writer: asyncio.StreamWriter) -> None:
        requests.append(request)
        writer.write(answer("401 No", "", 'WWW-Authenticate: Digest realm="c", nonce="n"'))

    async with serving(reply) as port:
        with pytest.raises(WrongPasswordError):
            await probe(port)

    assert len(requests) == 1


async def test_a_camera_whose_challenge_is_always_stale_is_given_up() -> None:
    requests = []

    async def reply(request: str, writer: asyncio.StreamWriter) -> None:
        requests.append(request)
        challenge = 'WWW-Authenticate: Digest realm="c", nonce="n", stale=true'
        writer.write(answer("401 No", "", challenge))

    async with serving(reply) as port:
        with pytest.raises(WrongPasswordError):
            await probe(port, "op", "p")

    assert 1 < len(requests) < 10
