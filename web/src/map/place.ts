/** A place that the address asks to mark: `?di=119.43,-5.14&tempat=Karebosi`. */

export interface MarkedPlace {
  lon: number;
  lat: number;
  name: string;
}

/** Reads it; null when there is none or it is no place on earth. */
export function place(query: URLSearchParams): MarkedPlace | null {
  const [lon = NaN, lat = NaN] = (query.get("di") ?? "").split(",").map(Number);
  if (!(Math.abs(lon) <= 180 && Math.abs(lat) <= 90)) return null;
  return { lon, lat, name: (query.get("tempat") ?? "").slice(0, 80) };
}
