"""What the doors of `alerts` call. The caller opens the transaction."""

from typing import Any

from warroom.alerts.reading import Reading
from warroom.alerts.service import Outcome, Taker, show_alert, show_in_force, take_in
from warroom.alerts.settings import AlertSettings, AlertSource
from warroom.alerts.store import (
    find_refused,
    find_xml,
    forget,
    list_past,
    list_refused,
    list_sources,
)
from warroom.places.api import Atlas


def services(settings: AlertSettings, atlas: Atlas) -> dict[type, Any]:
    """What routes, jobs and commands use, by type; made once a process."""
    return {AlertSettings: settings, Taker: Taker(settings, atlas)}


__all__ = [
    "AlertSettings",
    "AlertSource",
    "Outcome",
    "Reading",
    "Taker",
    "find_refused",
    "find_xml",
    "forget",
    "list_past",
    "list_refused",
    "list_sources",
    "services",
    "show_alert",
    "show_in_force",
    "take_in",
]
