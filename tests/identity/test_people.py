"""People and agencies: seen by those in reach, changed by those who hold as much."""

import httpx
import pytest

from tests.identity.conftest import PASSWORD, City, Clients, signed_in

LENT = "dari meja admin sementara"
NEW = {"login": "baru", "name": "Orang Baru", "roles": [{"role": "view"}]}


async def logins(client: httpx.AsyncClient, **query: str) -> list[str]:
    page = (await client.get("/api/people", params=query)).json()
    return [item["login"] for item in page["items"]]


async def test_people_see_their_own_agencys_people_alone(browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        page = (await client.get("/api/people")).json()

    assert {item["login"] for item in page["items"]} == {"kepala", "polisi"}
    assert page["total"] == 2


async def test_the_citys_administrator_sees_everybody(browser: Clients) -> None:
    async with signed_in(browser, "admin") as client:
        assert len(await logins(client)) == 8
        assert await logins(client, q="pol") == ["polisi"]
        assert await logins(client, q="%") == []


async def test_pages_of_people_follow_one_another_without_a_hole(browser: Clients) -> None:
    async with signed_in(browser, "admin") as client:
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/people", params=query)).json()
            seen += [item["login"] for item in page["items"]]
            cursor = page["next"]

        assert seen == await logins(client)
        assert page["total"] == len(seen)


@pytest.mark.parametrize("login", ["operator", "polisi", "magang"])
async def test_who_may_not_see_people_is_told_there_are_none(
    browser: Clients, city: City, login: str
) -> None:
    async with signed_in(browser, login) as client:
        assert (await client.get("/api/people")).status_code == 404
        url = f"/api/people/{city.people['admin']}"
        assert (await client.get(url)).status_code == 404


async def test_a_person_of_another_agency_does_not_exist(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        url = f"/api/people/{city.people['regu']}"
        answers = [
            await client.get(url),
            await client.patch(url, json={"version": 1, "name": "X"}),
            await client.post(f"{url}/password", json={"password": PASSWORD + " baru"}),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_an_agency_admin_makes_people_of_the_own_agency(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        own = {**NEW, "agency_id": str(city.agencies["Polrestabes"])}
        made = await client.post("/api/people", json=own)
        other = await client.post(
            "/api/people", json={**own, "login": "bb", "agency_id": str(city.agencies["Damkar"])}
        )
        nowhere = await client.post("/api/people", json={**NEW, "login": "cc"})

    assert made.status_code == 201, made.text
    assert made.json()["roles"] == [{"role": "view", "label": "", "reach": "own"}]
    assert (other.status_code, nowhere.status_code) == (404, 404)


async def test_a_login_belongs_to_one_person(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        body = {**NEW, "login": "REGU", "agency_id": str(city.agencies["Polrestabes"])}
        answer = await client.post("/api/people", json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "identity.taken")


@pytest.mark.parametrize("role", ["admin_sistem"])
async def test_nobody_makes_themselves_mightier(city: City, browser: Clients, role: str) -> None:
    async with signed_in(browser, "kepala") as client:
        url = f"/api/people/{city.people['kepala']}"
        answer = await client.patch(url, json={"version": 1, "roles": [{"role": role}]})
        unchanged = (await client.get(url)).json()

    assert (answer.status_code, answer.json()["code"]) == (403, "identity.beyond_own_rights")
    assert unchanged["roles"] == [{"role": "admin_lembaga", "label": "", "reach": "own"}]


async def test_no_role_reaches_the_city_from_an_agency_that_is_not_the_citys(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as client:
        url = f"/api/people/{city.people['polisi']}"
        body = {"version": 1, "roles": [{"role": "view", "reach": "city"}]}
        answer = await client.patch(url, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "identity.city_reach")


async def test_a_password_cannot_be_set_for_somebody_mightier(city: City, browser: Clients) -> None:
    """Else an agency's administrator could become the city's by way of a forgotten password."""
    async with signed_in(browser, "admin") as admin:
        body = {**NEW, "login": "kepala.kota", "agency_id": str(city.agencies["Diskominfo"])}
        body["roles"] = [{"role": "admin_lembaga"}]
        made = await admin.post("/api/people", json=body)
        await admin.post(f"/api/people/{made.json()['id']}/password", json={"password": LENT})
    async with signed_in(browser, "kepala.kota", LENT) as client:
        own = f"/api/people/{made.json()['id']}/password"
        changed = await client.post(own, json={"password": PASSWORD, "current": LENT})
        assert changed.status_code == 204
        attempts = [
            await client.post(
                f"/api/people/{city.people['admin']}/password",
                json={"password": "tiga ekor kucing hitam"},
            ),
            await client.patch(
                f"/api/people/{city.people['admin']}", json={"version": 1, "login": "saya"}
            ),
        ]

    assert [answer.json()["code"] for answer in attempts] == ["identity.beyond_own_rights"] * 2


async def test_an_agency_cannot_turn_itself_into_one_of_the_city(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        url = f"/api/agencies/{city.agencies['Polrestabes']}"
        answer = await client.patch(url, json={"version": 1, "kind": "city"})
        renamed = await client.patch(url, json={"version": 1, "name": "Polrestabes Kota"})

    assert answer.status_code == 404
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Polrestabes Kota")


async def test_two_who_change_the_same_thing_do_not_overwrite_each_other(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as client:
        url = f"/api/people/{city.people['polisi']}"
        first = await client.patch(url, json={"version": 1, "title": "Satu"})
        second = await client.patch(url, json={"version": 1, "title": "Dua"})

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "identity.changed_meanwhile"


async def test_the_own_password_needs_the_one_before(city: City, browser: Clients) -> None:
    url = f"/api/people/{city.people['polisi']}/password"
    new = "seekor ikan pari berenang"
    async with signed_in(browser, "polisi") as client, signed_in(browser, "polisi") as other:
        wrong = await client.post(url, json={"password": new, "current": "salah"})
        weak = await client.post(url, json={"password": "polisi", "current": PASSWORD})
        right = await client.post(url, json={"password": new, "current": PASSWORD})
        here = await client.get("/api/session")
        elsewhere = await other.get("/api/session")

    assert wrong.json()["code"] == "identity.wrong_current_password"
    assert weak.json()["params"]["problem"] == "short"
    assert right.status_code == 204
    assert (here.status_code, elsewhere.status_code) == (200, 401)


async def test_agencies_in_view_are_the_own_one_or_all(browser: Clients) -> None:
    async with signed_in(browser, "kepala") as one, signed_in(browser, "admin") as all_:
        own = (await one.get("/api/agencies")).json()
        every = (await all_.get("/api/agencies")).json()

    assert [item["short"] for item in own["items"]] == ["Polrestabes"]
    assert (own["total"], every["total"]) == (1, 3)
    assert every["items"][0]["short"] == "Diskominfo"


async def test_only_who_reaches_the_city_makes_agencies(browser: Clients) -> None:
    body = {"kind": "skpd", "name": "Dinas Kebersihan", "short": "DLH", "place": "73.71"}
    async with signed_in(browser, "kepala") as one, signed_in(browser, "admin") as all_:
        refused = await one.post("/api/agencies", json=body)
        made = await all_.post("/api/agencies", json=body)
        twice = await all_.post("/api/agencies", json=body)

    assert (refused.status_code, made.status_code, twice.status_code) == (404, 201, 409)


async def test_fields_that_are_not_known_are_refused(city: City, browser: Clients) -> None:
    async with signed_in(browser, "admin") as client:
        url = f"/api/people/{city.people['polisi']}"
        answer = await client.patch(url, json={"version": 1, "is_admin": True})

    assert answer.status_code == 422


async def test_changes_of_rights_are_written_down(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        url = f"/api/people/{city.people['polisi']}"
        body = {"version": 1, "roles": [{"role": "view"}], "title": "Perwira"}
        await client.patch(url, json=body)

    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute(
            "select audit_name(person_id) as person, agency_label,"
            " audit_name(object_id::uuid) as thing, detail from audit_entry"
            " where action = 'person:changed'"
        )
        (entry,) = await rows.fetchall()
    assert entry == {
        "person": "Kepala",
        "agency_label": "Polrestabes",
        "thing": "Polisi",
        "detail": '{"roles":{"view":"own"},"title":true}',
    }
