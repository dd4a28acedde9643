"""The recorder's counters for Prometheus: asked of it at each scrape, over its own socket.

The recorder has no HTTP door: nothing that may stall stands in its loop.
"""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

ASK_S = 1.0
_STATUS = 5
_ANSWER_BYTES = 1 << 20


async def exposition(socket: Path) -> bytes:
    """Counters in Prometheus's text format; `warroom_media_up 0` alone while it is away."""
    try:
        async with asyncio.timeout(ASK_S):
            status = await _ask(socket)
    except (OSError, TimeoutError, EOFError, msgspec.DecodeError):
        return b"warroom_media_up 0\n"
    lines = ["warroom_media_up 1"]
    lines += [
        f"warroom_media_{name} {value}"
        for name, value in status.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    for number, disk in enumerate(status.get("disks", []), 1):
        lines += [
            f'warroom_media_disk_{name}{{disk="{number}"}} {value}'
            for name, value in disk.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        ]
    return ("\n".join(lines) + "\n").encode()


async def _ask(socket: Path) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    try:
        writer.write(b'{"op":"status","channel":0}\n')
        while True:
            head = await reader.readexactly(4 + 1 + 4)
            size = int.from_bytes(head[:4], "big") - 5
            if not 0 <= size <= _ANSWER_BYTES:
                raise EOFError
            body = await reader.readexactly(size)
            if head[4] == _STATUS:
                status: dict[str, Any] = msgspec.json.decode(body)
                return status
    finally:
        writer.close()
