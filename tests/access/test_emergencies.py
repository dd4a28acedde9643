"""Access taken in an emergency: at once, loud, short, and answered for by somebody else."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.access.conftest import Desk
from tests.scopes import AT
from warroom.access import jobs
from warroom.access.contracts import Emergency
from warroom.access.errors import OwnReviewError
from warroom.access.rules import emergencies as rules

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FACT = Emergency(UUID(int=1), UUID(int=2), UUID(int=3), AT + HOUR, AT + DAY)
minutes = st.integers(0, 10_000).map(lambda n: timedelta(minutes=n))


async def opened(desk: Desk, login: str = "pengawas", **more: Any) -> httpx.Response:
    body = {
        "owner_id": str(desk.agencies["Polrestabes"]),
        "reason": "Kebakaran pasar, jalur evakuasi",
        "cameras": [4],
        **more,
    }
    return await desk[login].post("/api/emergencies", json=body)


@given(minutes, minutes)
def test_time_never_brings_access_back(one: timedelta, other: timedelta) -> None:
    sooner, later = sorted((one, other))
    assert rules.is_active(FACT, AT + sooner) or not rules.is_active(FACT, AT + later)


@given(minutes, minutes)
def test_an_open_review_only_gets_louder(one: timedelta, other: timedelta) -> None:
    sooner, later = sorted((one, other))
    levels = [rules.level(FACT, AT + at, timedelta(hours=12)) for at in (sooner, later)]

    assert levels == sorted(levels)
    assert (levels[1] == 0) == (later < DAY)


@given(st.one_of(st.none(), st.integers(-10, 10_000)))
def test_it_lasts_a_minute_at_least_and_no_longer_than_the_city_allows(asked: int | None) -> None:
    lasts = rules.lasts(asked, 60, 240)

    assert timedelta(minutes=1) <= lasts <= timedelta(minutes=240)


def test_nobody_reviews_their_own() -> None:
    with pytest.raises(OwnReviewError):
        rules.review(FACT, AT, reviewer=FACT.person_id, is_of_owner=True)
    with pytest.raises(OwnReviewError):
        rules.review(FACT, AT, reviewer=UUID(int=9), is_of_owner=False)


async def test_access_is_there_at_once_and_ends_by_the_clock(desk: Desk) -> None:
    before = await desk.numbers("pengawas")
    answer = await opened(desk)
    during = await desk.numbers("pengawas")
    desk.clock.advance(3601)

    assert answer.status_code == 201
    assert (4 in before, 4 in during) == (False, True)
    assert 4 not in await desk.numbers("pengawas")


async def test_both_agencies_see_it_above_every_page(desk: Desk) -> None:
    await opened(desk)
    bars = {
        login: (await desk[login].get("/api/emergencies/active")).json()["total"]
        for login in ("pdp", "kapolres", "jaksa")
    }
    told = await desk.rows("select agency_id from outbox where topic = 'access.emergency'")

    assert bars == {"pdp": 1, "kapolres": 1, "jaksa": 0}
    assert {row["agency_id"] for row in told} == {
        desk.agencies["Dishub"],
        desk.agencies["Polrestabes"],
    }


async def test_it_is_given_back_early_by_who_took_it_or_by_the_owner(desk: Desk) -> None:
    first = (await opened(desk)).json()["id"]
    second = (await opened(desk)).json()["id"]
    by_self = await desk["pengawas"].post(f"/api/emergencies/{first}/end")
    by_owner = await desk["kapolres"].post(f"/api/emergencies/{second}/end")
    foreign = await desk["jaksa"].post(f"/api/emergencies/{second}/end")

    assert (by_self.status_code, by_owner.status_code, foreign.status_code) == (200, 200, 404)
    assert by_owner.json()["status"] == "waiting"
    assert 4 not in await desk.numbers("pengawas")


async def test_it_is_for_those_whose_role_allows_it_and_has_a_reason(desk: Desk) -> None:
    assert (await opened(desk, "jaksa")).status_code == 404
    assert (await opened(desk, reason="  ")).status_code == 422
    assert (await opened(desk, cameras=[99])).json()["code"] == "access.no_things"
    assert (await opened(desk, minutes=1440)).status_code == 201
    (row,) = await desk.rows("select ends_at - opened_at as lasts from access_emergency")
    assert row["lasts"] == timedelta(minutes=240)


async def test_somebody_denied_stays_denied(desk: Desk) -> None:
    body = {
        "person_id": str(desk.people["pengawas"]),
        "actions": ["live:*"],
        "deny": True,
        "agencies": [str(desk.agencies["Polrestabes"])],
        "reason": "Sedang diperiksa",
    }
    made = await desk["admin"].post("/api/grants", json=body)
    answer = await opened(desk)

    assert made.status_code == 201
    assert (answer.status_code, answer.json()["code"]) == (403, "access.denied")


async def test_somebody_else_of_the_owner_reviews_it_and_misuse_stays_flagged(desk: Desk) -> None:
    url = f"/api/emergencies/{(await opened(desk)).json()['id']}"
    body = {"outcome": "misuse", "note": "Bukan kebakaran"}
    by_self = await desk["pengawas"].post(f"{url}/review", json=body)
    by_own_agency = await desk["kadishub"].post(f"{url}/review", json=body)
    by_city = await desk["admin"].post(f"{url}/review", json=body)
    by_owner = await desk["kapolres"].post(f"{url}/review", json=body)
    again = await desk["pdp.polisi"].post(f"{url}/review", json=body)
    desk.clock.advance(7200)
    listed = (await desk["kadishub"].get("/api/emergencies")).json()["items"]

    assert by_self.status_code == 404
    assert by_own_agency.json()["code"] == by_city.json()["code"] == "access.own_review"
    assert (by_owner.status_code, again.json()["code"]) == (200, "access.wrong_state")
    assert [(one["status"], one["outcome"]) for one in listed] == [("reviewed", "misuse")]


async def test_an_open_review_escalates_and_then_the_city_may_answer(desk: Desk) -> None:
    url = f"/api/emergencies/{(await opened(desk)).json()['id']}"
    tell = jobs.JOBS[1].run
    desk.clock.advance(25 * 3600)
    await tell(desk.worker)
    await tell(desk.worker)
    first = (await desk["kapolres"].get(url)).json()
    desk.clock.advance(12 * 3600)
    await tell(desk.worker)
    by_city = await desk["admin"].post(f"{url}/review", json={"outcome": "unclear"})
    desk.clock.advance(48 * 3600)
    await tell(desk.worker)
    escalations = await desk.rows(
        "select count(*) as n from audit_entry where action = 'access:emergency_escalated'"
    )

    assert (first["status"], first["level"]) == ("overdue", 1)
    assert by_city.status_code == 200
    assert escalations == [{"n": 4}]


async def test_what_is_seen_carries_the_number_of_the_emergency(desk: Desk) -> None:
    await opened(desk)
    (grant,) = await desk.rows("select purpose, objects from access_grant")

    assert grant["purpose"] == "DRT-2026-0001 Kebakaran pasar, jalur evakuasi"
    assert [str(one) for one in grant["objects"]] == [desk.cameras[4]]


async def test_vehicles_are_opened_where_they_are_asked_for(desk: Desk) -> None:
    unit_id, fixes = await desk.driven("Polrestabes", "73.71.04", "Patroli 1")
    await desk.driven("Polrestabes", "73.71.05", "Patroli 2")
    await desk.driven("Dishub", "73.71.04", "Derek 1")

    async def names() -> list[str]:
        page = (await desk["pengawas"].get("/api/units")).json()
        return sorted(one["name"] for one in page.get("items", []))

    before = await names()
    await opened(desk)
    without = await names()
    answer = await opened(desk, cameras=[], places=["73.71.04"], with_units=True)
    during = await names()
    span = {"from": desk.at(hours=-41), "to": desk.at(hours=-20)}
    track = (await desk["pengawas"].get(f"/api/units/{unit_id}/track", params=span)).json()
    shown = (await desk["kapolres"].get(f"/api/emergencies/{answer.json()['id']}")).json()
    desk.clock.advance(3601)

    gained = sorted(set(during) - set(before))
    assert (sorted(set(without) - set(before)), gained) == ([], ["Patroli 1"])
    assert await names() == before
    assert len(track["items"]) == len(fixes)
    kinds = [(one["kind"], one["name"]) for one in shown["cameras"]]
    assert ("unit", "Patroli 1") in kinds
    assert shown["report"]["units"] == 1


async def test_all_vehicles_of_the_owner_where_no_district_is_named(desk: Desk) -> None:
    await desk.driven("Polrestabes", "73.71.04", "Patroli 1")
    await desk.driven("Polrestabes", "73.71.05", "Patroli 2")

    answer = await opened(desk, cameras=[], with_units=True)
    shown = (await desk["kapolres"].get(f"/api/emergencies/{answer.json()['id']}")).json()

    assert [one["name"] for one in shown["cameras"]] == ["Patroli 1", "Patroli 2"]
    assert shown["actions"] == ["unit:track", "unit:view"]


async def test_an_emergency_for_no_thing_at_all_is_none(desk: Desk) -> None:
    answer = await opened(desk, cameras=[], with_units=True)

    assert (answer.status_code, answer.json()["code"]) == (422, "access.no_things")


async def test_an_unreviewed_emergency_waits_for_those_who_may_answer_for_it(desk: Desk) -> None:
    emergency_id = (await opened(desk)).json()["id"]

    async def waiting(login: str) -> list[tuple[str, str]]:
        answer = await desk[login].get("/api/emergencies/unreviewed")
        return [(one["id"], one["status"]) for one in answer.json().get("items", [])]

    assert await waiting("kapolres") == []  # It is still on.
    desk.clock.advance(3 * 3600)
    assert await waiting("kapolres") == [(emergency_id, "waiting")]
    assert await waiting("kadishub") == await waiting("pengawas") == await waiting("admin") == []
    desk.clock.advance(48 * 3600)
    await jobs.JOBS[1].run(desk.worker)
    assert await waiting("kapolres") == await waiting("admin") == [(emergency_id, "overdue")]

    done = await desk["kapolres"].post(
        f"/api/emergencies/{emergency_id}/review", json={"outcome": "justified"}
    )

    assert done.status_code == 200, done.text
    assert await waiting("kapolres") == await waiting("admin") == []
