"""HTTP of routes."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.routing.api import Desk, detour_json, reach_json, route_json
from warroom.routing.contracts import MOST_MINUTES, VIEW

router = Router("routing")

type LatLon = tuple[
    Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)],
    Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)],
]


class RouteBody(BaseModel):
    """From where to where, and in what."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    profile: Annotated[str, Field(max_length=40)] = "car"
    start: Annotated[LatLon, Field(alias="from")]
    end: Annotated[LatLon, Field(alias="to")]
    alternatives: Annotated[int, Field(ge=0, le=3)] = 0


type Minutes = Annotated[float, Field(gt=0, le=MOST_MINUTES, allow_inf_nan=False)]


class ReachBody(BaseModel):
    """From where, in what, and in how many minutes."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    profile: Annotated[str, Field(max_length=40)] = "car"
    start: Annotated[LatLon, Field(alias="from")]
    minutes: Annotated[list[Minutes], Field(min_length=1, max_length=5)] = [3, 5, 8]


@router.post("/routes", action=VIEW)
async def find_routes(ctx: Ctx, body: RouteBody) -> Response:
    """The quickest way at the speeds of now, with its steps and why it is not the usual one.

    Positions are latitude and longitude; nothing is kept of the question.
    """
    found, conditions = await ctx.services[Desk].routes(
        body.profile, body.start, body.end, body.alternatives
    )
    zone = ctx.services[ZoneInfo]
    return json_response(
        {
            "routes": [
                route_json(route, ctx.language)
                | {"detour": detour_json(route.detour, conditions, zone, ctx.language)}
                for route in found
            ],
            "live": conditions is not None,
        }
    )


@router.post("/reach", action=VIEW)
async def find_reach(ctx: Ctx, body: ReachBody) -> Response:
    """The roads that are reached in so many minutes at the speeds of now, in bands of time.

    Closed roads are not driven on; `assumed` are those of whose speed nothing is known. Positions
    are latitude and longitude; nothing is kept of the question.
    """
    minutes = sorted(set(body.minutes))
    found, conditions = await ctx.services[Desk].reach(body.profile, body.start, minutes)
    return json_response(reach_json(found) | {"live": conditions is not None})
