"""One agent's browser at the other end: libdatachannel without a single Python callback."""

import asyncio
import secrets
from typing import Any

import libdatachannel as ldc

from warroom.calls.audio import dtmf, rtp
from warroom.calls.contracts import RATE_HZ, OnFrame, OnKey
from warroom.calls.errors import LegRefusedError
from warroom.calls.legs.polling import Poll, shared_poll
from warroom.calls.legs.sdp import PCMA, choose_sound
from warroom.kernel.clock import Clock, SystemClock

GATHERING_S = 3.0
GATHERING_LOOK_S = 0.005
AT_ONCE = 100
"""Packets read from one leg in one look; more of them wait for the next."""

_Description: Any = ldc.Description  # type: ignore[attr-defined]
"""The stub that comes with the library forgets to export it."""

_OVER = (
    ldc.PeerConnection.State.Closed,
    ldc.PeerConnection.State.Failed,
    ldc.PeerConnection.State.Disconnected,
)


class BrowserLeg:
    """Implements `contracts.AgentLeg`: A-law goes both ways untouched, in packets of our own.

    Args:
        host: Address to send from; empty means every one.
        ports: First and last UDP port; (0, 0) lets the system choose, two equal ones share it.
        clock: Tells since when nothing came.
        poll: What reads it; None is the one of the running loop.
    """

    def __init__(
        self,
        host: str = "",
        ports: tuple[int, int] = (0, 0),
        clock: Clock | None = None,
        poll: Poll | None = None,
    ) -> None:
        self.on_rtp: OnFrame | None = None
        self.on_key: OnKey | None = None
        self.sent_packets = 0
        self._clock: Clock = clock or SystemClock()
        self._poll = poll
        self._connection = ldc.PeerConnection(_configuration(host, ports))
        self._track: Any = None
        self._event_type: int | None = None
        self._ssrc = secrets.randbits(32) or 1
        self._sequence = secrets.randbits(16)
        self._time = rtp.Continuity(secrets.randbits(32))
        self._is_marked = True
        self._reception = rtp.Reception(RATE_HZ)
        self._keys = dtmf.KeyReader()
        self._heard_at = self._clock.monotonic()
        self._is_closed = False

    async def answer(self, offer: str) -> str:
        """Answers the browser's offer with all candidates in it; see `contracts.AgentLeg`.

        Raises:
            LegRefusedError: It offers no PCMA, or the library cannot make sense of it.
            CancelledError: Nobody waits for the answer any more.
        """
        try:
            sound = choose_sound(offer)
            # In this order: a track that is added before the offer is known gets a section of
            # its own, which the answer may not have.
            self._connection.set_remote_description(_Description(offer, "offer"))
            self._track = self._connection.add_track(self._media(sound.mid, sound.event_type))
            self._connection.set_local_description(_Description.Type.Answer)
            answer = await self._gathered()
        except (RuntimeError, ValueError, TimeoutError, LegRefusedError) as error:
            await self.close()
            raise LegRefusedError from error
        except asyncio.CancelledError:
            # Nobody waits for it any more: it is closed, not only forgotten with its threads on.
            await self.close()
            raise
        self._event_type = sound.event_type
        self._poll = self._poll or shared_poll()
        self._poll.add(self)
        return answer

    def _media(self, mid: str, event_type: int | None) -> Any:
        media = _Description.Audio(mid, _Description.Direction.SendRecv)
        media.add_pcma_codec(PCMA)
        if event_type is not None:
            media.add_audio_codec(event_type, "telephone-event/8000")
        media.add_ssrc(self._ssrc, "warroom", "call", "caller")
        return media

    async def _gathered(self) -> str:
        async with asyncio.timeout(GATHERING_S):
            while not self._has_gathered():  # noqa: ASYNC110 - an event would need a callback
                await asyncio.sleep(GATHERING_LOOK_S)
        answer = self._connection.local_description()
        if answer is None:
            raise LegRefusedError
        return str(answer)

    def _has_gathered(self) -> bool:
        state = self._connection.gathering_state()
        return bool(state == ldc.PeerConnection.GatheringState.Complete)

    def send(self, payload: bytes, rtp_time: int, source: int) -> None:
        """Sends one frame; one that comes before the leg is open is lost."""
        at = self._time.place(rtp_time, source, len(payload))
        if at is None or self._track is None or self._is_closed:
            return
        self._sequence = self._sequence + 1 & 0xFFFF
        is_marked, self._is_marked = self._is_marked, False
        packet = rtp.Packet(PCMA, is_marked, self._sequence, at, self._ssrc, payload)
        try:
            self._track.send(rtp.build(packet))
        except RuntimeError:
            # It is not open yet, or not any more: `is_open` and `alive` say so.
            return
        self.sent_packets += 1

    def look(self) -> None:
        """Reads what the browser sent; the poll calls it."""
        for _ in range(AT_ONCE):
            datagram = self._track.receive()
            if datagram is None:
                return
            packet = rtp.parse(datagram) if isinstance(datagram, bytes) else None
            if packet is not None:
                self._take(packet)

    def _take(self, packet: rtp.Packet) -> None:
        self._heard_at = now = self._clock.monotonic()
        is_sound = packet.payload_type == PCMA
        if not self._reception.take(packet, now, is_timed=is_sound):
            return
        if is_sound and self.on_rtp is not None:
            self.on_rtp(packet.payload, packet.timestamp, packet.ssrc)
        elif packet.payload_type == self._event_type:
            key = self._keys.take(packet.payload, packet.timestamp, packet.ssrc)
            if key is not None and self.on_key is not None:
                self.on_key(key)

    @property
    def silent_s(self) -> float:
        """Seconds since the browser sent anything."""
        return self._clock.monotonic() - self._heard_at

    @property
    def received_packets(self) -> int:
        """Of sound and keys, each once."""
        return self._reception.received

    @property
    def lost_packets(self) -> int:
        """Packets of the browser that never came."""
        return self._reception.lost

    @property
    def is_open(self) -> bool:
        """Whether sound can go over it now."""
        return not self._is_closed and self._track is not None and bool(self._track.is_open())

    def alive(self) -> bool:
        """False as soon as the connection is known to be gone."""
        return not self._is_closed and self._connection.state() not in _OVER

    def give_up(self) -> None:
        """It cannot be read any more."""
        if not self._is_closed:
            self._is_closed = True
            self._connection.close()

    async def close(self) -> None:
        """Hangs up; again is no error."""
        if self._poll is not None:
            self._poll.remove(self)
        self.give_up()


def _configuration(host: str, ports: tuple[int, int]) -> ldc.Configuration:
    settings = ldc.Configuration()
    settings.disable_auto_negotiation = True
    if host:
        settings.bind_address = host
    if ports[0]:
        settings.port_range_begin, settings.port_range_end = ports
        settings.enable_ice_udp_mux = ports[0] == ports[1]
    return settings
