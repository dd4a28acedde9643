"""The sound of a stream: frames that wait for the GOP they belong to, on the video's media time."""

from warroom.recording.audio import AudioFrame
from warroom.recording.contracts import TIMESCALE
from warroom.recording.fmp4 import NTP_EPOCH_S
from warroom.recording.timeline import unwrapped

FRAMES_WAITING = 4096
"""Frames kept at most: a video track that stands still must not fill the memory."""
_REPORT_TRUSTED_S = 5


class AudioTrack:
    """The audio track of one run.

    Args:
        rate_hz: Samples a second.

    Attributes:
        shown_from: Media time and count from which watchers are given sound; None before.
        late: Frames left out because they came too late.
    """

    __slots__ = ("_last", "_least", "_report", "_waiting", "late", "rate_hz", "shown_from")

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.shown_from: tuple[int, int] | None = None
        self.late = 0
        self._last = -1
        self._least = float("inf")
        self._report: tuple[float, int] | None = None
        self._waiting: list[AudioFrame] = []

    @property
    def is_placed(self) -> bool:
        """Whether any frame has come, so that counts mean something."""
        return self._last >= 0

    def reaches(self, count: int) -> bool:
        """Whether sound up to this count is here."""
        return bool(self._waiting) and self._waiting[-1][0] >= count

    def clear(self) -> None:
        """Forgets what waits."""
        self._waiting.clear()

    def take(self, frames: list[AudioFrame], now: float) -> list[AudioFrame]:
        """Takes frames as (RTP time stamp, samples, bytes); returns those that count on."""
        taken = []
        for stamp, duration, sound in frames:
            count = self._unwrap(stamp, now)
            if self._waiting and count <= self._waiting[-1][0]:
                self.late += 1
                continue
            frame = (count, duration, sound)
            self._waiting.append(frame)
            taken.append(frame)
        if len(self._waiting) > FRAMES_WAITING:
            del self._waiting[:-FRAMES_WAITING]
        return taken

    def _unwrap(self, stamp: int, now: float) -> int:
        """The unbounded count of a time stamp that arrived `now`."""
        self._last = unwrapped(stamp, self._last) if self.is_placed else stamp + (1 << 32)
        self._least = min(self._least, now - self._last / self.rate_hz)
        return self._last

    def report(self, ntp: int, stamp: int) -> None:
        """A sender report of the track (RFC 3550, 6.4.1); one without a clock is passed over."""
        if self.is_placed and ntp:
            camera_s = (ntp >> 32) - NTP_EPOCH_S + (ntp & 0xFFFFFFFF) / (1 << 32)
            self._report = (camera_s, unwrapped(stamp, self._last))

    def count_at(self, pts: int, video: tuple[float, int] | None, wall_s: float) -> int:
        """The count that belongs to the video's media time `pts`.

        By both tracks' sender reports where they exist and agree with arrivals, else by arrivals.

        Args:
            pts: Media time of the video.
            video: Its last report: the camera's clock and the media time.
            wall_s: Capture time of `pts`.
        """
        by_arrival = (wall_s - self._least) * self.rate_hz
        if video is not None and self._report is not None:
            camera_s = video[0] + (pts - video[1]) / TIMESCALE
            by_report = self._report[1] + (camera_s - self._report[0]) * self.rate_hz
            if abs(by_report - by_arrival) < _REPORT_TRUSTED_S * self.rate_hz:
                return round(by_report)
        return round(by_arrival)

    def cut(self, base: int, media_90k: int) -> tuple[list[bytes], int, list[int]]:
        """Takes out the sound of a fragment; what is older than its segment is left out.

        Args:
            base: Count at which the segment begins.
            media_90k: Where the fragment ends, from the beginning of the segment.

        Returns:
            The frames, the decode time of the first, and (duration, size) of each in one list.
        """
        until = base + media_90k * self.rate_hz // TIMESCALE
        early = sum(1 for frame in self._waiting if frame[0] < base)
        take = [frame for frame in self._waiting if base <= frame[0] < until]
        self.late += early
        del self._waiting[: early + len(take)]
        if not take:
            return [], 0, []
        samples: list[int] = []
        for number, (count, duration, sound) in enumerate(take):
            is_last = number + 1 == len(take)
            samples += (duration if is_last else take[number + 1][0] - count, len(sound))
        return [frame[2] for frame in take], take[0][0] - base, samples
