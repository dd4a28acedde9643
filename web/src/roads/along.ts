/** Cameras along a road or a route, in the order in which one passes them. Pure. */
import type { Geometry, Position } from "geojson";

export interface Sited {
  readonly lat: number | null;
  readonly lon: number | null;
}

export interface Along<Thing> {
  readonly thing: Thing;
  /** From the beginning of the line, in metres along it. */
  readonly at_m: number;
  /** Beside it, in metres. */
  readonly beside_m: number;
}

/** A camera at a crossing stands some way off the road that it looks at. */
export const WITHIN_M = 60;
const M_PER_DEGREE = 111_195.08;

export type Line = readonly Position[];

/** The lines of a geometry, one after the other. */
export function linesOf(geometry: Geometry): Line[] {
  if (geometry.type === "LineString") return [geometry.coordinates];
  if (geometry.type === "MultiLineString") return geometry.coordinates;
  return [];
}

/** Pieces that meet are joined, so that one walks a road from its end to its end. */
export function joined(lines: readonly Line[]): Line[] {
  const rest = lines.filter((line) => line.length > 1).map((line) => [...line]);
  const roads: Position[][] = [];
  while (rest.length > 0) {
    let road = rest.shift() ?? [];
    for (let found = true; found; ) {
      found = false;
      for (const [i, piece] of rest.entries()) {
        const longer = meet(road, piece);
        if (longer === null) continue;
        road = longer;
        rest.splice(i, 1);
        found = true;
        break;
      }
    }
    roads.push(road);
  }
  return roads;
}

function same(a: Position | undefined, b: Position | undefined): boolean {
  return a !== undefined && b !== undefined && Math.abs((a[0] ?? 0) - (b[0] ?? 0)) < 2e-6 && Math.abs((a[1] ?? 0) - (b[1] ?? 0)) < 2e-6;
}

function meet(road: Position[], piece: Position[]): Position[] | null {
  if (same(road.at(-1), piece[0])) return [...road, ...piece.slice(1)];
  if (same(piece.at(-1), road[0])) return [...piece, ...road.slice(1)];
  if (same(road.at(-1), piece.at(-1))) return [...road, ...piece.slice(0, -1).reverse()];
  if (same(road[0], piece[0])) return [...piece.slice(1).reverse(), ...road];
  return null;
}

/** Those within `within_m` of the lines, each at the place where the lines pass it nearest. */
export function along<Thing extends Sited>(lines: readonly Line[], things: readonly Thing[], within_m: number = WITHIN_M): Along<Thing>[] {
  const first = lines[0]?.[0];
  if (first === undefined) return [];
  const squeeze = Math.cos(((first[1] ?? 0) * Math.PI) / 180);
  const flat = ([lon = 0, lat = 0]: Position): [number, number] => [lon * M_PER_DEGREE * squeeze, lat * M_PER_DEGREE];
  const pieces: { from: [number, number]; to: [number, number]; length: number; before: number }[] = [];
  let before = 0;
  for (const line of lines) {
    for (let i = 0; i + 1 < line.length; i += 1) {
      const [from, to] = [flat(line[i] ?? [0, 0]), flat(line[i + 1] ?? [0, 0])];
      const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
      if (length === 0) continue;
      pieces.push({ from, to, length, before });
      before += length;
    }
  }
  return things
    .flatMap((thing): Along<Thing>[] => {
      if (thing.lat === null || thing.lon === null) return [];
      const [x, y] = flat([thing.lon, thing.lat]);
      let best: Along<Thing> | null = null;
      for (const { from, to, length, before: passed } of pieces) {
        const part = Math.max(0, Math.min(1, ((x - from[0]) * (to[0] - from[0]) + (y - from[1]) * (to[1] - from[1])) / (length * length)));
        const beside = Math.hypot(x - from[0] - part * (to[0] - from[0]), y - from[1] - part * (to[1] - from[1]));
        if (beside <= within_m && (best === null || beside < best.beside_m)) best = { thing, at_m: passed + part * length, beside_m: beside };
      }
      return best === null ? [] : [best];
    })
    .sort((a, b) => a.at_m - b.at_m);
}

/** West, south, east and north of lines; null when there are none. */
export function boundsOf(lines: readonly Line[]): [number, number, number, number] | null {
  const points = lines.flat();
  if (points.length === 0) return null;
  const [lons, lats] = [points.map(([lon = 0]) => lon), points.map(([, lat = 0]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}
