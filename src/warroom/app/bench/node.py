"""A node of its own for a benchmark: empty folder, own PostgreSQL, own web server, filled by hand.

Everything is reached through the public doors (command line, HTTP), as a stranger would.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from warroom.app.node import Node, open_node, start_database
from warroom.kernel.errors import UnavailableError
from warroom.kernel.settings import Configuration

READY_S = 60.0


class BenchStoppedError(UnavailableError):
    """The benchmark's own node did not come up (`problem`)."""

    code = "app.bench_stopped"


@dataclass(frozen=True)
class BenchNode:
    """A running node: its address, a token that may see everything, and how to measure it."""

    folder: Path
    environment: dict[str, str]
    port: int
    token: str
    serve: psutil.Process

    @property
    def address(self) -> str:
        """Where its web server answers."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_s(self) -> float:
        """CPU-seconds the web server has used so far."""
        times = self.serve.cpu_times()
        return float(times.user + times.system)


def warroom(environment: dict[str, str], *arguments: str, given: str = "") -> Any:
    """Runs one command of the product; returns its JSON, or None where it printed none.

    Raises:
        BenchStoppedError: It failed.
    """
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "warroom.app", *arguments],
        env={**os.environ, **environment},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchStoppedError(problem=f"{arguments[:2]}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else None


@contextmanager
def bench_node(
    cameras: int, sections: str = "", prepare: Callable[[Node], None] | None = None
) -> Iterator[BenchNode]:
    """A node with `cameras` cameras in its inventory and its web server running.

    Args:
        cameras: How many, spread over the city.
        sections: More of the settings file (TOML).
        prepare: Puts more in place before the web server starts.

    Raises:
        BenchStoppedError: It did not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="warroom-bench-"))
    folder.chmod(0o755)
    port = _free_port()
    (folder / "warroom.toml").write_text(
        f"[warroom]\nport = {port}\n\n[cameras]\nallow_loopback = true\n\n{sections}"
    )
    environment = {"WARROOM_DATA_DIR": str(folder), "WARROOM_CONFIG": str(folder / "warroom.toml")}
    node = open_node(Configuration.read({**os.environ, **environment}))
    start_database(node)
    serve = None
    try:
        token = _fill(environment, folder, cameras)
        if prepare is not None:
            prepare(node)
        with (folder / "serve.log").open("wb") as log:
            serve = subprocess.Popen(
                [sys.executable, "-m", "warroom.app", "serve"],
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
            )
        _await_ready(port, folder)
        yield BenchNode(folder, environment, port, token, psutil.Process(serve.pid))
    finally:
        if serve is not None:
            serve.terminate()
            serve.wait(15)
        if node.embedded is not None:
            node.embedded.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _fill(environment: dict[str, str], folder: Path, cameras: int) -> str:
    warroom(environment, "agency", "add", "--name", "Diskominfo", "--short", "Diskominfo",
            "--kind", "city", "--json")  # fmt: skip
    warroom(environment, "user", "add", "bench", "--name", "Bench", "--agency", "Diskominfo",
            "--role", "admin_sistem", "--city", "--json")  # fmt: skip
    rows = ["number,name,lat,lon,owner,url"]
    rows += [
        f"{n},Kamera {n},{-5.2 + n % 100 / 1000},{119.38 + n // 100 / 100},Diskominfo,"
        f"rtsp://127.0.0.1:9/cam/{n}/main"
        for n in range(1, cameras + 1)
    ]
    path = folder / "cameras.csv"
    path.write_text("\n".join(rows))
    warroom(environment, "camera", "import", str(path), "--json")
    token: str = warroom(environment, "token", "create", "--user", "bench", "--json")["token"]
    return token


def _await_ready(port: int, folder: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < READY_S:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise BenchStoppedError(problem=(folder / "serve.log").read_text()[-600:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
