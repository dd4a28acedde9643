"""Back-channel logout: a provider ends, by its signed word, the sessions that it opened here."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.identity.conftest import City, Clients, signed_in
from tests.identity.provider import SUB, Idp, seconds_ago
from tests.identity.test_factors import actions, enrol, show
from tests.identity.test_sso import (  # noqa: F401 - fixtures among them
    clock,
    configure,
    idp,
    link,
    services,
    sign_in,
)

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def tell(browser: Clients, token: str, slug: str = "kota") -> httpx.Response:
    """What the provider's server sends: no cookie and no word of a page."""
    stranger = browser()
    del stranger.headers["x-warroom"]
    return await stranger.post(f"/api/sso/{slug}/logout", data={"logout_token": token})


async def linked(city: City, browser: Clients, idp: Idp) -> None:  # noqa: F811
    """Lets somebody sign in by the provider."""
    await configure(browser, city, idp)
    await link(browser, idp, "kapten")


async def entered(city: City, browser: Clients, idp: Idp) -> httpx.AsyncClient:  # noqa: F811
    """The browser of somebody who has done so."""
    await linked(city, browser, idp)
    client = browser()
    await sign_in(client, idp)
    return client


async def is_in(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/session")).status_code == 200


async def test_a_logout_token_ends_the_accounts_sessions_and_no_others(
    city: City,
    browser: Clients,
    idp: Idp,  # noqa: F811
) -> None:
    await linked(city, browser, idp)
    one, two = browser(), browser()
    await sign_in(one, idp)
    await sign_in(two, idp)
    async with signed_in(browser, "kapten") as by_password, signed_in(browser, "regu") as other:
        answer = await tell(browser, await asyncio.to_thread(idp.logout_token))

        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert [await is_in(c) for c in (one, two, by_password, other)] == [False] * 2 + [True] * 2
    assert [action for action, _ in await actions(city)].count("session:ended_outside") == 2


async def test_a_session_that_showed_a_second_step_here_is_ended_too(
    city: City,
    browser: Clients,
    idp: Idp,  # noqa: F811
) -> None:
    await linked(city, browser, idp)
    async with signed_in(browser, "kapten") as own:
        enrolled = await enrol(city, own)
    client = browser()
    step = parse_qs(urlsplit(await sign_in(client, idp)).fragment)
    opened = await show(client, step["langkah"][0], enrolled.totp.at(city.clock.now()))
    assert opened.status_code == 200

    await tell(browser, await asyncio.to_thread(idp.logout_token))

    assert not await is_in(client)


@dataclass(frozen=True)
class Ago:
    """An instant so many seconds before the test runs."""

    seconds: int


async def test_a_token_of_one_session_ends_that_one_alone(
    city: City,
    browser: Clients,
    idp: Idp,  # noqa: F811
) -> None:
    await linked(city, browser, idp)
    one, two = browser(), browser()
    for client, sid in ((one, "sesi-1"), (two, "sesi-2")):
        idp.bent_claims = {"sid": sid}
        await sign_in(client, idp)

    token = await asyncio.to_thread(idp.logout_token, sub=None, sid="sesi-1")
    answer = await tell(browser, token)

    assert answer.status_code == 200
    assert [await is_in(one), await is_in(two)] == [False, True]


async def test_a_token_that_comes_again_ends_nothing_that_was_opened_since(
    city: City,
    browser: Clients,
    idp: Idp,  # noqa: F811
) -> None:
    client = await entered(city, browser, idp)
    token = await asyncio.to_thread(idp.logout_token, iat=seconds_ago(90), exp=seconds_ago(-300))

    answer = await tell(browser, token)

    assert (answer.status_code, await is_in(client)) == (200, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://lain.example"},
        {"aud": "orang-lain"},
        {"exp": Ago(600), "iat": Ago(700)},
        {"exp": None},
        {"jti": None},
        {"iat": Ago(-600)},
        {"iat": "kemarin"},
        {"events": None},
        {"events": {"http://lain.example": {}}},
        {"events": [EVENT]},
        {"nonce": "x"},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
    ],
    ids=" ".join,
)
async def test_a_token_that_does_not_hold_ends_nothing(
    city: City,
    browser: Clients,
    idp: Idp,  # noqa: F811
    claims: dict[str, Any],
) -> None:
    client = await entered(city, browser, idp)

    # Counted from now: a suite takes longer than ten minutes.
    now = {key: seconds_ago(v.seconds) if isinstance(v, Ago) else v for key, v in claims.items()}

    answer = await tell(browser, await asyncio.to_thread(lambda: idp.logout_token(**now)))

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert await is_in(client)


async def test_nobody_but_the_provider_ends_a_session(
    city: City,
    browser: Clients,
    idp: Idp,  # noqa: F811
) -> None:
    client = await entered(city, browser, idp)
    claims = {
        "iss": idp.address,
        "aud": "warroom",
        "iat": seconds_ago(0),
        "exp": seconds_ago(-120),
        "jti": "x",
        "sub": SUB,
        "events": {EVENT: {}},
    }
    forged = jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048, private=True))

    real = await asyncio.to_thread(idp.logout_token)
    answers = [
        await tell(browser, forged),
        await tell(browser, ""),
        await tell(browser, "x" * 100_000),
        await tell(browser, real, slug="lain"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert await is_in(client)
