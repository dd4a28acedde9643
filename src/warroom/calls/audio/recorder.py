"""A call's recording: caller and agent side by side, whole at every moment.

The file is written in place through a memory map: what the trunk carried, byte by byte, at the time
it belongs to. A process that dies loses what it had not received; the file needs no repair, only
what was reserved behind its end is cut. Room is reserved by `posix_fallocate`, which says that a
disk is full; a store into a hole of a file would end the process instead.
"""

import hashlib
import mmap
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Self

from warroom.calls.audio import wav
from warroom.calls.audio.timeline import Anchor, Timeline
from warroom.calls.contracts import AGENT, CALLER, RATE_HZ, Json, Recorded
from warroom.kernel.clock import Clock, SystemClock

GROWTH_SAMPLES = 60 * RATE_HZ
"""A minute is reserved at a time."""

_MODE = 0o600


class TwoChannelRecorder:
    """Implements `contracts.Recorder`; made by `create` or `reopen`.

    Args:
        path: The file.
        clock: Tells when frames arrive.
        begun_at: Wall time of sample 0.
        anchors: Of both channels, where it goes on.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        begun_at: datetime,
        anchors: tuple[Anchor | None, Anchor | None] = (None, None),
    ) -> None:
        self.on_anchor: Callable[[], None] | None = None
        self.on_failed: Callable[[str], None] | None = None
        self.path = path
        self.begun_at = begun_at
        self._clock = clock
        self._zero_s = clock.monotonic() - (clock.now() - begun_at).total_seconds()
        self._failed: str | None = None
        self._samples = self._room = 0
        self._map: mmap.mmap | None = None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        with os.fdopen(os.dup(self._file), "rb") as file:
            said = wav.samples_said(file)
        self._samples = said or 0
        self._room = min(
            self._samples, max(0, os.fstat(self._file).st_size - wav.HEADER_BYTES) // wav.CHANNELS
        )
        self._timelines = tuple(Timeline(anchor, self._samples) for anchor in anchors)
        self._grow()

    @classmethod
    def create(cls, path: Path, clock: Clock | None = None) -> Self:
        """Begins a recording whose sample 0 is now.

        A disk that is full already does not raise: `failed` says it, as it would later.

        Raises:
            FileExistsError: There is one of that name; recordings are never written over.
            OSError: It cannot be made at all.
        """
        clock = clock or SystemClock()
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
        return cls(path, clock, clock.now())

    @classmethod
    def reopen(cls, path: Path, state: Json, clock: Clock | None = None) -> Self:
        """Goes on in a recording that was left behind, by the state that was kept of it.

        Raises:
            OSError: It cannot be opened.
        """
        caller, agent = (None if kept is None else Anchor(**kept) for kept in state["anchors"])
        begun_at = datetime.fromisoformat(state["begun_at"])
        return cls(path, clock or SystemClock(), begun_at, (caller, agent))

    @property
    def failed(self) -> str | None:
        """Why it does not record any more; None while it does."""
        return self._failed

    @property
    def duration_s(self) -> float:
        """Of what is recorded."""
        return self._samples / RATE_HZ

    def write(self, channel: int, rtp_time: int, payload: bytes, source: int) -> None:
        """Places samples; see `contracts.Recorder`."""
        if self._map is None:
            return
        timeline = self._timelines[channel]
        arrived = int((self._clock.monotonic() - self._zero_s) * RATE_HZ)
        begin = timeline.place(source, rtp_time, len(payload), arrived)
        if begin is None:
            return
        end = begin + len(payload)
        while end > self._room:
            if not self._grow():
                return
        first = wav.HEADER_BYTES + wav.CHANNELS * begin + channel
        last = wav.HEADER_BYTES + wav.CHANNELS * end
        self._map[first : last : wav.CHANNELS] = payload
        if end > self._samples:
            self._samples = end
            wav.tell(self._map, end)
        if timeline.is_moved and self.on_anchor is not None:
            self.on_anchor()

    def _grow(self) -> bool:
        """Reserves a minute more and fills it with silence; False if there is no room."""
        old, new = self._room, self._room + GROWTH_SAMPLES
        begin, end = (wav.HEADER_BYTES + wav.CHANNELS * room for room in (old, new))
        try:
            os.posix_fallocate(self._file, 0, end)
            grown = mmap.mmap(self._file, end)
        except OSError as error:
            self._fail(error)
            return False
        if self._map is not None:
            self._map.close()
        self._map, self._room = grown, new
        grown[begin:end] = wav.SILENT_BYTE * (end - begin)
        grown[: wav.HEADER_BYTES] = wav.header(self._samples)
        return True

    def _fail(self, error: OSError) -> None:
        """Stops recording; what is there stays whole."""
        if self._map is not None:
            self._map.close()
            self._map = None
        self._failed = os.strerror(error.errno or 0)
        if self.on_failed is not None:
            self.on_failed(self._failed)

    def replay(self, seconds: float) -> bytes:
        """The last seconds as a WAV of both channels; see `contracts.Recorder`."""
        count = min(self._samples, max(0, int(seconds * RATE_HZ)))
        begin = wav.HEADER_BYTES + wav.CHANNELS * (self._samples - count)
        return wav.header(count) + os.pread(self._file, wav.CHANNELS * count, begin)

    def state(self) -> Json:
        """All that `reopen` needs."""
        anchors = [self._timelines[channel].anchor for channel in (CALLER, AGENT)]
        return {
            "begun_at": self.begun_at.isoformat(),
            "anchors": [None if anchor is None else asdict(anchor) for anchor in anchors],
        }

    def close(self) -> Recorded:
        """Cuts, syncs and hashes; see `contracts.Recorder`."""
        if self._map is not None:
            self._map.close()
            self._map = None
        os.close(self._file)
        return recover(self.path)


def recover(path: Path) -> Recorded:
    """Closes a recording that a process left behind: what was only reserved is cut.

    One that was closed stays as it is, so that its hash stays too.

    Raises:
        OSError: It cannot be read or written.
        ValueError: It is no recording.
    """
    with path.open("r+b") as file:
        samples = wav.samples_said(file)
        file.seek(0)
        if samples is None and any(file.read(wav.HEADER_BYTES)):
            raise ValueError(path.name)
        # None: the process died before it had written anything.
        samples = samples or 0
        file.seek(0)
        file.write(wav.header(samples))
        file.truncate(wav.HEADER_BYTES + wav.CHANNELS * samples)
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return Recorded(path, digest.hexdigest(), samples / RATE_HZ)
