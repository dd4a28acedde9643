"""Scenario 8: a silent call of a number with nine pranks is real this time."""

import asyncio

from tests.scenarios.city import (
    SENDER,
    SUPERVISOR,
    TAKER,
    City,
    Person,
    at_work,
    deed,
    work_through,
)
from warroom.kernel.clock import SystemClock

SOMBA_OPU = (-5.1420, 119.4078)
NUMBER = "081140008008"


async def prank(boss: Person, taker: Person, number: str, turn: int) -> None:
    """A prank of the past, as the PBX of the city told of it."""
    call = ""
    for event in ("ringing", "answered", "ended"):
        body = {"event": event, "call": f"{number}-{turn}", "number": number, "to": "112"}
        call = (await boss.do("/api/calls/pbx", body))["id"]
    await taker.do(f"/api/calls/{call}/close", {"class": "prank"})


async def test_a_silent_call_is_never_dropped_and_counts_as_a_false_alarm_of_the_score(
    city: City,
) -> None:
    async with (
        at_work(city, "Patroli 03"),
        await city.person(TAKER) as taker,
        await city.person(SENDER) as sender,
        await city.person(SUPERVISOR) as boss,
    ):
        for turn in range(9):
            await prank(boss, taker, NUMBER, turn)
        before = (await boss.get("/api/calls/board"))["level"]
        await taker.sit()
        silent = city.caller(NUMBER, presses="1")
        ringing = asyncio.create_task(silent.call(b"", 60.0, linger_s=2.0))
        waiting = await taker.rung(NUMBER)
        call = await taker.answer(NUMBER)
        case = await taker.draft(SOMBA_OPU, "Toko emas, Jl. Somba Opu", "silent")
        await taker.do(f"/api/incidents/{case}/calls", {"call_id": call})
        told = await taker.do(f"/api/incidents/{case}/locations", aml(call))
        await taker.do(f"/api/incidents/{case}/locations/{told['id']}/choose")
        near = await taker.get("/api/cameras/nearby", lat=SOMBA_OPU[0], lon=SOMBA_OPU[1], limit=4)
        await taker.do(f"/api/incidents/{case}/send", deed())
        found = await sender.recommended(case)
        outcomes = await sender.send(case, found["slots"])
        ended = await ringing
        await taker.close(call, "emergency")
        names = await work_through(city, sender, case)
        await sender.until_state(case, "cleared")
        await sender.end(case)
        row = await boss.get(f"/api/calls/{call}")
        shown = await sender.incident(case)
        after = (await boss.get("/api/calls/board"))["level"]

    # The score says nuisance and why; it waits in the queue like any other, and is answered.
    assert waiting["nuisance"] >= 50
    assert "pranks:9" in waiting["nuisance_reasons"]
    assert ("talked", 200) == (ended.end, ended.status)
    # Who cannot speak pressed 1.
    assert row["silent_confirmed"] is True
    assert "silent_confirmed" in {event["kind"] for event in row["events"]}
    # The phone told where; cameras are near; a patrol went.
    assert ("aml", 25) in [(one["source"], one["radius_m"]) for one in shown["locations"]]
    assert 4 == len(near["items"])
    assert ([None], ["Patroli 03"]) == ([one["refused"] for one in outcomes], names)
    # The report of false negatives counts it: flagged, and real.
    assert 1 == after["flagged_real"] - before["flagged_real"]
    assert 1 == after["flagged"] - before["flagged"]


def aml(call: str) -> dict[str, str]:
    """The text that a phone sends with its position (ETSI TS 103 625)."""
    now = SystemClock().now().strftime("%Y%m%d%H%M%S")
    lat, lon = SOMBA_OPU
    text = f'A"ML=1;lt={lat:+.5f};lg={lon:+.5f};rd=25;top={now};lc=95;pm=G'
    return deed(aml=text, call_id=call)
