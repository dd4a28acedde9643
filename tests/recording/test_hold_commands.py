"""`warroom recording hold` from the machine itself."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cameras.world import World
from warroom.cameras.errors import CameraNotFoundError
from warroom.cameras.settings import CameraSettings
from warroom.identity.api import system_scope
from warroom.kernel import command
from warroom.kernel.db import Database
from warroom.kernel.secrets import Sealer
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration
from warroom.places.api import Atlas
from warroom.recording import api, hold_commands
from warroom.recording.index import Index
from warroom.recording.settings import RecordingSettings

SPAN = ["--start", "2026-11-24T05:00:00Z", "--to", "2026-11-24T05:10:00Z"]


@pytest.fixture
def run(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in a loop of its own, as `warroom` does; gives what it printed."""

    Index(tmp_path / "video").close()

    @asynccontextmanager
    async def tools() -> AsyncIterator[command.Tools]:
        db = Database(world.db.dsn, max_size=2)
        await db.open()
        services = Services(
            {
                Sealer: world.inventory.sealer,
                Atlas: world.inventory.atlas,
                CameraSettings: world.inventory.settings,
                api.HoldService: api.make_holds(db, world.clock, RecordingSettings(), tmp_path),
            }
        )
        try:
            scope = system_scope("warroom", world.clock, door="cli")
            yield command.Tools(db, world.clock, services, Configuration({}, {}), scope)
        finally:
            await db.close()

    command.provide(tools)

    def call(*line: str) -> str:
        hold_commands.app(["hold", *line], exit_on_error=False, result_action="return_value")
        return capsys.readouterr().out

    return call


def test_a_hold_is_set_listed_and_released_by_the_number_people_say(
    world: World, loop_runner: Any, run: Any
) -> None:
    for number in (7, 8):
        loop_runner.run(world.add(number))

    added = json.loads(
        run("add", "--camera", "7", "--camera", "8", *SPAN, "--reason", "Banjir", "--case", "LP/1",
            "--json")
    )["items"]  # fmt: skip
    listed = json.loads(run("list", "--json"))["items"]
    run("release", added[0]["id"], "--reason", "selesai")
    left = json.loads(run("list", "--json"))["items"]
    everything = run("list", "--released")

    assert [item["camera"]["number"] for item in added] == [7, 8]
    assert [item["id"] for item in listed] == [added[1]["id"], added[0]["id"]]
    assert [(item["camera"]["number"], item["case_number"]) for item in left] == [(8, "LP/1")]
    assert "released" in everything
    assert "Banjir" in everything


def test_a_camera_that_is_not_there_cannot_be_held(run: Any) -> None:
    with pytest.raises(CameraNotFoundError):
        run("add", "--camera", "404", *SPAN, "--reason", "x")
