"""Use cases of what people say of roads: authorise, load, judge, save, audit, tell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from warroom.audit import api as audit
from warroom.cameras import api as cameras
from warroom.cameras.contracts import CONFIGURE, Camera
from warroom.identity.contracts import Thing, finds, id_of
from warroom.kernel import outbox
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.roads.api import RoadGraph
from warroom.traffic import rules, sight_store, store
from warroom.traffic.contracts import (
    CLOSE,
    CLOSURES,
    REPORT,
    REPORTS,
    SIGHTS,
    Cause,
    Level,
    Said,
    Source,
)
from warroom.traffic.errors import (
    NoHistoryError,
    NoSuchEdgesError,
    OutOfAreaError,
    SaidNotFoundError,
)
from warroom.traffic.history import Past
from warroom.traffic.jams import areas_of, roads_of
from warroom.traffic.looking import SIDES, Side
from warroom.traffic.picking import Line
from warroom.traffic.settings import TrafficSettings
from warroom.traffic.typical import packed_keys


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say.

    Attributes:
        line: As it was drawn.
        edges: What it means (`picking.along`).
        starts_at: None is from now.
        ends_at: None is as long as a report holds, if not said.
    """

    line: Line
    edges: Sequence[int]
    starts_at: datetime | None
    ends_at: datetime | None
    reason: str = ""
    level: Level | None = None
    cause: Cause | None = None
    source: Source = Source.OFFICER


async def close_roads(
    scope: Scope,
    tx: Transaction,
    graph: RoadGraph,
    draft: Draft,
    settings: TrafficSettings,
    now: datetime,
) -> UUID:
    """Closes roads for a time, for everybody's routes.

    Raises:
        SaidNotFoundError: The scope may close no road.
        OutOfAreaError: It may not close some of these.
        TimesError: The times cannot be.
        ReasonMissingError: No reason is given.
    """
    most = timedelta(days=settings.closure_most_days)
    ends_at = draft.ends_at or now + timedelta(hours=4)
    starts_at, ends_at = rules.check_times(draft.starts_at, ends_at, now, most)
    reason = rules.check_reason(draft.reason)
    said = _said(scope, CLOSE, graph, draft, (starts_at, ends_at))
    await _keep(scope, tx, "closure", said, graph, draft, reason, now)
    await _tell(scope, tx, "closure", "closed", said, roads_of(graph, list(draft.edges)), now)
    return said.id


async def report_roads(
    scope: Scope,
    tx: Transaction,
    graph: RoadGraph,
    draft: Draft,
    settings: TrafficSettings,
    now: datetime,
) -> UUID:
    """Says what roads are like; it holds until it expires or is taken back.

    Raises:
        SaidNotFoundError: The scope may report of no road.
        OutOfAreaError: It may not of some of these.
        TimesError: The times cannot be.
    """
    most = timedelta(hours=settings.report_most_hours)
    ends_at = draft.ends_at or now + timedelta(minutes=settings.report_minutes)
    starts_at, ends_at = rules.check_times(draft.starts_at, ends_at, now, most)
    said = _said(scope, REPORT, graph, draft, (starts_at, ends_at))
    reason = rules.check_reason(draft.reason) if draft.reason.strip() else ""
    await _keep(scope, tx, "report", said, graph, draft, reason, now)
    await _tell(scope, tx, "report", "reported", said, roads_of(graph, list(draft.edges)), now)
    return said.id


async def past_at(
    scope: Scope, tx: Transaction, graph: RoadGraph, version: str, at: datetime
) -> tuple[datetime, Past]:
    """When the last state until then was kept, and it, for the edges of this graph.

    Raises:
        NoHistoryError: None was.
    """
    found = await store.read_past(scope, tx, at)
    if found is None:
        raise NoHistoryError
    kept_at, pack, content, keys = found
    past = Past.unpacked(content)
    if pack != version:
        past = past.carried(keys, packed_keys(graph))
    return kept_at, past


async def open_roads_again(scope: Scope, tx: Transaction, said_id: UUID, now: datetime) -> None:
    """Ends a closure before its time; one that has ended stays as it is.

    Raises:
        SaidNotFoundError: No such closure, or not for this scope.
    """
    await _end(scope, tx, "closure", said_id, now)


async def withdraw_report(scope: Scope, tx: Transaction, said_id: UUID, now: datetime) -> None:
    """Takes a report back; one that has ended stays as it is.

    Raises:
        SaidNotFoundError: No such report, or not for this scope.
    """
    await _end(scope, tx, "report", said_id, now)


async def is_closing(scope: Scope, tx: Transaction, said_id: UUID) -> bool:
    """Whether there is a closure in view with this id, in force or not."""
    said = await store.find_in_view(scope, tx, said_id)
    return said is not None and said["kind"] == "closure"


async def set_sight(
    scope: Scope,
    tx: Transaction,
    camera_id: UUID,
    known: Callable[[Sequence[str]], Sequence[int]],
    keys: Mapping[Side, Sequence[str]],
    now: datetime,
) -> None:
    """Sets the edges that a camera counts on; none at all lets it count nowhere.

    Args:
        scope: Who asks; needs `camera:configure` on the camera.
        tx: Transaction of the scope.
        camera_id: Which camera.
        known: Gives the edges that the road graph has of some keys.
        keys: Of edges, by side.
        now: This instant.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
        NoSuchEdgesError: The road graph lacks some of the edges.
    """
    camera = await cameras.get_camera(scope, tx, camera_id, CONFIGURE)
    lacking = [key for side in keys.values() for key in side if not known([key])]
    if lacking:
        raise NoSuchEdgesError(keys=", ".join(lacking[:5]))
    await sight_store.save_sight(scope, tx, camera_id, keys, now)
    detail: dict[str, Any] = {side: len(keys.get(side, ())) for side in SIDES}
    await _tell_sight(scope, tx, camera, "traffic:sight_set", detail, now)


async def clear_sight(scope: Scope, tx: Transaction, camera_id: UUID, now: datetime) -> None:
    """Lets the edges of a camera follow from where it looks again.

    Raises:
        CameraNotFoundError: No such camera, or not for this scope.
    """
    camera = await cameras.get_camera(scope, tx, camera_id, CONFIGURE)
    if await sight_store.drop_sight(scope, tx, camera_id):
        await _tell_sight(scope, tx, camera, "traffic:sight_cleared", {}, now)


async def _tell_sight(
    scope: Scope,
    tx: Transaction,
    camera: Camera,
    action: str,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    body = {"camera": camera.id}
    await outbox.publish_many(tx, SIGHTS, [(body, *outbox.thing_of(camera.sides))], now=now)
    await audit.record(
        scope,
        tx,
        action=action,
        object_kind="camera",
        object_id=camera.id,
        object_label=camera.name,
        agency_id=camera.agency_id,
        place=camera.place,
        detail=detail,
        sides=camera.sides,
    )


def _said(
    scope: Scope,
    action: str,
    graph: RoadGraph,
    draft: Draft,
    times: tuple[datetime, datetime],
) -> Said:
    edges = list(draft.edges)
    areas = areas_of(graph, edges)
    if scope.agency_id is None or not scope.may(action):
        raise SaidNotFoundError
    said = Said(
        id=new_id(),
        agency_id=scope.agency_id,
        place=areas[0] if areas else None,
        keys=tuple(graph.key_of(edge) for edge in edges),
        starts_at=times[0],
        ends_at=times[1],
        source=draft.source,
        level=draft.level,
        cause=draft.cause,
    )
    sides = said.sides
    # A road of which no area is known is in no area that a right may be limited to.
    unknown = () if graph.area[edges].all() else (None,)
    for area in (*areas, *unknown):
        sides["place"] = area
        if not scope.allows(action, **sides):
            raise OutOfAreaError(roads=", ".join(roads_of(graph, edges)) or "?")
    return said


async def _keep(
    scope: Scope,
    tx: Transaction,
    kind: store.Kind,
    said: Said,
    graph: RoadGraph,
    draft: Draft,
    reason: str,
    now: datetime,
) -> None:
    roads = roads_of(graph, list(draft.edges))
    await store.insert_said(
        scope, tx, kind, said, roads=roads, line=draft.line, reason=reason, now=now
    )


async def _end(
    scope: Scope, tx: Transaction, kind: store.Kind, said_id: UUID, now: datetime
) -> None:
    action = CLOSE if kind == "closure" else REPORT
    found = await store.find_said(scope, tx, kind, said_id, action)
    if found is None:
        raise SaidNotFoundError
    said, roads, is_ended = found
    if is_ended:
        return
    await store.end_said(scope, tx, said_id, now)
    await _tell(scope, tx, kind, "opened" if kind == "closure" else "withdrawn", said, roads, now)


async def _tell(
    scope: Scope,
    tx: Transaction,
    kind: store.Kind,
    change: str,
    said: Said,
    roads: Sequence[str],
    now: datetime,
) -> None:
    sides = said.sides
    await outbox.publish(
        tx,
        CLOSURES if kind == "closure" else REPORTS,
        {"id": said.id, "change": change, "roads": list(roads), "ends_at": said.ends_at},
        agency_id=sides["agency_id"],
        place=sides["place"],
        object_id=sides["object_id"],
        tags=sides["tags"],
        class_=sides["class_"],
        now=now,
    )
    await audit.record(
        scope,
        tx,
        action=f"traffic:{change}",
        object_kind=f"road_{kind}",
        object_id=said.id,
        object_label=", ".join(roads),
        agency_id=said.agency_id,
        place=said.place,
        detail={
            "edges": len(said.keys),
            "from": said.starts_at,
            "to": said.ends_at,
            "level": said.level,
            "cause": said.cause,
        },
    )


@finds("road")
async def find_thing(scope: Scope, tx: Transaction, asked: str) -> Thing | None:
    """The closure, report or jam in view with this id, as rights see it; None if there is none."""
    thing_id = id_of(asked)
    if thing_id is None:
        return None
    said = await store.find_in_view(scope, tx, thing_id)
    if said is not None:
        label = ", ".join(said["roads"]) or str(thing_id)
        return Thing(said["kind"], said["id"], label, said["agency_id"], said["place"])
    jam = await store.find_jam(scope, tx, thing_id)
    if jam is None:
        return None
    label = ", ".join(jam["roads"]) or str(thing_id)
    return Thing("jam", jam["id"], label, None, jam["place"], of_city=True)
