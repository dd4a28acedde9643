"""Webhooks that are not in reach, and what is not even kept for them."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.hub.test_webhooks import STATE, World, world  # noqa: F401 - a fixture
from tests.scopes import scope_of
from warroom.hub import api, service, store
from warroom.hub.errors import TooManyError
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.scope import Rule

URL = "http://127.0.0.1:9/"


async def test_a_webhook_that_does_not_exist_is_not_found(world: World) -> None:  # noqa: F811
    webhooks: api.Webhooks = world.services[api.Webhooks]
    async with world.db.transaction(world.scope) as tx:
        for refused in (
            webhooks.endpoint_to_test(world.scope, tx, uuid4()),
            service.list_deliveries(world.scope, tx, uuid4()),
        ):
            with pytest.raises(NotFoundError):
                await refused


async def test_a_token_makes_no_webhooks(world: World) -> None:  # noqa: F811
    webhooks: api.Webhooks = world.services[api.Webhooks]
    token = replace(world.scope, door="api")
    async with world.db.transaction(world.scope) as tx:
        with pytest.raises(NeedsSessionError):
            await webhooks.create(
                token, tx, application_id=world.application, name="x", url=URL, kinds=[STATE]
            )


async def test_a_webhook_is_seen_by_who_has_the_word_for_its_agency(
    world: World,  # noqa: F811
) -> None:
    webhook_id, _ = await world.webhook(URL)
    word = frozenset({"webhook:view"})
    async with world.db.transaction(world.scope) as tx:
        for agency, is_seen in ((world.own, True), (world.other, False)):
            scope = scope_of(Rule(word, agencies=frozenset({agency})), agency_id=agency)
            found = await store.find_webhook(scope, tx, webhook_id, "webhook:view")
            assert (found is not None) is is_seen


async def test_webhooks_of_other_agencies_are_not_counted(world: World) -> None:  # noqa: F811
    webhooks: api.Webhooks = world.services[api.Webhooks]
    await world.webhook(URL)
    async with world.db.transaction(world.scope) as tx:
        assert await store.count_webhooks(world.scope, tx, world.own) == 1
        assert await store.count_webhooks(world.scope, tx, world.other) == 0
        full = replace(webhooks, settings=replace(webhooks.settings, most_per_agency=1))
        with pytest.raises(TooManyError):
            await full.create(
                world.scope, tx, application_id=world.application, name="y", url=URL, kinds=[STATE]
            )


async def test_what_may_not_be_heard_is_not_even_kept_to_be_sent(world: World) -> None:  # noqa: F811
    """Nobody finds it in the list of deliveries, where it would wait to be withheld."""
    await world.webhook(URL)
    await world.happen({"state": "live"}, agency=world.other)
    while await api.collect(world.scope, world.db):
        pass

    assert world.log() == []
