/** Where alerts hold, on the map: outlines by how grave they are, with what they say along them. */
import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import { closed } from "../map/ring";
import type { Alert } from "./types";
import { headlineOf, ringsOf } from "./words";

const SOURCE = "alerts";
const LAYERS = ["alert-fill", "alert-edge", "alert-reach", "alert-names"] as const;
const BEFORE = "wedges";
/** As wide as a finger: the line alone could hardly be hit. The ground inside stays the map's. */
const REACH_PX = 24;
const NAME_MOST = 60;

export function features(list: readonly Alert[], language: string, chosen: string | null): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: list.flatMap((alert) =>
      ringsOf(alert).map((ring) => ({
        type: "Feature" as const,
        geometry: { type: "Polygon" as const, coordinates: [closed(ring)] },
        properties: {
          id: alert.id,
          name: headlineOf(alert, language).slice(0, NAME_MOST),
          grave: ["Extreme", "Severe"].includes(alert.severity) ? 1 : 0,
          chosen: alert.id === chosen ? 1 : 0,
        },
      })),
    ),
  };
}

export class AlertLayer implements Overlay {
  readonly hits = ["alert-reach", "alert-names"];
  readonly isAbove = false;
  readonly #onchoose: (id: string) => void;
  #drawn: FeatureCollection = features([], "id", null);
  #map: MapLibre | null = null;

  constructor(onchoose: (id: string) => void) {
    this.#onchoose = onchoose;
  }

  show(list: readonly Alert[], language: string, chosen: string | null): void {
    this.#drawn = features(list, language, chosen);
    this.#map?.getSource<GeoJSONSource>(SOURCE)?.setData(this.#drawn);
  }

  dress(map: MapLibre): void {
    this.#map = map;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const by = (property: string, yes: unknown, no: unknown): ExpressionSpecification => ["case", ["==", ["get", property], 1], yes, no] as ExpressionSpecification;
    const tone = by("grave", colour("--p2"), colour("--p3"));
    map.addSource(SOURCE, { type: "geojson", data: this.#drawn });
    const before = map.getLayer(BEFORE) === undefined ? undefined : BEFORE;
    map.addLayer({ id: "alert-fill", type: "fill", source: SOURCE, paint: { "fill-color": tone, "fill-opacity": by("chosen", 0.2, 0.1) } }, before);
    map.addLayer({ id: "alert-edge", type: "line", source: SOURCE, paint: { "line-color": tone, "line-width": by("chosen", 4, 2), "line-dasharray": [4, 2] } }, before);
    map.addLayer({ id: "alert-reach", type: "line", source: SOURCE, paint: { "line-width": REACH_PX, "line-opacity": 0 } }, before);
    map.addLayer(
      {
        id: "alert-names",
        type: "symbol",
        source: SOURCE,
        layout: { "symbol-placement": "line", "symbol-spacing": 480, "text-field": ["get", "name"], "text-size": 12, "text-font": ["Plex Cond"], "text-allow-overlap": true },
        paint: { "text-color": tone, "text-halo-color": colour("--m-halo"), "text-halo-width": 2 },
      },
      before,
    );
  }

  strip(map: MapLibre): void {
    for (const layer of LAYERS) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    if (map.getSource(SOURCE) !== undefined) map.removeSource(SOURCE);
    this.#map = null;
  }

  click({ properties }: { properties: Record<string, unknown> }): void {
    const { id } = properties;
    if (typeof id === "string") this.#onchoose(id);
  }

  hover(): void {
    // What it says stands along the outline.
  }
}
