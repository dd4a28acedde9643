"""`warroom backup` and `warroom restore`."""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

import cyclopts

from warroom.app.backup import keys, manifest
from warroom.app.backup.create import SEALED, Made, Order, create
from warroom.app.backup.errors import NoBackupError, NoBackupFolderError
from warroom.app.backup.restore import restore as restore_node
from warroom.app.backup.settings import BackupSettings
from warroom.app.node import open_node, provider
from warroom.kernel.command import say
from warroom.kernel.i18n import language_of_terminal, text
from warroom.kernel.settings import Configuration

app = cyclopts.App(name="backup", help="Copy this node; check copies. Example: warroom backup DIR")


@app.default
def backup(
    folder: Path | None = None,
    *,
    footage: bool = False,
    dump: bool = False,
    keep: int | None = None,
    key_file: Path | None = None,
    json: bool = False,
) -> int:
    """Copies database, keys (sealed), blobs, call recordings, indexes, anchors and settings.

    The node may run. The embedded PostgreSQL gives a base backup, and from then on its WAL is
    received into the folder, so that `restore --at` reaches any moment; a database that runs
    elsewhere gives a dump, which is one moment. Unchanged files are links to the backup before.

    Example: warroom backup /srv/backup/warroom --json

    Args:
        folder: Folder of backups; empty takes `[backup] folder` of the settings.
        footage: Recorded video as well.
        dump: A dump also of the embedded PostgreSQL: one moment, for a database elsewhere.
        keep: How many backups are kept; older ones are removed.
        key_file: File of the key that seals the keys; made where none is.
        json: One JSON object: rows, files, bytes, seconds, chain_ok.

    Raises:
        NoBackupFolderError: No folder is named.
    """
    from warroom.app.wiring import services  # noqa: PLC0415 - decision 51

    node = open_node()
    settings = node.configuration.section(BackupSettings)
    if folder is None and not settings.folder:
        raise NoBackupFolderError
    place = (folder or Path(settings.folder)).absolute()
    opener = keys.opener(settings, key_file, make_outside=(place, node.settings.data))
    order = Order(
        place, opener, settings.keep if keep is None else keep, footage, dump, _progress
    )  # fmt: skip
    began = time.monotonic()

    async def work() -> Made:
        async with provider(node, services)() as tools:
            return await create(node, tools, order)

    made = asyncio.run(work())
    if opener.is_new:
        sys.stderr.write(_say("app.backup_key_made", file=opener.file) + "\n")
    body = {
        "rows": made.manifest.rows,
        "files": len(made.manifest.files),
        "bytes": made.manifest.size,
        "seconds": round(time.monotonic() - began, 3),
        "chain_ok": made.manifest.chain_ok,
        "backup": str(made.folder),
        "kind": made.manifest.kind,
        "at_possible": bool(made.manifest.wal),
        "removed": made.removed,
        "sealed_by": opener.file or "passphrase",
    }
    words = [_say("app.backup_done", **body), _say(f"app.backup_is_{made.manifest.kind}")]
    if not made.manifest.chain_ok:
        words.append(_say("app.backup_chain_broken"))
    say(body, as_json=json, text="\n".join(words))
    return 0 if made.manifest.chain_ok else 1


@app.command
def verify(folder: Path, *, key_file: Path | None = None, json: bool = False) -> int:
    """Reads every file of every backup in a folder and names those that changed since.

    With the key at hand it opens the sealed keys as well, and tells a manifest that somebody
    without it has written.

    Example: warroom backup verify /srv/backup/warroom

    Args:
        folder: Folder of backups, or one backup.
        key_file: File of the key.
        json: One JSON object.

    Raises:
        NoBackupError: The folder holds none.
    """
    configuration = Configuration.read(os.environ)
    is_one = (folder / manifest.MANIFEST).exists()
    backups = [folder] if is_one else manifest.list_backups(folder)
    if not backups:
        raise NoBackupError(folder=str(folder))
    settings = configuration.section(BackupSettings)
    has_key = bool(settings.passphrase) or keys.key_path(settings, key_file).exists()
    checked: list[dict[str, Any]] = []
    for path in backups:
        found = manifest.read(path)
        bad = manifest.damaged(path, found.files)
        if has_key and not bad:
            opener = keys.opener(settings, key_file)
            _, key = keys.unseal((path / SEALED).read_bytes(), opener)
            manifest.check_mac(path, key)
        checked.append(
            {"backup": path.name, "kind": found.kind, "files": len(found.files),
             "bytes": found.size, "damaged": bad, "key_checked": has_key and not bad}
        )  # fmt: skip
    lines = [
        _say("app.backup_whole", **item)
        if not item["damaged"]
        else _say("app.backup_broken", backup=item["backup"], file=item["damaged"][0],
                  count=len(item["damaged"]))
        for item in checked
    ]  # fmt: skip
    if not has_key:
        lines.append(_say("app.backup_key_not_checked"))
    say({"backups": checked}, as_json=json, text="\n".join(lines))
    return 1 if any(item["damaged"] for item in checked) else 0


def restore(
    folder: Path, *, at: str | None = None, key_file: Path | None = None, json: bool = False
) -> int:
    """Makes this node, whose data folder is empty, what a backup holds; then checks the audit.

    Example: warroom restore /srv/backup/warroom --at 2026-11-24T14:30:00+08:00

    Args:
        folder: Folder of backups (the newest is taken), or one backup.
        at: The moment to go back to, or `latest` for all that was received since; without it the
            newest backup as it is.
        key_file: File of the key that opens the keys.
        json: One JSON object: rows, files, bytes, seconds, chain_ok.
    """
    began = time.monotonic()
    made = restore_node(folder, at, key_file, _progress)
    body = {
        "rows": sum(made.tables.values()),
        "files": made.files,
        "bytes": made.size,
        "seconds": round(time.monotonic() - began, 3),
        "chain_ok": made.chain_ok,
        "backup": made.backup,
        "kind": made.kind,
        "at": made.until.isoformat() if made.until else None,
    }
    words = [_say("app.restore_done", **body)]
    if not made.chain_ok:
        words.append(_say("app.restore_chain_broken"))
    say(body, as_json=json, text="\n".join(words))
    return 0 if made.chain_ok else 1


def _progress(step: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(_say(f"app.backup_step_{step}") + "\n")


def _say(key: str, **params: object) -> str:
    return text(language_of_terminal(), key, **params)
