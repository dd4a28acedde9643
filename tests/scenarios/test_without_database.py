"""PostgreSQL is away, killed or frozen, while callers call: they are answered all the same."""

import asyncio
from contextlib import AbstractContextManager

import httpx
import pytest

from tests.scenarios.city import TAKER, City, Json, Person, speech, until

SETTLED_S = 60.0


def away(city: City, how: str) -> AbstractContextManager[None]:
    return city.without_database() if how == "killed" else city.frozen_database()


async def shown(taker: Person, number: str) -> Json | None:
    queue = await taker.get("/api/calls/queue")
    found = [one for one in queue["items"] if one["from_number"] == number]
    return found[-1] if found else None


async def state(taker: Person, number: str, *states: str) -> Json:
    async def look() -> Json | None:
        found = await shown(taker, number)
        return found if found and found["state"] in states else None

    return await until(look)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_callers_are_answered_and_recorded_while_the_database_is_away(
    city: City, how: str
) -> None:
    number = "0812700" + ("01" if how == "killed" else "02")
    async with await city.person(TAKER) as taker:
        await taker.sit()
        with away(city, how):
            caller = city.caller(number)
            calling = asyncio.create_task(caller.call(speech(6.0), patience_s=60, linger_s=2.0))
            call = await state(taker, number, "offered", "ringing")
            queue = await taker.get("/api/calls/queue")
            assert queue["problem"] == "kernel.database_away"
            assert queue["me"]["is_there"]

            path = f"/api/calls/{call['id']}"
            await taker.do(f"{path}/answer")
            await taker.do(f"{path}/hold")
            held = await state(taker, number, "held")
            await taker.do(f"{path}/resume")
            heard = await taker.client.get(f"{path}/replay", params={"seconds": 30})
            await state(taker, number, "answered")
            ended = await calling
            await state(taker, number, "wrap_up")
            await taker.do(f"{path}/close", {"class": "information"})
            assert await shown(taker, number) is None
            # What needs the database says so, and strangers are let in by nothing.
            refused = await taker.client.get(path)
            async with httpx.AsyncClient(base_url=city.address, timeout=30) as stranger:
                unknown = await stranger.get(
                    "/api/calls/queue", headers={"cookie": f"warroom_session=wrs_{'x' * 43}"}
                )

        async def stored() -> Json | None:
            answer = await taker.client.get(path)
            row = answer.json() if answer.status_code == 200 else {}
            return row if row.get("state") == "closed" else None

        kept: Json = await until(stored, SETTLED_S)  # type: ignore[arg-type, assignment]
        await until(city.is_up, SETTLED_S)

    assert (held["live"]["is_held"], heard.status_code, heard.content[:4]) == (True, 200, b"RIFF")
    assert ended.end == "talked"
    assert (refused.status_code, unknown.status_code) == (503, 503)
    assert (kept["class"], bool(kept["answered_at"]), bool(kept["recording_sha256"])) == (
        "information", True, True,
    )  # fmt: skip
    kinds = [event["kind"] for event in kept["events"]]
    assert [one for one in kinds if one in ("answered", "held", "resumed", "ended", "closed")] == [
        "answered", "held", "resumed", "ended", "closed",
    ]  # fmt: skip
