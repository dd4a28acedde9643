"""Mutated torture messages against a whole user agent: no crash, memory and answers bounded."""

import gc
import random
import tracemalloc
from pathlib import Path

import pytest

from tests.calls.sip.lines import SDP, Edge, Line, invite, request
from warroom.calls.sip.fields import split_top

SEED = 4475
WORDS = [b"\r\n", b"\0", b"\xff\xfe", b"<", b">", b'"', b";", b",", b"%", b"\\", b"9" * 40, b"\t "]


class RawLine(Line):
    """Notes only how much was sent: answers to fuzz need not be readable by us."""

    count = 0

    def send(self, wire: bytes) -> None:
        self.count += 1
        assert len(wire) < 100_000


def seeds(corpus: Path) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(corpus.glob("*.dat"))]
    own = [
        invite(),
        invite(extra="Require: timer\r\nSession-Expires: 90;refresher=uac\r\nSupported: timer\r\n"),
        request("BYE", tag="x"),
        request("CANCEL"),
        request("ACK", tag="x", body=SDP),
        request("UPDATE", tag="x", body=SDP),
        "SIP/2.0 200 OK\r\n" + invite().split("\r\n", 1)[1],
    ]
    return found + [text.encode() for text in own]


def mutate(wire: bytes, choice: random.Random, others: list[bytes]) -> bytes:
    data = bytearray(wire)
    for _ in range(choice.randint(1, 6)):
        at = choice.randrange(len(data) + 1)
        match choice.randrange(6):
            case 0:
                data[at : at + 1] = bytes([choice.randrange(256)])
            case 1:
                del data[at : at + choice.randint(1, 40)]
            case 2:
                data[at:at] = choice.choice(WORDS)
            case 3:
                data[at:at] = data[at : at + 30] * choice.randint(1, 20)
            case 4:
                other = choice.choice(others)
                cut = choice.randrange(len(other) + 1)
                data = data[:at] + other[cut:]
            case 5:
                lines = bytes(data).split(b"\r\n")
                choice.shuffle(lines)
                data = bytearray(b"\r\n".join(lines))
    return bytes(data[:60_000])


async def bombard(count: int, corpus: Path) -> tuple[Edge, int]:
    """Sends mutated messages; returns the agent and the bytes that it holds more than before."""
    edge, choice, others = Edge(), random.Random(SEED), seeds(corpus)
    line = RawLine()
    for number in range(count):
        edge.stack.receive(mutate(choice.choice(others), choice, others), line)
        if number == count // 2:
            await end_all(edge)
            gc.collect()
            tracemalloc.start()
    await end_all(edge)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return edge, held


async def end_all(edge: Edge) -> None:
    for session in list(edge.offered):
        session.hang_up()
    edge.offered.clear()
    edge.ended.clear()
    edge.media.clear()
    await edge.stack.close()


async def check(count: int, test_data: Path) -> None:
    edge, held = await bombard(count, test_data / "rfc4475")

    assert count == edge.stack.counts.received
    assert 0 == edge.stack.counts.failed
    assert 0 < edge.stack.counts.refused < count
    assert (0, 0) == (len(edge.stack), len(edge.agent))
    assert held < 4_000_000


async def test_five_thousand_mutated_messages_do_no_harm(test_data: Path) -> None:
    await check(5_000, test_data)


@pytest.mark.nightly
async def test_a_hundred_thousand_mutated_messages_do_no_harm(test_data: Path) -> None:
    await check(100_000, test_data)


@pytest.mark.parametrize("hostile", ['"' * 30_000, "<" * 30_000, "," * 30_000, ' <"' * 10_000])
def test_hostile_lists_take_no_longer_than_their_length(hostile: str) -> None:
    """Linear by construction; were it quadratic, these would take minutes."""
    try:
        parts = split_top(hostile)
    except ValueError:
        parts = []

    assert len(parts) <= len(hostile) + 1
