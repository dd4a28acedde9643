"""A node is copied while it runs; what is restored answers as it did, at the moment asked for."""

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.recording.footage import BEGIN_MS, Disk
from warroom.app import wiring
from warroom.app.asgi import create_app
from warroom.app.backup import database, manifest, wal
from warroom.app.backup.database import count_rows
from warroom.app.backup.state import State, read_state
from warroom.app.cli import main
from warroom.app.node import Node, open_node, start_database
from warroom.audit import api as audit
from warroom.identity import api as identity
from warroom.kernel.blobs import Blobs
from warroom.kernel.db import Database
from warroom.kernel.postgres import create_database
from warroom.recording.api import PlaybackService

PASSWORD = "kuda laut naik becak"
CAMERA = (
    "insert into camera_state (camera_id, agency_id, state, since, last_frame_at, fps,"
    " reported_at)"
    " select id, agency_id, 'live', '2026-11-24T06:00Z', '2026-11-24T06:00Z', 25,"
    " now() from camera"
)


@dataclass(frozen=True)
class Filled:
    """A running node with something of everything, and where its backups go."""

    root: Path
    node: Node
    camera: str
    answers: dict[str, Any]

    @property
    def backups(self) -> Path:
        return self.root / "backups"


@contextmanager
def settings_of(data: Path, root: Path) -> Iterator[None]:
    """Commands work on this data folder, with the key beside neither data nor backups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARROOM_DATA_DIR", str(data))
        patch.setenv("WARROOM_BACKUP_KEY_FILE", str(root / "safe" / "backup.key"))
        patch.setenv("WARROOM_RECORDING_RESERVE_BYTES", "0")
        patch.setenv("LANG", "en_US.UTF-8")
        yield


@pytest.fixture(scope="module")
def filled() -> Iterator[Filled]:
    # The space is part of the test: a folder may be called so.
    root = Path(tempfile.mkdtemp(prefix="wrb a-", dir="/tmp"))
    root.chmod(0o755)
    with settings_of(root / "war room", root):
        node = open_node()
        try:
            start_database(node)
            asyncio.run(fill(node))
            camera = add_camera(node)
            disk = Disk(node.settings.data / "video")
            for number in range(3):
                disk.add_segment(BEGIN_MS + number * 4000, tfdt=number * 360_000, camera=camera)
            try:
                answers = asyncio.run(ask(node, camera))
                yield Filled(root, node, camera, answers)
            finally:
                disk.close()
        finally:
            if node.embedded is not None:
                node.embedded.stop()
            shutil.rmtree(root, ignore_errors=True)


async def fill(node: Node) -> None:
    """Agencies, people, an entry of the audit, a blob, a call recording."""
    db = Database(node.connections.app)
    await db.open()
    made = wiring.services(node, db)
    scope = identity.system_scope("test", node.clock, door="cli")
    try:
        async with db.transaction(scope) as tx:
            await identity.ensure_sample(scope, tx)
            agency = await identity.require_agency_id(scope, tx, "Diskominfo")
            person = await identity.ensure_people(
                scope, tx,
                [identity.NewPerson("rina", "Rina", agency, roles={"admin_sistem": "city"})],
            )  # fmt: skip
            await identity.set_password(
                scope, tx, person["rina"], PASSWORD, made[identity.Passwords], 12,
                must_change=False,
            )  # fmt: skip
        async with db.transaction(scope) as tx:
            await audit.record(
                scope, tx, action="test:filled", object_kind="node", object_id=None,
                agency_id=agency,
            )  # fmt: skip
        await audit.anchor(scope, db, made[audit.Anchoring], node.clock)
    finally:
        await db.close()
    made[Blobs].put(b"a photograph")
    recorded = node.settings.data / "calls" / "2026" / "call.mka"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(b"a voice")


def blobs_of(node: Node) -> Blobs:
    """Letters and photos of a node, opened with its own keys."""
    made: Blobs = wiring.services(node, Database(node.connections.app))[Blobs]
    return made


def add_camera(node: Node) -> str:
    """A camera with a state; returns its id."""
    add = ["camera", "add", "--name", "Lima", "--lat", "-5.14", "--lon", "119.42"]
    assert (
        main([*add, "--agency", "Diskominfo", "--url", "rtsp://u:p@10.0.0.9/live", "--json"]) == 0
    )
    with psycopg.connect(node.connections.superuser) as connection:
        connection.execute(CAMERA)
        return str(database.one_value(connection, "select id from camera"))


async def ask(node: Node, camera: str) -> dict[str, Any]:
    """What somebody who signs in gets: their name, the cameras, the footage, and whether the
    audit holds."""
    db = Database(node.connections.app)
    wired = wiring.wire(node, db)
    app = create_app(wired)
    playback: PlaybackService = wired.services[PlaybackService]
    await db.open()
    try:
        async with (
            playback,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app),
                base_url="http://warroom.test",
                headers={"x-warroom": "1"},
            ) as client,
        ):
            signed = await client.post("/api/session", json={"login": "rina", "password": PASSWORD})
            listed = await client.get("/api/cameras")
            begin = datetime.fromtimestamp(BEGIN_MS / 1000, UTC)
            footage = await client.get(
                f"/api/recordings/{camera}/media",
                params={"from": begin.isoformat(), "to": begin.replace(second=9).isoformat(),
                        "base": begin.isoformat()},
            )  # fmt: skip
        scope = identity.system_scope("test", node.clock, door="cli")
        chain = await audit.verify(scope, db, wired.services[audit.Anchoring], node.clock)
    finally:
        await db.close()
    return {
        "signed_in": signed.status_code,
        "cameras": [item["id"] for item in listed.json()["items"]],
        "footage": (footage.status_code, hashlib.sha256(footage.content).hexdigest()),
        "chain": chain.is_intact,
    }


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """What a command prints: its JSON, or its sentence where it fails."""
    capsys.readouterr()
    assert main([*words, "--json"]) == code, capsys.readouterr().err
    told = capsys.readouterr()
    return json.loads(told.out) if told.out else told.err


def rows_of(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as connection:
        return count_rows(connection)


def add_person(node: Node, login: str) -> None:
    with psycopg.connect(node.connections.superuser) as connection:
        connection.execute(
            "insert into person (id, login, name, language, created_at, changed_at)"
            " values (gen_random_uuid(), %s, %s, 'id', now(), now())",
            [login, login],
        )


def logins(node: Node) -> set[str]:
    with psycopg.connect(node.connections.superuser) as connection:
        found = connection.execute("select login from person where login ~ '^guest'").fetchall()
    return {login for (login,) in found}


def forget(node: Node) -> None:
    if node.embedded is not None:
        node.embedded.forget()
    shutil.rmtree(node.settings.data)


def test_plain_postgresql_tools_restore_a_dump(filled: Filled) -> None:
    """By the role that owns the tables: it needs no superuser."""
    embedded, source = filled.node.embedded, filled.node.connections.owner
    assert embedded is not None
    server = make_conninfo(filled.node.connections.superuser, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        create_database(connection, "plain")
    target = make_conninfo(source, dbname="plain")
    file = filled.root / "plain.dump"

    for program, dsn, words in (
        ("pg_dump", source, ["-Fc", "-f", str(file)]),
        ("pg_restore", target, ["--exit-on-error", "-d", "plain", str(file)]),
    ):
        subprocess.run(
            [embedded.binaries / program, *words], env=database.environment_of(dsn), check=True
        )

    assert rows_of(target) == rows_of(source)
    connections = filled.node.connections
    moved = replace(
        connections,
        app=make_conninfo(connections.app, dbname="plain"),
        owner=target,
    )
    assert asyncio.run(ask(replace(filled.node, connections=moved), filled.camera)) == (
        filled.answers
    )


def test_a_restored_node_answers_as_it_did(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    made = run(capsys, "backup", str(filled.backups), "--footage")
    first = next((Path(made["backup"]) / "disks").rglob("*.mp4"))
    place, number = first.relative_to(made["backup"]), first.stat().st_ino
    again = run(capsys, "backup", str(filled.backups), "--footage", "--keep", "1")
    data = filled.root / "restored"

    with settings_of(data, filled.root):
        told = run(capsys, "restore", str(filled.backups))
        node = open_node()
        start_database(node)
        try:
            answers = asyncio.run(ask(node, filled.camera))
            source = filled.node.settings.data

            assert answers == filled.answers
            assert (told["rows"], told["chain_ok"]) == (again["rows"], True)
            assert {"rows", "files", "bytes", "seconds", "chain_ok"} <= made.keys() & told.keys()
            assert (data / "keys/seal.key").read_bytes() == (source / "keys/seal.key").read_bytes()
            assert (data / "calls/2026/call.mka").read_bytes() == b"a voice"
            assert b"a photograph" == blobs_of(node).get(
                hashlib.sha256(b"a photograph").hexdigest()
            )
        finally:
            forget(node)

    assert number == (Path(again["backup"]) / place).stat().st_ino  # a link, and no second copy
    assert [again["backup"]] == [str(path) for path in manifest.list_backups(filled.backups)]
    assert again["removed"] == 1


def test_a_moment_between_two_backups_comes_back(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = filled.root / "moments"
    run(capsys, "backup", str(folder))
    add_person(filled.node, "guest-before")
    time.sleep(0.01)  # PostgreSQL's clock passes on: the moment lies between the two
    moment = filled.node.clock.now().isoformat()
    add_person(filled.node, "guest-after")
    blobs_of(filled.node).put(b"seen since")
    run(capsys, "backup", str(folder))

    with settings_of(filled.root / "moment", filled.root):
        too_late = run(capsys, "restore", str(folder), "--at", "2099-01-01T00:00:00Z", code=1)
        no_time = run(capsys, "restore", str(folder), "--at", "yesterday", code=1)
        told = run(capsys, "restore", str(folder), "--at", moment)
        node = open_node()
        start_database(node)
        try:
            assert logins(node) == {"guest-before"}
            assert blobs_of(node).get(hashlib.sha256(b"seen since").hexdigest())
        finally:
            forget(node)

    assert told["chain_ok"]
    assert "do not reach" in too_late
    assert "yesterday is no time" in no_time


def test_what_must_not_be_restored_is_refused_and_nothing_is_written(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = filled.root / "refused"
    made = Path(run(capsys, "backup", str(folder), "--dump")["backup"])
    data = filled.root / "elsewhere"
    stranger = filled.root / "stranger.key"
    stranger.write_text("A" * 43 + "=\n")
    blob = next((made / "data" / "blobs").rglob("[0-9a-f]" * 64))

    not_empty = run(capsys, "restore", str(folder), code=1)
    with settings_of(data, filled.root):
        one_moment = run(capsys, "restore", str(folder), "--at", "latest", code=1)
        other_key = run(capsys, "restore", str(folder), "--key-file", str(stranger), code=1)
        changed = (made / "manifest.json").read_bytes()
        (made / "manifest.json").write_bytes(
            changed.replace(b'"footage": false', b'"footage": true')
        )
        forged = run(capsys, "restore", str(folder), code=1)
        (made / "manifest.json").write_bytes(changed)
        blob.chmod(0o600)
        blob.write_bytes(b"another pict")
        damaged = run(capsys, "restore", str(folder), code=1)
        checked = run(capsys, "backup", "verify", str(folder), code=1)

    assert "not empty" in not_empty
    assert "one moment" in one_moment
    assert "does not open" in other_key
    assert "manifest.json" in forged
    assert blob.name in damaged
    assert [str(blob.relative_to(made))] == checked["backups"][0]["damaged"]
    assert not (data / "keys").exists()


def test_keys_lie_open_in_no_backup(filled: Filled, capsys: pytest.CaptureFixture[str]) -> None:
    folder = filled.root / "closed"
    run(capsys, "backup", str(folder))
    secrets = [
        path.read_bytes()
        for place in ("keys", "postgres/secrets")
        for path in (filled.node.settings.data / place).iterdir()
    ]
    beside = run(capsys, "backup", str(folder), "--key-file", str(folder / "my.key"), code=1)

    written = [path for path in folder.rglob("*") if path.is_file()]

    assert len(secrets) >= 4
    assert not [path for path in written if any(secret in path.read_bytes() for secret in secrets)]
    assert "has to be apart" in beside
    assert 0o700 == folder.stat().st_mode & 0o777


def test_a_backup_that_fails_leaves_none(
    filled: Filled, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = filled.root / "failing"
    monkeypatch.setattr("warroom.app.backup.create.database.base_backup", _no_space)

    told = run(capsys, "backup", str(folder), code=1)

    assert "disk is full" in told.lower()
    assert manifest.list_backups(folder) == []
    assert not list(folder.glob(".*.part"))


def _no_space(*_: object) -> str:
    raise OSError(28, os.strerror(28), "/srv/backup")


def test_a_restore_that_was_cut_short_is_cleared_by_the_next(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = filled.root / "twice"
    run(capsys, "backup", str(folder), "--dump")
    data = filled.root / "half"
    (data / "blobs").mkdir(parents=True)
    (data / "blobs" / "left").write_text("of a restore that was killed")
    (data / "restoring").touch()

    with settings_of(data, filled.root):
        refused = run(capsys, "db", "check", code=1)
        told = run(capsys, "restore", str(folder))
        node = open_node()
        forget(node)

    assert "not finished" in refused
    assert (told["kind"], told["chain_ok"]) == ("dump", True)
    assert not (data / "blobs" / "left").exists()


@pytest.mark.nightly  # the server is asked every five seconds how far its receiver is
def test_wal_is_received_as_long_as_the_node_runs(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = filled.root / "received"
    run(capsys, "backup", str(folder))

    async def receive() -> State | None:
        """Until a row that was written after the backup is known to be there."""
        keeping = asyncio.create_task(wal.keep_wal(filled.node))
        add_person(filled.node, "guest-received")
        written = filled.node.clock.now()
        try:
            async with asyncio.timeout(60):
                while (state := read_state(filled.node.settings.data)) is not None:
                    if state.reached_at is not None and state.reached_at > written:
                        return state
                    # A busy database: it is ahead of its receiver at every look.
                    database.mark_wal(filled.node.connections.superuser)
                    await asyncio.sleep(0.02)
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wal, "LOOK_S", 0.1)
        state = asyncio.run(receive())
    assert state is not None
    assert state.reached_at is not None

    with settings_of(filled.root / "latest", filled.root):
        told = run(capsys, "restore", str(folder), "--at", state.reached_at.isoformat())
        node = open_node()
        start_database(node)
        try:
            assert "guest-received" in logins(node)
        finally:
            forget(node)
    assert told["chain_ok"]
