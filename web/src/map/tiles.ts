/**
 * The ground under the roads: land use, water and buildings, where the city pack has tiles of them.
 * One file (PMTiles), of which ranges are read from our own server.
 */
import { addProtocol, type AddProtocolAction, type ExpressionSpecification, type LayerSpecification, type Map as MapLibre } from "maplibre-gl";
import { Protocol } from "pmtiles";
import { api } from "$lib/api";
import type { Palette } from "./style";

// The package knows no types of MapLibre; what it answers is what a protocol answers.
addProtocol("pmtiles", new Protocol().tilev4 as AddProtocolAction);

const SOURCE = "ground";
/** Everything of the ground lies under this layer of the style. */
const UNDER = "coast";
/** Below this zoom single houses are noise; they come into sight over the one before it. */
const BUILDINGS_FROM_ZOOM = 16;
/** The nearest tiles of the ground, which serve every nearer zoom (`roads/tilemaker/config.json`). */
const TILES_TO_ZOOM = 14;

export interface MadeTiles {
  name: string;
  etag: string;
}

/** Where the ground's tiles are read; null when the pack has none. Another making has another address. */
export function tilesAddress(items: readonly MadeTiles[], origin: string): string | null {
  const made = items.find(({ name }) => name === "base");
  if (made === undefined) return null;
  return `pmtiles://${origin}/api/places/tiles/base.pmtiles?v=${encodeURIComponent(made.etag.replaceAll('"', ""))}`;
}

/** Asks the server for the address of the ground's tiles; null when it has none. */
export async function findTiles(): Promise<string | null> {
  const { items } = await api.get<{ items: MadeTiles[] }>("/api/places/tiles");
  return tilesAddress(items, location.origin);
}

/** The ground in the colours of a theme, the lowest first. */
export function groundLayers(p: Palette): LayerSpecification[] {
  const colour: ExpressionSpecification = ["match", ["get", "kind"], "green", p.green, "sand", p.sand, p.built];
  return [
    { id: "ground-use", type: "fill", source: SOURCE, "source-layer": "land_use", paint: { "fill-color": colour, "fill-antialias": false } },
    { id: "ground-water", type: "fill", source: SOURCE, "source-layer": "water", paint: { "fill-color": p.water } },
    {
      id: "ground-buildings",
      type: "fill",
      source: SOURCE,
      "source-layer": "building",
      // A `minzoom` above that of the tiles keeps the layer out of them for good (MapLibre 6 asks the
      // tile, which is not drawn again for nearer zooms); so nothing is seen of it instead.
      minzoom: TILES_TO_ZOOM,
      paint: {
        "fill-color": p.building,
        "fill-outline-color": p.edge,
        "fill-opacity": ["interpolate", ["linear"], ["zoom"], BUILDINGS_FROM_ZOOM - 1, 0, BUILDINGS_FROM_ZOOM, 1],
      },
    },
  ];
}

/** Puts the ground under what is drawn already; once for each style. */
export function layGround(map: MapLibre, url: string, palette: Palette): void {
  if (map.getSource(SOURCE) !== undefined) return;
  map.addSource(SOURCE, { type: "vector", url });
  for (const layer of groundLayers(palette)) map.addLayer(layer, UNDER);
}
