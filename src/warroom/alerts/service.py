"""Taking alerts in, and showing what holds: authorise, read, decide, save, audit, publish."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from warroom.alerts import rules, store
from warroom.alerts.cap import read_alert
from warroom.alerts.contracts import CHANGED, Alert, Area, Box
from warroom.alerts.errors import AlertNotFoundError, BadAlertError
from warroom.alerts.settings import AlertSettings
from warroom.alerts.store import Reach
from warroom.audit import api as audit
from warroom.incidents import api as incidents
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas

KEPT_BYTES = 64 << 10
OPEN_INCIDENTS_MOST = 1_000
PREMISES_MOST = 200
"""So many premises inside an alert are named; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Taker:
    """What taking in works with.

    Attributes:
        settings: How long an alert holds that does not say.
        atlas: Where the city is.
    """

    settings: AlertSettings
    atlas: Atlas


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document: `new`, `known`, `language` (told in one more), `refused`."""

    how: str
    alert_id: UUID | None = None
    problem: str = ""
    detail: str = ""


async def take_in(
    taker: Taker, scope: Scope, tx: Transaction, source: str, content: bytes, origin: str
) -> Outcome:
    """Takes in a document; what is no alert is kept apart with the reason, and harms no other.

    The same message again (sender, identifier and time) changes nothing, unless it is told in a
    language that was missing.

    Args:
        taker: What it works with.
        scope: Who brings it; its instant is when it came.
        tx: Where it is written.
        source: Whose word it is: only messages of the same source end each other.
        content: The document.
        origin: Where it lay: an address, a file, a program.
    """
    try:
        read = read_alert(content)
    except BadAlertError as error:
        return await _refuse(scope, tx, (source, origin), content, error)
    await store.lock(scope, tx)
    alert, now = read.alert, scope.at
    standing = rules.standing_of(alert, unexpiring_of(taker))
    known = await store.find_by_key(scope, tx, source, standing.key)
    if known is not None:
        return await _again(taker, scope, tx, source, known, alert)
    alert_id = new_id()
    told = (alert, standing, reach_of(taker.atlas, alert), content, read.remarks)
    ended = await store.insert_alert(scope, tx, alert_id, source, told, now)
    await _tell(tx, [alert_id, *ended], "received", now)
    detail = {"source": source, "type": alert.type, "status": alert.status}
    await record(scope, tx, "received", alert_id, alert.identifier, detail)
    return Outcome("new", alert_id)


async def _again(
    taker: Taker,
    scope: Scope,
    tx: Transaction,
    source: str,
    known: tuple[UUID, Alert, list[str]],
    alert: Alert,
) -> Outcome:
    alert_id, before, remarks = known
    spoken = {one.language.lower() for one in before.infos}
    more = tuple(one for one in alert.infos if one.language.lower() not in spoken)
    if not more or before.status != alert.status or before.type != alert.type:
        return Outcome("known", alert_id)
    whole = replace(before, infos=(*before.infos, *more))
    standing = rules.standing_of(whole, unexpiring_of(taker))
    reach = reach_of(taker.atlas, whole)
    told = (whole, standing, reach, (*remarks, *(f"language:{one.language}" for one in more)))
    await store.widen_alert(scope, tx, alert_id, told)
    await _tell(tx, [alert_id], "language", scope.at)
    await record(scope, tx, "received", alert_id, alert.identifier, {"source": source})
    return Outcome("language", alert_id)


async def _refuse(
    scope: Scope, tx: Transaction, where: tuple[str, str], content: bytes, error: BadAlertError
) -> Outcome:
    problem, detail = str(error.params["problem"]), str(error.params["detail"])[:300]
    refused_id = new_id()
    refused = {
        "id": refused_id,
        "source": where[0],
        "origin": where[1][:1_000],
        "digest": hashlib.sha256(content).hexdigest(),
        "problem": problem,
        "detail": detail.replace("\0", ""),
        "content": content[:KEPT_BYTES],
        "size": len(content),
        "now": scope.at,
    }
    if await store.insert_refused(scope, tx, refused) == 1:
        await _tell(tx, [], "refused", scope.at)
        await record(
            scope, tx, "refused", refused_id, where[0], {"problem": problem, "detail": detail}
        )
    return Outcome("refused", None, problem, detail)


def unexpiring_of(taker: Taker) -> timedelta:
    """How long an alert holds that does not say until when."""
    return timedelta(hours=taker.settings.unexpiring_hours)


def reach_of(atlas: Atlas, alert: Alert) -> Reach:
    """Where in the city an alert holds, by its outlines and by codes of areas.

    A kelurahan whose middle lies inside is touched, and so is the city where a corner of an
    outline lies in one of its own. Without outline and without a code that is known here, nobody
    can tell.
    """
    areas = [area for info in alert.infos for area in info.areas]
    wards = atlas.wards()
    city = {ward.kecamatan.code.rpartition(".")[0] for ward in wards}
    codes = [code for area in areas for _, code in area.geocodes]
    found = {
        ward.kecamatan.code
        for ward in wards
        if _is_coded(ward.area.code, codes) or _holds(areas, (ward.lat, ward.lon))
    }
    if found:
        return Reach(True, tuple(sorted(found)))
    box = rules.box_of(areas)
    if box is None:
        is_told = any(_is_official(code) for code in codes) and bool(city)
        return Reach(False if is_told else None)
    return Reach(_meets_city(atlas, areas, box, has_wards=bool(wards)))


def _is_coded(ward: str, codes: Iterable[str]) -> bool:
    return any(
        _is_official(code) and f"{ward}.".startswith(f"{code}.") for code in map(str.strip, codes)
    )


def _is_official(code: str) -> bool:
    """Whether it looks like a code of the interior ministry: `73.71` or longer."""
    parts = code.split(".")
    return len(parts) >= 2 and all(part.isascii() and part.isdigit() for part in parts)


def _holds(areas: Iterable[Area], point: tuple[float, float]) -> bool:
    return any(rules.holds_at(area, point) for area in areas)


def _meets_city(atlas: Atlas, areas: list[Area], box: Box, *, has_wards: bool) -> bool | None:
    facts = atlas.city()
    if facts is None:
        return None
    west, south, east, north = facts.bounds
    if box[2] < west or box[0] > east or box[3] < south or box[1] > north:
        return False
    if not has_wards:
        return True
    points = (point for ring in rules.rings_of(areas) for point in ring)
    inside = ((lat, lon) for lat, lon in points if south <= lat <= north and west <= lon <= east)
    return any(
        (area := atlas.area_of(lat, lon)) is not None and area.how_known == "polygon"
        for lat, lon in inside
    )


async def show_in_force(scope: Scope, tx: Transaction) -> list[dict[str, Any]]:
    """Alerts that hold or will hold, each with how many open incidents in view lie inside.

    None is told where the asker sees no incidents, or where the alert draws no outline: that is
    not the same as none.
    """
    items = msgspec.json.decode(await store.list_in_force(scope, tx, scope.at))
    open_ones = await _open_incidents(scope, tx)
    return [{**one, "incidents": _inside(one, open_ones)} for one in items]


async def show_alert(scope: Scope, tx: Transaction, alert_id: UUID) -> dict[str, Any]:
    """One alert, with the open incidents and the premises in view that lie inside.

    None is told of either where the asker sees none, or where the alert draws no outline.

    Raises:
        AlertNotFoundError: There is no such alert.
    """
    found = await store.find_alert(scope, tx, alert_id)
    if found is None:
        raise AlertNotFoundError
    return {
        **found,
        "incidents": _inside(found, await _open_incidents(scope, tx)),
        "premises": await _premises(scope, tx, _areas_of(found)),
    }


async def _premises(scope: Scope, tx: Transaction, areas: list[Area]) -> dict[str, Any] | None:
    """How many there are inside, how many of them are dangerous, and the first of them."""
    box = rules.box_of(areas)
    if box is None or not scope.may("incident:view"):
        return None
    near = await incidents.list_premises_in(scope, tx, box)
    inside = [one for one in near if _holds(areas, (one.lat, one.lon))]
    return {
        "count": len(inside),
        "dangerous": sum(one.is_dangerous for one in inside),
        "items": inside[:PREMISES_MOST],
    }


async def _open_incidents(scope: Scope, tx: Transaction) -> list[dict[str, Any]] | None:
    if not scope.may("incident:view"):
        return None
    content = await incidents.list_incidents(
        scope, tx, since=scope.at, after=None, limit=OPEN_INCIDENTS_MOST, is_open=True
    )
    return [one for one in msgspec.json.decode(content) if one["lat"] is not None]


def _inside(
    shown: dict[str, Any], open_ones: list[dict[str, Any]] | None
) -> list[dict[str, Any]] | None:
    areas = _areas_of(shown)
    box = rules.box_of(areas)
    if open_ones is None or box is None:
        return None
    return [
        {word: one[word] for word in ("id", "number", "type", "event", "priority")}
        for one in open_ones
        if box[0] <= one["lon"] <= box[2]
        and box[1] <= one["lat"] <= box[3]
        and _holds(areas, (one["lat"], one["lon"]))
    ]


def _areas_of(shown: dict[str, Any]) -> list[Area]:
    return [area for info in msgspec.convert(shown["body"], Alert).infos for area in info.areas]


async def _tell(tx: Transaction, ids: list[UUID], change: str, now: datetime) -> None:
    """Tells everybody who may see alerts; of no agency and no place."""
    await outbox.publish(tx, CHANGED, {"ids": ids, "change": change}, agency_id=None, now=now)


async def record(
    scope: Scope,
    tx: Transaction,
    deed: str,
    alert_id: UUID,
    label: str,
    detail: dict[str, Any],
    *,
    agency_id: UUID | None = None,
    reason: str | None = None,
) -> None:
    """Writes a deed about an alert, or a draft of one, into the audit."""
    await audit.record(
        scope,
        tx,
        action=f"alert:{deed}",
        object_kind="alert",
        object_id=alert_id,
        object_label=label[:200],
        agency_id=agency_id or scope.agency_id,
        detail=detail,
        reason=reason,
    )
