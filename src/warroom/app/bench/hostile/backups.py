"""Backups in a stranger's hands: what they read in one, and what they can put into a restore.

What is attacked is refused before any database is asked, so a backup without one is enough.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warroom.app.backup import keys, manifest
from warroom.app.backup.create import SEALED
from warroom.app.backup.restore import restore
from warroom.app.backup.settings import BackupSettings
from warroom.app.bench.hostile.field import Check, Field
from warroom.kernel.errors import WarRoomError

_SECRET = b"the key of a city's cameras, 32 by"


def checks(field: Field) -> Iterator[Check]:
    """Reads a backup without its key, changes it in turn, and has it restored each time."""
    root = Path(field.stack.enter_context(tempfile.TemporaryDirectory(prefix="warroom-thief-")))
    made = _make(root)
    files = [path for path in made.rglob("*") if path.is_file()]
    open_ones = sum(_SECRET in path.read_bytes() for path in files)
    yield Check("No key of a node lies open in its backup", open_ones == 0, open_ones)
    attempts = {
        "A manifest that was written anew restores nothing": _forge,
        "A file that was changed restores nothing": _change,
        "A file that is a link to elsewhere restores nothing": _link,
        "A path that leads out of the backup restores nothing": _lead_out,
        "A backup without its manifest's seal restores nothing": _take_seal,
        "Keys sealed by somebody else restore nothing": _seal_anew,
    }
    for claim, change in attempts.items():
        copy = root / "changed" / made.name
        shutil.rmtree(copy.parent, ignore_errors=True)
        shutil.copytree(made, copy, symlinks=True)
        change(copy)
        target = root / "target"
        told = _restored(copy, target, root)
        wrote = list(target.rglob("*")) if target.is_dir() else []
        yield Check(claim, told.startswith("app.backup_") and not wrote, told)
    target = root / "inhabited"
    (target / "keys").mkdir(parents=True)
    told = _restored(made, target, root)
    yield Check("A restore overwrites no node", told == "app.restore_not_empty", told)


def _make(root: Path) -> Path:
    """A backup of a photograph and a key, signed as `warroom backup` signs it."""
    made = root / "backups" / "20261124T060000Z"
    blob = made / "data" / "blobs" / "photograph"
    blob.parent.mkdir(mode=0o700, parents=True)
    blob.write_bytes(b"a photograph")
    secret = root / "seal.key"
    secret.write_bytes(_SECRET)
    opener = keys.opener(BackupSettings(), root / "backup.key", make_outside=(made.parent,))
    sealed, key = keys.seal([("keys/seal.key", secret)], opener)
    (made / SEALED).write_bytes(sealed)
    at = datetime(2026, 11, 24, 6, tzinfo=UTC)
    whole = manifest.Manifest(
        format=manifest.FORMAT, kind="dump", began_at=at, ended_at=at, node="rec-1",
        postgres=170_000, schema="0065", wal="", wal_start="", disks=[], footage=False,
        tables={}, chain_ok=True,
        files={
            **manifest.entries_below(made, ["data"]), SEALED: manifest.entry_of(made / SEALED)
        },
    )  # fmt: skip
    manifest.write(made, whole, key)
    return made


def _restored(copy: Path, target: Path, root: Path) -> str:
    """The code a restore is refused with; `restored` where it is not."""
    settings = {"WARROOM_DATA_DIR": str(target), "WARROOM_CONFIG": ""}
    with _environment(settings):
        try:
            restore(copy, None, root / "backup.key")
        except WarRoomError as error:
            return error.code
    return "restored"


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _rewrite(copy: Path, **changed: Any) -> None:
    told = json.loads((copy / manifest.MANIFEST).read_text())
    (copy / manifest.MANIFEST).write_text(json.dumps(told | changed))


def _forge(copy: Path) -> None:
    _rewrite(copy, footage=True)


def _change(copy: Path) -> None:
    (copy / "data" / "blobs" / "photograph").write_bytes(b"a photographer")


def _link(copy: Path) -> None:
    blob = copy / "data" / "blobs" / "photograph"
    blob.unlink()
    blob.symlink_to("/etc/hostname")


def _lead_out(copy: Path) -> None:
    entry = {"size": 0, "sha256": "", "mtime_ns": 0}
    _rewrite(copy, files={"data/../../../out": entry})


def _take_seal(copy: Path) -> None:
    (copy / manifest.MAC).unlink()


def _seal_anew(copy: Path) -> None:
    """Everything by a key of the thief's: files, manifest and seal fit each other."""
    mine = keys.Opener(key=b"t" * 32, file="thief")
    sealed, key = keys.seal([], mine)
    (copy / SEALED).write_bytes(sealed)
    told = json.loads((copy / manifest.MANIFEST).read_text())
    entry = manifest.entry_of(copy / SEALED)
    told["files"][SEALED] = {
        "size": entry.size, "sha256": entry.sha256, "mtime_ns": entry.mtime_ns
    }  # fmt: skip
    _rewrite(copy, files=told["files"])
    whole = manifest.read(copy)
    manifest.write(copy, whole, key)
