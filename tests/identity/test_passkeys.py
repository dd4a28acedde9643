"""Passkeys over HTTP, with an authenticator in software."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.identity.authenticator import PRESENT, Authenticator, padded
from tests.identity.conftest import PASSWORD, City, Clients, signed_in

KEYS = "/api/account/passkeys"


async def add(client: httpx.AsyncClient, key: Authenticator, name: str = "Kunci") -> httpx.Response:
    asked = (await client.post(f"{KEYS}/options")).json()
    body = {"ticket": asked["ticket"], "credential": key.make(asked["options"]), "name": name}
    return await client.post(KEYS, json=body)


async def ask(client: httpx.AsyncClient, second: str | None = None) -> dict[str, Any]:
    answer = await client.post("/api/session/passkey/options", json={"second": second})
    asked: dict[str, Any] = answer.json()
    return asked


async def sign_in(
    client: httpx.AsyncClient, key: Authenticator, second: str | None = None
) -> httpx.Response:
    asked = await ask(client, second)
    body = {"ticket": asked["ticket"], "credential": key.sign(asked["options"]), "second": second}
    return await client.post("/api/session/passkey", json=body)


async def test_a_passkey_signs_in_without_login_and_password(city: City, browser: Clients) -> None:
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        made = await add(client, key)
    other = browser()

    answer = await sign_in(other, key)

    assert made.status_code == 201
    assert len(made.json()["recovery"]) == 10
    assert answer.status_code == 200
    assert answer.json()["person"]["login"] == "polisi"
    (session,) = [
        one for one in (await other.get("/api/sessions")).json()["items"] if one["is_this"]
    ]
    assert session["method"] == "passkey"


async def test_after_a_password_only_that_persons_passkeys_are_asked_for(
    city: City, browser: Clients
) -> None:
    mine, theirs = Authenticator(), Authenticator()
    async with signed_in(browser, "polisi") as client, signed_in(browser, "kapten") as other:
        await add(client, mine)
        await add(other, theirs)
    fresh = browser()
    answer = await fresh.post("/api/session", json={"login": "polisi", "password": PASSWORD})
    ticket = answer.json()["second"]["ticket"]

    asked = await ask(fresh, ticket)
    wrong = await sign_in(fresh, theirs, ticket)
    right = await sign_in(fresh, mine, ticket)

    assert [one["id"] for one in asked["options"]["allowCredentials"]] == [
        padded(mine.credential_id)
    ]
    assert wrong.status_code == 401
    assert (right.status_code, right.json()["person"]["login"]) == (200, "polisi")


async def test_options_ask_for_a_verified_person_and_a_discoverable_key(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        made = (await client.post(f"{KEYS}/options")).json()["options"]
    shown = (await ask(browser()))["options"]

    assert made["rp"] == {"name": "War Room Makassar", "id": "warroom.test"}
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert shown["userVerification"] == "required"
    assert shown.get("allowCredentials", []) == []


async def test_a_person_who_was_not_verified_is_refused(city: City, browser: Clients) -> None:
    key, weak = Authenticator(), Authenticator(flags=PRESENT)
    async with signed_in(browser, "polisi") as client:
        made = await add(client, weak)
        await add(client, key)
    key.flags = PRESENT

    answer = await sign_in(browser(), key)

    assert (made.status_code, made.json()["code"]) == (422, "identity.passkey_refused")
    assert (answer.status_code, answer.json()["code"]) == (401, "identity.wrong_code")


async def test_what_a_page_of_another_site_made_the_browser_sign_is_refused(
    city: City, browser: Clients
) -> None:
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        await add(client, key)
    key.origin = "https://warroom.test.penipu.example"

    assert (await sign_in(browser(), key)).status_code == 401


async def test_behind_a_proxy_the_origin_that_the_browser_tells_counts(
    city: City, browser: Clients
) -> None:
    key = Authenticator(origin="https://warroom.test")
    async with signed_in(browser, "polisi") as client:
        client.headers["origin"] = "https://warroom.test"
        made = await add(client, key)
    other = browser()
    other.headers["origin"] = "https://warroom.test"

    assert made.status_code == 201
    assert (await sign_in(other, key)).status_code == 200


async def test_an_answer_is_good_for_one_question_once(city: City, browser: Clients) -> None:
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        await add(client, key)
    other = browser()
    asked, another = await ask(other), await ask(other)
    credential = key.sign(asked["options"])
    body = {"ticket": another["ticket"], "credential": credential}

    crossed = await other.post("/api/session/passkey", json=body)
    first = await other.post("/api/session/passkey", json=body | {"ticket": asked["ticket"]})
    again = await other.post("/api/session/passkey", json=body | {"ticket": asked["ticket"]})

    assert [answer.status_code for answer in (crossed, first, again)] == [401, 200, 422]


async def test_a_key_whose_count_does_not_grow_is_a_copy_and_refused(
    city: City, browser: Clients
) -> None:
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        await add(client, key)
    await sign_in(browser(), key)
    key.count = 1

    answer = await sign_in(browser(), key)

    assert answer.status_code == 401
    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute("select detail from audit_entry where action = 'factor:refused'")
        (row,) = await rows.fetchall()
    assert '"why":"count"' in row["detail"].replace(" ", "")


async def test_a_key_that_does_not_count_signs_in_again_and_again(
    city: City, browser: Clients
) -> None:
    key = Authenticator(counts=False)
    async with signed_in(browser, "polisi") as client:
        await add(client, key)

    assert [(await sign_in(browser(), key)).status_code for _ in range(3)] == [200] * 3


async def test_an_unknown_key_and_nonsense_are_refused_alike(city: City, browser: Clients) -> None:
    client, unknown = browser(), Authenticator()
    answers = [await sign_in(client, unknown)]
    for credential in ({}, {"rawId": 7}, {"rawId": "!"}, {"rawId": "eA", "response": []}):
        asked = await ask(client)
        body = {"ticket": asked["ticket"], "credential": credential}
        answers.append(await client.post("/api/session/passkey", json=body))

    assert {(one.status_code, one.json()["code"]) for one in answers} == {
        (401, "identity.wrong_code")
    }


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize("content", ["", "eA", None, 7, "AAAA" * 30])
async def test_a_damaged_answer_of_a_known_key_is_refused(
    part: str, content: Any, city: City, browser: Clients
) -> None:
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        await add(client, key)
    other = browser()
    asked = await ask(other)
    credential = key.sign(asked["options"])
    credential["response"][part] = content

    answer = await other.post(
        "/api/session/passkey", json={"ticket": asked["ticket"], "credential": credential}
    )

    assert (answer.status_code, answer.json()["code"]) == (401, "identity.wrong_code")


@pytest.mark.parametrize("credential", [{}, {"response": 7}, {"id": "x", "rawId": "x"}])
async def test_nonsense_makes_no_passkey(
    credential: dict[str, Any], city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        asked = (await client.post(f"{KEYS}/options")).json()
        body = {"ticket": asked["ticket"], "credential": credential, "name": "x"}
        answer = await client.post(KEYS, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "identity.passkey_refused")


async def test_several_keys_are_named_and_removed_by_their_owner_alone(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client, signed_in(browser, "kapten") as other:
        await add(client, Authenticator(), "Satu")
        await add(client, Authenticator(), "Dua")
        first, second = (await client.get("/api/account")).json()["factors"]["passkeys"]
        named = await client.patch(f"{KEYS}/{first['id']}", json={"name": "Kantor"})
        foreign = [
            await other.patch(f"{KEYS}/{first['id']}", json={"name": "x"}),
            await other.delete(f"{KEYS}/{first['id']}"),
            await other.delete(f"{KEYS}/{uuid4()}"),
        ]
        removed = await client.delete(f"{KEYS}/{second['id']}")
        left = (await client.get("/api/account")).json()["factors"]["passkeys"]

    assert (named.status_code, removed.status_code) == (204, 204)
    assert [answer.status_code for answer in foreign] == [404] * 3
    assert [key["name"] for key in left] == ["Kantor"]


async def test_the_same_key_is_not_taken_twice(city: City, browser: Clients) -> None:
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        await add(client, key)
        again = await add(client, key)
        options = (await client.post(f"{KEYS}/options")).json()["options"]

    assert again.status_code == 422
    assert [one["id"] for one in options["excludeCredentials"]] == [padded(key.credential_id)]


async def test_where_a_role_asks_for_a_passkey_it_opens_what_a_password_does_not(
    city: City, browser: Clients
) -> None:
    from tests.identity.test_factors import demand

    key = Authenticator()
    await demand(city, "operate", factor="passkey", grace_days=0)
    async with signed_in(browser, "polisi") as client:
        before = (await client.get("/api/session")).json()
        await add(client, key)
        after = (await client.get("/api/session")).json()
        (mine,) = (await client.get("/api/account")).json()["factors"]["passkeys"]
        last = await client.delete(f"{KEYS}/{mine['id']}")
    again = await sign_in(browser(), key)

    assert (before["sign_in"]["must_enrol"], before["actions"]) == (True, [])
    assert after["sign_in"]["must_enrol"] is False
    assert "live:view" in after["actions"]
    assert again.json()["actions"] == after["actions"]
    assert (last.status_code, last.json()["code"]) == (409, "identity.last_factor")


async def test_an_old_session_proves_itself_by_a_passkey(city: City, browser: Clients) -> None:
    key, foreign = Authenticator(), Authenticator()
    async with signed_in(browser, "polisi") as client, signed_in(browser, "kapten") as other:
        await add(client, key)
        await add(other, foreign)
        city.clock.advance(16 * 60)
        refused = await client.post("/api/account/totp")
        answers = []
        for shown in (foreign, key):
            asked = (await client.post("/api/account/proof/options")).json()
            body = {"ticket": asked["ticket"], "credential": shown.sign(asked["options"])}
            answers.append(await client.post("/api/account/proof/passkey", json=body))
        allowed = await client.post("/api/account/totp")

    assert refused.json()["params"]["ways"] == "passkey"
    assert [answer.status_code for answer in answers] == [422, 204]
    assert allowed.status_code == 200


async def test_questions_without_answers_are_slowed_down(city: City, browser: Clients) -> None:
    client = browser()
    answers = [await client.post("/api/session/passkey/options", json={}) for _ in range(51)]

    assert [answer.status_code for answer in answers] == [200] * 50 + [429]
