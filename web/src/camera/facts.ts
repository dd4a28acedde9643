/** What the camera page works out for itself. Pure. */

/** A place on earth. */
export interface Spot {
  readonly lat: number | null;
  readonly lon: number | null;
}

/** Metres between two places, on a sphere; null when one of them is not known. */
export function metresBetween(a: Spot, b: Spot): number | null {
  if (a.lat === null || a.lon === null || b.lat === null || b.lon === null) return null;
  const rad = Math.PI / 180;
  const dLat = (b.lat - a.lat) * rad;
  const dLon = (b.lon - a.lon) * rad;
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * 6_371_009 * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The nearest others, nearest first. */
export function nearest<T extends Spot & { readonly id: string }>(from: Spot & { readonly id: string }, all: readonly T[], most: number): { of: T; metres: number }[] {
  return all
    .filter((other) => other.id !== from.id)
    .flatMap((of) => {
      const metres = metresBetween(from, of);
      return metres === null ? [] : [{ of, metres }];
    })
    .sort((a, b) => a.metres - b.metres)
    .slice(0, most);
}

const WINDS = ["n", "ne", "e", "se", "s", "sw", "w", "nw"] as const;

/** The wind a bearing points to. */
export function windOf(bearingDeg: number): (typeof WINDS)[number] {
  return WINDS[Math.round((((bearingDeg % 360) + 360) % 360) / 45) % 8]!;
}

/** Missing time of a record: how many gaps, and how long together. */
export function missing(gaps: readonly { readonly start: number; readonly end: number }[]): { count: number; totalMs: number } {
  return { count: gaps.length, totalMs: gaps.reduce((sum, gap) => sum + gap.end - gap.start, 0) };
}
