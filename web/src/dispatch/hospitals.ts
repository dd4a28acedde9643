/** Hospitals for a patient: where beds are known to be free first; without any list, the nearest by name. */
import { metresBetween } from "../camera/facts";
import { api } from "$lib/api";
import { keep, recall } from "$lib/kept";
import { age, number } from "$lib/format";
import { t } from "$lib/t";
import type { BedKind, Beds, Choice } from "./types";

interface Found {
  name: string;
  kind: string;
  lat: number;
  lon: number;
}

type Place = { lat: number; lon: number };

/** What a phone was told last; without network it is shown with its age. */
interface Kept {
  kind: BedKind;
  items: readonly Choice[];
}

export interface Hospitals {
  items: readonly Choice[];
  /** Nobody was asked just now: counts are as old as they say. */
  isKept: boolean;
}

const KEPT = "hospitals";
const UNTOLD: Beds = { state: "unknown" };

/** The names of the nearest, each once. */
export function nearest(found: readonly Found[], from: Place, most: number): string[] {
  const ordered = [...found].sort((a, b) => (metresBetween(from, a) ?? Infinity) - (metresBetween(from, b) ?? Infinity));
  return [...new Set(ordered.map(({ name }) => name))].slice(0, most);
}

/** The best hospitals by the server; what was told last while it is away; the nearest of the city's places where it keeps no list. */
export async function hospitalsFor(path: string, kind: BedKind, near: Place | null, most: number): Promise<Hospitals> {
  try {
    const { items } = await api.get<{ items: Choice[] }>(path, { kind });
    if (items.length === 0) return { items: await nearby(near, most), isKept: false };
    const best = items.slice(0, most);
    keep(KEPT, { kind, items: best } satisfies Kept);
    return { items: best, isKept: false };
  } catch {
    // Without network: the last word, if it was about the same kind; else it is typed.
    const last = recall<Kept>(KEPT);
    return { items: last?.kind === kind ? last.items : [], isKept: true };
  }
}

async function nearby(near: Place | null, most: number): Promise<readonly Choice[]> {
  if (near === null) return [];
  try {
    const { items } = await api.get<{ items: Found[] }>("/api/places/search", { q: "rumah sakit", limit: 30 });
    const names = nearest(items.filter(({ kind }) => kind === "rumah sakit"), near, most);
    return names.map((name) => ({ id: name, name, state: "unknown", seconds: null, beds: { igd: UNTOLD, icu: UNTOLD, ward: UNTOLD } }));
  } catch {
    // Without network, or without the right to search: it is typed.
    return [];
  }
}

/** What is known of the beds of a kind, and how old it is. */
export function bedsWord(beds: Beds, nowMs: number): string {
  const { state, free, total, at } = beds;
  if (free === undefined || at === undefined) return t("dispatch.beds_unknown");
  const told = total == null ? number(free) : t("dispatch.beds_of", { free: number(free), total: number(total) });
  const old = { age: age((nowMs - Date.parse(at)) / 1000) };
  if (state === "stale") return t("dispatch.beds_stale", { told, ...old });
  return free === 0 ? t("dispatch.beds_full", old) : t("dispatch.beds_free", { told, ...old });
}
