"""Cameras added, changed and removed, by whom, and who hears of it."""

from typing import Any
from uuid import UUID

import msgspec
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.cameras.test_states import live, report
from tests.cameras.world import EVERYTHING, World
from tests.scopes import scope_of
from warroom.cameras import api
from warroom.cameras.api import StreamChange
from warroom.cameras.contracts import ListFilter, StreamConfig
from warroom.cameras.errors import (
    CameraNotFoundError,
    ChangedMeanwhileError,
    CredentialsNeededError,
    FieldMissingError,
    ForbiddenAddressError,
    NumberTakenError,
    OutsideCityError,
    UnknownAgencyError,
)
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule


async def streams_of(world: World) -> dict[tuple[UUID, str], StreamConfig]:
    async with world.db.transaction(world.system) as tx:
        found = await api.list_streams(world.inventory, world.system, tx)
    return {(config.camera_id, config.role): config for config in found}


async def test_a_camera_is_listed_as_the_pages_expect_it(world: World) -> None:
    camera_id = await world.add(
        7, tags=["Simpang", "simpang", " vip "], bearing_deg=360, is_ptz=True
    )

    page = await world.listed(world.police_viewer)

    assert page["total"] == 1
    assert page["next"] is None
    camera = page["items"][0]
    assert camera["id"] == str(camera_id)
    assert (camera["number"], camera["name"], camera["place"]) == (7, "Simpang 7", "")
    assert camera["agency"]["short"] == "Polrestabes"
    assert camera["kecamatan"] == {"code": "73.71.01", "name": "Mariso"}
    assert camera["kelurahan"] == {
        "code": "73.71.01.1001",
        "name": "Baru",
        "how_known": "nearest_centre",
    }
    assert camera["tags"] == ["simpang", "vip"]
    assert camera["bearing_deg"] == 0
    assert camera["state"] == {
        "state": "unknown",
        "since": "2026-11-24T06:00:00.000Z",
        "reason": "never_reported",
        "recording": False,
    }


async def test_another_agency_sees_neither_camera_nor_count(world: World) -> None:
    camera_id = await world.add(1)
    await world.add(2, agency_id=world.dishub)

    listed = await world.listed(world.police_viewer)
    nothing = await world.listed(world.agencyless)

    assert [item["number"] for item in listed["items"]] == [1]
    assert (listed["total"], nothing["total"], nothing["items"]) == (1, 0, [])
    with pytest.raises(CameraNotFoundError):
        await world.shown(world.dishub_admin, camera_id)
    with pytest.raises(CameraNotFoundError):
        await world.shown(world.dishub_admin, 1)
    async with world.db.transaction(world.dishub_admin) as tx:
        summary = await api.count_states(world.inventory, world.dishub_admin, tx)
        nearby = await api.list_nearby(world.inventory, world.dishub_admin, tx, (-5.15, 119.421), 5)
    assert msgspec.json.decode(summary)["total"] == 1
    assert [item["number"] for item in msgspec.json.decode(nearby)["items"]] == [2]


async def test_a_rule_for_one_place_shows_that_place_alone(world: World) -> None:
    await world.add(1)
    await world.add(2, lat=-5.15, lon=119.55)
    mariso = scope_of(Rule(frozenset({"camera:view"}), places=frozenset({"73.71.01"})))

    page = await world.listed(mariso)

    assert [item["number"] for item in page["items"]] == [1]


async def test_a_denied_camera_is_gone_from_the_list(world: World) -> None:
    hidden = await world.add(1)
    await world.add(2)
    scope = scope_of(
        Rule(frozenset({"camera:view"})),
        Rule(frozenset({"*"}), objects=frozenset({hidden}), deny=True),
    )

    page = await world.listed(scope)

    assert ([item["number"] for item in page["items"]], page["total"]) == ([2], 1)


async def test_pages_follow_one_another_without_loss(world: World) -> None:
    for number in range(1, 8):
        await world.add(number)

    first = await world.listed(world.police_viewer, limit=3)
    second = await world.listed(world.police_viewer, limit=3, after_number=int(first["next"]))
    third = await world.listed(world.police_viewer, limit=3, after_number=int(second["next"]))

    numbers = [item["number"] for page in (first, second, third) for item in page["items"]]
    assert numbers == list(range(1, 8))
    assert (first["total"], third["next"]) == (7, None)


async def test_what_a_scope_remembers_to_be_in_view_is_as_old_as_the_inventory(
    world: World,
) -> None:
    first = await world.add(1)
    await world.add(2)
    seen = [await world.listed(world.police_viewer, limit=1)]

    await world.add(3)
    seen.append(await world.listed(world.police_viewer, limit=1, after_number=2))
    await world.change(EVERYTHING, first, 1, agency_id=world.dishub)
    seen.append(await world.listed(world.police_viewer, limit=1))
    await world.change(EVERYTHING, first, 2, agency_id=world.police, name="Kembali")
    seen.append(await world.listed(world.police_viewer, limit=1))

    shown = [([item["name"] for item in page["items"]], page["total"]) for page in seen]
    assert shown == [
        (["Simpang 1"], 2),
        (["Simpang 3"], 3),
        (["Simpang 2"], 2),
        (["Kembali"], 3),
    ]
    assert [page["next"] for page in seen] == ["1", None, "2", "1"]


async def test_what_was_in_view_before_a_rollback_is_not_remembered(world: World) -> None:
    await world.add(1)
    async with world.db.transaction(EVERYTHING) as tx:
        await tx.execute("update camera set number = 50")
        page = await api.list_cameras(world.inventory, world.police_viewer, tx, ListFilter())
        await tx.rollback()
    await world.add(2)

    after = await world.listed(world.police_viewer)

    assert b'"number":50' in page
    assert [item["number"] for item in after["items"]] == [1, 2]


async def test_a_list_tells_the_same_whether_the_scope_or_a_search_narrows_it(
    world: World,
) -> None:
    await world.add(1, name='Tanda "petik" {} \u2028 %s \\', bearing_deg=12.5, tags=["a,b", '"'])

    by_scope = await world.listed(world.police_viewer)
    by_search = await world.listed(world.police_viewer, agency_id=world.police)

    assert by_scope == by_search
    assert by_scope["items"][0]["name"] == 'Tanda "petik" {} \u2028 %s \\'


async def test_a_search_takes_wildcards_as_they_are_typed(world: World) -> None:
    await world.add(1, name="100% Simpang")
    await world.add(2, name="Pasar Sentral")

    assert [i["number"] for i in (await world.listed(EVERYTHING, q="%"))["items"]] == [1]
    assert [i["number"] for i in (await world.listed(EVERYTHING, q="sentral"))["items"]] == [2]
    assert [i["number"] for i in (await world.listed(EVERYTHING, q="2"))["items"]] == [2]


async def test_filters_narrow_the_list_and_its_total(world: World) -> None:
    await world.add(1)
    await world.add(2, agency_id=world.dishub, lat=-5.15, lon=119.55)

    by_agency = await world.listed(EVERYTHING, agency_id=world.dishub)
    by_place = await world.listed(EVERYTHING, kecamatan="73.71.01")
    by_state = await world.listed(EVERYTHING, state="live")

    assert ([i["number"] for i in by_agency["items"]], by_agency["total"]) == ([2], 1)
    assert ([i["number"] for i in by_place["items"]], by_place["total"]) == ([1], 1)
    assert (by_state["items"], by_state["total"]) == ([], 0)


async def test_a_login_comes_out_to_the_recorder_alone(world: World) -> None:
    camera_id = await world.add(1, url="rtsp://admin:Rah%40sia@10.0.0.1:8554/a?x=1")

    config = (await streams_of(world))[camera_id, "main"]
    shown = await world.shown(world.police_admin, camera_id)
    stored = await world.rows(
        "select s.url, s.credentials, c::text as c,"
        " (select string_agg(detail, '') from audit_entry) as audit,"
        " (select string_agg(body, '') from outbox) as events"
        " from camera_stream s join camera c on c.id = s.camera_id"
    )

    assert (config.url, config.username, config.password) == (
        "rtsp://10.0.0.1:8554/a?x=1",
        "admin",
        "Rah@sia",
    )
    assert shown["streams"] == [
        {
            "role": "main",
            "url": "rtsp://10.0.0.1:8554/a?x=1",
            "transport": "tcp",
            "codec": None,
            "width": None,
            "height": None,
            "has_password": True,
        }
    ]
    assert "ahsia" not in repr(config).lower()
    assert not any(
        secret in repr(part)
        for part in (stored, shown)
        for secret in ("Rah@sia", "Rah%40", "admin")
    )


async def test_a_secret_in_the_path_is_hidden_and_still_used(world: World) -> None:
    url = "rtsp://10.0.0.1/user=op&password=tlJwpbo6&channel=1.sdp"
    camera_id = await world.add(1, url=url)

    shown = (await world.shown(world.police_admin, camera_id))["streams"][0]["url"]
    await world.change(
        world.police_admin, camera_id, 1, streams=[StreamChange("main", shown, "udp")]
    )
    config = (await streams_of(world))[camera_id, "main"]

    assert shown == "rtsp://10.0.0.1/user=op&password=***&channel=1.sdp"
    assert (config.url, config.transport) == (url, "udp")


async def test_streams_are_shown_only_to_those_who_configure(world: World) -> None:
    camera_id = await world.add(1)

    assert (await world.shown(world.police_viewer, camera_id))["streams"] is None
    assert (await world.shown(world.police_admin, camera_id))["streams"]


async def test_a_person_is_never_given_logins_whatever_their_rights(world: World) -> None:
    everything = scope_of(Rule(frozenset({"*"})), person_id=new_id())
    async with world.db.transaction(everything) as tx:
        with pytest.raises(CameraNotFoundError):
            await api.list_streams(world.inventory, everything, tx)


async def test_a_broken_seal_keeps_no_other_camera_from_recording(world: World) -> None:
    broken = await world.add(1, url="rtsp://a:b@10.0.0.1/x")
    whole = await world.add(2, url="rtsp://c:d@10.0.0.2/x")
    await world.rows(
        "update camera_stream set credentials = '\\x0102' where camera_id = %(id)s returning id",
        {"id": broken},
    )

    configs = await streams_of(world)

    assert configs[broken, "main"].password == ""
    assert configs[whole, "main"].password == "d"


async def test_only_its_own_agency_may_add_a_camera(world: World) -> None:
    async with world.db.transaction(world.dishub_admin) as tx:
        with pytest.raises(UnknownAgencyError):
            await api.add_camera(world.inventory, world.dishub_admin, tx, world.camera(1))

    async with world.db.transaction(EVERYTHING) as tx:
        with pytest.raises(UnknownAgencyError):
            await api.add_camera(
                world.inventory, EVERYTHING, tx, world.camera(1, agency_id=new_id())
            )


async def test_row_level_security_stops_what_the_first_wall_lets_through(world: World) -> None:
    camera_id = await world.add(1)
    async with world.db.transaction(world.dishub_admin) as tx:
        seen = await (await tx.execute("select count(*) as n from camera")).fetchone()
        changed = await tx.execute("update camera set name = 'x'")
        streams = await (await tx.execute("select count(*) as n from camera_stream")).fetchone()
    with pytest.raises(InsufficientPrivilege):
        async with world.db.transaction(world.dishub_admin) as tx:
            await tx.execute(
                "insert into camera_stream (id, camera_id, agency_id, role, url)"
                " values (%s, %s, %s, 'sub', 'rtsp://x/')",
                [new_id(), camera_id, world.police],
            )

    assert seen == {"n": 0}
    assert changed.rowcount == 0
    assert streams == {"n": 0}


async def test_a_number_belongs_to_one_camera_of_the_city(world: World) -> None:
    await world.add(5)
    with pytest.raises(NumberTakenError):
        await world.add(5, agency_id=world.dishub)
    other = await world.add(6)
    with pytest.raises(NumberTakenError):
        await world.change(EVERYTHING, other, 1, number=5)


async def test_a_camera_without_number_gets_the_next(world: World) -> None:
    await world.add(41, agency_id=world.dishub)
    values = world.camera()
    del values["number"]

    async with world.db.transaction(world.police_admin) as tx:
        camera_id = await api.add_camera(world.inventory, world.police_admin, tx, values)

    assert (await world.shown(EVERYTHING, camera_id))["number"] == 42


async def test_two_people_saving_at_once_cannot_overwrite_each_other(world: World) -> None:
    camera_id = await world.add(1)
    await world.change(world.police_admin, camera_id, 1, name="Pertama")

    with pytest.raises(ChangedMeanwhileError) as caught:
        await world.change(world.police_admin, camera_id, 1, name="Kedua")

    assert caught.value.params == {"version": 2}
    assert (await world.shown(EVERYTHING, camera_id))["name"] == "Pertama"


async def test_a_change_touches_only_what_it_names_and_only_its_camera(world: World) -> None:
    changed = await world.add(1, url="rtsp://a:b@10.0.0.1/x", notes="lama", tags=["vip"])
    other = await world.add(2)
    before = await world.rows("select c::text from camera c where id = %(id)s", {"id": other})
    stream = (await streams_of(world))[changed, "main"]

    await world.change(world.police_admin, changed, 1, name="Baru")

    after = await world.rows("select c::text from camera c where id = %(id)s", {"id": other})
    shown = await world.shown(EVERYTHING, changed)
    assert before == after
    assert (shown["name"], shown["notes"], shown["tags"]) == ("Baru", "lama", ["vip"])
    assert stream == (await streams_of(world))[changed, "main"]


async def test_nothing_changed_is_no_new_version_and_no_event(world: World) -> None:
    camera_id = await world.add(1)
    events = len(await world.rows("select * from outbox"))

    await world.change(world.police_admin, camera_id, 1, name="Simpang 1")

    assert (await world.shown(EVERYTHING, camera_id))["version"] == 1
    assert len(await world.rows("select * from outbox")) == events


async def test_a_stored_password_is_not_sent_to_another_host(world: World) -> None:
    camera_id = await world.add(1, url="rtsp://a:b@10.0.0.1/x")

    with pytest.raises(CredentialsNeededError):
        await world.change(
            world.police_admin, camera_id, 1, streams=[StreamChange("main", "rtsp://10.9.9.9/x")]
        )
    await world.change(
        world.police_admin, camera_id, 1, streams=[StreamChange("main", "rtsp://10.0.0.1/y")]
    )

    config = (await streams_of(world))[camera_id, "main"]
    assert (config.url, config.password) == ("rtsp://10.0.0.1/y", "b")


async def test_streams_come_and_go_one_by_one(world: World) -> None:
    camera_id = await world.add(1)
    sub = StreamChange("sub", "rtsp://10.0.0.1/sub", "udp", "a", "b")

    await world.change(world.police_admin, camera_id, 1, streams=[sub])
    with_sub = await world.shown(EVERYTHING, camera_id)
    await world.change(world.police_admin, camera_id, 2, streams=[StreamChange("sub", "")])
    without = await world.shown(EVERYTHING, camera_id)

    assert (with_sub["has_sub"], without["has_sub"]) == (True, False)
    assert [stream["role"] for stream in with_sub["streams"]] == ["main", "sub"]
    with pytest.raises(FieldMissingError):
        await world.change(
            world.police_admin, camera_id, 3, streams=[sub, StreamChange("main", "")]
        )


async def test_a_list_tells_of_the_streams_as_they_are_now(world: World) -> None:
    camera_id = await world.add(1)

    async def told() -> tuple[object, ...]:
        (camera,) = (await world.listed(EVERYTHING))["items"]
        return tuple(camera.get(word) for word in ("codec", "width", "height", "has_sub"))

    async def write(change: str) -> None:
        await world.rows(
            f"with changed as ({change} returning 1) select count(*) from changed",
            {"camera": camera_id, "id": new_id()},
        )

    async def versions() -> int:
        (row,) = await world.rows("select version from camera_version")
        version: int = row["version"]
        return version

    found = [await told()]
    await write(
        "update camera_stream set codec = 'hev1', width = 1920, height = 1080"
        " where camera_id = %(camera)s and role = 'main'"
    )
    found.append(await told())
    await write(
        "insert into camera_stream (id, camera_id, agency_id, role, url) select %(id)s, id,"
        " agency_id, 'sub', 'rtsp://10.0.0.1/2' from camera where id = %(camera)s"
    )
    found.append(await told())
    before = await versions()
    await write("update camera_stream set transport = 'udp' where camera_id = %(camera)s")
    unchanged = await versions() == before
    await write("delete from camera_stream where camera_id = %(camera)s and role = 'sub'")
    found.append(await told())

    assert found == [
        (None, None, None, False),
        ("hev1", 1920, 1080, False),
        ("hev1", 1920, 1080, True),
        ("hev1", 1920, 1080, False),
    ]
    assert unchanged  # What no list shows makes nobody look for their cameras anew.


async def test_a_forbidden_address_is_refused_when_saved(world: World) -> None:
    with pytest.raises(ForbiddenAddressError):
        await world.add(1, url="rtsp://169.254.169.254/latest/meta-data")
    with pytest.raises(ForbiddenAddressError):
        await world.add(1, url="rtsp://127.0.0.1/x")


async def test_swapped_coordinates_are_told(world: World) -> None:
    with pytest.raises(OutsideCityError):
        await world.add(1, lat=19.421, lon=-5.15)


async def test_a_camera_given_to_another_agency_leaves_the_first_ones_view(world: World) -> None:
    camera_id = await world.add(1, url="rtsp://a:b@10.0.0.1/x")

    await world.change(EVERYTHING, camera_id, 1, agency_id=world.dishub)

    assert (await world.listed(world.police_viewer))["total"] == 0
    assert (await world.shown(world.dishub_admin, camera_id))["streams"][0]["has_password"]
    events = await world.rows(
        "select agency_id, body::json ->> 'change' as change from outbox order by id"
    )
    assert [(e["agency_id"], e["change"]) for e in events] == [
        (world.police, "added"),
        (world.police, "removed"),
        (world.dishub, "changed"),
    ]


async def test_an_administrator_cannot_give_a_camera_away(world: World) -> None:
    camera_id = await world.add(1)
    with pytest.raises(UnknownAgencyError):
        await world.change(world.police_admin, camera_id, 1, agency_id=world.dishub)


async def test_a_removed_camera_keeps_its_owner_and_loses_its_logins(world: World) -> None:
    camera_id = await world.add(9, url="rtsp://a:b@10.0.0.1/x")

    async with world.db.transaction(world.police_admin) as tx:
        await api.remove_camera(world.inventory, world.police_admin, tx, camera_id, "diganti")

    assert (await world.listed(world.police_viewer))["total"] == 0
    assert await streams_of(world) == {}
    async with world.db.transaction(world.police_viewer) as tx:
        with pytest.raises(CameraNotFoundError):
            await api.get_camera(world.police_viewer, tx, camera_id)
        kept = await api.get_camera(world.police_viewer, tx, camera_id, including_removed=True)
    async with world.db.transaction(world.dishub_admin) as tx:
        with pytest.raises(CameraNotFoundError):
            await api.get_camera(world.dishub_admin, tx, camera_id, including_removed=True)
    assert kept.agency_id == world.police
    assert await world.add(9, agency_id=world.dishub) != camera_id


async def test_every_change_is_audited_with_what_changed(world: World) -> None:
    camera_id = await world.add(1)
    await world.change(
        world.police_admin,
        camera_id,
        1,
        name="Baru",
        streams=[StreamChange("main", None, None, "a", "b")],
    )
    async with world.db.transaction(world.police_admin) as tx:
        await api.remove_camera(world.inventory, world.police_admin, tx, camera_id, "rusak")

    entries = await world.rows(
        "select action, person_id, owner_agency_id, place, reason, detail from audit_entry"
        " where object_id = %(id)s order by recorded_at",
        {"id": str(camera_id)},
    )
    assert [entry["action"] for entry in entries] == [
        "camera:added",
        "camera:changed",
        "camera:removed",
    ]
    changed = msgspec.json.decode(entries[1]["detail"])
    assert changed["name"] == ["Simpang 1", "Baru"]
    assert changed["stream.main.login"] == ["***", "***"]
    assert entries[1]["person_id"] == world.police_admin.person_id
    assert {entry["owner_agency_id"] for entry in entries} == {world.police}
    assert (entries[2]["place"], entries[2]["reason"]) == ("73.71.01.1001", "rusak")


async def test_a_failed_change_leaves_no_trace(world: World) -> None:
    camera_id = await world.add(1)
    audited = len(await world.rows("select * from audit_entry"))

    with pytest.raises(ForbiddenAddressError):
        await world.change(
            world.police_admin,
            camera_id,
            1,
            name="Baru",
            streams=[StreamChange("main", "rtsp://[fe80::1]/x")],
        )

    assert (await world.shown(EVERYTHING, camera_id))["name"] == "Simpang 1"
    assert len(await world.rows("select * from audit_entry")) == audited


async def test_nearby_cameras_come_nearest_first_with_their_distance(world: World) -> None:
    await world.add(1, lon=119.43)
    await world.add(2, lon=119.421)
    await world.add(3, lon=119.55)

    async with world.db.transaction(world.police_viewer) as tx:
        found = await api.list_nearby(world.inventory, world.police_viewer, tx, (-5.15, 119.42), 2)

    items = msgspec.json.decode(found)["items"]
    assert [item["number"] for item in items] == [2, 1]
    assert items[0]["distance_m"] == pytest.approx(110.7, abs=1)


async def test_without_a_city_pack_cameras_have_no_area_and_all_else_works(world: World) -> None:
    (world.inventory.atlas.folder / "city.json").unlink()

    camera_id = await world.add(1)

    shown = await world.shown(world.police_viewer, camera_id)
    assert not {"kecamatan", "kelurahan"} & shown.keys()


async def test_a_list_asked_for_again_tells_of_states_renames_and_pictures(world: World) -> None:
    """What changes seldom is remembered for a version of the inventory; this grows with each."""
    ids = [await world.add(number) for number in (1, 2, 3)]

    async def told() -> list[tuple[int, str, str, str, Any]]:
        items = (await world.listed(world.police_viewer))["items"]
        return [
            (i["number"], i["name"], i["agency"]["name"], i["state"]["state"], i.get("codec"))
            for i in items
        ]

    first = await told()
    async with world.db.transaction(EVERYTHING) as tx:
        await tx.execute("update agency set name = 'Polres Baru' where id = %s", [world.police])
    renamed = await told()
    await report(world, live(world, ids[0]))
    reported = await told()
    async with world.db.transaction(EVERYTHING) as tx:
        await tx.execute("update camera_stream set codec = 'hvc1' where camera_id = %s", [ids[1]])
    pictured = await told()
    await world.change(EVERYTHING, ids[2], 1, name="Simpang Baru")
    changed = await told()

    assert {row[2] for row in renamed} == {"Polres Baru"} != {row[2] for row in first}
    assert [row[3] for row in reported] == ["live", "unknown", "unknown"]
    assert [row[4] for row in pictured] == [None, "hvc1", None]
    assert [row[1] for row in changed] == ["Simpang 1", "Simpang 2", "Simpang Baru"]


async def test_pages_of_a_list_are_each_remembered_for_themselves(world: World) -> None:
    for number in range(1, 8):
        await world.add(number)

    async def pages() -> list[list[int]]:
        found, after = [], None
        while True:
            page = await world.listed(world.police_viewer, limit=3, after_number=after)
            found.append([item["number"] for item in page["items"]])
            assert page["total"] == 7
            if page["next"] is None:
                return found
            after = int(page["next"])

    assert await pages() == await pages() == [[1, 2, 3], [4, 5, 6], [7]]
