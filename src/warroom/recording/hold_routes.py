"""HTTP of holds: set, list, change, release; and the topic they are told on."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.recording.api import UNSET, HoldService
from warroom.recording.contracts import HOLD, HOLDS, HoldDraft

router = Router("recording", prefix="/api/recording/holds")

TOPICS: list[Topic] = [Topic(HOLDS, HOLD)]


class HoldBody(BaseModel):
    """Footage to be held: of each camera, from-to."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    camera_ids: list[UUID] = Field(max_length=200)
    start: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    reason: str = Field(max_length=2000)
    case_number: str = Field("", max_length=400)
    until_at: AwareDatetime | None = None


class HoldChange(BaseModel):
    """A change of a hold; what is left out stays, `until_at: null` takes its end away."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: str = Field(max_length=2000)
    case_number: str = Field("", max_length=400)
    until_at: AwareDatetime | None = None


@router.get("", action=HOLD)
async def list_holds(
    ctx: Ctx,
    camera: UUID | None = None,
    released: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Response:
    """A page of holds in view, newest first, each with what its footage weighs."""
    service = ctx.services[HoldService]
    return json_response(
        await service.list_holds(
            ctx.scope, camera_id=camera, released=released, after=after, limit=limit
        )
    )


@router.post("", action=HOLD)
async def add_holds(ctx: Ctx, body: HoldBody) -> Response:
    """Holds footage: one hold a camera, all or none; tells what is missing already."""
    draft = HoldDraft(
        tuple(body.camera_ids),
        body.start,
        body.to,
        body.reason,
        body.case_number,
        body.until_at,
    )
    items = await ctx.services[HoldService].add(ctx.scope, draft)
    return json_response({"items": items}, 201)


@router.get("/{hold_id}", action=HOLD)
async def get_hold(ctx: Ctx, hold_id: UUID) -> Response:
    """One hold, and which parts of its footage are missing."""
    return json_response(await ctx.services[HoldService].show(ctx.scope, hold_id))


@router.patch("/{hold_id}", action=HOLD)
async def change_hold(ctx: Ctx, hold_id: UUID, body: HoldChange) -> Response:
    """Gives a hold another end or case number."""
    sent = body.model_fields_set
    return json_response(
        await ctx.services[HoldService].change(
            ctx.scope,
            hold_id,
            body.reason,
            until_at=body.until_at if "until_at" in sent else UNSET,
            case_number=body.case_number if "case_number" in sent else UNSET,
        )
    )


@router.delete("/{hold_id}", action=HOLD)
async def release_hold(
    ctx: Ctx, hold_id: UUID, reason: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """Ends a hold: retention has its footage again, unless another hold keeps it."""
    await ctx.services[HoldService].release(ctx.scope, hold_id, reason)
    return Response(status_code=204)
