"""One stream of one camera as the hub holds it: description, running GOP, clock, viewers."""

from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from warroom.live.contracts import Json, Role
from warroom.live.errors import CodecNotPlayableError
from warroom.live.fragments import fragment, picture_only
from warroom.live.rules import is_playable
from warroom.live.viewers import Viewer
from warroom.recording.contracts import Frame, Init

CLOCK_TOLERANCE_MS = 40
"""The wall clock told to viewers is corrected when it is off by more."""

TICKS_PER_MS = 90
LONGEST_STEP_90K = 90_000 * 10
"""A longer step between two frames means that the run began anew."""


@dataclass(slots=True)
class Channel:
    """Follows one stream and hands its fragments to the viewers.

    Attributes:
        number: What the recorder's socket calls it.
        gop_max_bytes: A longer GOP is not kept, so a new viewer waits for the next key frame.
        key: The last key frame, for snapshots.
        state: The last STATE message.
        is_followed: Whether the socket was asked for it.
        keys_only: Whether it was asked for key frames alone (snapshots).
        idle_since: When the last viewer left (monotonic seconds), None while there are viewers.
    """

    number: int
    camera_id: UUID
    role: Role
    gop_max_bytes: int
    viewers: set[Viewer] = field(default_factory=set)
    description: Init | None = None
    key: Frame | None = None
    state: Json | None = None
    is_followed: bool = False
    keys_only: bool = False
    left_at: float = 0.0
    idle_since: float | None = 0.0
    fragments_built: int = 0
    _init: bytes = b""
    _track: int = 1
    _gop: list[bytes] = field(default_factory=list)
    _gop_bytes: int = 0
    _gop_is_whole: bool = False
    _origin_ms: int | None = None
    _base_90k: int | None = None
    _last_dts: int = 0
    _step_90k: int = 6000
    _epoch_ms: int = 0

    def describe(self, description: Init) -> None:
        """Takes over a description; viewers of another one are greeted anew."""
        before, self.description = self.description, description
        self._forget_gop()
        if before == description:
            return
        try:
            self._init, self._track = picture_only(description.header)
        except LookupError:
            self._init = b""
        for viewer in list(self.viewers):
            viewer.greeted = False
            viewer.waits_for_key = True
            self._begin(viewer)

    def add_frame(self, frame: Frame) -> None:
        """Builds the fragment of a frame, once, and gives it to everybody."""
        if frame.is_audio or self.description is None:
            return
        if frame.is_key:
            self.key = frame
            self._gop.clear()
            self._gop_bytes = 0
            self._gop_is_whole = True
        if not self._init:
            return
        tfdt = self._place(frame)
        self.fragments_built += 1
        piece = fragment(
            self.fragments_built,
            tfdt,
            frame.duration_90k or self._step_90k,
            frame.cts_90k,
            frame.unit,
            is_key=frame.is_key,
            track=self._track,
        )
        self._keep(piece)
        for viewer in tuple(self.viewers):
            if viewer.waits_for_key:
                if frame.is_key:
                    self._begin(viewer)
            else:
                viewer.put(piece)

    def change_state(self, state: Json) -> None:
        """Passes a STATE on."""
        self.state = state
        if self.viewers:
            text = _text("state", **state)
            for viewer in tuple(self.viewers):
                viewer.tell(text)

    def lose(self, state: Json) -> None:
        """The recorder went away: what comes later begins a new run."""
        self._forget_gop()
        for viewer in self.viewers:
            viewer.waits_for_key = True
        self.is_followed = False
        self.change_state(state)

    def join(self, viewer: Viewer) -> None:
        """A viewer comes: it is told the state and given the running GOP at once."""
        self.viewers.add(viewer)
        self.idle_since = None
        if self.state is not None:
            viewer.tell(_text("state", **self.state))
        self._begin(viewer)

    def leave(self, viewer: Viewer, now: float) -> None:
        """A viewer goes."""
        self.viewers.discard(viewer)
        if not self.viewers:
            self.idle_since = self.left_at = now

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
            viewer.tell(_text("jump"))
        viewer.waits_for_key = False
        viewer.put(self._gop[0] if len(self._gop) == 1 else b"".join(self._gop))

    def _greeting(self, description: Init) -> str:
        return _text(
            "init",
            codec=f'video/mp4; codecs="{description.codec}"',
            role=self.role,
            width=description.width,
            height=description.height,
            epoch_ms=self._epoch_ms,
        )

    def _place(self, frame: Frame) -> int:
        """Decoding time on the channel's own time line, which never starts anew.

        Inside a run the camera's media time counts; where a run begins, the wall clock says how
        far it lies from the channel's beginning.
        """
        step = frame.dts_90k - self._last_dts
        if self._origin_ms is None:
            self._origin_ms = self._epoch_ms = frame.wall_ms
        if self._base_90k is None or not 0 <= step <= LONGEST_STEP_90K:
            since_ms = max(0, frame.wall_ms - self._origin_ms)
            self._base_90k = frame.dts_90k - since_ms * TICKS_PER_MS
        elif step:
            self._step_90k = step
        self._last_dts = frame.dts_90k
        tfdt = max(0, frame.dts_90k - self._base_90k)
        self._correct_clock(frame.wall_ms - (tfdt + frame.cts_90k) // TICKS_PER_MS)
        return tfdt

    def _correct_clock(self, epoch_ms: int) -> None:
        if abs(epoch_ms - self._epoch_ms) <= CLOCK_TOLERANCE_MS:
            return
        self._epoch_ms = epoch_ms
        state = self.state or {}
        text = _text(
            "clock",
            epoch_ms=epoch_ms,
            offset_ms=state.get("clock_offset_ms"),
            uncertainty_ms=state.get("clock_uncertainty_ms"),
        )
        for viewer in tuple(self.viewers):
            viewer.tell(text)

    def _keep(self, piece: bytes) -> None:
        if not self._gop_is_whole:
            return
        self._gop.append(piece)
        self._gop_bytes += len(piece)
        if self._gop_bytes > self.gop_max_bytes:
            self._forget_gop()

    def _forget_gop(self) -> None:
        self._gop.clear()
        self._gop_bytes = 0
        self._gop_is_whole = False


def _text(kind: str, **words: object) -> str:
    return msgspec.json.encode({"type": kind, **words}).decode()
