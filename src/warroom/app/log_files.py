"""Log files of a node that are written by several programs at once, and stay bounded.

Each program appends to a file that it was given open; it knows nothing of rotation, and a crash or
a library in C writes there as well. So a full file is copied and cut in place (logrotate(8),
`copytruncate`). Lines written between the last read and the cut are lost: the time between the two
is that of one system call.
"""

import os
import shutil
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def rotate(path: Path, most_bytes: int, keep: int) -> bool:
    """Begins the file anew once it has `most_bytes`; what it held becomes `<name>.1`.

    Args:
        path: A file that others append to (`O_APPEND`); one that is absent is left so.
        most_bytes: Size at which it is full; 0 is never.
        keep: Finished files to keep, the newest `.1`; 0 keeps none.

    Returns:
        Whether it was full.
    """
    if most_bytes <= 0 or not path.exists() or path.stat().st_size < most_bytes:
        return False
    for number in range(keep, 1, -1):
        older = _numbered(path, number - 1)
        if older.exists():
            older.replace(_numbered(path, number))
    if keep > 0:
        _copy(path, _numbered(path, 1))
    os.truncate(path, 0)
    for number in _kept_numbers(path):
        if number > keep:
            _numbered(path, number).unlink()
    return True


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _kept_numbers(path: Path) -> list[int]:
    endings = [other.name[len(path.name) + 1 :] for other in path.parent.glob(f"{path.name}.*")]
    return [int(ending) for ending in endings if ending.isdigit()]


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as reading:
        handle = os.open(target, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as writing:
            shutil.copyfileobj(reading, writing, _CHUNK_BYTES)
