"""Signing in: by password and link; wrong tries are slowed down, and lock out nobody else."""

import asyncio
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from tests.identity.conftest import CHEAP, PASSWORD, City, Clients, signed_in
from warroom.identity import api
from warroom.identity.errors import (
    BusyError,
    NoDemoError,
    TooManyAttemptsError,
    WrongLinkError,
    WrongPasswordError,
)
from warroom.kernel.errors import NotFoundError


async def fail(city: City, times: int, login: str = "polisi", address: str = "10.0.0.1") -> None:
    for _ in range(times):
        with pytest.raises(WrongPasswordError):
            await city.doorkeeper.sign_in(login, "salah salah salah", address, "")


async def test_the_right_password_opens_a_session_with_the_persons_rights(city: City) -> None:
    opened = await city.doorkeeper.sign_in(" Polisi ", PASSWORD, "10.0.0.1", "Firefox")

    assert opened.scope.person_id == city.people["polisi"]
    assert opened.scope.allows("live:view", agency_id=city.agencies["Polrestabes"])
    assert not opened.scope.allows("live:view", agency_id=city.agencies["Damkar"])
    assert opened.scope.agency_label == "Polrestabes"


@pytest.mark.parametrize("login", ["polisi", "tidak.ada", "' or 1=1 --", ""])
async def test_a_wrong_password_and_an_unknown_login_are_told_alike(city: City, login: str) -> None:
    with pytest.raises(WrongPasswordError) as told:
        await city.doorkeeper.sign_in(login, "salah salah salah", "10.0.0.1", "")

    assert told.value.params == {}


async def test_an_unknown_login_costs_as_much_computing_as_a_known_one(city: City) -> None:
    calls: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002
            calls.append(str(hash))
            return super().verify(hash, password)

    passwords = api.Passwords(1, Counting(time_cost=1, memory_cost=8, parallelism=1))

    assert await passwords.fits(None, "x") is False
    assert len(calls) == 1


async def test_after_five_failed_tries_each_further_one_must_wait_twice_as_long(
    city: City,
) -> None:
    waits = []
    await fail(city, 5)
    for _ in range(4):
        with pytest.raises(TooManyAttemptsError) as told:
            await city.doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")
        waits.append(told.value.params["wait_s"])
        city.clock.advance(waits[-1])
        await fail(city, 1)

    assert waits == [1, 2, 4, 8]


async def test_a_wait_is_not_made_longer_by_trying_during_it(city: City) -> None:
    await fail(city, 5)
    for wait_s in (1, 2, 4):
        city.clock.advance(wait_s)
        await fail(city, 1)
    waits = []
    for _ in range(3):
        with pytest.raises(TooManyAttemptsError) as told:
            await city.doorkeeper.sign_in("polisi", "x", "10.0.0.1", "")
        waits.append(told.value.params["wait_s"])

    assert waits == [8, 8, 8]


async def test_guessing_from_elsewhere_locks_out_nobody(city: City) -> None:
    await fail(city, 6 - 1, address="203.0.113.9")
    with pytest.raises(TooManyAttemptsError):
        await city.doorkeeper.sign_in("polisi", PASSWORD, "203.0.113.9", "")

    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")

    assert opened.scope.person_id == city.people["polisi"]


async def test_one_address_that_guesses_many_logins_is_slowed_down(city: City) -> None:
    for number in range(50):
        await fail(city, 1, f"orang{number}", "203.0.113.9")

    with pytest.raises(TooManyAttemptsError):
        await city.doorkeeper.sign_in("orang99", "x", "203.0.113.9", "")


async def test_whoever_signed_in_from_there_before_does_not_wait_for_strangers_beside_them(
    city: City,
) -> None:
    await city.doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")
    for number in range(50):
        await fail(city, 1, f"orang{number}")

    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")

    assert opened.scope.person_id == city.people["polisi"]


async def test_addresses_of_one_ipv6_network_share_their_tries(city: City) -> None:
    for number in range(5):
        await fail(city, 1, address=f"2001:db8::{number:x}")

    with pytest.raises(TooManyAttemptsError):
        await city.doorkeeper.sign_in("polisi", PASSWORD, "2001:db8::ffff", "")


async def test_many_tries_at_once_do_not_slip_past_the_count(city: City) -> None:
    tries = [city.doorkeeper.sign_in("polisi", "salah", "10.0.0.1", "") for _ in range(30)]

    outcomes = await asyncio.gather(*tries, return_exceptions=True)

    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(WrongPasswordError) == 5
    assert kinds.count(TooManyAttemptsError) == 25


async def test_the_right_password_forgives_the_wrong_ones(city: City) -> None:
    await fail(city, 4)
    await city.doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")

    await fail(city, 4)

    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")
    assert opened.token


async def test_more_people_than_can_be_checked_are_told_to_come_again(city: City) -> None:
    passwords = api.Passwords(1, PasswordHasher(time_cost=2, memory_cost=1024, parallelism=1))

    outcomes = await asyncio.gather(
        *(passwords.fits(None, "x") for _ in range(80)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes].count(BusyError) == 16


async def test_a_hash_of_yesterdays_strength_is_renewed_at_sign_in(city: City) -> None:
    stronger = api.Passwords(1, PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    doorkeeper = replace(city.doorkeeper, passwords=stronger)

    for _ in range(2):
        await doorkeeper.sign_in("polisi", PASSWORD, "10.0.0.1", "")

    async with city.db.transaction(city.system) as tx:
        row = await (await tx.execute("select hash from identity_credentials('polisi')")).fetchone()
    assert row is not None
    assert stronger.is_outdated(row["hash"]) is False
    assert CHEAP.check_needs_rehash(row["hash"]) is True


async def test_a_person_who_was_stopped_cannot_sign_in(city: City) -> None:
    async with city.db.transaction(city.system) as tx:
        await api.change_person(
            city.system, tx, city.people["polisi"], 1, {"is_active": False}, None
        )

    await fail(city, 1)


async def test_a_link_lets_one_person_in_once(city: City) -> None:
    token = await city.doorkeeper.create_link(city.system, "polisi")

    opened = await city.doorkeeper.sign_in_by_link(token, None, "")

    assert opened.scope.person_id == city.people["polisi"]
    with pytest.raises(WrongLinkError):
        await city.doorkeeper.sign_in_by_link(token, None, "")


async def test_a_link_is_short_lived(city: City) -> None:
    token = await city.doorkeeper.create_link(city.system, "polisi")
    city.clock.advance(api.LINK_S)

    with pytest.raises(WrongLinkError):
        await city.doorkeeper.sign_in_by_link(token, None, "")


async def test_a_link_is_for_people_who_exist(city: City) -> None:
    with pytest.raises(NotFoundError):
        await city.doorkeeper.create_link(city.system, "tidak.ada")


async def test_links_exist_in_the_demonstration_only(city: City) -> None:
    token = await city.doorkeeper.create_link(city.system, "polisi")
    real = replace(city.doorkeeper, is_demo=False)

    with pytest.raises(NoDemoError):
        await real.create_link(city.system, "polisi")
    with pytest.raises(NoDemoError):
        await real.sign_in_by_link(token, None, "")


async def test_the_answer_tells_the_page_who_what_and_where(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        answer = (await client.get("/api/session")).json()

    assert answer["person"]["login"] == "polisi"
    assert answer["agency"]["short"] == "Polrestabes"
    assert "live:view" in answer["actions"]
    assert "person:configure" not in answer["actions"]
    assert answer["city"]["zone"] == "Asia/Makassar"
    assert answer["city"]["demo"] is True
    assert answer["workstation"] == "WS-07"


async def test_the_session_cookie_is_for_this_site_and_not_for_scripts(browser: Clients) -> None:
    answer = await browser().post("/api/session", json={"login": "polisi", "password": PASSWORD})

    (cookie,) = [
        value
        for value in answer.headers.get_list("set-cookie")
        if value.startswith("warroom_session=")
    ]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


async def test_a_refusal_over_http_names_its_code_and_the_wait(
    city: City, browser: Clients
) -> None:
    client = browser()
    body = {"login": "polisi", "password": "salah"}
    answers = [await client.post("/api/session", json=body) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert answers[0].json()["code"] == "identity.wrong_password"
    assert answers[5].json()["code"] == "identity.too_many_attempts"
    assert answers[5].json()["params"]["wait_s"] == 1


async def test_signing_in_out_and_failing_are_written_down(city: City, browser: Clients) -> None:
    await browser().post("/api/session", json={"login": "polisi", "password": "salah"})
    await browser().post("/api/session", json={"login": "tidak.ada", "password": "salah"})
    async with signed_in(browser, "polisi") as client:
        await client.delete("/api/session")

    async with city.db.transaction(city.system) as tx:
        rows = await tx.execute(
            "select action, object_id, person_id, owner_agency_id from audit_entry"
            " where action like 'session:%' order by recorded_at"
        )
        found = await rows.fetchall()
    police, person = city.agencies["Polrestabes"], city.people["polisi"]
    told = [(row["action"], row["object_id"], row["person_id"]) for row in found]
    assert told == [
        ("session:refused", str(person), None),
        ("session:refused", None, None),
        ("session:sign_in", str(person), person),
        ("session:sign_out", str(person), person),
    ]
    assert [row["owner_agency_id"] for row in found] == [police, None, police, police]
