"""Who may look, the audit of every look, and the end of it when the right to look ends."""

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from warroom.audit import api as audit
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, DatabaseAwayError, Transaction
from warroom.kernel.errors import NotFoundError, WarRoomError
from warroom.kernel.limits import AskerSlots
from warroom.kernel.log import logger
from warroom.kernel.loops import keep_on
from warroom.kernel.scope import Scope
from warroom.live.channels import Channel
from warroom.live.contracts import (
    END,
    VIEW,
    Answered,
    Asked,
    CameraFacts,
    Role,
    Snapshot,
    View,
    ViewId,
    Way,
)
from warroom.live.errors import NotAllowedAnyMoreError, TooManyViewersError, WebRtcAwayError
from warroom.live.hub import Hub
from warroom.live.rules import choose_role
from warroom.live.settings import LiveSettings
from warroom.live.snapshots import Snapshots
from warroom.live.viewers import Viewer
from warroom.live.webrtc.client import WebRtcClient

UNWRITTEN_MAX = 20_000
AUDITED_MAX = 50_000
SESSIONS_S = 2.0

_log = logger("live")

type Still = Callable[[], Awaitable[Scope | None]]
"""Asks for the rights of a viewer's session now; None when it ended."""

type FindCamera = Callable[[Scope, Transaction, UUID, str], Awaitable[CameraFacts]]
"""The camera with this id on which the scope allows the action; raises NotFoundError else."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A view that is going on: who, and how to end it."""

    view: View
    scope: Scope
    still: Still
    end: Callable[[WarRoomError], None]


@dataclass(frozen=True, slots=True)
class _Session:
    """A WebRTC session of somebody: what they look at, and the slot that it holds."""

    view: View
    slot: contextlib.ExitStack


@dataclass(frozen=True, slots=True)
class _Ended:
    view: View
    scope: Scope
    at: datetime
    dropped: int


class LiveService:
    """Live view of one `serve` process; lives as long as it does (`async with`).

    Args:
        db: For cameras and the audit.
        clock: For times and seconds watched.
        hub: The connection to the recorder.
        webrtc: The WebRTC process.
        settings: Limits.
        find_camera: The inventory.

    Attributes:
        viewers: What each person and address is shown over WebSockets.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        hub: Hub[Channel],
        webrtc: WebRtcClient,
        settings: LiveSettings,
        find_camera: FindCamera,
    ) -> None:
        self._db = db
        self._find_camera = find_camera
        self._clock = clock
        self._hub = hub
        self._webrtc = webrtc
        self._sessions: dict[str, _Session] = {}
        self._settings = settings
        self.viewers = AskerSlots(settings.viewers_per_person, settings.viewers_per_address)
        self._peers = AskerSlots(settings.webrtc_per_person, settings.webrtc_per_address)
        self._snapshots = Snapshots(hub, settings)
        self._ending: set[asyncio.Task[Any]] = set()
        self._looks: dict[ViewId, _Look] = {}
        self._unwritten: deque[_Ended] = deque(maxlen=UNWRITTEN_MAX)
        self._audited: OrderedDict[tuple[UUID | None, UUID | None, UUID], float] = OrderedDict()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def hub(self) -> Hub[Channel]:
        """The hub."""
        return self._hub

    async def __aenter__(self) -> Self:
        """Connects to the recorder in the background."""
        self._hub.start()
        self._tasks = [
            asyncio.create_task(keep_on("live.rights", self._watch_rights)),
            asyncio.create_task(keep_on("live.sessions", self._watch_sessions)),
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Sends the viewers away and writes down what is not written yet."""
        for channel in self._hub.channels:
            for viewer in channel.everybody():
                viewer.close()
        await self._hub.stop()
        self._snapshots.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in list(self._sessions):
            with contextlib.suppress(WebRtcAwayError):
                await self._webrtc.close(session)
        for look in list(self._looks.values()):
            await self.close(look.view)
        await asyncio.gather(*self._ending, return_exceptions=True)
        await self._write_ended()

    async def get_camera(self, scope: Scope, camera_id: UUID) -> CameraFacts:
        """A camera this scope may look at live.

        Raises:
            NotFoundError: There is none, for this scope.
        """
        async with self._db.transaction(scope) as tx:
            return await self._find_camera(scope, tx, camera_id, VIEW)

    async def open(
        self,
        scope: Scope,
        camera: CameraFacts,
        role: Role,
        way: Way,
        *,
        still: Still,
        end: Callable[[WarRoomError], None],
    ) -> View:
        """Writes down that somebody begins to look, before they see anything.

        Args:
            scope: Who.
            camera: At what; found under this scope.
            role: Which stream.
            way: How.
            still: Asks for their rights again, from time to time.
            end: Called when they end.

        Raises:
            CancelledError: They went away meanwhile; the look is ended at once.
        """
        opening = asyncio.create_task(self._open(scope, camera, role, way, still, end))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # They went away meanwhile and saw nothing; what was begun is ended all the same.
            self._go_on(self._close_unseen(opening))
            raise

    async def _open(
        self,
        scope: Scope,
        camera: CameraFacts,
        role: Role,
        way: Way,
        still: Still,
        end: Callable[[WarRoomError], None],
    ) -> View:
        view_id = await self._record(scope, camera, {"way": way, "role": role})
        view = View(ViewId(view_id), camera, role, way, self._clock.now())
        self._looks[view.view_id] = _Look(view, scope, still, end)
        return view

    async def _close_unseen(self, opening: asyncio.Task[View]) -> None:
        with contextlib.suppress(DatabaseAwayError):
            await self.close(await opening)

    async def close(self, view: View, dropped: int = 0) -> None:
        """Writes down that they stopped looking, and how long it was."""
        look = self._looks.pop(view.view_id, None)
        if look is not None:
            self._unwritten.append(_Ended(view, look.scope, self._clock.now(), dropped))
            await self._write_ended()

    def join(self, camera: CameraFacts, role: Role, way: Way) -> tuple[Channel, Viewer]:
        """A queue that the camera's fragments come into: its picture, or for `sound` its sound.

        Raises:
            TooManyViewersError: The node is full.
        """
        limit = self._settings.viewers_max
        if self._hub.viewers >= limit:
            raise TooManyViewersError(limit=limit)
        viewer = Viewer(
            max_bytes=self._settings.viewer_queue_bytes,
            max_pieces=self._settings.viewer_queue_frames,
        )
        channel = self._hub.follow(camera.camera_id, role)
        if way == "sound":
            channel.listen(viewer)
        else:
            channel.join(viewer)
        return channel, viewer

    def leave(self, channel: Channel, viewer: Viewer) -> None:
        """Gives the queue back."""
        self._hub.leave(channel, viewer)

    async def open_session(
        self, scope: Scope, camera_id: UUID, asked: Asked, offer: str, still: Still
    ) -> Answered:
        """Lets the WebRTC process answer a browser's offer.

        Args:
            scope: Who looks.
            camera_id: At what.
            asked: Which stream.
            offer: SDP of the browser.
            still: Asks for their rights again, from time to time.

        Raises:
            NotFoundError: No such camera for this scope.
            TooManyOpenError: This person looks at as much as one may.
            TooManyFromAddressError: So do those behind this network address.
            WarRoomError: The process refuses, or is away.
        """
        camera = await self.get_camera(scope, camera_id)
        role = choose_role(camera, asked)
        with self._peers.take(scope) as slot:
            answered = await self._webrtc.offer(str(camera_id), role, offer)
            session = answered.session

            def end(error: WarRoomError) -> None:  # noqa: ARG001 - a peer cannot be told why
                self._go_on(self._end_session(session))

            try:
                view = await self.open(scope, camera, role, "webrtc", still=still, end=end)
            except BaseException:
                await self._webrtc.close(session)
                raise
            self._sessions[session] = _Session(view, slot.pop_all())
        return answered

    async def close_session(self, scope: Scope, session: str) -> None:
        """Ends a WebRTC session of this asker.

        Raises:
            NotFoundError: They have no such session.
        """
        known = self._sessions.get(session)
        look = self._looks.get(known.view.view_id) if known is not None else None
        if look is None or _asker(look.scope) != _asker(scope):
            raise NotFoundError
        await self._end_session(session)

    async def take_snapshot(self, scope: Scope, camera_id: UUID, width: int) -> Snapshot:
        """A still picture; audited once per person and camera every few minutes.

        Raises:
            NotFoundError: No such camera for this scope.
            NoPictureError: The camera shows nothing now.
        """
        camera = await self.get_camera(scope, camera_id)
        snapshot = await self._snapshots.take(camera, width)
        key = (scope.person_id, scope.session_id, camera_id)
        now = self._clock.monotonic()
        written_at = self._audited.get(key)
        if written_at is None or now - written_at >= self._settings.snapshot_audit_s:
            covers_s = self._settings.snapshot_audit_s
            await self._record(scope, camera, {"way": "snapshot", "covers_s": covers_s})
            self._audited[key] = now
            self._audited.move_to_end(key)
            while len(self._audited) > AUDITED_MAX:
                self._audited.popitem(last=False)
        return snapshot

    async def recheck(self) -> None:
        """Ends the views whose person may not look any more.

        A session is asked once a round, however many tiles it shows.
        """
        scopes: dict[UUID | int, Scope | None] = {}
        seen: dict[tuple[UUID | int, UUID], bool] = {}
        for look in list(self._looks.values()):
            session = look.scope.session_id or id(look)
            if session not in scopes:
                scopes[session] = await look.still()
            scope = scopes[session]
            key = (session, look.view.camera.camera_id)
            if key not in seen:
                seen[key] = scope is not None and await self._may_still_look(scope, key[1])
            if not seen[key]:
                _log.info("live.not_allowed_any_more", view=str(look.view.view_id))
                look.end(NotAllowedAnyMoreError())

    async def _end_session(self, session: str) -> None:
        with contextlib.suppress(WebRtcAwayError):
            await self._webrtc.close(session)
        known = self._sessions.pop(session, None)
        if known is not None:
            known.slot.close()
            await self.close(known.view)

    async def _watch_sessions(self) -> None:
        """Closes the views whose browser went away, or whose process did."""
        while True:
            await asyncio.sleep(SESSIONS_S)
            if not self._sessions:
                continue
            known = set(self._sessions)
            try:
                gone = known - await self._webrtc.sessions()
            except WebRtcAwayError:
                gone = known
            for session in gone:
                await self._end_session(session)

    async def _may_still_look(self, scope: Scope, camera_id: UUID) -> bool:
        try:
            await self.get_camera(scope, camera_id)
        except NotFoundError:
            return False
        return True

    async def _record(self, scope: Scope, camera: CameraFacts, detail: dict[str, object]) -> UUID:
        asked = _asked(VIEW, camera, detail, self._clock.now())
        return await audit.record_alone(scope, self._db, asked)

    async def _write_ended(self) -> None:
        """Writes the ends that wait, together; without a database they wait on.

        Whoever is cancelled while it is done stops waiting for it, and nothing else.
        """
        waiting = list(self._unwritten)
        self._unwritten.clear()
        if waiting:
            await asyncio.shield(self._go_on(self._write_ends(waiting)))

    async def _write_ends(self, ends: list[_Ended]) -> None:
        outcomes = await asyncio.gather(*map(self._write_end, ends), return_exceptions=True)
        failed = list(zip(ends, outcomes, strict=True))
        away = [ended for ended, error in failed if isinstance(error, DatabaseAwayError)]
        self._unwritten.extendleft(reversed(away))
        for error in outcomes:
            if error is not None and not isinstance(error, DatabaseAwayError):
                raise error

    async def _write_end(self, ended: _Ended) -> None:
        view = ended.view
        detail = {
            "view": str(view.view_id),
            "way": view.way,
            "seconds": round((ended.at - view.since).total_seconds()),
            "dropped": ended.dropped,
        }
        asked = _asked(END, view.camera, detail, ended.at)
        await audit.record_alone(ended.scope, self._db, asked)

    def _go_on[T](self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Does it to its end, whoever waits for it."""
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _watch_rights(self) -> None:
        while True:
            await asyncio.sleep(self._settings.recheck_s)
            with contextlib.suppress(DatabaseAwayError):
                await self.recheck()
            await self._write_ended()


def _asker(scope: Scope) -> tuple[UUID | None, UUID | None]:
    return scope.person_id, scope.session_id


def _asked(
    action: str, camera: CameraFacts, detail: dict[str, object], at: datetime
) -> audit.Asked:
    return audit.Asked(
        action,
        "camera",
        camera.camera_id,
        camera.agency_id,
        camera.label,
        camera.place,
        detail,
        at=at,
        sides=camera.sides,
    )
