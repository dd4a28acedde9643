"""`warroom bench`: the benchmarks of docs/benchmarks.md; one JSON object on stdout."""

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cyclopts
import msgspec

from warroom.kernel.errors import InvalidError

app = cyclopts.App(name="bench", help="Benchmarks, each with its floor or peer beside it.")


class NoExtractError(InvalidError):
    """What a cycle costs is measured on the extract of a city, and none is named."""

    code = "app.bench_no_extract"


def _origin() -> dict[str, Any]:
    """On what a figure was measured: machine, load, and commit where this is a checkout."""
    git, root = shutil.which("git"), Path(__file__).parents[3]
    commit = None
    if git is not None and (root / ".git").exists():
        asked = subprocess.run(  # noqa: S603 - fixed words
            [git, "-C", str(root), "rev-parse", "--short=12", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
        commit = asked.stdout.strip() or None
    return {
        "commit": commit,
        "cpus": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2),
    }


def _print(result: dict[str, Any], *, json: bool) -> None:
    encoded = msgspec.json.encode(result | {"machine": _origin()})
    print((encoded if json else msgspec.json.format(encoded, indent=2)).decode())  # noqa: T201


@app.command
def media(
    *, cameras: int = 468, seconds: float = 20, outage: float | None = None, json: bool = False
) -> None:
    """Recording: CPU per camera beside a bare socket-to-disk loop and ffmpeg.

    Example: `warroom bench media --cameras 468 --seconds 20 --json`. With `--outage 5` it measures
    instead how soon every camera is recorded again after all of them were away for so long.

    Args:
        cameras: Simulated cameras at 1 Mbit/s.
        seconds: Length of the measured window.
        outage: Take the camera server away for so many seconds, and measure the return alone.
        json: One line instead of a readable object.
    """
    from warroom.recording.bench import (  # noqa: PLC0415 - heavy, and for benches only
        bench_media,
        bench_outage,
    )

    if outage is None:
        _print(bench_media(cameras=cameras, seconds=seconds), json=json)
    else:
        _print(bench_outage(cameras=cameras, outage_s=outage), json=json)


@app.command
def failover(*, cameras: int = 24, json: bool = False) -> None:
    """Many nodes: one of three recorders dies and comes back; what two web servers say of it.

    Example: `warroom bench failover --json`.

    Args:
        cameras: Simulated cameras at 1 Mbit/s.
        json: One line instead of a readable object.
    """
    from warroom.app.bench.failover import bench_failover  # noqa: PLC0415 - for benches only

    _print(bench_failover(cameras), json=json)


@app.command
def calls(*, calls: int = 60, legs: int = 0, seconds: float = 12, json: bool = False) -> None:
    """Calls at once: packets lost, CPU of a call, answer. Example: `warroom bench calls --json`.

    With `--legs 30` thirty agents have their legs in a real Chromium: CPU of the edge for a minute
    of a call, and how late the caller is heard.

    Args:
        calls: Calls at once.
        legs: Agents with a leg and a call each, in a real browser, in the place of `calls`.
        seconds: Length of the measured window; with `--legs` of each call, at least 5.
        json: One line instead of a readable object.
    """
    from warroom.calls.bench import (  # noqa: PLC0415 - heavy, and for benches only
        bench_calls,
        bench_legs,
    )

    if legs:
        _print(bench_legs(legs, seconds), json=json)
    else:
        _print(bench_calls(calls=calls, seconds=seconds), json=json)


@app.command(name="sip-flood")
def sip_flood(
    *, rate: int = 5000, calls: int = 60, seconds: float = 10, json: bool = False
) -> None:
    """A trunk's calls while strangers flood the port. Example: `warroom bench sip-flood --json`.

    Beside it the floor: the same calls without a flood. Also what strangers get back.

    Args:
        rate: Requests of strangers a second, from 400 addresses of loopback.
        calls: Calls of the trunk, one after the other in `seconds`.
        seconds: Length of each of the two windows.
        json: One line instead of a readable object.
    """
    from warroom.calls.bench import bench_sip_flood  # noqa: PLC0415 - heavy, and for benches only

    _print(bench_sip_flood(rate=rate, calls=calls, seconds=seconds), json=json)


@app.command
def live(
    *, viewers: int = 100, seconds: float = 15, browser: bool = False, json: bool = False
) -> None:
    """Live view: CPU per viewer, first frame, latency. Example: `warroom bench live --json`.

    Args:
        viewers: Viewers at once.
        seconds: Length of the measured window.
        browser: Also nine tiles in a real browser, MSE and WebRTC.
        json: One line instead of a readable object.
    """
    from warroom.live.bench import bench_live  # noqa: PLC0415 - heavy, and for benches only

    _print(bench_live(viewers=viewers, seconds=seconds, browser=browser), json=json)


@app.command
def api(
    *,
    cameras: int = 468,
    users: int = 0,
    agencies: int = 0,
    grants: int = 0,
    json: bool = False,
) -> None:
    """Lists under scope: CPU per list of cameras. Example: `warroom bench api --json`.

    With `--users 1000 --agencies 200 --grants 500` it fills a whole city and measures what rights
    cost: lists, single checks, and making a scope, each beside its floor.

    Args:
        cameras: Cameras in the inventory.
        users: People in the city.
        agencies: Agencies in the city; with 0 one person sees everything.
        grants: Grants that reach one person.
        json: One line instead of a readable object.
    """
    if agencies:
        from warroom.app.bench.scoped import bench_scoped  # noqa: PLC0415 - for benches only

        _print(bench_scoped(cameras, max(users, agencies), agencies, grants), json=json)
        return
    from warroom.app.bench.api import bench_api  # noqa: PLC0415 - heavy, and for benches only

    _print(bench_api(cameras), json=json)


@app.command
def audit(
    *, writers: int = 16, seconds: float = 5, verify_rows: int = 1_000_000, json: bool = False
) -> None:
    """The audit: durable entries a second, and the walk. Example: `warroom bench audit --json`.

    Args:
        writers: Writers at once, each with a connection of its own.
        seconds: Length of each measured window.
        verify_rows: Entries that the walk passes.
        json: One line instead of a readable object.
    """
    from warroom.app.bench.audit import bench_audit  # noqa: PLC0415 - heavy, and for benches only

    _print(bench_audit(writers, seconds, verify_rows), json=json)


@app.command
def realtime(
    *, clients: int = 200, rate: int = 10, seconds: float = 10, json: bool = False
) -> None:
    """Events to browser tabs: share of a core. Example: `warroom bench realtime --json`.

    Args:
        clients: Tabs at once.
        rate: Events per second, each to every tab.
        seconds: Length of the measured window.
        json: One line instead of a readable object.
    """
    from warroom.app.bench.realtime import bench_realtime  # noqa: PLC0415 - for benches only

    _print(bench_realtime(clients, rate, seconds), json=json)


@app.command
def dispatch(
    *, units: int = 200, operators: int = 100, seconds: float = 20, json: bool = False
) -> None:
    """Units recommended, intake, and screens. Example: `warroom bench dispatch --json`.

    Args:
        units: Units of five agencies.
        operators: Operators on WebSockets.
        seconds: How long ten call takers type.
        json: One line instead of a readable object.
    """
    from warroom.app.bench.dispatch import bench_dispatch  # noqa: PLC0415 - for benches only

    _print(bench_dispatch(units, operators, seconds), json=json)


@app.command
def hostile(door: list[str] | None = None, *, quick: bool = False, json: bool = False) -> None:
    """Plays the outsider at every door. Example: `warroom bench hostile --json`.

    Args:
        door: Only these doors; all if none is named.
        quick: Fewer and shorter attacks.
        json: One line instead of a readable object.

    Raises:
        SystemExit: With 1, when a door did not hold.
    """
    from warroom.app.bench.hostile import bench_hostile  # noqa: PLC0415 - for benches only

    result = bench_hostile(door or (), quick=quick)
    _print(result, json=json)
    if result["failed"]:
        raise SystemExit(1)


@app.command
def soak(
    *, minutes: float = 60, cameras: int = 24, segment_s: float = 60.0, json: bool = False
) -> None:
    """A node in use for long, and how its processes grow. Example: `warroom bench soak --json`.

    Args:
        minutes: How long; the first third warms it up.
        cameras: Simulated cameras.
        segment_s: Length of a segment; short ones make many rows in little time.
        json: One line instead of a readable object.
    """
    from warroom.app.bench.soak import bench_soak  # noqa: PLC0415 - heavy, and for benches only

    _print(bench_soak(minutes, cameras=cameras, segment_s=segment_s), json=json)


@app.command
def ingest(*, osm: Path, vehicles: int = 2000, seconds: int = 20, json: bool = False) -> None:
    """Positions in: read, judged, matched, stored; beside reading and a bare COPY alone.

    Example: `warroom bench ingest --osm jakarta_roads.osm.pbf --json`

    Args:
        osm: OpenStreetMap extract of the city.
        vehicles: Vehicles that send one position a second.
        seconds: How many positions each sends.
        json: One line instead of a readable object.
    """
    from warroom.app.bench.ingest import bench_ingest  # noqa: PLC0415 - for benches only

    _print(bench_ingest(osm, vehicles, seconds), json=json)


@app.command
def routing(*, osm: Path, profile: str = "fire", json: bool = False) -> None:
    """Routes over a real city, checked against scipy. Example: `warroom bench routing --osm X.pbf`.

    Args:
        osm: OpenStreetMap extract of the city.
        profile: car, fire, ambulance or police.
        json: One line instead of a readable object.
    """
    from warroom.routing.bench import bench_routing  # noqa: PLC0415 - heavy, and for benches only

    _print(bench_routing(osm, profile), json=json)


@app.command
def traffic(
    *,
    quick: bool = False,
    whole: bool = False,
    seed: list[int] | None = None,
    work: Path = Path("var/bench-traffic"),
    workers: int | None = None,
    cycle: bool = False,
    osm: Path | None = None,
    vehicles: int = 2000,
    json: bool = False,
) -> None:
    """The state of all roads, jams and ways of fire engines against SUMO's truth.

    Example: `warroom bench traffic --quick --json`. Needs the extra `sim`. With `--cycle --osm
    X.osm.pbf` it measures instead what a cycle costs; it does so too where only `--osm` is given.

    Args:
        quick: Three seeds and fewer trips, in less than a minute.
        whole: The whole schematic city, in place of its inner part.
        seed: Others than those that are reported; may be given several times.
        work: Folder in which networks and demand are kept.
        workers: Evenings at a time; one more than processors if not given.
        cycle: What a cycle costs over the city of `--osm`, in place of all that.
        osm: OpenStreetMap extract of a city.
        vehicles: Positions a second of it.
        json: One line instead of a readable object.

    Raises:
        NoExtractError: `--cycle` without `--osm`.
        NoSimulatorError: SUMO is not there, or broke off.
    """
    if cycle or osm is not None:
        if osm is None:
            raise NoExtractError
        from warroom.traffic.bench import bench_cycle  # noqa: PLC0415 - for benches only

        _print(bench_cycle(osm, vehicles), json=json)
        return
    from warroom.app.bench.traffic import bench_traffic  # noqa: PLC0415 - for benches only

    _print(
        bench_traffic(work, quick=quick, whole=whole, seeds=seed or (), workers=workers), json=json
    )
