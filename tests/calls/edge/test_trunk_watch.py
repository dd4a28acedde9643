"""Claims about trunks that are away: known before somebody needs them, and passed over soon."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calls.edge.room import HOST, Room, opened, trunk
from tests.calls.telephone import Telephone

NUMBER = "0411123456"


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind((HOST, 0))
        yield bound.getsockname()[1]


def presence(room: Room) -> dict[str, bool | None]:
    trunks = room.edge.desk.snapshot()["trunks"]
    return {one["name"]: one["is_there"] for one in trunks}


async def connected(room: Room, caller: Telephone) -> str:
    """A call that an agent has; its id."""
    await room.agent("a1")
    caller.call((HOST, room.port))
    await room.until(lambda: any(call.agent for call in room.board.calls.values()))
    return room.only_call().id


async def test_nothing_is_said_of_a_trunk_that_was_never_asked(tmp_path: Path, silent: int) -> None:
    async with opened(tmp_path, trunks=[trunk(silent, "a")]) as room:
        assert {"a": None} == presence(room)


async def test_each_is_asked_and_whatever_it_answers_it_is_there(
    tmp_path: Path, silent: int
) -> None:
    with Telephone(700.0, NUMBER) as good:
        lines = [trunk(silent, "a"), trunk(good.port, "b")]
        async with opened(tmp_path, trunks=lines, trunk_answer_s=0.3) as room:
            await room.edge.desk.trunks.ask()

            assert {"a": False, "b": True} == presence(room)
            told = room.edge.desk.snapshot()["trunks"]
            assert all(0 < one["since_ms"] <= one["asked_ms"] for one in told)


async def test_they_are_asked_without_being_told_to(tmp_path: Path) -> None:
    with Telephone(700.0, NUMBER) as good:
        lines = [trunk(good.port, "b")]
        async with opened(tmp_path, trunks=lines, trunk_ask_s=0.05) as room:
            await room.until(lambda: presence(room)["b"])
            first = room.edge.desk.snapshot()["trunks"][0]
            await room.until(
                lambda: room.edge.desk.snapshot()["trunks"][0]["asked_ms"] > first["asked_ms"]
            )
            assert first["since_ms"] == room.edge.desk.snapshot()["trunks"][0]["since_ms"]


async def test_one_that_is_away_is_tried_last_and_first_again_once_it_is_back(
    tmp_path: Path, silent: int
) -> None:
    with Telephone(700.0, NUMBER) as good:
        lines = [trunk(silent, "a"), trunk(good.port, "b")]
        async with opened(tmp_path, trunks=lines, trunk_answer_s=0.3) as room:
            watch = room.edge.desk.trunks
            names = [line.trunk.name for line in watch.in_order()]
            await watch.ask()
            then = [line.trunk.name for line in watch.in_order()]
            watch.learn(next(iter(watch.in_order()[1:])), is_there=True)
            back = [line.trunk.name for line in watch.in_order()]

    assert (["a", "b"], ["b", "a"], ["a", "b"]) == (names, then, back)


async def test_a_third_party_comes_over_the_second_trunk_while_the_first_says_nothing(
    tmp_path: Path, silent: int
) -> None:
    with Telephone(700.0, "081155501") as caller, Telephone(950.0, NUMBER) as third:
        lines = [trunk(silent, "a"), trunk(third.port, "b")]
        async with opened(tmp_path, trunks=lines, trunk_answer_s=0.3) as room:
            call = await connected(room, caller)
            # RFC 3261 would wait 32 s (timer B) with a caller on the line.
            async with asyncio.timeout(20):
                party = await room.edge.desk.conference(call, "a1", NUMBER)

            assert "third 1" == party
            assert 1 == third.calls_taken
            assert {"a": False, "b": True} == presence(room)


async def test_a_number_that_only_rings_is_not_the_fault_of_its_trunk(tmp_path: Path) -> None:
    with RingingTrunk() as ringing, Telephone(700.0, "081155501") as caller:
        lines = [trunk(ringing.port, "a")]
        times = {"trunk_answer_s": 0.3, "outgoing_ring_s": 0.8}
        async with opened(tmp_path, trunks=lines, **times) as room:
            call = await connected(room, caller)

            assert "" == await room.edge.desk.conference(call, "a1", NUMBER)

            assert {"a": True} == presence(room)
            await room.until_written("transfer_failed")
            assert 480 == room.body("transfer_failed")["status"]


class RingingTrunk:
    """Answers each INVITE with 180, and what takes it back as it must be."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HOST, 0))
        self.port: int = self._socket.getsockname()[1]
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> "RingingTrunk":
        self._socket.setblocking(False)
        self._task = asyncio.ensure_future(self._run())
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
        self._socket.close()

    async def _run(self) -> None:
        loop, invite = asyncio.get_running_loop(), ""
        while True:
            data, peer = await loop.sock_recvfrom(self._socket, 65_536)
            message = data.decode()
            if message.startswith("INVITE "):
                invite = message
                await loop.sock_sendto(self._socket, _answer("180 Ringing", message), peer)
            elif message.startswith("CANCEL "):
                await loop.sock_sendto(self._socket, _answer("200 OK", message), peer)
                await loop.sock_sendto(self._socket, _answer("487 Terminated", invite), peer)


def _answer(status: str, message: str) -> bytes:
    """An answer with what must be given back."""
    kept = [
        f"{line};tag=r" if line.lower().startswith("to:") else line
        for line in message.partition("\r\n\r\n")[0].split("\r\n")[1:]
        if line.partition(":")[0].strip().lower() in ("via", "from", "to", "call-id", "cseq")
    ]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]).encode()
