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


def test_the_second_picture_of_a_file_goes_with_all_it_tells() -> None:
    # A phone's portrait mode: APP2 "MPF" names a second picture, which follows the first.
    index = segment(0xE2, b"MPF\0MM\0*\0\0\0\x08")
    first = photo()[:2] + index + photo()[2:].partition(b"what follows")[0]
    several = first + photo(b"Exif\0\0GPS -5.99 119.99").partition(b"what follows")[0]

    found = strip(several)

    assert found is not None
    assert strip(photo()) == found
    for word in (b"MPF", b"Exif", b"GPS"):
        assert word not in found[0]


def test_what_hides_between_two_scans_goes() -> None:
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x56\xff\xd0\x78"
    whole = photo().partition(b"what follows")[0]
    hidden = segment(0xE1, b"Exif\0\0GPS") + segment(0xFE, b"a comment") + scan

    found = strip(whole[:-2] + hidden + b"\xff\xd9")

    assert found is not None
    assert found[0].endswith(b"\x12\xff\x00\x34" + scan + b"\xff\xd9")


def test_the_small_copy_in_the_first_segment_goes() -> None:
    plain = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
    small = segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01RGB")
    other = segment(0xE0, b"JFXX\0\x10small copy")

    assert strip(photo()) == strip(photo().replace(plain, small + other))


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
