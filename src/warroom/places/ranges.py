"""Which bytes of a file were asked for (RFC 9110, 14). Pure."""

import re

from warroom.places.errors import RangeError

_ONE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)


def part_of(header: str | None, size_bytes: int) -> slice | None:
    """The part that a `Range` header names; None for the whole.

    What is not understood, and several ranges at once, is answered with the whole (14.2).

    Raises:
        RangeError: Nothing of the file lies in the range.
    """
    named = _ONE.fullmatch(header.strip()) if header else None
    if named is None or named.group(1) == named.group(2) == "":
        return None
    first, last = named.groups()
    if first == "":
        begin, end = max(0, size_bytes - int(last)), size_bytes
    else:
        begin, end = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
        if last and int(last) < begin:
            return None
    if begin >= end:
        raise RangeError(size_bytes=size_bytes)
    return slice(begin, end)
