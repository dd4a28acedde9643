"""Behind a proxy that ends TLS: cookies bound to the host, and origins judged by `public_url`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.identity.conftest import PASSWORD, City, services_of
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database

SIGN_IN = {"login": "polisi", "password": PASSWORD}


@pytest.fixture
def services(db: Database, clock: FixedClock, tmp_path: Path) -> dict[type, object]:
    environment = {"WARROOM_IDENTITY_PUBLIC_URL": "https://kota.test"}
    return services_of(db, clock, tmp_path, environment)


@pytest.fixture
def client(app: FastAPI, loop_runner: asyncio.Runner) -> Iterator[httpx.AsyncClient]:
    """A browser whose requests reach the application by plain http, as a proxy hands them on."""
    made = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://127.0.0.1:8112",
        headers={"x-warroom": "1"},
    )
    yield made
    loop_runner.run(made.aclose())


async def test_the_cookie_is_secure_and_bound_to_the_host(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/session", json=SIGN_IN)

    session, language = answer.headers.get_list("set-cookie")
    parts = {part.strip() for part in session.split(";")}
    assert session.startswith("__Host-warroom_session=wrs_")
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Secure"} <= parts
    assert not any(part.lower().startswith("domain") for part in parts)
    assert "Secure" in language


@pytest.mark.parametrize(
    ("name", "status"), [("__Host-warroom_session", 200), ("warroom_session", 401)]
)
async def test_a_session_under_a_name_that_a_neighbour_can_plant_is_none(
    client: httpx.AsyncClient, city: City, name: str, status: int
) -> None:
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    secret = opened.token  # type: ignore[union-attr]

    answer = await client.get("/api/session", headers={"cookie": f"{name}={secret}"})

    assert status == answer.status_code


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://kota.test", "127.0.0.1:8112", 200),
        ("https://kota.test", "kota.test", 200),
        ("http://kota.test", "kota.test", 403),
        ("https://jahat.test", "kota.test", 403),
        ("https://kota.test.jahat.test", "kota.test", 403),
        ("https://kota.test:444", "kota.test", 403),
        ("null", "", 403),
        ("http://[", "kota.test", 403),
        ("http://10.0.0.5:8112", "10.0.0.5:8112", 200),
    ],
)
async def test_an_origin_is_ours_by_the_public_url_or_by_the_host_that_was_asked(
    client: httpx.AsyncClient, origin: str, host: str, status: int
) -> None:
    answer = await client.post(
        "/api/session", json=SIGN_IN, headers={"origin": origin, "host": host}
    )

    assert status == answer.status_code


async def test_signing_out_takes_the_cookie_from_the_browser(
    client: httpx.AsyncClient, city: City
) -> None:
    opened = await city.doorkeeper.sign_in("polisi", PASSWORD, None, "")
    cookie = f"__Host-warroom_session={opened.token}"  # type: ignore[union-attr]

    answer = await client.delete("/api/session", headers={"cookie": cookie})

    (taken,) = answer.headers.get_list("set-cookie")
    assert taken.startswith('__Host-warroom_session=""')
    assert {"Max-Age=0", "Path=/", "Secure"} <= {part.strip() for part in taken.split(";")}
