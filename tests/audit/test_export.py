"""What leaves the city proves itself: to anybody, without the database."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit.authority import Authority
from tests.scopes import AT, EVERYTHING, scope_of
from warroom.audit import api
from warroom.audit.errors import NoProofError
from warroom.audit.proofs import plan
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database
from warroom.kernel.postgres import Connections
from warroom.kernel.scope import Rule, Scope

POLICE, FIRE = UUID(int=1), UUID(int=2)
OF_POLICE = scope_of(Rule(frozenset({"audit:read"}), agencies=frozenset({POLICE})))
SECRET = "Zxq rahasia"


@pytest.fixture
def one_chain(connections: Connections) -> None:
    with psycopg.connect(connections.superuser) as connection:
        connection.execute("delete from audit_head where chain <> 3")


async def write(db: Database, owners: list[UUID]) -> None:
    for number, owner in enumerate(owners):
        scope = Scope(UUID(int=9), owner, (), AT + timedelta(seconds=number), "web", label="=Sri")
        async with db.transaction(scope) as tx:
            await api.record(
                scope, tx, action="live:view", object_kind="camera", object_id=UUID(int=50),
                agency_id=owner, object_label="Losari", reason=SECRET if owner == FIRE else None,
            )  # fmt: skip


async def exported(
    db: Database, anchors: api.Anchoring, folder: Path, scope: Scope = OF_POLICE, form: Any = "csv"
) -> Path:
    async with db.transaction(scope) as tx:
        made = await api.export(scope, tx, anchors, {}, form)
    path = folder / made.name
    path.write_bytes(made.content)
    return path


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    out = path.with_name("changed.zip")
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out


@pytest.mark.usefixtures("one_chain")
@pytest.mark.parametrize("form", ["csv", "jsonl"])
async def test_an_export_of_one_agency_proves_its_rows_between_rows_it_does_not_show(
    db: Database, anchors: api.Anchoring, clock: FixedClock, tmp_path: Path, form: str
) -> None:
    await write(db, [FIRE, POLICE, FIRE, FIRE, POLICE, FIRE])
    await api.anchor(EVERYTHING, db, anchors, clock)
    await write(db, [POLICE, FIRE])

    path = await exported(db, anchors, tmp_path, form=form)
    report = api.check_export(path, [anchors.file.path.read_bytes()])

    assert report.problems == []
    assert (report.rows, report.anchored) == (3, 2)
    assert [(found["n"], found["in_copy"]) for found in report.anchors] == [(1, True)]
    with zipfile.ZipFile(path) as archive:
        assert all(SECRET.encode() not in archive.read(name) for name in archive.namelist())


async def test_the_export_itself_is_an_entry_with_its_digest(
    db: Database, anchors: api.Anchoring, tmp_path: Path
) -> None:
    await write(db, [POLICE])
    await exported(db, anchors, tmp_path)

    async with db.transaction(EVERYTHING) as tx:
        page = json.loads(await api.search(EVERYTHING, tx, {"action": "audit:exported"}))

    (entry,) = page["items"]
    assert (entry["detail"]["rows"], len(entry["detail"]["sha256"])) == (1, 64)


def _proof_lines(files: dict[str, bytes]) -> list[Any]:
    return [json.loads(line) for line in io.BytesIO(files["proof.jsonl"])]


def _sealed(files: dict[str, bytes], lines: list[Any]) -> None:
    import hashlib

    body = b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines[:-1])
    end = {**lines[-1], "sha256": hashlib.sha256(body).hexdigest(), "lines": len(lines) - 1}
    files["proof.jsonl"] = body + json.dumps(end).encode() + b"\n"


def change_row(files: dict[str, bytes]) -> None:
    lines = _proof_lines(files)
    run = next(line for line in lines if line["kind"] == "run")
    next(link for link in run["links"] if isinstance(link, dict))["entry"]["reason"] = "lain"
    _sealed(files, lines)


def change_link(files: dict[str, bytes]) -> None:
    lines = _proof_lines(files)
    run = next(line for line in lines if line["kind"] == "run")
    place = next(n for n, link in enumerate(run["links"]) if isinstance(link, str))
    run["links"][place] = "00" * 32
    _sealed(files, lines)


def change_anchor(files: dict[str, bytes]) -> None:
    lines = _proof_lines(files)
    line = next(line for line in lines if line["kind"] == "anchor")
    line["line"] = line["line"].replace("2026", "2025", 1)
    _sealed(files, lines)


def drop_run(files: dict[str, bytes]) -> None:
    lines = _proof_lines(files)
    _sealed(files, [line for line in lines if line["kind"] != "run"])


def change_data(files: dict[str, bytes]) -> None:
    files["audit.csv"] = files["audit.csv"].replace(b"Losari", b"Panakkukang")


def cut_proof(files: dict[str, bytes]) -> None:
    files["proof.jsonl"] = files["proof.jsonl"].rsplit(b"\n", 2)[0] + b"\n"


@pytest.mark.usefixtures("one_chain")
@pytest.mark.parametrize(
    ("change", "word"),
    [
        (change_row, "row"),
        (change_link, "row"),
        (change_anchor, "anchor_line"),
        (drop_run, "rows"),
        (change_data, "data"),
        (cut_proof, "whole"),
    ],
)
async def test_what_was_changed_in_an_export_is_named(
    db: Database,
    anchors: api.Anchoring,
    clock: FixedClock,
    tmp_path: Path,
    change: Callable[[dict[str, bytes]], None],
    word: str,
) -> None:
    await write(db, [POLICE, FIRE, POLICE])
    await api.anchor(EVERYTHING, db, anchors, clock)

    path = rewritten(await exported(db, anchors, tmp_path), change)
    report = api.check_export(path)

    assert word in {problem[0] for problem in report.problems}


@pytest.mark.usefixtures("one_chain")
async def test_a_made_up_export_is_not_in_the_copy_of_the_anchors(
    db: Database, anchors: api.Anchoring, clock: FixedClock, tmp_path: Path
) -> None:
    await write(db, [POLICE])
    await api.anchor(EVERYTHING, db, anchors, clock)
    path = await exported(db, anchors, tmp_path)
    other = api.open_anchoring(tmp_path / "other", api.AuditSettings())
    clock.advance(1)
    await api.anchor(EVERYTHING, db, other, clock)

    report = api.check_export(path, [other.file.path.read_bytes()])

    assert report.problems == [("copy", -1, 1)]


async def test_a_token_over_the_anchor_goes_with_the_export_and_is_checked(
    db: Database, clock: FixedClock, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the tokens of the test")
    authority = Authority()
    try:
        settings = api.AuditSettings(tsa=[authority.url], tsa_ca=str(authority.roots))
        anchors = api.open_anchoring(tmp_path, settings)
        await write(db, [POLICE])
        await api.anchor(EVERYTHING, db, anchors, clock)
        path = await exported(db, anchors, tmp_path)

        report = api.check_export(path, roots=anchors.stamps.roots)
    finally:
        authority.close()

    assert (report.problems, report.anchors[0]["stamped_at"] is not None) == ([], True)


async def test_a_text_that_a_spreadsheet_would_run_is_shown_to_it_as_a_text(
    db: Database, anchors: api.Anchoring, tmp_path: Path
) -> None:
    await write(db, [POLICE])

    with zipfile.ZipFile(await exported(db, anchors, tmp_path)) as archive:
        table = archive.read("audit.csv").decode()

    assert ",'=Sri," in table


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all"])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)

    with pytest.raises(NoProofError):
        api.check_export(path)


@given(
    st.sets(st.integers(1, 60), min_size=1, max_size=20),
    st.sets(st.integers(1, 60), max_size=6),
)
def test_runs_cover_every_entry_once_and_end_at_an_anchor_where_there_is_one(
    numbers: set[int], anchored: set[int]
) -> None:
    lines = [(seq, seq * 10) for seq in sorted(anchored)]

    runs = list(plan({5: numbers}, {5: lines}, {5: 60}))

    covered = [seq for _, first, last, _ in runs for seq in range(first, last + 1)]
    assert len(covered) == len(set(covered))
    assert numbers <= set(covered)
    for _, first, last, line in runs:
        assert first in numbers
        assert (last in anchored and line == last * 10) or (line is None and last == 60)
