"""For random rights and cameras, everything that the application answers is of one mind.

The list, the page of one camera and what it says can be done with it, a route of each such word,
the counts, what is nearby, its holds and alarms, the event socket, the search of the audit and its
export, each asked through the front door over a real database, are held to the one judgement:
`Scope.allows` over the rules that the drawn roles and grants come to.
"""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.app.asgi_socket import open_socket
from tests.app.askers import add_asker, give, system
from tests.app.test_authorization_matrix import World, _cookie, camera_body
from warroom.audit import api as audit
from warroom.cameras import api as cameras_api
from warroom.cameras.contracts import CHANGED
from warroom.identity import api as identity
from warroom.kernel import actions, outbox
from warroom.kernel.postgres import Connections
from warroom.kernel.realtime import Hub
from warroom.kernel.scope import Rule, Scope, Sides
from warroom.recording import api as recording
from warroom.recording.contracts import ALARM, HOLD, HOLDS, HoldDraft

COLLEAGUE = UUID(int=77)
"""Who looks at every camera for the own agency; has no account."""

AGENCIES = ("own", "other")
PLACES = ("73.71", "73.71.01", "73.71.01.1001", "73.71.02")
TAGS = ("a", "b")
CLASSES = ("standard", "bukti")
CAMERAS = 4
ROLES = ("operator", "auditor", "admin_lembaga", "petugas_pdp")
READ_AUDIT = "audit:read"
"""Told of each camera too; whom the route answers by it is compared below, by person and object."""

WORDS = (
    "audit:read",
    "camera:view",
    "live:view",
    "recording:view",
    "recording:hold",
    "camera:configure",
    "camera:*",
    "recording:*",
    "*",
)
NOT_THERE = ("not_found", "cameras.not_found", "recording.hold_not_found")
TOPICS = {CHANGED: "camera:view", HOLDS: HOLD, ALARM: "recording:view"}
HOURS = st.sampled_from([(None, None), (None, 1), (-2, -1), (-1, 1), (1, 2)])


@dataclass(frozen=True)
class Draw:
    """A grant as drawn: sides by their places in the pools above; times in hours from now."""

    actions: frozenset[str]
    agencies: frozenset[str] | None
    places: frozenset[str] | None
    cameras: frozenset[int] | None
    tags: frozenset[str] | None
    classes: frozenset[str] | None
    deny: bool
    hours: tuple[int | None, int | None]
    to_agency: bool


@dataclass(frozen=True)
class Filmed:
    """A camera as drawn."""

    agency: str
    place: str | None
    tags: frozenset[str]
    class_: str


def some[T](items: Iterable[T]) -> st.SearchStrategy[frozenset[T] | None]:
    return st.none() | st.frozensets(st.sampled_from(list(items)), min_size=1)


GRANTS = st.lists(
    st.builds(
        Draw,
        actions=st.frozensets(st.sampled_from(WORDS), min_size=1),
        agencies=some(AGENCIES),
        places=some(PLACES),
        cameras=some(range(CAMERAS)),
        tags=some(TAGS),
        classes=some(CLASSES),
        deny=st.sampled_from([False, False, True]),
        hours=HOURS,
        to_agency=st.booleans(),
    ),
    max_size=4,
)
FILMED = st.lists(
    st.builds(
        Filmed,
        agency=st.sampled_from(AGENCIES),
        place=st.none() | st.sampled_from(PLACES[1:]),
        tags=st.frozensets(st.sampled_from(TAGS)),
        class_=st.sampled_from(CLASSES),
    ),
    min_size=CAMERAS,
    max_size=CAMERAS,
)


@dataclass
class Town:
    """The application with its cameras, and the person whose rights are drawn."""

    world: World
    superuser: str
    agencies: dict[str, UUID]
    cameras: list[UUID]
    person: UUID
    hub: Hub
    holds: dict[UUID, UUID]
    """The hold of each camera."""

    async def draw(self, roles: frozenset[str], grants: list[Draw], filmed: list[Filmed]) -> None:
        """Gives the person exactly these rights, and the cameras these owners and sides."""
        self.world.clock.advance(1)
        with psycopg.connect(self.superuser) as connection:
            connection.execute("delete from access_grant")
            # Each hold ends soon: so each camera has an alarm, once it is judged.
            connection.execute("delete from recording_alarm")
            connection.execute(
                "update recording_hold set until_at = %s",
                [self.world.clock.now() + timedelta(hours=1)],
            )
            connection.execute("delete from person_role where person_id = %s", [self.person])
            for role in roles:
                connection.execute(
                    "insert into person_role (person_id, role) values (%s, %s)", [self.person, role]
                )
            for camera, one in zip(self.cameras, filmed, strict=True):
                is_kelurahan = one.place is not None and one.place.count(".") == 3
                connection.execute(
                    "update camera set agency_id = %s, kecamatan = %s, kelurahan = %s, tags = %s,"
                    " retention_class = %s where id = %s",
                    [
                        self.agencies[one.agency],
                        one.place and one.place[:8],
                        one.place if is_kelurahan else None,
                        sorted(one.tags),
                        one.class_,
                        camera,
                    ],
                )
        for grant in grants:
            rule = self.rule(grant)
            taker = {"to_agency_id": self.agencies["own"]} if grant.to_agency else {}
            await give(
                self.world,
                **(taker or {"person_id": self.person}),
                reason="acak",
                deny=rule.deny,
                starts_at=rule.starts_at,
                ends_at=rule.ends_at,
                **{side: _listed(getattr(rule, side)) for side in _SIDES},
            )
        self.world.app.state.services[identity.Authenticator].forget()

    def rule(self, grant: Draw) -> Rule:
        """What a drawn grant comes to."""

        def at(hours: int | None) -> Any:
            return None if hours is None else self.world.clock.now() + timedelta(hours=hours)

        return Rule(
            grant.actions,
            agencies=grant.agencies and frozenset(self.agencies[one] for one in grant.agencies),
            places=grant.places,
            objects=grant.cameras and frozenset(self.cameras[one] for one in grant.cameras),
            tags=grant.tags,
            classes=grant.classes,
            deny=grant.deny,
            starts_at=at(grant.hours[0]),
            ends_at=at(grant.hours[1]),
        )

    async def scope(self, roles: frozenset[str], grants: list[Draw]) -> Scope:
        """The judgement that all answers are held to, from what was drawn."""
        async with self.world.db.transaction(system(self.world)) as tx:
            rows = await (
                await tx.execute("select actions from role where name = any(%s)", [list(roles)])
            ).fetchall()
        own = frozenset({self.agencies["own"]})
        rules = [Rule(frozenset(row["actions"]), agencies=own) for row in rows]
        rules += [self.rule(grant) for grant in grants]
        now = self.world.clock.now()
        return Scope(self.person, self.agencies["own"], tuple(rules), now, "test")

    async def get(self, url: str, **params: Any) -> Any:
        """What a browser gets; None where there is nothing for the asker."""
        answer = await self.world.clients["acak"].get(url, params=params)
        assert answer.status_code in (200, 404), answer.text
        return answer.json() if answer.status_code == 200 else None


_SIDES = ("actions", "agencies", "places", "objects", "tags", "classes")


def _listed(side: frozenset[Any] | None) -> tuple[Any, ...] | None:
    return None if side is None else tuple(side)


@pytest.fixture
def town(world: World, connections: Connections, loop_runner: asyncio.Runner) -> Town:
    return loop_runner.run(_town(world, connections))


async def _town(world: World, connections: Connections) -> Town:
    other = (await world.clients["other"].get("/api/session")).json()["agency"]["id"]
    agencies = {"own": UUID(world.things["agency"]), "other": UUID(other)}
    cameras = []
    for _ in range(CAMERAS):
        answer = await world.own.post("/api/cameras", json=camera_body(world.things["agency"]))
        assert answer.status_code == 201, answer.text
        cameras.append(UUID(answer.json()["id"]))
    person = await add_asker(world, "acak", world.things["agency"])
    hub: Hub = world.app.state.services[Hub]
    now = world.clock.now()
    span = (now - timedelta(hours=1), now - timedelta(minutes=50))
    held = await world.app.state.services[recording.HoldService].add(
        system(world), HoldDraft(tuple(cameras), *span, "acak", until_at=now + timedelta(hours=1))
    )
    await hub._catch_up()
    holds = {hold["camera"]["id"]: hold["id"] for hold in held}
    return Town(world, connections.superuser, agencies, cameras, person, hub, holds)


async def _agree(town: Town, roles: frozenset[str], grants: list[Draw], drawn: list[Any]) -> None:
    filmed: list[Filmed] = drawn
    await town.draw(roles, grants, filmed)
    scope = await town.scope(roles, grants)
    owners = [town.agencies[one.agency] for one in filmed]
    expected = {
        word: {
            str(camera)
            for camera, owner, one in zip(town.cameras, owners, filmed, strict=True)
            if scope.allows(word, **_sides(camera, owner, one))
        }
        for word in actions.words_on("camera")
    }
    readable = {
        by: {
            str(camera)
            for camera, owner, one in zip(town.cameras, owners, filmed, strict=True)
            if _may_read(scope, _sides(camera, owner, one), asker)
        }
        for by, asker in {"system": None, "colleague": town.agencies["own"]}.items()
    }

    heard = await _socket(town, filmed)
    cameras = {
        "list": await _list(town),
        "pages": await _pages(town),
        "nearby": await _nearby(town),
        "socket": heard[CHANGED],
    }
    holds = {
        "list": await _holds(town),
        "pages": await _hold_pages(town),
        "socket": heard[HOLDS],
    }
    alarmed, count = await _alarms(town)
    said, asked, done = await _said(town), await _asked(town), await _done(town)
    told = {by: await _audit(town, filmed, by) for by in readable}

    assert cameras == dict.fromkeys(cameras, expected["camera:view"])
    assert await _counts(town) == {len(expected["camera:view"])}
    assert holds == dict.fromkeys(holds, expected[HOLD])
    assert {"list": alarmed, "socket": heard[ALARM]} == dict.fromkeys(
        ("list", "socket"), expected["recording:view"]
    )
    assert count == len(expected["recording:view"])
    assert told == {by: dict.fromkeys(told[by], things) for by, things in readable.items()}
    seen = expected["camera:view"]
    assert said == {camera: {w for w in expected if camera in expected[w]} for camera in seen}
    assert asked == said
    assert done == {word: cameras for word, cameras in expected.items() if word in done}


def _may_read(scope: Scope, thing: Sides, asker: UUID | None) -> bool:
    """An entry: of a thing or of people that may be read of, if nothing of the thing is denied."""
    word = "audit:read"
    of_asker: Sides = {**thing, "agency_id": asker}
    denied = any(
        rule.deny and rule.covers(word) and rule.holds_at(scope.at)
        and rule.matches(**thing)
        for rule in scope.rules
    )  # fmt: skip
    return not denied and (scope.allows(word, **thing) or scope.allows(word, **of_asker))


def _sides(camera: UUID, owner: UUID, one: Filmed) -> Sides:
    return {
        "agency_id": owner,
        "place": one.place,
        "object_id": camera,
        "tags": tuple(one.tags),
        "class_": one.class_,
    }


async def _holds(town: Town) -> set[str]:
    page = await town.get("/api/recording/holds") or {"items": []}
    return {item["camera"]["id"] for item in page["items"]}


async def _hold_pages(town: Town) -> set[str]:
    pages = [await town.get(f"/api/recording/holds/{hold}") for hold in town.holds.values()]
    return {page["camera"]["id"] for page in pages if page}


async def _alarms(town: Town) -> tuple[set[str], int]:
    """Of which cameras alarms are told, and how many there are said to be."""
    told = await town.get("/api/recording/alarms") or {"items": [], "open": []}
    return (
        {item["camera_id"] for item in told["items"]},
        sum(kind["count"] for kind in told["open"]),
    )


async def _list(town: Town) -> set[str]:
    page = await town.get("/api/cameras") or {"items": []}
    return {item["id"] for item in page["items"]}


async def _counts(town: Town) -> set[int]:
    page = await town.get("/api/cameras") or {"total": 0}
    summary = await town.get("/api/cameras/summary") or {"total": 0}
    return {page["total"], summary["total"]}


async def _pages(town: Town) -> set[str]:
    found = [await town.get(f"/api/cameras/{camera}") for camera in town.cameras]
    numbers = [page["number"] for page in found if page]
    again = [await town.get(f"/api/cameras/by-number/{number}") for number in numbers]
    assert [page["id"] for page in again] == [page["id"] for page in found if page]
    return {page["id"] for page in found if page}


async def _said(town: Town) -> dict[str, set[str]]:
    """What the page of each camera in view says that may be done with it."""
    pages = [await town.get(f"/api/cameras/{camera}") for camera in town.cameras]
    return {page["id"]: set(page["can"]) - {READ_AUDIT} for page in pages if page}


async def _asked(town: Town) -> dict[str, set[str]]:
    """The same, of all cameras in one question."""
    told = await town.get("/api/cameras/can", ids=[str(camera) for camera in town.cameras])
    items = (told or {"items": {}})["items"]
    return {camera: set(words) - {READ_AUDIT} for camera, words in items.items()}


async def _done(town: Town) -> dict[str, set[str]]:
    """With which cameras each word can be done: one route of each is asked, for every camera."""
    client, now = town.world.clients["acak"], town.world.clock.now()
    day = {"from": (now - timedelta(hours=1)).isoformat(), "to": now.isoformat()}
    # There is no process that could answer it: whoever may look is told so.
    offer: dict[str, Any] = {"content": "v=0", "headers": {"content-type": "application/sdp"}}
    # To take a camera over is a rank among those who turn it, and has no door of its own.
    words = [word for word in actions.words_on("camera") if word != "ptz:override"]
    done: dict[str, set[str]] = {word: set() for word in words}
    for camera, hold in town.holds.items():
        url = f"/api/cameras/{camera}"
        answers = {
            "camera:view": await client.get(url),
            "camera:configure": await client.patch(url, json={"version": -1}),
            "live:view": await client.post(f"/api/live/{camera}/whep", **offer),
            "recording:view": await client.get(f"/api/recordings/{camera}/timeline", params=day),
            HOLD: await client.patch(f"/api/recording/holds/{hold}", json={"reason": " "}),
            # It cannot turn: whoever might turn it is told so.
            "ptz:move": await client.post(f"{url}/ptz/hold", json={}),
        }
        assert set(answers) == set(done)
        for word, answer in answers.items():
            if answer.status_code != 404 or answer.json()["code"] not in NOT_THERE:
                done[word].add(str(camera))
    return done


async def _nearby(town: Town) -> set[str]:
    near = await town.get("/api/cameras/nearby", lat=-5.1338, lon=119.409, limit=50)
    return {item["id"] for item in (near or {"items": []})["items"]}


async def _socket(town: Town, filmed: list[Filmed]) -> dict[str, set[str]]:
    """Which cameras' events are heard, by topic. A ping comes after all that was told before it."""
    world = town.world
    async with open_socket(world.app, "/ws", _cookie(world, "acak")) as socket:
        await socket.receive_text()
        await socket.send_text(json.dumps({"op": "subscribe", "topics": list(TOPICS)}))
        await town.hub.recheck()
        await _until_ping(socket)
        async with world.db.transaction(system(world)) as tx:
            for camera, one in zip(town.cameras, filmed, strict=True):
                await outbox.publish(
                    tx,
                    CHANGED,
                    {"camera_id": str(camera)},
                    **_sides(camera, town.agencies[one.agency], one),
                    now=world.clock.now(),
                )
        await _tell_of_recording(town)
        await town.hub._catch_up()
        await town.hub.recheck()
        heard: dict[str, set[str]] = {topic: set() for topic in TOPICS}
        for message in await _until_ping(socket):
            heard[message["topic"]].add(message["body"]["camera_id"])
        return heard


async def _tell_of_recording(town: Town) -> None:
    """Has the product itself change every hold, and raise an alarm for every camera."""
    world = town.world
    services = world.app.state.services
    for hold in town.holds.values():
        await services[recording.HoldService].change(system(world), hold, "acak", case_number="1")
    async with world.db.transaction(system(world)) as tx:
        inventory = cameras_api.Inventory.of(services, world.clock)
        told = await recording.judge_alarms(inventory, system(world), tx)
    assert told == len(town.cameras)


async def _until_ping(socket: Any) -> list[Any]:
    events = []
    while True:
        message = json.loads(await socket.receive_text())
        if message["type"] == "ping":
            return events
        events.append(message)


async def _audit(town: Town, filmed: list[Filmed], by: str) -> dict[str, set[str]]:
    """Of which cameras the audit tells that somebody looked, however it is asked."""
    world = town.world
    word = {"system": "live:view", "colleague": "recording:view"}[by]
    writer = system(world)
    if by == "colleague":
        writer = replace(writer, person_id=COLLEAGUE, agency_id=town.agencies["own"])
    async with world.db.transaction(writer) as tx:
        for camera, one in zip(town.cameras, filmed, strict=True):
            await audit.record(
                writer,
                tx,
                action=word,
                object_kind="camera",
                object_id=camera,
                agency_id=town.agencies[one.agency],
                place=one.place,
                sides=_sides(camera, town.agencies[one.agency], one),
            )
    now = world.clock.now()
    wanted = {"from": now.isoformat(), "action": word}
    page = await town.get("/api/audit", **wanted) or {"items": []}
    answer = await world.clients["acak"].post("/api/audit/export", json=wanted | {"form": "jsonl"})
    lines: list[Any] = []
    if answer.status_code == 200:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            lines = [json.loads(line) for line in archive.read("audit.jsonl").splitlines()]
    told = {
        "search": {item["object_id"] for item in page["items"]},
        "export": {line["object_id"] for line in lines},
        "watchers": await _watched(town, word),
    }
    if by == "colleague":
        told |= {"seen": await _seen_by_colleague(town), "person": await _of_person(town)}
    return told


async def _watched(town: Town, word: str) -> set[str]:
    """Cameras of which it is told that somebody looked just now."""
    now = town.world.clock.now()
    span = {"from": now.isoformat(), "to": (now + timedelta(seconds=1)).isoformat()}
    found = set()
    for camera in town.cameras:
        page = await town.get("/api/audit/watchers", object=str(camera), **span)
        items = (page or {"items": []})["items"]
        begun = [item for item in items if datetime.fromisoformat(item["at"]) >= now]
        if any(item["action"] == word for item in begun):
            found.add(str(camera))
    return found


async def _seen_by_colleague(town: Town) -> set[str]:
    now = town.world.clock.now()
    span = {"from": now.isoformat(), "to": (now + timedelta(seconds=1)).isoformat()}
    page = await town.get("/api/audit/seen", person=str(COLLEAGUE), **span) or {"items": []}
    return {item["object_id"] for item in page["items"]}


async def _of_person(town: Town) -> set[str]:
    """What the report on a person looks up: their entries, asked within the product."""
    world = town.world
    async with world.db.transaction(system(world)) as tx:
        scope = await identity.scope_of_person(system(world), tx, "acak")
    async with world.db.transaction(scope) as tx:
        if not scope.may("audit:read"):
            return set()
        filters = {"person": COLLEAGUE, "since": world.clock.now(), "action": "recording"}
        page = json.loads(await audit.search(scope, tx, filters))
    return {item["object_id"] for item in page["items"]}


def _try(town: Town, loop_runner: asyncio.Runner, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(roles=st.frozensets(st.sampled_from(ROLES), max_size=2), grants=GRANTS, drawn=FILMED)
    def judge(roles: frozenset[str], grants: list[Draw], drawn: list[Filmed]) -> None:
        loop_runner.run(_agree(town, roles, grants, drawn))

    judge()


def test_every_answer_is_of_one_mind_with_the_judgement(
    town: Town, loop_runner: asyncio.Runner
) -> None:
    _try(town, loop_runner, 25)


@pytest.mark.nightly
def test_every_answer_is_of_one_mind_on_many_examples(
    town: Town, loop_runner: asyncio.Runner
) -> None:
    _try(town, loop_runner, 400)
