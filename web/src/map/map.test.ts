import type { FeatureCollection, LineString } from "geojson";
import { expect, test } from "vitest";
import { centres, extent, reach } from "./centre";
import { passes, readFilter, writeFilter } from "./filter";
import { crowd } from "./marks";
import { place } from "./place";
import { scaleBar } from "./scale";
import { away, wedge } from "./wedge";
import type { Camera } from "$lib/types";

test("the wedge opens to both sides of the bearing, at the range", () => {
  const ring = wedge({ lat: -5.14, lon: 119.43, bearing_deg: 90, fov_deg: 60, range_m: 1_000 });

  expect(ring[0]).toEqual([119.43, -5.14]);
  expect(ring.at(-1)).toEqual(ring[0]);
  expect(Math.max(...ring.map(([lon]) => lon))).toBeCloseTo(119.43 + 0.00903, 4);
  expect(ring.every(([, lat]) => Math.abs(lat + 5.14) < 0.0046)).toBe(true);
});

test("a camera that sees all around has no point in the middle", () => {
  const ring = wedge({ lat: 0, lon: 0, bearing_deg: 0, fov_deg: 360, range_m: 100 });

  expect(ring.some(([lon, lat]) => lon === 0 && lat === 0)).toBe(false);
});

test("one kilometre north is nine thousandths of a degree", () => {
  expect(away(0, 0, 0, 1_000)[1]).toBeCloseTo(0.008993, 5);
});

test("the scale bar is round and fits", () => {
  const bar = scaleBar(-5.14, 13, 110);

  expect([1, 2, 5].map((n) => n * 10 ** Math.floor(Math.log10(bar.metres)))).toContain(bar.metres);
  expect(bar.width_px).toBeLessThanOrEqual(110);
});

const camera = { number: 214, name: "Flyover Urip 2", agency: { short: "Dishub" }, kecamatan: { code: "73.71.09", name: "Panakkukang" }, state: { state: "late" } } as Camera;

test("a filter survives the address, and what is no state is none", () => {
  const filter = readFilter(new URLSearchParams("keadaan=late&lembaga=Dishub&q=urip"));

  expect(passes(filter, camera)).toBe(true);
  expect(writeFilter(filter)).toEqual({ q: "urip", keadaan: "late", lembaga: "Dishub", kecamatan: null });
  expect(readFilter(new URLSearchParams("keadaan=rusak")).state).toBe("");
});

test("each part of the filter alone shuts a camera out", () => {
  const outs = ["keadaan=live", "lembaga=Dinkes", "kecamatan=73.71.01", "q=losari"];

  expect(outs.map((out) => passes(readFilter(new URLSearchParams(out)), camera))).toEqual([false, false, false, false]);
});

test("a place of the address must be one on earth", () => {
  expect(place(new URLSearchParams("di=119.43,-5.14&tempat=Karebosi"))).toEqual({ lon: 119.43, lat: -5.14, name: "Karebosi" });
  expect(place(new URLSearchParams("di=1194,-5.14"))).toBeNull();
  expect(place(new URLSearchParams(""))).toBeNull();
});

test("the name of an area stands in the middle of its largest part", () => {
  const square = (x: number, size: number): number[][][] => [[[x, 0], [x + size, 0], [x + size, size], [x, size], [x, 0]]];
  const found = centres({ type: "FeatureCollection", features: [{ type: "Feature", properties: { name: "Mariso" }, geometry: { type: "MultiPolygon", coordinates: [square(10, 1), square(0, 4)] } }] });

  expect(found.features[0]?.geometry.coordinates).toEqual([2, 2]);
});

test("a layer reaches as far as its outermost corners, and an empty one nowhere", () => {
  const geometry: LineString = { type: "LineString", coordinates: [[119.4, -5.1], [119.5, -5.2]] };

  expect(extent({ type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry }] })).toEqual([119.4, -5.2, 119.5, -5.1]);
  expect(extent({ type: "FeatureCollection", features: [] })).toBeNull();
});

test("the map ends where its data ends, and never right at the city", () => {
  const geometry: LineString = { type: "LineString", coordinates: [[118, -5.1], [119.5, -5.2]] };
  const base: FeatureCollection = { type: "FeatureCollection", features: [{ type: "Feature", properties: {}, geometry }] };

  expect(reach(base, [119, -6, 120, -5])).toEqual([118, -6.5, 120.5, -4.5]);
  expect(reach({ type: "FeatureCollection", features: [] }, [0, 0, 2, 1])).toEqual([-1, -0.5, 3, 1.5]);
});

test("the first view leaves out no camera at the edge of the city", () => {
  const city = Array.from({ length: 100 }, (_, i) => ({ ...camera, lon: 119.4 + i / 1000, lat: -5.2 + i / 1000 }));

  expect(crowd(city)).toEqual([119.4, -5.2, city[99]?.lon, city[99]?.lat]);
});

test("the first view holds the crowd and leaves out the far islands", () => {
  const at = (lon: number | null): Camera => ({ ...camera, lon, lat: lon === null ? null : -5.1 });
  const city = Array.from({ length: 98 }, (_, i) => at(119.4 + i / 1000));

  expect(crowd([at(118.9), at(null), ...city])?.[0]).toBeGreaterThan(119.39);
  expect(crowd([at(null)])).toBeNull();
});
