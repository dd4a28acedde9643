"""Reports: written as the standard says, and read from others."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.audio.sound import in_packets
from warroom.calls.audio import rtcp, rtp

AT = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
SENT = rtcp.Sent(50, 8000, 2**32 - 1)


def reception_of(ssrc: int, numbers: list[int]) -> rtp.Reception:
    reception = rtp.Reception(8000)
    packets = in_packets(bytes(160 * 50), ssrc=ssrc, sequence=100)
    for number in numbers:
        reception.take(packets[number], number * 0.02)
    return reception


def test_report_says_what_was_sent_and_what_came() -> None:
    ours = rtcp.Reporter(1, "warroom")

    heard = rtcp.read(ours.report(SENT, reception_of(2, [0, 1, 3]), AT, 10.0))

    assert heard is not None
    assert (1, False) == (heard.ssrc, heard.is_bye)
    assert rtcp.ntp(AT) >> 16 & 0xFFFFFFFF == heard.ntp_middle
    assert rtcp.Block(2, 64, 1, 103, 0, 0, 0) == heard.blocks[0]


def test_nothing_sent_is_a_receivers_report() -> None:
    report = rtcp.Reporter(1, "warroom").report(None, reception_of(2, [0]), AT, 10.0)

    heard = rtcp.read(report)

    assert rtcp.RECEIVER == report[1]
    assert heard is not None
    assert heard.ntp_middle is None


def test_report_names_us_and_fills_whole_words() -> None:
    report = rtcp.Reporter(1, "abc").report(None, rtp.Reception(8000), AT, 10.0)

    assert len(report) % 4 == 0
    assert b"\x01\x03abc\x00" in report


def test_round_trip_is_measured_from_the_others_answer() -> None:
    ours, theirs = rtcp.Reporter(1, "us"), rtcp.Reporter(2, "them")
    theirs.hear(ours.report(SENT, rtp.Reception(8000), AT, 10.0), AT, 50.0)
    answer = theirs.report(SENT, reception_of(1, [0, 1, 4]), AT, 52.0)

    ours.hear(answer, AT + timedelta(seconds=2.08), 12.08)

    assert 0.08 == pytest.approx(ours.round_trip_s, abs=0.001)
    assert 2 == ours.peer_lost


def test_goodbye_is_heard() -> None:
    goodbye = rtcp.Reporter(1, "us").goodbye(rtp.Reception(8000), AT, 1.0)

    heard = rtcp.read(goodbye)

    assert heard is not None
    assert heard.is_bye


def test_report_about_another_sender_is_not_ours() -> None:
    ours = rtcp.Reporter(1, "us")

    ours.hear(rtcp.Reporter(2, "them").report(None, reception_of(9, [0, 4]), AT, 1.0), AT, 1.0)

    assert ours.peer_lost == 0


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(datagram: bytes) -> None:
    rtcp.read(datagram)
    rtcp.read(b"\x81\xc8\x00\x06" + datagram)


def test_torn_report_is_none() -> None:
    report = rtcp.Reporter(1, "us").report(SENT, reception_of(2, [0]), AT, 1.0)

    assert rtcp.read(report[:30]) is None
