"""`warroom demo` while it is still starting."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from simcity.__main__ import main as simcity
from tests.app.askers import browser, system
from tests.app.test_authorization_matrix import World
from warroom.app import demo, demo_city
from warroom.app.node import Node
from warroom.cameras import api as cameras
from warroom.cameras.api import Inventory
from warroom.identity import api as identity

SHOWS_BY_REQUEST = {"Kejari"}
"""Prosecutors see nothing until a letter of theirs is approved: that is what they show."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    assert simcity(["city", "--out", str(folder), "--cameras-rtsp", "rtsp://10.9.0.1"]) == 0
    return folder


@pytest.fixture(scope="module")
def sites(city: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((city / "cameras.geojson").read_text())["features"]
    return features


@pytest.mark.parametrize("most", [1, 2, 6, 12, 24, 100, demo.SITES])
def test_a_small_demo_has_as_many_cameras_as_were_asked_for(
    sites: list[dict[str, Any]], most: int
) -> None:
    chosen = demo.choose_sites(sites, most, demo_city.demo_owners())

    numbers = [site["properties"]["number"] for site in chosen]
    assert numbers == sorted(set(numbers))
    assert (len(numbers), numbers[0]) == (most, 1)
    assert all(site in sites for site in chosen)


def test_the_whole_city_stays_as_it_is(sites: list[dict[str, Any]]) -> None:
    assert demo.choose_sites(sites, demo.SITES, demo_city.demo_owners()) == sites


@pytest.mark.parametrize("most", [6, 12, 24])
async def test_everybody_of_a_small_demo_sees_a_camera(
    world: World, sites: list[dict[str, Any]], most: int
) -> None:
    chosen = demo.choose_sites(sites, most, demo_city.demo_owners())
    content = json.dumps({"type": "FeatureCollection", "features": chosen}).encode()
    scope = system(world)
    inventory = Inventory.of(world.app.state.services, world.clock)
    async with world.db.transaction(scope) as tx:
        await identity.ensure_sample(scope, tx)
    async with world.db.transaction(scope) as tx:
        report = await cameras.import_cameras(inventory, scope, tx, content, dry_run=False)
    doorkeeper = world.app.state.services[identity.Doorkeeper]

    seen = {}
    for login, _, _, agency, role, _ in identity.SAMPLE_PEOPLE:
        async with browser(world) as client:
            link = await doorkeeper.create_link(scope, login)
            await client.post("/api/session/link", json={"token": link})
            answer = await client.get("/api/cameras")
            if answer.status_code == 200 and agency not in SHOWS_BY_REQUEST:
                seen[login, role] = answer.json()["total"]

    assert report.added == most
    assert {who for who, total in seen.items() if total == 0} == set()
    assert len(seen) >= 11


async def test_the_premises_of_the_demo_are_found_with_their_dangers_by_who_takes_calls(
    world: World, city: Path
) -> None:
    scope = system(world)
    content = (city / "premises.geojson").read_bytes()
    kinds = {one["properties"]["jenis"] for one in json.loads(content)["features"]}
    async with world.db.transaction(scope) as tx:
        await identity.ensure_sample(scope, tx)
        first = await demo_city.seed_premises(city, scope, tx, content)
    async with world.db.transaction(scope) as tx:
        again = await demo_city.seed_premises(city, scope, tx, content)
    link = await world.app.state.services[identity.Doorkeeper].create_link(scope, "112")
    async with browser(world) as client:
        await client.post("/api/session/link", json={"token": link})
        found = await client.get("/api/incidents/places", params={"q": "depan pasar terong"})

    assert {"pasar", "sekolah", "rumah sakit", "bangunan"} <= kinds
    assert ((), ()) == (first.rejected, again.rejected)
    assert (first.added, 0, first.added) == (
        len(json.loads(content)["features"]),
        again.added + again.changed,
        again.unchanged,
    )
    best = found.json()["items"][0]
    assert ("Pasar Terong", ["gas", "crowd"]) == (best["name"], best["dangers"])
    assert "Bontoala" in best["detail"]


@pytest.fixture
def signals_kept() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, kept, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_kept")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_starting_ends_at_a_signal_and_stops_postgres(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A shell that starts us in the background has Ctrl-C ignored from the first moment on.
    signal.signal(number, signal.SIG_IGN)
    monkeypatch.setenv("WARROOM_DATA_DIR", str(tmp_path / "var"))
    stopped: list[bool] = []

    def start(_node: Any) -> bool:
        os.kill(os.getpid(), number)
        return True

    monkeypatch.setattr(demo, "_city_being_written", lambda *_: nullcontext())
    monkeypatch.setattr(demo, "require_free_port", lambda *_: None)
    monkeypatch.setattr(demo, "start_database", start)
    monkeypatch.setattr(
        "warroom.kernel.postgres.EmbeddedPostgres.stop", lambda _self: stopped.append(True)
    )

    with pytest.raises(KeyboardInterrupt):
        demo.demo(cameras=1)

    assert stopped == [True]


@pytest.mark.usefixtures("signals_kept")
def test_a_demo_that_was_there_begins_with_what_it_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WARROOM_DATA_DIR", str(tmp_path / "var"))
    settled: list[int] = []
    started: list[bool] = []

    def settle(node: Node, plan: demo.Plan) -> None:
        settled.append(plan.cameras)
        node.settings.city.mkdir(parents=True, exist_ok=True)
        (node.settings.city / "cameras.geojson").write_text("{}")

    async def run(_node: Node, _plan: demo.Plan) -> None:
        started.append(True)

    monkeypatch.setattr(demo, "_settle", settle)
    monkeypatch.setattr(demo, "_run", run)
    monkeypatch.setattr(demo, "_free_port", lambda wanted: wanted)
    monkeypatch.setattr(demo, "require_free_port", lambda *_: None)
    monkeypatch.setattr(demo, "start_database", lambda _node: True)
    monkeypatch.setattr("warroom.kernel.postgres.EmbeddedPostgres.stop", lambda _self: None)

    demo.demo(cameras=12)
    demo.demo(cameras=12)
    assert settled == [12]

    demo.demo(cameras=13)  # other cameras: the city is asked again
    (tmp_path / "var/city/cameras.geojson").unlink()
    demo.demo(cameras=13)  # its file is gone: as well
    assert settled == [12, 13, 13]
    assert len(started) == 4


@pytest.mark.usefixtures("signals_kept")
def test_a_demo_that_could_not_be_settled_is_settled_the_next_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WARROOM_DATA_DIR", str(tmp_path / "var"))
    tries: list[int] = []

    def settle(node: Node, _plan: demo.Plan) -> None:
        tries.append(1)
        node.settings.city.mkdir(parents=True, exist_ok=True)
        (node.settings.city / "cameras.geojson").write_text("{}")
        raise demo.CamerasError(most=1)

    monkeypatch.setattr(demo, "_settle", settle)
    monkeypatch.setattr(demo, "require_free_port", lambda *_: None)
    monkeypatch.setattr("warroom.kernel.postgres.EmbeddedPostgres.stop", lambda _self: None)
    for _ in range(2):
        with pytest.raises(demo.CamerasError):
            demo.demo(cameras=12)

    assert len(tries) == 2


@pytest.mark.parametrize("speed", [0.0, -1.0, 61.0, float("nan")])
def test_a_day_does_not_stand_still_or_fly(speed: float) -> None:
    with pytest.raises(demo.SpeedError):
        demo.demo(speed=speed)


async def test_streets_are_drawn_behind_everything_else_and_not_after_it(tmp_path: Path) -> None:
    """The folder tells first which clips there will be; each takes a while."""
    drawing = asyncio.create_task(demo._render(str(tmp_path / "clips")))
    async with asyncio.timeout(120):
        while not (tmp_path / "clips" / "clips.json").exists():
            await asyncio.sleep(0.05)
    begun = renderers(tmp_path)

    drawing.cancel()
    await asyncio.gather(drawing, return_exceptions=True)

    assert begun
    assert [] == renderers(tmp_path)


def renderers(folder: Path) -> list[int]:
    """Processes that draw into this folder."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if str(folder) in " ".join(process.cmdline()):
                found.append(process.pid)
    return found
