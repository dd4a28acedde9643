/** Where alerts hold, on the map: outlines by how grave they are. */
import type { FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import type { Alert } from "./types";
import { ringsOf } from "./words";

const SOURCE = "alerts";
const LAYERS = ["alert-fill", "alert-edge"] as const;
const BEFORE = "wedges";

function features(list: readonly Alert[]): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: list.flatMap((alert) =>
      ringsOf(alert).map((ring) => {
        const [first] = ring;
        const closed = first === undefined ? ring : [...ring, first];
        return { type: "Feature" as const, geometry: { type: "Polygon" as const, coordinates: [closed] }, properties: { id: alert.id, grave: ["Extreme", "Severe"].includes(alert.severity) ? 1 : 0 } };
      }),
    ),
  };
}

export class AlertLayer implements Overlay {
  readonly hits = [];
  readonly isAbove = false;
  #list: readonly Alert[] = [];
  #map: MapLibre | null = null;

  show(list: readonly Alert[]): void {
    this.#list = list;
    this.#map?.getSource<GeoJSONSource>(SOURCE)?.setData(features(list));
  }

  dress(map: MapLibre): void {
    this.#map = map;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const tone = ["case", ["==", ["get", "grave"], 1], colour("--p2"), colour("--p3")] as unknown as string;
    map.addSource(SOURCE, { type: "geojson", data: features(this.#list) });
    const before = map.getLayer(BEFORE) === undefined ? undefined : BEFORE;
    map.addLayer({ id: "alert-fill", type: "fill", source: SOURCE, paint: { "fill-color": tone, "fill-opacity": 0.1 } }, before);
    map.addLayer({ id: "alert-edge", type: "line", source: SOURCE, paint: { "line-color": tone, "line-width": 2, "line-dasharray": [4, 2] } }, before);
  }

  strip(map: MapLibre): void {
    for (const layer of LAYERS) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    if (map.getSource(SOURCE) !== undefined) map.removeSource(SOURCE);
    this.#map = null;
  }

  click(): void {
    // What holds is told in the list.
  }

  hover(): void {
    // As above.
  }
}
