/** What was recorded of each replayed camera, fetched for the part of time that is seen. */
import { api, sentence } from "$lib/api";
import type { View } from "./axis";
import { readTimeline, type Answer, type ClockMark, type Record } from "./record";

const FRESH_MS = 10_000;
/** How soon the newest footage is looked for again while somebody waits for it. */
const EAGER_MS = 2500;
/** Fetches the record of a camera. Never throws: a failure is part of the record. */
export async function fetchRecord(cameraId: string, from: number, to: number, resolutionS: number, nowMs: number): Promise<Record> {
  const base = { from, to, resolutionS, fetchedAt: nowMs, spans: [], gaps: [], held: [], clock: [], firstAt: null, lastAt: null };
  try {
    const query = { from: iso(from), to: iso(to), resolution_s: resolutionS };
    const answer = await api.get<Answer>(`/api/recordings/${cameraId}/timeline`, query);
    return { ...base, ...readTimeline(answer, from, Math.min(to, nowMs)), failure: null };
  } catch (failed) {
    return { ...base, failure: sentence(failed) };
  }
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

  /** Has every record fetched anew at the next wish; what is shown stays until then. */
  forget(): void {
    this.byCamera = new Map([...this.byCamera].map(([id, record]) => [id, { ...record, fetchedAt: 0 }]));
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
