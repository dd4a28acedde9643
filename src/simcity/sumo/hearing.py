"""What the control room is told of an evening's incidents, how late, and how long it goes on.

Schematic: nobody surveyed it for Makassar. Who is stuck calls within minutes, and calls nobody to
say that it is over; an officer comes later, sees the whole of it, and takes the word back late.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from simcity.drive.streets import Streets
from simcity.sumo.incidents import Incident

type Kind = Literal["call", "officer", "closure"]

CALLED, CALL_MIN, CALL_HOLDS_S = 0.5, (2.0, 8.0), 1800.0
"""Part of the incidents that somebody calls about, minutes until the call, and how long the product
believes it when nobody says otherwise."""

SEEN, ARRIVE_MIN, LEAVE_MIN = 0.6, (6.0, 15.0), (1.0, 8.0)
"""Part of the incidents to which an officer comes, minutes until then, and minutes from the end of
the incident until the officer says so."""

CLOSED = 0.5
"""Part of the floods that an officer closes."""

UPSTREAM_M = 200.0
"""How far back an officer sees the queue."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A word on some edges; seconds of the simulation.

    Attributes:
        edges: Indices of `streets`.
        begin_s, end_s: It is known from, and holds until.
    """

    kind: Kind
    edges: tuple[int, ...]
    begin_s: float
    end_s: float


def plan_hearing(streets: Streets, incidents: list[Incident], seed: int) -> list[Heard]:
    """What is heard of the incidents of a seed, by when it is heard."""
    rng = np.random.default_rng([seed, 110])
    heard: list[Heard] = []
    for one in incidents:
        is_called, comes, closes = rng.random(3) < (CALLED, SEEN, CLOSED)
        call_s, arrive_s, leave_s = (
            60.0 * float(rng.uniform(*bounds)) for bounds in (CALL_MIN, ARRIVE_MIN, LEAVE_MIN)
        )
        arrives, leaves = one.begin_s + arrive_s, one.end_s + leave_s
        if is_called and one.begin_s + call_s < one.end_s:
            begin = one.begin_s + call_s
            heard.append(Heard("call", one.edges[:1], begin, begin + CALL_HOLDS_S))
        if comes and arrives < one.end_s:
            edges = (*upstream(streets, one.edges[0], UPSTREAM_M), *one.edges)
            heard.append(Heard("officer", edges, arrives, leaves))
            if one.kind == "flood" and closes:
                heard.append(Heard("closure", one.edges, arrives, leaves))
    return sorted(heard, key=lambda word: word.begin_s)


def upstream(streets: Streets, edge: int, metres: float) -> tuple[int, ...]:
    """The edges before one on the same road, the farthest first, for so long."""
    found = [edge]
    while sum(streets.length_m[found[1:]]) < metres:
        before = streets.turn_from[streets.turn_to == found[-1]].tolist()
        same = [e for e in before if streets.names[e] == streets.names[edge] and e not in found]
        if not same:
            break
        found.append(same[0])
    return tuple(found[:0:-1])
