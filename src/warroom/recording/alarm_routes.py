"""HTTP of recording alarms, and the topic they are told on."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.recording import api
from warroom.recording.contracts import ALARM

router = Router("recording", prefix="/api/recording/alarms")

VIEW = "recording:view"

TOPICS: list[Topic] = [Topic(ALARM, VIEW)]


@router.get("", action=VIEW)
async def list_alarms(
    ctx: Ctx, cleared_hours: Annotated[float, Query(ge=0, le=720)] = 0
) -> Response:
    """Alarms in view: what is not recorded and which disks or recorders fail, since when."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_alarms(ctx.scope, tx, cleared_hours))
