/**
 * Keeps several replayed cameras on one clock. Pure: time is passed in, and what to do with each
 * picture is returned.
 *
 * There is one master clock. No camera leads; each is held against the clock and corrected when
 * it strays, so that a camera that is lost or slow cannot drag the others along.
 */

/** Speeds on offer. Above `KEYS_ABOVE` only key frames are fetched. */
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16];
export const KEYS_ABOVE = 4;
/** A picture may stray this far from the clock before it is corrected. */
export const STRAY_S = 0.08;
const SEEK_S = 0.6;
/** No browser plays faster; a clock that does runs ahead, and pictures jump after it. */
const FASTEST = 16;

/** Which media a speed needs. */
export function modeFor(speed: number): "all" | "keys" {
  return speed > KEYS_ABOVE ? "keys" : "all";
}

/** The one clock of a replay. It stands while it is held, however long it was told to run. */
export class MasterClock {
  private anchorWall: number;
  private anchorNow: number;
  private speedNow = 1;
  private runs = false;
  private held = false;

  constructor(wallMs: number, nowMs: number) {
    this.anchorWall = wallMs;
    this.anchorNow = nowMs;
  }

  get playing(): boolean {
    return this.runs;
  }

  get speed(): number {
    return this.speedNow;
  }

  /** The moment shown, in UTC milliseconds. */
  at(nowMs: number): number {
    const moves = this.runs && !this.held;
    return this.anchorWall + (moves ? (nowMs - this.anchorNow) * this.speedNow : 0);
  }

  play(nowMs: number): void {
    this.settle(nowMs);
    this.runs = true;
  }

  pause(nowMs: number): void {
    this.settle(nowMs);
    this.runs = false;
  }

  /** Stops the clock while pictures are fetched, without forgetting that it runs. */
  hold(nowMs: number, held: boolean): void {
    if (held === this.held) return;
    this.settle(nowMs);
    this.held = held;
  }

  setSpeed(nowMs: number, speed: number): void {
    this.settle(nowMs);
    this.speedNow = speed;
  }

  seek(nowMs: number, wallMs: number): void {
    this.anchorWall = wallMs;
    this.anchorNow = nowMs;
  }

  private settle(nowMs: number): void {
    this.anchorWall = this.at(nowMs);
    this.anchorNow = nowMs;
  }
}

/** What to do with one picture so that it agrees with the clock. */
export interface Correction {
  readonly seekTo: number | null;
  readonly rate: number;
}

/**
 * Corrects one picture.
 *
 * @param strayS how far the picture is ahead of the clock (negative: behind), in media seconds.
 * @param latencyS how long a seek took lately; a seek aims so far ahead while playing.
 */
export function correct(strayS: number, wantedS: number, speed: number, playing: boolean, latencyS = 0): Correction {
  const off = Math.abs(strayS);
  const rate = Math.min(FASTEST, speed);
  if (!playing) return { seekTo: off > 0.02 ? wantedS : null, rate };
  const tolerance = STRAY_S * Math.max(1, speed / 2);
  if (off > SEEK_S * Math.max(1, speed)) return { seekTo: wantedS + latencyS * speed, rate };
  if (off <= tolerance) return { seekTo: null, rate };
  const nudge = Math.min(0.25, off / Math.max(1, speed));
  return { seekTo: null, rate: Math.min(FASTEST, speed * (strayS > 0 ? 1 - nudge : 1 + nudge)) };
}

/** A stretch of time that was recorded, or a gap with its cause. */
export interface Gap {
  readonly start: number;
  readonly end: number;
  readonly cause: string;
}

/** The gap a moment lies in, if any. */
export function gapAt(gaps: readonly Gap[], at: number): Gap | undefined {
  return gaps.find((gap) => at >= gap.start && at < gap.end);
}

/**
 * Where a replay should jump to leave out what no camera recorded: the end of the gap that all of
 * them share, or null when at least one has a picture.
 */
export function skipTo(gapsByCamera: readonly (readonly Gap[])[], at: number): number | null {
  const ends: number[] = [];
  for (const gaps of gapsByCamera) {
    const gap = gapAt(gaps, at);
    if (gap === undefined) return null;
    ends.push(gap.end);
  }
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Recorded stretches and gaps of one camera completed to a whole: what is neither is a gap without a known cause. */
export function completeGaps(
  spans: readonly { readonly start: number; readonly end: number }[],
  gaps: readonly Gap[],
  from: number,
  to: number,
  leastMs = 1500,
): Gap[] {
  const out = [...gaps].filter((g) => g.end > from && g.start < to);
  const known = [...spans, ...out].sort((a, b) => a.start - b.start);
  let reached = from;
  for (const stretch of known) {
    if (stretch.start - reached > leastMs) out.push({ start: reached, end: stretch.start, cause: "unknown" });
    reached = Math.max(reached, stretch.end);
  }
  if (to - reached > leastMs) out.push({ start: reached, end: to, cause: "unknown" });
  return out.sort((a, b) => a.start - b.start);
}

/** How much to fetch at once and keep ahead, in seconds of media. */
export interface Bounds {
  readonly windowS: number;
  readonly aheadS: number;
  readonly behindS: number;
}

/** The buffer bounds of a speed: fast replays need more media per second, but of key frames only. */
export function boundsFor(speed: number): Bounds {
  if (modeFor(speed) === "keys") return { windowS: 30 * speed, aheadS: 12 * speed, behindS: 120 };
  return { windowS: Math.max(20, 12 * speed), aheadS: Math.max(8, 6 * speed), behindS: 30 };
}
