"""Lists of vehicles that somebody made, and the commands of the machine itself."""

import json

import pytest

from tests.cameras.world import EVERYTHING
from tests.units.world import World
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Scope
from warroom.units import api
from warroom.units.contracts import ImportReport, Unit, UnitId
from warroom.units.errors import AmbiguousUnitError, UnitNotFoundError, UnreadableImportError
from warroom.units.imports import read_csv
from warroom.units.rules import merge
from warroom.units.tracks import as_geojson

GOOD = """name,kind,agency,station,capabilities,crew,width_m,device,simulated
Damkar 07,engine,Damkar,Pos Tallo,pump rescue,6,"2,5",gps-7,ya
Damkar 08,engine,damkar,Pos Tallo,,6,,gps-8,tidak
"""


async def run(world: World, content: str, scope: Scope | None = None, **more: bool) -> ImportReport:
    scope = scope or EVERYTHING
    async with world.db.transaction(scope) as tx:
        return await api.import_units(world.fleet, scope, tx, content.encode(), **more)


async def test_a_list_is_taken_and_changes_nothing_the_second_time(world: World) -> None:
    first = await run(world, GOOD)
    second = await run(world, GOOD)
    third = await run(world, GOOD.replace("Pos Tallo", "Pos Daya", 1))

    assert (first.added, first.changed, first.rejected) == (2, 0, ())
    assert (second.added, second.changed, second.unchanged) == (0, 0, 2)
    assert (third.added, third.changed, third.unchanged) == (0, 1, 1)
    listed = await world.listed(world.fire_viewer, q="Damkar 07")
    unit = listed["items"][0]
    assert (unit["station"], unit["crew"], unit["width_m"]) == ("Pos Daya", 6, 2.5)
    assert (unit["capabilities"], unit["simulated"]) == (["pump", "rescue"], True)


async def test_bad_rows_are_told_and_harm_no_others(world: World) -> None:
    content = GOOD + (
        "Damkar 09,engine,Dinas Sihir,,,,,,\n"
        "Damkar 10,engine,Damkar,,,enam,,,\n"
        "Damkar 11,engine,Damkar,,,,,gps-7,\n"
        "damkar 07,Engine!,Damkar,,,,,,\n"
        ",engine,Damkar,,,,,,\n"
        "Damkar 12,engine,Damkar,,,,,,,,,lebih\n"
        "Damkar 07,engine,Damkar,,,,,,\n"
        "Damkar 13,engine,Damkar,,,4,,gps-13,\n"
    )
    report = await run(world, content)

    assert report.added == 3
    told = [(one.row, one.field, one.code) for one in report.rejected]
    assert told == [
        (4, "agency", "units.field_invalid"),
        (5, "crew", "units.field_invalid"),
        (6, "device", "units.taken"),
        (7, "kind", "units.field_invalid"),
        (8, "name", "units.field_invalid"),
        (9, "", "units.too_many_cells"),
        (10, "name", "units.field_invalid"),
    ]
    assert report.rejected[1].value == "enam"
    names = {one["name"] for one in (await world.listed(world.fire_viewer))["items"]}
    assert names == {"Damkar 07", "Damkar 08", "Damkar 13"}


async def test_a_dry_run_stores_nothing_and_is_not_in_the_audit(world: World) -> None:
    report = await run(world, GOOD, dry_run=True)

    assert (report.added, report.dry_run) == (2, True)
    assert (await world.listed(world.fire_viewer))["total"] == 0
    assert not await world.rows("select 1 from audit_entry where action like 'unit:%'")


async def test_an_import_is_in_the_audit_with_what_it_did(world: World) -> None:
    await run(world, GOOD)

    rows = await world.rows("select detail from audit_entry where action = 'unit:imported'")
    assert len(rows) == 1
    detail = json.loads(rows[0]["detail"])
    assert (detail["added"], detail["rejected"], len(detail["sha256"])) == (2, 0, 64)
    assert len(await world.rows("select 1 from audit_entry where action = 'unit:added'")) == 2


async def test_one_imports_for_ones_own_agency_alone(world: World) -> None:
    report = await run(world, GOOD, world.police_admin)

    assert report.added == 0
    assert {one.field for one in report.rejected} == {"agency"}
    assert (await world.listed(world.fire_viewer))["total"] == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"nama;jenis\nA;engine\n", "heading"),
        (b"\x00" * (5 << 20), "size"),
        (b"name,kind,agency\n" + b"A,engine,Damkar\n" * 20_001, "size"),
        (b'name,kind,agency\n"A,engine,Damkar' + b"x" * 200_000, "csv"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(UnreadableImportError) as caught:
        read_csv(content)
    assert caught.value.params == {"problem": problem}


def test_headings_in_indonesian_semicolons_and_windows_letters_are_read() -> None:
    read = read_csv(
        "Nama;Jenis;Instansi;Lebar (m);Kode\nD\xe9 1;engine;Damkar;2,4;x\n".encode("cp1252")
    )

    assert read.rows[0].values == {
        "name": "D\xe9 1", "kind": "engine", "agency": "Damkar", "width_m": 2.4,
    }  # fmt: skip
    assert read.ignored == ["Kode"]


async def test_keys_are_made_for_devices_that_have_none(world: World) -> None:
    await run(world, GOOD)
    unit_id = await world.add(name="Damkar 1", device="gps-1")
    own = await world.key(unit_id)
    async with world.db.transaction(EVERYTHING) as tx:
        made = await api.make_missing_keys(world.fleet, EVERYTHING, tx)
        again = await api.make_missing_keys(world.fleet, EVERYTHING, tx)

    assert set(made) == {"gps-7", "gps-8"}
    assert again == {}
    async with world.tracker:
        assert (await world.tracker.unit_of("gps-7", made["gps-7"])).draft.name == "Damkar 07"
        assert (await world.tracker.unit_of("gps-1", own)).id == unit_id


async def test_a_unit_is_found_by_what_people_say(world: World) -> None:
    unit_id = await world.add(name="Damkar 1")
    async with world.db.transaction(EVERYTHING) as tx:
        assert (await api.find_unit(EVERYTHING, tx, " damkar  1 ")).id == unit_id
        assert (await api.find_unit(EVERYTHING, tx, str(unit_id))).draft.name == "Damkar 1"
    await world.add(name="Damkar 1", agency_id=world.police, device="gps-2")

    async with world.db.transaction(world.police_admin) as tx:
        assert (await api.find_unit(world.police_admin, tx, "Damkar 1")).id != unit_id
        with pytest.raises(UnitNotFoundError):
            await api.find_unit(world.police_admin, tx, str(unit_id))
    async with world.db.transaction(EVERYTHING) as tx:
        with pytest.raises(AmbiguousUnitError):
            await api.find_unit(EVERYTHING, tx, "Damkar 1")


@pytest.mark.parametrize(("count", "kind"), [(0, None), (1, "Point"), (3, "LineString")])
def test_a_track_is_one_feature(world: World, count: int, kind: str | None) -> None:
    items = [{"at": f"T{i}", "lat": -5.0, "lon": 119.0 + i, "kmh": 30.0} for i in range(count)]
    unit = Unit(UnitId(new_id()), 1, merge(None, world.values()))
    feature = as_geojson(unit, {"items": items, "truncated": False})

    assert (feature["geometry"] or {}).get("type") == kind
    assert feature["properties"]["coordTimes"] == [f"T{i}" for i in range(count)]
    assert feature["properties"]["name"] == "Damkar 1"
