import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcity.rtsp import bar, nal, packets
from simcity.rtsp.encode import decode
from simcity.rtsp.testclip import make_clip, pictures

H264_HEADS = st.sampled_from([bytes([0x60 | kind]) for kind in (1, 5, 6, 7, 8)])
H265_HEADS = st.sampled_from([bytes([kind << 1, 1]) for kind in (0, 1, 19, 20, 21, 32, 33, 39)])


def units(heads: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[bytes]]:
    unit = st.builds(lambda head, body: head + body, heads, st.binary(min_size=1, max_size=400))
    return st.lists(unit, min_size=1, max_size=6)


@given(units(H264_HEADS), st.integers(8, 200))
def test_h264_units_come_back_from_their_packets(given_units: list[bytes], mtu: int) -> None:
    payloads = packets.packetise_unit("h264", given_units, mtu)

    assert given_units == packets.depacketise("h264", payloads)
    assert max(len(payload) for payload in payloads) <= mtu


@given(units(H265_HEADS), st.integers(8, 200))
def test_h265_units_come_back_from_their_packets(given_units: list[bytes], mtu: int) -> None:
    payloads = packets.packetise_unit("h265", given_units, mtu)

    assert given_units == packets.depacketise("h265", payloads)
    assert max(len(payload) for payload in payloads) <= mtu


@pytest.mark.parametrize(("codec", "head"), [("h264", b"\x18"), ("h265", b"\x60\x01")])
def test_aggregates_are_taken_apart(codec: nal.Codec, head: bytes) -> None:
    aggregate = head + b"\x00\x02ab" + b"\x00\x03cde"

    assert [b"ab", b"cde"] == packets.depacketise(codec, [aggregate])


@pytest.mark.parametrize("payload", [b"\x7c\x05abc", b"\x7c\x85abc"])
def test_half_a_picture_is_no_picture(payload: bytes) -> None:
    with pytest.raises(ValueError, match="fragment"):
        packets.depacketise("h264", [payload])


@given(st.binary(max_size=2000))
def test_aac_frames_come_back_from_their_packets(frame: bytes) -> None:
    assert frame == packets.aac_frame(packets.aac_payload(frame))


@given(units(H264_HEADS))
def test_annexb_gives_back_what_was_joined(given_units: list[bytes]) -> None:
    # start codes are escaped inside real units, and a real unit never ends in a zero
    clean = [unit.replace(b"\x00", b"\x55") for unit in given_units]

    assert clean == nal.split_annexb(nal.join_annexb(clean))


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_access_units_are_found_again_in_the_byte_stream(codec: nal.Codec, bframes: int) -> None:
    clip = make_clip(codec, frames=20, gop=10, bframes=bframes)

    found = nal.access_units(codec, nal.split_annexb(clip.annexb()))

    assert clip.units == tuple(found)


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_frame_numbers_survive_encoding(codec: nal.Codec, bframes: int) -> None:
    clip = make_clip(codec, frames=30, gop=10, bframes=bframes)

    assert list(range(30)) == [bar.read(picture) for picture in decode(clip)]


def test_bframes_are_shown_later_than_their_turn() -> None:
    clip = make_clip(frames=30, gop=10, bframes=2)

    shown = [i + later for i, later in enumerate(clip.reorder)]

    assert len(set(shown)) == 30
    assert min(clip.reorder) == 0
    assert sorted(shown) != shown


@given(st.integers(0, 2**12), st.sampled_from([160, 320, 640, 1280]))
def test_frame_number_bar_reads_what_was_drawn(number: int, width: int) -> None:
    picture = next(pictures(width, width // 2, 1, bar=False))

    bar.draw(picture, number)

    assert number % 2**bar.BITS == bar.read(picture)
