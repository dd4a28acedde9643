"""Refusals of webhooks with everything else about the question in order."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.hub.test_refusals import URL
from tests.hub.test_webhooks import STATE, World, world
from tests.scopes import scope_of
from warroom.hub import api, routes
from warroom.hub.commands import _application_id
from warroom.kernel.command import Tools
from warroom.kernel.errors import NotFoundError
from warroom.kernel.http import Ctx
from warroom.kernel.scope import Rule

__all__ = ["world"]


async def test_who_has_all_but_the_word_for_webhooks_makes_none(world: World) -> None:
    """They see the program, may change it, and hold what it may do."""
    words = frozenset({"application:configure", "application:view", "camera:view"})
    scope = scope_of(Rule(words, agencies=frozenset({world.own})), agency_id=world.own)
    webhooks: api.Webhooks = world.services[api.Webhooks]
    async with world.db.transaction(world.scope) as tx:
        with pytest.raises(NotFoundError):
            await webhooks.create(
                scope, tx, application_id=world.application, name="x", url=URL, kinds=[STATE]
            )


async def test_who_may_change_a_webhook_they_do_not_see_changes_nothing(world: World) -> None:
    webhook_id, _ = await world.webhook(URL)
    words = frozenset({"webhook:configure", "application:configure", "camera:view"})
    scope = scope_of(Rule(words, agencies=frozenset({world.own})), agency_id=world.own)
    ctx = cast("Ctx", SimpleNamespace(db=world.db, scope=scope, services=world.services))
    change = routes.WebhookChange(version=1, name="lain")

    with pytest.raises(NotFoundError):
        await routes.change_webhook(ctx, webhook_id, change)
    content: Any
    async with world.db.transaction(world.scope) as tx:
        content = await api.find_webhook(world.scope, tx, webhook_id)
    assert b"peta" in content
    assert b"lain" not in content


async def test_a_program_that_does_not_exist_gets_no_webhook(world: World) -> None:
    tools = cast("Tools", SimpleNamespace(scope=world.scope))
    async with world.db.transaction(world.scope) as tx:
        assert await _application_id(tools, tx, "peta") == world.application
        with pytest.raises(NotFoundError):
            await _application_id(tools, tx, "tidak ada")
