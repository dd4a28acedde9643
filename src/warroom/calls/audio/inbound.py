"""What comes into a port: whose it is, what was lost of it, and the sound and keys in it."""

import ipaddress
from collections.abc import Callable

from warroom.calls.audio import codecs, dtmf, rtp
from warroom.calls.contracts import RATE_HZ, OnFrame, OnKey, RtpPeer

type Address = tuple[str, int]

RELATCH_S = 2.0
"""After so long a silence another source within the networks may take the place of the first."""

STEADY_SOURCE, STEADY_STREAM = 5, 3
"""Packets in sequence after which another source, or another stream of the same, is believed."""

STEADY_GAP_S = 0.3
"""They must follow one another within so long."""

CHANGES_MOST = 50
"""Of one port that are told: a sender that changes for ever must not fill the journal."""


class _Candidate:
    """Packets of who may become the sender; they are heard once it is believed."""

    def __init__(self, source: Address, packet: rtp.Packet, now: float) -> None:
        self.source, self.ssrc = source, packet.ssrc
        self.packets, self._at = [packet], now

    def follows(self, source: Address, packet: rtp.Packet, now: float) -> bool:
        """Takes the next packet; False if it is none of this sender."""
        last = self.packets[-1]
        if (
            (source, packet.ssrc) != (self.source, self.ssrc)
            or now - self._at > STEADY_GAP_S
            or packet.sequence != last.sequence + 1 & 0xFFFF
        ):
            return False
        self._at = now
        self.packets.append(packet)
        return True


class Inbound:
    """Takes datagrams of a port from whom the SDP names, and from the trunk's media networks.

    The very address and port of the SDP are believed at once, and once heard nobody else is until
    the next SDP. Another port of that host, or an address in the networks (a NAT), is believed
    after five packets in sequence while that one is silent. Another SSRC, or a sequence that
    jumps, is believed after three (RFC 3550, A.1 asks for two).

    Args:
        now: Monotonic seconds.

    Attributes:
        latched: From where sound is taken now; None until any came.
        on_change: Is told of another source or stream (`source`, `stream`) while the call lasts.
    """

    def __init__(self, now: float) -> None:
        self.on_frame: OnFrame | None = None
        self.on_key: OnKey | None = None
        self.on_change: Callable[[str], None] | None = None
        self.reception = rtp.Reception(RATE_HZ)
        self.latched: Address | None = None
        self.heard_at = now
        self.received = self.foreign = self.changes = 0
        self._peer: RtpPeer | None = None
        self._named: Address = ("", 0)
        self._networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
        self._judged: dict[str, bool] = {}
        self._candidate: _Candidate | None = None
        self._codec: codecs.Codec = codecs.Alaw()
        self._keys = dtmf.KeyReader()
        self._unwrapped = 0

    def start(self, peer: RtpPeer, codec: codecs.Codec, now: float) -> None:
        """Follows an SDP from now on."""
        if codec.per_sample != self._codec.per_sample:
            self.reception = rtp.Reception(RATE_HZ * codec.per_sample)
        self._peer, self._codec = peer, codec
        self._named = (peer.host, peer.port)
        self._networks = tuple(ipaddress.ip_network(text, strict=False) for text in peer.networks)
        self._judged.clear()
        self._candidate = None
        self.latched, self.heard_at = None, now

    def is_inside(self, host: str) -> bool:
        """Whether an address lies in the trunk's media networks."""
        found = self._judged.get(host)
        if found is None:
            address = ipaddress.ip_address(host.partition("%")[0])
            address = getattr(address, "ipv4_mapped", None) or address
            found = any(address in network for network in self._networks)
            if len(self._judged) < 64:
                self._judged[host] = found
        return found

    def may_send(self, host: str) -> bool:
        """Whether anything of an address is looked at."""
        return host == self._named[0] or self.is_inside(host)

    def take(self, datagram: bytes, source: Address, now: float) -> None:
        """Takes a datagram that is not RTCP."""
        packet, peer = rtp.parse(datagram), self._peer
        if packet is None or peer is None:
            self.foreign += 1
        elif source == self.latched and self._goes_on(packet):
            if self._candidate is not None:
                self._drop_candidate()
            self._hear(packet, peer, now)
        elif packet.payload_type not in {peer.payload_type, peer.event_type}:
            self.foreign += 1
        else:
            self._judge(packet, source, peer, now)

    def _goes_on(self, packet: rtp.Packet) -> bool:
        """Whether it belongs to the stream that is heard."""
        reception = self.reception
        return packet.ssrc == reception.ssrc and (
            abs(rtp.step(packet.sequence, reception.highest & 0xFFFF, 16)) <= rtp.RESTART_GAP
        )

    def _judge(self, packet: rtp.Packet, source: Address, peer: RtpPeer, now: float) -> None:
        is_first = source == self._named and self.latched != self._named
        # After a restart nothing is known but from where it came.
        if is_first or (source == self.latched and self.reception.ssrc is None):
            self._believe([packet], source, peer, now)
        elif source == self.latched:
            self._wait(packet, source, peer, now, STEADY_STREAM)
        elif self._may_become_source(source, now):
            self._wait(packet, source, peer, now, STEADY_SOURCE)
        else:
            self.foreign += 1

    def _may_become_source(self, source: Address, now: float) -> bool:
        if not self.may_send(source[0]):
            return False
        if self.latched is None:
            return True
        # Whom the SDP names needs nobody to take its place.
        return self.latched != self._named and now - self.heard_at >= RELATCH_S

    def _wait(
        self, packet: rtp.Packet, source: Address, peer: RtpPeer, now: float, needed: int
    ) -> None:
        candidate = self._candidate
        if candidate is None or not candidate.follows(source, packet, now):
            self._drop_candidate()
            self._candidate = candidate = _Candidate(source, packet, now)
        if len(candidate.packets) >= needed:
            self._believe(candidate.packets, source, peer, now)

    def _drop_candidate(self) -> None:
        if self._candidate is not None:
            self.foreign += len(self._candidate.packets)
            self._candidate = None

    def _believe(
        self, packets: list[rtp.Packet], source: Address, peer: RtpPeer, now: float
    ) -> None:
        if self._candidate is not None and self._candidate.packets is not packets:
            self._drop_candidate()
        self._candidate = None
        was, stream = self.latched, self.reception.ssrc
        self.latched = source
        if stream is not None:
            if was not in (None, source):
                self._tell("source")
            elif stream != packets[0].ssrc:
                self._tell("stream")
        for packet in packets:
            self._hear(packet, peer, now)

    def _tell(self, what: str) -> None:
        self.changes += 1
        if self.on_change is not None and self.changes <= CHANGES_MOST:
            self.on_change(what)

    def _hear(self, packet: rtp.Packet, peer: RtpPeer, now: float) -> None:
        self.heard_at = now
        is_sound = packet.payload_type == peer.payload_type
        if not self.reception.take(packet, now, is_timed=is_sound):
            return
        if is_sound:
            self._take_sound(packet)
        elif packet.payload_type == peer.event_type:
            self._take_key(packet)

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
