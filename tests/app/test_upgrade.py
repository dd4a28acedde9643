"""`warroom upgrade` tells what it would do, asks for a backup, and refuses a newer schema."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from warroom.app import migrate as migration
from warroom.app.backup.state import State, write_state
from warroom.app.cli import main
from warroom.kernel.clock import SystemClock
from warroom.kernel.postgres import Connections


@pytest.fixture
def empty(
    new_database: Callable[[str], Connections], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Connections:
    """A node with a database that has no schema yet."""
    made = new_database("upgrade_me")
    monkeypatch.setenv("WARROOM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("WARROOM_DATABASE_URL", made.app)
    monkeypatch.setenv("WARROOM_DATABASE_OWNER_URL", made.owner)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    return made


def backed_up(folder: Path, at: datetime) -> None:
    (folder / "data").mkdir(exist_ok=True)
    write_state(folder / "data", State(folder="/srv/backup", last="a", ended_at=at, kind="dump"))


def test_a_dry_run_tells_every_step_and_changes_nothing(
    empty: Connections, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upgrade", "--dry-run", "--json"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["steps"][-1]["revision"] == migration._newest()
    assert all(step["what"] for step in told["steps"])
    assert told["backup"]["is_fresh"] is False
    assert told["space"]["is_enough"] is None
    with psycopg.connect(empty.owner) as connection:
        found = connection.execute("select to_regclass('alembic_version')").fetchone()
    assert found == (None,)


def test_an_upgrade_asks_for_a_backup_of_the_last_day(
    empty: Connections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upgrade"]) == 1
    backed_up(tmp_path, SystemClock().now() - timedelta(hours=25))
    assert main(["upgrade"]) == 1

    assert "warroom backup FOLDER" in capsys.readouterr().err
    assert not migration.is_current(empty.owner)


def test_an_upgrade_behind_a_backup_brings_the_schema_up(
    empty: Connections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backed_up(tmp_path, SystemClock().now())

    assert main(["upgrade", "--json"]) == 0
    applied = json.loads(capsys.readouterr().out)["applied"]
    assert main(["upgrade", "--json"]) == 0  # nothing to do needs no backup

    assert applied > 40
    assert migration.is_current(empty.owner)
    assert json.loads(capsys.readouterr().out)["steps"] == []


@pytest.mark.parametrize("words", [["upgrade", "--dry-run"], ["db", "migrate"], ["user", "list"]])
def test_a_database_of_a_newer_version_is_refused(
    words: list[str], empty: Connections, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(empty.owner) as connection:
        connection.execute("create table alembic_version (version_num text)")
        connection.execute("insert into alembic_version values ('9999')")

    assert main(words) == 1

    said = capsys.readouterr().err
    assert "9999" in said
    assert "newer version of War Room" in said
    assert "Traceback" not in said


def test_steps_come_in_the_order_of_their_chain() -> None:
    every = migration.steps_after(None)

    assert "0001" == every[0].revision
    assert every[-2:] == migration.steps_after(every[-3].revision)
    assert [] == migration.steps_after(migration._newest())


def test_the_time_of_a_backup_is_told(
    empty: Connections, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    backed_up(tmp_path, datetime(2026, 11, 24, 6, 0, tzinfo=UTC))

    assert main(["upgrade", "--dry-run"]) == 0

    assert "2026-11-24T06:00+00:00 in /srv/backup/a" in capsys.readouterr().out
