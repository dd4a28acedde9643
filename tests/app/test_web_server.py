"""The web server stands what a stranger sends slowly, in bulk, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from uuid import UUID

import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from warroom.app.connections import Connections, WebSettings
from warroom.app.web_server import WebServer, listen

LIMITS = WebSettings(connections_per_address=3, connections_per_person=3, message_bytes=1000)
ASK = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
PERSONS = {name: SimpleNamespace(person_id=UUID(int=n)) for n, name in enumerate(("ani", "budi"))}


@dataclass
class Running:
    """A server of a small application, and a clock that can be put on."""

    port: int
    server: WebServer
    ahead_s: float = 0.0
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    wires: list["Wire"] = field(default_factory=list)

    @property
    def table(self) -> Connections:
        return self.server.table

    async def connect(self, sent: bytes = b"") -> "Wire":
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port))
        self.wires.append(wire)
        wire.writer.write(sent)
        return wire

    async def after(self, seconds: float) -> None:
        """What the sweep does so much later."""
        await asyncio.sleep(0.01)  # what was sent is read first
        self.ahead_s += seconds
        self.table.sweep()

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not claim():
                await asyncio.sleep(0.005)


@dataclass
class Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> int:
        """Of the next answer, whose body is read as well; 0 where the server closed."""
        async with asyncio.timeout(10):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0
            length = head.lower().partition(b"content-length: ")[2].split(b"\r")[0]
            await self.reader.readexactly(int(length or 0))
            return int(head.split(b" ")[1])

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def running(settings: WebSettings = LIMITS, proxy: str = "") -> AsyncIterator[Running]:
    async def answer(request: Request) -> Response:
        name = request.headers.get("x-as")
        if name is not None:
            request.state.scope = PERSONS[name]
        if request.url.path == "/held":
            await made.hold.wait()
        if request.url.path == "/large":
            return Response(b"x" * 64_000_000)
        return Response(str(len(await request.body())))

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                await socket.send_text(await socket.receive_text())
        except WebSocketDisconnect:
            return

    methods = ["GET", "POST"]
    app = Starlette(
        routes=[WebSocketRoute("/ws", echo), Route("/{path:path}", answer, methods=methods)]
    )
    loop = asyncio.get_running_loop()
    listener = listen("127.0.0.1", 0)
    table = Connections(settings, lambda host: host == proxy, lambda: loop.time() + made.ahead_s)
    made = Running(listener.getsockname()[1], WebServer(app, listener, settings, table))
    serving = asyncio.create_task(made.server.run_until_stopped())
    await made.until(lambda: made.server.started)
    try:
        yield made
    finally:
        made.hold.set()
        for wire in made.wires:
            wire.writer.close()
        made.server.stop()
        await serving


async def test_silent_connections_keep_nobody_out() -> None:
    async with running() as made:
        silent = [await made.connect() for _ in range(10)]

        good = await made.connect(ASK)

        assert await good.status() == 200
        assert len(made.table) <= LIMITS.connections_per_address
        assert await silent[0].rest() == b""


async def test_one_too_many_is_told_why_where_all_others_are_being_answered() -> None:
    async with running() as made:
        held = [await made.connect(ASK.replace(b"/", b"/held", 1)) for _ in range(3)]
        await made.until(lambda: made.table.of_address("127.0.0.1") == 3)
        await made.until(lambda: not any(c.protocol.is_waiting for c in made.table))

        refused = await (await made.connect(ASK)).rest()

        assert refused.startswith(b"HTTP/1.1 429 ")
        assert b"Terlalu banyak koneksi" in refused
        made.hold.set()
        assert [200, 200, 200] == [await wire.status() for wire in held]


async def test_a_signed_in_connection_counts_for_its_person_and_not_for_its_address() -> None:
    async with running() as made:
        for name in ("ani", "budi"):
            for _ in range(3):
                wire = await made.connect(ASK.replace(b"host", b"x-as: %b\r\nhost" % name.encode()))
                assert await wire.status() == 200

        counts = [made.table.of_person(scope.person_id) for scope in PERSONS.values()]
        assert [3, 3] == counts
        assert made.table.of_address("127.0.0.1") == 0


async def test_a_person_with_too_many_connections_loses_the_oldest_idle_one() -> None:
    async with running() as made:
        ask = ASK.replace(b"host", b"x-as: ani\r\nhost")
        wires = []
        for _ in range(4):
            wires.append(await made.connect(ask))
            assert await wires[-1].status() == 200

        assert await wires[0].rest() == b""
        assert made.table.of_person(PERSONS["ani"].person_id) == 3


async def test_a_trusted_proxy_is_no_stranger() -> None:
    async with running(proxy="127.0.0.1") as made:
        wires = [await made.connect(ASK) for _ in range(8)]

        assert [200] * 8 == [await wire.status() for wire in wires]
        assert len(made.table) == 8


async def test_a_full_server_lets_the_oldest_silent_stranger_go() -> None:
    settings = replace(LIMITS, connections=2, connections_per_address=100)
    async with running(settings) as made:
        silent = await made.connect()
        await made.until(lambda: len(made.table) == 1)
        await (await made.connect(ASK)).status()

        newest = await made.connect(ASK)

        assert await newest.status() == 200
        assert await silent.rest() == b""


async def test_headers_beyond_the_limit_are_refused_before_they_end() -> None:
    async with running() as made:
        endless = await made.connect(b"GET / HTTP/1.1\r\nx: " + b"a" * 40_000)
        many = await made.connect(ASK[:-2] + b"".join(b"x%d: 1\r\n" % n for n in range(101)))
        long = await made.connect(ASK[:-2] + b"x: " + b"a" * 33_000 + b"\r\n\r\n")

        answers = [await wire.rest() for wire in (endless, many, long)]

        assert [b"HTTP/1.1 431 "] * 3 == [answer[:13] for answer in answers]


async def test_endless_trailers_are_not_kept() -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    async with running() as made:
        wire = await made.connect(head + b"1\r\na\r\n0\r\nx: ")
        await asyncio.sleep(0.01)
        wire.writer.write(b"a" * 40_000)
        wire.writer.write(b"a" * 40_000)

        await wire.rest()

        assert len(made.table) == 0


async def test_half_a_header_ends_in_time_and_says_so() -> None:
    async with running() as made:
        wire = await made.connect(b"GET / HTTP/1.1\r\nhost:")
        await made.until(lambda: len(made.table) == 1)

        await made.after(LIMITS.header_s)

        assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


async def test_empty_lines_do_not_keep_a_connection_open() -> None:
    async with running() as made:
        wire = await made.connect(ASK)
        assert await wire.status() == 200
        wire.writer.write(b"\r\n")

        await made.after(LIMITS.header_s)

        assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


async def test_a_body_must_keep_its_pace() -> None:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 30000\r\n\r\n"
    async with running() as made:
        slow = await made.connect(head + b"a")
        steady = await made.connect(head + b"a" * 20_000)
        await made.until(lambda: len(made.table) == 2)

        await made.after(LIMITS.body_s + 1)

        assert await slow.status() in (0, 408)
        steady.writer.write(b"a" * 10_000)
        assert await steady.status() == 200


async def test_an_answer_that_nobody_takes_is_given_up() -> None:
    async with running() as made:
        wire = await made.connect(ASK.replace(b"/", b"/large", 1))
        await made.until(lambda: any(c.transport.get_write_buffer_size() for c in made.table))
        made.table.sweep()

        await made.after(LIMITS.answer_stall_s)

        assert len(made.table) == 0
        wire.writer.close()


async def test_http_2_is_not_spoken() -> None:
    async with running() as made:
        wire = await made.connect(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")

        assert (await wire.rest()).startswith(b"HTTP/1.1 400 ")


async def test_requests_that_wait_behind_one_another_are_few() -> None:
    async with running() as made:
        wire = await made.connect(ASK.replace(b"/", b"/held", 1) + ASK * 2_000)

        assert await wire.rest() == b""


async def test_a_message_beyond_the_limit_closes_the_socket() -> None:
    async with running() as made:
        async with websockets.connect(f"ws://127.0.0.1:{made.port}/ws") as wire:
            await wire.send("x" * 1000)
            assert await wire.recv() == "x" * 1000

            await wire.send(["y" * 600, "y" * 600])  # one message of two fragments
            await wire.wait_closed()

        assert wire.close_code == 1009
        assert not wire.protocol.extensions


async def test_a_message_must_be_finished() -> None:
    async with running() as made:
        async with websockets.connect(f"ws://127.0.0.1:{made.port}/ws") as wire:
            wire.transport.write(bytes((0x01, 0x81, 0, 0, 0, 0)) + b"x")  # text, more to come
            await made.until(lambda: any(c.protocol.conn.current_size for c in made.table))
            made.table.sweep()

            await made.after(LIMITS.message_s)
            await wire.wait_closed()

        assert len(made.table) == 0


async def test_a_flood_of_messages_closes_the_socket() -> None:
    async with running() as made:
        async with websockets.connect(f"ws://127.0.0.1:{made.port}/ws") as wire:
            wire.transport.write((bytes((0x81, 0x81, 0, 0, 0, 0)) + b"x") * 2_000)
            with pytest.raises(websockets.ConnectionClosedError):
                async for _ in wire:
                    pass

        assert wire.close_code == 1008
