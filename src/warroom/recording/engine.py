"""The recorder's loop: one epoll over all cameras, watchers and clocks of a node.

Bare epoll, not asyncio: 468 cameras are 7,000 reads a second, and a task per read would cost more
than reading. Nothing in the loop blocks: disks, names and the database have threads of their own,
which hand results in by `post`.
"""

import gc
import heapq
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from warroom.kernel.log import logger
from warroom.recording.contracts import Assignment, DiskState, Hold, StreamState
from warroom.recording.disk import Disk
from warroom.recording.errors import Cause
from warroom.recording.fanout import Fanout, Watch
from warroom.recording.footage import Counters
from warroom.recording.rules import Target, disk_of
from warroom.recording.session import OnEvent
from warroom.recording.settings import RecordingSettings
from warroom.recording.shares import CameraTerms
from warroom.recording.stream import Stream

_TICK_S = 0.5
_CONNECT_EVERY_S = 0.1
_STATISTICS_S = 10.0
_MANY_STREAMS = 48
_SEGMENT_LEAST = 256 << 10

_log = logger("recording.engine")


class Engine:
    """All streams of a node.

    Args:
        settings: Of the recorder.
        disks: Where it records to; may be empty (nothing is stored). Of the smallest a segment
            fills a 64th at most: only what is closed can be removed.
        socket_path: Of the fan-out.
        wall: Seconds since 1970.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        disks: list[Disk],
        socket_path: Path,
        wall: Callable[[], float],
    ) -> None:
        self.settings = settings
        self.disks = {disk.settings.path: disk for disk in disks}
        self.streams: dict[tuple[str, str], Stream] = {}
        smallest = min((disk.settings.quota_bytes for disk in disks), default=1 << 62)
        self.segment_bytes = min(settings.segment_bytes, max(_SEGMENT_LEAST, smallest >> 6))
        self.wall_s = wall()
        self.started_at = self.wall_s
        self._wall = wall
        self._epoll = select.epoll()
        self._handlers: dict[int, OnEvent] = {}
        self._posted: deque[Callable[[], None]] = deque()
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._calls = 0
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._resolvers = ThreadPoolExecutor(4, "resolve")
        self._changed: dict[tuple[str, str], Stream] = {}
        # The newest of each stream: while nobody takes them they must not pile up.
        self._reports: dict[tuple[str, str], StreamState] = {}
        self._reports_lock = threading.Lock()
        self._gone = Counters()
        self._tokens = 0.0
        self._next_tick = self._next_statistics = self._next_connect = 0.0
        self._last_connect = self.wall_s
        self._is_stopping = False
        self._failures = 0
        self.watch(self._wake, select.EPOLLIN, self._on_wake)
        self.fanout = Fanout(self, self, socket_path)

    # -- the loop, as sessions and clients see it

    def watch(self, handle: int, events: int, on_event: OnEvent) -> None:
        """Calls `on_event(events, now)` whenever the handle is ready."""
        self._handlers[handle] = on_event
        self._epoll.register(handle, events)

    def change(self, handle: int, events: int) -> None:
        """Waits for other events on a handle."""
        if handle in self._handlers:
            self._epoll.modify(handle, events)

    def forget(self, handle: int) -> None:
        """Waits no longer for a handle."""
        if self._handlers.pop(handle, None) is not None:
            self._epoll.unregister(handle)

    def call_at(self, at: float, call: Callable[[float], None]) -> None:
        """Calls `call(now)` once, soon after `at` (a turn of the loop)."""
        self._calls += 1  # keeps calls of the same instant in order, and never compares the calls
        heapq.heappush(self._due, (at, self._calls, call))

    def post(self, work: Callable[[], None]) -> None:
        """Runs something in the loop; the only method other threads may call."""
        self._posted.append(work)
        os.eventfd_write(self._wake, 1)

    def _on_wake(self, events: int, now: float) -> None:
        del events, now
        os.eventfd_read(self._wake)
        while self._posted:
            self._posted.popleft()()

    def resolve(self, stream: Stream, target: Target) -> None:
        """Finds the addresses of a host without blocking; numbers need no looking up."""
        generation = stream.generation
        try:
            address = ip_address(target.host.partition("%")[0])
        except ValueError:
            self._resolvers.submit(self._look_up, stream, generation, target)
            return
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        stream.resolved(generation, [(family, target.host)])

    def _look_up(self, stream: Stream, generation: int, target: Target) -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            addresses = [(int(row[0]), str(row[4][0])) for row in found]
        except (OSError, UnicodeError):
            addresses = []
        self.post(lambda: stream.resolved(generation, addresses))

    def has_changed(self, stream: Stream) -> None:
        """The stream's state is another now; it is reported soon."""
        self._changed[stream.assignment.key] = stream

    # -- running

    def run(self) -> None:
        """Runs until `stop`; then ends all sessions and writes what is whole."""
        poll, handlers, due = self._epoll.poll, self._handlers, self._due
        # The loop makes lists and tuples that never form cycles; looking for some is wasted.
        gc.set_threshold(100_000, 20, 50)
        pause_s = self.settings.tick_ms / 1000
        while not self._is_stopping:
            # A step back of the clock must not make the wait longer.
            wait_s = (
                min(_CONNECT_EVERY_S, max(0.0, due[0][0] - self.wall_s))
                if due
                else _CONNECT_EVERY_S
            )
            events = poll(wait_s, 1024)
            now = self.wall_s = self._wall()
            for handle, ready in events:
                handler = handlers.get(handle)
                if handler is None:
                    continue
                try:
                    handler(ready, now)
                except Exception:  # noqa: BLE001 - the background loop of all cameras
                    # One camera's or client's fault must never end the others' loop.
                    self._failures += 1
                    _log.exception("handler_failed")
                    self._give_up(handle)
            self._end_turn(now)
            if pause_s and len(self.streams) > _MANY_STREAMS:
                time.sleep(pause_s)
        self._end()

    def _end_turn(self, now: float) -> None:
        """What follows the sockets: calls that are due, watchers, connections, clocks, disks."""
        due = self._due
        while due and due[0][0] <= now:
            self._call(heapq.heappop(due)[2], now)
        if self.fanout.dirty:
            self.fanout.flush()
        if now >= self._next_connect:
            self._connect_some(now)
        if now >= self._next_tick or now < self._next_tick - 60:
            self._tick(now)
        for disk in self.disks.values():
            disk.flush()

    def _call(self, call: Callable[[float], None], now: float) -> None:
        try:
            call(now)
        except Exception:  # noqa: BLE001 - the background loop of all cameras
            self._failures += 1
            _log.exception("call_failed")

    def stop(self) -> None:
        """Makes `run` return; may be called by another thread or a signal handler."""
        self._is_stopping = True
        os.eventfd_write(self._wake, 1)

    def _give_up(self, handle: int) -> None:
        """Ends whatever a handler that failed belongs to, so that it cannot fail for ever."""
        for stream in tuple(self.streams.values()):
            if stream.session is not None and stream.session.owns(handle):
                stream.session.crash()
                return
        for client in tuple(self.fanout.clients):
            if client.stream.fileno() == handle:
                self.fanout.drop(client)
                return
        self.forget(handle)

    def _connect_some(self, now: float) -> None:
        """Begins due connections: a bounded number per second, a bounded number at once."""
        self._next_connect = now + _CONNECT_EVERY_S
        rate = self.settings.connects_per_s
        self._tokens = min(rate / 5, self._tokens + rate * max(0.0, now - self._last_connect))
        self._last_connect = now
        room = self.settings.connecting_at_once - sum(
            1 for s in self.streams.values() if s.session is not None and not s.session.is_playing
        )
        due = [
            stream
            for stream in self.streams.values()
            if stream.session is None and stream.retry_at <= now and stream.is_wanted
        ]
        due.sort(key=lambda stream: stream.retry_at)
        for stream in due[: max(0, min(room, int(self._tokens)))]:
            self._tokens -= 1
            stream.begin()

    def _tick(self, now: float) -> None:
        self._next_tick = now + _TICK_S
        for stream in tuple(self.streams.values()):
            try:
                stream.tick(now)
            except Exception:  # noqa: BLE001 - the background loop of all cameras
                self._failures += 1
                _log.exception("tick_failed", camera=stream.assignment.camera_id)
        if now >= self._next_statistics or now < self._next_statistics - 60:
            self._next_statistics = now + _STATISTICS_S
            self._tell(self.streams.values())
        elif self._changed:
            self._tell(self._changed.values())

    def _tell(self, streams: Iterable[Stream]) -> None:
        states = {stream.assignment.key: stream.snapshot() for stream in streams}
        self._changed.clear()
        with self._reports_lock:
            self._reports |= states

    def _end(self) -> None:
        for stream in tuple(self.streams.values()):
            stream.stop(Cause.RESTART)
        self.fanout.close()
        for disk in self.disks.values():
            disk.stop()
        self._resolvers.shutdown(wait=False, cancel_futures=True)
        self._epoll.close()
        os.close(self._wake)

    # -- assignments

    def assign(self, assignments: list[Assignment]) -> None:
        """Makes the streams exactly these; one that did not change is not touched."""
        wanted = {assignment.key: assignment for assignment in assignments}
        for key in [key for key in self.streams if key not in wanted]:
            stream = self.streams.pop(key)
            stream.is_removed = True
            was_handed = stream.assignment.until_ms is not None
            stream.stop(Cause.ELSEWHERE if was_handed else Cause.DISABLED)
            for watch in tuple(stream.watches):
                stream.unwatch(watch)
                watch.client.watches.pop(watch.channel, None)
            self._add_counters(self._gone, stream.assembler.counters)
            self._changed.pop(key, None)
        for key, assignment in wanted.items():
            present = self.streams.get(key)
            if present is None:
                disk = self._disk(assignment)
                self.streams[key] = Stream(self, assignment, disk)
            elif present.assignment != assignment:
                present.reassign(assignment)
        terms: dict[Disk, dict[str, CameraTerms]] = {disk: {} for disk in self.disks.values()}
        for one in assignments:
            disk = self._disk(one) if one.is_recorded else None
            if disk is not None:
                terms[disk][one.camera_id] = CameraTerms(one.agency, one.ceiling_kbit_s)
        for disk, promised in terms.items():
            disk.set_terms(promised)

    def _disk(self, assignment: Assignment) -> Disk | None:
        if not self.disks:
            return None
        return self.disks[disk_of(assignment.camera_id, list(self.disks))]

    def set_holds(self, holds: list[Hold]) -> None:
        """Gives every disk the holds in force."""
        for disk in self.disks.values():
            disk.set_holds(holds)

    def take_reports(self) -> list[StreamState]:
        """States that changed since the last call; the newest of each stream."""
        with self._reports_lock:
            newest, self._reports = self._reports, {}
        return list(newest.values())

    def disk_states(self) -> list[DiskState]:
        """How the disks are doing."""
        return [disk.state() for disk in self.disks.values()]

    # -- watchers

    def watch_stream(self, camera_id: str, role: str, watch: Watch) -> bool:
        """Adds a watcher; a sub-stream is then taken in."""
        stream = self.streams.get((camera_id, role))
        if stream is None or not stream.assignment.enabled:
            return False
        stream.watch(watch)
        return True

    def unwatch_stream(self, watch: Watch) -> None:
        """Removes a watcher."""
        stream = self.streams.get(watch.key)
        if stream is not None:
            stream.unwatch(watch)

    # -- figures

    @staticmethod
    def _add_counters(total: Counters, more: Counters) -> None:
        for name, value in asdict(more).items():
            setattr(total, name, getattr(total, name) + value)

    def totals(self) -> Counters:
        """Counters over all streams since the start."""
        total = Counters()
        self._add_counters(total, self._gone)
        for stream in self.streams.values():
            self._add_counters(total, stream.assembler.counters)
        return total

    def status(self) -> dict[str, Any]:
        """Counters of the whole node, for STATUS and the metrics."""
        states = [stream.state for stream in self.streams.values() if stream.is_wanted]
        faults = [stream.bitrate for stream in self.streams.values()]
        recording = sum(stream.assembler.is_recording for stream in self.streams.values())
        return {
            "streams": len(self.streams),
            "live": states.count("live"),
            "late": states.count("late"),
            "offline": states.count("offline"),
            "recording": recording,
            "over_ceiling": faults.count("over_ceiling"),
            "unusual_bitrate": faults.count("unusual"),
            "watchers": sum(len(stream.watches) for stream in self.streams.values()),
            "clients": len(self.fanout.clients),
            "handler_failures": self._failures,
            "uptime_s": round(self.wall_s - self.started_at, 1),
            **asdict(self.totals()),
            "disks": [
                asdict(disk.state())
                | {"lost_gops": disk.lost_gops, "removed_segments": disk.removed_segments}
                for disk in self.disks.values()
            ],
        }
