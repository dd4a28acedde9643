"""HTTP doors of `audit`: search and questions for people, exports, and the state of the seal."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, Field
from starlette.responses import Response

from warroom.audit import api
from warroom.kernel.db import Database
from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.limits import Cost
from warroom.kernel.scope import Scope

router = Router("audit")


class Filters(BaseModel):
    """Which entries are wanted."""

    person: UUID | None = None
    object: str | None = Field(None, max_length=100)
    action: str | None = Field(None, max_length=60)
    agency: UUID | None = None
    door: str | None = Field(None, max_length=20)
    place: str | None = Field(None, max_length=20)
    purpose: str | None = Field(None, max_length=100)
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")
    q: str | None = Field(None, max_length=100)
    ends: bool = True

    def wanted(self) -> dict[str, Any]:
        """The filters as the search takes them."""
        given = {name: getattr(self, name) for name in Filters.model_fields if name != "ends"}
        action = self.action and self.action.removesuffix(":*")
        return given | {"action": action, "no_ends": None if self.ends else True}


class SearchQuery(Filters):
    """A page of the entries that are wanted."""

    cursor: str | None = Field(None, max_length=80)
    limit: int = Field(100, ge=1, le=500)


class ExportBody(Filters):
    """The entries that are to be taken out, and as what."""

    form: Literal["csv", "jsonl"] = "csv"


class SeenBody(BaseModel):
    """What was found when a hint was looked at."""

    note: str = Field(min_length=3, max_length=500)


class Period(BaseModel):
    """A time that is asked about."""

    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime = Field(alias="to")


class WatchersQuery(Period):
    """Who saw this thing."""

    object: str = Field(max_length=100)


class SeenQuery(Period):
    """What this person saw."""

    person: UUID


@router.get("", action="audit:read")
async def search_audit(ctx: Ctx, query: Annotated[SearchQuery, Query()]) -> Response:
    """Entries that the asker may read, newest first; the search itself is an entry."""
    filters = query.wanted()
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.search(ctx.scope, tx, filters, query.cursor, query.limit)
    # Every page is written down: a cursor can be made up, and is then the only thing asked.
    await _write_down(ctx.scope, ctx.db, {**filters, "cursor": query.cursor})
    return json_response(page)


@router.get("/watchers", action="audit:read")
async def list_watchers(ctx: Ctx, query: Annotated[WatchersQuery, Query()]) -> Response:
    """Who saw what a thing showed in this time, live then or as footage later."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_watchers(ctx.scope, tx, query.object, query.since, query.until)
    await _write_down(ctx.scope, ctx.db, {"question": "watchers", **dict(query)})
    return json_response(found)


@router.get("/seen", action="audit:read")
async def list_seen_by(ctx: Ctx, query: Annotated[SeenQuery, Query()]) -> Response:
    """What a person saw in this time, by thing."""
    async with ctx.db.transaction(ctx.scope) as tx:
        found = await api.list_seen_by(ctx.scope, tx, query.person, query.since, query.until)
    await _write_down(ctx.scope, ctx.db, {"question": "seen", **dict(query)})
    return json_response(found)


@router.post("/export", action="audit:read", cost=Cost.EXPORT)
async def export_audit(ctx: Ctx, body: ExportBody) -> Response:
    """The entries that are wanted as a file, with the proof that a stranger can check."""
    anchoring = ctx.services[api.Anchoring]
    async with ctx.db.transaction(ctx.scope) as tx:
        made = await api.export(ctx.scope, tx, anchoring, body.wanted(), body.form)
    return Response(
        made.content,
        media_type="application/zip",
        headers={
            "content-disposition": f'attachment; filename="{made.name}"',
            "cache-control": "no-store",
        },
    )


@router.get("/hints", action="audit:read")
async def list_hints(ctx: Ctx, all: bool = False) -> Response:  # noqa: A002, FBT001, FBT002
    """What was unusual, newest first: hints and no accusations."""
    async with ctx.db.transaction(ctx.scope) as tx:
        items = await api.list_hints(ctx.scope, tx, all=all)
    await _write_down(ctx.scope, ctx.db, {"question": "hints"})
    return json_response(b'{"items":' + items + b"}")


@router.post("/hints/{hint_id}/seen", action="audit:read")
async def mark_hint_seen(ctx: Ctx, hint_id: UUID, body: SeenBody) -> Response:
    """Somebody looked at a hint, and says what they found."""
    async with ctx.db.transaction(ctx.scope) as tx:
        marked = await api.mark_hint_seen(ctx.scope, tx, hint_id, body.note.strip())
    return json_response(marked)


@router.get("/seal", action="audit:read")
async def get_seal(ctx: Ctx) -> Response:
    """Whether the last walk over the chains found every link whole, and one hash over all heads."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.seal(ctx.scope, tx))


async def _write_down(scope: Scope, db: Database, asked: dict[str, Any]) -> None:
    """Whoever reads the audit is read in turn: written before they get the answer."""
    detail = {word: str(value) for word, value in asked.items() if value is not None}
    entry = api.Asked("audit:read", "audit", None, scope.agency_id, detail=detail)
    await api.record_alone(scope, db, entry)
