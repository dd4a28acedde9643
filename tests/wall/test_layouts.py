"""Layouts: kept per person and agency, locked, and silent about what somebody may not see."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from tests.cameras.world import EVERYTHING, World, make_world
from tests.scopes import scope_of
from warroom.app.asgi import Wiring, create_app
from warroom.identity import api as identity
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.ids import new_id
from warroom.kernel.scope import Rule, Scope
from warroom.kernel.settings import NodeSettings
from warroom.wall import routes, rules, service
from warroom.wall.contracts import LayoutDraft, Tile
from warroom.wall.errors import LayoutInvalidError, LayoutNotFoundError

OPERATOR = ("wall:view", "wall:share", "camera:view")


@dataclass
class Walls:
    """A client per person of the police and one of Dishub."""

    world: World
    client: httpx.AsyncClient
    cameras: dict[int, UUID]

    async def call(self, who: str, method: str, path: str = "", body: Any = None) -> httpx.Response:
        return await self.client.request(
            method, f"/api/walls/layouts{path}", json=body, headers={"x-as": who}
        )

    async def make(self, who: str, **more: Any) -> dict[str, Any]:
        answer = await self.call(who, "POST", body={"name": "Pagi", **more})
        assert answer.status_code == 201, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def names(self, who: str) -> list[str]:
        return [item["name"] for item in (await self.call(who, "GET")).json()["items"]]

    def tile(self, position: int, *numbers: int) -> dict[str, Any]:
        return {"position": position, "cameras": [str(self.cameras[n]) for n in numbers]}


async def _people(world: World) -> dict[str, Scope]:
    scopes: dict[str, Scope] = {"agencyless": scope_of(person_id=new_id())}
    async with world.db.transaction(EVERYTHING) as tx:
        for login, agency, actions, extra in (
            ("andi", world.police, OPERATOR, ()),
            ("budi", world.police, OPERATOR, ()),
            ("citra", world.police, ("wall:view", "camera:view"), ()),
            ("dewi", world.police, ("wall:*", "camera:view"), ()),
            ("eka", world.dishub, OPERATOR, ()),
            (
                "fajar",
                world.police,
                ("wall:view", "wall:share"),
                (Rule(frozenset({"camera:view"}), places=frozenset({"73.71.02"})),),
            ),
        ):
            person = identity.NewPerson(login, login.title(), agency)
            person_id = await identity.create_person(EVERYTHING, tx, person)
            rule = Rule(frozenset(actions), agencies=frozenset({agency}))
            scopes[login] = scope_of(rule, *extra, agency_id=agency, person_id=person_id)
    return scopes


@pytest.fixture
def walls(
    db: Database, clock: FixedClock, tmp_path: Path, loop_runner: asyncio.Runner
) -> Iterator[Walls]:
    world = loop_runner.run(make_world(db, clock, tmp_path))
    scopes = loop_runner.run(_people(world))
    cameras = {}
    for number, agency, lon in (
        (1, world.police, 119.42),
        (2, world.police, 119.55),
        (3, world.dishub, 119.42),
    ):
        cameras[number] = loop_runner.run(world.add(number, agency_id=agency, lon=lon))

    async def authenticate(connection: HTTPConnection) -> Scope | None:
        return scopes.get(connection.headers.get("x-as", ""))

    app = create_app(
        Wiring(
            authenticator=authenticate,
            db=db,
            clock=clock,
            scope=world.system,
            holder="test",
            pages=tmp_path,
            routers=[routes.router],
            services={NodeSettings: NodeSettings(data_dir=str(tmp_path))},
        )
    )
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://test",
        headers={"x-warroom": "1"},
    )
    yield Walls(world, client, cameras)
    loop_runner.run(client.aclose())


async def test_a_layout_comes_back_as_it_was_kept(walls: Walls) -> None:
    made = await walls.make(
        "andi", cols=3, rows=3, dwell_s=20, tiles=[walls.tile(2, 2, 1), walls.tile(1)]
    )

    listed = (await walls.call("andi", "GET")).json()["items"]
    assert listed == [made]
    assert made["tiles"] == [walls.tile(1), walls.tile(2, 2, 1)]
    assert (made["shared"], made["locked_by"], made["version"]) == ("person", None, 1)


async def test_ones_own_layouts_are_ones_own(walls: Walls) -> None:
    made = await walls.make("andi", name="Milik Andi")

    assert await walls.names("budi") == []
    assert (await walls.call("budi", "GET", f"/{made['id']}")).status_code == 404
    assert (await walls.call("dewi", "DELETE", f"/{made['id']}")).status_code == 404


async def test_layouts_that_others_share_are_not_counted_as_ones_own(
    walls: Walls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_LAYOUTS", 1)
    await walls.make("andi", name="Bersama", shared="agency")

    await walls.make("budi", name="Milik Budi")
    one_more = await walls.call("budi", "POST", body={"name": "Lagi"})

    assert one_more.status_code != 201
    assert await walls.names("budi") == ["Bersama", "Milik Budi"]


async def test_a_shared_layout_is_the_agencys_alone(walls: Walls) -> None:
    made = await walls.make("andi", name="Bersama", shared="agency")

    assert await walls.names("budi") == ["Bersama"]
    assert await walls.names("citra") == ["Bersama"]
    assert await walls.names("eka") == []
    assert (await walls.call("eka", "GET", f"/{made['id']}")).status_code == 404
    change = {"version": 1, "name": "x"}
    assert (await walls.call("eka", "PATCH", f"/{made['id']}", change)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "", {"name": "x"}),
        ("GET", "/{id}", None),
        ("PATCH", "/{id}", {"version": 1}),
        ("DELETE", "/{id}", None),
    ],
)
async def test_strangers_get_401_and_people_without_agency_404(
    walls: Walls, method: str, path: str, body: Any
) -> None:
    path = path.replace("{id}", (await walls.make("andi", shared="agency"))["id"])

    assert (await walls.call("", method, path, body)).status_code == 401
    assert (await walls.call("agencyless", method, path, body)).status_code == 404


async def test_who_may_not_share_may_look_and_keep_their_own(walls: Walls) -> None:
    shared = await walls.make("andi", shared="agency")
    own = await walls.make("citra", name="Sendiri")

    for method, path, body in (
        ("POST", "", {"name": "x", "shared": "agency"}),
        ("PATCH", f"/{shared['id']}", {"version": 1, "name": "x"}),
        ("PATCH", f"/{own['id']}", {"version": 1, "shared": "agency"}),
        ("DELETE", f"/{shared['id']}", None),
    ):
        assert (await walls.call("citra", method, path, body)).status_code == 404
    assert await walls.names("citra") == ["Pagi", "Sendiri"]


async def test_cameras_out_of_scope_vanish_without_a_gap(walls: Walls) -> None:
    await walls.make(
        "andi", shared="agency", tiles=[walls.tile(1, 1), walls.tile(2, 1, 2), walls.tile(3, 2)]
    )

    seen = (await walls.call("fajar", "GET")).json()["items"][0]

    assert seen["tiles"] == [walls.tile(1), walls.tile(2, 2), walls.tile(3, 2)]
    assert str(walls.cameras[1]) not in repr(seen)


async def test_what_somebody_cannot_see_stays_when_they_save(walls: Walls) -> None:
    made = await walls.make("andi", shared="agency", tiles=[walls.tile(1, 1, 2), walls.tile(4, 1)])

    saved = await walls.call(
        "fajar", "PATCH", f"/{made['id']}", {"version": 1, "tiles": [walls.tile(2, 2)]}
    )
    whole = (await walls.call("andi", "GET", f"/{made['id']}")).json()

    assert saved.status_code == 200
    assert whole["tiles"] == [walls.tile(1, 1), walls.tile(2, 2), walls.tile(4, 1)]


async def test_a_camera_that_is_not_ones_own_cannot_be_put_on_a_wall(walls: Walls) -> None:
    foreign = {"position": 1, "cameras": [str(walls.cameras[3])]}
    absent = {"position": 1, "cameras": [str(new_id())]}
    answers = [
        await walls.call("andi", "POST", body={"name": "x", "tiles": [tile]})
        for tile in (foreign, absent)
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()


async def test_two_who_save_at_once_cannot_overwrite_each_other(walls: Walls) -> None:
    made = await walls.make("andi", shared="agency")
    path = f"/{made['id']}"

    first = await walls.call("andi", "PATCH", path, {"version": 1, "name": "Satu"})
    second = await walls.call("budi", "PATCH", path, {"version": 1, "name": "Dua"})

    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "wall.changed_meanwhile"
    assert await walls.names("budi") == ["Satu"]


async def test_a_lock_names_its_holder_and_stops_all_others(walls: Walls) -> None:
    made = await walls.make("andi", shared="agency")
    path = f"/{made['id']}"
    locked = await walls.call("andi", "PATCH", path, {"version": 1, "locked": True})

    refused = await walls.call("budi", "PATCH", path, {"version": 2, "name": "x"})
    kept = await walls.call("budi", "DELETE", path)
    own = await walls.call("andi", "PATCH", path, {"version": 2, "name": "Baru"})
    opened = await walls.call("dewi", "PATCH", path, {"version": 3, "locked": False})
    then = await walls.call("budi", "PATCH", path, {"version": 4, "name": "Budi"})

    assert locked.json()["locked_by"]["name"] == "Andi"
    assert (refused.status_code, kept.status_code) == (409, 409)
    assert refused.json()["params"] == {"name": "Andi"}
    assert [answer.status_code for answer in (own, opened, then)] == [200, 200, 200]
    assert own.json()["locked_by"]["name"] == "Andi"


async def test_every_change_is_audited_and_told_to_whom_it_concerns(walls: Walls) -> None:
    own = await walls.make("andi")
    shared = await walls.make("andi", shared="agency")
    await walls.call("budi", "PATCH", f"/{shared['id']}", {"version": 1, "shared": "person"})
    await walls.call("andi", "DELETE", f"/{own['id']}")

    audited = await walls.world.rows(
        "select action from audit_entry where object_kind = 'wall_layout' order by recorded_at"
    )
    told = await walls.world.rows(
        "select topic, body, object_id from outbox where topic like 'walls.%' order by id"
    )
    (andi,) = await walls.world.rows("select id from person where login = 'andi'")
    assert [entry["action"] for entry in audited] == [
        "wall:added",
        "wall:added",
        "wall:changed",
        "wall:removed",
    ]
    assert [(event["topic"], msgspec.json.decode(event["body"])) for event in told] == [
        ("walls.own_changed", {"id": own["id"], "change": "added"}),
        ("walls.changed", {"id": shared["id"], "change": "added"}),
        ("walls.changed", {"id": shared["id"], "change": "changed"}),
        ("walls.own_changed", {"id": own["id"], "change": "removed"}),
    ]
    assert [told[0]["object_id"], told[3]["object_id"]] == [andi["id"], andi["id"]]


async def test_row_level_security_hides_other_peoples_layouts(walls: Walls) -> None:
    await walls.make("andi")
    await walls.make("andi", shared="agency")

    async with walls.world.db.transaction(walls.world.dishub_admin) as tx:
        seen = await (await tx.execute("select count(*) as n from wall_layout")).fetchone()
    async with walls.world.db.transaction(walls.world.police_admin) as tx:
        shared = await (await tx.execute("select shared from wall_layout")).fetchall()

    assert seen == {"n": 0}
    assert shared == [{"shared": "agency"}]


async def test_who_lost_the_word_keeps_no_layout_and_sees_not_even_their_own(walls: Walls) -> None:
    await walls.make("andi", name="Milik Andi")
    (andi,) = await walls.world.rows("select id, agency_id from person where login = 'andi'")
    cameras = Rule(frozenset({"camera:view", "wall:share"}))
    scope = scope_of(cameras, agency_id=andi["agency_id"], person_id=andi["id"])
    draft = LayoutDraft(name="Lagi", cols=2, rows=2, dwell_s=20, tiles=(), shared="person")

    async with walls.world.db.transaction(scope) as tx:
        with pytest.raises(LayoutNotFoundError):
            await service.add_layout(scope, tx, draft, walls.world.clock.now())
        seen = await service.list_layouts(scope, tx)

    assert seen == []


@pytest.mark.parametrize(
    "more",
    [
        {"name": " "},
        {"name": "x" * 81},
        {"name": "a\nb\x00"},
        {"cols": 5},
        {"rows": 0},
        {"dwell_s": 4},
        {"tiles": [{"position": 0}]},
        {"tiles": [{"position": 17}]},
        {"tiles": [{"position": 1}, {"position": 1}]},
        {"tiles": [{"position": 1, "cameras": ["x"]}]},
        {"shared": "world"},
        {"colour": "red"},
    ],
)
async def test_a_layout_that_cannot_be_is_refused(walls: Walls, more: dict[str, Any]) -> None:
    answer = await walls.call("andi", "POST", body={"name": "Pagi", **more})

    assert answer.status_code == 422
    assert await walls.names("andi") == []


ids = st.integers(0, 20).map(lambda number: UUID(int=number))
tiles = st.dictionaries(
    st.integers(1, 16), st.lists(ids, unique=True, max_size=5), max_size=16
).map(lambda found: tuple(Tile(position, tuple(found[position])) for position in sorted(found)))


@given(tiles, tiles, st.sets(ids))
def test_saving_what_one_sees_loses_nothing_hidden(
    stored: tuple[Tile, ...], sent: tuple[Tile, ...], visible: set[UUID]
) -> None:
    sent = rules.narrowed(sent, visible)

    merged = rules.with_hidden_kept(stored, sent, visible)

    def hidden(found: tuple[Tile, ...]) -> dict[int, set[UUID]]:
        return {t.position: kept for t in found if (kept := set(t.cameras) - visible)}

    assert hidden(merged) == hidden(stored)
    shown = {t.position: t.cameras for t in rules.narrowed(merged, visible) if t.cameras}
    assert shown == {t.position: t.cameras for t in sent if t.cameras}


@given(tiles, st.sets(ids))
def test_saving_unchanged_changes_nothing(stored: tuple[Tile, ...], visible: set[UUID]) -> None:
    merged = rules.with_hidden_kept(stored, rules.narrowed(stored, visible), visible)

    assert {t.position: set(t.cameras) for t in merged} == {
        t.position: set(t.cameras) for t in stored
    }


def test_a_layout_is_tidied() -> None:
    one = UUID(int=1)
    draft = LayoutDraft("  Pagi   hari ", "person", 2, 2, 5, (Tile(3, (one, one)), Tile(1)))

    checked = rules.check(draft)

    assert checked.name == "Pagi hari"
    assert checked.tiles == (Tile(1), Tile(3, (one,)))
    with pytest.raises(LayoutInvalidError):
        rules.check(LayoutDraft("x", "person", 2, 2, 5, (Tile(1, (one,)), Tile(1))))
