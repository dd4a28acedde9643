"""A browser's half of a leg, by the same library: offers sound, sends and hears it."""

import asyncio
from typing import Any

import libdatachannel as ldc

from warroom.calls.audio import rtp

_Description: Any = ldc.Description  # type: ignore[attr-defined]


class Browser:
    """Offers PCMA and keys, sends what it is told to."""

    def __init__(self, codec: int = 8) -> None:
        settings = ldc.Configuration()
        settings.disable_auto_negotiation = True
        settings.bind_address = "127.0.0.1"
        self._connection = ldc.PeerConnection(settings)
        media = _Description.Audio("0", _Description.Direction.SendRecv)
        if codec == 8:
            media.add_pcma_codec(8)
        else:
            media.add_opus_codec(codec)
        media.add_audio_codec(126, "telephone-event/8000")
        media.add_ssrc(4711, "browser", "browser", "mic")
        self._track = self._connection.add_track(media)
        self.heard: list[rtp.Packet] = []

    async def offer(self) -> str:
        self._connection.set_local_description(_Description.Type.Offer)
        complete = ldc.PeerConnection.GatheringState.Complete
        while self._connection.gathering_state() != complete:
            await asyncio.sleep(0.005)
        return str(self._connection.local_description())

    def take(self, answer: str) -> None:
        self._connection.set_remote_description(_Description(answer, "answer"))

    @property
    def is_open(self) -> bool:
        return bool(self._track.is_open())

    def send(self, packet: rtp.Packet) -> None:
        self._track.send(rtp.build(packet._replace(ssrc=4711)))

    def listen(self) -> list[rtp.Packet]:
        while (datagram := self._track.receive()) is not None:
            packet = rtp.parse(datagram)
            if packet is not None:
                self.heard.append(packet)
        return self.heard

    def close(self) -> None:
        self._connection.close()
