/** Times typed by people: the clock of the city, not of the machine the browser runs on. */

function wallParts(ms: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" });
  const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"], part["hour"], part["minute"], part["second"]);
}

/** The instant at which the city's clock shows `2026-11-24T14:27`; null for what is no time. */
export function instantOf(typed: string, zone: string): string | null {
  const wanted = Date.parse(`${typed}Z`);
  if (typed === "" || Number.isNaN(wanted)) return null;
  // The zone's offset there, asked twice, since it may change between the two guesses.
  const first = wanted - (wallParts(wanted, zone) - wanted);
  return new Date(wanted - (wallParts(first, zone) - first)).toISOString();
}

/** What the city's clock shows at an instant, as a `datetime-local` field wants it. */
export function typedOf(instant: string | number, zone: string): string {
  const ms = typeof instant === "number" ? instant : Date.parse(instant);
  return new Date(wallParts(ms, zone)).toISOString().slice(0, 16);
}
