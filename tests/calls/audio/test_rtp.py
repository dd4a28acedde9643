"""Packets of RTP and what is counted of a sender."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.audio.sound import in_packets
from warroom.calls.audio import rtp

PACKETS = in_packets(bytes(160 * 200))


@given(
    st.builds(
        rtp.Packet,
        payload_type=st.integers(0, 63) | st.integers(96, 127),
        marker=st.booleans(),
        sequence=st.integers(0, 65_535),
        timestamp=st.integers(0, 2**32 - 1),
        ssrc=st.integers(0, 2**32 - 1),
        payload=st.binary(max_size=200),
    )
)
def test_packet_is_read_as_it_was_written(packet: rtp.Packet) -> None:
    assert packet == rtp.parse(rtp.build(packet))


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(datagram: bytes) -> None:
    packet = rtp.parse(datagram)

    assert packet is None or len(packet.payload) <= len(datagram) - 12


def test_padding_extension_and_sources_are_left_out() -> None:
    head = bytes((0x80 | 0x20 | 0x10 | 2, 8)) + bytes(10)
    datagram = head + bytes(8) + b"\xbe\xde\x00\x01" + bytes(4) + b"voice" + b"\0\0\3"

    packet = rtp.parse(datagram)

    assert packet is not None
    assert packet.payload == b"voice"


def test_more_padding_than_there_is_is_no_packet() -> None:
    assert rtp.parse(bytes((0xA0, 8)) + bytes(10) + b"\xff") is None


@pytest.mark.parametrize(
    ("datagram", "claim"), [(b"\x80\xc8" + bytes(6), True), (b"\x80\x08" + bytes(10), False)]
)
def test_reports_are_told_from_sound(datagram: bytes, claim: bool) -> None:
    assert rtp.is_rtcp(datagram) is claim


def counted(order: list[int]) -> rtp.Reception:
    reception = rtp.Reception(8000)
    for place, number in enumerate(order):
        reception.take(PACKETS[number], place * 0.02)
    return reception


@given(st.randoms(use_true_random=False), st.sets(st.integers(1, 198), max_size=20))
def test_loss_is_counted_whatever_the_order_and_however_often(
    chance: random.Random, lost: set[int]
) -> None:
    order = [number for number in range(200) if number not in lost]
    twice = sorted(
        order + chance.sample(order, 20), key=lambda number: number + chance.uniform(0, 8)
    )

    reception = counted(twice)

    assert len(lost) == reception.lost
    assert (len(order), 20) == (reception.received, reception.duplicates)


def test_sender_that_begins_anew_is_not_loss() -> None:
    reception = counted([0, 1, 3])

    for packet in in_packets(bytes(1600), ssrc=78, sequence=9):
        reception.take(packet, 1.0)

    assert (1, 10) == (reception.lost, reception.received)


def test_fraction_is_of_the_time_since_it_was_asked() -> None:
    reception = counted(list(range(10)))
    assert reception.fraction_lost() == 0

    for number in (10, 13):
        reception.take(PACKETS[number], 1.0)

    assert 128 == reception.fraction_lost()
    assert reception.fraction_lost() == 0


def test_jitter_follows_the_formula_of_the_standard() -> None:
    reception = rtp.Reception(8000)
    reception.take(PACKETS[0], 0.0)
    reception.take(PACKETS[1], 0.03)

    assert 80 / 16 == pytest.approx(reception.jitter)


def test_steady_sender_has_no_jitter_where_its_clock_wraps() -> None:
    assert counted(list(range(200))).jitter == pytest.approx(0, abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_new_source_goes_on_where_the_last_one_ended(start: int, first: int, second: int) -> None:
    stream = rtp.Continuity(start)

    own = [stream.place(first + 160 * k & 0xFFFFFFFF, 1, 160) for k in range(3)]
    other = [stream.place(second + 160 * k & 0xFFFFFFFF, 2, 160) for k in range(3)]

    assert [start + 160 * k & 0xFFFFFFFF for k in range(6)] == own + other


def test_source_keeps_its_own_gaps_but_not_a_jump_of_its_clock() -> None:
    stream = rtp.Continuity(0)

    places = [stream.place(at, 1, 160) for at in (0, 160, 640, 90_000, 90_160)]

    assert [0, 160, 640, 800, 960] == places


def test_late_frame_falls_into_its_place_and_moves_nothing() -> None:
    stream = rtp.Continuity(0)

    places = [stream.place(at, 1, 160) for at in (0, 320, 160, 480)]

    assert [0, 320, 160, 480] == places
    assert 640 == stream.next


def test_what_comes_all_at_once_after_its_place_was_filled_makes_nobody_heard_later() -> None:
    stream = rtp.Continuity(0)
    for at in (0, 160):
        stream.place(at, 1, 160)
    filled = [stream.fill(160) for _ in range(10)]

    places = [stream.place(at, 1, 160) for at in range(320, 2400, 160)]

    assert [320 + 160 * k for k in range(10)] == filled
    assert [None] * 10 + [1920, 2080, 2240] == places


def test_source_that_paused_its_clock_is_heard_again_after_half_a_second() -> None:
    stream = rtp.Continuity(0)
    stream.place(0, 1, 160)
    for _ in range(50):
        stream.fill(160)

    places = [stream.place(at, 1, 160) for at in range(160, 160 * 40, 160)]

    assert 25 == places.count(None)
    assert [160 * 51 + 160 * k for k in range(14)] == places[25:]


def test_another_source_goes_on_behind_what_was_filled() -> None:
    stream = rtp.Continuity(0)
    stream.place(0, 1, 160)
    stream.fill(160)

    assert 320 == stream.place(77_000, 2, 160)
