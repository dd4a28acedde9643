/** Incidents on the map: a mark by priority, with its number; the chosen place with its ring. */
import type { FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import type { Incident } from "./types";

const SOURCE = "incidents";

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function features(list: readonly Incident[]): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: list.flatMap(({ id, lat, lon, priority }) =>
      lat === null || lon === null ? [] : [{ type: "Feature", geometry: { type: "Point", coordinates: [lon, lat] }, properties: { id, priority: priority ?? 3 } }],
    ),
  };
}

export class IncidentLayer implements Overlay {
  readonly hits = ["incident-marks"];
  readonly isAbove = true;
  readonly #onchoose: (id: string) => void;
  #list: readonly Incident[] = [];
  #map: MapLibre | null = null;

  constructor(onchoose: (id: string) => void) {
    this.#onchoose = onchoose;
  }

  show(list: readonly Incident[]): void {
    this.#list = list;
    this.#map?.getSource<GeoJSONSource>(SOURCE)?.setData(features(list));
  }

  dress(map: MapLibre): void {
    this.#map = map;
    map.addSource(SOURCE, { type: "geojson", data: features(this.#list) });
    const by = (names: readonly string[]): unknown => ["match", ["get", "priority"], 1, names[0], 2, names[1], 3, names[2], 4, names[3], names[4]];
    const fill = by(["--p1", "--p2", "--p3", "--p4", "--p5"].map(colour));
    const on = by(["--on-p1", "--on-p2", "--on-p3", "--bg-0", "--bg-0"].map(colour));
    map.addLayer({
      id: "incident-marks",
      type: "circle",
      source: SOURCE,
      paint: { "circle-radius": 11, "circle-color": fill as string, "circle-stroke-width": 2, "circle-stroke-color": colour("--m-halo") },
    });
    map.addLayer({
      id: "incident-digits",
      type: "symbol",
      source: SOURCE,
      layout: { "text-field": ["to-string", ["get", "priority"]], "text-size": 12, "text-font": ["Plex Mono Medium", "Plex Mono"], "text-allow-overlap": true },
      paint: { "text-color": on as string },
    });
  }

  strip(map: MapLibre): void {
    for (const layer of ["incident-digits", "incident-marks"]) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    if (map.getSource(SOURCE) !== undefined) map.removeSource(SOURCE);
    this.#map = null;
  }

  click(feature: { properties: Record<string, unknown> }): void {
    const { id } = feature.properties;
    if (typeof id === "string") this.#onchoose(id);
  }

  hover(): void {
    // What is marked here is told in the list.
  }
}
