/** Where areas lie: the place of a name, and how far a layer reaches. */
import type { Feature, FeatureCollection, Geometry, Point, Position } from "geojson";

function ringArea(ring: readonly Position[]): { area: number; x: number; y: number } {
  let [area, x, y] = [0, 0, 0];
  const [x0 = 0, y0 = 0] = ring[0] ?? [];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    // Relative to the first corner, so that small areas far from 0 keep their digits.
    const [ax, ay] = [(ring[i]?.[0] ?? 0) - x0, (ring[i]?.[1] ?? 0) - y0];
    const [bx, by] = [(ring[i + 1]?.[0] ?? 0) - x0, (ring[i + 1]?.[1] ?? 0) - y0];
    const cross = ax * by - bx * ay;
    area += cross;
    x += (ax + bx) * cross;
    y += (ay + by) * cross;
  }
  if (area === 0) return { area: 0, x: x0, y: y0 };
  return { area: Math.abs(area / 2), x: x0 + x / (3 * area), y: y0 + y / (3 * area) };
}

function outerRings(geometry: Geometry): readonly (readonly Position[])[] {
  if (geometry.type === "Polygon") return geometry.coordinates.slice(0, 1);
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flatMap((polygon) => polygon.slice(0, 1));
  return [];
}

/** A point for each area, with the area's own properties. */
export function centres(areas: FeatureCollection): FeatureCollection<Point> {
  const features = areas.features.flatMap((area): Feature<Point>[] => {
    const parts = outerRings(area.geometry).map(ringArea);
    const largest = parts.sort((a, b) => b.area - a.area)[0];
    if (largest === undefined) return [];
    return [{ type: "Feature", geometry: { type: "Point", coordinates: [largest.x, largest.y] }, properties: area.properties }];
  });
  return { type: "FeatureCollection", features };
}

function corners(coordinates: unknown): Position[] {
  if (!Array.isArray(coordinates)) return [];
  return typeof coordinates[0] === "number" ? [coordinates as Position] : coordinates.flatMap(corners);
}

/** West, south, east and north of everything in a layer; null when it is empty. */
export function extent(layer: FeatureCollection): Box | null {
  const all = layer.features.flatMap(({ geometry }) => ("coordinates" in geometry ? corners(geometry.coordinates) : []));
  if (all.length === 0) return null;
  const [lons, lats] = [all.map(([lon = 0]) => lon), all.map(([, lat = 0]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

export type Box = [west: number, south: number, east: number, north: number];

/** How far beyond the city's own box one may look, as a share of it. */
const MARGIN = 0.5;

/** Where the map ends: where its data ends, and with room around the city that it is of. */
export function reach(base: FeatureCollection, [west, south, east, north]: Box): Box {
  const [dx, dy] = [MARGIN * (east - west), MARGIN * (north - south)];
  const [w, s, e, n] = extent(base) ?? [west, south, east, north];
  return [Math.min(w, west - dx), Math.min(s, south - dy), Math.max(e, east + dx), Math.max(n, north + dy)];
}
