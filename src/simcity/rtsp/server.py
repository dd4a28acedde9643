"""The RTSP server: one loop, one timer, one `send` per camera and picture.

Every clip is packetised once. When a picture is due, sequence numbers and timestamps are patched
into its packets in place and the whole picture goes out in one system call per viewer. Cameras are
spread over 15 phases of the picture interval and begin at different moments of their clip, so that
neither pictures nor key frames of hundreds of cameras coincide.
"""

import contextlib
import heapq
import itertools
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

from simcity import clock
from simcity.rtsp import faults
from simcity.rtsp.answers import Place, answer
from simcity.rtsp.clip import Clip
from simcity.rtsp.faults import Fault
from simcity.rtsp.login import Login
from simcity.rtsp.stream import SLOTS, Camera, Role, Stream, make_stream
from simcity.rtsp.variants import make_variant
from simcity.rtsp.viewer import BadRequestError, Outlets, Request, Viewer

REPORT_EVERY_S = 5.0
LATE_S = 2.0  # a loop that was held up for longer leaves pictures out instead of catching up
DRIP_EVERY_S = 0.25
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


@dataclass(slots=True, eq=False)
class Beat:
    """Streams of one rate and phase; only those that are watched are in `streams`."""

    fps: Fraction
    slot: int
    streams: dict[Stream, None] = field(default_factory=dict)
    is_queued: bool = False
    k: int = 0

    def due_s(self, k: int) -> float:
        """Return after how many seconds from the start picture `k` is due."""
        return float((k + Fraction(self.slot, SLOTS)) / self.fps)

    def next_k(self, elapsed_s: float) -> int:
        """Return the first picture due after `elapsed_s`."""
        return max(0, int(elapsed_s * self.fps - self.slot / SLOTS) + 1)


class RtspServer:
    """Serves cameras on `rtsp://host:port/cam/<number>/main` (and `/sub`).

    Use it in a thread (`with RtspServer(...) as server:` or `start` and `stop`) or run the loop
    yourself (`run`). All methods may be called from any thread.
    """

    def __init__(
        self,
        cameras: Iterable[Camera] = (),
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        udp: bool = True,
        session_timeout_s: int = 60,
        rtcp_keeps_alive: bool = True,
    ) -> None:
        self._timeout_s = session_timeout_s
        self._rtcp_keeps_alive = rtcp_keeps_alive
        self._streams: dict[tuple[int, Role], Stream] = {}
        self._cameras: dict[int, Camera] = {}
        self._faults: dict[int, Fault] = {}
        self._beats: dict[tuple[Fraction, int], Beat] = {}
        self._queue: list[tuple[float, int, Beat]] = []
        self._order = itertools.count()
        self._viewers: set[Viewer] = set()
        self._commands: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop_thread: int | None = None
        self._listener = _listen(host, port)
        self._selector = selectors.DefaultSelector()
        self.host, self.port = host, int(self._listener.getsockname()[1])
        self._outlets = _udp_pair(host) if udp else Outlets(None, None)
        self._waker, self._wake_end = socket.socketpair()
        self._started_s = clock.monotonic_s()
        self._chores_s = 0.0
        self._register_sockets()
        self.pictures_sent = 0
        for camera in cameras:
            self._add(camera)

    @classmethod
    def of(
        cls, clip: Clip, cameras: int = 1, *, login: Login | None = None, **settings: Any
    ) -> Self:
        """Return a server of cameras 1 to `cameras` that all show one clip."""
        numbers = range(1, cameras + 1)
        return cls([Camera(number=n, main=clip, login=login) for n in numbers], **settings)

    # -- from any thread ------------------------------------------------------------------------
    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="rtsp-cameras", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close all connections and end the loop."""
        self._stopping.set()
        if self._thread is not None:
            self._wake()
            self._thread.join()
            self._thread = None
        elif self._loop_thread is None:
            self._close_all()
        else:
            self._wake()

    def url(self, camera: int, role: Role = "main") -> str:
        """Return the address of a stream."""
        return f"rtsp://{self.host}:{self.port}/cam/{camera}/{role}"

    def fault(
        self, camera: int, kind: str, value: float | None = None, where: str | None = None
    ) -> None:
        """Make a camera fail as `faults.KINDS` says; replaces the fault it had.

        Raises:
            ValueError: there is no such kind of fault.
            KeyError: there is no such camera.
        """
        fault = faults.fault(kind, value, where)
        shown = {}
        for role in ("main", "sub"):
            stream = self._streams.get((camera, role))
            if stream is not None and kind in faults.PICTURES:
                index = stream.index(self._beat(stream).k)
                shown[stream] = make_variant(self._own_clip(stream), kind, index)
        self._call(lambda: self._apply(camera, fault, shown))

    def clear(self, camera: int) -> None:
        """Make a camera work again.

        Raises:
            KeyError: there is no such camera.
        """
        self._call(lambda: self._apply(camera, None, {}))

    def add(self, camera: Camera) -> None:
        """Add a camera, or give a camera other clips, which it shows from now on."""
        self._call(lambda: self._add(camera))

    def state(self) -> dict[str, Any]:
        """Return cameras, faults and all that is needed to compute the time of each picture."""
        state: dict[str, Any] = self._call(self._state)
        return state

    def _call(self, command: Callable[[], Any]) -> Any:
        if self._loop_thread in {None, threading.get_ident()} and self._thread is None:
            return command()
        done: Future[Any] = Future()
        self._commands.append((command, done))
        self._wake()
        return done.result(timeout=10)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    # -- the loop -------------------------------------------------------------------------------
    def run(self) -> None:
        """Serve until `stop` is called, then close everything."""
        self._loop_thread = threading.get_ident()
        try:
            while not self._stopping.is_set():
                self._play_due()
                for key, events in self._selector.select(self._idle_s()):
                    key.data(events)
                self._do_chores()
        finally:
            self._close_all()

    def _elapsed_s(self) -> float:
        return clock.monotonic_s() - self._started_s

    def _idle_s(self) -> float:
        until = self._queue[0][0] if self._queue else self._chores_s
        return max(0.0, min(until, self._chores_s) - self._elapsed_s())

    def _play_due(self) -> None:
        now = self._elapsed_s()
        while self._queue and self._queue[0][0] <= now:
            due, _, beat = heapq.heappop(self._queue)
            if not beat.streams:
                beat.is_queued = False
                continue
            if now - due > LATE_S:
                beat.k = beat.next_k(now)
            else:
                self._play_beat(beat, now)
                beat.k += 1
            heapq.heappush(self._queue, (beat.due_s(beat.k), next(self._order), beat))
            now = self._elapsed_s()

    def _play_beat(self, beat: Beat, now: float) -> None:
        k, nothing = beat.k, (b"", b"")
        for stream in list(beat.streams):
            video = stream.video(k)
            sound = stream.sound(k) if stream.audio is not None else None
            is_due = now >= stream.next_report_s
            if is_due:
                stream.next_report_s = now + REPORT_EVERY_S
            for viewer in list(stream.viewers):
                reports = nothing
                if is_due or not viewer.reported:
                    viewer.reported = True
                    wall = clock.wall_s() - (self._elapsed_s() - beat.due_s(k))
                    reports = (stream.report(k, wall), stream.report(k, wall, audio=True))
                viewer.deliver(video, sound, reports)
                if viewer.dead:
                    self._close(viewer)
            self.pictures_sent += len(stream.viewers)

    def _do_chores(self) -> None:
        if self._commands:
            self._run_commands()
        now = self._elapsed_s()
        if now < self._chores_s:
            return
        self._chores_s = now + DRIP_EVERY_S
        for viewer in list(self._viewers):
            if viewer.rate_bytes_s:
                viewer.drip(DRIP_EVERY_S)
            if viewer.session and now - viewer.touched_s > self._timeout_s:
                viewer.dead = True
            if viewer.dead:
                self._close(viewer)

    def _run_commands(self) -> None:
        while self._commands:
            command, done = self._commands.popleft()
            try:
                done.set_result(command())
            except Exception as problem:  # noqa: BLE001 - goes to the caller in the other thread
                done.set_exception(problem)

    # -- sockets --------------------------------------------------------------------------------
    def _register_sockets(self) -> None:
        for sock in (self._listener, self._wake_end):
            sock.setblocking(False)
        self._selector.register(self._listener, _READ, self._accept)
        self._selector.register(self._wake_end, _READ, self._woken)
        for outlet in (self._outlets.rtp, self._outlets.rtcp):
            if outlet is not None:
                self._selector.register(outlet, _READ, self._make_udp_reader(outlet))

    def _woken(self, _: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_end.recv(4096)
        self._run_commands()

    def _make_udp_reader(self, outlet: socket.socket) -> Callable[[int], None]:
        def read(_: int) -> None:
            with contextlib.suppress(OSError):
                sender = outlet.recvfrom(4096)[1]
                for viewer in self._viewers:
                    where = viewer.video
                    if self._rtcp_keeps_alive and getattr(where, "rtcp", None) == sender:
                        viewer.touched_s = self._elapsed_s()

        return read

    def _accept(self, _: int) -> None:
        with contextlib.suppress(OSError):  # no more, or no descriptor left for it
            while True:
                sock, peer = self._listener.accept()
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                viewer = Viewer(sock, peer[0], self._outlets, self._elapsed_s(), self._want_write)
                self._viewers.add(viewer)
                self._selector.register(sock, _READ, self._make_reader(viewer))

    def _want_write(self, viewer: Viewer, wanted: bool) -> None:  # noqa: FBT001 - a callback
        if viewer in self._viewers:
            key = self._selector.get_key(viewer.sock)
            self._selector.modify(viewer.sock, _READ | _WRITE if wanted else _READ, key.data)

    def _make_reader(self, viewer: Viewer) -> Callable[[int], None]:
        def ready(events: int) -> None:
            try:
                if events & _WRITE:
                    viewer.writable()
                if events & _READ:
                    self._read(viewer)
            except Exception:  # noqa: BLE001 - what one client sent must not stop the others
                viewer.dead = True
            if viewer.dead:
                self._close(viewer)

        return ready

    def _read(self, viewer: Viewer) -> None:
        try:
            received = viewer.sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            viewer.dead = True
            return
        try:
            for request in viewer.requests(received):
                if request is not None or self._rtcp_keeps_alive:
                    viewer.touched_s = self._elapsed_s()
                if request is not None and not viewer.dead:
                    self._answer(viewer, request)
        except BadRequestError:
            viewer.say(b"RTSP/1.0 400 Bad Request\r\n\r\n")
            viewer.dead = True

    def _answer(self, viewer: Viewer, request: Request) -> None:
        answer(self, viewer, request)

    def _close(self, viewer: Viewer) -> None:
        if viewer not in self._viewers:
            return
        self.pause(viewer)
        self._viewers.discard(viewer)
        self._selector.unregister(viewer.sock)
        viewer.sock.close()

    def _close_all(self) -> None:
        for viewer in list(self._viewers):
            self._close(viewer)
        self._selector.close()
        outlets = (self._outlets.rtp, self._outlets.rtcp)
        for sock in (self._listener, self._waker, self._wake_end, *outlets):
            if sock is not None:
                sock.close()

    # -- what answers need (Host) ---------------------------------------------------------------
    def stream_at(self, place: Place) -> Stream | None:
        """Return the stream at a place, or None."""
        return self._streams.get((place.number, place.role))

    def fault_of(self, number: int) -> Fault | None:
        """Return what a camera was told to do wrong."""
        return self._faults.get(number)

    def login_of(self, number: int) -> Login | None:
        """Return name and password of a camera."""
        camera = self._cameras.get(number)
        return camera.login if camera else None

    def server_ports(self) -> tuple[int, int] | None:
        """Return the UDP ports for RTP and RTCP, or None without UDP."""
        if self._outlets.rtp is None or self._outlets.rtcp is None:
            return None
        return (
            int(self._outlets.rtp.getsockname()[1]),
            int(self._outlets.rtcp.getsockname()[1]),
        )

    def session_timeout_s(self) -> int:
        """Return after how many silent seconds a session ends."""
        return self._timeout_s

    def play(self, viewer: Viewer, stream: Stream) -> tuple[int, int]:
        """Begin to send; return sequence number and timestamp of the first picture."""
        beat = self._beat(stream)
        if viewer not in stream.viewers:
            stream.viewers.append(viewer)
        beat.streams[stream] = None
        if not beat.is_queued:
            beat.is_queued, beat.k = True, beat.next_k(self._elapsed_s())
            heapq.heappush(self._queue, (beat.due_s(beat.k), next(self._order), beat))
        return stream.sequence, stream.timestamp(beat.k)

    def pause(self, viewer: Viewer) -> None:
        """Stop sending to a viewer."""
        stream, viewer.playing, viewer.reported = viewer.stream, False, False
        if stream is None:
            return
        if viewer in stream.viewers:
            stream.viewers.remove(viewer)
        if not stream.viewers:
            self._beat(stream).streams.pop(stream, None)

    # -- cameras --------------------------------------------------------------------------------
    def _beat(self, stream: Stream) -> Beat:
        key = (stream.clip.fps, stream.slot)
        if key not in self._beats:
            self._beats[key] = Beat(*key)
        return self._beats[key]

    def _own_clip(self, stream: Stream) -> Clip:
        camera = self._cameras[stream.number]
        return camera.sub if stream.role == "sub" and camera.sub is not None else camera.main

    def _add(self, camera: Camera) -> None:
        self._cameras[camera.number] = camera
        roles: tuple[Role, Role] = ("main", "sub")
        for role in roles:
            fresh = make_stream(camera, role)
            if fresh is not None:
                self._put(fresh)

    def _put(self, fresh: Stream) -> None:
        place = (fresh.number, fresh.role)
        old = self._streams.get(place)
        if old is None:
            self._streams[place] = fresh
            return
        if old.clip.fps != fresh.clip.fps:  # another rate is another session
            for viewer in list(old.viewers):
                self._close(viewer)
            fresh.fault, fresh.fault_since_k = old.fault, old.fault_since_k
            self._streams[place] = fresh
            return
        old.audio = fresh.audio
        if old.fault is not None and old.fault.kind in faults.PICTURES:
            return  # its own pictures come back when the fault is cleared
        old.take_over(fresh.clip, fresh.offset)

    def _now_k(self, stream: Stream) -> int:
        beat = self._beat(stream)
        return beat.k if beat.is_queued else beat.next_k(self._elapsed_s())

    def _apply(self, number: int, fault: Fault | None, shown: dict[Stream, Clip]) -> None:
        if number not in self._cameras:
            raise KeyError(number)
        was = self._faults.pop(number, None)
        if fault is not None and fault.kind != "die":
            self._faults[number] = fault
        mine = [stream for stream in self._streams.values() if stream.number == number]
        for stream in mine:
            k = self._now_k(stream)
            stream.fault, stream.fault_since_k = self._faults.get(number), k
            if stream in shown:
                stream.show(shown[stream], k)
            elif was is not None and was.kind in faults.PICTURES:
                stream.take_over(self._own_clip(stream), stream.own_offset)
            stream.next_report_s = 0.0  # a clock that changed is reported at once
            for viewer in list(stream.viewers):
                self._tell(viewer, fault)

    def _tell(self, viewer: Viewer, fault: Fault | None) -> None:
        if fault is not None and fault.kind in faults.ENDING:
            self._close(viewer)
        elif fault is not None and fault.kind == "slow":
            viewer.rate_bytes_s = fault.value
        elif viewer.rate_bytes_s:
            viewer.hasten()

    def _state(self) -> dict[str, Any]:
        return {
            "t0": clock.wall_s() - self._elapsed_s(),
            "slots": SLOTS,
            "pictures_sent": self.pictures_sent,
            "cameras": [self._row(stream) for stream in self._streams.values()],
        }

    def _row(self, stream: Stream) -> dict[str, Any]:
        fault = self._faults.get(stream.number)
        return {
            "camera": stream.number,
            "role": stream.role,
            "url": self.url(stream.number, stream.role),
            "clip": stream.clip.name,
            "codec": stream.clip.codec,
            "width": stream.clip.width,
            "height": stream.clip.height,
            "fps": [stream.clip.fps.numerator, stream.clip.fps.denominator],
            "phase": stream.slot / SLOTS,
            "frames": len(stream.clip),
            "offset": stream.offset,
            "viewers": len(stream.viewers),
            "dropped": sum(viewer.dropped for viewer in stream.viewers),
            "fault": fault.kind if fault else None,
            "value": fault.value if fault else None,
        }


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock


def _udp_pair(host: str) -> Outlets:
    """Return sockets on an even port and the one after it (RFC 3550 section 11)."""
    for _ in range(64):
        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        rtp.bind((host, 0))
        port = rtp.getsockname()[1]
        with contextlib.suppress(OSError):
            if port % 2 == 0:
                rtcp.bind((host, port + 1))
                for sock in (rtp, rtcp):
                    sock.setblocking(False)
                return Outlets(rtp, rtcp)
        rtp.close()
        rtcp.close()
    return Outlets(None, None)
