"""Identifiers: UUID version 7, made here so that PostgreSQL 17 and 18 behave alike."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: sorts by the millisecond of its making.

    References:
        RFC 9562, section 5.7.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= int.from_bytes(os.urandom(10), "big")
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=value | (0x7 << 76) | (0x2 << 62))
