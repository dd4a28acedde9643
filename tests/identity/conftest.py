"""A small city: three agencies, and people of every kind in them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from warroom.app import wiring as _declares_all_words  # noqa: F401
from warroom.app.asgi import Wiring, create_app
from warroom.audit import api as audit
from warroom.audit import routes as audit_routes
from warroom.identity import api
from warroom.identity import routes as identity_routes
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.scope import Scope
from warroom.kernel.secrets import Sealer
from warroom.kernel.settings import Configuration

PASSWORD = "kuda laut naik becak"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(frozen=True)
class City:
    """Ids of what the fixture made, and the parts that work on it."""

    db: Database
    clock: FixedClock
    agencies: dict[str, UUID]
    people: dict[str, UUID]
    authenticator: api.Authenticator
    doorkeeper: api.Doorkeeper
    passwords: api.Passwords

    @property
    def system(self) -> Scope:
        return api.system_scope("test", self.clock, door="cli")

    async def scope(self, login: str) -> Scope:
        """The scope that this person gets by signing in."""
        opened = await self.doorkeeper.sign_in(login, PASSWORD, "127.0.0.1", "test")
        return opened.scope


PEOPLE = (
    ("admin", "Diskominfo", {"admin_sistem": "city"}),
    ("operator", "Diskominfo", {"operator": "city"}),
    ("auditor", "Diskominfo", {"auditor": "city"}),
    ("kepala", "Polrestabes", {"admin_lembaga": "own"}),
    ("polisi", "Polrestabes", {"operate": "own"}),
    ("kapten", "Damkar", {"admin_lembaga": "own"}),
    ("regu", "Damkar", {"view": "own"}),
    ("magang", None, {}),
)


def services_of(
    db: Database, clock: FixedClock, folder: Path, environment: dict[str, str]
) -> dict[type, object]:
    """Services as the application has them, with passwords that cost nothing."""
    configuration = Configuration({}, {"WARROOM_IDENTITY_REMEMBER_S": "0"} | environment)
    made = api.services(configuration, db, clock, Sealer(b"k" * 32))
    cheap = api.Passwords(2, CHEAP)
    return {
        **made,
        api.Passwords: cheap,
        api.Finders: api.Finders({}),
        api.Doorkeeper: replace(made[api.Doorkeeper], passwords=cheap),
        api.Prover: replace(made[api.Prover], passwords=cheap),
        audit.Anchoring: audit.open_anchoring(folder, audit.AuditSettings()),
    }


@pytest.fixture
def services(db: Database, clock: FixedClock, tmp_path: Path) -> dict[type, object]:
    return services_of(db, clock, tmp_path, {"WARROOM_DEMO": "1", "WARROOM_WORKSTATION": "WS-07"})


@pytest.fixture
def city(
    db: Database, clock: FixedClock, services: dict[type, object], loop_runner: asyncio.Runner
) -> City:
    passwords = services[api.Passwords]
    doorkeeper, authenticator = services[api.Doorkeeper], services[api.Authenticator]
    assert isinstance(passwords, api.Passwords)
    assert isinstance(doorkeeper, api.Doorkeeper)
    assert isinstance(authenticator, api.Authenticator)

    async def make() -> City:
        scope = api.system_scope("test", clock, door="cli")
        async with db.transaction(scope) as tx:
            agencies = await api.ensure_agencies(
                scope,
                tx,
                [
                    api.NewAgency("city", "Dinas Komunikasi dan Informatika", "Diskominfo"),
                    api.NewAgency("police", "Polrestabes Makassar", "Polrestabes"),
                    api.NewAgency("fire", "Dinas Pemadam Kebakaran", "Damkar", "73.71"),
                ],
            )
            people = await api.ensure_people(
                scope,
                tx,
                [
                    api.NewPerson(login, login.title(), agencies.get(short or ""), roles=roles)
                    for login, short, roles in PEOPLE
                ],
            )
            for person_id in people.values():
                await api.set_password(
                    scope, tx, person_id, PASSWORD, passwords, 12, must_change=False
                )
        return City(db, clock, agencies, people, authenticator, doorkeeper, passwords)

    return loop_runner.run(make())


@pytest.fixture
def app(
    city: City,
    db: Database,
    clock: FixedClock,
    services: dict[type, object],
    tmp_path: Path,
) -> FastAPI:
    (tmp_path / "index.html").write_text("<title>War Room</title>")
    return create_app(
        Wiring(
            authenticator=city.authenticator,
            db=db,
            clock=clock,
            scope=city.system,
            holder="test",
            pages=tmp_path,
            routers=[*identity_routes.routers, audit_routes.router],
            services=services,
        )
    )


type Clients = Callable[[], httpx.AsyncClient]


@pytest.fixture
def browser(app: FastAPI, loop_runner: asyncio.Runner) -> Iterator[Clients]:
    """Makes browsers: each with its own cookies, sending what the product's page sends."""
    made: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url="http://warroom.test",
            headers={"x-warroom": "1"},
        )
        made.append(client)
        return client

    yield make
    for client in made:
        loop_runner.run(client.aclose())


@asynccontextmanager
async def signed_in(
    browser: Clients, login: str, password: str = PASSWORD
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which this person has signed in."""
    client = browser()
    answer = await client.post("/api/session", json={"login": login, "password": password})
    assert answer.status_code == 200, answer.text
    yield client
