"""From a camera's ticks to our wall clock, smoothly, and how far the camera's own clock is off.

A frame that arrives `now` with the media time `t` was captured before `now - t`; the least such
difference over a while is the one with the least network delay (the minimum filter of NTP,
RFC 5905 section 10). The mapping follows it by changing its rate a little (`SLEW`, or `FAST_SLEW`
while far off), so wall times never step and never run backwards within a run, whatever the camera's
quartz does (up to 500 ppm).
"""

from collections import deque
from statistics import median

from warroom.recording.contracts import TIMESCALE
from warroom.recording.fmp4 import NTP_EPOCH_S

SLEW = 0.001
"""Most the rate of the mapping is changed by: 1 ms per second."""
FAST_SLEW = 0.02
"""The same while the mapping is far off: a run began late (a busy start, a burst of old frames)."""
FAR_S = 0.1
STEP_S = 3.0
"""Beyond this error the mapping does not follow: a new run begins."""
OVERLAP_S = 5.0
"""Most by which a new run is moved to begin where the footage before ended."""
_WINDOW = 15
_FOLLOW_S = 20.0
_HURRY_S = 5.0
_HALF = 1 << 31
_MASK = (1 << 32) - 1


def unwrapped(stamp: int, near: int) -> int:
    """The 32-bit time stamp as an unbounded count, nearest to `near`."""
    return near + ((stamp - near + _HALF) & _MASK) - _HALF


class WallMap:
    """Wall time of the media times of one run.

    `see` is called for every frame (the assembler does its work itself, by `least`), `advance` at
    the end of every GOP.
    """

    __slots__ = (
        "_at",
        "_minima",
        "_rate",
        "_wall_s",
        "is_fixed",
        "least",
    )

    def __init__(self) -> None:
        self._minima: deque[float] = deque(maxlen=_WINDOW)
        self.least = float("inf")
        self.is_fixed = False
        self._at = 0
        self._wall_s = 0.0
        self._rate = 1.0

    def see(self, pts: int, now: float) -> None:
        """A frame of media time `pts` arrived at `now`."""
        self.least = min(self.least, now - pts / TIMESCALE)

    def wall_s(self, pts: int) -> float:
        """Capture time of a media time, seconds since 1970."""
        if not self.is_fixed:
            return pts / TIMESCALE + self.least
        return self._wall_s + (pts - self._at) * self._rate / TIMESCALE

    def wall_ms(self, pts: int) -> int:
        """Capture time of a media time, ms since 1970."""
        return round(self.wall_s(pts) * 1000)

    def arrival_s(self, pts: int) -> float:
        """Earliest instant at which the frame of this media time arrives; infinite: not known."""
        return min([*self._minima, self.least]) + pts / TIMESCALE

    def error_s(self, pts: int) -> float:
        """How far the mapping is from what the arrivals say; positive: it is early."""
        arrival = self.arrival_s(pts)
        return 0.0 if arrival == float("inf") else arrival - self.wall_s(pts)

    def fix(self, pts: int, not_before_s: float) -> None:
        """Ends the time in which the mapping may still move: the first GOP is whole.

        Args:
            pts: Media time of its first frame.
            not_before_s: Where the footage before ends; a little overlap is pushed behind it.
        """
        wall_s = self.wall_s(pts)
        if wall_s < not_before_s < wall_s + OVERLAP_S:
            wall_s = not_before_s
        self._at, self._wall_s = pts, wall_s
        self.is_fixed = True

    def advance(self, begin: int, end: int) -> tuple[float, float]:
        """Fixes the wall times of a GOP from `begin` to `end` (media time).

        Returns:
            Its first and last instant; the last is exactly the first of the next GOP.
        """
        first, last = self.wall_s(begin), self.wall_s(end)
        error = self.error_s(end)
        if self.least < float("inf"):
            self._minima.append(self.least)
            self.least = float("inf")
        self._at, self._wall_s = end, last
        most, follow_s = (SLEW, _FOLLOW_S) if abs(error) < FAR_S else (FAST_SLEW, _HURRY_S)
        self._rate = 1.0 + max(-most, min(most, error / follow_s))
        return first, last

    @property
    def spread_s(self) -> float:
        """How much the least delays of the last GOPs differ."""
        if len(self._minima) < 2:
            return 0.0
        return max(self._minima) - min(self._minima)


class CameraClock:
    """The camera's own clock against ours, from RTCP sender reports (RFC 3550, 6.4.1)."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=9)
        self.round_trip_s = 0.0
        self.last_report: tuple[float, int] | None = None

    def report(self, ntp: int, pts: int, wall_s: float) -> None:
        """A sender report: at the media time `pts` (ours: `wall_s`) the camera's clock said `ntp`.

        A report without a clock (all zero) is passed over.
        """
        if ntp == 0:
            return
        camera_s = (ntp >> 32) - NTP_EPOCH_S + (ntp & _MASK) / (1 << 32)
        if self._offsets and abs(camera_s - wall_s - self._offsets[-1]) > STEP_S:
            self._offsets.clear()
        self._offsets.append(camera_s - wall_s)
        self.last_report = (camera_s, pts)

    @property
    def offset_ms(self) -> float | None:
        """Camera's clock minus ours; None until it told its clock."""
        if not self._offsets:
            return None
        return round(median(self._offsets) * 1000, 1)

    def uncertainty_ms(self, spread_s: float) -> float | None:
        """Half-width of the offset: half the round trip, the jitter, the reports' own spread."""
        if not self._offsets:
            return None
        own = (max(self._offsets) - min(self._offsets)) / 2
        return round((self.round_trip_s / 2 + spread_s + own) * 1000 + 1.0, 1)
