import { describe, expect, it } from "vitest";
import { backoffMs, JUMP_S, LiveEdge, trimBefore } from "./edge";

describe("the live edge", () => {
  it("does nothing before anything is buffered", () => {
    expect(new LiveEdge().step([], 0, 0)).toEqual({ seekTo: null, rate: 1, dropBefore: null });
  });

  it("starts at the newest frame of the cached group, not at its first", () => {
    const step = new LiveEdge().step([{ start: 100, end: 102 }], 0, 0);
    expect(step.seekTo).toBeCloseTo(101.92, 2);
  });

  it("plays a little faster when slightly behind", () => {
    const edge = new LiveEdge();
    expect(edge.step([{ start: 0, end: 10.3 }], 10, 0).rate).toBe(1.05);
    expect(edge.step([{ start: 0, end: 10.8 }], 10, 0).rate).toBe(1.1);
    expect(edge.step([{ start: 0, end: 10.1 }], 10, 0).rate).toBe(1);
  });

  it("jumps when far behind", () => {
    const step = new LiveEdge().step([{ start: 0, end: 10 }], 10 - JUMP_S - 0.2, 0);
    expect(step.seekTo).toBeCloseTo(9.92, 2);
  });

  it("leaves a hole behind that the server left by dropping to live", () => {
    const holes = [
      { start: 0, end: 4 },
      { start: 6, end: 6.5 },
    ];
    expect(new LiveEdge().step(holes, 3.9, 0).seekTo).toBeCloseTo(6.42, 2);
  });

  it("keeps farther from the edge after each stall and comes back when calm", () => {
    const edge = new LiveEdge();
    const before = edge.targetS;
    edge.stalled(1);
    edge.stalled(2);
    expect(edge.targetS).toBeGreaterThan(before);
    for (let now = 10; now < 90; now += 1) edge.step([{ start: 0, end: now }], now - 0.1, now);
    expect(edge.targetS).toBe(before);
  });

  it("never keeps farther than its bound, however often it stalls", () => {
    const edge = new LiveEdge();
    for (let i = 0; i < 50; i += 1) edge.stalled(i);
    expect(edge.targetS).toBeLessThanOrEqual(0.4);
  });

  it("drops old media only once enough has piled up", () => {
    expect(trimBefore([{ start: 0, end: 12 }], 10)).toBeNull();
    expect(trimBefore([{ start: 0, end: 40 }], 39)).toBe(33);
  });
});

describe("the wait before a new try", () => {
  it("doubles, and stays under ten seconds", () => {
    expect(backoffMs(0, 1)).toBe(500);
    expect(backoffMs(2, 1)).toBe(2000);
    expect(backoffMs(99, 1)).toBe(10_000);
  });

  it("is spread", () => {
    expect(backoffMs(3, 0)).toBeLessThan(backoffMs(3, 1));
  });
});
