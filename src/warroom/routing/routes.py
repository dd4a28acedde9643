"""HTTP of routes."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.routing.api import Desk, detour_json, route_json
from warroom.routing.contracts import VIEW

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
