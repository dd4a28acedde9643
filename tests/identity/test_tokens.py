"""API tokens: shown once, limited, used up, and no way to more."""

import httpx
import pytest

from tests.identity.conftest import PASSWORD, City, Clients, signed_in


async def make(client: httpx.AsyncClient, **more: object) -> dict[str, str]:
    answer = await client.post("/api/tokens", json={"name": "skrip", **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}", "x-warroom": ""}


async def test_a_token_acts_for_its_person_without_a_cookie_or_a_header(browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        made = await make(client)

    answer = await browser().get("/api/session", headers=bearer(made["token"]))
    change = await browser().patch(
        "/api/session", json={"language": "en"}, headers=bearer(made["token"])
    )

    assert made["token"].startswith("wr_")
    assert answer.json()["person"]["login"] == "kepala"
    assert change.status_code == 200


async def test_a_token_is_limited_to_its_actions(browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        made = await make(client, actions=["agency:view", "city:view", "audit:read"])
    caller = browser()
    headers = bearer(made["token"])

    allowed = await caller.get("/api/agencies", headers=headers)
    refused = await caller.get("/api/people", headers=headers)
    actions = (await caller.get("/api/session", headers=headers)).json()["actions"]

    assert (allowed.status_code, refused.status_code) == (200, 404)
    assert actions == ["agency:view", "audit:read", "city:view"]


async def test_a_token_ends_with_its_days(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        made = await make(client, days=1)
    caller = browser()

    city.clock.advance(86_399)
    before = await caller.get("/api/session", headers=bearer(made["token"]))
    city.clock.advance(30)
    after = await caller.get("/api/session", headers=bearer(made["token"]))

    assert (before.status_code, after.status_code) == (200, 401)


async def test_a_revoked_token_is_over_at_once_and_its_use_was_seen(browser: Clients) -> None:
    caller = browser()
    async with signed_in(browser, "kepala") as client:
        made = await make(client)
        await caller.get("/api/session", headers=bearer(made["token"]))
        (listed,) = (await client.get("/api/tokens")).json()["items"]

        await client.delete(f"/api/tokens/{made['id']}")

        after = await caller.get("/api/session", headers=bearer(made["token"]))
        left = (await client.get("/api/tokens")).json()["total"]
    assert listed["last_used_at"] is not None
    assert "token" not in listed
    assert (after.status_code, left) == (401, 0)


async def test_a_token_makes_no_token_and_sets_no_password(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        made = await make(client)
    caller, headers = browser(), bearer(made["token"])

    token = await caller.post("/api/tokens", json={"name": "x"}, headers=headers)
    password = await caller.post(
        f"/api/people/{city.people['kepala']}/password",
        json={"password": "satu dua tiga empat lima", "current": PASSWORD},
        headers=headers,
    )

    assert token.json()["code"] == "needs_session"
    assert password.json()["code"] == "needs_session"


async def test_tokens_of_another_agencys_people_do_not_exist(browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        made = await make(client)
    async with signed_in(browser, "kapten") as other, signed_in(browser, "admin") as admin:
        refused = await other.delete(f"/api/tokens/{made['id']}")
        seen = (await other.get("/api/tokens")).json()
        allowed = await admin.delete(f"/api/tokens/{made['id']}")

    assert (refused.status_code, seen["total"], allowed.status_code) == (404, 0, 204)


@pytest.mark.parametrize("header", ["Bearer", "Bearer wr_", "Bearer x", "Basic a:b", ""])
async def test_a_header_that_is_no_token_of_ours_is_nobody_even_with_a_cookie(
    browser: Clients, header: str
) -> None:
    async with signed_in(browser, "kepala") as client:
        answer = await client.get("/api/session", headers={"authorization": header})

    assert answer.status_code == 401


async def test_an_unknown_action_is_refused_by_name(browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        answer = await client.post("/api/tokens", json={"name": "x", "actions": ["a:b"]})

    assert answer.json()["params"] == {"word": "a:b"}
