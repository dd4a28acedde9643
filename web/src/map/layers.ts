/** The city's own layers, fetched once per tab. */
import type { FeatureCollection } from "geojson";
import { api, ApiError } from "$lib/api";

export type LayerName = "base" | "kecamatan" | "kelurahan" | "roads" | "places";

const fetched = new Map<LayerName, Promise<FeatureCollection>>();

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** What the pack lacks (a city without boundaries) has no features; that is no fault. */
function lacking(error: unknown): FeatureCollection {
  if (error instanceof ApiError && error.code === "places.no_layer") return EMPTY;
  throw error;
}

/** A layer as GeoJSON, empty where the city's pack has none; one that failed is asked again the next time. */
export function cityLayer(name: LayerName): Promise<FeatureCollection> {
  let layer = fetched.get(name);
  if (layer === undefined) {
    layer = api.get<FeatureCollection>(`/api/places/layers/${name}.geojson`).catch(lacking);
    layer.catch(() => fetched.delete(name));
    fetched.set(name, layer);
  }
  return layer;
}
