"""Strangers at the ports of sound: who is heard in a call, recorded of it and answered by it."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from warroom.app.bench.hostile.field import Check, Field
from warroom.calls.bench import attacked


def checks(field: Field) -> Iterator[Check]:
    """Calls an edge from 127.0.0.1 while 127.9.0.1 sends to each port of its sound."""
    packets = 50 if field.quick else 200
    with tempfile.TemporaryDirectory(prefix="wr-sound-") as folder:
        seen = asyncio.run(attacked(Path(folder), packets))
    yield Check("No stranger's packet is recorded", seen["of_stranger"] == 0, seen["of_stranger"])
    lost = packets - seen["of_caller"]
    yield Check("Every packet of the caller is recorded", lost == 0, lost)
    yield Check("No call answers a stranger", seen["answered"] == 0, seen["answered"])
    yield Check("A stranger presses no key", seen["keys"] == 0, seen["keys"])
    held = seen["foreign"] >= seen["sent_by_stranger"]
    yield Check("A stranger's packets are counted", held, seen["foreign"])
