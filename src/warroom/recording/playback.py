"""Footage of a time range as one stream, without decoding: byte ranges, moved in time.

A *plan* lists the GOPs of a range; *reading* it copies them with new decode times, measured from
the asker's `base`, so that pieces asked for one after the other lie on one time line. A file that
is missing, torn or changed costs itself: it is left out, remembered, and shown as a gap with the
cause `damaged`.

Picture and sound are asked for one by one (`mode`), so that sound which is missing, or which a
browser cannot decode, never holds the picture back.
"""

import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from warroom.recording.contracts import Init
from warroom.recording.errors import NothingThereError
from warroom.recording.fmp4 import key_frame, rebuild_video, video_only
from warroom.recording.playback_index import Footage, FootageIndex
from warroom.recording.sound import SoundCutter, SoundTrack, sound_track

Mode = Literal["all", "keys", "sound"]
"""Every picture, the key frames alone, or the sound alone."""

PLAN_BYTES = 64 << 20
"""Bytes of footage in one answer; the rest is asked for with the next."""

PLAN_MS = 30 * 60_000
KEYS_PLAN_MS = 6 * 3_600_000
LONGEST_GOP_MS = 30_000
STILL_MS = 10_000
"""In `keys` mode a picture is shown until the next, but no longer than this over a gap."""

REMEMBERED = 20_000
"""Segments remembered as whole or as damaged."""

_NO_FOLLOW = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Piece:
    """One GOP of a plan: where it lies and when it belongs."""

    footage: Footage
    offset: int
    length: int
    tfdt_90k: int
    wall_ms: int
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What one answer holds.

    Attributes:
        init: Header and codec of all its pieces.
        sound: The sound of its first piece; None where that has none.
        next_ms: Where to ask next.
    """

    init: Init
    sound: SoundTrack | None
    pieces: tuple[Piece, ...]
    next_ms: int

    def mime(self, mode: Mode) -> str:
        """Type of what is sent."""
        return self.sound.mime if mode == "sound" and self.sound else self.init.mime

    @property
    def first_ms(self) -> int:
        """Capture time of the first frame."""
        return self.pieces[0].wall_ms

    @property
    def last_ms(self) -> int:
        """End of the last GOP."""
        return self.pieces[-1].wall_ms + self.pieces[-1].lasts_ms


class DamagedError(Exception):
    """A file is not what the index says."""


class Library:
    """Reads footage from files, and remembers which are whole and which are damaged.

    Args:
        index: The disks' indexes.
    """

    def __init__(self, index: FootageIndex) -> None:
        self.index = index
        self._whole: OrderedDict[tuple[Path, int], None] = OrderedDict()
        self._damaged: OrderedDict[tuple[Path, int], None] = OrderedDict()
        self._inits: OrderedDict[tuple[Path, int], tuple[Init, SoundTrack | None]] = OrderedDict()

    def is_damaged(self, footage: Footage) -> bool:
        """Whether it was found damaged, or is missing or short now."""
        if footage.key in self._damaged:
            return True
        try:
            return footage.file.stat().st_size < footage.segment.bytes
        except OSError:
            return True

    def plan(self, camera_id: str, role: str, start_ms: int, end_ms: int, mode: Mode) -> Plan:
        """Lists the GOPs from the key frame at or before `start_ms` to `end_ms`.

        It stops where the codec changes and at the limits of one answer.

        Raises:
            NothingThereError: There is no footage in the range (`next_at`: where it goes on).
        """
        limit_ms = KEYS_PLAN_MS if mode == "keys" else PLAN_MS
        end_ms = min(end_ms, start_ms + limit_ms)
        footage = [
            item
            for item in self.index.list_footage(camera_id, role, start_ms, end_ms)
            if not self.is_damaged(item)
        ]
        pieces = _cut(_pieces(footage), start_ms, end_ms)
        if mode == "sound":
            pieces = [piece for piece in pieces if self.sound_of(piece.footage) is not None]
        if not pieces:
            raise self._nothing(camera_id, role, end_ms)
        pieces, rest_ms = self._same_codec(pieces, PLAN_BYTES * (8 if mode == "keys" else 1), mode)
        next_ms = rest_ms if rest_ms is not None else self._after(camera_id, role, pieces, end_ms)
        first = pieces[0].footage
        return Plan(self.init_of(first), self.sound_of(first), tuple(pieces), next_ms)

    def read(self, plan: Plan, base_ms: int, mode: Mode) -> Iterator[bytes]:
        """Yields the header, then one fragment per GOP, decode times counted from `base_ms`."""
        if mode == "sound":
            yield from self._read_sound(plan, base_ms)
            return
        sent: bytes | None = None
        number = 0
        for index, piece in enumerate(plan.pieces):
            lasts_ms = _still_ms(plan.pieces, index) if mode == "keys" else 0
            try:
                init = self.init_of(piece.footage)
                stored = self._fragment(piece)
                number += 1
                moved = rebuild_video(
                    stored,
                    number,
                    _shift_90k(piece, base_ms),
                    key_only=mode == "keys",
                    duration=lasts_ms * 90,
                )
            except (DamagedError, ValueError, LookupError):
                self._mark_damaged(piece.footage)
                continue
            if init.header != sent:
                sent = init.header
                yield init.header
            yield moved

    def _read_sound(self, plan: Plan, base_ms: int) -> Iterator[bytes]:
        track = plan.sound
        if track is None:
            return
        yield track.header
        cutter = SoundCutter(track)
        for piece in plan.pieces:
            try:
                sound = cutter.cut(self._fragment(piece), _shift_90k(piece, base_ms))
            except (DamagedError, ValueError):
                self._mark_damaged(piece.footage)
                continue
            if sound:
                yield sound

    def fragment_at(self, camera_id: str, role: str, at_ms: int) -> tuple[Piece, bytes, Init]:
        """The GOP whose key frame is the last at or before an instant.

        Raises:
            NothingThereError: No footage at that instant.
        """
        for footage in reversed(self.index.list_footage(camera_id, role, at_ms, at_ms + 1)):
            pieces = _cut(_pieces([footage]), at_ms, at_ms + 1)
            if not pieces:
                continue
            try:
                return pieces[0], self._fragment(pieces[0]), self.init_of(footage)
            except (DamagedError, LookupError):
                self._mark_damaged(footage)
        raise self._nothing(camera_id, role, at_ms)

    def key_sample(self, fragment: bytes) -> bytes:
        """The key frame that a stored fragment begins with."""
        return key_frame(fragment)

    def init_of(self, footage: Footage) -> Init:
        """The header of the picture.

        Raises:
            LookupError: The index does not hold it.
        """
        return self._tracks(footage)[0]

    def sound_of(self, footage: Footage) -> SoundTrack | None:
        """The sound; None where there is none.

        Raises:
            LookupError: The index does not hold the header.
        """
        return self._tracks(footage)[1]

    def _tracks(self, footage: Footage) -> tuple[Init, SoundTrack | None]:
        key = (footage.disk, footage.segment.init_id)
        if key not in self._inits:
            init = self.index.get_init(*key)
            self._inits[key] = (video_only(init), sound_track(init))
            _forget_oldest(self._inits)
        return self._inits[key]

    def _kind(self, footage: Footage, mode: Mode) -> str | SoundTrack | None:
        """What must be the same all through one answer."""
        return self.sound_of(footage) if mode == "sound" else self.init_of(footage).mime

    def _fragment(self, piece: Piece) -> bytes:
        """The GOP as stored; the whole file is checked once before its first use.

        Raises:
            DamagedError: The file is not what the index says.
        """
        try:
            descriptor = os.open(piece.footage.file, _NO_FOLLOW)
        except OSError as error:
            raise DamagedError from error
        try:
            self._check(descriptor, piece.footage)
            stored = os.pread(descriptor, piece.length, piece.offset)
        except OSError as error:
            raise DamagedError from error
        finally:
            os.close(descriptor)
        if len(stored) != piece.length or stored[4:8] != b"moof":
            raise DamagedError
        return stored

    def _check(self, descriptor: int, footage: Footage) -> None:
        if footage.key in self._damaged:
            raise DamagedError
        if footage.key in self._whole or not footage.segment.sha256:
            return
        digest = hashlib.sha256()
        left = footage.segment.bytes
        while left > 0 and (
            block := os.pread(descriptor, min(left, 1 << 20), footage.segment.bytes - left)
        ):
            digest.update(block)
            left -= len(block)
        if digest.digest() != footage.segment.sha256:
            raise DamagedError
        self._whole[footage.key] = None
        _forget_oldest(self._whole)

    def _nothing(self, camera_id: str, role: str, at_ms: int) -> NothingThereError:
        next_ms = self.index.bounds(camera_id, role, at_ms).next_ms
        return NothingThereError(next_at=None if next_ms is None else iso_of_ms(next_ms))

    def _mark_damaged(self, footage: Footage) -> None:
        if footage.segment.segment_id < 0:
            return  # still being written: what cannot be read now may be whole in a moment
        self._damaged[footage.key] = None
        _forget_oldest(self._damaged)

    def _same_codec(
        self, pieces: list[Piece], limit_bytes: int, mode: Mode
    ) -> tuple[list[Piece], int | None]:
        """The first pieces of one codec and at most so many bytes; where the rest begins."""
        first = self._kind(pieces[0].footage, mode)
        total = 0
        for number, piece in enumerate(pieces):
            total += piece.length
            if number and (total > limit_bytes or self._kind(piece.footage, mode) != first):
                return pieces[:number], piece.wall_ms
        return pieces, None

    def _after(self, camera_id: str, role: str, pieces: list[Piece], end_ms: int) -> int:
        """Where footage goes on after a plan that reached its end."""
        last = pieces[-1]
        for gop in last.footage.gops:
            wall_ms = last.footage.start_ms + gop.wall_delta_ms
            if wall_ms > last.wall_ms and wall_ms >= end_ms:
                return wall_ms
        end_of_last = last.footage.end_ms
        next_ms = self.index.bounds(camera_id, role, max(end_ms, last.wall_ms + 1)).next_ms
        if next_ms is not None:
            return next_ms
        return end_of_last


def _pieces(footage: list[Footage]) -> list[Piece]:
    pieces: list[Piece] = []
    for item in footage:
        gops = item.gops
        for number, gop in enumerate(gops):
            wall_ms = item.start_ms + gop.wall_delta_ms
            ends_ms = (
                item.start_ms + gops[number + 1].wall_delta_ms
                if number + 1 < len(gops)
                else item.end_ms
            )
            if pieces and wall_ms <= pieces[-1].wall_ms:
                continue
            pieces.append(
                Piece(
                    item, gop.offset, gop.length, gop.tfdt_90k, wall_ms, max(1, ends_ms - wall_ms)
                )
            )
    return pieces


def _cut(pieces: list[Piece], start_ms: int, end_ms: int) -> list[Piece]:
    """The pieces shown between two instants; the first may begin before."""
    return [
        piece
        for piece in pieces
        if piece.wall_ms < end_ms and piece.wall_ms + piece.lasts_ms > start_ms
    ]


def _still_ms(pieces: tuple[Piece, ...], index: int) -> int:
    piece = pieces[index]
    if index + 1 == len(pieces):
        return piece.lasts_ms
    return min(pieces[index + 1].wall_ms - piece.wall_ms, max(STILL_MS, piece.lasts_ms))


def _shift_90k(piece: Piece, base_ms: int) -> int:
    return round((piece.wall_ms - base_ms) * 90) - piece.tfdt_90k


def _forget_oldest[K, V](memory: OrderedDict[K, V]) -> None:
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)


def iso_of_ms(ms: int) -> str:
    """An instant as the HTTP contract writes it."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
