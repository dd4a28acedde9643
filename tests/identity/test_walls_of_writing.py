"""The second wall where rows are written: a statement that forgets to narrow changes own rows."""

import psycopg
import pytest

from tests.identity.conftest import City
from tests.scopes import scope_of
from warroom.identity import api
from warroom.kernel import outbox
from warroom.kernel.scope import Rule


async def test_a_role_is_made_within_the_own_agency_alone(city: City) -> None:
    police, fire = city.agencies["Polrestabes"], city.agencies["Damkar"]
    scope = scope_of(Rule(frozenset({"*"}), agencies=frozenset({police})))
    statement = (
        "insert into role (name, agency_id, label, actions, is_preset, created_at, changed_at)"
        " values (%s, %s, %s, '{live:view}', %s, now(), now())"
    )

    async with city.db.transaction(scope) as tx:
        made = await tx.execute(statement, ["uji", police, "Uji", False])
    assert made.rowcount == 1
    for owner in (fire, None):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with city.db.transaction(scope) as tx:
                await tx.execute(statement, ["lain", owner, owner and "Uji", owner is None])


async def test_roles_are_changed_within_the_own_agency_alone(city: City) -> None:
    police, fire = city.agencies["Polrestabes"], city.agencies["Damkar"]
    async with city.db.transaction(city.system) as tx:
        for owner in (police, fire):
            await api.create_role(city.system, tx, api.NewRole(owner, "Jaga", ("live:view",)))

    async with city.db.transaction(
        scope_of(Rule(frozenset({"*"}), agencies=frozenset({police})))
    ) as tx:
        changed = await tx.execute("update role set note = 'diubah'")

    assert changed.rowcount == 1


async def test_an_agency_takes_no_event_out_of_the_outbox(city: City) -> None:
    police = city.agencies["Polrestabes"]
    async with city.db.transaction(city.system) as tx:
        await outbox.publish(tx, "x.y", {}, agency_id=police, now=city.clock.now())

    async with city.db.transaction(
        scope_of(Rule(frozenset({"*"}), agencies=frozenset({police})))
    ) as tx:
        gone = await tx.execute("delete from outbox")

    assert gone.rowcount == 0
