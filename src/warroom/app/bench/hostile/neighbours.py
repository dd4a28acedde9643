"""Another user of the same machine: what they read of the data folder, and whose PostgreSQL is."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from warroom.app.bench.hostile.field import Check, Field


def checks(field: Field) -> Iterator[Check]:
    """Looks into a node's folder as `nobody` where we are root, by its modes where we are not."""
    node = field.node()
    folder = node.folder
    open_to_others = [path.name for path in folder.iterdir() if path.lstat().st_mode & 0o077]
    yield Check("Nothing directly in the data folder is open to other users", not open_to_others,
                " ".join(open_to_others[:5]) or 0)  # fmt: skip
    mode = folder.stat().st_mode & 0o777
    yield Check("Other users cannot list the data folder", not mode & 0o066, f"{mode:o}")
    if os.geteuid() == 0:
        readable = _readable_by(pwd.getpwnam("nobody"), folder)
        yield Check("nobody reads no file of a node", not readable, len(readable))
    sharing = _others_of_the_user_of_postgres(folder)
    yield Check("Nothing but PostgreSQL runs as its user", not sharing,
                " ".join(sorted(sharing)[:5]) or 0)  # fmt: skip


def _readable_by(account: pwd.struct_passwd, folder: Path) -> list[str]:
    """Files that the account can read, though it is told the names in the folder."""
    found = subprocess.run(  # noqa: S603 - a fixed program, no shell
        ["/usr/bin/find", *sorted(folder.iterdir()), "-type", "f", "-readable"],
        user=account.pw_uid, group=account.pw_gid, extra_groups=[],
        capture_output=True, check=False, text=True, cwd="/",
    )  # fmt: skip
    return found.stdout.splitlines()


def _others_of_the_user_of_postgres(folder: Path) -> set[str]:
    """Names of programs of the same user, where that is not ours."""
    (pid_file,) = folder.rglob("postmaster.pid")
    users = psutil.Process(int(pid_file.read_text().partition("\n")[0])).uids().real
    if users == os.geteuid():
        return set()
    return {
        process.info["name"]
        for process in psutil.process_iter(["name", "uids"])
        if process.info["uids"] and process.info["uids"].real == users
        and process.info["name"] not in {"postgres", "pg_ctl", "initdb"}
    }  # fmt: skip
