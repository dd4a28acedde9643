"""An agency's own roles: data that its administrators make, and that bites at once."""

from typing import Any

import httpx

from tests.identity.conftest import City, Clients, signed_in
from tests.scopes import scope_of
from warroom.identity import api
from warroom.identity.errors import BeyondOwnRightsError
from warroom.kernel.scope import Rule


def body(city: City, **more: Any) -> dict[str, Any]:
    return {
        "agency_id": str(city.agencies["Polrestabes"]),
        "label": "Operator malam",
        "actions": ["camera:view", "live:view"],
    } | more


async def made(client: httpx.AsyncClient, content: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/api/roles", json=content)
    assert answer.status_code == 201, answer.text
    role: dict[str, Any] = answer.json()
    return role


async def give(city: City, client: httpx.AsyncClient, login: str, *names: str) -> int:
    person = (await client.get(f"/api/people/{city.people[login]}")).json()
    answer = await client.patch(
        f"/api/people/{city.people[login]}",
        json={"version": person["version"], "roles": [{"role": name} for name in names]},
    )
    return answer.status_code


async def test_an_own_role_gives_what_it_holds_on_the_own_agency(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        role = await made(client, body(city))
        given = await give(city, client, "polisi", role["name"])
    scope = await city.scope("polisi")

    assert given == 200
    assert role["agency"]["short"] == "Polrestabes"
    assert scope.allows("live:view", agency_id=city.agencies["Polrestabes"])
    assert not scope.may("recording:view")


async def test_changing_a_role_changes_the_rights_of_its_people_at_their_next_request(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "polisi") as officer:
        role = await made(chief, body(city))
        await give(city, chief, "polisi", role["name"])
        before = (await officer.get("/api/session")).json()["actions"]
        changed = await chief.patch(
            f"/api/roles/{role['name']}",
            json={"version": role["version"], "actions": ["camera:view", "person:view"]},
        )
        after = (await officer.get("/api/session")).json()["actions"]
        audit = (await chief.get("/api/audit", params={"action": "role:changed"})).json()

    assert changed.json()["people"] == 1
    assert (before, after) == (["camera:view", "live:view"], ["camera:view", "person:view"])
    detail = audit["items"][0]["detail"]
    assert (detail["added"], detail["taken"]) == (["person:view"], ["live:view"])
    assert detail["people"] == ["Polisi"]


async def test_retiring_a_role_takes_it_from_everybody(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as chief:
        role = await made(chief, body(city))
        await give(city, chief, "polisi", role["name"])
        retired = await chief.delete(f"/api/roles/{role['name']}")
        again = await chief.delete(f"/api/roles/{role['name']}")
        given = await give(city, chief, "polisi", role["name"])
        listed = (await chief.get("/api/roles")).json()["items"]
        same_name = await chief.post("/api/roles", json=body(city))
    scope = await city.scope("polisi")

    assert (retired.status_code, again.status_code, given) == (204, 404, 422)
    assert not scope.rules
    assert role["name"] not in {item["name"] for item in listed}
    assert same_name.status_code == 201


async def test_a_role_is_copied_from_a_preset_and_then_goes_its_own_way(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief:
        content = body(city, copy_of="operate")
        del content["actions"]
        role = await made(chief, content)
        presets = {r["name"]: r for r in (await chief.get("/api/roles")).json()["items"]}
        changed = await chief.patch(
            f"/api/roles/{role['name']}", json={"version": 1, "actions": ["live:view"]}
        )

    assert set(role["actions"]) == set(presets["operate"]["actions"])
    assert changed.json()["actions"] == ["live:view"]
    assert presets["operate"]["is_preset"]


async def test_a_role_holds_no_more_than_its_maker(city: City, browser: Clients) -> None:
    police = str(city.agencies["Polrestabes"])
    async with signed_in(browser, "admin") as admin, signed_in(browser, "kepala") as chief:
        everything = await chief.post("/api/roles", json=body(city, actions=["*"]))
        copied = await chief.post(
            "/api/roles", json=body(city, actions=None, copy_of="admin_sistem")
        )
        mighty = await made(admin, body(city, label="Semua", actions=["*"]))
        lowered = await chief.patch(
            f"/api/roles/{mighty['name']}", json={"version": 1, "actions": ["live:view"]}
        )
        deny = {
            "person_id": str(city.people["kepala"]),
            "actions": ["recording:view"],
            "agencies": [police],
            "deny": True,
            "reason": "perkara",
        }
        await admin.post("/api/grants", json=deny)
        denied = await chief.post("/api/roles", json=body(city, actions=["recording:view"]))

    beyond = "identity.beyond_own_rights"
    for answer in (everything, copied, lowered, denied):
        assert answer.json()["code"] == beyond


async def test_a_role_that_reaches_the_city_for_somebody_is_changed_by_who_holds_it_there(
    city: City,
) -> None:
    town = city.agencies["Diskominfo"]
    new = api.NewRole(town, "Pengamat kota", ("camera:view",))
    own = scope_of(Rule(frozenset({"*"}), agencies=frozenset({town})))
    async with city.db.transaction(city.system) as tx:
        name = await api.create_role(city.system, tx, new)
        person = city.people["operator"]
        await api.change_person(city.system, tx, person, 1, {}, {name: "city"})

    refused = False
    try:
        async with city.db.transaction(own) as tx:
            await api.change_role(own, tx, name, 1, {"actions": ["camera:view", "live:view"]})
    except BeyondOwnRightsError:
        refused = True

    assert refused


async def test_roles_of_another_agency_do_not_exist(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "kapten") as captain:
        role = await made(chief, body(city))
        listed = (await captain.get("/api/roles")).json()["items"]
        changed = await captain.patch(f"/api/roles/{role['name']}", json={"version": 1})
        copied = await captain.post(
            "/api/roles",
            json={
                "agency_id": str(city.agencies["Damkar"]),
                "label": "Salinan",
                "copy_of": role["name"],
            },
        )
        planted = await captain.post("/api/roles", json=body(city, label="Titipan"))
        given = await give(city, captain, "regu", role["name"])

    assert role["name"] not in {item["name"] for item in listed}
    assert (changed.status_code, copied.status_code, planted.status_code) == (404, 404, 404)
    assert given == 422


async def test_an_own_role_stays_behind_when_its_holder_goes_to_another_agency(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "admin") as admin:
        role = await made(chief, body(city))
        person = city.people["polisi"]
        await give(city, chief, "polisi", role["name"], "view")
        foreign = await admin.patch(
            f"/api/people/{city.people['regu']}",
            json={"version": 1, "roles": [{"role": role["name"]}]},
        )
        version = (await admin.get(f"/api/people/{person}")).json()["version"]
        moved = await admin.patch(
            f"/api/people/{person}",
            json={"version": version, "agency_id": str(city.agencies["Damkar"])},
        )

    assert foreign.json()["code"] == "identity.foreign_role"
    assert [held["role"] for held in moved.json()["roles"]] == ["view"]


async def test_presets_are_nobodys_to_change(city: City, browser: Clients) -> None:
    async with signed_in(browser, "admin") as admin:
        changed = await admin.patch("/api/roles/view", json={"version": 1, "actions": ["*"]})
        retired = await admin.delete("/api/roles/view")

    assert (changed.status_code, retired.status_code) == (404, 404)


async def test_a_role_without_words_or_with_an_unknown_one_is_refused(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief:
        nothing = await chief.post("/api/roles", json=body(city, actions=None))
        unknown = await chief.post("/api/roles", json=body(city, actions=["camera:see"]))
        await made(chief, body(city))
        twice = await chief.post("/api/roles", json=body(city, label="OPERATOR MALAM"))

    assert nothing.json()["code"] == "identity.no_actions"
    assert unknown.json()["code"] == "identity.unknown_word"
    assert twice.json()["code"] == "identity.taken"


async def test_who_reaches_one_person_alone_cannot_take_over_a_mightier_one(city: City) -> None:
    """All that the person holds is judged, also what lies beyond the one who asks."""
    mighty = city.people["admin"]
    one = scope_of(
        Rule(frozenset({"person:view", "person:configure"}), objects=frozenset({mighty}))
    )

    refused = False
    try:
        async with city.db.transaction(one) as tx:
            await api.set_password(one, tx, mighty, "lima ekor ikan terbang", city.passwords, 12)
    except BeyondOwnRightsError:
        refused = True

    assert refused


async def test_a_level_on_a_thing_stands_for_its_words(city: City, browser: Clients) -> None:
    grant = {
        "person_id": str(city.people["polisi"]),
        "level": "operate",
        "agencies": [str(city.agencies["Polrestabes"])],
        "reason": "giliran",
    }
    async with signed_in(browser, "kepala") as chief:
        given = await chief.post("/api/grants", json=grant)
        nothing = await chief.post("/api/grants", json=grant | {"level": None})
        no_kind = await chief.post("/api/grants", json=grant | {"on": "zebra"})
        on_walls = await chief.post("/api/grants", json=grant | {"on": "wall"})
        listed = (await chief.get("/api/grants")).json()["items"]
        words = (await chief.get("/api/words")).json()

    assert (given.status_code, on_walls.status_code) == (201, 201)
    assert (nothing.status_code, no_kind.status_code) == (422, 422)
    assert {frozenset(item["actions"]) for item in listed} == {
        frozenset({"camera:view", "live:view", "ptz:move", "recording:view"}),
        frozenset({"wall:view", "wall:share"}),
    }
    expected = {"word": "live:view", "on": "camera", "level": "view", "is_ahead": False}
    assert expected | {"for_programs": True} in words["items"]
    assert "grant:configure" in {item["word"] for item in words["items"]}


async def demanded(city: City, login: str) -> str:
    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute(
            "select identity_demand(%s) ->> 'required' as required", [city.people[login]]
        )
        row = await rows.fetchone()
    assert row is not None
    return str(row["required"])


async def test_an_own_role_asks_for_the_factor_that_presets_with_its_powers_ask_for(
    city: City, browser: Clients
) -> None:
    async with city.db.transaction(city.system) as tx:
        await api.set_role_demand(city.system, tx, "admin_lembaga", {"factor": "any"})
        await api.set_role_demand(city.system, tx, "operate", {"factor": "passkey"})
    city.authenticator.forget()
    asked = {}
    async with signed_in(browser, "kepala") as chief:
        harmless = await made(chief, body(city))
        powerful = await made(
            chief, body(city, label="Staf", actions=["person:view", "camera:view"])
        )
        copied = await made(chief, body(city, label="Salinan", actions=None, copy_of="operate"))
        emptied = await chief.patch(
            f"/api/roles/{copied['name']}",
            json={"version": copied["version"], "actions": ["city:view"]},
        )
        again = await made(
            chief, body(city, label="Dua kali", actions=None, copy_of=copied["name"])
        )
        retired = await chief.delete(f"/api/roles/{copied['name']}")
        for role in (harmless, powerful, again):
            assert await give(city, chief, "polisi", role["name"]) == 200
            asked[role["label"]] = await demanded(city, "polisi")

    assert (emptied.status_code, retired.status_code) == (200, 204)
    assert asked == {"Operator malam": "none", "Staf": "any", "Dua kali": "passkey"}


async def test_what_a_role_inherits_is_told_with_whom_it_comes_from(
    city: City, browser: Clients
) -> None:
    async with city.db.transaction(city.system) as tx:
        await api.set_role_demand(
            city.system, tx, "admin_lembaga", {"factor": "passkey", "grace_days": 7}
        )
    city.authenticator.forget()
    async with signed_in(browser, "kepala") as chief:
        staff = await made(chief, body(city, label="Staf", actions=["person:view"]))
        harmless = await made(chief, body(city))
        listed = (await chief.get("/api/roles/sign-in")).json()["items"]
        assert await give(city, chief, "polisi", staff["name"]) == 200
    rows = {one["role"]: one for one in listed}
    told, plain = rows[staff["name"]], rows[harmless["name"]]

    assert ("Staf", "Polrestabes", True) == (told["label"], told["agency"], told["is_default"])
    assert {
        "factor": "passkey",
        "grace_days": 7,
        "seats_only": False,
        "from": ["admin_lembaga"],
    } == told["in_force"]
    assert told["in_force"]["factor"] == await demanded(city, "polisi")
    assert ("none", []) == (plain["in_force"]["factor"], plain["in_force"]["from"])
    assert [] == rows["admin_lembaga"]["in_force"]["from"]


async def test_a_role_grown_powerful_asks_at_once(city: City, browser: Clients) -> None:
    async with city.db.transaction(city.system) as tx:
        await api.set_role_demand(city.system, tx, "admin_lembaga", {"factor": "passkey"})
    city.authenticator.forget()
    async with signed_in(browser, "kepala") as chief:
        role = await made(chief, body(city))
        await give(city, chief, "polisi", role["name"])
        before = await demanded(city, "polisi")
        await chief.patch(
            f"/api/roles/{role['name']}",
            json={"version": role["version"], "actions": ["camera:view", "person:sessions"]},
        )
        after = await demanded(city, "polisi")

    assert (before, after) == ("none", "passkey")


async def test_why_tells_who_gave_a_role_and_when(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as chief:
        role = await made(chief, body(city, actions=["agency:view"]))
        await give(city, chief, "polisi", role["name"])
        answer = await chief.get(
            "/api/why",
            params={
                "person": city.people["polisi"],
                "action": "agency:view",
                "thing": "Polrestabes",
            },
        )

    (right,) = [r for r in answer.json()["rights"] if r["role"]]
    assert right["role"]["given_by"] == "Kepala"
    assert right["role"]["given_at"] is not None
