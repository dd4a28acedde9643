"""Queries that narrow while nothing else does: the wall stands as wide as the widest right.

Who may see cameras of the whole city has a wall that lets every row pass; what they see of people,
programs or roles is then up to the query alone.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.identity.conftest import City
from tests.identity.test_refusals_between_people import fill
from tests.scopes import scope_of
from warroom.identity import api
from warroom.identity.store import agencies, applications, people, providers, rights, roles, seats
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope

WORDS = (
    *("person:view", "agency:view", "application:view", "provider:view", "role:configure"),
    "seat:configure",
)


def shorts(content: bytes) -> set[str]:
    return {one["short"] for one in json.loads(content)["items"]}


def owners(content: bytes) -> set[str]:
    return {one["agency"]["short"] for one in json.loads(content)["items"] if one.get("agency")}


async def list_people(scope: Scope, tx: Transaction) -> set[str]:
    return owners(await people.list_people(scope, tx, agency=None, q=None, after=None, limit=99))


async def list_applications(scope: Scope, tx: Transaction) -> set[str]:
    return owners(await applications.list_applications(scope, tx))


async def list_agencies(scope: Scope, tx: Transaction) -> set[str]:
    return shorts(await agencies.list_agencies(scope, tx))


async def list_seats(scope: Scope, tx: Transaction) -> set[str]:
    return owners(await seats.list_seats(scope, tx))


async def list_roles(scope: Scope, tx: Transaction) -> set[str]:
    return owners(await roles.list_roles(scope, tx))


async def list_main_roles(scope: Scope, tx: Transaction) -> set[str]:
    found = await people.find_main_roles(scope, tx)
    rows = await tx.execute(
        "select distinct a.short from person p join agency a on a.id = p.agency_id"
        " where p.id = any(%s)",
        [list(found)],
    )
    return {row["short"] for row in await rows.fetchall()}


LISTS: dict[str, Callable[[Scope, Transaction], Awaitable[set[str]]]] = {
    "people": list_people,
    "programs": list_applications,
    "agencies": list_agencies,
    "seats": list_seats,
    "roles": list_roles,
    "first roles": list_main_roles,
}


@pytest.mark.parametrize("what", LISTS)
async def test_a_list_is_as_narrow_as_its_word_where_the_wall_is_wide(
    what: str, city: City
) -> None:
    police, fire = city.agencies["Polrestabes"], city.agencies["Damkar"]
    async with city.db.transaction(city.system) as tx:
        for agency in (police, fire):
            await api.create_application(
                city.system, tx, api.NewApplication(agency, "Peta", ("camera:view",))
            )
            await api.create_role(city.system, tx, api.NewRole(agency, "Jaga", ("live:view",)))
            await api.create_seat(city.system, tx, agency, "Meja", None, 9)
    of_city = Rule(frozenset({"camera:view"}))
    narrow = scope_of(of_city, Rule(frozenset(WORDS), agencies=frozenset({police})))
    wide = scope_of(of_city, Rule(frozenset(WORDS)))
    async with city.db.transaction(narrow) as tx:
        seen = await LISTS[what](narrow, tx)
    async with city.db.transaction(wide) as tx:
        all_ = await LISTS[what](wide, tx)

    assert seen == {"Polrestabes"}
    assert all_ >= {"Polrestabes", "Damkar"}


async def test_providers_are_listed_for_who_reaches_the_city(
    city: City, connections: Connections
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        await fill(city, connection)
    of_city = Rule(frozenset({"camera:view"}))
    own = Rule(frozenset(WORDS), agencies=frozenset({city.agencies["Polrestabes"]}))
    counts = []
    for scope in (scope_of(of_city, own), scope_of(of_city, Rule(frozenset(WORDS)))):
        async with city.db.transaction(scope) as tx:
            counts.append(len(json.loads(await providers.list_providers(scope, tx))["items"]))

    assert counts == [0, 2]


async def test_what_one_may_do_follows_from_ones_own_roles_and_grants(city: City) -> None:
    """To oneself, to one's agency, and to who has a role in it."""
    police, fire = city.agencies["Polrestabes"], city.agencies["Damkar"]
    given: dict[str, dict[str, Any]] = {
        "live:view": {"person_id": city.people["polisi"]},
        "recording:view": {"to_agency_id": police},
        "recording:hold": {"person_id": city.people["kapten"]},
        "recording:export": {"to_agency_id": fire},
    }
    lent = {"operate": "ptz:move", "admin_lembaga": "camera:configure"}
    async with city.db.transaction(city.system) as tx:
        for word, to in given.items():
            await api.create_grant(city.system, tx, api.NewGrant((word,), "uji", **to))
        for role, word in lent.items():
            new = api.NewGrant(
                (word,),
                "uji",
                agencies=(fire,),
                purpose="uji",
                ends_at=city.clock.now() + timedelta(days=1),
            )
            await api.lend(city.system, tx, new, police, roles=[role])
        row = await tx.execute("select * from person where id = %s", [city.people["polisi"]])
        person = await row.fetchone()
        assert person is not None
        found = await people.find_principal(city.system, tx, person)

    held = {word for grant in found.grants for word in grant.actions}
    assert held == {"live:view", "recording:view", "ptz:move"}
    assert [role.name for role in found.roles] == ["operate"]


async def test_an_account_that_is_erased_takes_nothing_of_others_along(
    city: City, connections: Connections
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        await fill(city, connection)
    async with city.db.transaction(city.system) as tx:
        for login in ("polisi", "regu"):
            new = api.NewGrant(("live:view",), "uji", person_id=city.people[login])
            await api.create_grant(city.system, tx, new)
        gone = await people.erase_person(
            city.system, tx, city.people["polisi"], "terhapus", "Akun terhapus"
        )
    with psycopg.connect(connections.superuser) as connection:
        kept = {
            table: connection.execute(
                f"select count(*) from {table} where person_id = %s", [city.people["regu"]]
            ).fetchone()
            for table in people._OF_PERSON
        }
        ended = connection.execute(
            "select person_id from access_grant where revoked_at is not null"
        ).fetchall()

    assert gone["session"] == gone["api_token"] == gone["passkey"] == 1
    assert {table for table, count in kept.items() if count == (0,)} <= {"sign_in_link"}
    assert ended == [(city.people["polisi"],)]


async def test_one_signs_in_by_ones_own_links(city: City, connections: Connections) -> None:
    with psycopg.connect(connections.superuser) as connection:
        await fill(city, connection)
        connection.execute("update person_link set subject = email")
    scope = replace(city.system, person_id=city.people["polisi"])
    async with city.db.transaction(scope) as tx:
        assert await providers.list_linked(scope, tx) == ["polisi"]


async def test_people_are_listed_of_the_agency_that_was_asked_for(city: City) -> None:
    async with city.db.transaction(city.system) as tx:
        listed = await people.list_people(
            city.system, tx, agency=city.agencies["Damkar"], q=None, after=None, limit=99
        )

    assert owners(listed) == {"Damkar"}


async def test_a_review_is_of_the_rights_of_one_agency(
    city: City, connections: Connections
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        ids = await fill(city, connection)
        for login, short in (("polisi", "Polrestabes"), ("regu", "Damkar")):
            connection.execute(
                "insert into seat (id, agency_id, name, created_at, enrolled_at)"
                " values (%s, %s, 'Meja', now(), now())",
                [ids[login], city.agencies[short]],
            )
    async with city.db.transaction(city.system) as tx:
        for login in ("polisi", "regu"):
            new = api.NewGrant(("live:view",), "uji", person_id=city.people[login])
            await api.create_grant(city.system, tx, new)
        found = await rights.list_rights(city.system, tx, city.agencies["Damkar"])

    assert {row["kind"] for row in found} == {"role", "grant", "token", "seat"}
    assert {row["person_id"] for row in found} <= {
        None, city.people["kapten"], city.people["regu"]
    }  # fmt: skip
    assert [row["seat_id"] for row in found if row["kind"] == "seat"] == [ids["regu"]]


async def test_an_account_elsewhere_is_bound_to_people_of_its_agencies_alone(
    city: City, connections: Connections
) -> None:
    """Somebody of another agency whose address the provider vouches for as well."""
    with psycopg.connect(connections.superuser) as connection:
        ids = await fill(city, connection)
        connection.execute(
            "insert into person_link (id, provider_id, person_id, email, created_at)"
            " values (%s, %s, %s, 'sama@kota', now())",
            [new_id(), ids["polisi"], city.people["kapten"]],
        )
    async with city.db.transaction(city.system) as tx:
        found = await providers.find_provider(city.system, tx, "polisi")
        assert found is not None
        assert not await providers.bind_email(city.system, tx, found, "sub-1", "sama@kota")
        assert await providers.bind_email(city.system, tx, found, "sub-2", "polisi@kota")
