"""Every right explains itself, and what it says is what the scope judges."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.conftest import City, Clients, signed_in
from tests.identity.test_rules import AGENCIES, CLASSES, OBJECTS, PLACES, TAGS, instants
from tests.scopes import AT, scope_of
from warroom.identity import api, rules
from warroom.identity.contracts import Agency, HeldGrant, HeldRole, Principal, Thing
from warroom.identity.explain_rules import explain
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Rule

WORDS = ["camera:view", "live:view", "camera:*", "*"]


def some(items: list[Any]) -> st.SearchStrategy[list[Any] | None]:
    return st.none() | st.lists(st.sampled_from(items), min_size=1, max_size=2, unique=True)


GRANTS = st.builds(
    HeldGrant,
    id=st.uuids(),
    actions=st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
    agencies=some(AGENCIES),
    places=some(PLACES),
    objects=some(OBJECTS),
    tags=some(TAGS),
    classes=some(CLASSES),
    deny=st.booleans(),
    starts_at=instants(),
    ends_at=instants(),
)
PRINCIPALS = st.builds(
    Principal,
    person_id=st.uuids(),
    login=st.just("a"),
    name=st.just("A"),
    title=st.just(""),
    language=st.just("id"),
    agency=st.none()
    | st.builds(
        Agency,
        id=st.sampled_from(AGENCIES),
        kind=st.sampled_from(["city", "police"]),
        name=st.just("A"),
        short=st.just("A"),
        is_active=st.sampled_from([True, True, False]),
    ),
    roles=st.lists(
        st.builds(
            HeldRole,
            name=st.just("view"),
            actions=st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
            reach=st.sampled_from(["own", "city"]),
            lapses_at=instants(),
        ),
        max_size=2,
    ),
    grants=st.lists(GRANTS, max_size=4),
)
THINGS = st.builds(
    Thing,
    kind=st.just("camera"),
    id=st.sampled_from(OBJECTS),
    label=st.just("1"),
    agency_id=st.sampled_from(AGENCIES),
    place=st.none() | st.sampled_from(PLACES),
    tags=st.sampled_from([(), ("a",), ("a", "b")]),
    class_=st.none() | st.sampled_from(CLASSES),
)


@settings(max_examples=300, deadline=None)
@given(principal=PRINCIPALS, thing=THINGS, action=st.sampled_from(WORDS[:2]))
def test_the_explanation_and_the_scope_are_of_one_mind(
    principal: Principal, thing: Thing, action: str
) -> None:
    scope = scope_of(*rules.rules_of(principal, AT))

    told = explain(principal, action, thing, AT)

    assert told.allowed == scope.allows(
        action,
        agency_id=thing.agency_id,
        place=thing.place,
        object_id=thing.id,
        tags=thing.tags,
        class_=thing.class_,
    )


@settings(max_examples=300, deadline=None)
@given(
    principal=PRINCIPALS,
    place=st.none() | st.sampled_from(PLACES),
    action=st.sampled_from(WORDS[:2]),
)
def test_of_what_is_the_citys_they_are_of_one_mind_too(
    principal: Principal, place: str | None, action: str
) -> None:
    scope = scope_of(*rules.rules_of(principal, AT))
    thing = Thing("jam", OBJECTS[0], "Jalan", None, place, of_city=True)

    assert explain(principal, action, thing, AT).allowed == scope.allows_in_city(action, place)


async def ask(city: City, person: str, action: str, thing: str) -> dict[str, Any]:
    async with city.db.transaction(city.system) as tx:
        told = await api.explain_right(
            city.system, tx, api.Finders({}), person=person, action=action, thing=thing
        )
    plain: dict[str, Any] = msgspec.to_builtins(told)
    return plain


async def test_a_role_says_which_it_is_and_how_far_it_reaches(city: City) -> None:
    told = await ask(city, "kepala", "agency:view", "Polrestabes")

    assert told["allowed"]
    role = told["rights"][0]["role"]
    assert (role["name"], role["label"], role["reach"]) == ("admin_lembaga", "", "own")
    assert told["needed"] is None


async def test_a_grant_says_who_gave_it_why_and_until_when(city: City) -> None:
    until = city.clock.now() + timedelta(days=14)
    grant = api.NewGrant(
        ("agency:view",),
        "Perkara 41",
        person_id=city.people["polisi"],
        agencies=(city.agencies["Damkar"],),
        ends_at=until,
        letter="B-112/2026",
    )
    admin = await city.scope("admin")
    async with city.db.transaction(admin) as tx:
        await api.create_grant(admin, tx, grant)

    told = await ask(city, "polisi", "agency:view", "Damkar")

    right = told["rights"][0]
    assert told["allowed"]
    assert right["grant"]["reason"] == "Perkara 41"
    assert (right["grant"]["letter"], right["grant"]["created_by"]) == ("B-112/2026", "Admin")
    assert right["until"] is not None
    # The role is named as well, with the side by which it misses.
    assert [list(voice["misses"]) for voice in told["rights"][1:]] == [["agency"]]


async def test_a_denial_is_named_before_what_it_beats(city: City) -> None:
    grant = api.NewGrant(("agency:view",), "cuti", person_id=city.people["polisi"], deny=True)
    async with city.db.transaction(city.system) as tx:
        await api.create_grant(city.system, tx, grant)

    told = await ask(city, "polisi", "agency:view", "Polrestabes")

    assert not told["allowed"]
    assert [(voice["deny"], voice["reaches"]) for voice in told["rights"]] == [
        (True, True),
        (False, True),
    ]


async def test_what_is_missing_says_what_would_be_needed(city: City) -> None:
    told = await ask(city, "regu", "agency:configure", "Damkar")
    nobody = await ask(city, "magang", "agency:view", "Damkar")

    assert told["rights"] == []
    assert "admin_lembaga" in {role["name"] for role in told["needed"]["roles"]}
    assert "view" not in {role["name"] for role in told["needed"]["roles"]}
    assert nobody["blocked"] == "no_agency"


async def test_nothing_is_told_of_what_the_asker_may_not_see(city: City, browser: Clients) -> None:
    def asked(person: str, thing: str) -> dict[str, str]:
        return {"person": person, "action": "agency:view", "thing": thing}

    async with signed_in(browser, "kepala") as client:
        own = await client.get("/api/why", params=asked("polisi", "Polrestabes"))
        hidden = [
            await client.get("/api/why", params=asked(*pair))
            for pair in (
                ("polisi", "Damkar"),
                ("polisi", "kapten"),
                ("polisi", "Tiada"),
                ("kapten", "Polrestabes"),
                ("tiada", "Polrestabes"),
            )
        ]

    assert own.status_code == 200, own.text
    assert {answer.status_code for answer in hidden} == {404}
    assert len({answer.content for answer in hidden}) == 1


async def test_of_a_grant_out_of_view_only_its_being_there_is_told(city: City) -> None:
    """The asker sees the person, and holds no right to see grants."""
    police = city.agencies["Polrestabes"]
    grant = api.NewGrant(
        ("agency:view",), "rahasia", person_id=city.people["regu"], agencies=(police,)
    )
    async with city.db.transaction(city.system) as tx:
        await api.create_grant(city.system, tx, grant)
    looker = scope_of(Rule(frozenset({"person:view", "agency:view"})))
    async with city.db.transaction(looker) as tx:
        told = await api.explain_right(
            looker, tx, api.Finders({}), person="regu", action="agency:view", thing="Polrestabes"
        )

    assert told["allowed"]
    assert (told["rights"][0]["hidden"], told["rights"][0]["grant"]) == (True, None)


def test_an_unknown_person_is_nobody(city: City, loop_runner: asyncio.Runner) -> None:
    with pytest.raises(NotFoundError):
        loop_runner.run(ask(city, "tiada", "agency:view", "Damkar"))
