"""Claims about wires that are bad or secret: lost datagrams, and TLS."""

import asyncio
import random
import ssl
import struct
import subprocess
from pathlib import Path

import pytest

from tests.calls.edge.room import HOST, opened
from tests.calls.edge.scenarios import needs_sipp
from tests.calls.sip.lines import SDP
from warroom.calls.sip.message import parse
from warroom.calls.sip.transport import Framer

SHARE = 0.3


class Side(asyncio.DatagramProtocol):
    def __init__(self, take) -> None:  # type: ignore[no-untyped-def]
        self.take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.take(data, addr)


class Lossy:
    """Carries datagrams to the edge and back, and loses a share of them (seeded)."""

    def __init__(self, target: int) -> None:
        self.target, self.choice = target, random.Random(3261)
        self.ways: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self.making = asyncio.Lock()
        self.lost = 0

    async def open(self) -> int:
        loop = asyncio.get_running_loop()
        self.down, _ = await loop.create_datagram_endpoint(
            lambda: Side(self._up), local_addr=(HOST, 0)
        )
        return int(self.down.get_extra_info("sockname")[1])

    def _loses(self) -> bool:
        is_lost = self.choice.random() < SHARE
        self.lost += is_lost
        return is_lost

    def _up(self, data: bytes, peer: tuple[str, int]) -> None:
        if not self._loses():
            self.task = asyncio.ensure_future(self._carry(data, peer))

    async def _carry(self, data: bytes, peer: tuple[str, int]) -> None:
        # One way for each: of two that are made at once one would stay open.
        async with self.making:
            if peer not in self.ways:
                self.ways[peer], _ = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: Side(lambda back, _: self._loses() or self.down.sendto(back, peer)),
                    remote_addr=(HOST, self.target),
                )
        self.ways[peer].sendto(data)

    def close(self) -> None:
        for way in [self.down, *self.ways.values()]:
            way.close()


async def call_through_loss(tmp_path: Path, count: int) -> None:
    async with opened(tmp_path) as room:
        for number in range(count):
            await room.agent(f"a{number}")
        lossy = Lossy(room.port)
        port = await lossy.open()
        try:
            assert 0 == await room.sipp("short", count=count, port=port), room.errors
        finally:
            lossy.close()
        await room.until_written("recorded", count)

        assert count == room.kinds().count("offered")
        assert count == room.kinds().count("answered")
        assert lossy.lost


@needs_sipp
async def test_calls_are_taken_though_a_third_of_the_datagrams_is_lost(tmp_path: Path) -> None:
    await call_through_loss(tmp_path, 3)


@needs_sipp
@pytest.mark.nightly
async def test_twenty_calls_are_taken_though_a_third_of_the_datagrams_is_lost(
    tmp_path: Path,
) -> None:
    await call_through_loss(tmp_path, 20)


def certificate(folder: Path) -> tuple[str, str]:
    key, chain = folder / "key.pem", folder / "chain.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    return str(chain), str(key)


def asks(method: str, number: int, to: str, body: str = "") -> bytes:
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{method} sip:112@{HOST} SIP/2.0\r\nVia: SIP/2.0/TLS {HOST}:5;branch=z9hG4bK{method}\r\n"
        f"From: <sip:0811@b>;tag=1\r\nTo: {to}\r\nCall-ID: tls1\r\nCSeq: {number} {method}\r\n"
        f"Contact: <sip:a@{HOST}>\r\nMax-Forwards: 70\r\n{kind}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def test_a_whole_call_goes_over_tls(tmp_path: Path) -> None:
    chain, key = certificate(tmp_path)
    async with opened(tmp_path, tls_certificate=chain, tls_key=key, tls_port=0) as room:
        await room.agent("a1")
        context = ssl.create_default_context(cafile=chain)
        context.check_hostname = False
        port = room.board.stack.transports.ports["TLS"]
        reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
        framer, got = Framer(), []

        async def until(status: int) -> None:
            while status not in [message.status for message in got]:
                got.extend(parse(wire) for wire in framer.feed(await reader.read(9000)))

        loop = asyncio.get_running_loop()
        sound, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(HOST, 0)
        )
        ours = sound.get_extra_info("sockname")[1]
        writer.write(asks("INVITE", 1, "<sip:112@b>", SDP.replace("40000", str(ours))))
        await until(200)
        taken = next(message for message in got if message.status == 200)
        writer.write(asks("ACK", 1, taken.get("to")))
        theirs = int(taken.body.decode().split("m=audio ")[1].split()[0])
        for number in range(25):
            packet = struct.pack("!BBHII", 0x80, 0, number, 160 * number, 9) + b"\x55" * 160
            sound.sendto(packet, (HOST, theirs))
            await asyncio.sleep(0.02)
        got.clear()
        writer.write(asks("BYE", 2, taken.get("to")))
        await until(200)
        await room.until_written("recorded")

        assert 25 == room.body("recorded")["received"]
        version = writer.get_extra_info("ssl_object").version()
        assert "TLSv1.3" == version
        writer.close()
        sound.close()
