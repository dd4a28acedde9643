/** Hospitals near a place, by the names that the city's places have; none where the network is away. */
import { metresBetween } from "../camera/facts";
import { api } from "$lib/api";

interface Found {
  name: string;
  kind: string;
  lat: number;
  lon: number;
}

/** The names of the nearest, each once. */
export function nearest(found: readonly Found[], from: { lat: number; lon: number }, most: number): string[] {
  const ordered = [...found].sort((a, b) => (metresBetween(from, a) ?? Infinity) - (metresBetween(from, b) ?? Infinity));
  return [...new Set(ordered.map(({ name }) => name))].slice(0, most);
}

export async function hospitalsNear(from: { lat: number; lon: number } | null, most: number): Promise<readonly string[]> {
  if (from === null) return [];
  try {
    const { items } = await api.get<{ items: Found[] }>("/api/places/search", { q: "rumah sakit", limit: 30 });
    return nearest(items.filter(({ kind }) => kind === "rumah sakit"), from, most);
  } catch {
    // Without network, or without the right to search: it is typed.
    return [];
  }
}
