"""WebRTC: the process answers, sends, survives the browser's sudden end, and can be stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import libdatachannel as rtc
import pytest

from tests.live.media_server import GOP, MediaServer, Stream, make_clip
from warroom.kernel.errors import WarRoomError
from warroom.live.errors import (
    NoPictureError,
    OfferError,
    TooManyViewersError,
    WebRtcAwayError,
)
from warroom.live.fragments import decoder_setup
from warroom.live.webrtc.client import WebRtcClient
from warroom.live.webrtc.feed import parameter_sets
from warroom.live.webrtc.sdp import choose_video

CAMERA = "01930000-0000-7000-8000-000000000001"
LINES = (
    "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=rtpmap:111 opus/48000/2",
    "m=video 9 UDP/TLS/RTP/SAVPF 96 102 108 110", "a=mid:1",
    "a=rtpmap:96 VP8/90000",
    "a=rtpmap:102 H264/90000", "a=fmtp:102 packetization-mode=0;profile-level-id=4d001f",
    "a=rtpmap:108 H264/90000", "a=fmtp:108 packetization-mode=1;profile-level-id=42e01f",
    "a=rtpmap:110 H264/90000", "a=fmtp:110 packetization-mode=1;profile-level-id=64001f",
)  # fmt: skip
OFFER = "\r\n".join(LINES) + "\r\n"

PROCESS = """
import sys
from pathlib import Path
from warroom.kernel.clock import SystemClock
from warroom.live.commands import run_webrtc
from warroom.live.settings import LiveSettings
settings = LiveSettings(
    webrtc_bind_address="127.0.0.1", webrtc_viewers_max=3, webrtc_opening_max=3
)
run_webrtc(Path(sys.argv[1]), Path(sys.argv[2]), settings, SystemClock())
"""


@pytest.mark.parametrize(
    ("codec", "payload_type"), [("avc1.640028", 110), ("avc1.42001e", 108), ("avc1.4d400c", 108)]
)
def test_nearest_profile_of_the_offer_is_chosen(codec: str, payload_type: int) -> None:
    video = choose_video(OFFER, codec)

    assert (video.mid, video.payload_type) == ("1", payload_type)
    assert "packetization-mode=1" in video.parameters


@pytest.mark.parametrize(
    "offer",
    ["", "hello", OFFER.replace("H264", "VP9"), OFFER.replace("m=video", "m=text"), "m=" * 99_999],
)
def test_offer_without_h264_is_refused(offer: str) -> None:
    with pytest.raises(OfferError):
        choose_video(offer, "avc1.640028")


def test_parameter_sets_go_before_key_frames() -> None:
    _, record = decoder_setup(make_clip().init.header)

    sets = parameter_sets(record)

    first = int.from_bytes(sets[:4], "big")
    assert sets[4] & 31 == 7
    assert sets[4 + first + 4] & 31 == 8


@asynccontextmanager
async def gateway(**streams: Stream) -> AsyncIterator[tuple[WebRtcClient, MediaServer, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        server = MediaServer(
            Path(folder) / "media.sock",
            {(CAMERA, role): stream for role, stream in streams.items()},
        )
        await server.start()
        control = Path(folder) / "webrtc.sock"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROCESS, str(server.path), str(control),
            env={**os.environ, "PYTHONPATH": "src"}, stderr=subprocess.PIPE,
        )  # fmt: skip
        client = WebRtcClient(control)
        try:
            async with asyncio.timeout(20):
                while not await healthy(client):
                    await asyncio.sleep(0.05)
            yield client, server, process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()
            await server.stop()


async def healthy(client: WebRtcClient) -> bool:
    try:
        return bool((await client.health())["ok"])
    except WebRtcAwayError:
        return False


class Browser:
    """The receiving end, polled like the sending one."""

    def __init__(self) -> None:
        settings = rtc.Configuration()
        settings.bind_address = "127.0.0.1"
        settings.disable_auto_negotiation = True
        self.connection = rtc.PeerConnection(settings)
        video = rtc.Description.Video("0", rtc.Description.Direction.RecvOnly)
        video.add_h264_codec(
            96, "profile-level-id=4d400c;packetization-mode=1;level-asymmetry-allowed=1"
        )
        self.track = self.connection.add_track(video)
        self.packets: list[bytes] = []

    async def offer(self) -> str:
        self.connection.set_local_description(rtc.Description.Type.Offer)
        while self.connection.gathering_state() != rtc.PeerConnection.GatheringState.Complete:
            await asyncio.sleep(0.01)
        return str(self.connection.local_description())

    async def accept(self, answer: str) -> None:
        self.connection.set_remote_description(rtc.Description(answer, "answer"))
        async with asyncio.timeout(10):
            while not self.track.is_open():
                await asyncio.sleep(0.01)

    async def receive(self, frames: int) -> list[int]:
        """RTP time stamps of frames, in the order of their coming."""
        async with asyncio.timeout(10):
            while len(stamps := self.stamps()) < frames:
                message = self.track.receive()
                if message is None:
                    await asyncio.sleep(0.01)
                elif isinstance(message, bytes) and message[1] & 127 == 96:
                    self.packets.append(message)
        return stamps

    @property
    def ssrc(self) -> int:
        """The sender's source, as its packets say."""
        return int.from_bytes(self.packets[0][8:12], "big")

    def ask(self, packet: Callable[[int], bytes]) -> None:
        """Sends RTCP."""
        self.track.send(packet(self.ssrc))

    def keys(self) -> int:
        """Key frames that came: each begins with the parameter sets."""
        return len(
            {p[4:8] for p in self.packets if p[12] & 31 == 7 or (p[12] & 31, p[15] & 31) == (24, 7)}
        )

    def stamps(self) -> list[int]:
        return list(dict.fromkeys(int.from_bytes(p[4:8], "big") for p in self.packets))


def warm_stream() -> Stream:
    stream = Stream(make_clip())
    for _ in range(GOP + 5):
        stream.next_frame()
    return stream


async def test_browser_gets_the_running_gop_and_what_follows() -> None:
    async with gateway(main=warm_stream()) as (client, server, _):
        browser = Browser()
        answered = await client.offer(CAMERA, "main", await browser.offer())
        await browser.accept(answered.sdp)
        await browser.receive(5)
        server.send(CAMERA, count=3)
        stamps = await browser.receive(8)
        alive = await client.sessions()
        await client.close(answered.session)
        after = await client.sessions()
        browser.connection.close()

    assert stamps == sorted(stamps)
    # What was there is shown at once, so it is stamped close together; then time goes on.
    assert stamps[4] - stamps[0] < 3000
    assert [b - a for a, b in pairwise(stamps[5:])] == [6000] * 2
    assert alive == {answered.session}
    assert after == set()
    # STAP-A or single NAL units: the parameter sets come before the key frame.
    assert browser.packets[0][12] & 31 in (7, 24)


async def test_offers_that_never_connect_take_nobodys_place() -> None:
    async with gateway(main=warm_stream()) as (client, _, _):
        idle = Browser()
        offer = await idle.offer()
        silent = [(await client.offer(CAMERA, "main", offer)).session for _ in range(6)]
        known = await client.sessions()
        browsers = [Browser() for _ in range(3)]
        for browser in browsers:
            answered = await client.offer(CAMERA, "main", await browser.offer())
            await browser.accept(answered.sdp)
            await browser.receive(1)
        connected = await client.sessions() - known
        with pytest.raises(TooManyViewersError):
            await client.offer(CAMERA, "main", offer)
        await client.close(connected.pop())
        await client.offer(CAMERA, "main", offer)
        for browser in (*browsers, idle):
            browser.connection.close()

    assert known == set(silent[3:])


async def test_process_refuses_what_it_cannot_show() -> None:
    async with gateway(main=warm_stream()) as (client, _, _):
        with pytest.raises(OfferError):
            await client.offer(CAMERA, "main", "nonsense")
        with pytest.raises(OfferError):
            await client.offer("not a camera", "main", OFFER)
        with pytest.raises(WarRoomError):
            await client.offer(CAMERA, "main", OFFER)
        still_well = await healthy(client)

    assert still_well


@pytest.mark.nightly
async def test_camera_without_a_picture_is_refused() -> None:
    async with gateway() as (client, _, _):
        with pytest.raises(NoPictureError):
            await client.offer(CAMERA, "main", OFFER)


async def test_stopping_with_peers_is_clean() -> None:
    async with gateway(main=warm_stream()) as (client, _, process):
        browsers = [Browser() for _ in range(3)]
        for browser in browsers:
            answered = await client.offer(CAMERA, "main", await browser.offer())
            await browser.accept(answered.sdp)
        process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
        for browser in browsers:
            browser.connection.close()

    assert process.returncode == 0
    assert b"terminate called" not in errors


async def test_process_that_is_not_there_is_told_as_away() -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(WebRtcAwayError):
        await WebRtcClient(Path(folder) / "nobody.sock").health()
