"""Refusals that only show when something else about the question is in order, or is not."""

from typing import Any

import pyotp
import pytest

from tests.identity.authenticator import Authenticator
from tests.identity.conftest import PASSWORD, City, Clients, signed_in
from tests.identity.test_applications import make, token_of
from tests.identity.test_commands import Run, run
from tests.identity.test_grants import body, grant
from tests.identity.test_passkeys import add
from warroom.identity import api
from warroom.kernel.errors import NotFoundError

__all__ = ["run"]

WORDS_OF_SIGN_IN = ("sign_in:configure",)


async def test_the_word_on_ones_own_agency_does_not_set_what_roles_ask_for(
    city: City, browser: Clients
) -> None:
    """Roles are the whole city's."""
    await city_admin_of_one_agency(city)
    async with signed_in(browser, "kepala") as client:
        answer = await client.patch("/api/roles/operate/sign-in", json={"grace_days": 3})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def city_admin_of_one_agency(city: City) -> None:
    """Lets the head of an agency hold the word of the whole city, on their own agency."""
    async with city.db.transaction(city.system) as tx:
        new = api.NewGrant(
            WORDS_OF_SIGN_IN,
            "uji",
            person_id=city.people["kepala"],
            agencies=(city.agencies["Polrestabes"],),
        )
        await api.create_grant(city.system, tx, new)


async def test_a_role_that_does_not_exist_has_no_demand(city: City, browser: Clients) -> None:
    async with signed_in(browser, "admin") as client:
        answer = await client.patch("/api/roles/tidak_ada/sign-in", json={"grace_days": 3})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_who_may_not_give_over_somebody_takes_nothing_from_them(
    city: City, browser: Clients
) -> None:
    """They see the person; they may give neither over the things nor over the person."""
    async with city.db.transaction(city.system) as tx:
        new = api.NewGrant(
            ("person:view",),
            "uji",
            person_id=city.people["kepala"],
            agencies=(city.agencies["Damkar"],),
        )
        await api.create_grant(city.system, tx, new)
    content = body(
        city,
        person_id=str(city.people["kapten"]),
        agencies=[str(city.agencies["Damkar"])],
        deny=True,
    )
    async with signed_in(browser, "kepala") as client:
        status, code = await grant(client, content)

    assert (status, code) == (403, "identity.beyond_own_rights")


async def test_where_a_passkey_is_asked_for_a_right_code_opens_nothing(
    city: City, browser: Clients
) -> None:
    """Somebody with both: the code alone would be a weaker way round the passkey."""
    key = Authenticator()
    async with signed_in(browser, "polisi") as client:
        await add(client, key)
        started = (await client.post("/api/account/totp")).json()
        secret = started["secret"]
        await client.put(
            "/api/account/totp", json={"ticket": started["ticket"], "code": code(city, secret)}
        )
    async with city.db.transaction(city.system) as tx:
        for role in await roles_of(city, tx):
            await api.set_role_demand(city.system, tx, role, {"factor": "passkey"})
    fresh = browser()
    city.clock.advance(60)
    first = await fresh.post("/api/session", json={"login": "polisi", "password": PASSWORD})
    ticket = first.json()["second"]["ticket"]

    answer = await fresh.post(
        "/api/session/second", json={"ticket": ticket, "way": "totp", "code": code(city, secret)}
    )

    assert "totp" not in first.json()["second"]["ways"]
    assert (answer.status_code, answer.json()["code"]) == (401, "identity.wrong_code")


def code(city: City, secret: str) -> str:
    return pyotp.TOTP(secret).at(city.clock.now())


async def roles_of(city: City, tx: Any) -> list[str]:
    rows = await tx.execute(
        "select role from person_role where person_id = %s", [city.people["polisi"]]
    )
    return [row["role"] for row in await rows.fetchall()]


async def test_a_program_has_neither_factors_nor_a_proof(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        application = await make(client, city, "Polrestabes")
        made = await token_of(client, application)
    program = browser()
    program.headers["authorization"] = f"Bearer {made['token']}"

    codes = [
        (await program.post(f"/api/account/{path}")).json()["code"]
        for path in ("passkeys/options", "proof/options", "totp", "recovery")
    ]

    assert codes == ["needs_session"] * 4


def test_a_program_of_an_agency_that_does_not_exist_is_not_made(city: City, run: Run) -> None:
    with pytest.raises(NotFoundError):
        run("application", "add", "--name", "P", "--agency", "nix", "--action", "camera:view")
    with pytest.raises(NotFoundError):
        run("application", "disable", "nix")


@pytest.mark.parametrize("word", ["agency:view", "application:configure"])
async def test_who_has_one_word_of_two_on_another_agency_makes_no_program_of_it(
    word: str, city: City, browser: Clients
) -> None:
    """They would see the program, and hold what it may do."""
    async with city.db.transaction(city.system) as tx:
        new = api.NewGrant(
            (word, "application:view", "camera:view"),
            "uji",
            person_id=city.people["kepala"],
            agencies=(city.agencies["Damkar"],),
        )
        await api.create_grant(city.system, tx, new)
    wanted = {
        "name": "Peta",
        "agency_id": str(city.agencies["Damkar"]),
        "actions": ["camera:view"],
    }
    async with signed_in(browser, "kepala") as client:
        answer = await client.post("/api/applications", json=wanted)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_the_system_is_no_person_of_whom_a_factor_is_asked(city: City) -> None:
    async with city.db.transaction(city.system) as tx:
        with pytest.raises(NotFoundError):
            await api.find_demand(city.system, tx)
