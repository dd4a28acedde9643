"""What the machine lacks is told as a sentence with what to do, never as a traceback."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from warroom.app.cli import main
from warroom.app.startup_faults import sentence
from warroom.kernel.postgres import Connections


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wrf a-", dir="/tmp") as name:
        monkeypatch.setenv("WARROOM_DATA_DIR", name)
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        yield Path(name)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"password": "wrong-pass"}, "refuses the password"),
        ({"user": "nobody_here", "password": "x"}, "refuses the password"),
        ({"dbname": "nowhere"}, "no such database"),
        ({"host": "/nowhere/at/all"}, "cannot be reached"),
        ({"host": "127.0.0.1", "port": 9}, "cannot be reached"),
    ],
)
def test_a_database_that_refuses_is_told(
    changed: dict[str, str],
    told: str,
    data: Path,
    postgres: Connections,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WARROOM_DATABASE_URL", make_conninfo(postgres.owner, **changed))

    assert main(["db", "check"]) == 1

    error = capsys.readouterr().err
    assert told in error
    assert "wrong-pass" not in error


def test_a_database_url_that_is_none_is_told_without_showing_it(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WARROOM_DATABASE_URL", "warroom hush")

    assert main(["db", "check"]) == 1

    error = capsys.readouterr().err
    assert "cannot be read" in error
    assert "hush" not in error


def test_a_folder_that_cannot_be_made_is_named(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "a file"
    file.touch()
    monkeypatch.setenv("WARROOM_DATA_DIR", str(file / "data"))

    assert main(["db", "check"]) == 1

    assert str(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "disk is full: /srv/x"),
        (errno.EROFS, "/srv/x: its file system is read-only"),
        (errno.EACCES, "No permission for /srv/x"),
    ],
)
def test_a_disk_that_refuses_is_told(number: int, told: str) -> None:
    found = sentence(OSError(number, os.strerror(number), "/srv/x"), "en")

    assert found is not None
    assert told in found


def test_a_fault_of_ours_is_no_fault_of_the_machine() -> None:
    assert sentence(OSError(errno.EBADF, "bad file"), "en") is None
    assert sentence(psycopg.errors.UndefinedTable("no table"), "en") is None
