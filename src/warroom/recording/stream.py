"""One assigned stream: its sessions one after the other, its state, its watchers."""

import math
import random
from typing import Any, Protocol

from warroom.kernel.log import logger
from warroom.recording.assembler import Assembler
from warroom.recording.budget import Budget
from warroom.recording.contracts import Assignment, BitrateFault, LiveState, StreamState
from warroom.recording.errors import Cause, StreamError
from warroom.recording.fanout import Watch
from warroom.recording.footage import Recorder
from warroom.recording.rtsp import Credentials
from warroom.recording.rules import (
    UNUSUAL_WINDOWS,
    Target,
    backoff_s,
    check_address,
    is_lasting,
    is_unusual,
    parse_url,
    refusal_backoff_s,
)
from warroom.recording.session import Loop, Session
from warroom.recording.settings import RecordingSettings

STATISTICS_S = 10.0
OVER_SHOWN_S = 300.0
"""A camera that was cut for sending too much is told of so long: it may come back and do so."""

_log = logger("recording.stream")
_random = random.Random()  # noqa: S311 - spreads retries, guards nothing


class StreamLoop(Loop, Protocol):
    """What a stream needs of the engine."""

    wall_s: float
    settings: RecordingSettings
    segment_bytes: int

    def resolve(self, stream: "Stream", target: Target) -> None:
        """Finds the addresses of a host and calls `stream.resolved`."""
        ...

    def has_changed(self, stream: "Stream") -> None:
        """The stream's state is another now."""
        ...


class Stream:
    """A stream from assignment to removal.

    Args:
        loop: The engine.
        assignment: Which stream.
        recorder: The disk it is recorded to; None when it is only watched.
    """

    def __init__(self, loop: StreamLoop, assignment: Assignment, recorder: Recorder | None) -> None:
        self.loop = loop
        self.assignment = assignment
        self.assembler = Assembler(
            assignment,
            recorder,
            segment_ms=round(loop.settings.segment_s * 1000),
            segment_bytes=loop.segment_bytes,
            on_frame=self._on_first_frame,
        )
        self.session: Session | None = None
        self.watches: set[Watch] = set()
        self.state: LiveState = "offline"
        self.reason: Cause | None = Cause.CONNECTING
        self.since_ms = round(loop.wall_s * 1000)
        self.retry_at = 0.0
        self.is_queued = False
        self.is_removed = False
        self.fps: float | None = None
        self.kbit_s: float | None = None
        self._told_recording = False
        self._attempt = 0
        self._failing_since = 0.0
        self._played_until = -math.inf
        self._target: Target | None = None
        self._unwatched_at = 0.0
        self._counted = (loop.wall_s, 0, 0)
        self._generation = 0
        self.bitrate: BitrateFault | None = None
        self._over_until = -math.inf
        self._unusual_windows = 0
        settings = loop.settings
        self._budget = Budget(self._ceiling_kbit_s, settings.ceiling_burst_s, loop.wall_s)

    @property
    def _ceiling_kbit_s(self) -> int:
        own = self.assignment.ceiling_kbit_s
        return self.loop.settings.ceiling_kbit_s if own is None else own

    @property
    def budget(self) -> Budget:
        """What the camera may still send."""
        return self._budget

    @property
    def is_wanted(self) -> bool:
        """Whether a session should be up: recorded streams always, others while watched."""
        if self.is_removed or not self.assignment.enabled:
            return False
        if self.assignment.is_recorded or self.watches:
            return True
        return self.loop.wall_s - self._unwatched_at < self.loop.settings.sub_linger_s

    # -- connecting

    def begin(self) -> None:
        """Tries to connect now."""
        if self.session is not None or self.is_removed:
            return
        try:
            if self._target is None:
                self._target = parse_url(self.assignment.url)
        except StreamError as error:
            self._failed(error)
            return
        self._generation += 1
        target = self._target
        login = self._login(target)
        self.session = Session(
            self.loop,
            self,
            self.assembler,
            target,
            login,
            self.assignment.transport,
            self.loop.wall_s,
        )
        self.loop.resolve(self, target)

    def _login(self, target: Target) -> Credentials:
        return Credentials(
            self.assignment.username or target.username, self.assignment.password or target.password
        )

    @property
    def generation(self) -> int:
        """Grows with each try; an answer for an older one is ignored."""
        return self._generation

    def resolved(self, generation: int, addresses: list[tuple[int, str]]) -> None:
        """The host has these addresses (family, address); none means that it is unknown."""
        session = self.session
        if session is None or generation != self._generation or session.is_over:
            return
        settings = self.loop.settings
        if not addresses:
            session.is_over = True
            self.session_ended(StreamError(Cause.UNKNOWN_HOST, session.target.host))
            return
        try:
            for _, address in addresses:
                check_address(
                    address,
                    allow_loopback=settings.allow_loopback,
                    allow_cidrs=settings.allow_cidrs,
                )
            session.connect(*addresses[0])
        except StreamError as error:
            session.is_over = True
            self.session_ended(error)

    def session_ended(self, error: StreamError) -> None:
        """The session failed or was closed by the camera."""
        session, self.session = self.session, None
        if session is not None and session.played_at:
            self.assembler.end_run(error.cause)
            self._played_until = self.loop.wall_s
            if self.loop.wall_s - session.played_at > 10.0 and self.assembler.last_arrival:
                self._attempt = 0
        else:
            self.assembler.refused(error.cause)
        self._failed(error)

    def _failed(self, error: StreamError) -> None:
        now = self.loop.wall_s
        self._target = None
        if self._attempt == 0:
            self._failing_since = now
        self._attempt += 1
        if error.cause is Cause.OVER_CEILING:
            # So long until it may send a burst again.
            wait_s = self.loop.settings.ceiling_burst_s
            self._over_until = now + OVER_SHOWN_S
            self._judge_bitrate(now)
        elif is_lasting(error.cause, now - self._played_until):
            wait_s = refusal_backoff_s(self._attempt, _random.random())
        else:
            wait_s = backoff_s(self._attempt, now - self._failing_since, _random.random())
        self.retry_at = now + wait_s
        self.assembler.silent()
        if self.reason is not error.cause:
            _log.info(
                "stream_failed",
                camera=self.assignment.camera_id,
                role=self.assignment.role,
                cause=error.cause.value,
                detail=error.detail,
            )
        self._set_state("offline", error.cause)

    def stop(self, cause: Cause) -> None:
        """Ends the session without a retry (removed, disabled, no longer watched, shut down)."""
        session, self.session = self.session, None
        if session is not None:
            was_playing = bool(session.played_at)
            session.close()
            if was_playing:
                self.assembler.end_run(cause)
        self.assembler.silent()
        self._attempt = 0
        self._target = None
        self.retry_at = 0.0
        self._set_state("offline", cause)

    def reassign(self, assignment: Assignment) -> None:
        """Takes over a changed assignment; only what concerns the connection breaks it."""
        before = self.assignment
        self.assignment = assignment
        self.assembler.set_assignment(assignment)
        if before.ceiling_kbit_s != assignment.ceiling_kbit_s:
            self._budget.set_ceiling(self._ceiling_kbit_s)
            self._over_until = -math.inf
        connection = ("url", "username", "password", "transport", "enabled")
        if any(getattr(before, name) != getattr(assignment, name) for name in connection):
            self.stop(Cause.CONNECTING if assignment.enabled else Cause.DISABLED)

    # -- state

    def _on_first_frame(self) -> None:
        self._attempt = 0
        self._set_state("live", None)

    def _set_state(self, state: LiveState, reason: Cause | None) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        if state != self.state:
            self.since_ms = round(self.loop.wall_s * 1000)
        self.state, self.reason = state, reason
        self.loop.has_changed(self)
        self._tell_watchers()

    def _tell_watchers(self) -> None:
        if self.watches:
            state = self.described()
            for watch in tuple(self.watches):
                watch.state(state)

    def described(self) -> dict[str, Any]:
        """The state as it stands in a STATE message."""
        state = self.snapshot()
        return {
            "state": state.state,
            "since_ms": state.since_ms,
            "reason": state.reason,
            "last_frame_ms": state.last_frame_ms,
            "fps": state.fps,
            "kbit_s": state.kbit_s,
            "clock_offset_ms": state.clock_offset_ms,
            "clock_uncertainty_ms": state.clock_uncertainty_ms,
        }

    def snapshot(self) -> StreamState:
        """The state as it is reported to the inventory."""
        assembler = self.assembler
        sets = assembler.sets
        arrival = assembler.last_arrival
        return StreamState(
            camera_id=self.assignment.camera_id,
            role=self.assignment.role,
            state=self.state,
            since_ms=self.since_ms,
            reason=self.reason.value if self.reason else None,
            last_frame_ms=round(arrival * 1000) if arrival else None,
            fps=self.fps if self.state == "live" else None,
            kbit_s=self.kbit_s if self.state == "live" else None,
            clock_offset_ms=assembler.clock.offset_ms,
            clock_uncertainty_ms=assembler.clock.uncertainty_ms(assembler.wall.spread_s),
            is_recording=assembler.is_recording,
            codec=sets.codec_string if sets else None,
            width=sets.width if sets else None,
            height=sets.height if sets else None,
            bitrate=self.bitrate,
        )

    def tick(self, now: float) -> None:
        """Called about twice a second: watchdogs, keep-alive, statistics."""
        session, settings = self.session, self.loop.settings
        self._budget.refill(now)
        if session is not None:
            if not self.is_wanted:
                self.stop(Cause.DISABLED if not self.assignment.enabled else Cause.CONNECTING)
                return
            if session.is_playing:
                self._pace(session)
                session.tick(now)
                self._watch_frames(session, now)
            elif not session.is_connected and now - session.started_at > settings.connect_s:
                session.fail(StreamError(Cause.UNREACHABLE, "no answer to the connection"))
            elif now - session.started_at > settings.handshake_s:
                session.fail(StreamError(Cause.TIMEOUT, "hand-shake took too long"))
        self.assembler.tick(now)
        if self.assembler.is_recording != self._told_recording:
            # A stop of the recording is an alarm, and its end too: neither waits for statistics.
            self._told_recording = self.assembler.is_recording
            self.loop.has_changed(self)
        began, frames, size = self._counted
        if now - began >= STATISTICS_S:
            seen_frames, seen_bytes = self.assembler.seen
            self.fps = round((seen_frames - frames) / (now - began), 2)
            self.kbit_s = round((seen_bytes - size) / (now - began) / 125, 1)
            self._counted = (now, seen_frames, seen_bytes)
            self._compare(self.kbit_s)
        self._judge_bitrate(now)

    def _compare(self, kbit_s: float) -> None:
        """Counts for how many windows the bit rate has been far from what it usually is."""
        recorder = self.assembler.recorder
        usual = None if recorder is None else recorder.usual_kbit_s(self.assignment.camera_id)
        is_shown = self.bitrate == "unusual"
        far = usual is not None and is_unusual(kbit_s, usual, is_told=is_shown)
        self._unusual_windows = self._unusual_windows + 1 if far else 0

    def _judge_bitrate(self, now: float) -> None:
        fault: BitrateFault | None = None
        if now < self._over_until:
            fault = "over_ceiling"
        elif self._unusual_windows >= UNUSUAL_WINDOWS:
            fault = "unusual"
        if fault != self.bitrate:
            self.bitrate = fault
            self.loop.has_changed(self)

    def _pace(self, session: Session) -> None:
        """Packet by packet while somebody watches or nothing is known; else some at a time."""
        is_calm = self.state == "live" and not self.watches
        session.pace(self.loop.settings.pace_s if is_calm else 0.0, self.loop.wall_s)

    def _watch_frames(self, session: Session, now: float) -> None:
        silent_s = now - max(self.assembler.last_arrival, session.played_at)
        if silent_s > self.loop.settings.offline_s:
            cause = Cause.NO_FRAMES
            if session.video is not None and session.video.packets > session.video.lost_packets:
                cause = Cause.NO_KEY_FRAME if session.video.is_waiting else Cause.NO_FRAMES
            session.fail(StreamError(cause, f"no frame for {silent_s:.0f} s"))
        elif silent_s > self.loop.settings.late_s and self.assembler.is_live:
            self.assembler.silent()
            self._set_state("late", Cause.NO_FRAMES)

    # -- watching

    def watch(self, watch: Watch) -> None:
        """Adds a watcher: state, header and the open GOP at once, then frames as they come."""
        self.watches.add(watch)
        if self.session is not None and self.session.is_playing:
            self._pace(self.session)
        watch.state(self.described())
        self.assembler.replay(watch)
        self.assembler.set_watchers(list(self.watches))

    def unwatch(self, watch: Watch) -> None:
        """Removes a watcher."""
        self.watches.discard(watch)
        self.assembler.set_watchers(list(self.watches))
        if not self.watches:
            self._unwatched_at = self.loop.wall_s
