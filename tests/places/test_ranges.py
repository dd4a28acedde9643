"""Ranges of bytes as browsers name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warroom.places.errors import RangeError
from warroom.places.ranges import part_of

CONTENT = bytes(range(100))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=90-16383", slice(90, 100)),
        ("bytes=90-", slice(90, 100)),
        ("bytes=-10", slice(90, 100)),
        ("bytes=-1000", slice(0, 100)),
    ],
)
def test_one_range_is_that_part(header: str, expected: slice) -> None:
    assert part_of(header, len(CONTENT)) == expected


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=", "bytes=-", "bytes=9-3", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6"],
)
def test_what_is_not_understood_is_the_whole(header: str | None) -> None:
    assert part_of(header, len(CONTENT)) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_beyond_the_end_is_nothing(header: str) -> None:
    with pytest.raises(RangeError) as caught:
        part_of(header, len(CONTENT))

    assert caught.value.params == {"size_bytes": 100}


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_range_gives_what_its_numbers_say(first: int, last: int) -> None:
    expected = CONTENT[first : last + 1]
    try:
        part = part_of(f"bytes={first}-{last}", len(CONTENT))
    except RangeError:
        assert expected == b""
    else:
        assert part is None if last < first else CONTENT[part or slice(0)] == expected


@given(st.text("bytes=-,0123456789 \N{ARABIC-INDIC DIGIT THREE}", max_size=24))
def test_any_header_is_answered(header: str) -> None:
    try:
        part = part_of(header, len(CONTENT))
    except RangeError:
        return
    assert part is None or 0 <= part.start < part.stop <= len(CONTENT)
