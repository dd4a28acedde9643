"""A recorder in a thread, and watchers of it, for tests."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from warroom.recording.commands import wall_clock
from warroom.recording.contracts import Assignment, Gap, Kind, MessageReader, Segment
from warroom.recording.disk import Disk, Write
from warroom.recording.engine import Engine
from warroom.recording.index_reader import IndexReader
from warroom.recording.settings import DiskSettings, RecordingSettings

QUOTA = 1 << 40
WALL = wall_clock()


def settings(**changes: Any) -> RecordingSettings:
    """Settings for cameras on this machine: short segments, nothing removed."""
    values: dict[str, Any] = {
        "allow_loopback": True,
        "segment_s": 3.0,
        "reserve_bytes": 0,
        "keep_days": {},
        "tick_ms": 0.0,
    }
    return RecordingSettings(**(values | changes))


def wait_until(
    claim: Callable[[], object], seconds: float = 15.0, about: Callable[[], object] | None = None
) -> None:
    """Waits until a claim is true, and fails when it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return
        time.sleep(0.05)
    pytest.fail(f"did not happen within {seconds} s: {about() if about else ''}")


class Node:
    """An engine that runs in a thread, with one disk unless others are given."""

    def __init__(
        self,
        folder: Path,
        *,
        disks: list[Disk] | None = None,
        write: Write = os.write,
        quota: int = QUOTA,
        **changes: Any,
    ) -> None:
        self.settings = settings(**changes)
        self.folder = folder / "video"
        self.socket = folder / "m.sock"
        self.disks = disks or [
            Disk(DiskSettings(str(self.folder), quota), self.settings, WALL, write=write)
        ]
        for disk in self.disks:
            disk.start()
        for disk in self.disks:
            assert disk.is_ready.wait(10)
        self.engine = Engine(self.settings, self.disks, self.socket, WALL)
        self._thread = threading.Thread(target=self.engine.run)
        self._thread.start()

    def assign(self, *assignments: Assignment) -> None:
        self.engine.post(lambda: self.engine.assign(list(assignments)))

    def stop(self) -> None:
        if self._thread.is_alive():
            self.engine.stop()
            self._thread.join(20)

    def stream(self, camera: str = "c1", role: str = "main") -> Any:
        return self.engine.streams.get((camera, role))

    def is_live(self, *cameras: str) -> bool:
        streams = [self.stream(camera) for camera in cameras or ("c1",)]
        return all(stream is not None and stream.state == "live" for stream in streams)

    def reason(self, camera: str = "c1") -> str | None:
        stream = self.stream(camera)
        return stream.reason.value if stream is not None and stream.reason else None

    def record(self, seconds: float, camera: str = "c1") -> None:
        """Waits until a camera is live and that much of it was taken in."""
        wait_until(lambda: self.is_live(camera), 20, lambda: self.reason(camera))
        time.sleep(seconds)

    def segments(self, camera: str = "c1", role: str = "main") -> list[Segment]:
        return segments_of(self.folder, camera, role)

    def gaps(self, camera: str = "c1", role: str = "main") -> list[Gap]:
        with contextlib.closing(IndexReader(self.folder)) as reader:
            return reader.gaps_between(camera, role, 0, 1 << 52)


def segments_of(folder: Path, camera: str = "c1", role: str = "main") -> list[Segment]:
    with contextlib.closing(IndexReader(folder)) as reader:
        return reader.segments_between(camera, role, 0, 1 << 52)


@contextlib.contextmanager
def running(folder: Path, **options: Any) -> Iterator[Node]:
    node = Node(folder, **options)
    try:
        yield node
    finally:
        node.stop()


class Watching:
    """A client of the fan-out."""

    def __init__(self, path: Path) -> None:
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(str(path))
        self.stream.settimeout(10)
        self._reader = MessageReader()
        self._waiting: list[tuple[int, int, bytes]] = []

    def send(self, **command: Any) -> None:
        self.stream.sendall(json.dumps(command).encode() + b"\n")

    def next(self, kind: Kind | None = None) -> tuple[int, int, bytes]:
        """The next message, of that kind."""
        while True:
            while self._waiting:
                message = self._waiting.pop(0)
                if kind is None or message[0] == kind:
                    return message
            received = self.stream.recv(1 << 20)
            assert received, "the fan-out closed the connection"
            self._waiting += self._reader.feed(received)

    def close(self) -> None:
        self.stream.close()


def probe(path: Path, *wanted: str) -> dict[str, Any]:
    """What ffprobe says of a file; it must say nothing on stderr."""
    program = shutil.which("ffprobe")
    if program is None:
        pytest.skip("ffprobe is not installed")
    done = subprocess.run(
        [program, "-v", "warning", "-of", "json", *wanted, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "", done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def decode(path: Path) -> int:
    """Decodes a file with ffmpeg, which must not complain; returns the number of pictures."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    done = subprocess.run(
        [
            program,
            "-v",
            "warning",
            "-i",
            str(path),
            "-map",
            "0",
            "-fps_mode",
            "passthrough",
            "-enc_time_base",
            "1:90000",
            "-f",
            "null",
            "-",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    said = [line for line in done.stderr.splitlines() if "Guessed Channel Layout" not in line]
    assert said == [], done.stderr
    counted = probe(path, "-count_frames", "-show_entries", "stream=nb_read_frames,codec_type")
    video = [stream for stream in counted["streams"] if stream["codec_type"] == "video"]
    return int(video[0]["nb_read_frames"])
