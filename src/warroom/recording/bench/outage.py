"""`warroom bench media --outage 5`: how soon cameras are recorded again after all were away.

The camera server is killed as by a loss of power, stays away, and comes back on the same port. What
is told is read from the disk's index afterwards: the start of the first footage of each camera
behind the outage. What the recorder believes of itself decides only how long is waited.
"""

import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from statistics import quantiles
from typing import Any

from warroom.kernel.clock import SystemClock
from warroom.recording.bench.media import (
    HOST,
    WARM_S,
    _end,
    _status,
    _wait_live,
    make_clip,
    start_simulator,
)
from warroom.recording.index_reader import IndexReader

GOAL_S = 5.0
WAIT_S = 60.0


def bench_outage(cameras: int = 468, outage_s: float = 5.0) -> dict[str, Any]:
    """Records simulated cameras, takes all of them away, and tells how soon each is back on disk.

    Args:
        cameras: Simulated cameras, 720p, 15 frames a second, 1 Mbit/s, a key frame every 2 s.
        outage_s: How long the camera server is away before it is started again.
    """
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="warroom-bench-") as name:
        folder = Path(name)
        clip_kbit_s = make_clip(folder / "clips")
        server, port = start_simulator(folder, cameras)
        recorder = None
        try:
            recorder = _start_recorder(folder, port, cameras)
            address = folder / "media.sock"
            live_s = _wait_live(address, cameras, WAIT_S)
            time.sleep(WARM_S)
            before = _status(address)["recording"]
            gone_ms = clock.now().timestamp() * 1000
            _end(server, signal.SIGKILL)
            # Its own start comes on top: away is told as measured.
            time.sleep(outage_s)
            server, _ = start_simulator(folder, cameras, port)
            back_ms = clock.now().timestamp() * 1000
            _wait_recording(address, cameras, WAIT_S)
            time.sleep(1.0)
        finally:
            if recorder is not None:
                _end(recorder)
            _end(server)
        starts, causes = _read_index(folder / "video", gone_ms, back_ms)
    return {
        "cameras": cameras,
        "outage_s": outage_s,
        "away_s": round((back_ms - gone_ms) / 1000, 2),
        **tell(starts, cameras),
        "gap_causes": causes,
        "recording_before": before,
        "all_live_after_s": live_s,
        "clip_kbit_s": clip_kbit_s,
    }


def tell(again_s: list[float], cameras: int) -> dict[str, Any]:
    """The figures of one outage.

    Args:
        again_s: Seconds from the server's return to the first footage, of each camera that has any.
        cameras: How many there should be.
    """
    again_s = sorted(again_s)
    shares = quantiles(again_s, n=100, method="inclusive") if len(again_s) > 1 else again_s * 99
    return {
        "recorded_again_s_p50": round(shares[49], 2) if shares else None,
        "recorded_again_s_p95": round(shares[94], 2) if shares else None,
        "recorded_again_s_max": round(again_s[-1], 2) if again_s else None,
        "within_5_s": sum(second <= GOAL_S for second in again_s),
        "missing": cameras - len(again_s),
    }


def _start_recorder(folder: Path, port: int, cameras: int) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-m", "warroom.recording.commands",
        "--url-pattern", f"rtsp://{HOST}:{port}/cam/{{n}}/main", "--first", "1",
        "--count", str(cameras), "--out", str(folder / "video"),
        "--socket", str(folder / "media.sock"),
    ]  # fmt: skip
    with (folder / "recorder.log").open("wb") as log:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)  # noqa: S603


def _wait_recording(address: Path, cameras: int, seconds: float) -> None:
    """Waits until every camera says that it is recorded, or until it is plain that some are not."""
    end = time.monotonic() + seconds
    # The recorder must have noticed the outage first: it says "recording" until then.
    while time.monotonic() < end:
        status = _status(address)
        if status.get("recording") == cameras and status.get("gaps", 0) >= cameras:
            return
        time.sleep(0.2)


def _read_index(video: Path, gone_ms: float, back_ms: float) -> tuple[list[float], dict[str, int]]:
    """Seconds from the return to each camera's first footage, and the causes of the gaps."""
    with closing(IndexReader(video)) as reader:
        starts = reader.db.execute(
            "select min(start_ms) from segment where start_ms > ? group by camera_id", (gone_ms,)
        ).fetchall()
        causes = reader.db.execute(
            "select cause from gap where start_ms between ? and ?", (gone_ms - 10_000, back_ms)
        )
        counted = Counter(row[0] for row in causes)
    return [max(0.0, (row[0] - back_ms) / 1000) for row in starts], dict(counted)
