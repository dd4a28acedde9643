"""Reports of RTCP: what we sent and what came, told to the trunk and read from it.

References:
    RFC 3550, sections 6.1 (compound packets), 6.2 (interval), 6.4 (SR, RR), 6.5 (SDES), 6.6 (BYE).
"""

import struct
from datetime import datetime
from typing import NamedTuple

from warroom.calls.audio.rtp import VERSION, Reception

SENDER, RECEIVER, DESCRIPTION, BYE = 200, 201, 202, 203
CNAME = 1

INTERVAL_S = 5.0
"""The least mean time between two reports; each is drawn between half and one and a half of it."""

_NTP_EPOCH_S = 2_208_988_800
_BLOCK = struct.Struct(">IB3sIIII")
_SENDER_INFO = struct.Struct(">QIII")


class Block(NamedTuple):
    """What one side says of what it received from `ssrc`."""

    ssrc: int
    fraction_lost: int
    """Since the report before, of 256."""
    lost: int
    highest: int
    jitter: int
    """In units of the time stamp."""
    last_report: int
    """Middle of the NTP time of our last report that it heard; 0 before the first."""
    delay: int
    """Since then, in 1/65,536 s."""


class Heard(NamedTuple):
    """A compound packet, read."""

    ssrc: int
    ntp_middle: int | None
    """Middle 32 bits of its NTP time, if the sender also sends sound."""
    blocks: tuple[Block, ...]
    is_bye: bool


def ntp(at: datetime) -> int:
    """An instant as 64 bits of NTP."""
    return round((at.timestamp() + _NTP_EPOCH_S) * 2**32)


def read(datagram: bytes) -> Heard | None:
    """A compound packet; None where it is torn or begins with no report."""
    at, ssrc, middle, is_bye = 0, None, None, False
    blocks: list[Block] = []
    while at + 8 <= len(datagram):
        first, kind, words = struct.unpack_from(">BBH", datagram, at)
        end = at + 4 + 4 * words
        if first >> 6 != VERSION or end > len(datagram):
            return None
        if kind in {SENDER, RECEIVER}:
            head = 28 if kind == SENDER else 8
            if at + head + 24 * (first & 31) > end:
                return None
            ssrc = int.from_bytes(datagram[at + 4 : at + 8])
            if kind == SENDER:
                middle = int.from_bytes(datagram[at + 10 : at + 14])
            blocks += [_block(datagram, at + head + 24 * k) for k in range(first & 31)]
        is_bye = is_bye or kind == BYE
        at = end
    return None if ssrc is None else Heard(ssrc, middle, tuple(blocks), is_bye)


def _block(datagram: bytes, at: int) -> Block:
    ssrc, fraction, lost, highest, jitter, last, delay = _BLOCK.unpack_from(datagram, at)
    return Block(ssrc, fraction, int.from_bytes(lost, signed=True), highest, jitter, last, delay)


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", VERSION << 6 | count, kind, len(body) // 4) + body


def _description(ssrc: int, name: str) -> bytes:
    text = name.encode()
    chunk = ssrc.to_bytes(4) + bytes((CNAME, len(text))) + text + b"\0"
    return _packet(1, DESCRIPTION, chunk + bytes(-len(chunk) % 4))


class Sent(NamedTuple):
    """What was sent until now, for a report."""

    packets: int
    payload_bytes: int
    rtp_time: int
    """Of the present instant."""


class Reporter:
    """Writes our reports and reads theirs.

    Args:
        ssrc: Of what we send.
        name: Our CNAME; nothing of a person or of a machine is in it.
    """

    def __init__(self, ssrc: int, name: str) -> None:
        self._ssrc = ssrc
        self._name = name
        self._their_report: tuple[int, float] | None = None
        self.peer_lost = 0
        """Packets of ours that the other side misses."""
        self.peer_jitter = 0
        """Of ours at the other side, in units of the time stamp."""
        self.round_trip_s: float | None = None

    def hear(self, datagram: bytes, at: datetime, now: float) -> Heard | None:
        """Takes a report of theirs.

        Args:
            datagram: As received.
            at: Wall time.
            now: Monotonic seconds.
        """
        heard = read(datagram)
        if heard is None:
            return None
        if heard.ntp_middle is not None:
            self._their_report = (heard.ntp_middle, now)
        for block in heard.blocks:
            if block.ssrc != self._ssrc:
                continue
            self.peer_lost, self.peer_jitter = block.lost, block.jitter
            if block.last_report:
                there_and_back = (ntp(at) >> 16) - block.last_report - block.delay
                self.round_trip_s = (there_and_back & 0xFFFFFFFF) / 65_536
        return heard

    def report(self, sent: Sent | None, reception: Reception, at: datetime, now: float) -> bytes:
        """A compound packet: SR where we send, else RR, and our name.

        Args:
            sent: What we sent; None if nothing since the last report.
            reception: What came.
            at: Wall time.
            now: Monotonic seconds.
        """
        blocks = self._blocks(reception, now)
        count, body = len(blocks) // _BLOCK.size, self._ssrc.to_bytes(4)
        if sent is None:
            report = _packet(count, RECEIVER, body + blocks)
        else:
            body += _SENDER_INFO.pack(
                ntp(at) & 2**64 - 1, sent.rtp_time & 0xFFFFFFFF,
                sent.packets & 0xFFFFFFFF, sent.payload_bytes & 0xFFFFFFFF,
            )  # fmt: skip
            report = _packet(count, SENDER, body + blocks)
        return report + _description(self._ssrc, self._name)

    def _blocks(self, reception: Reception, now: float) -> bytes:
        if reception.ssrc is None:
            return b""
        last, delay = 0, 0
        if self._their_report is not None:
            last, heard_at = self._their_report
            delay = min(round((now - heard_at) * 65_536), 0xFFFFFFFF)
        lost = max(-(2**23), min(2**23 - 1, reception.expected - reception.received))
        return _BLOCK.pack(
            reception.ssrc, reception.fraction_lost(), lost.to_bytes(3, signed=True),
            reception.highest & 0xFFFFFFFF, round(reception.jitter) & 0xFFFFFFFF, last, delay,
        )  # fmt: skip

    def goodbye(self, reception: Reception, at: datetime, now: float) -> bytes:
        """The last compound packet."""
        return self.report(None, reception, at, now) + _packet(1, BYE, self._ssrc.to_bytes(4))
