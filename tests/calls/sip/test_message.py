"""Claims about reading and writing messages: RFC 4475, and what a sender might try."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.sip.lines import invite
from warroom.calls.sip.fields import MalformedError, NameAddr, Via, split_top
from warroom.calls.sip.message import Message, RefusedError, parse, respond
from warroom.calls.sip.uri import parse_uri

REFUSED = {
    "baddn": 400,
    "badinv01": 400,
    "badvers": 505,
    "bigcode": 400,
    "clerr": 400,
    "escruri": 400,
    "insuf": 400,
    "ltgtruri": 400,
    "lwsruri": 400,
    "lwsstart": 400,
    "mcl01": 400,
    "mismatch01": 400,
    "mismatch02": 501,
    "multi01": 400,
    "ncl": 400,
    "quotbal": 400,
    "regbadct": 400,
    "scalar02": 400,
    "scalarlg": 400,
    "trws": 400,
}
"""Messages that a parser must refuse; the RFC lets it take `badaspec` and `baddate`."""


def verdict(path: Path) -> int:
    try:
        parse(path.read_bytes())
    except RefusedError as error:
        return error.status
    return 0


def test_the_torture_messages_are_taken_or_refused_as_the_rfc_says(test_data: Path) -> None:
    verdicts = {path.stem: verdict(path) for path in sorted((test_data / "rfc4475").glob("*.dat"))}

    assert 49 == len(verdicts)
    assert REFUSED == {name: status for name, status in verdicts.items() if status}


def test_what_was_read_is_written_and_read_alike(test_data: Path) -> None:
    for path in (test_data / "rfc4475").glob("*.dat"):
        if path.stem not in REFUSED:
            once = parse(path.read_bytes())
            again = parse(once.to_bytes())

            assert [
                (once.method, once.uri, once.status, once.body),
                [header for header in once.headers if header[0] != "content-length"],
            ] == [
                (again.method, again.uri, again.status, again.body),
                [header for header in again.headers if header[0] != "content-length"],
            ], path.stem


def test_an_emergency_invite_is_read() -> None:
    message = parse(invite().encode())

    assert message.target().is_emergency
    assert (1, "INVITE") == message.cseq
    assert "0811" == parse_uri(message.sender.uri).number


def test_compact_names_and_folded_lines_mean_the_same() -> None:
    text = (
        "OPTIONS sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:x@y>\r\n ;tag=1\r\n"
        "t: <sip:a@b>\r\ni: 1\r\nCSeq: 0009\r\n OPTIONS\r\nl: 0\r\n\r\n"
    )

    message = parse(text.encode())

    assert "1" == message.sender.tag
    assert (9, "OPTIONS") == message.cseq


@pytest.mark.parametrize("field", ["Subject: a\nVia: SIP/2.0/UDP evil", "Subject: a\rb"])
def test_a_lone_line_end_smuggles_no_header(field: str) -> None:
    with pytest.raises(RefusedError):
        parse(invite(extra=f"{field}\r\n").encode())


def test_bytes_behind_the_body_of_a_datagram_are_dropped() -> None:
    message = parse(invite().encode() + b"garbage")

    assert not message.body.endswith(b"garbage")


def test_a_stream_must_tell_how_long_the_body_is() -> None:
    text = invite().replace("Content-Length", "X-Length")

    with pytest.raises(RefusedError):
        parse(text.encode(), is_stream=True)


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq", "Via"])
def test_a_message_without_what_every_one_needs_is_refused(name: str) -> None:
    lines = [line for line in invite().split("\r\n") if not line.startswith(f"{name}:")]

    with pytest.raises(RefusedError) as caught:
        parse("\r\n".join(lines).encode())

    assert not caught.value.is_answerable


def test_an_answer_keeps_what_the_sender_needs_and_adds_our_tag_once() -> None:
    asked = parse(invite(extra="Record-Route: <sip:p;lr>\r\n").encode())

    answer = respond(asked, 200, tag="ours")
    tagged = respond(parse(invite(tag="theirs").encode()), 200, tag="ours")

    assert "ours" == answer.recipient.tag
    assert "theirs" == tagged.recipient.tag
    assert ["<sip:p;lr>"] == answer.all("record-route")
    assert [] == respond(asked, 486).all("record-route")
    assert "" == respond(asked, 100, tag="ours").recipient.tag


def test_a_hop_is_noted_with_where_it_came_from() -> None:
    via = Via.parse("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKx")

    seen = via.seen_from("192.0.2.7", 4711)

    assert "SIP/2.0/UDP 10.0.0.1:5060;rport=4711;branch=z9hG4bKx;received=192.0.2.7" == str(seen)
    assert Via.parse("SIP/2.0/UDP 10.0.0.1") == Via.parse("SIP/2.0/UDP 10.0.0.1").seen_from(
        "10.0.0.1", 9
    )


@pytest.mark.parametrize(
    ("text", "number", "emergency"),
    [
        ("sip:+62-811-444@trunk.example;user=phone", "+62811444", False),
        ("tel:0811(44)4;phone-context=+62", "0811444", False),
        ("sip:anonymous@anonymous.invalid", "", False),
        ("urn:service:sos.fire", "", True),
        ("urn:service:sosx", "", False),
        ("sip:112@[::1]:5062", "112", False),
    ],
)
def test_numbers_and_the_emergency_service_are_found(
    text: str, number: str, emergency: bool
) -> None:
    uri = parse_uri(text)

    assert (number, emergency) == (uri.number, uri.is_emergency)


@pytest.mark.parametrize("text", ["sip:", "sip:a@", "nothing", "sip:a@b:70000", "sip:a@b c"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_uri(text)


def test_lists_are_split_outside_quotes_and_brackets_only() -> None:
    assert ['"a,b" <sip:x,y@h>', "c"] == split_top('"a,b" <sip:x,y@h>, c')
    assert NameAddr("sip:x@h", 'a"b', {"tag": "1"}) == NameAddr.parse('"a\\"b" <sip:x@h>;tag=1')


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(wire: bytes) -> None:
    assert verdict_of(wire) in (0, 400, 501, 505, 513)


@given(st.text(max_size=60))
def test_no_header_value_raises_anything_but_a_refusal(value: str) -> None:
    wire = invite(extra=f"Contact: {value}\r\nRoute: {value}\r\n").encode("utf-8", "replace")

    assert verdict_of(wire) in (0, 400, 501, 505, 513)


def verdict_of(wire: bytes) -> int:
    try:
        message: Message = parse(wire)
    except RefusedError as error:
        return error.status
    message.to_bytes()
    return 0
