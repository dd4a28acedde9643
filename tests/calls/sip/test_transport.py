"""Claims about framing and limits of what comes from the network."""

import asyncio
import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.sip.lines import invite, request
from warroom.calls.sip import transport
from warroom.calls.sip.limits import BUCKETS_MOST, RateLimit
from warroom.calls.sip.transport import Flow, Framer, FramingError, Transports

THREE = [invite(call="a"), request("OPTIONS"), request("BYE", tag="x")]
STREAM = "".join(THREE).encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_messages_are_found_however_the_stream_is_cut(cuts: list[int]) -> None:
    framer, found, begin = Framer(), [], 0
    for end in [*sorted(cuts), len(STREAM)]:
        found += framer.feed(STREAM[begin:end])
        begin = end

    assert THREE == [message.decode() for message in found]
    assert not framer.is_partial


def test_pings_between_messages_are_counted_and_dropped() -> None:
    framer = Framer()

    assert 1 == len(framer.feed(b"\r\n\r\n" + THREE[1].encode() + b"\r\n\r\n"))
    assert 2 == framer.pings


@pytest.mark.parametrize(
    "wire",
    [
        b"x" * 40_000,
        b"OPTIONS a SIP/2.0\r\nVia: x\r\n\r\n",
        b"OPTIONS a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS a SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
        b"OPTIONS a SIP/2.0\r\nContent-Length: 1\r\nl: 2\r\n\r\n",
    ],
)
def test_a_stream_without_a_frame_is_given_up(wire: bytes) -> None:
    with pytest.raises(FramingError):
        Framer().feed(wire)


def test_each_sender_has_a_burst_and_then_a_rate() -> None:
    now = [0.0]
    limit = RateLimit(2, 3, lambda: now[0])

    assert [True, True, True, False] == [limit.allows("a") for _ in range(4)]
    assert limit.allows("b")

    now[0] += 0.5

    assert [True, False] == [limit.allows("a") for _ in range(2)]


def test_forged_senders_cost_no_memory() -> None:
    limit = RateLimit(2, 3, lambda: 0.0)

    for number in range(BUCKETS_MOST * 2):
        limit.allows(str(number))

    assert BUCKETS_MOST == len(limit)


async def test_a_connection_that_cannot_be_framed_is_closed_and_others_go_on() -> None:
    got: list[tuple[bytes, Flow]] = []
    transports = Transports(lambda wire, flow: got.append((wire, flow)))
    await transports.listen("127.0.0.1", 0)
    port = transports.ports["TCP"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    good_reader, good = await asyncio.open_connection("127.0.0.1", port)

    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert b"" == await reader.read()
    good.write(STREAM[:50])
    await good.drain()
    good.write(STREAM[50:] + b"\r\n\r\n")
    assert b"\r\n" == await good_reader.read(2)

    assert [len(text) for text in THREE] == [len(wire) for wire, _ in got]
    assert got[0][1].is_reliable
    writer.close()
    good.close()
    await transports.close()


@pytest.mark.parametrize(("port", "tries"), [(0, 10), (40_001, 1)])
async def test_a_port_that_is_ours_to_choose_is_free_for_both(
    port: int, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    transports, asked = Transports(lambda *_: None), list[int]()

    async def taken(name: str, host: str, port: int, tls: object) -> None:
        asked.append(port)
        raise OSError(errno.EADDRINUSE, "taken")

    monkeypatch.setattr(transports, "_serve", taken)
    with pytest.raises(OSError, match="taken"):
        await transports.listen("127.0.0.1", port)
    assert len(asked) == tries
    monkeypatch.undo()

    await transports.listen("127.0.0.1", 0)

    assert transports.ports["UDP"] == transports.ports["TCP"]
    await transports.close()


async def test_a_connection_to_a_trunk_is_used_again() -> None:
    near, far = Transports(lambda *_: None), Transports(lambda *_: None)
    await near.listen("127.0.0.1", 0)
    await far.listen("127.0.0.1", 0)
    peer = ("127.0.0.1", far.ports["TCP"])

    first, second = await near.flow("TCP", peer), await near.flow("TCP", peer)

    assert first is second
    await near.close()
    await far.close()


async def test_a_trunk_that_has_a_name_is_found_by_it_and_its_connection_used_again() -> None:
    near, far = Transports(lambda *_: None), Transports(lambda *_: None)
    await near.listen("127.0.0.1", 0)
    await far.listen("127.0.0.1", 0)
    peer = ("localhost", far.ports["TCP"])

    told = await near.flow("UDP", peer)
    first, second = await near.flow("TCP", peer), await near.flow("TCP", peer)

    assert ("127.0.0.1", far.ports["TCP"]) == told.peer == first.peer
    assert first is second
    await near.close()
    await far.close()


async def test_a_name_that_nobody_answers_for_any_more_has_the_address_that_it_had(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transports = Transports(lambda *_: None)
    await transports.listen("127.0.0.1", 0)
    await transports.flow("UDP", ("localhost", 5060))

    async def away(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", away)

    assert ("127.0.0.1", 5060) == (await transports.flow("UDP", ("localhost", 5060))).peer
    with pytest.raises(socket.gaierror):
        await transports.flow("UDP", ("other.invalid", 5060))
    await transports.close()


async def test_a_crowd_that_says_nothing_shuts_no_trunk_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "CONNECTIONS_MOST", 3)
    transports = Transports(lambda *_: None)
    await transports.listen("127.0.0.1", 0)
    port = transports.ports["TCP"]
    trunk_reader, trunk = await asyncio.open_connection("127.0.0.1", port)
    trunk.write(b"\r\n\r\n")
    assert b"\r\n" == await trunk_reader.readexactly(2)

    crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(6)]
    gone = [await reader.read() for reader, _ in crowd[:4]]
    trunk.write(b"\r\n\r\n")

    assert [b""] * 4 == gone
    assert b"\r\n" == await trunk_reader.readexactly(2)
    for writer in (trunk, *(writer for _, writer in crowd)):
        writer.close()
    await transports.close()


async def test_a_connection_that_never_says_anything_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "PARTIAL_S", 0.05)
    transports = Transports(lambda *_: None)
    await transports.listen("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", transports.ports["TCP"])

    assert b"" == await asyncio.wait_for(reader.read(), 20)
    writer.close()
    await transports.close()
