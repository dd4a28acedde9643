"""Scenario 3: heart attack at Jl. Hertasning; a car with a defibrillator is nearer than help."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.scenarios.city import (
    SENDER,
    SUPERVISOR,
    TAKER,
    City,
    Json,
    Person,
    Unit,
    at_work,
    called,
    deed,
    until,
)

HERTASNING = (-5.1640, 119.4420)
NEAR, KIMA = (-5.1635, 119.4410), (-5.1112, 119.5078)
HOSPITAL, FULL, OLD, UNTOLD = (
    "RSUP Dr. Wahidin Sudirohusodo",
    "RSUD Kota Makassar (Daya)",
    "RS Universitas Hasanuddin",
    "RS Ibnu Sina",
)
BEDS = f"""nama,lat,lon,waktu,igd,igd_total
{FULL},-5.1125,119.5060,,0,18
{HOSPITAL},-5.1346,119.4902,,2,30
{OLD},-5.1320,119.4930,2026-01-01 08:00,9,20
{UNTOLD},-5.1330,119.4920,,,
"""
"""The nearest to where the ambulance stands is full; one told long ago, one never."""
WITH_AED: Json = {"role": "aed", "lead": "health", "capability": "aed"}


@asynccontextmanager
async def life_asks_for_a_defibrillator(boss: Person) -> AsyncIterator[None]:
    """The run card of lives at risk, as a city writes it over; afterwards as it was."""

    async def write(change: Any) -> None:
        cards = (await boss.get("/api/dispatch/runcards"))["items"]
        card = next(one for one in cards if one["code"] == "life")
        body = {key: value for key, value in card.items() if key in _OF_A_CARD}
        body["needs"] = change([one for one in card["needs"] if one["role"] != "aed"])
        await boss.do("/api/dispatch/runcards/life", body, "PUT")

    await write(lambda needs: [*needs, WITH_AED])
    try:
        yield
    finally:
        await write(lambda needs: needs)


_OF_A_CARD = frozenset({"version", "name", "types", "places", "priorities", "needs"})


async def homecare(city: City, boss: Person) -> Unit:
    """A car of the health office with a defibrillator, and a crew on it."""
    if "Homecare 01" not in city.units:
        agencies = (await boss.get("/api/incidents/agencies"))["items"]
        health = next(one["id"] for one in agencies if one["short"] == "Dinkes")
        draft = {
            "name": "Homecare 01", "agency_id": health, "kind": "homecare", "crew": 3,
            "width_m": 1.8, "capabilities": ["aed"], "device": "uji-homecare-01",
        }  # fmt: skip
        async with await city.person("Administrator sistem, Diskominfo") as admin:
            made = await admin.do("/api/units", draft)
            key = (await admin.do(f"/api/units/{made['id']}/key"))["key"]
        token = city.units["Ambulans 08"].token
        city.units["Homecare 01"] = Unit(
            made["id"], "Homecare 01", draft["device"], key, NEAR, token
        )
    return city.units["Homecare 01"]


async def test_the_near_car_with_a_defibrillator_goes_beside_the_far_ambulance(
    city: City,
) -> None:
    number = "081140003001"
    async with await city.person(SUPERVISOR) as boss:
        await homecare(city, boss)
    assert [] == (await city.tell_beds(BEDS))["rejected"]
    async with (
        at_work(city, "Ambulans 04", at=KIMA),
        at_work(city, "Homecare 01"),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(SUPERVISOR) as boss,
    ):
        async with life_asks_for_a_defibrillator(boss):
            await taker.sit()
            ringing = asyncio.create_task(called(city.caller(number)))
            call = await taker.answer(number)
            incident = await taker.draft(
                HERTASNING, "Jl. Hertasning", "medical_cardiac",
                **{"answer.awake": "no", "answer.breathing": "no", "answer.since": "now"},
            )  # fmt: skip
            await taker.do(f"/api/incidents/{incident}/calls", {"call_id": call})
            cards = (await taker.get("/api/incidents/types"))["items"]
            card = next(one for one in cards if one["code"] == "medical_cardiac")
            await taker.do(f"/api/incidents/{incident}/send", deed())
            found = await sender.recommended(incident)
            outcomes = await sender.send(incident, found["slots"])
        assert "talked" == (await ringing).end
        await taker.close(call, "emergency")

        sent = {
            unit["unit"]["name"]: unit["id"]
            for part in (await sender.get(f"/api/dispatch/incidents/{incident}/tasks"))["items"]
            for unit in part["assignments"]
        }
        async with city.crew("Homecare 01") as car:
            brief = await car.get("/api/dispatch/duty")
            await car.press(sent["Homecare 01"], "accepted", "en_route", "on_scene")
            await car.press(sent["Homecare 01"], "acted", did="patient_contact")
            await car.press(sent["Homecare 01"], "cleared", outcome="solved")
        async with city.crew("Ambulans 04") as ambulance:
            await ambulance.press(sent["Ambulans 04"], "accepted", "en_route", "on_scene")
            offered = await ambulance.get("/api/dispatch/duty/facilities", kind="igd")
            best = offered["items"][0]["name"]
            await ambulance.press(sent["Ambulans 04"], "transporting", destination=best)
            from_desk = await sender.get(
                f"/api/dispatch/assignments/{sent['Ambulans 04']}/facilities"
            )
            await ambulance.press(sent["Ambulans 04"], "at_facility")
            await ambulance.press(sent["Ambulans 04"], "cleared", outcome="solved")
        await sender.until_state(incident, "cleared")
        await sender.end(incident)
        story = await until(lambda: _whole_story(sender, incident))

    # Both are sent: the car is there in minutes, the ambulance comes from the other end.
    slots = {slot["role"]: slot["unit"] for slot in found["slots"]}
    assert {"ambulance": "Ambulans 04", "aed": "Homecare 01"} == {
        role: unit["name"] for role, unit in slots.items()
    }
    assert slots["aed"]["arrives_s"] < 180 < 600 < slots["ambulance"]["arrives_s"]
    assert [None, None] == [one["refused"] for one in outcomes]
    # What is read aloud is about pressing the chest, and the crew reads what the caller answered.
    assert "dada" in card["say"]["id"]
    assert 1 == found_priority(story)
    assert brief["incident"]["priority"] == 1
    # The ambulance's journey with its patient has its stamps.
    kinds = [one["kind"] for one in story["moments"] if one["who"] == "Ambulans 04"]
    assert [
        *("dispatched", "accepted", "en_route", "on_scene", "transporting", "at_facility"),
        "cleared",
    ] == kinds
    assert best == HOSPITAL
    _check_order(offered["items"], from_desk["items"])
    # Where they took the patient stands beside it.
    assert HOSPITAL in {one["text"] for one in story["moments"] if one["kind"] == "transporting"}


def _check_order(offered: list[Json], from_desk: list[Json]) -> None:
    """By the count of beds: the near one is full, and stands last, with when that was told."""
    ours = {HOSPITAL: "free", OLD: "stale", UNTOLD: "unknown", FULL: "full"}
    by_name = {one["name"]: one for one in offered}
    order = [one["name"] for one in offered if one["name"] in ours]
    full = by_name[FULL]
    assert (order[0], order[-1]) == (HOSPITAL, FULL)
    assert ours == {name: by_name[name]["state"] for name in ours}
    assert full["seconds"] < by_name[HOSPITAL]["seconds"]
    assert ("program", 0) == (full["beds"]["igd"]["source"], full["beds"]["igd"]["free"])
    assert order == [one["name"] for one in from_desk if one["name"] in ours]


def found_priority(story: Json) -> int:
    return int(story["incident"]["priority"])


async def _whole_story(sender: Person, incident: str) -> Json | None:
    story: Json = await sender.get(f"/api/dispatch/incidents/{incident}/replay")
    return story if story["incident"]["ended_at"] else None
