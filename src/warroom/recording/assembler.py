"""From access units to GOPs, from GOPs to segments with exact times; the heart of the recorder.

One `Assembler` per stream lives as long as the stream is assigned; an RTSP session begins a *run*
in it and its end ends the run. It never blocks: finished GOPs go to a disk's queue, frames to
whoever watches.
"""

import heapq
from collections.abc import Callable

from warroom.recording.audio import AudioFrame
from warroom.recording.audio_track import AudioTrack
from warroom.recording.contracts import (
    FLAG_AUDIO,
    FLAG_KEY,
    TIMESCALE,
    Assignment,
    GopEntry,
    Init,
)
from warroom.recording.errors import Cause
from warroom.recording.fmp4 import (
    KEY_SAMPLE,
    OTHER_SAMPLE,
    AudioFormat,
    build_init,
    fragment_head,
)
from warroom.recording.footage import Counters, Gop, GopWrite, Recorder, SegmentFile, Watcher
from warroom.recording.h26x import ParameterSets
from warroom.recording.rules import (
    CLOCK_JUMP_90K,
    LOSS_GAP_MS,
    segment_number,
    stagger_ms,
)
from warroom.recording.timeline import STEP_S, CameraClock, WallMap

GOP_LIMIT = 32 << 20
GOP_FRAME_LIMIT = 9000
AUDIO_WAIT_S = 0.5
STEADY_GOPS = 3
"""After so many GOPs of one length the next key frame is awaited, not watched for."""
_HALF = 1 << 31
_MASK = (1 << 32) - 1


class Assembler:
    """One stream's frames, GOPs, segments and watchers.

    Args:
        assignment: Which stream.
        recorder: Where footage goes; None for a stream that is only watched.
        segment_ms: Length of a segment.
        segment_bytes: Size from which a segment is cut before its time.
        on_frame: Called at each frame when the stream was not live.
    """

    __slots__ = (
        "_audio_format",
        "_end_ms",
        "_floor",
        "_gap_open",
        "_gop",
        "_is_fresh",
        "_is_special",
        "_lag",
        "_last_dts",
        "_loss_since",
        "_may_learn",
        "_must_announce",
        "_must_restart",
        "_needs_care",
        "_next_sets",
        "_on_frame",
        "_order",
        "_pending",
        "_period",
        "_phase_ms",
        "_pts",
        "_reorder",
        "_run_id",
        "_segment",
        "_segment_bytes",
        "_segment_ms",
        "_sound",
        "_stamp",
        "_steady",
        "_ticks",
        "assignment",
        "clock",
        "counters",
        "init",
        "is_live",
        "is_recording",
        "last_arrival",
        "last_wall_ms",
        "live_init",
        "recorder",
        "sets",
        "wall",
        "watchers",
    )

    def __init__(
        self,
        assignment: Assignment,
        recorder: Recorder | None,
        *,
        segment_ms: int = 60_000,
        segment_bytes: int = 32 << 20,
        on_frame: Callable[[], None] | None = None,
    ) -> None:
        self.assignment = assignment
        self.recorder = recorder
        self.counters = Counters()
        self.watchers: list[Watcher] = []
        self.init: Init | None = None
        self.live_init: Init | None = None
        self.sets: ParameterSets | None = None
        self.clock = CameraClock()
        self.wall = WallMap()
        self.last_arrival = 0.0
        self.last_wall_ms: int | None = None
        self.is_live = False
        self.is_recording = False
        self._is_special = True
        self._on_frame = on_frame
        self._segment_ms = segment_ms
        self._segment_bytes = segment_bytes
        self._phase_ms = stagger_ms(assignment.camera_id, segment_ms)
        self._end_ms = 0
        self._gap_open = True
        self._segment: SegmentFile | None = None
        self._audio_format: AudioFormat | None = None
        self._sound: AudioTrack | None = None
        self._reset_run()

    def _reset_run(self) -> None:
        self._gop: Gop | None = None
        self._pending: tuple[Gop, int, float] | None = None
        self._is_fresh = self._needs_care = True
        self._stamp = 0
        self._pts = 0
        self._run_id = 0
        self._lag = 0
        self._floor = 0
        self._ticks = 3600
        self._period = 0
        self._steady = 0
        self._reorder = 0
        self._may_learn = False
        self._order: list[int] = []
        self._last_dts = -1
        self._loss_since = False
        self._must_restart = False
        self._must_announce = True
        self._next_sets: ParameterSets | None = None
        self.wall = WallMap()

    @property
    def seen(self) -> tuple[int, int]:
        """Frames and bytes taken so far, the open GOP included."""
        gop, pending = self._gop, self._pending
        frames, size = self.counters.frames, self.counters.bytes
        for part in (gop, pending[0] if pending else None):
            if part is not None:
                frames += len(part.units)
                size += part.size
        return frames, size

    def key_due_s(self) -> float | None:
        """When the next key frame arrives at the earliest, seconds since 1970.

        None while every packet counts: the length of the GOPs is not known or not steady, or a
        whole GOP still waits for its sound.
        """
        gop = self._gop
        if gop is None or self._steady < STEADY_GOPS or self._pending is not None:
            return None
        return self.wall.arrival_s(gop.key_pts + self._period)

    # -- the life of a run

    def begin_run(self, audio: AudioFormat | None, round_trip_s: float) -> None:
        """A session plays: a new run, with its audio track if it has one."""
        self._reset_run()
        self.clock = CameraClock()
        self.clock.round_trip_s = round_trip_s
        self._audio_format = audio
        self._sound = AudioTrack(audio.rate_hz) if audio else None
        self.sets = None
        self.init = None

    def end_run(self, cause: Cause) -> None:
        """The session is over, or its time stamps are: what is whole is kept, a gap begins."""
        self._finish_gop(None)
        self._end_segment()
        self._reset_run()
        self._begin_gap(cause)

    def refused(self, cause: Cause) -> None:
        """A try to connect failed: an open gap now has this cause."""
        self._begin_gap(cause)

    def _begin_gap(self, cause: Cause) -> None:
        if self.recorder is None or not self.assignment.is_recorded:
            return
        if not self._end_ms:
            self._end_ms = self.recorder.last_end_ms(*self.assignment.key)
        if not self._end_ms:
            return
        if not self._gap_open:
            self.counters.gaps += 1
        self._gap_open = True
        self.is_recording = False
        self.recorder.begin_gap(
            self.assignment.camera_id, self.assignment.role, self._end_ms, cause
        )

    # -- what the depacketizer says

    def parameters(self, sets: ParameterSets) -> None:
        """New parameter sets: the GOP that begins now gets a header and a segment of its own."""
        self._next_sets = sets

    def _change_sets(self, sets: ParameterSets) -> None:
        self._flush_pending()
        self._end_segment()
        self._next_sets = None
        self.sets = sets
        self._reorder = sets.reorder or 0
        self._may_learn = sets.reorder is None
        if sets.frame_ticks:
            self._ticks = sets.frame_ticks
        self.init = build_init(sets, self._audio_format)
        self.live_init = self.init
        self._order.clear()
        self._must_announce = True
        self._look_special()

    def lost(self, packets: int) -> None:
        """Packets are missing; the open GOP ends with the last whole frame."""
        self.counters.lost_packets += packets
        self._loss_since = True

    def restarted(self) -> None:
        """The time stamps have nothing to do with those before: a run of its own."""
        self.counters.clock_jumps += 1
        self._finish_gop(None)
        self._end_segment()
        sets, learnt = self.sets, (self._reorder, self._may_learn)
        following = self._next_sets
        self._reset_run()
        self.sets, self._next_sets = sets, following
        self._reorder, self._may_learn = learnt
        if self._sound is not None:
            self._sound = AudioTrack(self._sound.rate_hz)
        self._begin_gap(Cause.CLOCK_JUMP)

    def frame(self, stamp: int, is_key: bool, unit: bytes, now: float) -> None:  # noqa: FBT001
        """Takes one access unit; see `depacketize.FrameSink`."""
        delta = (stamp - self._stamp) & _MASK
        if 0 < delta < CLOCK_JUMP_90K and not self._needs_care:
            pts = self._pts + delta
        else:
            placed = self._place(stamp, delta, is_key=is_key, now=now)
            if placed is None:
                return
            pts = placed
        self._stamp = stamp
        self._pts = pts
        self.last_arrival = now
        wall = self.wall
        offset = now - pts / TIMESCALE
        if offset < wall.least:
            wall.least = offset
        if is_key:
            self._key(pts, now)
        gop = self._gop
        if gop is None:
            return
        gop.stamps.append(pts)
        gop.units.append(unit)
        gop.size += len(unit)
        if self._is_special or gop.size > GOP_LIMIT:
            self._treat(gop, pts, unit, is_key=is_key)

    def _treat(self, gop: Gop, pts: int, unit: bytes, *, is_key: bool) -> None:
        """What only some frames need: reordering, watchers, the first after silence, limits."""
        dts = pts
        if self._reorder or gop.is_reordered:
            dts = self._decode_time(pts)
            gop.dts += gop.stamps[len(gop.dts) : -1]
            gop.dts.append(dts)
        if self.watchers:
            wall_ms = self.wall.wall_ms(pts)
            flags = FLAG_KEY if is_key else 0
            for watcher in tuple(self.watchers):
                watcher.frame(flags, dts, pts - dts, wall_ms, 0, unit)
        if not self.is_live:
            self.is_live = True
            if self._on_frame is not None:
                self._on_frame()
        if gop.size > GOP_LIMIT or len(gop.units) > GOP_FRAME_LIMIT:
            self._drop_gop()
        self._look_special()

    def _look_special(self) -> None:
        self._is_special = bool(
            self.watchers or self._reorder or self._may_learn or not self.is_live
        )

    def set_watchers(self, watchers: list[Watcher]) -> None:
        """Who gets the frames from now on."""
        self.watchers = watchers
        self._look_special()

    def silent(self) -> None:
        """No frames come; the next one is news."""
        self.is_live = False
        self._is_special = True

    def _place(self, stamp: int, delta: int, *, is_key: bool, now: float) -> int | None:
        """Media time of a frame that does not simply follow the last one; None leaves it out."""
        if self._must_restart and is_key:
            self.restarted()
        if not self._is_fresh:
            delta = ((delta + _HALF) & _MASK) - _HALF
            if abs(delta) < CLOCK_JUMP_90K:
                return self._put_right(delta, is_key=is_key)
            self.restarted()
            self.clock = CameraClock()
        if not is_key:
            return None
        self._first_frame(stamp, now)
        return self._pts

    def _first_frame(self, stamp: int, now: float) -> None:
        self._is_fresh = self._needs_care = False
        self._stamp = stamp
        self._pts = stamp + (1 << 32)
        self._run_id = round(now * 1000)
        self.counters.runs += 1
        if self._sound is not None:
            self._sound.clear()

    def _put_right(self, delta: int, *, is_key: bool) -> int:
        """The media time of a frame whose time stamp does not follow the last one.

        A frame shown earlier than its predecessor is a B-frame where the stream may have them. A
        double is moved half a frame on; the times after it are not touched. After a step back
        time goes on by one frame. Both are counted.
        """
        gop = self._gop
        pts = self._pts + self._lag + delta
        top = gop.top if gop is not None and gop.stamps else self._pts
        if delta > 0 and pts > top:
            self._lag = 0
            self._needs_care = self._must_restart
            return pts
        may_reorder = self._reorder > 0 or self._may_learn
        if may_reorder and not is_key and gop is not None and delta and pts > self._floor:
            self._lag = 0
            self._needs_care = self._must_restart
            if pts in gop.stamps[-17:]:
                self.counters.repaired_stamps += 1
                return pts + 1
            gop.is_reordered = self._is_special = True
            if self._may_learn:
                behind = sum(1 for other in gop.stamps[-17:] if other > pts)
                self._reorder = max(self._reorder, min(16, behind))
            return pts
        self.counters.repaired_stamps += 1
        self._needs_care = True
        if delta < 0:
            self._lag = 0
            return top + self._ticks
        placed = top + max(1, self._ticks // 2)
        self._lag = pts - placed
        return placed

    def _decode_time(self, pts: int) -> int:
        """Decode time for watchers: the media times in order, `reorder` frames late."""
        order = self._order
        heapq.heappush(order, pts)
        if len(order) > self._reorder:
            dts = heapq.heappop(order)
        else:
            dts = order[0] - (self._reorder + 1 - len(order)) * self._ticks
        dts = max(dts, self._last_dts + 1)
        self._last_dts = dts
        return dts

    # -- GOPs

    def _key(self, pts: int, now: float) -> None:
        gop = self._gop
        if gop is not None:
            frames = len(gop.stamps)
            if frames > 1 and pts > gop.key_pts:
                self._ticks = max(1, min(10 * TIMESCALE, (gop.top - gop.key_pts) // (frames - 1)))
            self._floor = gop.top
            period = pts - gop.key_pts
            is_steady = abs(period - self._period) <= self._ticks
            self._steady = self._steady + 1 if is_steady else 0
            self._period = period
            hole_ms = (pts - gop.top - self._ticks) // 90
            if self._loss_since and hole_ms > LOSS_GAP_MS:
                self._finish_gop(None)
                self._end_segment()
                self._begin_gap(Cause.LOSS)
            else:
                self._finish_gop(pts, now)
        self._loss_since = False
        if self._next_sets is not None:
            self._change_sets(self._next_sets)
        if self._must_announce and self.live_init is not None:
            self._must_announce = False
            for watcher in tuple(self.watchers):
                watcher.init(self.live_init)
        self._gop = Gop(pts)

    def _drop_gop(self) -> None:
        """The open GOP is too large: it is left out, with a gap, until the next key frame."""
        self.counters.dropped_gops += 1
        self._flush_pending()
        self._gop = None
        self._end_segment()
        self._begin_gap(Cause.NO_KEY_FRAME)

    def _finish_gop(self, end_pts: int | None, now: float = 0.0) -> None:
        """Closes the open GOP; with audio it waits a little for sound that is still on its way."""
        self._flush_pending()
        gop, self._gop = self._gop, None
        if gop is None or not gop.stamps:
            return
        end = gop.top + self._ticks if end_pts is None else end_pts
        self._pending = (gop, end, now)
        if self._sound is None or end_pts is None:
            self._flush_pending()

    def tick(self, now: float) -> None:
        """Called about twice a second: nothing waits longer than it must."""
        if self._pending is not None and now - self._pending[2] > AUDIO_WAIT_S:
            self._flush_pending()

    def _flush_pending(self) -> None:
        if self._pending is None:
            return
        gop, end, _ = self._pending
        self._pending = None
        self.counters.gops += 1
        self.counters.frames += len(gop.units)
        self.counters.bytes += gop.size
        if not self.wall.is_fixed:
            if self.recorder is not None and not self._end_ms:
                self._end_ms = self.recorder.last_end_ms(*self.assignment.key)
            self.wall.fix(gop.key_pts, self._end_ms / 1000)
        first_s, last_s = self.wall.advance(gop.key_pts, end)
        start_ms, end_ms = round(first_s * 1000), round(last_s * 1000)
        self.last_wall_ms = end_ms
        is_stored = self.recorder is not None and self.assignment.is_recorded
        if is_stored and self.init is not None and self._is_ours(start_ms):
            self._record(gop, end, start_ms, end_ms)
        if abs(self.wall.error_s(end)) > STEP_S:
            self._must_restart = self._needs_care = True

    def _is_ours(self, start_ms: int) -> bool:
        """Whether a GOP is this node's to store: a camera changes hands at a key frame."""
        mine = self.assignment
        if mine.from_ms is None and mine.until_ms is None:
            return True
        if mine.until_ms is not None and start_ms >= mine.until_ms:
            self._end_segment(start_ms)
            self._begin_gap(Cause.ELSEWHERE)
            return False
        return mine.from_ms is None or start_ms >= mine.from_ms

    def _record(self, gop: Gop, end: int, start_ms: int, end_ms: int) -> None:
        """Plans where a GOP goes and hands it to the disk."""
        assert self.recorder is not None  # noqa: S101 - asked by the caller
        assert self.init is not None  # noqa: S101 - asked by the caller
        stamps = sorted(gop.stamps) if gop.is_reordered else gop.stamps
        segment = self._segment
        number = segment_number(start_ms, self._phase_ms, self._segment_ms)
        if segment is not None and (
            segment.failed is not None
            or segment.init is not self.init
            or segment.assignment is not self.assignment
            or segment.number != number
            or segment.size >= self._segment_bytes
        ):
            self._end_segment(start_ms)
            segment = None
        if segment is None:
            segment = SegmentFile(
                self.assignment, self._run_id, start_ms, stamps[0], number, self.init
            )
            segment.clock = (self.clock.offset_ms, self.clock.uncertainty_ms(self.wall.spread_s))
            if self._sound is not None and self._sound.is_placed:
                segment.audio_base = self._count_at(segment.base)
            self._segment = segment
            self.counters.segments += 1
        write = self._fragment(segment, gop, stamps, end, start_ms, end_ms)
        segment.size += write.size
        if self._gap_open:
            self.recorder.end_gap(self.assignment.camera_id, self.assignment.role, start_ms)
            self._gap_open = False
        if not self.recorder.write(write):
            self.counters.dropped_gops += 1
            self._end_ms = start_ms
            self._end_segment(start_ms)
            self._begin_gap(Cause.DISK_SLOW)
            return
        self._end_ms = end_ms
        self.is_recording = True
        if segment_number(end_ms, self._phase_ms, self._segment_ms) != number:
            self._end_segment(end_ms)

    def _fragment(
        self,
        segment: SegmentFile,
        gop: Gop,
        stamps: list[int],
        end: int,
        start_ms: int,
        end_ms: int,
    ) -> GopWrite:
        count = len(stamps)
        durations = [max(1, stamps[k + 1] - stamps[k]) for k in range(count - 1)]
        last = max(1, end - stamps[-1])
        durations.append(min(last, self._ticks) if stamps[0] < gop.key_pts else last)
        samples: list[int] = []
        flags = KEY_SAMPLE
        for duration, unit, dts, pts in zip(durations, gop.units, stamps, gop.stamps, strict=True):
            samples += (duration, len(unit), flags, pts - dts)
            flags = OTHER_SAMPLE
        sound, audio_tfdt, audio_samples = self._sound_until(segment, end)
        audio_bytes = sum(audio_samples[1::2])
        segment.sequence += 1
        tfdt = stamps[0] - segment.base
        head = fragment_head(
            segment.sequence, start_ms, tfdt, samples, gop.size,
            audio_tfdt, audio_samples, audio_bytes,
        )  # fmt: skip
        size = len(head) + gop.size + audio_bytes
        entry = GopEntry(tfdt, 0, size - 32, start_ms - segment.start_ms, count)
        parts = gop.units + sound if sound else gop.units
        return GopWrite(segment, head, parts, size, entry, start_ms, end_ms, sum(durations))

    def _end_segment(self, end_ms: int | None = None) -> None:
        """Ends the open segment, at the end of its last GOP unless told otherwise."""
        segment, self._segment = self._segment, None
        if segment is None or self.recorder is None or not segment.sequence:
            return
        self.recorder.end(segment, self._end_ms if end_ms is None else end_ms)

    def set_assignment(self, assignment: Assignment) -> None:
        """Takes over a changed assignment of the same stream (class, whether to record)."""
        was_recorded = self.assignment.is_recorded
        self.assignment = assignment
        if was_recorded and not assignment.is_recorded:
            self._end_segment()
            self.is_recording = False

    # -- audio

    def audio(self, frames: list[AudioFrame], now: float) -> None:
        """Takes audio frames as (RTP time stamp, samples, bytes)."""
        sound = self._sound
        if sound is None or self._is_fresh:
            return
        late = sound.late
        for frame in sound.take(frames, now):
            self._show_audio(sound, *frame)
        self.counters.late_audio += sound.late - late
        if self._pending is not None and sound.reaches(self._count_at(self._pending[1])):
            self._flush_pending()

    def audio_report(self, ntp: int, stamp: int) -> None:
        """A sender report of the audio track."""
        if self._sound is not None:
            self._sound.report(ntp, stamp)

    def video_report(self, ntp: int, stamp: int) -> None:
        """A sender report of the video track: what the camera's own clock says."""
        if self._is_fresh:
            return
        pts = self._pts + ((stamp - self._stamp + _HALF) & _MASK) - _HALF
        self.clock.report(ntp, pts, self.wall.wall_s(pts))

    def _count_at(self, pts: int) -> int:
        assert self._sound is not None  # noqa: S101 - asked by the callers
        return self._sound.count_at(pts, self.clock.last_report, self.wall.wall_s(pts))

    def _sound_until(self, segment: SegmentFile, end: int) -> tuple[list[bytes], int, list[int]]:
        """The audio that belongs into a fragment which ends at media time `end`."""
        sound = self._sound
        if sound is None or not sound.is_placed:
            return [], 0, []
        if segment.audio_base is None:
            # Fixed for the whole segment: within it sound and picture keep their distance.
            segment.audio_base = self._count_at(segment.base)
        late = sound.late
        cut = sound.cut(segment.audio_base, end - segment.base)
        self.counters.late_audio += sound.late - late
        return cut

    def _show_audio(self, sound: AudioTrack, count: int, duration: int, content: bytes) -> None:
        if not self.watchers or self.live_init is None or self.live_init.audio is None:
            return
        if self._gop is None:
            return
        if sound.shown_from is None:
            sound.shown_from = (self._pts, self._count_at(self._pts))
        began, first = sound.shown_from
        pts = began + (count - first) * TIMESCALE // sound.rate_hz
        length = duration * TIMESCALE // sound.rate_hz
        for watcher in tuple(self.watchers):
            watcher.frame(FLAG_AUDIO, max(0, pts), 0, self.wall.wall_ms(pts), length, content)

    # -- watching

    def replay(self, watcher: Watcher) -> None:
        """Gives a new watcher the header and the open GOP at once."""
        if self.live_init is None:
            return
        watcher.init(self.live_init)
        gop = self._gop
        if gop is None:
            return
        for number, unit in enumerate(gop.units):
            pts, dts = gop.stamps[number], gop.decode_time(number)
            flags = 0 if number else FLAG_KEY
            watcher.frame(flags, dts, pts - dts, self.wall.wall_ms(pts), 0, unit)
