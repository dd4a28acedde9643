"""A real edge on loopback, agents whose browsers are in memory, and sipp as the trunk."""

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tests.calls.edge.scenarios import CALLED, SCENARIOS, document
from warroom.calls.contracts import FRAME_SAMPLES, OnFrame, OnKey
from warroom.calls.edge.call import Call
from warroom.calls.edge.client import EdgeClient
from warroom.calls.edge.journal import Event
from warroom.calls.edge.process import Edge
from warroom.calls.sealed_recordings import read_recording, sealer_of_recordings
from warroom.calls.settings import CallSettings, Trunk
from warroom.kernel.clock import SystemClock
from warroom.kernel.secrets import Sealer

HOST = "127.0.0.1"
KEYS = "1122"
AGENT_VOICE = b"\x2a" * FRAME_SAMPLES


def recording(path: Path) -> bytes:
    """A recording as people hear it."""
    return b"".join(read_recording(path, sealer_of_recordings(Sealer(bytes(32)))))


def voice(seconds: float = 3.0) -> bytes:
    """Sound that repeats nowhere: each byte of it can be found again."""
    return random.Random(112).randbytes(int(seconds * 8000))


class MemoryLeg:
    """An agent's browser in memory: speaks all the time, keeps what it hears."""

    def __init__(self) -> None:
        self.on_rtp: OnFrame | None = None
        self.on_key: OnKey | None = None
        self.heard: list[bytes] = []
        self.is_open = True
        self.speaks = True
        self.silent_s = 0.0
        self._task = asyncio.ensure_future(self._speak())

    async def answer(self, offer: str) -> str:
        return offer

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        at, due = 0, loop.time()
        while self.is_open:
            if self.on_rtp is not None and self.speaks:
                self.on_rtp(AGENT_VOICE, at, 77)
            at += FRAME_SAMPLES
            due += 0.02
            await asyncio.sleep(max(0.0, due - loop.time()))

    def send(self, payload: bytes, rtp_time: int, source: int) -> None:
        self.heard.append(payload)

    def alive(self) -> bool:
        return self.is_open

    async def close(self) -> None:
        self.is_open = False
        self._task.cancel()


def write_keys(path: Path) -> None:
    """A capture of the keys by RFC 4733, the end of each told three times."""
    packets, at, sequence, stamp = [], 0.0, 100, 8000
    for key in KEYS:
        for step in range(8):
            is_end = step >= 5
            length = 160 * (min(step, 5) + 1)
            marker = 0x80 if step == 0 else 0
            rtp = struct.pack("!BBHII", 0x80, 101 | marker, sequence, stamp, 77)
            rtp += struct.pack("!BBH", int(key), (0x80 if is_end else 0) | 10, length)
            udp = struct.pack("!HHHH", 20000, 20002, 8 + len(rtp), 0) + rtp
            local = bytes([127, 0, 0, 1])
            ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + local * 2
            frame = bytes(12) + b"\x08\0" + ip + udp
            second, micro = int(at), int(at % 1 * 1e6)
            packets.append(struct.pack("<IIII", second, micro, len(frame), len(frame)) + frame)
            sequence, at = sequence + 1, at + 0.02
        stamp, at = stamp + 4000, at + 0.2
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + b"".join(packets))


class Room:
    """One edge and what is needed to call it.

    Attributes:
        errors: What sipp said when a scenario failed.
    """

    def __init__(self, folder: Path, settings: CallSettings) -> None:
        self.folder = folder
        self.sealer = Sealer(bytes(32))
        self.edge = Edge(
            settings, self.sealer, folder / "data", folder / "edge.sock", SystemClock()
        )
        self.client = EdgeClient(folder / "edge.sock")
        self.errors = ""
        self._tasks: set[asyncio.Task[None]] = set()
        (folder / "voice.raw").write_bytes(voice())
        write_keys(folder / "keys.pcap")

    @property
    def board(self):  # type: ignore[no-untyped-def]
        return self.edge.board

    @property
    def port(self) -> int:
        return self.board.stack.transports.ports["UDP"]

    async def agent(self, name: str, *, answers: bool = True, after_s: float = 0.1) -> MemoryLeg:
        """An agent signs in; answers what rings at them if they shall."""
        leg = MemoryLeg()
        await self.board.leg(name, leg)
        if answers:
            task = asyncio.ensure_future(self._answer(name, after_s))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return leg

    async def _answer(self, name: str, after_s: float) -> None:
        while True:
            await asyncio.sleep(0.01)
            for call in list(self.board.calls.values()):
                if name in call.rung and not call.is_over:
                    await asyncio.sleep(after_s)
                    if name in call.rung and call.is_waiting and not call.is_over:
                        await self.edge.desk.answer(call.id, name)

    async def sipp(self, name: str, *words: str, count: int = 1, port: int = 0) -> int:
        """Runs a scenario against the edge; its exit code."""
        path = self.folder / f"{name}.xml"
        path.write_text(document(name, SCENARIOS[name]))
        target = f"{HOST}:{port or self.port}"
        more = ("-m", str(count), "-l", str(count), "-r", "20", *words)
        return await self._run([target, "-sf", str(path), *more])

    async def called(self, name: str, port: int) -> int:
        """Runs a scenario of somebody whom we call."""
        path = self.folder / f"{name}.xml"
        path.write_text(document(name, CALLED[name]))
        return await self._run(["-sf", str(path), "-m", "1", "-p", str(port)])

    async def _run(self, words: list[str]) -> int:
        process = await asyncio.create_subprocess_exec(
            "sipp",
            *words,
            *("-i", HOST, "-mi", HOST, "-nostdin", "-timeout", "90", "-timeout_error"),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 100)
        finally:
            if process.returncode is None:
                process.kill()
        self.errors = output.decode(errors="replace")[-800:]
        return process.returncode or 0

    def events(self) -> list[Event]:
        """Everything that was written down."""
        return self.board.books.journal.after(0, 10_000)

    def kinds(self) -> list[str]:
        """The kinds of what was written down."""
        return [event.kind for event in self.events()]

    def body(self, kind: str) -> dict:  # type: ignore[type-arg]
        """What the newest event of a kind carries."""
        return next(event.body for event in reversed(self.events()) if event.kind == kind)

    async def until(self, claim: Callable[[], object], seconds: float = 30) -> None:
        """Waits until something holds."""
        async with asyncio.timeout(seconds):
            while not claim():
                await asyncio.sleep(0.01)

    async def until_written(self, kind: str, count: int = 1) -> None:
        """Waits until so many events of a kind are on the disk."""
        await self.until(lambda: self.kinds().count(kind) >= count)

    def only_call(self) -> Call:
        """The one call at the edge."""
        (call,) = self.board.calls.values()
        return call

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        for agent in self.board.agents:
            if agent.leg is not None:
                await agent.leg.close()
        await self.edge.stop()
        for call in self.board.calls.values():
            call.media.port.close()
            for third in call.thirds.values():
                third.port.close()
        for task in list(self.board._tasks):
            task.cancel()


def settings(**words: object) -> CallSettings:
    """Settings of a room: any port, quick times."""
    usual: dict[str, object] = {"port": 0, "trunks": [], "wrap_up_s": 0.0, "trunk_ask_s": 0.0}
    return CallSettings(**usual | words)  # type: ignore[arg-type]


def trunk(port: int, name: str = "t", **words: object) -> Trunk:
    """A trunk on loopback that takes our calls."""
    return Trunk(
        name=name,
        addresses=["127.0.0.0/8"],
        uri=f"sip:{HOST}:{port};transport=udp",
        **words,  # type: ignore[arg-type]
    )


@contextlib.asynccontextmanager
async def opened(folder: Path, **words: object) -> AsyncIterator[Room]:
    """A room that takes calls."""
    room = Room(folder, settings(**words))
    await room.edge.start()
    try:
        yield room
    finally:
        await room.close()
