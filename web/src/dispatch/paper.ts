/** Times of a sheet of paper: hours and minutes that follow one another, also over midnight. Pure. */
import { instantOf, typedOf } from "$lib/citytime";

/** What a sheet has a time for, in this order; the first and the last must be there. */
export const STEPS = ["dispatched", "en_route", "on_scene", "cleared"] as const;
export type Step = (typeof STEPS)[number];

export interface PaperRun {
  id: string;
  unit: string;
  times: Record<Step, string>;
}

const CLOCK = /^(\d{1,2})[.: ]?(\d{2})$/;
const DAY_MS = 86_400_000;

/** `7.05`, `0705` or `19:40` as `07.05`; null for no time of day. */
export function clockOf(typed: string): string | null {
  const [, hour = "", minute = ""] = CLOCK.exec(typed.trim()) ?? [];
  if (hour === "" || Number(hour) > 23 || Number(minute) > 59) return null;
  return `${hour.padStart(2, "0")}.${minute}`;
}

/** The first instant, not before another, at which the city's clock shows this time of day. */
function nextAt(after: string, clock: string, zone: string): string | null {
  const from = Date.parse(after);
  for (const days of [0, 1]) {
    const [day = ""] = typedOf(from + days * DAY_MS, zone).split(" ");
    const instant = instantOf(`${day} ${clock}`, zone);
    // A sheet has no seconds: the minute of the call is not before it.
    if (instant !== null && Date.parse(instant) >= from - (from % 60_000)) return Date.parse(instant) < from ? after : instant;
  }
  return null;
}

/** The instants of a run after a call; null where one is no time, or the first or last is missing. */
export function instantsOf(heardAt: string, times: Record<Step, string>, zone: string): Partial<Record<Step, string>> | null {
  let last = heardAt;
  const found: Partial<Record<Step, string>> = {};
  for (const step of STEPS) {
    if (times[step].trim() === "") {
      if (step === "dispatched" || step === "cleared") return null;
      continue;
    }
    const clock = clockOf(times[step]);
    const instant = clock === null ? null : nextAt(last, clock, zone);
    if (instant === null) return null;
    found[step] = last = instant;
  }
  return found;
}
