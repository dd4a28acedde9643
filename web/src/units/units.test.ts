import { describe, expect, it } from "vitest";
import { ageS, kindWord, shapeOf, standing } from "./fresh";
import { points } from "./layer";
import type { Unit } from "./types";
import { Units } from "./units.svelte";

const AT = "2026-11-24T06:00:00Z";
const at = (seconds: number): number => Date.parse(AT) + seconds * 1000;
const unit = (more: Partial<Unit> = {}): Unit =>
  ({ id: "1", name: "DK-01", kind: "engine", position: { at: AT, lat: -5.1, lon: 119.4, kmh: 30, bearing: 90 }, ...more }) as Unit;

describe("a vehicle's position", () => {
  it("grows old by itself, without news", () => {
    expect([5, 31, 301].map((seconds) => standing(unit(), at(seconds)))).toEqual(["driving", "stale", "silent"]);
    expect(ageS(unit(), at(42))).toBe(42);
  });

  it("is no drive below the noise of a receiver, and none where there never was one", () => {
    expect(standing(unit({ position: { at: AT, lat: 0, lon: 0, kmh: 1 } }), at(1))).toBe("standing");
    expect(standing(unit({ position: null }), at(1))).toBe("never");
    expect(ageS(unit({ position: null }), at(1))).toBeNull();
  });

  it("has no course on the map when it is old, and says how old it is", () => {
    const [fresh] = points([unit()], at(1), () => "1", null).features;
    const [old] = points([unit()], at(60), () => "1 mnt", "1").features;

    expect(fresh?.properties).toMatchObject({ icon: "unit-engine-driving", label: "DK-01", course: 90, old: 0 });
    expect(old?.properties).toMatchObject({ icon: "unit-engine-stale", label: "DK-01 1 mnt", old: 1, chosen: 1 });
    expect(old?.properties).not.toHaveProperty("course");
  });

  it("is no point where there is none", () => {
    expect(points([unit({ position: null })], at(1), () => "", null).features).toEqual([]);
  });
});

describe("kinds", () => {
  it("that nobody knows have a shape and their own word", () => {
    expect(shapeOf("zeppelin")).toBe("other");
    expect(kindWord("zeppelin")).toBe("zeppelin");
    expect(shapeOf("tanker")).toBe("tanker");
  });
});

describe("vehicles in a tab", () => {
  it("move when they are heard of, and never back", () => {
    const units = new Units();
    units.list = [unit(), unit({ id: "2" })];
    units.take([{ id: "1", at: "2026-11-24T06:00:02Z", lat: -5.2, lon: 119.5 }]);
    units.take([{ id: "1", at: "2026-11-24T06:00:01Z", lat: -5.3, lon: 119.6 }]);

    expect(units.byId("1")?.position).toMatchObject({ lat: -5.2, lon: 119.5 });
    expect(units.byId("2")?.position?.lat).toBe(-5.1);
  });

  it("that are not in the list are no news of a position", () => {
    const units = new Units();
    units.list = [unit()];
    units.take([{ id: "9", at: AT, lat: 0, lon: 0 }]);

    expect(units.list).toHaveLength(1);
  });
});
