/** The report of 112 as the server tells it, and the words for it. */
import { duration, number } from "$lib/format";
import { isMessageKey, t } from "$lib/t";

export interface JudgedAim {
  percent: number;
  within_s: number;
  source: string;
  reached: number | null;
  is_met: boolean | null;
}

export interface Timing {
  key: string;
  rows: number;
  n: number;
  missing: number;
  missing_percent: number | null;
  average_s: number | null;
  p50_s: number | null;
  p90_s: number | null;
  p95_s: number | null;
  p99_s: number | null;
  longest_s: number | null;
  longest_tenth_s: number | null;
  clocks: Partial<Record<"call" | "opening" | "due", number>>;
  aims: JudgedAim[];
}

export interface Share {
  key: string;
  part: number;
  whole: number;
  percent: number | null;
  missing: number;
  aim_percent: number | null;
  is_met: boolean | null;
  parts: Record<string, number>;
}

export interface Day {
  day: string;
  offered: number;
  answered: number;
  within_15_s: number;
  nuisance: number;
}

/** How far off promised arrivals were; null is unknown. */
export interface ArrivalErrors {
  station: string | null;
  hour: number | null;
  rows: number;
  n: number;
  no_promise: number;
  no_arrival: number;
  p10_s: number | null;
  p50_s: number | null;
  p90_s: number | null;
  median_percent: number | null;
  within_percent: number | null;
}

export interface KpiReport {
  since: string;
  until: string;
  at: string;
  seen: { calls: boolean; incidents: boolean };
  calls: number;
  incidents: number;
  units: number;
  timings: Timing[];
  shares: Share[];
  days: Day[];
  arrivals: ArrivalErrors[];
}

const word = (key: string, otherwise: string): string => (isMessageKey(key) ? t(key) : otherwise);

export const figureWord = (key: string): string => word(`dispatch.kpi_${key}`, key);
export const figureHint = (key: string): string => word(`dispatch.kpi_${key}_is`, "");
export const partWord = (key: string): string => word(`dispatch.kpi_part_${key}`, key);

/** Seconds as people read them; a dash where there is none. */
export const seconds = (value: number | null): string =>
  value === null ? "–" : value < 60 ? t("unit.seconds", { n: number(value, 1) }) : duration(value);

/** A percent; a dash where it is unknown, and never rounded up to a target that was missed. */
export const percent = (value: number | null): string => (value === null ? "–" : `${number(Math.floor(value * 10) / 10, 1)} %`);

/** A part of a whole as a percent; null of nothing. */
export const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : (100 * part) / whole);

/** Whether a target was met, in a word. */
export const metWord = (isMet: boolean | null): string => (isMet === null ? t("dispatch.kpi_unknown") : isMet ? t("dispatch.kpi_met") : t("dispatch.kpi_missed"));

/** The tone of a target: missed is never quieter than met. */
export const metTone = (isMet: boolean | null): "line" | "scene" | "p1" => (isMet === null ? "line" : isMet ? "scene" : "p1");

/** A day of the city so many days before an instant, as `2026-11-24`. */
export function dayOf(ms: number, daysBefore: number, zone: string): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(ms - daysBefore * 86_400_000);
}

/** Later than promised as `+1.20`, sooner as `−0.40`. */
export function lateBy(value: number | null): string {
  if (value === null) return "-";
  return `${value < 0 ? "−" : "+"}${duration(Math.abs(value))}`;
}

/** Of what arrivals a row tells. */
export function arrivalsOf({ station, hour }: ArrivalErrors): string {
  if (hour !== null) return t("dispatch.kpi_hour", { from: String(hour).padStart(2, "0"), to: String((hour + 1) % 24).padStart(2, "0") });
  if (station !== null) return station === "" ? t("dispatch.kpi_no_station") : station;
  return t("dispatch.kpi_all_units");
}
