"""`warroom demo`: database, all processes and a simulated city, in one command.

The simulated city runs as a process of its own and is met only through its public doors: it
writes a city pack and serves RTSP. What the demo keeps lies in the node's data folder, beside the
mark that makes it a demo; a folder that holds a real city is refused.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warroom.app import demo_calls, demo_traffic
from warroom.app.backup.wal import keep_wal
from warroom.app.node import Node, open_node, start_database
from warroom.app.processes import PROCESSES, keep_database, require_free_port, supervisor_of
from warroom.app.supervisor import Process
from warroom.kernel.errors import InvalidError, WarRoomError
from warroom.kernel.settings import Configuration, NodeSettings

MARK = "demo.json"
FASTEST = 60
QUOTA_BYTES = 4 << 30
SITES = 468
CALLS_A_DAY = 650
READY_S = 120.0
_PACKAGES = Path(__file__).parents[2]
_MADE_BY = ("simcity/city/*.py", "warroom/app/demo*.py", "warroom/identity/sample.py")
"""The programs and tables that the first hour of a demo comes from."""

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NotADemoError(WarRoomError):
    """The data folder holds a real city (`folder`)."""

    code = "app.not_a_demo"


class DemoRunsError(WarRoomError):
    """A demo runs in this folder already (`folder`)."""

    code = "app.demo_runs"


class SpeedError(InvalidError):
    """A day does not pass so fast (`most` times at most)."""

    code = "app.demo_speed"


class CamerasError(InvalidError):
    """More or fewer cameras than the simulated city has sites (`most`)."""

    code = "app.demo_cameras"


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for."""

    cameras: int
    port: int
    rtsp_port: int
    onvif_port: int
    clips: str
    hour: float | None = None
    speed: float = 1.0
    calls: int = 0
    desk: bool = False


def demo(
    *,
    cameras: int = SITES,
    port: int = 8112,
    speed: float = 1.0,
    reset: bool = False,
    clips: str = "",
    hour: float | None = None,
    calls: int = CALLS_A_DAY,
    desk: bool = True,
) -> None:
    """Runs everything: database, all processes, a simulated Makassar; prints the address.

    Example: `warroom demo --cameras 100`.

    Args:
        cameras: How many of the 468 sites have a camera.
        port: Port of the web page on this machine.
        speed: So many times as fast the day of the city's traffic passes, from one rush hour to the
            next (at most 60); vehicles and pictures keep their own speed, and clocks tell the time.
        reset: Begin anew: forget accounts, footage and settings of an earlier demo.
        clips: Folder of video files to show instead of the drawn streets.
        hour: Hour of the day that the traffic begins at (17 is the evening peak); else now.
        calls: Calls to 112 in a day, by its hours (Makassar has 600 to 700); 0 is none.
        desk: Whether simulated people take the calls, and send to the incidents, that no person
            does.

    Raises:
        CamerasError: The city has no such number of sites.
        SpeedError: The day cannot pass so fast, or stands still.
    """
    if not 1 <= cameras <= SITES:
        raise CamerasError(most=SITES)
    if not 0 < speed <= FASTEST:
        raise SpeedError(most=FASTEST)
    _heed_signals()
    node = _prepare(port=port, reset=reset)
    # The cameras' addresses hold the port: the same as last time, or all of them are changed.
    rtsp_port = _free_port(_read_mark(node).get("rtsp_port", 8554))
    onvif_port = _free_port(_read_mark(node).get("onvif_port", 8580))
    plan = Plan(cameras, port, rtsp_port, onvif_port, clips, hour, speed, max(0, calls), desk)
    require_free_port(node.settings)
    (node.settings.data / "clips").mkdir(exist_ok=True)
    made_of = _made_of(plan)
    is_there = _cameras_file(node).exists() and _read_mark(node).get("made_of") == made_of
    try:
        if is_there:
            _say("PostgreSQL")
            with _heard_afterwards():
                start_database(node)
        else:
            _settle(node, plan)
            ports = {"rtsp_port": plan.rtsp_port, "onvif_port": plan.onvif_port}
            _write_mark(node.settings.data, made_of=made_of, **ports)
        asyncio.run(_run(node, plan))
    finally:
        if node.embedded is not None:
            node.embedded.stop()
    _say("Berhenti / stopped")


def _settle(node: Node, plan: Plan) -> None:
    """Makes the city and puts its agencies, people and cameras in place.

    What is there stays as it is, but for cameras that the city tells of otherwise now.
    """
    from warroom.app import demo_city  # noqa: PLC0415 - decision 51

    _say("Peta kota skematik / schematic city; PostgreSQL")
    with _city_being_written(node, plan), _heard_afterwards():
        start_database(node)
    _choose_cameras(node, plan, demo_city.demo_owners())
    _say(f"{plan.cameras} kamera simulasi / simulated cameras")
    premises = (node.settings.city / "premises.geojson").read_bytes()
    asyncio.run(demo_city.seed_demo(node, _cameras_file(node).read_bytes(), premises))


def _made_of(plan: Plan) -> str:
    """Stands for all that decides what `_settle` makes: where it is the same, nothing is to do."""
    digest = hashlib.sha256(repr((plan.cameras, plan.rtsp_port, plan.onvif_port)).encode())
    for path in sorted(path for pattern in _MADE_BY for path in _PACKAGES.glob(pattern)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _heed_signals() -> None:
    """Ends the start at Ctrl-C or a polite kill; a shell that put us behind it had Ctrl-C ignored.

    PostgreSQL is stopped on the way out. Once all runs, the supervisor hears the signals.
    """
    for number in _ENDING:
        signal.signal(number, signal.default_int_handler)


@contextmanager
def _heard_afterwards() -> Iterator[None]:
    """Keeps a signal until the block is done: a PostgreSQL half started could not be stopped.

    Raises:
        KeyboardInterrupt: One came.
    """
    heard: list[int] = []
    before = {number: signal.getsignal(number) for number in _ENDING}
    for number in _ENDING:
        signal.signal(number, lambda came, _frame: heard.append(came))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if heard:
            # It stands for whatever failed as well: Ctrl-C reaches the children first.
            raise KeyboardInterrupt


def _prepare(*, port: int, reset: bool) -> Node:
    """The node of the demo: its mark and its settings file are written where none are.

    Raises:
        NotADemoError: The folder holds something else.
        DemoRunsError: A demo is running there.
    """
    settings = Configuration.read(os.environ).section(NodeSettings)
    data = settings.data
    occupied = (data / "postgres").exists()
    if occupied and not (data / MARK).exists():
        raise NotADemoError(folder=str(data))
    if _answers(settings.run):
        raise DemoRunsError(folder=str(data))
    if reset:
        _clear(data)
    data.mkdir(parents=True, exist_ok=True)
    if not (data / MARK).exists():
        _write_mark(data)
    (data / "warroom.toml").write_text(
        "# Written by `warroom demo` at each start.\n"
        f'[warroom]\ndemo = true\nport = {port}\nworkstation = "WS-01"\nprofile = "makassar"\n\n'
        '[alerts]\nsender = "alert@makassar.example"\n\n'
        "[cameras]\nallow_loopback = true\n\n"
        f"[recording]\nallow_loopback = true\nquota_bytes = {QUOTA_BYTES}\n\n"
        '[live]\nwebrtc_bind_address = "127.0.0.1"\n\n'
        '[dispatch]\nopen_for = ["Dishub"]\nopen_after_min = 3.0\n\n'
        f'[calls]\nagency = "Diskominfo"\nport = {_free_sip_port(5060)}\n'
    )
    return open_node()


def _clear(data: Path) -> None:
    """Removes what a demo made; drawn clips stay, for they only cost time to make again."""
    embedded = open_node().embedded
    if embedded is not None:
        embedded.stop()
    for entry in data.iterdir() if data.exists() else ():
        if entry.name == "clips":
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _write_mark(data: Path, **more: str | int) -> None:
    mark = {"simulated": True, "city": "Makassar", **more}
    (data / MARK).write_text(json.dumps(mark))


def _read_mark(node: Node) -> dict[str, Any]:
    mark: dict[str, Any] = json.loads((node.settings.data / MARK).read_text())
    return mark


@contextmanager
def _city_being_written(node: Node, plan: Plan) -> Iterator[None]:
    """Has the city write its pack meanwhile; it is there at the end of the block.

    Raises:
        subprocess.CalledProcessError: It could not.
    """
    words = (
        sys.executable, "-m", "simcity", "city", "--out", str(node.settings.city),
        "--cameras-rtsp", f"rtsp://127.0.0.1:{plan.rtsp_port}",
        "--cameras-onvif", f"http://127.0.0.1:{plan.onvif_port}",
    )  # fmt: skip
    writing = subprocess.Popen(words, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    try:
        yield
        code = writing.wait()
    finally:
        writing.kill()  # does nothing to one that has ended
        writing.wait()
    if code:
        raise subprocess.CalledProcessError(code, words)


def _choose_cameras(node: Node, plan: Plan, owners: Sequence[str]) -> None:
    path = _cameras_file(node)
    sites: dict[str, Any] = json.loads(path.read_text("utf-8"))
    sites["features"] = choose_sites(sites["features"], plan.cameras, owners)
    path.write_text(json.dumps(sites, ensure_ascii=False), "utf-8")


def choose_sites(
    sites: Sequence[dict[str, Any]], most: int, owners: Sequence[str]
) -> list[dict[str, Any]]:
    """The first sites of the city, but some for each owner whose people show themselves.

    Up to half of the sites are of owners that would else have none: a demo of two dozen cameras
    shows a camat and the health office something too. Where there is room for one each and no
    more, the first owners have it.

    Args:
        sites: All sites, as GeoJSON features, by number.
        most: How many are wanted.
        owners: Short names of the agencies, the ones that see nothing else first.
    """
    room = most // 2
    chosen = list(sites[: most - room])
    there = {_owner(site) for site in chosen}
    of = {
        owner: [site for site in sites if _owner(site) == owner]
        for owner in owners
        if owner not in there
    }
    lacking = [owner for owner in of if of[owner]]
    each = max(1, min(3, room // len(lacking))) if lacking else 0
    added = [site for owner in lacking for site in of[owner][:each]][:room]
    rest = [site for site in sites[len(chosen) :] if site not in added]
    chosen += added + rest[: room - len(added)]
    return sorted(chosen, key=lambda site: int(site["properties"]["number"]))


def _owner(site: dict[str, Any]) -> str:
    return str(site["properties"]["owner"])


def _cameras_file(node: Node) -> Path:
    return node.settings.city / "cameras.geojson"


async def _run(node: Node, plan: Plan) -> None:
    clips = plan.clips or str(node.settings.data / "clips")
    city = Process(
        "simcity",
        (
            "simcity", "rtsp", "--port", str(plan.rtsp_port), "--cameras", str(plan.cameras),
            "--clips", clips, "--city", str(_cameras_file(node)),
            "--onvif-port", str(plan.onvif_port),
        ),
        stops_last=True,
    )  # fmt: skip
    supervisor = supervisor_of(node, [city, *PROCESSES])
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, supervisor.stop)
    tasks = [
        asyncio.create_task(_announce(node, plan)),
        asyncio.create_task(keep_database(node)),
        asyncio.create_task(keep_wal(node)),
    ]
    if not plan.clips:
        tasks.append(asyncio.create_task(_render(clips)))
    drive = demo_traffic.Drive(plan.port, plan.hour, plan.speed)
    tasks.append(asyncio.create_task(demo_traffic.run(node, drive, tasks[0])))
    calling = demo_calls.run(node, plan.calls, tasks[0], port=plan.port, staffed=plan.desk)
    tasks.append(asyncio.create_task(calling))
    await supervisor.run()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _render(clips: str) -> None:
    """Draws the clips that are missing, behind everything else; cameras show each once it is done.

    Its progress goes to our standard error.
    """
    renderer = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simcity", "clips", "--out", clips,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, process_group=0,
    )  # fmt: skip
    try:
        await renderer.wait()
    finally:
        if renderer.returncode is None:
            os.killpg(renderer.pid, signal.SIGTERM)
            await renderer.wait()


async def _announce(node: Node, plan: Plan) -> None:
    """Waits for the first answer, then prints the address and a way in for every role."""
    address = f"http://127.0.0.1:{plan.port}"
    # Loaded while the web server loads.
    links_of = await asyncio.to_thread(_load_links)
    began = time.monotonic()
    while not await asyncio.to_thread(_is_ready, address):
        if time.monotonic() - began > READY_S:
            _say(f"Belum menjawab; lihat / not answering yet; see {node.settings.data}/log")
            return
        await asyncio.sleep(0.1)
    links = await links_of(node)
    width = max(len(title) for title, _ in links)
    lines = [f"  {title:{width}}  {address}/masuk/{token}" for title, token in links]
    sys.stdout.write(
        f"\nWar Room  {address}\n"
        "Kota simulasi, peta skematik, rekaman paling banyak 4 GB (cincin).\n"
        "A simulated city on a schematic map; footage is a ring of at most 4 GB.\n\n"
        "Masuk sekali pakai / one-time sign-in:\n" + "\n".join(lines) + "\n\n"
        "Ctrl-C menghentikan semuanya / stops everything.\n"
    )
    sys.stdout.flush()


def _load_links() -> Callable[[Node], Awaitable[list[tuple[str, str]]]]:
    from warroom.app.demo_city import demo_links  # noqa: PLC0415 - decision 51

    return demo_links


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
    except OSError:  # also what urllib makes of an answer that says no
        return False


def _answers(run: Path) -> bool:
    """Whether a recorder of this folder is alive."""
    for path in run.glob("media-*.sock"):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except OSError:
                continue
            return True
    return False


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            number: int = probe.getsockname()[1]
            return number
    return wanted


def _free_sip_port(wanted: int) -> int:
    """A port that is free over UDP and TCP, this one where it can be."""
    for port in (wanted, 0):
        with (
            socket.socket(type=socket.SOCK_DGRAM) as datagrams,
            socket.socket() as streams,
        ):
            streams.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                datagrams.bind(("127.0.0.1", port))
                number: int = datagrams.getsockname()[1]
                streams.bind(("127.0.0.1", number))
                return number
    return wanted


def _say(text: str) -> None:
    sys.stderr.write(f"warroom: {text}\n")
    sys.stderr.flush()
