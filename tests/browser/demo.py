"""The demonstration as a person starts it, small, in a folder that goes away.

Nobody calls by themselves, so that each call is a test's own; and its cameras show a clip that is
made in a moment, since drawing the streets takes a machine for minutes behind every test.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from simcity.rtsp import clip
from simcity.rtsp.testclip import make_clip
from warroom.app.demo_city import demo_links
from warroom.app.node import open_node
from warroom.kernel.settings import Configuration

CAMERAS = 6
READY_S = 240.0
STOP_S = 30.0
LINK = re.compile(r"^\s*(\S.*?)\s+(http://127\.0\.0\.1:\d+/masuk/(\S+))$")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration: its address, and a one-time link for each role by its title."""

    address: str
    links: dict[str, str]
    folder: Path

    def with_new_links(self) -> "Demo":
        """The same, for the next who sign in: each link works once."""
        node = open_node(Configuration.read({"WARROOM_DATA_DIR": str(self.folder / "data")}))
        with ThreadPoolExecutor(1) as beside:  # Playwright has an event loop in this thread
            made = beside.submit(asyncio.run, demo_links(node)).result()
        return replace(self, links={who: f"{self.address}/masuk/{key}" for who, key in made})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_demo(repository: Path, folder: Path, **more: str) -> Iterator[Demo]:
    """Starts `demo` and waits for the sign-in links it prints; stops all of it afterwards.

    Args:
        repository: Where the product lies.
        folder: For its data.
        **more: Settings, as the environment says them.
    """
    if not (repository / "src" / "warroom" / "app" / "static" / "index.html").exists():
        pytest.skip("the pages are not built (./warroom builds them)")
    folder.chmod(0o755)
    clips = folder / "clips"
    clips.mkdir()
    clip.save(make_clip(width=640, height=360), clips / "uji")
    environment = {
        **os.environ,
        "PYTHONPATH": str(repository / "src"),
        "WARROOM_DATA_DIR": str(folder / "data"),
        # A test's own OpenID Provider listens on this machine.
        "WARROOM_OUTBOUND_ALLOW_LOOPBACK": "true",
        **more,
    }
    command = [sys.executable, "-m", "warroom.app", "demo"]
    command += ["--cameras", str(CAMERAS), "--port", str(free_port())]
    command += ["--clips", str(clips), "--calls", "0"]
    log = folder / "demo.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    lines: list[str] = []
    is_ready = threading.Event()
    reader = threading.Thread(target=_read, args=(process, lines, is_ready), daemon=True)
    reader.start()
    try:
        if not is_ready.wait(READY_S) or process.poll() is not None:
            pytest.fail(f"the demonstration did not start:\n{''.join(lines)}{_tail(log)}")
        links = {match[1]: match[2] for match in map(LINK.match, lines) if match}
        address = next(iter(links.values())).partition("/masuk/")[0]
        yield Demo(address, links, folder)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join(5)
        if process.stdout is not None:
            process.stdout.close()


def kill_server(demo: Demo) -> None:
    """Kills the web server of this demonstration as a crash would; another is started."""
    mine = f"WARROOM_DATA_DIR={demo.folder / 'data'}".encode()
    killed = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            is_mine = b"serve" in words and mine in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if is_mine:
            os.kill(int(folder.name), signal.SIGKILL)
            killed += 1
    assert killed, "no web server of this demonstration runs"


def _read(process: subprocess.Popen[str], lines: list[str], is_ready: threading.Event) -> None:
    if process.stdout is None:
        return
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            is_ready.set()
    is_ready.set()


def _tail(log: Path) -> str:
    return "".join(log.read_text("utf-8").splitlines(keepends=True)[-30:])
