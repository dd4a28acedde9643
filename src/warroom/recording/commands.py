"""The `warroom media` process, and a bare recorder for trials and benches."""

import argparse
import cProfile
import json
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from warroom.kernel import memory
from warroom.kernel.log import configure, logger
from warroom.recording.contracts import Assignment
from warroom.recording.control import AssignmentCache, Control, Gateway, Seals
from warroom.recording.disk import Disk
from warroom.recording.engine import Engine
from warroom.recording.settings import DiskSettings, RecordingSettings

READY_WAIT_S = 30.0

_log = logger("recording")


def wall_clock() -> Callable[[], float]:
    """Seconds since 1970 as a bare function: the loop asks it thousands of times a second."""
    return time.time  # noqa: TID251 - the hot path's clock; everything else uses kernel.clock


def open_disks(
    settings: RecordingSettings, folders: list[DiskSettings], wall: Callable[[], float]
) -> list[Disk]:
    """Starts the disks and waits until each was tried."""
    disks = [Disk(folder, settings, wall) for folder in folders]
    for disk in disks:
        disk.start()
    for disk in disks:
        disk.is_ready.wait(READY_WAIT_S)
    return disks


def run_media(
    *,
    node: str,
    data: Path,
    run: Path,
    settings: RecordingSettings,
    sealer: Seals,
    gateway: Callable[[], AbstractAsyncContextManager[Gateway]],
) -> None:
    """Records this node's cameras until SIGTERM or SIGINT.

    Args:
        node: Name of the node; its fan-out socket is `<run>/media-<node>.sock`.
        data: The node's folder.
        run: Folder of sockets.
        settings: Of the recorder.
        sealer: For the saved assignments, which hold camera passwords.
        gateway: Opens the inventory; called in the control thread.
    """
    wall = wall_clock()
    disks = open_disks(settings, settings.disk_list(data), wall)
    engine = Engine(settings, disks, run / f"media-{node}.sock", wall)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine.stop())
    control = Control(engine, AssignmentCache(data / f"media-{node}.cache", sealer), gateway)
    control.start()
    memory.keep_giving_back()
    _log.info("media_running", node=node, disks=len(disks))
    try:
        engine.run()
    finally:
        control.stop()


def _numbers(chosen: argparse.Namespace) -> range:
    return range(chosen.first, chosen.first + chosen.count)


def run_files(arguments: list[str]) -> int:
    """Records the URLs of a file, without any database: `python -m warroom.recording.commands`."""
    parser = argparse.ArgumentParser(description="Records RTSP cameras without a database.")
    parser.add_argument("--urls-file", type=Path, help="one URL per line; or use --url-pattern")
    parser.add_argument("--url-pattern", help="for instance rtsp://127.0.0.1:8554/cam{n}")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--segment-s", type=float, default=60.0)
    parser.add_argument("--quota-bytes", type=int, default=1 << 40)
    parser.add_argument("--ceiling-kbit-s", type=int, default=RecordingSettings().ceiling_kbit_s)
    parser.add_argument("--transport", choices=("tcp", "udp"), default="tcp")
    parser.add_argument("--profile", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.urls_file:
        urls = [line.strip() for line in chosen.urls_file.read_text().splitlines() if line.strip()]
    else:
        urls = [chosen.url_pattern.format(n=number) for number in _numbers(chosen)]
    configure()
    settings = RecordingSettings(
        allow_loopback=True,
        segment_s=chosen.segment_s,
        reserve_bytes=0,
        keep_days={},
        ceiling_kbit_s=chosen.ceiling_kbit_s,
    )
    wall = wall_clock()
    disks = open_disks(settings, [DiskSettings(str(chosen.out), chosen.quota_bytes)], wall)
    engine = Engine(settings, disks, chosen.socket, wall)
    engine.assign(
        [
            Assignment(str(uuid5(NAMESPACE_URL, url)), "main", url, transport=chosen.transport)
            for url in urls
        ]
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: engine.stop())
    if chosen.seconds:
        signal.signal(signal.SIGALRM, lambda *_: engine.stop())
        signal.setitimer(signal.ITIMER_REAL, chosen.seconds)
    if chosen.profile:
        profile = cProfile.Profile()
        profile.runcall(engine.run)
        profile.dump_stats(chosen.profile)
    else:
        engine.run()
    sys.stdout.write(json.dumps(engine.status()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(run_files(sys.argv[1:]))
