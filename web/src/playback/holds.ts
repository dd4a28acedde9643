/** Footage that is kept from deletion, as the server tells of it. Pure. */
import type { Stretch } from "./axis";
import type { Gap } from "./sync";

/** A hold as the server answers it. */
export interface Hold {
  readonly id: string;
  readonly camera: { readonly id: string; readonly number: number; readonly name: string };
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly case_number: string;
  readonly until_at: string | null;
  readonly state: "held" | "ends_soon" | "released" | "expired";
  readonly created_at: string;
  readonly created_by: string;
  readonly held_by: string;
  readonly released_at: string | null;
  readonly released_by: string;
  readonly release_reason: string | null;
  readonly bytes: number;
  readonly missing_s: number;
  readonly may_release: boolean;
  /** Only of one hold that was asked for by itself. */
  readonly missing?: readonly { readonly start: string; readonly end: string; readonly cause: string }[];
}

/** What to call a hold in few words: its case, else the begin of its reason. */
export function holdName(hold: Pick<Hold, "case_number" | "reason">): string {
  if (hold.case_number !== "") return hold.case_number;
  return hold.reason.length > 40 ? `${hold.reason.slice(0, 39).trimEnd()}…` : hold.reason;
}

/** The parts of a hold's footage that are not there, as gaps. */
export function missingOf(hold: Hold): Gap[] {
  return (hold.missing ?? []).map((part) => ({ start: Date.parse(part.start), end: Date.parse(part.end), cause: part.cause }));
}

/** How far around the playhead is held when nothing was marked. */
export const AROUND_MS = 5 * 60_000;

/** What would be held: the marked range, else five minutes on either side of the playhead, not in the future. */
export function spanToHold(range: { readonly from: number | null; readonly to: number | null }, at: number, newest: number): Stretch & { readonly marked: boolean } {
  if (range.from !== null && range.to !== null && range.to > range.from) return { start: range.from, end: range.to, marked: true };
  const start = range.from ?? Math.min(at, newest) - AROUND_MS;
  const end = range.to !== null && range.to > start ? range.to : Math.min(Math.max(at, start) + AROUND_MS, Math.max(newest, start + 1000));
  return { start, end, marked: false };
}

/** True when the hold is in force. */
export function isInForce(hold: Hold): boolean {
  return hold.state === "held" || hold.state === "ends_soon";
}
