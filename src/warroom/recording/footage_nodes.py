"""Footage of one camera on several nodes: what each has, one time line of it all, and its bytes.

The node that is asked judges the right and writes the audit, once; then it asks the nodes that
recorded the camera. Footage of any node is footage. A stretch that a node recorded which does not
answer now is `node_away`: it may well be there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from warroom.kernel.clock import Clock
from warroom.kernel.peers import Answer, Handler, Json, NodeAwayError, Peers, Say
from warroom.recording.contracts import Hold, Init
from warroom.recording.errors import Cause, NothingThereError
from warroom.recording.playback import Library, Mode, iso_of_ms
from warroom.recording.playback_pictures import PictureError, key_frame_jpeg
from warroom.recording.playback_timeline import (
    ClockNote,
    Span,
    clock_notes,
    merge_spans,
)

JOIN_MS = 500
"""Segments of one run abut to the millisecond; half a second is rounding, not a gap."""

CHECKED_SEGMENTS = 5_000
"""So many files are looked at for a time line; in a longer one damage shows when it is met."""

BATCH_BYTES = 1 << 20
RANGE_MOST_MS = 41 * 86_400_000
WIDTH_MOST = 1920
_END_MS = 2**53
"""Behind every instant that is asked for."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """A node recorded the camera in this stretch.

    Attributes:
        seen_at: When the node was last seen at all.
    """

    node: str
    start_ms: int
    end_ms: int
    seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Part:
    """What one node has of a camera in a range.

    Attributes:
        first_ms: Where its footage begins at all; None for none.
        next_ms: Where it goes on at or after the end of the range.
    """

    spans: list[Span] = field(default_factory=list)
    damaged: list[Span] = field(default_factory=list)
    gaps: list[Span] = field(default_factory=list)
    held: list[Hold] = field(default_factory=list)
    clock: list[ClockNote] = field(default_factory=list)
    first_ms: int | None = None
    last_ms: int | None = None
    next_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ElsewhereSound:
    """The sound of a plan of another node: its type."""

    mime: str


@dataclass(frozen=True, slots=True)
class ElsewherePlan:
    """A plan that another node made, and its answer, of which the bytes are still to be read."""

    init: Init
    sound: ElsewhereSound | None
    first_ms: int
    last_ms: int
    next_ms: int
    mime_type: str
    answer: Answer
    stack: AsyncExitStack

    def mime(self, mode: Mode) -> str:
        """Type of what is sent."""
        del mode
        return self.mime_type

    async def read(self) -> AsyncIterator[bytes]:
        """The bytes as the other node sends them; it waits while nobody takes them."""
        async with self.stack:
            async for chunk in self.answer.chunks():
                yield chunk


def tenures_of(history: Sequence[tuple[str, datetime, datetime | None]]) -> list[Tenure]:
    """Who recorded when, from rows (node, since, seen) by time."""
    ends = [*(_ms(since) for _, since, _ in history[1:]), _END_MS][: len(history)]
    return [
        Tenure(node, _ms(since), end_ms, seen)
        for (node, since, seen), end_ms in zip(history, ends, strict=True)
    ]


def part_of(library: Library, camera_id: str, start_ms: int, end_ms: int, now_ms: int) -> Part:
    """What the disks of this node have of a camera in a range. Blocks on the disks."""
    index = library.index
    footage = index.list_footage(camera_id, "main", start_ms, end_ms)
    damaged = [item for item in footage[:CHECKED_SEGMENTS] if library.is_damaged(item)]
    broken = {item.key for item in damaged}
    whole = [item for item in footage if item.key not in broken]
    bounds = index.bounds(camera_id, "main", end_ms)
    return Part(
        merge_spans(whole, JOIN_MS),
        [Span(item.start_ms, item.end_ms) for item in damaged],
        [
            Span(gap.start_ms, gap.end_ms, gap.cause)
            for gap in index.list_gaps(camera_id, "main", start_ms, end_ms, now_ms)
        ],
        index.list_held(camera_id, start_ms, end_ms),
        clock_notes(whole),
        bounds.first_ms,
        bounds.last_ms,
        bounds.next_ms,
    )


def join_parts(parts: Iterable[Part], tenures: Iterable[Tenure], away: set[str]) -> Part:
    """One part of all: footage of any node counts, and the better cause comes first."""
    parts = list(parts)
    told = [gap for part in parts for gap in part.gaps]
    lost = [Span(t.start_ms, t.end_ms, Cause.NODE_AWAY) for t in tenures if t.node in away]
    moved = [gap for gap in told if gap.cause == Cause.ELSEWHERE]
    known = [gap for gap in told if gap.cause != Cause.ELSEWHERE]
    firsts = [part.first_ms for part in parts if part.first_ms is not None]
    lasts = [part.last_ms for part in parts if part.last_ms is not None]
    nexts = [part.next_ms for part in parts if part.next_ms is not None]
    return Part(
        merge_spans(_by_time(span for part in parts for span in part.spans), JOIN_MS),
        _by_time(span for part in parts for span in part.damaged),
        [*lost, *_by_time(known), *_by_time(moved)],
        sorted(
            {hold for part in parts for hold in part.held},
            key=lambda hold: (hold.start_ms, hold.hold_id),
        ),
        sorted((note for part in parts for note in part.clock), key=lambda note: note.start_ms),
        min(firsts, default=None),
        max(lasts, default=None),
        min(nexts, default=None),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """From which node a stretch is played, up to where, and where to go on (None: as it says)."""

    node: str
    end_ms: int
    next_ms: int | None


def choose_part(parts: dict[str, Part], start_ms: int, end_ms: int) -> Choice | None:
    """The node whose footage is met first, up to where another's goes on; None: nothing."""
    ahead = [
        (max(span.start_ms, start_ms), -span.end_ms, node, span)
        for node, part in parts.items()
        for span in part.spans
        if span.end_ms > start_ms + 1 and span.start_ms < end_ms
    ]
    if not ahead:
        return None
    _, _, node, chosen = min(ahead, key=lambda item: item[:3])
    following = [
        max(span.start_ms, chosen.end_ms)
        for other, part in parts.items()
        if other != node
        for span in part.spans
        if span.end_ms > chosen.end_ms + JOIN_MS
    ]
    if not following or chosen.end_ms >= end_ms:
        nexts = [part.next_ms for part in parts.values() if part.next_ms is not None]
        return Choice(node, end_ms, min(nexts, default=None) if len(nexts) > 1 else None)
    own = [span.start_ms for span in parts[node].spans if span.start_ms > chosen.end_ms]
    return Choice(node, chosen.end_ms, min(following + own))


class FootageOfNodes:
    """Asks the other nodes for footage.

    Args:
        peers: The other nodes; None where this is the only one.
    """

    def __init__(self, peers: Peers | None) -> None:
        self._peers = peers

    @property
    def name(self) -> str:
        """This node's name; empty where it is the only one."""
        return "" if self._peers is None else self._peers.roster.name

    def others_of(self, tenures: Iterable[Tenure]) -> list[str]:
        """The other nodes that recorded the camera at some time."""
        return sorted({tenure.node for tenure in tenures} - {self.name})

    async def parts(
        self, nodes: Sequence[str], camera_id: UUID, start_ms: int, end_ms: int
    ) -> tuple[dict[str, Part], set[str]]:
        """What each of the nodes has, and those that do not answer."""
        body = {"camera": str(camera_id), "start": start_ms, "end": end_ms}
        found = await asyncio.gather(*(self._part(node, body) for node in nodes))
        answered = {n: part for n, part in zip(nodes, found, strict=True) if part is not None}
        return answered, set(nodes) - set(answered)

    async def plan(self, node: str, body: Json, mode: Mode) -> ElsewherePlan:
        """What another node would send; its bytes follow.

        Raises:
            NothingThereError: It has nothing there.
            NodeAwayError: It does not answer.
        """
        if self._peers is None:
            raise NodeAwayError(node=node)
        stack = AsyncExitStack()
        async with stack:
            answer = await stack.enter_async_context(
                self._peers.ask(node, "media", {**body, "mode": mode})
            )
            head = answer.head
            if "error" in head:
                raise NothingThereError(next_at=head.get("next_at"))
            open_stack = stack.pop_all()
        sound = ElsewhereSound(head["sound"]) if head["sound"] else None
        return ElsewherePlan(
            msgspec.convert(head["init"], Init),
            sound,
            head["first_ms"],
            head["last_ms"],
            head["next_ms"],
            head["mime"],
            answer,
            open_stack,
        )

    async def picture(self, node: str, camera_id: UUID, at_ms: int, width: int) -> bytes:
        """A key frame of another node as JPEG.

        Raises:
            NothingThereError: It has none there.
            NodeAwayError: It does not answer.
        """
        return await self._bytes(
            node, "picture", {"camera": str(camera_id), "at": at_ms, "width": width}
        )

    async def weigh(self, node: str, body: Json) -> tuple[int, int]:
        """Bytes and milliseconds of footage that another node has of a range; none if away."""
        try:
            head = await self._head(node, "weigh", body)
        except NodeAwayError:
            return 0, 0
        return int(head.get("bytes", 0)), int(head.get("covered_ms", 0))

    async def disks(self) -> list[tuple[str, list[Json] | None]]:
        """The disks of every other node; None for one that does not answer."""
        if self._peers is None:
            return []
        names = [node.name for node in self._peers.roster.others if node.address]

        async def of(name: str) -> list[Json] | None:
            try:
                disks: list[Json] = (await self._head(name, "disks", {})).get("disks", [])
            except NodeAwayError:
                return None
            return disks

        return list(zip(names, await asyncio.gather(*map(of, names)), strict=True))

    async def _part(self, node: str, body: Json) -> Part | None:
        try:
            head = await self._head(node, "footage", body)
            return msgspec.convert(head["part"], Part)
        except (NodeAwayError, KeyError, msgspec.ValidationError):
            return None

    async def _head(self, node: str, op: str, body: Json) -> Json:
        if self._peers is None:
            raise NodeAwayError(node=node)
        async with self._peers.ask(node, op, body) as answer:
            return answer.head

    async def _bytes(self, node: str, op: str, body: Json) -> bytes:
        if self._peers is None:
            raise NodeAwayError(node=node)
        async with self._peers.ask(node, op, body) as answer:
            if "error" in answer.head:
                raise NothingThereError(next_at=answer.head.get("next_at"))
            return b"".join([chunk async for chunk in answer.chunks()])


class FootageAnswers:
    """Answers other nodes about the footage of this one's disks; rights are judged by the asker.

    Args:
        library: The footage.
        clock: For the present.
        disks: Tells how full the disks are.
    """

    def __init__(self, library: Library, clock: Clock, disks: Callable[[], list[Json]]) -> None:
        self._library, self._clock, self._disks = library, clock, disks
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="answers")

    def handlers(self) -> dict[str, Handler]:
        """What can be asked."""
        return {
            "footage": self._footage,
            "media": self._media,
            "picture": self._picture,
            "weigh": self._weigh,
            "disks": self._tell_disks,
        }

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _footage(self, question: Json, say: Say) -> None:
        camera_id, start_ms, end_ms = _range(question)
        now_ms = _ms(self._clock.now())
        part = await self._run(part_of, self._library, camera_id, start_ms, end_ms, now_ms)
        await say.head({"part": part})
        await say.end()

    async def _media(self, question: Json, say: Say) -> None:
        camera_id, start_ms, end_ms = _range(question)
        mode = msgspec.convert(question["mode"], Mode)
        base_ms = question.get("base")
        try:
            plan = await self._run(self._library.plan, camera_id, "main", start_ms, end_ms, mode)
        except NothingThereError as error:
            await say.head({"error": error.code, **error.params})
            return
        await say.head(
            {
                "init": plan.init,
                "sound": None if plan.sound is None else plan.sound.mime,
                "mime": plan.mime(mode),
                "first_ms": plan.first_ms,
                "last_ms": plan.last_ms,
                "next_ms": plan.next_ms,
            }
        )
        start = plan.first_ms if base_ms is None else int(base_ms)
        fragments = self._library.read(plan, start, mode)

        def batch() -> bytes:
            parts: list[bytes] = []
            size = 0
            while size < BATCH_BYTES and (fragment := next(fragments, b"")):
                parts.append(fragment)
                size += len(fragment)
            return b"".join(parts)

        while piece := await self._run(batch):
            await say.chunk(piece)
        await say.end()

    async def _picture(self, question: Json, say: Say) -> None:
        camera_id = str(UUID(question["camera"]))
        at_ms, width = int(question["at"]), min(int(question["width"]), WIDTH_MOST)

        def make() -> bytes:
            _, stored, init = self._library.fragment_at(camera_id, "main", at_ms)
            return key_frame_jpeg(init.header, self._library.key_sample(stored), width)

        try:
            jpeg = await self._run(make)
        except NothingThereError as error:
            await say.head({"error": error.code, **error.params})
            return
        except PictureError:
            await say.head({"error": NothingThereError.code})
            return
        await say.head({})
        await say.chunk(jpeg)
        await say.end()

    async def _weigh(self, question: Json, say: Say) -> None:
        camera_id, start_ms, end_ms = _range(question)
        known_ms = int(question["known"])
        index = self._library.index
        weight = await self._run(index.weigh, camera_id, "main", start_ms, end_ms, known_ms)
        await say.head({"bytes": weight.size_bytes, "covered_ms": weight.covered_ms})
        await say.end()

    async def _tell_disks(self, question: Json, say: Say) -> None:
        del question
        await say.head({"disks": await self._run(self._disks)})
        await say.end()

    async def _run[**P, T](self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, lambda: work(*args, **kwargs)
        )


def next_at(next_ms: int | None) -> str | None:
    """An instant as the HTTP contract writes it, if there is one."""
    return None if next_ms is None else iso_of_ms(next_ms)


def _range(question: Json) -> tuple[str, int, int]:
    camera_id = str(UUID(question["camera"]))
    start_ms, end_ms = int(question["start"]), int(question["end"])
    if not 0 < end_ms - start_ms <= RANGE_MOST_MS:
        raise ValueError("range")
    return camera_id, start_ms, end_ms


def _by_time(spans: Iterable[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: (span.start_ms, span.end_ms))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
