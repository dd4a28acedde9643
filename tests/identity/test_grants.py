"""Grants: given by who holds them, for a reason and a time; what is taken away stays away."""

from datetime import timedelta
from typing import Any

import httpx

from tests.identity.conftest import City, Clients, signed_in


def body(city: City, **more: Any) -> dict[str, Any]:
    return {
        "person_id": str(city.people["polisi"]),
        "actions": ["live:view"],
        "agencies": [str(city.agencies["Polrestabes"])],
        "reason": "Pengamanan 17 Agustus",
        "letter": "B/1/2026",
    } | more


async def grant(client: httpx.AsyncClient, content: dict[str, Any]) -> tuple[int, str]:
    answer = await client.post("/api/grants", json=content)
    return answer.status_code, answer.json().get("code", answer.json().get("id"))


async def test_the_city_lets_one_agency_see_the_things_of_another(
    city: City, browser: Clients
) -> None:
    fire, police = city.agencies["Damkar"], city.agencies["Polrestabes"]
    async with signed_in(browser, "admin") as admin:
        content = body(city, to_agency_id=str(police), agencies=[str(fire)])
        del content["person_id"]
        status, _ = await grant(admin, content)

    scope = await city.scope("polisi")
    assert status == 201
    assert scope.allows("live:view", agency_id=fire)
    assert not scope.allows("recording:view", agency_id=fire)


async def test_a_grant_on_an_area_reaches_all_agencies_things_there(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin:
        await grant(admin, body(city, agencies=None, places=["73.71.04"]))

    scope = await city.scope("polisi")
    fire = city.agencies["Damkar"]
    assert scope.allows("live:view", agency_id=fire, place="73.71.04.1006")
    assert not scope.allows("live:view", agency_id=fire, place="73.71.05")


async def test_an_agency_admin_gives_on_the_own_things_alone(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        own = await grant(client, body(city))
        foreign = await grant(client, body(city, agencies=[str(city.agencies["Damkar"])]))
        everything = await grant(client, body(city, agencies=None, places=["73.71"]))
        more = await grant(client, body(city, actions=["*"]))

    assert own[0] == 201
    assert {foreign[1], everything[1], more[1]} == {"identity.beyond_own_rights"}


async def test_nobody_gives_themselves_more_by_a_grant(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        content = body(
            city,
            person_id=str(city.people["kepala"]),
            actions=["live:view"],
            agencies=[str(city.agencies["Damkar"])],
        )
        assert (await grant(client, content))[0] == 403


async def test_who_only_operates_gives_nothing(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        assert (await grant(client, body(city)))[0] == 404


async def test_a_denial_beats_the_role_and_is_lifted_by_who_made_it(
    city: City, browser: Clients
) -> None:
    police = city.agencies["Polrestabes"]
    async with signed_in(browser, "admin") as admin, signed_in(browser, "kepala") as chief:
        _, denial = await grant(admin, body(city, deny=True, agencies=None))
        denied = (await city.scope("polisi")).allows("live:view", agency_id=police)

        lifted_by_chief = await chief.delete(f"/api/grants/{denial}")
        still = (await city.scope("polisi")).allows("live:view", agency_id=police)
        lifted = await admin.delete(f"/api/grants/{denial}")
        after = (await city.scope("polisi")).allows("live:view", agency_id=police)

    assert (denied, still, after) == (False, False, True)
    assert lifted_by_chief.json()["code"] == "identity.beyond_own_rights"
    assert lifted.status_code == 204


async def test_somebody_denied_cannot_hand_on_what_they_were_denied(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin:
        content = body(
            city, person_id=str(city.people["kepala"]), deny=True, actions=["recording:*"]
        )
        await grant(admin, content)
    async with signed_in(browser, "kepala") as client:
        handed_on = await grant(client, body(city, actions=["recording:view"]))
        other = await grant(client, body(city, actions=["live:view"]))

    assert (handed_on[1], other[0]) == ("identity.beyond_own_rights", 201)


async def test_a_revoked_grant_is_over_at_once(city: City, browser: Clients) -> None:
    fire = city.agencies["Damkar"]
    async with signed_in(browser, "admin") as admin:
        _, made = await grant(admin, body(city, agencies=[str(fire)]))
        before = (await city.scope("polisi")).allows("live:view", agency_id=fire)
        await admin.delete(f"/api/grants/{made}")
        twice = await admin.delete(f"/api/grants/{made}")
        listed = (await admin.get("/api/grants")).json()["total"]
        with_ended = (await admin.get("/api/grants", params={"ended": "1"})).json()["total"]

    after = (await city.scope("polisi")).allows("live:view", agency_id=fire)
    assert (before, after, twice.status_code) == (True, False, 404)
    assert (listed, with_ended) == (0, 1)


async def test_grants_are_seen_by_both_sides_and_nobody_else(city: City, browser: Clients) -> None:
    fire, police = str(city.agencies["Damkar"]), str(city.agencies["Polrestabes"])
    async with signed_in(browser, "admin") as admin:
        await grant(admin, body(city, agencies=[fire]))
        await grant(admin, body(city, agencies=[police]))
    async with signed_in(browser, "kapten") as owner, signed_in(browser, "kepala") as taker:
        seen_by_owner = (await owner.get("/api/grants")).json()
        seen_by_taker = (await taker.get("/api/grants")).json()
        foreign = seen_by_taker["items"][0]["id"]
        refused = await owner.delete(f"/api/grants/{foreign}")

    assert (seen_by_owner["total"], seen_by_taker["total"]) == (1, 2)
    assert refused.status_code == 404


async def test_who_gave_a_grant_is_named_to_those_who_may_see_them(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin:
        await grant(admin, body(city, classes=["standard"], tags=["pasar"]))
        (of_giver,) = (await admin.get("/api/grants")).json()["items"]
    async with signed_in(browser, "kepala") as taker:
        (of_taker,) = (await taker.get("/api/grants")).json()["items"]

    assert {"name": "Admin"} == of_giver["created_by"]
    assert {"name": None} == of_taker["created_by"]
    assert (["standard"], ["pasar"]) == (of_giver["classes"], of_giver["tags"])


async def test_a_grant_that_makes_no_sense_is_refused(city: City, browser: Clients) -> None:
    now = city.clock.now()
    async with signed_in(browser, "admin") as admin:
        nobody = await grant(admin, body(city, person_id=None))
        both = await grant(admin, body(city, to_agency_id=str(city.agencies["Damkar"])))
        ended = await grant(admin, body(city, ends_at=now.isoformat()))
        backwards = await grant(
            admin,
            body(
                city,
                starts_at=(now + timedelta(days=2)).isoformat(),
                ends_at=(now + timedelta(days=1)).isoformat(),
            ),
        )
        unknown = await grant(admin, body(city, actions=["camera:see"]))
        naive = await grant(admin, body(city, ends_at="2027-01-01T00:00:00"))
        without_reason = await grant(admin, body(city, reason="   "))

    assert {nobody[1], both[1], ended[1], backwards[1]} == {"identity.grant_target"}
    assert unknown[1] == "identity.unknown_word"
    assert (naive[0], without_reason[0]) == (422, 422)


async def test_every_owner_reads_of_a_grant_on_its_things(city: City, browser: Clients) -> None:
    owners = [str(city.agencies["Damkar"]), str(city.agencies["Polrestabes"])]
    async with signed_in(browser, "admin") as admin:
        await grant(admin, body(city, agencies=owners))
    async with signed_in(browser, "kapten") as owner:
        page = (await owner.get("/api/audit", params={"action": "grant"})).json()

    (entry,) = page["items"]
    assert (entry["action"], entry["person"]["name"]) == ("grant:given", "Admin")
    assert entry["detail"]["letter"] == "B/1/2026"
