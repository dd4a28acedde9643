"""What `units` tells `privacy`: where a vehicle is, is where its crew is."""

from datetime import datetime, timedelta
from typing import Any

from warroom.audit import api as audit
from warroom.kernel.db import Transaction
from warroom.kernel.scope import Scope
from warroom.privacy import api as privacy
from warroom.privacy.contracts import (
    ANSWER,
    Purpose,
    Retention,
    Stored,
    Subject,
    SubjectSource,
    Told,
)
from warroom.units import track_store
from warroom.units.settings import UnitSettings

_SEEN = timedelta(days=366)


async def find_plate(scope: Scope, tx: Transaction, subject: Subject) -> list[Stored]:
    """The service vehicle that bears a plate, how much is kept of its ways, and who looked.

    Told to who answers for its agency, who need not be allowed to see where it is. A plate that
    passes on the road is kept nowhere by `units`.
    """
    plate = privacy.normal(subject)
    return [
        Stored(
            "unit_track",
            row["positions"],
            "unit_tracks",
            "unit_track",
            (_item(row),),
            tuple(await _looks(scope, tx, row["id"])),
        )
        for row in await track_store.list_by_plate(scope, tx, plate, ANSWER)
    ]


def _item(row: dict[str, Any]) -> dict[str, Any]:
    moments = ("first_at", "last_at")
    told = {word: row[word] for word in ("name", "agency", "kind", "positions")}
    return told | {word: row[word] and row[word].isoformat() for word in moments}


async def _looks(scope: Scope, tx: Transaction, unit_id: Any) -> list[dict[str, Any]]:
    since: datetime = scope.at - _SEEN
    return [
        {"at": one.at, "person": one.person, "agency": one.agency, "action": one.action}
        for one in await audit.accesses(scope, tx, unit_id, since)
    ]


def told(settings: UnitSettings) -> Told:
    """The one purpose, how long the settings keep tracks, and how a vehicle is found in them."""
    return Told(
        (
            Purpose(
                "unit_tracks",
                "unit_track",
                actions=("unit:track",),
                tables=("unit", "unit_position", "unit_track", "unit_event", "unit_fence"),
            ),
        ),
        (Retention("unit_track", float(settings.track_days)),),
        (SubjectSource("unit", frozenset({"plate"}), frozenset({"unit_tracks"}), find_plate),),
    )
