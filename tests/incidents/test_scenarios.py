"""Bursts of the acceptance scenarios through the addresses of incidents: one fire is one incident.

Callers, their places and times are those of the simulated city; the clock is compressed.
"""

from collections.abc import Iterable
from typing import Any

import httpx
import pytest

from simcity.calls.day import Planned, plan_burst
from simcity.calls.serve import KANDEA
from tests.app.test_authorization_matrix import World, deed, form, walls, world  # noqa: F401
from warroom.kernel.ids import new_id


class Taker:
    """A call taker who joins a call to what is offered, and opens a case where nothing is."""

    def __init__(self, world: World, code: str) -> None:  # noqa: F811
        self._world, self._code = world, code
        self._own: httpx.AsyncClient = world.own
        self.joined: dict[str, set[str]] = {}
        self.offered: list[int] = []

    async def take(self, burst: Iterable[Planned]) -> None:
        """Takes every call at its time."""
        now_s = 0.0
        for call in burst:
            self._world.clock.advance(call.at_s - now_s)
            now_s = call.at_s
            await self._take(call)

    async def _take(self, call: Planned) -> None:
        call_id, incident = str(new_id()), str(new_id())
        lat, lon, radius = call.place or (*call.spot[:2], 0.0)
        query = {
            "lat": lat, "lon": lon, "but": incident, "type": self._code, "radius_m": radius,
        }  # fmt: skip
        answer = await self._own.get("/api/incidents/similar", params=query)
        assert 200 == answer.status_code, answer.text
        found = answer.json()["items"]
        self.offered.append(len(found))
        if found:
            incident = found[0]["incident"]["id"]
        else:
            await self._open(incident, call)
        told = await self._own.post(f"/api/incidents/{incident}/calls", json={"call_id": call_id})
        assert 300 > told.status_code, told.text
        self.joined.setdefault(incident, set()).add(call_id)

    async def _open(self, incident: str, call: Planned) -> None:
        body = form("Kandea")
        at = self._world.clock.now().isoformat()
        place = {"lat": call.spot[0], "lon": call.spot[1], "name": call.spot[2]}
        body["sent_at"] = at
        body["fields"] = {
            "place": {"value": place, "at": at},
            "type": {"value": self._code, "at": at},
        }
        url = f"/api/incidents/drafts/{incident}"
        assert 200 == (await self._own.put(url, json=body)).status_code
        sent = await self._own.post(f"/api/incidents/{incident}/send", json=deed())
        assert "pending" == sent.json()["state"], sent.text

    async def shown(self, incident: str) -> dict[str, Any]:
        """An incident as its page asks for it."""
        shown: dict[str, Any] = (await self._own.get(f"/api/incidents/{incident}")).json()
        return shown

    async def open_ids(self) -> set[str]:
        """The open incidents that were taken in here."""
        items = (await self._own.get("/api/incidents")).json()["items"]
        return {one["id"] for one in items} & set(self.joined)


async def _one_fire(world: World, calls: int, seconds: float) -> None:  # noqa: F811
    taker = Taker(world, "fire_dense")

    await taker.take(plan_burst([KANDEA], "fire", calls, seconds, seed=112))

    ((incident, joined),) = taker.joined.items()
    assert [0] + [1] * (calls - 1) == taker.offered
    assert {incident} == await taker.open_ids()
    assert calls == len(joined) == (await taker.shown(incident))["calls"]


async def test_seven_callers_in_four_minutes_are_one_fire(world: World) -> None:  # noqa: F811
    await _one_fire(world, 7, 240)


@pytest.mark.nightly
async def test_five_hundred_calls_in_ten_minutes_are_one_fire(world: World) -> None:  # noqa: F811
    await _one_fire(world, 500, 600)


async def test_no_call_of_a_flood_is_lost_whatever_is_joined(world: World) -> None:  # noqa: F811
    taker = Taker(world, "flood")
    spots = [(-5.107 - n / 100, 119.51 - n / 50, f"Titik {n}") for n in range(6)]

    await taker.take(plan_burst(spots, "flood", 60, 600, seed=7, spread_m=150))

    assert set(taker.joined) == await taker.open_ids()
    assert 60 == sum(len(calls) for calls in taker.joined.values())
    for incident, calls in taker.joined.items():
        assert len(calls) == (await taker.shown(incident))["calls"]
    assert len(spots) == len(taker.joined)
