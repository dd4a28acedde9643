"""Places that people name: found by what a caller says, kept in versions, imported, forgotten."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.incidents.world import KANDEA, World
from warroom.incidents import api
from warroom.incidents.contracts import Place
from warroom.incidents.errors import (
    BadPremiseFileError,
    IncidentNotFoundError,
    PremiseChangedError,
)
from warroom.incidents.premise_rules import (
    DANGERS,
    KINDS,
    MAX_LENGTH,
    PremiseDraft,
    heard,
    key_of,
    read_file,
)
from warroom.incidents.privacy import find_callers
from warroom.kernel.scope import Scope
from warroom.places.api import Atlas
from warroom.privacy.contracts import Subject

NOWHERE = Atlas(Path("/nonexistent"))
"""No city pack: areas are unknown, and only premises are found."""

MOSQUE = PremiseDraft(
    "worship",
    "Masjid Nurul Iman",
    Place(*KANDEA, area="73.71.05.1002", area_name="Baraya, Bontoala"),
    aliases="Masjid Kandea, masjid hijau",
    dangers=("gas", "crowd"),
    key_holder="Daeng Ali 0811 4220",
    contacts="Ibu Rosma 0812 999",
)


async def add(world: World, draft: PremiseDraft = MOSQUE, scope: Scope | None = None) -> UUID:
    scope = scope or world.fire
    async with world.db.transaction(scope) as tx:
        return await api.add_premise(scope, tx, draft, world.clock.now())


async def change(
    world: World, premise: UUID, draft: PremiseDraft, version: int, scope: Scope | None = None
) -> int:
    scope = scope or world.fire
    async with world.db.transaction(scope) as tx:
        return await api.change_premise(scope, tx, premise, draft, version, world.clock.now())


async def versions(world: World, premise: UUID, scope: Scope | None = None) -> list[Any]:
    scope = scope or world.fire
    async with world.db.transaction(scope) as tx:
        found = await api.list_premise_versions(scope, tx, premise)
    return msgspec.json.decode(found)  # type: ignore[no-any-return]


async def kept(world: World, scope: Scope | None = None, *, retired: bool = False) -> list[Any]:
    scope = scope or world.fire
    async with world.db.transaction(scope) as tx:
        found = await api.list_premises(scope, tx, after=None, retired=retired, limit=100)
    return msgspec.json.decode(found)  # type: ignore[no-any-return]


async def find(world: World, text: str, scope: Scope | None = None) -> dict[str, Any]:
    scope = scope or world.taker
    async with world.db.transaction(scope) as tx:
        return await api.find_places(NOWHERE, world.names, scope, tx, text, 8)


async def bring(
    world: World, text: str, *, dry_run: bool = False, scope: Scope | None = None
) -> api.PremiseReport:
    scope, now = scope or world.fire, world.clock.now()
    async with world.db.transaction(scope) as tx:
        return await api.import_premises(
            NOWHERE, scope, tx, text.encode(), dry_run=dry_run, now=now
        )


@pytest.mark.parametrize(
    ("text", "relation", "name"),
    [
        ("depan Masjid Raya", "depan", "Masjid Raya"),
        ("Di  seberang pasar Terong", "Di seberang", "pasar Terong"),
        ("persis di depan hotel Aryaduta", "persis di depan", "hotel Aryaduta"),
        ("next to Hotel Aryaduta", "next to", "Hotel Aryaduta"),
        ("depan", "", "depan"),
        ("Dekatung", "", "Dekatung"),
        ("", "", ""),
    ],
)
def test_what_stands_before_a_name_is_told_apart(text: str, relation: str, name: str) -> None:
    found = heard(text)

    assert (relation, name) == (found.relation, found.name)


@given(st.text(max_size=60))
def test_nothing_that_a_caller_says_is_lost(text: str) -> None:
    found = heard(text)

    assert " ".join(text.split()) == " ".join(f"{found.relation} {found.name}".split())
    assert bool(found.name) == bool(text.split())


async def test_a_mosque_is_found_by_what_the_caller_says(world: World) -> None:
    premise = await add(world)
    await add(world, replace(MOSQUE, kind="hydrant", name="Hidran masjid hijau", aliases=""))

    found = await find(world, "depan mesjid hijau")

    assert "depan" == found["relation"]
    (one,) = found["items"]
    assert (str(premise), "Masjid Nurul Iman", "Baraya, Bontoala") == (
        one["premise"],
        one["name"],
        one["detail"],
    )
    assert ["gas", "crowd"] == one["dangers"]
    assert "key_holder" not in one
    assert [] == (await find(world, "depan mesjid hijau", world.police))["items"]
    assert found["items"] == (await find(world, "mesjid hijau", world.fire))["items"]


async def test_twins_are_told_apart_by_their_kelurahan(world: World) -> None:
    await add(world)
    other = Place(-5.16, 119.44, area="73.71.09.1001", area_name="Tamamaung, Panakkukang")
    await add(world, replace(MOSQUE, place=other))

    found = await find(world, "Masjid Nurul Iman")

    assert {"Baraya, Bontoala", "Tamamaung, Panakkukang"} == {
        one["detail"] for one in found["items"]
    }


async def test_a_name_that_begins_like_a_place_beside_it_is_a_name(world: World) -> None:
    await add(world, replace(MOSQUE, kind="building", name="Seberang Kota", aliases=""))

    assert "" == (await find(world, "Seberang Kota"))["relation"]


async def test_every_version_is_kept_with_who_wrote_it(world: World) -> None:
    premise = await add(world)
    assert 2 == await change(world, premise, replace(MOSQUE, dangers=("fuel",)), 1)

    newest, first = await versions(world, premise)

    assert [(2, "changed", ["fuel"]), (1, "added", ["gas", "crowd"])] == [
        (one["version"], one["deed"], one["card"]["dangers"]) for one in (newest, first)
    ]
    assert None is not first["written_at"]
    assert "Daeng Ali 0811 4220" == first["card"]["key_holder"]
    with pytest.raises(PremiseChangedError):
        await change(world, premise, MOSQUE, 1)


async def test_another_agency_neither_sees_nor_changes_it(world: World) -> None:
    premise = await add(world)

    assert [] == await kept(world, world.police)
    with pytest.raises(IncidentNotFoundError):
        await change(world, premise, MOSQUE, 1, world.police)
    with pytest.raises(IncidentNotFoundError):
        await versions(world, premise, world.police)
    assert [1] == [one["version"] for one in await kept(world)]


async def test_one_that_was_taken_away_forgets_people_in_every_version(world: World) -> None:
    premise = await add(world)
    await change(world, premise, replace(MOSQUE, contacts="Pak Budi 0877"), 1)
    async with world.db.transaction(world.fire) as tx:
        await api.remove_premise(world.fire, tx, premise, world.clock.now())

    told = await versions(world, premise)
    assert ["removed", "changed", "added"] == [one["deed"] for one in told]
    assert {""} == {one["card"][word] for one in told for word in ("key_holder", "contacts")}
    assert [] == await kept(world)
    assert [str(premise)] == [one["id"] for one in await kept(world, retired=True)]
    assert [] == (await find(world, "Masjid Nurul Iman"))["items"]
    with pytest.raises(IncidentNotFoundError):
        await change(world, premise, MOSQUE, 3)


@pytest.mark.parametrize("subject", [Subject("phone", "+628114220"), Subject("name", "daeng ALI")])
async def test_who_once_had_the_keys_is_found_by_privacy(world: World, subject: Subject) -> None:
    premise = await add(world)
    await change(world, premise, replace(MOSQUE, key_holder=""), 1)

    async with world.db.transaction(world.fire) as tx:
        found = await find_callers(world.fire, tx, subject)

    assert [("premise", 1)] == [(one.what, one.count) for one in found]


async def test_a_crew_reads_dangers_first_and_no_contact(world: World) -> None:
    incident = await world.sent("fire_dense")
    near = Place(KANDEA[0] + 0.0001, KANDEA[1])
    await add(world, PremiseDraft("building", "Ruko", near))
    away = Place(KANDEA[0] + 0.001, KANDEA[1])
    await add(world, replace(MOSQUE, place=away, hydrant="Simpang Kandea", plan="Di pos satpam"))

    async with world.db.transaction(world.system) as tx:
        told = await api.brief(world.system, tx, incident, world.clock.now())

    assert ["Masjid Nurul Iman", "Ruko"] == [one["name"] for one in told["premises"]]
    first = told["premises"][0]
    assert (["gas", "crowd"], "Simpang Kandea", "Di pos satpam", "Daeng Ali 0811 4220") == (
        first["dangers"],
        first["hydrant"],
        first["plan"],
        first["key_holder"],
    )
    assert "contacts" not in first


LIST = """nama;jenis;lintang;bujur;bahaya;pemegang kunci;warna
Masjid Nurul Iman;masjid;-5,1246;119,4189;gas|listrik;Daeng Ali 0811;hijau
Pasar Terong;pasar;-5.1300;119.4200;;;
Hotel Satu;hotel;-95;119.4;;;
;sekolah;-5.1;119.4;;;
Pabrik;kapal;-5.1;119.4;naga;0811 2233;
Pasar  terong;pasar;-5.1300;119.4200;;;
"""


async def test_a_list_is_tried_first_and_names_each_bad_row(world: World) -> None:
    report = await bring(world, LIST, dry_run=True)

    assert (2, 0, 0) == (report.added, report.changed, report.unchanged)
    assert [
        (4, "lat", "incidents.premise_bad_cell", "-95"),
        (5, "name", "incidents.premise_missing_cell", None),
        (6, "kind", "incidents.premise_bad_cell", "kapal"),
        (6, "dangers", "incidents.premise_bad_cell", "naga"),
        (7, "name", "incidents.premise_twice", "3"),
    ] == [(one.row, one.field, one.code, one.value) for one in report.rejected]
    assert ("warna",) == report.ignored
    assert [] == await kept(world)


async def test_the_same_list_twice_changes_nothing(world: World) -> None:
    first = await bring(world, LIST)
    again = await bring(world, LIST)
    more = await bring(world, "nama;jenis;lat;lon;denah\nPasar Terong;pasar;-5.13;119.42;Di pos\n")

    assert (2, 0, 0) == (first.added, first.changed, first.unchanged)
    assert (0, 0, 2) == (again.added, again.changed, again.unchanged)
    assert (0, 1, 0) == (more.added, more.changed, more.unchanged)
    mosque, market = sorted(await kept(world), key=lambda one: one["name"])
    assert (["gas", "electric"], "Daeng Ali 0811") == (mosque["dangers"], mosque["key_holder"])
    assert ("Di pos", 2) == (market["plan"], market["version"])


async def test_geojson_is_read_as_well(world: World) -> None:
    point = {"type": "Point", "coordinates": [119.42, -5.13]}
    line = {"type": "LineString", "coordinates": []}
    features = [
        {"type": "Feature", "geometry": point, "properties": {"name": "SD 1", "kind": "school"}},
        {"type": "Feature", "geometry": line, "properties": {"name": "SD 2", "kind": "school"}},
    ]
    content = msgspec.json.encode({"type": "FeatureCollection", "features": features}).decode()

    report = await bring(world, content)

    assert 1 == report.added
    assert [(2, "incidents.premise_not_a_point")] == [
        (one.row, one.code) for one in report.rejected
    ]


async def test_a_list_of_another_agency_is_not_changed(world: World) -> None:
    await bring(world, LIST)
    other = await bring(world, LIST, scope=world.police)

    assert (2, 0) == (other.added, other.unchanged)
    assert [1, 1] == [one["version"] for one in await kept(world)]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "{", "[1]"])
async def test_what_is_no_list_is_refused(world: World, text: str) -> None:
    with pytest.raises(BadPremiseFileError):
        await bring(world, text)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_whatever_a_file_holds_its_rows_fit_their_fields(content: bytes) -> None:
    for start in (b"", b"name,kind,lat,lon,dangers,contacts\n"):
        try:
            read = read_file(start + content)
        except ValueError:
            continue
        for _, values in read.rows:
            assert values["kind"] in KINDS
            assert set(values.get("dangers", ())) <= set(DANGERS)
            assert abs(values["lat"]) <= 90
            assert all(len(values.get(name, "")) <= most for name, most in MAX_LENGTH.items())
        assert all(one.value is None for one in read.rejected if one.field == "contacts")


def test_a_place_is_the_same_however_its_name_is_written() -> None:
    assert key_of("market", "Pasar  Terong", "1") == key_of("market", "pasar terong", "1")
    assert key_of("market", "Pasar Terong", "1") != key_of("market", "Pasar Terong", "2")
