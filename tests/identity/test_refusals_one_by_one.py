"""Refusals each with everything else about the question in order: one guard alone says no.

What is asked over the web is asked by people; what no route lets anybody ask is asked of the
service by a scope that lacks the one thing.
"""

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from tests.identity.conftest import PASSWORD, City, Clients, signed_in
from tests.identity.test_applications import make
from tests.identity.test_grants import body, grant
from tests.scopes import scope_of
from warroom.identity import api, factor_rules
from warroom.identity.contracts import Caller
from warroom.identity.errors import (
    BeyondOwnRightsError,
    MustChangePasswordError,
    StepOverError,
    WrongPasswordError,
)
from warroom.identity.service import providers, steps, tokens
from warroom.identity.service.erasure import erase_person
from warroom.identity.service.factors import Codes, Prover, require_proof
from warroom.identity.store import roles
from warroom.kernel.errors import NeedsSessionError, NotFoundError
from warroom.kernel.scope import Rule, Scope


async def test_what_the_city_took_away_is_not_given_back_by_who_could_have_given_it(
    city: City, browser: Clients
) -> None:
    """Of the chief's own things, to the chief's own person."""
    async with signed_in(browser, "admin") as admin, signed_in(browser, "kepala") as chief:
        _, denial = await grant(admin, body(city, deny=True))
        lifted = await chief.delete(f"/api/grants/{denial}")

    assert (lifted.status_code, lifted.json()["code"]) == (403, "identity.beyond_own_rights")


async def test_what_one_took_away_is_given_back_only_while_one_holds_it(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "admin") as admin, signed_in(browser, "kepala") as chief:
        _, denial = await grant(chief, body(city, deny=True))
        await grant(admin, body(city, deny=True, person_id=str(city.people["kepala"])))
        lifted = await chief.delete(f"/api/grants/{denial}")

    assert (lifted.status_code, lifted.json()["code"]) == (403, "identity.beyond_own_rights")


async def test_nothing_is_given_to_whom_one_does_not_see(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        to_person = await grant(client, body(city, person_id=str(city.people["kapten"])))
        content = body(city, to_agency_id=str(uuid4()))
        del content["person_id"]
        to_agency = await grant(client, content)

    assert to_person == to_agency == (404, "not_found")


async def test_who_has_the_word_for_one_agency_makes_no_other(city: City, browser: Clients) -> None:
    async with signed_in(browser, "kepala") as client:
        await give(city, "agency:configure")
        answer = await client.post(
            "/api/agencies", json={"kind": "police", "name": "Polsek Panakkukang", "short": "Pnk"}
        )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def give(city: City, *words: str) -> None:
    """Gives the police's chief words on their own agency."""
    async with city.db.transaction(city.system) as tx:
        new = api.NewGrant(
            words,
            "uji",
            person_id=city.people["kepala"],
            agencies=(city.agencies["Polrestabes"],),
        )
        await api.create_grant(city.system, tx, new)


async def test_nobody_erases_themselves_and_no_token_erases_anybody(city: City) -> None:
    admin = await city.scope("admin")
    token = replace(admin, door="api")
    async with city.db.transaction(admin) as tx:
        with pytest.raises(NotFoundError):
            await erase_person(admin, tx, api.Erasers({}), city.people["admin"], "uji", 5)
        with pytest.raises(NeedsSessionError):
            await erase_person(token, tx, api.Erasers({}), uuid4(), "uji", 5)


async def test_a_generator_that_is_not_there_is_not_removed(city: City, browser: Clients) -> None:
    async with signed_in(browser, "polisi") as client:
        answer = await client.delete("/api/account/totp")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_who_has_no_session_proves_nothing(city: City, services: dict[type, object]) -> None:
    prover = services[api.Prover]
    assert isinstance(prover, Prover)
    scope = await city.scope("polisi")

    with pytest.raises(NeedsSessionError):
        await prover.prove(replace(scope, session_id=None), "password", PASSWORD)
    with pytest.raises(NeedsSessionError):
        await prover.require_password(replace(scope, door="api"), PASSWORD)


async def test_the_system_has_no_recovery_codes(city: City, services: dict[type, object]) -> None:
    prover = services[api.Prover]
    assert isinstance(prover, Prover)
    codes: Codes = prover.codes

    async with city.db.transaction(city.system) as tx:
        with pytest.raises(NotFoundError):
            await codes.renew_codes(city.system, tx)


async def test_a_session_that_is_over_or_known_to_others_proves_nothing(city: City) -> None:
    async def ask(scope: Scope) -> None:
        async with city.db.transaction(scope) as tx:
            await require_proof(scope, tx, 5)

    scope = await city.scope("polisi")
    await ask(scope)

    with pytest.raises(NotFoundError):
        await ask(replace(scope, session_id=uuid4()))
    async with city.db.transaction(city.system) as tx:
        await api.set_password(
            city.system, tx, city.people["polisi"], PASSWORD, city.passwords, 12, must_change=True
        )
    with pytest.raises(MustChangePasswordError):
        await ask(await city.scope("polisi"))


async def test_who_may_change_a_program_they_do_not_see_changes_nothing(
    city: City, browser: Clients
) -> None:
    async with signed_in(browser, "kepala") as chief, signed_in(browser, "admin") as admin:
        made = await make(chief, city, "Polrestabes")
        await take(city, "kepala", "application:view")
        url, change = f"/api/applications/{made['id']}", {"version": made["version"], "name": "x"}
        answer = await chief.patch(url, json=change)
        seen = await admin.patch(url, json=change)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert seen.status_code == 200  # the version is still the first


async def test_who_may_make_a_provider_they_do_not_see_makes_none(
    city: City, browser: Clients
) -> None:
    body = {
        "slug": "kota", "name": "Kota", "issuer": "https://203.0.113.7", "client_id": "warroom",
        "agencies": [str(city.agencies["Damkar"])],
    }  # fmt: skip
    async with signed_in(browser, "admin") as admin:
        await take(city, "admin", "provider:view")
        answer = await admin.post("/api/providers", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def take(city: City, login: str, word: str) -> None:
    """Takes a word from somebody."""
    async with city.db.transaction(city.system) as tx:
        new = api.NewGrant((word,), "uji", person_id=city.people[login], deny=True)
        await api.create_grant(city.system, tx, new)


async def test_a_token_makes_neither_providers_nor_links_nor_tokens(city: City) -> None:
    """Nothing but the door is wrong: all that would be asked next fails in another way."""
    admin = await city.scope("admin")
    token = replace(admin, door="api")
    none: Any = None
    async with city.db.transaction(admin) as tx:
        for asked in (
            providers.create_provider(token, tx, {}, None, sealer=none, outbound=none),
            providers.change_provider(token, tx, uuid4(), 1, {}, None, sealer=none, outbound=none),
            providers.prelink(token, tx, uuid4(), "kota", subject="1", email=None),
            providers.unlink(token, tx, uuid4(), uuid4()),
            providers.unlink_own(token, tx, uuid4()),
            tokens.create_token(token, tx, login=None, terms=api.TokenTerms("uji", 1)),
            api.set_password(token, tx, uuid4(), PASSWORD, city.passwords, 12),
        ):
            with pytest.raises(NeedsSessionError):
                await asked


async def test_what_is_not_there_has_no_provider_no_link_and_no_token(city: City) -> None:
    """The chief of an agency, who does not reach the city; people and links that nobody has."""
    chief, admin = await city.scope("kepala"), await city.scope("admin")
    none: Any = None
    async with city.db.transaction(chief) as tx:
        for asked in (
            providers.create_provider(chief, tx, {}, None, sealer=none, outbound=none),
            providers.change_provider(chief, tx, uuid4(), 1, {}, None, sealer=none, outbound=none),
            providers.prelink(
                chief, tx, city.people["polisi"], "tidak-ada", subject="1", email=None
            ),
            providers.list_person_links(chief, tx, city.people["kapten"]),
            providers.unlink(chief, tx, city.people["polisi"], uuid4()),
            providers.unlink_own(chief, tx, uuid4()),
        ):
            with pytest.raises(NotFoundError):
                await asked
    async with city.db.transaction(admin) as tx:
        with pytest.raises(NotFoundError):
            await tokens.create_token(admin, tx, login="tidak.ada", terms=api.TokenTerms("uji", 1))


async def test_a_ticket_of_another_session_is_over(city: City) -> None:
    scope = await city.scope("polisi")
    other = await city.scope("polisi")
    async with city.db.transaction(scope) as tx:
        ticket = await steps.begin(scope, tx, "totp", 5, person_id=scope.person_id)
        for asked in (steps.look, steps.use):
            with pytest.raises(StepOverError):
                await asked(other, tx, "totp", ticket.token)


async def test_the_words_told_are_those_that_one_holds(city: City, browser: Clients) -> None:
    told = {}
    for login in ("regu", "admin"):
        async with signed_in(browser, login) as client:
            items = (await client.get("/api/words")).json()["items"]
            told[login] = {item["word"] for item in items}

    assert "live:view" in told["regu"]
    assert told["admin"] - told["regu"] >= {"camera:configure", "role:configure"}


async def test_nobody_is_made_in_an_agency_that_is_not_there(city: City) -> None:
    new = api.NewPerson("baru", "Orang Baru", uuid4())

    with pytest.raises(NotFoundError):
        async with city.db.transaction(city.system) as tx:
            await api.create_person(city.system, tx, new)


async def test_a_role_given_to_somebody_without_agency_is_one_that_the_giver_holds(
    city: City,
) -> None:
    """Nothing follows from it today; all of it would the day they get an agency."""
    giver = scope_of(Rule(frozenset({"person:*", "agency:view"})), person_id=uuid4())
    new = api.NewPerson("baru", "Orang Baru", None, roles={"operate": "own"})

    with pytest.raises(BeyondOwnRightsError):
        async with city.db.transaction(giver) as tx:
            await api.create_person(giver, tx, new)


async def test_who_is_no_person_has_no_password_to_change(city: City) -> None:
    gone = replace(city.system, person_id=uuid4(), door="web")

    with pytest.raises(NotFoundError):
        async with city.db.transaction(gone) as tx:
            await api.set_password(
                gone, tx, gone.person_id, PASSWORD, city.passwords, 12, must_change=False
            )


async def test_who_has_no_password_has_none_that_others_know(city: City) -> None:
    new = api.NewPerson("baru", "Orang Baru", city.agencies["Damkar"])
    async with city.db.transaction(city.system) as tx:
        person_id = await api.create_person(city.system, tx, new)

    with pytest.raises(NotFoundError):
        async with city.db.transaction(city.system) as tx:
            await api.mark_compromised(city.system, tx, person_id, 15)


async def test_a_role_is_made_for_an_agency_in_reach_that_is_there(city: City) -> None:
    """All that it would hold is held on everything: only the agency is not in reach."""
    maker = scope_of(
        Rule(frozenset({"live:view", "agency:view", "person:view"})),
        Rule(frozenset({"role:configure"}), agencies=frozenset({city.agencies["Polrestabes"]})),
        person_id=city.people["kepala"],
    )
    refused = []
    for scope, agency in ((maker, city.agencies["Damkar"]), (city.system, uuid4())):
        try:
            async with city.db.transaction(scope) as tx:
                await api.create_role(scope, tx, api.NewRole(agency, "Jaga", ("live:view",)))
        except NotFoundError:
            refused.append(agency)

    assert len(refused) == 2


async def test_of_who_holds_a_role_those_in_view_are_counted(city: City) -> None:
    """Each of two agencies has a chief with the same role."""
    wide = Rule(frozenset({"camera:view"}))
    police = Rule(frozenset({"person:view"}), agencies=frozenset({city.agencies["Polrestabes"]}))
    counts = []
    for scope in (scope_of(wide, police), scope_of(wide, Rule(frozenset({"person:view"})))):
        async with city.db.transaction(scope) as tx:
            listed = json.loads(await roles.list_roles(scope, tx))["items"]
            one = json.loads(await roles.find_role_json(scope, tx, "admin_lembaga") or b"")
        (held,) = [role["people"] for role in listed if role["name"] == "admin_lembaga"]
        counts.append((held, one["people"]))

    assert counts == [(1, 1), (2, 2)]


async def test_who_is_not_there_is_not_let_in(city: City) -> None:
    with pytest.raises(WrongPasswordError):
        await city.doorkeeper.let_in(
            uuid4(), "password", factor_rules.PASSWORD, Caller("127.0.0.1", "uji")
        )
