"""What the doors of `alerts` call. The caller opens the transaction."""

from datetime import tzinfo
from typing import Any

from warroom.alerts.draft_store import find_told, list_drafts, list_told, show_draft
from warroom.alerts.drafting import Office, ask, begin, drop, give_back, issue, write
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
from warroom.incidents.api import Doorstep
from warroom.kernel.clock import Clock
from warroom.places.api import Atlas


class Porch(Doorstep):
    """How often strangers may read the public feed, by address."""


def services(
    settings: AlertSettings, atlas: Atlas, zone: tzinfo, domain: str, clock: Clock
) -> dict[type, Any]:
    """What routes, jobs and commands use, by type; made once a process."""
    taker = Taker(settings, atlas)
    return {
        AlertSettings: settings,
        Taker: taker,
        Office: Office(taker, zone, domain),
        Porch: Porch(clock, settings.feed_per_minute),
    }


__all__ = [
    "AlertSettings",
    "AlertSource",
    "Office",
    "Outcome",
    "Porch",
    "Reading",
    "Taker",
    "ask",
    "begin",
    "drop",
    "find_refused",
    "find_told",
    "find_xml",
    "forget",
    "give_back",
    "issue",
    "list_drafts",
    "list_past",
    "list_refused",
    "list_sources",
    "list_told",
    "services",
    "show_alert",
    "show_draft",
    "show_in_force",
    "take_in",
    "write",
]
