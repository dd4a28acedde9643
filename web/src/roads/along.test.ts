import { describe, expect, it } from "vitest";
import { along, boundsOf, joined, linesOf } from "./along";

/** About 111 m for each thousandth of a degree at the equator. */
const EAST = [[119.4, 0], [119.402, 0], [119.404, 0]];

const camera = (id: string, lon: number, lat: number): { id: string; lon: number | null; lat: number | null } => ({ id, lon, lat });

describe("cameras along a line", () => {
  it("come in the order in which one passes them, whichever order they are in", () => {
    const found = along([EAST], [camera("end", 119.4039, 0), camera("start", 119.4001, 0.0001), camera("middle", 119.402, 0)]);

    expect(found.map(({ thing }) => thing.id)).toEqual(["start", "middle", "end"]);
    expect(found[1]?.at_m).toBeCloseTo(222.4, 0);
  });

  it("are those within reach of it alone", () => {
    const found = along([EAST], [camera("far", 119.402, 0.0006), camera("behind", 119.41, 0), camera("near", 119.402, 0.0003)]);

    expect(found.map(({ thing }) => thing.id)).toEqual(["near"]);
    expect(found[0]?.beside_m).toBeCloseTo(33.4, 0);
  });

  it("leave out those of which nobody knows where they stand, and stand on no line at all", () => {
    expect(along([EAST], [{ lat: null, lon: null }])).toEqual([]);
    expect(along([], [camera("x", 119.4, 0)])).toEqual([]);
  });

  it("are measured on from piece to piece", () => {
    const found = along([EAST.slice(0, 2), EAST.slice(1)], [camera("end", 119.404, 0)]);

    expect(found[0]?.at_m).toBeCloseTo(444.8, 0);
  });
});

describe("a road in pieces", () => {
  it("is joined where they meet, whichever way they were drawn", () => {
    const backwards = [...EAST.slice(1)].reverse();

    expect(joined([EAST.slice(0, 2), backwards])).toEqual([EAST]);
    expect(joined([backwards, EAST.slice(0, 2)])[0]).toHaveLength(3);
  });

  it("stays in pieces where they do not", () => {
    expect(joined([EAST, [[119.5, 0], [119.6, 0]]])).toHaveLength(2);
  });

  it("is read of lines of both kinds, and of nothing else", () => {
    expect(linesOf({ type: "LineString", coordinates: EAST })).toEqual([EAST]);
    expect(linesOf({ type: "MultiLineString", coordinates: [EAST, EAST] })).toHaveLength(2);
    expect(linesOf({ type: "Point", coordinates: [0, 0] })).toEqual([]);
  });

  it("has bounds, and none without a line", () => {
    expect(boundsOf([EAST])).toEqual([119.4, 0, 119.404, 0]);
    expect(boundsOf([])).toBeNull();
  });
});
