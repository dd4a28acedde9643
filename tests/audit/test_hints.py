"""Hints: by numbers, against the person's own days and their role's; never by a single odd look."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scopes import EVERYTHING, scope_of
from warroom.audit import api, hints
from warroom.audit.errors import HintSeenError, OwnHintError
from warroom.audit.hints import Hint, Usage
from warroom.kernel.db import Database, Transaction
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Rule, Scope

ZONE = ZoneInfo("Asia/Makassar")
NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)  # 10:00 in the city
SRI, BUDI, ANI = UUID(int=11), UUID(int=12), UUID(int=13)
AGENCY, OTHER = UUID(int=1), UUID(int=2)
ROLES = {SRI: "operator", BUDI: "operator", ANI: "auditor"}


def usage(person: UUID = SRI, at: datetime = NOW, **more: Any) -> Usage:
    plain = {"district": "73.71.04", "looks": 3, "things": 3, "refusals": 0, "emergencies": 0}
    return Usage(person, "Sri", AGENCY, at, **(plain | more))  # type: ignore[arg-type]


def days(person: UUID, things: int = 4, count: int = 14, hour: int = 2, **more: Any) -> list[Usage]:
    """Each of the last days, one hour of looking."""
    begin = NOW.replace(hour=hour)
    return [
        usage(person, begin - timedelta(days=day), looks=things, things=things, **more)
        for day in range(1, count + 1)
    ]


def found(rows: list[Usage]) -> dict[str, Hint]:
    return {hint.kind: hint for hint in hints.find(rows, NOW, ZONE, ROLES)}


def test_three_times_as_many_cameras_as_is_usual_is_a_hint_with_its_numbers() -> None:
    past = days(SRI, 8) + days(BUDI, 10) + days(ANI, 100)

    hint = found([*past, usage(looks=40, things=31)])["bulk"]

    assert hint.numbers == {"things": 31, "own": 8, "role": 10, "peers": 1}
    assert (hint.begins_at, hint.ends_at) == (NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize(("own", "role", "things"), [(1, 1, 19), (8, 10, 30), (11, 1, 33)])
def test_what_the_person_or_their_role_is_used_to_is_no_hint(
    own: int, role: int, things: int
) -> None:
    assert "bulk" not in found([*days(SRI, own), *days(BUDI, role), usage(things=things)])


def test_an_hour_at_which_neither_the_person_nor_their_role_looks_is_a_hint() -> None:
    past = days(SRI) + days(BUDI)
    at_night = NOW + timedelta(hours=16)

    hint = found([*past, usage(at=at_night)])["hours"]

    assert hint.numbers == {"hour": 2, "looks": 3, "days": 14, "share": 0.0}


@pytest.mark.parametrize("hour", [1, 2, 3])
def test_hours_next_to_usual_ones_are_no_hint(hour: int) -> None:
    assert "hours" not in found([*days(SRI), usage(at=NOW.replace(hour=hour))])


def test_hours_at_which_the_role_works_are_no_hint() -> None:
    night = days(BUDI, hour=18)

    assert "hours" not in found([*days(SRI), *night, usage(at=NOW + timedelta(hours=16))])


def test_districts_where_neither_the_person_nor_the_agency_is_at_home_are_a_hint() -> None:
    away = usage(district="73.71.11", looks=6, things=2)

    hint = found([*days(SRI), away, usage()])["place"]

    assert hint.numbers == {"looks": 6, "things": 2, "districts": ["73.71.11"], "home": 1}
    assert "place" not in found([*days(SRI), *days(BUDI, district="73.71.11"), away])


def test_somebody_who_is_new_has_nothing_unusual_about_hours_and_places() -> None:
    rows = [*days(SRI, count=9), usage(at=NOW + timedelta(hours=16), district="73.71.11", looks=9)]

    assert found(rows) == {}


@pytest.mark.parametrize(("refusals", "is_hint"), [(4, False), (5, True)])
def test_many_refusals_in_an_hour_are_a_hint(refusals: int, is_hint: bool) -> None:
    assert ("refusals" in found([usage(refusals=refusals, looks=0, things=0)])) is is_hint


def test_emergency_access_is_always_looked_at() -> None:
    assert found([usage(emergencies=1)])["emergency"].numbers == {"emergencies": 1}


@given(st.lists(st.builds(
    usage,
    st.sampled_from([SRI, BUDI]),
    st.integers(0, 24 * 30).map(lambda hours: NOW - timedelta(hours=hours)),
    looks=st.integers(0, 50), things=st.integers(0, 50), refusals=st.integers(0, 9),
    district=st.sampled_from(["", "73.71.01", "73.71.02"]),
), max_size=30))  # fmt: skip
def test_only_hours_that_are_judged_give_hints_and_each_kind_once(rows: list[Usage]) -> None:
    given_hints = hints.find(rows, NOW - timedelta(hours=2), ZONE, ROLES)

    assert all(hint.begins_at >= NOW - timedelta(hours=2) for hint in given_hints)
    keys = [(hint.kind, hint.person_id, hint.begins_at) for hint in given_hints]
    assert len(keys) == len(set(keys))


def asker(person: UUID, agency: UUID, minutes: float = 0, *rules: Rule) -> Scope:
    at = NOW + timedelta(minutes=minutes)
    return Scope(person, agency, rules, at, "web", label="Sri", agency_label="Polisi")


READ_OWN = Rule(frozenset({"audit:read"}), agencies=frozenset({AGENCY}))


@pytest.fixture
def bulk(db: Database, loop_runner: asyncio.Runner) -> None:
    """Sri looks at 25 cameras in an hour; Budi is refused six times; Ani takes access once."""

    async def make() -> None:
        for number in range(25):
            scope = asker(SRI, AGENCY, number)
            async with db.transaction(scope) as tx:
                await api.record(
                    scope, tx, action="live:view", object_kind="camera",
                    object_id=UUID(int=500 + number), agency_id=OTHER, place="73.71.04.1001",
                )  # fmt: skip
        stranger = Scope(None, None, (), NOW + timedelta(minutes=30), "web")
        for _ in range(6):
            async with db.transaction(stranger) as tx:
                await api.record(
                    stranger, tx, action="session:refused", object_kind="person", object_id=BUDI,
                    agency_id=OTHER, object_label="Budi",
                )  # fmt: skip
        for owner in (AGENCY, OTHER):
            ani = asker(ANI, OTHER, 40)
            async with db.transaction(ani) as tx:
                await api.record(
                    ani, tx, action="access:emergency_opened", object_kind="emergency",
                    object_id=UUID(int=700), agency_id=owner,
                )  # fmt: skip
        await look(db)

    loop_runner.run(make())


async def roles(_: Scope, __: Transaction) -> dict[UUID, str]:
    return ROLES


async def look(db: Database) -> int:
    system = asker(UUID(int=99), AGENCY, 59, Rule(frozenset({"*"})))
    return await api.look_for_hints(system, db, api.Peers(roles, ZONE))


async def listed(db: Database, scope: Scope, *, everything: bool = False) -> list[dict[str, Any]]:
    async with db.transaction(scope) as tx:
        items: list[dict[str, Any]] = msgspec.json.decode(
            await api.list_hints(scope, tx, all=everything)
        )
    return items


@pytest.mark.usefixtures("bulk")
async def test_the_job_finds_hints_once_and_shows_them_to_the_agency_of_the_person(
    db: Database,
) -> None:
    await look(db)

    own = await listed(db, asker(ANI, AGENCY, 60, READ_OWN))
    everybody = await listed(db, EVERYTHING)

    assert [(hint["kind"], hint["person"], hint["numbers"]["things"]) for hint in own] == [
        ("bulk", "Sri", 25)
    ]
    assert sorted((hint["kind"], *hint["numbers"].values()) for hint in everybody) == [
        ("bulk", 0, 0, 0, 25),
        ("emergency", 1),
        ("refusals", 6),
    ]
    assert await listed(db, scope_of()) == []


@pytest.mark.usefixtures("bulk")
async def test_a_hint_is_marked_once_by_somebody_else_with_a_note_that_is_audited(
    db: Database,
) -> None:
    reader = asker(ANI, AGENCY, 60, READ_OWN)
    (hint,) = await listed(db, reader)
    hint_id = UUID(hint["id"])

    for scope, error in (
        (asker(SRI, AGENCY, 60, READ_OWN), OwnHintError),
        (asker(ANI, OTHER, 60, Rule(frozenset({"audit:read"}), agencies=frozenset({OTHER}))),
         NotFoundError),
    ):  # fmt: skip
        async with db.transaction(scope) as tx:
            with pytest.raises(error):
                await api.mark_hint_seen(scope, tx, hint_id, "Latihan")
    async with db.transaction(reader) as tx:
        marked = await api.mark_hint_seen(reader, tx, hint_id, "Latihan gabungan")
    async with db.transaction(reader) as tx:
        with pytest.raises(HintSeenError):
            await api.mark_hint_seen(reader, tx, hint_id, "Lagi")
    await look(db)
    async with db.transaction(reader) as tx:
        page = msgspec.json.decode(await api.search(reader, tx, {"action": "audit:hint_seen"}))

    assert marked["note"] == "Latihan gabungan"
    assert await listed(db, reader) == []
    assert [hint["note"] for hint in await listed(db, reader, everything=True)] == [
        "Latihan gabungan"
    ]
    assert [entry["reason"] for entry in page["items"]] == ["Latihan gabungan"]
