"""The sound of a simulated call taker: offers A-law over WebRTC, as the page of the desk does."""

import asyncio
import secrets
import struct
from typing import Any

import libdatachannel as ldc

from simcity import clock
from simcity.calls.sound import FRAME_SAMPLES, SILENCE

_PCMA = 8
_FRAME_S = 0.02
_LOOK_S = 0.02
_OPENS_S = 10.0
_QUIET = bytes([SILENCE]) * FRAME_SAMPLES
_Description: Any = ldc.Description  # type: ignore[attr-defined]


class Voice:
    """One connection to the edge.

    Attributes:
        heard: Packets of sound that came.
    """

    def __init__(self, host: str = "127.0.0.1") -> None:
        settings = ldc.Configuration()
        settings.disable_auto_negotiation = True
        settings.bind_address = host
        self._connection = ldc.PeerConnection(settings)
        self._ssrc = secrets.randbits(31) + 1
        media = _Description.Audio("0", _Description.Direction.SendRecv)
        media.add_pcma_codec(_PCMA)
        media.add_ssrc(self._ssrc, "taker", "taker", "voice")
        self._track = self._connection.add_track(media)
        self._sequence = self._time = 0
        self.heard = 0

    async def offer(self) -> str:
        """What it offers, with all candidates in it."""
        self._connection.set_local_description(_Description.Type.Offer)
        complete = ldc.PeerConnection.GatheringState.Complete
        await self._until(lambda: self._connection.gathering_state() == complete)
        return str(self._connection.local_description())

    async def take(self, answer: str) -> None:
        """The answer of the edge; returns when sound can go both ways.

        Raises:
            TimeoutError: It never could.
        """
        self._connection.set_remote_description(_Description(answer, "answer"))
        await self._until(lambda: self.is_open)

    async def _until(self, claim: Any) -> None:
        async with asyncio.timeout(_OPENS_S):
            while not claim():  # noqa: ASYNC110 - an event would need a callback of the library
                await asyncio.sleep(_LOOK_S)

    @property
    def is_open(self) -> bool:
        """Whether sound can go over it now."""
        return bool(self._track.is_open())

    async def speak(self, said: bytes) -> None:
        """Says it at the pace of speech, then is silent until cancelled: silence is sent too."""
        began, sent = clock.monotonic_s(), 0
        while True:
            frame = said[sent * FRAME_SAMPLES :][:FRAME_SAMPLES] or _QUIET
            self._send(frame, is_first=sent == 0)
            while self._track.receive() is not None:
                self.heard += 1
            sent += 1
            await asyncio.sleep(max(0.0, began + sent * _FRAME_S - clock.monotonic_s()))

    def _send(self, frame: bytes, *, is_first: bool) -> None:
        marker = 0x80 if is_first else 0
        self._sequence = self._sequence + 1 & 0xFFFF
        self._time = self._time + FRAME_SAMPLES & 0xFFFFFFFF
        head = struct.pack(
            "!BBHII", 0x80, _PCMA | marker, self._sequence, self._time, self._ssrc
        )  # fmt: skip
        if self.is_open:
            self._track.send(head + frame)

    def close(self) -> None:
        """Hangs up."""
        self._connection.close()
