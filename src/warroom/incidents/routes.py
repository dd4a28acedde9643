"""HTTP of incidents: take in, hand on, look for the same, end."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.incidents import (
    api,
    around_routes,
    card_routes,
    exchange_routes,
    follow_routes,
    photo_routes,
    premise_routes,
    work_routes,
)
from warroom.incidents.api import Asked, Intake, Looks, Outcome, Said, Saving
from warroom.incidents.contracts import (
    CHANGED,
    DRAFTS,
    SUPERVISE,
    TAKE,
    VIEW,
    WORK,
    Incident,
    Place,
)
from warroom.incidents.errors import FieldUnknownError
from warroom.kernel.errors import InvalidError
from warroom.kernel.http import Context, Ctx, Instant, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.places.api import Atlas

router = Router("incidents")

# Those with a word first: `types` and `around` are no ids of incidents.
routers = [
    card_routes.router,
    premise_routes.router,
    around_routes.router,
    exchange_routes.router,
    photo_routes.router,
    follow_routes.router,
    follow_routes.doors,
    router,
    work_routes.router,
]

TOPICS: list[Topic] = [Topic(CHANGED, VIEW), Topic(DRAFTS, VIEW)]

type Degrees = Annotated[float, Field(allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class FieldBody(_Body):
    """What was typed into a field, and when by the form's clock."""

    value: Any = None
    at: Instant


class DraftBody(_Body):
    """What one form sends since the last time; the same `revision` sent twice is one saving."""

    writer: UUID
    revision: Annotated[int, Field(ge=0, le=2**31 - 1)]
    sent_at: Instant
    fields: Annotated[dict[str, FieldBody], Field(max_length=60)] = {}
    heard_at: Instant | None = None
    """Of the first saving alone: when it was heard of, where it was on paper until now."""


class DeedBody(_Body):
    """A deed: `id` is made where it is done; `at` is for what is told afterwards."""

    id: UUID
    at: Instant | None = None
    reason: Annotated[str, Field(max_length=500)] = ""

    def said(self) -> Said:
        """The same for the service."""
        return Said(self.id, self.at, self.reason)


class EndBody(DeedBody):
    """How it ended; `cancelled`, `unfounded` and `handed_over` need a reason."""

    outcome: Outcome


class ScheduleBody(DeedBody):
    """When it is to be handed on."""

    due_at: Instant


class MergeBody(DeedBody):
    """Into which."""

    into: UUID


class CorrectBody(DeedBody):
    """Which row of the log is wrong.

    `at` is when it really was; without it the row is taken back.
    """

    row: UUID


@router.put("/drafts/{draft_id}", action=TAKE)
async def save_draft(ctx: Ctx, draft_id: UUID, body: DraftBody) -> Response:
    """Types into a form; the first letter makes the draft, under the id that the form made."""
    saving = Saving(
        body.writer,
        body.revision,
        body.sent_at,
        [(name, one.value, one.at) for name, one in body.fields.items()],
        await _place_in(ctx, body),
        body.heard_at,
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.save_draft(
            ctx.services[Intake], ctx.scope, tx, draft_id, saving, ctx.clock.now()
        )
    return json_response(_form(incident))


async def _place_in(ctx: Context, body: DraftBody) -> Place | None:
    """The chosen place with the area that it lies in.

    Raises:
        FieldUnknownError: What was told is no place.
    """
    told = body.fields["place"].value if "place" in body.fields else None
    if told is None:
        return None
    try:
        lat, lon = float(told["lat"]), float(told["lon"])
        name, detail = str(told.get("name") or "")[:200], str(told.get("detail") or "")[:200]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise FieldUnknownError(field="place") from error
    return await asyncio.to_thread(api.place_at, ctx.services[Atlas], lat, lon, name, detail)


def _form(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "number": incident.number,
        "state": incident.state,
        "revision": incident.revision,
        "priority": incident.priority,
        "missing": incident.missing,
        "area": incident.area,
        "card_version": incident.card_version,
        "fields": {
            name: {"value": typed.value, "at": typed.at, "writer": typed.writer}
            for name, typed in incident.fields.items()
        },
    }


@router.get("", action=VIEW)
async def list_incidents(
    ctx: Ctx,
    state: Literal["open", "ended", "all"] = "all",
    ended_hours: Annotated[int, Query(ge=0, le=24 * 31)] = 12,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
    after: Annotated[str | None, Query(max_length=80)] = None,
    number: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Incidents in view, drafts among them, the newest first; or those of a number."""
    is_open = {"open": True, "ended": False, "all": None}[state]
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_incidents(
            ctx.scope,
            tx,
            since=ctx.clock.now() - timedelta(hours=ended_hours),
            after=_cursor(after),
            limit=limit,
            is_open=is_open,
            number=number,
        )
    return json_response(b'{"items":' + items + b"}")


def _cursor(after: str | None) -> tuple[datetime, UUID] | None:
    """Opening and id of the last item of the page before: `opened_at,id`.

    Raises:
        InvalidError: That is not what it says.
    """
    if after is None:
        return None
    at, _, last = after.partition(",")
    try:
        return datetime.fromisoformat(at.replace(" ", "+")), UUID(last)
    except ValueError as error:
        raise InvalidError(fields="after") from error


@router.get("/similar", action=VIEW)
async def list_similar(
    ctx: Ctx,
    lat: Annotated[Degrees, Query(ge=-90, le=90)],
    lon: Annotated[Degrees, Query(ge=-180, le=180)],
    but: UUID,
    type: Annotated[str | None, Query(max_length=40)] = None,  # noqa: A002 - a query parameter
    radius_m: Annotated[Degrees, Query(ge=0, le=5_000)] = 0.0,
) -> Response:
    """Incidents that may be the same as what is taken in there, each with the reason."""
    asked = Asked(but, Place(lat, lon), ctx.clock.now(), type, radius_m)
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_similar(ctx.services[Intake], ctx.scope, tx, asked, ctx.language)
    return json_response({"items": items})


@router.get("/agencies", action=VIEW)
async def list_agencies(ctx: Ctx) -> Response:
    """The agencies that can be asked to take part."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_agencies(ctx.scope, tx)
    return json_response(b'{"items":' + items + b"}")


@router.get("/{incident_id}", action=VIEW)
async def show_incident(ctx: Ctx, incident_id: UUID) -> Response:
    """One incident with its log, notes, positions and calls, those merged into it among them."""
    async with ctx.db.transaction(ctx.scope) as tx:
        shown = await api.show_incident(
            ctx.services[Looks], ctx.scope, tx, incident_id, ctx.clock.now()
        )
    return json_response(shown)


@router.post("/{incident_id}/send", action=TAKE)
async def hand_on(ctx: Ctx, incident_id: UUID, body: DeedBody) -> Response:
    """Hands on what is there; `missing` says what it lacks."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.hand_on(
            ctx.services[Intake], ctx.scope, tx, incident_id, body.said(), ctx.clock.now()
        )
    return json_response(_stand(incident))


@router.post("/{incident_id}/schedule", action=TAKE)
async def schedule(ctx: Ctx, incident_id: UUID, body: ScheduleBody) -> Response:
    """Keeps it until it is due; then it is handed on by itself."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.schedule(
            ctx.services[Intake], ctx.scope, tx, incident_id, body.due_at, body.said(),
            ctx.clock.now(),
        )  # fmt: skip
    return json_response(_stand(incident))


@router.post("/{incident_id}/end", action=VIEW)
async def end(ctx: Ctx, incident_id: UUID, body: EndBody) -> Response:
    """Ends it; a draft by whoever may take in, everything else by whoever may work on it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.end(
            ctx.services[Intake], ctx.scope, tx, incident_id, body.outcome, body.said(),
            ctx.clock.now(),
        )  # fmt: skip
    return json_response(_stand(incident))


@router.post("/{incident_id}/informed", action=WORK)
async def inform(ctx: Ctx, incident_id: UUID, body: DeedBody) -> Response:
    """Notes that who called was told what became of it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.inform(ctx.scope, tx, incident_id, body.said(), ctx.clock.now())
    return json_response(_stand(incident))


@router.post("/{incident_id}/reopen", action=SUPERVISE)
async def reopen(ctx: Ctx, incident_id: UUID, body: DeedBody) -> Response:
    """Opens one that has ended."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.reopen(ctx.scope, tx, incident_id, body.said(), ctx.clock.now())
    return json_response(_stand(incident))


@router.post("/{incident_id}/corrections", action=SUPERVISE)
async def correct(ctx: Ctx, incident_id: UUID, body: CorrectBody) -> Response:
    """Says that a row of the log is wrong; the row stays, and the state is read anew."""
    said = Said(body.id, None, body.reason)
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.correct(
            ctx.scope, tx, incident_id, body.row, body.at, said, ctx.clock.now()
        )
    return json_response(_stand(incident))


@router.post("/{incident_id}/merge", action=TAKE)
async def merge(ctx: Ctx, incident_id: UUID, body: MergeBody) -> Response:
    """Merges it into another; the answer is the other."""
    async with ctx.db.transaction(ctx.scope) as tx:
        into = await api.merge(
            ctx.services[Intake], ctx.scope, tx, incident_id, body.into, body.said(),
            ctx.clock.now(),
        )  # fmt: skip
    return json_response(_stand(into))


@router.post("/{incident_id}/split", action=TAKE)
async def split(ctx: Ctx, incident_id: UUID, body: DeedBody) -> Response:
    """Undoes the merge."""
    async with ctx.db.transaction(ctx.scope) as tx:
        incident = await api.split(ctx.scope, tx, incident_id, body.said(), ctx.clock.now())
    return json_response(_stand(incident))


def _stand(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "number": incident.number,
        "state": incident.state,
        "missing": incident.missing,
        "revision": incident.revision,
        "merged_into": incident.merged_into,
    }
