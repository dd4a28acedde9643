"""Claims about an edge that is killed in the middle of a call, and started again."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import msgspec

from tests.calls.edge.room import HOST, MemoryLeg, Room, opened, settings
from tests.calls.edge.scenarios import GIVES_UP_LATE, document, needs_sipp
from warroom.kernel.settings import NodeSettings

pytestmark = needs_sipp


async def abandon(room: Room) -> None:
    """What kill -9 leaves: nothing is said to anybody, sockets are closed by the system."""
    room.board._ticker.cancel()
    for task in [*room._tasks, *room.board._tasks]:
        task.cancel()
    for call in room.board.calls.values():
        port = call.media.port
        for timer in (port._report_timer, port._key_timer):
            if timer is not None:
                timer.cancel()
        port._close_sockets()
    for agent in room.board.agents:
        await agent.leg.close()
    await room.edge.control.stop()
    await room.board.stack.close()
    room.board.books.journal.close()


async def test_a_call_that_is_spoken_goes_on_in_the_next_process(tmp_path: Path) -> None:
    first = Room(tmp_path, settings())
    await first.edge.start()
    port = first.port
    await first.agent("a1")
    sipp = asyncio.ensure_future(first.sipp("long"))
    await first.until_written("answered")
    await asyncio.sleep(1.0)
    await abandon(first)

    async with opened(tmp_path, port=port) as second:
        leg = MemoryLeg()
        await second.board.leg("a1", leg)
        assert 0 == await sipp, first.errors
        await second.until_written("recorded")

        assert [
            *("offered", "ringing", "answered"),
            *("gap", "ended", "recorded"),
        ] == second.kinds()
        assert len(leg.heard) > 50
        assert second.body("gap")["seconds"] < 5
        assert second.body("recorded")["duration_s"] > 5
        assert second.body("recorded")["sha256"]


async def test_a_caller_who_waits_still_waits_in_the_next_process(tmp_path: Path) -> None:
    first = Room(tmp_path, settings())
    await first.edge.start()
    port = first.port
    sipp = asyncio.ensure_future(first.sipp("short"))
    await first.until_written("offered")
    await asyncio.sleep(0.3)
    await abandon(first)

    async with opened(tmp_path, port=port) as second:
        await second.agent("a1")
        assert 0 == await sipp, first.errors
        await second.until_written("recorded")

        assert ["offered", "gap", "ringing", "answered", "ended", "recorded"] == second.kinds()


async def test_a_call_that_ended_while_no_edge_ran_is_written_off_with_its_recording(
    tmp_path: Path,
) -> None:
    first = Room(tmp_path, settings())
    await first.edge.start()
    await first.agent("a1")
    sipp = asyncio.ensure_future(first.sipp("short"))
    await first.until_written("answered")
    await asyncio.sleep(0.5)
    for path in (tmp_path / "data" / "calls" / "state").iterdir():
        path.unlink()
    await abandon(first)
    sipp.cancel()

    async with opened(tmp_path) as second:
        await second.until_written("recorded")

        assert "edge_gone" == second.body("ended")["reason"]
        assert second.body("recorded")["sha256"]
        assert second.body("recorded")["duration_s"] > 0.3


async def process_of(folder: Path, port: int) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "WARROOM_DATA_DIR": str(folder / "node"),
        "WARROOM_CALLS_PORT": str(port),
    }
    with (folder / "calls.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "warroom.app", "calls"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )


async def ask(folder: Path, **words: object) -> dict:  # type: ignore[type-arg]
    socket = NodeSettings(data_dir=str(folder / "node")).run / "calls.sock"
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(msgspec.json.encode({"id": 1, **words}) + b"\n")
    answer = msgspec.json.decode(await reader.readline())
    writer.close()
    return answer


async def until_asked(folder: Path, claim, **words: object) -> dict:  # type: ignore[no-untyped-def, type-arg]
    async with asyncio.timeout(40):
        while True:
            try:
                answer = await ask(folder, **words)
            except (OSError, msgspec.DecodeError):
                answer = {}
            if claim(answer):
                return answer
            await asyncio.sleep(0.05)


def free_port() -> int:
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def test_the_process_itself_is_killed_and_the_caller_is_still_there(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "late.xml").write_text(document("late", GIVES_UP_LATE))
    processes = [await process_of(tmp_path, port)]
    try:
        await until_asked(tmp_path, lambda a: "result" in a, op="health")
        sipp = await asyncio.create_subprocess_exec(
            *("sipp", f"{HOST}:{port}", "-sf", "late.xml", "-m", "1", "-i", HOST, "-nostdin"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.DEVNULL,
        )
        processes.append(sipp)
        await until_asked(tmp_path, lambda a: a.get("result", {}).get("calls"), op="snapshot")
        await until_asked(tmp_path, lambda a: a.get("result", {}).get("newest"), op="health")

        processes[0].send_signal(signal.SIGKILL)
        await processes[0].wait()
        processes.append(await process_of(tmp_path, port))

        assert 0 == await sipp.wait()
        await until_asked(
            tmp_path, lambda a: "callback_due" in str(a.get("result", {})), op="snapshot"
        )
        processes[-1].terminate()
        assert 0 == await processes[-1].wait()
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
