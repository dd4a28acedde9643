"""What taking in works with: the settings, the cards, and which agency leads what."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from uuid import UUID

from warroom.identity import api as identity
from warroom.incidents.contracts import Place
from warroom.incidents.settings import IncidentSettings
from warroom.kernel.clock import Clock
from warroom.kernel.db import Database
from warroom.kernel.log import logger
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas

_ASK_AGAIN = timedelta(minutes=1)


class Leads:
    """Which agency leads, by the card's word for it.

    Asked as the system: a call taker need not see every agency of the city to hand on to one.

    Args:
        db: Where agencies are.
        clock: For how old an answer is.
        standing: The system's scope.
        shorts: Short names by word.
    """

    def __init__(self, db: Database, clock: Clock, standing: Scope, shorts: dict[str, str]) -> None:
        self._db, self._clock, self._standing, self._shorts = db, clock, standing, shorts
        self._known: dict[str, UUID] = {}
        self._asked_at: datetime | None = None

    async def find(self, word: str) -> UUID | None:
        """Id of the agency; None where none of its name is there."""
        now = self._clock.now()
        if word not in self._known and (
            self._asked_at is None or now - self._asked_at >= _ASK_AGAIN
        ):
            await self._ask()
            self._asked_at = now
        return self._known.get(word)

    async def _ask(self) -> None:
        async with self._db.transaction(self._standing) as tx:
            for word, short in self._shorts.items():
                found = await identity.find_agency_id(self._standing, tx, short)
                if found is not None:
                    self._known[word] = found
                else:
                    logger("incidents.intake").warning("no_such_agency", short=short)


@dataclass(frozen=True, slots=True)
class Intake:
    """Of one process.

    Attributes:
        zone: Of the city: numbers begin anew with its years.
        domain: By which other centres know the city; empty where it has none.
    """

    settings: IncidentSettings
    zone: tzinfo
    leads: Leads
    domain: str = ""


def place_at(atlas: Atlas, lat: float, lon: float, name: str = "", detail: str = "") -> Place:
    """A position with its kelurahan and kecamatan, where the city pack knows them."""
    area = atlas.area_of(lat, lon)
    if area is None:
        return Place(lat, lon, name, detail)
    parts = (area.kelurahan, area.kecamatan)
    return Place(
        lat,
        lon,
        name,
        detail,
        (area.kelurahan or area.kecamatan).code,
        ", ".join(part.name for part in parts if part is not None),
    )
