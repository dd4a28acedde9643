import { describe, expect, it } from "vitest";
import { cycled, divisionFor, divisionOf, DIVISIONS, neighbour, places, readingScale } from "./layout";

describe("the division of the wall", () => {
  it.each(DIVISIONS)("of $count fills its grid without overlap", (division) => {
    const cells = places(division).flatMap((p) =>
      Array.from({ length: p.width * p.height }, (_, i) => `${p.column + (i % p.width)},${p.row + Math.floor(i / p.width)}`),
    );
    expect(cells.length).toBe(division.columns * division.rows);
    expect(new Set(cells).size).toBe(cells.length);
    expect(places(division).length).toBe(division.count);
  });

  it("of six has one large monitor, numbered 1", () => {
    const six = places(divisionFor(6));
    expect(six[0]).toEqual({ monitor: 1, column: 1, row: 1, width: 2, height: 2 });
    expect(six.map((p) => p.monitor)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("holds at least as many as asked", () => {
    expect(divisionFor(5).count).toBe(6);
    expect(divisionFor(99).count).toBe(16);
  });

  it("is told from a saved layout, also six from nine", () => {
    expect(divisionOf(3, 3, 6).count).toBe(6);
    expect(divisionOf(3, 3, 9).count).toBe(9);
    expect(divisionOf(3, 3, 2).count).toBe(9);
    expect(divisionOf(7, 1, 7).count).toBe(9);
  });
});

describe("arrows on the wall", () => {
  it("go to the neighbour and stop at the rim", () => {
    const nine = divisionFor(9);
    expect(neighbour(nine, 5, "left")).toBe(4);
    expect(neighbour(nine, 5, "up")).toBe(2);
    expect(neighbour(nine, 9, "down")).toBe(9);
  });

  it("leave the large monitor on its far side", () => {
    const six = divisionFor(6);
    expect(neighbour(six, 1, "right")).toBe(2);
    expect(neighbour(six, 1, "down")).toBe(4);
    expect(neighbour(six, 3, "left")).toBe(1);
  });
});

describe("reading from a distance", () => {
  it("gives 37 px at two metres from a 55 inch 4K screen", () => {
    expect(readingScale(2, 0.315) * 13).toBeCloseTo(36.4, 0);
  });

  it("never makes text smaller than at the desk", () => {
    expect(readingScale(0.6, 0.3)).toBe(1);
    expect(readingScale(0, 0)).toBe(1);
  });
});

describe("cycling", () => {
  it("shows each camera for the dwell, then begins again", () => {
    expect(cycled(["a", "b"], 0, 10)).toBe("a");
    expect(cycled(["a", "b"], 10, 10)).toBe("b");
    expect(cycled(["a", "b"], 20, 10)).toBe("a");
  });

  it("never changes faster than every five seconds", () => {
    expect(cycled(["a", "b"], 4.9, 1)).toBe("a");
  });

  it("has nothing to show without cameras", () => {
    expect(cycled([], 3, 5)).toBeUndefined();
  });
});
