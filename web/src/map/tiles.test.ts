import { expect, test } from "vitest";
import { groundLayers, tilesAddress } from "./tiles";
import type { Palette } from "./style";

const palette = { water: "w", green: "g", sand: "s", built: "b", building: "h", edge: "e" } as Palette;

test("tiles are read from our own server, and another making has another address", () => {
  const at = (etag: string): string | null => tilesAddress([{ name: "base", etag }], "https://warroom.test");

  expect(at('"ab12"')).toBe("pmtiles://https://warroom.test/api/places/tiles/base.pmtiles?v=ab12");
  expect(at('"cd34"')).not.toBe(at('"ab12"'));
});

test("a pack without tiles has no address", () => {
  expect(tilesAddress([], "https://warroom.test")).toBeNull();
  expect(tilesAddress([{ name: "other", etag: '"1"' }], "https://warroom.test")).toBeNull();
});

test("buildings are in the layer of every tile that has them, and seen from zoom 16 on, above land use and water", () => {
  const layers = groundLayers(palette);
  const [, , buildings] = layers;

  expect(layers.map(({ id }) => id)).toEqual(["ground-use", "ground-water", "ground-buildings"]);
  // Above 14, the zoom of the nearest tiles, MapLibre would leave the layer out of them.
  expect(layers.map(({ minzoom }) => minzoom)).toEqual([undefined, undefined, 14]);
  expect(buildings?.type === "fill" && buildings.paint?.["fill-opacity"]).toEqual(["interpolate", ["linear"], ["zoom"], 15, 0, 16, 1]);
});
