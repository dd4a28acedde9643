"""From bytes to transactions and back: what is refused, what is a repeat, whose answer it is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from warroom.calls.sip.admission import Gate
from warroom.calls.sip.limits import RateLimit
from warroom.calls.sip.message import Message, RefusedError, new_tag, parse, respond
from warroom.calls.sip.transaction import ClientTransaction, Key, ServerTransaction, State, Timers
from warroom.calls.sip.transport import Flow, Transports, UdpFlow
from warroom.kernel.log import logger

TRANSACTIONS_MOST = 10_000
HELD_MOST = 1_000
STRANGERS_PER_S, STRANGERS_BURST = 20.0, 40
"""Messages of all strangers together, where an open door lets them in."""

PORT = 5060
COOKIE = "z9hG4bK"
"""What the branch of a sender that follows RFC 3261 begins with (8.1.1.7)."""

_log = logger("calls.sip")


class User(Protocol):
    """Who uses the stack: `agent.UserAgent`."""

    def on_request(self, request: Message, transaction: ServerTransaction) -> None:
        """A new request."""
        ...

    def on_acknowledge(self, request: Message) -> None:
        """The ACK of a success."""
        ...


@dataclass(slots=True)
class Counts:
    """What came and went since the start.

    Attributes:
        received: Messages taken from the network.
        refused: Malformed ones, answered or dropped.
        repeated: Requests that had come before.
        limited: Dropped because their sender asks too much.
        stray: Answers to nothing that we asked.
        resent: What we repeated.
        failed: Messages at which our own code failed; each is logged.
    """

    received: int = 0
    refused: int = 0
    repeated: int = 0
    limited: int = 0
    stray: int = 0
    resent: int = 0
    failed: int = 0


class Stack:
    """SIP on our sockets, for one user.

    Args:
        user: Who takes requests.
        timers: How long.
        limit: How much one sender may ask for; None for no limit.
        host: What we call ourselves in Via.
        gate: Who may send; None for everybody.
        strangers: How much all may ask for together whom the gate does not know.
    """

    def __init__(
        self,
        user: User,
        timers: Timers,
        limit: RateLimit | None = None,
        host: str = "127.0.0.1",
        gate: Gate | None = None,
        strangers: RateLimit | None = None,
    ) -> None:
        self._user, self.timers, self._limit, self.host = user, timers, limit, host
        self._strangers = strangers
        self.transports = Transports(self.receive, gate)
        self.counts = Counts()
        self._served: dict[Key, ServerTransaction] = {}
        self._asked: dict[Key, ClientTransaction] = {}
        self._held: list[tuple[bytes, Flow]] | None = None

    def hold(self) -> None:
        """Keeps what comes until `release`: sessions of a process that died are not back yet."""
        self._held = []

    def release(self) -> None:
        """Takes what came meanwhile, and from now on all else."""
        held, self._held = self._held or [], None
        for wire, flow in held:
            self.receive(wire, flow)

    def __len__(self) -> int:
        return len(self._served) + len(self._asked)

    def receive(self, wire: bytes, flow: Flow) -> None:
        """Takes one message from the network; never raises."""
        if self._held is not None:
            if len(self._held) < HELD_MOST:
                self._held.append((wire, flow))
            return
        self.counts.received += 1
        limit, sender = self._limit, flow.peer[0]
        if not flow.is_known:
            limit, sender = self._strangers, ""
        if limit is not None and not limit.allows(sender):
            self.counts.limited += 1
            return
        try:
            self._receive(wire, flow)
        except Exception:  # noqa: BLE001 - see below
            # The border to the network: whatever one message does must not end other calls.
            self.counts.failed += 1
            _log.exception("calls.message_failed", transport=flow.transport)

    def _receive(self, wire: bytes, flow: Flow) -> None:
        try:
            message = parse(wire, is_stream=flow.is_reliable)
        except RefusedError as error:
            self._refuse(error, flow)
            return
        if message.is_request:
            self._take_request(message, flow)
            return
        transaction = self._asked.get((message.via.branch, message.cseq[1]))
        if transaction is None:
            self.counts.stray += 1
        else:
            transaction.receive(message)

    def _refuse(self, error: RefusedError, flow: Flow) -> None:
        self.counts.refused += 1
        if error.message is not None and error.is_answerable:
            answer = respond(error.message, error.status, tag=new_tag(), reason=error.reason)
            flow.send(answer.to_bytes())

    def _take_request(self, request: Message, flow: Flow) -> None:
        via = request.via
        request.replace("via", str(via.seen_from(*flow.peer)))
        key = _key(request, "INVITE" if request.method == "ACK" else request.method)
        known = self._served.get(key)
        if known is not None:
            self._take_again(request, known)
        elif request.method == "ACK":
            self._user.on_acknowledge(request)
        elif len(self._served) >= TRANSACTIONS_MOST:
            self.counts.limited += 1
        else:
            if "rport" not in via.params and isinstance(flow, UdpFlow):
                # Without rport the answer goes to the port that Via names (18.2.2).
                flow = self.transports.udp((flow.peer[0], via.port or PORT))
            made = ServerTransaction(key, request, flow, self.timers, self._forget_served)
            self._served[key] = made
            self._hand_on(request, made)

    def _hand_on(self, request: Message, made: ServerTransaction) -> None:
        try:
            self._user.on_request(request, made)
        except BaseException:
            made.respond(respond(request, 500, tag=new_tag()))
            raise

    def _take_again(self, request: Message, known: ServerTransaction) -> None:
        if request.method != "ACK":
            self.counts.repeated += 1
            known.receive_again()
        elif known.state is State.ACCEPTED:
            # A sender that acknowledges a success in the branch of the INVITE.
            self._user.on_acknowledge(request)
        else:
            known.acknowledge()

    def _forget_served(self, transaction: ServerTransaction) -> None:
        self.counts.resent += transaction.resent
        self._served.pop(transaction.key, None)

    def _forget_asked(self, transaction: ClientTransaction) -> None:
        self.counts.resent += transaction.resent
        self._asked.pop(transaction.key, None)

    def adopt(self, request: Message, flow: Flow) -> ServerTransaction:
        """An INVITE that another process took and did not answer: repeats find it here."""
        made = ServerTransaction(
            _key(request, request.method), request, flow, self.timers, self._forget_served
        )
        self._served[made.key] = made
        return made

    def find_invite(self, cancel: Message) -> ServerTransaction | None:
        """The INVITE that a CANCEL means (9.2)."""
        return self._served.get(_key(cancel, "INVITE"))

    def via(self, flow: Flow, branch: str = "") -> str:
        """Our Via for a request over this flow."""
        port = self.transports.ports.get(flow.transport, PORT)
        host = f"[{self.host}]" if ":" in self.host else self.host
        branch = branch or COOKIE + new_tag()
        return f"SIP/2.0/{flow.transport} {host}:{port};branch={branch};rport"

    def ask(
        self, request: Message, flow: Flow, on_answer: Callable[[Message], None]
    ) -> ClientTransaction:
        """Sends a request in a transaction of its own; see `ClientTransaction`."""
        if not request.get("via"):
            request.headers.insert(0, ("via", self.via(flow)))
        made = ClientTransaction(request, flow, self.timers, on_answer, self._forget_asked)
        self._asked[made.key] = made
        made.start()
        return made

    async def request(self, request: Message, flow: Flow) -> Message:
        """Sends a request that is no INVITE; its final answer, or a 408 or 503 made here."""
        final: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def take(answer: Message) -> None:
            if answer.status >= 200 and not final.done():
                final.set_result(answer)

        self.ask(request, flow, take)
        return await final

    async def close(self) -> None:
        """Ends every transaction and closes the sockets."""
        for served in list(self._served.values()):
            served.end()
        for asked in list(self._asked.values()):
            asked.end()
        await self.transports.close()


def _key(request: Message, method: str) -> Key:
    """What makes two requests the same (17.2.3)."""
    via = request.via
    if via.branch.startswith(COOKIE):
        return (via.branch, via.sent_by, method)
    return (request.get("call-id"), request.sender.tag, str(request.cseq[0]), via.sent_by, method)
