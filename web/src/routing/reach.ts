/** What lies within reach, on the map: nearer is stronger and wider, assumed speeds are dotted. */
import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import type { Band } from "./types";

const SOURCE = "reach";
/** The lowest of its layers. */
export const REACH = "reach-under";
const LAYERS = [REACH, "reach-known", "reach-assumed"] as const;
const BEFORE = "road-names";
const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

/** How strong and how wide the bands are drawn, the nearest first; more bands look like the last. */
export const STRENGTHS = [1, 0.62, 0.38] as const;
const WIDTHS = [4.5, 3.4, 2.4] as const;

function byBand(values: readonly [number, number, number]): ExpressionSpecification {
  return ["match", ["get", "band"], 0, values[0], 1, values[1], values[2]];
}

/** The bands as features, the farthest first so that the nearest lies on top. */
export function features(bands: readonly Band[]): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: bands
      .flatMap(({ known, assumed }, band) => [
        { type: "Feature", properties: { band, known: 0 }, geometry: assumed } as const,
        { type: "Feature", properties: { band, known: 1 }, geometry: known } as const,
      ])
      .filter(({ geometry }) => geometry.coordinates.length > 0)
      .reverse(),
  };
}

export class ReachLayer implements Overlay {
  readonly isAbove = false;
  readonly hits = [];
  #map: MapLibre | null = null;
  #data: FeatureCollection = NOTHING;

  dress(map: MapLibre): void {
    this.#map = map;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    if (map.getSource(SOURCE) === undefined) map.addSource(SOURCE, { type: "geojson", data: this.#data });
    const common = { type: "line", source: SOURCE, layout: { "line-cap": "round", "line-join": "round" } } as const;
    const width = byBand(WIDTHS);
    map.addLayer({ ...common, id: REACH, paint: { "line-color": colour("m-halo"), "line-width": ["+", width, 3], "line-opacity": 0.8 } }, BEFORE);
    map.addLayer({ ...common, id: "reach-known", filter: ["==", ["get", "known"], 1], paint: { "line-color": colour("act"), "line-width": width, "line-opacity": byBand(STRENGTHS) } }, BEFORE);
    map.addLayer({ ...common, id: "reach-assumed", filter: ["==", ["get", "known"], 0], paint: { "line-color": colour("act"), "line-width": width, "line-dasharray": [0, 1.8], "line-opacity": byBand(STRENGTHS) } }, BEFORE);
  }

  strip(map: MapLibre): void {
    for (const layer of LAYERS) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    if (map.getSource(SOURCE) !== undefined) map.removeSource(SOURCE);
    this.#map = null;
  }

  click(): void {
    // Nothing of it can be pointed at.
  }

  hover(): void {
    // As above.
  }

  /** Shows these bands and no others. */
  show(bands: readonly Band[]): void {
    this.#data = features(bands);
    const map = this.#map;
    if (map === null) return;
    map.getSource<GeoJSONSource>(SOURCE)?.setData(this.#data);
    // Over the colours of traffic, which may have been drawn since, and under all names.
    for (const layer of LAYERS) map.moveLayer(layer, BEFORE);
  }
}
