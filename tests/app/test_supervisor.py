"""The supervisor starts again what dies, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

from warroom.app.supervisor import Process, Supervisor
from warroom.kernel.clock import SystemClock


def module(folder: Path, name: str, body: str) -> Process:
    (folder / f"{name}.py").write_text(textwrap.dedent(body))
    return Process(name, (name,), {"PYTHONPATH": str(folder)})


async def until_lines(path: Path, count: int) -> list[str]:
    async def wait() -> list[str]:
        while True:
            lines = path.read_text().split() if path.exists() else []
            if len(lines) >= count:
                return lines
            await asyncio.sleep(0.02)

    return await asyncio.wait_for(wait(), 20)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


PATIENT = """
    import os, time
    with open({out!r}, "a") as file:
        print(os.getpid(), file=file)
    time.sleep(600)
"""


async def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    out = tmp_path / "pids"
    process = module(tmp_path, "patient", PATIENT.format(out=str(out)))
    supervisor = Supervisor([process], tmp_path / "log", SystemClock())
    task = asyncio.create_task(supervisor.run())
    (first,) = await until_lines(out, 1)

    os.kill(int(first), signal.SIGKILL)
    _, second = await until_lines(out, 2)
    supervisor.stop()
    await asyncio.wait_for(task, 20)

    assert first != second
    assert supervisor.restarts == {"patient": 1}
    assert not is_running(int(second))


async def test_a_deaf_process_is_killed_after_the_grace_time(
    tmp_path: Path, monkeypatch: object
) -> None:
    out = tmp_path / "pids"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    process = module(tmp_path, "deaf", deaf + textwrap.dedent(PATIENT.format(out=str(out))))
    supervisor = Supervisor([process], None, SystemClock())
    monkeypatch.setattr("warroom.app.supervisor.GRACE_S", 0.3)  # type: ignore[attr-defined]
    task = asyncio.create_task(supervisor.run())
    (pid,) = await until_lines(out, 1)

    supervisor.stop()
    await asyncio.wait_for(task, 20)

    assert not is_running(int(pid))


async def test_what_others_depend_on_stops_last(tmp_path: Path) -> None:
    out = tmp_path / "order"
    told = """
        import os, signal, sys, time
        def end(*_):
            with open({out!r}, "a") as file:
                print({name!r}, file=file)
            sys.exit()
        signal.signal(signal.SIGTERM, end)
        with open({out!r}, "a") as file:
            print("up", file=file)
        time.sleep(600)
    """
    city = module(tmp_path, "city", told.format(out=str(out), name="city"))
    recorder = module(tmp_path, "recorder", told.format(out=str(out), name="recorder"))
    supervisor = Supervisor([replace(city, stops_last=True), recorder], None, SystemClock())
    task = asyncio.create_task(supervisor.run())
    await until_lines(out, 2)

    supervisor.stop()
    await asyncio.wait_for(task, 20)

    assert out.read_text().split() == ["up", "up", "recorder", "city"]


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "pids"
    (tmp_path / "child.py").write_text(
        "from warroom.app.supervisor import die_with_parent\ndie_with_parent()\n"
        + textwrap.dedent(PATIENT.format(out=str(out)))
    )
    (tmp_path / "parent.py").write_text(
        textwrap.dedent(
            """
            import asyncio
            from warroom.app.supervisor import Process, Supervisor
            from warroom.kernel.clock import SystemClock
            asyncio.run(Supervisor([Process("child", ("child",))], None, SystemClock()).run())
            """
        )
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    parent = subprocess.Popen(
        [sys.executable, "-m", "parent"], env={**os.environ, "PYTHONPATH": path}
    )
    (pid,) = asyncio.run(until_lines(out, 1))

    parent.kill()
    parent.wait()

    asyncio.run(gone(int(pid)))


async def gone(pid: int) -> None:
    async def wait() -> None:
        while is_running(pid):
            await asyncio.sleep(0.02)

    await asyncio.wait_for(wait(), 10)
