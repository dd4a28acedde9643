/** What was recorded of each replayed camera, fetched for the part of time that is seen. */
import { api, sentence } from "$lib/api";
import { completeGaps, type Gap } from "./sync";
import type { Stretch, View } from "./axis";

interface Answer {
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

const FRESH_MS = 10_000;
/** How soon the newest footage is looked for again while somebody waits for it. */
const EAGER_MS = 2500;
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

/** Fetches the record of a camera. Never throws: a failure is part of the record. */
export async function fetchRecord(cameraId: string, from: number, to: number, resolutionS: number, nowMs: number): Promise<Record> {
  const base = { from, to, resolutionS, fetchedAt: nowMs, spans: [], gaps: [], held: [], clock: [], firstAt: null, lastAt: null };
  try {
    const query = { from: iso(from), to: iso(to), resolution_s: resolutionS };
    const answer = await api.get<Answer>(`/api/recordings/${cameraId}/timeline`, query);
    return { ...base, ...parse(answer, from, Math.min(to, nowMs)), failure: null };
  } catch (failed) {
    return { ...base, failure: sentence(failed) };
  }
}

function parse(answer: Answer, from: number, to: number): Pick<Record, "spans" | "gaps" | "held" | "clock" | "firstAt" | "lastAt"> {
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
  const known = Math.min(to, lastAt ?? to);
  const gaps = answer.gaps.map(stretch);
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

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** The records of the cameras on the page; ask `want` whenever the view changes. */
export class Records {
  byCamera: ReadonlyMap<string, Record> = $state.raw(new Map());
  private readonly asking = new Set<string>();

  /** Fetches what is missing for this view; cheap when nothing is. */
  want(cameraIds: readonly string[], view: View, nowMs: number, isEager = false): void {
    const freshMs = isEager ? EAGER_MS : FRESH_MS;
    for (const id of cameraIds) {
      if (this.asking.has(id) || this.suffices(this.byCamera.get(id), view, nowMs, freshMs)) continue;
      void this.fetch(id, view, nowMs);
    }
  }

  /** The camera clock's difference at a moment. */
  clockAt(cameraId: string, at: number): ClockMark | null {
    const marks = this.byCamera.get(cameraId)?.clock ?? [];
    return [...marks].reverse().find((mark) => mark.start <= at) ?? marks[0] ?? null;
  }

  private suffices(record: Record | undefined, view: View, nowMs: number, freshMs: number): boolean {
    if (record === undefined) return false;
    const isPast = record.to < record.fetchedAt;
    const isFresh = isPast || nowMs - record.fetchedAt < freshMs;
    const covers = record.from <= view.start && record.to >= view.end;
    return isFresh && covers && record.resolutionS <= resolution(view) * 1.5;
  }

  private async fetch(id: string, view: View, nowMs: number): Promise<void> {
    this.asking.add(id);
    const span = view.end - view.start;
    const record = await fetchRecord(id, view.start - span, view.end + span, resolution(view), nowMs);
    this.asking.delete(id);
    this.byCamera = new Map(this.byCamera).set(id, record);
  }
}

/** Seconds below which nothing can be seen at this zoom. */
function resolution(view: View): number {
  return Math.max(1, Math.round((view.end - view.start) / 1000 / 1800));
}
