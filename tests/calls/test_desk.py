"""Claims about the desk beside the edge: what is judged when a call comes, and who hears what."""

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.calls.test_forwarding import Line, a_call, agencies, line  # noqa: F401
from tests.scopes import EVERYTHING, scope_of
from warroom.calls import api
from warroom.calls.desk import CallDesk
from warroom.calls.errors import NoCallError, NoDeskError, NoRecordingError, RecordingChangedError
from warroom.calls.sealed_recordings import seal_recording
from warroom.kernel.errors import NotFoundError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.sealed_files import FileSealer

NUMBER = "+62811555"
SEALER = FileSealer(bytes(32))
RIFF_SHA256 = hashlib.sha256(b"RIFF").hexdigest()


def offer(line: Line) -> str:  # noqa: F811
    call = str(new_id())
    line.journal.append(
        call, "offered", source="caller", number=NUMBER, line="telkom", direction="in",
        is_emergency=True,
    )  # fmt: skip
    return call


async def test_a_call_of_a_prankster_is_flagged_and_the_edge_is_told(line: Line) -> None:  # noqa: F811
    told: list[dict[str, Any]] = []

    async def defer(asked: dict[str, Any]) -> None:
        told.append(asked)

    line.control._commands["defer"] = defer
    async with line.forwarder():
        for _ in range(3):
            call = offer(line)
            line.journal.append(call, "answered", actor=str(new_id()), source="operator")
            line.journal.append(call, "ended", source="caller", reason="remote")
            line.journal.append(call, "closed", source="operator", call_class="prank")
        await line.until_stored(12)
        assert told == []
        call = offer(line)
        async with asyncio.timeout(30):
            while not told:
                await asyncio.sleep(0.01)

    assert (told[0]["call"], told[0]["seconds"] > 30) == (call, True)


def desk(line: Line, agency: str = "PMK") -> CallDesk:  # noqa: F811
    return CallDesk(line.db, line.client, line.home(agency), line.folder, "n1", SEALER)


def agent(*words: str, agency: UUID) -> Scope:
    rule = Rule(frozenset(words), agencies=frozenset({agency}))
    return scope_of(rule, agency_id=agency, person_id=new_id())


async def test_a_seat_is_for_whom_the_agencys_calls_are(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    own = agent("call:take", agency=agencies["PMK"])

    assert await desk(line).require_seat(own) == str(own.person_id)
    with pytest.raises(NotFoundError):
        await desk(line).require_seat(agent("call:take", agency=agencies["POL"]))
    with pytest.raises(NotFoundError):
        await desk(line).require_seat(agent("call:view", agency=agencies["PMK"]))
    with pytest.raises(NotFoundError):
        await desk(line).require_seat(replace(own, person_id=None))
    with pytest.raises(NoDeskError):
        await desk(line, "").require_seat(own)


async def _recorded(line: Line) -> UUID:  # noqa: F811
    async with line.forwarder():
        call = a_call(line.journal)
        line.journal.append(
            call, "recorded", path="recordings/x.wav", sha256=RIFF_SHA256, duration_s=1.0
        )
        await line.until_stored(9)
    return UUID(call)


async def test_a_recording_is_heard_by_who_may_and_each_look_is_in_the_audit(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = await _recorded(line)
    path = Path(line.folder, "recordings", "x.wav")
    path.parent.mkdir()
    path.write_bytes(b"RIFF")
    hearer = agent("call:listen", agency=agencies["PMK"])

    pieces, size = await desk(line).recording(hearer, call)
    assert (b"".join(pieces), size) == (b"RIFF", 4), "one of before, which is plain"
    assert seal_recording(path, SEALER)
    assert b"RIFF" not in path.read_bytes()
    pieces, size = await desk(line).recording(hearer, call)
    assert (b"".join(pieces), size) == (b"RIFF", 4)
    for other in (
        agent("call:listen", agency=agencies["POL"]),
        agent("call:take", agency=agencies["PMK"]),
    ):
        with pytest.raises(NoCallError):
            await desk(line).recording(other, call)
    async with line.db.transaction(EVERYTHING) as tx:
        rows = await tx.execute(
            "select action, object_id, person_id from audit_entry where action = 'call:listen'"
        )
        looks = [(row["object_id"], row["person_id"]) for row in await rows.fetchall()]

    assert [(str(call), str(hearer.person_id))] * 2 == [(str(one), str(who)) for one, who in looks]


async def test_a_recording_that_was_changed_is_not_played(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = await _recorded(line)
    path = Path(line.folder, "recordings", "x.wav")
    path.parent.mkdir()
    path.write_bytes(b"RIFX")

    hearer = agent("call:listen", agency=agencies["PMK"])
    with pytest.raises(RecordingChangedError):
        await desk(line).recording(hearer, call)
    path.write_bytes(b"RIFF")
    seal_recording(path, SEALER)
    path.rename(path.with_name("y.wav"))
    (path.parent / "x.wav").write_bytes((path.parent / "y.wav").read_bytes()[:-1])
    with pytest.raises(RecordingChangedError):
        await desk(line).recording(hearer, call)


async def test_a_recording_of_another_node_is_not_here(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = await _recorded(line)
    hearer = agent("call:listen", agency=agencies["PMK"])

    with pytest.raises(NoRecordingError):
        await replace(desk(line), node="n2").recording(hearer, call)


async def test_places_of_a_call_are_told_to_who_sees_it_alone(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    async with line.forwarder():
        call = UUID(a_call(line.journal))
        await line.until_stored(8)
    stranger = agent("call:view", agency=agencies["POL"])
    async with line.db.transaction(EVERYTHING) as tx:
        seen = await api.list_places(EVERYTHING, tx, call)
        unseen = await api.list_places(stranger, tx, call)

    assert (len(seen), unseen) == (1, [])
