/** Where a caller is said to be: how that is told, and which of it is newer than the chosen place. Pure. */
import type { Feature, FeatureCollection, Position as LonLat } from "geojson";
import type { PlaceValue } from "./types";

export interface Position {
  /** Empty while the call that told it belongs to no incident yet. */
  id: string;
  source: string;
  lat: number;
  lon: number;
  radius_m: number | null;
  at: string;
  person?: string | null;
}

/** As a call tells it; by which way it came stands in `method`. */
export interface ToldPlace {
  source: string;
  method?: string;
  lat: number | null;
  lon: number | null;
  radius_m: number | null;
  at: string;
}

const EARTH_M = 6_371_008.8;
const CORNERS = 48;

/** Positions of a call that is joined to nothing yet, by the words of incidents, the newest first. */
export function positionsOf(told: readonly ToldPlace[]): Position[] {
  return told
    .flatMap(({ source, method, lat, lon, radius_m, at }) => {
      const word = source === "pidf" ? "sip" : source === "app" ? (method ?? "sms_link") : source;
      return lat === null || lon === null ? [] : [{ id: "", source: word, lat, lon, radius_m, at }];
    })
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

/** Whether this is the place that was chosen. */
export function isChosen(position: Pick<Position, "lat" | "lon">, place: PlaceValue | null): boolean {
  return place !== null && place.lat === position.lat && place.lon === position.lon;
}

/** The newest position, if it was told after the place was chosen; where nothing was chosen, the newest. */
export function newer(positions: readonly Position[], place: PlaceValue | null, chosenAt: string | null): Position | null {
  const newest = positions.reduce<Position | null>((best, one) => (best === null || Date.parse(one.at) > Date.parse(best.at) ? one : best), null);
  if (newest === null || isChosen(newest, place)) return null;
  return place === null || chosenAt === null || Date.parse(newest.at) > Date.parse(chosenAt) ? newest : null;
}

/** A circle on the ground, as a ring of corners. */
export function circle(lat: number, lon: number, radiusM: number): LonLat[] {
  const high = (radiusM / EARTH_M) * (180 / Math.PI);
  const wide = high / Math.max(0.01, Math.cos((lat * Math.PI) / 180));
  return Array.from({ length: CORNERS + 1 }, (_, i) => {
    const angle = (2 * Math.PI * (i % CORNERS)) / CORNERS;
    return [lon + wide * Math.sin(angle), lat + high * Math.cos(angle)];
  });
}

/** Each position as a dot with its words, and as the circle that it lies in where one was told. */
export function features(positions: readonly Position[], place: PlaceValue | null, wordOf: (position: Position) => string): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: positions.flatMap((one): Feature[] => {
      const properties = { label: wordOf(one), chosen: isChosen(one, place) ? 1 : 0 };
      const dot: Feature = { type: "Feature", properties, geometry: { type: "Point", coordinates: [one.lon, one.lat] } };
      if (one.radius_m === null || one.radius_m <= 0) return [dot];
      return [{ type: "Feature", properties, geometry: { type: "Polygon", coordinates: [circle(one.lat, one.lon, one.radius_m)] } }, dot];
    }),
  };
}
