"""`warroom bench failover`: three recorders and two web servers of one city; one recorder dies.

Everything is the product's own: nodes join by invitation, processes are started as an operator does
and killed as by a loss of power. What is told of footage is read from the disks' indexes; what both
web servers say of it is compared with them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from warroom.app.bench.node import BenchStoppedError, _free_port, warroom
from warroom.app.node import open_node, start_database
from warroom.kernel.clock import SystemClock
from warroom.kernel.settings import Configuration
from warroom.recording.bench import FootageIndex, make_clip, start_simulator

NAMES = ("rec-1", "rec-2", "rec-3")
WAIT_S = 180.0
DOUBLE_MS = 500
"""Two recorders' estimates of one instant differ by less."""

type Spans = dict[str, dict[str, list[tuple[int, int]]]]
"""Camera -> node -> footage (from, to) in ms."""


class City:
    """Three nodes on one machine with one PostgreSQL; the first two serve pages.

    Args:
        folder: For their data.
        stack: Ends what is started here.
        cameras: How many.
    """

    def __init__(self, folder: Path, stack: ExitStack, cameras: int) -> None:
        self.folder, self._stack, self.cameras = folder, stack, cameras
        self.ports = {name: _free_port() for name in NAMES[:2]}
        self.processes: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self.environments = {name: self._configure(name) for name in NAMES}
        self.ids: list[str] = []
        self.token = ""

    def _configure(self, name: str) -> dict[str, str]:
        data = self.folder / name
        data.mkdir()
        data.chmod(0o755)
        door = _free_port()
        (data / "warroom.toml").write_text(
            f'[warroom]\nnode = "{name}"\nport = {self.ports.get(name, 1)}\n\n'
            f'[nodes]\nhost = "127.0.0.1"\nport = {door}\naddress = "127.0.0.1:{door}"\n'
            "answer_s = 3.0\n\n[cameras]\nallow_loopback = true\n\n"
            "[recording]\nallow_loopback = true\nsegment_s = 10.0\nreserve_bytes = 0\n"
        )
        return {"WARROOM_DATA_DIR": str(data), "WARROOM_CONFIG": str(data / "warroom.toml")}

    def settle(self) -> None:
        """Database, cameras, and all three nodes joined."""
        node = open_node(Configuration.read({**os.environ, **self.environments["rec-1"]}))
        start_database(node)
        if node.embedded is not None:
            self._stack.callback(node.embedded.stop)
        for name in NAMES[1:]:
            self.environments[name] |= {
                "WARROOM_DATABASE_URL": node.connections.app,
                "WARROOM_DATABASE_OWNER_URL": node.connections.owner,
            }
        make_clip(self.folder / "clips")
        simulator, port = start_simulator(self.folder, self.cameras)
        self._stack.callback(_stop, simulator)
        first = self.environments["rec-1"]
        warroom(first, "agency", "add", "--name", "Diskominfo", "--short", "Diskominfo",
                "--kind", "city", "--json")  # fmt: skip
        warroom(first, "user", "add", "bench", "--name", "Bench", "--agency", "Diskominfo",
                "--role", "admin_sistem", "--city", "--json")  # fmt: skip
        rows = ["number,name,lat,lon,owner,url"]
        rows += [
            f"{n},Kamera {n},-5.1,119.4,Diskominfo,rtsp://127.0.0.1:{port}/cam/{n}/main"
            for n in range(1, self.cameras + 1)
        ]
        (self.folder / "cameras.csv").write_text("\n".join(rows))
        warroom(first, "camera", "import", str(self.folder / "cameras.csv"), "--json")
        self.token = warroom(first, "token", "create", "--user", "bench", "--json")["token"]
        for name in NAMES[1:]:
            secret = warroom(first, "node", "invite", "--json")["secret"]
            warroom(self.environments[name], "node", "join", "--json", given=secret + "\n")
        self._stack.callback(self.stop)

    def start(self, name: str, *words: str) -> None:
        """Starts a process of a node."""
        with (self.folder / f"{name}-{words[-1]}.log").open("ab") as log:
            self.processes[name, " ".join(words)] = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "warroom.app", *words],
                env={**os.environ, **self.environments[name]},
                stdout=log,
                stderr=log,
            )

    def start_recorder(self, name: str) -> None:
        """Starts what records and what answers other nodes."""
        self.start(name, "media")
        self.start(name, "node", "serve")

    def kill(self, name: str) -> None:
        """Takes a node away as a loss of power does."""
        for (node, _), process in list(self.processes.items()):
            if node == name:
                process.send_signal(signal.SIGKILL)
                process.wait(10)

    def stop(self) -> None:
        """Ends every process."""
        for process in self.processes.values():
            _stop(process)

    def client(self, name: str) -> httpx.Client:
        """Asks a web server with a token."""
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[name]}",
            headers={"authorization": f"Bearer {self.token}"},
            timeout=20,
        )

    def is_ready(self, name: str) -> bool:
        """Whether a web server answers."""
        try:
            return self.client(name).get("/readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def footage(self, start_ms: int) -> Spans:
        """What lies on the three disks since an instant."""
        now_ms = _now_ms()
        found: Spans = {camera: {} for camera in self.ids}
        for name in NAMES:
            index = FootageIndex([self.folder / name / "video"])
            for camera in self.ids:
                found[camera][name] = [
                    span for span in index.list_spans(camera, "main", start_ms, now_ms)
                    if span[1] > start_ms
                ]  # fmt: skip
        return found


@contextmanager
def city(cameras: int) -> Iterator[City]:
    """Three nodes that record and share `cameras` cameras; two web servers answer.

    Raises:
        BenchStoppedError: It did not come up.
    """
    folder = Path(tempfile.mkdtemp(prefix="warroom-bench-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            made = City(folder, stack, cameras)
            made.settle()
            for name in NAMES[:2]:
                made.start(name, "serve")
                _until(lambda name=name: made.is_ready(name), f"{name} ready", folder)  # type: ignore[misc]
            for name in NAMES:
                made.start_recorder(name)
            with made.client("rec-1") as client:
                made.ids = [item["id"] for item in client.get("/api/cameras").json()["items"]]
            _until(lambda: _shares(made)[0] >= cameras // len(NAMES), "shared out", folder)
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def bench_failover(cameras: int = 24) -> dict[str, Any]:
    """Kills one of three recorders, and lets it come back.

    Args:
        cameras: Simulated cameras, 720p, 1 Mbit/s, a key frame every 2 s.

    Returns:
        `regained_s_*`: from the kill to the first footage on another node; `gap_s_max`: longest
        stretch of a camera that no disk has, `handed_over_gap_s_max` when it came back;
        `double_segments`: stretches that two disks have; `contradictions`: what a web server said
        against the disks or the other server, each in `said`.

    Raises:
        BenchStoppedError: The city did not come up, or did not share.
    """
    with city(cameras) as made:
        time.sleep(6)
        start_ms = _now_ms() - 4_000
        killed_ms = _now_ms()
        made.kill("rec-3")
        dead = [c for c, nodes in made.footage(start_ms).items() if nodes["rec-3"]]
        _until(
            lambda: all(_regained(made.footage(start_ms)[c], killed_ms) for c in dead),
            "recorded again", made.folder,
        )  # fmt: skip
        time.sleep(4)
        while_away = made.footage(start_ms)
        said = _contradictions(made, dead, start_ms, killed_ms, is_away=True)
        back_ms = _now_ms()
        made.start_recorder("rec-3")
        _until(lambda: _held(made)["rec-3"] >= cameras // len(NAMES), "shared again", made.folder)
        time.sleep(12)
        after = made.footage(start_ms)
        said += _contradictions(made, dead, start_ms, killed_ms, is_away=False)
    regained = [(r - killed_ms) / 1000 for c in dead if (r := _regained(while_away[c], killed_ms))]
    return {
        "cameras": cameras,
        "killed_at": datetime.fromtimestamp(killed_ms / 1000, UTC).isoformat(),
        "killed_cameras": len(dead),
        "regained_s_p50": round(median(regained), 2),
        "regained_s_max": round(max(regained), 2),
        "gap_s_max": _longest_gap(after, start_ms, back_ms),
        "handed_over_gap_s_max": _longest_gap(after, back_ms, _last_ms(after)),
        "double_segments": sum(_doubles(nodes) for nodes in after.values()),
        "contradictions": len(said),
        "said": said[:20],
        "goal": {"regained_s_max": 10, "contradictions": 0, "double_segments": 0},
    }


def _contradictions(
    made: City, dead: list[str], start_ms: int, killed_ms: int, *, is_away: bool
) -> list[str]:
    """What both web servers say of every camera, held against what the disks have."""
    said: list[str] = []
    disks = made.footage(start_ms)
    until_ms = _now_ms() - 25_000
    lines: dict[str, dict[str, Any]] = {}
    for name in NAMES[:2]:
        with made.client(name) as client:
            states = client.get("/api/cameras").json()["items"]
            said += [f"{name}: camera {s['number']} is {s['state']}" for s in states
                     if s["state"] in ("disabled", "offline")]  # fmt: skip
            for camera in made.ids:
                line = client.get(
                    f"/api/recordings/{camera}/timeline",
                    params={"from": _iso(start_ms), "to": _iso(max(until_ms, killed_ms + 1000))},
                ).json()
                if name == "rec-2" and _shape(line) != _shape(lines[camera]):
                    said.append(f"{camera}: two servers, two time lines")
                lines[camera] = line
                causes = {gap["cause"] for gap in line["gaps"]}
                said += [f"{name}: {camera} {cause}" for cause in causes & {"not_kept", "disabled"}]
                away = [node["node"] for node in line["nodes_away"]]
                if is_away and camera in dead and "rec-3" not in away:
                    said.append(f"{name}: {camera} does not say that rec-3 is away")
                if not is_away:
                    said += _played(client, name, camera, disks[camera], start_ms)
            if is_away:
                said += _seen_live(client, name, made)
    return said


def _played(
    client: httpx.Client, name: str, camera: str, disks: dict[str, list[tuple[int, int]]],
    start_ms: int,
) -> list[str]:  # fmt: skip
    """Plays what each disk has of a camera, and takes a picture of it, through one web server."""
    said = []
    for node, spans in disks.items():
        if not spans:
            continue
        at_ms = max(spans[0][0], start_ms) + 500
        words = {"from": _iso(at_ms), "to": _iso(at_ms + 1000)}
        media = client.get(f"/api/recordings/{camera}/media", params=words)
        if media.status_code != 200 or b"moof" not in media.content:
            said.append(f"{name}: {camera} of {node} is not played: {media.status_code}")
        picture = client.get(f"/api/recordings/{camera}/thumbnail.jpg", params={"at": _iso(at_ms)})
        if not picture.content.startswith(b"\xff\xd8"):
            said.append(f"{name}: {camera} of {node} has no picture: {picture.status_code}")
    return said


def _seen_live(client: httpx.Client, name: str, made: City) -> list[str]:
    """Takes a live picture of every camera through one web server."""
    said = []
    for camera in made.ids:
        picture = client.get(f"/api/live/{camera}/snapshot.jpg")
        if picture.status_code != 200:  # its recorder was asked for the first time
            picture = client.get(f"/api/live/{camera}/snapshot.jpg")
        if picture.status_code != 200:
            said.append(f"{name}: {camera} is not seen live: {picture.status_code}")
    return said


def _shape(line: dict[str, Any]) -> Any:
    """What must be the same, whoever is asked, to half a second."""

    def rounded(items: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
        return [(_rounded(i["start"]), _rounded(i["end"]), i.get("cause", "")) for i in items]

    return rounded(line["spans"]), rounded(line["gaps"])


def _rounded(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() / 2)


def _regained(nodes: dict[str, list[tuple[int, int]]], killed_ms: int) -> int | None:
    """When the first footage behind the kill began on another node."""
    starts = [s for n in NAMES[:2] for s, e in nodes[n] if e > killed_ms]
    return max(min(starts), killed_ms) if starts else None


def _longest_gap(footage: Spans, start_ms: int, end_ms: int) -> float:
    longest = 0
    for nodes in footage.values():
        at_ms = start_ms
        for begin, end in sorted(span for spans in nodes.values() for span in spans):
            if begin < end_ms:
                longest = max(longest, begin - at_ms)
            at_ms = max(at_ms, end)
    return round(longest / 1000, 2)


def _last_ms(footage: Spans) -> int:
    """Up to when every camera has footage."""
    return min(
        max(end for spans in nodes.values() for _, end in spans) for nodes in footage.values()
    )


def _doubles(nodes: dict[str, list[tuple[int, int]]]) -> int:
    spans = sorted((s, e, node) for node, spans in nodes.items() for s, e in spans)
    return sum(
        1
        for number, (begin, end, node) in enumerate(spans)
        for other_begin, other_end, other in spans[number + 1 :]
        if other != node and min(end, other_end) - max(begin, other_begin) > DOUBLE_MS
    )


def _held(made: City) -> dict[str, int]:
    """How many cameras each node has recorded in the last seconds."""
    found = made.footage(_now_ms() - 3_000)
    return {name: sum(bool(nodes[name]) for nodes in found.values()) for name in NAMES}


def _shares(made: City) -> list[int]:
    return sorted(_held(made).values())


def _until(claim: Callable[[], bool], what: str, folder: Path) -> None:
    began = SystemClock().monotonic()
    while SystemClock().monotonic() - began < WAIT_S:
        if claim():
            return
        time.sleep(0.5)
    logs = {path.name: path.read_text()[-300:] for path in folder.glob("*.log")}
    raise BenchStoppedError(problem=f"not {what}: {json.dumps(logs)[:3000]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _now_ms() -> int:
    return round(SystemClock().now().timestamp() * 1000)


def _iso(ms: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).isoformat()
