"""One browser at the other end: libdatachannel without a single Python callback.

Lost packets are sent again on NACK, by the library. A picture loss indication (PLI) cannot be
seen without a callback (RTCP does not reach `receive()`), so a picture beyond repair comes back
with the camera's next key frame.
"""

import asyncio
import os
import struct
from typing import Any

import libdatachannel as rtc

from warroom.live.errors import OfferError
from warroom.live.webrtc.sdp import Video

GATHERING_S = 3.0
POLL_S = 0.01
NACK_PACKETS = 512
FRAGMENT_BYTES = 1_180

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

    def send(self, sample: bytes, timestamp: int) -> None:
        """Sends one access unit; a track that just closed swallows it."""
        self.frames_sent += 1
        try:
            self._track.send_frame(sample, rtc.FrameInfo(timestamp & 0xFFFFFFFF))
        except RuntimeError:
            self.waits_for_key = True

    def close(self) -> None:
        """Says goodbye."""
        self._track.set_media_handler(None)
        self._connection.close()
