"""Claims about pictures: what names a place or a device goes, and what is no picture is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.photos import photo, segment
from warroom.incidents.jpeg import strip


def test_a_photo_tells_nothing_of_where_and_by_what_it_was_taken() -> None:
    found = strip(photo())

    assert found is not None
    content, width, height = found
    assert (width, height) == (640, 480)
    for word in (b"Exif", b"GPS", b"ICC_PROFILE", b"a comment", b"what follows"):
        assert word not in content
    assert content.startswith(b"\xff\xd8\xff\xe0")
    assert content.endswith(b"\x12\xff\x00\x34\xff\xd9")
    assert strip(content) == found


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n" + photo()[2:],
        b"<svg onload='alert(1)'/>",
        photo()[:60],
        photo(width=0),
        photo().replace(b"\xff\xda", b"\xff\xfe"),
        b"\xff\xd8" + segment(0xDA, b"\x01") + b"\xff\xd9",
        b"\xff\xd8" + photo() + b"\xff\xd9",
    ],
)
def test_what_is_no_whole_jpeg_is_none(content: bytes) -> None:
    assert strip(content) is None


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_break_it(noise: bytes, at: int) -> None:
    for content in (noise, b"\xff\xd8\xff" + noise + b"\xff\xd9", photo()[:at] + noise):
        found = strip(content)
        assert found is None or strip(found[0]) == found
