"""What other domains, and the composition root, call of `traffic`."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from warroom.kernel.clock import Clock
from warroom.kernel.db import Database, Transaction
from warroom.kernel.deletions import Deletion, note
from warroom.kernel.scope import Scope
from warroom.roads.api import Roads
from warroom.traffic.contracts import (
    Colour,
    Counts,
    How,
    Jam,
    JamEvent,
    Observations,
    Said,
    Source,
    State,
)
from warroom.traffic.drawing import DRAWN_FORM, Drawing
from warroom.traffic.estimator import Cycle, Estimator
from warroom.traffic.jams import areas_of, roads_of
from warroom.traffic.looking import Look, Side, look
from warroom.traffic.measuring import Measured, measure
from warroom.traffic.picking import along
from warroom.traffic.runner import Traffic
from warroom.traffic.service import (
    Draft,
    clear_sight,
    close_roads,
    is_closing,
    open_roads_again,
    past_at,
    report_roads,
    set_sight,
    withdraw_report,
)
from warroom.traffic.settings import TrafficSettings
from warroom.traffic.sharing import Sharing
from warroom.traffic.sights import Sights
from warroom.traffic.sights import as_arrays as camera_arrays
from warroom.traffic.sights import as_json as tell_sight
from warroom.traffic.sights import visible as sights_in_view
from warroom.traffic.store import drop_jams, list_ended_jams, list_past, list_said
from warroom.traffic.telling import tell_edge, tell_past, tell_state, tell_typical


async def forget_jams(
    scope: Scope, tx: Transaction, settings: TrafficSettings, now: datetime
) -> int:
    """Deletes jams that ended longer ago than they are kept; tells how many."""
    count, first_at, last_at = await drop_jams(scope, tx, now - timedelta(days=settings.jam_days))
    gone = Deletion("traffic_jam", "traffic_jam", "age", count, now, now, first_at, last_at)
    await note(scope, tx, gone)
    return count


def open_traffic(
    db: Database,
    clock: Clock,
    standing: Scope,
    roads: Roads,
    zone: ZoneInfo,
    settings: TrafficSettings,
    holder: str,
) -> Traffic:
    """The state of the roads of a process; begins when it is entered."""
    return Traffic(db, clock, standing, roads, zone, settings, holder)


__all__ = [
    "DRAWN_FORM",
    "Colour",
    "Counts",
    "Cycle",
    "Draft",
    "Drawing",
    "Estimator",
    "How",
    "Jam",
    "JamEvent",
    "Look",
    "Measured",
    "Observations",
    "Said",
    "Sharing",
    "Side",
    "Sights",
    "Source",
    "State",
    "Traffic",
    "TrafficSettings",
    "along",
    "areas_of",
    "camera_arrays",
    "clear_sight",
    "close_roads",
    "forget_jams",
    "is_closing",
    "list_ended_jams",
    "list_past",
    "list_said",
    "look",
    "measure",
    "open_roads_again",
    "open_traffic",
    "past_at",
    "report_roads",
    "roads_of",
    "set_sight",
    "sights_in_view",
    "tell_edge",
    "tell_past",
    "tell_sight",
    "tell_state",
    "tell_typical",
    "withdraw_report",
]
