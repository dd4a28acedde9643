"""Claims about strangers: no transaction is theirs, no flood of answers, no queue of a trunk."""

import asyncio
import ipaddress
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing

import pytest

from tests.calls.sip.lines import invite, request
from warroom.calls.sip import admission, transport
from warroom.calls.sip.admission import REFUSALS_PER_S, Gate, Networks, Refuser
from warroom.calls.sip.message import parse
from warroom.calls.sip.transport import Flow, Transports, names_of

TRUNK, STRANGER, OTHER = "127.0.0.1", "127.9.0.1", "127.9.0.2"


def networks(*texts: str) -> Networks:
    return Networks(ipaddress.ip_network(text) for text in texts)


def gate(**words: object) -> Gate:
    return Gate(
        networks(TRUNK),
        networks(TRUNK),
        is_known=lambda host, _: host == TRUNK,
        **words,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def listening(at: Gate) -> AsyncIterator[tuple[Transports, list[bytes]]]:
    got: list[bytes] = []
    transports = Transports(lambda wire, _: got.append(wire), at)
    await transports.listen(TRUNK, 0)
    try:
        yield transports, got
    finally:
        await transports.close()


def socket_at(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.setblocking(False)
    return made


def waiting(wire: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield wire.recv(65_536)
        except BlockingIOError:
            return


async def until(claim) -> None:  # type: ignore[no-untyped-def]
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.005)


@pytest.fixture(params=["by the kernel", "by this process"])
def sorting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by this process":
        monkeypatch.setattr(transport, "sort_into", lambda *_: False)


@pytest.mark.usefixtures("sorting")
async def test_a_stranger_is_not_heard_and_gets_one_short_refusal() -> None:
    async with listening(gate()) as (transports, got):
        at = (TRUNK, transports.ports["UDP"])
        with closing(socket_at(STRANGER)) as stranger, closing(socket_at(TRUNK)) as trunk:
            for _ in range(5):
                stranger.sendto(invite().encode(), at)
            trunk.sendto(request("OPTIONS").encode(), at)
            await until(lambda: got and transports.strangers.seen == 5)
            answers = list(waiting(stranger))

    assert [request("OPTIONS").encode()] == got
    assert [403] == [parse(answer).status for answer in answers]
    assert len(answers[0]) < len(invite())


async def test_the_kernel_gives_strangers_a_queue_of_their_own() -> None:
    async with listening(gate()) as (transports, got):
        at = (TRUNK, transports.ports["UDP"])
        with closing(socket_at(STRANGER)) as stranger, closing(socket_at(TRUNK)) as trunk:
            # Nothing is read meanwhile: what does not fit is dropped by the kernel.
            for _ in range(20_000):
                stranger.sendto(invite().encode(), at)
            trunk.sendto(request("OPTIONS").encode(), at)
            await until(lambda: got)
            unread = transports.unread()

    assert transports.is_sorted
    assert unread[0] == 0
    assert unread[1] > 19_000


@pytest.mark.parametrize(
    "wire",
    [
        request("ACK").encode(),
        b"SIP/2.0 200 OK\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\n\r\n",
        b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z;rport\r\nf: <sip:a@b>;tag=1\r\n"
        b"t: <sip:a@b>\r\ni: 1\r\nCSeq: 1 INVITE\r\n\r\n",
        b"x" * 500,
        b"",
    ],
    ids=["ack", "answer", "malformed", "shorter than its refusal", "noise", "nothing"],
)
def test_what_cannot_be_refused_shortly_is_met_with_silence(wire: bytes) -> None:
    assert b"" == Refuser(lambda: 0.0).answer(wire, (STRANGER, 5060))


def test_a_stranger_is_refused_once_a_second_and_all_of_them_at_a_fixed_rate() -> None:
    now = [0.0]
    refuser = Refuser(lambda: now[0])
    wire = invite().encode()

    first = [bool(refuser.answer(wire, (STRANGER, port))) for port in (1, 2)]
    crowd = [bool(refuser.answer(wire, (f"127.9.1.{n}", 5060))) for n in range(100)]
    now[0] += 1.0
    again = refuser.answer(wire, (STRANGER, 1))

    assert [True, False] == first
    assert REFUSALS_PER_S - 1 == sum(crowd)
    assert again


def test_who_was_refused_is_kept_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "REFUSED_KEPT", 8)
    now = [0.0]
    refuser = Refuser(lambda: now[0])

    for number in range(50):
        now[0] += 1.0
        assert refuser.answer(invite().encode(), (f"127.9.2.{number}", 5060))

    assert 8 == len(refuser)


async def test_a_stranger_gets_no_connection() -> None:
    async with listening(gate()) as (transports, _):
        port = transports.ports["TCP"]
        with pytest.raises((OSError, TimeoutError)):
            await asyncio.wait_for(
                asyncio.open_connection(TRUNK, port, local_addr=(STRANGER, 0)), 0.3
            )
        reader, writer = await asyncio.open_connection(TRUNK, port)
        writer.write(b"\r\n\r\n")

        assert b"\r\n" == await reader.readexactly(2)
        writer.close()


async def test_an_open_door_lets_few_strangers_in_and_keeps_them_apart() -> None:
    flows: list[Flow] = []
    transports = Transports(lambda _, flow: flows.append(flow), gate(open_calls=2))
    await transports.listen(TRUNK, 0)
    port = transports.ports["TCP"]

    opened = [
        await asyncio.open_connection(TRUNK, port, local_addr=(STRANGER, 0)) for _ in range(3)
    ]
    _, trunk = await asyncio.open_connection(TRUNK, port)
    third = await opened[2][0].read()
    opened[0][1].write(request("OPTIONS").encode())
    await until(lambda: len(flows) == 1)
    trunk.write(request("OPTIONS").encode())
    await until(lambda: len(flows) == 2)

    assert b"" == third
    assert [False, True] == [flow.is_known for flow in flows]
    assert 2 == transports.strangers.connected
    for _, writer in opened:
        writer.close()
    await until(lambda: transports.strangers.connected == 0)
    trunk.close()
    await transports.close()


async def test_who_we_ask_may_answer_from_an_address_of_no_trunk() -> None:
    async with listening(gate()) as (transports, got):
        with closing(socket_at(OTHER)) as asked:
            transports.udp(asked.getsockname()).send(b"OPTIONS x")
            asked.sendto(b"SIP/2.0 200 OK\r\n\r\n", (TRUNK, transports.ports["UDP"]))
            await until(lambda: got)

    assert [b"SIP/2.0 200 OK\r\n\r\n"] == got


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("10.1.0.0/16", "10.1.255.3", "10.2.0.1"),
        ("192.0.2.7/32", "192.0.2.7", "192.0.2.8"),
        ("2001:db8:5::/48", "2001:db8:5:9::1", "2001:db8:6::1"),
        ("0.0.0.0/0", "8.8.8.8", "::1"),
        ("fe80::/10", "fe80::1%lo", "10.0.0.1"),
    ],
)
def test_the_kernels_filter_and_ours_agree(text: str, inside: str, outside: str) -> None:
    known = networks("203.0.113.0/24", text, "2001:db8:ffff::1/128")

    assert known.knows(inside)
    assert not known.knows(outside)
    assert 1 == run(known, inside)
    assert 0 == run(known, outside)


def run(known: Networks, host: str) -> int:
    """What the filter returns, by an interpreter of the instructions it is made of."""
    address = ipaddress.ip_address(host.partition("%")[0])
    header = bytearray(40)
    header[0] = address.version << 4
    at = 12 if address.version == 4 else 8
    header[at : at + len(address.packed)] = address.packed
    program, held, place = known.program(1, 0), 0, 0
    while True:
        code, yes, no, k = program[place]
        offset = k + 0x10_0000 & 0xFFFF_FFFF
        place += 1
        match code:
            case 0x20:
                held = struct.unpack_from(">I", header, offset)[0]
            case 0x30:
                held = header[offset]
            case 0x54:
                held &= k
            case 0x74:
                held >>= k
            case 0x15:
                place += yes if held == k else no
            case 0x05:
                place += k
            case 0x06:
                return k


def test_names_of_a_domain_stand_before_names_of_hosts() -> None:
    hosts = {"subjectAltName": (("DNS", "SBC.example"), ("IP Address", "192.0.2.1"))}
    domain = {"subjectAltName": (("DNS", "web.example"), ("URI", "sip:Trunk.example"))}

    assert ["sbc.example", "192.0.2.1"] == names_of(hosts)
    assert ["trunk.example"] == names_of(domain)
    assert [] == names_of(None)
