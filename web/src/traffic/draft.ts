/** A closure as it is being drawn. Pure. */
import type { Cause } from "./types";

export type Point = readonly [number, number];

export interface Draft {
  readonly line: readonly Point[];
  readonly bothWays: boolean;
  readonly reason: string;
  readonly cause: Cause | "";
  /** Hours from now; 0 where a moment was chosen. */
  readonly hours: number;
  /** Wall time of this workstation, as its field has it. */
  readonly until: string;
}

export const HOURS: readonly number[] = [1, 2, 4, 8, 24];

export const EMPTY: Draft = { line: [], bothWays: true, reason: "", cause: "", hours: 4, until: "" };

const DIGITS = 6;

/** With one point more, to about a decimetre. */
export function withPoint(draft: Draft, lon: number, lat: number): Draft {
  return { ...draft, line: [...draft.line, [Number(lon.toFixed(DIGITS)), Number(lat.toFixed(DIGITS))]] };
}

/** Without the last point. */
export function withoutLast(draft: Draft): Draft {
  return { ...draft, line: draft.line.slice(0, -1) };
}

/** When it ends; null where no moment can be read. */
export function endOf(draft: Draft, nowMs: number): Date | null {
  if (draft.hours > 0) return new Date(nowMs + draft.hours * 3_600_000);
  const at = new Date(draft.until);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** What is sent of it. */
export function bodyOf(draft: Draft, endsAt: Date): Record<string, unknown> {
  const cause = draft.cause === "" ? {} : { cause: draft.cause };
  return { line: draft.line, both_ways: draft.bothWays, reason: draft.reason.trim(), ends_at: endsAt.toISOString(), ...cause };
}
