/** The way that a unit goes and the better one, beside each other. Pure. */
import { along, type Line } from "../roads/along";
import type { Profile } from "../routing/types";

/** Farther beside a line than this a vehicle is not on it: positions scatter, and roads are wide. */
export const ON_IT_M = 40;
/** Less urgent ones drive by the signs. */
const URGENT = 2;
const FLEET: Readonly<Record<string, Profile>> = { engine: "fire", tanker: "fire", ladder: "fire", ambulance: "ambulance", patrol: "police" };

export interface Spot {
  readonly lat: number;
  readonly lon: number;
}

/** As what a unit of a kind drives to something of a priority. */
export function profileFor(kind: string, priority: number): Profile {
  return priority <= URGENT ? (FLEET[kind] ?? "car") : "car";
}

const beside = (line: Line, at: Spot): number => along([line], [at], Infinity)[0]?.beside_m ?? Infinity;

/** Which of both ways a unit is on; neither where it drives a third. */
export function taken(before: Line, better: Line, at: Spot): "before" | "better" | "both" | "neither" {
  const [old, now] = [beside(before, at) <= ON_IT_M, beside(better, at) <= ON_IT_M];
  if (old && now) return "both";
  if (old) return "before";
  return now ? "better" : "neither";
}

/** What of a line is still before a unit; all of it where the unit is not on it. */
export function rest(line: Line, at: Spot): Line {
  const on = along([line], [at], ON_IT_M)[0];
  if (on === undefined) return line;
  let first = 1;
  while (first < line.length - 1 && (along([line.slice(0, first + 1)], [{ lat: line[first]?.[1] ?? 0, lon: line[first]?.[0] ?? 0 }], Infinity)[0]?.at_m ?? 0) <= on.at_m) first += 1;
  return [[at.lon, at.lat], ...line.slice(first)];
}

/** Where a line is farthest from another: there one reads which is which. */
export function apart(line: Line, other: Line): Spot {
  const spots = line.flatMap(([lon = 0, lat = 0], i): Spot[] => {
    const [nextLon = lon, nextLat = lat] = line[i + 1] ?? [];
    return [{ lat, lon }, { lat: (lat + nextLat) / 2, lon: (lon + nextLon) / 2 }];
  });
  const middle = spots[Math.floor(spots.length / 2)] ?? { lat: 0, lon: 0 };
  return spots.reduce((best, spot) => (beside(other, spot) > beside(other, best) + 1 ? spot : best), middle);
}
