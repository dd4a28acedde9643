"""Proving who one is at the provider: what counts is when they signed in there."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.identity.conftest import City, Clients, signed_in
from tests.identity.provider import Idp, running_provider, seconds_ago
from tests.identity.test_factors import enrol
from tests.identity.test_sso import (
    CLAIMS,
    clock,
    come_back,
    configure,
    depart,
    link,
    services,
    sign_in,
    trouble,
)
from warroom.identity import sso_rules
from warroom.kernel.clock import FixedClock
from warroom.kernel.postgres import Connections

__all__ = ["clock", "services"]

OTHER = "9999-orang-lain"


@pytest.fixture
def idp() -> Iterator[Idp]:
    with running_provider(CLAIMS) as running:
        yield running


async def is_proven(client: httpx.AsyncClient) -> bool:
    """Whether the session may do what needs a proof: add a second factor."""
    answer = await client.post("/api/account/totp")
    assert answer.status_code in (200, 403), answer.text
    return answer.status_code == 200


async def linked(city: City, browser: Clients, idp: Idp, clock: FixedClock) -> httpx.AsyncClient:
    """The browser of somebody who signed in by the provider an hour ago."""
    await configure(browser, city, idp)
    await link(browser, idp, "kapten")
    client = browser()
    assert await sign_in(client, idp) == "/"
    clock.advance(3600)
    assert not await is_proven(client)
    return client


async def proves(client: httpx.AsyncClient, idp: Idp, clock: FixedClock, **claims: Any) -> str:
    """Leaves to prove it and comes back with these claims; where the browser is sent on to."""
    url = await depart(client, prove=True, next="/akun")
    at = int(clock.now().timestamp())
    idp.bent_claims = {"iat": at, "exp": at + 300, "auth_time": at} | claims
    return await come_back(client, await asyncio.to_thread(idp.sign_in, url))


async def test_whoever_is_to_prove_it_is_asked_to_sign_in_anew(
    city: City, browser: Clients, idp: Idp, clock: FixedClock
) -> None:
    client = await linked(city, browser, idp, clock)

    asked = await client.post("/api/account/totp")
    query = parse_qs(urlsplit(await depart(client, prove=True)).query)
    usual = parse_qs(urlsplit(await depart(browser())).query)

    assert asked.json()["params"]["ways"] == "password,sso:kota"
    assert (query["prompt"], query["max_age"]) == (["login"], ["0"])
    assert not {"prompt", "max_age"} & usual.keys()


async def test_signing_in_there_anew_proves_the_session_and_is_written_down(
    city: City, browser: Clients, idp: Idp, clock: FixedClock, connections: Connections
) -> None:
    client = await linked(city, browser, idp, clock)

    assert await proves(client, idp, clock) == "/akun"

    assert await is_proven(client)
    with psycopg.connect(connections.superuser) as connection:
        rows = connection.execute(
            "select person_id, detail from audit_entry where action = 'session:proven'"
        ).fetchall()
        sessions = connection.execute(
            "select count(*) from session where method = 'oidc:kota'"
        ).fetchone()
    assert rows[0][1] == '{"way":"oidc:kota"}'
    assert sessions == (1,)


@pytest.mark.parametrize(
    "claims",
    [
        {"auth_time": None},
        {"auth_time": "sekarang"},
        {"auth_time": True},
        {"auth_time": seconds_ago(1800)},
        {"auth_time": seconds_ago(-90_000)},
        {"auth_time": 1e300},
        {"sub": OTHER},
    ],
)
async def test_coming_back_alone_proves_nothing(
    city: City, browser: Clients, idp: Idp, clock: FixedClock, claims: dict[str, Any]
) -> None:
    client = await linked(city, browser, idp, clock)

    location = await proves(client, idp, clock, **claims)

    assert trouble(location) in ("identity.sso_answer", "identity.sso_unknown")
    assert not await is_proven(client)


async def test_a_sign_in_that_the_provider_remembered_does_not_count_as_proof(
    city: City, browser: Clients, idp: Idp, clock: FixedClock
) -> None:
    await configure(browser, city, idp)
    await link(browser, idp, "kapten")
    proven = []
    for claims in ({}, {"auth_time": seconds_ago(7200)}, {"auth_time": None}):
        idp.bent_claims = claims
        client = browser()
        assert await sign_in(client, idp) == "/"
        proven.append(await is_proven(client))

    assert proven == [True, False, False]


async def test_who_has_a_factor_here_proves_it_by_that_unless_the_provider_saw_one(
    city: City, browser: Clients, idp: Idp, clock: FixedClock
) -> None:
    await configure(browser, city, idp, factor_values=["mfa"])
    await link(browser, idp, "kapten")
    async with signed_in(browser, "kapten") as client:
        await enrol(city, client)
        clock.advance(3600)
        weak = await proves(client, idp, clock)
        before = await is_proven(client)
        strong = await proves(client, idp, clock, amr=["pwd", "mfa"])
        after = await is_proven(client)

    assert (trouble(weak), before) == ("identity.sso_unknown", False)
    assert (strong, after) == ("/akun", True)


async def test_a_session_that_ended_meanwhile_is_not_proven_and_strangers_cannot_begin(
    city: City, browser: Clients, idp: Idp, clock: FixedClock
) -> None:
    client = await linked(city, browser, idp, clock)
    url = await depart(client, prove=True, next="/akun")
    given = await asyncio.to_thread(idp.sign_in, url)
    await client.delete("/api/session")

    location = await come_back(client, given)
    stranger = await browser().post("/api/sso/kota", json={"prove": True})

    assert trouble(location) == "identity.sso_over"
    assert stranger.status_code == 404


@given(st.floats(-200, 200), st.floats(0, 600))
def test_only_what_happened_since_they_left_is_fresh(after_s: float, away_s: float) -> None:
    left = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
    now = left + timedelta(seconds=away_s)
    claims = {"auth_time": (left + timedelta(seconds=after_s)).timestamp()}
    is_fresh = -sso_rules.LEEWAY_S <= after_s <= away_s + sso_rules.LEEWAY_S

    try:
        sso_rules.require_fresh(claims, left, now)
        passed = True
    except sso_rules.UntrustedError:
        passed = False

    assert passed == is_fresh
