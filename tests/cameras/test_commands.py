"""`warroom camera` from the machine itself."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cameras.world import EVERYTHING, World
from warroom.cameras import api, commands
from warroom.cameras.errors import (
    ForbiddenAddressError,
    ImportUnreadableError,
    UnknownAgencyError,
)
from warroom.cameras.settings import CameraSettings
from warroom.identity.api import system_scope
from warroom.kernel import command
from warroom.kernel.db import Database
from warroom.kernel.secrets import Sealer
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration
from warroom.places.api import Atlas


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in a loop of its own, as `warroom` does; gives what it printed."""
    services = Services(
        {
            Sealer: world.inventory.sealer,
            Atlas: world.inventory.atlas,
            CameraSettings: world.inventory.settings,
            api.Prober: api.open_prober(CameraSettings(), world.clock),
        }
    )

    @asynccontextmanager
    async def tools() -> AsyncIterator[command.Tools]:
        db = Database(world.db.dsn, max_size=2)
        await db.open()
        try:
            scope = system_scope("warroom", world.clock, door="cli")
            yield command.Tools(db, world.clock, services, Configuration({}, {}), scope)
        finally:
            await db.close()

    command.provide(tools)

    def call(line: list[str], secret: str = "") -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(secret + "\n"))
        commands.app(line, exit_on_error=False, result_action="return_value")
        return capsys.readouterr().out

    return call


ADD = ["add", "--name", "Karebosi", "--lat", "-5.15", "--lon", "119.42", "--agency", "polrestabes"]


def test_a_camera_is_added_with_the_next_number_and_its_id_printed(
    run: Any, world: World, loop_runner: asyncio.Runner
) -> None:
    line = [*ADD, "--url", "rtsp://10.0.0.1/a", "--username", "op", "--password", "--json"]

    printed = json.loads(run(line, "Rahasia"))
    listed = json.loads(run(["list", "--json"]))

    assert [item["id"] for item in listed["items"]] == [printed["id"]]
    assert listed["items"][0]["number"] == 1

    async def login() -> str:
        async with world.db.transaction(world.system) as tx:
            return (await api.list_streams(world.inventory, world.system, tx))[0].password

    assert loop_runner.run(login()) == "Rahasia"
    assert "Karebosi" in run(["list", "--q", "kare"])
    assert run(["list", "--state", "live"]).strip() == ""


def test_a_refusal_is_an_error_of_its_own(run: Any) -> None:
    with pytest.raises(UnknownAgencyError):
        run([*ADD[:-1], "Entah", "--url", "rtsp://10.0.0.1/a"])
    with pytest.raises(ForbiddenAddressError):
        run([*ADD, "--url", "rtsp://127.0.0.1/a"])
    with pytest.raises(ForbiddenAddressError):
        run(["probe", "rtsp://169.254.169.254/x"])
    with pytest.raises(ImportUnreadableError):
        run(["import", "/does/not/exist.csv"])


def test_an_import_with_bad_rows_stores_the_good_and_ends_with_one(
    run: Any,
    world: World,
    tmp_path: Path,
    loop_runner: asyncio.Runner,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "cameras.csv"
    file.write_text(
        "number,name,lat,lon,owner\n1,A,-5.15,119.42,Polrestabes\n2,B,,119,Polrestabes\n"
    )

    with pytest.raises(SystemExit) as ended:
        run(["import", str(file)])

    printed = capsys.readouterr().out
    assert ended.value.code == 1
    assert "1 added, 0 changed, 0 unchanged, 1 refused" in printed
    assert "row 3: lat: latitude must be filled in." in printed
    assert loop_runner.run(world.listed(EVERYTHING))["total"] == 1
