"""A receiver on loopback: checks signatures by the standard's text, and behaves as it is told."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Got:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def is_signed_by(self, secret: str) -> bool:
        """Whether one of its signatures is this secret's: written from the standard's text."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        text = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}."
        digest = hmac.new(key, text.encode() + self.body, hashlib.sha256).digest()
        own = "v1," + base64.b64encode(digest).decode()
        return own in self.headers["webhook-signature"].split(" ")


@dataclass
class Receiver:
    """Where to send, what came, and how to answer it: a status, `close`, `slow` or `redirect`."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], int | str] = lambda _: 204

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            got = Got(first.split(" ")[1], headers, body)
            self.got.append(got)
            answer = self.answer(got)
            if answer == "slow":
                await reader.read()
            elif answer == "redirect":
                writer.write(
                    f"HTTP/1.1 307 x\r\nlocation: {self.url('/elsewhere')}\r\n\r\n".encode()
                )
            elif answer != "close":
                writer.write(f"HTTP/1.1 {answer} x\r\ncontent-length: 0\r\n\r\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Runs a receiver until left."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
