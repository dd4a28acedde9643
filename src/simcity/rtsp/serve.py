"""The command that serves cameras: clips from a folder, the control door, exact times."""

import argparse
import contextlib
import json
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from simcity import clock
from simcity.daylight import period_at
from simcity.onvif.door import OnvifDoor
from simcity.rtsp import faults, testclip
from simcity.rtsp.audio import AudioTrack, make_track
from simcity.rtsp.clip import Clip
from simcity.rtsp.control import ControlDoor
from simcity.rtsp.encode import recode
from simcity.rtsp.faults import Fault
from simcity.rtsp.library import Library
from simcity.rtsp.login import Login, Scheme
from simcity.rtsp.server import RtspServer
from simcity.rtsp.stream import Camera

LOOK_EVERY_S = 1.0  # at the folder, for clips that have become ready, and at the daylight


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `simcity rtsp`."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8554)
    parser.add_argument("--control-port", type=int, help="port of the control door, 0 = any")
    parser.add_argument(
        "--onvif-port", type=int, metavar="PORT", help="cameras of --city that turn do so here"
    )
    parser.add_argument(
        "--cameras",
        type=int,
        default=468,
        metavar="N",
        help="numbers 1 to N, or the first N of --city",
    )
    parser.add_argument("--clips", type=Path, help="folder of clips; without it a test picture")
    parser.add_argument("--clip-cache", type=Path, help="where video files taken as clips are kept")
    parser.add_argument("--fps", type=int, default=8, help="of the test picture")
    parser.add_argument("--city", type=Path, help="cameras.geojson: sites get pictures that fit")
    parser.add_argument("--period", choices=("auto", "any", "day", "dusk", "night"), default="auto")
    parser.add_argument("--login", metavar="NAME:PASSWORD", help="asked for by all cameras")
    parser.add_argument(
        "--auth", choices=("basic", "digest", "sha256", "both"), default="digest", help="scheme"
    )
    parser.add_argument(
        "--hevc", default="", metavar="N,N", help="cameras with H.265 and an H.264 sub-stream"
    )
    parser.add_argument("--audio", choices=("aac", "pcma", "pcmu"), help="sound track of all")
    parser.add_argument("--session-timeout", type=int, default=60, metavar="S")
    parser.add_argument(
        "--fault", action="append", default=[], type=_fault, metavar="CAMERA=FAULT[:VALUE]"
    )
    parser.add_argument("--exact-times", type=Path, help="write what GET /cameras answers here")


def _fault(text: str) -> tuple[int, Fault]:
    try:
        return faults.parse(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    wanted: dict[int, Fault] = dict(options.fault)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # main and sub of 468 need over 1024
    try:
        server = RtspServer(
            host=options.host, port=options.port, session_timeout_s=options.session_timeout
        )
    except OSError as problem:
        sys.stderr.write(f"cannot serve on {options.host}:{options.port}: {problem.strerror}\n")
        return 1
    stop = threading.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: stop.set())
    crew = _Crew(server, options, wanted)
    with (
        server,
        ControlDoor(server, options.control_port or 0) as door,
        _heads(options) or contextlib.nullcontext(),
    ):
        crew.enlist()
        _report(server, door, options)
        while not stop.wait(LOOK_EVERY_S):
            crew.enlist()
    return 0


def _heads(options: argparse.Namespace) -> OnvifDoor | None:
    """Where the cameras of the city that turn are asked to, if that is wanted."""
    if options.onvif_port is None:
        return None
    rows = _properties(options.city) if options.city else []
    turning = [row["number"] for row in rows if row.get("ptz")]
    return OnvifDoor(turning, options.onvif_port, _login(options))


def _report(server: RtspServer, door: ControlDoor, options: argparse.Namespace) -> None:
    ready = {"port": server.port, "control_port": door.port, "cameras": options.cameras}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    if options.exact_times:
        partial = options.exact_times.with_suffix(".part")
        partial.write_text(json.dumps(server.state()) + "\n")
        partial.replace(options.exact_times)


class _Crew:
    """Gives every camera its clip, and another one when more are ready or evening comes."""

    def __init__(
        self, server: RtspServer, options: argparse.Namespace, wanted: dict[int, Fault]
    ) -> None:
        self._server, self._wanted = server, wanted
        self._period = options.period
        self._login = _login(options)
        self._audio: AudioTrack | None = make_track(options.audio) if options.audio else None
        self._sites = _sites(options.city)
        self._numbers = (list(self._sites) or range(1, options.cameras + 1))[: options.cameras]
        self._library = Library(options.clips, options.clip_cache) if options.clips else None
        self._test_clip = None if options.clips else testclip.make_clip(fps=options.fps)
        self._hevc = {int(word) for word in options.hevc.split(",") if word.strip()}
        self._recoded: dict[str, Clip] = {}
        self._serving: dict[int, Camera] = {}
        self._shown: list[str] | None = None

    def enlist(self) -> None:
        """Bring the server up to date."""
        new = self._refresh()
        words = self._words()
        if words == self._shown and not new:
            return
        self._shown = words
        # the others first: recoding takes seconds
        for number in sorted(self._numbers, key=lambda number: number in self._hevc):
            camera = self._camera(number, words)
            if camera is not None and camera != self._serving.get(number):
                self._serving[number] = camera
                self._server.add(camera)
        for number in [number for number in self._wanted if number in self._serving]:
            fault = self._wanted.pop(number)
            self._server.fault(number, fault.kind, fault.value, fault.where)

    def _refresh(self) -> list[str]:
        if self._library is None:
            return []
        known = set(self._library.broken)
        new = self._library.refresh()
        for name in self._library.broken.keys() - known:
            sys.stderr.write(f"clip {name} is broken: {self._library.broken[name]}\n")
        return new

    def _words(self) -> list[str]:
        if self._period == "any":
            return []
        return [period_at(clock.wall_s()) if self._period == "auto" else self._period]

    def _camera(self, number: int, words: list[str]) -> Camera | None:
        site = self._sites.get(number)
        main, sub = self._test_clip, None
        if self._library is not None:
            try:
                main, sub = self._library.clips_for(number, *words, *([site] if site else []))
            except LookupError:
                return None
        if main is None:
            return None
        if number in self._hevc:
            main, sub = self._in_h265(main), main
        return Camera(number=number, main=main, sub=sub, audio=self._audio, login=self._login)

    def _in_h265(self, clip: Clip) -> Clip:
        if clip.name not in self._recoded:
            self._recoded[clip.name] = recode(clip, "h265")
        return self._recoded[clip.name]


def _login(options: argparse.Namespace) -> Login | None:
    if not options.login:
        return None
    name, _, password = options.login.partition(":")
    schemes: dict[str, tuple[Scheme, ...]] = {"both": ("sha256", "digest")}
    return Login(name, password, schemes.get(options.auth, (options.auth,)))


def _sites(path: Path | None) -> dict[int, str]:
    """Return which kind of picture fits each camera, by number: a junction or a road."""
    rows = [] if path is None else _properties(path)
    return {row["number"]: "simpang" if row["kind"] == "simpang" else "jalan" for row in rows}


def _properties(path: Path) -> list[dict[str, Any]]:
    return [feature["properties"] for feature in json.loads(path.read_text())["features"]]
