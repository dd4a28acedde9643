"""Five hundred calls about one fire become one incident, and none of them loses its recording."""

import asyncio

import pytest

from simcity.calls.day import Planned, plan_burst
from simcity.calls.serve import KANDEA
from tests.scenarios.city import SUPERVISOR, TAKER, City, Json, Person, deed, speech, until

CALLS = 500
MINUTES = 10
AT_ONCE = 40
"""Callers on the line together; the others are still dialling, as fast as there is room."""

AGENTS = (TAKER, SUPERVISOR, "Supervisor ruang kendali, Diskominfo")
PATIENCE_S = 900.0


class Fire:
    """The one incident, once the first agent has begun it."""

    def __init__(self) -> None:
        self.begins = asyncio.Lock()
        self.incident = ""


async def take_one(agent: Person, call: Json, fire: Fire) -> None:
    """A call as the page takes it: the first fills a form, each other is folded in by one key (F8).

    The page asks what may be the same by the place that the phone told; where it told none the
    incident that is open beside the form is offered.
    """
    async with fire.begins:
        if not fire.incident:
            incident = await agent.draft(KANDEA[:2], KANDEA[2], "fire_dense")
            await agent.do(f"/api/incidents/{incident}/calls", {"call_id": call["id"]})
            await agent.do(f"/api/incidents/{incident}/send", deed())
            fire.incident = incident
            return
    into = fire.incident
    if call["place"] is not None:
        query = {"lat": call["place"]["lat"], "lon": call["place"]["lon"], "but": deed()["id"]}
        query["radius_m"] = call["place"]["radius_m"] or 0
        same = (await agent.get("/api/incidents/similar", **query))["items"]
        into = same[0]["incident"]["id"]
    await agent.do(f"/api/incidents/{into}/calls", {"call_id": call["id"]})


async def work(agent: Person, fire: Fire, taken: list[str], over: asyncio.Event) -> None:
    """Answers what rings here, folds it in, says that help is on its way, and classes it."""
    while not over.is_set():
        items = (await agent.get("/api/calls/queue"))["items"]
        mine = [one for one in items if one["live"] and agent.id in one["live"]["ringing"]]
        if not mine:
            await asyncio.sleep(0.05)
            continue
        call = mine[0]
        answer = await agent.client.post(f"/api/calls/{call['id']}/answer")
        if answer.status_code != 204:  # it went on to another agent, or its caller was faster
            continue
        taken.append(call["id"])
        await take_one(agent, call, fire)
        await agent.client.post(f"/api/calls/{call['id']}/hang-up")
        await agent.close(call["id"], "emergency")


async def ring(city: City, plan: list[Planned]) -> list[str]:
    """All callers, in order, as many at once as there is room for; how their calls ended."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one_of(one: Planned) -> str:
        async with room:
            caller = city.caller(one.number, one.place)
            return (await caller.call(speech(60.0), PATIENCE_S, linger_s=0.1)).end

    return await asyncio.gather(*map(one_of, plan))


async def all_calls(boss: Person, numbers: set[str]) -> list[Json]:
    """Every call of these numbers."""
    rows: list[Json] = []
    before: str | None = None
    while True:
        page = await boss.get("/api/calls", limit=200, **({"before": before} if before else {}))
        rows += [one for one in page["items"] if one["from_number"] in numbers]
        before = page["next"]
        if before is None:
            return rows


async def why_unrecorded(boss: Person, call: Json) -> str:
    """What the call's story says about a recording that is missing."""
    story = (await boss.get(f"/api/calls/{call['id']}"))["events"]
    told = [one["body"].get("failed", "") for one in story if one["kind"] == "recorded"]
    return told[-1] if told else ""


@pytest.mark.nightly
async def test_five_hundred_calls_on_one_fire_are_one_incident_with_all_recordings(
    city: City,
) -> None:
    plan = plan_burst([KANDEA], "fire", CALLS, MINUTES * 60.0, seed=500)
    numbers, fire = {one.number for one in plan}, Fire()
    taken, over = list[str](), asyncio.Event()
    people = [await city.person(title) for title in AGENTS]
    try:
        for agent in people:
            await agent.sit()
        before = {one["id"] for one in (await people[1].get("/api/incidents"))["items"]}
        working = [asyncio.create_task(work(agent, fire, taken, over)) for agent in people]
        ends = await ring(city, plan)
        boss = people[1]

        async def closed() -> list[Json] | None:
            rows = await all_calls(boss, numbers)
            is_done = len(rows) == CALLS and all(
                one["state"] == "closed" and one["recording_s"] is not None for one in rows
            )
            return rows if is_done else None

        rows = await until(closed, 300)
        over.set()
        await asyncio.gather(*working)
        shown = await boss.incident(fire.incident)
        new = {one["id"] for one in (await boss.get("/api/incidents"))["items"]} - before
        silent = [one for one in rows if not one["recording_sha256"]]
        reasons = [await why_unrecorded(boss, one) for one in silent]
        first = await boss.client.get(f"/api/calls/{shown['call_ids'][0]}/recording")
        await boss.end(fire.incident)
    finally:
        for agent in people:
            await agent.__aexit__()

    assert {"hung_up_on"} == set(ends)
    assert CALLS == len(set(taken)) == len(numbers)
    # One incident, and every call in it.
    assert {fire.incident} == new
    assert (CALLS, set(taken)) == (shown["calls"], set(shown["call_ids"]))
    # Each with a recording that is whole, or its story says why not.
    assert all(reasons), reasons
    assert len(rows) - len(silent) > CALLS * 0.99
    assert 200 == first.status_code
    assert first.content.startswith(b"RIFF")
