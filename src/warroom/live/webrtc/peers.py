"""One browser at the other end: libdatachannel without a single Python callback.

Lost packets are sent again on NACK, by the library. What a browser asks for beyond that (PLI, FIR)
is read from the track's own queue: the library gives each sending track a callback in C++ that
throws RTCP away, and takes it off again when its callbacks are reset.
"""

import asyncio
import os
import struct
from typing import Any

import libdatachannel as rtc

from warroom.live.errors import OfferError
from warroom.live.webrtc.rtcp import Patience, asks_for_key
from warroom.live.webrtc.sdp import Video

GATHERING_S = 3.0
POLL_S = 0.01
NACK_PACKETS = 512
FRAGMENT_BYTES = 1_180
RTCP_AT_ONCE = 64
"""Packets read from one peer in one look; more of them wait for the next."""

_Description: Any = rtc.Description  # type: ignore[attr-defined]
"""The stub that comes with the library forgets to export it."""

_OVER = (
    rtc.PeerConnection.State.Closed,
    rtc.PeerConnection.State.Failed,
    rtc.PeerConnection.State.Disconnected,
)


class Peer:
    """Sends H.264 to one browser.

    Args:
        offer: Its SDP.
        video: The codec chosen from the offer.
        bind_address: Address to send from; empty means every one.
        ports: First and last UDP port; (0, 0) lets the system choose, two equal ones share it.
    """

    def __init__(
        self, offer: str, video: Video, bind_address: str, ports: tuple[int, int] = (0, 0)
    ) -> None:
        settings = rtc.Configuration()
        settings.disable_auto_negotiation = True
        if bind_address:
            settings.bind_address = bind_address
        if ports[0]:
            settings.port_range_begin, settings.port_range_end = ports
            settings.enable_ice_udp_mux = ports[0] == ports[1]
        ssrc = struct.unpack(">I", os.urandom(4))[0] or 1
        media = _Description.Video(video.mid, _Description.Direction.SendOnly)
        media.add_h264_codec(video.payload_type, video.parameters)
        media.add_ssrc(ssrc, "camera", "live", "video")
        self._connection = rtc.PeerConnection(settings)
        self._track = self._connection.add_track(media)
        self._track.reset_callbacks()
        self._ssrc = ssrc
        # The chain is kept alive by these references as well as by the library.
        self._config = rtc.RtpPacketizationConfig(ssrc, "camera", video.payload_type, 90_000)
        self._packetizer = rtc.H264RtpPacketizer(
            rtc.NalUnit.Separator.Length, self._config, FRAGMENT_BYTES
        )
        self._packetizer.add_to_chain(rtc.RtcpSrReporter(self._config))
        self._packetizer.add_to_chain(rtc.RtcpNackResponder(NACK_PACKETS))
        self._track.set_media_handler(self._packetizer)
        self._offer = offer
        self.waits_for_key = True
        """Nothing is sent before the next key frame."""
        self.wants_key = False
        """It lost its picture and asks for a key frame."""
        self.patience = Patience()
        self.last_stamp = 0
        """Time stamp of what was sent last."""
        self.frames_sent = 0

    async def answer(self) -> str:
        """The SDP answer with all candidates in it.

        Raises:
            OfferError: The library cannot make sense of the offer.
        """
        try:
            self._connection.set_remote_description(_Description(self._offer, "offer"))
            self._connection.set_local_description(_Description.Type.Answer)
        except (RuntimeError, ValueError) as error:
            raise OfferError from error
        async with asyncio.timeout(GATHERING_S):
            while not self._has_gathered():  # noqa: ASYNC110 - an event would need a callback
                await asyncio.sleep(POLL_S)
        description = self._connection.local_description()
        if description is None:
            raise OfferError
        return str(description)

    def _has_gathered(self) -> bool:
        state = self._connection.gathering_state()
        return bool(state == rtc.PeerConnection.GatheringState.Complete)

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent now."""
        return bool(self._track.is_open())

    @property
    def is_over(self) -> bool:
        """Whether the browser is gone."""
        return self._connection.state() in _OVER

    def listen(self) -> None:
        """Reads what it asks for; cheap where it asked nothing."""
        for _ in range(RTCP_AT_ONCE):
            packet = self._track.receive()
            if packet is None:
                return
            if isinstance(packet, bytes) and asks_for_key(packet, self._ssrc):
                self.wants_key = True

    def send(self, sample: bytes, timestamp: int) -> None:
        """Sends one access unit; a track that just closed swallows it."""
        self.frames_sent += 1
        self.last_stamp = timestamp
        try:
            self._track.send_frame(sample, rtc.FrameInfo(timestamp & 0xFFFFFFFF))
        except RuntimeError:
            self.waits_for_key = True

    def close(self) -> None:
        """Says goodbye."""
        self._track.set_media_handler(None)
        self._connection.close()
