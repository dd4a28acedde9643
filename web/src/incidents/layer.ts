/** What incidents draw on the map: marks by priority, and where callers are said to be. */
import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre } from "maplibre-gl";
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

const POSITIONS = "incident-positions";
const POSITION_LAYERS = ["incident-radius", "incident-radius-edge", "incident-dots"] as const;
const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Where a caller is said to be: circles as wide as nobody knows better, and dots with how it was told. */
export class PositionLayer implements Overlay {
  readonly hits = [];
  readonly isAbove = true;
  #drawn: FeatureCollection = NOTHING;
  #map: MapLibre | null = null;

  show(drawn: FeatureCollection): void {
    this.#drawn = drawn;
    this.#map?.getSource<GeoJSONSource>(POSITIONS)?.setData(drawn);
  }

  dress(map: MapLibre): void {
    this.#map = map;
    map.addSource(POSITIONS, { type: "geojson", data: this.#drawn });
    const isChosen: ExpressionSpecification = ["==", ["get", "chosen"], 1];
    const isArea: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];
    map.addLayer({ id: "incident-radius", type: "fill", source: POSITIONS, filter: isArea, paint: { "fill-color": colour("--act"), "fill-opacity": ["case", isChosen, 0.16, 0.07] } });
    map.addLayer({ id: "incident-radius-edge", type: "line", source: POSITIONS, filter: isArea, paint: { "line-color": colour("--act"), "line-width": ["case", isChosen, 2, 1.2], "line-dasharray": [3, 2] } });
    map.addLayer({
      id: "incident-dots",
      type: "symbol",
      source: POSITIONS,
      filter: ["==", ["geometry-type"], "Point"],
      layout: { "text-field": ["concat", ["case", isChosen, "◉ ", "○ "], ["get", "label"]], "text-size": 11, "text-font": ["Plex Mono Medium", "Plex Mono"], "text-anchor": "left", "text-offset": [-0.5, 0], "text-allow-overlap": true },
      paint: { "text-color": colour("--fg-0"), "text-halo-color": colour("--m-halo"), "text-halo-width": 2 },
    });
  }

  strip(map: MapLibre): void {
    for (const layer of POSITION_LAYERS) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    if (map.getSource(POSITIONS) !== undefined) map.removeSource(POSITIONS);
    this.#map = null;
  }

  click(): void {
    // A position is chosen from the list, where its age stands.
  }

  hover(): void {
    // What is marked here is told in the list.
  }
}
