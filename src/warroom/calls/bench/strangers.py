"""One call whose ports of sound a stranger finds: before the caller speaks, between, and after."""

import asyncio
import socket
import struct
from pathlib import Path
from typing import Any

from warroom.calls.bench.calls import HOST, Caller, sdp, socket_of
from warroom.calls.bench.edge import EchoLeg
from warroom.calls.edge.process import Edge
from warroom.calls.sealed_recordings import read_recording, sealer_of_recordings
from warroom.calls.settings import CallSettings, Trunk
from warroom.kernel.clock import SystemClock
from warroom.kernel.secrets import Sealer

STRANGER = "127.9.0.1"
FRAME_S = 0.02
_OF_CALLER, _OF_STRANGER = b"\x2a" * 152, b"\x66" * 160


class _Agent(EchoLeg):
    """Says what it hears back, whoever it is from."""

    def send(self, payload: bytes, rtp_time: int, source: int) -> None:
        if self.on_rtp is not None:
            self.on_rtp(payload, rtp_time, source)


async def attacked(folder: Path, packets: int) -> dict[str, Any]:
    """Takes one call and tells what became of the caller's packets and of the stranger's.

    Args:
        folder: For the recording.
        packets: How many the caller sends.
    """
    trunk = Trunk(name="bench", addresses=[HOST])
    sealer = Sealer(bytes(32))
    settings = CallSettings(port=0, trunks=[trunk], wrap_up_s=0.0, trunk_ask_s=0.0)
    edge = Edge(settings, sealer, folder, folder / "c.sock", SystemClock())
    await edge.start()
    caller, stranger = Caller(0, socket_of(), socket_of()), _socket_at(STRANGER)
    try:
        media = await _called(edge, caller)
        sent = await _speak(caller, stranger, media, packets)
        answered = len(_waiting(stranger))
        caller.sip.sendto(caller.request("BYE", 2), (HOST, _port(edge)))
        while edge.board.calls:  # noqa: ASYNC110 - rare and short
            await asyncio.sleep(0.02)
        while edge.board.books.journal.health.waiting:  # noqa: ASYNC110 - rare and short
            await asyncio.sleep(0.02)
        events = edge.board.books.journal.after(0, 1000)
        body = next(event.body for event in events if event.kind == "recorded")
        path = folder / "calls" / body["path"]
        sound = b"".join(read_recording(path, sealer_of_recordings(sealer)))[58:]
    finally:
        for wire in (caller.sip, caller.sound, stranger):
            wire.close()
        await edge.stop()
    return {
        "of_caller": sound[0::2].count(_OF_CALLER),
        "of_stranger": sum(sound[side::2].count(_OF_STRANGER) for side in (0, 1)),
        "answered": answered,
        "keys": sum(event.kind == "key" for event in events),
        "foreign": body["foreign"],
        "sent_by_stranger": sent,
    }


def _port(edge: Edge) -> int:
    return edge.board.stack.transports.ports["UDP"]


def _socket_at(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.setblocking(False)
    return made


def _waiting(wire: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(wire.recv(2048))
        except BlockingIOError:
            return found


async def _called(edge: Edge, caller: Caller) -> tuple[str, int]:
    board = edge.board
    await board.leg("a", _Agent())
    target = (HOST, _port(edge))
    caller.sip.sendto(caller.request("INVITE", 1, sdp(caller)), target)
    while not (call := next(iter(board.calls.values()), None)) or not call.rung:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    board.answer(call, "a")
    answers: list[bytes] = []
    while not answers:
        answers = [one for one in _waiting(caller.sip) if one[:11] == b"SIP/2.0 200"]
        await asyncio.sleep(0.01)
    lines = answers[0].decode().split("\r\n")
    caller.to = next(line[4:] for line in lines if line.startswith("To: "))
    caller.sip.sendto(caller.request("ACK", 1), target)
    return HOST, int(next(line for line in lines if line.startswith("m=audio ")).split()[1])


async def _speak(
    caller: Caller, stranger: socket.socket, media: tuple[str, int], packets: int
) -> int:
    """The caller's frames, each with a stranger's around it; how many the stranger sent."""
    sent = 0

    def intrude(kind: int, payload: bytes) -> None:
        nonlocal sent
        head = struct.pack("!BBHII", 0x80, kind, sent & 0xFFFF, 160 * sent, 666)
        stranger.sendto(head + payload, media)
        sent += 1

    for _ in range(20):
        # Before anybody spoke, in sequence, as a caller would.
        intrude(8, _OF_STRANGER)
        await asyncio.sleep(FRAME_S / 4)
    for number in range(packets):
        head = struct.pack("!BBHII", 0x80, 8, number, 160 * number, 7)
        caller.sound.sendto(head + struct.pack("!Q", number) + _OF_CALLER, media)
        intrude(8, _OF_STRANGER)
        if number % 10 == 0:
            intrude(101, b"\1\x0a\0\xa0")
        await asyncio.sleep(FRAME_S)
    return sent
