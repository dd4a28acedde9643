"""Scenario 2: fire in Kel. Untia, across the toll road from the post that is nearest by air."""

import math

from tests.scenarios.city import (
    DISHUB,
    SENDER,
    TAKER,
    City,
    Json,
    at_work,
    deed,
    until,
)

UNTIA = (-5.0662, 119.4806)
ENGINES = ("Damkar 02", "Damkar 04", "Damkar 05", "Damkar 07")
"""Of KIMA, Tallo, BTP and Ujung Tanah."""


def by_air(city: City) -> list[str]:
    def far(name: str) -> float:
        lat, lon = city.units[name].station
        return math.hypot(lat - UNTIA[0], lon - UNTIA[1])

    return sorted(ENGINES, key=far)


def by_road(found: Json) -> list[Json]:
    """The engines of the recommendation, the first to be there first."""
    slots = [slot for slot in found["slots"] if slot["role"] == "engine"]
    units = [slot["unit"] for slot in slots] + slots[0]["others"]
    return sorted(units, key=lambda unit: float(unit["arrives_s"]))


async def test_a_jam_beside_the_toll_puts_a_further_post_first_and_the_limit_is_told(
    city: City,
) -> None:
    kima = city.units["Damkar 02"].station
    way = {"profile": "fire", "from": list(kima), "to": list(UNTIA)}
    async with (
        at_work(city, *ENGINES),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(DISHUB) as dishub,
    ):
        fire = await taker.draft(UNTIA, "PPN Untia", "fire_house")
        await taker.do(f"/api/incidents/{fire}/send", deed())
        calm = await sender.recommended(fire)
        (route,) = (await sender.do("/api/routing/routes", way))["routes"]

        turn = next(one for one in route["steps"] if one["road"] != "Jl. KIMA Raya")
        road = [at for at in route["geometry"]["coordinates"] if at[1] <= turn["lat"]]
        jam = {"line": road, "level": "standing", "reason": "macet di samping tol"}
        report = (await dishub.do("/api/traffic/reports", jam))["id"]

        async def late() -> Json | None:
            found = await sender.recommended(fire)
            return found if found["is_late"] else None

        jammed = await until(late)
        (slow,) = (await sender.do("/api/routing/routes", way))["routes"]
        unsent = await sender.get(f"/api/dispatch/incidents/{fire}/tasks")
        await dishub.do(f"/api/traffic/reports/{report}", method="DELETE")
        await sender.end(fire, "cancelled", "uji")

    # By air and on free roads it is KIMA's engine; in the jam one from further away is there first.
    assert "Damkar 02" == by_air(city)[0] == by_road(calm)[0]["name"]
    assert "Damkar 02" != by_road(jammed)[0]["name"]
    assert by_air(city) != [one["name"] for one in by_road(jammed)]
    # The reason is told: the same way without the jam, and what is the matter on it now.
    assert route["detour"] is None
    assert ("Jl. KIMA Raya", "jam") == (slow["detour"]["road"], slow["detour"]["state"])
    assert slow["duration_s"] > route["duration_s"] + 60
    # The limit of 15 minutes is told before anybody was sent.
    assert calm["late"] is None
    assert jammed["late"]["over_s"] > 0
    assert by_road(jammed)[0]["arrives_s"] > 900
    assert [] == [unit for part in unsent["items"] for unit in part["assignments"]]
