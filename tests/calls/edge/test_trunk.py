"""Claims about what a trunk may do, with sipp against the real edge on loopback."""

from pathlib import Path

import pytest

from tests.calls.edge.room import AGENT_VOICE, KEYS, opened, recording, voice
from tests.calls.edge.scenarios import needs_sipp

pytestmark = needs_sipp


def channels(path: Path) -> tuple[bytes, bytes]:
    """Caller and agent of a recording."""
    sound = recording(path)[58:]
    return sound[::2], sound[1::2]


async def test_a_call_is_answered_and_recorded_byte_by_byte_both_ways(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        leg = await room.agent("a1")

        assert 0 == await room.sipp("located"), room.errors
        await room.until_written("recorded")

        said = voice()[:8000]
        recorded = room.body("recorded")
        path = tmp_path / "data" / "calls" / recorded["path"]
        caller, agent = channels(path)
        assert said in caller
        assert AGENT_VOICE * 20 in agent
        assert said in b"".join(leg.heard)
        place = room.body("location")
        assert (-5.1353, 119.4238, 18.0, "GPS") == (
            place["latitude"],
            place["longitude"],
            place["radius_m"],
            place["method"],
        )
        assert room.body("offered")["is_emergency"]
        assert 0 == recorded["lost"]
        assert "offered,location,ringing,answered,ended,recorded" == ",".join(room.kinds())


async def test_the_hash_is_of_the_file_and_stays(tmp_path: Path) -> None:
    import hashlib

    async with opened(tmp_path) as room:
        await room.agent("a1")
        assert 0 == await room.sipp("short"), room.errors
        await room.until_written("recorded")
        recorded = room.body("recorded")

    path = tmp_path / "data" / "calls" / recorded["path"]
    assert recorded["sha256"] == hashlib.sha256(recording(path)).hexdigest()
    assert b"RIFF" not in path.read_bytes()
    assert 0o600 == path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("short", ("-t", "u1")),
        ("short", ("-t", "t1")),
        ("mulaw", ()),
        ("hold", ()),
        ("race", ()),
        ("lateack", ()),
        ("nat", ()),
        ("named", ()),
        ("nooffer", ()),
        ("dtmf", ()),
    ],
)
async def test_calls_of_every_kind_are_taken(
    tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")

        assert 0 == await room.sipp(name, *words), room.errors
        await room.until_written("recorded")

        assert "answered" in room.kinds()
        assert "remote" == room.body("ended")["reason"]
        assert 0 == room.board.stack.counts.failed


async def test_options_are_answered(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        assert 0 == await room.sipp("options", count=50), room.errors
        assert [] == room.events()


async def test_an_unknown_extension_is_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        assert 0 == await room.sipp("badext"), room.errors
        assert [] == room.events()


async def test_a_call_given_up_is_recorded_and_to_be_called_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        assert 0 == await room.sipp("cancel"), room.errors
        await room.until_written("recorded")

        assert ["offered", "abandoned", "callback_due", "recorded"] == room.kinds()
        assert room.body("abandoned")["is_short"]


async def test_hold_by_the_caller_is_written_down(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        assert 0 == await room.sipp("hold"), room.errors
        await room.until_written("recorded")

        holds = [event.body["on"] for event in room.events() if event.kind == "caller_hold"]
        assert [True, False] == holds
        assert room.body("recorded")["sent"] < 200


async def test_keys_are_read_once_and_a_one_confirms_a_silent_call(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        assert 0 == await room.sipp("dtmf"), room.errors
        await room.until_written("recorded")

        keys = [event.body["key"] for event in room.events() if event.kind == "key"]
        assert KEYS == "".join(keys)
        assert 1 == room.kinds().count("silent_confirmed")


async def test_the_caller_hears_us_without_a_gap_before_and_after_the_answer(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1", after_s=0.9)
        assert 0 == await room.sipp("early"), room.errors
        await room.until_written("recorded")

        recorded = room.body("recorded")
        assert recorded["fillers"] > 10
        frames = recorded["duration_s"] * 50
        assert recorded["sent"] > frames * 0.9


async def test_a_call_that_cannot_be_recorded_is_taken_and_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as room:
        await room.agent("a1")
        (tmp_path / "data" / "calls" / "recordings").write_text("no folder")

        assert 0 == await room.sipp("short"), room.errors
        await room.until_written("recorded")

        recorded = room.body("recorded")
        assert ("", True) == (recorded["sha256"], bool(recorded["failed"]))
        assert recorded["received"] > 50


@pytest.mark.parametrize("name", ["agentbye", "agentbye_lateack"])
async def test_an_agent_hangs_up(tmp_path: Path, name: str) -> None:
    import asyncio

    async with opened(tmp_path) as room:
        await room.agent("a1")
        sipp = asyncio.ensure_future(room.sipp(name))
        await room.until_written("answered")
        await room.edge.desk.hang_up(room.only_call().id, "a1")

        assert 0 == await sipp, room.errors
        await room.until_written("recorded")
        assert "agent" == room.body("ended")["reason"]


@pytest.mark.nightly
async def test_who_never_acknowledges_is_hung_up_on_after_32_seconds(tmp_path: Path) -> None:
    # Longer than the test: a caller without sound is asked whether they are there, and sipp is
    # not ready for that.
    async with opened(tmp_path, caller_silent_s=90.0) as room:
        await room.agent("a1")

        assert 0 == await room.sipp("noack"), room.errors
        await room.until_written("recorded")

        assert "unacknowledged" == room.body("ended")["reason"]
