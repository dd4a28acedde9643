"""Logs: JSON lines, levels by part, and files that do not grow for ever."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.app.test_supervisor import PATIENT, module, until_lines
from warroom.app.cli import main
from warroom.app.log_files import rotate
from warroom.app.supervisor import Supervisor
from warroom.kernel import log
from warroom.kernel.clock import SystemClock
from warroom.kernel.log import LogSettings


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_part_of_the_product_has_a_level_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(
        LogSettings(level="warning", levels={"calls": "debug", "calls.edge": "error"}),
    )

    for part in ("calls", "calls.sip", "calls.edge", "callsign", "recording"):
        log.logger(part).debug("heard")
        log.logger(part).warning("worried")

    assert [
        ("calls", "heard"),
        ("calls", "worried"),
        ("calls.sip", "heard"),
        ("calls.sip", "worried"),
        ("callsign", "worried"),
        ("recording", "worried"),
    ] == [(line["log"], line["event"]) for line in logged(capsys)]


def test_an_exception_passes_the_level_of_its_part(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(level="error", levels={"calls": "error"}))

    try:
        1 / 0  # noqa: B018 - only to have an exception
    except ZeroDivisionError:
        log.logger("calls.sip").exception("failed")

    assert "ZeroDivisionError" in logged(capsys)[0]["exception"]


def test_text_is_written_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(LogSettings(format="text"))

    log.logger("calls").info("heard")

    assert not capsys.readouterr().err.startswith("{")


def test_a_level_that_is_none_is_refused_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WARROOM_LOG_LEVEL", "loud")

    assert main(["config", "show"]) == 1

    said = capsys.readouterr().err
    assert "'loud': one of debug, info, warning, error" in said
    assert "Traceback" not in said


def test_a_full_file_is_begun_anew_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "serve.log"
    with path.open("ab", buffering=0) as writer:
        for number in range(5):
            writer.write(b"%d" % number * 10)
            rotate(path, 10, keep=2)
        writer.write(b"last")

    assert path.read_bytes() == b"last"
    assert (tmp_path / "serve.log.1").read_bytes() == b"4" * 10
    assert (tmp_path / "serve.log.2").read_bytes() == b"3" * 10
    assert not (tmp_path / "serve.log.3").exists()


def test_fewer_files_are_kept_once_fewer_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "serve.log"
    for number in range(1, 6):
        path.with_name(f"serve.log.{number}").write_text(str(number))
    path.write_text("full")

    assert rotate(path, 4, keep=1)

    assert {"serve.log": "", "serve.log.1": "full"} == {
        found.name: found.read_text() for found in tmp_path.iterdir()
    }


def test_a_file_that_is_not_full_or_may_grow_is_left(tmp_path: Path) -> None:
    path = tmp_path / "serve.log"

    assert not rotate(path, 4, keep=1)
    path.write_text("abc")
    assert not rotate(path, 4, keep=1)
    assert not rotate(path, 0, keep=1)


async def test_the_supervisor_keeps_the_logs_of_its_processes_small(tmp_path: Path) -> None:
    folder, out, other = tmp_path / "log", tmp_path / "pids", tmp_path / "postgres"
    folder.mkdir()
    (folder / "patient.log").write_bytes(b"x" * (1 << 20))
    (folder / "another.log").write_bytes(b"x" * (1 << 20))
    other.write_bytes(b"x" * (1 << 20))
    process = module(tmp_path, "patient", PATIENT.format(out=str(out)))
    supervisor = Supervisor(
        [process], folder, SystemClock(), LogSettings(file_mib=1, files=3), (other,)
    )

    task = asyncio.create_task(supervisor.run())
    await until_lines(out, 1)
    supervisor.stop()
    await asyncio.wait_for(task, 20)

    assert (folder / "patient.log").stat().st_size == 0
    assert (folder / "patient.log.1").stat().st_size == 1 << 20
    assert other.stat().st_size == 0
    assert (folder / "another.log").stat().st_size == 1 << 20  # somebody else's
