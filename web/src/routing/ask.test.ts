import { describe, expect, it } from "vitest";
import type { MultiLineString } from "geojson";
import { features } from "./reach";
import { readAsk, stopText, turned, writeAsk } from "./ask";

const read = (text: string): ReturnType<typeof readAsk> => readAsk(new URLSearchParams(text));

const line = (...coordinates: number[][]): MultiLineString => ({ type: "MultiLineString", coordinates: coordinates.length === 0 ? [] : [coordinates] });

describe("what lies within reach", () => {
  it("is drawn the farthest first, known and assumed apart, and nothing where there is nothing", () => {
    const near = { minutes: 3, length_m: 10, assumed_m: 0, known: line([1, 1], [2, 2]), assumed: line() };
    const far = { minutes: 5, length_m: 20, assumed_m: 10, known: line([2, 2], [3, 3]), assumed: line([2, 2], [3, 1]) };

    expect(features([near, far]).features.map(({ properties }) => properties)).toEqual([
      { band: 1, known: 1 },
      { band: 1, known: 0 },
      { band: 0, known: 1 },
    ]);
  });
});

describe("a route in the address", () => {
  it("is read as it was written", () => {
    const ask = { from: { lat: -5.13, lon: 119.4, name: "Losari, pantai" }, to: { lat: -5.14, lon: 119.41, name: "" }, profile: "fire" as const, isReach: true };
    const written = new URLSearchParams(Object.entries(writeAsk(ask)).map(([name, value]) => [name, value ?? ""]));

    expect(readAsk(written)).toEqual(ask);
  });

  it("has no stop where there is none on Earth", () => {
    expect(read("dari=91,0").from).toBeNull();
    expect(read("dari=x").from).toBeNull();
    expect(read("").to).toBeNull();
    expect(read("armada=tank").profile).toBe("car");
  });

  it("turns round", () => {
    const back = turned(read("dari=-5.1,119.4,A&ke=-5.2,119.5,B"));

    expect([back.from?.name, back.to?.name]).toEqual(["B", "A"]);
  });

  it("shows a place that was only pointed at by where it is", () => {
    expect(stopText(read("dari=-5.1,119.4").from)).toBe("-5.10000, 119.40000");
    expect(stopText(null)).toBe("");
  });
});
