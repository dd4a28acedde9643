"""One UDP port of sound towards a trunk, with its reports beside it.

Sound is taken from the address in the SDP, and sent there. Within the trunk's media networks it
goes back to where it comes from: behind a NAT the address in the SDP is of no use. A stranger who
sends into the port is neither heard nor answered.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict

from warroom.calls.audio import codecs, rtcp, rtp
from warroom.calls.audio.inbound import Address, Inbound
from warroom.calls.audio.outbound import Outbound
from warroom.calls.contracts import (
    FRAME_MS,
    RATE_HZ,
    Json,
    OnFrame,
    OnKey,
    RtpPeer,
    RtpStats,
)
from warroom.kernel.clock import Clock, SystemClock
from warroom.kernel.log import logger

PORTS = (16_384, 32_766)
"""First and last even port; those above are given to others by the system."""

PAIR_TRIES = 100
PORT_MAX = 65_535

_log = logger("calls.audio")


class _Wire(asyncio.DatagramProtocol):
    """Hands the datagrams of one socket on."""

    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One came."""
        self._take(data, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed: by us, or (`exc`) because nothing goes over it any more."""
        if exc is not None:
            _log.error("port_lost", problem=type(exc).__name__)


class RtpPort:
    """Implements `contracts.AudioPort`: RTP on an even port, RTCP on the next or on the same.

    Args:
        clock: For intervals and for the wall time in reports.
        ports: First and last port that `bind` may choose.
    """

    def __init__(self, clock: Clock | None = None, ports: tuple[int, int] = PORTS) -> None:
        self._clock: Clock = clock or SystemClock()
        self._ports = ports
        self._port = 0
        self._sound: asyncio.DatagramTransport | None = None
        self._control: asyncio.DatagramTransport | None = None
        self._peer: RtpPeer | None = None
        self._codec: codecs.Codec = codecs.Alaw()
        self._in = Inbound(self._clock.monotonic())
        self._out = Outbound()
        self._reporter = self._new_reporter()
        self._reported_packets = 0
        self._send_to: Address = ("", 0)
        self._control_to: Address | None = None
        self._report_timer: asyncio.TimerHandle | None = None
        self._key_timer: asyncio.TimerHandle | None = None

    def _new_reporter(self) -> rtcp.Reporter:
        return rtcp.Reporter(self._out.ssrc, secrets.token_hex(6))

    @property
    def on_frame(self) -> OnFrame | None:
        """Is told of sound."""
        return self._in.on_frame

    @on_frame.setter
    def on_frame(self, told: OnFrame | None) -> None:
        self._in.on_frame = told

    @property
    def on_key(self) -> OnKey | None:
        """Is told of keys."""
        return self._in.on_key

    @on_key.setter
    def on_key(self, told: OnKey | None) -> None:
        self._in.on_key = told

    @property
    def on_change(self) -> Callable[[str], None] | None:
        """Is told of another source or stream."""
        return self._in.on_change

    @on_change.setter
    def on_change(self, told: Callable[[str], None] | None) -> None:
        self._in.on_change = told

    async def bind(self, host: str, port: int = 0) -> int:
        """Opens a pair of ports and tells the first; see `contracts.AudioPort`.

        Raises:
            OSError: The port, or each of those that were tried, is taken.
        """
        if port:
            return await self._bind_pair(host, port)
        first, last = (number // 2 for number in self._ports)
        for _ in range(PAIR_TRIES - 1):
            try:
                return await self._bind_pair(host, 2 * (first + secrets.randbelow(last - first)))
            except OSError:
                continue
        return await self._bind_pair(host, 2 * first)

    async def _bind_pair(self, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        try:
            self._sound, _ = await loop.create_datagram_endpoint(
                lambda: _Wire(self._take), local_addr=(host, port)
            )
            self._control, _ = await loop.create_datagram_endpoint(
                lambda: _Wire(self._take_control), local_addr=(host, port + 1)
            )
        except OSError:
            self._close_sockets()
            raise
        self._port = port
        return port

    def start(self, peer: RtpPeer) -> None:
        """Takes over what an SDP says; see `contracts.AudioPort`."""
        before, self._peer = self._peer, peer
        if before is None or _speech(before) != _speech(peer):
            self._codec = codecs.choose(peer.payload_type, is_opus=peer.is_opus)
        if before is None or (before.host, before.port) != (peer.host, peer.port):
            self._send_to, self._control_to = (peer.host, peer.port), None
        self._in.start(peer, self._codec, self._clock.monotonic())
        self._out.start(peer, self._codec)
        if self._report_timer is None:
            self._plan_report(share=0.5)

    def _take(self, datagram: bytes, source: Address) -> None:
        if rtp.is_rtcp(datagram):
            self._take_control(datagram, source)
            return
        self._in.take(datagram, source, self._clock.monotonic())
        latched = self._in.latched
        if latched is not None and latched != self._send_to and self._goes_back_to(latched):
            self._send_to, self._control_to = latched, None

    def _goes_back_to(self, source: Address) -> bool:
        """Symmetric RTP (RFC 4961) within the networks; else the SDP says where ours goes."""
        peer = self._peer
        return self._in.is_inside(source[0]) or (
            peer is not None and source == (peer.host, peer.port)
        )

    def _take_control(self, datagram: bytes, source: Address) -> None:
        latched, ssrc = self._in.latched, self._in.reception.ssrc
        heard = rtcp.read(datagram) if self._is_of_peer(source[0]) else None
        # Who sends sound reports under the same name (RFC 3550, 6.4.1).
        if heard is None or (latched is not None and ssrc is not None and heard.ssrc != ssrc):
            self._in.foreign += 1
        elif self._reporter.hear(datagram, self._clock.now(), self._clock.monotonic()):
            self._control_to = source

    def _is_of_peer(self, host: str) -> bool:
        latched = self._in.latched
        return host == (self._send_to if latched is None else latched)[0]

    def send(self, payload: bytes, rtp_time: int, source: int) -> int | None:
        """Sends a frame; see `contracts.AudioPort`."""
        at, packet = self._out.frame(payload, rtp_time, source)
        self._put(packet)
        return at

    def fill(self, payload: bytes) -> int:
        """Sends a frame in the place of one that did not come; see `contracts.AudioPort`."""
        at, packet = self._out.fill(payload)
        self._put(packet)
        return at

    def _put(self, packet: bytes | None) -> None:
        if packet is not None and self._sound is not None and not self._sound.is_closing():
            self._sound.sendto(packet, self._send_to)

    def send_key(self, key: str) -> None:
        """Sends a key in the place of sound; see `contracts.AudioPort`."""
        if self._out.queue_key(key) and self._key_timer is None:
            self._press()

    def _press(self) -> None:
        self._key_timer = None
        goes_on, packet = self._out.next_of_keys()
        self._put(packet)
        if goes_on:
            loop = asyncio.get_running_loop()
            self._key_timer = loop.call_later(FRAME_MS / 1000, self._press)

    def _plan_report(self, share: float = 1.0) -> None:
        drawn = 0.5 + secrets.randbelow(1000) / 1000
        wait_s = rtcp.INTERVAL_S * share * drawn
        self._report_timer = asyncio.get_running_loop().call_later(wait_s, self._report)

    def _report(self) -> None:
        out, sent = self._out, None
        if out.packets != self._reported_packets:
            sent = rtcp.Sent(out.packets, out.payload_bytes, out.wire_time)
            self._reported_packets = out.packets
        now = self._clock.monotonic()
        report = self._reporter.report(sent, self._in.reception, self._clock.now(), now)
        self._put_control(report)
        self._plan_report()

    def _put_control(self, report: bytes) -> None:
        peer = self._peer
        if peer is None or self._sound is None or self._control is None:
            return
        is_joined = peer.rtcp_port == peer.port
        host, port = self._send_to
        if not is_joined:
            port = port + 1 if peer.rtcp_port is None else peer.rtcp_port
        wire = self._sound if is_joined else self._control
        # Sound at the very last port leaves none for reports.
        if port <= PORT_MAX and not wire.is_closing():
            wire.sendto(report, self._control_to or (host, port))

    def stats(self) -> RtpStats:
        """What went over it until now."""
        reception, reporter = self._in.reception, self._reporter
        per_ms = RATE_HZ * self._codec.per_sample / 1000
        there_s = reporter.round_trip_s
        return RtpStats(
            received=self._in.received,
            lost=reception.lost,
            sent=self._out.packets,
            foreign=self._in.foreign,
            jitter_ms=reception.jitter / per_ms,
            silent_s=self._clock.monotonic() - self._in.heard_at,
            duplicates=reception.duplicates,
            peer_lost=reporter.peer_lost,
            peer_jitter_ms=reporter.peer_jitter / per_ms,
            round_trip_ms=None if there_s is None else there_s * 1000,
        )

    def state(self) -> Json:
        """All that `resume` needs."""
        return {
            "port": self._port,
            "out": self._out.state(),
            "send_to": list(self._send_to),
            "latched": list(self._in.latched) if self._in.latched else None,
            "peer": None if self._peer is None else asdict(self._peer),
        }

    async def resume(self, host: str, state: Json, gone_s: float) -> None:
        """Binds the same port and goes on; see `contracts.AudioPort`."""
        await self.bind(host, state["port"])
        self._out = Outbound(state["out"], round(gone_s * 1000 / FRAME_MS))
        self._reporter = self._new_reporter()
        if state["peer"] is not None:
            self.start(RtpPeer(**state["peer"]))
            self._send_to = (state["send_to"][0], state["send_to"][1])
        if state["latched"] is not None:
            self._in.latched = (state["latched"][0], state["latched"][1])

    def close(self) -> None:
        """Says goodbye by RTCP and gives the ports back; again is no error."""
        for timer in (self._report_timer, self._key_timer):
            if timer is not None:
                timer.cancel()
        try:
            if self._out.packets or self._in.received:
                now, monotonic = self._clock.now(), self._clock.monotonic()
                self._put_control(self._reporter.goodbye(self._in.reception, now, monotonic))
        finally:
            self._close_sockets()

    def _close_sockets(self) -> None:
        for wire in (self._sound, self._control):
            if wire is not None:
                wire.close()
        self._sound = self._control = None


def _speech(peer: RtpPeer) -> tuple[int, bool]:
    return peer.payload_type, peer.is_opus
