/** The piece of ground that a camera sees, as a polygon. */

const EARTH_M = 6_371_009;
const STEP_DEG = 6;

export interface View {
  lat: number;
  lon: number;
  bearing_deg: number;
  fov_deg: number;
  range_m: number;
}

/** The place `metres` away from another in the direction of `bearing_deg`, as longitude, latitude. */
export function away(lat: number, lon: number, bearing_deg: number, metres: number): [number, number] {
  const bearing = (bearing_deg * Math.PI) / 180;
  const dLat = ((metres / EARTH_M) * Math.cos(bearing) * 180) / Math.PI;
  const dLon = ((metres / EARTH_M) * Math.sin(bearing) * 180) / Math.PI / Math.cos((lat * Math.PI) / 180);
  return [lon + dLon, lat + dLat];
}

/** The ring of the wedge: from the camera along the arc and back; a full circle has no point in the middle. */
export function wedge({ lat, lon, bearing_deg, fov_deg, range_m }: View): [number, number][] {
  const fov = Math.min(360, Math.max(1, fov_deg));
  const steps = Math.max(2, Math.ceil(fov / STEP_DEG));
  const arc = Array.from({ length: steps + 1 }, (_, i) => away(lat, lon, bearing_deg - fov / 2 + (fov * i) / steps, range_m));
  return fov >= 360 ? arc : [[lon, lat], ...arc, [lon, lat]];
}

/** The view of a camera if enough is known to draw it. */
export function viewOf(camera: { [Key in keyof View]: number | null }): View | null {
  const { lat, lon, bearing_deg, fov_deg, range_m } = camera;
  if (lat === null || lon === null || bearing_deg === null || fov_deg === null || range_m === null) return null;
  return { lat, lon, bearing_deg, fov_deg, range_m };
}
