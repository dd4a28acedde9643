"""Nodes answer nodes: whoever has no certificate of a node's row is not heard."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.scopes import EVERYTHING
from warroom.kernel.clock import SystemClock
from warroom.kernel.db import Database
from warroom.kernel.nodes import CityKeys, NodesSettings, remove_node
from warroom.kernel.peers import Json, NodeAwayError, PeerDoor, Peers, Roster, Say

CLOCK = SystemClock()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class City:
    """Two nodes of a city; the first answers."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.port = free_port()
        self.db = db
        self.first = CityKeys(folder / "one", "rec-1", f"127.0.0.1:{self.port}")
        self.second = CityKeys(folder / "two", "rec-2", "127.0.0.1:1")
        self.settings = NodesSettings(host="127.0.0.1", port=self.port, answer_s=5)

    async def join(self) -> None:
        async with self.db.transaction(EVERYTHING) as tx:
            secret = await self.first.invite(tx, CLOCK.now(), _HOUR)
            await self.second.join(tx, CLOCK.now(), secret)

    async def roster(self, keys: CityKeys) -> Roster:
        roster = Roster(keys, self.db, lambda: EVERYTHING, CLOCK)
        await roster.refresh()
        return roster

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[Roster]:
        async def echo(question: Json, say: Say) -> None:
            await say.head({"said": question["word"]})
            for _ in range(question.get("times", 0)):
                await say.chunk(b"x" * 100_000)
            await say.end()

        roster = await self.roster(self.first)
        door = PeerDoor(roster, self.settings, {"echo": echo})
        await door.start()
        try:
            yield roster
        finally:
            await door.stop()


_HOUR = timedelta(hours=1)


@pytest.fixture
def city(db: Database, tmp_path: Path) -> City:
    return City(db, tmp_path)


async def test_a_node_is_answered_by_another(city: City) -> None:
    await city.join()
    async with city.answering():
        peers = Peers(await city.roster(city.second), city.settings)

        async with peers.ask("rec-1", "echo", {"word": "hello", "times": 3}) as answer:
            size = sum([len(chunk) async for chunk in answer.chunks()])

    assert {"said": "hello"} == answer.head
    assert 300_000 == size


async def test_a_removed_node_is_not_answered(city: City) -> None:
    await city.join()
    async with city.answering() as roster:
        peers = Peers(await city.roster(city.second), city.settings)
        async with city.db.transaction(EVERYTHING) as tx:
            await remove_node(tx, "rec-2")
        await roster.refresh()

        with pytest.raises(NodeAwayError):
            async with peers.ask("rec-1", "echo", {"word": "hello"}):
                pass


async def test_a_certificate_that_no_row_names_is_not_answered(city: City, tmp_path: Path) -> None:
    await city.join()
    stranger = CityKeys(tmp_path / "stranger", "rec-2")
    pem = stranger.write_tls(stranger.identity().make_certificate(CLOCK.now()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(pem)

    async with city.answering():
        heard = await _asked(city.port, context)

    assert b"" == heard


async def test_who_shows_no_certificate_is_not_answered(city: City) -> None:
    await city.join()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    async with city.answering():
        heard = await _asked(city.port, context)

    assert b"" == heard


async def test_a_node_that_is_away_is_said_so(city: City) -> None:
    await city.join()
    peers = Peers(await city.roster(city.second), city.settings)

    with pytest.raises(NodeAwayError):
        async with peers.ask("rec-1", "echo", {"word": "hello"}):
            pass


async def _asked(port: int, context: ssl.SSLContext) -> bytes:
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=""
        )
        writer.write(b'{"op":"echo","word":"hello"}\n')
        heard = await reader.read()
        writer.close()
    except (OSError, ssl.SSLError):
        return b""
    return heard
