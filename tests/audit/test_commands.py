"""`warroom audit verify FILE`: what a stranger reads who checks an export."""

from pathlib import Path

import msgspec
import pytest

from tests.scopes import EVERYTHING
from warroom.audit import api, commands
from warroom.audit.errors import NoCopyError, NoRootsError
from warroom.kernel.clock import FixedClock
from warroom.kernel.db import Database


async def made(db: Database, clock: FixedClock, folder: Path) -> Path:
    anchors = api.open_anchoring(folder, api.AuditSettings())
    async with db.transaction(EVERYTHING) as tx:
        await api.record(
            EVERYTHING, tx, action="a:b", object_kind="k", object_id=None, agency_id=None
        )
    await api.anchor(EVERYTHING, db, anchors, clock)
    async with db.transaction(EVERYTHING) as tx:
        exported = await api.export(EVERYTHING, tx, anchors, {}, "csv")
    path = folder / exported.name
    path.write_bytes(exported.content)
    return path


@pytest.mark.parametrize(
    ("lang", "word", "limits"),
    [("id_ID.UTF-8", "BENAR", "Tidak dibuktikan"), ("C.UTF-8", "HOLDS", "Not proven")],
)
async def test_a_stranger_is_told_what_holds_and_what_is_not_proven(
    db: Database,
    clock: FixedClock,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    word: str,
    limits: str,
) -> None:
    path = await made(db, clock, tmp_path)
    monkeypatch.setenv("LANG", lang)

    commands.verify(path, copy=[tmp_path / "anchor" / "audit.jsonl"])
    out = capsys.readouterr().out

    assert out.startswith(word)
    assert limits in out
    assert "{" not in out


async def test_a_changed_export_ends_with_code_1_and_says_where(
    db: Database, clock: FixedClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = await made(db, clock, tmp_path)
    wrong = tmp_path / "copy"
    wrong.write_text("")

    with pytest.raises(SystemExit) as stopped:
        commands.verify(path, copy=[wrong], json=True)

    body = msgspec.json.decode(capsys.readouterr().out)
    assert stopped.value.code == 1
    assert (body["holds"], body["problems"]) == (False, [["copy", -1, 1]])


def test_a_copy_or_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(NoCopyError):
        commands.verify(tmp_path / "x.zip", copy=[tmp_path / "none"])
    with pytest.raises(NoRootsError):
        commands.verify(tmp_path / "x.zip", roots=tmp_path / "none")
