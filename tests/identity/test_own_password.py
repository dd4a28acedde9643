"""The own password: how often it may be guessed in an open session, and when it must be changed."""

from typing import Any

import httpx
import pytest

from tests.identity.conftest import PASSWORD, City, Clients, signed_in
from tests.identity.test_factors import enrol
from warroom.identity import api
from warroom.identity.errors import StepOverError
from warroom.identity.service.scopes import stranger_scope

NEW = "seekor ikan pari berenang"
LENT = "dari meja admin sementara"


async def set_own(
    city: City, client: httpx.AsyncClient, current: str, new: str = NEW
) -> httpx.Response:
    url = f"/api/people/{city.people['polisi']}/password"
    return await client.post(url, json={"password": new, "current": current})


async def enter(client: httpx.AsyncClient, password: str) -> dict[str, Any]:
    answer = await client.post("/api/session", json={"login": "polisi", "password": password})
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def written(city: City) -> list[str]:
    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute("select action from audit_entry order by recorded_at, id")
        return [row["action"] for row in await rows.fetchall()]


async def test_guessing_the_current_password_is_bounded_over_sessions_and_ways(
    city: City, browser: Clients
) -> None:
    """One count for changing it and for proving by it, whatever session asks."""
    async with signed_in(browser, "polisi") as one, signed_in(browser, "polisi") as two:
        proof = {"way": "password", "shown": "salah"}
        wrong = [await set_own(city, one, "salah") for _ in range(3)]
        wrong += [await two.post("/api/account/proof", json=proof) for _ in range(3)]
        right = await set_own(city, two, PASSWORD)
        city.clock.advance(2)
        later = await set_own(city, two, PASSWORD)

    assert [answer.status_code for answer in wrong] == [422] * 5 + [429]
    assert right.status_code == 429
    assert later.status_code == 204
    assert (await written(city)).count("person:password_refused") == 3


async def test_a_stranger_who_guesses_the_login_keeps_nobody_from_changing_it(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        stranger = browser()
        for _ in range(8):
            await stranger.post("/api/session", json={"login": "polisi", "password": "salah"})

        changed = await set_own(city, client, PASSWORD)

    assert changed.status_code == 204


async def test_a_guesser_in_a_session_locks_nobody_out_of_signing_in(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as stolen:
        for _ in range(8):
            await set_own(city, stolen, "salah")

    assert (await enter(browser(), PASSWORD))["person"]["login"] == "polisi"


async def test_a_password_that_an_administrator_set_opens_its_change_and_nothing_else(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as admin:
        url = f"/api/people/{city.people['polisi']}/password"
        assert (await admin.post(url, json={"password": LENT})).status_code == 204
    client = browser()

    entered = await enter(client, LENT)
    shut = [
        await client.get("/api/agencies"),
        await client.post("/api/account/totp"),
        await client.post("/api/account/passkeys/options"),
    ]
    same = await set_own(city, client, LENT, LENT)
    changed = await set_own(city, client, LENT)
    after = (await client.get("/api/session")).json()

    assert (entered["actions"], entered["sign_in"]["must_change"]) == ([], True)
    codes = [answer.json().get("code") for answer in shut]
    assert codes[1:] == ["identity.must_change_password"] * 2
    assert shut[0].json().get("items", []) == []
    assert same.json()["params"]["problem"] == "same"
    assert changed.status_code == 204
    assert after["sign_in"]["must_change"] is False
    assert "live:view" in after["actions"]
    assert not (await enter(browser(), NEW))["sign_in"]["must_change"]


async def test_a_password_marked_as_compromised_ends_sessions_and_must_be_changed(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as open_, signed_in(browser, "kepala") as admin:
        url = f"/api/people/{city.people['polisi']}/password/compromised"
        marked = await admin.post(url)
        ended = await open_.get("/api/session")
        entered = await enter(open_, PASSWORD)

    assert (marked.status_code, ended.status_code) == (204, 401)
    assert entered["sign_in"]["must_change"] is True
    assert "person:password_compromised" in await written(city)


async def test_nobody_marks_the_password_of_another_agency_without_the_right_or_without_proof(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as admin, signed_in(browser, "polisi") as police:
        far = await admin.post(f"/api/people/{city.people['admin']}/password/compromised")
        powerless = await police.post(f"/api/people/{city.people['kepala']}/password/compromised")
        city.clock.advance(16 * 60)
        url = f"/api/people/{city.people['polisi']}/password/compromised"
        unproven = await admin.post(url)

    assert (far.status_code, powerless.status_code) == (404, 404)
    assert unproven.json()["code"] == "identity.prove_it"


async def test_other_ways_in_and_tokens_are_not_held_up_by_the_password(
    city: City, browser: Clients
) -> None:
    polisi = city.people["polisi"]
    async with signed_in(browser, "admin") as admin:
        body = {"person_id": str(polisi), "actions": ["token:create"], "reason": "uji token"}
        assert (await admin.post("/api/grants", json=body)).status_code == 201
    own = await city.scope("polisi")
    async with city.db.transaction(own) as tx:
        token = await api.create_token(own, tx, login=None, terms=api.TokenTerms("x", 1))
    async with city.db.transaction(city.system) as tx:
        await api.mark_compromised(city.system, tx, polisi, 15)

    caller = api.Caller("127.0.0.1", "test")
    opened = await city.doorkeeper.let_in(polisi, "oidc:kota", 0, caller)
    bearer = {"authorization": f"Bearer {token.token}"}
    answer = await browser().get("/api/session", headers=bearer)

    assert opened.scope.rules
    assert answer.json()["actions"]


async def test_the_second_step_of_one_person_opens_no_session_of_another(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "polisi") as client:
        await enrol(city, client)
    stranger = stranger_scope(city.clock.now(), "127.0.0.1")
    step = await city.doorkeeper.second_step(stranger, city.people["polisi"], "password")
    assert step is not None

    with pytest.raises(StepOverError):
        await city.doorkeeper.let_in(
            city.people["admin"], "passkey", 2, api.Caller("127.0.0.1"), ticket=step.ticket
        )
