"""Claims about the queue, agents, third parties and supervisors, with sipp as caller and called."""

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from tests.calls.edge.room import HOST, opened, trunk
from tests.calls.edge.scenarios import needs_sipp
from warroom.calls.edge.trunks import seal
from warroom.calls.errors import (
    AgentBusyError,
    CallStateError,
    CommandError,
    NoAgentError,
    NoCallError,
    NumberError,
    WatchError,
)

pytestmark = needs_sipp
CALLEE, OTHER = 25_190, 25_192


async def test_who_does_not_answer_is_passed_over(tmp_path: Path) -> None:
    async with opened(tmp_path, agent_answer_s=0.3) as room:
        await room.agent("asleep", answers=False)
        sipp = asyncio.ensure_future(room.sipp("short"))
        await room.until_written("ringing")
        await room.agent("awake")

        assert 0 == await sipp, room.errors
        await room.until_written("recorded")
        assert "asleep" == room.body("passed_over")["agent"]
        assert "awake" == next(e.actor for e in room.events() if e.kind == "answered")


async def test_ring_all_rings_everybody_and_the_first_takes_it(tmp_path: Path) -> None:
    async with opened(tmp_path, strategy="ring_all") as room:
        await room.agent("slow", after_s=30)
        await room.agent("quick")

        assert 0 == await room.sipp("short"), room.errors
        await room.until_written("recorded")

        rung = {event.body["agent"] for event in room.events() if event.kind == "ringing"}
        assert {"slow", "quick"} == rung
        assert "quick" == next(e.actor for e in room.events() if e.kind == "answered")


async def test_an_agent_whose_browser_dies_loses_the_call_to_the_next(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        first = await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        second = await room.agent("a2")
        await first.close()

        assert 0 == await sipp, room.errors
        await room.until_written("recorded")
        assert 2 == room.kinds().count("answered")
        assert len(second.heard) > 50
        assert "ended" in room.kinds()


async def test_a_browser_that_goes_silent_is_gone(tmp_path: Path) -> None:
    async with opened(tmp_path, agent_silent_s=0.4) as room:
        leg = await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        leg.speaks = False

        await room.until_written("agent_lost")
        leg.speaks = True
        assert 0 == await sipp, room.errors


async def test_hold_keeps_them_apart_and_the_caller_hears_the_line(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        leg = await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        call, desk = room.only_call(), room.edge.desk
        await room.until(lambda: leg.heard)
        await desk.hold(call.id, "a1")
        heard, fillers = len(leg.heard), call.media.fillers
        await asyncio.sleep(0.5)

        assert len(leg.heard) - heard <= 1
        assert call.media.fillers - fillers > 10
        with pytest.raises(CallStateError):
            await desk.hold(call.id, "a1")
        await desk.resume(call.id, "a1")
        await room.until(lambda: len(leg.heard) > heard + 10)
        assert 0 == await sipp, room.errors


async def test_refusals_say_why(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        desk = room.edge.desk
        await room.agent("a1", answers=False)
        await room.agent("a2", answers=False)
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("ringing")
        call = room.only_call().id

        room.only_call().session.is_over = True
        with pytest.raises(NoCallError):
            await desk.answer(call, "a1")
        room.only_call().session.is_over = False
        with pytest.raises(NoAgentError):
            await desk.answer(call, "nobody")
        with pytest.raises(NoCallError):
            await desk.hang_up(call, "a1")
        await desk.answer(call, "a1")
        with pytest.raises(CallStateError):
            await desk.answer(call, "a2")
        with pytest.raises(AgentBusyError):
            await desk.answer(call, "a1")
        with pytest.raises(NoCallError):
            await desk.hold(call, "a2")
        with pytest.raises(NoCallError):
            await desk.drop(call, "a1", "nobody")
        with pytest.raises(WatchError):
            await desk.watch(call, "a1", "listen")
        with pytest.raises(WatchError):
            await desk.watch(call, "a2", "shout")
        with pytest.raises(NumberError):
            await desk.transfer(call, "a1", "sip:evil@example")
        with pytest.raises(NoCallError):
            await desk.close(call, "a1", "emergency")
        assert 0 == await sipp, room.errors


async def test_a_supervisor_listens_whispers_and_barges_in(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        agent = await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        supervisor = await room.agent("s1", answers=False)
        call, desk = room.only_call(), room.edge.desk

        await desk.watch(call.id, "s1", "listen")
        await room.until(lambda: len(supervisor.heard) > 10)
        hears = call.media._hears
        assert frozenset({"caller", "agent"}) == hears["s1"]
        assert "s1" not in hears["agent"] | hears["caller"]
        await desk.watch(call.id, "s1", "whisper")
        assert "s1" in call.media._hears["agent"]
        assert "s1" not in call.media._hears["caller"]
        await desk.watch(call.id, "s1", "barge")
        assert "s1" in call.media._hears["caller"]
        await desk.watch(call.id, "s1", "")

        assert not call.media.is_mixed
        assert agent.heard
        ways = [event.body["way"] for event in room.events() if event.kind == "monitored"]
        assert ["listen", "whisper", "barge", ""] == ways
        assert 0 == await sipp, room.errors


async def test_an_agent_who_begins_to_speak_late_keeps_the_call_and_is_lost_only_afterwards(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, agent_silent_s=0.1) as room:
        leg = await room.agent("a1", answers=False)
        leg.speaks = False
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("ringing")
        call = room.only_call()
        await room.edge.desk.answer(call.id, "a1")

        # Ten times as long as who spoke may be silent.
        taken_at = room.board._ticks
        await room.until(lambda: room.board._ticks > taken_at + 50)
        assert "a1" == call.agent
        leg.speaks = True
        await room.until(lambda: call.media.was_heard)
        leg.speaks = False
        await room.until_written("agent_lost")

        leg.speaks = True
        await room.edge.desk.answer(call.id, "a1")
        assert 0 == await sipp, room.errors


async def test_a_supervisor_is_free_again_when_the_call_that_they_listen_to_ends(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("short"))
        await room.until_written("answered")
        await room.agent("s1", answers=False)
        await room.edge.desk.watch(room.only_call().id, "s1", "listen")
        assert room.board.agents.find("s1").call

        assert 0 == await sipp, room.errors
        await room.until_written("ended")

        assert "" == room.board.agents.find("s1").call


async def test_a_supervisor_whose_browser_came_back_hears_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        before = await room.agent("s1", answers=False)
        call = room.only_call()
        await room.edge.desk.watch(call.id, "s1", "listen")
        await room.until(lambda: before.heard)

        before.is_open = False
        await room.until(lambda: not call.media.is_mixed)
        again = await room.agent("s1", answers=False)

        await room.until(lambda: len(again.heard) > 10)
        assert {"s1": "listen"} == call.watchers
        assert 0 == await sipp, room.errors


async def test_a_caller_on_hold_is_one_of_three_once_the_third_is_there(tmp_path: Path) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        await room.agent("a1")
        called = asyncio.ensure_future(room.called("answers", CALLEE))
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        call, desk = room.only_call(), room.edge.desk

        await desk.hold(call.id, "a1")
        name = await desk.conference(call.id, "a1", "0411-123")

        hears = call.media._hears
        assert {"agent", name} == hears["caller"]
        assert {"caller", name} == hears["agent"]
        assert not call.media.is_held
        await desk.hang_up(call.id, "a1")
        assert 0 == await called, room.errors
        await sipp


async def test_a_third_party_joins_and_the_agent_leaves_them_together(tmp_path: Path) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        await room.agent("a1")
        called = asyncio.ensure_future(room.called("answers", CALLEE))
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        call, desk = room.only_call(), room.edge.desk

        name = await desk.conference(call.id, "a1", "0411-123")
        assert name
        assert call.media.is_mixed
        await room.until(lambda: call.thirds[name].port.stats().received > 10)
        await desk.leave(call.id, "a1")

        assert "transferred" == call.state
        assert 0 == await sipp, room.errors
        assert 0 == await called, room.errors
        await room.until_written("recorded")
        kinds = room.kinds()
        assert kinds.index("conferenced") < kinds.index("transferred") < kinds.index("ended")


async def test_a_transfer_that_is_not_answered_gives_the_caller_back(tmp_path: Path) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        await room.agent("a1")
        called = asyncio.ensure_future(room.called("busy", CALLEE))
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        call = room.only_call()

        assert not await room.edge.desk.transfer(call.id, "a1", "0411123")

        assert 486 == room.body("transfer_failed")["status"]
        assert ("answered", "a1") == (call.state, call.agent)
        assert 0 == await called
        assert 0 == await sipp, room.errors


async def test_a_trunk_that_cannot_is_passed_over_for_the_next(tmp_path: Path) -> None:
    lines = [trunk(CALLEE, "broken"), trunk(OTHER, "good")]
    async with opened(tmp_path, trunks=lines) as room:
        await room.agent("a1")
        broken = asyncio.ensure_future(room.called("broken", CALLEE))
        good = asyncio.ensure_future(room.called("answers", OTHER))
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")

        assert await room.edge.desk.transfer(room.only_call().id, "a1", "0411123")

        assert 0 == await sipp, room.errors
        assert [0, 0] == [await broken, await good]


async def test_a_trunk_that_says_nothing_is_passed_over_soon_and_then_tried_last(
    tmp_path: Path,
) -> None:
    lines = [trunk(CALLEE, "silent"), trunk(OTHER, "good")]
    async with opened(tmp_path, trunks=lines) as room:
        await room.agent("a1")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((HOST, CALLEE))
            for number in ("0411123", "0411124"):
                good = asyncio.ensure_future(room.called("answers", OTHER))
                sipp = asyncio.ensure_future(room.sipp("long"))
                await room.until(lambda: room.board.calls)
                call = room.only_call()
                await room.until(lambda one=call: one.agent)

                assert await room.edge.desk.transfer(call.id, "a1", number)

                assert 0 == await sipp, room.errors
                assert 0 == await good, room.errors
                await room.until(lambda: not room.board.calls)
            silent.setblocking(False)
            told = []
            with contextlib.suppress(BlockingIOError):
                while True:
                    told.append(silent.recv(4000).split()[1])
        assert {b"sip:0411123@127.0.0.1:25190;user=phone"} == set(told)


async def test_an_abandoned_call_is_called_back_by_a_trunk_that_asks_who_we_are(
    tmp_path: Path,
) -> None:
    from warroom.kernel.secrets import Sealer

    line = trunk(CALLEE, user="warroom", secret=seal(Sealer(bytes(32)), "t", "rahasia"))
    async with opened(tmp_path, trunks=[line]) as room:
        assert 0 == await room.sipp("cancel"), room.errors
        await room.until_written("callback_due")
        await room.agent("a1", answers=False)
        (call,) = room.board.loose
        called = asyncio.ensure_future(room.called("digest", CALLEE))

        new = await room.edge.desk.call_back(call, "a1")

        assert new
        assert "reached" == room.board.loose[call].state
        await room.until(lambda: room.only_call().media.port.stats().received > 10)
        await room.edge.desk.hang_up(new, "a1")
        assert 0 == await called, room.errors
        await room.until_written("recorded", 2)
        await room.edge.desk.close(new, "a1", "information")
        assert "closed" == room.kinds()[-1]


async def test_who_is_not_reached_three_times_is_closed(tmp_path: Path) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        assert 0 == await room.sipp("cancel"), room.errors
        await room.until_written("callback_due")
        await room.agent("a1", answers=False)
        (call,) = room.board.loose
        for _ in range(3):
            called = asyncio.ensure_future(room.called("busy", CALLEE))
            assert "" == await room.edge.desk.call_back(call, "a1")
            assert 0 == await called

        assert "abandoned" == room.body("closed")["call_class"]
        assert {} == room.board.loose


async def test_one_alone_calls_back_and_is_rung_for_nobody_else_meanwhile(tmp_path: Path) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        assert 0 == await room.sipp("cancel"), room.errors
        await room.until_written("callback_due")
        await room.agent("a1", answers=False)
        await room.agent("a2", answers=False)
        (call,) = room.board.loose
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((HOST, CALLEE))
            first = asyncio.ensure_future(room.edge.desk.call_back(call, "a1"))
            await room.until(lambda: room.board.loose[call].is_called)

            with pytest.raises(CallStateError):
                await room.edge.desk.call_back(call, "a2")
            assert {"a2"} == {one.agent for one in room.board.agents.free(set())}

            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
        assert {"a1", "a2"} == {one.agent for one in room.board.agents.free(set())}
        assert not room.board.loose[call].is_called


async def test_a_transfer_that_comes_after_the_caller_went_to_another_is_let_go(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        first = await room.agent("a1")
        called = asyncio.ensure_future(room.called("answers_late", CALLEE))
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        call = room.only_call()

        passing = asyncio.ensure_future(room.edge.desk.transfer(call.id, "a1", "0411123"))
        await room.until_written("transfer_begun")
        await room.agent("a2")
        first.is_open = False
        await room.until_written("answered", 2)

        assert not await passing
        assert ("answered", "a2") == (call.state, call.agent)
        assert {} == call.thirds
        assert 0 == await called, room.errors
        assert 0 == await sipp, room.errors
        await room.until_written("recorded")
        assert {"a2"} == {one.agent for one in room.board.agents.free(set())}


async def test_the_last_seconds_are_heard_while_the_call_goes_on(tmp_path: Path) -> None:
    from base64 import b64decode

    async with opened(tmp_path) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        await asyncio.sleep(1.0)

        wav = b64decode(await room.client.ask("replay", call=room.only_call().id, seconds=30))

        assert b"RIFF" == wav[:4]
        assert len(wav) > 8000
        assert 0 == await sipp, room.errors


async def test_a_command_that_fails_is_answered_and_not_waited_for(tmp_path: Path) -> None:
    async with opened(tmp_path, trunks=[trunk(CALLEE)]) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")

        def no_port() -> None:
            raise OSError

        room.board.new_port = no_port
        call = room.only_call().id
        async with asyncio.timeout(60):
            with pytest.raises(CommandError):
                await room.client.ask("conference", call=call, agent="a1", number="0411123")
        assert 0 == await sipp, room.errors


async def test_strangers_are_refused_where_trunks_are_named(tmp_path: Path) -> None:
    line = trunk(CALLEE)
    line.addresses[:] = ["192.0.2.0/24"]
    async with opened(tmp_path, trunks=[line]) as room:
        assert 0 != await room.sipp("short")
        assert [] == room.events()


async def test_the_socket_commands_and_tells(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        async with room.client.follow(0) as following:
            assert 0 == await room.sipp("short"), room.errors
            kinds = []
            while "recorded" not in kinds:
                kinds.append((await following.next()).kind)
        await room.client.ask("pause", agent="a1", on=True)
        snapshot = await room.client.ask("snapshot")
        health = await room.client.ask("health")

        assert ["offered", "ringing", "answered", "ended", "recorded"] == kinds
        assert snapshot["agents"][0]["is_paused"]
        assert [] == snapshot["calls"]
        assert 1 == len(snapshot["loose"])
        assert 0 == health["sip"]["failed"]
        with pytest.raises(NoCallError):
            await room.client.ask("answer", call="x", agent="a1")
        with pytest.raises(Exception, match=r"calls\.command"):
            await room.client.ask("explode")
        assert HOST
