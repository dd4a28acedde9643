"""Requests to addresses that somebody typed in: where they may go, and what they never do."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from warroom.kernel.outbound import (
    ForbiddenTargetError,
    Outbound,
    OutboundSettings,
    TargetAwayError,
    TargetInvalidError,
)

HERE = Outbound(OutboundSettings(allow_loopback=True, timeout_s=1.0))
STRICT = Outbound(OutboundSettings())

type Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def ask(handler: Handler, **more: Any) -> Any:
    """Asks a server on loopback by a path that tells what it wants."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        return await HERE.send("POST", f"http://127.0.0.1:{port}/x", **more)


def answering(text: bytes, seen: list[bytes] | None = None) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.read(65_536)
        if seen is not None:
            seen.append(head)
        writer.write(text)
        await writer.drain()
        writer.close()

    return handle


async def test_an_answer_comes_back_with_its_status_and_body() -> None:
    seen: list[bytes] = []
    answer = await ask(
        answering(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok", seen),
        content=b"{}",
        headers={"x-one": "1"},
    )

    assert (answer.status, answer.body) == (201, b"ok")
    assert b"x-one: 1" in seen[0].lower()
    assert b"host: 127.0.0.1:" in seen[0].lower()


async def test_a_redirect_is_an_answer_and_not_an_order() -> None:
    answer = await ask(
        answering(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\n\r\n")
    )

    assert answer.status == 302


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n" + b"x" * 99_999, "too_large"),
        (b"nonsense\r\n\r\n", "protocol"),
        (b"", "protocol"),
    ],
)
async def test_a_bad_answer_is_named(text: bytes, why: str) -> None:
    with pytest.raises(TargetAwayError) as caught:
        await ask(answering(text), most_bytes=1_000)

    assert caught.value.params == {"why": why}


async def test_who_says_nothing_is_left_in_time() -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)
        writer.close()

    quick = Outbound(OutboundSettings(allow_loopback=True, timeout_s=0.2))
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(TargetAwayError) as caught:
        await quick.send("GET", f"http://127.0.0.1:{port}/")
    server.close()

    assert caught.value.params == {"why": "timeout"}


async def test_nobody_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(TargetAwayError) as caught:
            await HERE.send("GET", f"http://127.0.0.1:{port}/")

    assert caught.value.params == {"why": "connect"}


async def test_without_tls_where_tls_was_asked_is_named() -> None:
    server = await asyncio.start_server(answering(b"HTTP/1.1 200 OK\r\n\r\n"), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(TargetAwayError) as caught:
            await HERE.send("GET", f"https://127.0.0.1:{port}/")

    assert caught.value.params["why"] in ("tls", "protocol", "timeout", "connect")


async def test_a_name_is_judged_by_each_of_its_addresses_at_the_moment_of_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that was good when it was typed in, and leads to a metadata service now."""
    loop = asyncio.get_running_loop()

    async def rebound(*_: Any, **__: Any) -> list[Any]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("10.20.4.17", 443)), (*kind, ("169.254.169.254", 443))]

    monkeypatch.setattr(loop, "getaddrinfo", rebound)

    with pytest.raises(ForbiddenTargetError) as caught:
        await STRICT.send("GET", "https://hook.example/")

    assert caught.value.params == {"host": "hook.example"}


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://a.localhost/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
    ],
)
def test_targets_that_are_never_asked(url: str) -> None:
    with pytest.raises(ForbiddenTargetError):
        STRICT.require_allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook.example",
        "http://hook.example/",
        "ftp://hook.example/",
        "https://user:pass@hook.example/",
        "https://hook.example/#part",
        "https://hook.example:99999/",
        "https://hook.example/a b",
        "https://hook.example\\@evil.example/",
        "https:///nohost",
        "https://hook.example/" + "x" * 1_100,
    ],
)
def test_what_is_no_target_at_all(url: str) -> None:
    with pytest.raises(TargetInvalidError):
        STRICT.require_allowed(url)


@pytest.mark.parametrize("number", ["2852039166", "0251.0376.0251.0376", "0xa9.254.43518"])
async def test_numbers_that_systems_read_as_addresses_are_judged_as_such(number: str) -> None:
    """What `require_allowed` takes for a name is judged again when it has become an address."""
    refusals = (ForbiddenTargetError, TargetAwayError, TargetInvalidError)
    with pytest.raises(refusals) as caught:
        await STRICT.send("GET", f"https://{number}/")

    assert caught.value.params.get("why", "name") == "name"
