"""HTTP doors of roles, and of the words that rights are made of."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from warroom.identity import api
from warroom.kernel import actions
from warroom.kernel.http import SIGNED_IN, Ctx, Router, json_response

roles = Router("roles")
words = Router("words")
why = Router("why")
routers = [roles, words, why]

type Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
type Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
type Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]
type Asked = Annotated[str, Query(min_length=1, max_length=80)]
type Words = Annotated[list[Name], Field(min_length=1, max_length=120)]


class RoleBody(BaseModel):
    """A new own role: its actions, or a role whose actions it takes over."""

    model_config = ConfigDict(extra="forbid")

    agency_id: UUID
    label: Label
    note: Note = ""
    actions: Words | None = None
    copy_of: Name | None = None


class RoleChange(BaseModel):
    """Changes of an own role; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    version: int
    label: Label | None = None
    note: Note | None = None
    actions: Words | None = None


@roles.get("", action="person:view")
async def list_roles(ctx: Ctx) -> Response:
    """Presets, and the own roles of agencies in view."""
    async with ctx.db.transaction(ctx.scope) as tx:
        return json_response(await api.list_roles(ctx.scope, tx))


@roles.post("", action="role:configure")
async def create_role(ctx: Ctx, body: RoleBody) -> Response:
    """Makes an own role of an agency; it can hold no more than its maker does there."""
    new = api.NewRole(body.agency_id, body.label, tuple(body.actions or ()), body.note)
    async with ctx.db.transaction(ctx.scope) as tx:
        name = await api.create_role(ctx.scope, tx, new, body.copy_of)
        content = await api.find_role(ctx.scope, tx, name)
    return json_response(content if content is not None else {"name": name}, 201)


@roles.patch("/{role_name}", action="role:configure")
async def change_role(ctx: Ctx, role_name: Name, body: RoleChange) -> Response:
    """Changes an own role, and the rights of everybody who holds it."""
    changes: dict[str, Any] = {
        word: value
        for word, value in body.model_dump(exclude={"version"}).items()
        if value is not None
    }
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.change_role(ctx.scope, tx, role_name, body.version, changes)
        content = await api.find_role(ctx.scope, tx, role_name)
    ctx.services[api.Authenticator].forget()
    return json_response(content if content is not None else {"name": role_name})


@roles.delete("/{role_name}", action="role:configure", status_code=204)
async def retire_role(ctx: Ctx, role_name: Name) -> Response:
    """Ends an own role for good; everybody who holds it loses it now."""
    async with ctx.db.transaction(ctx.scope) as tx:
        await api.retire_role(ctx.scope, tx, role_name)
    ctx.services[api.Authenticator].forget()
    return Response(status_code=204)


@why.get("", action="person:view")
async def explain(ctx: Ctx, person: Asked, action: Asked, thing: Asked) -> Response:
    """Whether a person may do something to a thing, by which right, and what else it would need."""
    async with ctx.db.transaction(ctx.scope) as tx:
        told = await api.explain_right(
            ctx.scope,
            tx,
            ctx.services[api.Finders],
            person=person,
            action=action,
            thing=thing,
        )
    return json_response(told)


@words.get("", action=SIGNED_IN)
async def list_words(ctx: Ctx) -> Response:
    """The action words that the asker holds somewhere: on what, and from which level on."""
    items = [
        {
            "word": action.word,
            "on": action.on,
            "level": action.level,
            "is_ahead": action.is_ahead,
            "for_programs": action.for_programs,
        }
        for action in actions.known()
        if ctx.scope.may(action.word)
    ]
    return json_response({"items": items, "levels": actions.LEVELS, "total": len(items)})
