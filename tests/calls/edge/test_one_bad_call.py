"""Claims that a call at which something fails harms no other."""

from pathlib import Path

import pytest

from tests.calls.edge.room import HOST, Room, opened
from tests.calls.telephone import Telephone


def fails() -> None:
    message = "this call is broken"
    raise RuntimeError(message)


@pytest.mark.parametrize("broken", ["sound", "look"])
async def test_the_others_are_heard_answered_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    with Telephone(700.0, "0811") as first, Telephone(950.0, "0812") as second:
        async with opened(tmp_path, strategy="ring_all") as room:
            first.call((HOST, room.port))
            await room.until(lambda: room.board.calls)
            bad = room.only_call()
            if broken == "sound":
                monkeypatch.setattr(bad.media.port, "fill", lambda _: fails())
            else:
                real = room.board._look_at
                monkeypatch.setattr(
                    room.board,
                    "_look_at",
                    lambda call, now: fails() if call is bad else real(call, now),
                )
            await room.until(lambda: bad.is_faulty)

            second.call((HOST, room.port))
            good = await other(room, bad.id)
            leg = await room.agent("a1", answers=False)
            await room.until(lambda: "a1" in good.rung)
            await room.edge.desk.answer(good.id, "a1")
            await room.until(lambda: second.frames_heard > 20 and len(leg.heard) > 20)
            second.hang_up()
            await room.until_written("recorded")


async def other(room: Room, known: str):  # type: ignore[no-untyped-def]
    await room.until(lambda: len(room.board.calls) == 2)
    return next(call for call in room.board.calls.values() if call.id != known)
