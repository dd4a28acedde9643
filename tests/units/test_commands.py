"""`warroom unit` from the machine itself."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.units.world import World
from warroom.identity.api import system_scope
from warroom.kernel import command
from warroom.kernel.db import Database
from warroom.kernel.errors import UnauthenticatedError
from warroom.kernel.services import Services
from warroom.kernel.settings import Configuration
from warroom.units import commands
from warroom.units.api import Fleet
from warroom.units.contracts import Fix
from warroom.units.errors import FieldError, TakenError, UnreadableImportError

ADD = ["add", "--name", "Damkar 01", "--kind", "engine", "--agency", "damkar"]
LIST = "name,kind,agency,device\nDamkar 02,engine,Damkar,gps-2\nDamkar 03,Mesin!,Damkar,gps-3\n"


@pytest.fixture
def run(world: World, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in a loop of its own, as `warroom` does; gives what it printed."""
    services = Services({Fleet: world.fleet, ZoneInfo: ZoneInfo("Asia/Makassar")})

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

    def call(*line: str) -> str:
        commands.app(list(line), exit_on_error=False, result_action="return_value")
        return capsys.readouterr().out

    return call


def test_a_vehicle_is_added_with_a_key_that_lets_it_in(
    run: Any, world: World, loop_runner: asyncio.Runner
) -> None:
    told = json.loads(run(*ADD, "--device", "gps-1", "--capability", "foam", "--crew", "6",
                          "--width-m", "2.4", "--json"))  # fmt: skip

    async def let_in() -> str:
        async with world.tracker:
            return (await world.tracker.unit_of("gps-1", told["key"])).draft.name

    assert loop_runner.run(let_in()) == "Damkar 01"
    unit = json.loads(run("list", "--kind", "engine", "--json"))["items"][0]
    assert (unit["id"], unit["capabilities"], unit["crew"]) == (told["id"], ["foam"], 6)
    actions = loop_runner.run(
        world.rows("select action, door from audit_entry order by recorded_at")
    )
    assert {(row["action"], row["door"]) for row in actions if "unit" in row["action"]} == {
        ("unit:added", "cli"), ("unit:key_made", "cli"),
    }  # fmt: skip


def test_without_a_device_there_is_no_key_and_a_taken_name_is_refused(run: Any) -> None:
    assert "key" not in json.loads(run(*ADD, "--json"))

    with pytest.raises(TakenError):
        run(*ADD)
    assert run("list", "--q", "damkar") == "Damkar 01\tengine\tDamkar\tnever\n"
    assert run("list", "--q", "tidak ada") == "\n"


def test_a_new_key_ends_the_former_one(run: Any, world: World, loop_runner: asyncio.Runner) -> None:
    first = json.loads(run(*ADD, "--device", "gps-1", "--json"))["key"]
    device, second = run("key", "damkar 01").strip().split("\t")

    async def who(key: str) -> bool:
        async with world.tracker:
            try:
                await world.tracker.unit_of("gps-1", key)
            except UnauthenticatedError:
                return False
            return True

    assert device == "gps-1"
    assert (loop_runner.run(who(first)), loop_runner.run(who(second))) == (False, True)


def test_a_list_is_imported_its_bad_rows_told_and_keys_written_for_their_owner(
    run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, keys = tmp_path / "armada.csv", tmp_path / "kunci.csv"
    file.write_text(LIST)

    with pytest.raises(SystemExit) as ended:
        run("import", str(file), "--keys", str(keys))
    out = capsys.readouterr().out

    assert ended.value.code == 1
    assert out.startswith("1 added, 0 changed, 0 unchanged, 1 refused\nrow 3: kind: ")
    heading, row = keys.read_text().splitlines()
    assert (heading, row.partition(",")[0], len(row)) == ("device,key", "gps-2", 49)
    assert keys.stat().st_mode & 0o777 == 0o600


def test_keys_are_never_written_over_a_file_and_nothing_is_stored_then(
    run: Any, tmp_path: Path
) -> None:
    file, keys = tmp_path / "armada.csv", tmp_path / "kunci.csv"
    file.write_text(LIST.splitlines()[0] + "\n" + LIST.splitlines()[1] + "\n")
    keys.write_text("milik orang lain")

    with pytest.raises(FieldError):
        run("import", str(file), "--keys", str(keys))

    assert keys.read_text() == "milik orang lain"
    assert run("list") == "\n"
    with pytest.raises(UnreadableImportError):
        run("import", str(tmp_path / "tidak-ada.csv"))


def test_a_track_is_printed_as_geojson_and_the_look_is_audited(
    run: Any, world: World, loop_runner: asyncio.Runner, capsys: pytest.CaptureFixture[str]
) -> None:
    key = json.loads(run(*ADD, "--device", "gps-1", "--json"))["key"]
    now = world.clock.now()

    async def drive() -> None:
        async with world.tracker:
            fixes = [
                Fix((now + timedelta(seconds=s)).timestamp(), 0.0, 119.402 + s * 1e-4, 36.0)
                for s in (0, 10, 20)
            ]
            await world.tracker.take("gps-1", key, fixes)

    loop_runner.run(drive())
    capsys.readouterr()  # what the tracker logs
    local = now.astimezone(ZoneInfo("Asia/Makassar")).replace(tzinfo=None)
    span = ["--begin", local.isoformat(), "--end", (local + timedelta(seconds=15)).isoformat()]
    feature = json.loads(run("track", "Damkar 01", *span, "--reason", "Laporan"))

    assert feature["geometry"]["type"] == "LineString"
    assert feature["geometry"]["coordinates"][0] == [119.402, 0.0]
    assert feature["properties"]["kmh"] == [36.0, 36.0]
    query = "select reason from audit_entry where action = 'unit:track'"
    assert [row["reason"] for row in loop_runner.run(world.rows(query))] == ["Laporan"]
