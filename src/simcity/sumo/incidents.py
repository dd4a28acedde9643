"""What goes wrong in an evening of SUMO: lanes blocked, water on the road, a crowd going home."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simcity.drive.streets import Floats, Streets

type Kind = Literal["breakdown", "flood", "surge"]

KM2_PER_INCIDENT = 7.4
"""Of the city's area: twelve in the 89 km2 of the study that this repeats."""

_SHARES = {"breakdown": 0.6, "flood": 0.25, "surge": 0.15}
_KMH = {"breakdown": 3.8, "flood": 6.0}
"""A vehicle past a wreck takes so long that a quarter of the lane's capacity is left; floods are
driven at a walk."""

_METRES = {"breakdown": 60.0, "flood": 350.0}
_MINUTES = {"breakdown": (15, 35), "flood": (30, 60), "surge": (15, 25)}
SURGE_VPH = 1200
"""Vehicles an hour that leave a market or stadium all at once, besides the rest."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One thing that goes wrong.

    Attributes:
        edges: Where, in the order of driving; of a surge the edge where it begins.
        begin_s, end_s: Seconds of the simulation.
        kmh: How fast one drives there at most; infinite for a surge.
    """

    kind: Kind
    edges: tuple[int, ...]
    begin_s: float
    end_s: float
    kmh: float


def plan_incidents(
    streets: Streets, flow: Floats, seed: int, begin_s: float, end_s: float, km2: float
) -> list[Incident]:
    """The incidents of a seed, by their beginning.

    Args:
        streets: What cars drive on.
        flow: (E) vehicles that pass each edge: accidents follow vehicle-kilometres.
        seed: Another one is another evening.
        begin_s: None begins before.
        end_s: None begins after.
        km2: Size of the city.
    """
    rng = np.random.default_rng([seed, 8])
    driven = np.where(streets.is_main & (streets.kind != 0), flow * streets.length_m, 0.0)
    incidents = []
    for _ in range(max(3, round(km2 / KM2_PER_INCIDENT))):
        kind: Kind = rng.choice(np.array(list(_SHARES)), p=list(_SHARES.values())).item()
        first = int(rng.choice(streets.edges, p=driven / driven.sum()))
        begin = float(rng.uniform(begin_s, end_s))
        shortest, longest = _MINUTES[kind]
        end = begin + 60.0 * float(rng.integers(shortest, longest + 1))
        edges = along(streets, first, _METRES.get(kind, 0.0))
        incidents.append(Incident(kind, edges, begin, end, _KMH.get(kind, float("inf"))))
    return sorted(incidents, key=lambda one: one.begin_s)


def along(streets: Streets, first: int, metres: float) -> tuple[int, ...]:
    """The edge and those after it on the same road, for so long."""
    found = [first]
    while sum(streets.length_m[found]) < metres:
        onward = streets.turn_to[streets.turn_from == found[-1]].tolist()
        same = [e for e in onward if streets.names[e] == streets.names[first] and e not in found]
        if not same:
            break
        found.append(same[0])
    return tuple(found)
