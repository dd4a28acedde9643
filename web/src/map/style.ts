/**
 * The look of the map: the muted base of the design, drawn from the product's own layers. The style
 * names no glyph files on purpose: MapLibre then draws labels from the page's own fonts.
 */
import type { FeatureCollection } from "geojson";
import type { ExpressionSpecification, LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";

export interface Palette {
  sea: string;
  land: string;
  minor: string;
  mid: string;
  major: string;
  edge: string;
  water: string;
  green: string;
  sand: string;
  built: string;
  building: string;
  waterLabel: string;
  mapLabel: string;
  halo: string;
  fg: string;
  label: string;
  late: string;
  act: string;
  plate: string;
  line: string;
}

/** Reads the colours of the theme in force. */
export function readPalette(root: HTMLElement): Palette {
  const style = getComputedStyle(root);
  const of = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    sea: of("m-sea"),
    land: of("m-land"),
    minor: of("m-minor"),
    mid: of("m-mid"),
    major: of("m-major"),
    edge: of("m-edge"),
    water: of("m-water"),
    green: of("m-green"),
    sand: of("m-sand"),
    built: of("m-built"),
    building: of("m-building"),
    waterLabel: of("m-water-label"),
    mapLabel: of("m-label"),
    halo: of("m-halo"),
    fg: of("fg-1"),
    label: of("fg-2"),
    late: of("late"),
    act: of("act"),
    plate: of("bg-2"),
    line: of("line-3"),
  };
}

const CONDENSED = ["Plex Cond"];
const MONO = ["Plex Mono Medium", "Plex Mono"];

/** Width on the ground in metres turned into pixels at each zoom, never thinner than `least` px. */
function groundWidth(property: string, least: number): ExpressionSpecification {
  const width: ExpressionSpecification = ["coalesce", ["get", property], 0];
  return ["interpolate", ["exponential", 2], ["zoom"], 10, ["max", least, ["*", width, 0.0131]], 18, ["max", least, ["*", width, 3.349]]];
}

function byClass(primary: number, secondary: number, other: number): ExpressionSpecification {
  return ["match", ["get", "class"], ["tol", "primer"], primary, "sekunder", secondary, other];
}

function roadWidth(extra: number): ExpressionSpecification {
  const at = (primary: number, secondary: number, other: number): ExpressionSpecification => byClass(primary + extra, secondary + extra, other + extra);
  return ["interpolate", ["linear"], ["zoom"], 10, at(1, 0.5, 0.3), 12, at(2, 1.2, 0.8), 14, at(5, 3.4, 2.4), 16, at(12, 9, 7), 18, at(26, 20, 16)];
}

const HALO = { "text-halo-width": 1.5, "text-halo-blur": 0.5 } as const;

function ground(p: Palette): LayerSpecification[] {
  const kinds = (...kinds: string[]): ExpressionSpecification => ["in", ["get", "kind"], ["literal", kinds]];
  return [
    { id: "sea", type: "background", paint: { "background-color": p.sea } },
    { id: "land", type: "fill", source: "base", filter: kinds("land", "island"), paint: { "fill-color": p.land } },
    { id: "coast", type: "line", source: "base", filter: kinds("coast", "island"), paint: { "line-color": p.edge, "line-width": 1 } },
    {
      id: "water",
      type: "line",
      source: "base",
      filter: kinds("river", "canal", "lake"),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": p.water, "line-width": groundWidth("width_m", 1) },
    },
    {
      id: "borders",
      type: "line",
      source: "kecamatan",
      paint: { "line-color": p.edge, "line-width": 1, "line-dasharray": [4, 3], "line-opacity": 0.9 },
    },
  ];
}

function roads(p: Palette): LayerSpecification[] {
  const layout = { "line-cap": "round", "line-join": "round", "line-sort-key": byClass(3, 2, 1) } as const;
  const colour: ExpressionSpecification = ["match", ["get", "class"], ["tol", "primer"], p.major, "sekunder", p.mid, p.minor];
  return [
    { id: "road-edge", type: "line", source: "roads", minzoom: 13, layout, paint: { "line-color": p.edge, "line-width": roadWidth(1.5), "line-opacity": 0.55 } },
    { id: "road", type: "line", source: "roads", layout, paint: { "line-color": colour, "line-width": roadWidth(0) } },
  ];
}

function labels(p: Palette): LayerSpecification[] {
  return [
    {
      id: "road-names",
      type: "symbol",
      source: "roads",
      minzoom: 12.6,
      filter: ["step", ["zoom"], ["in", ["get", "class"], ["literal", ["tol", "primer"]]], 13.6, ["in", ["get", "class"], ["literal", ["tol", "primer", "sekunder"]]], 14.6, true],
      layout: { "symbol-placement": "line", "symbol-spacing": 320, "text-field": ["get", "name"], "text-font": CONDENSED, "text-size": 11, "text-max-angle": 32 },
      paint: { "text-color": p.mapLabel, "text-halo-color": p.halo, ...HALO },
    },
    {
      id: "water-names",
      type: "symbol",
      source: "base",
      filter: ["in", ["get", "kind"], ["literal", ["river", "canal", "lake"]]],
      minzoom: 13,
      layout: { "symbol-placement": "line", "symbol-spacing": 400, "text-field": ["get", "name"], "text-font": CONDENSED, "text-size": 11, "text-letter-spacing": 0.1 },
      paint: { "text-color": p.waterLabel, "text-halo-color": p.halo, ...HALO },
    },
    {
      id: "sea-name",
      type: "symbol",
      source: "base",
      filter: ["==", ["get", "kind"], "sea"],
      layout: { "text-field": ["get", "name"], "text-font": CONDENSED, "text-size": 13, "text-letter-spacing": 0.12, "text-max-width": 6 },
      paint: { "text-color": p.waterLabel },
    },
    {
      id: "places",
      type: "symbol",
      source: "places",
      minzoom: 13.2,
      filter: ["step", ["zoom"], ["in", ["get", "kind"], ["literal", ["pemerintah", "rumah sakit", "pelabuhan", "wisata"]]], 14.4, true],
      layout: {
        "icon-image": "place",
        "text-field": ["get", "name"],
        "text-font": CONDENSED,
        "text-size": 12,
        "text-anchor": "left",
        "text-offset": [0.6, 0],
        "text-max-width": 14,
        "icon-optional": false,
        "symbol-sort-key": ["match", ["get", "kind"], ["pemerintah", "rumah sakit"], 0, 1],
      },
      paint: { "text-color": p.mapLabel, "text-halo-color": p.halo, ...HALO },
    },
    {
      id: "kecamatan-names",
      type: "symbol",
      source: "kecamatan-centres",
      maxzoom: 15,
      layout: {
        "text-field": ["get", "name"],
        "text-font": CONDENSED,
        "text-size": ["interpolate", ["linear"], ["zoom"], 10, 10, 13, 12],
        "text-transform": "uppercase",
        "text-letter-spacing": 0.14,
        "text-max-width": 8,
        "text-variable-anchor": ["center", "bottom", "top", "left", "right"],
        "text-radial-offset": 1.4,
      },
      paint: { "text-color": p.mapLabel, "text-halo-color": p.halo, ...HALO },
    },
  ];
}

function cameraLayers(p: Palette): LayerSpecification[] {
  const isCluster: ExpressionSpecification = ["has", "point_count"];
  const isWarning: ExpressionSpecification = ["==", ["get", "worst"], 2];
  return [
    { id: "wedges", type: "fill", source: "wedges", minzoom: 14, paint: { "fill-color": p.fg, "fill-opacity": 0.07 } },
    { id: "wedge-edges", type: "line", source: "wedges", minzoom: 14, paint: { "line-color": p.fg, "line-opacity": 0.22, "line-width": 1 } },
    { id: "wedge", type: "fill", source: "wedge", paint: { "fill-color": p.act, "fill-opacity": 0.2 } },
    { id: "wedge-edge", type: "line", source: "wedge", paint: { "line-color": p.act, "line-opacity": 0.8, "line-width": 1 } },
    {
      id: "clusters",
      type: "circle",
      source: "cameras",
      filter: isCluster,
      paint: {
        "circle-color": p.plate,
        "circle-opacity": 0.94,
        "circle-radius": ["step", ["get", "point_count"], 11, 10, 13, 50, 16, 150, 19],
        "circle-stroke-width": ["case", isWarning, 1.6, 1],
        "circle-stroke-color": ["case", isWarning, p.late, p.line],
      },
    },
    {
      id: "cluster-counts",
      type: "symbol",
      source: "cameras",
      filter: isCluster,
      layout: { "text-field": ["get", "point_count"], "text-font": MONO, "text-size": 12, "text-allow-overlap": true, "text-padding": 10 },
      paint: { "text-color": p.fg },
    },
    {
      id: "cluster-worst",
      type: "symbol",
      source: "cameras",
      filter: ["all", isCluster, [">", ["get", "worst"], 0]],
      layout: {
        "icon-image": ["match", ["get", "worst"], 3, "offline", 2, "late", "unknown"],
        "icon-size": 0.72,
        "icon-offset": ["step", ["get", "point_count"], ["literal", [13, -13]], 10, ["literal", [15, -15]], 50, ["literal", [18, -18]], 150, ["literal", [21, -21]]],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
    {
      id: "cameras",
      type: "symbol",
      source: "cameras",
      filter: ["!", isCluster],
      layout: {
        "icon-image": ["get", "state"],
        "icon-allow-overlap": true,
        "icon-padding": 0,
        "symbol-sort-key": ["get", "rank"],
        "text-field": ["step", ["zoom"], "", 15, ["get", "label"]],
        "text-font": MONO,
        "text-size": 11,
        "text-offset": [0, 1.1],
        "text-optional": true,
      },
      paint: { "text-color": p.fg, "text-halo-color": p.halo, ...HALO },
    },
    {
      id: "chosen",
      type: "symbol",
      source: "chosen",
      layout: { "icon-image": "ring", "icon-size": 1.15, "icon-allow-overlap": true, "icon-ignore-placement": true },
    },
    {
      id: "mark",
      type: "symbol",
      source: "mark",
      layout: {
        "icon-image": "mark",
        "icon-size": 1.2,
        "icon-anchor": "bottom",
        "icon-allow-overlap": true,
        "text-field": ["get", "name"],
        "text-font": CONDENSED,
        "text-size": 13,
        "text-anchor": "left",
        "text-offset": [0.9, -0.9],
        "text-allow-overlap": true,
      },
      paint: { "text-color": p.fg, "text-halo-color": p.halo, "text-halo-width": 2 },
    },
  ];
}

/** Areas that somebody drew, and the corners of the one being drawn. */
function areaLayers(p: Palette): LayerSpecification[] {
  return [
    { id: "areas", type: "fill", source: "areas", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": p.act, "fill-opacity": 0.14 } },
    { id: "area-edges", type: "line", source: "areas", layout: { "line-join": "round" }, paint: { "line-color": p.act, "line-width": 2 } },
    { id: "corners", type: "circle", source: "corners", paint: { "circle-radius": 4, "circle-color": p.plate, "circle-stroke-color": p.act, "circle-stroke-width": 2 } },
  ];
}

const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };
/** Up to this zoom cameras are grouped; from the next on each stands alone. */
export const CLUSTER_MAX_ZOOM = 12;

/** The whole style in the colours of a theme. Data is set by `CityMap`. */
export function cityStyle(p: Palette): StyleSpecification {
  const empty: SourceSpecification = { type: "geojson", data: NOTHING };
  return {
    version: 8,
    sources: {
      base: empty,
      kecamatan: empty,
      "kecamatan-centres": empty,
      roads: empty,
      places: empty,
      wedges: empty,
      wedge: empty,
      chosen: empty,
      mark: empty,
      areas: empty,
      corners: empty,
      cameras: {
        type: "geojson",
        data: NOTHING,
        cluster: true,
        clusterMaxZoom: CLUSTER_MAX_ZOOM,
        clusterRadius: 42,
        clusterProperties: { worst: ["max", ["get", "rank"]] },
      },
    },
    layers: [...ground(p), ...roads(p), ...labels(p), ...areaLayers(p), ...cameraLayers(p)],
  };
}

/** Layers of the style that one switch of the layer bar shows and hides. */
export const LAYER_GROUPS = {
  cameras: ["clusters", "cluster-counts", "cluster-worst", "cameras"],
  wedges: ["wedges", "wedge-edges"],
  places: ["places"],
  borders: ["borders", "kecamatan-names"],
} as const;

export type LayerGroup = keyof typeof LAYER_GROUPS;
