"""The socket at which `serve` commands the edge and hears what happens.

One JSON object a line. A question has `id` and `op` and gets one answer with the same `id`; after
`follow` lines with `event` come as well, from the event that was asked for, without a gap.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from warroom.calls.contracts import AgentLeg
from warroom.calls.edge.agents import Who
from warroom.calls.edge.desk import Desk
from warroom.calls.edge.journal import Event
from warroom.calls.edge.switchboard import Switchboard
from warroom.calls.edge.unclosed import SINCE_S, queue_of
from warroom.calls.errors import CommandError
from warroom.kernel.errors import WarRoomError
from warroom.kernel.log import logger

LINE_MAX_BYTES = 2_000_000
UNSENT_MAX_BYTES = 8_000_000

_log = logger("calls.control")

type Arguments = dict[str, Any]


class Control:
    """Answers questions and tells events.

    Args:
        path: Of the socket.
        board: The room.
        desk: Its commands.
        new_leg: Makes a browser's leg.
    """

    def __init__(
        self, path: Path, board: Switchboard, desk: Desk, new_leg: Callable[[], AgentLeg]
    ) -> None:
        self._path, self._board, self._desk, self._new_leg = path, board, desk, new_leg
        self._server: asyncio.Server | None = None
        self._written = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._commands: dict[str, Callable[[Arguments], Awaitable[Any]]] = {
            "answer": lambda a: desk.answer(a["call"], a["agent"]),
            "hold": lambda a: desk.hold(a["call"], a["agent"]),
            "resume": lambda a: desk.resume(a["call"], a["agent"]),
            "hang_up": lambda a: desk.hang_up(a["call"], a["agent"]),
            "key": lambda a: desk.key(a["call"], a["agent"], a["key"]),
            "replay": lambda a: desk.replay(a["call"], float(a["seconds"])),
            "conference": lambda a: desk.conference(a["call"], a["agent"], a["number"]),
            "transfer": lambda a: desk.transfer(a["call"], a["agent"], a["number"]),
            "hand_to": lambda a: desk.hand_to(a["call"], a["agent"], a["to"]),
            "defer": lambda a: desk.defer(a["call"], float(a["seconds"])),
            "leave": lambda a: desk.leave(a["call"], a["agent"]),
            "drop": lambda a: desk.drop(a["call"], a["agent"], a["party"]),
            "watch": lambda a: desk.watch(a["call"], a["agent"], a["way"]),
            "close": lambda a: desk.close(a["call"], a["agent"], a["call_class"]),
            "call_back": lambda a: desk.call_back(a["call"], a["agent"]),
            "leg": self._leg,
            "sign_in": self._sign_in,
            "sign_out": self._sign_out,
            "pause": self._pause,
            "snapshot": self._snapshot,
            "unclosed": self._unclosed,
            "health": self._health,
            "stored": self._stored,
        }

    async def start(self) -> None:
        """Opens the socket."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, str(self._path), limit=LINE_MAX_BYTES
        )
        self._path.chmod(0o600)

    async def stop(self) -> None:
        """Closes it."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        self._path.unlink(missing_ok=True)

    def written(self, _: list[Event]) -> None:
        """Events are on the disk: those who follow are told."""
        self._written.set()
        self._written = asyncio.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: set[asyncio.Task[None]] = set()
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                task = asyncio.ensure_future(self._reply(line, writer))
                for tasks in (mine, self._tasks):
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
        for task in list(mine):
            task.cancel()
        writer.close()

    async def _reply(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        number: Any = None
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
            number, op = asked.get("id"), asked.get("op")
            if op == "follow":
                await self._follow(int(asked["after"]), writer)
                return
            command = self._commands[str(op)]
            answer: dict[str, Any] = {"result": await command(asked)}
        except WarRoomError as error:
            answer = {"error": error.code, "params": error.params}
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
            answer = {"error": CommandError.code, "params": {}}
        except Exception:  # noqa: BLE001 - the border to `serve`: who asked must not wait for nothing
            _log.exception("calls.command_failed")
            answer = {"error": CommandError.code, "params": {}}
        _send(writer, {"id": number, **answer})

    async def _follow(self, after: int, writer: asyncio.StreamWriter) -> None:
        journal = self._board.books.journal
        _send(writer, {"journal": journal.identity, "newest": journal.newest})
        while not writer.is_closing():
            woken = self._written
            events = await asyncio.to_thread(journal.after, after)
            if not events:
                await woken.wait()
                continue
            for event in events:
                _send(writer, {"event": event})
            after = events[-1].seq
            await writer.drain()

    async def _leg(self, asked: Arguments) -> str:
        leg = self._new_leg()
        answer = await leg.answer(asked["offer"])
        who = Who(*(str(asked.get(word, "")) for word in ("session", "label", "agency")))
        await self._board.leg(asked["agent"], leg, who)
        return answer

    async def _sign_in(self, asked: Arguments) -> None:
        self._board.agents.sign_in(asked["agent"])

    async def _sign_out(self, asked: Arguments) -> None:
        agent = self._board.agents.sign_out(asked["agent"])
        if agent is not None and agent.leg is not None:
            await agent.leg.close()

    async def _pause(self, asked: Arguments) -> None:
        self._board.agents.sign_in(asked["agent"]).is_paused = bool(asked["on"])

    async def _snapshot(self, _: Arguments) -> dict[str, Any]:
        return self._desk.snapshot()

    async def _unclosed(self, _: Arguments) -> list[dict[str, Any]]:
        since_ms = self._board.now_ms() - int(SINCE_S * 1000)
        calls = await asyncio.to_thread(self._board.books.journal.open_calls, since_ms)
        return queue_of(list(calls.values()))

    async def _stored(self, asked: Arguments) -> None:
        self._board.books.journal.set_mark("forwarded", int(asked["seq"]))

    async def _health(self, _: Arguments) -> dict[str, Any]:
        board = self._board
        counts, journal = board.stack.counts, board.books.journal
        transports = board.stack.transports
        unread, of_strangers_unread = transports.unread()
        return {
            "calls": len(board.calls),
            "agents": sum(agent.is_there for agent in board.agents),
            "journal_waiting": journal.health.waiting,
            "journal_problem": journal.health.problem,
            "journal": journal.identity,
            "newest": journal.newest,
            "sip": {
                name: getattr(counts, name)
                for name in ("received", "refused", "repeated", "limited", "resent", "failed")
            }
            | {
                "unread": unread,
                "strangers": transports.strangers.seen + of_strangers_unread,
                "strangers_refused": transports.strangers.refused,
                "strangers_connected": transports.strangers.connected,
                "strangers_sorted": transports.is_sorted,
            },
            "worst_late_ms": round(board.worst_late_s * 1000, 1),
        }


def _send(writer: asyncio.StreamWriter, words: dict[str, Any]) -> None:
    """Writes one line; who does not read is cut off."""
    if writer.is_closing():
        return
    writer.write(msgspec.json.encode(words) + b"\n")
    if writer.transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
        _log.warning("calls.follower_too_slow")
        writer.transport.abort()
