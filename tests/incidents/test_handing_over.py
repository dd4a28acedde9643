"""Claims about incidents that are handed to another city by one act, until it answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from tests.hub.receiver import Receiver, receiving
from tests.incidents.world import World
from warroom.incidents import api, eido
from warroom.incidents.contracts import State
from warroom.incidents.errors import (
    EndedError,
    HandingOverError,
    IncidentNotFoundError,
    NeighbourUnknownError,
    NotSentError,
    ReasonMissingError,
)
from warroom.incidents.handover_rules import PAUSES_S, again, read_answer
from warroom.incidents.settings import Neighbour
from warroom.kernel.ids import new_id
from warroom.kernel.outbound import Outbound, OutboundSettings
from warroom.kernel.scope import Scope

AT = datetime(2026, 11, 26, tzinfo=UTC)
GOWA = "Kabupaten Gowa"


@pytest.mark.parametrize(
    ("status", "tries", "state"),
    [
        (200, 1, "accepted"), (201, 9, "accepted"), (400, 1, "refused"), (404, 1, "refused"),
        (408, 1, "waiting"), (429, 1, "waiting"), (500, 1, "waiting"), (302, 1, "refused"),
        (503, len(PAUSES_S), "waiting"), (503, len(PAUSES_S) + 1, "given_up"),
    ],
)  # fmt: skip
def test_an_answer_is_a_yes_a_no_or_later(status: int, tries: int, state: str) -> None:
    assert read_answer(status, b"{}", tries, AT).state == state


def test_an_answer_is_read_for_their_number_and_for_what_went_wrong() -> None:
    yes = read_answer(201, b'{"id": "x", "number": "112-2026-000007"}', 1, AT)
    no = read_answer(422, b'{"title": "Rusak", "detail": "tanpa \\n tempat"}', 1, AT)

    assert yes.number == "112-2026-000007"
    assert no.why == "422 tanpa tempat"
    assert read_answer(200, b"\xff not json", 1, AT).number == ""
    assert read_answer(200, b"[1]", 1, AT).number == ""


def test_pauses_grow_and_are_counted_from_now() -> None:
    assert again("timeout", 1, AT).due_at == AT + timedelta(seconds=PAUSES_S[0])
    assert again("timeout", len(PAUSES_S), AT).due_at == AT + timedelta(seconds=PAUSES_S[-1])


@asynccontextmanager
async def beside(world: World) -> AsyncIterator[tuple[Receiver, api.Handing]]:
    """A neighbour on this machine, and who sends to it."""
    async with receiving() as receiver:
        neighbour = Neighbour(name=GOWA, url=receiver.url("/api/incidents/eido"), token="wr_x")
        settings = replace(world.intake.settings, neighbours=[neighbour])
        world.intake = replace(world.intake, settings=settings)
        outbound = Outbound(OutboundSettings(allow_loopback=True, allow_plain=True, timeout_s=2.0))
        yield receiver, api.Handing(world.db, world.clock, world.system, outbound, world.intake)


async def ask(
    world: World,
    incident: UUID,
    scope: Scope | None = None,
    reason: str = "di seberang batas",
    **more: Any,
) -> UUID:
    scope, said = scope or world.fire, api.Said(more.pop("id", new_id()), reason=reason)
    async with world.db.transaction(scope) as tx:
        await api.ask_handover(
            world.intake, scope, tx, incident, more.pop("to", GOWA), said, world.clock.now()
        )
    return said.event_id


async def shown(world: World, incident: UUID, scope: Scope | None = None) -> list[dict[str, Any]]:
    scope = scope or world.fire
    async with world.db.transaction(scope) as tx:
        found: list[dict[str, Any]] = msgspec.json.decode(
            await api.show_handovers(scope, tx, incident)
        )
    return found


async def state(world: World, incident: UUID) -> State:
    async with world.db.transaction(world.system) as tx:
        return (await api.get_incident(world.system, tx, incident)).state


async def test_one_act_sends_it_and_their_yes_ends_it_here(world: World) -> None:
    incident = await world.sent(event_text="asap tebal")
    async with beside(world) as (receiver, handing):
        await ask(world, incident)
        (before,) = await shown(world, incident)
        await handing.step()
        await handing.step()

    (sent,) = receiver.got
    (after,) = await shown(world, incident)
    assert (before["state"], before["answered_at"]) == ("waiting", None)
    assert (after["state"], after["to"], after["tries"]) == ("accepted", GOWA, 1)
    assert after["answered_at"] is not None
    assert await state(world, incident) is State.HANDED_OVER
    assert sent.headers["authorization"] == "Bearer wr_x"
    assert eido.lacks(json.loads(sent.body)) == []


async def test_what_was_sent_is_read_by_another_centre_as_it_is(world: World) -> None:
    incident = await world.sent(event_text="asap tebal")
    async with beside(world) as (receiver, handing):
        await ask(world, incident)
        await handing.step()

    assert eido.read(json.loads(receiver.got[0].body)).event == "asap tebal"


async def test_it_is_sent_again_until_they_answer_and_is_theirs_only_then(world: World) -> None:
    incident = await world.sent()
    async with beside(world) as (receiver, handing):
        answers = iter([503, "close", 201])
        receiver.answer = lambda _: next(answers)
        await ask(world, incident)
        await handing.step()
        first = (await shown(world, incident))[0]
        await handing.step()
        early = len(receiver.got)
        for pause in PAUSES_S[:2]:
            world.clock.advance(pause + 1)
            await handing.step()

    assert (first["state"], first["why"]) == ("waiting", "503")
    assert early == 1
    assert len(receiver.got) == 3
    assert len({got.body for got in receiver.got}) == 1
    assert await state(world, incident) is State.HANDED_OVER


async def test_their_no_leaves_it_open_with_why_in_the_log(world: World) -> None:
    incident = await world.sent()
    async with beside(world) as (receiver, handing):
        receiver.answer = lambda _: 422
        await ask(world, incident)
        await handing.step()
        await ask(world, incident)

    found = await shown(world, incident)
    events = (await world.show(incident))["events"]
    assert [one["state"] for one in found] == ["waiting", "refused"]
    assert await state(world, incident) is State.PENDING
    assert [e["detail"]["why"] for e in events if e["kind"] == "handover_failed"] == ["422"]


async def test_who_never_answers_is_given_up_and_people_are_told(world: World) -> None:
    incident = await world.sent()
    async with beside(world) as (receiver, handing):
        receiver.answer = lambda _: 500
        await ask(world, incident)
        for _ in range(len(PAUSES_S) + 3):
            await handing.step()
            world.clock.advance(max(PAUSES_S) + 1)

    (found,) = await shown(world, incident)
    assert (found["state"], found["tries"]) == ("given_up", len(PAUSES_S) + 1)
    assert len(receiver.got) == len(PAUSES_S) + 1


async def test_a_process_that_dies_over_a_try_leaves_it_to_the_next(world: World) -> None:
    incident = await world.sent()
    async with beside(world) as (receiver, handing):
        await ask(world, incident)
        handing._settle = None  # type: ignore[assignment,method-assign]
        with pytest.raises(TypeError):
            await handing.step()
        del handing._settle
        await handing.step()
        soon = len(receiver.got)
        world.clock.advance(61)
        await handing.step()

    assert (soon, len(receiver.got)) == (1, 2)
    assert await state(world, incident) is State.HANDED_OVER


async def test_the_same_deed_sent_twice_is_one_and_two_at_once_are_refused(world: World) -> None:
    incident = await world.sent()
    async with beside(world):
        deed = await ask(world, incident)
        await ask(world, incident, id=deed)
        with pytest.raises(HandingOverError):
            await ask(world, incident)

    assert len(await shown(world, incident)) == 1


async def test_what_a_person_ended_meanwhile_stays_as_they_said(world: World) -> None:
    incident = await world.sent()
    async with beside(world) as (_, handing):
        await ask(world, incident)
        async with world.db.transaction(world.fire) as tx:
            said = api.Said(new_id())
            await api.end(
                world.intake, world.fire, tx, incident, "false_alarm", said, world.clock.now()
            )
        await handing.step()
        with pytest.raises(EndedError):
            await ask(world, incident)

    assert await state(world, incident) is State.CLOSED


async def test_drafts_strangers_unknown_names_and_no_reason_are_refused(world: World) -> None:
    incident = await world.sent()
    draft = await world.draft()
    async with beside(world):
        with pytest.raises(IncidentNotFoundError):
            await ask(world, incident, world.stranger)
        with pytest.raises(IncidentNotFoundError):
            await shown(world, incident, world.stranger)
        with pytest.raises(NeighbourUnknownError):
            await ask(world, incident, to="Kota Antah")
        with pytest.raises(ReasonMissingError):
            await ask(world, incident, reason=" ")
        with pytest.raises((NotSentError, IncidentNotFoundError)):
            await ask(world, draft, world.system)
