"""A small city with two agencies, for tests of what hangs in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from tests.scopes import EVERYTHING, scope_of
from warroom.cameras import api
from warroom.cameras.contracts import ListFilter
from warroom.cameras.settings import CameraSettings
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.secrets import Sealer
from warroom.places.api import Atlas


def square(west: float, south: float, side: float = 0.1) -> dict[str, Any]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


LAYERS: dict[str, list[dict[str, Any]]] = {
    "base": [feature(square(119.3, -5.3, 0.4), kind="land", name="Daratan")],
    "kecamatan": [
        feature(square(119.4, -5.2), code="73.71.01", name="Mariso"),
        feature(square(119.5, -5.2), code="73.71.02", name="Ujung Pandang"),
    ],
    "kelurahan": [
        feature(point(119.42, -5.15), code="73.71.01.1001", name="Baru", kecamatan="73.71.01"),
        feature(point(119.48, -5.15), code="73.71.01.1002", name="Lama", kecamatan="73.71.01"),
        feature(point(119.55, -5.15), code="73.71.02.1001", name="Baru", kecamatan="73.71.02"),
    ],
    "roads": [
        feature(
            {"type": "LineString", "coordinates": [[119.41, -5.15], [119.49, -5.15]]},
            id="R1",
            name="Jalan Andi Pangeran Pettarani",
        )
    ],
    "places": [
        feature(point(119.43, -5.14), id="P1", kind="puskesmas", name="Puskesmas Kassi-Kassi"),
        feature(point(119.56, -5.14), id="P2", kind="pasar", name="Pasar Terong"),
    ],
}

CITY = {
    "name": "Makassar",
    "zone": "Asia/Makassar",
    "zone_label": "WITA",
    "schematic": True,
    "bounds": [119.4, -5.2, 119.6, -5.1],
    "center": [119.5, -5.15],
    "label": "skematik",
}


def write_pack(folder: Path) -> Path:
    """A city pack of two square districts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, features in LAYERS.items():
        collection = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(collection))
    (folder / "city.json").write_text(json.dumps(CITY))
    return folder


@dataclass(frozen=True)
class World:
    """Two agencies, and scopes of people in and around them."""

    db: Database
    clock: FixedClock
    inventory: api.Inventory
    police: UUID
    dishub: UUID
    police_admin: Scope
    dishub_admin: Scope
    police_viewer: Scope
    agencyless: Scope
    system: Scope

    def camera(self, number: int = 1, **more: Any) -> dict[str, Any]:
        """Fields of a camera of the police in the first district."""
        return {
            "number": number,
            "name": f"Simpang {number}",
            "agency_id": self.police,
            "lat": -5.15,
            "lon": 119.421,
            **more,
        }

    async def add(self, number: int = 1, url: str | None = None, **more: Any) -> UUID:
        """Adds a camera as somebody who may do everything."""
        streams = [api.StreamChange("main", url or f"rtsp://10.0.0.{number}/main")]
        async with self.db.transaction(EVERYTHING) as tx:
            return await api.add_camera(
                self.inventory, EVERYTHING, tx, self.camera(number, **more), streams
            )

    async def change(self, scope: Scope, camera_id: UUID, version: int, **values: Any) -> None:
        streams = values.pop("streams", ())
        async with self.db.transaction(scope) as tx:
            await api.change_camera(self.inventory, scope, tx, camera_id, version, values, streams)

    async def listed(self, scope: Scope, **filters: Any) -> dict[str, Any]:
        async with self.db.transaction(scope) as tx:
            page = await api.list_cameras(self.inventory, scope, tx, ListFilter(**filters))
        return msgspec.json.decode(page)  # type: ignore[no-any-return]

    async def shown(self, scope: Scope, which: UUID | int) -> dict[str, Any]:
        async with self.db.transaction(scope) as tx:
            page = await api.show_camera(self.inventory, scope, tx, which)
        return msgspec.json.decode(page)  # type: ignore[no-any-return]

    async def rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        async with self.db.transaction(EVERYTHING) as tx:
            return await (await tx.execute(query, values)).fetchall()  # type: ignore[call-overload, no-any-return]


async def make_world(db: Database, clock: FixedClock, folder: Path) -> World:
    async with db.transaction(EVERYTHING) as tx:
        police, dishub = [
            await identity.create_agency(EVERYTHING, tx, identity.NewAgency(kind, name, short))
            for kind, name, short in (
                ("police", "Kepolisian Resor Kota Besar", "Polrestabes"),
                ("dishub", "Dinas Perhubungan", "Dishub"),
            )
        ]

    def person(agency: UUID, *actions: str) -> Scope:
        rule = Rule(frozenset(actions), agencies=frozenset({agency}))
        return scope_of(rule, agency_id=agency, person_id=new_id())

    inventory = api.Inventory(
        Sealer(b"k" * 32), Atlas(write_pack(folder / "city")), CameraSettings(), clock
    )
    return World(
        db=db,
        clock=clock,
        inventory=inventory,
        police=police,
        dishub=dishub,
        police_admin=person(police, "camera:*", "agency:view", "audit:read"),
        dishub_admin=person(dishub, "camera:*", "agency:view"),
        police_viewer=person(police, "camera:view", "city:view"),
        agencyless=scope_of(person_id=new_id()),
        system=scope_of(Rule(frozenset({"*"}))),
    )
