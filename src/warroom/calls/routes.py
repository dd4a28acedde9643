"""HTTP of calls: the desk of an agent, the room, and what other systems tell.

What an agent needs to answer callers stands alone: it goes on while PostgreSQL is away.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from warroom.calls import api
from warroom.calls.api import CallDesk
from warroom.calls.contracts import HOLD, LISTEN, MINE, QUEUE, SUPERVISE, TAKE, TELL, VIEW
from warroom.calls.other_ways import Channel, PbxEvent, Written
from warroom.calls.rules import CallClass
from warroom.calls.staffing import Load, agents_needed, service
from warroom.kernel.http import Context, Ctx, Instant, Router, json_response
from warroom.kernel.realtime import Topic

router = Router("calls")

TOPICS: list[Topic] = [Topic(QUEUE, VIEW), Topic(MINE, TAKE, is_personal=True)]

type Number = Annotated[str, Field(max_length=40)]
type Reason = Annotated[str, Field(min_length=3, max_length=500)]
type Degrees = Annotated[float, Field(allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ReadyBody(_Body):
    """Whether the asker takes calls."""

    ready: bool


class NumberBody(_Body):
    """Whom to call."""

    number: Number


class HandBody(_Body):
    """To whom a caller is handed: an agent, or a number."""

    agent_id: UUID | None = None
    number: Number | None = None


class KeyBody(_Body):
    """A key to press."""

    key: Annotated[str, Field(pattern=r"^[0-9*#A-D]$")]


class PartyBody(_Body):
    """A third party, by its name in the call."""

    party: Annotated[str, Field(max_length=40)]


class ClassBody(_Body):
    """What the call was."""

    call_class: CallClass = Field(alias="class")


class WatchBody(_Body):
    """How to listen in; empty leaves."""

    way: Literal["listen", "whisper", "barge", ""]


class HoldBody(_Body):
    """Why a recording is kept."""

    reason: Reason
    case_number: Annotated[str, Field(max_length=100)] = ""
    until_at: Instant | None = None


class PbxBody(_Body):
    """One event of a PBX that the city keeps: five fields, sent again until acknowledged."""

    event: PbxEvent
    call: Annotated[str, Field(min_length=1, max_length=200)]
    number: Number = ""
    to: Number = ""
    at: Instant | None = None


class WrittenBody(_Body):
    """A form, a message, or a button; `reference` is what the other system calls it."""

    channel: Channel
    reference: Annotated[str, Field(min_length=1, max_length=200)]
    number: Number = ""
    text: Annotated[str, Field(max_length=4000)] = ""
    lat: Annotated[Degrees, Field(ge=-90, le=90)] | None = None
    lon: Annotated[Degrees, Field(ge=-180, le=180)] | None = None
    radius_m: Annotated[Degrees, Field(ge=0, le=20_040_000)] | None = None


@router.get("", action=VIEW)
async def list_calls(
    ctx: Ctx,
    before: datetime | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Calls in view, the newest first; `next` leads to older ones."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_calls(ctx.scope, tx, before=before, limit=limit))


@router.get("/queue", action=VIEW, stands_alone=True)
async def get_queue(ctx: Ctx) -> Response:
    """Calls that are not closed, who has them, and the asker's own line."""
    return json_response(await _desk(ctx).queue(ctx.scope))


@router.get("/agents", action=TAKE, stands_alone=True)
async def list_agents(ctx: Ctx) -> Response:
    """Agents who are free, to hand a call to."""
    return json_response({"items": await _desk(ctx).others(ctx.scope)})


@router.get("/board", action=SUPERVISE, stands_alone=True)
async def get_board(ctx: Ctx, hours: Annotated[float, Query(gt=0, le=24 * 31)] = 1.0) -> Response:
    """The room: its agents, and how the calls of the last hours were answered."""
    since = ctx.clock.now() - timedelta(hours=hours)
    return json_response(await _desk(ctx).board(ctx.scope, since))


@router.get("/staffing", action=SUPERVISE)
async def get_staffing(
    ctx: Ctx,  # noqa: ARG001 - the guard's
    calls_per_h: Annotated[float, Query(gt=0, le=10_000, allow_inf_nan=False)],
    handling_s: Annotated[float, Query(gt=0, le=7200, allow_inf_nan=False)],
    within_s: Annotated[float, Query(ge=0, le=600, allow_inf_nan=False)] = 15.0,
    target: Annotated[float, Query(gt=0, lt=1, allow_inf_nan=False)] = 0.9,
) -> Response:
    """How many agents a load needs, and what one or two fewer or more would give."""
    load = Load(calls_per_h, handling_s)
    needed = agents_needed(load, target, within_s)
    middle = needed or 1
    rows = [service(load, one, within_s) for one in range(max(1, middle - 2), middle + 3)]
    return json_response({"erlang": load.erlang, "needed": needed, "items": rows})


@router.get("/forecast", action=SUPERVISE)
async def get_forecast(
    ctx: Ctx,
    handling_s: Annotated[float | None, Query(gt=0, le=7200, allow_inf_nan=False)] = None,
    within_s: Annotated[float, Query(ge=0, le=600, allow_inf_nan=False)] = 15.0,
    target: Annotated[float, Query(gt=0, lt=1, allow_inf_nan=False)] = 0.9,
) -> Response:
    """The calls of the next 24 hours by the same hour of the same weekday in the weeks before.

    `weeks` of an hour are those that are known; of fewer than `least` nothing is foretold. Without
    `handling_s` agents are counted by how long calls took, where enough of them are known.
    """
    wish = api.Wish(handling_s, within_s, target)
    async with ctx.db.transaction(ctx.scope) as tx:
        zone = ctx.services[ZoneInfo]
        told = await api.foretell(ctx.scope, tx, zone, wish, ctx.clock.now())
    return json_response(told)


@router.post("/leg", action=TAKE, stands_alone=True)
async def open_leg(ctx: Ctx, request: Request) -> Response:
    """Signs the asker in: takes their browser's offer (SDP) to the edge, and its answer back."""
    offer = (await request.body()).decode("utf-8", "replace")
    desk = _desk(ctx)
    agent = await desk.require_seat(ctx.scope)
    who = {
        "session": str(ctx.scope.session_id or ""),
        "label": ctx.scope.label,
        "agency": str(ctx.scope.agency_id or ""),
    }
    answer = await desk.client.ask("leg", agent=agent, offer=offer, **who)
    headers = {"location": "/api/calls/leg", "cache-control": "no-store"}
    return Response(answer, 201, headers, "application/sdp")


@router.delete("/leg", action=TAKE, stands_alone=True)
async def close_leg(ctx: Ctx) -> Response:
    """Signs the asker out."""
    desk = _desk(ctx)
    await desk.client.ask("sign_out", agent=await desk.require_seat(ctx.scope))
    return Response(status_code=204)


@router.put("/ready", action=TAKE, stands_alone=True)
async def set_ready(ctx: Ctx, body: ReadyBody) -> Response:
    """Takes calls, or pauses; a call that one has goes on."""
    desk = _desk(ctx)
    agent = await desk.require_seat(ctx.scope)
    await desk.client.ask("pause", agent=agent, on=not body.ready)
    return Response(status_code=204)


@router.post("/pbx", action=TELL)
async def tell_pbx(ctx: Ctx, body: PbxBody) -> Response:
    """What a PBX of the city does; each event may be sent again."""
    words = {"call": body.call, "number": body.number, "at": body.at}
    now = ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        call_id = await api.take_pbx(ctx.scope, tx, body.event, words, _hour(ctx, now), now)
    return json_response({"id": call_id})


@router.post("/messages", action=TELL)
async def tell_written(ctx: Ctx, body: WrittenBody) -> Response:
    """A call that was written: the form of the city, a chat, a panic button."""
    written = Written(**body.model_dump())
    now = ctx.clock.now()
    async with ctx.db.transaction(ctx.scope) as tx:
        call_id = await api.take_written(ctx.scope, tx, written, _hour(ctx, now), now)
    return json_response({"id": call_id}, 201)


@router.get("/{call_id}", action=VIEW)
async def get_call(ctx: Ctx, call_id: UUID) -> Response:
    """One call with its places and events, and earlier ones of its number."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.get_call(ctx.scope, tx, call_id)
        history = await api.list_history(ctx.scope, tx, call_id)
    return json_response({**msgspec.json.decode(found), "history": msgspec.Raw(history)})


@router.post("/{call_id}/answer", action=TAKE, stands_alone=True)
async def answer(ctx: Ctx, call_id: UUID) -> Response:
    """Takes a call that waits."""
    return await _do(ctx, call_id, "answer")


@router.post("/{call_id}/hold", action=TAKE, stands_alone=True)
async def hold(ctx: Ctx, call_id: UUID) -> Response:
    """Neither hears the other."""
    return await _do(ctx, call_id, "hold")


@router.post("/{call_id}/resume", action=TAKE, stands_alone=True)
async def resume(ctx: Ctx, call_id: UUID) -> Response:
    """They hear each other again."""
    return await _do(ctx, call_id, "resume")


@router.post("/{call_id}/hang-up", action=TAKE, stands_alone=True)
async def hang_up(ctx: Ctx, call_id: UUID) -> Response:
    """Ends a call of one's own."""
    return await _do(ctx, call_id, "hang_up")


@router.post("/{call_id}/keys", action=TAKE, stands_alone=True)
async def press_key(ctx: Ctx, call_id: UUID, body: KeyBody) -> Response:
    """Presses a key."""
    return await _do(ctx, call_id, "key", key=body.key)


@router.post("/{call_id}/transfer", action=TAKE, stands_alone=True)
async def transfer(ctx: Ctx, call_id: UUID, body: HandBody) -> Response:
    """Hands the caller to another agent, or to a number; `done` says whether somebody came."""
    desk, now = _desk(ctx), ctx.clock.now()
    if body.agent_id is not None:
        await desk.do(ctx.scope, call_id, "hand_to", now, to=str(body.agent_id))
        return json_response({"done": True})
    done = await desk.do(ctx.scope, call_id, "transfer", now, number=body.number or "")
    return json_response({"done": bool(done)})


@router.post("/{call_id}/conference", action=TAKE, stands_alone=True)
async def conference(ctx: Ctx, call_id: UUID, body: NumberBody) -> Response:
    """Calls a third party in; `party` is its name in the call, empty where nobody came."""
    now = ctx.clock.now()
    party = await _desk(ctx).do(ctx.scope, call_id, "conference", now, number=body.number)
    return json_response({"party": party})


@router.post("/{call_id}/leave", action=TAKE, stands_alone=True)
async def leave(ctx: Ctx, call_id: UUID) -> Response:
    """Leaves a conference: the caller stays with the third party."""
    return await _do(ctx, call_id, "leave")


@router.post("/{call_id}/drop", action=TAKE, stands_alone=True)
async def drop(ctx: Ctx, call_id: UUID, body: PartyBody) -> Response:
    """Hangs up on a third party."""
    return await _do(ctx, call_id, "drop", party=body.party)


@router.post("/{call_id}/close", action=TAKE, stands_alone=True)
async def close(ctx: Ctx, call_id: UUID, body: ClassBody) -> Response:
    """Says what a call was; that ends it."""
    return await _do(ctx, call_id, "close", call_class=body.call_class)


@router.post("/{call_id}/call-back", action=TAKE, stands_alone=True)
async def call_back(ctx: Ctx, call_id: UUID) -> Response:
    """Calls back who gave up; `call` is the new call, empty where nobody was reached."""
    new = await _desk(ctx).do(ctx.scope, call_id, "call_back", ctx.clock.now())
    return json_response({"call": new})


@router.get("/{call_id}/replay", action=TAKE, stands_alone=True)
async def replay(
    ctx: Ctx, call_id: UUID, seconds: Annotated[float, Query(gt=0, le=30)] = 30.0
) -> Response:
    """The last seconds of a call that lasts, as a WAV of two channels."""
    wav = await _desk(ctx).replay(ctx.scope, call_id, seconds)
    return Response(wav, media_type="audio/wav", headers={"cache-control": "no-store"})


@router.get("/{call_id}/recording", action=LISTEN)
async def get_recording(ctx: Ctx, call_id: UUID) -> Response:
    """The recording of a call that is over; who hears it is in the audit."""
    pieces, size = await _desk(ctx).recording(ctx.scope, call_id)
    return StreamingResponse(
        pieces,
        media_type="audio/wav",
        headers={"cache-control": "no-store", "content-length": str(size)},
    )


@router.get("/{call_id}/holds", action=HOLD)
async def list_holds(ctx: Ctx, call_id: UUID) -> Response:
    """Who keeps the recording, and who kept it."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_holds(ctx.scope, tx, call_id, ctx.clock.now())
    return json_response({"items": msgspec.Raw(found)})


@router.post("/{call_id}/holds", action=HOLD)
async def hold_recording(ctx: Ctx, call_id: UUID, body: HoldBody) -> Response:
    """Keeps the recording, until somebody lets go or `until_at`."""
    why = api.CallHold(body.reason, body.case_number, body.until_at)
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.hold_recording(ctx.scope, tx, call_id, why, ctx.clock.now())
    return json_response({"id": why.id}, 201)


@router.delete("/{call_id}/holds", action=HOLD)
async def release_recording(ctx: Ctx, call_id: UUID, hold: UUID, reason: Reason) -> Response:
    """Lets go of it; the agency that holds it alone may."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.release_recording(ctx.scope, tx, call_id, hold, reason, ctx.clock.now())
    return Response(status_code=204)


@router.post("/{call_id}/watch", action=LISTEN)
async def watch(ctx: Ctx, call_id: UUID, body: WatchBody) -> Response:
    """Listens in, whispers to the agent, or speaks to all."""
    await _desk(ctx).watch(ctx.scope, call_id, body.way)
    return Response(status_code=204)


def _desk(ctx: Context) -> CallDesk:
    desk: CallDesk = ctx.services[CallDesk]
    return desk


async def _do(ctx: Context, call_id: UUID, op: str, **words: str) -> Response:
    await _desk(ctx).do(ctx.scope, call_id, op, ctx.clock.now(), **words)
    return Response(status_code=204)


def _hour(ctx: Context, now: datetime) -> int:
    return now.astimezone(ctx.services[ZoneInfo]).hour
