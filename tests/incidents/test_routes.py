"""The addresses of incidents, as a page asks them."""

from typing import Any

import httpx
import pytest

from tests.app.test_authorization_matrix import World, deed, form, walls, world  # noqa: F401
from warroom.kernel.ids import new_id


@pytest.fixture
def own(world: World) -> httpx.AsyncClient:  # noqa: F811
    return world.own


async def draft(own: httpx.AsyncClient, **fields: Any) -> str:
    """A draft with these fields beside its place; its address."""
    body = form("Kandea")
    at = body["sent_at"]
    body["fields"] |= {name: {"value": value, "at": at} for name, value in fields.items()}
    url = f"/api/incidents/drafts/{new_id()}"
    answer = await own.put(url, json=body)
    assert answer.status_code == 200, answer.text
    return f"/api/incidents/{answer.json()['id']}"


async def test_a_call_goes_from_the_first_letter_to_its_end(own: httpx.AsyncClient) -> None:
    url = await draft(own, type="fire_dense", notes="lantai dua")

    sent = (await own.post(f"{url}/send", json=deed())).json()
    await own.post(f"{url}/notes", json=deed(text="tangga depan berasap"))
    await own.post(f"{url}/agencies", json={"agency_id": (await agencies(own))["Damkar"]})
    ended = (await own.post(f"{url}/end", json=deed(outcome="handled"))).json()
    shown = (await own.get(url)).json()
    listed = (await own.get("/api/incidents", params={"state": "ended"})).json()["items"]

    assert ("pending", "112-2026-000001", "closed") == (
        sent["state"], sent["number"], ended["state"],
    )  # fmt: skip
    assert {"lantai dua", "tangga depan berasap"} == {note["text"] for note in shown["notes"]}
    assert {"incident:work", "incident:supervise"} <= set(shown["can"])
    assert [sent["id"]] == [one["id"] for one in listed]


async def agencies(own: httpx.AsyncClient) -> dict[str, str]:
    found = (await own.get("/api/incidents/agencies")).json()["items"]
    return {one["short"]: one["id"] for one in found}


async def test_the_cards_are_read_by_whoever_sees_incidents(own: httpx.AsyncClient) -> None:
    cards = (await own.get("/api/incidents/types")).json()["items"]
    versions = (await own.get("/api/incidents/types/flood")).json()["items"]

    assert {"flood", "fire_dense"} <= {card["code"] for card in cards}
    assert [1] == [one["version"] for one in versions]


async def test_a_second_call_is_offered_and_merged(own: httpx.AsyncClient) -> None:
    first = await draft(own, type="fire_dense")
    await own.post(f"{first}/send", json=deed())
    second = await draft(own, type="fire_house")
    query = {"lat": -5.1338, "lon": 119.409, "but": second.rpartition("/")[2], "type": "fire_house"}

    (found,) = (await own.get("/api/incidents/similar", params=query)).json()["items"]
    merged = await own.post(f"{second}/merge", json=deed(into=found["incident"]["id"]))
    split = await own.post(f"{second}/split", json=deed())

    assert first.endswith(found["incident"]["id"])
    assert (200, "draft") == (merged.status_code, split.json()["state"])


async def test_a_phone_tells_where_it_is_and_a_person_chooses(own: httpx.AsyncClient) -> None:
    url = await draft(own)
    aml = 'A"ML=1;lt=-5.12460;lg=119.41890;rd=18;top=20261124055900;lc=68;pm=G'

    told = await own.post(f"{url}/locations", json=deed(aml=aml))
    before = (await own.get(url)).json()
    chosen = await own.post(f"{url}/locations/{told.json()['id']}/choose")
    after = (await own.get(url)).json()

    assert 200 == chosen.status_code
    assert ("aml", 18.0) in [(one["source"], one["radius_m"]) for one in before["locations"]]
    assert (-5.1338, -5.1246) == (before["lat"], after["lat"])


@pytest.mark.parametrize(
    "body",
    [
        {"aml": 'A"ML=1;lt=N;lg=N;rd=N;top=20261124060000;lc=0;pm=N'},
        {"aml": "halo"},
        {"lat": 1},
        {"lat": 1, "lon": 2, "aml": "x"},
        {"lat": 91, "lon": 0},
    ],
)
async def test_what_is_no_position_is_refused_in_a_sentence(
    own: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await own.post(f"{await draft(own)}/locations", json=deed(**body))

    assert 422 == answer.status_code
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "fields", [{"place": "kandea"}, {"place": {"lat": "x", "lon": 1}}, {"colour": "red"}]
)
async def test_what_is_no_field_is_refused_and_said_which(
    own: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    body = form("Kandea")
    body["fields"] = {n: {"value": v, "at": body["sent_at"]} for n, v in fields.items()}

    answer = await own.put(f"/api/incidents/drafts/{new_id()}", json=body)

    assert (422, "incidents.field") == (answer.status_code, answer.json()["code"])


async def test_a_page_begins_behind_the_last_item_of_the_one_before(
    own: httpx.AsyncClient,
) -> None:
    made = [await draft(own) for _ in range(3)]

    first = (await own.get("/api/incidents", params={"limit": 2})).json()["items"]
    after = f"{first[-1]['opened_at']},{first[-1]['id']}"
    rest = (await own.get("/api/incidents", params={"limit": 2, "after": after})).json()["items"]
    wrong = await own.get("/api/incidents", params={"after": "x"})

    seen = {f"/api/incidents/{one['id']}" for one in (*first, *rest)}
    assert (set(made), 3) == (seen, len(first) + len(rest))
    assert 422 == wrong.status_code


@pytest.mark.parametrize(
    "content", ["a=1&" * 20, "score=5&words=%00%ff", "score=9", "", "score=5&words=" + "x" * 50_000]
)
async def test_no_form_of_a_stranger_breaks_the_page_of_a_link(
    world: World, own: httpx.AsyncClient, content: str  # noqa: F811
) -> None:  # fmt: skip
    url = await draft(own, type="fire_dense")
    await own.post(f"{url}/send", json=deed())
    path = (await own.post(f"{url}/links/citizen")).json()["path"]

    kind = {"content-type": "application/x-www-form-urlencoded"}
    told = await world.clients["stranger"].post(path, content=content, headers=kind)
    nowhere = await world.clients["stranger"].post("/kabar/x", content=content, headers=kind)

    assert (told.status_code, nowhere.status_code) == (200, 404)
