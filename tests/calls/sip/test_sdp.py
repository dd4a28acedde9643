"""Claims about offers and answers of sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.sip.lines import SDP
from warroom.calls.sip import sdp


def test_what_a_trunk_offers_is_read() -> None:
    told = sdp.read(SDP.encode())

    assert ("127.0.0.1", 40000, sdp.PCMU, 101) == (
        told.host,
        told.port,
        told.payload_type,
        told.event_type,
    )
    assert told.peer().receives


@pytest.mark.parametrize(
    ("change", "sends", "receives"),
    [
        (("a=sendrecv", "a=sendonly"), True, False),
        (("a=sendrecv", "a=inactive"), False, False),
        (("a=sendrecv", "a=recvonly"), False, True),
        (("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0"), True, False),
    ],
)
def test_hold_is_read_in_the_new_and_the_old_way(
    change: tuple[str, str], sends: bool, receives: bool
) -> None:
    peer = sdp.read(SDP.replace(*change).encode()).peer()

    assert (sends, receives) == (peer.sends, peer.receives)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("sendonly", "recvonly"), ("recvonly", "sendonly"), ("inactive",) * 2]
)
def test_the_answer_looks_from_our_side(theirs: str, ours: str) -> None:
    offer = sdp.read(SDP.replace("sendrecv", theirs).encode())

    assert f"a={ours}\r\n" in sdp.answer(offer, "127.0.0.1", 7000, 1, 1).decode()


def test_media_that_we_do_not_speak_are_refused_one_by_one() -> None:
    video = "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    text = SDP.replace("m=audio", video + "m=audio") + "m=audio 5002 RTP/SAVP 8\r\n"
    offer = sdp.read(text.encode())

    answer = sdp.answer(offer, "127.0.0.1", 7000, 1, 1).decode()

    assert [
        "m=video 0 RTP/AVP 96",
        "m=audio 7000 RTP/AVP 0 101",
        "m=audio 0 RTP/SAVP 8",
    ] == [line for line in answer.split("\r\n") if line.startswith("m=")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=0\r\n",
        SDP.replace("RTP/AVP 0 8 101", "RTP/AVP 96 101"),
        SDP.replace("RTP/AVP", "RTP/SAVP"),
        SDP.replace("40000", "0"),
        SDP.replace("40000", "99999"),
        SDP.replace("c=IN IP4 127.0.0.1\r\n", ""),
        SDP.replace("c=IN IP4 127.0.0.1", "c=IN IP4 evil.example"),
    ],
)
def test_sound_that_cannot_be_is_no_common_sound(text: str) -> None:
    with pytest.raises(sdp.NoCommonSoundError):
        sdp.read(text.encode())


@pytest.mark.parametrize(
    ("host", "goes_to"),
    [
        ("sbc-1.telkom.example", "10.1.1.9"),
        ("127.0.0.9", "127.0.0.9"),
        ("-bad-.example", None),
        ("a..$(id)", None),
        ("1234", None),
    ],
)
def test_sound_for_a_host_by_name_goes_where_the_description_came_from(
    host: str, goes_to: str | None
) -> None:
    text = SDP.replace("c=IN IP4 127.0.0.1", f"c=IN IP4 {host}")

    if goes_to is None:
        with pytest.raises(sdp.NoCommonSoundError):
            sdp.read(text.encode(), "10.1.1.9")
    else:
        assert sdp.read(text.encode(), "10.1.1.9").peer().host == goes_to


def test_our_offer_can_be_read_and_prefers_a_law() -> None:
    told = sdp.read(sdp.offer("127.0.0.1", 7000, 1, 1))

    assert (sdp.PCMA, 101, 7000) == (told.payload_type, told.event_type, told.port)


@given(st.text(alphabet="vocmast=audi 0189RTP/AVPIN4.:\r\n", max_size=300))
def test_no_description_raises_anything_but_no_common_sound(text: str) -> None:
    try:
        told = sdp.read(text.encode())
    except sdp.NoCommonSoundError:
        return
    assert 0 < told.port < 65_536


OPUS = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio 40000 RTP/AVP 111 110 101
a=rtpmap:111 opus/48000/2
a=rtpmap:110 telephone-event/48000
a=rtpmap:101 telephone-event/8000
a=sendrecv
"""


def test_opus_is_taken_where_nothing_else_is_offered() -> None:
    told = sdp.read(OPUS.encode())

    said = sdp.answer(told, "127.0.0.1", 20000, 1, 1).decode()

    assert (111, 101, True) == (told.payload_type, told.event_type, told.peer().is_opus)
    assert "m=audio 20000 RTP/AVP 111 101" in said
    assert "a=rtpmap:111 opus/48000/2" in said


@pytest.mark.parametrize("types", ["111 101 8", "8 111 101"])
def test_opus_is_passed_over_where_g711_is_offered_too(types: str) -> None:
    told = sdp.read(OPUS.replace("111 110 101", types).encode())

    assert (8, False) == (told.payload_type, told.peer().is_opus)


@pytest.mark.parametrize(
    ("line", "port", "answered"),
    [
        ("a=rtcp-mux\n", 40000, True),
        ("a=rtcp:41001 IN IP4 127.0.0.1\n", 41001, False),
        ("a=rtcp:41001\n", 41001, False),
        ("a=rtcp:99999\n", None, False),
        ("", None, False),
    ],
)
def test_reports_go_where_the_offer_wants_them(line: str, port: int | None, answered: bool) -> None:
    told = sdp.read((OPUS + line).encode())

    said = sdp.answer(told, "127.0.0.1", 20000, 1, 1).decode()

    assert port == told.peer().rtcp_port
    assert answered is ("a=rtcp-mux" in said)
