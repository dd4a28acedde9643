"""The one socket of every browser tab: topics, resumed where the tab left off.

A hub reads the outbox once per process and keeps the last events in memory. An event reaches a
socket only if the topic is declared, the socket asked for it, and the asker's scope allows its
action on the very thing the event is about. A tab that was away too long is told to start anew
(`reset`), never left with a hole.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from warroom.kernel import outbox
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError
from warroom.kernel.log import logger
from warroom.kernel.metrics import EVENTS_SENT, SOCKETS
from warroom.kernel.outbox import Event, Position
from warroom.kernel.scope import Scope, Sides

KEPT_EVENTS = 20_000
KEPT_BYTES = 32_000_000
"""Of their messages: the state of a city's roads is tens of kilobytes every ten seconds."""

QUEUE_EVENTS = 2_000
HELD_S = 10.0
"""So long events wait for an open transaction before the log says for which."""

PING_S = 5.0
MAX_TOPICS = 64
_ENCODE = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of event and the action word that lets a person hear it.

    Attributes:
        is_personal: Its events are for the one person whose id is the event's object.
        is_common: Its events are about what belongs to no agency; they are judged by the word and
            the place alone.
    """

    name: str
    action: str
    is_personal: bool = False
    is_common: bool = False


class _Subscribe(msgspec.Struct, tag="subscribe", tag_field="op"):
    topics: list[str]
    after: str | None = None


class _Pong(msgspec.Struct, tag="pong", tag_field="op"):
    pass


_DECODER = msgspec.json.Decoder(_Subscribe | _Pong)


@dataclass(eq=False)
class _Listener:
    scope: Scope
    topics: set[str] = field(default_factory=set)
    waiting: list[bytes] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    asked_anew: asyncio.Event = field(default_factory=asyncio.Event)
    overrun: bool = False

    def offer(self, message: bytes) -> None:
        if len(self.waiting) >= QUEUE_EVENTS:
            self.waiting.clear()
            self.overrun = True
        self.waiting.append(message)
        self.wake.set()


class Hub:
    """Events of one process, and the sockets that listen.

    Args:
        topics: Every topic of the product; others are dropped.
        db: Where the outbox is.
        scope: A scope that sees all agencies: the hub reads everything and narrows per socket.
        clock: For the time in greetings and pings.
    """

    def __init__(self, topics: Iterable[Topic], db: Database, scope: Scope, clock: Clock) -> None:
        self.topics = {topic.name: topic for topic in topics}
        self._db, self._scope, self._clock = db, scope, clock
        self._listeners: set[_Listener] = set()
        self._kept: deque[tuple[Event, bytes]] = deque()
        self._kept_bytes = 0
        self._begin: Position | None = None
        self._end = Position(0, 0)
        self.handlers: list[tuple[str, Callable[[Event], Awaitable[None]]]] = []

    async def run(self) -> None:
        """Reads the outbox until cancelled; survives the database going away.

        What holds events back for long, a transaction that is still open, is named in the log.
        """
        async for _ in self._db.listen("warroom_outbox"):
            try:
                await self._catch_up()
            except DatabaseAwayError:
                logger("kernel.realtime").warning("outbox_away")

    async def _catch_up(self) -> None:
        pending, told_at = True, self._clock.monotonic()
        while pending:
            async with self._db.transaction(self._scope) as tx:
                if self._begin is None:
                    self._begin = self._end = await outbox.end_of(tx)
                events = await outbox.read(tx, self._end)
                pending = bool(events) or await outbox.is_pending(tx)
                if events:
                    told_at = self._clock.monotonic()
                elif pending and self._clock.monotonic() - told_at > HELD_S:
                    told_at = self._clock.monotonic()
                    held = await outbox.held_by(tx)
                    logger("kernel.realtime").warning("outbox_held", **held)
            for event in events:
                await self._deliver(event)
            if pending and not events:
                await asyncio.sleep(0.02)

    async def _deliver(self, event: Event) -> None:
        self._end = event.position
        for topic, handler in self.handlers:
            if topic == event.topic:
                await self._hand_on(handler, event)
        if event.topic not in self.topics:
            return
        message = _message(event)
        self._keep(event, message)
        sent = 0
        for listener in tuple(self._listeners):
            if event.topic in listener.topics and self._may_hear(listener.scope, event):
                listener.offer(message)
                sent += 1
        EVENTS_SENT.labels(event.topic).inc(sent)

    async def _hand_on(self, handler: Callable[[Event], Awaitable[None]], event: Event) -> None:
        try:
            await handler(event)
        except Exception as error:  # noqa: BLE001 - one that fails must not stop the others' events
            name = type(error).__name__
            logger("kernel.realtime").warning("handler_failed", topic=event.topic, code=name)

    def _keep(self, event: Event, message: bytes) -> None:
        self._kept.append((event, message))
        self._kept_bytes += len(message)
        while len(self._kept) > KEPT_EVENTS or self._kept_bytes > KEPT_BYTES:
            gone, text = self._kept.popleft()
            self._kept_bytes -= len(text)
            self._begin = gone.position

    def _may_hear(self, scope: Scope, event: Event) -> bool:
        topic = self.topics[event.topic]
        if topic.is_personal:
            is_theirs = event.object_id is not None and event.object_id == scope.person_id
            return is_theirs and scope.may(topic.action)
        if topic.is_common:
            return scope.allows_in_city(topic.action, event.place)
        return scope.allows(topic.action, **event.sides)

    def has_listeners(self, topic: str) -> bool:
        """Whether any socket of this process listens to the topic."""
        return any(topic in listener.topics for listener in self._listeners)

    def tell(self, topic: str, things: Sequence[tuple[Sides, bytes]]) -> None:
        """Tells this process's sockets of many things that pass quickly, in one message each.

        Each socket hears of those that its scope allows, as `{"items": [...]}`. Nothing is kept:
        who was away is not told later, and reads the list. For events use the outbox.

        Args:
            topic: A declared topic.
            things: By what each thing is judged, and what is told of it, as JSON.
        """
        action, now = self.topics[topic].action, self._clock.now()
        for listener in tuple(self._listeners):
            if topic not in listener.topics:
                continue
            scope = listener.scope
            judged: dict[Any, bool] = scope.remembered(("hears", action), dict)
            heard = []
            for sides, body in things:
                # The same thing is judged each second: once is enough while the scope holds.
                key = tuple(sides.values())
                if key not in judged:
                    judged[key] = scope.allows(action, **sides)
                if judged[key]:
                    heard.append(msgspec.Raw(body))
            if heard:
                head = {"type": "event", "topic": topic, "id": str(self._end), "at": now}
                listener.offer(_ENCODE(head | {"body": {"items": heard}}))
                EVENTS_SENT.labels(topic).inc()

    async def serve(
        self, socket: WebSocket, scope: Scope, still: Callable[[], Awaitable[Scope | None]]
    ) -> None:
        """Talks to one accepted socket until it goes, or until its session ends.

        Args:
            socket: The accepted socket.
            scope: Rights of the asker.
            still: Asked at every ping, and when rights were changed, for the asker's rights now;
                None ends the socket.
        """
        listener = _Listener(scope)
        self._listeners.add(listener)
        SOCKETS.inc()
        await socket.send_text(_text("hello", id=str(self._end), now=self._clock.now()))
        tasks: list[asyncio.Task[int | None]] = [
            asyncio.create_task(part)
            for part in (
                self._send(socket, listener),
                self._receive(socket, listener),
                self._ping(socket, listener, still),
            )
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._listeners.discard(listener)
            SOCKETS.dec()
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        # Only now: the server sends no close while somebody still waits to receive.
        for code in ended:
            if isinstance(code, int):
                await socket.close(code)

    async def recheck(self) -> None:
        """Has every socket ask for the rights of its person now, and not at its next ping."""
        for listener in self._listeners:
            listener.asked_anew.set()

    async def _send(self, socket: WebSocket, listener: _Listener) -> int | None:
        while True:
            await listener.wake.wait()
            listener.wake.clear()
            messages, listener.waiting = listener.waiting, []
            if listener.overrun:
                listener.overrun = False
                for topic in listener.topics:
                    await socket.send_text(_text("reset", topic=topic))
            for message in messages:
                await socket.send_text(message.decode())

    async def _receive(self, socket: WebSocket, listener: _Listener) -> int | None:
        """Hears the tab until it goes (None) or says what cannot be read (the code to close by)."""
        while True:
            try:
                asked = _DECODER.decode(await socket.receive_text())
            except (msgspec.DecodeError, KeyError):
                return 4400
            except WebSocketDisconnect:
                return None
            if isinstance(asked, _Subscribe):
                await self._subscribe(socket, listener, asked)

    async def _subscribe(self, socket: WebSocket, listener: _Listener, asked: _Subscribe) -> None:
        allowed = {
            topic
            for topic in asked.topics[:MAX_TOPICS]
            if topic in self.topics and listener.scope.may(self.topics[topic].action)
        }
        listener.topics = allowed
        after = Position.parse(asked.after) if asked.after else None
        if after is None:
            return
        if self._begin is None or after < self._begin or after > self._end:
            for topic in sorted(allowed):
                await socket.send_text(_text("reset", topic=topic))
            return
        for event, message in tuple(self._kept):
            if (
                event.position > after
                and event.topic in allowed
                and self._may_hear(listener.scope, event)
            ):
                listener.offer(message)

    async def _ping(
        self,
        socket: WebSocket,
        listener: _Listener,
        still: Callable[[], Awaitable[Scope | None]],
    ) -> int:
        """Keeps the socket alive and its rights true; returns when there is no session any more."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(listener.asked_anew.wait(), PING_S)
            # Before the question: a change that comes while it is asked is asked about again.
            listener.asked_anew.clear()
            scope = await still()
            if scope is None:
                return 4401
            listener.scope = scope
            await socket.send_text(_text("ping", now=self._clock.now(), id=str(self._end)))


def _text(type: str, **fields: Any) -> str:  # noqa: A002 - the field's name on the wire
    return _ENCODE({"type": type, **fields}).decode()


def _message(event: Event) -> bytes:
    head = {
        "type": "event",
        "topic": event.topic,
        "id": str(event.position),
        "at": event.at,
        "body": msgspec.Raw(event.body),
    }
    return _ENCODE(head)
