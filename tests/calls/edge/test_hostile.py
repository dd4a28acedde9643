"""Claims about messages that no decent trunk sends: the call is taken, and nothing else suffers."""

import asyncio
import socket
from pathlib import Path

import pytest

from tests.calls.edge.room import HOST, Room, opened
from tests.calls.sip.lines import SDP
from warroom.calls.edge.call import KEYS_MOST


def message(method: str, *, uri: str = "sip:112@x", name: str = "", more: str = "") -> bytes:
    body = SDP if method == "INVITE" else ""
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/TCP {HOST}:5;branch=z9hG4bK1;rport\r\n"
        f"From: {name}<sip:0811444@b>;tag=1\r\nTo: <sip:112@b>\r\nCall-ID: c1\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:a@{HOST}>\r\nMax-Forwards: 70\r\n{more}{kind}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode("latin-1")


def tell(room: Room, wire: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trunk:
        trunk.sendto(wire, (HOST, room.port))


@pytest.mark.parametrize(
    "wire",
    [
        message("INVITE", uri="sip:112\xff@x"),
        message("INVITE", uri="sip:1\x0012@x"),
        message("INVITE", name='"Caf\xe9" '),
        message("INVITE", more="Geolocation: <https://lis.example/\xff>\r\n"),
    ],
    ids=["uri-latin-1", "uri-zero", "name-latin-1", "reference-latin-1"],
)
async def test_a_call_with_bytes_that_are_no_text_is_taken_like_any_other(
    tmp_path: Path, wire: bytes
) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        tell(room, wire)
        await room.until_written("answered")

        assert "0811444" == room.only_call().facts.number
        await room.edge.desk.hang_up(room.only_call().id, "a1")
        await room.until_written("recorded")
        assert not any("\0" in str(event.body) for event in room.events())


async def test_a_call_that_is_taken_back_with_its_first_packet_rings_at_nobody(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1", answers=False)
        port = room.board.stack.transports.ports["TCP"]
        _, writer = await asyncio.open_connection(HOST, port)
        writer.write(message("INVITE") + message("CANCEL"))
        await room.until_written("recorded")

        assert ["offered", "abandoned", "callback_due", "recorded"] == room.kinds()
        assert {} == room.board.calls
        writer.close()


async def test_who_finds_the_centre_full_is_written_down_and_to_be_called_back(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, calls_most=0) as room:
        tell(room, message("INVITE"))
        await room.until_written("callback_due")

        assert ["offered", "abandoned", "callback_due"] == room.kinds()
        assert ("0811444", "full") == (
            room.body("offered")["number"],
            room.body("abandoned")["reason"],
        )
        assert ["callback_due"] == [one.state for one in room.board.loose.values()]
        assert {} == room.board.calls


async def test_a_key_that_is_pressed_for_ever_does_not_fill_the_journal(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        tell(room, message("INVITE"))
        await room.until_written("answered")

        for _ in range(3 * KEYS_MOST):
            room.only_call().pressed("5")
        room.only_call().pressed("1")
        await room.until_written("silent_confirmed")
        await room.edge.desk.hang_up(room.only_call().id, "a1")
        await room.until_written("recorded")

        # The 1 that says that a silent call is meant is heard all the same.
        assert KEYS_MOST + 1 == room.kinds().count("key")
