"""RTSP, SDP, RTP and parameter sets as bytes: no sockets."""

import hashlib
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcity.rtsp.testclip import make_clip
from warroom.recording import rtsp
from warroom.recording.audio import AudioReceiver
from warroom.recording.depacketize import Reorder, VideoReceiver, video_receiver
from warroom.recording.errors import Cause, StreamError
from warroom.recording.fmp4 import AudioFormat
from warroom.recording.h26x import ParameterSets, is_recovery_point, read_h264, read_h265
from warroom.recording.rtsp import Challenge, Credentials
from warroom.recording.sdp import AudioTrack, read_sdp


def outcome(read: Callable[..., object], *arguments: object) -> Cause | None:
    """The cause a reader fails with; None when it succeeds. Any other error is the test's."""
    try:
        read(*arguments)
    except StreamError as error:
        return error.cause
    return None


class Frames:
    """A sink that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[tuple[int, bool, bytes]] = []
        self.sets: list[ParameterSets] = []
        self.losses: list[int] = []
        self.restarts = 0

    def parameters(self, sets: ParameterSets) -> None:
        self.sets.append(sets)

    def frame(self, stamp: int, is_key: bool, unit: bytes, now: float) -> None:
        self.frames.append((stamp, is_key, unit))

    def lost(self, packets: int) -> None:
        self.losses.append(packets)

    def restarted(self) -> None:
        self.restarts += 1


def clip_units(codec: Any, **options: Any) -> list[list[bytes]]:
    clip = make_clip(codec, fps=15, gop=15, frames=45, **options)
    return [list(unit) for unit in clip.units]


H264 = clip_units("h264", bitrate=1_500_000)
H265 = clip_units("h265", bitrate=1_500_000)
UNITS = {"h264": H264, "h265": H265}


def payloads(codec: str, unit: list[bytes], mtu: int = 700) -> list[bytes]:
    """The RTP payloads of an access unit, after RFC 6184 and RFC 7798."""
    made = []
    for nal in unit:
        if len(nal) <= mtu:
            made.append(nal)
            continue
        head = 1 if codec == "h264" else 2
        pieces = [nal[at : at + mtu] for at in range(head, len(nal), mtu)]
        for number, piece in enumerate(pieces):
            flags = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
            if codec == "h264":
                made.append(bytes((nal[0] & 0xE0 | 28, flags | nal[0] & 31)) + piece)
            else:
                kind = nal[0] >> 1 & 63
                made.append(bytes((nal[0] & 0x81 | 98, nal[1], flags | kind)) + piece)
    return made


def packets_of(codec: str, units: list[list[bytes]], first: int = 65_500) -> list[bytes]:
    packets = []
    for number, unit in enumerate(units):
        parts = payloads(codec, unit)
        for k, part in enumerate(parts):
            second = 96 | (0x80 if k == len(parts) - 1 else 0)
            seq = (first + len(packets)) & 0xFFFF
            packets.append(struct.pack(">BBHII", 0x80, second, seq, number * 6000, 77) + part)
    return packets


def framed(packets: list[bytes], channel: int = 0) -> bytes:
    return b"".join(struct.pack(">BBH", 0x24, channel, len(p)) + p for p in packets)


def as_stored(codec: str, unit: list[bytes]) -> bytes:
    """An access unit as it must come out: without parameter sets, lengths before each NAL."""
    if codec == "h264":
        kept = [nal for nal in unit if nal[0] & 31 not in (7, 8, 9)]
    else:
        kept = [nal for nal in unit if not 32 <= nal[0] >> 1 & 63 <= 35]
    return b"".join(len(nal).to_bytes(4) + nal for nal in kept)


def slices(codec: str, unit: bytes) -> list[bytes]:
    """The picture itself: a lost SEI does not make it less whole."""
    found, position = [], 0
    while position < len(unit):
        end = position + 4 + int.from_bytes(unit[position : position + 4])
        nal, position = unit[position + 4 : end], end
        is_slice = nal[0] & 31 < 6 if codec == "h264" else nal[0] >> 1 & 63 < 32
        if is_slice:
            found.append(nal)
    return found


def receive(codec: str, stream: bytes, cuts: list[int]) -> tuple[Frames, VideoReceiver]:
    """Feeds a byte stream in pieces, as TCP may deliver it."""
    sink = Frames()
    receiver = video_receiver(sink, codec, 96, None)
    rest = b""
    edges = [0, *sorted(cuts), len(stream)]
    for begin, end in pairwise(edges):
        received = rest + stream[begin:end]
        rest = received[receiver.take(received, 0, 1.0) :]
    assert rest == b""
    return sink, receiver


@pytest.mark.parametrize("codec", ["h264", "h265"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_access_units_come_out_whole_however_tcp_cuts_them(codec: str, data: st.DataObject) -> None:
    units = UNITS[codec]
    stream = framed(packets_of(codec, units))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=60))

    sink, receiver = receive(codec, stream, cuts)

    assert [as_stored(codec, unit) for unit in units] == [frame[2] for frame in sink.frames]
    assert [number * 6000 for number in range(45)] == [frame[0] for frame in sink.frames]
    assert [number % 15 == 0 for number in range(45)] == [frame[1] for frame in sink.frames]
    assert len(sink.sets) == 1
    assert receiver.lost_packets == 0


@pytest.mark.parametrize("codec", ["h264", "h265"])
@given(place=st.integers(0, 1 << 20))
@settings(max_examples=60, deadline=None)
def test_after_a_loss_nothing_comes_before_the_next_key_frame(codec: str, place: int) -> None:
    units = UNITS[codec]
    packets = packets_of(codec, units)
    gone = 1 + place % (len(packets) - 2)

    sink, receiver = receive(codec, framed(packets[:gone] + packets[gone + 1 :]), [])

    whole = {n * 6000: slices(codec, as_stored(codec, unit)) for n, unit in enumerate(units)}
    stamp = struct.unpack_from(">I", packets[gone], 4)[0]
    came = {frame[0] for frame in sink.frames}
    assert all(slices(codec, unit) == whole[at] for at, _, unit in sink.frames)
    next_key = -(-(stamp + 1) // 90_000) * 90_000
    assert stamp in came or not {at for at in came if stamp < at < next_key}
    assert {at for at in whole if at >= next_key} <= came
    assert receiver.lost_packets == 1


@pytest.mark.parametrize("codec", ["h264", "h265"])
@given(st.binary(max_size=3000), st.binary(min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_random_bytes_never_raise_and_never_stop_the_receiver(
    codec: str, rubbish: bytes, payload: bytes
) -> None:
    sink = Frames()
    receiver = video_receiver(sink, codec, 96, None)
    packet = struct.pack(">BBHII", 0x80, 96, 5, 9, 1) + payload

    position = receiver.take(rubbish, 0, 1.0)
    receiver.take(framed([packet, packet]), 0, 1.0)
    receiver.packet(rubbish, 0, len(rubbish), 1.0)

    assert 0 <= position <= len(rubbish)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_picture_without_end_is_dropped_at_8_mib(codec: str) -> None:
    sink = Frames()
    receiver = video_receiver(sink, codec, 96, None)
    start = b"\x7c\x85" if codec == "h264" else b"\x62\x01\x93"
    middle = b"\x7c\x05" if codec == "h264" else b"\x62\x01\x13"
    held = 0
    for number in range(9000):
        head = struct.pack(">BBHII", 0x80, 96, number & 0xFFFF, 9, 1)
        receiver.take(framed([head + (middle if number else start) + bytes(1400)]), 0, 1.0)
        held = max(held, sum(map(len, receiver.parts)))

    assert held < (8 << 20) + 65_536
    assert receiver.bad_units > 0
    assert sink.frames == []


def test_too_many_small_units_in_one_picture_are_dropped() -> None:
    sink = Frames()
    receiver = video_receiver(sink, "h264", 96, None)
    for number in range(20_000):
        packet = struct.pack(">BBHII", 0x80, 96, number & 0xFFFF, 9, 1) + b"\x41\x9a\0"
        receiver.take(framed([packet]), 0, 1.0)

    assert len(receiver.parts) <= 16_385
    assert receiver.bad_units > 0


def test_aggregated_units_extensions_and_padding_are_understood() -> None:
    plain, _ = receive("h264", framed(packets_of("h264", H264[:1])), [])
    unit = H264[0]
    small = [nal for nal in unit if len(nal) < 500]
    big = [nal for nal in unit if len(nal) >= 500]
    together = b"\x78" + b"".join(len(nal).to_bytes(2) + nal for nal in small)
    parts = [together, *payloads("h264", big)]
    packets = []
    for number, part in enumerate(parts):
        second = 96 | (0x80 if number == len(parts) - 1 else 0)
        head = struct.pack(">BBHII", 0xB1, second, number, 0, 77)
        extension = struct.pack(">IHHI", 5, 0xABCD, 1, 99)
        packets.append(head + extension + part + b"\0\0\3")

    sink, _ = receive("h264", framed(packets), [])

    assert sink.frames == plain.frames
    assert sink.sets == plain.sets


def test_another_source_is_told_apart_from_a_loss() -> None:
    first = packets_of("h264", H264[:15])
    second = [packet[:8] + b"\0\0\0\x99" + packet[12:] for packet in packets_of("h264", H264, 7)]

    sink, receiver = receive("h264", framed(first + second), [])

    assert sink.restarts == 1
    assert receiver.lost_packets == 0
    assert len(sink.frames) == 15 + 45


@given(st.permutations(range(12)), st.integers(0, 65_535))
def test_reordered_datagrams_come_out_in_order(order: list[int], first: int) -> None:
    reorder = Reorder(depth=32)
    made = [struct.pack(">BBHII", 0x80, 96, (first + n) & 0xFFFF, 0, 0) for n in range(13)]

    came = list(reorder.push(made[0]))
    for number in order:
        came += reorder.push(made[1 + number])
        came += reorder.push(made[1 + number])

    assert came == made


def test_a_datagram_that_never_comes_is_given_up_after_the_depth() -> None:
    reorder = Reorder(depth=4)
    made = [struct.pack(">BBHII", 0x80, 96, n, 0, 0) for n in range(12)]

    came = [packet for n, packet in enumerate(made) if n != 3 for packet in reorder.push(packet)]

    assert came == made[:3] + made[4:]


# -- parameter sets


@pytest.mark.parametrize(
    ("width", "height"), [(320, 180), (1920, 1080), (638, 358), (352, 288), (1280, 720)]
)
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_width_and_height_are_those_after_cropping(codec: Any, width: int, height: int) -> None:
    units = make_clip(codec, width=width, height=height, frames=2, gop=2).units

    sink, _ = receive(codec, framed(packets_of(codec, [list(u) for u in units])), [])

    assert (width, height) == (sink.sets[0].width, sink.sets[0].height)
    assert sink.sets[0].frame_ticks == 6000


@pytest.mark.parametrize(("codec", "bframes", "reorder"), [("h264", 0, 0), ("h265", 2, 2)])
def test_the_reordering_depth_is_read(codec: Any, bframes: int, reorder: int) -> None:
    units = make_clip(codec, frames=15, gop=15, bframes=bframes).units

    sink, _ = receive(codec, framed(packets_of(codec, [list(u) for u in units])), [])

    assert sink.sets[0].reorder is not None
    assert 0 <= sink.sets[0].reorder <= reorder


def test_the_codec_string_and_record_of_a_known_h264_sps() -> None:
    sps = bytes.fromhex("6764001facd9405005bb011000000300100000030300f1831960")
    pps = bytes.fromhex("68ebecb22c")

    sets = read_h264(sps, (pps,))

    assert (1280, 720) == (sets.width, sets.height)
    assert sets.codec_string == "avc1.64001f"
    assert sets.record[:4] == b"\1\x64\0\x1f"
    assert sps in sets.record
    assert sets.record.endswith(b"\xfd\xf8\xf8\0")


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_random_parameter_sets_raise_only_the_protocol_error(rubbish: bytes) -> None:
    for read in (
        lambda: read_h264(b"\x67" + rubbish, (b"\x68\xeb",)),
        lambda: read_h265(b"\x40\1" + rubbish, b"\x42\1" + rubbish, (b"\x44\1\xc1",)),
        lambda: read_h265(b"\x40\1abcdef", b"\x42\1\1" + bytes(16) + rubbish, (b"\x44\1\xc1",)),
    ):
        assert outcome(read) in {None, Cause.NOT_VIDEO}


def test_a_recovery_point_is_a_place_to_begin() -> None:
    assert is_recovery_point(b"\x06\x06\x01\xc4\x80")
    assert not is_recovery_point(b"\x06\x06\x01\x24\x80")
    assert not is_recovery_point(b"\x06\x05\x02ab\x80")
    assert not is_recovery_point(b"\x06" + b"\xff" * 80)


# -- RTSP


def test_a_message_is_read_once_it_is_whole() -> None:
    text = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 5\r\nX: 1\r\nx: 2\r\n\r\nhello$"

    parts = [rtsp.read_message(text[:end], 0)[0] for end in range(len(text) - 1)]
    message, after = rtsp.read_message(text, 0)

    assert set(parts) == {None}
    assert message is not None
    assert (200, 3, b"hello") == (message.status, message.cseq, message.body)
    assert message.headers["x"] == ["1", "2"]
    assert text[after:] == b"$"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", Cause.PROTOCOL),
        (b"\xff" * 64, Cause.PROTOCOL),
        (b"RTSP/1.0 200 OK\r\nX: " + b"a" * 20_000, Cause.TOO_LARGE),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 70000\r\n\r\n", Cause.TOO_LARGE),
        (b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", Cause.PROTOCOL),
        (b"RTSP/1.0 2000 OK\r\n\r\n", Cause.PROTOCOL),
        (b"RTSP/1.0 " + b"9" * 20_000, Cause.PROTOCOL),
    ],
)
def test_what_is_not_rtsp_is_refused_before_it_fills_memory(text: bytes, cause: Cause) -> None:
    with pytest.raises(StreamError) as caught:
        rtsp.read_message(text, 0)

    assert caught.value.cause in {cause, Cause.TOO_LARGE}


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_random_answers_raise_only_the_protocol_error(rubbish: bytes) -> None:
    for text in (rubbish, b"RTSP/1.0 200 OK\r\n" + rubbish + b"\r\n\r\n"):
        try:
            _, after = rtsp.read_message(text, 0)
        except StreamError:
            continue
        assert 0 <= after <= len(text)
    word = rubbish.decode("latin-1")
    rtsp.read_transport(word)
    assert "\r" not in rtsp.join_control("rtsp://c/a", word)
    assert "\n" not in rtsp.join_control("rtsp://c/a", word)
    for read in (rtsp.read_session, lambda text: rtsp.read_challenge([text])):
        assert outcome(read, word) in {None, Cause.PROTOCOL, Cause.AUTH}


def test_the_digest_of_rfc_2617_is_answered() -> None:
    challenge = rtsp.read_challenge(
        [
            'Basic realm="x"',
            'Digest realm="testrealm@host.com", qop="auth,auth-int",'
            ' nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
            ' opaque="5ccc069c403ebaf9f0171e9517f40e41"',
        ]
    )

    answer = rtsp.authorization(
        challenge,
        Credentials("Mufasa", "Circle Of Life"),
        "GET",
        "/dir/index.html",
        count=1,
        cnonce="0a4f113b",
    )

    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in answer


def test_sha_256_is_preferred_and_answered() -> None:
    challenge = rtsp.read_challenge(
        [
            'Digest realm="r", nonce="n"',
            'Digest realm="r", nonce="m", algorithm=SHA-256, stale=TRUE',
        ]
    )

    answer = rtsp.authorization(
        challenge, Credentials("u", "p"), "PLAY", "rtsp://c/", count=1, cnonce="c"
    )

    def digest(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    assert challenge.is_stale
    assert "algorithm=SHA-256" in answer
    assert digest(f"{digest('u:r:p')}:m:{digest('PLAY:rtsp://c/')}") in answer


def test_a_login_cannot_break_out_of_its_header() -> None:
    answer = rtsp.authorization(
        Challenge("digest", "r", "n"),
        Credentials('a"\r\nX: 1', "p"),
        "PLAY",
        "u",
        count=1,
        cnonce="",
    )

    assert "\r" not in answer
    assert "\n" not in answer


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://c/live/", "trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live", "trackID=1", "rtsp://c/live/trackID=1"),
        ("rtsp://c/live?ch=1", "track1", "rtsp://c/live?ch=1/track1"),
        ("rtsp://c/live", "rtsp://c/other/1", "rtsp://c/other/1"),
        ("rtsp://c:99/live", "/abs/1", "rtsp://c:99/abs/1"),
        ("rtsp://c/live", "*", "rtsp://c/live"),
    ],
)
def test_a_track_is_put_behind_its_base(base: str, control: str, url: str) -> None:
    assert url == rtsp.join_control(base, control)


def test_transport_and_session_answers_are_read() -> None:
    tcp = rtsp.read_transport("RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=1A2B")
    udp = rtsp.read_transport(
        "RTP/AVP;unicast;client_port=5000-5001;server_port=6000;source=1.2.3.4"
    )

    assert ((2, 3), 0x1A2B) == (tcp.channels, tcp.ssrc)
    assert ((6000, 6001), "1.2.3.4", None) == (udp.server_ports, udp.source, udp.channels)
    assert rtsp.read_transport("x;interleaved=300-301").channels is None
    assert rtsp.read_session("abc;timeout=30") == ("abc", 30.0)
    assert rtsp.read_session("abc") == ("abc", 60.0)
    assert rtsp.read_session("abc;timeout=0")[1] == 5.0


# -- SDP and audio


def test_video_and_audio_are_found_among_other_media() -> None:
    described = read_sdp(
        b"v=0\r\na=control:*\r\nm=application 0 RTP/AVP 107\r\na=control:meta\r\n"
        b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
        b"a=fmtp:97 mode=AAC-hbr;config=1408;sizelength=13;indexlength=3\r\na=control:a\r\n"
        b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n"
    )

    assert ("h264", 96, "v") == (
        described.video.codec,
        described.video.payload_type,
        described.video.control,
    )
    assert described.video.sets is None
    assert described.audio is not None
    assert described.audio.format == AudioFormat("mp4a.40.2", 16000, 1, b"\x14\x08")


@pytest.mark.parametrize(
    "body", [b"", b"m=video 0 RTP/AVP 26\r\n", b"m=audio 0 RTP/AVP 0\r\n", b"<html></html>"]
)
def test_a_stream_that_is_not_video_is_refused(body: bytes) -> None:
    with pytest.raises(StreamError) as caught:
        read_sdp(body)

    assert caught.value.cause is Cause.NOT_VIDEO


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_descriptions_raise_only_the_protocol_error(rubbish: str) -> None:
    body = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 " + rubbish
    for text in (rubbish, body, body + "\nm=audio 0 RTP/AVP 97 8\na=rtpmap:97 " + rubbish):
        encoded = text.encode("utf-8", "surrogatepass")
        assert outcome(read_sdp, encoded) in {None, Cause.NOT_VIDEO, Cause.TOO_LARGE}


AAC = AudioTrack(AudioFormat("mp4a.40.2", 16000, 1, b"\x14\x08"), 97, "")


def audio_packet(seq: int, payload: bytes, stamp: int = 1000) -> bytes:
    return struct.pack(">BBHII", 0x80, 97, seq, stamp, 5) + payload


def test_aac_frames_in_one_packet_and_over_several_are_taken_apart() -> None:
    receiver = AudioReceiver(AAC)
    two = b"\0\x20" + (3 << 3).to_bytes(2) + (2 << 3).to_bytes(2) + b"abcde"
    first = audio_packet(1, two)
    pieces = [audio_packet(n, b"\0\x10" + (6 << 3).to_bytes(2) + part, 9) for n, part in
              ((2, b"uvw"), (3, b"xyz"))]  # fmt: skip

    assert receiver.packet(first, 0, len(first)) == [(1000, 1024, b"abc"), (2024, 1024, b"de")]
    assert receiver.packet(pieces[0], 0, len(pieces[0])) == []
    assert receiver.packet(pieces[1], 0, len(pieces[1])) == [(9, 1024, b"uvwxyz")]


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_random_audio_never_raises(rubbish: bytes) -> None:
    receiver = AudioReceiver(AAC)

    receiver.packet(rubbish, 0, len(rubbish))
    for number in range(3):
        packet = audio_packet(number, rubbish)
        for _, duration, frame in receiver.packet(packet, 0, len(packet)):
            assert duration == 1024
            assert 0 < len(frame) <= 8192
