"""How many vehicles each station keeps free, and whom to move up where too few are left; pure.

A vehicle counts for its own station, whatever it is doing on the road, as long as it is free; once
it was moved up it counts for that one. One that drives home is on its way there until it arrives.
Nobody is taken from where they are needed as much.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

type WhyNone = Literal["none_free", "all_needed", "near_already", "no_route"]
"""Why nobody is proposed: no such vehicle is free; each is needed where it is; one is near enough
as it is; no way leads there, or no position is known."""


@dataclass(frozen=True, slots=True)
class Minimum:
    """How many vehicles of a kind are to be free.

    Attributes:
        station: Its name, as vehicles name theirs; of an area only what people call it.
        area: Area code: vehicles stationed in it count; None is the station of this name.
        place: Area in which the point lies.
        lat, lon: Where a vehicle that is moved up goes, and from where minutes are counted.
    """

    id: UUID
    agency_id: UUID
    station: str
    area: str | None
    kind: str
    least: int
    lat: float
    lon: float
    place: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A vehicle as minima see it.

    Attributes:
        station, place: Where it belongs: the name, and the area code.
        is_free: Somebody serves on it, and it is on nothing but perhaps a move-up.
        crew: How many serve on it; 0 is unknown, never free.
        moved_to: The minimum that it was moved up for.
        is_there: It arrived there.
        is_fresh: Where it is, is known; else nobody can say when it would be there.
        is_returning: It drives home: free, and not at its station yet.
    """

    id: UUID
    name: str
    agency_id: UUID
    kind: str
    station: str
    place: str | None
    is_free: bool
    crew: int = 1
    moved_to: UUID | None = None
    is_there: bool = False
    is_fresh: bool = True
    is_returning: bool = False


@dataclass(frozen=True, slots=True)
class Cover:
    """What is free for a minimum.

    Attributes:
        have: Free vehicles that are there, or belong there.
        coming: Free and on their way: moved up, or driving home.
        unknown: Of those that belong there, who has no crew: nobody knows.
        moved: Vehicles that were moved up, there or on their way.
    """

    minimum: Minimum
    have: tuple[Vehicle, ...]
    coming: tuple[Vehicle, ...]
    unknown: int
    moved: tuple[Vehicle, ...]

    @property
    def is_below(self) -> bool:
        """Whether fewer are free than there should be, whoever is on the way."""
        return len(self.have) < self.minimum.least

    @property
    def lacks(self) -> int:
        """How many more must be moved up."""
        return max(0, self.minimum.least - len(self.have) - len(self.coming))


@dataclass(frozen=True, slots=True)
class Move:
    """A vehicle to be moved up.

    Attributes:
        arrives_s: Its drive there, as everybody drives.
        gains_s: How much sooner the first vehicle is there once it stands there.
        costs_s: How much later it is at the station that it leaves; 0 where others stay there, None
            where nobody else would come.
    """

    minimum_id: UUID
    vehicle: Vehicle
    arrives_s: float
    gains_s: float
    costs_s: float | None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Driving times to the point of one minimum, by vehicle; those without a way are left out.

    Attributes:
        urgent: With lights and sirens: what a caller would wait.
        plain: As everybody drives: what a move-up takes.
    """

    urgent: Mapping[UUID, float]
    plain: Mapping[UUID, float]


def belongs(one: Vehicle, minimum: Minimum) -> bool:
    """Whether a vehicle is of this minimum by where it is stationed."""
    if one.agency_id != minimum.agency_id or one.kind != minimum.kind:
        return False
    if minimum.area is None:
        return " ".join(one.station.split()).casefold() == minimum.station.casefold()
    return one.place is not None and f"{one.place}.".startswith(f"{minimum.area}.")


def cover_of(minimum: Minimum, vehicles: Sequence[Vehicle]) -> Cover:
    """Who is free for it: those that belong there and were moved nowhere else, and those moved."""
    moved = tuple(one for one in vehicles if one.moved_to == minimum.id)
    home = [one for one in vehicles if one.moved_to is None and belongs(one, minimum)]
    there = [one for one in moved if one.is_free and one.is_there]
    # Of an area nobody can say that a vehicle of it left; of a station it says so itself.
    away = [one for one in home if one.is_free and one.is_returning and minimum.area is None]
    return Cover(
        minimum,
        have=tuple([one for one in home if one.is_free and one not in away] + there),
        coming=tuple([one for one in moved if one.is_free and not one.is_there] + away),
        unknown=sum(one.crew == 0 for one in home),
        moved=moved,
    )


def propose(
    covers: Sequence[Cover],
    vehicles: Sequence[Vehicle],
    seconds: Mapping[UUID, Seconds],
    least_gain_s: float,
) -> tuple[list[Move], dict[UUID, WhyNone]]:
    """Whom to move up for each minimum that lacks somebody, or why nobody.

    The largest shortage is served first. A vehicle goes only where it is not missed: no minimum
    that holds is broken for another. Who was moved up stays.

    Args:
        covers: Of every minimum that could be concerned.
        vehicles: All of them.
        seconds: By minimum; without roads it is empty.
        least_gain_s: A move that makes less of a difference is none.
    """
    spare = {one.minimum.id: len(one.have) - one.minimum.least for one in covers}
    free = [one for one in vehicles if one.is_free and one.moved_to is None]
    gone: set[UUID] = set()
    moves: list[Move] = []
    why: dict[UUID, WhyNone] = {}
    wanting = [one for one in covers if one.lacks > 0]
    wanting.sort(key=lambda one: (-one.lacks / one.minimum.least, one.minimum.station))
    for cover in wanting:
        for _ in range(cover.lacks):
            alike = [
                one
                for one in free
                if one.id not in gone
                and one.agency_id == cover.minimum.agency_id
                and one.kind == cover.minimum.kind
                and not belongs(one, cover.minimum)
            ]
            found = _best(cover, covers, alike, spare, seconds, gone, least_gain_s)
            if not isinstance(found, Move):
                why[cover.minimum.id] = found
                break
            moves.append(found)
            gone.add(found.vehicle.id)
            for home in _homes(found.vehicle, covers):
                spare[home.minimum.id] -= 1
    return moves, why


def _homes(one: Vehicle, covers: Sequence[Cover]) -> list[Cover]:
    return [cover for cover in covers if belongs(one, cover.minimum)]


def _best(
    cover: Cover,
    covers: Sequence[Cover],
    alike: Sequence[Vehicle],
    spare: Mapping[UUID, int],
    seconds: Mapping[UUID, Seconds],
    gone: set[UUID],
    least_gain_s: float,
) -> Move | WhyNone:
    if not alike:
        return "none_free"
    can = [one for one in alike if all(spare[home.minimum.id] > 0 for home in _homes(one, covers))]
    if not can:
        return "all_needed"
    times = seconds.get(cover.minimum.id)
    timed = [] if times is None else [one for one in can if one.is_fresh and one.id in times.plain]
    if times is None or not timed:
        return "no_route"
    quickest = min(timed, key=lambda one: (times.plain[one.id], one.name))
    # Whoever is free now would come from where they are; the moved one stands there then.
    own = [one for one in cover.coming if one.is_returning]
    waits = [times.urgent[one.id] for one in (*alike, *cover.have, *own) if one.id in times.urgent]
    gains_s = min(waits, default=times.plain[quickest.id])
    if gains_s < least_gain_s:
        return "near_already"
    costs = [_cost(quickest, home, seconds, gone) for home in _homes(quickest, covers)]
    worst = None if None in costs else max((c for c in costs if c is not None), default=0.0)
    return Move(cover.minimum.id, quickest, times.plain[quickest.id], gains_s, worst)


def _cost(
    leaver: Vehicle, home: Cover, seconds: Mapping[UUID, Seconds], gone: set[UUID]
) -> float | None:
    """How much later the first one is at the station it leaves; 0 where another stays there."""
    stay = [one for one in home.have if one.id != leaver.id and one.id not in gone]
    times = seconds.get(home.minimum.id)
    if times is None:
        return None
    after = min((times.urgent.get(one.id, math.inf) for one in stay), default=math.inf)
    before = min(after, times.urgent.get(leaver.id, math.inf))
    return after - before if math.isfinite(after) else None
