"""Files that people make, and files that are rubbish: good rows in, bad rows told, nothing lost."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cameras.world import EVERYTHING, World, feature, point, square
from warroom.cameras import api
from warroom.cameras.contracts import ImportReport, StreamConfig
from warroom.cameras.errors import FieldError, ImportTooLargeError, ImportUnreadableError
from warroom.cameras.imports import read_file
from warroom.kernel.errors import NotFoundError
from warroom.kernel.scope import Scope

HEAD = "nomor,nama,lintang,bujur,pemilik,rtsp,pengguna,kata sandi\n"


async def imported(
    world: World, content: str | bytes, scope: Scope | None = None, *, dry_run: bool = False
) -> ImportReport:
    scope = scope or world.police_admin
    raw = content.encode() if isinstance(content, str) else content
    async with world.db.transaction(scope) as tx:
        return await api.import_cameras(world.inventory, scope, tx, raw, dry_run=dry_run)


async def streams(world: World) -> list[StreamConfig]:
    async with world.db.transaction(world.system) as tx:
        return await api.list_streams(world.inventory, world.system, tx)


def codes(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.field, problem.code) for problem in report.rejected]


async def test_indonesian_headings_and_decimal_commas_are_read(world: World) -> None:
    report = await imported(
        world,
        "Nomor;Nama;Lintang;Bujur;Pemilik;Arah;Jangkauan;PTZ;Label\n"
        '12;"Simpang Lima; utara";-5,15;119,42;polrestabes;90,5;300;ya;Simpang, VIP\n',
    )

    camera = (await world.listed(EVERYTHING))["items"][0]
    assert (report.added, report.rejected, report.encoding) == (1, (), "utf-8")
    assert camera["name"] == "Simpang Lima; utara"
    assert (camera["lat"], camera["lon"], camera["bearing_deg"]) == (-5.15, 119.42, 90.5)
    assert (camera["is_ptz"], camera["tags"]) == (True, ["simpang", "vip"])


async def test_the_same_file_twice_changes_nothing(world: World) -> None:
    content = HEAD + "1,Satu,-5.15,119.42,Polrestabes,rtsp://10.0.0.1/x,u,p\n"
    await imported(world, content)
    events = len(await world.rows("select * from outbox"))

    again = await imported(world, content)

    assert (again.added, again.changed, again.unchanged) == (0, 0, 1)
    assert len(await world.rows("select * from outbox")) == events
    assert (await world.shown(EVERYTHING, 1))["version"] == 1


async def test_numbers_that_a_column_rounds_are_not_a_change(world: World) -> None:
    content = "number,name,lat,lon,owner,height_m,range_m\n1,A,-5.15,119.42,Polrestabes,6.1,80.3\n"
    await imported(world, content)

    assert (await imported(world, content)).unchanged == 1


async def test_good_rows_are_stored_beside_bad_ones(world: World) -> None:
    report = await imported(
        world,
        HEAD
        + "1,Satu,-5.15,119.42,Polrestabes,rtsp://10.0.0.1/x,,\n"
        + "dua,Dua,-5.15,119.42,Polrestabes,,,\n"
        + ",Tiga,-5.15,119.42,Polrestabes,,,\n"
        + "4,,-5.15,119.42,Polrestabes,,,\n"
        + "5,Lima,119.42,-5.15,Polrestabes,,,\n"
        + "6,Enam,-5.15,119.42,Dinas Rahasia,,,\n"
        + "7,Tujuh,-5.15,119.42,Polrestabes,http://10.0.0.7/,,\n"
        + "8,Delapan,-5.15,119.42,Polrestabes,rtsp://169.254.169.254/x,,\n"
        + "1,Lagi,-5.15,119.42,Polrestabes,,,\n"
        + "10,Sepuluh,-5.15,119.42,Polrestabes,rtsp://10.0.0.10/x,,,lebih\n"
        + "11,Sebelas,-5.15,119.42,Polrestabes,rtsp://10.0.0.11/x,,\n",
    )

    assert report.added == 2
    assert codes(report) == [
        (3, "number", "cameras.field_invalid"),
        (4, "number", "cameras.field_missing"),
        (5, "name", "cameras.field_missing"),
        (6, "lat", "cameras.out_of_range"),
        (7, "owner", "cameras.unknown_agency"),
        (8, "url", "cameras.scheme"),
        (9, "url", "cameras.forbidden_address"),
        (10, "number", "cameras.repeated_number"),
        (11, "", "cameras.too_many_cells"),
    ]
    assert report.rejected[0].value == "dua"
    assert [item["number"] for item in (await world.listed(EVERYTHING))["items"]] == [1, 11]


async def test_a_report_never_repeats_a_secret(world: World) -> None:
    report = await imported(
        world,
        HEAD
        + "1,A,-5.15,119.42,Polrestabes,http://op:Rahasia1@10.0.0.1/x,op,Rahasia2\n"
        + "2,B,-5.15,119.42,Polrestabes,rtsp://op:Rahasia3#@10.0.0.1/x,op,Rahasia4\n"
        + "x,C,-5.15,119.42,Polrestabes,rtsp://op:Rahasia5@10.0.0.1/x,op,Rahasia6\n",
    )

    assert len(report.rejected) == 3
    assert "Rahasia" not in repr(report)


async def test_an_import_changes_what_it_says_and_nothing_else(world: World) -> None:
    content = HEAD + "1,Satu,-5.15,119.42,Polrestabes,rtsp://10.0.0.1/x,u,p\n"
    await imported(world, content)
    await imported(world, "number,catatan\n1,tiang 14\n")

    report = await imported(world, "number,name,tags,kata sandi\n1,Baru,,\n")

    shown = await world.shown(EVERYTHING, 1)
    assert report.changed == 1
    assert (shown["name"], shown["notes"], shown["lat"]) == ("Baru", "tiang 14", -5.15)
    assert [(c.username, c.password) for c in await streams(world)] == [("u", "p")]


async def test_a_new_password_alone_is_a_change(world: World) -> None:
    await imported(world, HEAD + "1,Satu,-5.15,119.42,Polrestabes,rtsp://10.0.0.1/x,u,p\n")

    report = await imported(world, "number,kata_sandi\n1,baru\n")

    assert report.changed == 1
    assert [(c.username, c.password) for c in await streams(world)] == [("u", "baru")]


async def test_another_agencys_camera_is_neither_changed_nor_shown(world: World) -> None:
    await world.add(1, agency_id=world.dishub, name="Milik Dishub")

    report = await imported(world, HEAD + "1,Milik kami,-5.15,119.42,Polrestabes,,,\n")

    assert codes(report) == [(2, "number", "cameras.number_taken")]
    assert "Dishub" not in repr(report)
    assert (await world.shown(EVERYTHING, 1))["name"] == "Milik Dishub"


async def test_a_dry_run_tells_all_and_stores_nothing(world: World) -> None:
    await world.add(2, agency_id=world.dishub)
    content = HEAD + "1,A,-5.15,119.42,Polrestabes,,,\n2,B,-5.15,119.42,Polrestabes,,,\n"
    before = len(await world.rows("select * from audit_entry"))

    report = await imported(world, content, dry_run=True)

    assert (report.added, codes(report)) == (1, [(3, "number", "cameras.number_taken")])
    assert (await world.listed(world.police_admin))["total"] == 0
    assert len(await world.rows("select * from audit_entry")) == before


async def test_who_may_not_configure_may_not_import(world: World) -> None:
    with pytest.raises(NotFoundError):
        await imported(world, HEAD, world.police_viewer)


@pytest.mark.parametrize("cell", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "{=1}"])
async def test_a_formula_stays_the_text_it_is(world: World, cell: str) -> None:
    report = await imported(
        world, f'number,name,lat,lon,owner\n1,"{cell}",-5.15,119.42,Polrestabes\n'
    )

    assert report.added == 1
    assert (await world.shown(EVERYTHING, 1))["name"] == cell


async def test_a_windows_file_is_read_and_said_to_be_one(world: World) -> None:
    content = "number,name,lat,lon,owner\n1,Caf\xe9 \x96 Losari,-5.15,119.42,Polrestabes\n"

    report = await imported(world, content.encode("latin-1"))

    assert (report.added, report.encoding) == (1, "windows-1252")
    assert (await world.shown(EVERYTHING, 1))["name"] == "Caf\xe9 \N{EN DASH} Losari"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_a_byte_order_mark_is_no_part_of_the_heading(world: World, encoding: str) -> None:
    content = "number\tname\tlat\tlon\towner\r\n1\tA\t-5.15\t119.42\tPolrestabes\r\n"

    assert (await imported(world, content.encode(encoding))).added == 1


async def test_a_cell_of_a_megabyte_costs_its_row_alone(world: World) -> None:
    content = HEAD + f"1,{'x' * (1 << 20)},-5.15,119.42,Polrestabes,,,\n"
    content += "2,Dua,-5.15,119.42,Polrestabes,,,\n"

    report = await imported(world, content)

    assert (report.added, codes(report)) == (1, [(2, "", "cameras.row_unreadable")])


async def test_nul_and_control_characters_cost_their_row_alone(world: World) -> None:
    content = HEAD + "1,a\0b,-5.15,119.42,Polrestabes,,,\n2,\x1b[31mB,-5.15,119.42,Polrestabes,,,\n"
    content += "3,Tiga,-5.15,119.42,Polrestabes,,,\n"

    report = await imported(world, content)

    assert report.added == 1
    assert codes(report) == [
        (2, "name", "cameras.field_invalid"),
        (3, "name", "cameras.field_invalid"),
    ]
    assert "\0" not in repr(report)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "encoding"),
        (b"\x81\x8d\x8f", "encoding"),
        (b"hello world", "heading"),
        (b"\x00" * 100, "heading"),
        (b"<html></html>", "heading"),
        (b"{", "json"),
        (b"[" * 100_000, "json"),
        (b'{"type": "FeatureCollection"}', "geojson"),
        (b"[1, 2]", "geojson"),
        (b"PK\x03\x04\x14\x00\x06\x00", "heading"),
    ],
)
def test_what_is_no_list_of_cameras_is_refused_by_name(content: bytes, problem: str) -> None:
    with pytest.raises(ImportUnreadableError) as caught:
        read_file(content, max_rows=10)
    assert caught.value.params == {"problem": problem}


@given(st.binary(max_size=2000))
@settings(max_examples=300)
def test_random_bytes_are_rows_or_a_named_refusal(content: bytes) -> None:
    try:
        read = read_file(content, max_rows=100)
    except (ImportUnreadableError, ImportTooLargeError):
        return
    assert all(problem.row > 0 for problem in read.problems)


cells = st.text(max_size=30)


@given(st.lists(st.lists(cells, min_size=5, max_size=9), max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rows_of_any_text_are_rows_or_problems_of_theirs(rows: list[list[str]]) -> None:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["number", "name", "lat", "lon", "owner", "url", "ptz", "tags", "fov"])
    writer.writerows(rows)
    content = out.getvalue().encode("utf-8", "surrogatepass")

    try:
        read = read_file(content, max_rows=1000)
    except ImportUnreadableError:
        return
    assert len(read.rows) <= len(rows)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
properties = st.dictionaries(
    st.sampled_from(["number", "name", "owner", "ptz", "fov", "url", "tags", "lat", "x"]),
    json_values,
)


@given(
    st.lists(st.fixed_dictionaries({"properties": properties, "geometry": json_values}), max_size=5)
)
@settings(max_examples=200)
def test_any_geojson_is_rows_or_problems(features: list[dict[str, Any]]) -> None:
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    try:
        read = read_file(content, max_rows=100)
    except ImportUnreadableError:
        return
    for row in read.rows:
        assert isinstance(row.values.get("number", 1), int)
        assert isinstance(row.values.get("name", ""), str)


async def test_geojson_of_the_simulated_city_is_taken(world: World) -> None:
    collection = {
        "type": "FeatureCollection",
        "features": [
            feature(
                point(119.421, -5.15),
                number=3,
                name="Balai Kota Gerbang Depan",
                site="kantor",
                owner="Polrestabes",
                ptz=False,
                bearing=301,
                fov=90,
                range_m=80,
                height_m=6.1,
                kecamatan="73.71.01",
                kelurahan="73.71.01.1002",
                url="rtsp://10.0.0.3/cam/3/main",
                sub_url="rtsp://10.0.0.3/cam/3/sub",
                username="u",
                password="p",
                tags=["kantor"],
                simulated=True,
            ),
            feature(square(119.4, -5.2), number=4, name="Bidang", owner="Polrestabes"),
            {"type": "Feature"},
        ],
    }
    content = json.dumps(collection)

    report = await imported(world, content)
    again = await imported(world, content)

    shown = await world.shown(EVERYTHING, 3)
    assert (report.added, codes(report)) == (
        1,
        [(2, "geometry", "cameras.not_a_point"), (3, "", "cameras.row_unreadable")],
    )
    assert again.unchanged == 1
    assert (shown["place"], shown["bearing_deg"], shown["simulated"]) == ("kantor", 301, True)
    assert shown["kelurahan"]["name"] == "Lama"
    assert shown["kelurahan"]["how_known"] == "given"
    assert [(c.role, c.password) for c in await streams(world)] == [("main", "p"), ("sub", "p")]


async def test_areas_may_be_given_by_name(world: World) -> None:
    head = "number,name,lat,lon,owner,kecamatan,kelurahan\n"

    await imported(world, head + "1,A,-5.15,119.42,Polrestabes,ujung pandang,Baru\n")
    report = await imported(world, head + "2,B,-5.15,119.42,Polrestabes,Entah,\n")

    shown = await world.shown(EVERYTHING, 1)
    assert shown["kecamatan"]["code"] == "73.71.02"
    assert shown["kelurahan"]["code"] == "73.71.02.1001"
    assert codes(report) == [(2, "kecamatan", "cameras.field_invalid")]


async def test_a_file_too_large_is_refused_before_it_is_read(world: World) -> None:
    rows = "".join(f"{n},N,-5.15,119.42,Polrestabes,,,\n" for n in range(1, 20_003))
    with pytest.raises(ImportTooLargeError):
        await imported(world, HEAD + rows)
    with pytest.raises(ImportTooLargeError):
        await imported(world, b"x" * ((16 << 20) + 1))


async def test_thousands_of_rows_are_stored_audited_and_told(world: World) -> None:
    rows = "".join(
        f"{n},Kamera {n},-5.15,119.42,Polrestabes,rtsp://10.0.{n // 250}.{n % 250}/x,u,p{n}\n"
        for n in range(1, 2001)
    )

    report = await imported(world, HEAD + rows)

    assert (report.added, report.rejected) == (2000, ())
    assert (await world.listed(EVERYTHING, limit=1))["total"] == 2000
    counts = await world.rows(
        "select (select count(*) from audit_entry where action = 'camera:added') as audited,"
        " (select count(*) from outbox where topic = 'cameras.changed') as told"
    )
    assert counts == [{"audited": 2000, "told": 2000}]
    imports = await world.rows("select detail from audit_entry where action = 'camera:imported'")
    assert msgspec.json.decode(imports[0]["detail"])["added"] == 2000


def test_a_field_error_carries_nothing_of_an_address() -> None:
    with pytest.raises(FieldError) as caught:
        api.parse_address("rtsp://op:Rahasia@[bad/x", allow_loopback=False)

    assert caught.value.params == {"field": "url"}
    assert caught.value.__cause__ is None
