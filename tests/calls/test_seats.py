"""Claims about who sits at the edge once their rights were changed."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.calls.test_forwarding import Line, agencies, line  # noqa: F401
from tests.scopes import EVERYTHING
from warroom.calls import forwarding
from warroom.calls.seats import judge_seats
from warroom.identity import api as identity
from warroom.identity.store import people as identity_people
from warroom.kernel.ids import new_id


async def person(line: Line, agency: UUID, login: str, role: str) -> str:  # noqa: F811
    """Somebody of an agency with a role; their id."""
    async with line.db.transaction(EVERYTHING) as tx:
        new = identity.NewPerson(login, login.title(), agency, roles={role: "own"})
        made = await identity.create_person(EVERYTHING, tx, new)
    return str(made)


async def test_who_lost_the_right_loses_the_line_and_the_ear_and_nobody_else_does(
    line: Line, agencies: dict[str, UUID],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    told: list[tuple[str, str]] = []

    async def note(asked: dict[str, Any]) -> None:
        told.append((asked["op"], asked["agent"]))

    for op in ("sign_out", "watch"):
        line.control._commands[op] = note
    kept = await person(line, agencies["PMK"], "tetap", "penerima_112")
    lost = await person(line, agencies["PMK"], "cabut", "pengendali_112")
    other = await person(line, agencies["POL"], "lain", "penerima_112")
    ended = await person(line, agencies["PMK"], "berhenti", "penerima_112")
    async with line.db.transaction(EVERYTHING) as tx:
        await tx.execute("update person set is_active = false where id = %s", [UUID(ended)])
    line.live = {
        "agents": [{"id": one, "call": ""} for one in (kept, lost, other, ended, "bench")],
        "calls": [{"id": "c1", "watchers": {lost: "listen"}}],
    }

    async with line.forwarder() as forwarder:
        async with asyncio.timeout(20):
            while len(told) < 5:
                await asyncio.sleep(0.01)
        first = sorted(told)
        told.clear()
        await forwarder.recheck()
        again = sorted(told)
        told.clear()
        monkeypatch.setattr(forwarding, "SEATS_S", 0.01)
        async with line.forwarder(), asyncio.timeout(20):
            while len(told) < 10:
                await asyncio.sleep(0.01)

    expected = [
        *sorted(("sign_out", one) for one in (lost, other, ended, "bench")),
        ("watch", lost),
    ]
    assert expected == first == again


async def test_a_session_that_somebody_ended_loses_its_line(
    line: Line, agencies: dict[str, UUID]  # noqa: F811
) -> None:  # fmt: skip
    told: list[tuple[str, str]] = []

    async def note(asked: dict[str, Any]) -> None:
        told.append((asked["op"], asked["agent"]))

    line.control._commands["sign_out"] = note
    names = ("terbuka", "diakhiri", "habis", "lama")
    people = {name: await person(line, agencies["PMK"], name, "penerima_112") for name in names}
    now = line.clock.now()
    sessions = {name: new_id() for name in names}
    async with line.db.transaction(EVERYTHING) as tx:
        for name, session in sessions.items():
            # One that only came to its end by time keeps its line: whoever talks finishes.
            ends_at = now - timedelta(hours=1) if name == "habis" else now + timedelta(hours=1)
            await tx.execute(
                "select identity_open_session(%s, %s, %s, 'password', %s, %s, null, '', 0, null)",
                [session, UUID(people[name]), name.encode(), now, ends_at],
            )
        await identity_people.end_session(EVERYTHING, tx, sessions["diakhiri"])
    line.live = {
        "agents": [
            {"id": people[name], "call": "", "session": str(sessions[name])} for name in names
        ],
        "calls": [],
    }
    line.live["agents"][-1].pop("session")  # of an edge that came before ours

    home = await line.home().agency_id()
    assert home is not None
    await judge_seats(line.db, EVERYTHING, line.client, home)

    assert told == [("sign_out", people["diakhiri"])]
