/** The time axis of the replay page: what part of the day is seen, and where a moment lies. Pure. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The part of time that is seen, in UTC milliseconds. */
export interface View {
  readonly start: number;
  readonly end: number;
}

export const CLOSEST_MS = 5 * MINUTE;
export const WIDEST_MS = 24 * HOUR;
/** The zooms with a button of their own. */
export const ZOOMS: readonly number[] = [5 * MINUTE, 30 * MINUTE, 4 * HOUR, 24 * HOUR];

/** Where a moment lies, in pixels from the left. */
export function xOf(view: View, width: number, at: number): number {
  return ((at - view.start) / (view.end - view.start)) * width;
}

/** The moment at a pixel. */
export function atX(view: View, width: number, x: number): number {
  return view.start + (x / Math.max(1, width)) * (view.end - view.start);
}

/** Zooms to a width in time so that one moment stays on its pixel. */
export function zoomTo(view: View, spanMs: number, still: number): View {
  const span = Math.min(WIDEST_MS, Math.max(CLOSEST_MS, spanMs));
  const old = view.end - view.start;
  const share = Math.min(1, Math.max(0, (still - view.start) / old));
  const start = Math.round(still - share * span);
  return still < view.start || still > view.end ? around(still, span) : { start, end: start + span };
}

/** Zooms by a wheel's turn; a positive turn shows more. */
export function zoomBy(view: View, turn: number, still: number): View {
  return zoomTo(view, (view.end - view.start) * Math.exp(turn * 0.0016), still);
}

/** Moves sideways. */
export function pan(view: View, byMs: number): View {
  return { start: view.start + byMs, end: view.end + byMs };
}

/** A view of so much time with the moment in its middle. */
export function around(at: number, spanMs: number): View {
  const start = Math.round(at - spanMs / 2);
  return { start, end: start + spanMs };
}

/** Keeps the playhead in sight: turns the page when it runs out on the right. */
export function follow(view: View, at: number): View {
  const span = view.end - view.start;
  if (at > view.end - span * 0.04 && at < view.end + span * 0.5) return { start: at - span * 0.2, end: at + span * 0.8 };
  if (at < view.start || at > view.end) return around(at, span);
  return view;
}

/** A stroke of the axis. */
export interface Tick {
  readonly at: number;
  readonly x: number;
  /** A labelled stroke, with a line through the rows. */
  readonly major: boolean;
}

const STEPS: readonly (readonly [number, number])[] = [
  [10 * SECOND, 2 * SECOND],
  [30 * SECOND, 5 * SECOND],
  [MINUTE, 10 * SECOND],
  [2 * MINUTE, 30 * SECOND],
  [5 * MINUTE, MINUTE],
  [10 * MINUTE, 2 * MINUTE],
  [30 * MINUTE, 5 * MINUTE],
  [HOUR, 10 * MINUTE],
  [2 * HOUR, 30 * MINUTE],
  [4 * HOUR, HOUR],
];

/** The strokes of the axis on round local times, labels at least `apart` pixels from each other. */
export function ticks(view: View, width: number, offsetMs: number, apart = 74): Tick[] {
  const perMs = width / (view.end - view.start);
  const [major, minor] = STEPS.find(([step]) => step * perMs >= apart) ?? STEPS[STEPS.length - 1]!;
  const out: Tick[] = [];
  const first = Math.ceil((view.start + offsetMs) / minor) * minor;
  for (let local = first; local <= view.end + offsetMs; local += minor) {
    const at = local - offsetMs;
    out.push({ at, x: xOf(view, width, at), major: local % major === 0 });
  }
  return out;
}

/** A stretch of time. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A stretch as drawn: never thinner than a pixel, or it would be overlooked. */
export interface Bar<T extends Stretch> {
  readonly x: number;
  readonly width: number;
  readonly of: T;
}

/** The bars of the stretches that are seen. */
export function bars<T extends Stretch>(view: View, width: number, stretches: readonly T[], least = 1.5): Bar<T>[] {
  const out: Bar<T>[] = [];
  for (const of of stretches) {
    if (of.end <= view.start || of.start >= view.end) continue;
    const x = Math.max(0, xOf(view, width, of.start));
    const to = Math.min(width, xOf(view, width, of.end));
    out.push({ x, width: Math.max(least, to - x), of });
  }
  return out;
}

/** Local midnight before a moment. */
export function dayStart(at: number, offsetMs: number): number {
  return Math.floor((at + offsetMs) / DAY) * DAY - offsetMs;
}

/** How one hour of a day was recorded. */
export interface HourMark {
  readonly start: number;
  readonly recorded: boolean;
  readonly gap: boolean;
}

/** The twenty-four hours of a day: whether anything was recorded, and whether anything is missing. */
export function hours(day: number, spans: readonly Stretch[], gaps: readonly Stretch[]): HourMark[] {
  return Array.from({ length: 24 }, (_, i) => {
    const start = day + i * HOUR;
    const within = (s: Stretch): boolean => s.start < start + HOUR && s.end > start;
    return { start, recorded: spans.some(within), gap: gaps.some(within) };
  });
}
