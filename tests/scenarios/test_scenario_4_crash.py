"""Scenario 4: a crash at the flyover of Jl. Urip Sumoharjo and Jl. A. P. Pettarani."""

import re
from datetime import datetime, timedelta

from tests.scenarios.city import (
    DISHUB,
    SENDER,
    SUPERVISOR,
    TAKER,
    City,
    Json,
    Person,
    at_work,
    deed,
    until,
    work_through,
)
from warroom.cameras.aiming import apart, bearing_to
from warroom.kernel.clock import SystemClock

FLYOVER = (-5.1378, 119.4405)
UNITS = ("Ambulans 09", "Patroli 08", "Dishub 02")


async def turned(city: City, sender: Person, crash: str) -> Json:
    """The nearest camera that turns looks at the crash; what was said of it, and the camera."""
    near = (await sender.get("/api/cameras/nearby", lat=FLYOVER[0], lon=FLYOVER[1], limit=50))[
        "items"
    ]
    camera: Json = next(one for one in near if one["is_ptz"])
    aimed = await sender.do(f"/api/incidents/{crash}/cameras/{camera['id']}/aim", {})
    there = bearing_to((camera["lat"], camera["lon"]), FLYOVER)

    async def looks_there() -> bool:
        pan, _, _ = city.heads.looks(camera["number"])
        return apart(camera["bearing_deg"] + pan, there or 0.0) < 1

    await until(looks_there)
    return {"aimed": aimed, "camera": camera}


async def closed_lane(dishub: Person) -> str:
    """Dishub closes a lane below the flyover for an hour."""
    until_at = SystemClock().now() + timedelta(hours=1)
    body = {
        "line": [[FLYOVER[1], FLYOVER[0]]], "both_ways": False, "reason": "Kecelakaan",
        "ends_at": until_at.isoformat(),
    }  # fmt: skip
    return str((await dishub.do("/api/traffic/closures", body))["id"])


async def test_three_agencies_a_lane_that_is_closed_footage_that_is_held_and_the_paper(
    city: City,
) -> None:
    async with (
        at_work(city, *UNITS),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(SUPERVISOR) as boss,
        await city.person(DISHUB) as dishub,
    ):
        near = await taker.get("/api/cameras/nearby", lat=FLYOVER[0], lon=FLYOVER[1], limit=4)
        crash = await taker.draft(FLYOVER, "Flyover Pettarani", "crash")
        await taker.do(f"/api/incidents/{crash}/send", deed())
        found = await sender.recommended(crash)
        await sender.send(crash, found["slots"])
        shown = await sender.incident(crash)

        async def held() -> list[Json]:
            items = (await boss.get("/api/recording/holds"))["items"]
            found = [one for one in items if one["reason"] == f"112 {shown['number']}"]
            return found if len(found) == len(near["items"]) else []

        holds = await until(held)
        looked = await turned(city, sender, crash)
        grip = await boss.get(f"/api/cameras/{looked['camera']['id']}/ptz")
        closure = await closed_lane(dishub)

        async def on_the_board() -> bool:
            board = (await sender.get("/api/traffic/closures"))["items"]
            return closure in {one["id"] for one in board}

        # The room of another agency reads of it.
        await until(on_the_board)
        names = await work_through(city, sender, crash, "manual_control")
        await sender.until_state(crash, "cleared")
        await sender.end(crash)
        story = await boss.get(f"/api/dispatch/incidents/{crash}/replay")
        paper = await boss.page(f"/api/dispatch/incidents/{crash}/after-action.html")
        await dishub.do(f"/api/traffic/closures/{closure}", method="DELETE")

    # The camera that the dispatcher clicked has turned, and everybody is told in whose hand it is.
    assert ("turn", True) == (looked["aimed"]["by"], looked["aimed"]["is_seen"])
    assert (False, crash) == (grip["held"]["is_mine"], grip["held"]["incident_id"])
    # Health, police and Dishub, each with a task of its own.
    assert set(UNITS) == set(names)
    assert {"Dinkes", "Polrestabes", "Dishub"} < {one["short"] for one in shown["agencies"]}
    # Footage of the four nearest cameras, from well before the first word.
    assert {one["id"] for one in near["items"]} == {one["camera"]["id"] for one in holds}
    opened = datetime.fromisoformat(shown["opened_at"])
    assert all(
        datetime.fromisoformat(one["from"]) <= opened - timedelta(minutes=5) for one in holds
    )
    # The paper tells all that the replay tells, by the same hash.
    assert shown["number"] in paper
    assert story["sha256"] in re.sub(r"\s", "", paper)
    assert all(name in paper for name in UNITS)
