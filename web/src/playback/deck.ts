/** Runs the replay: one clock, up to four tracks, their gaps, and the rules that keep them together. */
import type { RecordedTrack } from "../video/playback";
import { boundsFor, correct, gapAt, MasterClock, modeFor, skipTo, type Gap } from "./sync";

/** What one track shows now. */
export type Showing = "picture" | "gap" | "loading" | "trouble" | "future";

/** One camera of the replay. */
export interface Lane {
  readonly cameraId: string;
  readonly track: RecordedTrack;
  readonly video: HTMLVideoElement;
  gaps: readonly Gap[];
  /** The newest footage on disk; what is behind it is still being written. */
  lastAt: number | null;
  showing: Showing;
  gap: Gap | null;
  /** How far the picture strays from the clock, in milliseconds; for tests and for the curious. */
  strayMs: number;
  waitingSince: number | null;
}

/** What goes along with the clock beside the pictures: the sound of one camera. */
export interface Follower {
  seek(wallMs: number): void;
  follow(wallMs: number, runs: boolean): void;
}

/** A track that loads longer than this is no longer waited for. */
const PATIENCE_MS = 4000;
/** The newest moment that is surely on disk lies this far behind the present. */
export const EDGE_MS = 4000;

/** The engine of the replay page. Call `tick` on every animation frame. */
export class Deck {
  readonly clock: MasterClock;
  lanes: Lane[] = [];
  skipGaps = false;
  sound: Follower | null = null;
  /** True while the clock is held because pictures are loading. */
  held = false;
  /** True while the playhead is being dragged: nothing is fetched, what is buffered is shown. */
  scrubbing = false;

  constructor(
    wallMs: number,
    private readonly now: () => number,
    private readonly server: () => number,
  ) {
    this.clock = new MasterClock(wallMs, now());
  }

  /** The moment shown, in UTC milliseconds. */
  get at(): number {
    return this.clock.at(this.now());
  }

  /** The newest moment that can be replayed. */
  get newest(): number {
    return this.server() - EDGE_MS;
  }

  add(cameraId: string, video: HTMLVideoElement, track: RecordedTrack): Lane {
    const lane: Lane = { cameraId, track, video, gaps: [], lastAt: null, showing: "loading", gap: null, strayMs: 0, waitingSince: null };
    this.lanes.push(lane);
    track.setMode(modeFor(this.clock.speed), this.at);
    track.seek(this.at);
    return lane;
  }

  remove(cameraId: string): void {
    for (const lane of this.lanes) if (lane.cameraId === cameraId) lane.track.close();
    this.lanes = this.lanes.filter((lane) => lane.cameraId !== cameraId);
  }

  close(): void {
    for (const lane of this.lanes) lane.track.close();
    this.lanes = [];
  }

  play(): void {
    this.clock.play(this.now());
  }

  pause(): void {
    this.clock.pause(this.now());
  }

  seek(wallMs: number): void {
    const wall = Math.min(wallMs, this.newest);
    this.scrubbing = false;
    this.clock.seek(this.now(), wall);
    for (const lane of this.lanes) {
      lane.waitingSince = null;
      lane.track.seek(wall);
    }
    this.sound?.seek(wall);
  }

  /** Follows the dragged playhead; `seek` ends the drag. */
  scrub(wallMs: number): void {
    this.scrubbing = true;
    this.clock.seek(this.now(), Math.min(wallMs, this.newest));
  }

  setSpeed(speed: number): void {
    this.clock.setSpeed(this.now(), speed);
    const wall = this.at;
    for (const lane of this.lanes) lane.track.setMode(modeFor(speed), wall);
  }

  /** One frame on or back, by the frames of one camera; the others follow to the same moment. */
  step(way: 1 | -1, cameraId: string): void {
    this.pause();
    if (modeFor(this.clock.speed) === "keys") this.setSpeed(1);
    const lane = this.lanes.find((l) => l.cameraId === cameraId) ?? this.lanes[0];
    const frameMs = (lane?.track.frameS ?? 1 / 15) * 1000;
    const shown = lane?.track.shownMs ?? null;
    const from = shown !== null && Math.abs(shown - this.at) < 2000 ? shown : this.at;
    this.seek(from + frameMs * (way > 0 ? 1.4 : -0.6));
  }

  /** Brings every track to the clock. */
  tick(): void {
    const wall = this.at;
    if (this.clock.playing && wall >= this.newest) return this.stopAtEdge();
    if (this.clock.playing && this.skipGaps) {
      const to = skipTo(this.lanes.map((l) => l.gaps), wall);
      if (to !== null && to < this.newest) return this.seek(to + 20);
    }
    for (const lane of this.lanes) this.look(lane, wall);
    this.holdIfNeeded();
    for (const lane of this.lanes) this.steer(lane, wall);
    this.sound?.follow(wall, this.clock.playing && !this.held && this.clock.speed === 1);
  }

  /** True while some picture has yet to be written; the clock then waits for it, if no other can go on. */
  get isWaiting(): boolean {
    return this.lanes.some((lane) => lane.showing === "future");
  }

  private stopAtEdge(): void {
    this.clock.seek(this.now(), this.newest);
    this.clock.pause(this.now());
  }

  private look(lane: Lane, wall: number): void {
    lane.gap = gapAt(lane.gaps, wall) ?? null;
    const covered = lane.track.covers(wall);
    const ready = covered && (lane.video.readyState >= 2 || !this.clock.playing);
    if (ready || (!covered && lane.track.isSeam(wall))) lane.showing = "picture";
    else if (lane.gap !== null && !covered) lane.showing = "gap";
    else if (lane.lastAt !== null && wall > lane.lastAt - 200) lane.showing = "future";
    else if (lane.track.trouble !== null) lane.showing = "trouble";
    else lane.showing = "loading";
    if (this.scrubbing) return;
    const waits = lane.showing === "loading";
    lane.waitingSince = waits ? (lane.waitingSince ?? this.now()) : null;
    if (lane.showing !== "gap" || (lane.gap !== null && lane.gap.end - wall < 5000 * this.clock.speed)) {
      const from = lane.showing === "gap" && lane.gap !== null ? lane.gap.end : wall;
      lane.track.feed(from, boundsFor(this.clock.speed));
    }
  }

  private holdIfNeeded(): void {
    const now = this.now();
    const isAllFuture = this.lanes.length > 0 && this.lanes.every((l) => l.showing === "future" || l.showing === "gap") && this.isWaiting;
    this.held = this.scrubbing || isAllFuture || this.lanes.some((l) => l.waitingSince !== null && now - l.waitingSince < PATIENCE_MS);
    this.clock.hold(now, this.held);
  }

  private steer(lane: Lane, wall: number): void {
    const { video, track } = lane;
    const covered = track.covers(wall);
    const runs = this.clock.playing && !this.held && lane.showing === "picture" && covered;
    if (!runs) {
      if (!video.paused) video.pause();
      if (covered && !video.seeking) this.apply(lane, wall, false);
      return;
    }
    if (video.paused) void video.play().catch(() => undefined);
    if (!video.seeking) this.apply(lane, wall, true);
    lane.strayMs = track.wallMs - wall;
  }

  private apply(lane: Lane, wall: number, playing: boolean): void {
    const { video, track } = lane;
    const wanted = track.media(wall);
    const step = correct(video.currentTime - wanted, wanted, this.clock.speed, playing, 0.05);
    if (step.seekTo !== null) video.currentTime = step.seekTo;
    if (video.playbackRate !== step.rate) video.playbackRate = step.rate;
    lane.strayMs = track.wallMs - wall;
  }
}
