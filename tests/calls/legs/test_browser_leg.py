"""The agent's leg: answered, opened, passed through byte by byte, and known to be dead."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from tests.calls.audio.sound import HOST, in_packets, until, voice
from tests.calls.legs.peer import Browser
from warroom.calls.audio import dtmf, rtp
from warroom.calls.errors import LegRefusedError
from warroom.calls.legs.browser import BrowserLeg
from warroom.calls.legs.polling import Poll, shared_poll
from warroom.calls.legs.sdp import OFFER_MAX_BYTES, Sound, choose_sound

OFFER = "\r\n".join((
    "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0",
    "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 9 0 8 13 110 126", "a=mid:1", "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:8 PCMA/8000", "a=rtpmap:110 telephone-event/48000",
    "a=rtpmap:126 telephone-event/8000", "",
))  # fmt: skip


def test_offer_is_read_for_the_section_of_sound_and_its_keys() -> None:
    assert Sound("1", 126) == choose_sound(OFFER)


def test_keys_need_not_be_offered() -> None:
    assert Sound("1", None) == choose_sound(OFFER.replace("a=rtpmap:126", "a=x:126"))


@pytest.mark.parametrize(
    "offer",
    ["", "hello", OFFER.replace(" 8 13", " 13"), OFFER.replace("a=mid:1", "a=x:1"),
     OFFER + "a=x\r\n" * (OFFER_MAX_BYTES // 5)],
)  # fmt: skip
def test_offer_without_alaw_is_refused(offer: str) -> None:
    with pytest.raises(LegRefusedError):
        choose_sound(offer)


@asynccontextmanager
async def call() -> AsyncIterator[tuple[BrowserLeg, Browser]]:
    leg, browser = BrowserLeg(HOST), Browser()
    try:
        browser.take(await leg.answer(await browser.offer()))
        await until(lambda: leg.is_open and browser.is_open)
        yield leg, browser
    finally:
        await leg.close()
        browser.close()


async def test_sound_passes_both_ways_untouched() -> None:
    said, answered = voice(0.4), voice(0.4, seed=2)
    heard: list[bytes] = []
    async with call() as (leg, browser):
        leg.on_rtp = lambda payload, _at, _source: heard.append(payload)
        for k, packet in enumerate(in_packets(said)):
            browser.send(packet)
            leg.send(answered[160 * k : 160 * k + 160], 160 * k, 5)
        await until(lambda: len(heard) == 20 and len(browser.listen()) == 20)

        assert (20, 20, 0) == (leg.received_packets, leg.sent_packets, leg.lost_packets)
    assert said == b"".join(heard)
    assert answered == b"".join(packet.payload for packet in browser.heard)
    assert [8] * 20 == [packet.payload_type for packet in browser.heard]


async def test_caller_may_change_and_the_stream_goes_on() -> None:
    async with call() as (leg, browser):
        for at in range(0, 800, 160):
            leg.send(bytes(160), at, 5)
        for at in range(70_000, 70_800, 160):
            leg.send(bytes(160), at, 6)
        await until(lambda: len(browser.listen()) == 10)

    stamps = [packet.timestamp for packet in browser.heard]
    assert {160} == {rtp.step(later, earlier) for earlier, later in pairwise(stamps)}
    assert 1 == len({packet.ssrc for packet in browser.heard})


async def test_keys_pressed_in_the_browser_are_told_once() -> None:
    keys: list[str] = []
    async with call() as (leg, browser):
        leg.on_key = keys.append
        for n, event in enumerate(dtmf.press("5")):
            browser.send(rtp.Packet(126, event.marker, n, 4000, 0, event.payload))
        await until(lambda: leg.received_packets == 7)

    assert ["5"] == keys


async def test_leg_that_was_closed_is_dead_and_swallows_what_comes() -> None:
    async with call() as (leg, _):
        assert leg.alive()

        await leg.close()

        assert not leg.alive()
        assert not leg.is_open
        leg.send(bytes(160), 0, 5)


@pytest.mark.nightly
async def test_browser_that_went_away_is_known_to_be_gone_by_its_silence_and_in_the_end() -> None:
    async with call() as (leg, browser):
        browser.close()

        await until(lambda: leg.silent_s > 1.0)
        await until(lambda: not leg.alive(), timeout_s=90)


async def test_silence_is_counted_from_the_last_packet() -> None:
    async with call() as (leg, browser):
        await asyncio.sleep(0.05)
        before = leg.silent_s
        browser.send(in_packets(voice(0.02))[0])
        await until(lambda: leg.received_packets == 1)

        assert leg.silent_s < before


async def test_refused_offer_leaves_nothing_open() -> None:
    leg, browser = BrowserLeg(HOST), Browser(codec=111)

    with pytest.raises(LegRefusedError):
        await leg.answer(await browser.offer())

    assert not leg.alive()
    await leg.close()
    browser.close()


async def test_thirty_legs_share_one_loop_of_looking() -> None:
    legs = [BrowserLeg(HOST) for _ in range(30)]
    browsers = [Browser() for _ in legs]
    heard = [0] * 30

    async def open_leg(k: int) -> None:
        def count(_payload: bytes, _at: int, _source: int) -> None:
            heard[k] += 1

        legs[k].on_rtp = count
        browsers[k].take(await legs[k].answer(await browsers[k].offer()))
        await until(lambda: legs[k].is_open and browsers[k].is_open)
        for packet in in_packets(voice(0.2)):
            browsers[k].send(packet)
            await asyncio.sleep(0.02)

    await asyncio.gather(*(open_leg(k) for k in range(30)))
    await until(lambda: min(heard) == 10)
    for leg, browser in zip(legs, browsers, strict=True):
        await leg.close()
        browser.close()

    assert [10] * 30 == heard
    assert {id(shared_poll())} == {id(leg._poll) for leg in legs}


async def test_legs_may_share_one_port_of_the_firewall() -> None:
    port = free_port()
    legs = [BrowserLeg(HOST, (port, port)) for _ in range(3)]
    browsers = [Browser() for _ in legs]
    heard: list[list[bytes]] = [[] for _ in legs]
    for leg, browser, mine in zip(legs, browsers, heard, strict=True):
        leg.on_rtp = lambda payload, _at, _source, mine=mine: mine.append(payload)
        answer = await leg.answer(await browser.offer())
        browser.take(answer)
        assert f" {port} typ host" in answer
    await until(lambda: all(one.is_open for one in (*legs, *browsers)))

    for number, browser in enumerate(browsers):
        browser.send(in_packets(bytes([number]) * 160)[0])
    await until(lambda: all(heard))
    for leg, browser in zip(legs, browsers, strict=True):
        await leg.close()
        browser.close()

    assert [[bytes([number]) * 160] for number in range(3)] == heard


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Broken:
    silent_s = 0.0
    is_given_up = False

    def look(self) -> None:
        raise ValueError

    def give_up(self) -> None:
        self.is_given_up = True


class Counting(Broken):
    looks = 0

    def look(self) -> None:
        self.looks += 1


async def test_leg_that_breaks_does_not_silence_the_others() -> None:
    poll, broken, whole = Poll(), Broken(), Counting()
    poll.add(broken)
    poll.add(whole)

    await until(lambda: whole.looks > 2)
    poll.remove(whole)
    looks = whole.looks
    await asyncio.sleep(0.03)

    assert broken.is_given_up
    assert looks == whole.looks
