/** Places that people name, as their agency keeps them. */
import { t } from "$lib/t";

export const KINDS = ["building", "school", "worship", "market", "hotel", "clinic", "industry", "hydrant", "gate"] as const;
export type PremiseKind = (typeof KINDS)[number];

export const DANGERS = ["gas", "fuel", "chemical", "electric", "crowd", "helpless"] as const;
export type Danger = (typeof DANGERS)[number];

/** What of a premise is written in one line each. */
export const TEXTS = ["aliases", "hazards", "access", "key_holder", "hydrant", "plan", "contacts"] as const;

export interface PremiseWords extends Record<(typeof TEXTS)[number], string> {
  kind: PremiseKind;
  name: string;
  lat: number;
  lon: number;
  dangers: Danger[];
}

export interface Premise extends PremiseWords {
  id: string;
  version: number;
  /** Kelurahan and kecamatan, by which twins are told apart. */
  area: string;
  agency: { id: string; short: string | null };
  changed_at: string;
  removed_at: string | null;
}

/** As the form holds it: numbers as they are typed. */
export interface PremiseDraft extends Omit<PremiseWords, "lat" | "lon"> {
  lat: string;
  lon: string;
}

export const kindOf = (kind: PremiseKind): string => t(`incidents.premise_${kind}`);
export const dangerWord = (danger: Danger): string => t(`incidents.danger_${danger}`);

export function opened(premise: PremiseWords | null): PremiseDraft {
  return {
    kind: premise?.kind ?? "building",
    name: premise?.name ?? "",
    lat: premise === null ? "" : String(premise.lat),
    lon: premise === null ? "" : String(premise.lon),
    dangers: [...(premise?.dangers ?? [])],
    aliases: premise?.aliases ?? "",
    hazards: premise?.hazards ?? "",
    access: premise?.access ?? "",
    key_holder: premise?.key_holder ?? "",
    hydrant: premise?.hydrant ?? "",
    plan: premise?.plan ?? "",
    contacts: premise?.contacts ?? "",
  };
}

/** A typed number of degrees, a decimal comma allowed; null where it is none or beyond `most`. */
export function degrees(text: string, most: number): number | null {
  const plain = text.trim().replace(",", ".");
  const value = plain === "" ? NaN : Number(plain);
  return Math.abs(value) <= most ? value : null;
}

/** What is to be sent, or which fields are to be mended. */
export function bodyOf(draft: PremiseDraft): { body: PremiseWords } | { wrong: ReadonlySet<"name" | "lat" | "lon"> } {
  const lat = degrees(draft.lat, 90);
  const lon = degrees(draft.lon, 180);
  const wrong = new Set<"name" | "lat" | "lon">();
  if (draft.name.trim() === "") wrong.add("name");
  if (lat === null) wrong.add("lat");
  if (lon === null) wrong.add("lon");
  if (lat === null || lon === null || wrong.size > 0) return { wrong };
  return { body: { ...draft, name: draft.name.trim(), dangers: [...draft.dangers], lat, lon } };
}
