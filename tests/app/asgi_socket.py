"""A WebSocket client for an ASGI application in the same process: no server, no network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from fastapi import FastAPI


class Refused(Exception):  # noqa: N818 - what happened to the handshake, not a failure of ours
    """The handshake was answered with an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Socket:
    """The browser's end of an open socket."""

    def __init__(self) -> None:
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def send_text(self, text: str) -> None:
        await self.to_app.put({"type": "websocket.receive", "text": text})

    async def receive_text(self) -> str:
        async with asyncio.timeout(10):
            message = await self.from_app.get()
        text: str = message["text"]
        return text

    def received(self) -> list[dict[str, Any]]:
        """Texts that have arrived and were not read yet, as JSON."""
        messages = []
        while not self.from_app.empty():
            message = self.from_app.get_nowait()
            if message.get("text"):
                messages.append(msgspec.json.decode(message["text"]))
        return messages

    async def refused_after_opening(self) -> int | None:
        """The status told by the code that the open socket is closed with (4404: 404), if soon."""
        try:
            async with asyncio.timeout(2):
                while True:
                    message = await self.from_app.get()
                    if message["type"] == "websocket.close":
                        return int(message.get("code", 1000)) - 4000
        except TimeoutError:
            return None


@asynccontextmanager
async def open_socket(app: FastAPI, path: str, cookie: str) -> AsyncIterator[Socket]:
    """Opens a socket, and closes it again.

    Raises:
        Refused: The application did not accept it.
    """
    socket = Socket()
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0"},
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"warroom.test"), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("warroom.test", 80),
        "subprotocols": [],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }
    await socket.to_app.put({"type": "websocket.connect"})
    running = asyncio.create_task(app(scope, socket.to_app.get, socket.from_app.put))
    try:
        async with asyncio.timeout(10):
            first = await socket.from_app.get()
        if first["type"] == "websocket.http.response.start":
            raise Refused(first["status"])
        if first["type"] == "websocket.close":
            raise Refused(int(first.get("code", 1000)) - 4000)
        yield socket
    finally:
        await socket.to_app.put({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait([running], timeout=2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
