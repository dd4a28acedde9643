"""Looking entries up: newest first, page by page, and only what may be read."""

import asyncio
from datetime import timedelta
from uuid import UUID

import msgspec
import psycopg
import pytest

from tests.scopes import AT, EVERYTHING, scope_of
from warroom.audit import api, service, store
from warroom.audit.errors import WrongCursorError, WrongPeriodError
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope, Sides

POLICE, FIRE, CITY = UUID(int=1), UUID(int=2), UUID(int=3)
CAMERA = UUID(int=100)


def reader(*agencies: UUID, **more: object) -> Scope:
    rule = Rule(frozenset({"audit:read"}), agencies=frozenset(agencies), **more)  # type: ignore[arg-type]
    return scope_of(rule)


async def look(
    db: Database,
    *,
    by: UUID,
    owner: UUID,
    minutes: int = 0,
    action: str = "live:view",
    camera: UUID = CAMERA,
    place: str = "73.71.04.1006",
    reason: str | None = None,
    detail: dict[str, object] | None = None,
    tags: tuple[str, ...] = (),
    class_: str | None = "standard",
) -> UUID:
    sides: Sides = {
        "agency_id": owner, "place": place, "object_id": camera, "tags": tags, "class_": class_,
    }  # fmt: skip
    person = Scope(
        person_id=UUID(int=by.int + 1000),
        agency_id=by,
        rules=(),
        at=AT + timedelta(minutes=minutes),
        door="web",
        label=f"Orang {by.int}",
        agency_label=f"Lembaga {by.int}",
        address="10.0.0.1",
    )
    async with db.transaction(person) as tx:
        return await api.record(
            person,
            tx,
            action=action,
            object_kind="camera",
            object_id=camera,
            agency_id=owner,
            object_label="Losari 1",
            place=place,
            reason=reason,
            detail=detail,
            sides=sides,
        )


async def found(db: Database, scope: Scope, **filters: object) -> list[dict[str, object]]:
    async with db.transaction(scope) as tx:
        page = msgspec.json.decode(await api.search(scope, tx, filters))
    items: list[dict[str, object]] = page["items"]
    return items


@pytest.fixture
def looks(db: Database, loop_runner: asyncio.Runner) -> None:
    async def make() -> None:
        await look(db, by=POLICE, owner=POLICE, minutes=0, reason="Kecelakaan 100%")
        await look(db, by=POLICE, owner=FIRE, minutes=1, camera=UUID(int=101))
        await look(db, by=FIRE, owner=POLICE, minutes=2, action="recording:view")
        await look(db, by=CITY, owner=CITY, minutes=3, place="73.71.01")

    loop_runner.run(make())


async def owners(db: Database, scope: Scope, **filters: object) -> list[str]:
    return [str(item["at"])[11:16] for item in await found(db, scope, **filters)]


@pytest.mark.usefixtures("looks")
async def test_an_agency_reads_what_was_done_to_its_things_and_by_its_people(
    db: Database,
) -> None:
    assert await owners(db, reader(POLICE)) == ["06:02", "06:01", "06:00"]
    assert await owners(db, reader(FIRE)) == ["06:02", "06:01"]
    assert await owners(db, reader(CITY)) == ["06:03"]
    assert await owners(db, scope_of()) == []
    assert len(await owners(db, EVERYTHING)) == 4


@pytest.mark.usefixtures("looks")
async def test_a_right_limited_to_an_area_reads_what_happened_there(db: Database) -> None:
    scope = scope_of(Rule(frozenset({"audit:read"}), places=frozenset({"73.71.01"})))

    assert await owners(db, scope) == ["06:03"]


@pytest.fixture
def marked(db: Database, loop_runner: asyncio.Runner) -> None:
    async def make() -> None:
        await look(db, by=POLICE, owner=POLICE, minutes=0, tags=("a",), class_="bukti")
        await look(db, by=POLICE, owner=POLICE, minutes=1, camera=UUID(int=101), tags=("a", "b"))
        await look(db, by=FIRE, owner=POLICE, minutes=2, camera=UUID(int=102))

    loop_runner.run(make())


AUDIT = frozenset({"audit:read"})
SIDES = {
    "objects": (frozenset({CAMERA, new_id()}), ["06:00"]),
    "tags": (frozenset({"b", "c"}), ["06:01"]),
    "classes": (frozenset({"bukti"}), ["06:00"]),
    "agencies": (frozenset({POLICE}), ["06:02", "06:01", "06:00"]),
}


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("side", SIDES)
async def test_a_right_limited_by_any_side_reads_what_it_reaches(db: Database, side: str) -> None:
    value, expected = SIDES[side]

    assert await owners(db, scope_of(Rule(AUDIT, **{side: value}))) == expected  # type: ignore[arg-type]


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("side", SIDES)
async def test_a_denial_by_any_side_hides_what_it_reaches_whoever_did_it(
    db: Database, side: str
) -> None:
    value, hidden = SIDES[side]
    denial = Rule(AUDIT, deny=True, **{side: value})  # type: ignore[arg-type]
    scope = scope_of(Rule(AUDIT), denial)

    expected = [time for time in ("06:02", "06:01", "06:00") if time not in hidden]
    assert await owners(db, scope) == expected


@pytest.mark.usefixtures("marked")
async def test_a_denial_of_a_thing_with_its_owner_hides_it_when_a_stranger_looked(
    db: Database,
) -> None:
    thing = frozenset({UUID(int=102)})
    denial = Rule(AUDIT, deny=True, objects=thing, agencies=frozenset({POLICE}))

    assert await owners(db, scope_of(Rule(AUDIT), denial)) == ["06:01", "06:00"]


@pytest.mark.usefixtures("marked")
async def test_a_denial_by_class_hides_older_entries_that_do_not_tell_it(
    db: Database, connections: Connections
) -> None:
    """Until form 3 tags and class were not kept: what cannot be judged is not shown."""
    with psycopg.connect(connections.superuser) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update audit_entry set form = 2, thing_tags = null, thing_class = null")
        connection.execute("update audit_entry set object_kind = 'person' where at = %s", [AT])

    by_class = Rule(AUDIT, deny=True, classes=frozenset({"rahasia"}))
    by_tag = Rule(AUDIT, deny=True, tags=frozenset({"rahasia"}))
    by_thing = Rule(AUDIT, deny=True, objects=frozenset({UUID(int=102)}))

    assert await owners(db, scope_of(Rule(AUDIT), by_class)) == ["06:00"]
    assert await owners(db, scope_of(Rule(AUDIT), by_tag)) == ["06:00"]
    assert await owners(db, scope_of(Rule(AUDIT), by_thing)) == ["06:01", "06:00"]


@pytest.mark.usefixtures("looks")
async def test_filters_narrow_together(db: Database) -> None:
    assert await owners(db, EVERYTHING, person=UUID(int=1001)) == ["06:01", "06:00"]
    assert await owners(db, EVERYTHING, object=str(UUID(int=101))) == ["06:01"]
    assert await owners(db, EVERYTHING, action="recording") == ["06:02"]
    assert await owners(db, EVERYTHING, action="recording:view") == ["06:02"]
    assert await owners(db, EVERYTHING, since=AT + timedelta(minutes=2)) == ["06:03", "06:02"]
    assert await owners(db, EVERYTHING, until=AT + timedelta(minutes=1)) == ["06:00"]
    assert await owners(db, EVERYTHING, q="100%") == ["06:00"]
    assert await owners(db, EVERYTHING, q="1_0") == []
    assert await owners(db, EVERYTHING, q="lembaga 2", action="live") == []


@pytest.mark.usefixtures("looks")
async def test_an_item_tells_who_what_whose_why_and_from_where(db: Database) -> None:
    (item,) = await found(db, EVERYTHING, q="kecelakaan")

    assert item["person"] == {"id": str(UUID(int=1001)), "name": "Orang 1"}
    assert (item["agency"], item["object_label"]) == ("Lembaga 1", "Losari 1")
    assert (item["at"], item["address"]) == ("2026-11-24T06:00:00.000Z", "10.0.0.1")
    assert "cursor" not in item


async def test_pages_follow_one_another_even_within_one_millisecond(db: Database) -> None:
    for _ in range(25):
        await look(db, by=POLICE, owner=POLICE)
    seen: list[tuple[int, int]] = []
    cursor = None

    async with db.transaction(EVERYTHING) as tx:
        while True:
            page = msgspec.json.decode(await api.search(EVERYTHING, tx, {}, cursor, 10))
            seen += [(item["chain"], item["seq"]) for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break

    assert len(seen) == len(set(seen)) == 25


@pytest.mark.parametrize("cursor", ["", "x", "1", "1.x", f"{10**30}.{UUID(int=1)}"])
async def test_a_cursor_that_is_not_ours_is_refused(db: Database, cursor: str) -> None:
    async with db.transaction(EVERYTHING) as tx:
        with pytest.raises(WrongCursorError):
            await api.search(EVERYTHING, tx, {}, cursor)


async def test_the_owner_learns_who_looked_and_for_how_long(db: Database) -> None:
    view = await look(db, by=FIRE, owner=POLICE)
    await look(
        db,
        by=FIRE,
        owner=POLICE,
        minutes=5,
        action="live:end",
        detail={"view": str(view), "seconds": 300.5},
    )
    await look(db, by=POLICE, owner=POLICE, minutes=6, action="camera:changed")
    await look(db, by=FIRE, owner=POLICE, minutes=7, camera=UUID(int=101))
    scope = reader(POLICE)

    async with db.transaction(scope) as tx:
        seen = await api.accesses(scope, tx, CAMERA, AT - timedelta(hours=1))

    (access,) = seen
    assert (access.person, access.agency, access.action) == ("Orang 2", "Lembaga 2", "live:view")
    assert access.seconds == 300.5


async def test_who_may_configure_the_camera_may_know_who_looked(db: Database) -> None:
    await look(db, by=FIRE, owner=POLICE)
    own = scope_of(Rule(frozenset({"camera:configure"}), agencies=frozenset({POLICE})))
    other = scope_of(Rule(frozenset({"camera:configure"}), agencies=frozenset({CITY})))

    counts = []
    for scope in (own, other):
        async with db.transaction(scope) as tx:
            seen = await api.accesses(scope, tx, CAMERA, AT, action="camera:configure")
            counts.append(len(seen))

    assert counts == [1, 0]


async def test_the_detail_is_canonical_json(db: Database) -> None:
    await look(db, by=POLICE, owner=POLICE, detail={"z": [1, None], "a": {"d": 1, "c": "é"}})

    async with db.transaction(EVERYTHING) as tx:
        row = await (await tx.execute("select detail from audit_entry")).fetchone()

    assert row == {"detail": '{"a":{"c":"é","d":1},"z":[1,null]}'}


async def test_two_entries_of_one_transaction_are_both_kept(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        for _ in range(3):
            await api.record(
                EVERYTHING, tx, action="a:b", object_kind="k", object_id=new_id(), agency_id=None
            )

    assert len(await found(db, EVERYTHING)) == 3


@pytest.mark.usefixtures("looks")
async def test_entries_are_found_by_place_agency_door_and_purpose(db: Database) -> None:
    assert await owners(db, EVERYTHING, place="73.71.04") == ["06:02", "06:01", "06:00"]
    assert await owners(db, EVERYTHING, place="73.71.0") == []
    assert await owners(db, EVERYTHING, agency=FIRE) == ["06:02", "06:01"]
    assert await owners(db, EVERYTHING, door="cli") == []
    assert len(await owners(db, EVERYTHING, door="web")) == 4
    assert await owners(db, EVERYTHING, purpose="100%") == ["06:00"]


async def test_a_page_looks_through_a_bounded_number_of_entries_and_the_next_goes_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_WINDOWS", (4, 4))
    for minutes in range(30):
        await look(db, by=POLICE, owner=POLICE, minutes=minutes, reason="tua" * (minutes == 0))
    pages, cursor = [], None

    async with db.transaction(EVERYTHING) as tx:
        while True:
            page = msgspec.json.decode(await api.search(EVERYTHING, tx, {"q": "tua"}, cursor))
            pages.append((len(page["items"]), page["searched_to"]))
            cursor = page["next"]
            if cursor is None:
                break

    assert pages[0] == (0, "2026-11-24T06:21:00Z")
    assert [count for count, _ in pages] == [0] * (len(pages) - 1) + [1]
    assert len(pages) == 4


async def test_who_saw_what_a_camera_showed_is_told_live_and_later(db: Database) -> None:
    early = await look(db, by=FIRE, owner=POLICE, minutes=0)
    await look(db, by=FIRE, owner=POLICE, minutes=20, action="live:end",
               detail={"view": str(early), "seconds": 1200})  # fmt: skip
    gone = await look(db, by=CITY, owner=POLICE, minutes=1)
    await look(db, by=CITY, owner=POLICE, minutes=2, action="live:end",
               detail={"view": str(gone), "seconds": 60})  # fmt: skip
    footage = {"from": "2026-11-24T06:15:00Z", "to": "2026-11-24T06:16:00Z"}
    await look(db, by=POLICE, owner=POLICE, minutes=90, action="recording:view", detail=footage)
    await look(db, by=CITY, owner=POLICE, minutes=91, action="recording:view",
               detail={"from": "2026-11-24T05:15:00Z", "to": "2026-11-24T05:16:00Z"})  # fmt: skip
    await look(db, by=POLICE, owner=POLICE, minutes=12, action="ptz:move")
    scope, ten = reader(POLICE), timedelta(minutes=10)

    async with db.transaction(scope) as tx:
        found = msgspec.json.decode(
            await api.list_watchers(scope, tx, CAMERA, AT + ten, AT + 2 * ten)
        )
    other = reader(UUID(int=77))
    async with db.transaction(other) as tx:
        nothing = await api.list_watchers(other, tx, CAMERA, AT + ten, AT + 2 * ten)

    assert [(item["person"], item["action"], item["seconds"]) for item in found["items"]] == [
        ("Orang 2", "live:view", 1200),
        ("Orang 1", "ptz:move", None),
        ("Orang 1", "recording:view", None),
    ]
    assert msgspec.json.decode(nothing)["items"] == []


async def test_what_a_person_saw_is_told_by_thing_with_times(db: Database) -> None:
    view = await look(db, by=FIRE, owner=POLICE)
    await look(db, by=FIRE, owner=POLICE, minutes=5, action="live:end",
               detail={"view": str(view), "seconds": 300})  # fmt: skip
    footage = {"from": "2026-11-24T05:00:00Z", "to": "2026-11-24T05:02:00Z"}
    await look(db, by=FIRE, owner=POLICE, minutes=6, action="recording:view", detail=footage)
    await look(db, by=FIRE, owner=CITY, minutes=7, camera=UUID(int=101))
    await look(db, by=CITY, owner=CITY, minutes=8, camera=UUID(int=102))
    person, hour = UUID(int=FIRE.int + 1000), timedelta(hours=1)

    async with db.transaction(EVERYTHING) as tx:
        all_seen = msgspec.json.decode(
            await api.list_seen_by(EVERYTHING, tx, person, AT, AT + hour)
        )["items"]
    scope = reader(POLICE)
    async with db.transaction(scope) as tx:
        own = msgspec.json.decode(await api.list_seen_by(scope, tx, person, AT, AT + hour))

    first = all_seen[0]
    assert (first["looks"], first["seconds"], first["footage"], first["footage_s"]) == (
        1,
        300,
        1,
        120,
    )
    assert len(all_seen) == 2
    assert [item["object_id"] for item in own["items"]] == [str(CAMERA)]


@pytest.mark.parametrize("hours", [-1, 0, 24 * 8])
async def test_a_question_about_no_time_or_too_long_a_one_is_refused(
    db: Database, hours: int
) -> None:
    async with db.transaction(EVERYTHING) as tx:
        with pytest.raises(WrongPeriodError):
            await api.list_watchers(EVERYTHING, tx, CAMERA, AT, AT + timedelta(hours=hours))


@pytest.mark.parametrize("filters", [{}, {"no_ends": True}, {"q": "Losari"}, {"agency": FIRE}])
async def test_a_small_agency_finds_its_few_entries_at_once_among_those_of_all(
    db: Database, monkeypatch: pytest.MonkeyPatch, filters: dict[str, object]
) -> None:
    monkeypatch.setattr(service, "_WINDOWS_OF_AGENCIES", (1, 2, 2))
    owned = await look(db, by=POLICE, owner=FIRE, minutes=0)
    done = await look(db, by=FIRE, owner=POLICE, minutes=1)
    both = await look(db, by=FIRE, owner=FIRE, minutes=2)
    for minutes in range(3, 20):
        await look(db, by=POLICE, owner=POLICE, minutes=minutes)

    pages = []
    cursor = None
    async with db.transaction(reader(FIRE)) as tx:
        while not pages or cursor is not None:
            page = msgspec.json.decode(await api.search(reader(FIRE), tx, dict(filters), cursor))
            pages.append([UUID(item["id"]) for item in page["items"]])
            cursor = page["next"]

    assert pages[0] != []
    assert [id_ for page in pages for id_ in page] == [both, done, owned]


@pytest.mark.usefixtures("looks")
async def test_the_last_uses_of_an_agency_are_those_of_its_people(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        uses = await api.list_last_uses(
            EVERYTHING, tx, POLICE, AT - timedelta(days=1), action="audit:read"
        )

    assert uses == {(UUID(int=1001), "live"): AT + timedelta(minutes=1)}


@pytest.mark.usefixtures("looks")
async def test_what_is_proved_of_an_agency_is_of_that_agency(db: Database) -> None:
    async with db.transaction(EVERYTHING) as tx:
        entries = await store.list_entries(EVERYTHING, tx, {"agency": FIRE}, 10)

    assert [entry.at - AT for entry in entries] == [timedelta(minutes=2), timedelta(minutes=1)]
