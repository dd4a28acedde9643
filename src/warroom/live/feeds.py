"""What every way of looking has in common: one stream as the hub follows it, and its time line."""

from abc import ABC, abstractmethod
from uuid import UUID

from warroom.live.contracts import Json, Role
from warroom.recording.contracts import Frame, Init

TICKS_PER_MS = 90

LONGEST_STEP_90K = 90_000 * 10
"""A longer step between two frames means that the run began anew."""

CLOCK_TOLERANCE_MS = 40
"""The wall clock told to viewers is corrected when it is off by more."""


class MediaLine:
    """A time line that never starts anew, whatever the camera's runs do.

    Inside a run the camera's media time counts; where a run begins, the wall clock says how far it
    lies from the line's beginning.
    """

    __slots__ = ("_base_90k", "_last_dts", "_origin_ms", "epoch_ms", "step_90k")

    def __init__(self) -> None:
        self._origin_ms: int | None = None
        self._base_90k = 0
        self._last_dts = 0
        self.step_90k = 6000
        """Ticks from one frame to the next, lately."""
        self.epoch_ms = 0
        """Wall clock (ms since 1970) of the line's zero, as viewers were told."""

    def place(self, frame: Frame) -> int:
        """Decoding time of a frame on the line, in ticks."""
        step = frame.dts_90k - self._last_dts
        if self._origin_ms is None:
            self._origin_ms = self.epoch_ms = frame.wall_ms
            self._base_90k = frame.dts_90k
        elif not 0 <= step <= LONGEST_STEP_90K:
            since_ms = max(0, frame.wall_ms - self._origin_ms)
            self._base_90k = frame.dts_90k - since_ms * TICKS_PER_MS
        elif step:
            self.step_90k = step
        self._last_dts = frame.dts_90k
        return max(0, frame.dts_90k - self._base_90k)

    def beside(self, frame: Frame) -> int | None:
        """Where a frame of sound lies, in ticks; None before the first picture."""
        if self._origin_ms is None:
            return None
        return max(0, frame.dts_90k - self._base_90k)

    def correct(self, frame: Frame, placed_90k: int) -> bool:
        """Compares the wall clock with the line; True if viewers must be told a new epoch."""
        epoch_ms = frame.wall_ms - (placed_90k + frame.cts_90k) // TICKS_PER_MS
        if abs(epoch_ms - self.epoch_ms) <= CLOCK_TOLERANCE_MS:
            return False
        self.epoch_ms = epoch_ms
        return True


class Feed[V](ABC):
    """One stream of one camera, and who looks at it.

    Args:
        number: What the recorder's socket calls it.
        camera_id: The camera.
        role: Which stream.
    """

    def __init__(self, number: int, camera_id: UUID, role: Role) -> None:
        self.number = number
        self.camera_id = camera_id
        self.role: Role = role
        self.viewers: set[V] = set()
        self.description: Init | None = None
        self.key: Frame | None = None
        """The last key frame."""
        self.state: Json | None = None
        """The last STATE message."""
        self.is_followed = False
        """Whether the recorder was asked for it."""
        self.is_elsewhere = False
        """Whether it is asked of the city's other nodes."""
        self.keys_only = False
        """Whether it was asked for key frames alone (snapshots)."""
        self.idle_since: float | None = 0.0
        """When the last viewer left (monotonic seconds), None while there are viewers."""
        self.left_at = 0.0
        """When the last viewer left, also while snapshots are taken."""
        self.line = MediaLine()

    @abstractmethod
    def describe(self, description: Init) -> None:
        """Takes over a description; what follows leans on it."""

    @abstractmethod
    def add_frame(self, frame: Frame) -> None:
        """Hands a frame to everybody."""

    def change_state(self, state: Json) -> None:
        """Takes a STATE."""
        self.state = state

    def jump(self) -> None:  # noqa: B027 - most ways of looking need not know
        """We were too slow for the recorder: whole GOPs are missing before the next frame."""

    def second(self) -> None:  # noqa: B027 - as above
        """A second went by."""

    def lose(self, state: Json) -> None:
        """The recorder went away: what comes later begins a new run."""
        self.is_followed = False
        self.change_state(state)

    def leave(self, viewer: V, now: float) -> None:
        """A viewer goes."""
        self.viewers.discard(viewer)
        if not self.is_watched:
            self.idle_since = self.left_at = now

    @property
    def is_watched(self) -> bool:
        """Whether anybody looks or listens."""
        return bool(self.viewers)

    @property
    def watchers(self) -> int:
        """How many look or listen."""
        return len(self.viewers)
