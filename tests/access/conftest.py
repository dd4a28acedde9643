"""A prosecutor's office that asks, two owners with cameras, and who decides there."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.node import Node
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.jobs import Worker
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Scope
from warroom.kernel.settings import Configuration, NodeSettings

PEOPLE = (
    ("admin", "Diskominfo", {"admin_sistem": "city"}),
    ("supervisor", "Diskominfo", {"supervisor": "city"}),
    ("jaksa", "Kejari", {"penyidik": "own"}),
    ("kajari", "Kejari", {"kepala_lembaga": "own"}),
    ("kadishub", "Dishub", {"kepala_lembaga": "own"}),
    ("pdp", "Dishub", {"petugas_pdp": "own"}),
    ("pengawas", "Dishub", {"supervisor": "own"}),
    ("pengawas2", "Dishub", {"supervisor": "own"}),
    ("kapolres", "Polrestabes", {"kepala_lembaga": "own"}),
    ("pdp.polisi", "Polrestabes", {"petugas_pdp": "own"}),
    ("kadamkar", "Damkar", {"kepala_lembaga": "own"}),
)


_FIX = """
insert into unit_track (unit_id, agency_id, at, lat, lon)
values (%(unit)s, %(agency)s, %(at)s, -5.13, 119.41)
"""
_CROSSING = """
insert into unit_event (id, unit_id, agency_id, at, what, area)
values (%(id)s, %(unit)s, %(agency)s, %(at)s, 'enter', '73.71.04')
"""


@dataclass
class Desk:
    """The application, its clock, and everybody at their own browser."""

    app: FastAPI
    db: Database
    clock: FixedClock
    agencies: dict[str, UUID]
    people: dict[str, UUID]
    browsers: dict[str, httpx.AsyncClient]
    cameras: dict[int, str] = field(default_factory=dict)

    def __getitem__(self, login: str) -> httpx.AsyncClient:
        return self.browsers[login]

    def stranger(self, name: str) -> httpx.AsyncClient:
        """A browser at which nobody is signed in; closed with the others."""
        self.browsers[name] = _browser(self.app)
        return self.browsers[name]

    @property
    def system(self) -> Scope:
        return identity.system_scope("test", self.clock, door="cli")

    @property
    def worker(self) -> Worker:
        return Worker(self.db, self.system, self.clock, self.app.state.services)

    def at(self, **more: float) -> str:
        return (self.clock.now() + timedelta(**more)).isoformat()

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        async with self.db.transaction(self.system) as tx:
            return await (await tx.execute(query, values)).fetchall()  # type: ignore[call-overload, no-any-return]

    async def basis(self) -> str:
        return str((await self["jaksa"].get("/api/requests/basis")).json()["items"][0]["id"])

    async def letter(self, *owners: str, **more: Any) -> dict[str, Any]:
        """The words of a request of the prosecutor for the cameras round Karebosi."""
        return {
            "letter_number": "B-1207/P.4.10/Eku.1/11/2026",
            "letter_date": "2026-11-20",
            "basis_id": await self.basis(),
            "purpose": "Penyidikan pencurian kendaraan",
            "case_number": "PDM-88/MKS/2026",
            "actions": ["live:view", "recording:view"],
            "owners": [str(self.agencies[owner]) for owner in owners or ("Dishub",)],
            "rings": [[[119.40, -5.14], [119.42, -5.14], [119.42, -5.12], [119.40, -5.12]]],
            "footage_from": self.at(days=-2),
            "footage_to": self.at(days=-1),
            "starts_at": self.at(),
            "ends_at": self.at(days=7),
            "people": [str(self.people["jaksa"])],
            **more,
        }

    async def sent(self, *owners: str, **more: Any) -> str:
        """Id of such a request that was sent."""
        answer = await self["jaksa"].post("/api/requests", json=await self.letter(*owners, **more))
        assert answer.status_code == 201, answer.text
        request_id = str(answer.json()["id"])
        answer = await self["jaksa"].post(f"/api/requests/{request_id}/send")
        assert answer.status_code == 200, answer.text
        return request_id

    async def sign(
        self, login: str, request_id: str, role: str, owner: str = "Dishub", **more: Any
    ) -> httpx.Response:
        url = f"/api/requests/{request_id}/parts/{self.agencies[owner]}/approve"
        return await self[login].post(url, json={"role": role, **more})

    async def lent(self, **more: Any) -> str:
        """Id of a request that Dishub has granted."""
        request_id = await self.sent(**more)
        for login, role in (("kadishub", "kepala_lembaga"), ("pdp", "petugas_pdp")):
            answer = await self.sign(login, request_id, role)
            assert answer.status_code == 200, answer.text
        return request_id

    async def driven(
        self, agency: str, place: str, name: str = "Derek 1"
    ) -> tuple[str, list[datetime]]:
        """A vehicle that entered an area 40, 30, 24.25 and 23 hours ago, with its track."""
        answer = await self["admin"].post(
            "/api/units",
            json={"name": name, "agency_id": str(self.agencies[agency]), "kind": "tow",
                  "place": place, "plate": "DD 8123 ZY"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.text
        unit_id = answer.json()["id"]
        fixes = [self.clock.now() - timedelta(hours=hours) for hours in (40, 30, 24.25, 23)]
        async with self.db.transaction(self.system) as tx:
            for at in fixes:
                values = {
                    "unit": unit_id,
                    "agency": self.agencies[agency],
                    "at": at,
                    "id": new_id(),
                }
                await tx.execute(_FIX, values)
                await tx.execute(_CROSSING, values)
        return unit_id, fixes

    async def numbers(self, login: str) -> list[int]:
        """Numbers of the cameras that somebody sees."""
        page = (await self[login].get("/api/cameras")).json()
        return [item["number"] for item in page.get("items", [])]


@pytest.fixture
def desk(
    connections: Connections,
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    loop_runner: asyncio.Runner,
) -> Iterator[Desk]:
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<title>War Room</title>")
    environment = {
        "WARROOM_DATA_DIR": str(tmp_path / "data"),
        "WARROOM_STATIC_DIR": str(pages),
        "WARROOM_DEMO": "1",
        "WARROOM_IDENTITY_REMEMBER_S": "0",
        "WARROOM_IDENTITY_SESSION_HOURS": "100000",
        "WARROOM_IDENTITY_IDLE_MINUTES": "10000000",
    }
    configuration = Configuration({}, environment)
    node = Node(configuration, configuration.section(NodeSettings), clock, None, connections)
    app = create_app(wiring.wire(node, db))
    made = loop_runner.run(_make(app, db, clock))
    yield made
    for client in made.browsers.values():
        loop_runner.run(client.aclose())


def _browser(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://warroom.test",
        headers={"x-warroom": "1"},
    )


async def _make(app: FastAPI, db: Database, clock: FixedClock) -> Desk:
    scope = identity.system_scope("test", clock, door="cli")
    async with db.transaction(scope) as tx:
        agencies = await identity.ensure_agencies(
            scope,
            tx,
            [
                identity.NewAgency("city", "Dinas Komunikasi dan Informatika", "Diskominfo"),
                identity.NewAgency("prosecutor", "Kejaksaan Negeri", "Kejari"),
                identity.NewAgency("dishub", "Dinas Perhubungan", "Dishub"),
                identity.NewAgency("police", "Polrestabes Makassar", "Polrestabes"),
                identity.NewAgency("fire", "Dinas Pemadam", "Damkar"),
            ],
        )
        people = await identity.ensure_people(
            scope,
            tx,
            [
                identity.NewPerson(login, login.title(), agencies[short], roles=roles)
                for login, short, roles in PEOPLE
            ],
        )
    doorkeeper = app.state.services[identity.Doorkeeper]
    browsers = {}
    for login in people:
        browsers[login] = _browser(app)
        token = await doorkeeper.create_link(scope, login)
        answer = await browsers[login].post("/api/session/link", json={"token": token})
        assert answer.status_code == 200, answer.text
    desk = Desk(app, db, clock, agencies, people, browsers)
    for number, (short, lat, lon) in enumerate(
        (
            ("Dishub", -5.133, 119.411),
            ("Dishub", -5.134, 119.412),
            ("Dishub", -5.20, 119.50),
            ("Polrestabes", -5.135, 119.413),
        ),
        1,
    ):
        body = {
            "number": number,
            "name": f"Simpang {number}",
            "agency_id": str(agencies[short]),
            "lat": lat,
            "lon": lon,
        }
        answer = await browsers["admin"].post("/api/cameras", json=body)
        assert answer.status_code == 201, answer.text
        desk.cameras[number] = answer.json()["id"]
    return desk
