"""Makes a node of a backup: into an empty data folder, as of the backup or of a moment after it.

Everything is checked before anything is written. A mark in the data folder says that a restore is
under way; one that was cut short is cleared by the next, and nothing starts on what it left.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from warroom.app.backup import database, keys, manifest
from warroom.app.backup.create import SEALED
from warroom.app.backup.errors import (
    DatabaseNotEmptyError,
    FolderNotEmptyError,
    NoBackupError,
    NoPointInTimeError,
    TimeOutOfReachError,
    WrongKindError,
    WrongTimeError,
    WrongVersionError,
)
from warroom.app.backup.settings import BackupSettings
from warroom.app.backup.state import read_state, replace, sync_folder
from warroom.app.node import RESTORING, Node, open_node, provider
from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.postgres import PostgresError
from warroom.kernel.settings import Configuration, NodeSettings
from warroom.recording import api as recording

_MAY_BE_THERE = {"run", "log", "warroom.toml", "lost+found"}
_WRITTEN_ONCE = ("data/blobs/", "data/calls/")
LATEST = "latest"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A backup, and the moment after it that is wanted.

    Attributes:
        folder: The backup's folder.
        manifest: What it holds.
        wal: Folder of the WAL to replay; None: the backup as it is.
        until: The moment; None with `wal`: all the WAL there is.
        after: The first backup made after that moment, for files written once since.
    """

    folder: Path
    manifest: manifest.Manifest
    wal: Path | None = None
    until: datetime | None = None
    after: Path | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """A node that was restored: rows of its tables, its files, and whether its audit holds."""

    backup: str
    kind: str
    tables: dict[str, int]
    files: int
    size: int
    chain_ok: bool
    until: datetime | None


def choose(place: Path, at: str | None, zone: ZoneInfo) -> Chosen:
    """The backup to restore: the newest, or the newest that was complete at the moment asked for.

    Args:
        place: A folder of backups, or one backup in it.
        at: An ISO 8601 time (of `zone` where it names none), `latest`, or None.
        zone: The city's.

    Raises:
        NoBackupError: There is none.
        NoPointInTimeError: It is a dump.
        TimeOutOfReachError: The moment lies before all of them, or behind their WAL.
        WrongTimeError: `at` is no time.
    """
    is_one = (place / manifest.MANIFEST).exists()
    folder = place.parent if is_one else place
    backups = [place] if is_one else manifest.list_backups(place)
    if not backups:
        raise NoBackupError(folder=str(place))
    if at is None:
        return Chosen(backups[-1], manifest.read(backups[-1]))
    until = None if at == LATEST else _time(at, zone)
    read = {path: manifest.read(path) for path in backups}
    fit = [path for path in backups if until is None or read[path].ended_at <= until]
    if not fit:
        first = read[backups[0]]
        raise TimeOutOfReachError(**_reach(at, first, _reached(folder, first)))
    found = read[fit[-1]]
    if found.kind != "base" or not found.wal:
        raise NoPointInTimeError
    if until is not None and until > _reached(folder, found):
        raise TimeOutOfReachError(**_reach(at, found, _reached(folder, found)))
    later = manifest.list_backups(folder)
    after = next((path for path in later if path.name > fit[-1].name), None)
    return Chosen(fit[-1], found, folder / found.wal, until, after)


def _time(at: str, zone: ZoneInfo) -> datetime:
    try:
        given = datetime.fromisoformat(at)
    except ValueError as error:
        raise WrongTimeError(given=at) from error
    return given if given.tzinfo else given.replace(tzinfo=zone)


def _reached(folder: Path, found: manifest.Manifest) -> datetime:
    """The newest moment that the WAL behind a backup is known to reach."""
    told = [
        other.ended_at
        for other in map(manifest.read, manifest.list_backups(folder))
        if other.wal == found.wal
    ]
    state = read_state(folder / found.wal) if found.wal else None
    if state is not None and state.reached_at is not None:
        told.append(state.reached_at)
    return max(told, default=found.ended_at)


def _reach(at: str, found: manifest.Manifest, latest: datetime) -> dict[str, str]:
    return {
        "at": at,
        "earliest": found.ended_at.isoformat(timespec="seconds"),
        "latest": latest.isoformat(timespec="seconds"),
    }


def require_empty(settings: NodeSettings) -> None:
    """Refuses to restore over anything; what a restore that was cut short has left is cleared.

    Raises:
        FolderNotEmptyError: The data folder holds something.
    """
    data = settings.data
    if not data.exists():
        return
    there = {path.name for path in data.iterdir()} - _MAY_BE_THERE
    if RESTORING in there:
        _clear(data)
    elif there:
        raise FolderNotEmptyError(folder=str(data))


def _clear(data: Path) -> None:
    """Removes what a restore has written; the mark last."""
    if (data / "postgres").exists():
        node = open_node(is_restoring=True)
        if node.embedded is not None:
            node.embedded.forget()
    for path in data.iterdir():
        if path.name in _MAY_BE_THERE or path.name == RESTORING:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (data / RESTORING).unlink(missing_ok=True)


def restore(
    place: Path,
    at: str | None,
    key_file: Path | None,
    progress: Callable[[str], None] = lambda _step: None,
) -> Restored:
    """Restores a backup into the data folder of the settings.

    Raises:
        BackupDamagedError: A file of it is not what it was.
        BackupKeyError: The key is another.
        WrongKindError: A base backup, and the settings name a database that runs elsewhere.
        WrongVersionError: It is of another PostgreSQL.
    """
    configuration = Configuration.read(os.environ)
    settings = configuration.section(NodeSettings)
    require_empty(settings)
    zone = ZoneInfo(configuration.section(identity.CitySettings).zone)
    chosen = choose(place.absolute(), at, zone)
    opener = keys.opener(configuration.section(BackupSettings), key_file)
    progress("checking")
    manifest.check(chosen.folder, chosen.manifest.files)
    secrets, key = keys.unseal((chosen.folder / SEALED).read_bytes(), opener)
    manifest.check_mac(chosen.folder, key)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.data / RESTORING).touch()
    try:
        return _restore(settings.data, chosen, secrets, progress)
    except BaseException:
        _clear(settings.data)
        raise


def _restore(
    data: Path, chosen: Chosen, secrets: dict[str, bytes], progress: Callable[[str], None]
) -> Restored:
    for name, content in secrets.items():
        if name == "warroom.toml" and ((data / name).exists() or os.environ.get("WARROOM_CONFIG")):
            continue
        path = data / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, content)
    node = open_node(is_restoring=True)
    progress("database")
    _restore_database(node, chosen)
    progress("files")
    count, size = _restore_files(node, chosen)
    progress("audit")
    try:
        tables, chain_ok = asyncio.run(_judge(node, chosen))
    finally:
        if node.embedded is not None:
            node.embedded.stop()
    (data / RESTORING).unlink()
    sync_folder(data)
    return Restored(
        chosen.folder.name, chosen.manifest.kind, tables, count, size, chain_ok, chosen.until
    )


def _restore_database(node: Node, chosen: Chosen) -> None:
    if chosen.manifest.kind == "dump":
        _fill(node, chosen)
        return
    if node.embedded is None:
        raise WrongKindError
    made, here = chosen.manifest.postgres // 10_000, node.embedded.major_version()
    if made != here:
        raise WrongVersionError(made=made, here=here)
    base = chosen.folder / "postgres"
    if chosen.wal is None:
        node.embedded.recover(base, None, None)
        return
    until = None if chosen.until is None else chosen.until.astimezone(UTC).isoformat(" ")
    try:
        node.embedded.recover(base, chosen.wal, until)
    except PostgresError as error:
        if until is None or "before configured recovery target" not in str(error.params):
            raise
        # The WAL reaches the moment, but nothing was committed between it and the WAL's end.
        node.embedded.recover(base, chosen.wal, None)


def _fill(node: Node, chosen: Chosen) -> None:
    """Restores a dump into a database that holds nothing yet.

    Raises:
        DatabaseNotEmptyError: It holds tables.
    """
    if node.embedded is not None:
        node.embedded.start()
    with psycopg.connect(node.connections.owner) as connection:
        if database.one_value(
            connection,
            "select exists (select from pg_class where relkind = 'r'"
            " and relnamespace = 'public'::regnamespace)",
        ):
            raise DatabaseNotEmptyError
    binaries = Path(node.settings.postgres_bin) if node.settings.postgres_bin else None
    binaries = node.embedded.binaries if node.embedded else binaries
    database.fill(binaries, node.connections.owner, chosen.folder / "database.dump")


def _restore_files(node: Node, chosen: Chosen) -> tuple[int, int]:
    disks = node.configuration.section(recording.RecordingSettings).disk_list(node.settings.data)
    # A disk that has an index of its own has its footage too: both stay as they are.
    kept = [
        (Path(disk.path) / recording.INDEX_NAME).exists() for disk in disks
    ]  # fmt: skip
    targets = {
        f"disks/{number}": None if kept[number] else Path(disk.path)
        for number, disk in enumerate(disks)
    }
    targets |= {"data": node.settings.data, "city": node.settings.city}
    wanted = [(chosen.folder, path, entry) for path, entry in chosen.manifest.files.items()]
    if chosen.after is not None:
        later = manifest.read(chosen.after).files
        since = {
            path: entry
            for path, entry in later.items()
            if path.startswith(_WRITTEN_ONCE) and path not in chosen.manifest.files
        }
        manifest.check(chosen.after, since)
        wanted += [(chosen.after, path, entry) for path, entry in since.items()]
    count = size = 0
    for folder, path, entry in wanted:
        count, size = count + 1, size + entry.size
        first, _, rest = path.partition("/")
        root = "/".join(path.split("/")[:2]) if first == "disks" else first
        target = targets.get(root)
        if target is None or first in (SEALED, "postgres", "database.dump"):
            continue
        rest = rest.partition("/")[2] if first == "disks" else rest
        made = target / rest
        made.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(folder / path, made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
    return count, size


async def _judge(node: Node, chosen: Chosen) -> tuple[dict[str, int], bool]:
    """Brings the schema up to date, counts rows and walks the audit."""
    from warroom.app.wiring import services  # noqa: PLC0415 - decision 51

    async with provider(node, services)() as tools:
        with database.snapshot(node.connections.superuser or node.connections.owner) as (
            connection,
            _,
        ):
            tables = database.count_rows(connection)
        chain = await audit.verify(
            tools.scope, tools.db, tools.services[audit.Anchoring], tools.clock
        )
        until = chosen.until.isoformat() if chosen.until else ""
        async with tools.db.transaction(tools.scope) as tx:
            await audit.record(
                tools.scope, tx, action="backup:restored", object_kind="backup",
                object_id=chosen.folder.name, agency_id=None, object_label=chosen.folder.name,
                detail={"until": until},
            )  # fmt: skip
    return tables, chain.is_intact
