"""Makes a backup of a node, running or not: in a folder beside, renamed when it is whole.

The order makes the parts agree. Anchors of the audit are copied before the database, which so is
never behind them; blobs and indexes after it, so that whatever a row names is there.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from warroom.app.backup import database, keys, manifest
from warroom.app.backup.copying import Copier, files_below
from warroom.app.backup.errors import BackupRunsError, NoRoomError
from warroom.app.backup.state import STATE, State, read_state, replace, sync_folder, write_state
from warroom.app.node import Node
from warroom.audit import api as audit
from warroom.kernel.command import Tools
from warroom.recording import api as recording

SEALED = "keys.sealed"
NOT_DATA = ("postgres", "run", "log", "clips", "keys", "warroom.toml", STATE)
_WRITTEN_BEFORE = "anchor"
_ROOM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Made:
    """A complete backup: its folder, what it holds, and how many files of it are links."""

    folder: Path
    manifest: manifest.Manifest
    removed: int


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: the folder of backups, who can open its keys, and how much of it."""

    folder: Path
    opener: keys.Opener
    keep: int
    footage: bool = False
    dump: bool = False
    progress: Callable[[str], None] = lambda _step: None


async def create(node: Node, tools: Tools, order: Order) -> Made:
    """Makes a backup; the node goes on meanwhile.

    Raises:
        BackupRunsError: Another is being made in this folder.
        DatabaseCopyError: PostgreSQL refused.
        NoRoomError: The disk has no room for it.
    """
    order.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(order.folder):
        return await _create(node, tools, order)


async def _create(node: Node, tools: Tools, order: Order) -> Made:
    began = tools.clock.now()
    name = _free_name(order.folder, began)
    part = order.folder / f".{name}.part"
    part.mkdir(mode=0o700)
    try:
        _require_room(node, order)
        before = _last(order.folder)
        copier = Copier(part, *before)
        order.progress("audit")
        copier.take_tree(node.settings.data / _WRITTEN_BEFORE, f"data/{_WRITTEN_BEFORE}")
        anchoring = tools.services[audit.Anchoring]
        chain = await audit.verify(tools.scope, tools.db, anchoring, tools.clock)
        async with tools.db.transaction(tools.scope) as tx:
            await audit.record(
                tools.scope, tx, action="backup:made", object_kind="backup", object_id=name,
                agency_id=None, object_label=name, detail={"footage": order.footage},
            )  # fmt: skip
        order.progress("database")
        copied = _copy_database(node, order, part, began)
        order.progress("files")
        disks = _disks(node)
        for number, disk in enumerate(disks):
            _copy_disk(copier, disk, f"disks/{number}", footage=order.footage)
        _copy_data(node, order, copier, disks)
        sealed, key = keys.seal(_secrets(node), order.opener)
        replace(part / SEALED, sealed)
        whole = msgspec.structs.replace(
            copied,
            ended_at=tools.clock.now() if copied.kind == "base" else copied.ended_at,
            disks=[str(disk) for disk in disks],
            chain_ok=chain.is_intact,
            files={
                **copier.files,
                **manifest.entries_below(part, ["postgres"]),
                **{
                    place: manifest.entry_of(part / place)
                    for place in (SEALED, "database.dump")
                    if (part / place).exists()
                },
            },
        )
        manifest.write(part, whole, key)
        part.rename(order.folder / name)
        sync_folder(order.folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _remember(node, order, name, whole)
    return Made(order.folder / name, whole, _remove_old(order))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps others out of a folder of backups, and clears what one that was killed has left.

    Raises:
        BackupRunsError: Another is there.
    """
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupRunsError(folder=str(folder)) from error
        for left in folder.glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _free_name(folder: Path, at: datetime) -> str:
    name = f"{at:%Y%m%dT%H%M%SZ}"
    number = 1
    while (folder / name).exists():
        number += 1
        name = f"{at:%Y%m%dT%H%M%SZ}-{number}"
    return name


def _last(folder: Path) -> tuple[Path | None, dict[str, manifest.Entry]]:
    backups = manifest.list_backups(folder)
    return (backups[-1], manifest.read(backups[-1]).files) if backups else (None, {})


def _require_room(node: Node, order: Order) -> None:
    """Refuses what the disk has no room for.

    Raises:
        NoRoomError: It has not.
    """
    with database.snapshot(node.connections.owner) as (connection, _):
        needed = _ROOM_BYTES + int(
            database.one_value(connection, "select pg_database_size(current_database())")
        )
    before, _ = _last(order.folder)
    if before is None:
        needed += sum(
            path.stat().st_size
            for path in files_below(node.settings.data, _not_data(node, order, _disks(node)))
        )
    if order.footage:
        # What the backup before has is linked.
        linked = (
            sum(
                entry.size
                for path, entry in manifest.read(before).files.items()
                if path.startswith("disks/")
            )
            if before
            else 0
        )
        disks = _disks(node)
        used = sum(path.stat().st_size for disk in disks for path in files_below(disk))
        needed += max(0, used - linked)
    free = shutil.disk_usage(order.folder).free
    if free < needed:
        raise NoRoomError(
            folder=str(order.folder), free_mb=free >> 20, needed_mb=(needed >> 20) + 1
        )


def _copy_database(node: Node, order: Order, part: Path, began: datetime) -> manifest.Manifest:
    embedded, connections = node.embedded, node.connections
    is_base = embedded is not None and not order.dump
    wal = wal_start = ""
    source = connections.superuser or connections.owner
    with database.snapshot(source) as (connection, name):
        at = database.one_value(connection, "select clock_timestamp()")
        tables = database.count_rows(connection)
        version = int(database.one_value(connection, "show server_version_num"))
        schema = database.one_value(connection, "select version_num from alembic_version")
        if not is_base:
            binaries = embedded.binaries if embedded else _binaries(node)
            database.dump(binaries, source, name, part / "database.dump")
            (part / "database.dump").chmod(0o600)
    if is_base and embedded is not None:
        wal = _wal_folder(node, order)
        wal_start = database.base_backup(
            embedded.binaries, connections.superuser, part / "postgres"
        )
        _receive_rest(node, order, wal)
    return manifest.Manifest(
        format=manifest.FORMAT, kind="base" if is_base else "dump", began_at=began, ended_at=at,
        node=node.settings.node, postgres=version, schema=str(schema), wal=wal,
        wal_start=wal_start, disks=[], footage=order.footage, tables=tables, chain_ok=False,
        files={},
    )  # fmt: skip


def _binaries(node: Node) -> Path | None:
    return Path(node.settings.postgres_bin) if node.settings.postgres_bin else None


def _wal_folder(node: Node, order: Order) -> str:
    """The folder that this node's WAL is received into: the one of the backup before, or a new one.

    A slot that is gone, or that lost WAL, begins a new folder: no series has a hole, and none mixes
    the time before a restore with the time after it.
    """
    state = read_state(node.settings.data)
    superuser = node.connections.superuser
    if state is not None and state.slot:
        slot = database.find_slot(superuser, state.slot)
        is_whole = slot is not None and slot["wal_status"] not in ("lost", "unreserved")
        if state.folder == str(order.folder) and is_whole and (order.folder / state.wal).is_dir():
            return state.wal
        database.drop_slot(superuser, state.slot)
    series = uuid4().hex[:12]
    wal = f"wal/{series}"
    (order.folder / wal).mkdir(mode=0o700, parents=True)
    database.make_slot(superuser, f"warroom_{series}")
    write_state(
        node.settings.data,
        State(
            folder=str(order.folder),
            last=state.last if state and state.folder == str(order.folder) else "",
            ended_at=state.ended_at if state and state.folder == str(order.folder) else None,
            kind=state.kind if state else "",
            slot=f"warroom_{series}",
            wal=wal,
        ),
    )
    return wal


def _receive_rest(node: Node, order: Order, wal: str) -> None:
    """Takes over the WAL that no process of the node is receiving."""
    state = read_state(node.settings.data)
    superuser = node.connections.superuser
    slot = database.find_slot(superuser, state.slot) if state else None
    if node.embedded is None or state is None or slot is None or slot["active"]:
        return
    database.receive_wal(
        node.embedded.binaries, superuser, state.slot, order.folder / wal,
        database.mark_wal(superuser),
    )  # fmt: skip


def _disks(node: Node) -> list[Path]:
    settings = node.configuration.section(recording.RecordingSettings)
    return [Path(disk.path).absolute() for disk in settings.disk_list(node.settings.data)]


def _not_data(node: Node, order: Order, disks: list[Path]) -> tuple[Path, ...]:
    data = node.settings.data
    return (*(data / name for name in NOT_DATA), *disks, order.folder.absolute())


def _copy_data(node: Node, order: Order, copier: Copier, disks: list[Path]) -> None:
    data, city = node.settings.data, node.settings.city
    without = _not_data(node, order, disks)
    copier.take_tree(data, "data", (*without, data / _WRITTEN_BEFORE))
    if not city.is_relative_to(data):
        copier.take_tree(city, "city")


def _copy_disk(copier: Copier, disk: Path, name: str, *, footage: bool) -> None:
    """The index first: what it names is on the disk already, what comes later is not asked for."""
    copier.take(disk / recording.INDEX_NAME, f"{name}/{recording.INDEX_NAME}")
    if footage:
        copier.take_tree(disk, name, (disk / recording.INDEX_NAME,))


def _secrets(node: Node) -> Iterator[tuple[str, Path]]:
    """What must not lie open: keys, passwords of the database's roles, the settings file."""
    data = node.settings.data
    for place in ("keys", "postgres/secrets"):
        for path in sorted((data / place).rglob("*")):
            if path.is_file():
                yield str(path.relative_to(data)), path
    named = os.environ.get("WARROOM_CONFIG")
    settings = Path(named) if named else data / "warroom.toml"
    if settings.exists():
        yield "warroom.toml", settings


def _remember(node: Node, order: Order, name: str, whole: manifest.Manifest) -> None:
    state = read_state(node.settings.data)
    if state is None or state.folder != str(order.folder):
        state = State(folder=str(order.folder))
    state = msgspec.structs.replace(
        state,
        last=name,
        ended_at=whole.ended_at,
        kind=whole.kind,
        reached_at=whole.ended_at if state.wal else None,
    )
    write_state(node.settings.data, state)


def _remove_old(order: Order) -> int:
    """Removes backups beyond those that are kept, and WAL that none of these needs."""
    backups = manifest.list_backups(order.folder)
    old = backups[: -max(1, order.keep)]
    for folder in old:
        # Without its manifest it is no backup any more, should this be cut short.
        (folder / manifest.MANIFEST).unlink()
        shutil.rmtree(folder, ignore_errors=True)
    needed: dict[str, str] = {}
    for folder in manifest.list_backups(order.folder):
        kept = manifest.read(folder)
        if kept.wal:
            # The name of a segment without its timeline is its place in the log.
            first = min(needed.get(kept.wal, "~"), kept.wal_start[8:])
            needed[kept.wal] = first
    for series in (order.folder / "wal").glob("*"):
        first = needed.get(f"wal/{series.name}", "~")
        for path in series.iterdir():
            if len(path.name) >= 24 and path.name[8:24] < first:
                path.unlink()
        if first == "~":
            shutil.rmtree(series, ignore_errors=True)
    return len(old)
