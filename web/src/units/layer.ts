/** Vehicles on the map: kind by shape, what is known by colour and fill, course by an arrow beside it. */
import type { FeatureCollection, Position } from "geojson";
import type { ExpressionSpecification, GeoJSONSource, Map as MapLibre, MapGeoJSONFeature } from "maplibre-gl";
import type { Overlay } from "../map/CityMap";
import { isService, SHAPES, standing, STANDINGS, shapeOf, type Shape, type Standing } from "./fresh";
import { SIGNS, STATUSES, type Sign } from "../dispatch/signs";
import type { Status } from "../dispatch/types";
import { COLOURS, isFilled, PATHS } from "./shapes";
import type { Unit } from "./types";

const SOURCE = "units";
const TRACK = "unit-track";
const LAYERS = ["unit-track", "unit-course", "unit-signs", "unit-status"] as const;
const SIZE = 24;
const RATIO = 2;
const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

/**
 * Vehicles as points; `stale` says how old the position is, where that matters. Beside those that are
 * sent out to help stands what they are doing, where `statusOf` knows of it.
 */
export function points(
  units: readonly Unit[],
  nowMs: number,
  agedText: (unit: Unit) => string,
  chosen: string | null,
  statusOf: (unit: Unit) => Status | null = () => null,
): FeatureCollection {
  return {
    type: "FeatureCollection",
    features: units.flatMap((unit) => {
      const { position } = unit;
      if (position === null) return [];
      const state = standing(unit, nowMs);
      const isOld = state === "stale" || state === "silent";
      const status = isService(unit.kind) ? statusOf(unit) : null;
      return [
        {
          type: "Feature",
          geometry: { type: "Point", coordinates: [position.lon, position.lat] },
          properties: {
            id: unit.id,
            icon: `unit-${shapeOf(unit.kind)}-${state}`,
            label: isOld ? `${unit.name} ${agedText(unit)}` : unit.name,
            old: isOld ? 1 : 0,
            chosen: unit.id === chosen ? 1 : 0,
            service: isService(unit.kind) ? 1 : 0,
            ...(status === null ? {} : { status: `status-${status}` }),
            ...(state === "driving" && position.bearing != null ? { course: position.bearing } : {}),
          },
        },
      ];
    }),
  };
}

function image(draw: (ctx: CanvasRenderingContext2D) => void): ImageData | null {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE * RATIO;
  canvas.height = SIZE * RATIO;
  const ctx = canvas.getContext("2d");
  if (ctx === null) return null;
  ctx.scale(RATIO, RATIO);
  draw(ctx);
  return ctx.getImageData(0, 0, canvas.width, canvas.height);
}

function sign(shape: Shape, state: Standing, colour: (name: string) => string): ImageData | null {
  return image((ctx) => {
    ctx.translate((SIZE - 16) / 2, (SIZE - 16) / 2);
    const path = new Path2D(PATHS[shape]);
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour("m-halo");
    ctx.lineWidth = 4.5;
    ctx.stroke(path);
    ctx.fillStyle = isFilled(state) ? colour(COLOURS[state]) : colour("m-halo");
    ctx.fill(path);
    if (state === "silent") ctx.setLineDash([2, 1.6]);
    ctx.strokeStyle = colour(COLOURS[state]);
    ctx.lineWidth = 1.5;
    ctx.stroke(path);
  });
}

function badge({ path, inner, colour: role, isFilled: filled, dash }: Sign, colour: (name: string) => string): ImageData | null {
  return image((ctx) => {
    ctx.translate(SIZE / 2 - 6, SIZE / 2 - 6);
    ctx.scale(0.75, 0.75);
    const outline = new Path2D(path);
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour("m-halo");
    ctx.lineWidth = 6;
    ctx.stroke(outline);
    ctx.fillStyle = filled ? colour(role) : colour("m-halo");
    ctx.fill(outline);
    if (inner !== undefined) {
      ctx.fillStyle = colour(role);
      ctx.fill(new Path2D(inner));
    }
    if (dash !== undefined) ctx.setLineDash(dash.split(" ").map(Number));
    ctx.strokeStyle = colour(role);
    ctx.lineWidth = 2;
    ctx.stroke(outline);
  });
}

function arrow(colour: (name: string) => string): ImageData | null {
  return image((ctx) => {
    ctx.beginPath();
    ctx.moveTo(SIZE / 2, 0.5);
    ctx.lineTo(SIZE / 2 + 4, 5.5);
    ctx.lineTo(SIZE / 2 - 4, 5.5);
    ctx.closePath();
    ctx.strokeStyle = colour("m-halo");
    ctx.lineWidth = 2;
    ctx.stroke();
    ctx.fillStyle = colour("fg-1");
    ctx.fill();
  });
}

/** Larger where it is chosen. */
function bigger(size: number): ExpressionSpecification {
  return ["case", ["==", ["get", "chosen"], 1], size * 1.4, ["==", ["get", "service"], 1], size, size * 0.8];
}

/** The label where `when` holds, nothing elsewhere. */
function named(when: ExpressionSpecification): ExpressionSpecification {
  return ["case", when, ["get", "label"], ""];
}

export interface UnitHeard {
  click: (id: string) => void;
  hover: (id: string | null, at: { x: number; y: number }) => void;
}

export class UnitLayer implements Overlay {
  readonly isAbove = true;
  readonly hits = ["unit-signs"];
  readonly #heard: UnitHeard;
  #map: MapLibre | null = null;
  #points: FeatureCollection = NOTHING;
  #track: FeatureCollection = NOTHING;

  constructor(heard: UnitHeard) {
    this.#heard = heard;
  }

  dress(map: MapLibre): void {
    this.#map = map;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
    const add = (name: string, drawn: ImageData | null): void => {
      if (drawn === null) return;
      if (map.hasImage(name)) map.removeImage(name);
      map.addImage(name, drawn, { pixelRatio: RATIO });
    };
    for (const shape of SHAPES) for (const state of STANDINGS) add(`unit-${shape}-${state}`, sign(shape, state, colour));
    for (const status of STATUSES) add(`status-${status}`, badge(SIGNS[status], colour));
    add("unit-arrow", arrow(colour));
    if (map.getSource(SOURCE) === undefined) map.addSource(SOURCE, { type: "geojson", data: this.#points });
    if (map.getSource(TRACK) === undefined) map.addSource(TRACK, { type: "geojson", data: this.#track });
    map.addLayer({
      id: "unit-track",
      type: "line",
      source: TRACK,
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": colour("move"), "line-width": 2.5, "line-opacity": 0.75 },
    });
    map.addLayer({
      id: "unit-course",
      type: "symbol",
      source: SOURCE,
      filter: ["has", "course"],
      layout: { "icon-image": "unit-arrow", "icon-size": ["interpolate", ["linear"], ["zoom"], 10, 0.6, 12, 0.8, 14, 1.25], "icon-rotate": ["get", "course"], "icon-rotation-alignment": "map", "icon-allow-overlap": true, "icon-ignore-placement": true },
    });
    map.addLayer({
      id: "unit-signs",
      type: "symbol",
      source: SOURCE,
      layout: {
        "icon-image": ["get", "icon"],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 10, bigger(0.5), 12, bigger(0.62), 14, bigger(1)],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["+", ["get", "service"], ["*", 2, ["get", "chosen"]]],
        "text-field": ["step", ["zoom"], named(["==", ["get", "chosen"], 1]), 13, named(["any", ["==", ["get", "chosen"], 1], ["==", ["get", "service"], 1]]), 15, ["get", "label"]],
        "text-font": ["Plex Mono Medium", "Plex Mono"],
        "text-size": 11,
        "text-anchor": "left",
        "text-offset": [1, 0],
        "text-optional": true,
      },
      paint: { "text-color": colour("fg-0"), "text-halo-color": colour("m-halo"), "text-halo-width": 2, "icon-opacity": ["case", ["==", ["get", "old"], 1], 0.6, 1] },
    });
    map.addLayer({
      id: "unit-status",
      type: "symbol",
      source: SOURCE,
      filter: ["has", "status"],
      minzoom: 11,
      layout: {
        "icon-image": ["get", "status"],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.6, 14, 1],
        // Below and to the left: the name stands to the right, the course turns around.
        "icon-offset": [-11, 10],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    });
  }

  strip(map: MapLibre): void {
    for (const layer of LAYERS) if (map.getLayer(layer) !== undefined) map.removeLayer(layer);
    for (const source of [SOURCE, TRACK]) if (map.getSource(source) !== undefined) map.removeSource(source);
    this.#map = null;
  }

  show(drawn: FeatureCollection): void {
    this.#points = drawn;
    this.#map?.getSource<GeoJSONSource>(SOURCE)?.setData(drawn);
  }

  /** Draws where units were, in stretches; a stretch of less than two positions is none. */
  track(stretches: readonly (readonly Position[])[]): void {
    const lines = stretches.filter((stretch) => stretch.length > 1);
    this.#track = { type: "FeatureCollection", features: lines.map((line) => ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: [...line] } })) };
    this.#map?.getSource<GeoJSONSource>(TRACK)?.setData(this.#track);
  }

  click(feature: MapGeoJSONFeature): void {
    const id: unknown = feature.properties["id"];
    if (typeof id === "string") this.#heard.click(id);
  }

  hover(feature: MapGeoJSONFeature | null, at: { x: number; y: number }): void {
    const id: unknown = feature?.properties["id"];
    this.#heard.hover(typeof id === "string" ? id : null, at);
  }
}
