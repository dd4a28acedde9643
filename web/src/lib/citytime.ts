/** Times typed by people: the clock of the city, not of the machine the browser runs on. */

function wallParts(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"], part["hour"], part["minute"], part["second"]);
}

const TYPED = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?:[ T]+(\d{1,2})[.:](\d{2}))?$/;

/** Reads `24-11-2026 14.27`, or the day alone, as UTC milliseconds of that reading; NaN for no time. */
function readTyped(typed: string): number {
  const [, day, month, year, hour = "0", minute = "0"] = TYPED.exec(typed.trim()) ?? [];
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  const back = new Date(ms);
  const isReal = back.getUTCDate() === Number(day) && back.getUTCMonth() === Number(month) - 1 && Number(hour) < 24 && Number(minute) < 60;
  return isReal ? ms : Number.NaN;
}

/** The instant at which the city's clock shows what is typed, `24-11-2026 14.27`; null for no time. */
export function instantOf(typed: string, zone: string): string | null {
  const wanted = readTyped(typed);
  if (Number.isNaN(wanted)) return null;
  // The zone's offset there, asked twice, since it may change between the two guesses.
  const first = wanted - (wallParts(wanted, zone) - wanted);
  return new Date(wanted - (wallParts(first, zone) - first)).toISOString();
}

/** What the city's clock shows at an instant, as people type it: `24-11-2026 14.27`. */
export function typedOf(instant: string | number, zone: string): string {
  const ms = typeof instant === "number" ? instant : Date.parse(instant);
  const [year = "", month = "", day = "", hour = "", minute = ""] = new Date(wallParts(ms, zone)).toISOString().split(/[-T:]/);
  return `${day}-${month}-${year} ${hour}.${minute}`;
}
