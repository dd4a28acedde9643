"""Recordings of calls at rest: sealed when they are closed, and read in pieces.

While a call lasts its file is plain, for every byte of it may still be written. Its hash is of the
sound, so that it is the same for a plain file of before and for the sealed one.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from warroom.calls.audio.recorder import recover
from warroom.calls.audio.wav import CHANNELS, HEADER_BYTES
from warroom.calls.contracts import RATE_HZ, Recorded
from warroom.kernel.log import logger
from warroom.kernel.sealed_files import FileSealer, is_sealed, size_of
from warroom.kernel.secrets import SealBrokenError, Sealer

_log = logger("calls.sealed_recordings")


def sealer_of_recordings(sealer: Sealer) -> FileSealer:
    """What seals recordings, from the city's key."""
    return FileSealer(sealer.derive(b"call recordings"))


def read_recording(path: Path, sealer: FileSealer) -> Iterator[bytes]:
    """The sound as a WAV, piece after piece.

    Raises:
        OSError: It cannot be read.
        SealBrokenError: It was changed, or is another call's.
    """
    return sealer.read(path, path.name.encode())


def hash_of(path: Path, sealer: FileSealer) -> str:
    """SHA-256 of the sound; empty where the file does not open."""
    digest = hashlib.sha256()
    try:
        for piece in read_recording(path, sealer):
            digest.update(piece)
    except SealBrokenError:
        return ""
    return digest.hexdigest()


def seal_recording(path: Path, sealer: FileSealer) -> bool:
    """Seals a recording that is closed; False where it was sealed, or cannot be: it stays plain."""
    try:
        return sealer.seal(path, path.name.encode())
    except OSError as error:
        _log.error("calls.not_sealed", call=path.stem, problem=error.strerror)
        return False


def close_left(path: Path, sealer: FileSealer) -> Recorded:
    """Closes and seals a recording that a process left behind.

    Raises:
        OSError: It cannot be read or written.
        ValueError: It is no recording.
    """
    if is_sealed(path):
        digest = hash_of(path, sealer)
        if not digest:
            raise ValueError(path.name)
        samples = max(0, size_of(path) - HEADER_BYTES) // CHANNELS
        return Recorded(path, digest, samples / RATE_HZ)
    recorded = recover(path)
    seal_recording(path, sealer)
    return recorded


def list_recordings(folder: Path, but: Iterable[str]) -> list[Path]:
    """Recordings in a folder of days, but those of some calls."""
    left_out = set(but)
    return [path for path in sorted(folder.glob("*/*.wav")) if path.stem not in left_out]
