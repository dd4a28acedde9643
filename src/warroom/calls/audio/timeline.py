"""Where in a recording a frame belongs: at the time its sender gave it, counted from the first.

Senders count from anywhere and their clocks drift. The first frame of a sender is put where it
arrives, and those that follow at their own distance from it, so that loss, jitter and disorder
leave no trace. Only a sender who changes, or whose clock jumps, is put where it arrives anew;
nothing that was written is written over then.
"""

from dataclasses import dataclass

from warroom.calls.audio.rtp import step

JUMP_SAMPLES = 4000
"""Half a second: a sender so far from where it arrives has another clock."""

PATIENCE_SAMPLES = 8000
"""A sender that counts on steadily but late is believed for so long: packets that waited somewhere
come all at once, and are where they belong."""

AHEAD_SAMPLES = 16_000
"""How far a sender that changes again and again may push what is recorded ahead of the time."""


_NEAR = 1 << 31


@dataclass(frozen=True, slots=True)
class Anchor:
    """A sender's clock, tied to the recording.

    Attributes:
        source: The sender.
        rtp_time: A time stamp of its.
        position: The sample of the recording it means.
    """

    source: int
    rtp_time: int
    position: int


class Timeline:
    """One channel of a recording.

    Args:
        anchor: Of a recording that goes on.
        end: First sample of this channel that nothing was written to.
    """

    def __init__(self, anchor: Anchor | None = None, end: int = 0) -> None:
        self.anchor = anchor
        self.end = end
        self.is_moved = False
        """Whether the last frame tied a clock anew."""
        self._newest = anchor.rtp_time if anchor is not None else 0
        self._late_since: int | None = None

    def place(self, source: int, rtp_time: int, samples: int, arrived: int) -> int | None:
        """The position of a frame.

        Args:
            source: Its sender.
            rtp_time: Its time stamp.
            samples: Its length.
            arrived: Samples of wall time since the recording began.

        Returns:
            The sample it begins at; None if it lies before the recording, or runs ahead of the
            time because its sender changes without end.
        """
        self.is_moved = False
        wanted, anchor = arrived - samples, self.anchor
        if anchor is None or source != anchor.source:
            return self._tie(source, rtp_time, samples, wanted)
        ahead = rtp_time - anchor.rtp_time
        position = anchor.position + (ahead if 0 <= ahead < _NEAR else step(ahead, 0))
        if -JUMP_SAMPLES <= position - wanted <= JUMP_SAMPLES and position == self.end:
            # Nearly always: the next frame, in time.
            self._late_since, self._newest = None, rtp_time
            self.end = position + samples
            return position
        if self._has_jumped(position, rtp_time, wanted):
            return self._tie(source, rtp_time, samples, wanted)
        return self._take(position, rtp_time, samples)

    def _has_jumped(self, position: int, rtp_time: int, wanted: int) -> bool:
        if abs(position - wanted) <= JUMP_SAMPLES:
            self._late_since = None
            return False
        if abs(step(rtp_time, self._newest)) > JUMP_SAMPLES:
            return True
        if position > wanted:
            # A clock that runs fast: nothing could be moved back without writing over it.
            return False
        if self._late_since is None:
            self._late_since = wanted
        return wanted - self._late_since > PATIENCE_SAMPLES

    def _tie(self, source: int, rtp_time: int, samples: int, wanted: int) -> int | None:
        position = max(wanted, self.end, 0)
        if position - max(wanted, 0) > AHEAD_SAMPLES:
            return None
        self.anchor = Anchor(source, rtp_time, position)
        self.is_moved, self._late_since, self._newest = True, None, rtp_time
        return self._take(position, rtp_time, samples)

    def _take(self, position: int, rtp_time: int, samples: int) -> int | None:
        if position < 0:
            return None
        if step(rtp_time, self._newest) > 0:
            self._newest = rtp_time
        self.end = max(self.end, position + samples)
        return position
