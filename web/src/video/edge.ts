/**
 * Decides how a live picture keeps to the newest frame. Pure: the caller reads the element and
 * carries out what is decided here.
 *
 * A picture that runs behind is not wrong, only old; so small lags are caught up by playing a
 * little faster, which nobody sees, and only large ones by a jump, which everybody sees.
 */

/** One stretch of buffered media, in seconds of the element's own timeline. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What to do with the element now. */
export interface EdgeStep {
  /** Where to jump, in media seconds; null stays. */
  readonly seekTo: number | null;
  readonly rate: number;
  /** Media before this moment may be dropped; null keeps all. */
  readonly dropBefore: number | null;
}

/** Above this many seconds behind the newest frame the picture jumps. */
export const JUMP_S = 1.2;
/** How much media is kept behind the playhead, and how much may pile up before it is dropped. */
export const KEEP_S = 6;
export const KEEP_MOST_S = 20;
const CALM_S = 6;

/** How near to the newest frame one keeps, in seconds. */
export interface Nearness {
  /** Distance kept while the link is calm, and at most. */
  readonly leastS: number;
  readonly mostS: number;
  /** What each stall adds and each calm while takes away. */
  readonly stepS: number;
  /** A lag that is not worth playing faster for. */
  readonly slackS: number;
}

/** A picture: every frame counts. */
export const PICTURE: Nearness = { leastS: 0.08, mostS: 0.4, stepS: 0.04, slackS: 0.04 };
/** Sound: it comes in larger pieces, and the ear hears each stall and each change of speed. */
export const SOUND: Nearness = { leastS: 0.24, mostS: 0.8, stepS: 0.08, slackS: 0.24 };

/**
 * Follows one live picture or sound. The distance kept to the newest frame grows with every stall and
 * shrinks again while the link is calm, so that a steady camera is seen early and a jerky one
 * without stutter.
 */
export class LiveEdge {
  private target: number;
  private calmSince = 0;

  constructor(private readonly near: Nearness = PICTURE) {
    this.target = near.leastS;
  }

  /** Seconds kept between the shown and the newest frame. */
  get targetS(): number {
    return this.target;
  }

  /** Tells that the picture ran dry at this moment (any monotonic seconds). */
  stalled(nowS: number): void {
    this.target = Math.min(this.near.mostS, this.target + this.near.stepS);
    this.calmSince = nowS;
  }

  /** Decides the next step from what is buffered and where the picture stands. */
  step(buffered: readonly Span[], currentS: number, nowS: number): EdgeStep {
    const last = buffered[buffered.length - 1];
    if (last === undefined) return { seekTo: null, rate: 1, dropBefore: null };
    this.relax(nowS);
    const behind = last.end - currentS;
    const outside = currentS < last.start - 0.001 || currentS > last.end + 0.25;
    if (outside || behind > JUMP_S + this.target) {
      return { seekTo: Math.max(last.start, last.end - this.target), rate: 1, dropBefore: null };
    }
    return { seekTo: null, rate: this.rate(behind), dropBefore: trimBefore(buffered, currentS) };
  }

  private rate(behind: number): number {
    const excess = behind - this.target;
    if (excess > this.near.slackS + 0.26) return 1.1;
    if (excess > this.near.slackS) return 1.05;
    return 1;
  }

  private relax(nowS: number): void {
    if (nowS - this.calmSince < CALM_S) return;
    this.calmSince = nowS;
    this.target = Math.max(this.near.leastS, this.target - this.near.stepS);
  }
}

/** The moment before which buffered media may go, or null while there is little of it. */
export function trimBefore(buffered: readonly Span[], currentS: number): number | null {
  const first = buffered[0];
  if (first === undefined || currentS - first.start < KEEP_MOST_S) return null;
  return currentS - KEEP_S;
}

/** Milliseconds to wait before the n-th new try (n from 0), spread so that a wall does not knock all at once. */
export function backoffMs(attempt: number, random: number): number {
  const most = Math.min(10_000, 500 * 2 ** Math.min(attempt, 6));
  return Math.round(most * (0.6 + 0.4 * random));
}
