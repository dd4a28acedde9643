"""The demonstration lives: simulated people answer, write, send and drive where nobody does."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from simcity.calls.day import plan_burst
from simcity.calls.serve import Crowd
from simcity.desk import dispatching, taking
from simcity.desk.staff import staffed
from simcity.drive import officers
from tests.scenarios.city import TRUNK_A, City, Json, at_work, called, until
from warroom.app import demo_calls, demo_traffic

BONTOALA = (-5.1290, 119.4350, "Lorong 2 Bontoala")
TAKER, SUPERVISOR = "Penerima panggilan 112, Diskominfo", "Pengawas 112, Diskominfo"
UNITS = ("Damkar Lorong 02", "Damkar 04", "Damkar 07", "Tangki 04", "Ambulans 09", "Patroli 08")


class Town:
    """Vehicles that are there at once."""

    def __init__(self) -> None:
        self.ordered: set[str] = set()

    def order(self, device: str, lat: float, lon: float) -> None:
        self.ordered.add(device)

    def is_there(self, device: str) -> bool:
        return device in self.ordered

    def release(self, device: str) -> None:
        self.ordered.discard(device)


@pytest.fixture
def keys(city: City) -> Path:
    return city.node.settings.data / "keys" / "desk.json"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody leaves much to people, and nobody takes their time."""
    monkeypatch.setattr(taking, "ALONE_S", 0.5)
    monkeypatch.setattr(taking, "LOOK_S", 0.2)
    monkeypatch.setattr(taking, "PACE", 0.1)
    monkeypatch.setattr(dispatching, "WAITS_S", 0.5)
    monkeypatch.setattr(dispatching, "LOOK_S", 0.3)
    monkeypatch.setattr(dispatching, "OVER_S", 0.1)
    monkeypatch.setattr(officers, "LOOK_S", 0.3)
    monkeypatch.setattr(officers.Officers, "pause_s", lambda *_: 0.0)


@pytest.fixture
def crews(city: City, keys: Path) -> officers.Officers:
    """The simulated crews of the units that are at work here."""
    known = demo_traffic.read_keys(keys.with_name("fleet.json"))["crews"]
    devices = {city.units[name].device for name in UNITS}
    return officers.Officers(
        city.address, [one for one in known if one["device"] in devices], Town()
    )


async def seeded(city: City, keys: Path) -> dict[str, Any]:
    await demo_calls.seed_desk(city.node, keys)
    return demo_traffic.read_keys(keys)


@pytest.mark.usefixtures("hurried")
async def test_a_fire_that_no_person_takes_is_answered_sent_to_and_put_out(
    city: City, keys: Path, crews: officers.Officers
) -> None:
    tokens = await seeded(city, keys)
    plan = plan_burst([BONTOALA], "fire", 2, 1.0, seed=9)
    crowd = Crowd(("127.0.0.1", city.sip), at_once=2, linger_s=1.0, host=TRUNK_A)

    async with (
        at_work(city, *UNITS),
        staffed(city.address, tokens, {one.number: one for one in plan}),
        crews,
        await city.person(SUPERVISOR) as boss,
    ):
        for one in plan:
            await crowd.begin(one)
        await crowd.end()

        async def put_out() -> list[Json]:
            items = (await boss.get("/api/incidents"))["items"]
            ours = {one.spot[2] for one in plan}
            found = [one for one in items if one["address"] in ours and one["calls"] == 2]
            return [one for one in found if one["state"] == "closed"]

        (fire,) = await until(put_out, 60)
        shown = await boss.incident(fire["id"])
        parts = (await boss.get(f"/api/dispatch/incidents/{fire['id']}/tasks"))["items"]

        async def classed() -> list[Json]:
            calls = [await boss.get(f"/api/calls/{call}") for call in shown["call_ids"]]
            return calls if all(call["class"] for call in calls) else []

        calls = await until(classed)

    assert {"calls": 2, "talked": 2} == crowd.told()
    assert "fire_dense" == fire["type"]
    assert {"emergency"} == {call["class"] for call in calls}
    assert all(call["recording_s"] > 1 for call in calls)
    assert {"Damkar Lorong 02"} < {
        unit["unit"]["name"] for part in parts for unit in part["assignments"]
    }
    assert {"cleared"} == {unit["state"] for part in parts for unit in part["assignments"]}


@pytest.mark.usefixtures("hurried")
async def test_a_person_at_the_desk_wins(
    city: City, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await seeded(city, keys)
    monkeypatch.setattr(dispatching, "WAITS_S", 60.0)
    (one,) = plan_burst([BONTOALA], "fire", 1, 1.0, seed=10)
    async with await city.person(TAKER) as person:
        await person.sit()
        async with staffed(city.address, tokens, {one.number: one}):
            calling = asyncio.create_task(called(city.caller(one.number)))
            call = await person.rung(one.number)
            await asyncio.sleep(2.0)  # four times as long as it would wait without a person
            answered = await person.answer(one.number)
            await calling
            await person.close(answered, "test")
            shown = await person.get(f"/api/calls/{call['id']}")

    assert "closed" == shown["state"]
    assert [person.id] == [
        event["actor_id"] for event in shown["events"] if event["kind"] == "answered"
    ]
