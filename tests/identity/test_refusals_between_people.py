"""What is done to one person, or asked of one, is of that person alone.

Asked by the system, which row-level security lets see everybody: only the query stands between
the people here.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tests.identity.conftest import City
from warroom.identity import api
from warroom.identity.store import applications, factors, people, providers, rights, roles, sessions
from warroom.kernel.db import Transaction
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Scope

TABLES = (
    *("api_token", "passkey", "person_link", "person_password", "person_role", "recovery_code"),
    *("session", "totp_factor"),
)
FILL = """
insert into session (id, token_hash, person_id, method, created_at, seen_at, expires_at)
values (%(id)s, %(hash)s, %(person)s, %(method)s, %(now)s, %(now)s, %(later)s);
insert into api_token (id, token_hash, person_id, name, created_at, expires_at)
values (%(id)s, %(hash)s, %(person)s, 'uji', %(now)s, %(later)s);
insert into totp_factor (person_id, secret, created_at) values (%(person)s, 'x', %(now)s);
insert into passkey (id, person_id, credential_id, public_key, sign_count, name, aaguid,
    is_backed_up, created_at)
values (%(id)s, %(person)s, %(hash)s, 'x', 0, 'Kunci', '', false, %(now)s);
insert into recovery_code (person_id, code_hash, created_at) values (%(person)s, 'x', %(now)s);
insert into person_role (person_id, role, reach) values (%(person)s, 'view', 'own')
on conflict do nothing;
insert into person_role (person_id, role, reach) values (%(person)s, %(foreign)s, 'own');
insert into identity_provider (id, slug, name, issuer, client_id, agencies, created_at, changed_at)
values (%(id)s, %(slug)s, %(slug)s, 'https://idp', 'x', array[%(agency)s::uuid], %(now)s, %(now)s);
insert into person_link (id, provider_id, person_id, email, created_at)
values (%(id)s, %(id)s, %(person)s, %(slug)s || '@kota', %(now)s);
"""
BY_ROLE = {"role": "view", "grant_id": None, "token_id": None, "seat_id": None}


async def fill(city: City, connection: psycopg.Connection[Any]) -> dict[str, UUID]:
    """Two people with one of everything; gives the id that all things of each have.

    Each holds an own role of the other's agency, as somebody who has changed agencies might.
    """
    own = {}
    async with city.db.transaction(city.system) as tx:
        for short in ("Polrestabes", "Damkar"):
            new = api.NewRole(city.agencies[short], "Jaga", ("camera:view",))
            own[short] = await api.create_role(city.system, tx, new)
    ids = {}
    for login, agency, other in (
        ("polisi", "Polrestabes", "Damkar"),
        ("regu", "Damkar", "Polrestabes"),
    ):
        ids[login] = new_id()
        values = {
            "id": ids[login],
            "hash": ids[login].bytes,
            "person": city.people[login],
            "agency": city.agencies[agency],
            "foreign": own[other],
            "slug": login,
            "method": f"oidc:{login}",
            "now": city.clock.now(),
            "later": city.clock.now() + timedelta(days=1),
        }
        for statement in FILL.strip().rstrip(";").split(";\n"):
            connection.execute(statement.encode(), values)
    connection.commit()
    return ids


def rows_of(connection: psycopg.Connection[Any], person_id: UUID) -> dict[str, list[Any]]:
    return {
        name: connection.execute(
            sql.SQL("select to_jsonb(t) from {} t where person_id = %s order by 1").format(
                sql.Identifier(name)
            ),
            [person_id],
        ).fetchall()
        for name in TABLES
    }


type Work = Callable[[Scope, Transaction, UUID], Awaitable[Any]]

CHANGES: dict[str, tuple[Work, str]] = {
    "sessions end": (people.end_sessions, "session"),
    "sessions end where there is no seat": (factors.end_unseated, "session"),
    "tokens end": (people.end_tokens, "api_token"),
    "a password is to be changed": (people.mark_compromised, "person_password"),
    "a hash is renewed": (
        lambda scope, tx, one: people.renew_hash(scope, tx, one, "$argon2id$v=19$neu"),
        "person_password",
    ),
    "roles are set": (lambda scope, tx, one: people.set_roles(scope, tx, one, {}), "person_role"),
    "roles of other agencies go": (roles.drop_foreign, "person_role"),
    "a role lapses": (
        lambda scope, tx, one: rights.set_end(
            scope, tx, "role", BY_ROLE | {"person_id": one}, scope.at
        ),
        "person_role",
    ),
    "a role ends": (
        lambda scope, tx, one: rights.end_right(scope, tx, "role", BY_ROLE | {"person_id": one}),
        "person_role",
    ),
    "the code generator goes": (factors.remove_totp, "totp_factor"),
    "recovery codes are made": (
        lambda scope, tx, one: factors.store_recovery(scope, tx, one, [b"neu"]),
        "recovery_code",
    ),
    "every factor goes": (factors.remove_all, "passkey"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_changes_for_one_person_stays_for_the_others(
    change: str, city: City, connections: Connections
) -> None:
    work, table = CHANGES[change]
    with psycopg.connect(connections.superuser) as connection:
        await fill(city, connection)
        before = {one: rows_of(connection, id_) for one, id_ in city.people.items()}
        connection.commit()
        async with city.db.transaction(city.system) as tx:
            await work(city.system, tx, city.people["polisi"])
        after = {one: rows_of(connection, id_) for one, id_ in city.people.items()}

    assert after["polisi"][table] != before["polisi"][table]
    assert {one for one in before if before[one] != after[one]} == {"polisi"}


async def test_a_link_is_taken_from_whose_it_is(city: City, connections: Connections) -> None:
    with psycopg.connect(connections.superuser) as connection:
        ids = await fill(city, connection)
    async with city.db.transaction(city.system) as tx:
        for other in ("polisi", "admin"):
            assert not await providers.take_link(city.system, tx, city.people[other], ids["regu"])
        assert await providers.take_link(city.system, tx, city.people["regu"], ids["regu"])


async def test_what_is_asked_of_one_person_is_answered_of_them(
    city: City, connections: Connections
) -> None:
    with psycopg.connect(connections.superuser) as connection:
        ids = await fill(city, connection)
        connection.execute(
            "delete from person_password where person_id = %s", [city.people["magang"]]
        )
        connection.execute(
            "update person_password set is_long = false where person_id = %s",
            [city.people["polisi"]],
        )
        connection.execute(
            "update person_password set is_long = true where person_id <> %s",
            [city.people["polisi"]],
        )
    polisi, magang = (
        replace(city.system, person_id=city.people[one]) for one in ("polisi", "magang")
    )
    async with city.db.transaction(city.system) as tx:
        own = {
            scope.person_id: json.loads(await factors.find_own(scope, tx))
            for scope in (polisi, magang)
        }
        assert own == {
            magang.person_id: {"totp": None, "passkeys": [], "recovery": 0, "has_password": False},
            polisi.person_id: own[polisi.person_id] | {"recovery": 1, "has_password": True},
        }
        assert [one["id"] for one in own[polisi.person_id]["passkeys"]] == [str(ids["polisi"])]
        assert await factors.find_own_passkey(polisi, tx, ids["polisi"])
        assert not await factors.find_own_passkey(polisi, tx, ids["regu"])
        assert not await factors.has_password(magang, tx, city.people["magang"])
        assert not await factors.has_long_password(polisi, tx, city.people["polisi"])
        assert await factors.has_long_password(polisi, tx, city.people["regu"])
        assert not await providers.has_other_way(magang, tx, city.people["magang"])
        links = json.loads(await providers.list_links(polisi, tx, city.people["polisi"]))
        assert [one["id"] for one in links["items"]] == [str(ids["polisi"])]
        open_ = json.loads(await sessions.list_of(polisi, tx, 1e9, city.people["polisi"]))
        assert str(ids["polisi"]) in {one["id"] for one in open_["items"]}
        assert str(ids["regu"]) not in {one["id"] for one in open_["items"]}
        assert await providers.find_session_provider(replace(polisi, session_id=ids["polisi"]), tx)
        foreign = replace(polisi, session_id=ids["regu"])
        assert not await providers.find_session_provider(foreign, tx)
        assert not await sessions.find(replace(foreign, rules=()), tx, ids["regu"], "person:view")
        assert set(await people.list_givers(city.system, tx, city.people["magang"])) == set()


@pytest.mark.parametrize("factor", ["password", "link"])
async def test_another_way_in_is_ones_own(
    factor: str, city: City, connections: Connections
) -> None:
    """Of two people with one way each, neither has the other's as a second."""
    with psycopg.connect(connections.superuser) as connection:
        await fill(city, connection)
        connection.execute("delete from person_link where person_id = %s", [city.people["polisi"]])
        table = "person_link" if factor == "password" else "person_password"
        connection.execute(f"delete from {table}".encode())
        connection.execute(
            "delete from person_password where person_id = %s", [city.people["polisi"]]
        )
    async with city.db.transaction(city.system) as tx:
        found = {
            one: await providers.has_other_way(city.system, tx, city.people[one])
            for one in ("polisi", "regu")
        }

    assert found == {"polisi": False, "regu": True}


async def test_a_person_has_the_roles_and_grants_of_nobody_else(
    city: City, connections: Connections
) -> None:
    grant = """
    insert into access_grant (id, person_id, to_agency_id, agency_id, actions, reason, created_at)
    values (%s, %s, %s, %s, '{ptz:move}', %s, now())
    """
    damkar, polres = city.agencies["Damkar"], city.agencies["Polrestabes"]
    with psycopg.connect(connections.superuser) as connection:
        await fill(city, connection)
        connection.execute(grant, [new_id(), city.people["regu"], None, damkar, "orang lain"])
        connection.execute(grant, [new_id(), None, damkar, damkar, "lembaga lain"])
        connection.execute(grant, [new_id(), city.people["polisi"], None, polres, "orangnya"])
        connection.execute(grant, [new_id(), None, polres, polres, "lembaganya"])
    async with city.db.transaction(city.system) as tx:
        person = await people.find_person(city.system, tx, city.people["polisi"], "person:view")
        assert person is not None
        principal = await people.find_principal(city.system, tx, person)
        granted = await applications.list_granted(city.system, tx, polres)
        listed = await rights.list_rights(city.system, tx, polres)

    assert len(principal.roles) == 3
    assert len(principal.grants) == 2
    assert len(granted) == 1
    by_kind = {
        kind: {one["person_id"] for one in listed if one["kind"] == kind}
        for kind in ("role", "grant", "token")
    }
    own = {city.people["polisi"], city.people["kepala"]}
    assert by_kind["role"] == own
    assert by_kind["grant"] == {city.people["polisi"], None}
    assert by_kind["token"] == {city.people["polisi"]}
