"""`warroom upgrade`: what a new version changes in the database, and the change itself."""

import shutil
from typing import Any

import psycopg

from warroom.app.backup.state import read_state
from warroom.app.migrate import migrate, pending
from warroom.app.node import Node, open_node
from warroom.kernel.command import say
from warroom.kernel.errors import WarRoomError
from warroom.kernel.i18n import language_of_terminal, text

FREE_LEAST = 1 << 30
"""Bytes free that an upgrade asks for at least: a step may write every row of a table anew."""


class NoFreshBackupError(WarRoomError):
    """No backup was made since a day ago (`hours`)."""

    code = "app.upgrade_no_backup"


class NoSpaceError(WarRoomError):
    """The disk of our PostgreSQL has too little space (`free_mib`, `needed_mib`)."""

    code = "app.upgrade_no_space"


BACKUP_HOURS = 24.0


def upgrade(*, dry_run: bool = False, without_backup: bool = False, json: bool = False) -> None:
    """Brings the database to this version of the program; one node at a time does so.

    Stop the services before, make a backup, and start them again afterwards.

    Example: warroom upgrade --dry-run

    Args:
        dry_run: Only tell which steps would run, and what they need.
        without_backup: Go on although no backup was made in the last 24 hours.
        json: Print one JSON object.

    Raises:
        NoFreshBackupError: Steps would run, and there is no backup of the last 24 hours.
        NoSpaceError: Steps would run, and the disk of our PostgreSQL is nearly full.
    """
    node = open_node()
    started = node.embedded is not None and not node.embedded.is_running()
    if node.embedded is not None:
        node.embedded.start()
    try:
        told = _look(node)
        if not dry_run and told["steps"]:
            if not without_backup and not told["backup"]["is_fresh"]:
                raise NoFreshBackupError(hours=f"{BACKUP_HOURS:.0f}")
            if told["space"]["is_enough"] is False:
                free, needed = told["space"]["free_bytes"], told["space"]["needed_bytes"]
                raise NoSpaceError(free_mib=free >> 20, needed_mib=needed >> 20)
            migrate(node.connections.owner)
    finally:
        if started and node.embedded is not None:
            node.embedded.stop()
    body = {**told, "dry_run": dry_run, "applied": 0 if dry_run else len(told["steps"])}
    say(body, as_json=json, text="\n".join(_lines(body)))


def _look(node: Node) -> dict[str, Any]:
    """What would be done, and whether it can be."""
    with psycopg.connect(node.connections.owner) as connection:
        steps = pending(connection)
        row = connection.execute(
            "select pg_database_size(current_database()), current_setting('server_version')"
        ).fetchone()
    size, version = row or (0, "")
    return {
        "steps": [{"revision": step.revision, "what": step.what} for step in steps],
        "database": {"bytes": size, "version": version},
        "backup": _backup_of(node),
        "space": _space_of(node, size),
    }


def _backup_of(node: Node) -> dict[str, Any]:
    state = read_state(node.settings.data)
    if state is None or state.ended_at is None:
        return {"ended_at": None, "folder": None, "is_fresh": False}
    hours = (node.clock.now() - state.ended_at).total_seconds() / 3600
    return {
        "ended_at": state.ended_at,
        "folder": f"{state.folder}/{state.last}",
        "is_fresh": hours <= BACKUP_HOURS,
    }


def _space_of(node: Node, size: int) -> dict[str, Any]:
    """Space beside the database; of one that runs elsewhere the disk is not known here."""
    needed = max(size, FREE_LEAST)
    if node.embedded is None:
        return {"needed_bytes": needed, "free_bytes": None, "is_enough": None}
    free = shutil.disk_usage(node.embedded.log_file.parent).free
    return {"needed_bytes": needed, "free_bytes": free, "is_enough": free >= needed}


def _lines(body: dict[str, Any]) -> list[str]:
    language = language_of_terminal()
    lines = [f"{step['revision']}  {step['what']}" for step in body["steps"]]
    if not lines:
        return [text(language, "app.schema_current")]
    backup, space = body["backup"], body["space"]
    lines.append("")
    if backup["ended_at"] is None:
        lines.append(text(language, "app.upgrade_never_backed_up"))
    else:
        when = backup["ended_at"].isoformat(timespec="minutes")
        lines.append(text(language, "app.upgrade_backup", when=when, folder=backup["folder"]))
    needed = str(space["needed_bytes"] >> 20)
    if space["free_bytes"] is None:
        lines.append(text(language, "app.upgrade_space_elsewhere", needed=needed))
    else:
        free = str(space["free_bytes"] >> 20)
        lines.append(text(language, "app.upgrade_space", needed=needed, free=free))
    key = "app.upgrade_would" if body["dry_run"] else "app.upgrade_done"
    return [*lines, text(language, key, count=str(len(body["steps"])))]
