"""Claims about an edge that is killed in the middle of a call, and started again."""

import asyncio
import hashlib
import itertools
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest

import warroom
from tests.calls.edge.room import (
    AGENT_VOICE,
    HOST,
    MemoryLeg,
    Room,
    opened,
    recording,
    settings,
    trunk,
    voice,
)
from tests.calls.edge.scenarios import GIVES_UP_LATE, SPOKEN_LONG, document, needs_sipp
from tests.calls.legs.peer import Browser
from warroom.calls.audio import wav
from warroom.calls.audio.rtp import Packet
from warroom.calls.bench.caller import Caller
from warroom.calls.edge.client import EdgeClient
from warroom.calls.edge.journal import Event, Journal
from warroom.calls.legs.browser import BrowserLeg
from warroom.calls.sealed_recordings import read_recording, sealer_of_recordings
from warroom.kernel.sealed_files import is_sealed
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import NodeSettings

pytestmark = needs_sipp
CALLEE = 25_194


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


@pytest.mark.parametrize("is_handed_on", [True, False])
async def test_whose_third_party_is_gone_with_the_process_is_not_left_alone(
    tmp_path: Path, *, is_handed_on: bool
) -> None:
    first = Room(tmp_path, settings(trunks=[trunk(CALLEE)]))
    await first.edge.start()
    port = first.port
    await first.agent("a1")
    called = asyncio.ensure_future(first.called("answers", CALLEE))
    sipp = asyncio.ensure_future(first.sipp("long"))
    await first.until_written("answered")
    call = first.only_call().id
    desk = first.edge.desk
    ask = desk.transfer if is_handed_on else desk.conference
    assert await ask(call, "a1", "0411123")
    third = next(iter(first.only_call().thirds.values()))
    await abandon(first)
    third.port._close_sockets()
    called.cancel()

    async with opened(tmp_path, port=port, trunks=[trunk(CALLEE)]) as second:
        await second.agent("a1")
        await second.until(lambda: "answered" == second.board.calls[call].state)

        assert "a1" == second.board.calls[call].agent
        assert 0 == await sipp, first.errors
        await second.until_written("recorded")
        assert ("transfer_failed" if is_handed_on else "parted") in second.kinds()


async def test_calls_that_stand_go_on_before_those_that_are_over_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standing: list[int] = []
    read = Journal.open_calls

    def noting(journal: Journal) -> dict[str, list[Event]]:
        standing.append(len(second.board.calls))
        return read(journal)

    first = Room(tmp_path, settings())
    await first.edge.start()
    port = first.port
    given_up = await first.sipp("cancel")
    await first.until_written("recorded")
    await first.agent("a1")
    sipp = asyncio.ensure_future(first.sipp("long"))
    await first.until_written("answered")
    await abandon(first)
    monkeypatch.setattr(Journal, "open_calls", noting)

    second = Room(tmp_path, settings(port=port))
    await second.edge.start()
    try:
        assert [1] == standing
        assert ["callback_due"] == [one.state for one in second.board.loose.values()]
        await second.agent("a1")
        assert 0 == await sipp, first.errors
        assert 0 == given_up
    finally:
        await second.close()


async def test_a_call_that_cannot_be_read_keeps_no_edge_from_beginning(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "data" / "calls" / "journal.db", lambda: 1000, lambda _: None)
    await journal.append("odd", "resumed")
    await journal.append("odd", "unheard")
    await journal.append("good", "offered", number="0811")
    journal.close()

    async with opened(tmp_path) as room:
        assert {"good": "callback_due"} == {
            name: one.state.value for name, one in room.board.loose.items()
        }


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
        path = tmp_path / "data" / "calls" / second.body("recorded")["path"]
        assert is_sealed(path)
        assert second.body("recorded")["sha256"] == hashlib.sha256(recording(path)).hexdigest()


async def test_recordings_that_an_older_version_left_plain_are_sealed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "calls" / "recordings" / "2026-11-01" / "old.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(wav.header(1) + b"\xd5\xd5")

    async with opened(tmp_path):
        while not is_sealed(path):
            await asyncio.sleep(0.01)

    assert wav.header(1) + b"\xd5\xd5" == recording(path)


async def process_of(folder: Path, port: int) -> asyncio.subprocess.Process:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(warroom.__file__).parents[1]),
        "WARROOM_DATA_DIR": str(folder / "node"),
        "WARROOM_CALLS_PORT": str(port),
    }
    with (folder / "calls.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "warroom.app.calls"),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )


async def ask(folder: Path, **words: object) -> dict:  # type: ignore[type-arg]
    path = NodeSettings(data_dir=str(folder / "node")).run / "calls.sock"
    reader, writer = await asyncio.open_unix_connection(str(path))
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


async def speak(browser: Browser, stop: asyncio.Event) -> None:
    """An agent's browser that sends all the time."""
    at = 0
    while not stop.is_set():
        if browser.is_open:
            browser.send(Packet(8, at == 0, at & 0xFFFF, at * 160, 0, AGENT_VOICE))
            browser.listen()
            at += 1
        await asyncio.sleep(0.02)


async def until_heard(browser: Browser) -> None:
    async with asyncio.timeout(20):
        while len(browser.heard) < 25:
            await asyncio.sleep(0.02)


async def sign_in(folder: Path, browser: Browser) -> None:
    offer = await browser.offer()
    answer = await until_asked(folder, lambda a: "result" in a, op="leg", agent="a1", offer=offer)
    browser.take(answer["result"])
    await until_asked(
        folder,
        lambda a: any(agent["is_there"] for agent in a.get("result", {}).get("agents", [])),
        op="snapshot",
    )


async def test_a_spoken_call_outlives_kill_9_with_caller_and_browser(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "voice.raw").write_bytes(voice(12))
    (tmp_path / "long.xml").write_text(document("long", SPOKEN_LONG))
    processes = [await process_of(tmp_path, port)]
    browsers, stop = [Browser(), Browser()], asyncio.Event()
    speaking = [asyncio.ensure_future(speak(browser, stop)) for browser in browsers]
    try:
        await until_asked(tmp_path, lambda a: "result" in a, op="health")
        await sign_in(tmp_path, browsers[0])
        sipp = await asyncio.create_subprocess_exec(
            *("sipp", f"{HOST}:{port}", "-sf", "long.xml", "-m", "1", "-i", HOST, "-mi", HOST),
            "-nostdin",
            cwd=tmp_path,
            stdout=asyncio.subprocess.DEVNULL,
        )
        processes.append(sipp)
        shown = await until_asked(
            tmp_path,
            lambda a: any(call["ringing"] for call in a.get("result", {}).get("calls", [])),
            op="snapshot",
        )
        call = shown["result"]["calls"][0]["id"]
        assert "error" not in await ask(tmp_path, op="answer", call=call, agent="a1")
        await until_heard(browsers[0])

        processes[0].send_signal(signal.SIGKILL)
        await processes[0].wait()
        processes.append(await process_of(tmp_path, port))
        await sign_in(tmp_path, browsers[1])
        await until_heard(browsers[1])

        assert 0 == await sipp.wait()
        await until_asked(
            tmp_path, lambda a: a.get("result", {}).get("loose") == {call: "wrap_up"}, op="snapshot"
        )
        events = await written(tmp_path, call)
        assert ["offered", "ringing", "answered", "gap", "ended", "recorded"] == list(events)
        assert events["recorded"]["duration_s"] > 10
        assert "" == events["recorded"]["failed"]
        node = tmp_path / "node"
        sealer = sealer_of_recordings(Sealer.at(node / "keys" / "seal.key"))
        path = node / "calls" / events["recorded"]["path"]
        sound = b"".join(read_recording(path, sealer))
        caller = sound[58::2]
        assert all(part in caller for part in (voice(12)[:4000], voice(12)[-4000:]))
        processes[-1].terminate()
        assert 0 == await processes[-1].wait()
    finally:
        stop.set()
        await asyncio.gather(*speaking)
        for browser in browsers:
            browser.close()
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def until_logged(folder: Path, word: str) -> None:
    """Waits until a process said so."""
    async with asyncio.timeout(60):
        while word not in (folder / "calls.log").read_text("utf-8"):
            await asyncio.sleep(0.05)


async def test_the_one_that_stands_by_takes_over_within_a_second(tmp_path: Path) -> None:
    port = free_port()
    processes = [await process_of(tmp_path, port)]
    browsers, stop = [Browser(), Browser()], asyncio.Event()
    speaking = [asyncio.ensure_future(speak(browser, stop)) for browser in browsers]
    try:
        await until_asked(tmp_path, lambda a: "result" in a, op="health")
        processes.append(await process_of(tmp_path, port))
        await until_logged(tmp_path, "calls.stands_by")
        await sign_in(tmp_path, browsers[0])
        caller = Caller(1, (HOST, port))
        talking = asyncio.ensure_future(caller.talk(voice(12)))
        shown = await until_asked(
            tmp_path,
            lambda a: any(call["ringing"] for call in a.get("result", {}).get("calls", [])),
            op="snapshot",
        )
        call = shown["result"]["calls"][0]["id"]
        assert "error" not in await ask(tmp_path, op="answer", call=call, agent="a1")
        await until_heard(browsers[0])

        processes[0].send_signal(signal.SIGKILL)
        await sign_in(tmp_path, browsers[1])
        await until_heard(browsers[1])
        await talking

        events = await written(tmp_path, call)
        longest_s = max(b - a for a, b in itertools.pairwise(caller.heard_at))
        assert ["offered", "ringing", "answered", "gap", "ended", "recorded"] == list(events)
        assert events["gap"]["seconds"] <= 1.0
        assert 0.02 < longest_s <= 1.0
        processes[1].terminate()
        assert 0 == await processes[1].wait()
    finally:
        stop.set()
        await asyncio.gather(*speaking)
        for browser in browsers:
            browser.close()
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def written(folder: Path, call: str) -> dict[str, dict]:  # type: ignore[type-arg]
    """What was written down of a call, by kind."""
    client = EdgeClient(NodeSettings(data_dir=str(folder / "node")).run / "calls.sock")
    found = {}
    async with client.follow(0) as following:
        while "recorded" not in found:
            event = await following.next()
            if event.call == call:
                found[event.kind] = event.body
    return found


async def test_it_ends_politely_with_open_sound_while_it_still_waits_for_its_port(
    tmp_path: Path,
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, 0))
        process = await process_of(tmp_path, taken.getsockname()[1])
        browsers = [Browser() for _ in range(4)]
        try:
            for number, browser in enumerate(browsers):
                offer = await browser.offer()
                agent = f"a{number}"
                answer = await until_asked(
                    tmp_path, lambda a: "result" in a, op="leg", agent=agent, offer=offer
                )
                browser.take(answer["result"])
            # One more is answered at this moment: nobody will wait for it any more.
            late = asyncio.ensure_future(
                ask(tmp_path, op="leg", agent="late", offer=await Browser().offer())
            )
            await asyncio.sleep(0)
            process.terminate()

            assert 0 == await process.wait()
            await asyncio.gather(late, return_exceptions=True)
            assert "calls.port_taken" in (tmp_path / "calls.log").read_text()
        finally:
            for browser in browsers:
                browser.close()
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_it_says_why_it_cannot_begin_and_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "node").mkdir()
    settings_file = '[calls]\nannouncement = "/nowhere/tunggu.wav"\n'
    (tmp_path / "node" / "warroom.toml").write_text(settings_file)
    process = await process_of(tmp_path, free_port())

    assert 1 == await process.wait()
    assert "calls.ended" in (tmp_path / "calls.log").read_text()


async def test_a_leg_that_nobody_waits_for_any_more_is_closed() -> None:
    leg, closed, asked = BrowserLeg(HOST), [], asyncio.Event()
    close = leg.give_up
    leg.give_up = lambda: (closed.append(True), close())  # type: ignore[method-assign]
    # It never has all its candidates.
    leg._has_gathered = asked.set  # type: ignore[method-assign, assignment]
    answering = asyncio.ensure_future(leg.answer(await Browser().offer()))
    await asked.wait()

    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)

    assert answering.cancelled()
    assert closed
