"""Transactions: what is repeated, until when, and what is answered again (RFC 3261 section 17).

With the corrections of RFC 6026: a success of an INVITE does not end its transaction at once, on
either side, so that a late duplicate opens no second call.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from warroom.calls.sip.message import Message, respond
from warroom.calls.sip.transport import Flow

type Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timers:
    """The timers of RFC 3261, table 4.

    Attributes:
        t1_s: Estimated round trip; all other times grow from it.
        t2_s: Longest pause between repeats.
        t4_s: Longest that a message stays in the network.
    """

    t1_s: float = 0.5
    t2_s: float = 4.0
    t4_s: float = 5.0

    @property
    def patience_s(self) -> float:
        """After so long a side that does not answer is given up (timers B, F, H, J, L, M)."""
        return 64 * self.t1_s


class State(Enum):
    """Where a transaction is."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class _Repeater:
    """Sends the same again and again, each pause twice the last."""

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._handle: asyncio.TimerHandle | None = None

    def start(self, pause_s: float, again: Callable[[], None]) -> None:
        self.stop()
        loop = asyncio.get_running_loop()
        self._handle = loop.call_later(pause_s, self._fire, pause_s, again)

    def _fire(self, pause_s: float, again: Callable[[], None]) -> None:
        again()
        if self._handle is not None:
            self.start(min(pause_s * 2, self._most_s), again)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class ServerTransaction:
    """One request of the other side, and our answers (17.2).

    Args:
        key: Its place in the stack's table.
        request: What was asked.
        flow: The way back.
        timers: How long.
        forget: Takes it out of the table.
    """

    def __init__(
        self,
        key: Key,
        request: Message,
        flow: Flow,
        timers: Timers,
        forget: Callable[["ServerTransaction"], None],
    ) -> None:
        self.key, self.request, self.flow = key, request, flow
        self.state = State.TRYING
        self.on_unacknowledged: Callable[[], None] | None = None
        self.resent = 0
        self._timers, self._forget = timers, forget
        self._last = b""
        self._repeater = _Repeater(timers.t2_s)
        self._end: asyncio.TimerHandle | None = None

    @property
    def is_invite(self) -> bool:
        """Whether it is an INVITE, whose answer is acknowledged."""
        return self.request.method == "INVITE"

    @property
    def is_final(self) -> bool:
        """Whether its final answer was sent."""
        return self.state not in (State.TRYING, State.PROCEEDING)

    def respond(self, answer: Message) -> bool:
        """Sends an answer; after the final one nothing more is sent.

        Returns:
            Whether it was sent.
        """
        if self.is_final:
            return False
        self._last = answer.to_bytes()
        self.flow.send(self._last)
        if answer.status < 200:
            self.state = State.PROCEEDING
            return True
        is_success = answer.status < 300
        self.state = State.ACCEPTED if self.is_invite and is_success else State.COMPLETED
        # A success is repeated on streams too: its ACK comes end to end (13.3.1.4).
        if self.is_invite and (is_success or not self.flow.is_reliable):
            self._repeater.start(self._timers.t1_s, self._send_again)
        waits = self.is_invite or not self.flow.is_reliable
        self._end_in(self._timers.patience_s if waits else 0, self._give_up)
        return True

    def receive_again(self) -> None:
        """The other side did not hear us: answers again what was answered last."""
        if self._last and self.state is not State.CONFIRMED:
            self._send_again()

    def acknowledge(self) -> None:
        """An ACK in this transaction: the other side knows that it was refused."""
        if self.state is State.COMPLETED:
            self.state = State.CONFIRMED
            self._repeater.stop()
            self._end_in(0 if self.flow.is_reliable else self._timers.t4_s, self.end)

    def acknowledge_success(self) -> None:
        """The ACK of a success, as the dialog recognises it; repeats are known a while longer."""
        if self.state is State.ACCEPTED:
            self._repeater.stop()
            self._end_in(self._timers.patience_s, self.end)

    def end(self) -> None:
        """Forgets it."""
        self.state = State.ENDED
        self._repeater.stop()
        if self._end is not None:
            self._end.cancel()
        self._forget(self)

    def _send_again(self) -> None:
        self.resent += 1
        self.flow.send(self._last)

    def _end_in(self, seconds: float, then: Callable[[], None]) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(seconds, then)

    def _give_up(self) -> None:
        was_accepted = self.state is State.ACCEPTED
        self.end()
        if was_accepted and self.on_unacknowledged is not None:
            self.on_unacknowledged()


class ClientTransaction:
    """One request of ours, and the answers of the other side (17.1).

    Args:
        request: What we ask, with its Via.
        flow: The way there.
        timers: How long.
        on_answer: Takes each answer once, and each repeat of a success (its ACK was lost). If none
            comes, it is given a 408; if the way closes, a 503.
        forget: Takes it out of the table.
    """

    def __init__(
        self,
        request: Message,
        flow: Flow,
        timers: Timers,
        on_answer: Callable[[Message], None],
        forget: Callable[["ClientTransaction"], None],
    ) -> None:
        self.request, self.flow, self.state = request, flow, State.TRYING
        self.resent = 0
        self._timers, self._on_answer, self._forget = timers, on_answer, forget
        self._wire = request.to_bytes()
        # Only an INVITE is repeated without a longest pause (timer A).
        self._repeater = _Repeater(timers.patience_s if self.is_invite else timers.t2_s)
        self._end: asyncio.TimerHandle | None = None

    @property
    def is_invite(self) -> bool:
        """Whether it is an INVITE, which may ring for as long as it likes."""
        return self.request.method == "INVITE"

    @property
    def key(self) -> Key:
        """Its place in the stack's table (17.1.3)."""
        return (self.request.via.branch, self.request.method)

    def start(self) -> None:
        """Sends it for the first time."""
        loop = asyncio.get_running_loop()
        if self.flow.is_closed:
            loop.call_soon(self._fail, 503)
            return
        self.flow.send(self._wire)
        if not self.flow.is_reliable:
            self._repeater.start(self._timers.t1_s, self._send_again)
        self._end = loop.call_later(self._timers.patience_s, self._fail, 408)

    def receive(self, answer: Message) -> None:
        """Takes an answer."""
        if answer.status < 200:
            self._provisional(answer)
        elif self.state in (State.TRYING, State.PROCEEDING):
            self._final(answer)
        elif self.is_invite and answer.status < 300 and self.state is State.ACCEPTED:
            self._on_answer(answer)
        elif self.is_invite and self.state is State.COMPLETED:
            self._acknowledge(answer)

    def _provisional(self, answer: Message) -> None:
        if self.state not in (State.TRYING, State.PROCEEDING):
            return
        self.state = State.PROCEEDING
        if self.is_invite:
            self._repeater.stop()
            if self._end is not None:
                self._end.cancel()
        self._on_answer(answer)

    def _final(self, answer: Message) -> None:
        self._repeater.stop()
        if self._end is not None:
            self._end.cancel()
        loop = asyncio.get_running_loop()
        is_success = answer.status < 300
        self.state = State.ACCEPTED if self.is_invite and is_success else State.COMPLETED
        waits_s = self._timers.patience_s if self.is_invite else self._timers.t4_s
        if self.flow.is_reliable and not (self.is_invite and is_success):
            waits_s = 0
        if self.is_invite and not is_success:
            self._acknowledge(answer)
        self._end = loop.call_later(waits_s, self.end)
        self._on_answer(answer)

    def _acknowledge(self, answer: Message) -> None:
        """The ACK of a refusal goes hop by hop, in this transaction (17.1.1.3)."""
        kept = [
            (name, value)
            for name, value in self.request.headers
            if name in ("from", "call-id", "route", "max-forwards")
        ]
        number = self.request.cseq[0]
        acknowledgement = Message(
            method="ACK",
            uri=self.request.uri,
            headers=[
                ("via", self.request.get("via")),
                *kept,
                ("to", answer.get("to")),
                ("cseq", f"{number} ACK"),
            ],
        )
        self.flow.send(acknowledgement.to_bytes())

    def _send_again(self) -> None:
        self.resent += 1
        self.flow.send(self._wire)

    def _fail(self, status: int) -> None:
        if self.state in (State.TRYING, State.PROCEEDING):
            self.end()
            self._on_answer(respond(self.request, status))

    def end(self) -> None:
        """Forgets it."""
        self.state = State.ENDED
        self._repeater.stop()
        if self._end is not None:
            self._end.cancel()
        self._forget(self)
