"""Claims about free beds: unknown, old and none are three things; who is best is told."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dispatch.incident_world import Room
from tests.dispatch.test_duress_free import crew_of
from tests.dispatch.world import person
from tests.scopes import AT, EVERYTHING, scope_of
from tests.traffic.world import ZONE
from warroom.dispatch import api
from warroom.dispatch.beds import BEDS, Choice, Count, Facility, order, state_of
from warroom.dispatch.beds_file import read_beds
from warroom.dispatch.contracts import Stamp
from warroom.dispatch.errors import (
    BadBedFileError,
    BadCountError,
    FacilityNotFoundError,
    FacilityThereError,
    NotOnDutyError,
    TaskNotFoundError,
)
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.places.api import Atlas

FRESH_S = 3600.0


def count(free: int, minutes: float = 5, kind: Any = "igd", **more: Any) -> Count:
    return Count(kind, free, AT - timedelta(minutes=minutes), "operator", **more)


def hospital(number: int, *counts: Count, **more: Any) -> Facility:
    told = {one.kind: one for one in counts}
    made = Facility(UUID(int=number), UUID(int=9), f"RS {number}", None, 0.0, 119.4, told)
    return replace(made, **more)


def names(choices: list[Choice]) -> list[str]:
    return [one.facility.name for one in choices]


def test_what_nobody_told_what_is_old_and_none_are_three_things() -> None:
    told = [None, count(3, 61), count(0, 61), count(0), count(1), count(1, 60)]

    assert [state_of(one, AT, FRESH_S) for one in told] == [
        *("unknown", "stale", "stale"),
        *("full", "free", "free"),
    ]


def test_a_near_hospital_without_a_free_bed_stands_behind_one_that_has_one() -> None:
    near, far, nobody, old = (
        hospital(1, count(0)),
        hospital(2, count(4)),
        hospital(3),
        hospital(4, count(9, 600)),
    )
    seconds = {near.id: 60.0, far.id: 900.0, nobody.id: 300.0, old.id: 200.0}

    choices = order([near, far, nobody, old], "igd", seconds, AT, FRESH_S)

    assert names(choices) == ["RS 2", "RS 4", "RS 3", "RS 1"]
    assert [one.state for one in choices] == ["free", "stale", "unknown", "full"]


def test_beds_of_another_kind_are_no_answer() -> None:
    icu, igd = hospital(1, count(3, kind="icu")), hospital(2, count(1))

    assert names(order([icu, igd], "icu", {}, AT, FRESH_S)) == ["RS 1", "RS 2"]
    assert names(order([icu, igd], "igd", {}, AT, FRESH_S)) == ["RS 2", "RS 1"]


facilities = st.lists(
    st.builds(
        lambda number, told: hospital(number, *told),
        st.integers(1, 9),
        st.lists(st.builds(count, st.integers(0, 2), st.integers(0, 120)), max_size=1),
    ),
    unique_by=lambda one: one.id,
)


@given(facilities, st.dictionaries(st.integers(1, 9), st.floats(0, 3600)), st.randoms())
def test_nobody_known_to_be_full_stands_before_one_known_to_be_free(
    found: list[Facility], times: dict[int, float], chance: Any
) -> None:
    seconds = {UUID(int=number): took for number, took in times.items()}
    mixed = list(found)
    chance.shuffle(mixed)

    choices = order(found, "igd", seconds, AT, FRESH_S)

    rank = {"free": 0, "unknown": 1, "stale": 1, "full": 2}
    ranks = [rank[one.state] for one in choices]
    assert order(mixed, "igd", seconds, AT, FRESH_S) == choices
    assert ranks == sorted(ranks)
    for before, after in pairwise(choices):
        if rank[before.state] == rank[after.state] and after.seconds is not None:
            assert before.seconds is not None
            assert before.seconds <= after.seconds


FILE = """Nama;Lintang;Bujur;Waktu;IGD kosong;IGD kapasitas;ICU;Catatan
RS Labuang Baji;-5,16;119,41;2026-11-24 13:30;3;20;0;x
RS Haji;;;;;;2;
;-5.1;119.4;;1;;;
RS Ibnu;-5.1;119.4;kemarin;1;;;
RS Stella;-5.1;;;1;;;
RS Akademis;-5.1;119.4;;banyak;;;
RS Bhayangkara;-5.1;119.4;;5;4;;
"""


def test_a_file_says_free_beds_by_kind_and_every_bad_row_is_told() -> None:
    read = read_beds(FILE.encode(), ZONE)

    first, second = read.rows
    assert (first.name, first.point) == ("RS Labuang Baji", (-5.16, 119.41))
    assert first.at is not None
    assert first.at.utcoffset() == timedelta(hours=8)
    assert first.beds == {"igd": (3, 20), "icu": (0, None)}
    assert (second.at, second.point, second.beds) == (None, None, {"icu": (2, None)})
    assert [(one.number, one.code) for one in read.bad] == [
        *((4, "no_name"), (5, "not_a_time"), (6, "not_a_point")),
        *((7, "not_a_count"), (8, "more_than_all")),
    ]
    assert read.ignored == ["Catatan"]


@given(st.binary(max_size=200))
def test_whatever_the_file_is_it_is_read_or_refused(content: bytes) -> None:
    try:
        read = read_beds(b"nama,igd\n" + content, ZONE)
    except ValueError:
        return
    assert all(0 <= free <= 5000 for row in read.rows for free, _ in row.beds.values())


KEEPER = Rule(frozenset({"dispatch:beds", "dispatch:view"}))


def keeper(room: Room, agency: UUID | None = None, **limits: Any) -> Scope:
    """Of the health office, keeps its hospitals; or of another agency, its own."""
    agency = agency or room.health
    rule = replace(KEEPER, agencies=frozenset({agency}), **limits)
    return scope_of(rule, agency_id=agency, person_id=room.dispatcher.person_id)


async def write(room: Room, name: str, lon: float, who: Scope | None = None) -> UUID:
    who = who or keeper(room)
    made = new_id()
    agency = who.agency_id or room.health
    facility = Facility(made, agency, name, "73.71.01.1001", 0.0, lon)
    async with room.world.db.transaction(who) as tx:
        await api.write_facility(who, tx, facility, room.now)
    return made


async def tell(
    room: Room, facility: UUID, free: int, who: Scope | None = None, ago_min: float = 0, **more: Any
) -> None:
    who = who or keeper(room)
    at = room.now - timedelta(minutes=ago_min)
    one = Count(more.pop("kind", "igd"), free, at, "operator", **more)
    async with room.world.db.transaction(who) as tx:
        await api.tell_beds(who, tx, facility, [one], room.now)


async def shown(room: Room, who: Scope | None = None) -> dict[str, Any]:
    who = who or keeper(room)
    async with room.world.db.transaction(who) as tx:
        found = await api.list_facilities(who, tx)
    items = [api.facility_json(one, room.world.settings, who, room.now) for one in found]
    return {one["name"]: one for one in msgspec.json.decode(msgspec.json.encode(items))}


async def test_the_last_count_stands_whatever_the_order_in_which_it_is_told(room: Room) -> None:
    made = await write(room, "RS Barat", 119.401)
    nothing = (await shown(room))["RS Barat"]["beds"]
    await tell(room, made, 4, ago_min=10, total=12, origin="telepon")
    await tell(room, made, 9, ago_min=50)
    await tell(room, made, 0, kind="icu")

    now = (await shown(room))["RS Barat"]["beds"]
    room.world.clock.advance(51 * 60)
    later = (await shown(room))["RS Barat"]["beds"]

    assert {kind: nothing[kind]["state"] for kind in BEDS} == dict.fromkeys(BEDS, "unknown")
    assert (now["igd"]["free"], now["igd"]["total"], now["igd"]["origin"]) == (4, 12, "telepon")
    assert (now["igd"]["source"], now["igd"]["by"]) == ("operator", "pengendali")
    assert [now[kind]["state"] for kind in BEDS] == ["free", "full", "unknown"]
    assert [later[kind]["state"] for kind in BEDS] == ["stale", "full", "unknown"]


async def test_it_is_kept_by_who_may_and_every_word_of_it_is_in_the_audit(room: Room) -> None:
    made = await write(room, "RS Barat", 119.401)
    stranger = keeper(room, room.fire)
    await tell(room, made, 4)

    with pytest.raises(FacilityNotFoundError):
        await tell(room, made, 5, stranger)
    with pytest.raises(FacilityNotFoundError):
        async with room.world.db.transaction(stranger) as tx:
            await api.remove_facility(stranger, tx, made, room.now)
    with pytest.raises(FacilityThereError):
        await write(room, "rs barat", 119.402)
    elsewhere = keeper(room, places=frozenset({"73.71.09"}))
    with pytest.raises(FacilityNotFoundError):
        await write(room, "RS Lain", 119.401, elsewhere)

    unseen = await shown(room, stranger)
    rows = await room.world.rows(
        "select action from audit_entry where object_kind = 'facility' order by recorded_at"
    )
    assert unseen == {}
    assert [row["action"] for row in rows] == ["dispatch:facility_written", "dispatch:beds_told"]


@pytest.mark.parametrize(("free", "ago_min", "total"), [(5, 0, 4), (1, -2, None)])
async def test_more_than_there_are_and_a_count_of_tomorrow_are_refused(
    room: Room, free: int, ago_min: float, total: int | None
) -> None:
    made = await write(room, "RS Barat", 119.401)

    with pytest.raises(BadCountError):
        await tell(room, made, free, ago_min=ago_min, total=total)


async def test_a_clock_that_is_a_little_ahead_is_not_refused(room: Room) -> None:
    made = await write(room, "RS Barat", 119.401)

    await tell(room, made, 1, ago_min=-0.5)

    assert (await shown(room))["RS Barat"]["beds"]["igd"]["state"] == "free"


NOWHERE = Atlas(Path("no-city"))


async def bring(room: Room, content: str, who: Scope, *, dry_run: bool = False) -> api.BedReport:
    async with room.world.db.transaction(who) as tx:
        return await api.import_beds(
            NOWHERE, who, tx, content.encode(), ZONE, room.now, dry_run=dry_run
        )


async def test_a_file_adds_hospitals_and_counts_of_the_askers_agency(room: Room) -> None:
    await write(room, "RS Barat", 119.401)
    content = (
        "nama,lat,lon,igd,icu\nrs  barat,,,3,\nRS Timur,0,119.409,0,2\nRS Hilang,,,1,\n"
        "RS Timur,0,119.409,5,\n"
    )

    tried = await bring(room, content, keeper(room), dry_run=True)
    before = await shown(room)
    report = await bring(room, content, keeper(room))

    after = await shown(room)
    assert (tried.added, tried.counts) == (report.added, report.counts) == (1, 3)
    assert (report.changed, report.unchanged) == (1, 0)
    assert [(one.number, one.code) for one in report.bad] == [(4, "no_place"), (5, "twice")]
    assert before["RS Barat"]["beds"]["igd"]["state"] == "unknown"
    assert after["RS Barat"]["beds"]["igd"]["source"] == "import"
    assert [after["RS Timur"]["beds"][kind]["state"] for kind in BEDS] == [
        *("full", "free", "unknown"),
    ]
    with pytest.raises(BadBedFileError):
        await bring(room, "igd,icu\n1,2\n", keeper(room))


async def on_the_way(room: Room) -> tuple[UUID, Scope]:
    """The ambulance's crew has a patient, at the west end of the road."""
    await room.send(await room.incident("medical_cardiac"), api.Wanted(room.ambulance, "ambulance"))
    (row,) = await room.world.rows(
        "select s.id, k.person_id from dispatch_assignment s"
        " join dispatch_crew k on k.unit_id = s.unit_id where s.unit_id = %s",
        room.ambulance,
    )
    await room.stamp(row["id"], Stamp.ACCEPTED, Stamp.EN_ROUTE, Stamp.ON_SCENE)
    await room.place(room.ambulance, 119.4005, ago_s=0)
    return row["id"], person(room.health, row["person_id"], "dispatch:act")


async def choose(room: Room, start: tuple[float, float], kind: Any = "igd") -> list[Choice]:
    choices = api.Choices(room.world.db, EVERYTHING, room.world.settings)
    return await choices.choose(room.world.router, start, kind, room.now)


async def test_a_crew_with_a_patient_is_told_the_nearest_that_has_a_bed(room: Room) -> None:
    assignment, crew = await on_the_way(room)
    near, far = await write(room, "RS Barat", 119.401), await write(room, "RS Timur", 119.409)
    async with room.world.db.transaction(crew) as tx:
        start = await api.start_of_crew(crew, tx, room.now)
    unknown = await choose(room, start)
    await tell(room, near, 0)
    await tell(room, far, 2)

    told = await choose(room, start)

    desk = room.dispatcher
    async with room.world.db.transaction(desk) as tx:
        from_desk = await api.start_of_sent(desk, tx, assignment, room.now)
    assert names(unknown) == ["RS Barat", "RS Timur"]
    assert [(one.facility.name, one.state) for one in told] == [
        ("RS Timur", "free"),
        ("RS Barat", "full"),
    ]
    assert all(one.seconds is not None and np.isfinite(one.seconds) for one in told)
    assert start == from_desk == (0.0, 119.4005)


async def test_who_carries_nobody_is_told_nothing_and_a_strange_desk_neither(room: Room) -> None:
    assignment, _ = await on_the_way(room)
    idle = await crew_of(room)
    stranger = person(room.world.agency, room.dispatcher.person_id or new_id(), "dispatch:send")

    with pytest.raises(NotOnDutyError):
        async with room.world.db.transaction(idle) as tx:
            await api.start_of_crew(idle, tx, room.now)
    with pytest.raises(TaskNotFoundError):
        async with room.world.db.transaction(stranger) as tx:
            await api.start_of_sent(stranger, tx, assignment, room.now)


async def test_without_a_fresh_position_the_way_is_counted_from_the_place(room: Room) -> None:
    assignment, _ = await on_the_way(room)
    room.world.clock.advance(301)

    desk = room.dispatcher
    async with room.world.db.transaction(desk) as tx:
        assert await api.start_of_sent(desk, tx, assignment, room.now) == (0.0, 119.405)


async def test_old_counts_are_forgotten_and_the_last_of_each_kind_stays(room: Room) -> None:
    made = await write(room, "RS Barat", 119.401)
    later = room.now + timedelta(days=4000)
    room.world.clock.advance(-40 * 86_400)
    await tell(room, made, 4, ago_min=10)
    await tell(room, made, 5)
    await tell(room, made, 1, kind="icu")

    async with room.world.db.transaction(EVERYTHING) as tx:
        await api.forget_old(EVERYTHING, tx, room.world.settings, later)

    rows = await room.world.rows("select kind, free from dispatch_bed order by kind")
    assert [(row["kind"], row["free"]) for row in rows] == [("icu", 1), ("igd", 5)]
