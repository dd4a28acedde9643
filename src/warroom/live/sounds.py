"""The sound of one stream, for those who asked for it.

It goes beside the picture and never in it: a browser holds the picture back for as long as sound
that was announced is missing, and what is said near a camera should reach those alone who chose to
listen.
"""

from warroom.live.errors import NoSoundError
from warroom.live.feeds import MediaLine
from warroom.live.viewers import Viewer, text_of
from warroom.recording.api import SoundTrack, sound_track
from warroom.recording.contracts import TIMESCALE, Frame, Init


class Sound:
    """Builds fragments of sound, each once, and only while somebody listens.

    Args:
        line: Time line of the picture, which the sound is laid beside.
    """

    def __init__(self, line: MediaLine) -> None:
        self._line = line
        self._track: SoundTrack | None = None
        self._is_described = False
        self._number = 0
        self._expected: int | None = None
        self.listeners: set[Viewer] = set()

    @property
    def mime(self) -> str | None:
        """Its type for Media Source Extensions; None where there is no sound."""
        return None if self._track is None else self._track.mime

    def describe(self, description: Init) -> None:
        """Takes over a description; those who listen are greeted anew."""
        track, self._is_described = sound_track(description), True
        if track == self._track and track is not None:
            return
        self._track, self._expected = track, None
        for listener in tuple(self.listeners):
            listener.greeted = False
            self._refuse(listener)

    def join(self, listener: Viewer) -> None:
        """A listener comes."""
        self.listeners.add(listener)
        self._refuse(listener)

    def _refuse(self, listener: Viewer) -> None:
        if self._is_described and self._track is None:
            listener.close(NoSoundError())

    def add_frame(self, frame: Frame) -> None:
        """Hands a frame to those who listen."""
        track, beside = self._track, self._line.beside(frame)
        if not self.listeners or track is None or beside is None:
            return
        at = track.follow(round(beside * track.rate_hz / TIMESCALE), self._expected)
        length = track.duration(frame.unit, frame.duration_90k)
        self._expected = at + length
        self._number += 1
        piece = track.fragment(self._number, at, length, frame.unit)
        for listener in tuple(self.listeners):
            if not listener.greeted:
                listener.greet(self._greeting(track), track.header)
            listener.put(piece)

    def _greeting(self, track: SoundTrack) -> str:
        return text_of(
            "init", codec=track.mime, role="sound", width=0, height=0, epoch_ms=self._line.epoch_ms
        )
