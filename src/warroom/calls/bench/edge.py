"""The measured process: an edge whose agents answer by themselves and speak from memory."""

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from warroom.calls.bench.figures import STAMP, nearest_rank
from warroom.calls.contracts import OnFrame, OnKey
from warroom.calls.edge.process import Edge
from warroom.calls.settings import CallSettings, Trunk
from warroom.kernel.clock import SystemClock
from warroom.kernel.secrets import Sealer

HOST = "127.0.0.1"


class EchoLeg:
    """An agent who says back what is heard: as many packets as a browser sends, at their pace.

    Attributes:
        late_ms: Of each packet, from its sending by the caller (whose first eight bytes say when)
            until it would go out to this agent's browser.
    """

    def __init__(self) -> None:
        self.late_ms: list[float] = []

    on_rtp: OnFrame | None = None
    on_key: OnKey | None = None
    is_open = True
    silent_s = 0.0

    async def answer(self, offer: str) -> str:
        """Takes what is offered."""
        return offer

    def send(self, payload: bytes, rtp_time: int, source: int) -> None:
        """Says it back."""
        (sent_ns,) = STAMP.unpack_from(payload)
        self.late_ms.append((time.monotonic_ns() - sent_ns) / 1e6)
        if self.on_rtp is not None:
            self.on_rtp(payload, rtp_time, source)

    def alive(self) -> bool:
        """It is."""
        return True

    async def close(self) -> None:
        """Ends."""


async def _edge(folder: Path, agents: int) -> None:
    settings = CallSettings(
        port=0, wrap_up_s=0.0, requests_per_s=10_000.0, requests_burst=10_000, calls_most=1_000
    )
    edge = Edge(settings, Sealer(bytes(32)), folder, folder / "c.sock", SystemClock())
    await edge.start()
    board = edge.board
    legs = [EchoLeg() for _ in range(agents)]
    for number, leg in enumerate(legs):
        await board.leg(f"a{number}", leg)
    gc.collect()
    gc.freeze()
    _say(port=board.stack.transports.ports["UDP"])
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    asking = asyncio.ensure_future(reader.readline())
    while not asking.done():
        await asyncio.wait({asking}, timeout=0.005)
        for call in list(board.calls.values()):
            if call.rung and call.is_waiting:
                board.answer(call, next(iter(call.rung)))
    before = time.process_time()
    for leg in legs:
        leg.late_ms.clear()
    await reader.readline()
    cpu_s = time.process_time() - before
    late_ms = sorted(one for leg in legs for one in leg.late_ms)
    await asyncio.wait_for(_until_over(board), 30)
    bodies = [e.body for e in board.books.journal.after(0, 100_000) if e.kind == "recorded"]
    _say(
        cpu_s=cpu_s,
        recorded=len(bodies),
        received=sum(body["received"] for body in bodies),
        lost=sum(body["lost"] for body in bodies),
        hashed=sum(bool(body["sha256"]) for body in bodies),
        late_ms_p50=round(nearest_rank(late_ms, 50), 2),
        late_ms_p99=round(nearest_rank(late_ms, 99), 2),
        worst_late_ms=round(board.worst_late_s * 1000, 1),
    )
    await edge.stop()


async def _flooded(folder: Path, agents: int) -> None:
    """An edge whose only trunk is 127.0.0.1; measures between two lines that it is told."""
    settings = CallSettings(
        port=0, wrap_up_s=0.0, trunks=[Trunk(name="bench", addresses=["127.0.0.1"])],
        caller_silent_s=600.0,
    )  # fmt: skip
    edge = Edge(settings, Sealer(bytes(32)), folder, folder / "c.sock", SystemClock())
    await edge.start()
    board = edge.board
    for number in range(agents):
        await board.leg(f"a{number}", EchoLeg())
    answering = asyncio.ensure_future(_answer(board))
    gc.collect()
    gc.freeze()
    ports = board.stack.transports.ports
    _say(port=ports["UDP"], tcp_port=ports["TCP"])
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        before = time.process_time()
        board.worst_late_s = 0.0
        await reader.readline()
        transports = board.stack.transports
        _say(
            cpu_s=time.process_time() - before,
            strangers=transports.strangers.seen,
            refused=transports.strangers.refused,
            unread=transports.unread(),
            is_sorted=transports.is_sorted,
            transactions=len(board.stack),
            calls=len(board.calls),
            worst_late_ms=round(board.worst_late_s * 1000, 1),
        )
    answering.cancel()
    await edge.stop()


async def _answer(board: Any) -> None:
    while True:
        await asyncio.sleep(0.005)
        for call in list(board.calls.values()):
            if call.rung and call.is_waiting and not call.is_over:
                board.answer(call, next(iter(call.rung)))


async def _until_over(board: Any) -> None:
    while board.calls or board.books.journal.health.waiting:  # noqa: ASYNC110 - rare and short
        await asyncio.sleep(0.02)


async def _floor(calls: int) -> None:
    """Takes packets in and sends each back, and nothing else."""
    loop = asyncio.get_running_loop()
    ports = []
    for _ in range(calls):
        transport, _ = await loop.create_datagram_endpoint(_Back, local_addr=(HOST, 0))
        ports.append(transport.get_extra_info("sockname")[1])
    _say(ports=ports)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.readline()
    before = time.process_time()
    await reader.readline()
    _say(cpu_s=time.process_time() - before)


class _Back(asyncio.DatagramProtocol):
    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(data, addr)


def _say(**words: Any) -> None:
    sys.stdout.write(msgspec.json.encode(words).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "edge":
        asyncio.run(_edge(Path(sys.argv[2]), int(sys.argv[3])))
    elif sys.argv[1] == "flooded":
        asyncio.run(_flooded(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        asyncio.run(_floor(int(sys.argv[2])))
