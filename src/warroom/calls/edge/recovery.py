"""The beginning of a process: goes on with the calls of one that died, whatever became of them."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warroom.calls.audio.recorder import TwoChannelRecorder
from warroom.calls.edge.call import Call, Facts
from warroom.calls.edge.media import Media
from warroom.calls.edge.switchboard import Loose, Switchboard
from warroom.calls.errors import CallStateError
from warroom.calls.rules import CallState, state_of
from warroom.calls.sealed_recordings import close_left, list_recordings, seal_recording
from warroom.calls.sip.fields import MalformedError
from warroom.kernel.log import logger

_log = logger("calls.recovery")

PORT_TRIES, PORT_PAUSE_S = 10, 0.02
_UNREADABLE = (CallStateError, ValueError)
"""What events that do not follow one another are told by."""

_UNFINISHED = frozenset(
    {
        CallState.OFFERED,
        CallState.RINGING,
        CallState.ANSWERED,
        CallState.HELD,
        CallState.CONFERENCED,
        CallState.TRANSFERRED,
    }
)


class Recovery:
    """What a process does before it rings for the first time.

    Args:
        board: Its room, which listens already.
    """

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._before: list[Path] = []

    async def run(self) -> None:
        """Goes on with every call that still stands: their callers hear nothing meanwhile."""
        board = self._board
        for name, kept in board.books.files.load().items():
            try:
                await self._resume(kept)
            except (*_UNREADABLE, OSError, KeyError, TypeError, MalformedError) as error:
                _log.error("calls.not_resumed", call=name, problem=type(error).__name__)
                board.books.files.remove(name)
        # Those that are there before the first call rings are nobody's to write any more.
        folder = board.folder / "recordings"
        self._before = await asyncio.to_thread(list_recordings, folder, tuple(board.calls))

    async def seal(self) -> None:
        """Seals what an older version, or a process that died, left plain."""
        for path in self._before:
            await asyncio.to_thread(seal_recording, path, self._board.books.sealer)
        self._before.clear()

    async def collect(self) -> None:
        """Reads what is over and not closed, months of it perhaps; writes off what just ended."""
        board = self._board
        for call, events in (await asyncio.to_thread(board.books.journal.open_calls)).items():
            if call in board.calls or call in board.loose:
                continue
            facts = events[0].body
            try:
                state = state_of(event.kind for event in events)
            except _UNREADABLE as error:
                # Of another version, perhaps: it stays in the journal, and all others go on.
                _log.error("calls.not_read", call=call, problem=type(error).__name__)
                continue
            tries = sum(event.kind == "not_reached" for event in events)
            loose = Loose(state, facts.get("number", ""), facts.get("line", ""), tries)
            board.loose[call] = loose
            if state in _UNFINISHED:
                self._write_off(call, loose)

    async def _resume(self, state: dict[str, Any]) -> None:
        board = self._board
        facts = Facts(**state["facts"])
        # The port went on since this was kept, first in the process that died, then in nobody.
        gone_s = max(0.0, (board.now_ms() - state["at_ms"]) / 1000)
        port = board.new_port()
        await _once_free(port.resume, board.settings.host, state["port"], gone_s)
        path = board.folder / state["recording"]
        recorder = (
            TwoChannelRecorder.reopen(path, state["recorder"], board.clock)
            if state["recorder"]
            else board.new_recorder(path)
        )
        # A connection is gone with the process: the trunk opens another, by which it then goes on.
        host, port_there = state["session"]["peer"]
        session = board.user.restore(
            state["session"], board.stack.transports.udp((host, port_there))
        )
        media = Media(port, recorder, board.clock.monotonic, waiting=board.waiting_sound)
        media.is_up, media.is_held = state["is_up"], state["is_held"]
        networks = board.trunks.media_networks(facts.line)
        call = Call(facts, board.books, session, media, state["recording"], networks=networks)
        call.answered, call.agent, call.keys = state["answered"], state["agent"], state["keys"]
        events = board.books.journal.of_call(call.id)
        if not events:
            raise KeyError(call.id)
        call.state = state_of(event.kind for event in events)
        if call.answered:
            media.waiting = ()
        call.lost_at = board.clock.monotonic() if call.agent else None
        board.join(call)
        silent_ms = board.now_ms() - (board.books.files.last_beat_ms() or state["at_ms"])
        call.log("gap", seconds=round(max(0, silent_ms) / 1000, 3))
        # The line of a third party is gone with the process: who was handed on to it waits again.
        if call.state is CallState.CONFERENCED:
            call.log("parted", reason="edge_gone")
        elif call.state is CallState.TRANSFERRED:
            call.log("transfer_failed", reason="edge_gone")
        if session.is_early:
            board.announce(call)
        call.save()

    def _write_off(self, name: str, loose: Loose) -> None:
        """A call that ended while no edge ran: it is written down as such, with its recording."""
        board = self._board
        events = board.books.journal.of_call(name)
        was_answered = any(event.kind == "answered" for event in events)
        kind = "ended" if was_answered else "abandoned"
        append = board.books.journal.append
        append(name, kind, reason="edge_gone")
        loose.state = CallState.WRAP_UP if was_answered else CallState.ABANDONED
        if not was_answered and loose.number:
            append(name, "callback_due")
            loose.state = CallState.CALLBACK_DUE
        day = datetime.fromtimestamp(events[0].at_ms / 1000, UTC).strftime("%Y-%m-%d")
        path = Path("recordings") / day / f"{name}.wav"
        try:
            found = close_left(board.folder / path, board.books.sealer)
        except (OSError, ValueError) as error:
            append(name, "recorded", path=str(path), sha256="", failed=type(error).__name__)
            return
        append(
            name,
            "recorded",
            path=str(path),
            sha256=found.sha256,
            duration_s=round(found.duration_s, 3),
        )


async def _once_free(resume: Callable[..., Awaitable[None]], *words: Any) -> None:
    """Takes a port over; the process that died may need a moment more to let go of it.

    Raises:
        OSError: It is taken by somebody else.
    """
    for left in reversed(range(PORT_TRIES)):
        try:
            await resume(*words)
            break
        except OSError as error:
            if not left or error.errno != errno.EADDRINUSE:
                raise
        await asyncio.sleep(PORT_PAUSE_S)
