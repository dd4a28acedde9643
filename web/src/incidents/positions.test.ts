import { describe, expect, it } from "vitest";
import { circle, features, isChosen, newer, positionsOf, type Position } from "./positions";
import type { PlaceValue } from "./types";

const at = (s: number): string => new Date(1_795_500_000_000 + s * 1000).toISOString();
const position = (s: number, lat: number, radius_m: number | null = 18): Position => ({ id: String(s), source: "aml", lat, lon: 119.4, radius_m, at: at(s) });
const place = (lat: number): PlaceValue => ({ lat, lon: 119.4, name: "", detail: "" });

describe("what a call told of its place", () => {
  it("bears our words, the newest first, and leaves out what names no place", () => {
    const told = [
      { source: "pidf", lat: 1, lon: 2, radius_m: 18, at: at(0) },
      { source: "app", method: "panic", lat: 3, lon: 4, radius_m: null, at: at(9) },
      { source: "pidf", lat: null, lon: null, radius_m: null, at: at(10) },
    ];
    expect(positionsOf(told).map(({ source, lat }) => [source, lat])).toEqual([["panic", 3], ["sip", 1]]);
  });
});

describe("the newer position", () => {
  it("is offered when it was told after the choice", () => expect(newer([position(0, 1), position(60, 2)], place(1), at(30))?.lat).toBe(2));
  it("is not offered when a person chose after it was told", () => expect(newer([position(60, 2)], place(1), at(90))).toBeNull());
  it("is the newest where nothing was chosen", () => expect(newer([position(60, 2), position(0, 1)], null, null)?.lat).toBe(2));
  it("is none where it is the chosen one, or nothing was told", () => {
    expect(newer([position(60, 2)], place(2), at(30))).toBeNull();
    expect(newer([], place(2), at(30))).toBeNull();
    expect(isChosen(position(0, 2), null)).toBe(false);
  });
});

describe("on the map", () => {
  it("is a circle of the told radius round its dot", () => {
    const ring = circle(-5.13, 119.4, 100);
    expect(ring[0]).toEqual(ring[ring.length - 1]);
    const north = Math.max(...ring.map(([, lat = 0]) => lat));
    expect((north + 5.13) * 111_195).toBeCloseTo(100, 0);
  });
  it("is a dot alone where no radius was told", () => {
    const drawn = features([position(0, 1, null), position(1, 2)], place(2), ({ source }) => source);
    expect(drawn.features.map(({ geometry, properties }) => [geometry.type, properties?.["chosen"]])).toEqual([["Point", 0], ["Polygon", 1], ["Point", 1]]);
  });
});
