"""Keys: each is told once."""

import random

from hypothesis import given
from hypothesis import strategies as st

from warroom.calls.audio.dtmf import KEYS, KeyReader, press


def read(packets: list[tuple[bytes, int]]) -> str:
    reader = KeyReader()
    told = [reader.take(payload, timestamp, 5) for payload, timestamp in packets]
    return "".join(key for key in told if key is not None)


@given(
    st.text(st.sampled_from(KEYS), max_size=12), st.randoms(use_true_random=False),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_keys_are_read_once_each_though_packets_are_lost_and_repeated(
    keys: str, chance: random.Random, begin: int
) -> None:
    packets: list[tuple[bytes, int]] = []
    for number, key in enumerate(keys):
        events = [(event.payload, begin + 4000 * number & 0xFFFFFFFF) for event in press(key)]
        packets += chance.sample(events, chance.randint(1, len(events)))

    assert keys == read(packets)


def test_end_is_sent_three_times_and_only_the_first_packet_is_marked() -> None:
    events = list(press("#"))

    ends = [event for event in events if event.payload[1] & 0x80]
    assert 3 == len(ends)
    assert len({event.payload for event in ends}) == 1
    assert [True] + [False] * (len(events) - 1) == [event.marker for event in events]
    assert [160, 320, 480, 640, 800, 800, 800] == [
        int.from_bytes(event.payload[2:]) for event in events
    ]


def test_what_is_no_key_is_not_told() -> None:
    assert KeyReader().take(b"\x10\x0a\x00\xa0", 1, 5) is None
    assert KeyReader().take(b"\x01", 1, 5) is None
