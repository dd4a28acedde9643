"""HTTP of walls."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from warroom.kernel.http import Ctx, Router, json_response
from warroom.kernel.realtime import Topic
from warroom.wall import api
from warroom.wall.api import LayoutDraft, Tile
from warroom.wall.contracts import CHANGED, OWN_CHANGED, VIEW

router = Router("wall", prefix="/api/walls")

TOPICS: list[Topic] = [Topic(CHANGED, VIEW), Topic(OWN_CHANGED, VIEW, is_personal=True)]


class TileBody(BaseModel):
    """What one monitor shows."""

    model_config = ConfigDict(extra="forbid")

    position: int
    cameras: list[UUID] = Field(default_factory=list, max_length=100)


class LayoutBody(BaseModel):
    """A layout."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=400)]
    shared: Literal["person", "agency"] = "person"
    cols: int = 3
    rows: int = 3
    dwell_s: int = 15
    tiles: Annotated[list[TileBody], Field(max_length=32)] = []


class LayoutChange(BaseModel):
    """What is to be changed of the layout as it was read in `version`."""

    model_config = ConfigDict(extra="forbid")

    version: int
    name: Annotated[str, Field(max_length=400)] | None = None
    shared: Literal["person", "agency"] | None = None
    cols: int | None = None
    rows: int | None = None
    dwell_s: int | None = None
    tiles: Annotated[list[TileBody], Field(max_length=32)] | None = None
    locked: bool | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were sent."""
        sent = self.model_dump(exclude={"version", "tiles"}, exclude_none=True)
        return sent if self.tiles is None else {**sent, "tiles": _tiles(self.tiles)}


@router.get("/layouts", action=VIEW)
async def list_layouts(ctx: Ctx) -> Response:
    """One's own layouts and the shared ones in view."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response({"items": await api.list_layouts(ctx.scope, tx)})


@router.post("/layouts", action=VIEW)
async def add_layout(ctx: Ctx, body: LayoutBody) -> Response:
    """Keeps a new layout."""
    draft = LayoutDraft(
        body.name, body.shared, body.cols, body.rows, body.dwell_s, _tiles(body.tiles)
    )
    async with ctx.db.transaction(ctx.scope) as tx:
        layout_id = await api.add_layout(ctx.scope, tx, draft, ctx.clock.now())
        return json_response(await api.show_layout(ctx.scope, tx, layout_id), 201)


@router.get("/layouts/{layout_id}", action=VIEW)
async def get_layout(ctx: Ctx, layout_id: UUID) -> Response:
    """One layout."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.show_layout(ctx.scope, tx, layout_id))


@router.patch("/layouts/{layout_id}", action=VIEW)
async def change_layout(ctx: Ctx, layout_id: UUID, body: LayoutChange) -> Response:
    """Changes what is sent of a layout."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_layout(
            ctx.scope, tx, layout_id, body.version, body.changes(), ctx.clock.now()
        )
        return json_response(await api.show_layout(ctx.scope, tx, layout_id))


@router.delete("/layouts/{layout_id}", action=VIEW)
async def remove_layout(ctx: Ctx, layout_id: UUID) -> Response:
    """Deletes a layout."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.remove_layout(ctx.scope, tx, layout_id, ctx.clock.now())
    return Response(status_code=204)


def _tiles(bodies: list[TileBody]) -> tuple[Tile, ...]:
    return tuple(Tile(body.position, tuple(body.cameras)) for body in bodies)
