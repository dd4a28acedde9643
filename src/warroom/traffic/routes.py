"""HTTP of the state of roads: read the request, call `api`, answer."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from warroom.cameras.contracts import CONFIGURE as CAMERA_CONFIGURE
from warroom.cameras.contracts import VIEW as CAMERA_VIEW
from warroom.kernel.http import Context, Ctx, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.traffic import api
from warroom.traffic.api import DRAWN_FORM, Draft, Drawing, Side, Sights, Source, Traffic
from warroom.traffic.contracts import (
    CLOSE,
    CLOSURES,
    COUNT,
    EDGES,
    JAMS,
    REPORT,
    REPORTS,
    VIEW,
    Cause,
    Level,
)

router = Router("traffic")

TOPICS: list[Topic] = [
    Topic(EDGES, VIEW, is_common=True),
    Topic(JAMS, VIEW, is_common=True),
    Topic(CLOSURES, VIEW),
    Topic(REPORTS, VIEW),
]

LAYER_MAX_AGE_S = 300

type EdgeKey = Annotated[str, Field(max_length=80, pattern=r"^-?\d+:-?\d+:-?\d+$")]
"""`way:from:to`, numbers of the map."""

type Position = tuple[
    Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)],
    Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)],
]
"""Longitude and latitude, as GeoJSON has them."""


class LineBody(BaseModel):
    """Roads, as they are drawn."""

    model_config = ConfigDict(extra="forbid")

    line: Annotated[list[Position], Field(min_length=1, max_length=500)]
    both_ways: bool = True


class SaidBody(LineBody):
    """Roads, and for how long something is said of them."""

    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    cause: Cause | None = None


class ClosureBody(SaidBody):
    """A closure."""

    reason: Annotated[str, Field(max_length=500)]


class ReportBody(SaidBody):
    """What roads are like."""

    level: Level
    source: Literal["officer", "call"] = "officer"
    reason: Annotated[str, Field(max_length=500)] = ""


class SightBody(BaseModel):
    """Edges (`way:from:to`) that a camera counts on, by whether traffic drives away or nearer."""

    model_config = ConfigDict(extra="forbid")

    away: Annotated[list[EdgeKey], Field(max_length=20)] = []
    toward: Annotated[list[EdgeKey], Field(max_length=20)] = []


@router.get("/state", action=VIEW)
async def get_state(ctx: Ctx) -> Response:
    """The state of all edges; the topic `traffic.edges` tells what changes of it."""
    traffic = ctx.services[Traffic]
    return json_response(api.tell_state(traffic.estimator, traffic.settings))


@router.get("/typical", action=VIEW)
async def get_typical(ctx: Ctx) -> Response:
    """How the roads usually are in this slot of the week, as far as it was learnt."""
    return json_response(api.tell_typical(ctx.services[Traffic].estimator))


@router.get("/history", action=VIEW)
async def list_history(ctx: Ctx, hours: Annotated[int, Query(ge=1, le=24 * 7)] = 24) -> Response:
    """Of which instants the state of the roads was kept, the oldest first."""
    async with ctx.db.transaction(ctx.scope) as tx:
        since = ctx.clock.now() - timedelta(hours=hours)
        items = await api.list_past(ctx.scope, tx, since)
    kept = ctx.services[Traffic].settings.history_hours
    return json_response({"items": items, "kept_hours": kept})


@router.get("/history/state", action=VIEW)
async def get_history(ctx: Ctx, at: datetime) -> Response:
    """The state of all edges as it was last kept until then, by the numbers of the edges of now."""
    estimator = ctx.services[Traffic].estimator
    async with ctx.db.transaction(ctx.scope) as tx:
        kept_at, past = await api.past_at(
            ctx.scope, tx, estimator.graph, estimator.ground.version, at
        )
    return json_response(api.tell_past(estimator, kept_at, past))


@router.post("/along", action=VIEW)
async def find_along(ctx: Ctx, body: LineBody) -> Response:
    """The edges that a line or a point means: what a closure or a report of it would be of."""
    snapper = ctx.services[Traffic].roads.snapper
    graph = snapper.graph
    edges = await asyncio.to_thread(api.along, snapper, body.line, both_ways=body.both_ways)
    return json_response(
        {
            "edges": edges,
            "roads": api.roads_of(graph, edges),
            "areas": api.areas_of(graph, edges),
            "length_m": round(float(graph.length_m[edges].sum()), 1),
        }
    )


@router.get("/edges.geojson", action=VIEW)
async def get_edges(ctx: Ctx, request: Request) -> Response:
    """Every edge as a line, to be coloured by its number (`id`)."""
    graph = ctx.services[Traffic].roads.graph
    drawn = await asyncio.to_thread(ctx.services[Drawing].of, graph)
    headers = {
        "etag": f'"{drawn.version}-{DRAWN_FORM}"',
        "cache-control": f"private, max-age={LAYER_MAX_AGE_S}",
        "vary": "cookie, accept-encoding",
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = drawn.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["content-encoding"] = drawn.compressed, "gzip"
    return Response(content, headers=headers, media_type="application/geo+json")


@router.get("/edges/{edge}", action=VIEW)
async def get_edge(ctx: Ctx, edge: int) -> Response:
    """All that is known of one edge, and how."""
    traffic = ctx.services[Traffic]
    told = await asyncio.to_thread(api.tell_edge, traffic.estimator, edge, traffic.settings)
    return json_response(told)


@router.get("/jams", action=VIEW)
async def list_jams(ctx: Ctx, ended_hours: Annotated[int, Query(ge=0, le=24 * 7)] = 0) -> Response:
    """The jams of now in the areas in view, the longest queue first; with those that ended."""
    now = ctx.clock.now()
    ended: list[dict[str, Any]] = []
    if ended_hours:
        async with ctx.db.transaction(ctx.scope) as tx:
            since = now - timedelta(hours=ended_hours)
            ended = await api.list_ended_jams(ctx.scope, tx, since)
    jams = [
        jam
        for jam in ctx.services[Traffic].estimator.alarm.jams.values()
        if ctx.scope.allows_in_city(VIEW, jam.place)
    ]
    jams.sort(key=lambda jam: -jam.queue_m)
    return json_response({"items": [jam.as_json() for jam in jams], "ended": ended})


@router.get("/closures", action=VIEW)
async def list_closures(ctx: Ctx, ended: bool = False) -> Response:  # noqa: FBT001, FBT002 - a query parameter
    """The closures in view that hold or will."""
    return await _list(ctx, "closure", with_ended=ended)


@router.post("/closures", action=CLOSE)
async def close_roads(ctx: Ctx, body: ClosureBody) -> Response:
    """Closes the roads along a line, or at a point."""
    draft = await _draft(ctx, body, body.reason)
    traffic = ctx.services[Traffic]
    async with ctx.db.transaction(ctx.scope) as tx:
        said_id = await api.close_roads(
            ctx.scope, tx, traffic.roads.graph, draft, traffic.settings, ctx.clock.now()
        )
    return json_response({"id": said_id, "edges": draft.edges}, 201)


@router.delete("/closures/{closure_id}", action=CLOSE)
async def open_roads(ctx: Ctx, closure_id: UUID) -> Response:
    """Opens what a closure closed, now."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.open_roads_again(ctx.scope, tx, closure_id, ctx.clock.now())
    return Response(status_code=204)


@router.get("/reports", action=VIEW)
async def list_reports(ctx: Ctx, ended: bool = False) -> Response:  # noqa: FBT001, FBT002 - a query parameter
    """The reports in view that hold or will."""
    return await _list(ctx, "report", with_ended=ended)


@router.post("/reports", action=REPORT)
async def report_roads(ctx: Ctx, body: ReportBody) -> Response:
    """Says what the roads along a line, or at a point, are like."""
    source = Source.CALL if body.source == "call" else Source.OFFICER
    draft = await _draft(ctx, body, body.reason, body.level, source)
    traffic = ctx.services[Traffic]
    async with ctx.db.transaction(ctx.scope) as tx:
        said_id = await api.report_roads(
            ctx.scope, tx, traffic.roads.graph, draft, traffic.settings, ctx.clock.now()
        )
    return json_response({"id": said_id, "edges": draft.edges}, 201)


@router.delete("/reports/{report_id}", action=REPORT)
async def withdraw_report(ctx: Ctx, report_id: UUID) -> Response:
    """Takes a report back."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.withdraw_report(ctx.scope, tx, report_id, ctx.clock.now())
    return Response(status_code=204)


@router.post("/counts", action=COUNT)
async def take_counts(ctx: Ctx, request: Request) -> Response:
    """What cameras counted in an interval; `refused` tells which rows were not taken, and why."""
    told = await ctx.services[Sights].take(ctx.scope, await request.body())
    return json_response(told)


@router.get("/sights", action=CAMERA_VIEW)
async def list_sights(ctx: Ctx) -> Response:
    """On which edges the cameras in view count, and whether somebody set it."""
    table = await ctx.services[Sights].table()
    graph = ctx.services[Traffic].estimator.graph
    seen = api.sights_in_view(table, ctx.scope)
    return json_response({"items": [api.tell_sight(graph, one) for one in seen]})


@router.put("/sights/{camera_id}", action=CAMERA_CONFIGURE)
async def set_sight(ctx: Ctx, camera_id: UUID, body: SightBody) -> Response:
    """Sets the edges that a camera counts on; none at all lets it count nowhere."""
    keys: dict[Side, list[str]] = {"away": body.away, "toward": body.toward}
    async with ctx.db.transaction(ctx.scope) as tx:
        known = ctx.services[Traffic].known_edges
        await api.set_sight(ctx.scope, tx, camera_id, known, keys, ctx.clock.now())
    return Response(status_code=204)


@router.delete("/sights/{camera_id}", action=CAMERA_CONFIGURE)
async def clear_sight(ctx: Ctx, camera_id: UUID) -> Response:
    """Lets the edges of a camera follow from where it looks again."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.clear_sight(ctx.scope, tx, camera_id, ctx.clock.now())
    return Response(status_code=204)


async def _list(ctx: Context, kind: Literal["closure", "report"], *, with_ended: bool) -> Response:
    async with ctx.db.transaction(ctx.scope) as tx:
        now: datetime = ctx.clock.now()
        items = await api.list_said(ctx.scope, tx, kind, now, with_ended=with_ended)
    return json_response(b'{"items":' + items + b"}")


async def _draft(
    ctx: Context,
    body: SaidBody,
    reason: str,
    level: Level | None = None,
    source: Source = Source.OFFICER,
) -> Draft:
    snapper = ctx.services[Traffic].roads.snapper
    edges = await asyncio.to_thread(api.along, snapper, body.line, both_ways=body.both_ways)
    return Draft(
        line=body.line,
        edges=edges,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        reason=reason,
        level=level,
        cause=body.cause,
        source=source,
    )
