"""What a command of the command line works with; the composition root says how it is made."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.scope import Scope
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration


@dataclass(frozen=True, slots=True)
class Tools:
    """Database, clock, services and settings of one command, and the scope it acts by."""

    db: Database
    clock: Clock
    services: Services
    configuration: Configuration
    scope: Scope


type Provider = Callable[[], AbstractAsyncContextManager[Tools]]

_provided: list[Provider] = []


def provide(provider: Provider) -> None:
    """Sets how tools are made; called once, by the composition root."""
    _provided[:] = [provider]


@asynccontextmanager
async def open_tools() -> AsyncIterator[Tools]:
    """Tools with the database open, closed again afterwards."""
    async with _provided[0]() as tools:
        yield tools


def run[T](work: Callable[[Tools], Awaitable[T]]) -> T:
    """Runs the asynchronous part of a command to its end."""

    async def whole() -> T:
        async with open_tools() as tools:
            return await work(tools)

    return asyncio.run(whole())


def transact[T](work: Callable[[Tools, Transaction], Awaitable[T]]) -> T:
    """Runs the asynchronous part of a command in one transaction: kept whole, or not at all."""

    async def within(tools: Tools) -> T:
        async with tools.db.transaction(tools.scope) as tx:
            return await work(tools, tx)

    return run(within)


def say(body: Any, *, as_json: bool, text: str) -> None:
    """Prints a command's result: one JSON object for machines, or a text for people."""
    out = msgspec.json.encode(body).decode() if as_json else text
    sys.stdout.write(out + "\n")


def ask_secret(prompt: str) -> str:
    """Reads a secret from the terminal without echo, or a line of standard input.

    Secrets are never arguments: those can be seen by every user of the machine.
    """
    if sys.stdin.isatty():
        import getpass  # noqa: PLC0415 - needed at a terminal only

        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")
