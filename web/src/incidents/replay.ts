/** What the replay of an incident shows at a moment. Pure: the moment is an argument, in UTC milliseconds. */
import type { CallClass } from "../calls/types";
import type { Camera } from "$lib/types";

/** Beyond 16 a browser plays no picture faster; the clock then runs ahead and pictures jump after it. */
export const SPEEDS: readonly number[] = [1, 2, 4, 10, 20];
/** Up to here a browser plays sound without raising its pitch; faster it is silent. */
export const HEARD_UP_TO = 4;
/** A unit that told nothing for so long is somewhere else by now. */
export const STALE_MS = 30_000;
/** State of the roads is kept every five minutes: older than two of them says nothing of the moment. */
export const ROADS_STALE_MS = 600_000;

export interface Moment {
  at: string;
  sort: "call" | "log" | "unit" | "note";
  kind: string;
  who: string;
  text: string;
  is_backdated: boolean;
  detail: Readonly<Record<string, unknown>>;
}

export interface ReplayCall {
  id: string;
  class: CallClass | null;
  offered_at: string;
  answered_at: string | null;
  ended_at: string | null;
  recording_s: number | null;
  recording_sha256: string | null;
}

export interface Fix {
  at: string;
  lat: number;
  lon: number;
  kmh?: number;
  bearing?: number;
}

export interface Track {
  unit: string;
  name: string;
  kind: string;
  is_seen: boolean;
  items: Fix[];
  truncated?: boolean;
}

export interface ReplayUnit {
  id: string;
  name: string;
  kind: string;
}

export interface Replay {
  incident: {
    id: string;
    number: string | null;
    type: string | null;
    priority: number | null;
    event: string;
    address: string;
    area: string;
    lat: number | null;
    lon: number | null;
    state: string;
  };
  calls: ReplayCall[];
  calls_unseen: number;
  units: ReplayUnit[];
  moments: Moment[];
  states: { at: string; state: string }[];
  tracks: Track[];
  tracks_cut: boolean;
  cameras: (Camera & { distance_m: number })[];
  from: string;
  to: string;
  is_over: boolean;
}

/** The last of a list by time that is not after the moment; undefined before the first. */
export function lastUntil<T extends { at: string }>(list: readonly T[], at: number): T | undefined {
  let found: T | undefined;
  for (const one of list) {
    if (Date.parse(one.at) > at) break;
    found = one;
  }
  return found;
}

/** Where a unit was: on the way between two positions that lie close in time, else at the last one, which may be old. */
export function positionAt(items: readonly Fix[], at: number): (Fix & { isOld: boolean; agoMs: number }) | null {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Date.parse(items[middle]!.at) <= at) low = middle + 1;
    else high = middle;
  }
  const before = items[low - 1];
  if (before === undefined) return null;
  const [from, after] = [Date.parse(before.at), items[low]];
  const agoMs = at - from;
  if (after === undefined || Date.parse(after.at) - from > STALE_MS) return { ...before, isOld: agoMs > STALE_MS, agoMs };
  const share = agoMs / Math.max(1, Date.parse(after.at) - from);
  return { ...before, lat: before.lat + (after.lat - before.lat) * share, lon: before.lon + (after.lon - before.lon) * share, isOld: false, agoMs };
}

/** Where a unit had been until then, in stretches without a hole: nothing is drawn where nothing was told. */
export function trailUntil(items: readonly Fix[], at: number): [number, number][][] {
  const stretches: [number, number][][] = [];
  let last = -Infinity;
  for (const fix of items) {
    const when = Date.parse(fix.at);
    if (when > at) break;
    if (when - last > STALE_MS) stretches.push([]);
    stretches[stretches.length - 1]!.push([fix.lon, fix.lat]);
    last = when;
  }
  return stretches.filter((stretch) => stretch.length > 1);
}

/** What a unit was doing: its last stamp until then; null before the first. */
export function doingAt(moments: readonly Moment[], unit: string, at: number): Moment | null {
  return lastUntil(moments.filter(({ sort, detail }) => sort === "unit" && detail["unit"] === unit), at) ?? null;
}

/** The number of the last row of the story that has happened; -1 before the first. */
export function rowAt(moments: readonly Moment[], at: number): number {
  let row = -1;
  while (row + 1 < moments.length && Date.parse(moments[row + 1]!.at) <= at) row += 1;
  return row;
}

/** The next or the previous stamp; null where there is none. Stamps of one second count as one. */
export function stampBeside(moments: readonly Moment[], at: number, way: 1 | -1): number | null {
  const times = moments.map((one) => Date.parse(one.at));
  const beside = way > 0 ? times.filter((one) => one > at + 500) : times.filter((one) => one < at - 1_500);
  if (beside.length === 0) return null;
  return way > 0 ? Math.min(...beside) : Math.max(...beside);
}

/** The call that is heard: the one that was chosen while it lasts, else the first answered that lasts. */
export function heardAt(calls: readonly ReplayCall[], chosen: string | null, at: number): ReplayCall | null {
  const lasting = calls.filter((call) => call.recording_s !== null && startOf(call) <= at && at < startOf(call) + call.recording_s * 1000);
  return lasting.find(({ id }) => id === chosen) ?? lasting[0] ?? null;
}

/** A recording begins with the call's first message, before anybody answers. */
export function startOf(call: ReplayCall): number {
  return Date.parse(call.offered_at);
}

/** How loud and how fast a recording is played at a speed of the clock. */
export function soundAt(speed: number): { rate: number; isSilent: boolean } {
  return { rate: Math.min(speed, HEARD_UP_TO), isSilent: speed > HEARD_UP_TO };
}

/** The state of the roads that was kept last until then, if it still says something of the moment. */
export function roadsAt(kept: readonly string[], at: number): string | null {
  const found = lastUntil(kept.map((one) => ({ at: one })), at)?.at ?? null;
  return found !== null && at - Date.parse(found) <= ROADS_STALE_MS ? found : null;
}
