"""A WebRTC viewer that lost its picture gets a key frame at once, but never in a flood."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live.media_server import GOP
from tests.live.test_webrtc import CAMERA, Browser, gateway, warm_stream
from warroom.live.webrtc.rtcp import LEAST_S, MOST_S, Patience, asks_for_key

SSRC = 0x1234_5678
ME = (7).to_bytes(4, "big")


def feedback(kind: int, form: int, *words: int) -> bytes:
    body = b"".join(word.to_bytes(4, "big") for word in words)
    return bytes((0x80 | form, kind)) + (len(body) // 4).to_bytes(2, "big") + body


def pli(ssrc: int) -> bytes:
    return feedback(206, 1, 7, ssrc)


def fir(ssrc: int, number: int = 1) -> bytes:
    return feedback(206, 4, 7, 0, ssrc, number << 24)


REPORT = feedback(201, 1, 7, SSRC, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "packet",
    [
        pli(SSRC),
        fir(SSRC),
        REPORT + pli(SSRC),
        feedback(206, 4, 7, 0, 99, 0, SSRC, 0),
        feedback(192, 0, SSRC),
    ],
)
def test_request_for_a_key_frame_is_heard(packet: bytes) -> None:
    assert asks_for_key(packet, SSRC)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        REPORT,
        pli(99),
        fir(99),
        feedback(205, 1, 7, SSRC),
        feedback(206, 15, 7, SSRC),
        pli(SSRC)[:-1],
        b"\x00" + pli(SSRC)[1:],
    ],
)
def test_everything_else_is_not(packet: bytes) -> None:
    assert not asks_for_key(packet, SSRC)


@given(st.binary(max_size=200))
def test_no_packet_is_beyond_reading(packet: bytes) -> None:
    assert asks_for_key(packet, SSRC) in (True, False)


@given(st.lists(st.floats(0, 3), max_size=200))
def test_viewer_is_given_its_gop_at_most_once_a_second(pauses: list[float]) -> None:
    patience, now, given_at = Patience(), 100.0, []
    for pause in pauses:
        now += pause
        allowed = patience.allows(now)
        given_at += [now] * allowed
        _ = allowed and patience.give(now)

    assert all(later - earlier >= LEAST_S for earlier, later in pairwise(given_at))


def test_wait_doubles_while_a_viewer_keeps_asking_and_is_short_again_after_a_calm() -> None:
    patience, waits, now = Patience(), [], 0.0
    for _ in range(6):
        patience.give(now)
        waits.append(patience._wait_s)
        now += patience._wait_s
    patience.give(now + 2 * MOST_S)

    assert waits == [1, 2, 4, 8, 8, 8]
    assert patience._wait_s == LEAST_S


@pytest.mark.parametrize("ask", [pli, fir])
async def test_lost_picture_is_answered_with_a_key_frame_at_once(
    ask: Callable[[int], bytes],
) -> None:
    stream = warm_stream()
    async with gateway(main=stream) as (client, server, _):
        browser = Browser()
        answered = await client.offer(CAMERA, "main", await browser.offer())
        await browser.accept(answered.sdp)
        held = len(stream.gop)
        await browser.receive(held)
        server.send(CAMERA, count=2)
        await browser.receive(held + 2)
        keys_before = browser.keys()
        # No further frame comes from the camera: what is received now is the answer alone.
        browser.ask(ask)
        stamps = await browser.receive(2 * (held + 2))
        keys_after = browser.keys()
        server.send(CAMERA)
        stamps = await browser.receive(2 * (held + 2) + 1)
        browser.connection.close()

    assert (keys_before, keys_after) == (1, 2)
    assert stamps == sorted(stamps)
    assert stamps[-1] - stamps[held + 1] == 6000
    assert held + 2 < GOP


async def test_asking_a_hundred_times_brings_one_answer() -> None:
    stream = warm_stream()
    async with gateway(main=stream) as (client, server, _):
        browser = Browser()
        answered = await client.offer(CAMERA, "main", await browser.offer())
        await browser.accept(answered.sdp)
        held = len(stream.gop)
        await browser.receive(held)
        for _ in range(100):
            browser.track.send(pli(browser.ssrc))
        await browser.receive(2 * held)
        server.send(CAMERA)
        stamps = await browser.receive(2 * held + 1)
        browser.connection.close()

    assert len(stamps) == 2 * held + 1
    assert browser.keys() == 2
