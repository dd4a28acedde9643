"""What other domains ask about routes."""

from warroom.routing.contracts import (
    PROFILES,
    Conditions,
    Detour,
    Path,
    Profile,
    Reach,
    Route,
    Slow,
    Step,
)
from warroom.routing.desk import Desk
from warroom.routing.directions import is_worth_turning, sentence_of, slowest_road
from warroom.routing.router import Router, make_routers
from warroom.routing.service import Routing
from warroom.routing.telling import detour_json, reach_json, route_json, state_of

__all__ = [
    "PROFILES",
    "Conditions",
    "Desk",
    "Detour",
    "Path",
    "Profile",
    "Reach",
    "Route",
    "Router",
    "Routing",
    "Slow",
    "Step",
    "detour_json",
    "is_worth_turning",
    "make_routers",
    "reach_json",
    "route_json",
    "sentence_of",
    "slowest_road",
    "state_of",
]
