"""A session: one dialog that carries sound, whichever side began it.

Who uses it sets the callbacks that matter and calls `ring`, `early`, `accept`, `refuse`, `hang_up`.
Everything that the protocol asks for by itself (repeats, 487, BYE when nobody acknowledges, answers
to hold and refresh) happens here.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from warroom.calls.sip import sdp
from warroom.calls.sip.dialog import Dialog
from warroom.calls.sip.fields import MalformedError
from warroom.calls.sip.location import description_of
from warroom.calls.sip.message import Message, respond
from warroom.calls.sip.stack import Stack
from warroom.calls.sip.transaction import ServerTransaction
from warroom.calls.sip.transport import Flow

ALLOWED = ("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "INFO")
SUPPORTED = ("timer",)
SHORTEST_S = 90
"""Shortest session interval that is taken (RFC 4028, 4)."""

RINGS_AGAIN_S = 60.0
"""A ringing that lasts is told again, so that no proxy on the way gives up (13.3.1.1)."""

_KEY = re.compile(rb"(?:^|\n)\s*(?:Signal\s*=\s*)?([0-9*#A-Da-d])\s*(?:\r?\n|$)")


class Keeper(Protocol):
    """Who knows the sessions: `agent.UserAgent`."""

    stack: Stack

    def contact(self, flow: Flow) -> str:
        """Where we want requests that come later."""
        ...

    def forget(self, session: "Session") -> None:
        """The session is over."""
        ...


def _nothing(*_: Any) -> None:
    """What a callback does that nobody set."""


@dataclass(slots=True)
class Callbacks:
    """What a session tells its user; each is called at most once for what it tells.

    Attributes:
        on_media: The other side said where and how it wants sound, at first or anew.
        on_progress: It rings, or there is early media (status).
        on_answer: Our call was answered, or their ACK came: the session stands.
        on_key: A key by INFO.
        on_end: It is over: `cancelled`, `remote`, `local`, `unacknowledged`, `expired`,
            `refused <status>`.
    """

    on_media: Callable[[sdp.Description], None] = _nothing
    on_progress: Callable[[int], None] = _nothing
    on_answer: Callable[[], None] = _nothing
    on_key: Callable[[str], None] = _nothing
    on_end: Callable[[str], None] = _nothing


@dataclass(slots=True)
class Interval:
    """The session timer (RFC 4028): how long without a refresh, and who refreshes."""

    seconds: int = 0
    is_ours: bool = False
    handle: asyncio.TimerHandle | None = None


@dataclass(slots=True, eq=False)
class Session:
    """One dialog with sound.

    Attributes:
        invite: The INVITE that began it.
        remote: What the other side said last about its sound; None until then.
        port: Where we take sound; 0 until it is told.
        is_early: Whether it is not answered yet.
    """

    keeper: Keeper
    invite: Message
    flow: Flow
    dialog: Dialog
    callbacks: Callbacks = field(default_factory=Callbacks)
    remote: sdp.Description | None = None
    port: int = 0
    host: str = ""
    number: int = field(default_factory=lambda: secrets.randbits(31))
    version: int = 0
    is_early: bool = True
    is_over: bool = False
    can_update: bool = False
    interval: Interval = field(default_factory=Interval)
    _pending: ServerTransaction | None = None
    _accepting: ServerTransaction | None = None
    _awaits_answer: bool = False
    _is_refreshing: bool = False
    _ringing: asyncio.TimerHandle | None = None
    _last_sdp: bytes = b""

    # Answering

    def attach(self, transaction: ServerTransaction) -> None:
        """The INVITE is theirs, and waits for us."""
        self._pending = transaction
        self.can_update = "UPDATE" in self.invite.tokens("allow")

    def ring(self) -> None:
        """180: somebody is being called."""
        self._provisional(180, b"")

    def early(self, host: str, port: int) -> None:
        """183: sound before the answer."""
        self.host, self.port = host, port
        self._provisional(183, self._describe())

    def _provisional(self, status: int, body: bytes) -> None:
        if self._pending is None or self._pending.is_final:
            return
        self._pending.respond(self._answer(status, body))
        if self._ringing is not None:
            self._ringing.cancel()
        loop = asyncio.get_running_loop()
        self._ringing = loop.call_later(RINGS_AGAIN_S, self._provisional, status, body)

    def accept(self, host: str, port: int) -> bool:
        """200: it is answered.

        Returns:
            Whether it could still be: False if it was cancelled before.
        """
        pending = self._pending
        if pending is None or pending.is_final or self.is_over:
            return False
        self.host, self.port = host, port
        self._awaits_answer = self.remote is None
        self.is_early = False
        pending.on_unacknowledged = self._unacknowledged
        pending.respond(self._answer(200, self._describe()))
        self._pending, self._accepting = None, pending
        self._stop_ringing()
        self._watch_interval()
        return True

    def repeat(self, transaction: ServerTransaction) -> None:
        """200 once more, as it was said: their INVITE came again, for they did not hear it."""
        transaction.on_unacknowledged = self._unacknowledged
        transaction.respond(self._answer(200, self._last_sdp))
        self._accepting, self._awaits_answer = transaction, self.remote is None

    def refuse(self, status: int, headers: Sequence[tuple[str, str]] = ()) -> None:
        """Anything but a success; ends it."""
        if self._pending is not None:
            answer = respond(self.invite, status, tag=self.dialog.local_tag, headers=headers)
            self._pending.respond(answer)
        self._over(f"refused {status}")

    def _answer(self, status: int, body: bytes) -> Message:
        headers = [("contact", self.keeper.contact(self.flow)), ("allow", ", ".join(ALLOWED))]
        if status == 200:
            headers += [("supported", ", ".join(SUPPORTED)), *self._interval_headers()]
        return respond(self.invite, status, tag=self.dialog.local_tag, headers=headers, body=body)

    def _describe(self) -> bytes:
        """Our description; a new version only where it changed (RFC 3264, 8)."""
        make = self._make_description
        if make(self.version) != self._last_sdp or not self._last_sdp:
            self.version += 1
            self._last_sdp = make(self.version)
        return self._last_sdp

    def _make_description(self, version: int) -> bytes:
        if self.remote is None:
            return sdp.offer(self.host, self.port, self.number, version)
        return sdp.answer(self.remote, self.host, self.port, self.number, version)

    # What the other side does

    def cancel(self) -> bool:
        """They took their INVITE back; False if it was answered before (9.2)."""
        if self._pending is None or self._pending.is_final:
            return False
        self._pending.respond(respond(self.invite, 487, tag=self.dialog.local_tag))
        self._over("cancelled")
        return True

    def acknowledged(self, request: Message) -> None:
        """Their ACK of our success, with their description if ours was an offer."""
        accepting = self._accepting
        if accepting is None or request.cseq[0] != accepting.request.cseq[0]:
            return
        accepting.acknowledge_success()
        self._accepting = None
        if self.is_over:
            self._leave()
            return
        if self._awaits_answer:
            self._awaits_answer = False
            try:
                self._take_media(sdp.read(description_of(request), self.flow.peer[0]))
            except (sdp.NoCommonSoundError, MalformedError):
                self.hang_up("refused 488")
                return
        self.callbacks.on_answer()

    def _take_media(self, told: sdp.Description) -> None:
        self.remote = told
        self.callbacks.on_media(told)

    def take(self, request: Message, transaction: ServerTransaction) -> None:
        """A request inside the dialog; over a new connection, if theirs or our process died."""
        self.flow = transaction.flow
        if not self.dialog.takes(request):
            transaction.respond(respond(request, 500))
            return
        match request.method:
            case "BYE":
                transaction.respond(respond(request, 200))
                self._end_pending()
                self._over("remote")
            case "INVITE" | "UPDATE":
                self._renegotiate(request, transaction)
            case "INFO":
                transaction.respond(respond(request, 200))
                if not self.is_over:
                    self._take_key(request)
            case _:
                transaction.respond(respond(request, 200))

    def _end_pending(self) -> None:
        if self._pending is not None:
            self._pending.respond(respond(self.invite, 487, tag=self.dialog.local_tag))

    def _take_key(self, request: Message) -> None:
        if request.content_type in ("application/dtmf-relay", "application/dtmf"):
            found = _KEY.search(request.body)
            if found:
                self.callbacks.on_key(found[1].decode().upper())

    def _renegotiate(self, request: Message, transaction: ServerTransaction) -> None:
        """Hold, resume, a new address, or only a refresh (14.2, RFC 3311, RFC 4028)."""
        is_invite = request.method == "INVITE"
        is_unsettled = self.is_early or self._accepting is not None
        if self._is_refreshing or self.is_over or (is_invite and is_unsettled):
            transaction.respond(respond(request, 491))
            return
        try:
            body = description_of(request)
            offered = sdp.read(body, self.flow.peer[0]) if body else None
        except (sdp.NoCommonSoundError, MalformedError):
            transaction.respond(respond(request, 488))
            return
        if offered is not None:
            self.remote = offered
        if is_invite:
            transaction.on_unacknowledged = self._unacknowledged
            self._accepting, self._awaits_answer = transaction, offered is None
        self._take_interval(request)
        headers = [("contact", self.keeper.contact(self.flow)), *self._interval_headers()]
        told = self._describe() if body or is_invite else b""
        transaction.respond(respond(request, 200, headers=headers, body=told))
        self._watch_interval()
        if offered is not None:
            self.callbacks.on_media(offered)

    # A call of ours

    def propose(self) -> bytes:
        """Our offer."""
        return self._describe()

    def hear(self, answer: Message) -> bool:
        """Takes their description out of an answer; whether one is known now."""
        try:
            body = description_of(answer)
            if body:
                self._take_media(sdp.read(body, self.flow.peer[0]))
        except (sdp.NoCommonSoundError, MalformedError):
            return False
        return self.remote is not None

    def established(self, answer: Message) -> None:
        """They answered."""
        self.can_update = "UPDATE" in answer.tokens("allow")
        seconds, refresher = interval_of(answer)
        self.interval.seconds, self.interval.is_ours = seconds, refresher != "uas"
        self._watch_interval()
        self.callbacks.on_answer()

    def finish(self, reason: str) -> None:
        """It came to nothing."""
        self._over(reason)

    # Ending

    def hang_up(self, reason: str = "local") -> None:
        """BYE, or 480 if it was not answered yet; it is over at once.

        While their ACK of our success is on its way they would not take a BYE, so that waits for
        it, or for the end of its time (RFC 3261, 15).
        """
        if self.is_over:
            return
        if self._pending is not None:
            self.refuse(480)
            return
        if self._accepting is None:
            self._leave()
        self._end(reason)

    def _unacknowledged(self) -> None:
        self._accepting = None
        if self.is_over:
            self._leave()
        else:
            self.hang_up("unacknowledged")

    def _leave(self) -> None:
        self._ask("BYE", _nothing)
        self._forget()

    def _over(self, reason: str) -> None:
        self._forget()
        self._end(reason)

    def _forget(self) -> None:
        """The dialog is no more: what still comes in it is answered 481."""
        if self._accepting is not None:
            self._accepting.acknowledge_success()
            self._accepting = None
        self.keeper.forget(self)

    def _end(self, reason: str) -> None:
        if self.is_over:
            return
        self.is_over = True
        self._stop_ringing()
        if self.interval.handle is not None:
            self.interval.handle.cancel()
        self.callbacks.on_end(reason)

    def _stop_ringing(self) -> None:
        if self._ringing is not None:
            self._ringing.cancel()
            self._ringing = None

    def _ask(self, method: str, on_answer: Callable[[Message], None], body: bytes = b"") -> None:
        request = self.dialog.request(method)
        if method != "BYE":
            request.headers += [
                ("contact", self.keeper.contact(self.flow)),
                ("supported", ", ".join(SUPPORTED)),
                *self._interval_headers(asks=True),
            ]
        if body:
            request.headers.append(("content-type", "application/sdp"))
            request.body = body
        self.keeper.stack.ask(request, self.flow, on_answer)

    def probe(self) -> None:
        """Asks whether the other side still has this session; ends it where it does not."""
        self._ask("OPTIONS", self._probed)

    def _probed(self, answer: Message) -> None:
        if answer.status in (408, 481):
            self.hang_up("lost")

    # The session timer

    def take_timer(self) -> None:
        """Agrees on the interval that their INVITE asks for."""
        self._take_interval(self.invite)

    def _take_interval(self, request: Message) -> None:
        seconds, refresher = interval_of(request)
        if seconds:
            supports = "timer" in request.tokens("supported")
            self.interval.seconds = seconds
            # Who asks refreshes, unless it cannot or will not (RFC 4028, 9).
            self.interval.is_ours = refresher == "uas" or not supports

    def _interval_headers(self, *, asks: bool = False) -> list[tuple[str, str]]:
        """What is told of the interval: in a request (`asks`) we are the UAC, else the UAS."""
        if not self.interval.seconds:
            return []
        refresher = "uac" if self.interval.is_ours == asks else "uas"
        told = [("session-expires", f"{self.interval.seconds};refresher={refresher}")]
        needs = not asks and refresher == "uac"
        return [*told, ("require", "timer")] if needs else told

    def _watch_interval(self) -> None:
        if self.interval.handle is not None:
            self.interval.handle.cancel()
        seconds = self.interval.seconds
        if not seconds or self.is_over:
            return
        loop = asyncio.get_running_loop()
        if self.interval.is_ours:
            self.interval.handle = loop.call_later(seconds / 2, self._refresh)
        else:
            late_s = seconds - min(32, seconds / 3)
            self.interval.handle = loop.call_later(late_s, self.hang_up, "expired")

    def _refresh(self) -> None:
        self._is_refreshing = not self.can_update
        if self.can_update:
            self._ask("UPDATE", self._refreshed)
        else:
            self._ask("INVITE", self._refreshed, self._last_sdp)

    def _refreshed(self, answer: Message) -> None:
        if answer.status < 200 or self.is_over:
            return
        self._is_refreshing = False
        if answer.cseq[1] == "INVITE" and answer.status < 300:
            acknowledge(self, answer)
        if answer.status in (408, 481):
            self.hang_up("expired")
        else:
            self._watch_interval()

    # A restart of our process

    def state(self) -> dict[str, Any]:
        """All that `agent.UserAgent.restore` needs, as JSON."""
        return {
            "invite": self.invite.to_bytes().decode("latin-1"),
            "transport": self.flow.transport,
            "peer": list(self.flow.peer),
            "dialog": self.dialog.state(),
            "host": self.host,
            "port": self.port,
            "number": self.number,
            "version": self.version,
            "sdp": self._last_sdp.decode(),
            "remote": None if self.remote is None else asdict(self.remote),
            "can_update": self.can_update,
            "is_early": self.is_early,
            "interval": [self.interval.seconds, self.interval.is_ours],
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Goes on where another process was."""
        self.is_early = state["is_early"]
        self.host, self.port = state["host"], state["port"]
        self.number, self.version = state["number"], state["version"]
        self._last_sdp = state["sdp"].encode()
        self.can_update = state["can_update"]
        remote = state["remote"]
        if remote is not None:
            self.remote = sdp.Description(**remote | {"media": tuple(remote["media"])})
        self.interval.seconds, self.interval.is_ours = state["interval"]
        self._watch_interval()


def acknowledge(session: Session, answer: Message) -> None:
    """The ACK of a success goes end to end, in a transaction of nobody (13.2.2.4)."""
    request = session.dialog.request("ACK", number=answer.cseq[0])
    request.headers.insert(0, ("via", session.keeper.stack.via(session.flow)))
    session.flow.send(request.to_bytes())


def interval_of(request: Message) -> tuple[int, str]:
    """Seconds and refresher of Session-Expires; 0 where there is none that can be read."""
    value, _, rest = request.get("session-expires").partition(";")
    if not re.fullmatch(r"\d{1,7}", value.strip()):
        return 0, ""
    found = re.search(r"refresher\s*=\s*(uac|uas)", rest, re.IGNORECASE)
    return int(value), found[1].lower() if found else ""
