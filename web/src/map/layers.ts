/** The city's own layers, fetched once per tab. */
import type { FeatureCollection } from "geojson";
import { api } from "$lib/api";

export type LayerName = "base" | "kecamatan" | "kelurahan" | "roads" | "places";

const fetched = new Map<LayerName, Promise<FeatureCollection>>();

/** A layer as GeoJSON; one that failed is asked again the next time. */
export function cityLayer(name: LayerName): Promise<FeatureCollection> {
  let layer = fetched.get(name);
  if (layer === undefined) {
    layer = api.get<FeatureCollection>(`/api/places/layers/${name}.geojson`);
    layer.catch(() => fetched.delete(name));
    fetched.set(name, layer);
  }
  return layer;
}
