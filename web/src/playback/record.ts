/** Reads what the server tells of one camera's footage. Pure. */
import type { Stretch } from "./axis";
import { completeGaps, type Gap } from "./sync";

/** The timeline as the server answers it. */
export interface Answer {
  spans: { start: string; end: string }[];
  gaps: { start: string; end: string; cause: string }[];
  held: { start: string; end: string; hold: string }[];
  clock: { start: string; offset_ms: number | null; uncertainty_ms: number | null }[];
  first_at: string | null;
  last_at: string | null;
}

/** A stretch that is kept from deletion. */
export interface Held extends Stretch {
  readonly hold: string;
}

/** The camera clock's difference from a moment on. */
export interface ClockMark {
  readonly start: number;
  readonly offsetMs: number | null;
  readonly uncertaintyMs: number | null;
}

/** The record of one camera in a part of time. */
export interface Record {
  readonly from: number;
  readonly to: number;
  readonly resolutionS: number;
  readonly fetchedAt: number;
  readonly spans: readonly Stretch[];
  readonly gaps: readonly Gap[];
  readonly held: readonly Held[];
  readonly clock: readonly ClockMark[];
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  readonly failure: string | null;
}

/** Cause of the time before anything was recorded. */
export const BEFORE = "before_first";
/** Causes that mean no loss: nothing was there yet, or its time of keeping is over. */
const NO_LOSS: readonly string[] = [BEFORE, "not_kept"];

/** True for a gap where footage should have been. */
export function isLoss(gap: Gap): boolean {
  return !NO_LOSS.includes(gap.cause);
}

/** The gaps of a record that are losses. */
export function losses(record: Record | null | undefined): Gap[] {
  return (record?.gaps ?? []).filter(isLoss);
}

/** Reads a timeline: its times as numbers, and its gaps completed by what nobody wrote down. */
export function readTimeline(answer: Answer, from: number, to: number): Pick<Record, "spans" | "gaps" | "held" | "clock" | "firstAt" | "lastAt"> {
  const stretch = <T extends { start: string; end: string }>(raw: T): Omit<T, "start" | "end"> & Stretch => ({
    ...raw,
    start: Date.parse(raw.start),
    end: Date.parse(raw.end),
  });
  const spans = answer.spans.map(stretch);
  const lastAt = answer.last_at === null ? null : Date.parse(answer.last_at);
  const firstAt = answer.first_at === null ? null : Date.parse(answer.first_at);
  // What lies before the first footage or behind the newest is not missing: it never was, or is not yet written.
  const begun = Math.max(from, Math.min(firstAt ?? to, to));
  // A gap that goes on behind the newest footage is told by the server, which knows what is still being written.
  const gaps = answer.gaps.map(stretch);
  const known = Math.min(to, Math.max(lastAt ?? to, ...gaps.map((gap) => gap.end)));
  const isTold = gaps.some((gap) => gap.start <= from && gap.end >= begun);
  const before: Gap[] = begun > from && !isTold ? [{ start: from, end: begun, cause: BEFORE }] : [];
  return {
    spans,
    gaps: [...before, ...completeGaps(spans, gaps, isTold ? from : begun, known)],
    held: answer.held.map(stretch),
    clock: answer.clock.map((c) => ({ start: Date.parse(c.start), offsetMs: c.offset_ms, uncertaintyMs: c.uncertainty_ms })),
    firstAt,
    lastAt,
  };
}
