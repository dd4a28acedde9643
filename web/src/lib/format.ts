/** Numbers, times and ages as written in the language of the page, always with the zone. */
import { language } from "./language.svelte";
import { t } from "./t";

let zone = "UTC";
let zoneLabel = "";
const formats = new Map<string, Intl.DateTimeFormat>();

/** Sets the city's time zone and the word for it. */
export function setZone(name: string, label: string): void {
  zone = name;
  zoneLabel = label;
  formats.clear();
}

/** The word for the city's zone: its own, else as clocks there are called at that moment (EET, EEST). */
export function zoneWord(moment: Moment = Date.now()): string {
  if (zoneLabel !== "") return zoneLabel;
  const named = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" }).formatToParts(asDate(moment));
  return named.find(({ type }) => type === "timeZoneName")?.value ?? zone;
}

/** The city's zone by its name in the tz database. */
export function zoneName(): string {
  return zone;
}

export type Moment = string | number | Date;

function asDate(moment: Moment): Date {
  return moment instanceof Date ? moment : new Date(moment);
}

function parts(moment: Moment, timeZone: string): Record<string, string> {
  const key = `${language.current} ${timeZone}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(language.locale, {
      timeZone,
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    formats.set(key, format);
  }
  return Object.fromEntries(format.formatToParts(asDate(moment)).map((part) => [part.type, part.value]));
}

/** What stands between hours and minutes: a point in Indonesian and Finnish, a colon in English. */
function colon(): string {
  return (marks[`: ${language.locale}`] ??= findColon());
}

const marks: Record<string, string> = {};

function findColon(): string {
  const clock = new Intl.DateTimeFormat(language.locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return clock.formatToParts(0).find(({ type }) => type === "literal")?.value ?? ":";
}

/** What stands before tenths. */
function point(): string {
  return (marks[`. ${language.locale}`] ??= findPoint());
}

function findPoint(): string {
  return new Intl.NumberFormat(language.locale).formatToParts(1.5).find(({ type }) => type === "decimal")?.value ?? ".";
}

/** `14.27.05`; with `tenths` also `14.27.04,6`, cut and never rounded up into the future. */
export function time(moment: Moment, { tenths = false, seconds = true, timeZone = zone } = {}): string {
  const { hour = "", minute = "", second = "" } = parts(moment, timeZone);
  const clock = (seconds ? [hour, minute, second] : [hour, minute]).join(colon());
  if (!tenths) return clock;
  return `${clock}${point()}${Math.floor((((asDate(moment).getTime() % 1000) + 1000) % 1000) / 100)}`;
}

/** `Sel, 24 Nov 2026`; English without the weekday, as `24 Nov 2026`. */
export function date(moment: Moment): string {
  const { weekday = "", day = "", month = "", year = "" } = parts(moment, zone);
  return language.current === "en" ? `${day} ${month} ${year}` : `${weekday}, ${day} ${month} ${year}`;
}

/** `24 Nov 14.27.05`, for tables; with its year where that is not this one. */
export function dateTime(moment: Moment, nowMs: number = Date.now()): string {
  const { day = "", month = "", year = "" } = parts(moment, zone);
  const isThisYear = year === parts(nowMs, zone)["year"];
  return `${day} ${month} ${isThisYear ? "" : `${year} `}${time(moment)}`;
}

/** `24 Nov 14.27.05 WIB`, for sentences. */
export function zonedTime(moment: Moment): string {
  return `${dateTime(moment)} ${zoneWord(moment)}`;
}

/** `Sel, 24 Nov 2026 14.27.05 WIB`, complete enough to be quoted. */
export function fullTime(moment: Moment): string {
  return `${date(moment)} ${time(moment)} ${zoneWord(moment)}`;
}

/** The time alone when it is of today, else with its day: `14.20.11` or `23 Nov 14.20`. */
export function sinceTime(moment: Moment, nowMs: number): string {
  const isToday = date(moment) === date(nowMs);
  if (isToday) return time(moment);
  const { day = "", month = "" } = parts(moment, zone);
  return `${day} ${month} ${time(moment, { seconds: false })}`;
}

/** `1.234.567,8`. */
export function number(value: number, decimals = 0): string {
  return new Intl.NumberFormat(language.locale, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  }).format(value);
}

/** How many there are; a question mark while nobody could say, which is not none. */
export function known(isKnown: boolean, count: number): string {
  return isKnown ? number(count) : "?";
}

/** A length of time as `3.41` or `1.52.18`; never rounded up. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  const two = (n: number): string => String(n).padStart(2, "0");
  const tail = two(whole % 60);
  return h > 0 ? [h, two(m), tail].join(colon()) : [m, tail].join(colon());
}

/** How old a thing is: `0,4 dtk`, `42 dtk`, `12 mnt`, `5 jam`, `3 hari`. */
export function age(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 9.95) return t("unit.seconds", { n: number(s, 1) });
  if (s < 90) return t("unit.seconds", { n: number(Math.floor(s)) });
  if (s < 90 * 60) return t("unit.minutes", { n: number(Math.floor(s / 60)) });
  if (s < 48 * 3600) return t("unit.hours", { n: number(Math.floor(s / 3600)) });
  return t("unit.days", { n: number(Math.floor(s / 86_400)) });
}

/** How far footage reaches back: `12 mnt`, `5 jam`, from two days on `2,4 hari`; cut, never rounded up. */
export function reach(seconds: number): string {
  if (seconds < 2 * 86_400) return age(seconds);
  return t("unit.days", { n: number(Math.floor(seconds / 8_640) / 10, 1) });
}

/** Metres below one kilometre, then `1,4 km`. */
export function distance(metres: number): string {
  return metres < 1000 ? `${number(Math.round(metres))} m` : `${number(metres / 1000, 1)} km`;
}

/** A signed difference of clocks, `+0,038 dtk`. */
export function offset(milliseconds: number): string {
  const sign = milliseconds < 0 ? "−" : "+";
  return t("unit.seconds", { n: `${sign}${number(Math.abs(milliseconds) / 1000, 3)}` });
}

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes in decimal units, `3,2 GB`. */
export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 1000 && unit < BYTE_UNITS.length - 1) {
    rest /= 1000;
    unit += 1;
  }
  return `${number(rest, rest < 10 && unit > 0 ? 1 : 0)} ${BYTE_UNITS[unit] ?? "B"}`;
}

/** A camera's number as people say it: at least three digits. */
export function cameraNumber(value: number): string {
  return String(value).padStart(3, "0");
}
