"""Viewers over WebRTC: receiving ends of the same library, polled, in a process of their own."""

import asyncio
import json
import os
import sys
import time
from typing import Any

import httpx
import libdatachannel as rtc

from warroom.live.bench.stack import HOST

_Description: Any = rtc.Description  # type: ignore[attr-defined]
LOOK_S = 0.02


class Receiver:
    """One receiving browser, as far as the sender can tell."""

    def __init__(self) -> None:
        settings = rtc.Configuration()
        settings.bind_address = HOST
        settings.disable_auto_negotiation = True
        self.connection = rtc.PeerConnection(settings)
        video = _Description.Video("0", _Description.Direction.RecvOnly)
        video.add_h264_codec(96, "profile-level-id=4d401f;packetization-mode=1")
        self.track = self.connection.add_track(video)
        self.packets = 0
        self.bytes = 0

    async def open(self, client: httpx.AsyncClient, camera: str) -> None:
        """Offers, and waits until the connection stands."""
        self.connection.set_local_description(_Description.Type.Offer)
        while self.connection.gathering_state() != rtc.PeerConnection.GatheringState.Complete:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
        answer = await client.post(
            f"/api/live/{camera}/whep",
            content=str(self.connection.local_description()),
            headers={"content-type": "application/sdp"},
        )
        answer.raise_for_status()
        self.connection.set_remote_description(_Description(answer.text, "answer"))
        while not self.track.is_open():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)

    def drain(self) -> None:
        """Takes what came."""
        while (message := self.track.receive()) is not None:
            self.packets += 1
            self.bytes += len(message)


async def run(address: str, token: str, camera: str, viewers: int, seconds: float) -> None:
    """Opens the viewers, says `open`, counts for `seconds`, and says what came."""
    headers = {"authorization": f"Bearer {token}"}
    receivers: list[Receiver] = []
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as client:
        for _ in range(viewers):
            receiver = Receiver()
            await asyncio.wait_for(receiver.open(client, camera), 20)
            receivers.append(receiver)
            for one in receivers:
                one.drain()
    for one in receivers:
        one.packets = one.bytes = 0
    sys.stdout.write("open\n")
    sys.stdout.flush()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for one in receivers:
            one.drain()
        await asyncio.sleep(0.05)
    got = [one.bytes for one in receivers]
    sys.stdout.write(json.dumps({"bytes": sum(got), "starved": got.count(0)}) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
