/** What is said of alerts and their sources. Pure. */
import type { Alert, Draft, Info, Source } from "./types";
import { t, tOr, type MessageKey } from "$lib/t";

export const CHOICES = {
  category: ["Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"],
  urgency: ["Immediate", "Expected", "Future", "Past", "Unknown"],
  severity: ["Extreme", "Severe", "Moderate", "Minor", "Unknown"],
  certainty: ["Observed", "Likely", "Possible", "Unlikely", "Unknown"],
  response: ["Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"],
  status: ["Actual", "Exercise", "Test"],
} as const;

const STEMS: Record<keyof typeof CHOICES | "type", string> = { category: "cat", urgency: "urg", severity: "sev", certainty: "cer", response: "res", status: "status", type: "type" };

/** A word of the standard as people read it; one that is not known stays as it is. */
export function wordOf(list: keyof typeof STEMS, value: string): string {
  const key = `alerts.${STEMS[list]}_${value.toLowerCase()}`;
  const said = tOr(key, "alerts.sev_unknown" satisfies MessageKey);
  return said === t("alerts.sev_unknown") && value !== "Unknown" ? value : said;
}

export function options(list: keyof typeof CHOICES): { value: string; label: string }[] {
  return CHOICES[list].map((value) => ({ value, label: wordOf(list, value) }));
}

/** The block in the reader's language, else English, else the first. */
export function infoFor(infos: readonly Info[], language: string): Info | null {
  for (const wanted of [language, "en"]) {
    const found = infos.find((info) => info.language.toLowerCase().split("-")[0] === wanted);
    if (found !== undefined) return found;
  }
  return infos[0] ?? null;
}

export function headlineOf(alert: Pick<Alert, "body" | "identifier">, language: string): string {
  const info = infoFor(alert.body.infos, language);
  return info?.headline || info?.event || alert.identifier;
}

/** Why an alert is past: what ended it, or that it never was in force. */
export function endingOf({ ended_how, is_actual, status, type }: Pick<Alert, "ended_how" | "is_actual" | "status" | "type">): string {
  if (ended_how !== null) return t(`alerts.ended_${ended_how}`);
  if (is_actual) return t("alerts.ended_expired");
  return status === "Actual" ? wordOf("type", type) : wordOf("status", status);
}

export function draftTitle({ fields, kind }: Draft): string {
  return fields.id.headline || fields.id.event || wordOf("type", kind);
}

export type SourceState = "never" | "fresh" | "stale" | "failing";

/** Never asked, fresh, stale and failing are four things: stale is five looks without an answer. */
export function sourceState({ ok_at, problem, every_s }: Source, nowMs: number): SourceState {
  if (problem !== null) return "failing";
  if (ok_at === null) return "never";
  return nowMs - Date.parse(ok_at) > 5 * every_s * 1000 ? "stale" : "fresh";
}

/** A circle as it is typed, `-5,14; 119,42; 3`: null is none, undefined cannot be read. */
export function readCircle(typed: string): [number, number, number] | null | undefined {
  if (typed.trim() === "") return null;
  const parts = typed.split(/[;\s]+/).filter((part) => part !== "").map((part) => Number(part.replace(",", ".")));
  const [lat, lon, km] = parts;
  if (parts.length !== 3 || lat === undefined || lon === undefined || km === undefined || parts.some(Number.isNaN)) return undefined;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && km > 0 && km <= 200 ? [lat, lon, km] : undefined;
}

/** A circle as a ring of longitude and latitude, to be drawn. */
export function circleRing([lat, lon, km]: readonly [number, number, number], corners = 48): [number, number][] {
  const high = km / 111.195;
  const wide = high / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  return Array.from({ length: corners }, (_, at) => {
    const turn = (2 * Math.PI * at) / corners;
    return [lon + wide * Math.cos(turn), lat + high * Math.sin(turn)];
  });
}

/** Everything that an alert draws, as rings of longitude and latitude. */
export function ringsOf({ body }: Pick<Alert, "body">): [number, number][][] {
  const seen = new Map<string, [number, number][]>();
  for (const { areas } of body.infos)
    for (const { polygons, circles } of areas) {
      for (const ring of polygons) seen.set(JSON.stringify(ring), ring.map(([lat, lon]) => [lon, lat]));
      for (const circle of circles) seen.set(JSON.stringify(circle), circleRing(circle));
    }
  return [...seen.values()];
}
