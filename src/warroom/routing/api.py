"""What other domains ask about routes."""

from warroom.routing.contracts import (
    PROFILES,
    Conditions,
    Detour,
    Path,
    Profile,
    Reach,
    Route,
    Step,
)
from warroom.routing.desk import Desk
from warroom.routing.directions import is_worth_turning, sentence_of
from warroom.routing.router import Router, make_routers
from warroom.routing.service import Routing
from warroom.routing.telling import detour_json, reach_json, route_json

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
    "Step",
    "detour_json",
    "is_worth_turning",
    "make_routers",
    "reach_json",
    "route_json",
    "sentence_of",
]
