"""Scenario 10: riot night: the parliament burns, roads are shut, trunk A fails, the server dies."""

import asyncio
import re
from datetime import timedelta

from tests.scenarios.city import (
    DISHUB,
    MAYOR,
    POLICE,
    SENDER,
    SUPERVISOR,
    TAKER,
    TRUNK_B,
    City,
    Json,
    Person,
    at_work,
    called,
    deed,
    speech,
    until,
)
from warroom.kernel.clock import SystemClock

DPRD = (-5.1590, 119.4377)
BARRANG_LOMPO = (-5.0484, 119.3294)
ENGINES = ("Damkar 03", "Damkar 09")
ESCORT = "Jangan masuk tanpa kawalan; massa di pintu timur"


async def shut(dishub: Person, line: list[list[float]]) -> str:
    """Dishub shuts a road that the crowd stands on."""
    until_at = SystemClock().now() + timedelta(hours=6)
    body = {"line": line, "reason": "Unjuk rasa", "ends_at": until_at.isoformat()}
    return str((await dishub.do("/api/traffic/closures", body))["id"])


def way_of(name: str, city: City) -> Json:
    return {"profile": "fire", "from": list(city.units[name].station), "to": list(DPRD)}


async def test_engines_go_round_a_closure_wait_for_escort_and_are_heard_in_danger(
    city: City,
) -> None:
    async with (
        at_work(city, *ENGINES),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(POLICE) as police,
        await city.person(MAYOR) as mayor,
        await city.person(DISHUB) as dishub,
        city.crew("Damkar 03") as crew,
    ):
        (usual,) = (await sender.do("/api/routing/routes", way_of("Damkar 03", city)))["routes"]
        line = usual["geometry"]["coordinates"]
        middle = line[len(line) // 2 : len(line) // 2 + 2]
        closure = await shut(dishub, middle)

        async def round_it() -> Json | None:
            answer = await sender.do("/api/routing/routes", way_of("Damkar 03", city))
            route: Json = answer["routes"][0]
            return route if route["duration_s"] > usual["duration_s"] + 1 else None

        other = await until(round_it)
        fire = await taker.draft(DPRD, "DPRD Kota Makassar", "fire_house")
        await taker.do(f"/api/incidents/{fire}/send", deed())
        await sender.do(f"/api/incidents/{fire}/agencies", {"agency_id": await police_id(sender)})
        note = deed(text=ESCORT, visibility="police")
        await police.do(f"/api/incidents/{fire}/notes", note)
        await sender.do(f"/api/incidents/{fire}/notes", deed(text="Api di lantai dua"))
        found = await sender.recommended(fire)
        await sender.send(fire, found["slots"])
        duty = await crew.get("/api/dispatch/duty")
        assignment = duty["assignment"]["id"]
        await crew.press(assignment, "accepted", "en_route", "staged")
        staged = (await crew.get("/api/dispatch/duty"))["assignment"]["state"]
        await crew.press(assignment, "duress")
        (danger,) = (await sender.get("/api/dispatch/duress"))["items"]
        await sender.do(f"/api/dispatch/assignments/{assignment}/duress/answer")
        calm = (await sender.get("/api/dispatch/duress"))["items"]
        await crew.press(assignment, "on_scene")
        seen = {
            name: [one["text"] for one in (await who.incident(fire))["notes"]]
            for name, who in (("police", police), ("mayor", mayor), ("sender", sender))
        }
        await sender.end(fire)
        story = await mayor.get(f"/api/dispatch/incidents/{fire}/replay")
        again = await mayor.get(f"/api/dispatch/incidents/{fire}/replay")
        paper = await mayor.page(f"/api/dispatch/incidents/{fire}/after-action.html")
        await dishub.do(f"/api/traffic/closures/{closure}", method="DELETE")

    # The engine goes round: its way no longer passes the road that is shut.
    assert not {tuple(at) for at in middle} <= {
        tuple(at) for at in other["geometry"]["coordinates"]
    }
    # It waits at a distance for its escort, and whoever is in danger is heard until answered.
    assert "staged" == staged
    assert ("Damkar 03", fire) == (danger["unit"]["name"], danger["incident"])
    assert [] == calm
    # What is for the police is read by the police alone.
    assert ESCORT in seen["police"]
    assert ["Api di lantai dua"] == seen["mayor"] == seen["sender"]
    assert ESCORT not in paper
    # The replay of tomorrow is that of today, and the paper's hash is its hash.
    assert story["sha256"] == again["sha256"]
    assert story["sha256"] in re.sub(r"\s", "", paper)


async def test_no_call_or_incident_is_lost_when_server_and_edge_are_killed_in_mid_call(
    city: City,
) -> None:
    numbers = ("081140010001", "081140010002")
    async with await city.person(TAKER) as taker, await city.person(SENDER) as sender:
        await taker.sit()
        long_call = asyncio.create_task(city.caller(numbers[0]).call(speech(14.0), 60.0))
        call = await taker.answer(numbers[0])
        case = await taker.draft(DPRD, "DPRD Kota Makassar", "riot")
        await taker.do(f"/api/incidents/{case}/calls", {"call_id": call})
        await taker.do(f"/api/incidents/{case}/send", deed())

        for name in ("serve", "calls"):
            city.kill(name)
        await until(city.is_up, 60)
        await taker.sit()
        # Trunk A is quiet; the other takes the next caller.
        other = asyncio.create_task(called(city.caller(numbers[1], trunk=TRUNK_B)))
        assert "talked" == (await long_call).end
        await taker.close(call, "emergency")
        second = await taker.answer(numbers[1])
        assert "talked" == (await other).end
        await taker.close(second, "emergency")
        first_row = await until(lambda: recorded(taker, call))
        second_row = await until(lambda: recorded(taker, second))
        shown = await sender.incident(case)
        await sender.end(case)

    assert ([call], "pending") == (shown["call_ids"], shown["state"])
    kinds = [event["kind"] for event in first_row["events"]]
    assert "gap" in kinds
    assert first_row["gap_s"] > 0
    assert first_row["recording_s"] > 14
    assert ("telkom", "cadangan") == (first_row["line"], second_row["line"])


async def test_an_island_asks_for_a_boat(city: City) -> None:
    card = {
        "name": {"id": "Pulau", "en": "Islands"}, "types": ["family:medical"], "version": 0,
        "places": ["73.71.15"],
        "needs": [{"role": "boat", "lead": "police", "kinds": ["boat"]}],
    }  # fmt: skip
    async with (
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(SUPERVISOR) as boss,
        await city.person("Petugas lapangan, Polrestabes") as sailor,
    ):
        boat = city.units["Polair 01"]
        await sailor.duty(boat)
        await sailor.tell_place(boat, (-5.1000, 119.4100))
        known = {one["code"] for one in (await boss.get("/api/dispatch/runcards"))["items"]}
        if "pulau" not in known:
            await boss.do("/api/dispatch/runcards/pulau", card, "PUT")
        case = await taker.draft(BARRANG_LOMPO, "Pulau Barrang Lompo", "medical_birth")
        await taker.do(f"/api/incidents/{case}/send", deed())
        found = await sender.recommended(case)
        (outcome,) = await sender.send(case, found["slots"])
        assignment = (await sailor.get("/api/dispatch/duty"))["assignment"]["id"]
        await sailor.press(assignment, "accepted", "en_route", "on_scene")
        await sailor.press(assignment, "cleared", outcome="solved")
        await sender.until_state(case, "cleared")
        await sender.end(case)
        await sailor.client.delete("/api/dispatch/duty")

    assert ("pulau", None) == (found["card"]["code"], outcome["refused"])
    (slot,) = found["slots"]
    assert "Polair 01" == slot["unit"]["name"]


async def police_id(asker: Person) -> str:
    items = (await asker.get("/api/incidents/agencies"))["items"]
    return str(next(one["id"] for one in items if one["short"] == "Polrestabes"))


async def recorded(asker: Person, call: str) -> Json | None:
    row: Json = await asker.get(f"/api/calls/{call}")
    return row if row["recording_s"] else None
