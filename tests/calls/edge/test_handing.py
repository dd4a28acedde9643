"""Claims about handing a caller to another agent, and about calls later than their turn."""

import asyncio
from pathlib import Path

import pytest

from tests.calls.edge.room import opened
from tests.calls.edge.scenarios import needs_sipp
from warroom.calls.errors import AgentBusyError, NoAgentError, NoCallError

pytestmark = needs_sipp


async def test_a_call_is_handed_to_another_agent_and_the_first_is_free(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        call = room.only_call()
        await room.agent("a2")
        with pytest.raises(NoCallError):
            await room.edge.desk.hand_to(call.id, "a2", "a1")
        with pytest.raises(NoAgentError):
            await room.edge.desk.hand_to(call.id, "a1", "nobody")

        await room.client.ask("hand_to", call=call.id, agent="a1", to="a2")

        await room.until_written("answered", 2)
        assert ("a2", "") == (call.agent, room.board.agents.get_there("a1").call)
        assert ["a1", "a2"] == [e.actor for e in room.events() if e.kind == "answered"]
        assert "a2" == room.body("handed")["to"]
        assert 0 == await sipp, room.errors


async def test_nobody_is_handed_a_call_while_they_take_none(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp("long"))
        await room.until_written("answered")
        await room.agent("a2")
        await room.client.ask("pause", agent="a2", on=True)
        call = room.only_call()

        with pytest.raises(AgentBusyError):
            await room.edge.desk.hand_to(call.id, "a1", "a2")

        assert "a1" == call.agent
        assert 0 == await sipp, room.errors


async def test_a_call_that_comes_later_than_its_turn_is_answered_nevertheless(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, wrap_up_s=0.0) as room:
        sipp = asyncio.ensure_future(room.sipp("short", count=2))
        await room.until(lambda: len(room.board.calls) == 2)
        first, second = sorted(room.board.calls.values(), key=lambda call: call.turn)

        await room.client.ask("defer", call=first.id, seconds=600)
        assert first.back_ms == 60_000
        await room.agent("a1")

        assert 0 == await sipp, room.errors
        answered = [e.call for e in room.events() if e.kind == "answered"]
        assert [second.id, first.id] == answered
        first.keys = "1"
        assert first.turn < second.turn
