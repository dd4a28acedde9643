"""HTTP doors of `audit`: search for people, and the state of the seal."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime
from starlette.responses import Response

from warroom.audit import api
from warroom.kernel.http import Ctx, Router, json_response

router = Router("audit")


@router.get("", action="audit:read")
async def search_audit(
    ctx: Ctx,
    person: UUID | None = None,
    object: Annotated[str | None, Query(max_length=100)] = None,  # noqa: A002 - the contract's word
    action: Annotated[str | None, Query(max_length=60)] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    cursor: Annotated[str | None, Query(max_length=80)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Entries that the asker may read, newest first; the search itself is an entry."""
    filters = {
        "person": person,
        "object": object,
        "action": action and action.removesuffix(":*"),
        "since": since,
        "until": until,
        "q": q,
    }
    async with ctx.db.transaction(ctx.scope) as tx:
        page = await api.search(ctx.scope, tx, filters, cursor, limit)
        if cursor is None:
            asked = {word: str(value) for word, value in filters.items() if value is not None}
            await api.record(
                ctx.scope,
                tx,
                action="audit:read",
                object_kind="audit",
                object_id=None,
                agency_id=ctx.scope.agency_id,
                detail=asked,
            )
    return json_response(page)


@router.get("/seal", action="audit:read")
async def get_seal(ctx: Ctx) -> Response:
    """Whether the last walk over the chains found every link whole, and one hash over all heads."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.seal(ctx.scope, tx))
