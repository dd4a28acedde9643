"""The recorder's counters reach Prometheus, and its absence is a value, not an error."""

import asyncio
import json
from pathlib import Path

from warroom.app.recorder_metrics import exposition


async def recorder(path: Path, status: dict[str, object]) -> asyncio.Server:
    """Answers `status` as the recorder does: a state first, which is passed over."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert json.loads(await reader.readline())["op"] == "status"
        for kind, body in ((3, {"state": "live"}), (5, status)):
            content = json.dumps(body).encode()
            writer.write((len(content) + 5).to_bytes(4, "big") + bytes([kind]) + bytes(4) + content)
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, path)


async def test_counters_become_lines(tmp_path: Path) -> None:
    status = {"live": 3, "lost": 0, "node": "rec-1", "disks": [{"bytes": 7, "path": "/x"}]}
    async with await recorder(tmp_path / "m.sock", status):
        lines = (await exposition(tmp_path / "m.sock")).decode().split("\n")

    assert "warroom_media_up 1" in lines
    assert "warroom_media_live 3" in lines
    assert 'warroom_media_disk_bytes{disk="1"} 7' in lines
    assert not any("rec-1" in line or "/x" in line for line in lines)


async def test_a_recorder_that_is_away_is_told_as_zero(tmp_path: Path) -> None:
    assert await exposition(tmp_path / "none.sock") == b"warroom_media_up 0\n"


async def test_a_recorder_that_talks_nonsense_is_told_as_zero(tmp_path: Path) -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\xff" * 64)
        writer.close()

    async with await asyncio.start_unix_server(babble, tmp_path / "m.sock"):
        assert await exposition(tmp_path / "m.sock") == b"warroom_media_up 0\n"
