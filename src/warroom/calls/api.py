"""The functions of `calls` that other domains call."""

from warroom.calls.edge.client import EdgeClient, Following
from warroom.calls.edge.journal import Event
from warroom.calls.rules import CallClass, CallState
from warroom.calls.settings import CallSettings, Trunk

__all__ = [
    "CallClass",
    "CallSettings",
    "CallState",
    "EdgeClient",
    "Event",
    "Following",
    "Trunk",
]
