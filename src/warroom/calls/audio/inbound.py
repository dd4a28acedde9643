"""What comes into a port: whose it is, what was lost of it, and the sound and keys in it."""

from warroom.calls.audio import codecs, dtmf, rtp
from warroom.calls.contracts import RATE_HZ, OnFrame, OnKey, RtpPeer

type Address = tuple[str, int]

RELATCH_S = 2.0
"""After so long a silence another source may take the place of the first."""


class Inbound:
    """Takes datagrams of a port; the first valid one decides from where they are taken.

    Args:
        now: Monotonic seconds.
    """

    def __init__(self, now: float) -> None:
        self.on_frame: OnFrame | None = None
        self.on_key: OnKey | None = None
        self.reception = rtp.Reception(RATE_HZ)
        self.latched: Address | None = None
        self.heard_at = now
        self.received = self.foreign = 0
        self._peer: RtpPeer | None = None
        self._codec: codecs.Codec = codecs.Alaw()
        self._keys = dtmf.KeyReader()
        self._unwrapped = 0

    def start(self, peer: RtpPeer, codec: codecs.Codec, now: float) -> None:
        """Follows an SDP from now on: whoever sends first is the peer."""
        if codec.per_sample != self._codec.per_sample:
            self.reception = rtp.Reception(RATE_HZ * codec.per_sample)
        self._peer, self._codec = peer, codec
        self.latched, self.heard_at = None, now

    def take(self, datagram: bytes, source: Address, now: float) -> None:
        """Takes a datagram that is not RTCP."""
        packet, peer = rtp.parse(datagram), self._peer
        if packet is None or peer is None or not self._is_from_peer(packet, source, peer, now):
            self.foreign += 1
            return
        self.heard_at = now
        is_sound = packet.payload_type == peer.payload_type
        if not self.reception.take(packet, now, is_timed=is_sound):
            return
        if is_sound:
            self._take_sound(packet)
        elif packet.payload_type == peer.event_type:
            self._take_key(packet)

    def _is_from_peer(self, packet: rtp.Packet, source: Address, peer: RtpPeer, now: float) -> bool:
        if source == self.latched:
            return True
        if self.latched is not None and now - self.heard_at < RELATCH_S:
            return False
        if packet.payload_type not in {peer.payload_type, peer.event_type}:
            return False
        self.latched = source
        return True

    def _take_sound(self, packet: rtp.Packet) -> None:
        self.received += 1
        at = self._inner_time(packet)
        for frame in codecs.frames(self._codec.decode(packet.payload)):
            if self.on_frame is not None:
                self.on_frame(frame, at & 0xFFFFFFFF, packet.ssrc)
            at += len(frame)

    def _inner_time(self, packet: rtp.Packet) -> int:
        """Samples of ours; a wire that counts finer is divided without a break where it wraps."""
        if self._codec.per_sample == 1:
            return packet.timestamp
        self._unwrapped += rtp.step(packet.timestamp, self._unwrapped & 0xFFFFFFFF)
        return self._unwrapped // self._codec.per_sample

    def _take_key(self, packet: rtp.Packet) -> None:
        key = self._keys.take(packet.payload, packet.timestamp, packet.ssrc)
        if key is not None and self.on_key is not None:
            self.on_key(key)
