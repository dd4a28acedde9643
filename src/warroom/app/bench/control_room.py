"""The control room that `warroom bench dispatch` measures: five agencies, their units and people.

The city is the schematic one, so that ways over its roads are asked for as in production.
"""

import asyncio
import random
import subprocess
import sys
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from warroom.app.node import Node
from warroom.identity import api as identity
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.units import api as units

AGENCIES = (
    ("fire", "Damkar"),
    ("skpd", "Dinkes"),
    ("police", "Polrestabes"),
    ("dishub", "Dishub"),
    ("city", "Diskominfo"),
)
SORTS = (
    ("engine", "Damkar", "pump rescue", 2.5),
    ("engine", "Damkar", "pump", 1.9),
    ("tanker", "Damkar", "water", 2.5),
    ("ladder", "Damkar", "ladder rescue", 2.55),
    ("ambulance", "Dinkes", "als", 2.0),
    ("patrol", "Polrestabes", "traffic", 1.8),
    ("dishub", "Dishub", "tow traffic", 2.0),
    ("engine", "Diskominfo", "pump", 2.5),
)
"""Kind, agency, capabilities, width in metres; turn by turn."""

_POSITION = """
insert into unit_position (unit_id, agency_id, at, received_at, lat, lon)
values (%(unit)s, %(agency)s, %(now)s, %(now)s, %(lat)s, %(lon)s)
"""

_PERSON = """
insert into person (id, agency_id, login, name, created_at, changed_at)
values (%(person)s, %(agency)s, %(login)s, 'Awak', %(now)s, %(now)s)
"""

_CREW = """
insert into dispatch_crew (id, unit_id, person_id, agency_id, signed_on_at)
values (%(id)s, %(unit)s, %(person)s, %(agency)s, %(now)s)
"""

BOX = ((-5.17, 119.40), (-5.11, 119.47))
"""Where units and incidents are: the middle of the schematic city."""


@dataclass
class ControlRoom:
    """Who and what is in the node that is measured.

    Args:
        count: Units.
        operators: People who look on.

    Attributes:
        tokens: Of the operators.
    """

    count: int
    operators: int
    tokens: list[str] = field(default_factory=list)

    def fill(self, node: Node) -> None:
        """Puts city, agencies, units with crews and fresh positions, and operators in place."""
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "simcity", "city", "--out", str(node.settings.city)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        asyncio.run(self._fill(node))

    async def _fill(self, node: Node) -> None:
        db = Database(node.connections.app)
        await db.open()
        scope = identity.system_scope("bench", node.clock, door="cli")
        try:
            async with db.transaction(scope) as tx:
                wanted = [identity.NewAgency(kind, name, name) for kind, name in AGENCIES]
                agencies = await identity.ensure_agencies(scope, tx, wanted)
                fleet = units.Fleet(node.configuration.section(units.UnitSettings), node.clock)
                await units.import_units(fleet, scope, tx, as_csv(self.count))
            self.tokens = [
                await self._operator(db, scope, number, agencies["Diskominfo"])
                for number in range(self.operators)
            ]
        finally:
            await db.close()
        place_units(node)

    @staticmethod
    async def _operator(db: Database, scope: Scope, number: int, agency: UUID) -> str:
        """Somebody of the 112 room who sees and may send everything; their token."""
        login = f"operator.{number}"
        async with db.transaction(scope) as tx:
            roles = {"penerima_112": "city", "pengendali_112": "city"}
            person = identity.NewPerson(login, f"Operator {number}", agency, roles=roles)
            await identity.ensure_people(scope, tx, [person])
            terms = identity.TokenTerms("bench", 1)
            return (await identity.create_token(scope, tx, login=login, terms=terms)).token


def as_csv(count: int) -> bytes:
    """The units as an import takes them."""
    rows = ["name,kind,agency,capabilities,crew,width_m,place"]
    for number in range(count):
        kind, agency, can, width = SORTS[number % len(SORTS)]
        rows.append(f"{kind} {number},{kind},{agency},{can},4,{width},73.71.04")
    return "\n".join(rows).encode()


def spots(count: int, seed: int) -> list[tuple[float, float]]:
    """Latitude and longitude of so many places in the middle of the city."""
    chance = random.Random(seed)  # noqa: S311 - which places is no secret
    (south, west), (north, east) = BOX
    return [(chance.uniform(south, north), chance.uniform(west, east)) for _ in range(count)]


def place_units(node: Node) -> None:
    """Gives every unit a position of now and somebody who serves on it."""
    now = node.clock.now()
    with psycopg.connect(node.connections.superuser) as connection:
        found = connection.execute("select id, agency_id from unit order by name").fetchall()
        for (unit, agency), (lat, lon) in zip(found, spots(len(found), 1), strict=True):
            values = {
                "unit": unit, "agency": agency, "person": new_id(), "id": new_id(), "now": now,
                "lat": lat, "lon": lon, "login": f"awak.{unit.hex}",
            }  # fmt: skip
            for statement in (_POSITION, _PERSON, _CREW):
                connection.execute(statement, values)
    with psycopg.connect(node.connections.superuser, autocommit=True) as connection:
        connection.execute("analyze")
