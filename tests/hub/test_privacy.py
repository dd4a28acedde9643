"""What `hub` tells of people: who set a webhook up; what was sent is deleted with proof."""

from dataclasses import replace
from datetime import timedelta

from tests.hub.test_webhooks import STATE, World, world
from warroom.hub import api
from warroom.hub.privacy import find_webhooks
from warroom.identity import api as identity
from warroom.privacy.contracts import Subject

__all__ = ["world"]


async def test_a_webhook_is_found_by_the_login_of_who_set_it_up(world: World) -> None:
    scope = world.scope
    async with world.db.transaction(scope) as tx:
        rina = await identity.create_person(
            scope, tx, identity.NewPerson("rina", "Rina", world.own)
        )
        await identity.create_person(scope, tx, identity.NewPerson("budi", "Budi", world.own))
        by_rina = replace(scope, person_id=rina)
        await world.services[api.Webhooks].create(
            by_rina,
            tx,
            application_id=world.application,
            name="peta",
            url="https://93.184.216.34/hook",
            kinds=[STATE],
        )

    async with world.db.transaction(scope) as tx:
        hers = await find_webhooks(scope, tx, Subject("account", " Rina "))
        his = await find_webhooks(scope, tx, Subject("account", "budi"))
        nobodys = await find_webhooks(scope, tx, Subject("account", "siapa"))

    assert [(one.count, one.items[0]["name"]) for one in hers] == [(1, "peta")]
    assert his == nobodys == []


async def test_what_was_sent_is_deleted_with_proof(world: World) -> None:
    await world.webhook("https://93.184.216.34/hook")
    await world.happen("live", "late")
    while await api.collect(world.scope, world.db):
        pass
    async with world.db.transaction(world.scope) as tx:
        await tx.execute("update webhook_delivery set state = 'done'")
        await api.tidy(world.scope, tx, world.clock.now() + timedelta(days=1))
        proof = await (
            await tx.execute("select * from privacy_deletion where store = 'webhook_delivery'")
        ).fetchall()
        left = await (await tx.execute("select count(*) as n from webhook_delivery")).fetchone()

    assert [(row["count"], row["rule"]) for row in proof] == [(2, "age")]
    assert left == {"n": 0}
