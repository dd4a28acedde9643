"""One stream as MSE viewers get it: each frame one fragment, built once, shared by all.

Its sound is not in there: it has listeners of its own (`sounds`), who asked for it.
"""

from collections.abc import Iterator
from uuid import UUID

from warroom.live.contracts import Json, Role
from warroom.live.errors import CodecNotPlayableError
from warroom.live.feeds import Feed
from warroom.live.fragments import fragment, picture_only
from warroom.live.rules import is_playable
from warroom.live.sounds import Sound
from warroom.live.viewers import Viewer, text_of
from warroom.recording.contracts import Frame, Init

HEARTBEAT_S = 5
"""Viewers of a silent camera hear its state so often: a silent link looks like a dead one."""

SLOWEST_PAIR_90K = 9_000
"""Frames further apart than this (10 a second) are never held back for a pair."""


class Channel(Feed[Viewer]):
    """Builds fragments and hands them to the viewers.

    Where a crowd looks at one stream, two frames go out as one message: a message costs more than
    the frame in it. The first of a pair waits for the second, one frame's time.

    Args:
        number: What the recorder's socket calls it.
        camera_id: The camera.
        role: Which stream.
        gop_max_bytes: A longer GOP is not kept, so a new viewer waits for the next key frame.
        crowd: With more viewers than this, frames go out in pairs.
    """

    def __init__(
        self, number: int, camera_id: UUID, role: Role, gop_max_bytes: int, crowd: int = 1 << 30
    ) -> None:
        super().__init__(number, camera_id, role)
        self._crowd = crowd
        self._held = b""
        self._silent_s = 0
        self.fragments_built = 0
        self._gop_max_bytes = gop_max_bytes
        self._init = b""
        self._track = 1
        self._gop: list[bytes] = []
        self._gop_bytes = 0
        self._gop_is_whole = False
        self.sound = Sound(self.line)

    def describe(self, description: Init) -> None:
        """Takes over a description; viewers of another one are greeted anew."""
        self._release()
        before, self.description = self.description, description
        self._forget_gop()
        if before == description:
            return
        self.sound.describe(description)
        try:
            self._init, self._track = picture_only(description.header)
        except LookupError:
            self._init = b""
        for viewer in tuple(self.viewers):
            viewer.greeted = False
            viewer.waits_for_key = True
            self._begin(viewer)

    def add_frame(self, frame: Frame) -> None:
        """Builds the fragment of a frame, once, and gives it to everybody."""
        if self.description is None:
            return
        if frame.is_audio:
            self.sound.add_frame(frame)
            return
        if frame.is_key:
            self.key = frame
            self._release()
            self._forget_gop()
            self._gop_is_whole = True
        if not self._init:
            return
        placed = self.line.place(frame)
        if self.line.correct(frame, placed):
            self._tell_clock()
        self.fragments_built += 1
        piece = fragment(
            self.fragments_built,
            placed,
            frame.duration_90k or self.line.step_90k,
            frame.cts_90k,
            frame.unit,
            is_key=frame.is_key,
            track=self._track,
        )
        if self._held:
            piece, self._held = self._held + piece, b""
        elif self._may_hold(frame):
            self._held = piece
            return
        self._hand_out(piece, is_key=frame.is_key)

    def _may_hold(self, frame: Frame) -> bool:
        return (
            not frame.is_key
            and len(self.viewers) > self._crowd
            and self.line.step_90k <= SLOWEST_PAIR_90K
        )

    def _release(self) -> None:
        if self._held:
            piece, self._held = self._held, b""
            self._hand_out(piece, is_key=False)

    def _hand_out(self, piece: bytes, *, is_key: bool) -> None:
        self._keep(piece)
        self._silent_s = 0
        for viewer in tuple(self.viewers):
            if not viewer.waits_for_key:
                viewer.put(piece)
            elif is_key:
                self._begin(viewer)

    def change_state(self, state: Json) -> None:
        """Passes a STATE on, if it says something new."""
        if state == self.state:
            return
        super().change_state(state)
        self._tell_state()

    def second(self) -> None:
        """Tells the state again where nothing else was said for a while."""
        self._silent_s += 1
        if self._silent_s >= HEARTBEAT_S:
            self._tell_state()

    def _tell_state(self) -> None:
        self._silent_s = 0
        if self.is_watched and self.state is not None:
            text = text_of("state", **self.state)
            for viewer in self.everybody():
                viewer.tell(text)

    def jump(self) -> None:
        """Tells the viewers that their picture jumps."""
        for viewer in tuple(self.viewers):
            viewer.tell(text_of("jump"))

    def lose(self, state: Json) -> None:
        """The recorder went away: viewers wait for the next key frame."""
        self._release()
        self._forget_gop()
        for viewer in self.viewers:
            viewer.waits_for_key = True
        super().lose(state)

    def join(self, viewer: Viewer) -> None:
        """A viewer comes: it is told the state and given the running GOP at once."""
        self.viewers.add(viewer)
        self.idle_since = None
        if self.state is not None:
            viewer.tell(text_of("state", **self.state))
        self._begin(viewer)

    def listen(self, viewer: Viewer) -> None:
        """A listener comes: sound follows from now on."""
        self.idle_since = None
        if self.state is not None:
            viewer.tell(text_of("state", **self.state))
        self.sound.join(viewer)

    def leave(self, viewer: Viewer, now: float) -> None:
        """A viewer or listener goes."""
        self.sound.listeners.discard(viewer)
        super().leave(viewer, now)

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks or listens."""
        return bool(self.viewers or self.sound.listeners)

    @property
    def watchers(self) -> int:
        """How many look or listen."""
        return len(self.viewers) + len(self.sound.listeners)

    def everybody(self) -> Iterator[Viewer]:
        """Those who look, then those who listen."""
        yield from tuple(self.viewers)
        yield from tuple(self.sound.listeners)

    def _begin(self, viewer: Viewer) -> None:
        """Sends from the last key frame on, if the GOP is whole."""
        description = self.description
        if description is None:
            return
        if not is_playable(description.codec) or not self._init:
            viewer.close(CodecNotPlayableError(codec=description.codec))
            return
        if not self._gop_is_whole:
            return
        if not viewer.greeted:
            viewer.greet(self._greeting(description), self._init)
        elif viewer.dropped:
            viewer.tell(text_of("jump"))
        viewer.waits_for_key = False
        viewer.put(self._gop[0] if len(self._gop) == 1 else b"".join(self._gop))

    def _greeting(self, description: Init) -> str:
        return text_of(
            "init",
            codec=f'video/mp4; codecs="{description.codec}"',
            role=self.role,
            width=description.width,
            height=description.height,
            epoch_ms=self.line.epoch_ms,
            sound=self.sound.mime,
        )

    def _tell_clock(self) -> None:
        state = self.state or {}
        text = text_of(
            "clock",
            epoch_ms=self.line.epoch_ms,
            offset_ms=state.get("clock_offset_ms"),
            uncertainty_ms=state.get("clock_uncertainty_ms"),
        )
        for viewer in self.everybody():
            viewer.tell(text)

    def _keep(self, piece: bytes) -> None:
        if not self._gop_is_whole:
            return
        self._gop.append(piece)
        self._gop_bytes += len(piece)
        if self._gop_bytes > self._gop_max_bytes:
            self._forget_gop()

    def _forget_gop(self) -> None:
        self._gop.clear()
        self._gop_bytes = 0
        self._gop_is_whole = False
