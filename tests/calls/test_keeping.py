"""Claims about how long recordings of calls stay, and who keeps them longer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.calls.test_desk import _recorded, agent
from tests.calls.test_forwarding import Line, a_call, agencies, line  # noqa: F401
from tests.scopes import EVERYTHING
from warroom.calls import api
from warroom.calls.errors import ForeignCallHoldError, NoCallError, NoRecordingError
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope

CALLED_AT = datetime.fromtimestamp(1_790_000_000, UTC)
LATER = CALLED_AT + timedelta(days=400)


async def recorded(line: Line) -> UUID:  # noqa: F811
    call = await _recorded(line)
    path = file_of(line)
    path.parent.mkdir()
    path.write_bytes(b"RIFF")
    return call


def file_of(line: Line) -> Path:  # noqa: F811
    return Path(line.folder, "recordings", "x.wav")


async def forget(line: Line, at: datetime = LATER, node: str = "n1") -> int:  # noqa: F811
    return await api.RecordingKeeper(line.db, line.folder, node, 365).forget(EVERYTHING, at)


async def hold(line: Line, scope: Scope, call: UUID, **words: Any) -> UUID:  # noqa: F811
    why = api.CallHold("Penyidikan", **words)
    async with line.db.transaction(scope) as tx:
        await api.hold_recording(scope, tx, call, why, LATER)
    return why.id


async def release(line: Line, scope: Scope, call: UUID, held: UUID) -> None:  # noqa: F811
    async with line.db.transaction(scope) as tx:
        await api.release_recording(scope, tx, call, held, "Selesai", LATER)


async def rows(line: Line, query: str) -> list[dict[str, Any]]:  # noqa: F811
    async with line.db.transaction(EVERYTHING) as tx:
        return await (await tx.execute(query)).fetchall()


async def test_an_old_recording_goes_and_its_hash_and_the_proof_stay(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    await recorded(line)

    assert 0 == await forget(line, CALLED_AT + timedelta(days=364))
    assert 0 == await forget(line, node="n2")
    assert file_of(line).exists()
    assert 1 == await forget(line)
    assert 0 == await forget(line)

    assert not file_of(line).exists()
    (call,) = await rows(line, "select * from call")
    assert (None, LATER) == (call["recording_path"], call["recording_gone_at"])
    assert call["recording_sha256"]
    (proof,) = await rows(line, "select * from privacy_deletion where class = 'call_recording'")
    assert (1, 4, "age", agencies["PMK"]) == tuple(
        proof[word] for word in ("count", "bytes", "rule", "agency_id")
    )


async def test_one_that_cannot_be_deleted_keeps_none_behind_it(
    line: Line, agencies: dict[str, UUID],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("warroom.calls.keeping.AT_ONCE", 1)
    first = await recorded(line)
    async with line.forwarder():
        second = UUID(a_call(line.journal))
        line.journal.append(
            str(second), "recorded", path="recordings/y.wav", sha256="ab" * 32, duration_s=1.0
        )
        await line.until_stored(line.journal._seq)
    stuck = file_of(line)
    stuck.unlink()
    stuck.mkdir()  # a folder in place of the file: no right or disk is at fault, yet it stays
    (stuck / "kept").touch()

    assert 1 == await forget(line)

    told = {row["id"]: row["recording_gone_at"] for row in await rows(line, "select * from call")}
    assert told == {first: None, second: LATER}


async def test_what_is_held_stays_until_it_is_let_go_of(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = await recorded(line)
    keeper = agent("call:hold", agency=agencies["PMK"])
    held = await hold(line, keeper, call, case_number="LP/12/2026")

    assert 0 == await forget(line)
    assert file_of(line).exists()
    await release(line, keeper, call, held)
    assert 1 == await forget(line)

    entries = await rows(
        line,
        "select action, reason from audit_entry where action like 'call:hold%' order by id",
    )
    assert [("call:hold", "Penyidikan"), ("call:hold_released", "Selesai")] == [
        (entry["action"], entry["reason"]) for entry in entries
    ]
    with pytest.raises(NoRecordingError):
        await hold(line, keeper, call)


async def test_a_hold_with_an_end_ends_by_itself(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = await recorded(line)
    keeper = agent("call:hold", agency=agencies["PMK"])
    await hold(line, keeper, call, until_at=LATER + timedelta(days=1))

    assert 0 == await forget(line)
    assert 1 == await forget(line, LATER + timedelta(days=2))


async def test_who_may_not_neither_holds_nor_lets_go(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    call = await recorded(line)
    keeper = agent("call:hold", agency=agencies["PMK"])
    held = await hold(line, keeper, call)

    for other in (
        agent("call:hold", agency=agencies["POL"]),
        agent("call:listen", agency=agencies["PMK"]),
    ):
        with pytest.raises(NoCallError):
            await hold(line, other, call)
        with pytest.raises(NoCallError):
            await release(line, other, call, held)
    with pytest.raises(ForeignCallHoldError):
        await release(line, replace(keeper, agency_id=agencies["POL"]), call, held)
    with pytest.raises(NoCallError):
        await release(line, keeper, call, new_id())


async def test_a_record_is_not_forgotten_before_its_recording(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    await recorded(line)
    forgotten = f"select * from calls_forget('{LATER.isoformat()}')"
    async with line.db.transaction(EVERYTHING) as tx:
        await tx.execute(
            "update call set closed_at = now(), offered_at = now() - interval '99 days'"
        )

    assert [] == await rows(line, forgotten)
    await forget(line)
    assert [1] == [row["rows"] for row in await rows(line, forgotten)]
