"""Scenario 1: seven callers, one house on fire in a lane of Tallo that no wide truck enters."""

import asyncio
from hashlib import sha256
from uuid import uuid4

from simcity.calls.day import Planned, plan_burst
from tests.scenarios.city import (
    SENDER,
    SUPERVISOR,
    TAKER,
    City,
    Json,
    Person,
    at_work,
    called,
    deed,
    speech,
    timing_of,
    until,
    work_through,
)

LANE = (-5.119322, 119.440484, "Lr. Penghubung Bunga Eja Beru")
"""2.5 m wide; 180 m from the nearest road that a wide truck may take."""

BESIDE = (-5.1180, 119.4380)
"""There the nearest wide truck stands."""

FIRST = ("Damkar 04", "Damkar Lorong 02", "Damkar 07", "Tangki 04", "Ambulans 09", "Patroli 08")
SECOND = ("Damkar 03", "Damkar 09", "Tangki 02", "Tangki 03", "Ambulans 07", "Dishub 02")
HEADQUARTERS = "Mako Damkar Jl. Dr. Ratulangi"


async def take(taker: Person, number: str, code: str = "fire_dense") -> tuple[str, str, list[Json]]:
    """One call as the page takes it: answered, typed, told what may be the same."""
    call = await taker.answer(number)
    incident = await taker.draft(LANE[:2], LANE[2], code, notes="Api besar, gang sempit")
    await taker.do(f"/api/incidents/{incident}/calls", {"call_id": call})
    query = {"lat": LANE[0], "lon": LANE[1], "but": incident, "type": code}
    same = (await taker.get("/api/incidents/similar", **query))["items"]
    return call, incident, [one for one in same if one["incident"]["ended_at"] is None]


async def take_all(
    city: City, taker: Person, sender: Person, burst: list[Planned]
) -> tuple[str, list[str], list[list[str]], Json]:
    """All calls, one after the other: the fire, its calls, what each was offered, what was sent."""
    fire, calls, offered = "", [], []
    found: Json = {}
    for one in burst:
        ringing = asyncio.create_task(called(city.caller(one.number, one.place)))
        call, incident, same = await take(taker, one.number)
        offered.append([one["incident"]["id"] for one in same])
        if fire:
            await taker.do(f"/api/incidents/{incident}/merge", deed(into=offered[-1][0]))
        else:
            fire = incident
            await taker.do(f"/api/incidents/{fire}/send", deed())
            found = await sender.recommended(fire)
            await sender.send(fire, found["slots"])
        assert "talked" == (await ringing).end
        await taker.close(call, "emergency")
        calls.append(call)
    return fire, calls, offered, found


async def keep_one_engine(city: City, boss: Person) -> str:
    """Headquarters keep one engine free; the id of that minimum."""
    minimum, at = str(uuid4()), city.units["Damkar 01"].station
    agencies = (await boss.get("/api/incidents/agencies"))["items"]
    fire = next(one["id"] for one in agencies if one["short"] == "Damkar")
    body = {
        "agency_id": fire, "station": HEADQUARTERS, "kind": "engine", "least": 1,
        "lat": at[0], "lon": at[1],
    }  # fmt: skip
    await boss.do(f"/api/dispatch/minimums/{minimum}", body, "PUT")
    return minimum


async def test_seven_callers_one_fire_narrow_engine_second_alarm_and_whole_stamps(
    city: City,
) -> None:
    burst = plan_burst([LANE], "fire", 7, 7.0, seed=112)
    async with (
        at_work(city, *FIRST[1:], *SECOND, "Damkar 06"),
        at_work(city, "Damkar 04", at=BESIDE),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(SUPERVISOR) as boss,
    ):
        minimum = await keep_one_engine(city, boss)
        await taker.sit()
        fire, calls, offered, found = await take_all(city, taker, sender, burst)
        more = await sender.recommended(fire, 2)
        outcomes = await sender.send(fire, more["slots"], level=2)
        coverage = await until(lambda: _below(sender, minimum))
        names = await work_through(city, sender, fire, "under_control")
        await sender.until_state(fire, "cleared")
        await sender.end(fire)
        shown = await sender.incident(fire)
        story = await sender.get(f"/api/dispatch/incidents/{fire}/replay")
        rows = [await boss.get(f"/api/calls/{call}") for call in calls]
        sounds = [await boss.client.get(f"/api/calls/{call}/recording") for call in calls]
        await boss.client.delete(f"/api/dispatch/minimums/{minimum}")

    # One incident of seven calls; each of them but the first was offered it.
    assert [[], *[[fire]] * 6] == offered
    assert (7, set(calls)) == (shown["calls"], set(shown["call_ids"]))
    assert ("handled", "fire_dense") == (shown["disposition"], shown["type"])
    (told, *_) = [one for one in rows[0]["locations"] if one["source"] == "pidf"]
    assert burst[0].place is not None
    assert (burst[0].place[2], "GPS") == (told["radius_m"], told["method"])
    # Seven recordings, each with what its caller said; on a quiet machine two may be alike.
    kept = [sha256(sound.content).hexdigest() for sound in sounds]
    assert kept == [row["recording_sha256"] for row in rows]
    assert all(speech(1.0)[:4000] in sound.content[58:][0::2] for sound in sounds)
    # The narrow engine goes before the wide truck that stands nearer.
    engines = [slot["unit"] for slot in found["slots"] if slot["role"] == "engine"]
    assert "Damkar Lorong 02" == engines[0]["name"]
    wide = next(one for one in engines if one["name"] == "Damkar 04")
    assert (None, True) == (engines[0]["walk_m"], wide["walk_m"] > 60)
    roles = [slot["role"] for slot in found["slots"]]
    assert ["engine"] * 3 + ["tanker", "ambulance", "patrol"] == roles
    assert set(FIRST) == {slot["unit"]["name"] for slot in found["slots"]}
    # The second alarm adds what is of level 2, and names nobody twice.
    assert all(slot["sent"] for slot in more["slots"] if slot["level"] == 1)
    added = [slot for slot in more["slots"] if slot["level"] == 2]
    assert ["engine", "engine", "tanker", "tanker", "traffic", "ambulance"] == [
        slot["role"] for slot in added
    ]
    assert [None] * 6 == [one["refused"] for one in outcomes]
    assert {*FIRST, *SECOND} == set(names)
    # Headquarters fell below their minimum: somebody is to be moved up, or it is said why nobody.
    assert (0, 1) == (coverage["have"], coverage["least"])
    assert ["Damkar 06"] == [move["unit"]["name"] for move in coverage["moves"]]
    assert coverage["moves"][0]["gains_s"] > 120
    # Processing within 60 s, and every stamp from the answer to the close.
    processing = timing_of(story["figures"], "processing")
    assert (1, 0) == (processing["n"], processing["missing"])
    assert next(aim["is_met"] for aim in processing["aims"] if aim["within_s"] == 60)
    quality = next(one for one in story["figures"]["shares"] if one["key"] == "data_quality")
    assert (100, {}) == (quality["percent"], quality["parts"])


async def _below(sender: Person, minimum: str) -> Json | None:
    items = (await sender.get("/api/dispatch/coverage"))["items"]
    found: Json = next(one for one in items if one["id"] == minimum)
    return found if found["have"] < found["least"] else None
