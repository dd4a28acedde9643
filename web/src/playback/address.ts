/** The address of a replay: which cameras, which moment. Pure. */

export const MOST_CAMERAS = 4;

/** What an address asks for. */
export interface Asked {
  readonly numbers: readonly number[];
  readonly at: number | null;
}

/** Reads `?kamera=214,211&t=2026-11-24T14:17:54.600+08:00`; what cannot be read is left out. */
export function readAddress(query: string): Asked {
  const fields = new Map(query.replace(/^\?/, "").split("&").map((part) => part.split("=", 2) as [string, string | undefined]));
  const words = decodeURIComponent(fields.get("kamera") ?? "").split(",");
  const numbers = words.filter((w) => /^\d{1,6}$/.test(w)).map(Number);
  const text = decodeURIComponent(fields.get("t") ?? "").replace(" ", "+");
  const at = Date.parse(text);
  return { numbers: [...new Set(numbers)].slice(0, MOST_CAMERAS), at: Number.isNaN(at) ? null : at };
}

/** Writes the address of a replay, with the city's own offset so that people can read the time. */
export function writeAddress(numbers: readonly number[], at: number, offsetMs: number): string {
  const parts = [`t=${localIso(at, offsetMs)}`];
  if (numbers.length > 0) parts.unshift(`kamera=${numbers.join(",")}`);
  return `/rekaman?${parts.join("&")}`;
}

/** ISO 8601 with offset, the sign of a positive one encoded, since `+` means a space in a query. */
export function localIso(at: number, offsetMs: number): string {
  const local = new Date(at + offsetMs).toISOString().slice(0, -1);
  const minutes = Math.abs(offsetMs) / 60_000;
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  return `${local}${offsetMs < 0 ? "-" : "%2B"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** A moment typed by a person: `14.17.54`, `14:17`, `24-11 14.17`, `24-11-2026 14.17.54`; null when it is none. */
export function readMoment(text: string, near: number, offsetMs: number): number | null {
  const found = /^\s*(?:(\d{1,2})[-/](\d{1,2})(?:[-/](\d{4}))?\s+)?(\d{1,2})[.:](\d{2})(?:[.:](\d{2})(?:[.,](\d{1,3}))?)?\s*$/.exec(text);
  if (found === null) return null;
  const today = new Date(near + offsetMs);
  const [, day, month, year, hour, minute, second, part] = found;
  const h = Number(hour);
  const m = Number(minute);
  const s = Number(second ?? 0);
  if (h > 23 || m > 59 || s > 59) return null;
  const d = day === undefined ? today.getUTCDate() : Number(day);
  const mo = month === undefined ? today.getUTCMonth() : Number(month) - 1;
  const y = year === undefined ? today.getUTCFullYear() : Number(year);
  const ms = part === undefined ? 0 : Math.round(Number(`0.${part}`) * 1000);
  const local = Date.UTC(y, mo, d, h, m, s, ms);
  const read = new Date(local);
  return read.getUTCDate() === d && read.getUTCMonth() === mo ? local - offsetMs : null;
}

/** The city's offset from UTC at a moment, in milliseconds. */
export function offsetOf(zone: string, at: number): number {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", { timeZone: zone, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" })
      .formatToParts(at)
      .map((p) => [p.type, Number(p.value)]),
  ) as Record<string, number>;
  const local = Date.UTC(parts["year"]!, parts["month"]! - 1, parts["day"]!, parts["hour"]!, parts["minute"]!, parts["second"]!);
  return Math.round((local - at) / 60_000) * 60_000 + 0;
}
