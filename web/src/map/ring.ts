/** Areas drawn on the map, as rings of corners. Pure. */

/** Longitude and latitude in degrees. */
export type Corner = readonly [number, number];
export type Ring = readonly Corner[];

/** The ring with its first corner again at the end, as GeoJSON wants it (RFC 7946, section 3.1.6). */
export function closed(ring: Ring): [number, number][] {
  const corners = ring.map(([lon, lat]): [number, number] => [lon, lat]);
  const first = corners[0];
  return first === undefined ? [] : [...corners, first];
}

/** West, south, east and north of all rings; null where there are none. */
export function boxOf(rings: readonly Ring[]): [number, number, number, number] | null {
  const corners = rings.flat();
  if (corners.length === 0) return null;
  const lons = corners.map(([lon]) => lon);
  const lats = corners.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** Says whether a place lies inside a ring (even-odd rule; on an edge either answer may come). */
export function contains(ring: Ring, lon: number, lat: number): boolean {
  let isIn = false;
  for (let i = 0, before = ring.length - 1; i < ring.length; before = i, i += 1) {
    const [x, y] = ring[i] ?? [0, 0];
    const [px, py] = ring[before] ?? [0, 0];
    if (y > lat !== py > lat && lon < ((px - x) * (lat - y)) / (py - y) + x) isIn = !isIn;
  }
  return isIn;
}

/** A corner to about a decimetre, so that a letter does not promise more. */
export function corner(lon: number, lat: number): Corner {
  return [Number(lon.toFixed(6)), Number(lat.toFixed(6))];
}
