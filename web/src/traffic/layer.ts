/**
 * The roads of the map in the colours of their state. The lines are fetched once; what changes is
 * only the state of single features, so that nothing is drawn anew but what is seen to change.
 */
import type { ErrorEvent, ExpressionSpecification, LayerSpecification, Map as MapLibre, MapGeoJSONFeature, MapSourceDataEvent } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import { REACH } from "../routing/reach";
import { changed, CLASS_NUMBER, classOf, sureness, type Drawn } from "./signs";

const SOURCE = "traffic";
const BEFORE = "road-names";
const LAYERS = ["traffic-unknown", "traffic-estimate", "traffic-sure", "traffic-closed-under", "traffic-closed"] as const;
const PICKED = "traffic-picked";

const CLASS: ExpressionSpecification = ["coalesce", ["feature-state", "c"], 0];
const SURE: ExpressionSpecification = ["coalesce", ["feature-state", "s"], 0];

function isDrawn(sure: number): ExpressionSpecification {
  return ["all", [">=", CLASS, 1], ["<=", CLASS, 4], ["==", SURE, sure]];
}

function shown(when: ExpressionSpecification, opacity: number): ExpressionSpecification {
  return ["case", when, opacity, 0];
}

/** One value at each zoom, grown by `factor` at 12, 14, 16 and 18. */
function byZoom(at: (factor: number) => ExpressionSpecification | number): ExpressionSpecification {
  return ["interpolate", ["linear"], ["zoom"], 10, at(0.5), 12, at(0.75), 14, at(1), 16, at(1.5), 18, at(2.4)];
}

/** Worse is wider as well, for those who do not see the colours. */
const WIDTH = byZoom((factor) => ["match", CLASS, 1, 2.2 * factor, 2, 3.2 * factor, 3, 4.2 * factor, 4, 5.6 * factor, 2.2 * factor]);
/** One drives on the left: of a road that is driven both ways each line stands on its own side. */
const OFFSET = byZoom((factor) => ["*", ["get", "t"], -2.4 * factor]);

function layers(colour: (name: string) => string): LayerSpecification[] {
  const filter: ExpressionSpecification = ["<=", ["get", "z"], ["zoom"]];
  const common = { type: "line", source: SOURCE, filter } as const;
  const byClass: ExpressionSpecification = ["match", CLASS, 1, colour("jam-0"), 2, colour("jam-1"), 3, colour("jam-2"), 4, colour("jam-3"), colour("jam-u")];
  const isUnknown: ExpressionSpecification = ["==", CLASS, 0];
  const isClosed: ExpressionSpecification = ["==", CLASS, 5];
  return [
    {
      ...common,
      id: "traffic-unknown",
      layout: { "line-cap": "round" },
      paint: { "line-color": colour("jam-u"), "line-width": byZoom((f) => 1.5 * f), "line-dasharray": [0, 3], "line-offset": OFFSET, "line-opacity": shown(isUnknown, 0.85) },
    },
    {
      ...common,
      id: "traffic-estimate",
      paint: { "line-color": byClass, "line-width": WIDTH, "line-dasharray": [3, 1.4], "line-offset": OFFSET, "line-opacity": shown(isDrawn(2), 0.5) },
    },
    {
      ...common,
      id: "traffic-sure",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": byClass, "line-width": WIDTH, "line-offset": OFFSET, "line-opacity": shown(isDrawn(1), 1) },
    },
    {
      ...common,
      id: "traffic-closed-under",
      paint: { "line-color": colour("m-halo"), "line-width": byZoom((f) => 7 * f), "line-offset": OFFSET, "line-opacity": shown(isClosed, 0.9) },
    },
    {
      ...common,
      id: "traffic-closed",
      paint: { "line-color": colour("jam-x"), "line-width": byZoom((f) => 4.6 * f), "line-dasharray": [1.6, 0.7], "line-offset": OFFSET, "line-opacity": shown(isClosed, 1) },
    },
    {
      ...common,
      id: PICKED,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": colour("act"),
        "line-width": byZoom((f) => 2.4 * f),
        "line-gap-width": byZoom((f) => 4.4 * f),
        "line-offset": OFFSET,
        "line-opacity": shown(["==", ["coalesce", ["feature-state", "p"], 0], 1], 1),
      },
    },
  ];
}

/** Whether the lines are there: what is told of them cannot be seen before. */
export type Lines = "loading" | "drawn" | "failed";

export interface RoadHeard {
  lines: (lines: Lines) => void;
  click: (edge: number) => void;
  hover: (edge: number | null, name: string, at: { x: number; y: number }) => void;
}

export class TrafficLayer implements Overlay {
  readonly isAbove = false;
  readonly hits = LAYERS;
  readonly #pack: string;
  readonly #heard: RoadHeard;
  #map: MapLibre | null = null;
  #painted: Drawn | null = null;
  #wanted: Drawn | null = null;
  #picked: readonly number[] = [];

  constructor(pack: string, heard: RoadHeard) {
    this.#pack = pack;
    this.#heard = heard;
  }

  #loaded = (event: MapSourceDataEvent): void => {
    if (event.sourceId === SOURCE && event.isSourceLoaded) this.#heard.lines("drawn");
  };
  #failed = (event: ErrorEvent & { sourceId?: string }): void => {
    if (event.sourceId === SOURCE) this.#heard.lines("failed");
  };

  dress(map: MapLibre): void {
    if (this.#map === null) {
      this.#heard.lines("loading");
      map.on("sourcedata", this.#loaded);
      map.on("error", this.#failed);
    }
    this.#map = map;
    this.#painted = null;
    const style = getComputedStyle(document.documentElement);
    if (map.getSource(SOURCE) === undefined) {
      // By its address: the lines are fetched and read beside the page, not in it.
      const data = `${location.origin}/api/traffic/edges.geojson?pack=${encodeURIComponent(this.#pack)}`;
      map.addSource(SOURCE, { type: "geojson", data, maxzoom: 15, buffer: 32, tolerance: 0.5 });
    }
    // What lies within reach of a place is drawn over the roads, whichever of them comes first.
    const before = map.getLayer(REACH) === undefined ? BEFORE : REACH;
    for (const layer of layers((name) => style.getPropertyValue(`--${name}`).trim())) {
      if (map.getLayer(layer.id) === undefined) map.addLayer(layer, before);
    }
    if (this.#wanted !== null) this.paint(this.#wanted);
    this.pick(this.#picked);
  }

  strip(map: MapLibre): void {
    map.off("sourcedata", this.#loaded);
    map.off("error", this.#failed);
    for (const layer of [...LAYERS, PICKED]) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    if (map.getSource(SOURCE) !== undefined) map.removeSource(SOURCE);
    this.#map = null;
    this.#painted = null;
  }

  /** Draws the roads as they are now told; touches only those that look different. Gives how many. */
  paint(wanted: Drawn): number {
    this.#wanted = wanted;
    const map = this.#map;
    if (map === null) return 0;
    const edges = changed(this.#painted, wanted);
    for (const edge of edges) {
      const state = { c: CLASS_NUMBER[classOf(wanted.colour[edge] ?? 0)], s: sureness(wanted.how[edge] ?? 0) };
      map.setFeatureState({ source: SOURCE, id: edge }, state);
    }
    this.#painted = { colour: wanted.colour.slice(), how: wanted.how.slice() };
    return edges.length;
  }

  /** Marks these edges as chosen, and no others. */
  pick(edges: readonly number[]): void {
    const map = this.#map;
    if (map !== null) {
      for (const id of this.#picked) map.setFeatureState({ source: SOURCE, id }, { p: 0 });
      for (const id of edges) map.setFeatureState({ source: SOURCE, id }, { p: 1 });
    }
    this.#picked = edges;
  }

  click(feature: MapGeoJSONFeature): void {
    if (typeof feature.id === "number") this.#heard.click(feature.id);
  }

  hover(feature: MapGeoJSONFeature | null, at: { x: number; y: number }): void {
    const name: unknown = feature?.properties["n"];
    this.#heard.hover(typeof feature?.id === "number" ? feature.id : null, typeof name === "string" ? name : "", at);
  }
}
