"""What crosses the border of `routing`: profiles, routes, and what an engine must do."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from warroom.kernel.actions import Action, declare
from warroom.roads.contracts import Flags, Floats, Numbers, Singles

VIEW = "route:view"

ACTIONS = declare(Action(VIEW, "route", "view", for_programs=True))

type Weights = NDArray[np.uint32]
"""Milliseconds."""

MOST_MINUTES = 15
"""An area within reach is asked for at most so many."""

NEVER = (1 << 31) - 1
"""The weight of what cannot be driven."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of vehicle and what it may do.

    Emergency vehicles on duty have priority over the signs (UU 22/2009 art. 134-135).

    Attributes:
        min_width_m: Narrower roads are none for it.
        may_restricted: It drives on roads closed to the public.
        may_banned_turns: It takes turns that signs forbid, at `BANNED_TURN_S` more.
        contraflow: Factor of the time against a one-way road; 0 never drives there.
        top_kmh: No road is faster for it.
    """

    name: str
    min_width_m: float
    may_restricted: bool = False
    may_banned_turns: bool = False
    contraflow: float = 0.0
    top_kmh: float = 120.0


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("car", 2.0),
        # A pumper is 2.5 m wide; with a mirror's width on each side.
        Profile("fire", 3.0, may_restricted=True, may_banned_turns=True, top_kmh=80.0),
        Profile("ambulance", 2.4, may_restricted=True, may_banned_turns=True, top_kmh=100.0),
        Profile("police", 2.0, may_restricted=True, may_banned_turns=True, contraflow=2.0),
    )
}


class Found(NamedTuple):
    """A way through the search.

    Attributes:
        cost_ms: `NEVER` or more where there is none.
        arcs: In order; empty where start and end are one vertex.
    """

    cost_ms: int
    arcs: list[int]


class Engine(Protocol):
    """Finds the cheapest ways over arcs whose weights change."""

    def customize(self, weights: Weights) -> None:
        """Gives every arc a new weight at once; a search sees all or none of them."""
        ...

    def update(self, arcs: Numbers, weights: Weights) -> None:
        """Gives some arcs a new weight."""
        ...

    def find(self, start: int, end: int) -> Found:
        """The cheapest way between two vertices."""
        ...

    def matrix(self, starts: Numbers, ends: Numbers) -> NDArray[np.int64]:
        """Costs in milliseconds, (starts, ends); at least `NEVER` where there is no way."""
        ...

    def sibling(self) -> "Engine":
        """Another engine over the same arcs, with weights of its own still to come."""
        ...


class Path(NamedTuple):
    """A way over edges.

    Attributes:
        cost_ms: Travel time.
        edges: All of them, the first and last driven in part.
        start, end: Fractions of the first and last edge.
    """

    cost_ms: int
    edges: list[int]
    start: float
    end: float


class Entered(NamedTuple):
    """When edges are entered by somebody who drives everywhere from one position.

    Attributes:
        at_s: (E) seconds from the start until the edge is entered, turn and lights before it
            included; infinite where that is beyond the limit.
        over_s: (E) seconds to drive it from end to end.
        start_edges, start_fractions: Where they leave from.
    """

    at_s: Floats
    over_s: Floats
    start_edges: Numbers
    start_fractions: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """The roads that are reached by one time and not by the band before.

    Attributes:
        minutes: Until when.
        lines: Of those whose speed is known (measured, reported, usual or from their neighbours).
        assumed: Of those of which nothing is known: the speed of a free road was taken.
        length_m: Of both together, each road once.
        assumed_m: Of the latter.
    """

    minutes: float
    lines: tuple[Floats, ...]
    assumed: tuple[Floats, ...]
    length_m: float
    assumed_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """What lies within reach of a position.

    Attributes:
        profile: For which vehicle.
        bands: One for each time, the shortest first.
        closed: Names of closed roads that would have been driven on.
    """

    profile: str
    bands: tuple[Band, ...]
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A way for people.

    Attributes:
        profile: For which vehicle.
        geometry: (n, 2) longitude and latitude.
        edges: Of the road graph.
        steps: What to do, in order.
        usual_s: What the way takes that one would take on free roads, on free roads.
        detour: Why it is not the way one would take on free roads; None where it is that way.
        slow: The road of it on which most time is lost now; None where little is.
    """

    profile: str
    distance_m: float
    duration_s: float
    free_flow_s: float
    geometry: Floats
    edges: tuple[int, ...]
    steps: tuple["Step", ...]
    usual_s: float
    detour: "Detour | None" = None
    slow: "Slow | None" = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do on the way.

    Attributes:
        turn: `depart`, `straight`, `slight_left`, `left`, `sharp_left`, the same for right,
            `around`, `arrive`.
        road: Name of the road that is entered; empty where it has none.
        distance_m, duration_s: Until the next step.
        lat, lon: Where.
    """

    turn: str
    road: str
    distance_m: float
    duration_s: float
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Detour:
    """Why a route leaves the way one would take on free roads.

    Attributes:
        road: The named road of that way on which most time would be lost.
        lost_s: What that way would take longer than the route, now.
        longer_m: How much longer the route is.
        edges: Of that way, those on that road.
    """

    road: str
    lost_s: float
    longer_m: float
    edges: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Slow:
    """The road on which a way loses most.

    Attributes:
        road: Its name; empty where it has none.
        lost_s: How much more it takes now than on free roads.
        edges: Of the way, those on that road.
    """

    road: str
    lost_s: float
    edges: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """The state of all E edges of a road graph, as far as routes need it.

    Attributes:
        kmh: (E) speed.
        closed: (E) whether nobody may drive there.
        jammed: (E) whether the road is known to be jammed.
        since: (E) since when it is as it is, seconds since 1970.
        known: (E) whether anything is known of its speed; else that of a free road is assumed.
    """

    kmh: Singles
    closed: Flags
    jammed: Flags
    since: Floats
    known: Flags
