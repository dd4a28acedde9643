"""The door between nodes: strangers, removed and invented nodes, overheard words, other agencies.

It listens on a port of its own and answers footage of every camera, so it must know its askers.
"""

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from warroom.app.bench.hostile.field import Check, Field
from warroom.app.bench.node import BenchNode, BenchStoppedError, bench_node, warroom
from warroom.app.node import Node, open_node
from warroom.app.node_keys import roster_of
from warroom.kernel.db import Database
from warroom.kernel.nodes import CityKeys, NodesSettings
from warroom.kernel.peers import REFRESH_S, NodeAwayError, Peers, Roster
from warroom.kernel.settings import Configuration

READY_S = 30.0
QUIET_S = 2.0
SILENT = 200


@dataclass(frozen=True)
class _Scene:
    """A node that answers others, and the files of one that joined it."""

    node: BenchNode
    port: int
    first: Node
    second: dict[str, str]


def checks(field: Field) -> Iterator[Check]:
    """Tries to be a node without being one."""
    port = _free_port()
    sections = f'[nodes]\nhost = "127.0.0.1"\nport = {port}\naddress = "127.0.0.1:{port}"\n'
    bench = field.stack.enter_context(bench_node(2, sections))
    first = open_node(Configuration.read({**os.environ, **bench.environment}))
    second = {
        "WARROOM_DATA_DIR": str(bench.folder / "second"),
        "WARROOM_CONFIG": str(_second_file(bench.folder)),
        "WARROOM_DATABASE_URL": first.connections.app,
        "WARROOM_DATABASE_OWNER_URL": first.connections.owner,
    }
    secret = warroom(bench.environment, "node", "invite", "--json")["secret"]
    warroom(second, "node", "join", "--json", given=secret + "\n")
    door = subprocess.Popen(
        [sys.executable, "-m", "warroom.app", "node", "serve"],
        env={**os.environ, **bench.environment},
        stderr=subprocess.DEVNULL,
    )
    field.stack.callback(door.wait, 15)
    field.stack.callback(door.terminate)
    scene = _Scene(bench, port, first, second)
    yield from asyncio.run(_attack(scene))
    yield _invitation_again(scene, secret)
    yield from _other_agency(scene)


async def _attack(scene: _Scene) -> list[Check]:
    camera = str(uuid4())
    question = {"camera": camera, "start": 0, "end": 60_000}
    told: list[Check] = []
    async with _peers(scene) as (peers, keys):
        await _until_open(scene.port)
        real = await _answered(peers, question)
        told.append(Check("A node that joined is answered", real, None))

        heard = await _say(scene.port, _context(None))
        told.append(Check("Who shows no certificate is not heard", not heard, len(heard)))

        stranger = CityKeys(scene.node.folder / "stranger", keys.name)
        certificate = stranger.identity().make_certificate(scene.first.clock.now())
        pem = stranger.write_tls(certificate)
        heard = await _say(scene.port, _context(pem))
        told.append(Check("A certificate in a node's name is not heard", not heard, len(heard)))

        overheard, answer = await _overhear(scene, peers, question)
        again = await _replay(scene.port, overheard)
        told.append(
            Check(
                "A conversation that was overheard is not answered again",
                bool(overheard) and again < answer,
                f"{again} of {answer} bytes",
            )
        )

        silent = await _stay_silent(scene.port)
        served = await _answered(peers, question)
        told.append(Check("Silent strangers keep no node out", served, len(silent)))
        for writer in silent:
            writer.close()

        _write_row(scene, "rec-9", certificate, stranger.identity().box_key)
        warroom(scene.node.environment, "node", "remove", keys.name, "--json")
        await asyncio.sleep(REFRESH_S + 1)  # the door has read the rows again by then
        heard = await _say(scene.port, _context(pem))
        told.append(Check("Who writes to the database makes no node", not heard, len(heard)))
        served = await _answered(peers, question)
        told.append(Check("A node that was removed is answered no more", not served, None))
    return told


def _invitation_again(scene: _Scene, secret: str) -> Check:
    third = scene.second | {"WARROOM_DATA_DIR": str(scene.node.folder / "third")}
    try:
        warroom(third, "node", "join", "--json", given=secret + "\n")
    except BenchStoppedError:
        return Check("An invitation is used once", held=True)
    return Check("An invitation is used once", held=False)


def _other_agency(scene: _Scene) -> Iterator[Check]:
    """Footage that another node recorded is judged as any other, on the node that is asked."""
    environment = scene.node.environment
    warroom(environment, "agency", "add", "--name", "Polisi", "--short", "Polisi",
            "--kind", "police", "--json")  # fmt: skip
    warroom(environment, "user", "add", "other", "--name", "Other", "--agency", "Polisi",
            "--role", "admin_sistem", "--json")  # fmt: skip
    token = warroom(environment, "token", "create", "--user", "other", "--json")["token"]
    with httpx.Client(base_url=scene.node.address, timeout=20) as client:
        mine = {"authorization": f"Bearer {scene.node.token}"}
        camera = client.get("/api/cameras", headers=mine).json()["items"][0]["id"]
        _hand_over(scene, camera)
        words = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:10:00Z"}
        path = f"/api/recordings/{camera}/timeline"
        line = client.get(path, headers=mine, params=words).json()
        causes = [gap["cause"] for gap in line["gaps"]]
        yield Check("Footage of a node that is away is not called gone", causes == ["node_away"],
                    str(causes))  # fmt: skip
        theirs = {"authorization": f"Bearer {token}"}
        asked = client.get(path, headers=theirs, params=words)
        yield Check("Another agency finds nothing of it", asked.status_code == 404,
                    asked.status_code)  # fmt: skip


def _hand_over(scene: _Scene, camera: str) -> None:
    """The camera was recorded by a node that does not answer."""
    with psycopg.connect(scene.first.connections.owner) as connection:
        connection.execute(
            "insert into lease_history (kind, key, fence, holder, since)"
            " values ('camera', %s, 1000, 'rec-7', 'epoch')",
            [camera],
        )


def _write_row(scene: _Scene, name: str, certificate: bytes, box_key: bytes) -> None:
    """What somebody who can write to the database, and has no key, can make of a node's row."""
    with psycopg.connect(scene.first.connections.owner) as connection:
        connection.execute("select set_config('warroom.agencies', '*', true)")
        connection.execute(
            "insert into node (name, certificate, box_key, sealed_key, admitted, joined_at)"
            " select %s, %s, %s, sealed_key, admitted, now() from node limit 1",
            [name, certificate, box_key],
        )


@asynccontextmanager
async def _peers(scene: _Scene) -> AsyncIterator[tuple[Peers, CityKeys]]:
    """The second node's way to ask."""
    node = open_node(Configuration.read({**os.environ, **scene.second}))
    db = Database(node.connections.app, max_size=2)
    await db.open()
    roster: Roster = roster_of(node, db)
    try:
        await roster.refresh()
        yield Peers(roster, NodesSettings(answer_s=5)), roster.keys
    finally:
        await db.close()


async def _answered(peers: Peers, question: dict[str, object]) -> bool:
    try:
        async with peers.ask("rec-1", "footage", question) as answer:
            return "part" in answer.head
    except NodeAwayError:
        return False


def _context(pem: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if pem is not None:
        context.load_cert_chain(pem)
    return context


async def _say(port: int, context: ssl.SSLContext) -> bytes:
    """Asks for footage, as whoever the context shows; what is heard."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(b'{"op":"disks"}\n')
        async with asyncio.timeout(QUIET_S):
            heard = await reader.read()
        writer.close()
    except (OSError, TimeoutError):
        return b""
    return heard


async def _overhear(scene: _Scene, peers: Peers, question: dict[str, object]) -> tuple[bytes, int]:
    """What a node says to another, as somebody on the wire sees it, and how long the answer was."""
    said, answered = bytearray(), bytearray()

    async def tap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, on = await asyncio.open_connection("127.0.0.1", scene.port)
        await asyncio.gather(_pass(reader, on, said), _pass(there, writer, answered))

    server = await asyncio.start_server(tap, "127.0.0.1", 0)
    known = peers.roster.find("rec-1")
    assert known is not None  # noqa: S101 - it was answered before
    port = server.sockets[0].getsockname()[1]
    through = _Through(peers.roster, port)
    async with Peers(through, NodesSettings(answer_s=5)).connect(  # type: ignore[arg-type]
        "rec-1", {"op": "footage", **question}
    ):
        pass
    server.close()
    return bytes(said), len(answered)


class _Through:
    """A roster in which the first node is reached through a tap."""

    def __init__(self, roster: Roster, port: int) -> None:
        self._roster, self._port = roster, port

    def find(self, name: str) -> object:
        known = self._roster.find(name)
        return known and type(known)(
            known.name, known.certificate, f"127.0.0.1:{self._port}", known.joined_at
        )

    def context(self, *, server: bool) -> ssl.SSLContext:
        return self._roster.context(server=server)


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            seen += data
            writer.write(data)
            await writer.drain()
    writer.close()


async def _replay(port: int, said: bytes) -> int:
    """Says the same bytes again; how many come back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = bytearray()
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(said)
        async with asyncio.timeout(QUIET_S):
            while data := await reader.read(65_536):
                heard += data
    writer.close()
    return len(heard)


async def _stay_silent(port: int) -> list[asyncio.StreamWriter]:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SILENT)]
    return [writer for _, writer in opened]


async def _until_open(port: int) -> None:
    began = time.monotonic()
    while time.monotonic() - began < READY_S:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.2)
        else:
            writer.close()
            return
    raise BenchStoppedError(problem="the door between nodes did not open")


def _second_file(folder: Path) -> Path:
    path = folder / "second.toml"
    path.write_text('[warroom]\nnode = "rec-2"\n\n[nodes]\nport = 1\naddress = "127.0.0.1:1"\n')
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
