"""The port, with real sockets: who is heard, what is lost, what goes back."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tests.calls.audio.sound import (
    HOST,
    Caller,
    channels,
    correlation,
    in_packets,
    tone,
    until,
    voice,
    waiting,
)
from warroom.calls.audio import codecs, dtmf, g711, rtcp, rtp
from warroom.calls.audio.port import RtpPort
from warroom.calls.audio.recorder import TwoChannelRecorder
from warroom.calls.contracts import AGENT, CALLER, SILENCE, AudioPort, RtpPeer
from warroom.kernel.clock import FixedClock

EVENT = 101
CALLS = 30


class Heard:
    """What a port told."""

    def __init__(self, port: AudioPort) -> None:
        self.frames: list[tuple[bytes, int, int]] = []
        self.keys = ""
        port.on_frame = lambda *frame: self.frames.append(frame)
        port.on_key = self._press

    def _press(self, key: str) -> None:
        self.keys += key

    @property
    def sound(self) -> bytes:
        return b"".join(payload for payload, _, _ in self.frames)


def peer_of(caller: Caller, **more: object) -> RtpPeer:
    return RtpPeer(HOST, caller.address[1], 8, EVENT, **more)  # type: ignore[arg-type]


@asynccontextmanager
async def line(
    clock: FixedClock | None = None, **more: object
) -> AsyncIterator[tuple[RtpPort, int, Heard, Caller]]:
    caller, port = Caller(), RtpPort(clock)
    try:
        number = await port.bind(HOST)
        port.start(peer_of(caller, **more))
        yield port, number, Heard(port), caller
    finally:
        port.close()
        caller.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 26, tzinfo=UTC))


async def test_sound_comes_and_goes_on_an_even_port() -> None:
    said, answered = voice(0.2), voice(0.2, seed=2)
    async with line() as (port, number, heard, caller):
        for packet in in_packets(said):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 10)
        for at in range(0, 1600, 160):
            port.send(answered[at : at + 160], at, 5)
        await until(lambda: len(caller.listen()) == 10)

    assert 0 == number % 2
    assert said == heard.sound
    assert answered == b"".join(packet.payload for packet in caller.heard)
    assert [True] + [False] * 9 == [packet.marker for packet in caller.heard]
    assert [8] * 10 == [packet.payload_type for packet in caller.heard]


async def test_frames_carry_the_callers_own_time_and_source() -> None:
    packets = in_packets(voice(0.1))
    async with line() as (_, number, heard, caller):
        for packet in packets:
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)

    assert [(p.timestamp, p.ssrc) for p in packets] == [(at, ssrc) for _, at, ssrc in heard.frames]


async def test_sound_goes_to_where_it_comes_from_within_the_networks_of_the_trunk() -> None:
    async with line() as (port, number, heard, caller):
        port.start(RtpPeer("192.0.2.1", 9, 8, networks=("127.0.0.0/30",)))
        for packet in in_packets(voice(0.1)):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)

        port.send(SILENCE, 0, 5)

        await until(lambda: len(caller.listen()) == 1)


async def test_another_port_of_the_host_is_heard_but_ours_goes_where_the_sdp_says() -> None:
    named = Caller()
    async with line() as (port, number, heard, caller):
        port.start(RtpPeer(HOST, named.address[1], 8))
        for packet in in_packets(voice(0.1)):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)

        port.send(SILENCE, 0, 5)

        await until(lambda: len(named.listen()) == 1)
        assert [] == caller.listen()
    named.close()


async def test_a_packet_to_each_port_makes_no_call_answer_a_stranger() -> None:
    stranger = Caller()
    async with line(networks=("127.0.0.0/8",)) as (port, number, heard, caller):
        for sequence in (1, 900, 2, 40_000):
            stranger.send(in_packets(SILENCE, ssrc=666)[0]._replace(sequence=sequence), number)
        for packet in in_packets(voice(0.1)):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)
        port.send(SILENCE, 0, 5)
        await until(lambda: len(caller.listen()) == 1)

        assert 4 == port.stats().foreign
    assert {77} == {source for _, _, source in heard.frames}
    assert [] == stranger.listen()
    stranger.close()


async def test_a_strangers_host_is_never_heard_whatever_it_sends(clock: FixedClock) -> None:
    changes: list[str] = []
    stranger = Caller("127.0.0.9")
    async with line(clock) as (port, number, heard, caller):
        port.on_change = changes.append
        for packet in in_packets(voice(1.0), ssrc=666):
            stranger.send(packet, number)
        stranger.send(rtp.Packet(EVENT, True, 60, 0, 666, b"\1\x0a\0\xa0"), number)
        report = rtcp.Reporter(666, "x").report(
            rtcp.Sent(1, 1, 1), rtp.Reception(8000), clock.now(), 0.0
        )
        stranger.sound.sendto(report, (HOST, number + 1))
        await until(lambda: port.stats().foreign == 52)
        clock.advance(60.0)
        stranger.send(in_packets(SILENCE, ssrc=666)[0], number)
        await until(lambda: port.stats().foreign == 53)
        caller.send(in_packets(SILENCE)[0], number)
        await until(lambda: len(heard.frames) == 1)

    assert ("", []) == (heard.keys, changes)
    assert [] == stranger.listen() == stranger.reports
    stranger.close()


async def test_another_stream_of_the_same_source_is_believed_once_it_is_steady() -> None:
    changes: list[str] = []
    before, after = in_packets(voice(0.1)), in_packets(voice(0.1, seed=9), ssrc=9)
    async with line() as (port, number, heard, caller):
        port.on_change = changes.append
        for packet in (*before[:4], after[0], before[4]):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)
        for packet in after:
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 10)

    assert [77] * 5 + [9] * 5 == [source for _, _, source in heard.frames]
    assert ["stream"] == changes


async def test_a_sequence_that_jumps_once_is_not_heard() -> None:
    packets = in_packets(voice(0.1))
    async with line() as (port, number, heard, caller):
        for packet in (*packets[:3], packets[3]._replace(sequence=30_000), *packets[3:]):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)

        assert 0 == port.stats().lost


async def test_stranger_is_neither_heard_nor_answered(clock: FixedClock) -> None:
    stranger = Caller()
    async with line(clock) as (port, number, heard, caller):
        caller.send(in_packets(SILENCE)[0], number)
        await until(lambda: len(heard.frames) == 1)
        for packet in in_packets(voice(1.0), ssrc=666):
            stranger.send(packet, number)
        await until(lambda: port.stats().foreign == 50)
        port.send(SILENCE, 0, 5)
        await until(lambda: len(caller.listen()) == 1)

    assert 1 == len(heard.frames)
    assert [] == stranger.listen()
    stranger.close()


@pytest.mark.parametrize("by", ["silence", "an SDP"])
async def test_another_source_takes_over_after(by: str, clock: FixedClock) -> None:
    changes: list[str] = []
    other = Caller()
    async with line(clock) as (port, number, heard, caller):
        port.on_change = changes.append
        behind_nat = RtpPeer("192.0.2.1", 9, 8, networks=("127.0.0.0/30",))
        port.start(behind_nat)
        for packet in in_packets(voice(0.1)):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)
        clock.advance(2.0 if by == "silence" else 0.0)
        if by == "an SDP":
            port.start(behind_nat)
        for packet in in_packets(voice(0.1), ssrc=9):
            other.send(packet, number)
        await until(lambda: len(heard.frames) == 10)
        port.send(SILENCE, 0, 5)
        await until(lambda: len(other.listen()) == 1)

    assert 1 == len(changes)
    other.close()


async def test_source_that_sends_something_else_does_not_take_the_port() -> None:
    async with line() as (port, number, heard, caller):
        caller.send(in_packets(SILENCE, payload_type=96)[0], number)
        await until(lambda: port.stats().foreign == 1)
        caller.sound.sendto(b"hello", (HOST, number))
        await until(lambda: port.stats().foreign == 2)

    assert [] == heard.frames


async def test_repeated_packet_is_heard_once() -> None:
    packets = in_packets(voice(0.2))
    async with line() as (port, number, heard, caller):
        for packet in (*packets[:5], *packets[2:5], *packets[6:]):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 9)

        stats = port.stats()

    assert (9, 1, 3) == (stats.received, stats.lost, stats.duplicates)


async def test_ulaw_is_translated_at_the_wire() -> None:
    said = tone(600, 0.1)
    async with line() as (port, number, heard, caller):
        port.start(RtpPeer(HOST, caller.address[1], 0))
        for packet in in_packets(said.translate(g711.ALAW_TO_ULAW), payload_type=0):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 5)
        port.send(said[:160], 0, 5)
        await until(lambda: len(caller.listen()) == 1)

    lag, alike = correlation(
        g711.decode(said).astype(float), g711.decode(heard.sound).astype(float)
    )
    assert lag == 0
    assert alike > 0.999
    assert (0, said[:160].translate(g711.ALAW_TO_ULAW)) == (
        caller.heard[0].payload_type,
        caller.heard[0].payload,
    )


async def test_trunk_that_offers_opus_alone_is_understood_and_answered() -> None:
    said, wire = tone(600, 1.0), codecs.Opus()
    async with line() as (port, number, heard, caller):
        port.start(RtpPeer(HOST, caller.address[1], 111, is_opus=True))
        for k, frame in enumerate(codecs.frames(said)):
            stamp = 2**32 - 9600 + 960 * k & 0xFFFFFFFF
            caller.send(rtp.Packet(111, k == 0, k, stamp, 7, wire.encode(frame)), number)
            port.send(frame, 160 * k, 5)
            await asyncio.sleep(0)
        await until(lambda: len(heard.frames) == 50 and len(caller.listen()) == 50)

    steps = {rtp.step(later[1], earlier[1]) for earlier, later in pairwise(heard.frames)}
    got = g711.decode(heard.sound).astype(float)[800:4800]
    assert {160} == steps
    assert correlation(got, g711.decode(said).astype(float))[1] > 0.98
    stamps = [packet.timestamp for packet in caller.heard]
    assert {960} == {later - earlier & 0xFFFFFFFF for earlier, later in pairwise(stamps)}
    back = b"".join(codecs_of(caller))
    assert (
        correlation(g711.decode(back).astype(float)[800:4800], g711.decode(said).astype(float))[1]
        > 0.98
    )


def codecs_of(caller: Caller) -> list[bytes]:
    reader = codecs.Opus()
    return [reader.decode(packet.payload) for packet in caller.heard]


async def test_packets_of_forty_milliseconds_become_frames_of_twenty() -> None:
    said = voice(0.2)
    async with line() as (_, number, heard, caller):
        for packet in in_packets(said, samples=320):
            caller.send(packet, number)
        await until(lambda: len(heard.frames) == 10)

    assert said == heard.sound
    assert {160} == {rtp.step(later[1], earlier[1]) for earlier, later in pairwise(heard.frames)}


async def test_stream_goes_on_without_a_jump_when_its_source_changes() -> None:
    async with line() as (port, _, _, caller):
        for at in range(0, 800, 160):
            port.send(SILENCE, at, 5)
        times = [port.send(SILENCE, 70_000 + at, 6) for at in range(0, 800, 160)]
        await until(lambda: len(caller.listen()) == 10)

    numbers = [packet.sequence for packet in caller.heard]
    stamps = [packet.timestamp for packet in caller.heard]
    assert {1} == {later - earlier & 0xFFFF for earlier, later in pairwise(numbers)}
    assert {160} == {rtp.step(later, earlier) for earlier, later in pairwise(stamps)}
    assert times == stamps[5:]
    assert len({packet.ssrc for packet in caller.heard}) == 1


async def test_nothing_is_sent_to_who_does_not_listen_but_time_goes_on() -> None:
    async with line() as (port, _, _, caller):
        first = port.send(SILENCE, 0, 5)
        port.start(peer_of(caller, receives=False))
        port.send(SILENCE, 160, 5)
        port.start(peer_of(caller))
        port.send(SILENCE, 320, 5)
        await until(lambda: len(caller.listen()) == 2)

    assert [0, 320] == [rtp.step(packet.timestamp, first) for packet in caller.heard]
    assert 1 == caller.heard[1].sequence - caller.heard[0].sequence & 0xFFFF


async def test_keys_of_a_caller_are_told_once_each() -> None:
    async with line() as (_, number, heard, caller):
        for k, key in enumerate("112"):
            for n, event in enumerate(dtmf.press(key)):
                packet = rtp.Packet(EVENT, event.marker, 7 * k + n, 4000 * k, 7, event.payload)
                caller.send(packet, number)
        await until(lambda: len(heard.keys) == 3)

    assert "112" == heard.keys
    assert [] == heard.frames


async def test_keys_are_sent_in_the_place_of_sound() -> None:
    async with line() as (port, _, _, caller):
        port.send(SILENCE, 0, 5)
        port.send_key("4")
        port.send_key("#")
        port.send(SILENCE, 160, 5)
        await until(lambda: len([p for p in caller.listen() if p.payload_type == EVENT]) == 14)
        await asyncio.sleep(0.12)
        port.send(SILENCE, 320, 5)
        await until(lambda: caller.listen()[-1].payload_type == 8)

    reader = dtmf.KeyReader()
    events = [packet for packet in caller.heard if packet.payload_type == EVENT]
    told = [reader.take(packet.payload, packet.timestamp, packet.ssrc) for packet in events]
    assert ["4", "#"] == [key for key in told if key is not None]
    assert 2 == len([packet for packet in caller.heard if packet.payload_type == 8])
    numbers = [packet.sequence for packet in caller.heard]
    assert {1} == {later - earlier & 0xFFFF for earlier, later in pairwise(numbers)}


async def test_key_that_cannot_be_read_is_not_sent() -> None:
    async with line() as (port, _, _, caller):
        port.start(RtpPeer(HOST, caller.address[1], 8))
        port.send_key("4")
        port.send(SILENCE, 0, 5)
        await until(lambda: len(caller.listen()) == 1)

    assert [8] == [packet.payload_type for packet in caller.heard]


async def test_reports_go_to_the_port_beside_and_are_read(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rtcp, "INTERVAL_S", 0.02)
    beside = Caller()
    async with line(clock, rtcp_port=beside.address[1]) as (port, number, heard, caller):
        caller.send(in_packets(SILENCE)[0], number)
        await until(lambda: len(heard.frames) == 1)
        port.send(SILENCE, 0, 5)
        await until(lambda: not beside.listen() and rtcp.SENDER in [r[1] for r in beside.reports])
        told = next(report for report in beside.reports if report[1] == rtcp.SENDER)
        report = rtcp.read(told)
        assert report is not None
        theirs = rtcp.Reporter(77, "trunk")
        theirs.hear(told, clock.now(), clock.monotonic())
        ours = rtp.Reception(8000)
        for k in (0, 3):
            ours.take(rtp.Packet(8, False, k, 160 * k, report.ssrc, SILENCE), 0.02 * k)
        clock.advance(0.05)
        answer = theirs.report(rtcp.Sent(1, 160, 0), ours, clock.now(), clock.monotonic() - 0.03)
        beside.sound.sendto(answer, (HOST, number + 1))
        await until(lambda: port.stats().peer_lost == 2)

        assert 30 == pytest.approx(port.stats().round_trip_ms, abs=1)

    goodbye = [rtcp.read(one) for one in beside.reports + list(waiting(beside.sound))]
    assert goodbye[-1] is not None
    assert goodbye[-1].is_bye
    beside.close()


async def test_reports_share_the_port_where_that_is_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtcp, "INTERVAL_S", 0.02)
    caller = Caller()
    port = RtpPort()
    number = await port.bind(HOST)
    port.start(peer_of(caller, rtcp_port=caller.address[1]))

    await until(lambda: bool(caller.listen() or caller.reports))
    report, source = caller.reports[0], rtcp.read(caller.reports[0])
    port.close()

    assert rtcp.RECEIVER == report[1]
    assert source is not None
    assert number % 2 == 0
    caller.close()


async def test_port_goes_on_in_another_process_as_if_it_had_never_stopped() -> None:
    caller, before, after = Caller(), RtpPort(), RtpPort()
    number = await before.bind(HOST)
    before.start(peer_of(caller))
    heard = Heard(before)
    caller.send(in_packets(SILENCE)[0], number)
    await until(lambda: len(heard.frames) == 1)
    first = before.send(SILENCE, 0, 5)
    state = json.loads(json.dumps(before.state()))
    await until(lambda: len(caller.listen()) == 1)
    before.close()
    await asyncio.sleep(0)

    await after.resume(HOST, state, gone_s=1.0)
    again = after.send(SILENCE, 0, 5)
    await until(lambda: len(caller.listen()) == 2)
    after.close()

    assert 160 + 50 * 160 == rtp.step(again, first)
    assert caller.heard[0].ssrc == caller.heard[1].ssrc
    assert 51 == caller.heard[1].sequence - caller.heard[0].sequence & 0xFFFF
    caller.close()


async def test_taken_port_is_an_error_and_a_closed_one_can_be_taken() -> None:
    first, second = RtpPort(), RtpPort()
    number = await first.bind(HOST)

    with pytest.raises(OSError, match="in use"):
        await second.bind(HOST, number)
    first.close()
    first.close()
    await asyncio.sleep(0)

    assert number == await second.bind(HOST, number)
    second.close()


async def test_pair_whose_second_port_is_taken_is_left_alone() -> None:
    blocker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    blocker.bind((HOST, 31_001))
    port = RtpPort(ports=(31_000, 31_006))

    number = await port.bind(HOST)

    assert number in {31_002, 31_004}
    port.close()
    blocker.close()


async def test_thirty_calls_at_once_lose_nothing_and_are_kept_byte_by_byte(tmp_path: Path) -> None:
    said = [voice(2.0, seed=seed) for seed in range(CALLS)]
    callers = [Caller() for _ in range(CALLS)]
    ports = [RtpPort() for _ in range(CALLS)]
    files = [TwoChannelRecorder.create(tmp_path / f"{k}.wav") for k in range(CALLS)]

    async def call(k: int) -> None:
        port, caller, file = ports[k], callers[k], files[k]
        number = await port.bind(HOST)
        port.start(peer_of(caller))

        def keep(payload: bytes, at: int, source: int) -> None:
            file.write(CALLER, at, payload, source)
            sent = port.send(payload, at, source)
            file.write(AGENT, sent, payload, 1)

        port.on_frame = keep
        await caller.talk(in_packets(said[k], ssrc=k + 1), number)
        await until(lambda: port.stats().received == 100)
        await until(lambda: len(caller.listen()) == 100)

    await asyncio.gather(*(call(k) for k in range(CALLS)))
    stats = [port.stats() for port in ports]
    recorded = [file.close() for file in files]
    for ending in (*ports, *callers):
        ending.close()

    assert {(100, 0, 100, 0)} == {(s.received, s.lost, s.sent, s.foreign) for s in stats}
    for k, one in enumerate(recorded):
        caller, agent = channels(one.path.read_bytes())
        assert said[k] in caller
        assert said[k] in agent
        assert said[k] == b"".join(packet.payload for packet in callers[k].heard)


async def test_sound_at_the_very_last_port_is_served_without_reports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtcp, "INTERVAL_S", 0.02)
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: problems.append(told))
    port = RtpPort()
    await port.bind(HOST)
    port.start(RtpPeer(HOST, 65_535, 8, EVENT))
    for at in range(5):
        port.send(SILENCE, at * 160, 1)
        await asyncio.sleep(0.02)
    port.close()

    assert [] == problems
    assert 5 == port.stats().sent


async def test_a_port_that_broke_is_closed_and_says_nothing_more() -> None:
    async with line() as (port, number, _, _):
        assert port._sound is not None
        port._sound.abort()
        await asyncio.sleep(0)
        port.send(SILENCE, 0, 1)
        port.close()
        again = RtpPort()
        assert number == await again.bind(HOST, number)
        again.close()
