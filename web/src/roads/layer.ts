/** Ways on the map: the chosen one, others beside it, and where they begin and end. */
import type { FeatureCollection } from "geojson";
import type { GeoJSONSource, Map as MapLibre } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import type { Line } from "./along";

const SOURCE = "ways";
const ENDS = "way-ends";
const NAMES = "way-names";
const LAYERS = ["ways-under", "ways-others", "ways-chosen", "way-ends", "way-letters", "way-names"] as const;
const BEFORE = "wedges";
const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

export interface End {
  readonly lon: number;
  readonly lat: number;
  readonly letter: string;
}

/** A way, drawn in full or in dashes, and what is written on it. */
export interface Way {
  readonly lines: readonly Line[];
  readonly isChosen: boolean;
  readonly name?: { readonly lon: number; readonly lat: number; readonly text: string };
}

export class WayLayer implements Overlay {
  readonly isAbove = false;
  readonly hits = [];
  #map: MapLibre | null = null;
  #ways: FeatureCollection = NOTHING;
  #ends: FeatureCollection = NOTHING;
  #names: FeatureCollection = NOTHING;

  dress(map: MapLibre): void {
    this.#map = map;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    if (map.getSource(SOURCE) === undefined) map.addSource(SOURCE, { type: "geojson", data: this.#ways });
    if (map.getSource(ENDS) === undefined) map.addSource(ENDS, { type: "geojson", data: this.#ends });
    if (map.getSource(NAMES) === undefined) map.addSource(NAMES, { type: "geojson", data: this.#names });
    const round = { "line-cap": "round", "line-join": "round" } as const;
    map.addLayer({ id: "ways-under", type: "line", source: SOURCE, layout: round, paint: { "line-color": colour("m-halo"), "line-width": 9, "line-opacity": 0.8 } }, BEFORE);
    map.addLayer({ id: "ways-others", type: "line", source: SOURCE, filter: ["==", ["get", "chosen"], 0], layout: round, paint: { "line-color": colour("fg-2"), "line-width": 4, "line-dasharray": [2, 1.6] } }, BEFORE);
    map.addLayer({ id: "ways-chosen", type: "line", source: SOURCE, filter: ["==", ["get", "chosen"], 1], layout: round, paint: { "line-color": colour("act"), "line-width": 5 } }, BEFORE);
    map.addLayer({ id: "way-ends", type: "circle", source: ENDS, paint: { "circle-radius": 9, "circle-color": colour("bg-1"), "circle-stroke-color": colour("act"), "circle-stroke-width": 2 } });
    map.addLayer({
      id: "way-letters",
      type: "symbol",
      source: ENDS,
      layout: { "text-field": ["get", "letter"], "text-font": ["Plex Mono Medium", "Plex Mono"], "text-size": 12, "text-allow-overlap": true },
      paint: { "text-color": colour("fg-0") },
    });
    map.addLayer({
      id: "way-names",
      type: "symbol",
      source: NAMES,
      layout: { "text-field": ["get", "text"], "text-font": ["Plex Mono Medium", "Plex Mono"], "text-size": 12, "text-max-width": 14, "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 0.8, "text-allow-overlap": true },
      paint: { "text-color": ["case", ["==", ["get", "chosen"], 1], colour("act"), colour("fg-0")], "text-halo-color": colour("m-halo"), "text-halo-width": 2.5 },
    });
  }

  strip(map: MapLibre): void {
    for (const layer of LAYERS) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    for (const source of [SOURCE, ENDS, NAMES]) if (map.getSource(source) !== undefined) map.removeSource(source);
    this.#map = null;
  }

  click(): void {
    // Nothing of it can be pointed at.
  }

  hover(): void {
    // As above.
  }

  /** Shows these ways, the chosen one over the others. */
  show(ways: readonly (readonly Line[])[], chosen: number, ends: readonly End[]): void {
    this.draw(ways.map((lines, i) => ({ lines, isChosen: i === chosen })), ends);
  }

  draw(ways: readonly Way[], ends: readonly End[] = []): void {
    this.#ways = {
      type: "FeatureCollection",
      features: ways.map(({ lines, isChosen }) => ({
        type: "Feature",
        properties: { chosen: isChosen ? 1 : 0 },
        geometry: { type: "MultiLineString", coordinates: lines.map((line) => [...line]) },
      })),
    };
    this.#names = {
      type: "FeatureCollection",
      features: ways.flatMap(({ name, isChosen }) =>
        name === undefined ? [] : [{ type: "Feature", properties: { text: name.text, chosen: isChosen ? 1 : 0 }, geometry: { type: "Point", coordinates: [name.lon, name.lat] } }],
      ),
    };
    this.#ends = {
      type: "FeatureCollection",
      features: ends.map(({ lon, lat, letter }) => ({ type: "Feature", properties: { letter }, geometry: { type: "Point", coordinates: [lon, lat] } })),
    };
    this.#map?.getSource<GeoJSONSource>(SOURCE)?.setData(this.#ways);
    this.#map?.getSource<GeoJSONSource>(ENDS)?.setData(this.#ends);
    this.#map?.getSource<GeoJSONSource>(NAMES)?.setData(this.#names);
    // Vehicles are drawn later than the layer was made; what is written must be read all the same.
    if (this.#names.features.length > 0) this.#map?.moveLayer("way-names");
  }
}
