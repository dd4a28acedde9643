"""What other domains ask about routes."""

from warroom.routing.contracts import PROFILES, Detour, Path, Profile, Route, Step
from warroom.routing.directions import is_worth_turning, sentence_of
from warroom.routing.router import Router, make_routers
from warroom.routing.service import Routing

__all__ = [
    "PROFILES",
    "Detour",
    "Path",
    "Profile",
    "Route",
    "Router",
    "Routing",
    "Step",
    "is_worth_turning",
    "make_routers",
    "sentence_of",
]
