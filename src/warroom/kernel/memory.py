"""Memory that was freed is given back to the system, so that one bad minute does not stay for ever.

glibc keeps what is freed below a piece that is still in use: a recorder whose disk or viewers
stalled for seconds stays as large as it was at that moment (malloc(3), malloc_trim(3)). Other C
libraries give back by themselves; there nothing is done.
"""

import ctypes
import threading
from collections.abc import Callable

EVERY_S = 30.0
LEAST_BYTES = 16 << 20
"""With less than this free there is nothing to win."""


class _Mallinfo2(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and later; all sums over all arenas, in bytes."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]  # fmt: skip


def _of_libc(name: str) -> Callable[..., int] | None:
    found: Callable[..., int] | None = getattr(ctypes.CDLL(None), name, None)
    return found


def free_bytes() -> int:
    """Bytes that are freed and still ours as far as the C library knows; 0 where it cannot tell."""
    tell = _of_libc("mallinfo2")
    if tell is None:
        return 0
    tell.restype = _Mallinfo2  # type: ignore[attr-defined]
    told: _Mallinfo2 = tell()  # type: ignore[assignment]
    return int(told.fordblks)


def give_back() -> bool:
    """Gives whole free pages back, wherever they lie; False where the C library cannot."""
    trim = _of_libc("malloc_trim")
    if trim is None:
        return False
    trim(ctypes.c_size_t(0))
    return True


def keep_giving_back(every_s: float = EVERY_S, least_bytes: int = LEAST_BYTES) -> None:
    """Looks at the freed memory for as long as the process lives, in a thread of its own."""

    def look() -> None:
        pause = threading.Event()
        while not pause.wait(every_s):
            if free_bytes() >= least_bytes and not give_back():
                return

    threading.Thread(target=look, name="give-back", daemon=True).start()
