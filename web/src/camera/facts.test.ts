import { describe, expect, it } from "vitest";
import { metresBetween, missing, nearest, windOf } from "./facts";

const at = (id: string, lat: number | null, lon: number | null) => ({ id, lat, lon });

describe("distances", () => {
  it("of one minute of latitude is a sea mile", () => {
    expect(metresBetween(at("a", -5, 119), at("b", -5 - 1 / 60, 119))).toBeCloseTo(1853, -1);
  });

  it("to an unknown place are unknown", () => {
    expect(metresBetween(at("a", null, 119), at("b", -5, 119))).toBeNull();
  });

  it("order the nearest first, without the camera itself", () => {
    const me = at("me", -5.14, 119.44);
    const found = nearest(me, [at("far", -5.2, 119.5), me, at("near", -5.141, 119.44), at("lost", null, null)], 2);
    expect(found.map((f) => f.of.id)).toEqual(["near", "far"]);
  });
});

describe("a bearing", () => {
  it.each([
    [0, "n"],
    [359, "n"],
    [44, "ne"],
    [-90, "w"],
    [180, "s"],
  ])("of %d points to %s", (bearing, wind) => {
    expect(windOf(bearing)).toBe(wind);
  });
});

describe("missing time", () => {
  it("is the sum of the gaps", () => {
    expect(missing([{ start: 0, end: 10 }, { start: 20, end: 50 }])).toEqual({ count: 2, totalMs: 40 });
  });
});
